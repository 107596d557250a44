"""Anthropic's usage: pages of ``/v1/organizations/usage_report/messages``, and the console's CSV."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.demand.formats import _bucketed as common
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "anthropic_usage"
TITLE = "Anthropic usage report or console (JSON pages, CSV)"
GRAIN = Grain.BUCKET

USAGE_KEY = re.compile(rb'"uncached_input_tokens"\s*:')
"""Costs have the same word, as the kind of token that they pay for."""
_MEASURES = frozenset(
    {
        "uncached_input_tokens",
        "cache_creation",
        "cache_read_input_tokens",
        "output_tokens",
        "server_tool_use",
        "requests",
        "web_search_count",
        "usage_input_tokens_no_cache",
        "usage_input_tokens_cache_write",
        "usage_input_tokens_cache_write_5m",
        "usage_input_tokens_cache_write_1h",
        "usage_input_tokens_cache_read",
        "usage_output_tokens",
    }
)


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is Anthropic's usage.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    if common.is_json(head):
        return b'"starting_at"' in head and USAGE_KEY.search(head) is not None
    return common.is_csv(head, "usage_input_tokens_no_cache", "usage_output_tokens")


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:  # noqa: ARG001
    """Append the buckets of a file to a table of usage.

    The report counts the prompt in parts that do not overlap, so that it is the sum of tokens that were not cached,
    that were written to the cache, and that were read from it; only the last are ``cached_tokens``.

    Args:
        connection: of DuckDB.
        path: the file.
        table: an existing table of usage.
        options: none is used.

    Raises:
        InputError: the file cannot be read, is too large, or is neither JSON nor CSV.
    """
    rows = common.Rows(NAME, path.name)
    more = False
    if common.starts_as_json(path):
        pages = common.pages_of(path)
        more = pages.more
        for bucket, result in rows.results(pages, "starting_at", "ending_at"):
            if "uncached_input_tokens" in result:
                _take_json(rows, result, bucket)
            else:
                rows.problem("a result of another kind than usage", result.line)
    else:
        _, lines = common.csv_rows(path)
        seconds = bucket_of(lines)
        for line, row in rows.lines(lines):
            _take_csv(rows, line, row, seconds)
    rows.write(connection, table)
    notes = [common.MEANS_ONLY, *rows.span_notes()]
    if not any(requests is not None for requests in rows.column("requests")):
        notes.append("the report does not count requests: their number is not known, only tokens")
    if more:
        notes.append("the last page says that there are more: later buckets are missing")
    if rows.column("model") and not any(rows.column("model")):
        notes.append("the report is not grouped by model: it does not say which model was used")
    return rows.imported(GRAIN, table, notes)


def bucket_of(lines: Sequence[tuple[int, Mapping[str, str] | None]]) -> float:
    """Return the length of the buckets of the console's CSV in seconds: days, or hours where a time has an hour."""
    hours = any(row is not None and re.search(r"[T ](?!00:00)\d", row.get("usage_date_utc", "")) for _, row in lines)
    return 3600.0 if hours else common.DAY_S


def window_tags(window: object) -> tuple[str, ...]:
    """Return the class of context length as a tag: prompts of up to 200,000 tokens, or longer ones."""
    text = str(window or "").lower().replace(" ", "")
    if "200k-1m" in text or text.startswith(">"):
        return ("context>200k",)
    return ("context<=200k",) if "200k" in text else ()


def _take_json(rows: common.Rows, result: common.Node, bucket: Mapping[str, Any]) -> None:
    try:
        at, seconds = rows.span(bucket.get("starting_at"), bucket.get("ending_at"))
        written = result.get("cache_creation") or {}
        if not isinstance(written, dict):
            raise common.RowError("cache writes that are not an object")
        fresh = common.count_of(result.get("uncached_input_tokens"), "prompt tokens") or 0
        writes = sum(common.count_of(value, "tokens written to the cache") or 0 for value in written.values())
        cached = common.count_of(result.get("cache_read_input_tokens"), "cached tokens") or 0
        output = common.count_of(result.get("output_tokens"), "output tokens")
        requests = common.count_of(result.get("requests"), "requests")
    except common.RowError as error:
        rows.problem(str(error), result.line)
        return
    rows.add(
        result.line,
        [at, seconds, common.dimensions(result, _MEASURES)],
        at=at,
        bucket_s=seconds,
        requests=requests,
        prompt_tokens=fresh + writes + cached,
        cached_tokens=cached,
        output_tokens=output,
        batch=common.is_batch(result.get("service_tier")),
        model=common.public_model(result.get("model")),
        label_key=common.short_hash(result.get("api_key_id")),
        label_group=common.short_hash(result.get("workspace_id")),
        label_path="messages",
        label_tags=[*common.tier_tags(result.get("service_tier")), *window_tags(result.get("context_window"))],
    )


def _take_csv(rows: common.Rows, line: int, row: Mapping[str, str], seconds: float) -> None:
    try:
        start = common.moment_of(row.get("usage_date_utc"))
        at, seconds = rows.span(start.isoformat(), (start + dt.timedelta(seconds=seconds)).isoformat())
        fresh = common.count_of(row.get("usage_input_tokens_no_cache"), "prompt tokens") or 0
        writes = sum(
            common.count_of(row.get(f"usage_input_tokens_cache_write{life}"), "tokens written to the cache") or 0
            for life in ("", "_5m", "_1h")
        )
        cached = common.count_of(row.get("usage_input_tokens_cache_read"), "cached tokens") or 0
        output = common.count_of(row.get("usage_output_tokens"), "output tokens")
    except common.RowError as error:
        rows.problem(str(error), line)
        return
    rows.add(
        line,
        [at, seconds, common.dimensions(row, _MEASURES)],
        at=at,
        bucket_s=seconds,
        prompt_tokens=fresh + writes + cached,
        cached_tokens=cached,
        output_tokens=output,
        batch=common.is_batch(row.get("usage_type")),
        model=common.public_model(row.get("model_version")),
        label_key=common.short_hash(row.get("api_key_id") or row.get("api_key")),
        label_group=common.short_hash(row.get("workspace_id") or row.get("workspace")),
        label_path="messages",
        label_tags=[*common.tier_tags(row.get("usage_type")), *window_tags(row.get("context_window"))],
    )
