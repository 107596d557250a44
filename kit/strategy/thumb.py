"""The rule of thumb "self-hosting wins past 10 to 20 million tokens a day", computed.

A machine carries so many tokens a day and costs the same whether it is busy or not; an API is paid by the token. So
the volume from which a machine costs no more hangs on the price of the API, on what the machine carries, and on the
people; the rule names none of them.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from kit.engagement.record import Place
from kit.figures import decimal, joined, money, plain, significant, unit_price
from kit.record import Basis, Figure, worst
from kit.strategy.answers import RuleOfThumb, ThumbRow
from kit.strategy.choice import Choice
from kit.strategy.costs import levelised, staff_per_month
from kit.strategy.gates import service_of
from kit.strategy.options import DAYS_PER_MONTH
from kit.strategy.problem import Flags, Integers, Plan
from kit.strategy.terms import Terms
from kit.wording import fixed, say

LOW, HIGH = 10.0, 20.0
"""What the rule says, million tokens a day."""

SECONDS_PER_DAY = 86_400.0
SPEEDS = (0.5, 1.0, 2.0)
"""Factors on what the machine carries."""

PEOPLE = (0.0, 1.0, 2.0)
"""Full-time equivalents beside those of the terms."""


def break_even_tokens_per_day(
    machine_per_month: float, tokens_per_s: float, staff_per_month: float, api_per_mtok: float, spare: int = 0
) -> float | None:
    """Return the least volume at which machines cost no more than an API, in millions of tokens a day.

    The least V with ``(⌈V / v⌉ + spare) · machine + staff ≤ V · days · price``, v what a machine carries in a day. The
    left side is a staircase: just past a full machine the next one may make the API cheaper again for a while. Of n
    machines, the fewest pay that pay when full: ``n · (v · days · price − machine) ≥ spare · machine + staff``.

    Args:
        machine_per_month: what one costs, bought or rented, power included, without people.
        tokens_per_s: what one carries around the clock, prompt and output.
        staff_per_month: people, whatever the number of machines.
        api_per_mtok: price of a million tokens of the same mix.
        spare: machines beside those that the volume needs.

    Returns:
        The volume; ``None`` if even full machines cost more.

    Raises:
        ValueError: a negative argument, or a machine that carries nothing.
    """
    if not (_all_money(machine_per_month, staff_per_month, api_per_mtok, spare) and tokens_per_s > 0):
        raise ValueError(
            f"a machine for {machine_per_month:g} that carries {tokens_per_s:g} tokens/s, people for "
            f"{staff_per_month:g}, an API at {api_per_mtok:g} and {spare} spare machines are impossible"
        )
    bill = DAYS_PER_MONTH * api_per_mtok
    full = tokens_per_s * SECONDS_PER_DAY / 1e6
    gained, fixed = full * bill - machine_per_month, spare * machine_per_month + staff_per_month
    if gained < 0 or not bill or (fixed and not gained):
        return None
    # Rounding must not ask for one machine more.
    machines = max(1, math.ceil(fixed / gained - 1e-9)) if fixed else 1
    return (machines * machine_per_month + fixed) / bill


def break_even_price(
    machine_per_month: float, tokens_per_s: float, staff_per_month: float, million_tokens_per_day: float, spare: int = 0
) -> float:
    """Return the price of a million tokens at which machines begin to pay at a volume, or at less than it.

    The other way round than :func:`break_even_tokens_per_day`: the least of ``((n + spare) · machine + staff) ÷ (V′ ·
    days)`` over V′ up to the volume; that is at full machines, or at the volume itself.

    Args:
        machine_per_month: what one costs, bought or rented, power included, without people.
        tokens_per_s: what one carries around the clock, prompt and output.
        staff_per_month: people, whatever the number of machines.
        million_tokens_per_day: the volume.
        spare: machines beside those that the volume needs.

    Raises:
        ValueError: a negative argument, a machine that carries nothing, or no volume.
    """
    if not (_all_money(machine_per_month, staff_per_month, spare) and tokens_per_s > 0 and million_tokens_per_day > 0):
        raise ValueError(
            f"a machine for {machine_per_month:g} that carries {tokens_per_s:g} tokens/s and people for "
            f"{staff_per_month:g} at {million_tokens_per_day:g} million tokens a day are impossible"
        )
    full = tokens_per_s * SECONDS_PER_DAY / 1e6
    machines = max(1, math.ceil(million_tokens_per_day / full - 1e-9))
    # The price falls with every full machine, so that the last of them is the best.
    tries = [(machines, million_tokens_per_day)] + [(machines - 1, (machines - 1) * full)] * (machines > 1)
    return min(
        ((number + spare) * machine_per_month + staff_per_month) / (volume * DAYS_PER_MONTH) for number, volume in tries
    )


def _all_money(*amounts: float) -> bool:
    return all(amount >= 0 for amount in amounts)


def rule_of_thumb(choice: Choice, plan: Plan | None = None, leaves: float | None = None) -> RuleOfThumb:
    """Return the rule computed for this client, and over a grid of prices, speeds and people around it.

    The client's mix is that of its workloads that may go both to a pool and to an API. The machine is that on which
    the plan serves the most tokens; where it has none, the replica that serves most of the mix and, of those that serve
    as much, does so at the least cost per token when full. Prices and loads are those of the first phase; the load is
    even over the day, as the rule has it.

    Args:
        choice: the options.
        plan: the recommended one.
        leaves: volume from which that plan leaves the cloud, million tokens a day; ``None`` if it never does.
    """
    mix = _mix(choice, plan)
    if isinstance(mix, str):
        return _without(choice, mix)
    terms, pool = choice.terms, choice.pools[mix.pool]
    fte, year = _people(terms, pool.place), terms.staff_cost_per_year.value
    link = staff_per_month(terms)[pool.place] - fte.value * year / 12

    def volume(price: float, speed: float, people: float) -> float | None:
        return break_even_tokens_per_day(mix.machine, speed, people * year / 12 + link, price, mix.spare)

    here = volume(mix.price, mix.tokens_per_s, fte.value)
    rows = tuple(
        ThumbRow(
            api_per_mtok=price,
            tokens_per_s=speed,
            staff_fte=people,
            million_tokens_per_day=(found := volume(price, speed, people)),
            holds=found is not None and LOW <= found <= HIGH,
        )
        for price, speed, people in itertools.product(
            _levels(choice, mix.price),
            [factor * mix.tokens_per_s for factor in SPEEDS],
            sorted({fte.value, *PEOPLE}),
        )
    )
    return RuleOfThumb(
        low=LOW,
        high=HIGH,
        here=here,
        basis=_basis(choice, mix),
        machine=pool.label,
        machine_per_month=mix.machine,
        rows=rows,
        sentence=joined(
            [
                _holds(choice, mix, fte.value * year / 12 + link),
                _never(choice, mix)
                if here is None
                else pays_alone(choice, here, machine=pool.label, place=pool.place, per_month=mix.machine),
                *([] if leaves is None else [threshold(choice, leaves)]),
            ],
            " ",
        ),
    )


@dataclass(frozen=True)
class _Mix:
    """What the client's workloads make of the rule.

    Attributes:
        pool: index of the machine.
        workloads: those that may go to it and to an API.
        machine: levelised cost of a replica per month, without the people of its place.
        tokens_per_s: what a replica carries of the mix, headroom left.
        price: of a million tokens of the mix at the cheapest API that each may use.
        spare: replicas beside those that the volume needs.
    """

    pool: int
    workloads: Integers
    machine: float
    tokens_per_s: float
    price: float
    spare: int


def _mix(choice: Choice, plan: Plan | None) -> _Mix | str:
    """Return the client's mix, or why there is none."""
    problem = choice.problem
    served, priced = ~np.isnan(problem.seconds), ~np.isnan(problem.api_price[0]).all(axis=1)
    both: Flags = served & priced[:, None]
    if not both.any():
        if not served.any():
            return fixed("no workload may go to any machine")
        return fixed("no workload that may go to a machine may go to an API, so there is nothing to compare it with")
    requests = problem.requests[0].sum(axis=1)
    volume = requests * _tokens(choice)
    covered = volume @ both
    wanted: Flags = both.any(axis=0) & (covered >= covered.max() * (1 - 1e-9))
    if plan is not None:
        carried = np.einsum("ywph,w->p", plan.flow_pool, _tokens(choice)) * both.any(axis=0)
        if carried.any():
            wanted = np.arange(len(carried)) == carried.argmax()
    found = []
    for p in np.flatnonzero(wanted):
        mine = np.flatnonzero(both[:, p])
        speed = volume[mine].sum() / (requests[mine] @ problem.seconds[mine, p])
        cheapest = np.nanmin(problem.api_price[0, mine], axis=1)
        found.append(
            _Mix(
                pool=int(p),
                workloads=mine,
                machine=levelised(choice.pools[p], choice.terms, choice.phases),
                tokens_per_s=float(speed),
                price=float(requests[mine] @ cheapest / volume[mine].sum() * 1e6),
                spare=int(problem.spare[p]) if problem.needs_spare[mine].any() else 0,
            )
        )
    return min(found, key=lambda mix: mix.machine / mix.tokens_per_s)


