"""The plan: whole replicas of what, and which share of which workload goes where each hour.

Own and rented replicas are base load with a fixed cost; APIs are peakers with none. One mixed-integer programme over
the hours of a typical week, all money levelised to a month:

    minimise    Σₚ cₚ·nₚ  +  Σₜ fₜ·yₜ  +  m·Σ a_w·q_wh(api)
    subject to  Σᵣ q_wrh = λ_wh                              every request is served in its hour
                Σᵣ Σ_{h in day} q_wrh = Σ_{h in day} λ_wh    ... or, if deferrable, within its day
                Σ_w s_wp·q_wph ≤ 3600·η·(nₚ − σ·uₚ)          capacity of a pool, its spare replicas left out
                nₚ ≤ Nₚ·uₚ,  uₚ ≤ yₜ,  Σ q(api) ≤ Λ·y_api    people are paid once for each kind of place
                n whole;  u, y binary;  q ≥ 0

with η the headroom, σ the spare replicas, s the replica-seconds of a request, m the weeks of a month, a_w the price of
a request at the cheapest API that the workload may use (an API has no capacity, so no dearer one is ever needed). For
one workload and one kind of GPU this is the newsvendor rule: add replica n + 1 while the API bill that it saves is at
least its cost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, Place
from kit.errors import PlanError

WEEKS_PER_MONTH = 365.25 / 7 / 12
SECONDS_PER_HOUR = 3600.0
GAP = 1e-3
_PLACES = tuple(Place)
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Problem:
    """Everything the programme needs, as arrays. W workloads, P pools, H = 168 hours.

    Attributes:
        requests: requests per hour, (W, H).
        deferrable: may be served at any hour of the day, (W,).
        seconds: replica-seconds per request, (W, P); NaN where a pool is not permitted.
        api_price: price per request at the cheapest permitted API, (W,); NaN where none is permitted.
        replica_cost: levelised cost of one replica per month, (P,).
        at_most: replicas that can be had, (P,).
        pool_place: own or rented, (P,).
        staff_cost: people per month for each kind of place that is used.
        headroom: share of a replica's capacity that is planned for.
        spare: replicas of each pool that must be able to fail.
    """

    requests: Floats
    deferrable: Flags
    seconds: Floats
    api_price: Floats
    replica_cost: Floats
    at_most: Floats
    pool_place: tuple[Place, ...]
    staff_cost: Mapping[Place, float]
    headroom: float
    spare: int


@dataclass(frozen=True)
class Plan:
    """A solution.

    Attributes:
        replicas: whole replicas, spare included, (P,).
        flow_pool: requests per hour, (W, P, H).
        flow_api: requests per hour, (W, H).
        cost: levelised cost per month.
        gap: relative gap that the solver proved.
    """

    replicas: NDArray[np.int64]
    flow_pool: Floats
    flow_api: Floats
    cost: float
    gap: float


def solve(problem: Problem, *, gap: float = GAP, seconds: float = 30.0) -> Plan:
    """Return the cheapest plan.

    Args:
        problem: the arrays.
        gap: relative gap at which the solver may stop.
        seconds: time at which it must stop; the gap that was proven by then is in the result.

    Raises:
        PlanError: a workload has no permitted option, or the capacity on offer does not suffice.
    """
    programme = _Programme(problem)
    with _quiet():
        result = milp(
            programme.costs(),
            constraints=LinearConstraint(*programme.constraints()),
            integrality=programme.integrality(),
            bounds=Bounds(np.zeros(programme.size), programme.upper()),
            options={"mip_rel_gap": gap, "time_limit": seconds},
        )
    if result.x is None:
        raise PlanError(f"no plan serves every workload within the offers ({result.message.strip()})")
    return spread_evenly(programme.plan(result.x, float(result.fun), float(result.mip_gap or 0.0)), problem)


def spread_evenly(plan: Plan, problem: Problem) -> Plan:
    """Return the plan with deferrable work spread over the day's free hours in proportion to the room in each.

    Any schedule within the day costs the same; this one leaves the same share of each free hour in reserve. What goes
    to an API goes there when it comes in.
    """
    flow, api = plan.flow_pool.copy(), plan.flow_api.copy()
    seconds = np.nan_to_num(problem.seconds)
    fixed = np.einsum("wph,wp->ph", np.where(problem.deferrable[:, None, None], 0, flow), seconds)
    room = (plan.replicas - problem.spare)[:, None] * SECONDS_PER_HOUR * problem.headroom - fixed
    days = np.clip(room, 0, None).reshape(len(room), room.shape[1] // HOURS_OF_DAY, HOURS_OF_DAY)
    share = np.divide(days, days.sum(axis=2, keepdims=True), out=np.zeros_like(days), where=days > 0)
    for w in np.flatnonzero(problem.deferrable):
        total = flow[w].reshape(days.shape).sum(axis=2, keepdims=True)
        flow[w] = (total * share).reshape(flow[w].shape)
        wanted = problem.requests[w].reshape(-1, HOURS_OF_DAY)
        out = api[w].reshape(wanted.shape).sum(axis=1) / np.maximum(wanted.sum(axis=1), 1e-12)
        api[w] = (wanted * out[:, None]).ravel()
    return replace(plan, flow_pool=flow, flow_api=api)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep HiGHS from printing to the terminal: some of its messages ignore the option that silences it."""
    sys.stdout.flush()
    saved, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(nowhere)


