"""The mixed-integer programme over classes of hours, as a matrix.

    minimise    Σ c·n  +  Σ f·y  +  Σ g·z  +  Σ a·q(api)         starts and hours on, people, moves, bills
    subject to  Σᵣ q_wrk = λ_wk                                  every request is served in its hour
                Σᵣ Σ_{k in day} q_wrk = Σ_{k in day} λ_wk        ... or, if deferrable, within its day
                Σ_w s_wp·q_wpk ≤ 3600·n_pg                       capacity of a pool
                Σ_{w bound} s_wp·q_wpk ≤ 3600·(n_pg − σ_p·b_pg)  ... of what is left when the spare ones have failed
                q_wpk ≤ λ_wk·v_pg,      v_pg ≤ n_pg ≤ N_p·v_pg
                q_wpk ≤ λ_wk·b_pg for bound work,      (σ_p + 1)·b_pg ≤ n_pg
                v_pg ≤ y_place,         q_w(api) ≤ λ_w·y_api,         q_w(pools) ≤ λ_w·z_w
                n whole;  v, b, y, z binary;  q ≥ 0

and the caps on the whole. Bound is work that must be served though a replica fails, and has no API to go to meanwhile;
while nothing has failed, the spare replicas serve what may overflow. g is a stretch in which a pool does not change: a
phase, or a switching block of a phase for pools that are had by the hour; n_pg is the number of replicas begun and
still there, v_pg whether there is any, b_pg whether any bound work is there. That nothing is served by a pool that is
not there (q ≤ λ·v, for each class) follows from the capacity, but makes the relaxation tight, which makes the programme
fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.strategy.hourclasses import HourClasses
from kit.strategy.problem import (
    SECONDS_PER_HOUR,
    WEEKS_PER_MONTH,
    Flags,
    Floats,
    Integers,
    Problem,
    blocks,
    most_replicas,
)
from kit.strategy.rows import Rows
from kit.strategy.solver import Bases, Model, solve_relaxed, solve_whole

FEW = 12
"""Classes of a stretch up to which each has its own row to say that nothing is served by a pool that is not there."""

_PLACES = tuple(Place)


@dataclass(frozen=True)
class Unit:
    """Replicas that are begun together, or switched on together; ``block`` is −1 where they stay on."""

    pool: int
    phase: int
    block: int


@dataclass(frozen=True)
class Stretch:
    """A time in which a pool does not change, with the units that are on in it."""

    pool: int
    phase: int
    block: int
    units: tuple[int, ...]


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes:
        x: the variables; ``None`` where there is no solution.
        objective: of the solution.
        bound: no solution is below it.
        reduced: reduced costs at the lower bounds; only of a relaxation.
        prices: what one more request of each workload costs in each class, (K, W), and what one more replica of each
            pool saves there, for all work, (K, P), and for bound work, (K, P), side by side; only of a relaxation.
        message: the solver's.
    """

    x: Floats | None
    objective: float
    bound: float
    reduced: Floats | None
    prices: Floats | None
    message: str


