"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Aspect


def aspects(case: Case) -> tuple[Aspect, ...]:
    """To be written."""
    return ()
