"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Check


def checks(case: Case) -> tuple[Check, ...]:
    """To be written."""
    return ()
