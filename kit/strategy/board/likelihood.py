"""How likely a line of the risk register is: by rules that are stated with it."""

from __future__ import annotations

from typing import Literal

from kit.figures import decimal, percent
from kit.strategy.board import Case
from kit.strategy.uncertainty import Moves, drivers_of
from kit.wording import say

Likelihood = Literal["low", "medium", "high"]

LIKELY, POSSIBLE = 1 / 3, 1 / 10
"""Probabilities from which a risk is high and medium. Judgement."""
OFTEN, SELDOM = 0.01, 0.001
"""Shares of the time without service: 88 and 9 hours a year. Judgement."""
WITHIN, TWICE, NEAR = 1.0, 2.0, 4.0
"""How far an input has to go, in units of its likely range, for high, medium and low. Judgement."""


def by_reach(reach: float) -> tuple[Likelihood, str]:
    """Return how likely an input is to go so far, in units of its likely range, and the rule in words."""
    rule = say("within it is high, up to {medium} times as far medium, else low", medium=decimal(TWICE))
    return ("high" if reach <= WITHIN else "medium" if reach <= TWICE else "low"), rule


def by_share(share: float) -> tuple[Likelihood, str]:
    """Return how likely something of a probability is, and the rule in words."""
    rule = say("from {high} on is high, from {medium} on medium", high=percent(LIKELY), medium=percent(POSSIBLE))
    return ("high" if share >= LIKELY else "medium" if share >= POSSIBLE else "low"), rule


def by_downtime(share: float) -> tuple[Likelihood, str]:
    """Return how likely a lack of service is that lasts for a share of the time, and the rule in words."""
    rule = say(
        "from {high} of the time on is high, from {medium} on medium", high=percent(OFTEN), medium=percent(SELDOM)
    )
    # Rounding must not make 1 − 0.99 less than a hundredth.
    return ("high" if share >= OFTEN - 1e-12 else "medium" if share >= SELDOM - 1e-12 else "low"), rule


def lost_at_edge(case: Case, moves: Moves, which: str = "") -> float | None:
    """Return what of the saving is lost at the worse edge of an input's likely range, NPV.

    ``None`` if it is no driver, and where there is no other plan, so that nothing is saved.

    Args:
        case: the case.
        moves: what the input moves.
        which: the workload's or the profile's name, where there are several such inputs.
    """
    names = {spec.name for spec in drivers_of(case.choice, case.solved) if (spec.moves, spec.which) == (moves, which)}
    for driver in case.verdict.drivers:
        if driver.name in names and case.verdict.saving_npv:
            return max(0.0, case.verdict.saving_npv - min(driver.saving_low, driver.saving_high))
    return None
