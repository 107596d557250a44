"""The verdict in words. Every figure in a sentence is one of the record's, rounded for reading."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

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

WORTH_TELLING = 0.01
"""Share of a plan's cost from which its difference to what is done today is told."""

HARDLY = 0.005
"""Share of a plan's cost below which another place for a workload would do as well. Judgement."""

MOST_NAMED = 3
"""Workloads that a verdict names where all of them go one way; of more it says everything."""


@dataclass(frozen=True)
class Switched:
    """What a plan that has everything at APIs does otherwise than today.

    Attributes:
        moved: workloads whose model is another one.
        of: all workloads.
        cache, batch: the prompt cache, the batch interface is switched on for some.
    """

    moved: int
    of: int
    cache: bool
    batch: bool


@dataclass(frozen=True)
class New:
    """Workloads that nothing serves today.

    Attributes:
        names: theirs.
        place: the kind of place that going on as today gives all of them; ``None`` if there are several.
    """

    names: tuple[str, ...]
    place: Place | None


@dataclass(frozen=True)
class Left:
    """What the rules leave where there is one plan only.

    Attributes:
        place: the kind of place that all workloads go to; ``None`` if they go to several.
        several: more than one kind of machine passes for all of them.
    """

    place: Place | None
    several: bool


def sentence(
    placements: Sequence[Placement],
    pools: Sequence[Pool],
    *,
    starts: Sequence[dt.date] = (),
    switched: Switched | None = None,
) -> str:
    """Return the verdict: what runs where, the largest place first.

    Args:
        placements: of the plan.
        pools: of the plan.
        starts: first day of each phase; without them machines are told at their most.
        switched: what is done otherwise than today, where that saves and everything stays in the cloud.
    """
    at: dict[Place, list[str]] = {place: [] for place in Place}
    peaks: list[str] = []
    for placement in placements:
        at[placement.places[0]].append(placement.workload)
        if Place.API in placement.places[1:]:
            peaks.append(placement.workload)
    parts = [
        say("{workloads} on {machines}", workloads=listed(at[place]), machines=_machines(pools, place, starts))
        for place in (Place.OWN, Place.RENTED)
        if at[place]
    ]
    sent = [*at[Place.API], *([say("the peaks of {workloads}", workloads=listed(peaks))] if peaks else [])]
    many = len(placements) > MOST_NAMED
    if not parts and switched is not None and (told := _switched(switched)):
        return told
    if not parts and many:
        return say("Stay in the cloud with everything.")
    if not parts:
        return say("Stay in the cloud with {workloads}.", workloads=listed(sent))
    if not sent and many and len(parts) == 1:
        place = placements[0].places[0]
        return say("Run everything on {machines}; nothing goes to the cloud.", machines=_machines(pools, place, starts))
    if not sent:
        return say("Run {placed}; nothing goes to the cloud.", placed=listed(parts))
    return say("Run {placed}; send {sent} to the cloud.", placed=listed(parts), sent=listed(sent))


def _switched(by: Switched) -> str:
    """Return the verdict that everything stays in the cloud and is used better; empty if nothing is."""
    known = {"number": count(by.moved), "all": count(by.of)}
    with_cache, moved = {
        0: (say("Stay in the cloud with everything, but switch the prompt cache on."), ""),
        1: (
            say("Stay in the cloud, but move one workload to a cheaper model and switch the prompt cache on."),
            say("Stay in the cloud, but move one workload to a cheaper model."),
        ),
    }.get(
        by.moved,
        (
            say(
                "Stay in the cloud, but move {number} of {all} workloads to cheaper models and switch the prompt cache "
                "on.",
                **known,
            ),
            say("Stay in the cloud, but move {number} of {all} workloads to cheaper models.", **known),
        ),
    )
    if by.batch and not by.cache and not moved:
        return say("Stay in the cloud with everything, but send what can wait by the batch interface.")
    return with_cache if by.cache else moved


