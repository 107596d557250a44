"""What the users of a simulated replica wait, and what a threshold for sending requests away does to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from kit.profiler.profile import Spread
from kit.strategy.queueing import Floats, Simulated, simulate

BATCHES = 20
"""Into as many stretches a run is cut to see how much its percentiles vary."""

FEWEST_BEYOND = 100
"""With fewer requests beyond a percentile (five in each stretch) it gets no interval."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Latencies:
    """What the users of a simulated replica wait.

    Attributes:
        ttft_s: time to first token.
        e2e_s: time to last token.
        requests: that were served and counted.
    """

    ttft_s: Spread
    e2e_s: Spread
    requests: int


@dataclass(frozen=True)
class Overflow:
    """What a threshold does.

    Attributes:
        threshold: most requests in the system; who comes when there are as many is sent away.
        share: of the requests that were sent away, 0 to 1.
        kept: what the rest wait.
    """

    threshold: int
    share: float
    kept: Latencies


def latencies(simulated: Simulated, *, warm_up_s: float = 0.0) -> Latencies:
    """Return mean, p50, p95 and p99 of what the users wait, with the 95 % intervals of the percentiles.

    Requests that follow each other wait alike, so the order statistics of independent samples would be far too sure.
    The run is cut into 20 stretches instead: with ``F_b`` the share of stretch b at or below the percentile x_q, the
    interval is from ``x_{q−m}`` to ``x_{q+m}``, ``m = t · s(F) / √20`` (t: Student's with 19 degrees of freedom; s: the
    standard deviation). No distribution of the latencies is assumed, only stretches that are long beside the busy
    periods. Batch means: S. Asmussen and P. W. Glynn, Stochastic Simulation (2007), § IV.5; inversion of the share:
    R. S. Woodruff, Journal of the American Statistical Association 47 (1952), 635 to 646.

    Args:
        simulated: what became of the requests.
        warm_up_s: requests that came within so many seconds of the first are not counted.
    """
    late = simulated.arrival_s[~simulated.overflowed] >= simulated.arrival_s[:1].sum() + warm_up_s
    return Latencies(_spread(simulated.ttft_s[late]), _spread(simulated.e2e_s[late]), int(late.sum()))


def overflows(
    arrivals_s: ArrayLike,
    work_s: ArrayLike,
    rate_at: ArrayLike,
    thresholds: Sequence[int],
    *,
    most_in_service: int,
    first_work_s: ArrayLike = 0.0,
    warm_up_s: float = 0.0,
) -> tuple[Overflow, ...]:
    """Return what each threshold sends away, and what the rest wait; see :func:`~kit.strategy.queueing.simulate`.

    Requests of the warm-up count for neither. A threshold that nobody reaches costs no simulation of its own.

    Args:
        arrivals_s: moment of each arrival.
        work_s: of each.
        rate_at: total rate by number in service.
        thresholds: most requests in the system, in any order.
        most_in_service: how many are served at once.
        first_work_s: the part of the work up to the first token.
        warm_up_s: as in :func:`latencies`.
    """
    found: dict[int, Overflow] = {}
    unhindered: Simulated | None = None
    reached = 0
    for threshold in sorted(set(thresholds), reverse=True):
        if unhindered is None or threshold <= reached:
            result = simulate(
                arrivals_s,
                work_s,
                rate_at,
                most_in_service=most_in_service,
                first_work_s=first_work_s,
                overflow_threshold=threshold,
            )
            if not result.overflowed.any():
                unhindered, reached = result, int(result.found.max(initial=0))
        else:
            result = unhindered
        late = result.arrival_s >= result.arrival_s[:1].sum() + warm_up_s
        share = float(result.overflowed[late].mean()) if late.any() else 0.0
        found[threshold] = Overflow(threshold, share, latencies(result, warm_up_s=warm_up_s))
    return tuple(found[threshold] for threshold in thresholds)


def _spread(values: Floats) -> Spread:
    if not len(values):
        return Spread()
    ordered = np.sort(values)
    p50, p95, p99 = (float(np.quantile(ordered, q)) for q in (0.50, 0.95, 0.99))
    return Spread(
        mean=float(values.mean()),
        p50=p50,
        p50_interval=_interval(values, ordered, 0.50, p50),
        p95=p95,
        p95_interval=_interval(values, ordered, 0.95, p95),
        p99=p99,
        p99_interval=_interval(values, ordered, 0.99, p99),
    )


def _interval(values: Floats, ordered: Floats, q: float, x: float) -> tuple[float, float] | None:
    if len(values) * min(q, 1 - q) < FEWEST_BEYOND * (1 - 1e-9):
        return None
    below = np.array([np.mean(stretch <= x) for stretch in np.array_split(values, BATCHES)])
    margin = stdtrit(BATCHES - 1, (1 + CONFIDENCE) / 2) * below.std(ddof=1) / np.sqrt(BATCHES)
    if q + margin > 1 or q - margin < 0:
        return None
    return float(np.quantile(ordered, q - margin)), float(np.quantile(ordered, q + margin))
