"""What requests wait on one replica: a discrete-event simulation of processor sharing with a state-dependent rate.

``n`` requests in service get the total rate ``r(n)``, each the same part of it, ``r(n) / n``; ``r`` is the measured
service curve, and a request's work is in seconds of a replica that serves it alone, so ``r(1) = 1``. At most
``most_in_service`` are served at once; those beyond wait in the order of arrival, or are sent away.

All in service run at one speed, so one clock does for all of them: the virtual time ``V`` with ``dV/dt = r(n) / n``.
Who starts at ``V = v`` with work ``w`` ends at ``V = v + w``, whatever comes and goes meanwhile. A heap of those is all
that the simulation keeps; who was whose is worked out afterwards, since ``V`` never falls: the order of the ends is the
order of ``v + w``, and the moment of the first token, at ``v + first``, follows from ``t(V)``, which is a line between
two events. L. Kleinrock, Queueing Systems, vol. 2 (1976), § 4.4; A. K. Parekh and R. G. Gallager, IEEE/ACM Transactions
on Networking 1 (1993), 344 to 357, § II.

What it leaves out: an engine that lets prompts overtake (the first part of a request shares the replica as the rest
does), memory that runs out before ``most_in_service`` is reached, and batches that do not mix prompt and output.
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BLOCK = 4096
"""As many requests are turned into Python's floats at once."""


@dataclass(frozen=True)
class Simulated:
    """What became of each request, in the order of arrival; all moments in seconds of the arrivals' clock.

    Attributes:
        arrival_s: moment of arrival.
        start_s: moment at which its service began; NaN where it was sent away, as in the two that follow.
        first_s: moment of its first token.
        end_s: moment of its last token.
        overflowed: True where it was sent away.
    """

    arrival_s: Floats
    start_s: Floats
    first_s: Floats
    end_s: Floats
    overflowed: NDArray[np.bool_]

    @property
    def wait_s(self) -> Floats:
        """Seconds in the waiting room, of each request that was served."""
        return self._since_arrival(self.start_s)

    @property
    def ttft_s(self) -> Floats:
        """Seconds to the first token, waiting included, of each request that was served."""
        return self._since_arrival(self.first_s)

    @property
    def e2e_s(self) -> Floats:
        """Seconds to the last token, waiting included, of each request that was served."""
        return self._since_arrival(self.end_s)

    @property
    def overflow(self) -> float:
        """Share of the requests that were sent away, 0 to 1."""
        return float(self.overflowed.mean()) if len(self.overflowed) else 0.0

    @property
    def found(self) -> NDArray[np.int64]:
        """How many were in the system, in service or waiting, when each request came, itself not counted."""
        taken = ~self.overflowed
        came = np.cumsum(taken, dtype=np.int64) - taken
        gone = np.searchsorted(np.sort(self.end_s[taken]), self.arrival_s, side="right")
        return np.asarray(np.maximum(came - gone, 0), dtype=np.int64)

    def _since_arrival(self, moment_s: Floats) -> Floats:
        taken = ~self.overflowed
        return moment_s[taken] - self.arrival_s[taken]


def rates(concurrency: Sequence[float], requests_per_s: Sequence[float], *, most: int) -> Floats:
    """Return ``r(1) ... r(most)`` from the throughput measured at some concurrencies, with ``r(1) = 1``.

    Lines between the points, from the origin to the lowest: the chords of a concave curve, so never above it. Beyond
    the highest point nothing is gained any more.

    Args:
        concurrency: the levels that were measured, rising.
        requests_per_s: throughput of the whole replica at each, of one mix of requests.
        most: how far to go.

    Raises:
        ValueError: no points, levels that do not rise, or a throughput that is not above 0.
    """
    levels, seen = np.asarray(concurrency, dtype=np.float64), np.asarray(requests_per_s, dtype=np.float64)
    if len(levels) == 0 or levels.shape != seen.shape or levels[0] <= 0 or np.any(np.diff(levels) <= 0):
        raise ValueError("a service curve needs a throughput at each of some rising concurrencies above 0")
    if not np.all((seen > 0) & np.isfinite(seen)):
        raise ValueError("the throughput of a service curve must be above 0")
    curve = np.interp(np.arange(1, most + 1), np.append(0.0, levels), np.append(0.0, seen))
    return np.asarray(curve / np.interp(1.0, np.append(0.0, levels), np.append(0.0, seen)), dtype=np.float64)


