"""How long the import of requests takes, from a CSV file to the demand of each hour, and how much memory.

    python benchmarks/import_demand.py [--rows 10] [--rounds 1] [--large]

Each size runs in a process of its own, whose peak memory is read at its end. The files are made by DuckDB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MILLION = 1_000_000


def make(path: Path, rows: int) -> None:
    """Write ``rows`` requests of ten weeks, in the order of time, each with an id, to a CSV file."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '700MB'; SET temp_directory = '{path.parent}'")
    connection.execute(
        f"""COPY (SELECT 'req-' || lpad(printf('%x', hash(i)), 16, '0') AS request_id,
        strftime(TIMESTAMP '2026-01-05' + to_microseconds(i * {6_048_000 * MILLION // rows}), '%Y-%m-%dT%H:%M:%S.%fZ')
        AS time, CASE WHEN i % 3 = 0 THEN 'gpt-4o-mini' ELSE 'claude-sonnet' END AS model,
        200 + hash(i + 1) % 4000 AS prompt_tokens, hash(i + 2) % 800 AS output_tokens, 0 AS cached_tokens,
        round((hash(i + 3) % 10000) / 1e5, 6) AS cost_usd, 'team-' || (i % 7) AS team
        FROM range({rows}) r(i)) TO '{path}' (HEADER)"""
    )


def measure(path: Path, limit: str) -> dict[str, float]:
    """Import a file, sum it up by hour and workload, and return what it took."""
    from kit.demand.importing import import_usage
    from kit.demand.rules import parse_rule

    rules = [parse_rule("Chat=model:gpt-*"), parse_rule("Search=group:team-1")]
    start = time.perf_counter()
    with import_usage([path], rules=rules, memory_limit=limit, temporary=path.parent) as usage:
        imported = time.perf_counter()
        hours = usage.connection.execute(
            f"SELECT workload, date_trunc('hour', \"at\"), sum(requests), sum(prompt_tokens), sum(output_tokens) "
            f"FROM {usage.table} GROUP BY ALL"
        ).fetchall()
        end = time.perf_counter()
        rows = usage.rows
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": rows,
        "hours": len(hours),
        "import_s": imported - start,
        "hourly_s": end - imported,
        "total_s": end - start,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


def main() -> int:
    """Measure each size and print one line for each; 1 if 10 million take more than 15 s or 1 GiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=10, help="millions of rows")
    parser.add_argument("--large", action="store_true", help="ten times as many too")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--memory-limit", default="700MB")
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.memory_limit)))  # noqa: T201
        return 0
    each_s: list[float] = []
    missed = False
    for factor in (1, 10) if arguments.large else (1,):
        rows = int(arguments.rows * factor * MILLION)
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / "requests.csv"
            make(path, rows)
            for _ in range(arguments.rounds):
                load = os.getloadavg()[0]
                command = [sys.executable, __file__, "--one", str(path), "--memory-limit", arguments.memory_limit]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(done.stdout)
                each_s.append(found["total_s"] / rows)
                missed |= rows == 10 * MILLION and (found["total_s"] > 15 or found["peak_mib"] > 1024)
                print(  # noqa: T201
                    f"{rows:,} rows, {path.stat().st_size / 1e9:.2f} GB: {found['total_s']:.1f} s "
                    f"(import {found['import_s']:.1f}, hours {found['hourly_s']:.2f}), CPU {found['cpu_s']:.1f} s, "
                    f"peak {found['peak_mib']:.0f} MiB, {1e9 * each_s[-1]:.0f} ns per row, load before {load:.2f}",
                    flush=True,
                )
    if arguments.large:
        ratio = each_s[-1] / min(each_s[: arguments.rounds])
        print(f"time per row, large / small: {ratio:.2f}")  # noqa: T201
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
