"""Cost against volume: whole replicas show as the stairs they are, and every crossing of the plans is named.

The programme is solved at a few volumes. Between them the cost at a volume is that of the cheapest among the plans that
were found, with every number of replicas: an upper bound that is exact wherever the programme was solved.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from kit.errors import PlanError
from kit.pricing.ownership import annuity_factor
from kit.strategy.choice import Choice, Solved, solve_kind
from kit.strategy.dispatch import DRIVERS, main_pool, price
from kit.strategy.plan import Floats
from kit.strategy.verdict import BreakEven, Crossing, StrategyKind

SOLVED_AT = (0.1, 0.3, 3.0)
"""Volumes at which the programme is solved, beside today's."""
STEPS = 60
PURE = (StrategyKind.CLOUD, StrategyKind.RENTED, StrategyKind.OWN)
MOST_COMBINATIONS = 400


def break_even(choice: Choice, today: Sequence[Solved], *, on_step: Callable[[], None] | None = None) -> BreakEven:
    """Return what each plan costs when all workloads grow or shrink together, from a tenth to three times today's.

    Args:
        choice: the options.
        today: the plans at today's volume, of every kind.
        on_step: called after each kind, for a progress bar.
    """
    tokens = sum(item.tokens_per_day for item in choice.demand.workloads) / 1e6
    factors = np.linspace(SOLVED_AT[0], SOLVED_AT[-1], STEPS)
    cost: dict[StrategyKind, list[float]] = {}
    for plan in today:
        cost[plan.kind] = _curve(choice, plan, factors).tolist()
        if on_step:
            on_step()
    curves = np.array(list(cost.values()))
    curves[0] = curves.min(axis=0)  # the hybrid may do whatever the others do
    carried = np.isfinite(curves).all(axis=0)  # past what the offers carry there is no cost to show
    cost = {kind: curve[carried].tolist() for kind, curve in zip(cost, curves, strict=True)}
    volumes = (factors[carried] * tokens).tolist()
    return BreakEven(
        million_tokens_per_day=tuple(volumes),
        today=tokens,
        cost_per_month={kind: tuple(values) for kind, values in cost.items()},
        crossings=crossings(volumes, {kind: cost[kind] for kind in PURE}),
    )


def _curve(choice: Choice, today: Solved, factors: Floats) -> Floats:
    """Return the cost per month of one kind of plan at each volume, (S,)."""
    found = [today]
    for factor in SOLVED_AT:
        try:
            found.append(solve_kind(choice, today.kind, volume=factor))
        except PlanError:
            continue  # the offers do not carry so much; the plans that grow in price() show what it would cost
    homes = {tuple(main_pool(plan)) for plan in found}
    futures = np.ones((len(factors), len(DRIVERS)))
    futures[:, DRIVERS.index("volume")] = factors
    annuity = annuity_factor(choice.terms.discount_rate.value, choice.terms.months)
    best = np.full(len(factors), np.inf)
    most = np.max([plan.plan.replicas for plan in found], axis=0, initial=0)
    for home in homes:
        used = sorted({p for p in home if p >= 0})
        ranges = [range(today.problem.spare + 1, int(most[p]) + 2) for p in used]
        for counts in itertools.islice(itertools.product(*ranges), MOST_COMBINATIONS):
            replicas = [0] * len(choice.pools)
            for p, number in zip(used, counts, strict=True):
                replicas[p] = number
            npv = price(choice, today.problem, home=home, replicas=replicas, factors=futures, within_offers=True)
            best = np.minimum(best, npv / annuity)
    return best


def crossings(volumes: Sequence[float], cost: dict[StrategyKind, list[float]]) -> tuple[Crossing, ...]:
    """Return every change of the cheapest plan along the volume, by straight lines between the solved volumes."""
    found = []
    for i in range(1, len(volumes)):
        before = min(cost, key=lambda kind, i=i: cost[kind][i - 1])  # type: ignore[misc]
        after = min(cost, key=lambda kind, i=i: cost[kind][i])  # type: ignore[misc]
        if before is after:
            continue
        gap_before = cost[after][i - 1] - cost[before][i - 1]
        gap_after = cost[before][i] - cost[after][i]
        weight = gap_before / (gap_before + gap_after) if gap_before + gap_after > 0 else 0.0
        volume = volumes[i - 1] + weight * (volumes[i] - volumes[i - 1])
        found.append(Crossing(million_tokens_per_day=volume, below=before, above=after))
    return tuple(found)
