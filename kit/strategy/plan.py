"""The plan: whole replicas of what, and which share of which workload goes where each hour.

Own and rented replicas are base load with a fixed cost, cloud APIs are peakers with none. :mod:`kit.strategy.programme`
has the programme. It is solved over classes of hours (:mod:`kit.strategy.hourclasses`), which bounds the cost from
below; the replicas that come out are then given the true hours, which bounds it from above; classes are split until the
two meet. Pools that the reduced costs of the relaxation prove too dear for any plan as cheap as one that is known are
left out on the way.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from kit.engagement.record import HOURS_OF_DAY
from kit.errors import PlanError
from kit.strategy.hourclasses import HourClasses, all_hours, first_classes, split
from kit.strategy.problem import (
    SECONDS_PER_HOUR,
    WEEKS_PER_MONTH,
    Flags,
    Floats,
    Integers,
    Plan,
    Problem,
    blocks,
    with_pools,
)
from kit.strategy.programme import Programme, is_on

GAP = 1e-3
"""Relative gap to which plans are proven."""

SECONDS = 60.0
"""Time after which a search is given up, and what was proven by then reported."""

ROUNDS = 40
"""Rounds after which every hour is a class of its own."""

FIRST_GAP, FIRST_SECONDS = 5e-3, 5.0
"""Enough for a plan to begin with."""

SHARE_OF_GAP = 0.25
"""Part of the gap that the solver may leave, the rest is for the classes; and that the classes are split down to."""


@dataclass(frozen=True)
class _Found:
    """A plan with the classes' own view of it."""

    plan: Plan
    objective: float


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
    ends = time.monotonic() + seconds
    known = _again(problem, start) if start is not None else None
    classes = first_classes(problem)
    keep = np.ones(problem.shape[2], dtype=bool)
    bound = -np.inf
    for turn in range(ROUNDS + 1):
        if turn == ROUNDS:
            classes = all_hours(problem)
        if turn == 0:
            keep, known, bound = _prune(problem, classes, keep, known, start, gap)
        if known is not None and (_proven(known, bound, gap) or time.monotonic() >= ends):
            break
        programme = Programme(with_pools(problem, keep), classes)
        solution = programme.solve(gap=gap * SHARE_OF_GAP, seconds=ends - time.monotonic())
        if solution.x is None:
            if known is not None:
                break  # out of time, or within the caps nothing but what is known
            raise PlanError(f"no plan serves every workload within the offers ({solution.message.strip()})")
        # A pool that was left out costs more than the plan that is known.
        bound = max(bound, min(solution.bound, known.objective if known is not None else np.inf))
        found = _with_hours(problem, keep, programme, solution.x)
        if found is not None and (known is None or found.objective < known.objective):
            known = found
        if known is not None and (_proven(known, bound, gap) or time.monotonic() >= ends):
            break
        if len(classes.hours) == len(classes.of):
            break
        classes = _refine(problem, programme, solution.x, found, classes, gap)
    if known is None:
        raise PlanError("no plan serves every workload within the offers")
    proven = max(known.objective - bound, 0.0) / abs(known.objective) if known.objective else 0.0
    return _spread_evenly(replace(known.plan, gap=float(proven)), problem)


def _proven(known: _Found, bound: float, gap: float) -> bool:
    return known.objective - bound <= gap * abs(known.objective) + 1e-9


def _prune(
    problem: Problem, classes: HourClasses, keep: Flags, known: _Found | None, start: Plan | None, gap: float
) -> tuple[Flags, _Found | None, float]:
    """Return the pools that a plan as cheap as the best known one may use, the best known one, and a bound."""
    programme = Programme(with_pools(problem, keep), classes)
    relaxed = programme.solve(relaxed=True)
    if relaxed.x is None:
        return keep, known, -np.inf
    index = np.flatnonzero(keep)
    if known is None or start is not None:
        # What the relaxation and a plan of a like problem use makes a good first plan.
        likely = start.used.copy() if start is not None else np.zeros(len(keep), dtype=bool)
        likely[index[is_on(programme, relaxed.x)]] = True
        first = _first(problem, classes, likely, gap)
        if first is not None and (known is None or first.objective < known.objective):
            known = first
    if known is None:
        return keep, None, relaxed.bound
    kept = keep.copy()
    for i, p in enumerate(index):
        if programme.least_with(i, relaxed) > known.objective * (1 + 1e-9):
            kept[p] = False
    return kept, known, min(relaxed.bound, known.objective)


