"""What is paid today: the bill of cost exports, and how far today's prices explain it.

Tokens × list prices hardly ever give the bill: there are discounts, prepaid capacity, other kinds of charges and
models without a list price. The difference is shown, with what is known of its reasons.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from pydantic import Field

from kit.errors import InputError, PriceError
from kit.record import Basis, Figure, Part

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAYS_PER_MONTH = 365.25 / 12
REFERENCE_TOKENS = 100_000
"""Tokens of the request by which use is priced whose number of requests is not known: below all tiers of prices."""
_OTHER = (
    r"search|execution|interpreter|session|storage|image|audio|video|speech|transcri|moderation|training|"
    r"fine.?tun|container|\btool"
)


class Period(NamedTuple):
    """A span of time, UTC without a time zone; the end is not part of it."""

    start: dt.datetime
    end: dt.datetime

    @property
    def days(self) -> float:
        """Its length in days of 24 hours."""
        return (self.end - self.start).total_seconds() / 86400


class BilledItem(Part):
    """What one model and kind of charge costs.

    Attributes:
        model: its name in the export; ``None`` where the export does not say.
        service: the service or kind of charge in the export, e.g. ``input``; ``None`` likewise.
        usd: charged in the period, credits included.
        usd_per_month: the same for an average month.
        tokens: whether it pays for tokens; ``None`` where the export does not tell.
    """

    model: str | None
    service: str | None
    usd: float
    usd_per_month: float
    tokens: bool | None


class Bill(Part):
    """Today's bill.

    Attributes:
        currency: of all money in it.
        usd_per_month: for an average month of 30.44 days; its source names the exports.
        usd: charged in the period, credits included.
        credits_usd: the negative charges among it, 0 or less.
        unconverted: charges in other currencies, for which no rate was given and whose money is missing.
        first: first day.
        last: last day, whole or in part.
        days: length of the period.
        items: by model and kind of charge, the dearest first.
    """

    currency: Literal["USD"] = "USD"
    usd_per_month: Figure
    usd: float
    credits_usd: float = Field(le=0)
    unconverted: int = Field(ge=0)
    first: dt.date
    last: dt.date
    days: float = Field(gt=0)
    items: tuple[BilledItem, ...]


class TokenUse(Part):
    """Tokens of one model in a period.

    Attributes:
        model: its name in the export; ``None`` where the export does not say.
        batch: whether they went through a batch interface, as far as the export says.
        requests: how many; ``None`` where the export does not count them.
        prompt_tokens: all of them, the cached ones among them.
        cached_tokens: part of the prompt; 0 where the export does not say.
        output_tokens: all of them.
    """

    model: str | None
    batch: bool
    requests: float | None
    prompt_tokens: float
    cached_tokens: float
    output_tokens: float


class PriceLookup(Protocol):
    """Today's price of one request."""

    def __call__(
        self, model: str, *, prompt_tokens: float, cached_tokens: float, output_tokens: float, batch: bool
    ) -> float:
        """Return US dollars.

        Raises:
            PriceError: there is no such price.
        """


class ModelCheck(Part):
    """One model, billed and priced.

    Attributes:
        model: its name in the exports.
        billed_usd: in the period; ``None``: the bill does not name it.
        priced_usd: its tokens at today's prices; ``None``: no use, or no price.
        difference_usd: billed − priced, where both are known.
    """

    model: str
    billed_usd: float | None
    priced_usd: float | None
    difference_usd: float | None


class Unpriced(Part):
    """Use for which there is no price.

    Attributes:
        model: its name in the export; ``None`` where the export does not say.
        tokens: prompt and output.
        reason: why there is no price.
    """

    model: str | None
    tokens: float
    reason: str


class Reconciliation(Part):
    """The bill beside tokens × today's prices, over one period.

    Attributes:
        start: first day of the period.
        end: the day after its last.
        billed_usd: the bill in the period.
        priced_usd: the tokens in the period at today's prices.
        difference_usd: billed − priced: positive where more is paid than today's prices explain.
        difference_share: of the bill; ``None`` where the bill is 0.
        other_usd: billed for what is not tokens: searches, containers, images.
        credits_usd: credits in the bill, 0 or less.
        unpriced: use without a price.
        models: model by model, the dearest first.
        notes: what explains the difference, in words.
    """

    start: dt.date
    end: dt.date
    billed_usd: float
    priced_usd: float
    difference_usd: float
    difference_share: float | None
    other_usd: float
    credits_usd: float
    unpriced: tuple[Unpriced, ...]
    models: tuple[ModelCheck, ...]
    notes: tuple[str, ...]


