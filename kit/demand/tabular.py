"""Exports as tables of text: CSV, JSON, JSON lines and Parquet, read by DuckDB, the wanted columns only.

A column that nobody asked for is never selected, so prompts, answers, users and keys stay in the file. What DuckDB says
about a line that it cannot read quotes the line; it is not passed on, only the file, the line and the kind of mistake.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import itertools
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEAD_BYTES = 65_536
MOST_REJECTS = 1_000
"""How many lines that cannot be split DuckDB notes; if there are more, the file is split line by line."""
_REJECTS = "kit_rejects"
_SCANS = "kit_scans"
_UNSPLIT = "a line that cannot be split"
_MANGLED = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "INVALID ENCODING": "not text in UTF-8",
    "LINE SIZE OVER MAXIMUM": "a line that is too long",
}


class Kind(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    DATABASE = "database"


@dataclass(frozen=True)
class Table:
    """The wanted columns of an export as text.

    Attributes:
        sql: what stands after FROM: a query in brackets whose columns are the wanted names, all VARCHAR; NULL where the
            export has no such column.
        kind: how the file is written.
        name: of the file, for messages.
        path: of the file; None for a database.
        columns: the wanted names that are there.
        skipped: lines before the first row of data.
        wanted: names of the columns of ``sql``, of a CSV file.
    """

    sql: str
    kind: Kind
    name: str
    path: Path | None
    columns: frozenset[str]
    skipped: int = 0
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mangled:
    """Lines that could not be split into columns.

    Attributes:
        records: by kind of mistake, the numbers of the records, the first after the header being 1, ascending.
    """

    records: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many in all."""
        return sum(len(each) for each in self.records.values())


def head_of(path: Path) -> bytes:
    """Return the first 64 KiB of a file, unpacked if it is gzip or Zstandard.

    Raises:
        InputError: it cannot be opened, or not even its start can be unpacked.
    """
    try:
        with opened(path) as stream:
            return bytes(stream.read(HEAD_BYTES))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path.name}: the gzip file is cut off or damaged; fetch it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror or 'not readable'}") from None


def opened(path: Path) -> Any:
    """Open a file for its unpacked bytes."""
    packed = packing(path)
    if packed == "gzip":
        return gzip.open(path, "rb")
    if packed == "zstd":
        import pyarrow as pa

        return pa.input_stream(str(path), compression="zstd")
    return path.open("rb")


def packing(path: Path) -> str:
    """Return ``gzip``, ``zstd`` or ``none``: told by the first bytes, since names lie."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if start == b"\x28\xb5\x2f\xfd" else "none"


def kind_of(head: bytes) -> Kind:
    """Return how a file is written, told by its first bytes."""
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return Kind.JSON
    return Kind.JSON_LINES if start.startswith(b"{") else Kind.CSV


def header_of(head: bytes) -> tuple[tuple[str, ...], str, int]:
    """Return a CSV file's column names, its delimiter and the number of comment lines before the header.

    Args:
        head: the file's first bytes. Lines that start with ``#`` before the header are comments.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    lines = [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    comments = sum(1 for _ in itertools.takewhile(lambda line: line.startswith("#") or not line.strip(), lines))
    first = lines[comments] if comments < len(lines) else ""
    delimiter = max(",;\t|", key=first.count)
    try:
        names = next(csv.reader(io.StringIO("".join(lines[comments : comments + 50])), delimiter=delimiter), [])
    except csv.Error:
        names = []
    return tuple(name.strip() for name in names), delimiter, comments


def names_in(head: bytes) -> frozenset[str]:
    """Return the folded names of the columns (CSV) or of the first object's keys (JSON); empty for Parquet."""
    kind = kind_of(head)
    if kind is Kind.CSV:
        return frozenset(name.casefold() for name in header_of(head)[0])
    if kind in {Kind.JSON, Kind.JSON_LINES}:
        return frozenset(name.casefold() for name in _first_keys(head))
    return frozenset()