def _first(problem: Problem, classes: HourClasses, likely: Flags, gap: float) -> _Found | None:
    try:
        programme = Programme(with_pools(problem, likely), classes)
    except PlanError:
        return None
    solution = programme.solve(gap=max(gap, FIRST_GAP), seconds=FIRST_SECONDS)
    return None if solution.x is None else _with_hours(problem, likely, programme, solution.x)


def _with_hours(problem: Problem, keep: Flags, programme: Programme, x: Floats) -> _Found | None:
    """Return the plan with the replicas of a solution and every hour as it is; ``None`` if they do not suffice."""
    on = is_on(programme, x)
    index = np.flatnonzero(keep)[on]
    smaller = with_pools(problem, index.tolist())
    starts, running = programme.counts(x)
    return _dispatch(problem, smaller, index, starts[on], running[:, on])


def _dispatch(
    problem: Problem, smaller: Problem, index: Integers, starts: Integers, running: Integers
) -> _Found | None:
    try:
        exact = Programme(smaller, all_hours(smaller))
    except PlanError:
        return None
    fixed = np.zeros(len(exact.units))
    switched = blocks()
    for i, unit in enumerate(exact.units):
        if unit.block < 0:
            fixed[i] = starts[unit.pool, unit.phase]
        else:
            fixed[i] = running[unit.phase, unit.pool, np.argmax(switched == unit.block)]
    solution = exact.solve(fixed=fixed, gap=1e-7)
    if solution.x is None:
        return None
    phases, workloads, pools, apis, hours = problem.shape
    pool, api = exact.flows(solution.x)
    flow_pool = np.zeros((phases, workloads, pools, hours))
    # Classes of single hours are in the order of the blocks, not in that of the week.
    order = exact.classes.of
    flow_pool[:, :, index] = pool[..., order].reshape(workloads, len(index), phases, hours).transpose(2, 0, 1, 3)
    flow_api = api[..., order].reshape(workloads, apis, phases, hours).transpose(2, 0, 1, 3)
    all_starts = np.zeros((pools, phases), dtype=np.int64)
    all_starts[index] = starts
    all_running = np.zeros((phases, pools, hours), dtype=np.int64)
    all_running[:, index] = running
    plan = Plan(
        starts=all_starts,
        running=all_running,
        flow_pool=flow_pool,
        flow_api=flow_api,
        cost=float(exact.cash @ solution.x),
        gap=np.inf,
    )
    return _Found(plan, solution.objective)


def _again(problem: Problem, start: Plan) -> _Found | None:
    """Return the replicas of another problem's plan put to this one's hours; ``None`` if they do not suffice."""
    phases, _, pools, _, hours = problem.shape
    if start.running.shape != (phases, pools, hours):
        return None
    index = np.flatnonzero(start.used)
    smaller = with_pools(problem, index.tolist())
    return _dispatch(problem, smaller, index, start.starts[index], start.running[:, index])


