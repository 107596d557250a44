"""From options and gates to a problem that can be solved, for each of the plans that are compared."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kit.demand.record import Demand, WorkloadDemand
from kit.engagement.record import Commitment, Engagement, Place, Workload
from kit.errors import PlanError
from kit.figures import plain
from kit.strategy import reasons
from kit.strategy.costs import Phase, phases_of, trend
from kit.strategy.gates import FASTER, gate_all, gate_api, service_of
from kit.strategy.headroom import Headroom, headroom
from kit.strategy.options import Api, Pool
from kit.strategy.plan import solve
from kit.strategy.posing import pose
from kit.strategy.problem import (
    SECONDS_PER_HOUR,
    Caps,
    Flags,
    Floats,
    Plan,
    Problem,
)
from kit.strategy.strike import LAW, Strike
from kit.strategy.terms import Terms
from kit.strategy.verdict import StrategyKind
from kit.strategy.ways import network_s
from kit.wording import fixed, say

LABELS = {
    StrategyKind.HYBRID: fixed("Hybrid"),
    StrategyKind.CLOUD: fixed("All cloud"),
    StrategyKind.RENTED: fixed("All rented"),
    StrategyKind.OWN: fixed("All own"),
    StrategyKind.BETTER: fixed("Today's API used better"),
    StrategyKind.TODAY: fixed("As today"),
}
_NOT_OFFERED = {
    Place.OWN: fixed("no own accelerator is on offer"),
    Place.RENTED: fixed("no rented accelerator is on offer"),
    Place.API: fixed("no API is on offer"),
}
_PURE = {StrategyKind.CLOUD: Place.API, StrategyKind.RENTED: Place.RENTED, StrategyKind.OWN: Place.OWN}
SECONDS = 10.0
"""For the search for each plan; what was proven by then is in the verdict."""

USUAL_FILL = 0.8
"""How full replicas are taken to be for the number among which a workload's bursts are spread."""


@dataclass(frozen=True)
class Choice:
    """Every workload against every option.

    Attributes:
        engagement, demand, terms: what it rests on.
        apis, pools: the options; pools that no workload may use are kept, so that the documents can say why.
        api_strikes: why a workload may not use an API, (W, A).
        pool_strikes: why a workload may not use a pool, (W, P).
        headrooms: how full a replica may be planned for a workload, (W, P); ``None`` where the pool is struck.
        seconds: replica-seconds per request as planned for, headroom included, (W, P), also where struck out.
        api_price: price per request, (Y, W, A), also where struck out; NaN where it is today's of another workload.
        phases: of the horizon.
        problem: the arrays with everything permitted.
    """

    engagement: Engagement
    demand: Demand
    terms: Terms
    apis: tuple[Api, ...]
    pools: tuple[Pool, ...]
    api_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    pool_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    headrooms: tuple[tuple[Headroom | None, ...], ...]
    seconds: Floats
    api_price: Floats
    phases: tuple[Phase, ...]
    problem: Problem

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads, in the engagement's order."""
        return self.engagement.workloads

    @property
    def best_api(self) -> tuple[int, ...]:
        """Index of the cheapest permitted API of each workload, −1 for none, (W,)."""
        first = self.problem.api_price[0]
        return tuple(-1 if np.isnan(row).all() else int(np.nanargmin(row)) for row in first)

    @property
    def starts(self) -> tuple[dt.date, ...]:
        """First day of each phase."""
        days = (dt.timedelta(days=round(phase.first_month * 365.25 / 12)) for phase in self.phases)
        return tuple(self.engagement.date + later for later in days)

    @property
    def months(self) -> float:
        """What one a month over the horizon is worth today: net present value ÷ this is the cost per month."""
        return float(self.problem.months.sum())


@dataclass(frozen=True)
class Solved:
    """A plan of one kind.

    Attributes:
        kind: which.
        problem: the arrays with only what this kind permits.
        plan: the solution.
        exceptions: workloads that cannot follow the kind, each with the reason.
        breaks: rules that it breaks, each with the workload; only what the client does today may.
    """

    kind: StrategyKind
    problem: Problem
    plan: Plan
    exceptions: tuple[str, ...]
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sieve:
    """What the gates and the simulation of busy hours leave of the options; independent of prices and of growth.

    Attributes:
        keep: indices of the pools to consider, with those that no workload may use, so that the documents can say why.
        api_strikes, pool_strikes, headrooms: as in :class:`Choice`.
        seconds: replica-seconds per request as planned for, headroom included, (W, P), also where struck out.
    """

    keep: tuple[int, ...]
    api_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    pool_strikes: tuple[tuple[tuple[Strike, ...], ...], ...]
    headrooms: tuple[tuple[Headroom | None, ...], ...]
    seconds: Floats


