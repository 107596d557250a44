"""Tables of usage for the tests: rows by hand, and the public trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from kit.demand.usage import COLUMNS, new_table

AZURE_2023 = Path(__file__).parent / "data" / "azure2023_code.csv.gz"


def empty() -> duckdb.DuckDBPyConnection:
    """Return a connection with an empty table ``usage`` whose rows can belong to workloads."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    new_table(connection, "usage")
    connection.execute("ALTER TABLE usage ADD COLUMN workload VARCHAR")
    return connection


def of_rows(rows: Iterable[Mapping[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Return a connection with rows: single requests of the workload ``chat`` unless they say otherwise."""
    connection = empty()
    columns = {**COLUMNS, "workload": "VARCHAR"}
    full = pd.DataFrame([{"bucket_s": 0, "requests": 1, "workload": "chat", **row} for row in rows])
    assert set(full.columns) <= set(columns)
    values = ", ".join(f'CAST("{name}" AS {columns[name]}) AS "{name}"' for name in full.columns)
    connection.register("rows_by_hand", full)
    connection.execute(f"INSERT INTO usage BY NAME SELECT {values} FROM rows_by_hand")
    return connection


def of_csv(path: Path, workload: str = "chat") -> duckdb.DuckDBPyConnection:
    """Return a connection with a file in the plain form, read by DuckDB itself."""
    connection = empty()
    connection.execute(
        """INSERT INTO usage BY NAME
           SELECT "at"::TIMESTAMP AS "at", 0 AS bucket_s, 1 AS requests, prompt_tokens, output_tokens, cached_tokens,
                  $workload AS workload
           FROM read_csv($path, types = {'at': 'TIMESTAMPTZ'})""",
        {"path": str(path), "workload": workload},
    )
    return connection


def azure_2023() -> duckdb.DuckDBPyConnection:
    """Return a connection with the code trace of Azure 2023 as the workload ``code``."""
    connection = empty()
    connection.execute(
        """INSERT INTO usage BY NAME
           SELECT TIMESTAMP AS "at", 0 AS bucket_s, 1 AS requests, ContextTokens AS prompt_tokens,
                  GeneratedTokens AS output_tokens, 'code' AS workload
           FROM read_csv($path)""",
        {"path": str(AZURE_2023)},
    )
    return connection
