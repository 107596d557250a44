"""Anthropic's costs: pages of ``/v1/organizations/cost_report``, and the console's CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.formats import _bucketed as common
from kit.demand.formats.anthropic_usage import USAGE_KEY, bucket_of, window_tags
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "anthropic_costs"
TITLE = "Anthropic cost report or console (JSON pages, CSV)"
GRAIN = Grain.MONEY

_MEASURES = frozenset({"amount", "cost_usd", "list_price_usd"})
_KINDS = {
    "uncached_input_tokens": "input",
    "input_no_cache": "input",
    "cache_read_input_tokens": "cached input",
    "input_cache_read": "cached input",
    "cache_creation.ephemeral_5m_input_tokens": "cache write",
    "cache_creation.ephemeral_1h_input_tokens": "cache write",
    "input_cache_write": "cache write",
    "input_cache_write_5m": "cache write",
    "input_cache_write_1h": "cache write",
    "output_tokens": "output",
    "output": "output",
    "tokens": "tokens",
    "token": "tokens",
    "web_search": "web search",
    "code_execution": "code execution",
    "session_usage": "session",
}


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is Anthropic's costs.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    if common.is_json(head):
        return b'"starting_at"' in head and b'"amount"' in head and not USAGE_KEY.search(head)
    return common.is_csv(head, "usage_date_utc", "cost_usd")


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Append the charges of a file to a table of usage.

    The report gives amounts in the smallest unit of the currency as decimal text: ``"123.45"`` is 1.2345 US dollars.
    The console's CSV gives US dollars.

    Args:
        connection: of DuckDB.
        path: the file.
        table: an existing table of usage.
        options: ``usd_per_eur`` and the like, for charges in another currency.

    Raises:
        InputError: the file cannot be read, is too large, is neither JSON nor CSV, or a rate is not a number.
    """
    rows = common.Rows(NAME, path.name)
    more = False
    if common.starts_as_json(path):
        pages = common.pages_of(path)
        more = pages.more
        for bucket, result in rows.results(pages, "starting_at", "ending_at"):
            _take_json(rows, result, bucket, options)
    else:
        _, lines = common.csv_rows(path)
        seconds = bucket_of(lines)
        for line, row in rows.lines(lines):
            _take_csv(rows, line, row, seconds)
    rows.write(connection, table)
    notes = [
        "charges: money only; the costs of the priority tier are not in the report",
        *rows.span_notes(),
    ]
    if more:
        notes.append("the last page says that there are more: later charges are missing")
    if rows.column("model") and not any(rows.column("model")):
        notes.append("the costs are not grouped by description: they cannot be told apart by model")
    return rows.imported(GRAIN, table, notes)


def _take_json(
    rows: common.Rows, result: common.Node, bucket: Mapping[str, object], options: Mapping[str, str]
) -> None:
    try:
        at, seconds = rows.span(bucket.get("starting_at"), bucket.get("ending_at"))
        cents = common.money_of(result.get("amount"))
        if cents is None:
            raise common.RowError("no amount")
    except common.RowError as error:
        rows.problem(str(error), result.line)
        return
    usd = common.in_usd(cents / 100, result.get("currency"), options)
    _add(rows, result.line, (at, seconds), result, usd)


def _take_csv(rows: common.Rows, line: int, row: Mapping[str, str], seconds: float) -> None:
    try:
        start = common.moment_of(row.get("usage_date_utc"))
        span = rows.span(start.isoformat(), (start + dt.timedelta(seconds=seconds)).isoformat())
        usd = common.money_of(row.get("cost_usd"))
        if usd is None:
            raise common.RowError("no amount")
    except common.RowError as error:
        rows.problem(str(error), line)
        return
    _add(rows, line, span, row, usd)


def _add(
    rows: common.Rows,
    line: int,
    span: tuple[dt.datetime, float],
    row: Mapping[str, object],
    usd: Decimal | None,
) -> None:
    if usd is None:
        rows.problem("another currency without a rate (option usd_per_…): its money is left out", line, dropped=False)
    elif usd < 0:
        rows.problem("negative amount (a credit or a correction), kept", line, dropped=False)
    kinds = (str(row.get(key) or "").lower() for key in ("token_type", "cost_type"))
    tier = row.get("service_tier") or row.get("usage_type")
    rows.add(
        line,
        [*span, common.dimensions(row, _MEASURES)],
        at=span[0],
        bucket_s=span[1],
        cost_usd=usd,
        batch=common.is_batch(tier) if common.tier_tags(tier) else None,
        model=common.public_model(row.get("model") or row.get("model_version")),
        label_key=common.short_hash(row.get("api_key_id") or row.get("api_key")),
        label_group=common.short_hash(row.get("workspace_id") or row.get("workspace")),
        label_path=next((_KINDS[kind] for kind in kinds if kind in _KINDS), None),
        label_tags=[*common.tier_tags(tier), *window_tags(row.get("context_window"))],
    )
