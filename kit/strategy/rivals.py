"""Which plans are another way, and which only another name for the same: plans are told apart by where work goes."""

from __future__ import annotations

from collections.abc import Sequence

from kit.engagement.record import Place
from kit.strategy.choice import Solved

SAME = 1e-3
"""Plans whose costs differ by less than this share count as equally cheap."""

SHOWS = 0.01
"""Share of a workload's requests over the horizon from which it is said to be at a place. Judgement."""

Places = tuple[frozenset[Place], ...]
"""The kinds of place at which each workload is, in the engagement's order."""


def places_of(solved: Solved) -> Places:
    """Return the kinds of place at which a plan has each workload."""
    plan, problem = solved.plan, solved.problem
    total = problem.requests.sum(axis=(0, 2))
    pools, apis = plan.flow_pool.sum(axis=(0, 3)), plan.flow_api.sum(axis=(0, 2, 3))
    found = []
    for w, requests in enumerate(total):
        served = dict.fromkeys(Place, 0.0)
        served[Place.API] = float(apis[w])
        for p, place in enumerate(problem.pool_place):
            served[place] += float(pools[w, p])
        found.append(frozenset(place for place, flow in served.items() if flow > SHOWS * requests))
    return tuple(found)


def differs(plan: Solved, other: Solved) -> bool:
    """Tell whether a plan is another way: it has some workload at another kind of place, and costs something else.

    Two plans that have everything at the same places are variants of one way, such as APIs and the same APIs used
    better: a board that asks "against what?" means neither.
    """
    dearer = abs(plan.plan.cost - other.plan.cost) > SAME * abs(other.plan.cost)
    return dearer and places_of(plan) != places_of(other)


def rivals(plans: Sequence[Solved], *, first: int = 0, candidates: Sequence[int] | None = None) -> list[int]:
    """Return the candidates that are another way than the first plan, by index."""
    every = range(len(plans)) if candidates is None else candidates
    return [i for i in every if i != first and differs(plans[i], plans[first])]


def alike(plans: Sequence[Solved]) -> tuple[int, ...]:
    """Return for each plan the index of the first that has all work at the same kinds of place, (plans,)."""
    places = [places_of(plan) for plan in plans]
    return tuple(places.index(one) for one in places)
