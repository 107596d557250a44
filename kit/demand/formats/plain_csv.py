"""A plain table, one row per request: the columns' names are known, or are given as options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill
from kit.demand.tabular import columns_of, identifier, names_in, table_of
from kit.demand.usage import Grain, Imported
from kit.errors import InputError, did_you_mean, one_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "plain"
TITLE = "plain table, a row per request"
GRAIN = Grain.REQUEST

KNOWN: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "at", "date_time", "datetime", "created_at", "start_time", "started_at"),
    "prompt_tokens": ("prompt_tokens", "input_tokens", "tokens_in", "input_length"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out", "generated_tokens", "output_length"),
    "cached_tokens": ("cached_tokens", "cached_input_tokens", "cache_read_tokens"),
    "cost_usd": ("cost_usd", "usd"),
    "duration_s": ("duration_s",),
    "ttft_s": ("ttft_s",),
    "model": ("model", "model_name"),
    "id": ("request_id", "id"),
    "key": ("api_key", "key", "api_key_hash", "key_hash", "api_key_id"),
    "group": ("group", "team", "team_id", "user_group", "department"),
    "path": ("path", "endpoint", "route", "call_type"),
    "tags": ("tags", "tag"),
    "batch": ("batch",),
}
"""What is read, and the names by which it is known; ``--option time=WHEN`` says another. Tags are split at ``;``."""


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether there is a time and a count of tokens under a known name."""
    names = names_in(head)
    return bool(names & set(KNOWN["time"])) and bool(names & {*KNOWN["prompt_tokens"], *KNOWN["output_tokens"]})


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the requests of a CSV, JSON lines or Parquet file to a table of usage.

    Args:
        connection: of DuckDB.
        path: the file.
        table: name of the table of usage.
        options: for each of :data:`KNOWN` the file's own column, and ``timezone``.

    Raises:
        InputError: a column is missing, or the file cannot be read to its end.
    """
    there = columns_of(connection, path)
    columns = {what: _column(what, options, there, path) for what in KNOWN}
    found = {what: column for what, column in columns.items() if column}
    if "time" not in found:
        raise InputError(_missing("time", there, path))
    if not {"prompt_tokens", "output_tokens"} & set(found):
        raise InputError(_missing("prompt_tokens", there, path))
    source = table_of(connection, path, found.values())
    text = {what: identifier(column) for what, column in found.items()}
    raw = {name: text[name] for name in KNOWN if name in text and name not in {"time", "id", "group", "path", "tags"}}
    raw["at"] = text["time"]
    for what, column in (("id", "request_id"), ("group", "label_group"), ("path", "label_path")):
        if what in text:
            raw[column] = text[what]
    if "tags" in text:
        raw["label_tags"] = (
            f"list_filter(list_transform(string_split({text['tags']}, ';'), lambda t: trim(t)), lambda t: t <> '')"
        )
    notes = () if "id" in text else ("no request ids: a request in two exports is told by its time and tokens only",)
    return fill(connection, source, table, raw, format_name=NAME, options=options, notes=notes)


def _column(what: str, options: Mapping[str, str], there: frozenset[str], path: Path) -> str | None:
    said = options.get(what)
    if said is None:
        return next((name for name in KNOWN[what] if name in there), None)
    if said.casefold() not in there:
        raise InputError(f'{path.name}: no column "{said}" for {what}{did_you_mean(said, there)}')
    return said


def _missing(what: str, there: frozenset[str], path: Path) -> str:
    near = next((hint for name in sorted(there) if (hint := did_you_mean(name, KNOWN[what]))), "")
    return f"{path.name}: no column for {what} ({one_of(KNOWN[what])}){near}; say which with --option {what}=COLUMN"
