"""The verdict in words. Every figure in a sentence is one of the record's, rounded for reading."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kit.engagement.record import Place
from kit.figures import count as count
from kit.figures import decimal, joined, plain, significant
from kit.figures import listed as listed
from kit.figures import money as money
from kit.figures import percent as percent
from kit.figures import sentence_case as sentence_case
from kit.strategy.verdict import Driver, Placement, Pool, Strategy, StrategyKind
from kit.wording import fixed, say

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
    parts = [
        say("{workloads} on {machines}", workloads=listed(at[place]), machines=_machines(pools, place))
        for place in (Place.OWN, Place.RENTED)
        if at[place]
    ]
    sent = [*at[Place.API], *([say("the peaks of {workloads}", workloads=listed(peaks))] if peaks else [])]
    if not parts:
        return say("Stay in the cloud with {workloads}.", workloads=listed(sent))
    if not sent:
        return say("Run {placed}; nothing goes to the cloud.", placed=listed(parts))
    return say("Run {placed}; send {sent} to the cloud.", placed=listed(parts), sent=listed(sent))


def _machines(pools: Sequence[Pool], place: Place) -> str:
    """Return what a plan has at a place, by kind of accelerator: ``four own H100 SXM``."""
    cards: dict[str, int] = {}
    for pool in pools:
        if pool.place is place:
            cards[pool.accelerator] = cards.get(pool.accelerator, 0) + pool.accelerators
    return listed([_cards(number, name, place) for name, number in cards.items()])


def _cards(number: int, accelerator: str, place: Place) -> str:
    if place is Place.OWN:
        if number == 1:
            return say("one own {accelerator}", accelerator=accelerator)
        return say("{count} own {accelerator}", count=count(number), accelerator=accelerator)
    if number == 1:
        return say("one rented {accelerator}", accelerator=accelerator)
    return say("{count} rented {accelerator}", count=count(number), accelerator=accelerator)


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
    terms = {"cost": money(best.npv, currency), "years": plain(years), "rate": percent(rate)}
    if other is None:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}); no other plan is within the rules.", **terms
        )
    against_better = "" if better is None else _against(better, better.npv - best.npv, currency)
    if better is not None and abs(better.npv - other.npv) <= SAME * abs(other.npv):
        return say(
            "Costs {cost} over {years} years (net present value at {rate}), {difference}, the next best plan.",
            difference=against_better,
            **terms,
        )
    against_other = _against(other, other.npv - best.npv, currency)
    if better is None or better is best:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}), {difference}.",
            difference=against_other,
            **terms,
        )
    return say(
        "Costs {cost} over {years} years (net present value at {rate}), {difference}, and {further}.",
        difference=against_other,
        further=against_better,
        **terms,
    )


def _against(plan: Strategy, saved: float, currency: str) -> str:
    """Return what is saved against a plan: ``€41,600 less than own GPUs for everything``."""
    if saved >= 0:
        return say("{amount} less than {plan}", amount=money(saved, currency), plan=_in_words(plan))
    return say("{amount} more than {plan}", amount=money(-saved, currency), plan=_in_words(plan))


_IN_WORDS = {
    StrategyKind.HYBRID: fixed("the hybrid"),
    StrategyKind.CLOUD: fixed("the cloud for everything"),
    StrategyKind.RENTED: fixed("rented GPUs for everything"),
    StrategyKind.OWN: fixed("own GPUs for everything"),
    StrategyKind.BETTER: fixed("today's API used better"),
    StrategyKind.TODAY: fixed("going on as today"),
}
_AS_FAR_AS_ALLOWED = {
    StrategyKind.CLOUD: fixed("the cloud for everything that may go there"),
    StrategyKind.RENTED: fixed("rented GPUs for everything that may go there"),
    StrategyKind.OWN: fixed("own GPUs for everything that may go there"),
}


def _in_words(strategy: Strategy) -> str:
    """Return a plan as the end of a sentence: ``the cloud for everything that may go there``."""
    words = _IN_WORDS[strategy.kind]
    return _AS_FAR_AS_ALLOWED.get(strategy.kind, words) if strategy.exceptions else words


def turns_at(driver: Driver) -> str:
    """Return where an input turns the verdict: ``API prices at 0.54 times what was taken``."""
    at = driver.switches_at or 0.0
    if not driver.additive:
        return say("{input} at {factor} times what was taken", input=driver.name, factor=significant(at, 2))
    by = significant(abs(100 * at), 2)
    if at > 0:
        return say("{input} by {points} percentage points more than was taken", input=driver.name, points=by)
    return say("{input} by {points} percentage points less than was taken", input=driver.name, points=by)


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
    share, futures = percent(best.p_cheapest), decimal(samples)
    if best.regret_p95 > 1:
        how_sure = say(
            "Cheapest in {share} of {samples} futures; in the worst 5% it costs at least {regret} more than the plan "
            "that would have been best.",
            share=share,
            samples=futures,
            regret=money(best.regret_p95, currency),
        )
    else:
        how_sure = say("Cheapest in {share} of {samples} futures.", share=share, samples=futures)
    first = min(drivers, key=how_far, default=None)
    if first is None or first.switches_at is None:
        turn = say("No single input changes the verdict between a tenth and ten times its value.")
    else:
        turn = say("It would change with {input}.", input=turns_at(first))
    return joined([how_sure, turn], " ")


def because_cloud(
    *, api_month: float, pool_month: float | None, pool_label: str | None, struck: str | None, currency: str
) -> tuple[str, ...]:
    """Return why a workload goes to an API."""
    if struck is not None:
        return (say("no GPU option passes: {reason}", reason=struck),)
    if pool_month is None or pool_label is None:
        return (say("no GPU option is on offer"),)
    return (
        say(
            "its API bill is {bill} a month; the smallest pool that may serve it ({pool}) costs {cost}",
            bill=money(api_month, currency),
            pool=pool_label,
            cost=money(pool_month, currency),
        ),
    )


def because_gpu(
    *, cost_month: float, cloud_month: float | None, cloud_label: str | None, struck: str | None, currency: str
) -> tuple[str, ...]:
    """Return why a workload goes to a pool."""
    if cloud_month is None:
        return (struck or say("no API is on offer"),)
    figures = {
        "here": money(cost_month, currency),
        "there": money(cloud_month, currency),
        "api": cloud_label or "",
    }
    if cost_month <= cloud_month:
        return (say("{here} a month here against {there} at {api}, the cheapest API that passes", **figures),)
    return (
        say("the machines are there anyway: its part of all is {here} a month, the bill at {api} {there}", **figures),
    )


def of_workload(workload: str, reason: str) -> str:
    """Return what is said of one workload: ``Claims: health data stay in the house``."""
    return say("{workload}: {reason}", workload=workload, reason=reason)


def strategy_label(kind: StrategyKind, label: str, exceptions: Sequence[str]) -> str:
    """Return a plan's name, with a mark if not every workload can follow it."""
    return say("{plan} where allowed", plan=label) if exceptions and kind is not StrategyKind.HYBRID else label
