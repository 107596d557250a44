"""How full a replica may be planned, from a simulation of what its users would wait.

The planner knows the load of an hour; inside the hour requests come in bursts and are of many lengths. This finds the
largest share of a replica's capacity, ``3600 ÷ seconds`` requests per hour, at which 95 of 100 requests keep the
workload's limits, in the simulation of :mod:`kit.strategy.queueing`.

**The replica.** Its throughput with ``n`` in service is ``1 / s(n)``, ``s(n)`` being what the planner takes a request
of the workload's mean lengths to cost at that concurrency (:func:`kit.strategy.capacity.service`), with lines between
the measured concurrencies. At most ``level`` are in service, so that the simulated capacity is the planned one exactly.

**The work** of a request with p prompt and o output tokens is ``a·p + b·o`` seconds of a replica of its own, of which
``a·p + b`` go before the first token. Two things that were measured give a and b: with all places taken the time to
first token is that of the nearest shape, ``a · P₀ · level / r(level) = TTFT``, and the mean work is that of the planned
capacity, ``a·P + b·O = r(level) · seconds``. So a full replica shows the TTFT, the TPOT and the throughput that were
measured on a full one. The line ``s = a·P + b·O`` of :mod:`kit.strategy.capacity` will not do for that where the TTFT
is known: its a holds what a long prompt costs each output token after it, and made the published profiles of 70B models
four times slower to their first token than they were measured. It is taken, at the lowest concurrency and stretched to
the mean, where there is no TTFT; then only the time to the last token can be judged.

**The lengths** are drawn from the workload's distributions; where it has none, from those of the nearest public trace
stretched to its means, as :mod:`kit.demand.draw` does: exponential lengths would make answers look more alike than any
trace has them. Probabilities are spread evenly and shuffled, so that the mean and the tail are those of the record.

**The arrivals** are those of :mod:`kit.demand.draw`: Poisson, at a rate that is drawn anew for each minute from a gamma
distribution of mean 1 and variance ``v = minute_rate_cv²``, or ``(c² − 1) / (c² + 1)`` if only the burstiness ``c`` is
known. Where both are, what ``v`` does not explain is in the gaps: of squared coefficient of variation
``g² = (1 + c²)(1 − v) − 1`` (of the time-changed process, from ``E[1/G] = 1/(1 − v)``; never below 1, Poisson), drawn
from a hyperexponential distribution with balanced means. Nothing known is Poisson, as an assumption.

**Several replicas** get requests at random, each the same share. That thins the gaps' bursts, ``g²ₙ = 1 + (g² − 1)/n``
(exact for a renewal process: D. R. Cox, Renewal Theory (1962)), but a busy minute is busy for every replica, so
``v`` stays. A router that sends to the least loaded replica does better.

**The hour.** Whatever the limits, 95 of 100 hours must be able to end the work that comes in them. The work of an hour
has the mean ``ρ · 3600`` and, in the normal approximation, ``ρ + z · √(ρ · seconds · (g² + c_w²) / 3600 + v·ρ² / 60)
= 1`` with ``z = 1.645`` and ``c_w`` the coefficient of variation of the work. Work without a limit has no other bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from scipy.special import gammaincinv, ndtri

from kit.demand.lengths import lengths_at, scaled
from kit.demand.priors import nearest_prior
from kit.demand.record import Lengths, Quantiles, WorkloadDemand
from kit.engagement.record import Latency
from kit.figures import decimal, joined, listed, plain, significant
from kit.profiler.profile import HardwareProfile, Point, Regime
from kit.record import Basis, Figure
from kit.strategy.capacity import fit_line, levels, nearest_point, service
from kit.strategy.queueing import Floats, Simulated, rates, simulate
from kit.wording import fixed, say

MOST = 0.95
"""No replica is planned fuller: capacities are measured to a few per cent, and at 1 the queue grows without end."""

REQUESTS = 12_000
"""Simulated at each load: 540 of those that count lie beyond the 95th percentile."""

MOST_REQUESTS = 80_000
"""Simulated at each load where minutes differ and requests are many: an hour of 22 per second has as many."""

WARM_UP = 0.1
"""Share of the requests that is not counted, for the replica is empty at first."""

STEPS = 6
"""Halvings of the load: the share is found to 0.95 / 2⁶ = 0.015."""

SEED = 20261122
HOUR_S = 3600.0
MINUTE_S = 60.0
QUANTILE = 0.95
_Z = float(ndtri(QUANTILE))


@dataclass(frozen=True)
class Headroom:
    """How full a replica may be planned.

    Attributes:
        share: of its capacity, 0 to 0.95; 0 if the limits do not hold at any load.
        basis: *predicted* if the workload's bursts and lengths are known, *assumed* otherwise.
        ttft_p95_s: time to first token at that share, network included, seconds; ``None`` where nothing was simulated.
        tpot_p95_s: time per output token after the first, seconds; ``None`` also where no answer has two tokens.
        e2e_p95_s: time to the last token, network included, seconds.
        requests: simulated at each load.
        why: what bounds the share and what was assumed, a sentence or two.
    """

    share: float
    basis: Basis
    ttft_p95_s: float | None
    tpot_p95_s: float | None
    e2e_p95_s: float | None
    requests: int
    why: str


@dataclass(frozen=True)
class Work:
    """What the tokens of a request cost a replica of its own.

    Attributes:
        prompt: seconds per prompt token.
        output: seconds per output token.
        known: True if the time to first token is known, so that the prompt's part is; False if only the sum counts.
    """

    prompt: float
    output: float
    known: bool


@dataclass(frozen=True)
class Traffic:
    """How the requests of a workload come, and how long they are.

    Attributes:
        rate_variance: of the rate from minute to minute, the mean rate being 1.
        gaps_cv2: squared coefficient of variation of the gaps within a minute, at least 1.
        prompt: tokens of the prompts, at the probabilities that are kept.
        output: tokens of the answers, likewise.
        rank_correlation: Spearman's, between the two.
        prompt_mean: tokens.
        output_mean: tokens.
        bursts_known: False if nobody said or measured how they come.
        lengths_known: False if the lengths are those of a public trace.
    """

    rate_variance: float
    gaps_cv2: float
    prompt: Quantiles
    output: Quantiles
    rank_correlation: float
    prompt_mean: float
    output_mean: float
    bursts_known: bool
    lengths_known: bool

    @property
    def basis(self) -> Basis:
        """How what is simulated with it is known."""
        return Basis.PREDICTED if self.bursts_known and self.lengths_known else Basis.ASSUMED

    @property
    def assumed(self) -> str:
        """What was assumed, in words; empty if nothing was."""
        parts = [
            *(() if self.bursts_known else (fixed("requests independent of each other (Poisson)"),)),
            *(() if self.lengths_known else (fixed("lengths spread as in the nearest public trace"),)),
        ]
        return say("Assumed: {assumptions}.", assumptions=listed(parts)) if parts else ""


@dataclass(frozen=True)
class _Tail:
    """What 95 of 100 requests keep within, network included, seconds; TPOT is NaN if no answer has two tokens."""

    ttft: float
    tpot: float
    e2e: float


@dataclass(frozen=True)
class _Case:
    """All that the simulation depends on, as a key."""

    curve: tuple[float, ...]
    work: Work
    traffic: Traffic
    seconds: float
    ttft: float
    tpot: float
    e2e: float
    network_s: float


def headroom(
    profile: HardwareProfile,
    level: int | None,
    *,
    workload: WorkloadDemand,
    seconds: float,
    latency: Latency | None,
    flat: Figure,
    network_s: float = 0.0,
    replicas: int = 1,
) -> Headroom:
    """Return the largest share of a replica's capacity at which the limits hold; equal arguments give equal results.

    A looser limit never lowers it: all loads are simulated with the same random numbers, and the halving visits the
    same loads until the two part.

    Args:
        profile: what one replica does.
        level: most requests in service; one of :func:`kit.strategy.capacity.levels`.
        workload: its bursts, lengths and means.
        seconds: replica-seconds per request at that level, :attr:`kit.strategy.capacity.Service.seconds`.
        latency: the limits as the user sees them; ``None``: nobody waits.
        flat: the share to return where the profile has saturated load only, so that no curve is known.
        network_s: the network's part of each time to first and to last token.
        replicas: among how many the workload's requests are shared.

    Raises:
        ValueError: a level that was not measured, or an argument out of range.
    """
    if seconds <= 0 or network_s < 0 or replicas < 1:
        raise ValueError("seconds must be above 0, the network's part not below, and there must be a replica")
    if level not in levels(profile):
        raise ValueError(f"{profile.name} was not measured with {level} in flight")
    if level is None:
        return _flat(flat, fixed("the profile holds saturated load only, so there is no curve to simulate with"))
    limits = latency or Latency()
    traffic = traffic_of(workload, replicas=replicas)
    lengths = (traffic.prompt_mean, traffic.output_mean)
    curve = curve_of(profile, level, [(*lengths, 1.0)])
    work = work_of(profile, level, *lengths, mean_s=float(curve[-1]) * seconds, rate=float(curve[-1]))
    if not work.known and (limits.ttft_p95_s or limits.tpot_p95_s):
        why = fixed("the profile holds no time to first token, so that of a busier replica is not known either")
        return _flat(flat, why)
    case = _Case(
        curve=tuple(curve.tolist()),
        work=work,
        traffic=traffic,
        seconds=seconds,
        ttft=_limit(limits.ttft_p95_s),
        tpot=_limit(limits.tpot_p95_s),
        e2e=_limit(limits.e2e_p95_s),
        network_s=network_s,
    )
    share, tail, bound, requests = _found(case)
    return Headroom(
        share=share,
        basis=traffic.basis,
        ttft_p95_s=tail.ttft if work.known else None,
        tpot_p95_s=tail.tpot if work.known and not math.isnan(tail.tpot) else None,
        e2e_p95_s=tail.e2e,
        requests=requests,
        why=joined([bound, *([traffic.assumed] if traffic.assumed else [])], " "),
    )


def traffic_of(item: WorkloadDemand, *, replicas: int = 1) -> Traffic:
    """Return how a workload's requests come to one of some replicas, and how long they are.

    Args:
        item: the workload; without lengths those of the nearest public trace are taken.
        replicas: among how many its requests are shared at random.
    """
    lengths = item.lengths or scaled(
        nearest_prior(item.prompt_tokens.value, item.output_tokens.value).lengths,
        prompt_tokens=item.prompt_tokens,
        output_tokens=item.output_tokens,
    )
    variance, gaps = _bursts(item)
    figures = [figure for figure in (item.burstiness, item.minute_rate_cv) if figure is not None]
    return Traffic(
        rate_variance=variance,
        gaps_cv2=1 + (gaps - 1) / replicas,
        prompt=lengths.prompt,
        output=lengths.output,
        rank_correlation=lengths.correlation.value,
        prompt_mean=item.prompt_tokens.value,
        output_mean=item.output_tokens.value,
        bursts_known=bool(figures) and all(figure.basis is not Basis.ASSUMED for figure in figures),
        lengths_known=_known(lengths),
    )


def work_of(
    profile: HardwareProfile, level: int, prompt_tokens: float, output_tokens: float, *, mean_s: float, rate: float
) -> Work:
    """Return what tokens cost, so that a full replica shows the time to first token that was measured on one.

    Args:
        profile: with points of a closed loop.
        level: places of a full replica.
        prompt_tokens: mean prompt.
        output_tokens: mean output.
        mean_s: mean work of a request, seconds of a replica of its own.
        rate: of the full replica, ``r(level)``.
    """
    at_level = [point for point in _closed(profile) if point.concurrency == level]
    nearest, _ = nearest_point(at_level, prompt_tokens, output_tokens)
    ttft = _ttft(nearest)
    if ttft is not None:
        prompt = min(ttft * rate / level * prompt_tokens / nearest.prompt_tokens, mean_s)
        return Work(prompt / prompt_tokens, (mean_s - prompt) / output_tokens, known=True)
    lowest = min(point.concurrency or level for point in _closed(profile))
    points = [point for point in _closed(profile) if point.concurrency == lowest]
    several = len({(point.prompt_tokens, point.output_tokens) for point in points}) > 1
    a, b = fit_line(points)[:2] if several else (0.0, 1.0)
    stretch = mean_s / (a * prompt_tokens + b * output_tokens)
    return Work(a * stretch, b * stretch, known=False)


def curve_of(profile: HardwareProfile, level: int, mix: Sequence[tuple[float, float, float]]) -> Floats:
    """Return the rate with 1 … level in service, ``r(1) = 1``, of a mix of requests.

    Args:
        profile: with points of a closed loop.
        level: how far to go.
        mix: mean prompt tokens, mean output tokens and weight of each kind of request.
    """
    known = [one for one in levels(profile) if one is not None]
    per_s = [1 / sum(part * seconds_at(profile, one, prompt, output) for prompt, output, part in mix) for one in known]
    return rates(known, per_s, most=level)


def seconds_at(profile: HardwareProfile, level: int, prompt_tokens: float, output_tokens: float) -> float:
    """Return replica-seconds of a request of these lengths at a concurrency that was measured."""
    return service(
        profile,
        level,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        tail_ratio_ttft=1.0,
        tail_ratio_tpot=1.0,
    ).seconds


def arrivals(traffic: Traffic, number: int, per_s: float, *, minutes: int, seed: int = SEED) -> Floats:
    """Return moments at which requests come, seconds, (number,).

    Equal seeds give the same pattern at each rate. A run that is longer than the pattern of minutes repeats it.

    Args:
        traffic: how they come.
        number: how many.
        per_s: mean rate.
        minutes: different ones.
        seed: of the random numbers.
    """
    random = np.random.default_rng([seed, 0])
    size, which = random.standard_exponential(number), random.random(number)
    # Balanced means: each of the two exponentials has half of the time. At g² = 1 both are the same one.
    p = (1 + math.sqrt((traffic.gaps_cv2 - 1) / (traffic.gaps_cv2 + 1))) / 2
    due = np.cumsum(size / np.where(which < p, 2 * p, 2 * (1 - p)))
    due *= number / due[-1]
    if traffic.rate_variance <= 0:
        return np.asarray(due / per_s, dtype=np.float64)
    loads = _minute_loads(traffic.rate_variance, minutes, seed)
    per_minute = per_s * MINUTE_S
    many = np.tile(loads, math.ceil(number / (per_minute * minutes)) + 1)
    come = np.concatenate(([0.0], np.cumsum(many))) * per_minute
    return np.asarray(np.interp(due, come, MINUTE_S * np.arange(len(come))), dtype=np.float64)


def works(traffic: Traffic, work: Work, number: int, *, seed: int = SEED) -> tuple[Floats, Floats, Floats]:
    """Return work, its part before the first token (seconds) and output tokens of each request, (number,) each.

    The means of the lengths, and so that of the work, are met exactly.

    Args:
        traffic: how long the requests are.
        work: what tokens cost.
        number: how many.
        seed: of the random numbers.
    """
    prompt, output = _tokens(traffic, number, seed)
    whole = work.prompt * prompt + work.output * output
    return whole, np.minimum(work.prompt * prompt + work.output * np.minimum(output, 1), whole), output


def tpots(simulated: Simulated, output_tokens: Floats) -> Floats:
    """Return the time per output token after the first, of the served requests with two or more, seconds."""
    served = (output_tokens >= 2) & ~simulated.overflowed
    gone = simulated.end_s[served] - simulated.first_s[served]
    return np.asarray(gone / (output_tokens[served] - 1), dtype=np.float64)


def hour_share(seconds: float, *, work_cv2: float, gaps_cv2: float, rate_variance: float) -> float:
    """Return the largest share at which 95 of 100 hours can end the work that comes in them, at most 0.95.

    The lower root of ``(1 − ρ)² = z² · (A·ρ + B·ρ²)``, ``A = seconds · (g² + c_w²) / 3600``, ``B = v / 60``.

    Args:
        seconds: replica-seconds per request.
        work_cv2: squared coefficient of variation of the work.
        gaps_cv2: squared coefficient of variation of the gaps.
        rate_variance: of the rate from minute to minute.
    """
    a = _Z**2 * seconds * (gaps_cv2 + work_cv2) / HOUR_S
    b = _Z**2 * rate_variance * MINUTE_S / HOUR_S
    return min(MOST, 2 / (2 + a + math.sqrt((2 + a) ** 2 - 4 * (1 - b))))


@cache
def _found(case: _Case) -> tuple[float, _Tail, str, int]:
    """Return the share, what is waited at it, what bounds it in words, and the requests of each load."""
    number = REQUESTS
    if case.traffic.rate_variance > 0:
        number = int(min(MOST_REQUESTS, max(REQUESTS, HOUR_S / case.seconds)))
    rate = np.array(case.curve)
    work, first, output = works(case.traffic, case.work, number)
    top = hour_share(
        case.seconds,
        work_cv2=float(np.var(work) / np.mean(work) ** 2),
        gaps_cv2=case.traffic.gaps_cv2,
        rate_variance=case.traffic.rate_variance,
    )
    # So few that a run at the highest load goes through all of them.
    minutes = max(1, int(number * case.seconds / (MOST * MINUTE_S)))

    def tail(share: float) -> _Tail:
        come = arrivals(case.traffic, number, share / case.seconds, minutes=minutes)
        return _tail(simulate(come, work, rate, most_in_service=len(rate), first_work_s=first), output, case.network_s)

    seen = tail(top)
    if not _broken(seen, case):
        return top, seen, _top_words(top), number
    low, high, held, broken = 0.0, top, None, seen
    for _ in range(STEPS):
        middle = (low + high) / 2
        seen = tail(middle)
        if _broken(seen, case):
            high, broken = middle, seen
        else:
            low, held = middle, seen
    words = _broken(broken, case)
    if held is None:
        return 0.0, broken, say("Even with next to no load {broken}.", broken=words), number
    return low, held, say("At {share} of the capacity {broken}.", share=decimal(high, 2), broken=words), number


def _tail(simulated: Simulated, output: Floats, network_s: float) -> _Tail:
    late = slice(round(WARM_UP * len(output)), None)
    per_token = tpots(simulated, output)
    # Requests with fewer than two tokens are left out of these, so the cut is not at quite the same request.
    per_token = per_token[round(WARM_UP * len(per_token)) :]
    return _Tail(
        ttft=float(np.quantile(simulated.ttft_s[late], QUANTILE)) + network_s,
        tpot=float(np.quantile(per_token, QUANTILE)) if len(per_token) else math.nan,
        e2e=float(np.quantile(simulated.e2e_s[late], QUANTILE)) + network_s,
    )


def _broken(seen: _Tail, case: _Case) -> str:
    """Return which limits do not hold, in words; empty if all do."""
    found = [
        say(
            "p95 {time} is {seen} s, over the limit of {limit} s",
            time=name,
            seen=significant(value, 3),
            limit=plain(limit),
        )
        for name, value, limit in (
            ("TTFT", seen.ttft, case.ttft),
            ("TPOT", seen.tpot, case.tpot),
            (fixed("end-to-end time"), seen.e2e, case.e2e),
        )
        if value > limit
    ]
    return listed(found) if found else ""


def _top_words(top: float) -> str:
    if top == MOST:
        return say("Every limit holds at {share} of the capacity, and no replica is planned fuller.", share=plain(MOST))
    return say(
        "At more than {share} of the capacity one hour in twenty could not end the work that comes in it.",
        share=decimal(top, 2),
    )


def _flat(figure: Figure, reason: str) -> Headroom:
    why = say(
        "Not simulated: {reason}. The flat share of {share} is taken ({source}).",
        reason=reason,
        share=plain(figure.value),
        source=figure.source,
    )
    return Headroom(figure.value, Basis.ASSUMED, None, None, None, 0, why)


def _limit(figure: Figure | None) -> float:
    return math.inf if figure is None else figure.value


def _known(lengths: Lengths) -> bool:
    return Basis.ASSUMED not in (lengths.prompt.basis, lengths.output.basis)


def _bursts(item: WorkloadDemand) -> tuple[float, float]:
    """Return the variance of the rate by minute, and the squared coefficient of variation of the gaps within one."""
    squared = 1.0 if item.burstiness is None else item.burstiness.value**2
    if item.minute_rate_cv is None:
        return max(0.0, (squared - 1) / (squared + 1)), 1.0
    variance = item.minute_rate_cv.value**2
    return variance, max(1.0, (1 + squared) * (1 - variance) - 1)


def _closed(profile: HardwareProfile) -> list[Point]:
    return [point for point in profile.service_curve if point.regime is Regime.CLOSED_LOOP]


def _ttft(point: Point) -> float | None:
    if point.ttft_s is None:
        return None
    return point.ttft_s.mean if point.ttft_s.mean is not None else point.ttft_s.p50


@lru_cache(maxsize=64)
def _tokens(traffic: Traffic, number: int, seed: int) -> tuple[Floats, Floats]:
    """Return prompt and output tokens of each request; not rounded, for they are only what they cost."""
    random = np.random.default_rng([seed, 1])
    even = ndtri((np.arange(number) + 0.5) / number)
    first, second = random.permutation(even), random.permutation(even)
    r = 2 * math.sin(math.pi * traffic.rank_correlation / 6)
    second = r * first + math.sqrt(max(0.0, 1 - r * r)) * second
    return (
        _with_mean(lengths_at(traffic.prompt, first), traffic.prompt_mean),
        _with_mean(lengths_at(traffic.output, second), traffic.output_mean),
    )


def _with_mean(values: Floats, mean: float) -> Floats:
    seen = float(values.mean())
    return values * (mean / seen) if seen > 0 else values


@lru_cache(maxsize=64)
def _minute_loads(rate_variance: float, minutes: int, seed: int) -> Floats:
    """Return the load of each minute, mean 1: quantiles of the gamma distribution in a random order."""
    even = (np.arange(minutes) + 0.5) / minutes
    loads = gammaincinv(1 / rate_variance, np.random.default_rng([seed, 2]).permutation(even))
    return _with_mean(np.asarray(loads, dtype=np.float64), 1.0)
