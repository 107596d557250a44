"""The check lists of the comparison: choose cloud when, choose local when."""

from __future__ import annotations

from kit.strategy.board import Case
from kit.strategy.board.checks_cloud import bursty, frontier, modalities, no_team, time_to_market
from kit.strategy.board.checks_local import air_gap, data_stays, deep_customisation, fast, lock_in, steady
from kit.strategy.dossier import Check


def checks(case: Case) -> tuple[Check, ...]:
    """Return both lists, always all eleven and in this order."""
    return (
        frontier(case),
        no_team(case),
        bursty(case),
        time_to_market(case),
        modalities(case),
        data_stays(case),
        steady(case),
        fast(case),
        deep_customisation(case),
        lock_in(case),
        air_gap(case),
    )
