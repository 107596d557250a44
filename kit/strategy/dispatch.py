"""What a plan costs when volumes, speeds and prices are other than it was made for.

A plan keeps its replicas; in each future the hours are dispatched anew. Work that may go nowhere else makes the plan
grow by whole replicas if it has to. Within a pool the hour goes first to work that has no other place, then to the work
that would cost most at its API per second of a replica: for one pool that is the optimum (a fractional knapsack).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kit.engagement.record import HOURS_OF_DAY, Place
from kit.pricing.ownership import annuity_factor, present_value
from kit.strategy.choice import Choice, Solved
from kit.strategy.costs import replica_cost, staff_per_month
from kit.strategy.plan import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Floats, Problem

DRIVERS = ("volume", "throughput", "API prices", "GPU rents", "GPU purchase prices", "energy and space", "staff")
"""The columns of a matrix of futures: factors on what is taken to be."""


def price_plan(choice: Choice, solved: Solved, factors: Floats) -> Floats:
    """Return the NPV of a plan in each future, engagement's currency, (S,).

    Args:
        choice: the options and terms.
        solved: the plan; each workload stays with the pool that serves most of it.
        factors: (S, D), columns as in :data:`DRIVERS`.
    """
    return price(
        choice, solved.problem, home=main_pool(solved), replicas=solved.plan.replicas.tolist(), factors=factors
    )


def price(
    choice: Choice,
    problem: Problem,
    *,
    home: Sequence[int],
    replicas: Sequence[int],
    factors: Floats,
    within_offers: bool = False,
) -> Floats:
    """Return the NPV in each future of a plan that is given by its pools, engagement's currency, (S,).

    Args:
        choice: the options and terms.
        problem: what has to be served, and at which prices.
        home: the pool of each workload, −1 for none.
        replicas: of each pool, spare included.
        factors: (S, D), columns as in :data:`DRIVERS`.
        within_offers: a future that needs more replicas than are on offer costs infinitely much.
    """
    volume, speed, api, rent, purchase, energy, staff = factors.T
    terms = choice.terms
    months, rate = terms.months, terms.discount_rate.value
    annuity = annuity_factor(rate, months)
    monthly = np.zeros(len(factors))
    npv = np.zeros(len(factors))
    left = problem.requests[None] * volume[:, None, None]
    places = set()
    for p, pool in enumerate(choice.pools):
        members = [w for w in range(len(home)) if home[w] == p]
        if not members and not replicas[p]:
            continue
        count, left = _dispatch(problem, p, have=replicas[p], members=members, left=left, speed=speed)
        if within_offers:
            npv[count > problem.at_most[p]] = np.inf
        cost = replica_cost(pool, terms)
        residual = present_value(cost.residual, rate_per_year=rate, months=months)
        npv += count * purchase * (cost.capex - residual)
        monthly += count * (cost.energy_and_space * energy + cost.maintenance * purchase + cost.rent * rent)
        places.add(pool.place)
    price = np.nan_to_num(problem.api_price)
    monthly += WEEKS_PER_MONTH * np.einsum("swh,w->s", left, price) * api
    if left.sum() > 0:
        places.add(Place.API)
    monthly += sum(staff_per_month(terms)[place] for place in places) * staff
    total: Floats = npv + monthly * annuity
    return total


def main_pool(solved: Solved) -> list[int]:
    """Return for each workload the pool that serves most of it, −1 for none."""
    served = solved.plan.flow_pool.sum(axis=2)
    if served.shape[1] == 0:
        return [-1] * len(served)
    return [int(row.argmax()) if row.max() > 0 else -1 for row in served]


def _dispatch(
    problem: Problem, p: int, *, have: int, members: Sequence[int], left: Floats, speed: Floats
) -> tuple[Floats, Floats]:
    """Return the replicas of pool ``p`` in each future, (S,), and the requests that it leaves over, (S, W, H)."""
    seconds = problem.seconds[:, p]
    bound = [w for w in members if np.isnan(problem.api_price[w])]
    per_replica = SECONDS_PER_HOUR * problem.headroom
    # Work that cannot leave needs its busiest hour, and with what can wait its busiest day.
    at_once = sum((left[:, w] * seconds[w] for w in bound if not problem.deferrable[w]), np.zeros_like(left[:, 0]))
    in_all = sum((left[:, w] * seconds[w] for w in bound), np.zeros_like(left[:, 0]))
    by_day = in_all.reshape(len(in_all), -1, HOURS_OF_DAY).mean(axis=2)
    need = np.maximum(at_once.max(axis=1), by_day.max(axis=1)) / (per_replica * speed)
    replicas = np.maximum(float(have), np.ceil(need - 1e-6) + (problem.spare if bound else 0))
    room = np.repeat(((replicas - problem.spare) * per_replica * speed)[:, None], problem.requests.shape[1], axis=1)
    left = left.copy()
    rest = [w for w in members if w not in bound]
    rest.sort(key=lambda w: -problem.api_price[w] / seconds[w])
    # What can wait takes the room that the others leave, whatever its price.
    for w in sorted([*bound, *rest], key=lambda w: bool(problem.deferrable[w])):
        if problem.deferrable[w]:
            days = room.reshape(len(room), -1, HOURS_OF_DAY)
            wanted = left[:, w].reshape(days.shape) * seconds[w]
            share = np.minimum(1, wanted.sum(axis=2) / np.maximum(days.sum(axis=2), 1e-9))
            taken = (days * share[..., None]).sum(axis=2)
            over = 1 - np.minimum(1, taken / np.maximum(wanted.sum(axis=2), 1e-9))
            left[:, w] = (left[:, w].reshape(days.shape) * over[..., None]).reshape(left[:, w].shape)
            room = (days * (1 - share[..., None])).reshape(room.shape)
        else:
            served = np.minimum(left[:, w], room / seconds[w])
            left[:, w] -= served
            room = room - served * seconds[w]
        if w in bound:
            left[:, w] = 0
    return replicas, left
