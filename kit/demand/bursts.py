"""How evenly requests come within the hour: gaps between them, and counts by minute."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kit.record import Basis, Figure

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_IN_HOUR = 20
"""Hours with fewer requests say little about bursts: three requests are neither even nor in a burst."""
MINUTES = 60


@dataclass(frozen=True)
class Bursts:
    """What the single requests of a workload say about bursts; None where too few requests say it.

    Attributes:
        burstiness, gaps_cv, minute_dispersion, minute_rate_cv, peak_to_mean_minute: as in
            :class:`kit.demand.record.WorkloadDemand`.
    """

    burstiness: Figure | None = None
    gaps_cv: Figure | None = None
    minute_dispersion: Figure | None = None
    minute_rate_cv: Figure | None = None
    peak_to_mean_minute: Figure | None = None


def bursts_of(connection: DuckDBPyConnection, table: str, workload: str, *, date: dt.date, source: str) -> Bursts:
    """Return how a workload's single requests fall.

    Minutes and hours are counted from its first request, so that a short trace is not cut at the full hour; only whole
    minutes count. With gaps ``g``:

    * ``gaps_cv = σ(g) / ḡ`` over all gaps;
    * ``burstiness² = Σ_h k_h · CV_h² / Σ_h k_h`` over hours with at least 20 requests, ``k_h`` gaps within hour h;
    * with the counts of the m minutes of an hour, their mean ``c̄`` and variance ``s²`` (n - 1):
      ``minute_dispersion = Σ s² / Σ c̄`` and ``minute_rate_cv² = Σ (s² − c̄) / Σ (c̄² − s²/m)`` over the same hours,
      the moments of a Poisson process whose rate varies from minute to minute; 0 where it varies less than Poisson;
    * ``peak_to_mean_minute``: the largest count to the mean count of all whole minutes.

    Args:
        connection: of DuckDB.
        table: of usage, with the column ``workload``.
        workload: which rows.
        date: the day for which the figures hold.
        source: of the rows, for the figures.
    """
    where = f'FROM {table} WHERE workload = $workload AND coalesce(bucket_s, 0) = 0 AND "at" IS NOT NULL'
    given = {"workload": workload}
    first, last, number = connection.execute(
        f'SELECT epoch_us(min("at")), epoch_us(max("at")), count(*) {where}', given
    ).fetchone() or (None, None, 0)
    if number < LEAST_IN_HOUR or first == last:
        return Bursts()

    def figure(value: float, words: str = "") -> Figure:
        return Figure(value=value, basis=Basis.MEASURED, source=f"{source}{words}", date=date)

    hours = connection.execute(
        f"""
        WITH gaps AS (
            SELECT (t - $first) // 3600000000 AS hour, g,
                   (t - g - $first) // 3600000000 = (t - $first) // 3600000000 AS inside
            FROM (SELECT epoch_us("at") AS t, epoch_us("at") - lag(epoch_us("at")) OVER (ORDER BY "at") AS g {where})
            WHERE g IS NOT NULL)
        SELECT sum(g / 1e6)::DOUBLE AS total, sum((g / 1e6) ** 2)::DOUBLE AS squares, count(*) AS k_all,
               coalesce(sum(g / 1e6) FILTER (inside), 0)::DOUBLE AS s1,
               coalesce(sum((g / 1e6) ** 2) FILTER (inside), 0)::DOUBLE AS s2, count(*) FILTER (inside) AS k
        FROM gaps GROUP BY hour
        """,
        {**given, "first": first},
    ).fetchnumpy()
    mean = float(np.sum(hours["total"])) / (number - 1)
    variance = float(np.sum(hours["squares"])) / (number - 1) - mean**2
    gaps_cv = figure(math.sqrt(max(0.0, variance)) / mean)

    k, s1, s2 = (np.asarray(hours[name], dtype=np.float64) for name in ("k", "s1", "s2"))
    full = (k >= LEAST_IN_HOUR - 1) & (s1 > 0)
    burstiness = None
    if full.any():
        k, s1, s2 = k[full], s1[full], s2[full]
        squared = float(np.sum(k * (k * s2 / s1**2 - 1)) / np.sum(k))
        burstiness = figure(math.sqrt(max(0.0, squared)), f"; hours with {LEAST_IN_HOUR} requests or more: {len(k)}")

    whole = int((last - first) // 60_000_000)
    if whole < 2:
        return Bursts(burstiness=burstiness, gaps_cv=gaps_cv)
    minutes = connection.execute(
        f"""
        WITH counts AS (
            SELECT (epoch_us("at") - $first) // 60000000 AS minute, count(*) AS c {where} GROUP BY 1)
        SELECT minute // 60 AS hour, sum(c)::DOUBLE AS n, sum(c * c)::DOUBLE AS squares, max(c)::DOUBLE AS most
        FROM counts WHERE minute < $whole GROUP BY 1
        """,
        {**given, "first": first, "whole": whole},
    ).fetchnumpy()
    peak = figure(float(np.max(minutes["most"])) / (float(np.sum(minutes["n"])) / whole))
    moments = _moments(*(np.asarray(minutes[name], dtype=np.float64) for name in ("hour", "n", "squares")), whole=whole)
    if moments is None:
        return Bursts(burstiness=burstiness, gaps_cv=gaps_cv, peak_to_mean_minute=peak)
    return Bursts(
        burstiness=burstiness,
        gaps_cv=gaps_cv,
        minute_dispersion=figure(moments[0]),
        minute_rate_cv=figure(moments[1]),
        peak_to_mean_minute=peak,
    )


def _moments(
    hour: NDArray[np.float64], requests: NDArray[np.float64], squares: NDArray[np.float64], *, whole: int
) -> tuple[float, float] | None:
    """Return the index of dispersion and the CV of the minute's rate; minutes without a request count as 0."""
    m = np.minimum(MINUTES, whole - MINUTES * hour)
    full = (requests >= LEAST_IN_HOUR) & (m >= 2)
    if not full.any():
        return None
    m, n, squares = m[full], requests[full], squares[full]
    mean = n / m
    variance = (squares - n**2 / m) / (m - 1)
    rate_variance = float(np.sum(variance - mean) / np.sum(mean**2 - variance / m))
    return float(np.sum(variance) / np.sum(mean)), math.sqrt(max(0.0, rate_variance))