def bill(connection: DuckDBPyConnection, tables: Sequence[str], *, source: str, period: Period | None = None) -> Bill:
    """Return the bill of cost exports.

    A charge that reaches beyond the period is taken in proportion to its time in it.

    Args:
        connection: of DuckDB.
        tables: of usage, as the importers of costs fill them, or queries of them in parentheses.
        source: what to call the exports in the record.
        period: only what was charged in it; else from the first charge to the end of the last.

    Raises:
        InputError: there is no charge in it.
    """
    period = period or period_of(connection, tables)
    found = connection.execute(
        f"""
        SELECT model, label_path, sum(cost_usd * part), sum(least(cost_usd, 0) * part),
            count(*) FILTER (cost_usd IS NULL),
            bool_or(prompt_tokens IS NOT NULL OR output_tokens IS NOT NULL
                OR coalesce(regexp_matches(lower(label_path), 'input|output|token|cache'), false)),
            bool_and(coalesce(regexp_matches(lower(label_path), '{_OTHER}'), false))
        FROM ({_parts(tables, period)}) GROUP BY model, label_path
        """
    ).fetchall()
    if not found or period.days <= 0:
        raise InputError("no charge in the period: export costs of the same days as the use")
    months = period.days / DAYS_PER_MONTH
    items = [
        BilledItem(
            model=model,
            service=service,
            usd=usd or 0.0,
            usd_per_month=(usd or 0.0) / months,
            tokens=True if tokens else False if other else None,
        )
        for model, service, usd, _, _, tokens, other in found
    ]
    usd = sum(item.usd for item in items)
    last = (period.end - dt.timedelta(microseconds=1)).date()
    return Bill(
        usd_per_month=Figure(
            value=usd / months,
            basis=Basis.MEASURED,
            source=f"{source}, {period.days:g} days from {period.start:%Y-%m-%d}",
            date=last,
        ),
        usd=usd,
        credits_usd=min(0.0, sum(credit or 0.0 for _, _, _, credit, *_ in found)),
        unconverted=sum(row[4] for row in found),
        first=period.start.date(),
        last=last,
        days=period.days,
        items=tuple(sorted(items, key=lambda item: (-item.usd, item.model or "", item.service or ""))),
    )


def token_use(connection: DuckDBPyConnection, tables: Sequence[str], period: Period) -> tuple[TokenUse, ...]:
    """Return the tokens of each model in a period.

    Args:
        connection: of DuckDB.
        tables: of usage.
        period: a bucket that reaches beyond it is taken in proportion to its time in it.
    """
    found = connection.execute(
        f"""
        SELECT model, coalesce(batch, false) AS by_batch,
            CASE WHEN count(requests) = count(*) THEN sum(requests * part) END,
            coalesce(sum(prompt_tokens * part), 0), coalesce(sum(cached_tokens * part), 0),
            coalesce(sum(output_tokens * part), 0)
        FROM ({_parts(tables, period)}) WHERE prompt_tokens IS NOT NULL OR output_tokens IS NOT NULL
        GROUP BY ALL ORDER BY model NULLS LAST, by_batch
        """
    ).fetchall()
    return tuple(TokenUse(**dict(zip(TokenUse.model_fields, row, strict=True))) for row in found)


def period_of(connection: DuckDBPyConnection, tables: Sequence[str]) -> Period:
    """Return the time from the first row to the end of the last.

    Raises:
        InputError: there is no row.
    """
    everything = " UNION ALL ".join(f'SELECT "at", bucket_s FROM {table}' for table in tables)
    found = connection.execute(
        f'SELECT min("at"), max("at" + to_microseconds((bucket_s * 1e6)::BIGINT)) FROM ({everything})'
    ).fetchone()
    if found is None or found[0] is None:
        raise InputError("no row in the export")
    return Period(found[0], found[1])


def shared_days(one: Period, other: Period) -> Period:
    """Return the whole days (UTC) that two periods share.

    Raises:
        InputError: there is none.
    """
    start, end = max(one.start, other.start), min(one.end, other.end)
    first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first += dt.timedelta(days=0 if first == start else 1)
    after = end.replace(hour=0, minute=0, second=0, microsecond=0)
    if after <= first:
        raise InputError(
            f"the use ({one.start:%Y-%m-%d} to {one.end:%Y-%m-%d}) and the bill ({other.start:%Y-%m-%d} to "
            f"{other.end:%Y-%m-%d}) share no whole day: export both for the same days"
        )
    return Period(first, after)


