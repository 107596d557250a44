"""From usage to the record: the typical week of a workload, its lengths, bursts, growth and cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.demand.bursts import bursts_of
from kit.demand.forecast import Forecast, forecast
from kit.demand.hours import Hours, counted, hours_of, zone_of
from kit.demand.lengths import lengths_of, scaled
from kit.demand.priors import LengthPrior, length_prior, nearest_prior
from kit.demand.record import Demand, ModelShare, WorkloadDemand
from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, NamedShape
from kit.errors import InputError, did_you_mean
from kit.record import Basis, Figure

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAYS_OF_MONTH = 365.25 / 12
_WORTH_SAYING = 0.05
_NEW_DAYS = 14
"""A workload whose first request is later than this is taken to have begun then."""


@dataclass(frozen=True)
class _Sums:
    rows: int
    requests: float
    prompt: float | None
    prompt_requests: float
    output: float | None
    output_requests: float
    cached: float | None
    cached_prompt: float
    cost: float | None
    batch: float
    first: dt.datetime
    last: dt.datetime
    longest_bucket_s: float
    single_rows: int
    uncounted_rows: int


def demand_of(
    connection: DuckDBPyConnection, table: str, *, timezone: str = "UTC", source: str = "usage", **options: Any
) -> Demand:
    """Return the record of all workloads in a table of usage.

    Args:
        connection: of DuckDB.
        table: of usage, with the column ``workload``; rows without one are counted in a note and left out.
        timezone: IANA name of the client's zone.
        source: where the rows come from, for the figures.
        options: further arguments of :func:`typical_week_of`.

    Raises:
        InputError: no row has a workload, or what :func:`typical_week_of` raises.
    """
    _check_table(table)
    found = connection.execute(
        f"""SELECT workload, count(*) AS n,
                   coalesce(sum(greatest(requests, prompt_tokens, output_tokens)) FILTER ("at" IS NOT NULL), 0) > 0
            FROM {table} GROUP BY 1 ORDER BY 2 DESC, 1"""
    ).fetchall()
    names = [name for name, _, counted_at_all in found if name is not None and counted_at_all]
    if not names:
        raise InputError(f"{table}: no row belongs to a workload; assign rows to workloads first")
    items = tuple(
        typical_week_of(connection, table, name, timezone=timezone, source=source, **options) for name in names
    )
    rows = sum(count for _, count, _ in found)
    loose = sum(count for name, count, _ in found if name is None)
    notes = [f"{loose:,} of {rows:,} rows belong to no workload and are left out"] if loose else []
    notes.extend(
        f"workload {name!r} is left out: its rows count neither requests nor tokens"
        for name, _, counted_at_all in found
        if name is not None and not counted_at_all
    )
    return Demand(
        date=max(item.requests_per_day.date for item in items), workloads=items, timezone=timezone, notes=tuple(notes)
    )


def typical_week_of(
    connection: DuckDBPyConnection,
    table: str,
    workload: str,
    *,
    timezone: str = "UTC",
    source: str = "usage",
    kind: str | None = None,
    deferrable: bool | None = None,
    shape: NamedShape = NamedShape.OFFICE,
    period: tuple[dt.datetime, dt.datetime] | None = None,
) -> WorkloadDemand:
    """Return a workload's typical week from its usage.

    An hour of the week carries ``requests in that hour / how often that hour was observed``, in the client's local
    time, so that partial weeks and the changes of the clock weigh as much as they were seen. Every week that was seen
    is in it; holidays and outages are named, not dropped.

    Args:
        connection: of DuckDB.
        table: of usage (:data:`kit.demand.usage.COLUMNS`), with the column ``workload``.
        workload: which rows.
        timezone: IANA name of the client's zone, e.g. ``Europe/Vienna``.
        source: where the rows come from, for the figures.
        kind: whose lengths to take if only means are known; absent means the nearest public trace.
        deferrable: the requests of a day may be served at any hour of it; absent means if all went by batch.
        shape: the load inside buckets longer than an hour, and of hours of the week that were never observed.
        period: from when to when the export reaches, UTC; absent means from the table's first row to its last,
            in whole hours if that is six days or more.

    Raises:
        InputError: no such workload, unknown time zone or kind, or rows that hold money only.
    """
    zone = zone_of(timezone)
    prior = length_prior(kind) if kind is not None else None
    _check_table(table)
    tokens_per_request, guessed = _tokens_per_request(connection, table, workload, prior)
    sums = _sums(connection, table, workload, tokens_per_request)
    if sums.requests <= 0:
        raise InputError(f"workload {workload!r}: its rows count neither requests nor tokens, only money")
    start, end = period or _span(connection, table)
    begun = _hour_of(sums.first) if (sums.first - start).days > _NEW_DAYS else start
    hours = hours_of(
        connection, table, workload, zone=zone, start=begun, end=end, shape=shape, per_request=tokens_per_request
    )
    date = sums.last.date()
    words = f"{source}, {sums.first:%Y-%m-%d} to {sums.last:%Y-%m-%d}"
    notes = _notes(sums, hours, shape, start=start, end=end, guessed=guessed)
    known = Basis.ASSUMED if guessed or hours.unobserved else Basis.MEASURED
    volume = Figure(
        value=float(hours.rates.sum()) / 7,
        basis=known,
        source=words + (f"; {guessed}" if guessed else "") + _unobserved(hours, shape),
        date=date,
    )
    coarse = sums.longest_bucket_s > 3600
    rates = tuple(float(rate) for rate in hours.rates)
    prompt, output, cached = _means(sums, words, date, prior)
    lengths = lengths_of(connection, table, workload, date=date, source=words) if sums.single_rows else None
    if lengths is None:
        taken = prior or nearest_prior(prompt.value, output.value)
        lengths = scaled(taken.lengths, prompt_tokens=prompt, output_tokens=output)
    bursts = bursts_of(connection, table, workload, date=date, source=words)
    trend = forecast(hours.weeks, ahead=0, source=source)
    if isinstance(trend, Forecast):
        # The mean of a trend stands for the middle of the period, not for its end.
        since = (1 + trend.growth_per_year.value) ** (hours.span_days / 365.25 / 2)
        if abs(since - 1) > _WORTH_SAYING:
            notes = (
                *notes,
                f"the volume is the mean of the period; by its trend the end has {since:.2f} times as much",
            )
    models = _models(connection, table, workload, tokens_per_request)
    cost = sums.cost
    return WorkloadDemand(
        workload=workload,
        requests_per_hour=rates,
        requests_per_day=volume,
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=cached,
        deferrable=sums.batch >= sums.requests * (1 - 1e-9) if deferrable is None else deferrable,
        shape=Figure(
            value=max(rates) / (sum(rates) / HOURS_OF_WEEK),
            basis=Basis.ASSUMED if coarse or hours.unobserved else Basis.MEASURED,
            source=words
            + (f"; inside buckets longer than an hour the kit's shape {shape.value!r}" if coarse else "")
            + _unobserved(hours, shape),
            date=date,
        ),
        lengths=lengths,
        burstiness=bursts.burstiness,
        gaps_cv=bursts.gaps_cv,
        minute_dispersion=bursts.minute_dispersion,
        minute_rate_cv=bursts.minute_rate_cv,
        peak_to_mean_minute=bursts.peak_to_mean_minute,
        growth_per_year=trend.growth_per_year if isinstance(trend, Forecast) else None,
        weeks_observed=hours.span_days / 7,
        weeks=hours.weeks,
        model_today=models[0].model if models else None,
        models=models,
        cost_today=None
        if cost is None
        else Figure(
            value=cost / hours.span_days * DAYS_OF_MONTH,
            basis=Basis.MEASURED,
            source=f"{words}: {cost:,.2f} USD in {hours.span_days:.1f} days",
            date=date,
        ),
        notes=notes,
    )


def reconciled(
    item: WorkloadDemand, *, billed_usd_per_month: Figure, explained_usd_per_month: Figure | None = None
) -> WorkloadDemand:
    """Return a workload with what the bill has beyond the cost that its usage explains.

    Args:
        item: the workload.
        billed_usd_per_month: its part of the bill, US dollars per average month.
        explained_usd_per_month: what its tokens cost, where the usage does not say; it becomes ``cost_today``. Without
            either, all of the bill is the difference.
    """
    cost = item.cost_today or explained_usd_per_month
    explained = cost.value if cost else 0.0
    difference = billed_usd_per_month.model_copy(
        update={
            "value": billed_usd_per_month.value - explained,
            "source": f"{billed_usd_per_month.source}, less {explained:,.2f} USD a month by the usage",
        }
    )
    return item.model_copy(update={"cost_today": cost, "bill_difference": difference})


def _check_table(table: str) -> None:
    if not table.isidentifier():
        raise InputError(f"{table!r} is no name of a table; letters, digits and _ only")


def _tokens_per_request(
    connection: DuckDBPyConnection, table: str, workload: str, prior: LengthPrior | None
) -> tuple[float, str]:
    """Return the tokens of a request for rows that do not count requests, and what was guessed in words."""
    counted, uncounted = connection.execute(
        f"""
        SELECT sum(coalesce(prompt_tokens, 0) + coalesce(output_tokens, 0)) FILTER (requests > 0)
                   / sum(requests) FILTER (requests > 0),
               count(*) FILTER (requests IS NULL AND coalesce(prompt_tokens, output_tokens) IS NOT NULL)
        FROM {table} WHERE workload = $workload""",
        {"workload": workload},
    ).fetchone() or (None, 0)
    if counted:
        words = f"{uncounted:,} rows count no requests and take the {counted:,.0f} tokens per request of the others"
        return float(counted), words if uncounted else ""
    # Nothing counts requests: without a kind the plainest of the public mixes stands in.
    taken = prior or length_prior("conversation")
    tokens = taken.prompt_tokens + taken.output_tokens
    return tokens, (
        f"no row counts requests: {tokens:,.0f} tokens per request are assumed, as in {taken.words}"
        if uncounted
        else ""
    )


def _sums(connection: DuckDBPyConnection, table: str, workload: str, per_request: float) -> _Sums:
    n = counted(per_request)
    row = connection.execute(
        f"""
        SELECT count(*), coalesce(sum({n}), 0),
               sum(prompt_tokens)::DOUBLE, coalesce(sum({n}) FILTER (prompt_tokens IS NOT NULL), 0),
               sum(output_tokens)::DOUBLE, coalesce(sum({n}) FILTER (output_tokens IS NOT NULL), 0),
               sum(cached_tokens)::DOUBLE,
               coalesce(sum(prompt_tokens) FILTER (cached_tokens IS NOT NULL), 0)::DOUBLE,
               sum(cost_usd), coalesce(sum({n}) FILTER (batch), 0),
               min("at"),
               max("at" + to_microseconds(greatest(0, (coalesce(bucket_s, 0) * 1e6)::BIGINT - 1))),
               coalesce(max(bucket_s) FILTER ({n} > 0), 0),
               count(*) FILTER (coalesce(bucket_s, 0) = 0 AND prompt_tokens IS NOT NULL),
               count(*) FILTER (requests IS NULL)
        FROM {table} WHERE workload = $workload AND "at" IS NOT NULL""",
        {"workload": workload},
    ).fetchone()
    if row is None or not row[0]:
        names = [name for (name,) in connection.execute(f"SELECT DISTINCT workload FROM {table}").fetchall() if name]
        if workload in names:
            raise InputError(f"workload {workload!r}: none of its rows has a time")
        raise InputError(f"no rows of workload {workload!r}{did_you_mean(workload, names)}")
    return _Sums(*row)


def _span(connection: DuckDBPyConnection, table: str) -> tuple[dt.datetime, dt.datetime]:
    start, end = connection.execute(
        f'SELECT min("at"), max("at" + to_microseconds((coalesce(bucket_s, 0) * 1e6)::BIGINT)) FROM {table}'
    ).fetchone() or (None, None)
    assert isinstance(start, dt.datetime)
    assert isinstance(end, dt.datetime)
    if (end - start).days < 6:
        return start, end
    # What comes at the full hour, as a nightly job does, would weigh too much in an hour that is cut short.
    hour = dt.timedelta(hours=1)
    return _hour_of(start), _hour_of(end - dt.timedelta(microseconds=1)) + hour


def _hour_of(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _means(sums: _Sums, words: str, date: dt.date, prior: LengthPrior | None) -> tuple[Figure, Figure, Figure]:
    def mean(tokens: float | None, requests: float, field: str) -> Figure:
        if tokens is not None and requests > 0:
            return Figure(value=tokens / requests, basis=Basis.MEASURED, source=words, date=date)
        taken = prior or length_prior("conversation")
        value = taken.prompt_tokens if field == "prompt" else taken.output_tokens
        return Figure(
            value=value,
            basis=Basis.ASSUMED,
            source=f"{source_of(taken, field)}; the export does not say the {field}'s tokens",
            date=date,
        )

    prompt = mean(sums.prompt, sums.prompt_requests, "prompt")
    output = mean(sums.output, sums.output_requests, "output")
    share = sums.cached / sums.cached_prompt if sums.cached is not None and sums.cached_prompt > 0 else None
    cached = Figure(
        value=(share or 0.0) * prompt.value,
        basis=Basis.ASSUMED if share is None else Basis.MEASURED,
        source=f"{words} does not say what was cached: nothing is taken to be" if share is None else words,
        date=date,
    )
    return prompt, output, cached


def source_of(prior: LengthPrior, field: str) -> str:
    """Return who says a prior's ``prompt`` or ``output`` lengths."""
    return (prior.lengths.prompt if field == "prompt" else prior.lengths.output).source


