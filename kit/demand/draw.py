"""Draw single requests from a workload's record, to replay them or to check what the record has kept."""

from __future__ import annotations

import datetime as dt
import io
import math
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kit.demand.hours import zone_of
from kit.demand.lengths import lengths_at, mean_of, scaled
from kit.demand.priors import nearest_prior
from kit.demand.record import Quantiles, WorkloadDemand
from kit.engagement.record import HOURS_OF_DAY
from kit.errors import InputError
from kit.record import Figure, write_atomically

MOST_REQUESTS = 50_000_000
"""More would not fit into the memory of a small machine."""


@dataclass(frozen=True)
class Requests:
    """Single requests in the order of time.

    Attributes:
        at: moments, UTC, to the microsecond.
        prompt_tokens: of each, cached ones among them.
        output_tokens: of each.
        cached_tokens: of each.
    """

    at: NDArray[np.datetime64]
    prompt_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    cached_tokens: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)


def draw(item: WorkloadDemand, *, monday: dt.date, weeks: int = 1, seed: int, timezone: str = "UTC") -> Requests:
    """Draw the requests of some weeks.

    A doubly stochastic Poisson process: a minute of hour h has ``N ~ Poisson(r_h / 60 · G)`` requests at moments evenly
    spread over it, ``G`` being gamma-distributed with mean 1 and variance ``v``, drawn anew for each minute. ``v`` is
    ``minute_rate_cv²``; where only the burstiness ``c`` is known, ``v = (c² − 1) / (c² + 1)``, for the gaps of such a
    process have ``c² = (1 + v) / (1 − v)`` while they are short beside a minute; else 0, which is Poisson. Lengths
    come from their quantiles through a Gaussian copula with ``r = 2 · sin(π · ρ / 6)`` for Spearman's ρ (Kruskal 1958),
    stretched by the little that the means of the quantiles miss those of the record.

    It keeps neither bursts from second to second, nor busy minutes that follow each other, nor the spread of the cached
    share, nor growth.

    Args:
        item: the workload; without lengths those of the nearest public trace are taken.
        monday: the first day, local time.
        weeks: how many.
        seed: equal seeds give equal requests.
        timezone: IANA name of the zone whose hours the record has.

    Raises:
        InputError: the day is no Monday, the zone is unknown, fewer than one week, or more than 50 million requests.
    """
    if monday.weekday() != 0:
        raise InputError(
            f"{monday} is no Monday; the record's week begins on {monday - dt.timedelta(monday.weekday())}"
        )
    if weeks < 1:
        raise InputError(f"{weeks} weeks make no sense; at least 1")
    expected = weeks * sum(item.requests_per_hour)
    if expected > MOST_REQUESTS:
        raise InputError(
            f"{expected:,.0f} requests are too many to draw; at most {MOST_REQUESTS:,}, so take fewer weeks"
        )
    random = np.random.default_rng(seed)
    minutes, rates = _minutes(item, monday, weeks, zone_of(timezone))
    v = _rate_variance(item)
    noise = random.gamma(1 / v, v, len(rates)) if v > 0 else 1.0
    counts = random.poisson(rates * noise)
    at_us = np.repeat(minutes * 60_000_000, counts) + random.integers(0, 60_000_000, int(counts.sum()))
    at_us.sort()
    prompt, output = _lengths(item, len(at_us), random)
    share = item.cached_tokens.value / item.prompt_tokens.value if item.prompt_tokens.value > 0 else 0.0
    return Requests(
        at=at_us.astype("datetime64[us]"),
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=np.rint(min(1.0, share) * prompt).astype(np.int64),
    )


def write_requests(requests: Requests, path: Path) -> Path:
    """Write requests as CSV in the plain form: ``at`` (UTC), ``prompt_tokens``, ``output_tokens``, ``cached_tokens``.

    Args:
        requests: what was drawn.
        path: the file; its folder is made if need be.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    moments = np.strings.add(np.datetime_as_string(requests.at, unit="us"), "Z")
    table = pa.table(
        {
            "at": pa.array(moments, type=pa.string()),
            "prompt_tokens": requests.prompt_tokens,
            "output_tokens": requests.output_tokens,
            "cached_tokens": requests.cached_tokens,
        }
    )
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer, pa_csv.WriteOptions(quoting_style="none", quoting_header="none"))
    return write_atomically(path, buffer.getvalue())


def _minutes(
    item: WorkloadDemand, monday: dt.date, weeks: int, zone: zoneinfo.ZoneInfo
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the minutes since 1970, UTC, and the requests to be expected in each."""
    import pandas as pd

    first, last = (
        int(dt.datetime.combine(day, dt.time(), zone).timestamp() // 60)
        for day in (monday, monday + dt.timedelta(weeks=weeks))
    )
    minutes = np.arange(first, last, dtype=np.int64)
    local = pd.to_datetime(minutes * 60, unit="s", utc=True).tz_convert(zone)
    of_week = np.asarray(local.day_of_week * HOURS_OF_DAY + local.hour, dtype=np.int64)
    return minutes, np.array(item.requests_per_hour)[of_week] / 60


def _rate_variance(item: WorkloadDemand) -> float:
    if item.minute_rate_cv is not None:
        return item.minute_rate_cv.value**2
    squared = item.burstiness.value**2 if item.burstiness is not None else 1.0
    return max(0.0, (squared - 1) / (squared + 1))


def _lengths(
    item: WorkloadDemand, number: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lengths = item.lengths or scaled(
        nearest_prior(item.prompt_tokens.value, item.output_tokens.value).lengths,
        prompt_tokens=item.prompt_tokens,
        output_tokens=item.output_tokens,
    )
    r = 2 * math.sin(math.pi * lengths.correlation.value / 6)
    first, second = random.standard_normal((2, number))
    return (
        _tokens(lengths.prompt, item.prompt_tokens, first),
        _tokens(lengths.output, item.output_tokens, r * first + math.sqrt(max(0.0, 1 - r * r)) * second),
    )


def _tokens(quantiles: Quantiles, mean: Figure, scores: NDArray[np.float64]) -> NDArray[np.int64]:
    implied = mean_of(quantiles)
    factor = mean.value / implied if implied > 0 else 1.0
    # Embeddings answer with no token at all; where the record has no zeros, none come from rounding.
    least = 1 if quantiles.tokens[0] > 0 else 0
    return np.maximum(least, np.rint(factor * lengths_at(quantiles, scores))).astype(np.int64)
