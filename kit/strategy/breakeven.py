"""Cost against volume: whole replicas show as the stairs they are, and every crossing of the plans is named.

The programme is solved at a few volumes. Between them the cost at a volume is that of the cheapest among the plans that
were found, with every number of replicas: an upper bound that is exact wherever the programme was solved. Where a curve
jumps, by a replica more, volumes are added on both sides until the step is as steep as it is, so that a plan that is
overtaken on a step and overtakes again before the next one is not missed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from kit.errors import PlanError
from kit.strategy.choice import Choice, Solved, solve_kind
from kit.strategy.dispatch import as_taken, price_plan
from kit.strategy.problem import Floats, Plan
from kit.strategy.verdict import BreakEven, Crossing, StrategyKind

SOLVED_AT = (0.1, 0.3, 3.0)
"""Volumes at which the programme is solved, beside today's."""
STEPS = 60
ROUNDS = 5
"""Halvings of the gap between two volumes between which a curve jumps."""
JUMP = 0.01
"""Share of the highest cost that counts as a jump beyond what the volume explains."""
PURE = (StrategyKind.CLOUD, StrategyKind.RENTED, StrategyKind.OWN)
SHOWN = (StrategyKind.HYBRID, *PURE)
CLEARLY = 0.01
"""By which share the hybrid has to cost less than the cloud to be said to have left it. Judgement."""
MOST_COMBINATIONS = 60


def break_even(choice: Choice, today: Sequence[Solved], *, on_step: Callable[[], None] | None = None) -> BreakEven:
    """Return what each plan costs when all workloads grow or shrink together, from a tenth to three times today's.

    Args:
        choice: the options.
        today: the plans at today's volume.
        on_step: called after each kind, for a progress bar.
    """
    tokens = sum(item.tokens_per_day for item in choice.demand.workloads) / 1e6
    shown = sorted((plan for plan in today if plan.kind in SHOWN), key=lambda plan: SHOWN.index(plan.kind))
    plans: dict[StrategyKind, list[Solved]] = {}
    for plan in shown:
        plans[plan.kind] = _candidates(choice, plan)
        if on_step:
            on_step()
    # The hybrid may do whatever the others do.
    plans[StrategyKind.HYBRID] = [plan for found in plans.values() for plan in found]
    factors = np.linspace(SOLVED_AT[0], SOLVED_AT[-1], STEPS)
    curves = _curves(choice, plans, factors)
    for _ in range(ROUNDS):
        between = _steep(factors, curves)
        if not len(between):
            break
        added = _curves(choice, plans, between)
        order = np.argsort(np.concatenate([factors, between]), kind="stable")
        factors = np.concatenate([factors, between])[order]
        curves = np.concatenate([curves, added], axis=1)[:, order]
    carried = np.isfinite(curves).all(axis=0)  # past what the offers carry there is no cost to show
    cost = {kind: curve[carried].tolist() for kind, curve in zip(plans, curves, strict=True)}
    volumes = (factors[carried] * tokens).tolist()
    return BreakEven(
        million_tokens_per_day=tuple(volumes),
        today=tokens,
        cost_per_month={kind: tuple(values) for kind, values in cost.items()},
        crossings=crossings(volumes, {kind: cost[kind] for kind in PURE if kind in cost}),
        leaves_cloud_at=leaves_cloud_at(volumes, cost),
    )


def leaves_cloud_at(volumes: Sequence[float], cost: Mapping[StrategyKind, Sequence[float]]) -> float | None:
    """Return the volume from which the hybrid first costs clearly less than the cloud plan, by straight lines between.

    The cloud plan has all it may at its cheapest API, so that only machines make the hybrid cheaper.

    Args:
        volumes: rising.
        cost: of each plan at those.

    Returns:
        The first volume if the hybrid is clearly cheaper there already; ``None`` if it never is.
    """
    if StrategyKind.CLOUD not in cost:
        return None
    pairs = zip(cost[StrategyKind.CLOUD], cost[StrategyKind.HYBRID], strict=True)
    short = [hybrid - (1 - CLEARLY) * cloud for cloud, hybrid in pairs]
    first = next((i for i, gap in enumerate(short) if gap < 0), None)
    if first is None:
        return None
    if first == 0:
        return volumes[0]
    weight = short[first - 1] / (short[first - 1] - short[first])
    return volumes[first - 1] + weight * (volumes[first] - volumes[first - 1])


def _candidates(choice: Choice, today: Solved) -> list[Solved]:
    """Return the plans of a kind: those solved at a few volumes, with every number of replicas up to the most."""
    found = [today]
    for factor in SOLVED_AT:
        try:
            found.append(solve_kind(choice, today.kind, volume=factor, start=today.plan, seconds=QUICK))
        except PlanError:
            continue  # the offers do not carry so much; the plans that grow show what it would cost
    plans: dict[bytes, Plan] = {}
    for one in found:
        for plan in _with_every_number(one.plan, found):
            plans.setdefault(plan.starts.tobytes() + plan.running.tobytes(), plan)
    return [Solved(today.kind, today.problem, plan, today.exceptions) for plan in plans.values()]


QUICK = 0.0
"""Seconds for each plan at another volume: a first plan and its hours, without the proof."""


def _with_every_number(plan: Plan, found: Sequence[Solved]) -> list[Plan]:
    """Return a plan with its first replicas of each pool from one up to the most that any found plan begins with."""
    steady = np.flatnonzero(plan.starts[:, 0] > 0)
    most = np.max([one.plan.starts[:, 0] for one in found], axis=0)
    ranges = [range(1, int(most[p]) + 1) for p in steady]
    varied = []
    for counts in itertools.islice(itertools.product(*ranges), MOST_COMBINATIONS):
        starts, running = plan.starts.copy(), plan.running.copy()
        for p, number in zip(steady, counts, strict=True):
            change = number - int(starts[p, 0])
            starts[p, 0] = number
            running[:, p] = np.maximum(running[:, p] + change, 0)
        varied.append(replace(plan, starts=starts, running=running))
    return [plan, *varied]


def _curves(choice: Choice, plans: dict[StrategyKind, list[Solved]], factors: Floats) -> Floats:
    """Return the cost per month of each kind at each volume, (kinds, S)."""
    futures = as_taken(choice, len(factors))
    futures = replace(futures, volume=futures.volume * factors[:, None])
    priced: dict[int, Floats] = {}
    for plan in plans[StrategyKind.HYBRID]:
        found = price_plan(choice, plan, futures)
        limits = choice.problem.at_most - plan.plan.replicas.max(axis=0)
        room = limits[plan.plan.used].min(initial=np.inf)
        priced[id(plan)] = np.where(found.grown > room, np.inf, found.npv) / choice.months
    return np.array([np.min([priced[id(plan)] for plan in found], axis=0) for found in plans.values()])


def _steep(factors: Floats, curves: Floats) -> Floats:
    """Return volumes half way between those between which a curve jumps."""
    finite = np.where(np.isfinite(curves), curves, np.nan)
    change = np.abs(np.diff(finite, axis=1))
    usual = np.nanmedian(change, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        jumps = (change > 3 * usual + JUMP * np.nanmax(finite)).any(axis=0)
    index = np.flatnonzero(jumps)
    middle: Floats = (factors[index] + factors[index + 1]) / 2
    return middle


def crossings(volumes: Sequence[float], cost: dict[StrategyKind, list[float]]) -> tuple[Crossing, ...]:
    """Return every change of the cheapest plan along the volume, by straight lines between the volumes."""
    found = []
    for i in range(1, len(volumes) if cost else 0):
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
