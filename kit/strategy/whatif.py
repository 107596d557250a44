"""The plan under other rules: other kinds of plan, what each rule and limit costs, and what a budget carries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.figures import joined
from kit.strategy import reasons
from kit.strategy.answers import Affordable, Alternative, ShadowPrice
from kit.strategy.choice import Choice, Solved
from kit.strategy.plan import solve
from kit.strategy.problem import Caps, Plan, Problem
from kit.strategy.strike import GATES, Strike
from kit.strategy.verdict import StrategyKind
from kit.wording import fixed, say

QUICK = 0.0
"""Seconds for a plan beside the main one: a first plan and its hours, without the proof."""

MATTERS = 2e-3
"""Share of the plan's cost below which a rule is said to cost nothing."""

MOST_LOAD = 16.0
"""Largest factor on today's volume that is looked at."""

HALVINGS = 6
_BEST = 3
_WORDS = {Place.OWN: fixed("own GPUs"), Place.RENTED: fixed("rented GPUs"), Place.API: fixed("cloud APIs")}


def alternatives(choice: Choice, best: Plan) -> tuple[Alternative, ...]:
    """Return the best plans that differ in kind, the cheapest first, three at most.

    A kind is where each workload mainly goes. The others are found by sending one workload after the other elsewhere,
    and by using some kinds of place only; where there are fewer than three, the best with other machines is added.

    Args:
        choice: the options.
        best: the plan with everything permitted.
    """
    found = {kind_of(choice, best): best}
    tries = [within(choice, places) for size in (1, 2) for places in itertools.combinations(Place, size)]
    main = kind_of(choice, best)
    tries += [sent(choice, w, place) for w in range(len(choice.workloads)) for place in Place if place is not main[w]]
    for problem in tries:
        try:
            plan = solve(problem, start=best, seconds=QUICK)
        except PlanError:
            continue
        kind = kind_of(choice, plan)
        if kind not in found or plan.cost < found[kind].cost:
            found[kind] = plan
    every = [(_label(choice, kind, main), kind, plan) for kind, plan in found.items()]
    if len(every) < _BEST and (other := _on_others(choice, best)) is not None:
        every.append((say("Other machines"), kind_of(choice, other), other))
    ordered = sorted(every, key=lambda item: item[2].cost)[:_BEST]
    return tuple(
        Alternative(
            label=label,
            places=tuple(place for place in Place if place in kind),
            npv=plan.cost,
            extra=plan.cost - ordered[0][2].cost,
            pools=tuple(
                say("{number} × {pool}", number=int(plan.replicas[:, p].max()), pool=choice.pools[p].label)
                for p in np.flatnonzero(plan.used)
            ),
        )
        for label, kind, plan in ordered
    )


def _on_others(choice: Choice, best: Plan) -> Plan | None:
    """Return the best plan with none of a plan's kinds of machine; ``None`` where it has none or needs them."""
    kinds = [(pool.place, pool.profile.accelerator, pool.profile.accelerators) for pool in choice.pools]
    taken = {kinds[p] for p in np.flatnonzero(best.used)}
    if not taken:
        return None
    seconds = choice.problem.seconds.copy()
    seconds[:, [kind in taken for kind in kinds]] = np.nan
    try:
        return solve(replace(choice.problem, seconds=seconds), seconds=QUICK)
    except PlanError:
        return None


def kind_of(choice: Choice, plan: Plan) -> tuple[Place, ...]:
    """Return the place that serves most of each workload over the horizon."""
    pool = plan.flow_pool.sum(axis=(0, 3))
    served = {
        place: pool[:, [one.place is place for one in choice.pools]].sum(axis=1) for place in (Place.OWN, Place.RENTED)
    }
    served[Place.API] = plan.flow_api.sum(axis=(0, 2, 3))
    return tuple(max(Place, key=lambda place: float(served[place][w])) for w in range(len(choice.workloads)))


