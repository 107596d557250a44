"""The highest load that meets a service-level objective: what was asked for, whether a run met it, and the search.

Nothing here measures: :mod:`kit.profiler.open_point` does, and hands over latencies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kit.errors import InputError, did_you_mean, one_of
from kit.profiler.metrics import CONFIDENCE, quantile_interval
from kit.profiler.profile import Outcome as Outcome
from kit.profiler.profile import Trial as Trial

METRICS = ("ttft", "tpot", "itl", "e2e")
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_EXAMPLE = 'e.g. "ttft_p95<0.5s, tpot_p95<50ms"'
_LIMIT = re.compile(r"(?P<metric>[^_<>=\s]+)_(?P<statistic>[^<>=\s]+)\s*<\s*(?P<number>[\d.]+)\s*(?P<unit>[^\d.\s]*)")


@dataclass(frozen=True)
class Limit:
    """One limit of an objective.

    Attributes:
        metric: one of :data:`METRICS`.
        statistic: ``mean``, ``p50``, ``p90``, ``p95`` or ``p99``.
        below_s: it has to be below so many seconds.
    """

    metric: str
    statistic: str
    below_s: float


@dataclass(frozen=True)
class Found:
    """What the search found.

    Attributes:
        load: the highest load that met every limit; ``None`` where there is none or it could not be resolved.
        interval: between the highest load that met and the lowest that missed; an end that was not found is ``None``.
        trials: all that were made, in order.
        remark: why there is no figure, or in what way it is not as narrow as was asked; else empty.
    """

    load: float | None
    interval: tuple[float | None, float | None]
    trials: tuple[Trial, ...]
    remark: str = ""


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Read an objective such as ``ttft_p95<0.5s, tpot_p95<50ms``.

    Args:
        text: limits with commas between them; each is a metric (ttft, tpot, itl, e2e), a statistic (mean, p50, p90,
            p95, p99), ``<``, a number and a unit (s, ms, us).

    Raises:
        InputError: it is not that; says which part and what is allowed.
    """
    limits: list[Limit] = []
    for part in text.split(","):
        found = _LIMIT.fullmatch(part.strip())
        if found is None:
            raise InputError(
                f'goodput: "{part.strip()}" is no limit; write metric_statistic<number and unit, {_EXAMPLE}'
            )
        metric, statistic = found["metric"].casefold(), found["statistic"].casefold()
        _check(metric, METRICS, what="metric", part=part)
        _check(statistic, (*_QUANTILES, "mean"), what="statistic", part=part)
        if not found["unit"]:
            raise InputError(f'goodput: "{part.strip()}" has no unit; write s, ms or us, {_EXAMPLE}')
        _check(found["unit"], tuple(_UNITS), what="unit", part=part)
        try:
            below_s = float(found["number"]) * _UNITS[found["unit"]]
        except ValueError:
            raise InputError(f'goodput: "{found["number"]}" in "{part.strip()}" is no number') from None
        if below_s <= 0:
            raise InputError(f'goodput: "{part.strip()}" can never be met; the number should be above 0')
        if any((limit.metric, limit.statistic) == (metric, statistic) for limit in limits):
            raise InputError(f"goodput: {metric}_{statistic} is limited twice")
        limits.append(Limit(metric, statistic, below_s))
    return tuple(limits)


def least_requests(limits: Sequence[Limit]) -> int:
    """Return how many requests it takes to say with 95 % confidence that the limits are met; see :func:`judge`.

    That is 6 for a median, 36 for a p90, 72 for a p95 and 368 for a p99.
    """
    needed = [3]
    for limit in limits:
        quantile = _QUANTILES.get(limit.statistic)
        if quantile is not None:
            # Both sides of the interval need a sample: max(q, 1 - q) ** n must fall to (1 - confidence) / 2.
            needed.append(math.ceil(math.log((1 - CONFIDENCE) / 2) / math.log(max(quantile, 1 - quantile))))
    return max(needed)


def _check(given: str, allowed: Sequence[str], *, what: str, part: str) -> None:
    if given not in allowed:
        hint = did_you_mean(given, allowed)
        raise InputError(f'goodput: no {what} "{given}" in "{part.strip()}"{hint}; there is {one_of(allowed)}')


def judge(limits: Sequence[Limit], latencies_s: Mapping[str, Sequence[float]]) -> Outcome:
    """Say whether the latencies of one load met every limit, with 95 % confidence for each.

    A limit is met where the whole interval of its statistic is below it, and missed where the whole interval is not.
    The intervals take requests as independent; close to saturation they are not, and the intervals are too narrow.

    Args:
        limits: the objective.
        latencies_s: per metric, one value per request; infinity for a request that failed or did not end.
    """
    outcomes = {_judge_one(limit, latencies_s.get(limit.metric, ())) for limit in limits}
    return next((one for one in (Outcome.MISSED, Outcome.UNRESOLVED) if one in outcomes), Outcome.MET)


def _judge_one(limit: Limit, values: Sequence[float]) -> Outcome:
    if limit.statistic == "mean":
        interval = _mean_interval(values)
    else:
        interval = quantile_interval(values, _QUANTILES[limit.statistic])
    if interval is None or interval[0] < limit.below_s <= interval[1]:
        return Outcome.UNRESOLVED
    return Outcome.MET if interval[1] < limit.below_s else Outcome.MISSED


