"""The headline of the verdict: what runs where, what it costs, and what it saves against what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kit.engagement.record import Place
from kit.figures import count, joined, listed, money, percent, plain
from kit.strategy.verdict import Pool, StrategyKind
from kit.wording import fixed, say

SAME = 1e-3
"""Plans whose costs differ by less than this share are told as one."""

WORTH_TELLING = 0.01
"""Share of a plan's cost from which its difference to what is done today is told."""

MOST_NAMED = 3
"""Workloads that a verdict names where all of them go one way; of more it says everything."""


class Placed(Protocol):
    """A workload with the places that serve it, the main one first."""

    @property
    def workload(self) -> str: ...  # noqa: D102

    @property
    def places(self) -> tuple[Place, ...]: ...  # noqa: D102


class Priced(Protocol):
    """A plan with what it costs: net present value in the engagement's currency."""

    @property
    def kind(self) -> StrategyKind: ...  # noqa: D102

    @property
    def npv(self) -> float: ...  # noqa: D102

    @property
    def exceptions(self) -> tuple[str, ...]: ...  # noqa: D102


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
    placements: Sequence[Placed],
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
    best: Priced,
    other: Priced | None,
    better: Priced | None,
    today: Priced | None = None,
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


def _against_today(best: Priced, today: Priced, other: Priced | None, terms: dict[str, str], currency: str) -> str:
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


LEFT_PLACES = {Place.OWN: fixed("own machines"), Place.RENTED: fixed("rented machines"), Place.API: fixed("the cloud")}
"""What the rules may leave alone, inside a sentence."""


def _compared(
    best: Priced,
    other: Priced | None,
    better: Priced | None,
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
            place=LEFT_PLACES[left.place],
            **terms,
        )
    return say(
        "Costs {cost} over {years} years (net present value at {rate}); the rules leave no other place than {place}.",
        place=LEFT_PLACES[left.place],
        **terms,
    )


def _against(plan: Priced, saved: float, currency: str) -> str:
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


def _in_words(strategy: Priced) -> str:
    """Return a plan as the end of a sentence: ``the cloud for everything that may go there``."""
    words = _IN_WORDS[strategy.kind]
    return _AS_FAR_AS_ALLOWED.get(strategy.kind, words) if strategy.exceptions else words