def _label(choice: Choice, kind: tuple[Place, ...], main: tuple[Place, ...]) -> str:
    """Return what is other than in the plan with everything permitted."""
    if kind == main:
        return say("The hybrid")
    moved = {
        place: [w.name for w, now, was in zip(choice.workloads, kind, main, strict=True) if now is place is not was]
        for place in Place
    }
    return joined(
        [
            say("{workloads} on {place}", workloads=reasons.listed(names), place=_WORDS[place])
            for place, names in moved.items()
            if names
        ]
    )


def sent(choice: Choice, w: int, place: Place) -> Problem:
    """Return the problem in which one workload goes to one kind of place."""
    problem = choice.problem
    seconds, api_price = problem.seconds.copy(), problem.api_price.copy()
    seconds[w, [pool.place is not place for pool in choice.pools]] = np.nan
    if place is not Place.API:
        api_price[:, w] = np.nan
    return replace(problem, seconds=seconds, api_price=api_price)


def within(choice: Choice, places: Sequence[Place]) -> Problem:
    """Return the problem in which work stays within some kinds of place, as far as it may go there."""
    problem = choice.problem
    shut = np.array([pool.place not in places for pool in choice.pools], dtype=bool)
    seconds = np.where(shut[None, :], np.nan, problem.seconds)
    api_price = problem.api_price.copy() if Place.API in places else np.full_like(problem.api_price, np.nan)
    for w in range(len(seconds)):
        if np.isnan(seconds[w]).all() and np.isnan(api_price[:, w]).all():
            seconds[w], api_price[:, w] = problem.seconds[w], problem.api_price[:, w]
    return replace(problem, seconds=seconds, api_price=api_price)


def shadow_prices(choice: Choice, best: Solved) -> tuple[ShadowPrice, ...]:
    """Return what each rule and limit costs a year, the dearest first; those that cost nothing are left out.

    Each gate is lifted for one workload, all else as it is, and the plan made anew.
    """
    found = [*_limits(choice, best), *_gates(choice, best)]
    return tuple(sorted(found, key=lambda price: -price.saving_per_year))


def _gates(choice: Choice, best: Solved) -> Iterator[ShadowPrice]:
    currency = choice.engagement.currency
    for w, workload in enumerate(choice.workloads):
        struck = [*choice.api_strikes[w], *choice.pool_strikes[w]]
        for gate in sorted({strike.gate for strikes in struck for strike in strikes}):
            problem = lifted(choice, w, gate)
            if problem is None:
                continue
            try:
                plan = solve(problem, start=best.plan, seconds=QUICK)
            except PlanError:
                continue
            saving = best.plan.cost - plan.cost
            if saving <= MATTERS * best.plan.cost:
                continue
            label, strike = _opened(choice, plan, w, gate)
            if strike is None:
                continue
            yearly = 12 * saving / choice.months
            yield ShadowPrice(
                rule=gate,
                workload=workload.name,
                sentence=say(
                    "Without the gate on {gate} for {workload} the plan would cost {saving} a year less: it would go "
                    "to {option}. {reason}.",
                    gate=GATES[gate],
                    workload=workload.name,
                    saving=reasons.money(yearly, currency),
                    option=label,
                    reason=strike.reason,
                ),
                saving_per_year=yearly,
                goes_to=label,
                lift=strike.lift,
            )


def lifted(choice: Choice, w: int, gate: str) -> Problem | None:
    """Return the problem without one gate for one workload; ``None`` if that permits nothing more."""
    problem = choice.problem
    seconds, api_price = problem.seconds.copy(), problem.api_price.copy()
    opened = False
    for p, strikes in enumerate(choice.pool_strikes[w]):
        if strikes and {strike.gate for strike in strikes} == {gate}:
            seconds[w, p], opened = choice.seconds[w, p], True
    for a, strikes in enumerate(choice.api_strikes[w]):
        if strikes and {strike.gate for strike in strikes} == {gate} and not choice.apis[a].as_today:
            api_price[:, w, a], opened = choice.api_price[:, w, a], True
    if not opened:
        return None
    needs = problem.needs_spare & np.isnan(api_price).all(axis=(0, 2))
    stated = choice.engagement.operations.spare_replicas is not None
    return replace(problem, seconds=seconds, api_price=api_price, needs_spare=problem.needs_spare if stated else needs)


