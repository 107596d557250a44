"""The plan: whole replicas of what, and which share of which workload goes where each hour.

Own and rented replicas are base load with a fixed cost, cloud APIs are peakers with none. :mod:`kit.strategy.programme`
has the programme. It is solved over classes of hours (:mod:`kit.strategy.hourclasses`), which bounds the cost from
below; the replicas that come out are then given the true hours, which bounds it from above and prices every hour; hours
that are priced alike make the next classes, until the two meet. Pools that the reduced costs of the relaxation prove
too dear for any plan as cheap as one that is known are left out on the way, and those that another pool dominates.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kit.engagement.record import HOURS_OF_DAY
from kit.errors import PlanError
from kit.strategy.hourclasses import all_hours, first_classes, like_priced, split
from kit.strategy.problem import (
    SECONDS_PER_HOUR,
    Flags,
    Floats,
    Integers,
    Plan,
    Problem,
    blocks,
    undominated,
    with_pools,
)
from kit.strategy.programme import Programme, Solution, is_on
from kit.strategy.solver import Bases

GAP = 1e-3
"""Relative gap to which plans are proven."""

SECONDS = 60.0
"""Time after which a search is given up, and what was proven by then reported."""

ROUNDS = 12
"""Rounds after which every hour is a class of its own."""

FIRST_ROUNDS, FIRST_SECONDS = 3, 5.0
"""Enough for a plan to begin with, of few pools."""

GLANCE = 0.12
"""Seconds for the replicas of a plan that is to be there at once."""

NEAR = 5e-3
"""Near enough for a plan to begin with when the time is up."""

SHARE_OF_GAP = 0.3
"""Part of the gap that the solver may leave, and as much that classes may hide; the rest is for what neither sees."""


@dataclass(frozen=True)
class _Found:
    """A plan with what it costs, and its carbon counts."""

    plan: Plan
    objective: float


@dataclass(frozen=True)
class _Priced:
    """What served requests and replicas are worth in each hour, for classes of hours that are priced alike."""

    values: Floats
    prices: Floats


_Pricing = Callable[[], _Priced | None]
"""Prices the hours of a plan: a second solution, which only a search that goes on has to pay for."""


class _Search:
    """A search: the best plan known, a bound below all, and the classes and pools that it still looks at."""

    def __init__(self, problem: Problem, gap: float, seconds: float) -> None:
        self.problem, self.gap = problem, gap
        self.ends = time.monotonic() + seconds
        self.known: _Found | None = None
        self.bound = -np.inf
        self.keep = undominated(problem)
        self.classes = first_classes(problem)
        self.tried: dict[tuple[bytes, bytes, bytes], tuple[_Found | None, _Pricing]] = {}

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.ends - time.monotonic()

    @property
    def done(self) -> bool:
        """Whether there is a plan, and it is proven or the time is up."""
        return self.known is not None and (self.proven(self.bound) or self.left <= 0)

    @property
    def finest(self) -> bool:
        """Whether every hour is a class of its own."""
        return len(self.classes.hours) == len(self.classes.of)

    def proven(self, bound: float, gap: float | None = None) -> bool:
        """Whether no plan is cheaper than the known one by more than the gap if none is below a bound."""
        known, gap = self.known, self.gap if gap is None else gap
        return known is not None and known.objective - bound <= gap * abs(known.objective) + 1e-9

    def offer(self, found: _Found | None) -> None:
        """Keep a plan if it is the best so far."""
        if found is not None and (self.known is None or found.objective < self.known.objective):
            self.known = found

    def begin(self, start: Plan | None) -> Flags:
        """Keep the plan of a problem that is alike, with more replicas where they do not suffice; return its pools."""
        phases, _, pools, _, hours = self.problem.shape
        if start is None or start.running.shape != (phases, pools, hours):
            return np.zeros(pools, dtype=bool)
        used = start.used
        self.offer(self.dispatch(np.flatnonzero(used), start.starts[used], start.running[:, used])[0])
        return used

    def relax(self, bases: Bases | None = None) -> Flags:
        """Leave out the pools that are too dear for any plan as cheap as the known one; return those likely used."""
        index = np.flatnonzero(self.keep)
        programme = Programme(with_pools(self.problem, self.keep), self.classes)
        relaxed = programme.relax(bases=bases)
        likely = np.zeros(len(self.keep), dtype=bool)
        if relaxed.x is None:
            return likely
        likely[index[is_on(programme, relaxed.x)]] = True
        self.raise_bound(relaxed.bound)
        if self.known is not None:
            for i, p in enumerate(index):
                self.keep[p] = programme.least_with(i, relaxed) <= self.known.objective * (1 + 1e-9)
        return likely

    def raise_bound(self, bound: float) -> None:
        """Take a bound on plans of the pools that are kept: one that was left out costs more than what is known."""
        self.bound = max(self.bound, min(bound, self.known.objective if self.known is not None else np.inf))

    def first_plan(self, likely: Flags) -> None:
        """Look for a plan with few pools, and for classes that suit it."""
        for _ in range(FIRST_ROUNDS):
            try:
                programme = Programme(with_pools(self.problem, likely), self.classes)
            except PlanError:
                return
            solution = programme.solve(gap=self.gap, seconds=FIRST_SECONDS)
            if solution.x is None:
                return
            found, pricing = self.with_hours(likely, programme, solution.x)
            self.offer(found)
            # Out of time, a plan must still be near what its own pools could do at best.
            near = NEAR if self.left <= 0 else self.gap
            if found is not None and self.proven(solution.bound, near):
                return
            self.refine(pricing())

    def with_hours(self, keep: Flags, programme: Programme, x: Floats) -> tuple[_Found | None, _Pricing]:
        """Return the plan with the replicas of a solution and every hour as it is, raised where they do not suffice."""
        index = np.flatnonzero(keep)[is_on(programme, x)]
        on = is_on(programme, x)
        starts, running = programme.counts(x)
        return self.dispatch(index, starts[on], running[:, on])

    def dispatch(self, index: Integers, starts: Integers, running: Integers) -> tuple[_Found | None, _Pricing]:
        """Return the plan with these replicas of these pools, and how its hours are priced, worked out once."""
        key = (index.tobytes(), starts.tobytes(), running.tobytes())
        if key not in self.tried:
            self.tried[key] = _dispatch(self.problem, index, starts, running)
        return self.tried[key]

    def refine(self, priced: _Priced | None) -> None:
        """Refine the classes, by prices if they are known and tell hours apart, else a step everywhere."""
        allowed = SHARE_OF_GAP * self.gap * (abs(self.known.objective) if self.known is not None else 0.0)
        if priced is not None:
            labels, days = like_priced(self.problem, priced.values, priced.prices, allowed)
            refined = split(self.problem, self.classes, labels, days)
            if len(refined.hours) > len(self.classes.hours):
                self.classes = refined
                return
        hour, day = np.arange(len(self.classes.of)), np.arange(len(self.classes.of) // HOURS_OF_DAY)
        self.classes = split(self.problem, self.classes, hour % 7, day % 3)

    def result(self) -> Plan:
        """Return the best plan, with the gap that was proven.

        Raises:
            PlanError: there is none.
        """
        known = self.known
        if known is None:
            raise PlanError("no plan serves every workload within the offers")
        proven = max(known.objective - self.bound, 0.0) / abs(known.objective) if known.objective else 0.0
        return replace(known.plan, gap=float(proven))


def solve(problem: Problem, *, gap: float = GAP, seconds: float = SECONDS, start: Plan | None = None) -> Plan:
    """Return the cheapest plan.

    Args:
        problem: the arrays.
        gap: relative gap to prove.
        seconds: time after which the best plan found is returned with the gap that was proven by then.
        start: the plan of a problem that is alike: the same pools and APIs, other prices or volumes.

    Raises:
        PlanError: no plan serves every workload within the offers and the caps.
    """
    known = _searched(problem, gap, seconds, start)
    return _spread_evenly(known, problem)


def glance(problem: Problem, *, start: Plan, bases: Bases) -> Plan:
    """Return a plan at once: near the cheapest, as far as it can be told in a moment, and not proven.

    Of the pools that the last plan has or the relaxation would use, whole replicas are looked for in classes of hours,
    beginning with those of the last plan; the hours are then as they are.

    Args:
        problem: the arrays.
        start: the plan of a problem that is alike.
        bases: what the last glances left; this one adds to it.

    Raises:
        PlanError: as :func:`solve`.
    """
    search = _Search(problem, GAP, GLANCE)
    used = search.begin(start)
    likely = search.relax(bases) | used
    if search.known is None:
        return solve(problem, seconds=0.0)
    few = with_pools(problem, likely)
    programme = Programme(few, search.classes)
    known = search.known.plan
    begun = _numbers(programme, known.starts[likely], known.running[:, likely])
    solution = programme.solve(gap=GAP, seconds=GLANCE, start=begun)
    if solution.x is not None:
        search.offer(search.with_hours(likely, programme, solution.x)[0])
    return _spread_evenly(search.result(), problem)


def _searched(problem: Problem, gap: float, seconds: float, start: Plan | None) -> Plan:
    search = _Search(problem, gap, seconds)
    used = search.begin(start)
    likely = search.relax() | used
    if not search.done or start is not None:
        search.first_plan(likely)
    for turn in range(ROUNDS + 1):
        if search.done:
            break
        if turn == ROUNDS:
            search.classes = all_hours(problem)
        search.relax()
        if search.known is not None and search.proven(search.bound):
            break
        programme = Programme(with_pools(problem, search.keep), search.classes)
        solution = programme.solve(gap=gap * SHARE_OF_GAP, seconds=search.left)
        if solution.x is None:
            if search.known is not None:
                break  # out of time, or within the caps nothing but what is known
            raise PlanError(f"no plan serves every workload within the offers ({solution.message.strip()})")
        search.raise_bound(solution.bound)
        found, pricing = search.with_hours(search.keep, programme, solution.x)
        search.offer(found)
        if search.done or search.finest:
            break
        search.refine(pricing())
    return search.result()


def _dispatch(problem: Problem, index: Integers, starts: Integers, running: Integers) -> tuple[_Found | None, _Pricing]:
    """Return the plan with these replicas of these pools, more where they do not suffice, and how its hours are priced.

    Where they do not suffice the prices are those at which replicas are added.
    """
    try:
        exact = Programme(with_pools(problem, index.tolist()), all_hours(with_pools(problem, index.tolist())))
    except PlanError:
        return None, lambda: None
    number = _numbers(exact, starts, running)
    solution = exact.solve(fixed=number, gap=1e-7)
    if solution.x is not None:
        found = _found(problem, index, exact, solution.x, solution.objective)
        chosen = solution.x[exact.at["y"] : exact.at["x"]]
        return found, lambda: _priced(exact, number, exact.relax(fixed=number, chosen=chosen))
    elastic = exact.relax(at_least=number)
    if elastic.x is None:
        return None, lambda: None
    solution = exact.solve(fixed=np.ceil(elastic.x[: exact.at["v"]] - 1e-6), gap=1e-7)
    more = None if solution.x is None else _found(problem, index, exact, solution.x, solution.objective)
    return more, lambda: _priced(exact, number, elastic)


def _numbers(programme: Programme, starts: Integers, running: Integers) -> Floats:
    """Return the variables n of replicas begun and on."""
    number = np.zeros(len(programme.units))
    switched = blocks()
    for i, unit in enumerate(programme.units):
        if unit.block < 0:
            number[i] = starts[unit.pool, unit.phase]
        else:
            number[i] = running[unit.phase, unit.pool, np.argmax(switched == unit.block)]
    return number


def _priced(exact: Programme, number: Floats, relaxed: Solution) -> _Priced | None:
    """Return what is served and on in each hour, with its prices."""
    if relaxed.x is None or relaxed.prices is None:
        return None
    pool, api = exact.flows(relaxed.x)
    on = np.zeros((2, exact.pools, len(exact.k)))
    for g, stretch in enumerate(exact.stretches):
        here = exact.here(g)
        on[0, stretch.pool, here] = sum(number[i] for i in stretch.units)
        backed = relaxed.x[exact.at["b"] + exact.backed[g]] if g in exact.backed else 0.0
        on[1, stretch.pool, here] = on[0, stretch.pool, here] - exact.problem.spare[stretch.pool] * backed
    values = np.concatenate([pool.sum(axis=1) + api.sum(axis=1), *on]).T
    order = exact.classes.of
    return _Priced(values[order], relaxed.prices[order])


def _found(problem: Problem, index: Integers, exact: Programme, x: Floats, objective: float) -> _Found:
    phases, workloads, pools, apis, hours = problem.shape
    # Classes of single hours are in the order of the blocks, not in that of the week.
    order = exact.classes.of
    pool, api = (flows[..., order] for flows in exact.flows(x))
    flow_pool = np.zeros((phases, workloads, pools, hours))
    flow_pool[:, :, index] = pool.reshape(workloads, len(index), phases, hours).transpose(2, 0, 1, 3)
    starts, running = exact.counts(x)
    all_starts = np.zeros((pools, phases), dtype=np.int64)
    all_starts[index] = starts
    all_running = np.zeros((phases, pools, hours), dtype=np.int64)
    all_running[:, index] = running
    plan = Plan(
        starts=all_starts,
        running=all_running,
        flow_pool=flow_pool,
        flow_api=api.reshape(workloads, apis, phases, hours).transpose(2, 0, 1, 3),
        cost=float(exact.cash @ x),
        gap=np.inf,
    )
    return _Found(plan, objective)


def _spread_evenly(plan: Plan, problem: Problem) -> Plan:
    """Return the plan with deferrable work spread over the day's free hours in proportion to the room in each.

    Any schedule within the day costs the same; this one leaves the same share of each free hour in reserve. What goes
    to an API goes there when it comes in.
    """
    if not problem.deferrable.any():
        return plan
    flow, api = plan.flow_pool.copy(), plan.flow_api.copy()
    phases, _, pools, _, hours = problem.shape
    seconds = np.nan_to_num(problem.seconds)
    at_once = np.where(problem.deferrable[None, :, None, None], 0, flow)
    room = plan.running * SECONDS_PER_HOUR - np.einsum("ywph,wp->yph", at_once, seconds)
    left = np.clip(plan.running - problem.spare[None, :, None], 0, None) * SECONDS_PER_HOUR
    left = left - np.einsum("ywph,wp->yph", at_once, seconds * problem.needs_spare[:, None])
    # Work that must fit on what is left without the spare ones has to find its place first.
    for w in sorted(np.flatnonzero(problem.deferrable), key=lambda w: not problem.needs_spare[w]):
        free = np.clip(np.minimum(room, left) if problem.needs_spare[w] else room, 0, None)
        days = free.reshape(phases, pools, hours // HOURS_OF_DAY, HOURS_OF_DAY)
        # A pool without room has nothing to spread but what rounding left there.
        even = np.full_like(days, 1 / HOURS_OF_DAY)
        share = np.divide(days, days.sum(axis=3, keepdims=True), out=even, where=days.sum(axis=3, keepdims=True) > 0)
        total = flow[:, w].reshape(days.shape).sum(axis=3, keepdims=True)
        flow[:, w] = (total * share).reshape(phases, pools, hours)
        taken = flow[:, w] * seconds[w, None, :, None]
        room, left = room - taken, left - taken
        wanted = problem.requests[:, w].reshape(phases, -1, HOURS_OF_DAY)
        for a in range(api.shape[2]):
            of_day = api[:, w, a].reshape(wanted.shape).sum(axis=2)
            out = of_day / np.maximum(wanted.sum(axis=2), 1e-12)
            api[:, w, a] = (wanted * out[..., None]).reshape(phases, hours)
    return replace(plan, flow_pool=flow, flow_api=api)
