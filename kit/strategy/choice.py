"""From options and gates to a problem that can be solved, for each of the plans that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kit.demand.record import Demand
from kit.engagement.record import Engagement, Place, Workload
from kit.errors import PlanError
from kit.strategy.costs import levelised, replica_cost, staff_per_month
from kit.strategy.gates import gate_api, gate_pool, service_of
from kit.strategy.options import Api, Pool
from kit.strategy.plan import Flags, Floats, Plan, Problem, solve
from kit.strategy.terms import Terms
from kit.strategy.verdict import StrategyKind, Strike

LABELS = {
    StrategyKind.HYBRID: "Hybrid",
    StrategyKind.CLOUD: "All cloud",
    StrategyKind.RENTED: "All rented",
    StrategyKind.OWN: "All own",
}
_PURE = {StrategyKind.CLOUD: Place.API, StrategyKind.RENTED: Place.RENTED, StrategyKind.OWN: Place.OWN}


@dataclass(frozen=True)
class Choice:
    """Every workload against every option.

    Attributes:
        engagement, demand, terms: what it rests on.
        apis, pools: the options; pools that no workload may use are kept, so that the documents can say why.
        api_strikes: why a workload may not use an API, (W, A).
        pool_strikes: why a workload may not use a pool, (W, P).
        seconds: replica-seconds per request, (W, P), also where struck out.
        best_api: index of the cheapest permitted API of each workload, −1 for none, (W,).
        problem: the arrays with everything permitted.
    """

    engagement: Engagement
    demand: Demand
    terms: Terms
    apis: tuple[Api, ...]
    pools: tuple[Pool, ...]
    api_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    pool_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    seconds: Floats
    best_api: tuple[int, ...]
    problem: Problem

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads, in the engagement's order."""
        return self.engagement.workloads


@dataclass(frozen=True)
class Solved:
    """A plan of one kind.

    Attributes:
        kind: which.
        problem: the arrays with only what this kind permits.
        plan: the solution.
        exceptions: workloads that cannot follow the kind, each with the reason.
    """

    kind: StrategyKind
    problem: Problem
    plan: Plan
    exceptions: tuple[str, ...]


def choose(engagement: Engagement, demand: Demand, terms: Terms, apis: Sequence[Api], pools: Sequence[Pool]) -> Choice:
    """Put every workload through the gates of every option.

    Raises:
        PlanError: a workload is left without any option; names it and the option that comes nearest, with its strikes.
    """
    workloads = engagement.workloads
    seconds = np.array([[service_of(w, pool, terms).seconds for pool in pools] for w in workloads])
    seconds = seconds.reshape(len(workloads), len(pools))
    pool_strikes = [[gate_pool(w, pool, engagement, terms) for pool in pools] for w in workloads]
    keep = _worth_keeping(pools, seconds, pool_strikes)
    pools = tuple(pools[p] for p in keep)
    seconds = seconds[:, keep]
    pool_strikes = [[row[p] for p in keep] for row in pool_strikes]
    api_strikes = [[gate_api(w, api, engagement, terms) for api in apis] for w in workloads]
    for w, workload in enumerate(workloads):
        _check_possible(workload, (*apis, *pools), [*api_strikes[w], *pool_strikes[w]])

    best_api, api_price = [], np.full(len(workloads), np.nan)
    for w, workload in enumerate(workloads):
        permitted = [a for a in range(len(apis)) if not api_strikes[w][a]]
        best = min(permitted, key=lambda a: apis[a].price_per_request[workload.name].value, default=-1)
        best_api.append(best)
        if best >= 0:
            api_price[w] = apis[best].price_per_request[workload.name].value
    open_pairs = np.array([[not strikes for strikes in row] for row in pool_strikes], dtype=bool).reshape(seconds.shape)
    problem = Problem(
        requests=np.array([item.requests_per_hour for item in demand.workloads]),
        deferrable=np.array([item.deferrable for item in demand.workloads]),
        seconds=np.where(open_pairs, seconds, np.nan),
        api_price=api_price,
        replica_cost=np.array([levelised(replica_cost(pool, terms), terms) for pool in pools]),
        at_most=np.array([pool.at_most for pool in pools], dtype=float),
        pool_place=tuple(pool.place for pool in pools),
        staff_cost=staff_per_month(terms),
        headroom=terms.headroom.value,
        spare=round(terms.spare_replicas.value),
    )
    return Choice(
        engagement=engagement,
        demand=demand,
        terms=terms,
        apis=tuple(apis),
        pools=pools,
        api_strikes=tuple(map(tuple, api_strikes)),
        pool_strikes=tuple(map(tuple, pool_strikes)),
        seconds=seconds,
        best_api=tuple(best_api),
        problem=problem,
    )


