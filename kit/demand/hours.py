"""The 168 hours of a typical week from usage in local time, and the weeks that stick out."""

from __future__ import annotations

import datetime as dt
import statistics
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kit.demand.record import ObservedWeek
from kit.demand.week import named_load
from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, NamedShape
from kit.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_QUARTER_S = 900
"""All time zones differ from UTC by whole quarters of an hour."""
_SEEN_SHARE = 0.98
"""A week is whole if the hours that were seen usually carry this share of its requests."""
_LEAST_NEIGHBOURS = 3
_UNUSUAL = 0.35
"""A week is unusual if the logarithm of its size relative to its neighbours is further than this from 0 (0.7 or 1.4
times), and further than three times the usual scatter."""
_SILENT_SHARE, _SILENT_EXPECTED = 0.1, 20
"""A day is silent below this share of what is usual, if at least so many requests were to be expected."""


@dataclass(frozen=True)
class Hours:
    """The hours of a typical week, and what they were made of.

    Attributes:
        rates: 168 values, requests an hour, Monday 00:00 local time first.
        unobserved: how many of them were never seen and had to be filled.
        weeks: the whole weeks that were seen.
        silent: days with next to nothing where much was to be expected, ISO dates.
        span_days: how long was observed.
    """

    rates: NDArray[np.float64]
    unobserved: int
    weeks: tuple[ObservedWeek, ...]
    silent: tuple[str, ...]
    span_days: float


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        InputError: unknown; names the nearest.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, sorted(zoneinfo.available_timezones()))
        raise InputError(f"unknown time zone {name!r}{near}; write an IANA name, e.g. Europe/Vienna") from None


def counted(per_request: float) -> str:
    """Return the SQL of a row's requests: as counted, else by its tokens."""
    return f"coalesce(requests, (coalesce(prompt_tokens, 0) + coalesce(output_tokens, 0)) / {per_request!r})"


