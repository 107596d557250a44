"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Bill, Requirement


def requirements(case: Case) -> tuple[Requirement, ...]:
    """To be written."""
    return ()


def bills(case: Case) -> tuple[Bill, ...]:
    """To be written."""
    return ()
