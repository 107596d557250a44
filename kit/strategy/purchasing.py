"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Exit, Purchase


def purchases(case: Case) -> tuple[Purchase, ...]:
    """To be written."""
    return ()


def exits(case: Case) -> tuple[Exit, ...]:
    """To be written."""
    return ()
