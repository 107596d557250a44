"""LiteLLM's spend logs: its table ``LiteLLM_SpendLogs`` as CSV, JSON lines or Parquet, or straight from PostgreSQL."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill, seconds_between
from kit.demand.tabular import Kind, Table, identifier, names_in, table_of
from kit.demand.usage import Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "litellm"
TITLE = "LiteLLM spend logs"
GRAIN = Grain.REQUEST
_TABLE = "LiteLLM_SpendLogs"
_NEEDED = ("startTime", "prompt_tokens", "completion_tokens")
_COLUMNS = (
    "request_id",
    "call_type",
    "api_key",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "completionStartTime",
    "model",
    "model_group",
    "metadata",
    "cache_hit",
    "request_tags",
    "team_id",
    "status",
)
"""What is read. Of ``metadata``, which names users and their addresses, only the count of cached tokens is taken."""
_CACHED = "$.usage_object.prompt_tokens_details.cached_tokens", "$.usage_object.cache_read_input_tokens"
_BATCH = 65_536


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether the columns of the spend logs are there."""
    return names_in(head) >= {"call_type", "spend", "completion_tokens", "starttime"}


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the requests of an export of the spend logs to a table of usage.

    Failed requests and answers from LiteLLM's own cache reached no model: they are left out and counted.

    Args:
        connection: of DuckDB.
        path: the file.
        table: name of the table of usage.
        options: none is needed; LiteLLM writes its times in UTC.

    Raises:
        InputError: a column is missing, or the file cannot be read to its end.
    """
    source = table_of(connection, path, _COLUMNS)
    missing = [name for name in _NEEDED if name not in source.columns]
    if missing:
        raise InputError(
            f"{path.name}: no column {' and no column '.join(missing)}; these are not LiteLLM's spend logs"
        )
    first = [f"TRY(json_extract_string(metadata, '{where}'))" for where in _CACHED]
    return _fill(connection, source, table, f"coalesce({', '.join(first)})", options)


def is_url(text: str) -> bool:
    """Return whether a file is the URL of a PostgreSQL database."""
    return bool(re.match(r"postgres(ql)?://", text))


def shown(url: str) -> str:
    """Return a database's URL without user and password, for messages."""
    try:
        parts = urllib.parse.urlsplit(url)
        return f"postgresql://{parts.hostname or 'localhost'}{parts.path}"
    except ValueError:
        return "postgresql://"


def read_database(connection: DuckDBPyConnection, url: str, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the requests of LiteLLM's own database to a table of usage.

    The rows stream through in batches. Keys are hashed and cached tokens are picked out of ``metadata`` by the
    database, so neither is ever sent.

    Args:
        connection: of DuckDB.
        url: ``postgresql://user:password@host:port/database``.
        table: name of the table of usage.
        options: ``since`` and ``until``, dates, bound what is read; the end is left out.

    Raises:
        InputError: the driver is not installed, the database does not answer, refuses, or has no such table.
    """
    name = shown(url)
    try:
        import adbc_driver_postgresql
        import adbc_driver_postgresql.dbapi as postgres
    except ImportError:
        raise InputError(
            f"{name}: PostgreSQL needs one more package: pip install 'hybrid-ai-decision-kit[postgres]'"
        ) from None
    hint = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
    try:
        with postgres.connect(url) as database, database.cursor(adbc_stmt_kwargs={hint: str(8 << 20)}) as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1 "
                "AND table_schema = ANY (current_schemas(false))",
                (_TABLE,),
            )
            there = {str(row[0]) for row in cursor.fetchall()}
            missing = [one for one in _NEEDED if one not in there]
            if missing:
                raise InputError(f'{name}: no table "{_TABLE}" with {", ".join(missing)}; is it LiteLLM\'s database?')
            cursor.execute(*_query(there, options))
            reader = cursor.fetch_record_batch()
            relation = "kit_litellm_rows"
            connection.register(relation, reader)
            try:
                source = Table(relation, Kind.DATABASE, f"{name}, row", None, frozenset(there))
                return _fill(connection, source, table, "cached", options)
            finally:
                connection.unregister(relation)
    except postgres.Error as error:
        # The driver's message may quote the URL, and with it the password.
        state, said = str(getattr(error, "sqlstate", None) or ""), str(error)
        told = (reason for mark, reason in _REASONS.items() if state == mark or mark in said)
        reason = next(told, "it does not answer, or refuses")
        raise InputError(f"{name}: the database cannot be read: {reason}") from None


# States of SQL, and the words of the driver where it gives no state: while it connects.
_REASONS = {
    "28P01": "the password is wrong",
    "password authentication failed": "the password is wrong",
    "28000": "the user may not log in",
    "3D000": "there is no such database",
    "does not exist": "there is no such database",
    "42501": "the user may not read the table",
    "22007": "since or until is no date",
    "Connection refused": "nothing answers there",
    "could not translate host name": "there is no such host",
    "timeout expired": "it does not answer in time",
}


def _query(there: set[str], options: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the query, all columns as text, and its parameters."""
    picked = []
    for name in _COLUMNS:
        column = identifier(name)
        if name not in there:
            expression = "NULL::text" if name != "metadata" else ""
        elif name == "api_key":
            expression = f"encode(sha256(convert_to(nullif({column}, ''), 'UTF8')), 'hex')"
        elif name == "metadata":
            expression = ""
        else:
            expression = f"{column}::text"
        if expression:
            picked.append(f"{expression} AS {column}")
    cached = "NULL::text"
    if "metadata" in there:
        paths = ("{usage_object,prompt_tokens_details,cached_tokens}", "{usage_object,cache_read_input_tokens}")
        cached = "coalesce(" + ", ".join(f"metadata::jsonb #>> '{path}'" for path in paths) + ")"
    picked.append(f"{cached} AS cached")
    bounds, values = [], []
    for option, sign in (("since", ">="), ("until", "<")):
        if option in options:
            values.append(options[option])
            bounds.append(f'"startTime" {sign} ${len(values)}::text::timestamp')
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f'SELECT {", ".join(picked)} FROM "{_TABLE}"{where}', tuple(values)


def _fill(
    connection: DuckDBPyConnection, source: Table, table: str, cached: str, options: Mapping[str, str]
) -> Imported:
    raw = {
        "at": '"startTime"',
        "prompt_tokens": '"prompt_tokens"',
        "cached_tokens": cached,
        "output_tokens": '"completion_tokens"',
        "cost_usd": '"spend"',
        "duration_s": seconds_between('"startTime"', '"endTime"'),
        "ttft_s": seconds_between('"startTime"', '"completionStartTime"'),
        "model": 'coalesce(nullif("model", \'\'), "model_group")',
        "label_group": '"team_id"',
        "label_path": '"call_type"',
        "label_tags": 'TRY_CAST(TRY_CAST("request_tags" AS JSON) AS VARCHAR[])',
        "request_id": '"request_id"',
        "batch": "contains(\"call_type\", 'batch')",
        "key": '"api_key"',
    }
    skip = {
        "failed requests": "lower(\"status\") = 'failure'",
        "answers from LiteLLM's own cache": "lower(\"cache_hit\") = 'true'",
    }
    hashed = source.kind is Kind.DATABASE  # by the database
    return fill(
        connection,
        source,
        table,
        raw,
        format_name=NAME,
        options=options,
        skip=skip,
        always_utc=True,
        hashed_keys=hashed,
    )