def _refine(
    problem: Problem,
    programme: Programme,
    x: Floats,
    found: _Found | None,
    classes: HourClasses,
    gap: float,
) -> HourClasses:
    """Return the classes with those split that hide most of the cost."""
    phases, workloads, pools, _, hours = problem.shape
    flat = problem.requests.transpose(1, 0, 2).reshape(workloads, -1)
    if found is None:
        # The replicas do not carry some hours: let those stand alone that are busiest beside their class.
        excess = np.zeros(phases * hours)
        for w in np.flatnonzero(~problem.api_open):
            mean = classes.requests[w, classes.of]
            excess = np.maximum(excess, flat[w] / np.where(mean > 0, mean, 1.0))
        top = np.argsort(-excess, kind="stable")[: 4 * phases + len(classes.hours) // 2]
        signature = np.zeros(phases * hours, dtype=np.int64)
        signature[top] = 1 + np.arange(len(top))
        every = np.ones(len(classes.hours), dtype=bool)
        days = np.full(len(classes.days), bool((problem.deferrable & ~problem.api_open).any()))
        return split(problem, classes, every, days, signature)
    classes_hidden, days_hidden = _hidden(problem, programme, x, found.plan)
    allowed = SHARE_OF_GAP * gap * abs(found.objective)
    which, which_days = _most_of(classes_hidden, allowed), _most_of(days_hidden, allowed)
    refined = split(problem, classes, which, which_days, _signatures(problem, found.plan))
    if len(refined.hours) > len(classes.hours):
        return refined
    # Hours of one class lie on one piece, or only the solver's own gap is left: take the classes apart step by step.
    every = np.ones(len(classes.hours), dtype=bool)
    return split(problem, classes, every, which_days, np.arange(phases * hours) % 7)


def _hidden(problem: Problem, programme: Programme, x: Floats, plan: Plan) -> tuple[Floats, Floats]:
    """Return how far the bill of the classes is from that of their hours, by class, (K,), and by class of days, (D,).

    The bill of work that may wait is one of its days.
    """
    classes, waits = programme.classes, problem.deferrable
    months = problem.months * WEEKS_PER_MONTH
    price = np.nan_to_num(problem.api_price)
    true = np.einsum("ywah,ywa,y->wyh", plan.flow_api, price, months).reshape(len(waits), -1)
    _, api = programme.flows(x)
    taken = (api * price[classes.phase].transpose(1, 2, 0)).sum(axis=1) * classes.hours * months[classes.phase]
    of_class, of_day = classes.of, classes.day[classes.of]

    def by(labels: Integers, values: Floats, count: int) -> Floats:
        return np.bincount(labels, weights=values, minlength=count).astype(np.float64)

    count, days = len(classes.hours), len(classes.days)
    at_once = by(of_class, true[~waits].sum(axis=0), count) - taken[~waits].sum(axis=0)
    later = by(of_day, true[waits].sum(axis=0), days) - by(classes.day, taken[waits].sum(axis=0), days)
    return np.abs(at_once), np.abs(later)


def _most_of(hidden: Floats, allowed: float) -> Flags:
    """Return the fewest classes without which no more than ``allowed`` is hidden."""
    order = np.argsort(-hidden, kind="stable")
    left = hidden.sum() - np.concatenate([[0.0], np.cumsum(hidden[order])])
    which = np.zeros(len(hidden), dtype=bool)
    which[order[: int(np.argmax(left <= allowed + 1e-9 * hidden.sum()))]] = True
    return which


def _signatures(problem: Problem, plan: Plan) -> Integers:
    """Return a number for each hour, equal where the same pools are full and APIs are called alike, (Y · H,)."""
    phases, _, pools, _, hours = problem.shape
    load = np.einsum("ywph,wp->yph", plan.flow_pool, np.nan_to_num(problem.seconds)) / SECONDS_PER_HOUR
    bound = np.einsum("ywph,wp->yph", plan.flow_pool, np.nan_to_num(problem.seconds) * problem.needs_spare[:, None])
    left = plan.running - np.where(plan.running > 0, problem.spare[None, :, None], 0)
    full = (load > plan.running - 1e-6) | (bound / SECONDS_PER_HOUR > left - 1e-6) & (bound > 0)
    wanted = np.where(problem.requests > 0, problem.requests, 1.0)[:, :, None]
    marks = [
        (plan.flow_pool > 1e-7 * wanted).transpose(0, 3, 1, 2).reshape(phases * hours, -1),
        (plan.flow_api > 1e-7 * wanted).transpose(0, 3, 1, 2).reshape(phases * hours, -1),
        full.transpose(0, 2, 1).reshape(phases * hours, pools),
    ]
    signature: Integers = np.unique(np.concatenate(marks, axis=1), axis=0, return_inverse=True)[1].ravel()
    return signature


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
    fixed = np.einsum("ywph,wp->yph", np.where(problem.deferrable[None, :, None, None], 0, flow), seconds)
    room = plan.running * SECONDS_PER_HOUR - fixed
    reserve = np.where(plan.running > 0, problem.spare[None, :, None], 0) * SECONDS_PER_HOUR
    # Work that needs the spares to be free has to find its place first.
    for w in sorted(np.flatnonzero(problem.deferrable), key=lambda w: not problem.needs_spare[w]):
        free = np.clip(room - (reserve if problem.needs_spare[w] else 0), 0, None)
        days = free.reshape(phases, pools, hours // HOURS_OF_DAY, HOURS_OF_DAY)
        share = np.divide(days, days.sum(axis=3, keepdims=True), out=np.zeros_like(days), where=days > 0)
        total = flow[:, w].reshape(days.shape).sum(axis=3, keepdims=True)
        flow[:, w] = (total * share).reshape(phases, pools, hours)
        room = room - flow[:, w] * seconds[w, None, :, None]
        wanted = problem.requests[:, w].reshape(phases, -1, HOURS_OF_DAY)
        for a in range(api.shape[2]):
            of_day = api[:, w, a].reshape(wanted.shape).sum(axis=2)
            out = of_day / np.maximum(wanted.sum(axis=2), 1e-12)
            api[:, w, a] = (wanted * out[..., None]).reshape(phases, hours)
    return replace(plan, flow_pool=flow, flow_api=api)