def reconcile(
    connection: DuckDBPyConnection, *, usage: Sequence[str], costs: Sequence[str], price: PriceLookup
) -> Reconciliation:
    """Set the bill beside tokens × today's prices, over the whole days that both cover.

    Args:
        connection: of DuckDB.
        usage: tables of usage.
        costs: tables of charges.
        price: today's price of one request; it is asked once for each model, with the mean request.

    Raises:
        InputError: an export has no row, or the two share no whole day.
    """
    covered = period_of(connection, usage), period_of(connection, costs)
    period = shared_days(*covered)
    billed = bill(connection, costs, source="cost export", period=period)
    use = token_use(connection, usage, period)
    priced, unpriced, counted = _priced(use, price)
    total = sum(priced.values())
    difference = billed.usd - total
    other = sum(item.usd for item in billed.items if item.tokens is False)
    models = _models(billed.items, priced)
    return Reconciliation(
        start=period.start.date(),
        end=period.end.date(),
        billed_usd=billed.usd,
        priced_usd=total,
        difference_usd=difference,
        difference_share=difference / billed.usd if billed.usd else None,
        other_usd=other,
        credits_usd=billed.credits_usd,
        unpriced=tuple(unpriced),
        models=models,
        notes=tuple(_explained(billed, unpriced, models, covered, period, counted=counted)),
    )


def _parts(tables: Sequence[str], period: Period) -> str:
    """Return SQL for the rows in a period, with the part of each that lies in it."""
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'" for moment in period)
    everything = " UNION ALL ".join(f"SELECT * FROM {table}" for table in tables)
    return f"""
        SELECT *, CASE WHEN bucket_s > 0 THEN (epoch(least(ending, {end})) - epoch(greatest("at", {start}))) / bucket_s
            ELSE 1 END AS part
        FROM (SELECT *, "at" + to_microseconds((bucket_s * 1e6)::BIGINT) AS ending FROM ({everything}))
        WHERE "at" < {end} AND (ending > {start} OR "at" >= {start})
        """


def _priced(use: Iterable[TokenUse], price: PriceLookup) -> tuple[dict[str, float], list[Unpriced], bool]:
    """Return what each model's tokens cost, what has no price, and whether all requests were counted."""
    priced: dict[str, float] = {}
    unpriced: list[Unpriced] = []
    counted = True
    for item in use:
        tokens = item.prompt_tokens + item.output_tokens
        if not tokens:
            continue
        if item.model is None:
            unpriced.append(Unpriced(model=None, tokens=tokens, reason="the export does not name the model"))
            continue
        requests = item.requests
        if not requests:
            counted = False
            requests = (item.prompt_tokens or item.output_tokens) / REFERENCE_TOKENS
        try:
            each = price(
                item.model,
                prompt_tokens=item.prompt_tokens / requests,
                cached_tokens=item.cached_tokens / requests,
                output_tokens=item.output_tokens / requests,
                batch=item.batch,
            )
        except PriceError as error:
            unpriced.append(Unpriced(model=item.model, tokens=tokens, reason=str(error)))
        else:
            priced[item.model] = priced.get(item.model, 0.0) + each * requests
    return priced, unpriced, counted


def _models(items: Iterable[BilledItem], priced: dict[str, float]) -> tuple[ModelCheck, ...]:
    billed: dict[str, float] = {}
    for item in items:
        if item.model is not None:
            billed[item.model] = billed.get(item.model, 0.0) + item.usd
    checks = []
    for model in billed.keys() | priced.keys():
        paid, explained = billed.get(model), priced.get(model)
        both = None if paid is None or explained is None else paid - explained
        checks.append(ModelCheck(model=model, billed_usd=paid, priced_usd=explained, difference_usd=both))
    return tuple(sorted(checks, key=lambda check: (-max(check.billed_usd or 0, check.priced_usd or 0), check.model)))


def _explained(
    billed: Bill,
    unpriced: Sequence[Unpriced],
    models: Sequence[ModelCheck],
    covered: tuple[Period, Period],
    period: Period,
    *,
    counted: bool,
) -> list[str]:
    notes = []
    other = sum(item.usd for item in billed.items if item.tokens is False)
    if other:
        notes.append(f"{other:.2f} USD of the bill pay for what is not tokens")
    if billed.credits_usd:
        notes.append(f"credits and corrections lower the bill by {-billed.credits_usd:.2f} USD")
    if billed.unconverted:
        notes.append(f"{billed.unconverted} charge(s) in another currency have no rate: their money is missing")
    if unpriced:
        tokens = sum(item.tokens for item in unpriced)
        notes.append(f"{tokens / 1e6:.3f} million tokens have no price, so that less is explained than was used")
    only_billed = [check for check in models if check.priced_usd is None and check.billed_usd]
    if only_billed:
        notes.append(
            f"{sum(check.billed_usd or 0 for check in only_billed):.2f} USD are billed under {len(only_billed)} "
            "name(s) of models that the use does not price under that name"
        )
    if not counted:
        notes.append(
            "where requests are not counted, tokens are priced as short prompts: the prices of long ones are higher"
        )
    if any(days.days - period.days > 0.01 for days in covered):
        notes.append(f"only the {period.days:g} days that both exports cover are compared")
    notes.append("today's list prices: discounts, prepaid capacity and earlier prices are in the bill alone")
    return notes