def most_replicas(problem: Problem) -> Floats:
    """Return how many replicas of each pool could ever be of use, (P,): all that it may serve at the busiest hour."""
    day = problem.requests.reshape(len(problem.requests), -1, HOURS_OF_DAY)
    busiest = np.where(problem.deferrable[:, None], day.sum(axis=2).max(axis=1, keepdims=True), problem.requests)
    seconds = np.nansum(busiest[:, None, :] * problem.seconds[:, :, None], axis=0).max(axis=1)
    needed = np.ceil(seconds / (SECONDS_PER_HOUR * problem.headroom)) + problem.spare
    useful: Floats = np.minimum(problem.at_most, needed)
    return useful


class _Rows:
    """Rows of a sparse constraint matrix, collected block by block."""

    def __init__(self) -> None:
        self.row: list[NDArray[np.int64]] = []
        self.column: list[NDArray[np.int64]] = []
        self.value: list[Floats] = []
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []
        self.height = 0

    def open(self, lower: Floats, upper: Floats) -> int:
        """Begin a block of rows with these bounds and return the number of its first row."""
        first = self.height
        self.lower.append(lower)
        self.upper.append(upper)
        self.height += len(lower)
        return first

    def add(self, row: NDArray[np.int64] | int, column: NDArray[np.int64] | int, value: Floats | float) -> None:
        """Add entries; single numbers are repeated."""
        rows, columns, values = np.broadcast_arrays(row, column, value)
        self.row.append(rows.ravel())
        self.column.append(columns.ravel())
        self.value.append(values.ravel().astype(np.float64))

    def matrix(self, width: int) -> sparse.csr_array:
        entries = (np.concatenate(self.value), (np.concatenate(self.row), np.concatenate(self.column)))
        return sparse.csr_array(entries, shape=(self.height, width))