def hours_of(
    connection: DuckDBPyConnection,
    table: str,
    workload: str,
    *,
    zone: zoneinfo.ZoneInfo,
    start: dt.datetime,
    end: dt.datetime,
    shape: NamedShape,
    per_request: float,
) -> Hours:
    """Return a workload's typical week: requests in each hour of the week by how often that hour was observed.

    Args:
        connection: of DuckDB.
        table: of usage, with the column ``workload``.
        workload: which rows.
        zone: the client's.
        start: from when it was observed, UTC.
        end: until when.
        shape: the load inside buckets longer than an hour, and of hours that were never observed.
        per_request: tokens of a request, for rows that do not count requests.
    """
    import pandas as pd

    begin_s, end_s = (moment.replace(tzinfo=dt.UTC).timestamp() for moment in (start, end))
    # A single request has no length of time; ten minutes keep the rates within reason.
    end_s = max(end_s, begin_s + 600)
    first = int(begin_s // _QUARTER_S)
    edges = np.arange(first, int(-(-end_s // _QUARTER_S)) + 1, dtype=np.float64) * _QUARTER_S
    exposure = np.clip(np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], begin_s), 0, None) / 3600
    local = pd.to_datetime(edges[:-1], unit="s", utc=True).tz_convert(zone).tz_localize(None)
    of_week = np.asarray(local.day_of_week * HOURS_OF_DAY + local.hour, dtype=np.int64)
    load = np.array(named_load(shape))
    counts = _counts(connection, table, workload, per_request, first=first, weight=load[of_week] + 1e-9 * load.max())

    seen = np.bincount(of_week, weights=exposure, minlength=HOURS_OF_WEEK)
    volume = np.bincount(of_week, weights=counts, minlength=HOURS_OF_WEEK)
    # Less than a minute of an hour says nothing about it.
    observed = seen >= min(1 / 60, float(seen.max()))
    rates = np.divide(volume, seen, out=np.zeros(HOURS_OF_WEEK), where=observed)
    rates = _fill(rates, observed, load)

    expected = rates[of_week] * exposure
    days = np.asarray(local.normalize().to_numpy(), dtype="datetime64[D]")
    mondays = days - np.asarray(local.day_of_week).astype("timedelta64[D]")
    return Hours(
        rates=rates,
        unobserved=int(HOURS_OF_WEEK - observed.sum()),
        weeks=_weeks(mondays, counts, expected, rates.sum()),
        silent=_silent(days, counts, expected),
        span_days=(end_s - begin_s) / 86400,
    )


def _counts(
    connection: DuckDBPyConnection,
    table: str,
    workload: str,
    per_request: float,
    *,
    first: int,
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the requests of each quarter of an hour; longer buckets are spread by the load of the hours in them."""
    given = {"workload": workload}
    where = f'FROM {table} WHERE workload = $workload AND "at" IS NOT NULL'
    number = len(weight)
    counts = np.zeros(number)
    fine = connection.execute(
        f"""SELECT epoch_us("at") // {_QUARTER_S * 1_000_000} AS quarter, sum({counted(per_request)})::DOUBLE AS n
            {where} AND coalesce(bucket_s, 0) <= {_QUARTER_S} GROUP BY 1""",
        given,
    ).fetchnumpy()
    # Rows outside a period that was given are kept at its edges rather than lost.
    np.add.at(
        counts,
        np.clip(np.asarray(fine["quarter"], dtype=np.int64) - first, 0, number - 1),
        np.nan_to_num(np.asarray(fine["n"], float)),
    )
    coarse = connection.execute(
        f"""SELECT epoch("at"), bucket_s, sum({counted(per_request)})::DOUBLE {where}
            AND bucket_s > {_QUARTER_S} GROUP BY 1, 2""",
        given,
    ).fetchall()
    for at, bucket_s, requests in coarse:
        low = min(max(0, int(at // _QUARTER_S) - first), number - 1)
        high = min(max(low + 1, int(-(-(at + bucket_s) // _QUARTER_S)) - first), number)
        share = weight[low:high] if bucket_s > 3600 else np.ones(high - low)
        counts[low:high] += (requests or 0.0) * share / share.sum()
    return counts


def _fill(rates: NDArray[np.float64], observed: NDArray[np.bool_], load: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give hours never observed the mean of the same hour on other days of their kind, else the shape's load.

    Less than a day cannot tell where in the shape it lies: an evening hour would be blown up to a day's peak. Then all
    hours get the mean of those that were seen.
    """
    if observed.sum() < HOURS_OF_DAY:
        return np.where(observed, rates, rates[observed].mean())
    filled = rates.copy()
    scale = rates[observed].sum() / max(float(load[observed].sum()), 1e-12)
    for hour in np.flatnonzero(~observed):
        day, of_day = divmod(int(hour), HOURS_OF_DAY)
        alike = [d * HOURS_OF_DAY + of_day for d in (range(5) if day < 5 else (5, 6))]
        known = [rates[i] for i in alike if observed[i]]
        filled[hour] = np.mean(known) if known else scale * load[hour]
    return filled


def _weeks(
    mondays: NDArray[np.datetime64], counts: NDArray[np.float64], expected: NDArray[np.float64], usual: float
) -> tuple[ObservedWeek, ...]:
    names, place = np.unique(mondays, return_inverse=True)
    requests = np.bincount(place, weights=counts)
    share = np.bincount(place, weights=expected) / usual
    whole = np.flatnonzero(share >= _SEEN_SHARE)
    totals = [float(requests[i] / min(1.0, share[i])) for i in whole]
    relative = _of_usual(totals)
    scatter = _scatter(relative)
    return tuple(
        ObservedWeek(
            monday=names[i].astype(object),
            requests=total,
            of_usual=ratio,
            unusual=ratio is not None
            and (ratio <= 0 or abs(float(np.log(ratio))) > max(_UNUSUAL, 3 * 1.4826 * scatter)),
        )
        for i, total, ratio in zip(whole, totals, relative, strict=True)
    )


def _of_usual(totals: Sequence[float]) -> list[float | None]:
    found: list[float | None] = []
    for i, total in enumerate(totals):
        around = [*totals[max(0, i - 4) : i], *totals[i + 1 : i + 5]]
        usual = statistics.median(around) if len(around) >= _LEAST_NEIGHBOURS else 0
        found.append(total / usual if usual > 0 else None)
    return found


def _scatter(relative: Sequence[float | None]) -> float:
    """Return the median absolute logarithm."""
    logs = [abs(float(np.log(ratio))) for ratio in relative if ratio]
    return statistics.median(logs) if logs else 0.0


def _silent(
    days: NDArray[np.datetime64], counts: NDArray[np.float64], expected: NDArray[np.float64]
) -> tuple[str, ...]:
    names, place = np.unique(days, return_inverse=True)
    requests, usual = np.bincount(place, weights=counts), np.bincount(place, weights=expected)
    silent = (usual >= _SILENT_EXPECTED) & (requests < _SILENT_SHARE * usual)
    return tuple(str(day) for day in names[silent])