def _machines(pools: Sequence[Pool], place: Place, starts: Sequence[dt.date]) -> str:
    """Return what a plan has at a place, by kind of accelerator: ``three own H100 SXM, four from 2028``."""
    cards: dict[str, list[int]] = {}
    for pool in pools:
        if pool.place is place:
            each = pool.accelerators // pool.replicas if starts else pool.accelerators
            phases = [each * number for number in (pool.replicas_by_phase if starts else (1,))]
            before = cards.get(pool.accelerator, [0] * len(phases))
            cards[pool.accelerator] = [sum(pair) for pair in zip(before, phases, strict=True)]
    one = len(cards) == 1
    return listed([_over_time(phases, name, place, starts, one=one) for name, phases in cards.items()])


def _over_time(phases: list[int], accelerator: str, place: Place, starts: Sequence[dt.date], *, one: bool) -> str:
    """Return the accelerators of one kind that there are at first, and the most with the year from which there are."""
    first, most = phases[0], max(phases)
    cards = _cards(first or most, accelerator, place)
    if first == most:
        return cards
    year = str(starts[phases.index(most)].year)
    if not first:
        return say("{machines} from {year}", machines=cards, year=year)
    known = {"machines": cards, "most": count(most), "year": year}
    if one:
        return say("{machines}, {most} from {year}", **known)
    return say("{machines} ({most} from {year})", **known)


def _cards(number: int, accelerator: str, place: Place) -> str:
    if place is Place.OWN:
        if number == 1:
            return say("one own {accelerator}", accelerator=accelerator)
        return say("{count} own {accelerator}", count=count(number), accelerator=accelerator)
    if number == 1:
        return say("one rented {accelerator}", accelerator=accelerator)
    return say("{count} rented {accelerator}", count=count(number), accelerator=accelerator)


def money_sentence(
    best: Strategy,
    other: Strategy | None,
    better: Strategy | None,
    today: Strategy | None = None,
    *,
    left: Left | None = None,
    new: New | None = None,
    in_cloud: bool = False,
    years: float,
    rate: float,
    currency: str,
) -> str:
    """Return what the plan costs, and what it saves against the other way, today's API used better, and today.

    Args:
        best: the recommended plan.
        other: the best plan within the rules that has some workload at another kind of place.
        better: today's API with cache, batch and the cheapest model that passes.
        today: going on as today; told where it costs clearly more or less.
        left: what the rules leave, where no other plan is within them.
        new: workloads that nothing serves today.
        in_cloud: the plan has everything at APIs; then what is saved against going on as today comes first.
        years: the horizon.
        rate: discount rate.
        currency: of the money.
    """
    terms = {"cost": money(best.npv, currency), "years": plain(years), "rate": percent(rate)}
    more = 0.0 if today is None else today.npv - best.npv
    if in_cloud and new is None and today is not None and more >= WORTH_TELLING * best.npv:
        return _against_today(best, today, other, terms, currency)
    first = _compared(best, other, better, left=left, terms=terms, currency=currency)
    if abs(more) < WORTH_TELLING * abs(best.npv):
        return first
    if new is not None:
        then = _with_new(new, more, currency)
    elif more > 0:
        then = say("Going on as today would cost {amount} more.", amount=money(more, currency))
    else:
        then = say("Going on as today would cost {amount} less.", amount=money(-more, currency))
    return joined([first, then], " ")


def _against_today(
    best: Strategy, today: Strategy, other: Strategy | None, terms: dict[str, str], currency: str
) -> str:
    """Return what a plan in the cloud costs, against going on as today first."""
    saved = _against(today, today.npv - best.npv, currency)
    if other is None:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}), {difference}.", difference=saved, **terms
        )
    return say(
        "Costs {cost} over {years} years (net present value at {rate}), {difference}, and {further}.",
        difference=saved,
        further=_against(other, other.npv - best.npv, currency),
        **terms,
    )