class Programme:
    """The programme of a problem over some classes of hours."""

    def __init__(self, problem: Problem, classes: HourClasses) -> None:
        self.problem, self.classes = problem, classes
        self.phases, self.workloads, self.pools, self.apis, _ = problem.shape
        self.k = np.arange(len(classes.hours))
        self.most = most_replicas(problem)
        self.units, self.stretches = _units(problem)
        self.pairs = [(int(w), int(p)) for w, p in np.argwhere(~np.isnan(problem.seconds))]
        self.calls = _calls(problem)
        if missing := set(range(self.workloads)) - {w for w, _ in (*self.pairs, *self.calls)}:
            raise PlanError(f"workloads without a permitted option, by number: {sorted(missing)}")
        self.staffed = [
            (place, y) for y in range(self.phases) for place in _PLACES if problem.staff_cost.get(place, 0.0) > 0
        ]
        served = {w for w, _ in self.pairs}
        self.movers = [w for w in range(self.workloads) if problem.move_cost[w] > 0 and w in served]
        backed = {p for w, p in self.pairs if problem.needs_spare[w] and problem.spare[p]}
        backing = (g for g, stretch in enumerate(self.stretches) if stretch.pool in backed)
        self.backed = {g: i for i, g in enumerate(backing)}
        counts = (len(self.units), len(self.stretches), len(self.backed), len(self.staffed), len(self.movers))
        self.at = dict(zip("nvbyzx", np.cumsum([0, *counts]).tolist(), strict=True))
        self.size = self.at["x"] + (len(self.pairs) + len(self.calls)) * len(self.k)
        # A share of 1 is the hour's requests, or, where the work can wait, the day's brought together in each hour.
        of_day = classes.day_requests[:, classes.day] * (classes.days[classes.day] / classes.hours)
        self.scale = np.where(problem.deferrable[:, None], of_day, classes.requests)
        self.weight = classes.hours * self.scale
        self.column = self.at["x"] + np.arange(self.size - self.at["x"]).reshape(-1, len(self.k))
        self.of_pool: list[list[int]] = [[] for _ in range(self.pools)]
        for g, stretch in enumerate(self.stretches):
            self.of_pool[stretch.pool].append(g)
        # Of the stretches of a pool, phase after phase, the one in which each class lies.
        by_block = classes.phase * (int(blocks().max()) + 1) + classes.block
        self.nth = [by_block if by_hour else classes.phase for by_hour in problem.by_hour]
        self.members: list[list[tuple[int, int]]] = [[] for _ in range(self.pools)]
        for i, (w, p) in enumerate(self.pairs):
            self.members[p].append((i, w))
        self.cash, self.carbon = self._costs()

    def solve(
        self,
        *,
        gap: float = 0.0,
        seconds: float = 30.0,
        fixed: Floats | None = None,
        chosen: Floats | None = None,
        start: Floats | None = None,
    ) -> Solution:
        """Return the solution, or that with all replicas given.

        Args:
            gap: relative gap at which the solver may stop.
            seconds: time at which it must stop.
            fixed: values of n; those of v and b follow.
            chosen: values of y and z.
            start: values of n to better, if they suffice.
        """
        whole = np.zeros(self.size, dtype=bool)
        whole[: self.at["x"] if fixed is None else 0] = True
        whole[self.at["y"] : self.at["x"]] = True
        model, _ = self._model(fixed=fixed, chosen=chosen)
        begin = None if start is None else self._begin(start)
        found = solve_whole(model, whole, gap=gap, seconds=seconds, start=begin)
        return Solution(found.x, found.objective, found.bound, None, None, found.message)

    def relax(
        self,
        *,
        fixed: Floats | None = None,
        at_least: Floats | None = None,
        chosen: Floats | None = None,
        bases: Bases | None = None,
    ) -> Solution:
        """Return the solution in which numbers need not be whole, with reduced costs and prices.

        Args:
            fixed: values of n; those of v and b follow.
            at_least: values of n below which it must not go.
            chosen: values of y and z.
            bases: where the relaxations of programmes of the same shape have ended.
        """
        model, rows = self._model(fixed=fixed, at_least=at_least, chosen=chosen)
        # That shares are 1 at most follows from their sum; saying it again would take a part of the prices.
        share = np.arange(self.size) >= self.at["x"]
        model = replace(model, upper=np.where(share & (model.upper > 0), np.inf, model.upper))
        found = solve_relaxed(model, bases=bases)
        if found.x is None or found.duals is None:
            return Solution(None, np.inf, np.inf, None, None, found.message)
        prices = np.zeros((len(self.k), self.workloads + 2 * self.pools))
        for column, row in rows.priced:
            prices[:, column] = found.duals[row]
        prices[:, : self.workloads] /= np.where(self.scale > 0, self.scale, np.inf).T
        return Solution(found.x, found.objective, found.bound, found.reduced, prices, found.message)

    def _model(
        self, *, fixed: Floats | None, at_least: Floats | None = None, chosen: Floats | None = None
    ) -> tuple[Model, Rows]:
        lower, upper = np.zeros(self.size), self._upper()
        if fixed is not None:
            self._fix(fixed, lower, upper)
        if at_least is not None:
            on = np.array([sum(at_least[i] for i in stretch.units) > 0 for stretch in self.stretches])
            lower[: self.at["v"]] = at_least
            lower[self.at["v"] : self.at["b"]] = on
            upper[: self.at["v"]] = np.maximum(upper[: self.at["v"]], at_least)
        if chosen is not None:
            self._choose(chosen, lower, upper)
        rows, matrix = self._free if fixed is None else self._given
        return Model(self.cash + self.carbon, matrix, *rows.bounds(), lower, upper), rows

    @cached_property
    def _free(self) -> tuple[Rows, sparse.csr_array]:
        return self._rows(fixed=False)

    @cached_property
    def _given(self) -> tuple[Rows, sparse.csr_array]:
        """The rows where all replicas are given: without those that say what is there."""
        return self._rows(fixed=True)

    def _rows(self, *, fixed: bool) -> tuple[Rows, sparse.csr_array]:
        rows = Rows()
        self._served(rows)
        self._capacity(rows)
        if not fixed:
            self._there(rows)
        self._people(rows, fixed)
        self._caps(rows)
        return rows, rows.matrix(self.size)

    def _begin(self, number: Floats) -> tuple[Integers, Floats]:
        """Return n, and v and b that follow from it, as a solution to begin with."""
        lower, upper = np.zeros(self.size), self._upper()
        self._fix(number, lower, upper)
        return np.arange(self.at["y"]), lower[: self.at["y"]]

    def _choose(self, chosen: Floats, lower: Floats, upper: Floats) -> None:
        """Set the bounds of y and z, and those of what they rule out."""
        lower[self.at["y"] : self.at["x"]] = upper[self.at["y"] : self.at["x"]] = np.rint(chosen)
        for i, (place, y) in enumerate(self.staffed):
            if place is Place.API and chosen[i] < 0.5:
                for call in range(len(self.pairs), len(self.pairs) + len(self.calls)):
                    upper[self.column[call][self.classes.phase == y]] = 0.0
        for i, w in enumerate(self.movers):
            if chosen[len(self.staffed) + i] < 0.5:
                for pair in (pair for pair, (owner, _) in enumerate(self.pairs) if owner == w):
                    upper[self.column[pair]] = 0.0

    def counts(self, x: Floats) -> tuple[Integers, Integers]:
        """Return the replicas begun, (P, Y), and those on in each hour, (Y, P, H)."""
        problem = self.problem
        _, _, pools, _, hours = problem.shape
        starts = np.zeros((pools, self.phases), dtype=np.int64)
        running = np.zeros((self.phases, pools, hours), dtype=np.int64)
        block = self.classes.block[self.classes.of].reshape(self.phases, hours)
        number = np.rint(x[: self.at["v"]]).astype(np.int64)
        for n, unit in zip(number, self.units, strict=True):
            if unit.block < 0:
                starts[unit.pool, unit.phase] = n
        for stretch in self.stretches:
            here = block[stretch.phase] == stretch.block if stretch.block >= 0 else np.ones(hours, dtype=bool)
            running[stretch.phase, stretch.pool, here] = sum(int(number[i]) for i in stretch.units)
        return starts, running

    def flows(self, x: Floats) -> tuple[Floats, Floats]:
        """Return requests per hour of each class at pools, (W, P, K), and at APIs, (W, A, K)."""
        pool = np.zeros((self.workloads, self.pools, len(self.k)))
        api = np.zeros((self.workloads, self.apis, len(self.k)))
        for i, (w, r) in enumerate((*self.pairs, *self.calls)):
            flow = np.clip(x[self.column[i]], 0, None) * self.scale[w]
            (pool if i < len(self.pairs) else api)[w, r] = flow
        return pool, api

    def least_with(self, pool: int, solution: Solution) -> float:
        """Return what any solution costs at least that uses a pool, by the reduced costs of the relaxation."""
        if solution.reduced is None:
            return -np.inf
        least = np.inf
        for g, stretch in enumerate(self.stretches):
            if stretch.pool == pool:
                units = [max(solution.reduced[i], 0.0) for i in stretch.units]
                least = min(least, max(solution.reduced[self.at["v"] + g], 0.0) + min(units, default=np.inf))
        return solution.bound + float(least)

    def _costs(self) -> tuple[Floats, Floats]:
        """Return what each variable costs, and what its carbon counts."""
        problem, classes = self.problem, self.classes
        cash, carbon = np.zeros(self.size), np.zeros(self.size)
        hours_of = np.bincount(classes.block, weights=classes.hours) / self.phases
        counts_for = problem.carbon_price / 12
        for i, unit in enumerate(self.units):
            if unit.block >= 0:
                cash[i] = problem.hour_cost[unit.pool, unit.phase] * hours_of[unit.block]
                months = problem.months[unit.phase] * hours_of[unit.block] / hours_of.sum()
            else:
                cash[i] = problem.start_cost[unit.pool, unit.phase]
                months = problem.months[unit.phase : unit.phase + int(problem.lasts[unit.pool])].sum()
            if problem.pool_co2 is not None:
                carbon[i] = counts_for * problem.pool_co2[unit.pool] * months
        for i, (place, y) in enumerate(self.staffed):
            cash[self.at["y"] + i] = problem.staff_cost[place] * problem.months[y]
        cash[self.at["z"] : self.at["x"]] = problem.move_cost[self.movers]
        months = problem.months[classes.phase] * WEEKS_PER_MONTH * classes.hours
        for i, (w, a) in enumerate(self.calls, start=len(self.pairs)):
            requests = months * self.scale[w]
            cash[self.column[i]] = requests * np.nan_to_num(problem.api_price[classes.phase, w, a])
            if problem.api_co2 is not None:
                carbon[self.column[i]] = problem.carbon_price * problem.api_co2[w, a] * requests
        return cash, carbon

    def _upper(self) -> Floats:
        upper = np.ones(self.size)
        for i, unit in enumerate(self.units):
            last = unit.phase + 1 if unit.block >= 0 else unit.phase + int(self.problem.lasts[unit.pool])
            upper[i] = self.most[unit.phase : last, unit.pool].max()
        for i, (w, a) in enumerate(self.calls, start=len(self.pairs)):
            closed = np.isnan(self.problem.api_price[self.classes.phase, w, a])
            upper[self.column[i][closed]] = 0.0
        return upper

    def _fix(self, number: Floats, lower: Floats, upper: Floats) -> None:
        """Set the bounds of n, v and b, and those of what would be served by a pool that is not there."""
        lower[: self.at["v"]] = upper[: self.at["v"]] = number
        on = np.array([sum(number[i] for i in stretch.units) for stretch in self.stretches])
        lower[self.at["v"] : self.at["b"]] = upper[self.at["v"] : self.at["b"]] = on > 0
        bound = {g: bool(on[g] > self.problem.spare[self.stretches[g].pool]) for g in self.backed}
        lower[self.at["b"] : self.at["y"]] = upper[self.at["b"] : self.at["y"]] = [*bound.values()]
        for g, stretch in enumerate(self.stretches):
            for i, w in self.members[stretch.pool]:
                if not (bound.get(g, True) if self.problem.needs_spare[w] else on[g] > 0):
                    upper[self.column[i][self.here(g)]] = 0.0

    def _served(self, rows: Rows) -> None:
        for w in range(self.workloads):
            waits = bool(self.problem.deferrable[w])
            count = len(self.classes.days) if waits else len(self.k)
            first = rows.open(np.ones(count), np.ones(count))
            rows.priced.append((w, first + (self.classes.day if waits else self.k)))
            for i, (owner, _) in enumerate((*self.pairs, *self.calls)):
                if owner == w:
                    rows.add(first + (self.classes.day if waits else self.k), self.column[i], 1.0)

    def _capacity(self, rows: Rows) -> None:
        problem = self.problem
        for p, members in enumerate(self.members):
            bound = [(i, w) for i, w in members if problem.needs_spare[w]]
            spare = int(problem.spare[p])
            if len(bound) < len(members) or (members and not spare):
                rows.priced.append((self.workloads + p, self._load(rows, p, members)))
            if bound and spare:
                row = self._load(rows, p, bound)
                rows.priced.append((self.workloads + self.pools + p, row))
                rows.add(row, self._binaries(p, bound=True), float(spare))

    def _load(self, rows: Rows, pool: int, members: list[tuple[int, int]]) -> Integers:
        """Add that some work fits on the replicas of a pool, and return the row of each class."""
        row = rows.open(np.full(len(self.k), -np.inf), np.zeros(len(self.k))) + self.k
        if self.problem.by_hour[pool]:
            unit = np.array([self.stretches[g].units[0] for g in self.of_pool[pool]])
            rows.add(row, unit[self.nth[pool]], -1.0)
        else:
            for nth, g in enumerate(self.of_pool[pool]):
                here = row[self.nth[pool] == nth]
                for begun in self.stretches[g].units:
                    rows.add(here, begun, -1.0)
        for i, w in members:
            rows.add(row, self.column[i], self.problem.seconds[w, pool] / SECONDS_PER_HOUR * self.scale[w])
        return row

    def _there(self, rows: Rows) -> None:
        """Add that nothing is served by what is not there."""
        for g, stretch in enumerate(self.stretches):
            v = self.at["v"] + g
            rows.at_most(0.0, [*((unit, 1.0) for unit in stretch.units), (v, -self._held(stretch))])
            rows.at_most(0.0, [*((unit, -1.0) for unit in stretch.units), (v, 1.0)])
            if g in self.backed:
                backed, needed = self.at["b"] + self.backed[g], float(self.problem.spare[stretch.pool] + 1)
                rows.at_most(0.0, [*((unit, -1.0) for unit in stretch.units), (backed, needed)])
                rows.at_most(0.0, [(backed, 1.0), (v, -1.0)])
        for i, (w, p) in enumerate(self.pairs):
            self._only_if(rows, i, self._binaries(p, bound=bool(self.problem.needs_spare[w])))

    def _binaries(self, pool: int, *, bound: bool) -> Integers:
        """Return for each class the column that says whether a pool is there: v, or b for bound work, (K,)."""
        of = self.of_pool[pool]
        backed = bound and of[0] in self.backed
        columns = [self.at["b"] + self.backed[g] if backed else self.at["v"] + g for g in of]
        return np.array(columns)[self.nth[pool]]

    def _only_if(self, rows: Rows, pair: int, binary: Integers) -> None:
        """Add that some work is served by a pool only if the binary of the class is 1."""
        w, pool = self.pairs[pair]
        asked = self.weight[w] > 0
        few = np.bincount(self.nth[pool])[self.nth[pool]] <= FEW
        # For each class, which is tightest ...
        mine = np.flatnonzero(asked & few)
        row = rows.open(np.full(len(mine), -np.inf), np.zeros(len(mine))) + np.arange(len(mine))
        rows.add(row, self.column[pair][mine], 1.0)
        rows.add(row, binary[mine], -1.0)
        # ... or in all, which is faster.
        for nth in np.unique(self.nth[pool][asked & ~few]):
            mine = np.flatnonzero(asked & (self.nth[pool] == nth))
            share = self.weight[w, mine] / self.weight[w, mine].sum()
            rows.add(rows.at_most(0.0, [(int(binary[mine[0]]), -1.0)]), self.column[pair][mine], share)

    def _held(self, stretch: Stretch) -> float:
        """Return the most replicas that can be there."""
        pool = stretch.pool
        if stretch.block >= 0:
            return float(max(self.most[stretch.phase, pool], 1.0))
        if self.problem.lasts[pool] >= self.phases:
            # Those of a busier phase stay; more than the busiest needs are of no use.
            return float(max(self.most[:, pool].max(), 1.0))
        lasts = int(self.problem.lasts[pool])
        first = [self.units[i].phase for i in stretch.units]
        begun = sum(self.most[y : y + lasts, pool].max() for y in first)
        return float(max(min(begun, self.problem.at_most[pool]), 1.0))

    def _people(self, rows: Rows, fixed: bool) -> None:
        problem = self.problem
        for i, (place, y) in enumerate(self.staffed):
            column = self.at["y"] + i
            for g, stretch in enumerate(self.stretches):
                if (problem.pool_place[stretch.pool], stretch.phase) == (place, y):
                    rows.at_most(0.0, [(self.at["v"] + g, 1.0), (column, -1.0)])
            if not fixed or place is Place.API:
                self._at_most(rows, column, y, place)
        for i, w in enumerate(self.movers):
            for y in range(self.phases):
                self._at_most(rows, self.at["z"] + i, y, None, only=w)

    def _at_most(self, rows: Rows, column: int, y: int, place: Place | None, only: int | None = None) -> None:
        """Add for each workload that its share of a phase at some options is at most a binary."""
        classes = self.classes
        here = np.flatnonzero(classes.phase == y)
        places = {place} if place else {Place.OWN, Place.RENTED}
        for w in range(self.workloads) if only is None else (only,):
            total = self.weight[w, here].sum()
            if self.problem.deferrable[w]:
                days = np.unique(classes.day[here])
                total = (classes.days[days] * classes.day_requests[w, days]).sum()
            mine = [
                i
                for i, (owner, r) in enumerate((*self.pairs, *self.calls))
                if owner == w and self._place_of(i, r) in places
            ]
            if not mine or total <= 0:
                continue
            row, share = rows.at_most(0.0, [(column, -1.0)]), self.weight[w, here] / total
            for i in mine:
                rows.add(row, self.column[i][here], share)

    def _place_of(self, pair: int, option: int) -> Place:
        return self.problem.pool_place[option] if pair < len(self.pairs) else Place.API

    def _caps(self, rows: Rows) -> None:
        problem, caps = self.problem, self.problem.caps
        if np.isfinite(caps.cost):
            self._cap(rows, self.cash, caps.cost)
        if np.isfinite(caps.capex) and problem.capex is not None:
            bought = np.zeros(self.size)
            bought[: self.at["v"]] = [0.0 if u.block >= 0 else problem.capex[u.pool, u.phase] for u in self.units]
            self._cap(rows, bought, caps.capex)
        if np.isfinite(caps.spend_share):
            providers = {*problem.pool_provider, *problem.api_provider} - {None}
            for provider in sorted(str(name) for name in providers):
                self._cap(rows, self._paid_to(provider) - caps.spend_share * self.cash, 0.0)
        if np.isfinite(caps.co2):
            for y in range(self.phases):
                self._cap(rows, self._co2(y), caps.co2)

    def _cap(self, rows: Rows, coefficients: Floats, limit: float) -> None:
        # Rows of like size keep the solver's tolerances meaningful.
        size = np.abs(coefficients).max(initial=0.0) or 1.0
        columns = np.flatnonzero(coefficients)
        rows.add(rows.at_most(limit / size, ()), columns, coefficients[columns] / size)

    def _paid_to(self, provider: str) -> Floats:
        paid = np.zeros(self.size)
        for i, unit in enumerate(self.units):
            if self.problem.pool_provider[unit.pool] == provider:
                paid[i] = self.cash[i]
        for i, (_, a) in enumerate(self.calls, start=len(self.pairs)):
            if self.problem.api_provider[a] == provider:
                paid[self.column[i]] = self.cash[self.column[i]]
        return paid

    def _co2(self, y: int) -> Floats:
        problem, classes = self.problem, self.classes
        tonnes = np.zeros(self.size)
        hours_of = np.bincount(classes.block, weights=classes.hours) / self.phases
        if problem.pool_co2 is not None:
            for i, unit in enumerate(self.units):
                if unit.block >= 0 and unit.phase == y:
                    tonnes[i] = problem.pool_co2[unit.pool] * hours_of[unit.block] / hours_of.sum()
                elif unit.block < 0 and unit.phase <= y < unit.phase + problem.lasts[unit.pool]:
                    tonnes[i] = problem.pool_co2[unit.pool]
        if problem.api_co2 is not None:
            yearly = np.where(classes.phase == y, 12 * WEEKS_PER_MONTH * classes.hours, 0.0)
            for i, (w, a) in enumerate(self.calls, start=len(self.pairs)):
                tonnes[self.column[i]] = problem.api_co2[w, a] * yearly * self.scale[w]
        return tonnes

    def here(self, stretch: int) -> Integers:
        """Return the classes of a stretch, by its number."""
        pool = self.stretches[stretch].pool
        return np.flatnonzero(self.nth[pool] == self.of_pool[pool].index(stretch))