def _tokens(choice: Choice) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the tokens of a request, prompt and output, (W,)."""
    return np.array([item.tokens_per_request for item in choice.demand.workloads])


def _levels(choice: Choice, price: float) -> list[float]:
    """Return the client's price of a million tokens, with the lowest and the highest of any API that any may use."""
    every = choice.problem.api_price[0] / _tokens(choice)[:, None] * 1e6
    return sorted({float(np.nanmin(every)), price, float(np.nanmax(every))})


def _people(terms: Terms, place: Place) -> Figure:
    return terms.staff_fte_own if place is Place.OWN else terms.staff_fte_rented


def _basis(choice: Choice, mix: _Mix) -> Basis:
    terms, pool = choice.terms, choice.pools[mix.pool]
    behind = [pool.price, _people(terms, pool.place), terms.staff_cost_per_year]
    if pool.place is Place.OWN:
        behind += [
            terms.electricity_price_per_kwh,
            terms.pue,
            terms.server_overhead_share,
            terms.maintenance_share_per_year,
            terms.residual_share,
            terms.colocation_per_kw_month,
            *([pool.power_w] if pool.power_w else []),
        ]
    found = {figure.basis for figure in behind} | {pool.profile.basis}
    for w in mix.workloads:
        workload = choice.workloads[w]
        api = choice.apis[choice.best_api[w]]
        found.add(api.price_per_request[workload.name].basis)
        if service_of(workload, pool, terms).predicted:
            found.add(Basis.PREDICTED)
    return worst(found)


