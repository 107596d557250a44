"""The Azure LLM inference traces: ``TIMESTAMP,ContextTokens,GeneratedTokens``, a row per request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill
from kit.demand.tabular import names_in, table_of
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "azure_trace"
TITLE = "Azure LLM inference trace"
GRAIN = Grain.REQUEST
_COLUMNS = ("timestamp", "contexttokens", "generatedtokens")


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether the three columns are there."""
    return names_in(head) >= set(_COLUMNS)


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the requests of a trace to a table of usage; times without an offset are UTC.

    Args:
        connection: of DuckDB.
        path: the file.
        table: name of the table of usage.
        options: none is needed.

    Raises:
        InputError: the file cannot be read to its end.
    """
    source = table_of(connection, path, _COLUMNS)
    raw = {"at": "timestamp", "prompt_tokens": "contexttokens", "output_tokens": "generatedtokens"}
    raw = {name: f'"{column}"' for name, column in raw.items()}
    notes = ("the trace names no model and no client",)
    return fill(connection, source, table, raw, format_name=NAME, options=options, always_utc=True, notes=notes)
