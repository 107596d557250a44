"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import MemoryUse


def memory(case: Case) -> tuple[MemoryUse, ...]:
    """To be written."""
    return ()