def columns_of(connection: DuckDBPyConnection, path: Path) -> frozenset[str]:
    """Return the folded names of a file's columns, those of Parquet too."""
    head = head_of(path)
    if kind_of(head) is Kind.PARQUET:
        with no_quotes(path.name):
            rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(str(path))})").fetchall()
        return frozenset(str(row[0]).casefold() for row in rows)
    return names_in(head)


def table_of(connection: DuckDBPyConnection, path: Path, wanted: Iterable[str]) -> Table:
    """Return a file's wanted columns as text.

    Args:
        connection: of DuckDB.
        path: the file; gzip and Zstandard are unpacked on the way.
        wanted: the names of the columns. Upper and lower case are one in CSV and Parquet; JSON keys are taken as they
            are written.

    Raises:
        InputError: the file cannot be opened, or is empty.
    """
    head = head_of(path)
    if not head.strip():
        raise InputError(f"{path.name}: the file is empty")
    wanted = tuple(dict.fromkeys(wanted))
    kind = kind_of(head)
    if kind is Kind.CSV:
        return _csv_table(path, head, wanted)
    if kind is Kind.PARQUET:
        return _parquet_table(connection, path, wanted)
    keys = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in wanted)
    layout = "array" if kind is Kind.JSON else "newline_delimited"
    packed = f"compression={quoted(packing(path))}"
    sql = (
        f"(SELECT {', '.join(identifier(name) for name in wanted)} FROM read_json({quoted(str(path))}, "
        f"format='{layout}', columns={{{keys}}}, ignore_errors={str(kind is Kind.JSON_LINES).lower()}, {packed}))"
    )
    return Table(sql, kind, path.name, path, frozenset(wanted))


def _csv_table(path: Path, head: bytes, wanted: Sequence[str]) -> Table:
    names, delimiter, comments = header_of(head)
    there: dict[str, str] = {}
    columns: list[str] = []
    for number, name in enumerate(names):
        column = f"c{number}"  # by position, so that equal or empty names are no trouble
        columns.append(f"'{column}': 'VARCHAR'")
        there.setdefault(name.casefold(), column)
    picked = ", ".join(f"{there.get(name.casefold(), 'NULL::VARCHAR')} AS {identifier(name)}" for name in wanted)
    sql = (
        f"(SELECT {picked} FROM read_csv({quoted(str(path))}, auto_detect=false, header=true, skip={comments}, "
        f"delim={quoted(delimiter)}, quote='\"', escape='\"', columns={{{', '.join(columns)}}}, "
        f"compression={quoted(packing(path))}, store_rejects=true, rejects_limit={MOST_REJECTS}, "
        f"rejects_table='{_REJECTS}', rejects_scan='{_SCANS}'))"
    )
    found = frozenset(name for name in wanted if name.casefold() in there)
    return Table(sql, Kind.CSV, path.name, path, found, skipped=comments + 1, wanted=tuple(wanted))


def _parquet_table(connection: DuckDBPyConnection, path: Path, wanted: Sequence[str]) -> Table:
    source = f"read_parquet({quoted(str(path))})"
    with no_quotes(path.name):
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    there = {str(row[0]).casefold(): (str(row[0]), str(row[1])) for row in described}
    picked = []
    for name in wanted:
        column, kind = there.get(name.casefold(), ("", ""))
        text = identifier(column)
        if not column:
            expression = "NULL::VARCHAR"
        elif kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
            expression = f"to_json({text})::VARCHAR"
        elif kind == "BLOB":
            expression = "NULL::VARCHAR"
        else:
            expression = f"{text}::VARCHAR"
        picked.append(f"{expression} AS {identifier(name)}")
    sql = f"(SELECT {', '.join(picked)} FROM {source})"
    return Table(sql, Kind.PARQUET, path.name, path, frozenset(name for name in wanted if name.casefold() in there))


