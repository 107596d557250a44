"""Rows of the comparison about volume: what each side costs, fixed and by the token, and how it grows."""

from __future__ import annotations

import numpy as np

from kit.engagement.record import Place
from kit.figures import decimal, factor, money, months, number, percent, unit_price
from kit.record import Basis, worst
from kit.strategy.board import Case
from kit.strategy.board.sides import (
    DEMAND,
    GATES,
    PLANS,
    found,
    lead_weeks,
    local_place,
    local_pools,
    open_apis,
    plan_basis,
    served_at,
    solved_of,
    some,
    stated_for,
    strategy_of,
)
from kit.strategy.choice import growth_of
from kit.strategy.dossier import Aspect, Finding, Side
from kit.strategy.headline import SAME
from kit.strategy.verdict import Strategy
from kit.wording import fixed, say

PEAK_TO_MEAN = 4.0
"""Busiest hour over mean hour from which a load counts as bursty: machines for it are idle three quarters of the time.

Judgement.
"""


def peak_to_mean(case: Case, w: int | None = None) -> float:
    """Return the busiest hour of the first phase over its mean hour, of one workload or of all tokens together."""
    tokens = np.array([item.tokens_per_request for item in case.choice.demand.workloads])
    requests = case.choice.problem.requests[0]
    hours = tokens @ requests if w is None else requests[w]
    return float(hours.max() / hours.mean())


def growth(case: Case) -> float:
    """Return the relative change of all tokens in a year."""
    tokens = np.array([item.tokens_per_day for item in case.choice.demand.workloads])
    return float(growth_of(case.choice.engagement, case.choice.demand) @ tokens / tokens.sum())


def cloud_per_mtok(case: Case) -> tuple[float, Basis] | None:
    """Return the price of a million tokens, each workload at the cheapest API that it may use, with its worst basis.

    ``Σ requests · price ÷ Σ requests · tokens`` over the workloads that may use an API; ``None`` if none may.
    """
    choice = case.choice
    served = [w for w in range(len(choice.workloads)) if open_apis(case, w)]
    if not served:
        return None
    requests = choice.problem.requests[0].sum(axis=1)
    best = {w: choice.best_api[w] for w in served}
    tokens = {w: choice.demand.workloads[w].tokens_per_request for w in served}
    bill = sum(requests[w] * choice.problem.api_price[0, w, best[w]] for w in served)
    bases = [choice.apis[best[w]].price_per_request[choice.workloads[w].name].basis for w in served]
    return float(bill / sum(requests[w] * tokens[w] for w in served) * 1e6), worst(bases)


def by_the_token(strategy: Strategy) -> float:
    """Return the share of a plan's cash over the horizon that is paid by the token, resale not set off."""
    api = sum(year.api for year in strategy.cash)
    return api / spent(strategy) if spent(strategy) else 0.0


def spent(strategy: Strategy) -> float:
    """Return a plan's cash out over the horizon, not discounted, resale not set off."""
    return sum(
        year.capex + year.energy_and_space + year.maintenance + year.staff + year.rent + year.api + year.move
        for year in strategy.cash
    )


def cost(case: Case) -> Aspect:
    """Return what the plan of each side costs, how much of it is fixed, and what a million tokens comes to.

    Better is the side whose plan costs less by more than a thousandth; each plan keeps to the rules, so that what one
    side may not serve is paid for at the other.
    """
    cloud, local = strategy_of(case, Place.API), strategy_of(case, local_place(case))
    better: Side | None = None
    if cloud and local and abs(cloud.cost_per_month - local.cost_per_month) > SAME * cloud.cost_per_month:
        better = "cloud" if cloud.cost_per_month < local.cost_per_month else "local"
    return Aspect(
        key="cost",
        name=fixed("Cost structure"),
        cloud=_cloud_cost(case, cloud),
        local=_local_cost(case, local),
        better=better,
    )


def _cloud_cost(case: Case, plan: Strategy | None) -> Finding:
    price, solved = cloud_per_mtok(case), solved_of(case, plan)
    if plan is None or price is None or solved is None:
        return found(
            say("No workload may use a cloud API that is on offer, so there is no cloud plan to price."), [GATES]
        )
    currency = case.choice.engagement.currency
    values = {
        "cost": money(plan.cost_per_month, currency),
        "share": percent(by_the_token(plan)),
        "price": unit_price(price[0], currency),
    }
    may = served_at(case, Place.API)
    stays = [workload.name for workload in case.choice.workloads if workload.name not in may]
    if stays:
        text = say(
            "The cloud plan costs {cost} a month, {share} of its cash paid by the token; it has to keep {stays} on "
            "machines. A million tokens costs {price} at the cheapest APIs that pass, whatever the volume.",
            stays=some(stays),
            **values,
        )
    else:
        text = say(
            "The cloud plan costs {cost} a month, {share} of its cash paid by the token. A million tokens costs "
            "{price} at the cheapest APIs that pass, whatever the volume.",
            **values,
        )
    return found(text, [PLANS], [plan_basis(case, solved), price[1]])


