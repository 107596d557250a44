"""What the programme is given and what it gives back: arrays, nothing else.

W workloads, P pools, A APIs, Y phases of the horizon (years; one, if nothing changes) and H = 168 hours of a typical
week, Monday 00:00 first. All money is net present value over the horizon, in the engagement's currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, Place

WEEKS_PER_MONTH = 365.25 / 7 / 12
SECONDS_PER_HOUR = 3600.0
BLOCK_HOURS = 6
"""Rented machines that are paid by the hour are switched in blocks of so many hours, those of weekdays alike."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Caps:
    """Limits on a plan as a whole; infinite where there is none.

    Attributes:
        cost: net present value of the plan.
        capex: purchases of the whole horizon, not discounted: what is bought later counts as well.
        spend_share: of the cost that one provider may get, API and rent together.
        co2: tonnes in a year, in every phase.
    """

    cost: float = np.inf
    capex: float = np.inf
    spend_share: float = np.inf
    co2: float = np.inf


@dataclass(frozen=True)
class Problem:
    """Everything the programme needs.

    Attributes:
        requests: requests per hour, (Y, W, H).
        months: what a payment of one a month throughout a phase is worth today, (Y,).
        deferrable: may be served at any hour of its day, (W,).
        needs_spare: must be served though a replica fails, and has no API to go to meanwhile, (W,).
        seconds: replica-seconds per request as planned for, headroom included, (W, P); NaN where a pool is struck.
        api_price: price per request, (Y, W, A); NaN where an API is struck.
        start_cost: one replica begun in a phase, all its payments, (P, Y); NaN where it is had by the hour, infinite
            where it cannot be begun.
        lasts: phases for which a replica stays once begun, (P,).
        hour_cost: one replica switched on for one hour of every week of a phase, (P, Y); NaN where it stays on.
        at_most: replicas that can be had, (P,).
        spare: replicas that may fail at once in a pool with work that needs spares, (P,).
        pool_place: own or rented, (P,).
        staff_cost: people per month for each kind of place that is used in a phase.
        move_cost: once for each workload of which anything goes to a pool, (W,).
        caps: limits on the whole.
        capex: of one replica begun, (P, Y).
        pool_provider: who is paid for a pool, (P,); ``None`` for an own one.
        api_provider: who is paid for an API, (A,).
        pool_co2: tonnes a year of a replica that is always on, (P,).
        api_co2: tonnes of a request, (W, A).
        carbon_price: what a tonne counts in the choice beside its cost, as it would if paid monthly.
    """

    requests: Floats
    months: Floats
    deferrable: Flags
    needs_spare: Flags
    seconds: Floats
    api_price: Floats
    start_cost: Floats
    lasts: Integers
    hour_cost: Floats
    at_most: Floats
    spare: Integers
    pool_place: tuple[Place, ...]
    staff_cost: Mapping[Place, float]
    move_cost: Floats
    caps: Caps = field(default_factory=Caps)
    capex: Floats | None = None
    pool_provider: tuple[str | None, ...] = ()
    api_provider: tuple[str, ...] = ()
    pool_co2: Floats | None = None
    api_co2: Floats | None = None
    carbon_price: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Y, W, P, A and H."""
        phases, workloads, hours = self.requests.shape
        return phases, workloads, self.seconds.shape[1], self.api_price.shape[2], hours

    @property
    def by_hour(self) -> Flags:
        """Whether a pool is had by the hour and can be switched off, (P,)."""
        return np.asarray(~np.isnan(self.hour_cost).any(axis=1), dtype=np.bool_)

    @property
    def api_open(self) -> Flags:
        """Whether a workload may use any API, (W,)."""
        return np.asarray(~np.isnan(self.api_price).all(axis=(0, 2)), dtype=np.bool_)


@dataclass(frozen=True)
class Plan:
    """A solution.

    Attributes:
        starts: replicas begun in each phase, spare included, (P, Y); 0 for pools that are had by the hour.
        running: replicas that are on in each hour, spare included, (Y, P, H).
        flow_pool: requests per hour, (Y, W, P, H).
        flow_api: requests per hour, (Y, W, A, H).
        cost: net present value, without what carbon counts.
        gap: relative gap that was proven.
    """

    starts: Integers
    running: Integers
    flow_pool: Floats
    flow_api: Floats
    cost: float
    gap: float

    @property
    def replicas(self) -> Integers:
        """Most replicas that are on at once in each phase, (Y, P)."""
        most: Integers = self.running.max(axis=2)
        return most

    @property
    def used(self) -> Flags:
        """Whether a pool is ever used, (P,)."""
        return np.asarray(self.running.any(axis=(0, 2)), dtype=np.bool_)


def blocks() -> Integers:
    """Return the switching block of each hour of the week, (H,): by time of day, weekdays and weekends apart."""
    hour = np.arange(HOURS_OF_WEEK)
    weekend = hour >= 5 * HOURS_OF_DAY
    of_day = hour % HOURS_OF_DAY // BLOCK_HOURS
    return np.asarray(of_day + np.where(weekend, HOURS_OF_DAY // BLOCK_HOURS, 0), dtype=np.int64)


def only(problem: Problem, workloads: list[int]) -> Problem:
    """Return the problem with these workloads and no others."""
    return replace(
        problem,
        requests=problem.requests[:, workloads],
        deferrable=problem.deferrable[workloads],
        needs_spare=problem.needs_spare[workloads],
        seconds=problem.seconds[workloads],
        api_price=problem.api_price[:, workloads],
        move_cost=problem.move_cost[workloads],
        api_co2=None if problem.api_co2 is None else problem.api_co2[workloads],
    )


def with_pools(problem: Problem, keep: Flags | list[int]) -> Problem:
    """Return the problem with these pools and no others."""
    index = np.flatnonzero(keep) if isinstance(keep, np.ndarray) else np.asarray(keep, dtype=np.int64)
    return replace(
        problem,
        seconds=problem.seconds[:, index],
        start_cost=problem.start_cost[index],
        lasts=problem.lasts[index],
        hour_cost=problem.hour_cost[index],
        at_most=problem.at_most[index],
        spare=problem.spare[index],
        pool_place=tuple(problem.pool_place[p] for p in index),
        capex=None if problem.capex is None else problem.capex[index],
        pool_provider=tuple(problem.pool_provider[p] for p in index) if problem.pool_provider else (),
        pool_co2=None if problem.pool_co2 is None else problem.pool_co2[index],
    )


def most_replicas(problem: Problem) -> Floats:
    """Return how many replicas of each pool could ever be of use, (Y, P): all that it may serve at the busiest hour."""
    phases, workloads, pools, _, _ = problem.shape
    day = problem.requests.reshape(phases, workloads, -1, HOURS_OF_DAY)
    of_day = np.repeat(day.sum(axis=3), HOURS_OF_DAY, axis=2)
    busiest = np.where(problem.deferrable[None, :, None], of_day, problem.requests)
    seconds = np.einsum("ywh,wp->yph", busiest, np.nan_to_num(problem.seconds)).max(axis=2, initial=0.0)
    useful: Floats = np.minimum(problem.at_most, np.ceil(seconds / SECONDS_PER_HOUR - 1e-9) + problem.spare)
    return useful.reshape(phases, pools)


def undominated(problem: Problem) -> Flags:
    """Return the pools that may be needed, (P,): whatever another does, one of these does as well and as cheaply.

    The one that takes another's place must do all its work as fast, cost no more whenever it is begun, need no people
    that the other does not, and be there in numbers enough for both.
    """
    _, _, pools, _, _ = problem.shape
    keep = np.ones(pools, dtype=bool)
    if np.isfinite(problem.caps.spend_share):
        return keep
    seconds = np.where(np.isnan(problem.seconds), np.inf, problem.seconds)
    wanted = most_replicas(problem).max(axis=0)
    people = [problem.staff_cost.get(place, 0.0) for place in problem.pool_place]
    by_hour = problem.by_hour
    costs = np.where(by_hour[:, None], problem.hour_cost, problem.start_cost)

    def covers(b: int, a: int) -> bool:
        capex, co2 = problem.capex, problem.pool_co2
        return bool(
            by_hour[a] == by_hour[b]
            and (seconds[:, b] <= seconds[:, a]).all()
            and (costs[b] <= costs[a]).all()
            and problem.lasts[b] >= problem.lasts[a]
            and problem.spare[b] <= problem.spare[a]
            and (problem.pool_place[a] is problem.pool_place[b] or people[b] <= 0)
            and problem.at_most[b] >= wanted[a] + wanted[b]
            and (capex is None or not np.isfinite(problem.caps.capex) or (capex[b] <= capex[a]).all())
            and (co2 is None or co2[b] <= co2[a])
        )

    for a in range(pools):
        better = next((b for b in range(pools) if keep[b] and b != a and covers(b, a)), None)
        if better is not None:
            keep[a] = False
            wanted[better] += wanted[a]
    return keep