def _with_new(new: New, more: float, currency: str) -> str:
    """Return what going on as today would cost more or less, with what is new where it may at least cost."""
    amount = money(abs(more), currency)
    difference = say("{money} more", money=amount) if more > 0 else say("{money} less", money=amount)
    known = {"new": listed(new.names), "difference": difference}
    if new.place is None:
        return say(
            "Going on as today, with {new} where the rules allow it at least cost, would cost {difference}.", **known
        )
    if new.place is Place.API:
        return say("Going on as today, with {new} at the cheapest APIs allowed, would cost {difference}.", **known)
    return say("Going on as today, with {new} on the cheapest machines allowed, would cost {difference}.", **known)


_LEFT = {Place.OWN: fixed("own machines"), Place.RENTED: fixed("rented machines"), Place.API: fixed("the cloud")}


def _compared(
    best: Strategy,
    other: Strategy | None,
    better: Strategy | None,
    *,
    left: Left | None,
    terms: dict[str, str],
    currency: str,
) -> str:
    if better is not None and abs(better.npv - best.npv) <= WORTH_TELLING * abs(best.npv) and better is not other:
        better = None
    against_better = "" if better is None else _against(better, better.npv - best.npv, currency)
    if other is None and left is not None:
        return _only(left, terms)
    if other is None and better is not None:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}), {difference}.",
            difference=against_better,
            **terms,
        )
    if other is None:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}); no plan within the rules puts any workload "
            "elsewhere.",
            **terms,
        )
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


