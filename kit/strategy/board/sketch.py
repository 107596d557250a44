"""A model of cost with a few numbers, for a reader to play with: one cloud price against whole machines."""

from __future__ import annotations

import math

import numpy as np

from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, Place
from kit.strategy.board import Case
from kit.strategy.choice import Choice
from kit.strategy.costs import levelised, staff_per_month
from kit.strategy.dossier import Sketch
from kit.strategy.options import DAYS_PER_MONTH
from kit.strategy.problem import SECONDS_PER_HOUR, Flags, Floats, Integers

SECONDS_PER_DAY = 86_400.0
ROUNDING = 1e-9
"""By how much the mean use is set higher, as a share of it, so that ``ceil`` finds the same whole machines again."""


def sketch(case: Case) -> Sketch | None:
    """Return the small model of cost for the workloads that may go both to an API and to one kind of machine.

    The machine is the pool of the plan that carries most of their tokens; if none does, the permitted pool that takes
    most of them and, of those that take as much, does so at the least cost of a request. Prices and volumes are those
    of the first phase. The machines are as many as these workloads need in their busiest hour beside those that have
    no other place, what can wait spread over its day, and the spare ones of what needs them.
    """
    choice = case.choice
    problem = choice.problem
    both: Flags = np.asarray(~np.isnan(problem.seconds) & problem.api_open[:, None], dtype=np.bool_)
    if not both.any():
        return None
    tokens = np.array([item.tokens_per_request for item in choice.demand.workloads])
    requests = problem.requests[0].sum(axis=1)
    p = _machine(case, both, tokens)
    mine = np.flatnonzero(both[:, p])
    pool, volume = choice.pools[p], float(requests[mine] @ tokens[mine])
    daily = sum(choice.demand.workloads[w].tokens_per_day for w in mine) / 1e6
    per_second = volume / float(requests[mine] @ problem.seconds[mine, p])
    full = per_second * SECONDS_PER_DAY / 1e6
    cheapest = np.nanmin(problem.api_price[0, mine], axis=1)
    people, flow = staff_per_month(choice.terms), case.best.plan.flow_pool[0].sum(axis=2)
    bound = np.flatnonzero((flow[:, p] > 0) & ~problem.api_open)
    others = np.setdiff1d(np.arange(len(tokens)), mine)
    elsewhere = case.best.plan.flow_api[0, others].any()
    load = float(requests[bound] @ problem.seconds[bound, p]) * per_second / HOURS_OF_WEEK * HOURS_OF_DAY / 1e6
    number = machines(choice, np.union1d(mine, bound), p)
    return Sketch(
        machine=pool.label,
        place=pool.place,
        workloads=tuple(choice.workloads[w].name for w in mine),
        cloud_per_mtok=float(requests[mine] @ cheapest) / volume * 1e6,
        cloud_fixed=0.0 if elsewhere else people[Place.API],
        machine_per_month=levelised(pool, choice.terms, choice.phases),
        machine_mtok_per_day=full,
        local_fixed=0.0 if len(bound) else people[pool.place],
        bound=tuple(choice.workloads[w].name for w in bound),
        bound_mtok_per_day=load,
        there=machines(choice, bound, p) if len(bound) else 0,
        million_tokens_per_day=daily,
        use=mean_use(load + daily, number, full),
        days_per_month=DAYS_PER_MONTH,
    )


def mean_use(million_tokens_per_day: float, number: int, machine_mtok_per_day: float) -> float:
    """Return the mean use of so many machines at a volume, such that ``ceil(v / (use × full))`` is their number again.

    Args:
        million_tokens_per_day: the volume, ``v``.
        number: of machines.
        machine_mtok_per_day: what one carries if it is full.
    """
    return million_tokens_per_day / (number * machine_mtok_per_day) * (1 + ROUNDING)


def machines(choice: Choice, workloads: Integers, p: int) -> int:
    """Return how many replicas of a pool some workloads need by themselves in the first phase, spare ones included.

    The most of any hour's load that cannot wait, and of any day's load in all; the spare ones stand beside what needs
    them and serve the rest until one fails.

    Args:
        choice: the options.
        workloads: their numbers.
        p: number of the pool.
    """
    bound = workloads[choice.problem.needs_spare[workloads]]
    spare = int(choice.problem.spare[p]) if len(bound) else 0
    return max(_busiest(choice, workloads, p), _busiest(choice, bound, p) + spare)


def _busiest(choice: Choice, workloads: Integers, p: int) -> int:
    """Return how many replicas the busiest hour takes."""
    problem = choice.problem
    load: Floats = problem.requests[0, workloads] * problem.seconds[workloads, p][:, None] / SECONDS_PER_HOUR
    at_once = load[~problem.deferrable[workloads]].sum(axis=0)
    of_day = load.sum(axis=0).reshape(-1, HOURS_OF_DAY).mean(axis=1)
    needed = max(float(at_once.max(initial=0.0)), float(of_day.max()))
    return max(1, math.ceil(needed - 1e-9))


def _machine(case: Case, both: Flags, tokens: Floats) -> int:
    """Return the number of the pool."""
    choice, plan = case.choice, case.best.plan
    carried = (plan.flow_pool.sum(axis=(0, 3)) * tokens[:, None] * both).sum(axis=0)
    if carried.any():
        return int(carried.argmax())
    requests = choice.problem.requests[0].sum(axis=1)
    covered = (requests * tokens) @ both
    most = np.flatnonzero(covered >= covered.max() * (1 - 1e-9))

    def per_request(p: int) -> float:
        mine = np.flatnonzero(both[:, p])
        busy = float(requests[mine] @ choice.problem.seconds[mine, p]) / float(requests[mine].sum())
        return levelised(choice.pools[p], choice.terms, choice.phases) * busy

    return min((int(p) for p in most), key=per_request)
