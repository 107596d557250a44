"""Exports of usage, read: what each file is, what is in it twice, which workload each row belongs to."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from kit.demand.formats import (
    anthropic_costs,
    anthropic_usage,
    azure_metrics,
    azure_trace,
    focus,
    langfuse,
    litellm,
    mooncake,
    openai_costs,
    openai_usage,
    opentelemetry,
    plain_csv,
    vllm_metrics,
)
from kit.demand.rows import forget, place_of
from kit.demand.rules import Rule, workload_of
from kit.demand.tabular import head_of, no_quotes, watched
from kit.demand.usage import Bad, Grain, Imported, new_table
from kit.errors import InputError, did_you_mean, one_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "kit_rows"
VIEW = "usage"
_SHOWN = 3
_UNTOLD_SHOWN = 20
_MOST_UNASSIGNED = 1_000


class Format(Protocol):
    """What a module of :mod:`kit.demand.formats` offers."""

    NAME: str
    TITLE: str
    GRAIN: Grain

    def detect(self, head: bytes, name: str) -> bool:
        """Return whether a file is of this format, from its first 64 KiB (unpacked) and its name."""
        ...

    def read(self, connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
        """Add a file's rows to a table of usage."""
        ...


FORMATS: tuple[Format, ...] = (
    litellm,
    langfuse,
    opentelemetry,
    azure_trace,
    openai_usage,
    openai_costs,
    anthropic_usage,
    anthropic_costs,
    azure_metrics,
    vllm_metrics,
    focus,
    mooncake,
    plain_csv,
)
"""All formats, in the order in which a file is tried: what is told surely first, the plain table last."""


@dataclass(frozen=True)
class Unassigned:
    """Rows that no rule takes, of one model and set of labels.

    Attributes:
        model: its name; None where the export says none.
        key: short hash of the key; None where the export says none.
        labels: short hash of group, path and tags, so that two sets of labels can be told apart and not read;
            ``others`` for all that come after the first thousand.
        requests: how many; None where the export does not count them.
        prompt_tokens: in all.
        output_tokens: in all.
        cost_usd: in all; None where the export does not say.
    """

    model: str | None
    key: str | None
    labels: str
    requests: float | None
    prompt_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


