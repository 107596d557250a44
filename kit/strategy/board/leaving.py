"""How the client gets out of each part of the plan, priced by the plan's own rules at the end of the first year."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kit.engagement.record import Commitment, Place
from kit.figures import joined, listed, months, percent
from kit.pricing.ownership import present_value
from kit.strategy.board import Case
from kit.strategy.board.asking import in_weeks, lead
from kit.strategy.board.procured import Part, api_parts, names, pool_parts
from kit.strategy.costs import lasts, start_parts, worth
from kit.strategy.dossier import Exit
from kit.strategy.posing import WEEKS_PER_YEAR
from kit.wording import fixed, say

YEAR = 12
"""Months after which the exit is priced."""


def exits(case: Case) -> tuple[Exit, ...]:
    """Return how the client gets out of each pool, of each API, and what stays with it whatever it leaves."""
    pools = [
        (_sold if case.choice.pools[part.number].place is Place.OWN else _given_back)(case, part)
        for part in pool_parts(case)
    ]
    return (*pools, *(_left(case, part) for part in api_parts(case)), *_kept(case))


def resale(case: Case, p: int) -> float | None:
    """Return what the machines of a pool bring after a year, present value; ``None`` if nothing says.

    By the rule of :func:`kit.strategy.costs.start_parts`: a straight line between the purchase and the share that the
    terms state for the end of the horizon.

    Args:
        case: the case.
        p: number of the pool.
    """
    choice, starts = case.choice, case.best.plan.starts[p]
    if choice.problem.capex is None or choice.terms.months <= YEAR:
        return None
    lost = 1 - choice.terms.residual_share.value
    value = sum(
        float(starts[z] * choice.problem.capex[p, z]) * (1 - lost * (YEAR - phase.first_month) / choice.terms.months)
        for z, phase in enumerate(choice.phases)
        if phase.first_month < YEAR
    )
    return present_value(value, rate_per_year=choice.terms.discount_rate.value, months=YEAR)


def still_bound(case: Case, p: int) -> float:
    """Return the rent that reserved machines of a pool still have to be paid after a year, present value.

    Args:
        case: the case.
        p: number of the pool.
    """
    choice, owed = case.choice, 0.0
    monthly = worth(choice.phases, choice.terms)
    parts = start_parts(choice.pools[p], choice.terms, choice.phases)["rent"]
    for z, phase in enumerate(choice.phases):
        number = int(case.best.plan.starts[p, z])
        if not number or phase.first_month >= YEAR:
            continue
        stay = slice(z, z + lasts(choice.pools[p], choice.phases))
        paid = float(parts[z] / monthly[stay].sum())
        last = min(phase.first_month + round(12 * (choice.pools[p].term_years or 1.0)), choice.terms.months)
        owed += sum(
            number * paid * present_value(1.0, rate_per_year=choice.terms.discount_rate.value, months=month)
            for month in range(YEAR + 1, last + 1)
        )
    return owed


def _sold(case: Case, part: Part) -> Exit:
    pool, brings = case.choice.pools[part.number], resale(case, part.number)
    nothing = not pool.price.value
    how = [
        fixed("The machines are the client's and stay for other work.")
        if nothing
        else say(
            "Sell the machines; the plan counts on {share} of their price at the end of the horizon, and on a straight "
            "line to it.",
            share=percent(case.choice.terms.residual_share.value),
        ),
        *_elsewhere(case, part),
    ]
    return Exit(
        what=part.label,
        how=joined(how, " "),
        cost=None if nothing or brings is None else -brings,
        notice=_until_elsewhere(case, part),
    )


def _elsewhere(case: Case, part: Part) -> Iterator[str]:
    """Yield where the work of a pool may go, and what may go nowhere."""
    best = case.choice.best_api
    could = [w for w in part.workloads if best[w] >= 0]
    bound = [w for w in part.workloads if best[w] < 0]
    if could:
        labels = list(dict.fromkeys(case.choice.apis[best[w]].label for w in could))
        yield say("{workloads} may go to {apis}.", workloads=names(case, could), apis=listed(labels))
    if bound:
        other = [w for w in bound if _machines_for(case, w, without=part.number)]
        none = [w for w in bound if w not in other]
        if other:
            yield say("{workloads} may go to other machines, to no API.", workloads=names(case, other))
        if none:
            yield say("No other place is permitted for {workloads}.", workloads=names(case, none))


def _machines_for(case: Case, w: int, *, without: int | None = None) -> list[int]:
    """Return the numbers of the pools that a workload may use, one left out."""
    open_pools = np.flatnonzero(~np.isnan(case.choice.problem.seconds[w]))
    return [int(p) for p in open_pools if p != without]


def _until_elsewhere(case: Case, part: Part) -> str:
    """Return how long it takes until all the work of a pool is served elsewhere, as far as it is known."""
    weeks = [_weeks(case, w, part.number) for w in part.workloads]
    known = [each for each in weeks if each is not None]
    if len(known) < len(weeks) or not known:
        return fixed("not known: another place has to be found first")
    return say("{weeks} until it is served elsewhere", weeks=in_weeks(max(known)))


def _weeks(case: Case, w: int, p: int) -> float | None:
    """Return the weeks until a workload is served at an API or, if none is permitted, on another pool."""
    if case.choice.best_api[w] >= 0:
        return case.choice.terms.lead_weeks_api.value
    others = _machines_for(case, w, without=p)
    return min((lead(case, case.choice.pools[other]).value for other in others), default=None)


def _given_back(case: Case, part: Part) -> Exit:
    pool = case.choice.pools[part.number]
    term = months(12 * (pool.term_years or 1.0))
    reserved = pool.commitment is Commitment.RESERVED
    how = [
        say("The rent runs to the end of the term of {time}; what ends it earlier is for the contract.", time=term)
        if reserved
        else fixed("Switch the machines off: they are paid by the hour."),
        *_elsewhere(case, part),
    ]
    return Exit(
        what=part.label,
        how=joined(how, " "),
        cost=still_bound(case, part.number) if reserved else 0.0,
        notice=say("to the end of the term of {time}", time=term) if reserved else _until_elsewhere(case, part),
    )


def _left(case: Case, part: Part) -> Exit:
    """Return the way out of an API: to the open model that passed the gates, else to the next API."""
    choice, terms = case.choice, case.choice.terms
    pools = {w: _machines_for(case, w) for w in part.workloads}
    movable = [w for w in part.workloads if pools[w]]
    cost = None
    if len(movable) == len(part.workloads):
        work = len(movable) * terms.migration_weeks_own.value / WEEKS_PER_YEAR * terms.staff_cost_per_year.value
        cost = present_value(work, rate_per_year=terms.discount_rate.value, months=YEAR)
        places = [choice.pools[p] for w in movable for p in pools[w]]
        notice = say("no term; {weeks} until machines serve", weeks=in_weeks(min(lead(case, p).value for p in places)))
    elif all(pools[w] or _next_api(case, w, part.number) is not None for w in part.workloads):
        notice = say("no term; {weeks} until another API serves", weeks=in_weeks(terms.lead_weeks_api.value))
    else:
        notice = fixed("no term; not known: another model has to be found first")
    return Exit(what=part.label, how=joined(list(_ways(case, part, pools)), " "), cost=cost, notice=notice)


def _ways(case: Case, part: Part, pools: dict[int, list[int]]) -> Iterator[str]:
    choice = case.choice
    for w in part.workloads:
        name, other = choice.workloads[w].name, _next_api(case, w, part.number)
        if pools[w]:
            models = list(dict.fromkeys(choice.pools[p].model.name for p in pools[w]))
            yield say(
                "{workload}: {models} passed the gates, and an own engine speaks the OpenAI protocol.",
                workload=name,
                models=listed(models, last=fixed("or")),
            )
        if other is not None:
            yield say("{workload}: the next API is {api}.", workload=name, api=choice.apis[other].label)
        elif not pools[w]:
            yield say("{workload}: nothing else that is on offer passed the gates.", workload=name)


def _next_api(case: Case, w: int, a: int) -> int | None:
    """Return the number of the cheapest API that a workload may use beside one; ``None`` if there is no other."""
    price = case.choice.problem.api_price[0, w].copy()
    price[a] = np.nan
    return None if np.isnan(price).all() else int(np.nanargmin(price))


def _kept(case: Case) -> Iterator[Exit]:
    """Yield what stays with the client: its prompts and answers and, where a machine serves, the open weights."""
    used = [case.choice.pools[part.number].model for part in pool_parts(case)]
    models = {model.name: model for model in used}
    how = [
        fixed("Logs, prompts and test cases are the client's, if it keeps them itself from the first day."),
        *(
            say("The weights of {model} stay with the client ({licence}).", model=model.name, licence=model.licence)
            for model in models.values()
        ),
    ]
    if any(True for _ in api_parts(case)):
        how.append(fixed("The weights of an API's model never do."))
    yield Exit(what=fixed("data and weights"), how=joined(how, " "), cost=None, notice=fixed("at once"))
