"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Sketch


def sketch(case: Case) -> Sketch | None:
    """To be written."""
    return None