def _only(left: Left, terms: dict[str, str]) -> str:
    """Return what the only plan within the rules costs, and what the rules leave."""
    if left.place is None:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}); the rules leave each workload one kind of "
            "place.",
            **terms,
        )
    if left.several and left.place is not Place.API:
        return say(
            "Costs {cost} over {years} years (net present value at {rate}); the rules leave no other place than "
            "{place}, and these are the cheapest that pass.",
            place=_LEFT[left.place],
            **terms,
        )
    return say(
        "Costs {cost} over {years} years (net present value at {rate}); the rules leave no other place than {place}.",
        place=_LEFT[left.place],
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


def certainty_sentence(
    best: Strategy,
    drivers: Sequence[Driver],
    *,
    samples: int,
    currency: str,
    left: Left | None = None,
    other_way: bool = True,
) -> str:
    """Return how sure it is, and which input would change it first.

    Args:
        best: the recommended plan.
        drivers: the uncertain inputs.
        samples: futures in which the plans were priced.
        currency: of the money.
        left: what the rules leave, where it is the only plan within them.
        other_way: some plan within the rules has a workload at another kind of place.
    """
    if left is not None:
        return _sure(left)
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
    if not other_way:
        turn = say("No plan within the rules puts any workload elsewhere, so no price or volume changes where it goes.")
    elif first is None or first.switches_at is None:
        turn = say("No single input changes the verdict between a tenth and ten times its value.")
    else:
        turn = say("It would change with {input}.", input=turns_at(first))
    return joined([how_sure, turn], " ")


def _sure(left: Left) -> str:
    """Return how sure the only plan within the rules is."""
    if left.place is None:
        return say(
            "The rules leave each workload one kind of place, so no price or volume changes where the work goes."
        )
    if left.several and left.place is not Place.API:
        return say(
            "The rules leave no other place than {place}, so no price or volume changes where the work goes; which "
            "machines are the cheapest there may change.",
            place=_LEFT[left.place],
        )
    return say(
        "The rules leave no other place than {place}, so no price or volume changes where the work goes.",
        place=_LEFT[left.place],
    )


@dataclass(frozen=True)
class OnMachines:
    """What a workload at an API would cost on machines of its own, by the month, levelised.

    Attributes:
        machines: what it would take, in words.
        alone: whole replicas for its own load, people and moving included; as though nothing else were on machines.
        extra: what the whole plan would cost more with it on machines; ``None`` if that was not found.
    """

    machines: str
    alone: float
    extra: float | None


def because_cloud(
    *, api_month: float, on_machines: OnMachines | None, struck: str | None, currency: str
) -> tuple[str, ...]:
    """Return why a workload goes to an API.

    Args:
        api_month: its bill there.
        on_machines: what it would cost on machines; ``None`` where none may serve it.
        struck: why none may; ``None`` where some may or none is on offer.
        currency: of the money.
    """
    if struck is not None:
        return (struck,)
    if on_machines is None:
        return (say("no GPU option is on offer"),)
    figures = {
        "bill": money(api_month, currency),
        "machines": on_machines.machines,
        "cost": money(on_machines.alone, currency),
    }
    if on_machines.alone > api_month:
        return (
            say(
                "its API bill is {bill} a month; machines for its load alone would cost {cost}, people and moving "
                "included",
                **figures,
            ),
        )
    if on_machines.extra is not None and on_machines.extra > 0:
        return (
            say(
                "for its load alone {machines} would cost {cost} a month against an API bill of {bill}, but the whole "
                "plan would cost {extra} a month more with it on machines",
                extra=money(on_machines.extra, currency),
                **figures,
            ),
        )
    return (
        say(
            "for its load alone {machines} would cost {cost} a month against an API bill of {bill}; the recommended "
            "plan as a whole keeps it in the cloud for the limits and risks of the whole",
            **figures,
        ),
    )


def no_machine(reason: str, gates: Sequence[str]) -> str:
    """Return why no GPU option may serve a workload: the nearest's reason, and all gates if several strike them all.

    Args:
        reason: why the option that comes nearest is out.
        gates: names of the gates that strike every option.
    """
    if len(gates) > 1:
        return say("no GPU option passes the gates on {gates}: {reason}", gates=listed(gates), reason=reason)
    return say("no GPU option passes: {reason}", reason=reason)


def because_gpu(
    *,
    cost_month: float,
    cloud_month: float | None,
    cloud_label: str | None,
    struck: str | None,
    rented: str | None = None,
    without: float | None = None,
    plan_month: float = math.inf,
    currency: str,
) -> tuple[str, ...]:
    """Return why a workload goes to a pool.

    Args:
        cost_month: its part of the plan's cost.
        cloud_month: its bill at the cheapest API that passes; ``None`` if none does.
        cloud_label: that API.
        struck: why no API passes.
        rented: why no rented machine passes, for a workload on own ones; ``None`` where one does or none is on offer.
        without: what the plan would cost more with it at APIs; ``None`` if that was not found.
        plan_month: what the plan costs.
        currency: of the money.
    """
    also = (rented,) if rented is not None else ()
    if cloud_month is None:
        return (struck or say("no API is on offer"), *also)
    figures = {
        "here": money(cost_month, currency),
        "there": money(cloud_month, currency),
        "api": cloud_label or "",
    }
    if cost_month <= cloud_month:
        return (say("{here} a month here against {there} at {api}, the cheapest API that passes", **figures), *also)
    if without is None or without <= 0:
        text = say(
            "its share of all is {here} a month, people included, against {there} at {api}; the plan as a whole keeps "
            "it on machines for the limits of the whole",
            **figures,
        )
    elif without < HARDLY * plan_month:
        text = say(
            "the machines are there anyway, so it adds less than the {there} a month of {api}; {here} is its share of "
            "all, people included; the API would do as well",
            **figures,
        )
    else:
        text = say(
            "the machines are there anyway, so it adds less than the {there} a month of {api}; {here} is its share of "
            "all, people included",
            **figures,
        )
    return (text, *also)


def of_workload(workload: str, reason: str) -> str:
    """Return what is said of one workload: ``Claims: health data stay in the house``."""
    return say("{workload}: {reason}", workload=workload, reason=reason)


def strategy_label(kind: StrategyKind, label: str, exceptions: Sequence[str]) -> str:
    """Return a plan's name, with a mark if not every workload can follow it."""
    return say("{plan} where allowed", plan=label) if exceptions and kind is not StrategyKind.HYBRID else label
