"""Hours that a plan treats alike, taken together.

With the replicas fixed, the cost of an hour is a convex, piecewise linear function of its requests. So a class of hours
that is served as though each had the mean of the class costs no more than its hours do: the programme over classes
bounds the true one from below. And where all hours of a class lie on the same piece (the same pools full, the same
options in use), both are equal. So classes are split where they differ until bound and plan meet.

S. Wogrin, Time Series Aggregation for Optimization: One-Size-Fits-All?, IEEE Transactions on Smart Grid 14 (2023), 2489
to 2492, for the exactness by active constraints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2

from kit.engagement.record import HOURS_OF_DAY
from kit.strategy.problem import Flags, Floats, Integers, Problem, blocks

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


def split(
    problem: Problem, classes: HourClasses, which: Flags, which_days: Flags, signature: Integers
) -> HourClasses:
    """Return the classes with some of them split by what their hours look like.

    Args:
        problem: for its requests.
        classes: to start from.
        which: classes of hours to split, (K,).
        which_days: classes of days to take apart into days, with the hours in them, (D,).
        signature: a number for each hour, equal where the hours lie on the same piece, (Y · H,).
    """
    chosen = which[classes.of] | which_days[classes.day[classes.of]]
    labels = classes.of * (int(signature.max()) + 2) + np.where(chosen, signature + 1, 0)
    days = classes.day[classes.of].reshape(-1, HOURS_OF_DAY)[:, 0]
    days = np.where(which_days[days], int(days.max()) + 1 + np.arange(len(days)), days)
    return classes_of(problem, labels, days)


def _alike(points: Floats, count: int) -> Integers:
    """Return labels of at most ``count`` groups of points that lie near each other; the same each time."""
    distinct = np.unique(points, axis=0)
    if len(distinct) <= count:
        return np.unique(points, axis=0, return_inverse=True)[1].ravel()
    _, labels = kmeans2(points, count, seed=0, minit="++")
    return np.asarray(labels, dtype=np.int64)
