"""What has to be ordered or signed for the plan."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kit.engagement.record import Place
from kit.figures import decimal, joined, percent, short_day
from kit.record import worst
from kit.strategy.board import Case
from kit.strategy.board.asking import ask_provider, ask_renter, ask_seller, lead
from kit.strategy.board.procured import Part, api_parts, api_per_month, names, pool_parts
from kit.strategy.costs import replica_cost, trend
from kit.strategy.dossier import Purchase
from kit.wording import fixed, say


def purchases(case: Case) -> tuple[Purchase, ...]:
    """Return what has to be ordered or signed: a line for each pool that costs anything and for each API.

    Own machines: a line for each purchase of the horizon, their servers included, the later ones with the day on which
    the plan needs them; together they are the pool's purchases in the verdict. Rents and bills are those of a month of
    the first phase that has them.
    """
    return (*_machines(case), *(_contract(case, part) for part in api_parts(case)))


def _machines(case: Case) -> Iterator[Purchase]:
    for part in pool_parts(case):
        pool = case.choice.pools[part.number]
        if not pool.price.value:
            continue  # a machine that is there already
        if pool.place is Place.OWN:
            for phase in np.flatnonzero(case.best.plan.starts[part.number]).tolist():
                yield _bought(case, part, phase)
        else:
            yield _rented(case, part)


def _bought(case: Case, part: Part, phase: int) -> Purchase:
    """Return what is bought of a pool at the start of a phase."""
    pool, overhead = case.choice.pools[part.number], case.choice.terms.server_overhead_share
    replicas, each = int(case.best.plan.starts[part.number, phase]), case.best.problem.capex
    quantity = replicas * pool.profile.accelerators
    capex = 0.0 if each is None else replicas * float(each[part.number, phase])
    values = {"number": decimal(quantity), "accelerator": pool.profile.accelerator, "model": pool.model.name}
    first = phase == int(np.flatnonzero(case.best.plan.starts[part.number])[0])
    return Purchase(
        what=say("{number} × {accelerator} with their servers, for {model}", **values)
        if first
        else say(
            "{number} × {accelerator} more with their servers, for {model}, needed by {date}",
            date=short_day(first_day(case, phase)),
            **values,
        ),
        place=pool.place,
        quantity=quantity,
        unit=fixed("accelerator"),
        price=capex / quantity,
        price_unit=fixed("accelerator with its share of the server"),
        total=capex,
        total_unit=fixed("once"),
        basis=worst((pool.price.basis, overhead.basis)),
        source=say(
            "accelerator: {price} ({basis}); the server around it, {share} of that: {overhead} ({worse})",
            price=pool.price.source,
            basis=pool.price.basis.value,
            share=percent(overhead.value),
            overhead=overhead.source,
            worse=overhead.basis.value,
        ),
        order_by=_order_by(case, replace(part, phase=phase), lead(case, pool).value, only=None if first else ()),
        commitment=None,
        ask=ask_seller(case, pool, part.workloads),
    )


def _rented(case: Case, part: Part) -> Purchase:
    pool, plan, y = case.choice.pools[part.number], case.best.plan, part.phase
    change = trend(case.choice.terms.rent_change_per_year.value, case.choice.phases)[y]
    running = plan.running[y, part.number]
    quantity = int(running.max()) * pool.profile.accelerators
    hours = float(running.sum())
    around_the_clock = hours == running.max() * len(running)
    values = {
        "number": decimal(quantity),
        "accelerator": pool.profile.accelerator,
        "renter": pool.renter,
        "model": pool.model.name,
    }
    return Purchase(
        what=say("{number} × {accelerator} rented from {renter}, for {model}", **values)
        if around_the_clock
        else say(
            "{number} × {accelerator} rented from {renter}, for {model}, on for {hours} replica-hours a week",
            **values,
            hours=decimal(hours),
        ),
        place=pool.place,
        quantity=quantity,
        unit=fixed("accelerator"),
        price=pool.price.value * change,
        price_unit=fixed("accelerator and hour"),
        total=replica_cost(pool, case.choice.terms).rent * change * float(running.mean()),
        total_unit=fixed("a month"),
        basis=pool.price.basis,
        source=pool.price.source,
        order_by=_order_by(case, part, lead(case, pool).value),
        commitment=pool.commitment,
        ask=ask_renter(case, pool, part.workloads),
    )


def _contract(case: Case, part: Part) -> Purchase:
    api, workloads = case.choice.apis[part.number], case.choice.workloads
    prices = [api.price_per_request[workloads[w].name] for w in part.workloads]
    cost, millions = api_per_month(case, part)
    new = [w for w in part.workloads if not _runs_there(case, w, part.number)]
    return Purchase(
        what=say(
            "{model} at {provider}, for {workloads}",
            model=api.offer.model,
            provider=api.offer.provider,
            workloads=names(case, part.workloads),
        ),
        place=Place.API,
        quantity=millions,
        unit=fixed("million tokens a month"),
        price=cost / millions,
        price_unit=fixed("million tokens, prompt and output together"),
        total=cost,
        total_unit=fixed("a month"),
        basis=worst(price.basis for price in prices),
        source=joined(list(dict.fromkeys(price.source for price in prices))),
        order_by=_order_by(case, part, case.choice.terms.lead_weeks_api.value, only=new),
        commitment=None,
        ask=ask_provider(case, api, part.workloads),
    )


def _runs_there(case: Case, w: int, a: int) -> bool:
    today, offer = case.choice.workloads[w].today, case.choice.apis[a].offer
    return today is not None and (today.provider, today.model) == (offer.provider, offer.model)


def first_day(case: Case, phase: int) -> dt.date:
    """Return the day on which a phase of the plan begins."""
    months = case.choice.phases[phase].first_month
    return case.choice.engagement.date + dt.timedelta(days=round(months * 365.25 / 12))


def _order_by(case: Case, part: Part, weeks: float, *, only: Sequence[int] | None = None) -> dt.date | None:
    """Return the day by which a part must be ordered, its lead time before the first day that needs it.

    That is the first ``needed_by`` of its workloads or, where the plan has the part later than at its start, the first
    day of that phase.
    """
    named = (case.choice.workloads[w].needed_by for w in (part.workloads if only is None else only))
    days = [date for date in named if date is not None]
    if part.phase > 0:
        days.append(first_day(case, part.phase))
    return min(days) - dt.timedelta(days=math.ceil(7 * weeks)) if days else None