def choose(engagement: Engagement, demand: Demand, terms: Terms, apis: Sequence[Api], pools: Sequence[Pool]) -> Choice:
    """Put every workload through the gates of every option.

    Raises:
        PlanError: a workload is left without any option; names it and the option that comes nearest, with its strikes.
    """
    sieve = sift(engagement, demand, terms, apis, pools)
    return weigh(sieve, engagement, demand, terms, apis=apis, pools=pools)


def sift(engagement: Engagement, demand: Demand, terms: Terms, apis: Sequence[Api], pools: Sequence[Pool]) -> Sieve:
    """Return what the gates and the simulation of busy hours leave of the options.

    Raises:
        PlanError: as :func:`choose`.
    """
    workloads = engagement.workloads
    by_pool = [gate_all(pool, engagement, terms) for pool in pools]
    pool_strikes = [[strikes[w] for strikes in by_pool] for w in range(len(workloads))]
    # What is struck anyway needs no simulation.
    rooms = [
        [
            None if pool_strikes[w][p] else _headroom(engagement, workload, item, pool, terms)
            for p, pool in enumerate(pools)
        ]
        for w, (workload, item) in enumerate(_pairs(engagement, demand))
    ]
    for w, workload in enumerate(workloads):
        for p, pool in enumerate(pools):
            room = rooms[w][p]
            if room is not None and room.share <= 0:
                pool_strikes[w][p] = (_overwhelmed(workload, pool, room),)
    seconds = np.array(
        [
            [_planned(workload, pool, rooms[w][p], terms) for p, pool in enumerate(pools)]
            for w, workload in enumerate(workloads)
        ]
    ).reshape(len(workloads), len(pools))
    keep = _worth_keeping(pools, seconds, pool_strikes)
    sieve = Sieve(
        keep=tuple(keep),
        api_strikes=tuple(tuple(gate_api(w, api, engagement, terms) for api in apis) for w in workloads),
        pool_strikes=tuple(tuple(row[p] for p in keep) for row in pool_strikes),
        headrooms=tuple(tuple(row[p] for p in keep) for row in rooms),
        seconds=seconds[:, keep],
    )
    offered = [a for a, api in enumerate(apis) if not api.as_today]
    for w, workload in enumerate(workloads):
        _check_possible(
            workload,
            (*(apis[a] for a in offered), *(pools[p] for p in keep)),
            [*(sieve.api_strikes[w][a] for a in offered), *sieve.pool_strikes[w]],
        )
    return sieve


def weigh(
    sieve: Sieve,
    engagement: Engagement,
    demand: Demand,
    terms: Terms,
    *,
    apis: Sequence[Api],
    pools: Sequence[Pool],
) -> Choice:
    """Return the choice among what a sieve left, at the prices and the growth of an engagement.

    Args:
        sieve: of the same workloads, offers and rules; prices, volumes and growth may have changed since.
        engagement: limits and care, and the growth of each workload.
        demand: what has to be served.
        terms: money and operations.
        apis: the options that the sieve was made of.
        pools: likewise, all of them.
    """
    growth = growth_of(engagement, demand)
    changes = (
        terms.api_price_change_per_year.value,
        terms.rent_change_per_year.value,
        terms.purchase_price_change_per_year.value,
    )
    phases = phases_of(terms, changing=bool(growth.any() or any(changes)))
    workloads, pools = engagement.workloads, tuple(pools[p] for p in sieve.keep)
    prices = np.array([[_price(api, workload) for api in apis] for workload in workloads]).reshape(len(workloads), -1)
    api_price = prices[None] * trend(terms.api_price_change_per_year.value, phases)[:, None, None]
    open_pools = _open(sieve.pool_strikes, sieve.seconds.shape)
    open_apis = _open(sieve.api_strikes, prices.shape) & ~np.array([api.as_today for api in apis], dtype=bool)
    requests = np.array([item.requests_per_hour for item in demand.workloads])
    years = np.array([phase.years_on for phase in phases])
    problem = pose(
        engagement,
        terms,
        apis,
        pools,
        phases,
        requests=requests[None] * ((1 + growth)[None] ** years[:, None])[..., None],
        deferrable=np.array([item.deferrable for item in demand.workloads]),
        seconds=np.where(open_pools, sieve.seconds, np.nan),
        api_price=np.where(open_apis[None], api_price, np.nan),
    )
    return Choice(
        engagement=engagement,
        demand=demand,
        terms=terms,
        apis=tuple(apis),
        pools=pools,
        api_strikes=sieve.api_strikes,
        pool_strikes=sieve.pool_strikes,
        headrooms=sieve.headrooms,
        seconds=sieve.seconds,
        api_price=api_price,
        phases=phases,
        problem=problem,
    )