@dataclass
class Usage:
    """What was read: a connection of DuckDB with one table, on disk while this object lives.

    Attributes:
        connection: of DuckDB.
        table: the name of the view with the columns of usage and ``workload``, NULL where no rule fits.
        files: each export, in the order given.
        rows: rows in the table, after bad rows and duplicates were left out.
        duplicates: rows left out because they were read before.
        duplicates_first: file and line of the first few.
        unassigned: rows that no rule takes, the most tokens first; empty if all are assigned.
        notes: what concerns all files.
    """

    connection: DuckDBPyConnection
    table: str
    files: tuple[Imported, ...]
    rows: int
    duplicates: int = 0
    duplicates_first: tuple[str, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()
    notes: tuple[str, ...] = ()
    _close: Callable[[], object] = field(default=lambda: None, repr=False)

    @property
    def bad(self) -> tuple[Bad, ...]:
        """What could not be taken in any file, duplicates too."""
        found = [bad for one in self.files for bad in one.bad]
        if self.duplicates:
            found.append(Bad("the same request as an earlier row", self.duplicates, self.duplicates_first))
        return tuple(found)

    def close(self) -> None:
        """Close the connection and remove what lay on disk."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def import_usage(
    files: Sequence[str | Path],
    *,
    format: str = "auto",  # noqa: A002 - the word of the command line
    options: Mapping[str, str] | None = None,
    rules: Sequence[Rule] = (),
    most_bad_share: float = 0.05,
    on_progress: Callable[[str, float], None] | None = None,
    memory_limit: str = "700MB",
    threads: int | None = None,
    temporary: Path | None = None,
) -> Usage:
    """Read exports into one table of usage.

    The table lies in a private temporary folder, so that what is read may be larger than memory; closing the result
    removes the folder.

    Args:
        files: the exports, gzip and Zstandard too; ``postgresql://...`` reads LiteLLM's database.
        format: of all files, or ``auto`` to tell each by its content.
        options: what a format understands, e.g. ``timezone``.
        rules: which rows belong to which workload; the first that fits counts.
        most_bad_share: share of bad rows in a file above which reading stops.
        on_progress: called with the file's name and the share of it that is done, 0 to 1.
        memory_limit: for DuckDB, as it understands it.
        threads: for DuckDB; all cores by default.
        temporary: folder in which the private folder is made.

    Raises:
        InputError: a file is missing, given twice, of no known format, cut off, or has too many bad rows.
    """
    if not files:
        raise InputError("no file to import")
    if not 0 <= most_bad_share <= 1:
        raise InputError(f"a share of bad rows of {most_bad_share:g} makes no sense; it is between 0 and 1")
    chosen = [(one, _format(one, format)) for one in _distinct(files)]
    connection, close = _connect(memory_limit, threads, temporary)
    try:
        new_table(connection, TABLE)
        imported = []
        starts = []
        for file, module in chosen:
            starts.append(_count(connection, f"SELECT coalesce(max(rowid), -1) + 1 FROM {TABLE}"))
            one = _read(connection, file, module, options or {}, on_progress)
            _check_share(one, _name(file), most_bad_share)
            imported.append(replace(one, file=_name(file)))
        with no_quotes("looking for requests that were exported twice"):
            twice = _drop_duplicates(connection, starts)
        with no_quotes("summing up what was read"):
            return _usage(connection, close, imported, rules=rules, twice=twice)
    except BaseException:
        close()
        raise


def _usage(
    connection: DuckDBPyConnection,
    close: Callable[[], object],
    imported: Sequence[Imported],
    *,
    rules: Sequence[Rule],
    twice: tuple[int, tuple[str, ...]],
) -> Usage:
    connection.execute(
        f"CREATE VIEW {VIEW} AS SELECT * REPLACE (CASE WHEN line > 0 THEN line END AS line), "
        f"{workload_of(rules)} AS workload FROM {TABLE}"
    )
    usage = Usage(
        connection=connection,
        table=VIEW,
        files=tuple(imported),
        rows=_count(connection, f"SELECT count(*) FROM {TABLE}"),
        duplicates=twice[0],
        duplicates_first=twice[1],
        unassigned=_unassigned(connection),
        notes=_overlaps(connection, imported),
        _close=close,
    )
    weakref.finalize(usage, close)
    return usage


def _distinct(files: Sequence[str | Path]) -> list[str | Path]:
    seen: set[str] = set()
    for file in files:
        if litellm.is_url(str(file)):
            key = str(file)
        else:
            path = Path(file)
            if not path.is_file():
                raise InputError(f"{path}: no such file")
            key = str(path.resolve())
        if key in seen:
            raise InputError(f"{_name(file)}: given twice")
        seen.add(key)
    return list(files)


def _name(file: str | Path) -> str:
    return litellm.shown(str(file)) if litellm.is_url(str(file)) else Path(file).name


def _format(file: str | Path, said: str) -> Format:
    known = {one.NAME: one for one in FORMATS}
    if said != "auto" and said not in known:
        raise InputError(f'format "{said}" is not known{did_you_mean(said, known)}; it is {one_of(known)}, or auto')
    if litellm.is_url(str(file)):
        if said not in {"auto", litellm.NAME}:
            raise InputError(f"{_name(file)}: of databases only LiteLLM's is read")
        return litellm
    if said != "auto":
        return known[said]
    return detect(Path(file))


def detect(path: Path) -> Format:
    """Return the format of a file, told by its content.

    Raises:
        InputError: it cannot be opened, or is of no known format.
    """
    head = head_of(path)
    if not head.strip():
        raise InputError(f"{path.name}: the file is empty")
    if head.startswith(b"PAR1"):
        head = _keys_of_parquet(path)
    for one in FORMATS:
        if one.detect(head, path.name):
            return one
    titles = "; ".join(f"{one.NAME}: {one.TITLE}" for one in FORMATS)
    raise InputError(
        f"{path.name}: no known format. A plain table needs columns for the time and for tokens: --format plain "
        f"--option time=COLUMN --option prompt_tokens=COLUMN. Known are {titles}"
    )


def _keys_of_parquet(path: Path) -> bytes:
    """Return the column names of a Parquet file as the header of a CSV file, by which formats are told."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
    except (OSError, pa.ArrowException):
        raise InputError(f"{path.name}: the Parquet file is cut off or damaged; fetch it again") from None
    return (",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n").encode()


def _connect(
    memory_limit: str, threads: int | None, temporary: Path | None
) -> tuple[DuckDBPyConnection, Callable[[], object]]:
    import duckdb

    folder = tempfile.mkdtemp(prefix="kit-demand-", dir=temporary)  # 0700: nobody else looks in
    connection = duckdb.connect(
        os.fspath(Path(folder) / "usage.duckdb"),
        config={
            "memory_limit": memory_limit,
            "threads": threads or os.cpu_count() or 1,
            "temp_directory": folder,
            # Nothing is fetched or read but what is named.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = true")  # a row's number is its place in the file
    connection.execute("SET checkpoint_threshold = '1TB'")  # a checkpoint could number rows anew
    connection.execute("SET enable_progress_bar = false")

    def close() -> None:
        forget(connection, TABLE)
        with contextlib.suppress(duckdb.Error):
            connection.close()
        shutil.rmtree(folder, ignore_errors=True)

    return connection, close


def _read(
    connection: DuckDBPyConnection,
    file: str | Path,
    module: Format,
    options: Mapping[str, str],
    on_progress: Callable[[str, float], None] | None,
) -> Imported:
    name = _name(file)
    tell = None if on_progress is None else lambda share: on_progress(name, share)
    with watched(connection, tell), no_quotes(name):
        if litellm.is_url(str(file)):
            imported = litellm.read_database(connection, str(file), TABLE, options=options)
        else:
            imported = module.read(connection, Path(file), TABLE, options=options)
    if tell:
        tell(1.0)
    return imported


def _check_share(one: Imported, name: str, most: float) -> None:
    dropped = [bad for bad in one.bad if bad.dropped and bad.rows]
    rows = sum(bad.rows for bad in dropped)
    if not rows or rows / max(one.rows, 1) <= most:
        return
    reasons = "; ".join(f"{bad.reason}: {bad.rows:,}{_first(bad)}" for bad in dropped)
    share = math.ceil(1000 * rows / max(one.rows, 1)) / 10
    said = f"{rows:,} of {one.rows:,} rows ({share:g} %) are bad, more than the {100 * most:g} % allowed"
    raise InputError(f"{name}: {said}: {reasons}")


def _first(bad: Bad) -> str:
    return f" (first at {', '.join(bad.first)})" if bad.first else ""


def _drop_duplicates(connection: DuckDBPyConnection, starts: Sequence[int]) -> tuple[int, tuple[str, ...]]:
    """Leave out rows that were read before; return how many and where the first are.

    With an id of its own, a request is the same wherever it stands. Without one, a row is the same as one of an
    earlier file that agrees in time, counts, money and labels; within a file equal rows are different requests.
    """
    connection.execute("CREATE TEMP TABLE kit_twice (row BIGINT)")
    connection.execute(
        f"CREATE TEMP TABLE kit_hashes AS SELECT request_hash FROM {TABLE} WHERE request_hash IS NOT NULL "
        "GROUP BY request_hash HAVING count(*) > 1"
    )
    if _count(connection, "SELECT count(*) FROM kit_hashes"):
        connection.execute(
            "INSERT INTO kit_twice SELECT row FROM (SELECT rowid AS row, row_number() OVER (PARTITION BY request_hash "
            f"ORDER BY rowid) AS times FROM {TABLE} WHERE request_hash IN (FROM kit_hashes)) WHERE times > 1"
        )
    if len(starts) > 1 and _count(connection, f"SELECT count(*) FROM {TABLE} WHERE request_hash IS NULL"):
        source = "CASE " + " ".join(f"WHEN rowid >= {start} THEN {n}" for n, start in reversed(list(enumerate(starts))))
        same = (
            'hash("at", bucket_s, requests, prompt_tokens, cached_tokens, output_tokens, round(cost_usd, 9), batch, '
            "model, label_key, label_group, label_path, label_tags)"
        )
        connection.execute(
            f"CREATE TEMP TABLE kit_same AS SELECT rowid AS row, {source} END AS source, {same} AS same FROM {TABLE} "
            "WHERE request_hash IS NULL"
        )
        connection.execute(
            "INSERT INTO kit_twice SELECT row FROM (SELECT row, source, same, row_number() OVER (PARTITION BY same, "
            "source ORDER BY row) AS times FROM kit_same WHERE same IN (SELECT same FROM kit_same GROUP BY same HAVING "
            "count(DISTINCT source) > 1)) one WHERE times <= (SELECT coalesce(max(number), 0) FROM (SELECT same, "
            "source, count(*) AS number FROM kit_same GROUP BY ALL) other WHERE other.same = one.same "
            "AND other.source < one.source)"
        )
    number = _count(connection, "SELECT count(*) FROM kit_twice")
    first: tuple[str, ...] = ()
    if number:
        rows = connection.execute(f"SELECT row FROM kit_twice ORDER BY row LIMIT {_SHOWN}").fetchall()
        first = tuple(_place(connection, int(row[0])) for row in rows)
        connection.execute(f"DELETE FROM {TABLE} WHERE rowid IN (FROM kit_twice)")
    connection.execute("DROP TABLE kit_twice; DROP TABLE kit_hashes; DROP TABLE IF EXISTS kit_same")
    return number, first


def _place(connection: DuckDBPyConnection, row: int) -> str:
    file, line = connection.execute(f"SELECT file, line FROM {TABLE} WHERE rowid = {row}").fetchall()[0]
    if line is not None and line > 0:
        return f"{file}:{line}"
    return place_of(connection, TABLE, row) or str(file)


def _overlaps(connection: DuckDBPyConnection, imported: Sequence[Imported]) -> tuple[str, ...]:
    """Return a note where two formats tell of the same time: they may tell of the same requests under other ids."""
    if len({one.format for one in imported}) < 2:
        return ()
    spans = connection.execute(
        f'SELECT file, min("at"), max("at" + to_seconds(bucket_s)) FROM {TABLE} GROUP BY file ORDER BY 2'
    ).fetchall()
    both = [
        f"{one[0]} and {other[0]}"
        for number, one in enumerate(spans)
        for other in spans[number + 1 :]
        if other[1] < one[2]
    ]
    if not both:
        return ()
    more = f" and {len(both) - _SHOWN} more pairs" if len(both) > _SHOWN else ""
    return (
        f"{'; '.join(both[:_SHOWN])}{more} cover the same time: where two systems logged the same requests under "
        "different ids, they are counted twice; import one of them",
    )


def _unassigned(connection: DuckDBPyConnection) -> tuple[Unassigned, ...]:
    labels = (
        "left(sha256(concat_ws('|', coalesce(label_group, ''), coalesce(label_path, ''), "
        "coalesce(list_sort(label_tags)::VARCHAR, ''))), 8)"
    )
    sums = "sum(requests) AS requests, sum(prompt) AS prompt, sum(output) AS output, sum(cost) AS cost"
    grouped = (
        "SELECT model, label_key, label_group, label_path, label_tags, sum(requests) AS requests, "
        "sum(prompt_tokens) AS prompt, sum(output_tokens) AS output, sum(cost_usd) AS cost "
        f"FROM {VIEW} WHERE workload IS NULL GROUP BY model, label_key, label_group, label_path, label_tags"
    )
    size = "coalesce(prompt, 0) + coalesce(output, 0)"
    ranked = (
        f"SELECT model, label_key, {labels} AS labels, requests, prompt, output, cost, row_number() OVER (ORDER BY "
        f"{size} DESC, model, label_key, label_group, label_path) > {_MOST_UNASSIGNED} AS rest FROM ({grouped})"
    )
    rows = connection.execute(
        f"SELECT * EXCLUDE (rest) FROM (SELECT * FROM ({ranked}) WHERE NOT rest ORDER BY {size} DESC, model, "
        f"label_key, labels) UNION ALL SELECT NULL, NULL, 'others', {sums} FROM ({ranked}) WHERE rest "
        "HAVING count(*) > 0"
    ).fetchall()
    return tuple(Unassigned(*row) for row in rows)


def _count(connection: DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])


def lines_of_report(usage: Usage) -> Iterator[str]:
    """Yield what was read, for the terminal: each file, what was bad, what was left out, what is not assigned."""
    for one in usage.files:
        yield f"{one.file} ({one.format}): {one.rows:,} rows"
        yield from (f"  note: {note}" for note in one.notes)
    for bad in usage.bad:
        yield f"  {'left out' if bad.dropped else 'mended'}: {bad.rows:,} rows: {bad.reason}{_first(bad)}"
    yield from (f"  note: {note}" for note in usage.notes)
    for rest in usage.unassigned[:_UNTOLD_SHOWN]:
        requests = "requests not counted" if rest.requests is None else f"{rest.requests:,.0f} requests"
        yield (
            f"  not assigned: {rest.model or 'no model'}, key {rest.key or '–'}, labels {rest.labels}: {requests}, "
            f"{rest.prompt_tokens or 0:,} prompt and {rest.output_tokens or 0:,} output tokens"
        )
    if len(usage.unassigned) > _UNTOLD_SHOWN:
        yield f"  not assigned: {len(usage.unassigned) - _UNTOLD_SHOWN} more models and labels"
