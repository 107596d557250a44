"""Why there is no plan: which limits clash, and the least relaxation that would make one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from kit.errors import PlanError
from kit.figures import joined, significant
from kit.strategy import reasons
from kit.strategy.plan import solve
from kit.strategy.problem import Problem
from kit.wording import fixed, say

HALVINGS = 10
STRIDE = 8.0
"""Factor by which a limit is loosened at first, and again, until there is a plan."""

MOST_OFFERED = 1e4
"""More accelerators than that are never looked at."""

_NAMES = {
    "cost": fixed("the budget (limits: cost_per_month)"),
    "capex": fixed("the limit on purchases (limits: capex)"),
    "spend_share": fixed("the limit on what one provider gets (limits: spend_share_per_provider)"),
    "co2": fixed("the limit on CO2 (limits: co2_tonnes_per_year)"),
    "at_most": fixed("the number of accelerators on offer (gpu_offers: at_most)"),
}


def explain_clash(problem: Problem, *, currency: str, months: float) -> str:
    """Return which limits cannot be kept together, and for each how far it has to be loosened.

    Args:
        problem: that has no plan.
        currency: of its money.
        months: by which a net present value is divided for a month's cost.
    """
    active = [name for name in _NAMES if name == "at_most" or np.isfinite(getattr(problem.caps, name))]
    for size in range(1, len(active) + 1):
        groups = [group for group in itertools.combinations(active, size) if _feasible(problem, group, np.inf)]
        if not groups:
            continue
        said = []
        for group in groups:
            factor = _least(problem, group)
            said.append(
                reasons.listed([_loosened(problem, name, factor, currency=currency, months=months) for name in group])
            )
        clash = reasons.listed([_NAMES[name] for name in active])
        least = say("The least that would help: {changes}", changes=_either(said))
        if len(active) == 1:
            return joined([say("{limits} cannot be kept.", limits=clash), least], " ")
        return joined([say("{limits} cannot all be kept together.", limits=clash), least], " ")
    return say("no loosening of the limits makes a plan: a workload needs more than any offer carries")


def _either(said: list[str]) -> str:
    whole = said[0]
    for one in said[1:]:
        whole = say("{one}; or {other}", one=whole, other=one)
    return whole


def _feasible(problem: Problem, group: tuple[str, ...], factor: float) -> bool:
    try:
        solve(_loosen(problem, group, factor), seconds=0.0)
    except PlanError:
        return False
    return True


def _least(problem: Problem, group: tuple[str, ...]) -> float:
    low, high = 1.0, STRIDE
    while not _feasible(problem, group, high):
        low, high = high, high * STRIDE
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        if _feasible(problem, group, middle):
            high = middle
        else:
            low = middle
    return high


def _loosen(problem: Problem, group: tuple[str, ...], factor: float) -> Problem:
    caps = replace(problem.caps, **{name: getattr(problem.caps, name) * factor for name in group if name != "at_most"})
    at_most = np.ceil(problem.at_most * min(factor, MOST_OFFERED)) if "at_most" in group else problem.at_most
    return replace(problem, caps=caps, at_most=at_most)


def _loosened(problem: Problem, name: str, factor: float, *, currency: str, months: float) -> str:
    if name == "at_most":
        return say("{limit} times {factor}", limit=_NAMES[name], factor=significant(factor, 2))
    value = getattr(problem.caps, name) * factor
    words = {
        "cost": say("{money} a month", money=reasons.money(value / months, currency)),
        "capex": reasons.money(value, currency),
        "spend_share": reasons.percent(min(value, 1.0)),
        "co2": say("{tonnes} tonnes a year", tonnes=significant(value, 3)),
    }
    return say("{limit} at {value}", limit=_NAMES[name], value=words[name])
