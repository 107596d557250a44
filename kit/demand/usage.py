"""Usage: what was asked of models, a row per request or per bucket of time, whatever export it came from.

Every importer ends in this one form, so that everything after it (rules, the typical week, lengths, the bill) is
written once. Only counts, times and money are in it, and the labels that rules need; what people wrote, who they are
and their keys never get here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS: Mapping[str, str] = {
    "at": "TIMESTAMP",
    "bucket_s": "DOUBLE",
    "requests": "DOUBLE",
    "prompt_tokens": "BIGINT",
    "cached_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "cost_usd": "DOUBLE",
    "duration_s": "DOUBLE",
    "ttft_s": "DOUBLE",
    "batch": "BOOLEAN",
    "model": "VARCHAR",
    "label_key": "VARCHAR",
    "label_group": "VARCHAR",
    "label_path": "VARCHAR",
    "label_tags": "VARCHAR[]",
    "request_hash": "UBIGINT",
    "file": "VARCHAR",
    "line": "BIGINT",
}
"""The columns of a table of usage and their types in DuckDB.

* ``at``: the moment of the request or the start of the bucket, UTC.
* ``bucket_s``: length of the bucket in seconds; 0 for a single request.
* ``requests``: how many the row stands for, 1 for a single request; NULL where the export does not count them.
* ``prompt_tokens``, ``cached_tokens`` (part of the prompt), ``output_tokens``: sums over the row's requests; NULL where
  the export does not say.
* ``cost_usd``: what was billed; NULL where the export does not say.
* ``duration_s``, ``ttft_s``: of single requests, where the export says.
* ``batch``: whether it went through a batch interface.
* ``model``: the model's name in the export.
* ``label_key`` (a short hash of the key or project), ``label_group`` (team or workspace), ``label_path`` (kind of
  call), ``label_tags``: for rules that assign rows to workloads; dropped with them.
* ``request_hash``: hash of the request's own id, to find the same request in two exports; NULL without an id.
* ``file``, ``line``: where the row was, for messages; the line is 1 for the first row of data's line in a text file.
"""


class Grain(StrEnum):
    """What a row of an export is."""

    REQUEST = "request"
    """One request: lengths, bursts and latencies are known."""
    BUCKET = "bucket"
    """A bucket of time: only sums, so lengths are means."""
    MONEY = "money"
    """A charge: money, and tokens at most as quantities."""


@dataclass(frozen=True)
class Bad:
    """Rows that could not be taken, by reason.

    Attributes:
        reason: what is wrong, in words: ``negative tokens``, ``no time``.
        rows: how many.
        first: file and line of the first few, ``usage.csv:17``.
        dropped: whether they were left out; else they were mended, as the reason says.
    """

    reason: str
    rows: int
    first: tuple[str, ...]
    dropped: bool = True


@dataclass(frozen=True)
class Imported:
    """One export, read.

    Attributes:
        format: name of the format, e.g. ``litellm``.
        grain: what a row is.
        table: name of the table in the connection, with the columns of :data:`COLUMNS`.
        rows: rows of the export, good and bad.
        bad: what could not be taken, and what was mended.
        notes: what a reader should know: what the export does not say, which time zone was taken.
        file: its name, as in the column ``file``.
    """

    format: str
    grain: Grain
    table: str
    rows: int
    bad: tuple[Bad, ...] = ()
    notes: tuple[str, ...] = field(default=())
    file: str = ""


def new_table(connection: DuckDBPyConnection, name: str) -> None:
    """Make an empty table of usage.

    Args:
        connection: of DuckDB.
        name: of the table; it must be an identifier.
    """
    columns = ", ".join(f'"{column}" {kind}' for column, kind in COLUMNS.items())  # "at" is a word of DuckDB's
    connection.execute(f"CREATE TABLE {name} ({columns})")
