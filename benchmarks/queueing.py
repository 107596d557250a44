"""What simulating a million requests takes, beside a simulation that keeps its events in a heap as textbooks do.

    python benchmarks/queueing.py [--requests 1000000] [--rounds 3]

Both send the same Poisson arrivals with exponential work through the same replica (a concave curve, in the mean 80 % of
what it can do) at three widths, in turns; they must agree on the moment of every start and every end to a microsecond.
``kit.strategy.queueing.simulate`` is timed from arrays to arrays and works out the first tokens besides, which the
textbook does not. CPU seconds, median and range of the rounds; both use one core, and others may use the machine. Ends
with 1 if a million requests take more than 2 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections import deque
from heapq import heappop, heappush
from time import process_time

import numpy as np

from kit.strategy.queueing import Floats, rates, simulate

LIMIT_S = 2.0


def textbook(arrivals: Floats, work: Floats, rate: Floats, most: int) -> tuple[Floats, Floats]:
    """Return start and end of each request, with one heap of dated events.

    Each change of the number in service dates the next end anew; old dates are known by their version, and dropped when
    they come up.
    """
    number = len(arrivals)
    start, end = np.empty(number), np.empty(number)
    pace = [0.0, *(rate / np.arange(1, len(rate) + 1)).tolist()]
    events: list[tuple[float, int, int]] = [(moment, -1, who) for who, moment in enumerate(arrivals.tolist())]
    serving: list[tuple[float, int]] = []
    waiting: deque[int] = deque()
    needs = work.tolist()
    now = v = 0.0
    version = 0
    while events:
        moment, dated, request = heappop(events)
        if dated not in (-1, version):
            continue
        v += (moment - now) * pace[len(serving)]
        now = moment
        if dated == -1:
            waiting.append(request)
        else:
            heappop(serving)
            end[request] = now
        if waiting and len(serving) < most:
            begins = waiting.popleft()
            start[begins] = now
            heappush(serving, (v + needs[begins], begins))
        version += 1
        if serving:
            due, who = serving[0]
            heappush(events, (now + (due - v) / pace[len(serving)], version, who))
    return start, end


def main() -> int:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    random = np.random.default_rng(1)
    worst = 0.0
    for most in (1, 16, 256):
        rate = rates((1, 4, 16, 64, 256), (1.0, 3.2, 8.5, 16.0, 25.0), most=most)
        arrivals = np.cumsum(random.exponential(1 / (0.8 * rate[-1]), options.requests))
        work = random.exponential(1.0, options.requests)
        ours, theirs = [], []
        for _ in range(options.rounds):
            begun = process_time()
            result = simulate(arrivals, work, rate, most_in_service=most, first_work_s=0.1 * work)
            ours.append((process_time() - begun) / options.requests * 1e6)
            begun = process_time()
            expected = textbook(arrivals, work, rate, most)
            theirs.append((process_time() - begun) / options.requests * 1e6)
            for seen, wanted in zip((result.start_s, result.end_s), expected, strict=True):
                np.testing.assert_allclose(seen, wanted, rtol=0, atol=1e-6)
        mine, other = statistics.median(ours), statistics.median(theirs)
        worst = max(worst, mine)
        print(  # noqa: T201
            f"{most:3d} in service at most: {mine:.2f} s per million ({min(ours):.2f} to {max(ours):.2f}), textbook "
            f"{other:.2f} s ({min(theirs):.2f} to {max(theirs):.2f}), ratio {mine / other:.3f}"
        )
    print(f"load average {os.getloadavg()[0]:.1f}")  # noqa: T201
    return int(worst > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
