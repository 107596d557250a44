"""Cost against volume: every plan solved again at every volume, so that whole replicas show as the stairs they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kit.errors import PlanError
from kit.strategy.choice import Choice, solve_kind
from kit.strategy.verdict import BreakEven, Crossing, StrategyKind

FACTORS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
PURE = (StrategyKind.CLOUD, StrategyKind.RENTED, StrategyKind.OWN)


def break_even(
    choice: Choice, *, factors: Sequence[float] = FACTORS, on_step: Callable[[], None] | None = None
) -> BreakEven:
    """Return what each plan costs when all workloads grow or shrink together.

    Args:
        choice: the options.
        factors: on the engagement's volume.
        on_step: called after each volume, for a progress bar.

    A volume that the offers cannot carry ends the curve there.
    """
    today = sum(item.tokens_per_day for item in choice.demand.workloads) / 1e6
    volumes: list[float] = []
    cost: dict[StrategyKind, list[float]] = {kind: [] for kind in StrategyKind}
    for factor in factors:
        try:
            row = {kind: solve_kind(choice, kind, volume=factor).plan.cost for kind in StrategyKind}
        except PlanError:
            break
        volumes.append(factor * today)
        for kind, value in row.items():
            cost[kind].append(value)
        if on_step:
            on_step()
    return BreakEven(
        million_tokens_per_day=tuple(volumes),
        today=today,
        cost_per_month={kind: tuple(values) for kind, values in cost.items()},
        crossings=crossings(volumes, {kind: cost[kind] for kind in PURE}),
    )


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
