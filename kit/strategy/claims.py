"""To be written."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.dossier import Claim


def claims(case: Case) -> tuple[Claim, ...]:
    """To be written."""
    return ()