class _Programme:
    """The programme with its variables laid out in one vector: n, u, y, then a share of each hour for every pair."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.workloads, self.hours = problem.requests.shape
        self.pools = len(problem.replica_cost)
        self.hour = np.arange(self.hours)
        self.pairs = [(int(w), int(p)) for w, p in np.argwhere(~np.isnan(problem.seconds))]
        self.pairs += [(int(w), self.pools) for w in np.flatnonzero(~np.isnan(problem.api_price))]
        if missing := set(range(self.workloads)) - {w for w, _ in self.pairs}:
            raise PlanError(f"workloads without a permitted option, by number: {sorted(missing)}")
        self.most = most_replicas(problem)
        self.u, self.y = self.pools, 2 * self.pools
        self.x = self.y + len(_PLACES)
        self.size = self.x + len(self.pairs) * self.hours
        day_total = problem.requests.reshape(self.workloads, -1, HOURS_OF_DAY).sum(axis=2)
        self.days = day_total.shape[1]
        # A share of 1 is the hour's requests, or the day's where the work can wait: well scaled for the solver.
        self.unit = np.where(problem.deferrable[:, None], np.repeat(day_total, HOURS_OF_DAY, axis=1), problem.requests)

    def costs(self) -> Floats:
        costs = np.zeros(self.size)
        costs[: self.pools] = self.problem.replica_cost
        costs[self.y : self.x] = [self.problem.staff_cost.get(place, 0.0) for place in _PLACES]
        for i, (w, p) in enumerate(self.pairs):
            if p == self.pools:
                costs[self._columns(i)] = WEEKS_PER_MONTH * self.problem.api_price[w] * self.unit[w]
        return costs

    def integrality(self) -> NDArray[np.int64]:
        kinds: NDArray[np.int64] = np.zeros(self.size, dtype=np.int64)
        kinds[: self.x] = 1
        return kinds

    def upper(self) -> Floats:
        upper = np.ones(self.size)
        upper[: self.pools] = self.most
        return upper

    def constraints(self) -> tuple[sparse.csr_array, Floats, Floats]:
        rows = _Rows()
        self._served(rows)
        self._capacity(rows)
        self._people(rows)
        return rows.matrix(self.size), np.concatenate(rows.lower), np.concatenate(rows.upper)

    def plan(self, x: Floats, cost: float, gap: float) -> Plan:
        pool, api = np.zeros((self.workloads, self.pools, self.hours)), np.zeros((self.workloads, self.hours))
        for i, (w, p) in enumerate(self.pairs):
            flow = np.clip(x[self._columns(i)], 0, None) * self.unit[w]
            if p < self.pools:
                pool[w, p] = flow
            else:
                api[w] = flow
        return Plan(np.rint(x[: self.pools]).astype(np.int64), pool, api, cost, gap)

    def _columns(self, pair: int) -> NDArray[np.int64]:
        columns: NDArray[np.int64] = self.x + pair * self.hours + self.hour
        return columns

    def _served(self, rows: _Rows) -> None:
        for w in range(self.workloads):
            deferrable = bool(self.problem.deferrable[w])
            count = self.days if deferrable else self.hours
            first = rows.open(np.ones(count), np.ones(count))
            for i, (owner, _) in enumerate(self.pairs):
                if owner == w:
                    rows.add(first + self.hour // (HOURS_OF_DAY if deferrable else 1), self._columns(i), 1.0)

    def _capacity(self, rows: _Rows) -> None:
        per_replica = SECONDS_PER_HOUR * self.problem.headroom
        for p in range(self.pools):
            first = rows.open(np.full(self.hours, -np.inf), np.zeros(self.hours))
            rows.add(first + self.hour, p, -1.0)
            rows.add(first + self.hour, self.u + p, float(self.problem.spare))
            for i, (w, owner) in enumerate(self.pairs):
                if owner == p:
                    load = self.problem.seconds[w, p] * self.unit[w] / per_replica
                    rows.add(first + self.hour, self._columns(i), load)

    def _people(self, rows: _Rows) -> None:
        for p, place in enumerate(self.problem.pool_place):
            first = rows.open(np.full(2, -np.inf), np.zeros(2))
            rows.add(first, np.array([p, self.u + p]), np.array([1.0, -self.most[p]]))
            rows.add(first + 1, np.array([self.u + p, self.y + _PLACES.index(place)]), np.array([1.0, -1.0]))
        calls = [(i, w) for i, (w, p) in enumerate(self.pairs) if p == self.pools]
        if calls and self.problem.staff_cost.get(Place.API, 0.0) > 0:
            first = rows.open(np.array([-np.inf]), np.zeros(1))
            total = sum(self.problem.requests[w].sum() for _, w in calls)
            for i, w in calls:
                rows.add(first, self._columns(i), self.unit[w] / total)
            rows.add(first, self.y + _PLACES.index(Place.API), -1.0)


def newsvendor(
    requests: Floats, *, seconds: float, api_price: float, replica_cost: float, headroom: float, at_most: int
) -> int:
    """Return the replicas that the newsvendor rule buys for one workload and one kind of GPU.

    Replica n + 1 is added while ``api_price · E[min(K, (D − n·K)⁺)] ≥ cost per hour`` with K the requests that one
    replica carries in an hour and the expectation taken over the hours of the week.

    Args:
        requests: requests per hour, (168,).
        seconds: replica-seconds per request.
        api_price: price of one request at the API.
        replica_cost: cost of one replica per month.
        headroom: share of a replica's capacity that is planned for.
        at_most: replicas that can be had.
    """
    carried = SECONDS_PER_HOUR * headroom / seconds
    per_hour = replica_cost / (WEEKS_PER_MONTH * HOURS_OF_WEEK)
    replicas = 0
    while replicas < at_most:
        saved = api_price * float(np.clip(requests - replicas * carried, 0, carried).mean())
        if saved < per_hour:
            break
        replicas += 1
    return replicas