def _opened(choice: Choice, plan: Plan, w: int, gate: str) -> tuple[str, Strike | None]:
    """Return the option by which a workload profits most from a lifted gate, with the strike that kept it out."""
    flows = [
        (float(plan.flow_pool[:, w, p].sum()), pool.label, choice.pool_strikes[w][p])
        for p, pool in enumerate(choice.pools)
    ]
    flows += [
        (float(plan.flow_api[:, w, a].sum()), api.label, choice.api_strikes[w][a]) for a, api in enumerate(choice.apis)
    ]
    for flow, label, strikes in sorted(flows, key=lambda item: -item[0]):
        if flow > 0 and strikes and strikes[0].gate == gate:
            return label, strikes[0]
    return "", None


def _limits(choice: Choice, best: Solved) -> Iterator[ShadowPrice]:
    caps, currency = choice.problem.caps, choice.engagement.currency
    words = {
        "cost": fixed("budget (limits: cost_per_month)"),
        "capex": fixed("limit on purchases (limits: capex)"),
        "spend_share": fixed("limit on what one provider gets (limits: spend_share_per_provider)"),
        "co2": fixed("limit on CO2 (limits: co2_tonnes_per_year)"),
    }
    for name, text in words.items():
        if not np.isfinite(getattr(caps, name)):
            continue
        plan = solve(replace(choice.problem, caps=replace(caps, **{name: np.inf})), start=best.plan, seconds=QUICK)
        saving = best.plan.cost - plan.cost
        if saving > MATTERS * best.plan.cost:
            yearly = 12 * saving / choice.months
            yield ShadowPrice(
                rule=name,
                workload="",
                sentence=say(
                    "Without the {limit} the plan would cost {saving} a year less.",
                    limit=text,
                    saving=reasons.money(yearly, currency),
                ),
                saving_per_year=yearly,
                goes_to="",
                lift=say("the client"),
            )


def affordable(choice: Choice, best: Solved, plans: Sequence[Solved]) -> Affordable:
    """Return the largest load that a budget carries: the client's, else what it pays today, else the plan's cost.

    More volume never costs less, so the load is found by halving.
    """
    problem, meaning = replace(choice.problem, caps=Caps()), say("what the recommended plan costs")
    budget = best.plan.cost
    today = next((plan for plan in plans if plan.kind is StrategyKind.TODAY), None)
    if np.isfinite(choice.problem.caps.cost):
        budget, meaning = choice.problem.caps.cost, say("the client's budget")
    elif today is not None and today.plan.cost > budget:
        budget, meaning = today.plan.cost, say("what going on as today would cost, with growth, people and what is new")
    low, high, within_offers = 0.0, MOST_LOAD, False
    if _cost(problem, 1.0, best.plan) <= budget * (1 + 1e-9):
        low = 1.0
    else:
        high = 1.0
    step = 1.0
    while low and low + step < MOST_LOAD and _cost(problem, low + step, best.plan) <= budget:
        low += step
    if low:
        high = min(low + step, MOST_LOAD)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        cost = _cost(problem, middle, best.plan)
        if cost <= budget:
            low = middle
        else:
            high, within_offers = middle, not np.isfinite(cost)
    tokens = sum(item.tokens_per_day for item in choice.demand.workloads) / 1e6
    return Affordable(
        budget_per_month=budget / choice.months,
        meaning=meaning,
        factor=low,
        million_tokens_per_day=low * tokens,
        within_offers=within_offers,
    )


def _cost(problem: Problem, factor: float, start: Plan) -> float:
    try:
        return solve(replace(problem, requests=problem.requests * factor), start=start, seconds=QUICK).cost
    except PlanError:
        return np.inf