def mangled(connection: DuckDBPyConnection, table: Table, *, taken: int) -> Mangled | None:
    """Return the lines of a CSV file that the last reading could not split, and forget them.

    DuckDB takes a file to be at its end where some two thousand lines in succession cannot be split. So if there are
    such lines, the lines of the file must add up.

    Args:
        connection: that has just read ``table``.
        table: what was read.
        taken: rows that were read.

    Returns:
        ``None`` if there are too many, or the lines do not add up: then :func:`split_again` is needed.

    Raises:
        InputError: a quotation mark is never closed, which swallows the rest of the file.
    """
    if table.kind is not Kind.CSV or table.path is None:
        return Mangled()
    rejects = connection.execute(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{_REJECTS}'").fetchall()
    if not rejects[0][0]:
        return Mangled()
    found = connection.execute(f"SELECT error_type::VARCHAR, line FROM {_REJECTS} ORDER BY line").fetchall()
    connection.execute(f"DROP TABLE {_REJECTS}; DROP TABLE {_SCANS}").fetchall()
    records: dict[int, str] = {}
    for said, line in found:
        if said == "UNQUOTED VALUE":
            raise _open_quote(table, lines_of(table, [line - table.skipped])[0])
        records.setdefault(line - table.skipped, _MANGLED.get(said, _UNSPLIT))
    if records and (len(records) >= MOST_REJECTS or _lines_in(table.path) != table.skipped + taken + len(records)):
        return None
    return Mangled({kind: [n for n, its in records.items() if its == kind] for kind in sorted(set(records.values()))})


def split_again(table: Table, folder: Path) -> tuple[Table, Mangled]:
    """Split a CSV file line by line, slowly but whatever is in it, and keep the wanted columns of the good rows.

    Args:
        table: the file.
        folder: where the good rows are written; the file there is the caller's to remove.

    Returns:
        A table of the good rows, whose ``path`` is the new file, and the others.

    Raises:
        InputError: a quotation mark is never closed, which swallows the rest of the file.
    """
    if table.path is None:
        raise ValueError("only files are split again")
    names, delimiter, _ = header_of(head_of(table.path))
    folded = [name.casefold() for name in names]
    picked = [folded.index(name.casefold()) for name in table.wanted if name.casefold() in folded]
    kept = [name for name in table.wanted if name.casefold() in folded]
    broken: dict[str, list[int]] = {}
    target = folder / f"again-{table.path.name}.csv"
    with opened(table.path) as stream, target.open("w", encoding="utf-8", newline="") as out:
        text = _text_of(stream)
        for _ in range(table.skipped - 1):
            next(text, None)
        csv.field_size_limit(1 << 30)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        writer = csv.writer(out)
        writer.writerow(kept)
        next(reader, None)
        record = 0
        while True:
            start = reader.line_num
            try:
                row = next(reader, None)
            except csv.Error as error:
                if "end of data" in str(error):
                    raise _open_quote(table, table.skipped + start) from None
                record += 1
                broken.setdefault(_UNSPLIT, []).append(record)
                continue
            if row is None:
                break
            if not row:
                continue
            record += 1
            values = [row[column] for column in picked] if len(row) == len(names) else []
            if len(row) != len(names):
                kind = _MANGLED["MISSING COLUMNS" if len(row) < len(names) else "TOO MANY COLUMNS"]
                broken.setdefault(kind, []).append(record)
            elif any("\udc80" <= letter <= "\udcff" for value in values for letter in value if not value.isascii()):
                broken.setdefault(_MANGLED["INVALID ENCODING"], []).append(record)
            else:
                writer.writerow(values)
    return _csv_table(target, head_of(target), table.wanted), Mangled(broken)


def _rows_until_error(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    with contextlib.suppress(csv.Error):
        yield from reader


def _text_of(stream: Iterable[bytes]) -> Iterator[str]:
    """Yield lines as text that Python's reader of CSV takes: without NUL, and without a return within a line."""
    for line in stream:
        text = line.decode("utf-8", errors="surrogateescape").replace("\0", " ")
        yield text.removesuffix("\n").removesuffix("\r").replace("\r", " ") + "\n"


def _open_quote(table: Table, line: int) -> InputError:
    return InputError(
        f"{table.name}:{line}: a quotation mark is never closed, or text follows a closing one; the rest of the file "
        "cannot be split into rows"
    )


def lines_of(table: Table, records: Sequence[int]) -> list[int]:
    """Return the lines on which records stand.

    Rows of a CSV file may span several lines and files of JSON may hold empty ones, so the file is walked through if
    its number of lines does not settle it.

    Args:
        table: the export.
        records: numbers of records, the first after the header being 1.
    """
    if not records or table.path is None or table.kind in {Kind.PARQUET, Kind.JSON, Kind.DATABASE}:
        return list(records)
    last = max(records)
    found: dict[int, int] = {}
    with opened(table.path) as stream:
        if table.kind is Kind.CSV:
            # Only the numbers of lines are used; what stands on them is not kept.
            text = _text_of(stream)
            for _ in range(table.skipped - 1):
                next(text, None)
            reader = csv.reader(text, delimiter=header_of(head_of(table.path))[1])
            next(reader, None)
            record, before = 0, reader.line_num
            csv.field_size_limit(1 << 30)
            for row in _rows_until_error(reader):
                record += bool(row)
                if row and record in records:
                    found[record] = table.skipped - 1 + before + 1
                before = reader.line_num
                if record >= last:
                    break
        else:
            record = 0
            for number, line in enumerate(stream, start=1):
                record += bool(line.strip())
                if line.strip() and record in records:
                    found[record] = number
                if record >= last:
                    break
    return [found.get(record, record + table.skipped) for record in records]


def _lines_in(path: Path) -> int:
    number, last = 0, b"\n"
    with opened(path) as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            number += block.count(b"\n")
            last = block[-1:]
    return number + (last != b"\n")


def _first_keys(head: bytes) -> Iterator[str]:
    """Yield the keys of the first object at its first level, though the head may break off within it."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").lstrip().removeprefix("[").lstrip()
    depth, position, expect_key = 0, 0, False
    while position < len(text):
        letter = text[position]
        if letter == '"':
            end = position + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            if depth == 1 and expect_key and end < len(text):
                yield text[position + 1 : end]
                expect_key = False
            position = end
        elif letter in "{[":
            depth += 1
            expect_key = depth == 1
        elif letter in "}]":
            depth -= 1
            if depth == 0:
                return
        elif letter == "," and depth == 1:
            expect_key = True
        position += 1


@contextmanager
def no_quotes(name: str) -> Iterator[None]:
    """Turn an error of DuckDB into one that quotes nothing from the file.

    Args:
        name: of the file, for the message.

    Raises:
        InputError: DuckDB raised an error within; only its kind is passed on.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = str(error)
        if "GZIP" in said.upper() and "end of" in said:
            reason = "the gzip file is cut off; fetch it again"
        elif "GZIP" in said.upper() or "ZSTD" in said.upper():
            reason = "the packed file is damaged; fetch it again"
        elif isinstance(error, duckdb.OutOfMemoryException):
            reason = "there is not enough memory or temporary disk space; free some, or give more memory"
        elif "UTF-8" in said or "utf-8" in said:
            reason = "it is not text in UTF-8"
        elif isinstance(error, duckdb.InterruptException):
            raise
        else:
            reason = f"DuckDB cannot read it ({type(error).__name__})"
        raise InputError(f"{name}: {reason}") from None


@contextmanager
def watched(connection: DuckDBPyConnection, tell: Callable[[float], None] | None) -> Iterator[None]:
    """Tell how far a query is, five times a second, while the body runs it.

    Args:
        connection: that runs the query.
        tell: called with the share that is done, 0 to 1, from another thread; None for silence.
    """
    if tell is None:
        yield
        return
    done = threading.Event()

    def poll() -> None:
        while not done.wait(0.2):
            share = connection.query_progress() / 100
            if 0 <= share <= 1:
                tell(share)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def quoted(text: str) -> str:
    """Return text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
