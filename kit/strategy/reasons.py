"""The reasons of the verdict in words: why a workload goes where it goes, how sure that is, what would turn it.

Every figure in a sentence is one of the record's, rounded for reading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kit.engagement.record import Place
from kit.figures import count as count
from kit.figures import decimal, joined, significant
from kit.figures import listed as listed
from kit.figures import money as money
from kit.figures import percent as percent
from kit.figures import sentence_case as sentence_case
from kit.strategy.headline import LEFT_PLACES, Left
from kit.strategy.verdict import Driver, StrategyKind
from kit.wording import say

HARDLY = 0.005
"""Share of a plan's cost below which another place for a workload would do as well. Judgement."""


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


class Judged(Protocol):
    """A plan as the futures judge it.

    The share of them in which it is the cheapest, and the 95th percentile of its regret, engagement's currency.
    """

    @property
    def p_cheapest(self) -> float: ...  # noqa: D102

    @property
    def regret_p95(self) -> float: ...  # noqa: D102


def certainty_sentence(
    best: Judged,
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
            place=LEFT_PLACES[left.place],
        )
    return say(
        "The rules leave no other place than {place}, so no price or volume changes where the work goes.",
        place=LEFT_PLACES[left.place],
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