def simulate(
    arrivals_s: ArrayLike,
    work_s: ArrayLike,
    rate_at: ArrayLike,
    *,
    most_in_service: int,
    first_work_s: ArrayLike = 0.0,
    overflow_threshold: int | None = None,
) -> Simulated:
    """Send requests through one replica, until the last has ended; the replica is empty at first.

    Args:
        arrivals_s: moment of each arrival, not falling: drawn, or those of a trace, with its bursts.
        work_s: seconds that each would take on a replica of its own, 0 or more.
        rate_at: ``r(1), r(2), ...``, the total rate by number in service; at least ``most_in_service`` of them.
        most_in_service: how many are served at once (1 is first come, first served).
        first_work_s: the part of ``work_s`` up to the first token, of each or of all; at 0 the TTFT is the wait alone.
        overflow_threshold: most in the system, waiting or in service; who comes beyond is sent away. ``None``: nobody.

    Raises:
        ValueError: an argument that makes no sense.
    """
    arrivals, work = np.asarray(arrivals_s, dtype=np.float64), np.asarray(work_s, dtype=np.float64)
    first = np.broadcast_to(np.asarray(first_work_s, dtype=np.float64), work.shape)
    rate = np.asarray(rate_at, dtype=np.float64)
    room = sys.maxsize if overflow_threshold is None else overflow_threshold
    if arrivals.ndim != 1 or arrivals.shape != work.shape:
        raise ValueError(f"each request needs an arrival and a work; there are {arrivals.shape} and {work.shape}")
    if not np.all(np.isfinite(arrivals)) or np.any(np.diff(arrivals) < 0):
        raise ValueError("arrivals must be finite and must not fall")
    if not np.all(np.isfinite(work) & (first >= 0) & (first <= work)):
        raise ValueError("work must be finite, and its part up to the first token between 0 and the whole")
    if most_in_service < 1 or room < 1:
        raise ValueError("at least one request must be let in and be served")
    most = min(most_in_service, room, max(len(arrivals), 1))
    if len(rate) < most or not np.all((rate[:most] > 0) & np.isfinite(rate[:most])):
        raise ValueError(f"a rate above 0 is needed for each number in service up to {most}")
    # Small numbers, for a clock that counts from 1970 is a coarse one.
    origin = arrivals[0] if len(arrivals) else 0.0
    since = arrivals - origin
    pace = [1.0, *(np.arange(1, most + 1) / rate[:most]).tolist()]
    v, starts, ends, sent_away = _events(since, work, pace, most, room - most)
    overflowed = np.zeros(len(arrivals), dtype=np.bool_)
    overflowed[sent_away] = True
    taken = ~overflowed
    v_end = v + work[taken]
    by_end = np.argsort(v_end, kind="stable")
    tokens = _moments(v + first[taken], (v, starts), (v_end[by_end], ends))
    start, token, end = np.full((3, len(arrivals)), np.nan)
    # Who did not wait starts at the arrival, to the last bit; nothing is before what it follows.
    start[taken] = np.where(starts == since[taken], arrivals[taken], starts + origin)
    end[np.flatnonzero(taken)[by_end]] = ends + origin
    np.maximum(end, start, out=end)
    token[taken] = np.clip(tokens + origin, start[taken], end[taken])
    return Simulated(arrivals, start, token, end, overflowed)


def _events(
    arrivals: Floats, work: Floats, pace: list[float], most: int, waiting_room: int
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Go from event to event; ``pace`` is dt/dV by number in service, 1 while there is none.

    Requests go by the million through this loop, so it has no objects but floats and no calls but those into C.

    Returns:
        Of those served, in the order of arrival, virtual and real moment of the start; the moments of the ends, in
        their own order; the places in ``arrivals`` of those sent away.
    """
    heap, waiting = [np.inf], deque[float]()
    v_starts, starts, ends, sent_away = array("d"), array("d"), array("d"), array("q")
    add_v_start, add_start, add_end = v_starts.append, starts.append, ends.append
    t = v = 0.0
    n, now, head = 0, pace[0], heap[0]
    # The last arrival is made up: it comes so late that all others have ended.
    for arrival, need in zip(_floats(arrivals, sys.float_info.max), _floats(work, 0.0), strict=True):
        end = t + (head - v) * now
        while end <= arrival:
            t, v = end, head
            add_end(end)
            if waiting:
                add_v_start(v)
                add_start(end)
                heapreplace(heap, v + waiting.popleft())
            else:
                heappop(heap)
                n -= 1
                now = pace[n]
            head = heap[0]
            end = t + (head - v) * now
        if n < most:
            v += (arrival - t) / now
            t = arrival
            n += 1
            now = pace[n]
            heappush(heap, v + need)
            head = heap[0]
            add_v_start(v)
            add_start(arrival)
        elif len(waiting) < waiting_room:
            waiting.append(need)
        else:
            sent_away.append(len(starts) + len(waiting) + len(sent_away))
    return np.array(v_starts[:-1]), np.array(starts[:-1]), np.array(ends), np.array(sent_away, dtype=np.int64)


def _floats(values: Floats, last: float) -> Iterator[float]:
    """Go through values as floats of Python's, of which there are only some at a time, and a last one."""
    blocks = (values[at : at + BLOCK].tolist() for at in range(0, len(values), BLOCK))
    return chain(chain.from_iterable(blocks), (last,))


def _moments(wanted: Floats, *events: tuple[Floats, Floats]) -> Floats:
    """Return the moments at which the virtual clock shows ``wanted``, from pairs of its reading and the moment."""
    if not len(wanted):
        return wanted
    v, t = (np.concatenate(parts) for parts in zip(*events, strict=True))
    order = np.argsort(v, kind="stable")
    return np.asarray(np.interp(wanted, v[order], np.maximum.accumulate(t[order])), dtype=np.float64)