def _open(strikes: tuple[tuple[tuple[Strike, ...], ...], ...], shape: tuple[int, ...]) -> Flags:
    """Return what nothing strikes, of the shape given."""
    return np.array([[not struck for struck in row] for row in strikes], dtype=bool).reshape(shape)


def growth_of(engagement: Engagement, demand: Demand) -> Floats:
    """Return the relative change of the requests in a year, (W,): as the client says, else as logs show, else none."""
    known = [workload.growth_per_year or item.growth_per_year for workload, item in _pairs(engagement, demand)]
    return np.array([figure.value if figure is not None else 0.0 for figure in known])


def restrict(choice: Choice, kind: StrategyKind) -> tuple[Problem, tuple[str, ...]]:
    """Return the problem in which every workload that may follow a kind must, and the exceptions with their reasons."""
    if kind is StrategyKind.HYBRID:
        return choice.problem, ()
    if kind in (StrategyKind.TODAY, StrategyKind.BETTER):
        return _as_now(choice, kind)
    problem, place = choice.problem, _PURE[kind]
    seconds, api_price = problem.seconds.copy(), problem.api_price.copy()
    of_place = np.array([pool.place is place for pool in choice.pools], dtype=bool)
    exceptions = []
    for w, workload in enumerate(choice.workloads):
        if place is Place.API and problem.api_open[w]:
            seconds[w] = np.nan
        elif place is not Place.API and (~np.isnan(seconds[w]) & of_place).any():
            seconds[w, ~of_place] = np.nan
            api_price[:, w] = np.nan
        else:
            exceptions.append(reasons.of_workload(workload.name, why_not(choice, w, place)))
    return replace(problem, seconds=seconds, api_price=api_price, caps=Caps()), tuple(exceptions)


def kinds(choice: Choice) -> list[StrategyKind]:
    """Return the plans worth comparing: the hybrid, and those that ask for something else than it does.

    A plan asks for nothing else where no workload can follow it, or where none may go anywhere but to its place; what
    the client does today, and that done better, only if it does anything.
    """
    now = any(api.as_today for api in choice.apis)
    possible = [kind for kind in StrategyKind if now or kind not in (StrategyKind.TODAY, StrategyKind.BETTER)]
    return [kind for kind in possible if kind is StrategyKind.HYBRID or not _as_the_hybrid(choice, kind)]


def _as_the_hybrid(choice: Choice, kind: StrategyKind) -> bool:
    """Tell whether nobody can follow a kind, or whether it permits just what the hybrid does under the same limits."""
    (asked, exceptions), problem = restrict(choice, kind), choice.problem
    return len(exceptions) == len(choice.workloads) or (
        asked.caps == problem.caps
        and np.array_equal(asked.seconds, problem.seconds, equal_nan=True)
        and np.array_equal(asked.api_price, problem.api_price, equal_nan=True)
    )


def solve_kind(
    choice: Choice, kind: StrategyKind, *, volume: float = 1.0, start: Plan | None = None, seconds: float = SECONDS
) -> Solved:
    """Return the cheapest plan of one kind.

    Args:
        choice: the options.
        kind: hybrid for everything permitted, else one place as far as the gates allow. Only the hybrid keeps to the
            limits on the whole.
        volume: factor on all requests.
        start: a plan of a problem that is alike.
        seconds: after which the search ends with what it has.

    Raises:
        PlanError: the capacity on offer does not suffice.
    """
    problem, exceptions = restrict(choice, kind)
    scaled = replace(problem, requests=problem.requests * volume) if volume != 1 else problem
    breaks = _breaks(choice) if kind is StrategyKind.TODAY else ()
    return Solved(
        kind=kind,
        problem=scaled,
        plan=solve(scaled, start=start, seconds=seconds),
        exceptions=exceptions,
        breaks=breaks,
    )


