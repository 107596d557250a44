"""Why there is no plan: which limits clash, and the least relaxation that would make one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from kit.errors import PlanError
from kit.strategy import reasons
from kit.strategy.plan import solve
from kit.strategy.problem import Problem

HALVINGS = 10
STRIDE = 8.0
"""Factor by which a limit is loosened at first, and again, until there is a plan."""

MOST_OFFERED = 1e4
"""More accelerators than that are never looked at."""

_NAMES = {
    "cost": "the budget (limits: cost_per_month)",
    "capex": "the limit on purchases (limits: capex)",
    "spend_share": "the limit on what one provider gets (limits: spend_share_per_provider)",
    "co2": "the limit on CO2 (limits: co2_tonnes_per_year)",
    "at_most": "the number of accelerators on offer (gpu_offers: at_most)",
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
        together = "cannot be kept" if len(active) == 1 else "cannot all be kept together"
        return f"{clash} {together}. The least that would help: {'; or '.join(said)}"
    return "no loosening of the limits makes a plan: a workload needs more than any offer carries"


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
        return f"{_NAMES[name]} times {factor:.2g}"
    value = getattr(problem.caps, name) * factor
    words = {
        "cost": f"{reasons.money(value / months, currency)} a month",
        "capex": reasons.money(value, currency),
        "spend_share": reasons.percent(min(value, 1.0)),
        "co2": f"{value:.3g} tonnes a year",
    }
    return f"{_NAMES[name]} at {words[name]}"