def _without(choice: Choice, why: str) -> RuleOfThumb:
    return RuleOfThumb(
        low=LOW,
        high=HIGH,
        here=None,
        basis=choice.terms.staff_cost_per_year.basis,
        machine="",
        machine_per_month=0.0,
        rows=(),
        sentence=say("{rule}; here it cannot be computed: {why}.", rule=_rule(), why=why),
    )


def _rule() -> str:
    return say(
        "The rule says that self-hosting wins past {low} to {high} million tokens a day",
        low=plain(LOW),
        high=plain(HIGH),
    )


def _holds(choice: Choice, mix: _Mix, staff: float) -> str:
    dear, cheap = (break_even_price(mix.machine, mix.tokens_per_s, staff, at, mix.spare) for at in (LOW, HIGH))
    return say(
        "{rule}; with {machine} and its people that is so where an API costs {cheap} to {dear} a million tokens.",
        rule=_rule(),
        machine=choice.pools[mix.pool].label,
        cheap=unit_price(cheap, choice.engagement.currency),
        dear=unit_price(dear, choice.engagement.currency),
    )


def _never(choice: Choice, mix: _Mix) -> str:
    currency = choice.engagement.currency
    when_full = mix.machine / (mix.tokens_per_s * SECONDS_PER_DAY * DAYS_PER_MONTH / 1e6)
    return say(
        "Here the machine never pays: even when full it costs {cost} a million tokens, people not counted, against "
        "{price} at the cheapest APIs that pass.",
        cost=unit_price(when_full, currency),
        price=unit_price(mix.price, currency),
    )


def pays_alone(choice: Choice, here: float, *, machine: str, place: Place, per_month: float) -> str:
    """Return from which volume machines pay that are there for this work alone, beside today's volume.

    Args:
        choice: the options.
        here: that volume, million tokens a day.
        machine: the replica, in words.
        place: where it stands, own or rented.
        per_month: what one costs, without people.
    """
    known = {
        "machine": machine,
        "month": money(per_month, choice.engagement.currency),
        "here": _millions(here),
        "today": _millions(sum(item.tokens_per_day for item in choice.demand.workloads) / 1e6),
    }
    if place is Place.OWN:
        return say(
            "Machines bought for this work alone ({machine}, {month} a month each, people on top) would pay from "
            "{here} million tokens a day against the cheapest APIs that pass; today's volume is {today} million.",
            **known,
        )
    return say(
        "Machines rented for this work alone ({machine}, {month} a month each, people on top) would pay from {here} "
        "million tokens a day against the cheapest APIs that pass; today's volume is {today} million.",
        **known,
    )


def threshold(choice: Choice, leaves: float) -> str:
    """Return from which volume the plan has machines, and why that is another volume.

    Args:
        choice: the options.
        leaves: that volume, million tokens a day.
    """
    if min(choice.best_api) < 0:
        return say(
            "The plan's own threshold is {leaves} million: there all workloads share machines and people, and some "
            "machines stand there in any case.",
            leaves=_millions(leaves),
        )
    return say(
        "The plan's own threshold is {leaves} million: there only the workloads for which machines pay move to them, "
        "and share them and the people.",
        leaves=_millions(leaves),
    )


def _millions(value: float) -> str:
    return decimal(value) if value >= 9.95 else significant(value, 2)