def why_not(choice: Choice, w: int, place: Place) -> str:
    """Return why a workload may not use a place: the first strike of the option with the fewest."""
    if place is Place.API:
        struck = [s for api, s in zip(choice.apis, choice.api_strikes[w], strict=True) if not api.as_today]
    else:
        struck = [s for pool, s in zip(choice.pools, choice.pool_strikes[w], strict=True) if pool.place is place]
    if not struck:
        return _NOT_OFFERED[place]
    nearest = min(struck, key=lambda strikes: (len(strikes), [strike.gate for strike in strikes]))
    return nearest[0].reason if nearest else fixed("permitted")


def _pairs(engagement: Engagement, demand: Demand) -> list[tuple[Workload, WorkloadDemand]]:
    return list(zip(engagement.workloads, demand.workloads, strict=True))


def _headroom(engagement: Engagement, workload: Workload, item: WorkloadDemand, pool: Pool, terms: Terms) -> Headroom:
    """Return how full a replica may be: as the client says, else as the simulation finds."""
    seconds = service_of(workload, pool, terms).seconds
    if (stated := engagement.operations.headroom) is not None:
        why = say(
            "The client plans {share} of the capacity ({source}).", share=plain(stated.value), source=stated.source
        )
        return Headroom(stated.value, stated.basis, None, None, None, 0, why)
    replicas = max(1, math.ceil(max(item.requests_per_hour) * seconds / SECONDS_PER_HOUR / USUAL_FILL))
    return headroom(
        pool.profile,
        pool.level,
        workload=item,
        seconds=seconds,
        latency=workload.latency,
        flat=terms.headroom,
        network_s=network_s(pool, workload, engagement, terms).value,
        replicas=replicas,
    )


def _overwhelmed(workload: Workload, pool: Pool, room: Headroom) -> Strike:
    return Strike(
        gate="latency",
        reason=say(
            "{pool} does not keep the limits of {workload} even when hardly loaded: {why}",
            pool=pool.label,
            workload=workload.name,
            why=room.why,
        ),
        lift=FASTER,
    )


def _planned(workload: Workload, pool: Pool, room: Headroom | None, terms: Terms) -> float:
    """Return the replica-seconds to plan for a request: measured ÷ headroom, ÷ the share of time of a spot machine."""
    there = terms.spot_availability.value if pool.commitment is Commitment.SPOT else 1.0
    share = room.share if room is not None and room.share > 0 else terms.headroom.value
    return service_of(workload, pool, terms).seconds / share / there


def _price(api: Api, workload: Workload) -> float:
    price = api.price_per_request.get(workload.name)
    return price.value if price is not None else np.nan


def _as_now(choice: Choice, kind: StrategyKind) -> tuple[Problem, tuple[str, ...]]:
    """Return the problem of doing as today, or of today's providers used better."""
    problem = choice.problem
    seconds, api_price = problem.seconds.copy(), problem.api_price.copy()
    exceptions = []
    for w, workload in enumerate(choice.workloads):
        if workload.today is None:
            new = fixed("it is new, and goes where it may at least cost")
            exceptions.append(reasons.of_workload(workload.name, new))
            continue
        same = np.array([api.offer.provider == workload.today.provider for api in choice.apis], dtype=bool)
        as_today = np.array(
            [api.as_today and workload.name in api.price_per_request for api in choice.apis], dtype=bool
        )
        if kind is StrategyKind.TODAY:
            if not as_today.any():
                unknown = fixed("what it costs today is not known")
                exceptions.append(reasons.of_workload(workload.name, unknown))
                continue
            seconds[w] = np.nan
            api_price[:, w] = np.where(as_today, choice.api_price[:, w], np.nan)
        elif np.isnan(api_price[:, w, same]).all():
            none = say("no model of {provider} passes the gates", provider=workload.today.provider)
            exceptions.append(reasons.of_workload(workload.name, none))
        else:
            seconds[w] = np.nan
            api_price[:, w, ~same] = np.nan
    return replace(problem, seconds=seconds, api_price=api_price, caps=Caps()), tuple(exceptions)


def _breaks(choice: Choice) -> tuple[str, ...]:
    """Return the rules that today's arrangements break."""
    return tuple(
        reasons.of_workload(workload.name, strike.reason)
        for w, workload in enumerate(choice.workloads)
        for a, api in enumerate(choice.apis)
        if api.as_today and workload.name in api.price_per_request
        for strike in choice.api_strikes[w][a]
        if strike.gate in LAW
    )


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
