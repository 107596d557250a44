"""What the recorded requests say: TTFT, ITL, TPOT, E2E, throughput of the steady window, each with its interval.

All functions are pure. Definitions:

* TTFT = arrival of the first token − the moment the request was due to be sent
* E2E = arrival of the last token − the moment the request was due to be sent
* TPOT = (E2E − TTFT) / (output tokens − 1)
* ITL = the gaps between tokens
* throughput = output tokens of the requests that finished in the steady window / length of the window
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kit.profiler.answers import Answer
from kit.profiler.profile import Spread

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Window:
    """The steady part of a run, in seconds of its clock: after the warm-up, before the cool-down."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Throughput:
    """Output tokens per second and its 95 % interval, which is ``None`` where there were too few requests."""

    tokens_per_s: float
    interval: tuple[float, float] | None


def ttft_s(answer: Answer) -> float:
    """Return the time to the first token in seconds, from the moment the request was due."""
    return answer.token_events_s[0] - answer.due_s


def e2e_s(answer: Answer) -> float:
    """Return the time to the last token in seconds, from the moment the request was due."""
    return answer.token_events_s[-1] - answer.due_s


def tpot_s(answer: Answer) -> float | None:
    """Return the time per output token after the first, in seconds; ``None`` where there was one token only.

    (E2E − TTFT) / (output tokens − 1).
    """
    if answer.output_tokens is None or answer.output_tokens < 2:
        return None
    return (e2e_s(answer) - ttft_s(answer)) / (answer.output_tokens - 1)


def itl_s(answer: Answer) -> tuple[float, ...] | None:
    """Return the gaps between tokens in seconds; ``None`` where events did not carry one token each.

    Tokens that come together have no gaps that anybody saw; to share out the gap before them would make figures up.
    """
    if answer.coalesced or answer.output_tokens != len(answer.token_events_s):
        return None
    return tuple(after - before for before, after in pairwise(answer.token_events_s))


def quantile(values: Sequence[float], q: float) -> float:
    """Return the ``q`` quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7).

    Args:
        values: at least one value, in any order.
        q: between 0 and 1.
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def quantile_ranks(n: int, q: float, *, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Return the ranks (from 1) of the order statistics that bound the ``q`` quantile, or ``None`` if n is too small.

    The number B of samples below the quantile is binomial(n, q) whatever the distribution, so with α = 1 − confidence
    the bounds are the largest rank l with P(B < l) ≤ α/2 and the smallest rank u with P(B ≥ u) ≤ α/2. They exist only
    from n = 6 for p50, 72 for p95 and 368 for p99 (α = 0.05). David and Nagaraja, Order Statistics, 3rd ed., § 7.1.

    Args:
        n: number of samples.
        q: the quantile, between 0 and 1, both excluded.
        confidence: of the interval.
    """
    half = (1 - confidence) / 2
    if n < 1 or (1 - q) ** n > half or q**n > half:
        return None
    import numpy as np
    from scipy.special import bdtr

    below = bdtr(np.arange(n, dtype=float), n, q)  # P(B < rank) for the ranks from 1 to n, rising
    return int(np.count_nonzero(below <= half)), n - int(np.count_nonzero(1 - below <= half)) + 1


def quantile_interval(
    values: Sequence[float], q: float, *, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Return a distribution-free confidence interval of the ``q`` quantile, or ``None`` where samples do not suffice.

    See :func:`quantile_ranks`.
    """
    ranks = quantile_ranks(len(values), q, confidence=confidence)
    if ranks is None:
        return None
    ordered = sorted(values)
    return ordered[ranks[0] - 1], ordered[ranks[1] - 1]


def spread(values: Sequence[float]) -> Spread | None:
    """Return mean and percentiles; a percentile without a 95 % interval is ``None``, and so is the spread of nothing.

    Args:
        values: latencies in seconds.
    """
    if not values:
        return None
    fields: dict[str, float | tuple[float, float] | None] = {"mean": math.fsum(values) / len(values)}
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        interval = quantile_interval(values, q)
        fields[name] = None if interval is None else quantile(values, q)
        fields[f"{name}_interval"] = interval
    return Spread.model_validate(fields)


def steady_window(answers: Iterable[Answer], *, in_flight: int, stopped_s: float) -> Window | None:
    """Return the steady window of a closed-loop run, or ``None`` if it never became steady.

    It starts when every slot has finished its first request (the warm-up) and ends with the last completion before
    sending stopped (the cool-down follows).

    Args:
        answers: all requests of the run.
        in_flight: number of slots.
        stopped_s: when sending stopped, on the run's clock.
    """
    everything = list(answers)
    first = [answer.finished_s for answer in everything if answer.ordinal == 0 and not answer.stopped]
    if len(first) < in_flight:
        return None
    start = max(first)
    ends = [answer.finished_s for answer in everything if answer.counts and start < answer.finished_s <= stopped_s]
    return Window(start_s=start, end_s=max(ends)) if ends else None


def inside(answers: Iterable[Answer], window: Window) -> list[Answer]:
    """Return the requests that went through and finished in the window, in the order in which they finished."""
    chosen = [a for a in answers if a.counts and a.ordinal > 0 and window.start_s < a.finished_s <= window.end_s]
    return sorted(chosen, key=lambda answer: answer.finished_s)


def throughput(runs: Sequence[tuple[Sequence[Answer], Window]], *, in_flight: int) -> Throughput:
    """Return the output tokens per second of the steady windows, with a 95 % interval.

    A window begins and ends with a completion, so tokens finished / length is the renewal estimate. For the
    interval the completions are cut into batches of half a round (a round is one completion per slot), and the
    seconds per token of the batches are taken as independent: mean ± t(k − 1) · s / √k, inverted. It takes three
    batches. Method of batch means: Law, Simulation Modeling and Analysis, 5th ed., § 9.5.3.

    Args:
        runs: of each run the requests inside its window, in the order in which they finished, and the window; at
            least one request in all.
        in_flight: requests in flight.
    """
    tokens = sum(answer.output_tokens or 0 for answers, _ in runs for answer in answers)
    rate = tokens / math.fsum(window.length_s for _, window in runs)
    per_token: list[float] = []
    size = max(1, in_flight // 2)
    for answers, window in runs:
        before = window.start_s
        for end in range(size, len(answers) + 1, size):
            batch = answers[end - size : end]
            after = batch[-1].finished_s
            per_token.append((after - before) / sum(answer.output_tokens or 0 for answer in batch))
            before = after
    return Throughput(tokens_per_s=rate, interval=_inverted_interval(per_token))


def _inverted_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the interval of 1 / mean from Student's t, or ``None`` below three values or where it would not end."""
    k = len(values)
    if k < 3:
        return None
    from scipy.special import stdtrit

    mean = math.fsum(values) / k
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (k - 1))
    half = float(stdtrit(k - 1, (1 + CONFIDENCE) / 2)) * deviation / math.sqrt(k)
    return (1 / (mean + half), 1 / (mean - half)) if half < mean else None