def _models(connection: DuckDBPyConnection, table: str, workload: str, per_request: float) -> tuple[ModelShare, ...]:
    rows = connection.execute(
        f"""SELECT model, sum({counted(per_request)}) AS n,
                   sum(coalesce(prompt_tokens, 0) + coalesce(output_tokens, 0)) AS tokens
            FROM {table} WHERE workload = $workload AND model IS NOT NULL GROUP BY 1
            HAVING n > 0 ORDER BY tokens DESC, n DESC, 1""",
        {"workload": workload},
    ).fetchall()
    total = sum(requests for _, requests, _ in rows)
    return tuple(ModelShare(model=model, share=min(1.0, requests / total)) for model, requests, _ in rows)


def _unobserved(hours: Hours, shape: NamedShape) -> str:
    if not hours.unobserved:
        return ""
    return f"; {hours.unobserved} of 168 hours of the week were never observed and follow " + (
        f"the same hours of other days, else the kit's shape {shape.value!r}"
        if HOURS_OF_WEEK - hours.unobserved >= HOURS_OF_DAY
        else "the mean of the others"
    )


def _notes(
    sums: _Sums, hours: Hours, shape: NamedShape, *, start: dt.datetime, end: dt.datetime, guessed: str
) -> tuple[str, ...]:
    notes = [guessed] if guessed else []
    if hours.span_days < 7:
        notes.append(
            f"only {hours.span_days * 24:.3g} hours were seen, less than a week: the typical week is drawn out"
        )
    if sums.longest_bucket_s > 0:
        notes.append(
            f"the export has buckets of up to {sums.longest_bucket_s / 3600:g} h: lengths are means only, "
            "their spread is a public trace's, and bursts within the hour are not known"
        )
    if sums.longest_bucket_s > 3600:
        notes.append(f"inside buckets longer than an hour the load follows the kit's shape {shape.value!r}")
    if (sums.first - start).days > _NEW_DAYS:
        notes.append(f"the workload begins on {sums.first:%Y-%m-%d}, the export on {start:%Y-%m-%d}")
    if (end - sums.last).days > _NEW_DAYS:
        notes.append(f"the workload's last request is of {sums.last:%Y-%m-%d}, the export ends on {end:%Y-%m-%d}")
    if odd := [f"{week.monday} ({week.of_usual:.0%} of usual)" for week in hours.weeks if week.unusual]:
        notes.append(f"unusual weeks, a holiday or an outage perhaps, are in it: {_some(odd)}")
    if hours.silent:
        notes.append(f"nearly silent days are in it: {_some(hours.silent)}")
    return tuple(notes)


def _some(words: Sequence[str], most: int = 6) -> str:
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + rest
