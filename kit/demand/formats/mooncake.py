"""Mooncake's traces: JSON lines with ``timestamp`` in milliseconds, ``input_length`` and ``output_length``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill
from kit.demand.tabular import names_in, table_of
from kit.demand.usage import Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "mooncake"
TITLE = "Mooncake trace"
GRAIN = Grain.REQUEST
_COLUMNS = ("timestamp", "timestamp_ms", "input_length", "output_length")


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether times and the two lengths are there, and no model: a trace, not a log."""
    names = names_in(head)
    return names >= {"input_length", "output_length"} and bool(names & {"timestamp", "timestamp_ms"})


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the requests of a trace to a table of usage.

    The trace counts from its own start; ``--option start=2026-01-05T00:00:00Z`` says when that was, else it is taken
    as the first Monday of 2024.

    Args:
        connection: of DuckDB.
        path: the file, JSON lines or CSV.
        table: name of the table of usage.
        options: ``start``.

    Raises:
        InputError: the start is no time, or the file cannot be read to its end.
    """
    import datetime as dt

    said = options.get("start", "2024-01-01T00:00:00Z")
    try:
        start = dt.datetime.fromisoformat(said)
    except ValueError:
        raise InputError(f'the option start is "{said}"; write a time, e.g. 2026-01-05T00:00:00Z') from None
    start_ms = int((start if start.tzinfo else start.replace(tzinfo=dt.UTC)).timestamp() * 1000)
    source = table_of(connection, path, _COLUMNS)
    elapsed = 'TRY_CAST(coalesce("timestamp", "timestamp_ms") AS DOUBLE)'
    raw = {
        "at": f"CASE WHEN abs({elapsed}) < 1e12 THEN CAST(CAST({elapsed} AS BIGINT) + {start_ms} AS VARCHAR) END",
        "prompt_tokens": '"input_length"',
        "output_tokens": '"output_length"',
    }
    notes = ["the trace names no model and no client"]
    if "start" not in options:
        notes.append("the trace does not say when it started: it is taken as Monday 2024-01-01 00:00 UTC")
    notes.append("times come in batches of some seconds: gaps between requests say nothing")
    return fill(connection, source, table, raw, format_name=NAME, options={}, notes=notes)