def _mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the interval of the mean by Student's t, or ``None`` below three values."""
    n = len(values)
    if n < 3:
        return None
    if math.inf in values:
        return math.inf, math.inf
    from scipy.special import stdtrit

    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * deviation / math.sqrt(n)
    return mean - half, mean + half


def search_goodput(
    measure: Callable[[float], Outcome],
    *,
    start: float,
    least: float,
    most: float,
    tolerance: float = 0.05,
    most_trials: int = 20,
    time_left: Callable[[], bool] = lambda: True,
) -> Found:
    """Double the load until it no longer meets the objective, then bisect to the highest load that does.

    The upper end of the interval is the lowest load that surely missed; between the ends the samples allow both. Each
    trial errs with the confidence of :func:`judge`; the ends are not widened for the number of trials.

    Args:
        measure: tries one load.
        start: the first load; from there it is doubled, or halved where it does not meet the objective.
        least: lowest load worth a trial.
        most: highest load to try.
        tolerance: the ends are bisected until they are known to so much, as a share.
        most_trials: no more trials than this.
        time_left: asked before each trial but the first; where it says no, there are no more.

    Raises:
        InputError: the loads are not in order.
    """
    if not 0 < least <= start <= most < math.inf:
        raise InputError(f"loads {least:g}, {start:g}, {most:g} make no sense; give 0 < least <= start <= most")
    trials: list[Trial] = []

    def tried(load: float) -> Outcome | None:
        """Return the outcome of a load, or ``None`` when the trials or the time are used up."""
        if len(trials) >= most_trials or (trials and not time_left()):
            return None
        trials.append(Trial(requests_per_s=load, outcome=measure(load)))
        return trials[-1].outcome

    met, above = _bracket(tried, start=start, least=least, most=most)
    if met is None:
        return _nothing(trials)
    if above is not None:
        met, above = _bisect(tried, met, above, stays=lambda outcome: outcome is Outcome.MET, tolerance=tolerance)
        missed = _lowest_missed(tried, trials, above, most=most, tolerance=tolerance)
    else:
        missed = None
    remark = ""
    if above is None:
        remark = f"met at {met:g}, the highest load that was tried"
    elif above > met * (1 + tolerance) * (1 + 1e-9):
        remark = f"{len(trials)} trials did not narrow it to {tolerance:.0%}"
    elif missed is None:
        remark = f"no load up to {max(one.requests_per_s for one in trials):g} surely missed: the upper end is open"
    return Found(load=met, interval=(met, missed), trials=tuple(trials), remark=remark)


def _bracket(
    tried: Callable[[float], Outcome | None], *, start: float, least: float, most: float
) -> tuple[float | None, float | None]:
    """Return a load that met and, twice as high, one that did not; ``None`` for what was not found."""
    load, met, above = start, None, None
    while (outcome := tried(load)) is not None:
        if outcome is Outcome.MET:
            met = load
            if above is not None or load >= most:
                break
            load = min(2 * load, most)
        else:
            above = load
            if met is not None or load <= least:
                break
            load = max(load / 2, least)
    return met, above


def _bisect(
    tried: Callable[[float], Outcome | None],
    low: float,
    high: float,
    *,
    stays: Callable[[Outcome], bool],
    tolerance: float,
) -> tuple[float, float]:
    """Narrow the place where ``stays`` turns false to ``tolerance``, or as far as the trials reach."""
    while high > low * (1 + tolerance) * (1 + 1e-12):
        middle = (low + high) / 2
        outcome = tried(middle)
        if outcome is None:
            break
        low, high = (middle, high) if stays(outcome) else (low, middle)
    return low, high


def _lowest_missed(
    tried: Callable[[float], Outcome | None], trials: list[Trial], above: float, *, most: float, tolerance: float
) -> float | None:
    """Return the lowest load that surely missed, from ``above`` upwards: doubled until one does, then bisected."""
    missed = [one.requests_per_s for one in trials if one.outcome is Outcome.MISSED and one.requests_per_s >= above]
    open_ = max((one.requests_per_s for one in trials if one.outcome is Outcome.UNRESOLVED), default=above)
    while not missed and open_ < most:
        load = min(2 * open_, most)
        outcome = tried(load)
        if outcome is None:
            return None
        if outcome is Outcome.MISSED:
            missed.append(load)
        open_ = load
    if not missed:
        return None
    high = min(missed)
    low = max(
        (one.requests_per_s for one in trials if one.outcome is not Outcome.MISSED and one.requests_per_s < high),
        default=high,
    )
    return _bisect(tried, low, high, stays=lambda outcome: outcome is not Outcome.MISSED, tolerance=tolerance)[1]


def _nothing(trials: Sequence[Trial]) -> Found:
    """Say why no load is known to meet the objective."""
    missed = [trial.requests_per_s for trial in trials if trial.outcome is Outcome.MISSED]
    low = min(trial.requests_per_s for trial in trials)
    if low in missed:
        remark = f"missed even at {low:g}, the lowest load that was tried"
    else:
        remark = f"could not be resolved: at {low:g} and above the samples do not say whether the limits are met"
    return Found(load=None, interval=(None, min(missed, default=None)), trials=tuple(trials), remark=remark)
