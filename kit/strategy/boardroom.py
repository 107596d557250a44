"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Answer


def answers(case: Case) -> tuple[Answer, ...]:
    """To be written."""
    return ()