def _units(problem: Problem) -> tuple[list[Unit], list[Stretch]]:
    phases, _, pools, _, _ = problem.shape
    units: list[Unit] = []
    stretches: list[Stretch] = []
    switching = sorted(set(blocks().tolist()))
    for p in range(pools):
        if problem.by_hour[p]:
            for y in range(phases):
                for block in switching:
                    stretches.append(Stretch(p, y, block, (len(units),)))
                    units.append(Unit(p, y, block))
            continue
        mine = {y: len(units) + i for i, y in enumerate(np.flatnonzero(np.isfinite(problem.start_cost[p])).tolist())}
        units += [Unit(p, y, -1) for y in mine]
        for y in range(phases):
            on = tuple(i for start, i in mine.items() if start <= y < start + problem.lasts[p])
            stretches.append(Stretch(p, y, -1, on))
    return units, stretches


def _calls(problem: Problem) -> list[tuple[int, int]]:
    """Return the APIs worth considering, by workload: the cheapest of each phase, all if more than price matters."""
    phases, workloads, _, _, _ = problem.shape
    price = problem.api_price
    all_matter = np.isfinite(problem.caps.spend_share) or np.isfinite(problem.caps.co2) or problem.carbon_price > 0
    found: set[tuple[int, int]] = set()
    for w in range(workloads):
        for y in range(phases):
            row = price[y, w]
            if np.isnan(row).all():
                continue
            worth = np.flatnonzero(~np.isnan(row)).tolist() if all_matter else [int(np.nanargmin(row))]
            found |= {(w, a) for a in worth}
    return sorted(found)


def is_on(programme: Programme, x: Floats) -> Flags:
    """Return whether each pool is on in any stretch of a solution, (P,)."""
    on = np.zeros(programme.pools, dtype=bool)
    for stretch in programme.stretches:
        on[stretch.pool] |= sum(x[i] for i in stretch.units) > 1e-6
    return on