def _local_cost(case: Case, plan: Strategy | None) -> Finding:
    solved = solved_of(case, plan)
    if plan is None or solved is None:
        return found(
            say("No workload may use a machine that is on offer, so there is no local plan to price."), [GATES]
        )
    currency = case.choice.engagement.currency
    values = {"cost": money(plan.cost_per_month, currency), "share": percent(1 - by_the_token(plan))}
    if local_place(case) is Place.OWN:
        text = say("The plan on own machines costs {cost} a month, {share} of its cash whatever the volume.", **values)
    else:
        text = say("The plan on rented machines costs {cost} a month, {share} of its cash not by the token.", **values)
    pools = [pool for pool in local_pools(case) if pool.cost_per_mtok and pool.cost_per_mtok_full]
    if pools:
        month = sum(pool.cost_per_month for pool in pools)
        load = month / sum(pool.cost_per_month / (pool.cost_per_mtok or 1) for pool in pools)
        full = month / sum(pool.cost_per_month / (pool.cost_per_mtok_full or 1) for pool in pools)
        prices = {"load": unit_price(load, currency), "full": unit_price(full, currency)}
        if plan.payback_months is not None:
            text = say(
                "{plan} A million tokens on the machines costs {load} at today's load and {full} if they were full, "
                "people not counted; the purchase is back after {months}.",
                plan=text,
                months=months(plan.payback_months),
                **prices,
            )
        elif not served_at(case, Place.API):
            text = say(
                "{plan} A million tokens on the machines costs {load} at today's load and {full} if they were full, "
                "people not counted.",
                plan=text,
                **prices,
            )
        else:
            text = say(
                "{plan} A million tokens on the machines costs {load} at today's load and {full} if they were full, "
                "people not counted; nothing spent at first comes back against the cloud plan.",
                plan=text,
                **prices,
            )
    return found(text, [PLANS], [plan_basis(case, solved)])


def scalability(case: Case) -> Aspect:
    """Return how uneven the load is, how fast it grows, and how much room each side has for it.

    Better is the cloud where any workload may use it and the load is bursty or grows, for machines have to be bought
    for the peak; neither is better where the load is level and stays as it is.
    """
    uneven = peak_to_mean(case) >= PEAK_TO_MEAN or growth(case) > 0
    return Aspect(
        key="scalability",
        name=fixed("Scalability"),
        cloud=_cloud_scale(case),
        local=_local_scale(case),
        better="cloud" if uneven and served_at(case, Place.API) else None,
    )


def _cloud_scale(case: Case) -> Finding:
    shapes = [item.shape.basis for item in case.choice.demand.workloads]
    values = {"ratio": factor(peak_to_mean(case)), "growth": percent(growth(case))}
    if not served_at(case, Place.API):
        text = say(
            "The busiest hour is {ratio} the mean hour and the volume changes by {growth} a year; no API may "
            "carry any of it.",
            **values,
        )
    else:
        text = say(
            "The busiest hour is {ratio} the mean hour and the volume changes by {growth} a year; an API is paid for "
            "what is used. The rate limits of the APIs are not known: have them in the contract.",
            **values,
        )
    return found(text, [DEMAND], shapes)


def _local_scale(case: Case) -> Finding:
    place, pools = local_place(case), local_pools(case)
    if place is None or not pools:
        return found(say("No workload may use a machine that is on offer, so nothing would have to grow."), [GATES])
    weeks = lead_weeks(case, place)
    fullest = max(pools, key=lambda pool: pool.peak_utilisation)
    values = {
        "peak": percent(fullest.peak_utilisation),
        "pool": fullest.label,
        "spare": decimal(fullest.spare),
        "weeks": number(weeks.value),
    }
    text = say(
        "In its busiest hour {pool} uses {peak} of the capacity that is planned, spare replicas: {spare}. A further "
        "machine takes {weeks} weeks.",
        **values,
    )
    profiles = {pool.profile.name: pool.profile.basis for pool in case.choice.pools}
    return found(text, [PLANS, stated_for(place)[0]], [*(profiles[pool.profile] for pool in pools), weeks.basis])
