"""The verdict in words. Every figure in a sentence is one of the record's, rounded for reading."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kit.engagement.record import Place
from kit.figures import count as count
from kit.figures import listed as listed
from kit.figures import money as money
from kit.figures import percent as percent
from kit.figures import sentence_case as sentence_case
from kit.strategy.verdict import Driver, Placement, Pool, Strategy, StrategyKind

SAME = 1e-3
"""Plans whose costs differ by less than this share are told as one."""


def sentence(placements: Sequence[Placement], pools: Sequence[Pool]) -> str:
    """Return the verdict: what runs where, the largest place first."""
    at: dict[Place, list[str]] = {place: [] for place in Place}
    peaks: list[str] = []
    for placement in placements:
        at[placement.places[0]].append(placement.workload)
        if Place.API in placement.places[1:]:
            peaks.append(placement.workload)
    parts = []
    for place, verb in ((Place.OWN, "own"), (Place.RENTED, "rented")):
        if at[place]:
            cards: dict[str, int] = {}
            for pool in pools:
                if pool.place is place:
                    cards[pool.accelerator] = cards.get(pool.accelerator, 0) + pool.accelerators
            machines = listed([f"{count(number)} {verb} {name}" for name, number in cards.items()])
            parts.append(f"{listed(at[place])} on {machines}")
    text = f"Run {' and '.join(parts)}" if parts else ""
    if at[Place.API]:
        who = listed([*at[Place.API], *([f"the peaks of {listed(peaks)}"] if peaks else [])])
        return f"{text}; send {who} to the cloud." if text else f"Stay in the cloud with {who}."
    return (
        f"{text}; send the peaks of {listed(peaks)} to the cloud." if peaks else f"{text}; nothing goes to the cloud."
    )


def money_sentence(
    best: Strategy, other: Strategy | None, better: Strategy | None, *, years: float, rate: float, currency: str
) -> str:
    """Return what the plan costs, and what it saves against the best other plan and against today's API used better.

    Args:
        best: the recommended plan.
        other: the best other plan that keeps to the rules.
        better: today's API with cache, batch and the cheapest model that passes; the comparison that decides.
        years: the horizon.
        rate: discount rate.
        currency: of the money.
    """
    cost = f"Costs {money(best.npv, currency)} over {years:g} years (net present value at {percent(rate)})"
    if other is None:
        return f"{cost}; no other plan is within the rules."
    if better is not None and abs(better.npv - other.npv) <= SAME * abs(other.npv):
        return f"{cost}, {_difference(better.npv - best.npv, currency)} than {_in_words(better)}, the next best plan."
    text = f"{cost}, {_difference(other.npv - best.npv, currency)} than {_in_words(other)}"
    if better is None or better is best:
        return f"{text}."
    return f"{text}, and {_difference(better.npv - best.npv, currency)} than {_in_words(better)}."


def _difference(saved: float, currency: str) -> str:
    return f"{money(abs(saved), currency)} {'less' if saved >= 0 else 'more'}"


def _in_words(strategy: Strategy) -> str:
    """Return a plan as the end of a sentence: ``the cloud for all, except where the rules forbid it (Claims)``."""
    words = {
        StrategyKind.HYBRID: "the hybrid",
        StrategyKind.CLOUD: "the cloud for everything",
        StrategyKind.RENTED: "rented GPUs for everything",
        StrategyKind.OWN: "own GPUs for everything",
        StrategyKind.BETTER: "today's API used better",
        StrategyKind.TODAY: "going on as today",
    }[strategy.kind]
    there = strategy.exceptions and strategy.kind not in (StrategyKind.BETTER, StrategyKind.TODAY)
    return f"{words} that may go there" if there else words


def turns_at(driver: Driver) -> str:
    """Return where an input turns the verdict: ``API prices at 0.54 times what was taken``."""
    at = driver.switches_at or 0.0
    if driver.additive:
        way = "more" if at > 0 else "less"
        return f"{driver.name} by {abs(100 * at):.2g} percentage points {way} than was taken"
    return f"{driver.name} at {at:.2g} times what was taken"


def how_far(driver: Driver) -> float:
    """Return how far an input has to go before it turns the verdict, in units of the range that is likely.

    1 is the edge of that range; infinite where it never turns it.
    """
    at = driver.switches_at
    if at is None:
        return math.inf
    if driver.additive:
        return abs(at) / max(abs(driver.low), abs(driver.high), 1e-9)
    edge = math.log(driver.high) if at > 1 else -math.log(driver.low)
    return abs(math.log(at)) / max(edge, 1e-9)


def certainty_sentence(best: Strategy, drivers: Sequence[Driver], *, samples: int, currency: str) -> str:
    """Return how sure it is, and which input would change it first."""
    share = percent(best.p_cheapest)
    text = (
        f"Cheapest in {share} of {samples:,} futures; in the worst 5% it costs at least "
        f"{money(best.regret_p95, currency)} more than the plan that would have been best."
        if best.regret_p95 > 1
        else f"Cheapest in {share} of {samples:,} futures."
    )
    first = min(drivers, key=how_far, default=None)
    if first is None or first.switches_at is None:
        return f"{text} No single input changes the verdict between a tenth and ten times its value."
    return f"{text} It would change with {turns_at(first)}."


def because_cloud(
    *, api_month: float, pool_month: float | None, pool_label: str | None, struck: str | None, currency: str
) -> tuple[str, ...]:
    """Return why a workload goes to an API."""
    if struck is not None:
        return (f"no GPU option passes: {struck}",)
    if pool_month is None or pool_label is None:
        return ("no GPU option is on offer",)
    bill = f"its API bill is {money(api_month, currency)} a month"
    return (f"{bill}; the smallest pool that may serve it ({pool_label}) costs {money(pool_month, currency)}",)


def because_gpu(
    *, cost_month: float, cloud_month: float | None, cloud_label: str | None, struck: str | None, currency: str
) -> tuple[str, ...]:
    """Return why a workload goes to a pool."""
    if cloud_month is None:
        return (struck or "no API is on offer",)
    here, there = money(cost_month, currency), money(cloud_month, currency)
    if cost_month <= cloud_month:
        return (f"{here} a month here against {there} at {cloud_label}, the cheapest API that passes",)
    return (f"the machines are there anyway: its part of all is {here} a month, the bill at {cloud_label} {there}",)


def strategy_label(kind: StrategyKind, label: str, exceptions: Sequence[str]) -> str:
    """Return a plan's name, with a mark if not every workload can follow it."""
    return f"{label} where allowed" if exceptions and kind is not StrategyKind.HYBRID else label
