"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Risk


def risks(case: Case) -> tuple[Risk, ...]:
    """To be written."""
    return ()
