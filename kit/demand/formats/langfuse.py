"""Langfuse's observations: the export to blob storage, the one of its web page, or the pages of its API, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill, seconds_between
from kit.demand.tabular import names_in, table_of
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "langfuse"
TITLE = "Langfuse observations"
GRAIN = Grain.REQUEST
# The names of the export to blob storage, and those of the API and the web page.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "type": ("type",),
    "start": ("start_time", "startTime"),
    "end": ("end_time", "endTime"),
    "first": ("completion_start_time", "completionStartTime"),
    "model": ("provided_model_name", "providedModelName", "model"),
    "usage": ("usage_details", "usageDetails"),
    "cost": ("total_cost", "totalCost", "calculated_total_cost", "calculatedTotalCost"),
    "prompt": ("prompt_tokens", "promptTokens", "input_usage", "inputUsage"),
    "output": ("completion_tokens", "completionTokens", "output_usage", "outputUsage"),
    "tags": ("tags",),
    "environment": ("environment",),
    "trace": ("trace_name", "traceName"),
}


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether it looks like observations: a trace, a type, a start, and usage."""
    names = names_in(head)
    usage = {"usage_details", "usagedetails", "prompttokens", "inputusage", "input_usage", "prompt_tokens"}
    return (
        "type" in names
        and bool(names & {"trace_id", "traceid"})
        and bool(names & {"start_time", "starttime"})
        and bool(names & usage)
    )


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the generations of an export to a table of usage; other observations are left out and counted.

    Langfuse counts each kind of token apart: ``input`` is what was not cached. The prompt is the sum of all kinds of
    input, the output that of all kinds of output.

    Args:
        connection: of DuckDB.
        path: the file, CSV, JSON, JSON lines or Parquet.
        table: name of the table of usage.
        options: none is needed; times are UTC.

    Raises:
        InputError: the file cannot be read to its end.
    """
    source = table_of(connection, path, [name for names in _NAMES.values() for name in _distinct(names)])
    text = {what: _first_of(names) for what, names in _NAMES.items()}
    kinds = f"TRY_CAST(TRY_CAST(nullif({text['usage']}, '') AS JSON) AS MAP(VARCHAR, BIGINT))"
    raw = {
        "at": text["start"],
        "prompt_tokens": f"coalesce({_sum(kinds, _INPUT)}, {text['prompt']})",
        "cached_tokens": _sum(kinds, _CACHED),
        "output_tokens": f"coalesce({_sum(kinds, _OUTPUT)}, {text['output']})",
        "cost_usd": text["cost"],
        "duration_s": seconds_between(text["start"], text["end"]),
        "ttft_s": seconds_between(text["start"], text["first"]),
        "model": text["model"],
        "label_path": text["trace"],
        "label_group": text["environment"],
        "label_tags": f"TRY_CAST(TRY_CAST(nullif({text['tags']}, '') AS JSON) AS VARCHAR[])",
        "request_id": text["id"],
    }
    calls = "'GENERATION', 'EMBEDDING'"
    skip = {"observations that are no generation": f"upper({text['type']}) NOT IN ({calls})"}
    return fill(connection, source, table, raw, format_name=NAME, options=options, skip=skip, always_utc=True)


_INPUT = "(starts_with(k, 'input') OR starts_with(k, 'cache_read') OR starts_with(k, 'cache_creation'))"
_CACHED = "(starts_with(k, 'cache_read') OR starts_with(k, 'input_cache_read') OR starts_with(k, 'input_cached'))"
_OUTPUT = "starts_with(k, 'output')"


def _sum(kinds: str, condition: str) -> str:
    """Return the sum of the kinds of token that fulfil a condition, as text; NULL where there is none."""
    picked = f"list_filter(map_entries({kinds}), lambda e: {condition.replace('(k,', '(e.key,')})"
    return f"CAST(list_sum(list_transform({picked}, lambda e: e.value)) AS VARCHAR)"


def _first_of(names: tuple[str, ...]) -> str:
    found = [f"nullif(\"{name}\", '')" for name in _distinct(names)]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _distinct(names: tuple[str, ...]) -> list[str]:
    return list({name.casefold(): name for name in names}.values())
