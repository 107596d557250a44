"""OpenAI's costs: pages of ``/v1/organization/costs``, and the dashboard's CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.demand.formats import _bucketed as common
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "openai_costs"
TITLE = "OpenAI costs API or dashboard (JSON pages, CSV)"
GRAIN = Grain.MONEY

_MEASURES = frozenset({"amount", "amount_value", "quantity"})
_KIND = re.compile(r"input|output|cache|batch|token|training|search|image|audio|session|storage|tool", re.IGNORECASE)
_UNITS = {"tokens": 1, "1000_tokens": 1000}


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is OpenAI's costs.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    if common.is_json(head):
        return b"organization.costs.result" in head
    return common.is_csv(head, "amount_value", "amount_currency", "line_item")


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Append the charges of a file to a table of usage.

    A line item such as ``gpt-4o-2024-08-06, cached input`` gives the model and the kind of call.

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
        for bucket, result in rows.results(pages, "start_time", "end_time"):
            amount = result.get("amount")
            if isinstance(amount, dict):
                paid = (amount.get("value"), amount.get("currency"))
                _take(rows, result.line, result, bucket, amount=paid, options=options)
            else:
                rows.problem("no amount", result.line)
    else:
        _, lines = common.csv_rows(path)
        for line, row in rows.lines(lines, used=lambda row: bool(row.get("amount_value"))):
            paid = (row["amount_value"], row.get("amount_currency"))
            _take(rows, line, row, row, amount=paid, options=options)
    rows.write(connection, table)
    notes = ["charges: money, and tokens only where the export gives quantities", *rows.span_notes()]
    if more:
        notes.append("the last page says that there are more: later charges are missing")
    if rows.column("label_path") and not any(rows.column("label_path")):
        notes.append("the costs are not grouped by line item: they cannot be told apart by model")
    return rows.imported(GRAIN, table, notes)


def _take(
    rows: common.Rows,
    line: int,
    result: Mapping[str, Any],
    bucket: Mapping[str, Any],
    *,
    amount: tuple[object, object],
    options: Mapping[str, str],
) -> None:
    try:
        at, seconds = rows.span(bucket.get("start_time"), bucket.get("end_time"))
        value = common.money_of(amount[0])
        if value is None:
            raise common.RowError("no amount")
        model, kind = _line_item(result.get("line_item"))
        tokens = _tokens(result, kind)
    except common.RowError as error:
        rows.problem(str(error), line)
        return
    usd = common.in_usd(value, amount[1], options)
    if usd is None:
        rows.problem("another currency without a rate (option usd_per_…): its money is left out", line, dropped=False)
    elif usd < 0:
        rows.problem("negative amount (a credit or a correction), kept", line, dropped=False)
    rows.add(
        line,
        [at, seconds, amount[1], common.dimensions(result, _MEASURES)],
        at=at,
        bucket_s=seconds,
        cost_usd=usd,
        model=model,
        batch=True if kind is not None and "batch" in kind else None,
        label_key=common.short_hash(result.get("api_key_id") or result.get("project_id")),
        label_group=common.short_hash(result.get("project_id")),
        label_path=kind,
        **tokens,
    )


def _line_item(item: object) -> tuple[str | None, str | None]:
    """Return the model and the kind of call of a line item: ``gpt-4o, input`` or ``web search tool calls | gpt-4o``."""
    text = str(item or "").strip()
    if not text:
        return None, None
    if " | " in text:
        kind, _, model = text.partition(" | ")
    elif ", " in text:
        model, _, kind = text.rpartition(", ")
    elif _KIND.search(text) and " " in text:
        model, kind = "", text
    else:
        model, kind = text, ""
    return common.public_model(model), kind.replace("_", " ").lower() or None


def _tokens(result: Mapping[str, Any], kind: str | None) -> dict[str, int | None]:
    """Return the tokens that a charge's quantity counts, if it does."""
    scale = _UNITS.get(str(result.get("quantity_unit") or "").lower())
    quantity = common.money_of(result.get("quantity"))
    if scale is None or quantity is None or kind is None:
        return {}
    tokens = round(quantity * scale)
    if tokens < 0:
        return {}
    if "output" in kind:
        return {"output_tokens": tokens}
    if "input" in kind:
        return {"prompt_tokens": tokens, "cached_tokens": tokens if "cached" in kind else 0}
    return {}
