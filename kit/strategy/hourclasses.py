"""Hours that a plan treats alike, taken together.

With the replicas fixed, the cost of an hour is a convex, piecewise linear function of its requests. So a class of hours
that is served as though each had the mean of the class costs no more than its hours do: the programme over classes
bounds the true one from below. And where all hours of a class lie on the same piece (the same pools full, the same
options in use), both are equal. So hours are put together whose duals are alike, until bound and plan meet.

S. Wogrin, Time Series Aggregation for Optimization: One-Size-Fits-All?, IEEE Transactions on Smart Grid 14 (2023), 2489
to 2492, for the exactness by active constraints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.cluster.vq import kmeans2

from kit.engagement.record import HOURS_OF_DAY
from kit.strategy.problem import Floats, Integers, Problem, blocks

START = 8
"""Classes of each phase to begin with."""


@dataclass(frozen=True)
class HourClasses:
    """K classes of the Y · H hours of a problem, D classes of its Y · 7 days.

    Attributes:
        of: the class of each hour, phases one after the other, (Y · H,).
        hours: how many hours a week, (K,).
        phase: to which they belong, (K,).
        block: in which they are switched, (K,).
        day: the class of days, (K,).
        days: how many days a week, (D,).
        requests: mean requests per hour, (W, K).
        day_requests: mean requests per day, (W, D).
    """

    of: Integers
    hours: Floats
    phase: Integers
    block: Integers
    day: Integers
    days: Floats
    requests: Floats
    day_requests: Floats


def classes_of(problem: Problem, labels: Integers, days: Integers) -> HourClasses:
    """Return classes by the labels of hours, split so that none spans two phases, switching blocks or classes of days.

    Args:
        problem: for its requests.
        labels: any number for each hour, (Y · H,).
        days: any number for each day, (Y · 7,).
    """
    phases, workloads, _, _, hours = problem.shape
    per_phase = hours // HOURS_OF_DAY
    phase = np.repeat(np.arange(phases), hours)
    block = np.tile(blocks(), phases) if problem.by_hour.any() else np.zeros(phases * hours, dtype=np.int64)
    # Classes of days matter only to work that may wait.
    day_labels = days if problem.deferrable.any() else np.zeros(phases * per_phase, dtype=np.int64)
    day_keys = np.stack([np.repeat(np.arange(phases), per_phase), day_labels])
    _, day_of = np.unique(day_keys, axis=1, return_inverse=True)
    keys = np.stack([phase, block, np.repeat(day_of.ravel(), HOURS_OF_DAY), labels])
    found, of = np.unique(keys, axis=1, return_inverse=True)
    of = of.ravel()
    flat = problem.requests.transpose(1, 0, 2).reshape(workloads, -1)
    size = np.bincount(of, minlength=found.shape[1]).astype(float)
    requests = np.array([np.bincount(of, weights=row, minlength=found.shape[1]) for row in flat]) / size
    days_size = np.bincount(day_of.ravel()).astype(float)
    of_day = np.repeat(day_of.ravel(), HOURS_OF_DAY)
    day_requests = np.array([np.bincount(of_day, weights=row, minlength=len(days_size)) for row in flat]) / days_size
    return HourClasses(
        of=of,
        hours=size,
        phase=found[0],
        block=found[1],
        day=found[2],
        days=days_size,
        requests=requests.reshape(workloads, -1),
        day_requests=day_requests.reshape(workloads, -1),
    )


def all_hours(problem: Problem) -> HourClasses:
    """Return one class for every hour: the problem as it is."""
    phases, _, _, _, hours = problem.shape
    return classes_of(problem, np.arange(phases * hours), np.arange(phases * hours // HOURS_OF_DAY))


def first_classes(problem: Problem) -> HourClasses:
    """Return classes of hours with like loads; the busiest hours of work that has no API stand alone."""
    phases, workloads, _, _, hours = problem.shape
    labels = np.zeros(phases * hours, dtype=np.int64)
    days = np.zeros(phases * hours // HOURS_OF_DAY, dtype=np.int64)
    per_phase = hours // HOURS_OF_DAY
    scale = problem.requests.max(axis=(0, 2), keepdims=True)
    relative = (problem.requests / np.where(scale > 0, scale, 1)).transpose(0, 2, 1)
    switched = [blocks() == b for b in np.unique(blocks())] if problem.by_hour.any() else [np.ones(hours, dtype=bool)]
    for y in range(phases):
        for block in switched:
            here = np.flatnonzero(block)
            labels[y * hours + here] = _alike(relative[y, here], max(START // len(switched), 2))
        of_day = relative[y].reshape(per_phase, HOURS_OF_DAY, workloads).mean(axis=1)
        days[y * per_phase : (y + 1) * per_phase] = _alike(of_day, 2)
    bound = np.flatnonzero(~problem.api_open & ~problem.deferrable)
    if len(bound):
        seconds = np.nanmin(np.where(np.isnan(problem.seconds), np.inf, problem.seconds), axis=1, initial=np.inf)[bound]
        load = problem.requests[:, bound] * np.where(np.isfinite(seconds), seconds, 0)[:, None]
        for y, block in ((y, block) for y in range(phases) for block in switched):
            here = np.flatnonzero(block)
            of_block = load[y][:, here]
            peaks = {int(of_block.sum(axis=0).argmax()), *(int(row.argmax()) for row in of_block)}
            for i, peak in enumerate(sorted(peaks)):
                labels[y * hours + here[peak]] = START + i
    return classes_of(problem, labels, days)


def like_priced(problem: Problem, values: Floats, prices: Floats, allowed: float) -> tuple[Integers, Integers]:
    """Return labels of hours, (Y · H,), and of days, (Y · 7,), so that few classes hide little of the cost.

    The cost of an hour with given replicas is the largest of ``values · prices`` over all prices that are feasible in
    the dual programme; its own prices attain it, those of another hour bound it from below. So hours that share one
    hour's prices hide no more than what each loses by that. The prices are chosen greedily, the one that saves most
    first.

    Args:
        problem: for its phases.
        values: what the prices are for: requests served and replicas that are on, (Y · H, F).
        prices: of each hour, (Y · H, F).
        allowed: money that may be hidden.
    """
    phases, _, _, _, hours = problem.shape
    worth = values @ prices.T
    phase = np.repeat(np.arange(phases), hours)
    days = np.arange(phases * hours // HOURS_OF_DAY)
    if not problem.deferrable.any():
        return _few(worth, phase, phase, allowed), np.zeros_like(days)
    # What may wait has one price for its day, so the hours of a day take all their prices from the same one.
    best = worth.reshape(len(worth), len(days), HOURS_OF_DAY).max(axis=2)
    of_day = best.reshape(len(days), HOURS_OF_DAY, len(days)).sum(axis=1)
    phase_of_day = np.repeat(np.arange(phases), hours // HOURS_OF_DAY)
    stands = _few(of_day, phase_of_day, phase_of_day, allowed / 2)
    labels = _few(worth, np.repeat(stands, HOURS_OF_DAY), np.repeat(days, HOURS_OF_DAY), allowed / 2)
    return labels, stands


def split(problem: Problem, classes: HourClasses, labels: Integers, days: Integers) -> HourClasses:
    """Return the classes split by labels of hours, (Y · H,), and of days, (Y · 7,)."""
    of_days = classes.day[classes.of].reshape(-1, HOURS_OF_DAY)[:, 0]
    return classes_of(
        problem,
        classes.of * (int(labels.max()) + 1) + labels,
        of_days * (int(days.max()) + 1) + days,
    )


def _few(worth: Floats, rows: Integers, columns: Integers, allowed: float) -> Integers:
    """Return for each row the column that stands for it, so that they are few and in all at most ``allowed`` is lost.

    Args:
        worth: of each row at the prices of each column, (N, N).
        rows: group of each row, (N,).
        columns: group of each column, (N,); a column stands for rows of its own group.
        allowed: that may be lost of the sum of the most that each row is worth.
    """
    reach = np.where(rows[:, None] == columns[None, :], worth, -np.inf)
    loss = reach.max(axis=1, keepdims=True) - reach
    chosen = [int(loss[rows == group].sum(axis=0).argmin()) for group in np.unique(rows)]
    least = loss[:, chosen].min(axis=1)
    while least.sum() > allowed:
        saved = np.clip(least[:, None] - loss, 0.0, None).sum(axis=0)
        best = int(saved.argmax())
        if saved[best] <= 0:
            break
        chosen.append(best)
        least = np.minimum(least, loss[:, best])
    return np.asarray(np.asarray(chosen)[loss[:, chosen].argmin(axis=1)], dtype=np.int64)


def _alike(points: Floats, count: int) -> Integers:
    """Return labels of at most ``count`` groups of points that lie near each other; the same each time.

    One verdict asks for the same hours many times, and volumes that grow alike look alike: so it is kept.
    """
    rounded = np.ascontiguousarray(points.round(9))
    return np.asarray(_grouped(rounded.tobytes(), rounded.shape[1], count), dtype=np.int64)


@lru_cache(maxsize=1024)
def _grouped(data: bytes, width: int, count: int) -> tuple[int, ...]:
    points = np.frombuffer(data, dtype=np.float64).reshape(-1, width)
    distinct, same = np.unique(points, axis=0, return_inverse=True)
    labels = same.ravel() if len(distinct) <= count else kmeans2(points, count, seed=0, minit="++")[1]
    return tuple(int(label) for label in labels)