def restrict(choice: Choice, kind: StrategyKind) -> tuple[Problem, tuple[str, ...]]:
    """Return the problem in which every workload that may follow a kind must, and the exceptions with their reasons."""
    if kind is StrategyKind.HYBRID:
        return choice.problem, ()
    problem, place = choice.problem, _PURE[kind]
    seconds, api_price = problem.seconds.copy(), problem.api_price.copy()
    of_place = np.array([pool.place is place for pool in choice.pools], dtype=bool)
    exceptions = []
    for w, workload in enumerate(choice.workloads):
        if place is Place.API and not np.isnan(api_price[w]):
            seconds[w] = np.nan
        elif place is not Place.API and (~np.isnan(seconds[w]) & of_place).any():
            seconds[w, ~of_place] = np.nan
            api_price[w] = np.nan
        else:
            exceptions.append(f"{workload.name}: {why_not(choice, w, place)}")
    return replace(problem, seconds=seconds, api_price=api_price), tuple(exceptions)


def solve_kind(choice: Choice, kind: StrategyKind, *, volume: float = 1.0) -> Solved:
    """Return the cheapest plan of one kind.

    Args:
        choice: the options.
        kind: hybrid for everything permitted, else one place as far as the gates allow.
        volume: factor on all requests.

    Raises:
        PlanError: the capacity on offer does not suffice.
    """
    problem, exceptions = restrict(choice, kind)
    scaled = replace(problem, requests=problem.requests * volume)
    return Solved(kind=kind, problem=scaled, plan=solve(scaled), exceptions=exceptions)


def why_not(choice: Choice, w: int, place: Place) -> str:
    """Return why a workload may not use a place: the first strike of the option with the fewest."""
    if place is Place.API:
        struck = list(choice.api_strikes[w])
    else:
        struck = [s for pool, s in zip(choice.pools, choice.pool_strikes[w], strict=True) if pool.place is place]
    if not struck:
        return f"no {'API' if place is Place.API else place.value + ' accelerator'} is on offer"
    nearest = min(struck, key=lambda strikes: (len(strikes), [strike.gate for strike in strikes]))
    return nearest[0].reason if nearest else "permitted"


def used_places(solved: Solved, pools: Sequence[Pool]) -> Flags:
    """Return whether own, rented and API are used, (3,)."""
    pool_used = [
        any(pool.place is place and count > 0 for pool, count in zip(pools, solved.plan.replicas, strict=True))
        for place in (Place.OWN, Place.RENTED)
    ]
    return np.array([*pool_used, bool(solved.plan.flow_api.sum() > 0)])


def _worth_keeping(pools: Sequence[Pool], seconds: Floats, strikes: list[list[tuple[Strike, ...]]]) -> list[int]:
    """Return the pools to consider: of one profile run at several concurrencies, those that are some workload's best.

    A profile that no workload may use keeps the level with the fewest strikes, so that the reason can be told.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for p, pool in enumerate(pools):
        key = (pool.offer.accelerator, pool.place, pool.renter, pool.model.name, pool.profile.name)
        groups.setdefault(key, []).append(p)
    keep: set[int] = set()
    for members in groups.values():
        best = set()
        for w in range(len(strikes)):
            if permitted := [p for p in members if not strikes[w][p]]:
                best.add(min(permitted, key=lambda p, w=w: seconds[w, p]))  # type: ignore[misc]
        keep |= best or {min(members, key=lambda p: sum(len(row[p]) for row in strikes))}
    return sorted(keep)


def _check_possible(workload: Workload, options: Sequence[Api | Pool], strikes: list[tuple[Strike, ...]]) -> None:
    if not options or all(strikes):
        nearest = min(zip(options, strikes, strict=True), key=lambda pair: len(pair[1]), default=None)
        if nearest is None:
            raise PlanError(f"workload {workload.name!r}: nothing on offer could serve it")
        why = "; ".join(f"{strike.reason} (to lift it: {strike.lift})" for strike in nearest[1])
        raise PlanError(f"workload {workload.name!r}: no option passes the gates; nearest: {nearest[0].label}: {why}")
