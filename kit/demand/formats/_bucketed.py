"""What vendors' reports have in common: pages of JSON, buckets of time, money, and rows on their way into a table.

Only counts, times, money and vendors' own words (models, tiers, kinds of token) leave this module. Ids and names of
people, keys, projects and workspaces leave it as short hashes at most; a reason why a row is bad never quotes it.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.demand.usage import COLUMNS, Bad, Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_BYTES = 150 * 2**20
DAY_S = 86400.0
KNOWN_TIERS = frozenset({"auto", "batch", "default", "flex", "flex_discount", "priority", "scale", "standard"})
MEANS_ONLY = "a bucket of time holds sums only: lengths are means"
DAILY = "daily buckets: the export does not say at which hour; the shape of the day is taken from a prior"
_FIRST = 3
_DIGITS = 15
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\n]', re.DOTALL)
_BETWEEN = re.compile(r"[\s,\x1e\ufeff]*")
_WORD = re.compile(r"[^a-z0-9]+")


class RowError(Exception):
    """A row that cannot be taken; its message is the reason and holds nothing of the row."""


class Node(dict[str, Any]):
    """An object of a JSON file that knows its line."""

    line: int = 0


def short_hash(value: object) -> str | None:
    """Return the first 8 hexadecimal digits of the SHA-256 of an id or name; ``None`` for none."""
    text = "" if value is None else str(value)
    return hashlib.sha256(text.encode()).hexdigest()[:8] if text else None


def public_model(value: object) -> str | None:
    """Return a model's name without what customers write into it.

    A fine-tuned model's name carries the organisation and a free suffix (``ft:gpt-4o:acme:hr-bot:id``), a served
    model's name may be a path of somebody's disk: only the base model and the last part of the path are kept.
    """
    text = "" if value is None else str(value).strip()
    if text.startswith("ft:"):
        return ":".join(text.split(":")[:2])
    if text.startswith(("/", "~", "./")) or re.match(r"[A-Za-z]:\\", text):
        return re.split(r"[/\\]", text.rstrip("/\\"))[-1] or None
    return text or None


def tier_tags(value: object) -> tuple[str, ...]:
    """Return a service tier as a tag, if it is one that vendors have."""
    tier = str(value or "").strip().lower()
    return (f"tier={tier}",) if tier in KNOWN_TIERS else ()


def is_batch(value: object) -> bool | None:
    """Tell whether a flag or a service tier says batch; ``None`` where there is neither."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    return str(value).strip().lower() in {"batch", "true", "1"}


def count_of(value: object, what: str) -> int | None:
    """Return a count; ``None`` where there is none.

    Args:
        value: a whole number, or text of one.
        what: what is counted, for the reason.

    Raises:
        RowError: it is not a number, or negative.
    """
    if value is None or value == "":
        return None
    number = value if type(value) is int and abs(value) < 10**_DIGITS else _number(value)
    if number is None or number != int(number):
        raise RowError(f"{what}: not a whole number")
    if number < 0:
        raise RowError(f"negative {what}")
    return int(number)


def money_of(value: object) -> Decimal | None:
    """Return an amount of money; ``None`` where there is none.

    Raises:
        RowError: it is not a number.
    """
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None:
        raise RowError("amount: not a number")
    return number


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and (not number or number.adjusted() < _DIGITS) else None


def in_usd(amount: Decimal, currency: object, options: Mapping[str, str]) -> Decimal | None:
    """Return an amount in US dollars; ``None`` where it is in another currency and no rate was given.

    Args:
        amount: in ``currency``.
        currency: ISO 4217 code; nothing means US dollars.
        options: ``usd_per_eur`` is what one euro is worth in US dollars, and so on.

    Raises:
        InputError: the rate is not a positive number.
    """
    code = str(currency or "usd").strip().lower()
    if code == "usd":
        return amount
    rate = rate_of(code, options)
    return None if rate is None else amount * rate


def rate_of(code: str, options: Mapping[str, str]) -> Decimal | None:
    """Return US dollars per unit of a currency, as the options say.

    Raises:
        InputError: the rate is not a positive number.
    """
    given = options.get(f"usd_per_{code}")
    if given is None:
        return None
    rate = _number(given)
    if rate is None or rate <= 0:
        raise InputError(f"usd_per_{code}: a rate must be a positive number of US dollars")
    return rate


def moment_of(value: object) -> dt.datetime:
    """Return a moment, UTC without a time zone.

    Args:
        value: seconds or milliseconds since 1970, or ISO 8601; without an offset it is taken as UTC.

    Raises:
        RowError: there is none, or it is not in this age.
    """
    if value is None or value == "":
        raise RowError("no time")
    number = _number(value)
    try:
        if number is not None:
            seconds = float(number) / (1000 if number > 10**11 else 1)
            moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
        else:
            moment = dt.datetime.fromisoformat(_trimmed(str(value).strip()))
    except (ValueError, OverflowError, OSError):
        raise RowError("not a time") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    if not 2015 <= moment.year <= 2100:
        raise RowError("a time outside 2015 to 2100")
    return moment


def _trimmed(text: str) -> str:
    """Cut fractions of a second to microseconds: some vendors write seven digits."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def read_text(path: Path) -> str:
    """Return the text of a file, decompressed if its name says so.

    Raises:
        InputError: it cannot be read, or is too large to be read at once.
    """
    content = _content(path, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError(
            f"{path.name}: more than {MAX_BYTES // 2**20} MiB; such exports are small: "
            "export fewer days per file, or longer buckets"
        )
    return content.decode("utf-8-sig", errors="replace")


def _content(path: Path, size: int) -> bytes:
    import pyarrow as pa

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            return bytes(stream.read(size))
    except (OSError, pa.ArrowException):
        raise InputError(f"{path.name}: cannot be read") from None


def documents(path: Path) -> list[Any]:
    """Return the JSON documents of a file: one, one per line, or a list of them, which is opened.

    Raises:
        InputError: the file cannot be read or is not JSON.
    """
    text = read_text(path)
    lines = _object_lines(text)

    def with_line(pairs: list[tuple[str, Any]]) -> Node:
        node = Node(pairs)
        node.line = next(lines, 0)
        return node

    decoder = json.JSONDecoder(object_pairs_hook=with_line)
    found: list[Any] = []
    at = _skip(text, 0)
    while at < len(text):
        try:
            document, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise InputError(f"{path.name}: line {error.lineno}: not JSON ({error.msg})") from None
        except (RecursionError, ValueError):
            raise InputError(f"{path.name}: JSON with a number that is too long, or nested too deeply") from None
        found.extend(document if isinstance(document, list) else [document])
        at = _skip(text, end)
    return found


def _skip(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _object_lines(text: str) -> Iterator[int]:
    """Yield the line on which each object begins, in the order in which the objects end, as the decoder does."""
    opened: list[int] = []
    line = 1
    for token in _JSON_TOKEN.finditer(text):
        mark = token[0]
        if mark == "\n":
            line += 1
        elif mark == "{":
            opened.append(line)
        elif mark == "}":
            if opened:
                yield opened.pop()
        else:
            line += mark.count("\n")


def nodes_of(value: object) -> list[Node]:
    """Return the objects of a list; none, if it is no list."""
    return [item for item in value if isinstance(item, Node)] if isinstance(value, list) else []


@dataclass
class Pages:
    """The buckets of all pages of a file.

    Attributes:
        buckets: in the order of the file.
        strangers: objects that are neither a page nor a bucket.
        more: the last page says that there are more.
    """

    buckets: list[Node] = field(default_factory=list)
    strangers: list[Node] = field(default_factory=list)
    more: bool = False


def pages_of(path: Path) -> Pages:
    """Return the buckets of a file of pages: ``{"data": [bucket, …], "has_more": …}``, or of bare buckets.

    Raises:
        InputError: the file cannot be read, is not JSON, or has no page.
    """
    pages = Pages()
    for document in documents(path):
        if not isinstance(document, Node):
            continue
        inner = document.get("data")
        if isinstance(inner, list):
            pages.more = document.get("has_more") is True
            for bucket in inner:
                if isinstance(bucket, Node):
                    target = pages.buckets if isinstance(bucket.get("results"), list) else pages.strangers
                    target.append(bucket)
        elif isinstance(document.get("results"), list):
            pages.buckets.append(document)
        else:
            pages.strangers.append(document)
    if not pages.buckets and not pages.strangers:
        raise InputError(f"{path.name}: no page of buckets in it")
    return pages


def csv_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str] | None]]]:
    """Return the columns of a CSV file, in lower case with underscores, and its rows with their lines.

    A row that has not as many fields as the header is ``None``.

    Raises:
        InputError: the file cannot be read, or has no header.
    """
    text = read_text(path)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, dict[str, str] | None]] = []
    try:
        columns = [_WORD.sub("_", column.strip().lower()).strip("_") for column in next(reader, [])]
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                fits = len(cells) == len(columns)
                rows.append((line, dict(zip(columns, (cell.strip() for cell in cells), strict=True)) if fits else None))
            line = reader.line_num + 1
    except csv.Error:
        raise InputError(f"{path.name}: line {reader.line_num}: not CSV") from None
    if not columns:
        raise InputError(f"{path.name}: empty")
    return columns, rows


def is_csv(head: bytes, *needed: str) -> bool:
    """Tell whether the first line of a file has these columns, in any case, with any space between words."""
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", errors="replace").lower()
    columns = {_WORD.sub("_", column.strip(' "\r')).strip("_") for column in re.split(r"[,;\t]", first)}
    return columns.issuperset(needed)


def is_json(head: bytes) -> bool:
    """Tell whether a file begins like JSON."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def starts_as_json(path: Path) -> bool:
    """Tell whether a file, decompressed, begins like JSON.

    Raises:
        InputError: it cannot be read.
    """
    return is_json(_content(path, 4096))


class Rows:
    """Collects the rows of one export, and what is wrong with them.

    Args:
        name: of the format.
        file: name of the file, for messages.
    """

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file
        self.seen = 0
        self.empty = 0
        self._next = 0
        self._cells: dict[int, tuple[object, ...]] = {}
        self._known: dict[int, int] = {}
        self._bad: dict[tuple[str, bool], list[int]] = {}
        self._spans: set[tuple[dt.datetime, float]] = set()
        self._read: dict[tuple[str, str], tuple[dt.datetime, float]] = {}

    def problem(self, reason: str, line: int, *, dropped: bool = True) -> None:
        """Name what is wrong with a row; the reason must hold nothing of the row."""
        self._bad.setdefault((reason, dropped), []).append(line)

    def span(self, start: object, end: object) -> tuple[dt.datetime, float]:
        """Return the start of a bucket and its length in seconds.

        Raises:
            RowError: a time is missing, or the bucket does not end after it starts.
        """
        if (str(start), str(end)) in self._read:
            return self._read[str(start), str(end)]
        at = moment_of(start)
        seconds = (moment_of(end) - at).total_seconds()
        if seconds <= 0:
            raise RowError("a bucket that does not end after it starts")
        self._spans.add((at, seconds))
        self._read[str(start), str(end)] = at, seconds
        return at, seconds

    def nothing(self, start: object, end: object) -> None:
        """Count a bucket in which nothing was used."""
        self.empty += 1
        with suppress(RowError):
            self.span(start, end)

    def results(self, pages: Pages, start: str, end: str) -> Iterator[tuple[Node, Node]]:
        """Yield each result of pages with its bucket; name what is no result, and count buckets without results.

        Args:
            pages: of a file.
            start: key of a bucket's start.
            end: key of a bucket's end.
        """
        for stranger in pages.strangers:
            self.seen += 1
            self.problem("neither a page nor a bucket", stranger.line)
        for bucket in pages.buckets:
            if not bucket["results"]:
                self.nothing(bucket.get(start), bucket.get(end))
            for result in bucket["results"]:
                self.seen += 1
                if isinstance(result, Node):
                    yield bucket, result
                else:
                    self.problem("a result that is not an object", bucket.line)

    def lines(
        self,
        lines: Iterable[tuple[int, Mapping[str, str] | None]],
        *,
        used: Callable[[Mapping[str, str]], bool] = bool,
    ) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield each row of a CSV; name those of another length than the header, and count buckets without use.

        Args:
            lines: of :func:`csv_rows`.
            used: whether anything was used in a row's bucket; whatever has cells, unless told.
        """
        for line, row in lines:
            if row is not None and not used(row):
                self.nothing(row.get("start_time"), row.get("end_time"))
                continue
            self.seen += 1
            if row is None:
                self.problem("a row of another length than the header", line)
            else:
                yield line, row

    def add(self, line: int, identity: Sequence[object] | None, **cells: object) -> None:
        """Take a row.

        Args:
            line: where it is in the file.
            identity: what makes it this row and no other: the bucket and all that it is grouped by; ``None``: nothing
                does, so the same row twice is two rows.
            cells: by the names of :data:`kit.demand.usage.COLUMNS`; a cell that is not given is ``NULL``.
        """
        prompt, cached = cells.get("prompt_tokens"), cells.get("cached_tokens")
        if isinstance(prompt, int) and isinstance(cached, int) and cached > prompt:
            self.problem("more cached than prompt tokens: taken as all cached", line, dropped=False)
            cells["cached_tokens"] = prompt
        mark = None if identity is None else self._mark(identity)
        cells |= {"request_hash": mark, "file": self.file, "line": line}
        row = tuple(cells.get(column) for column in COLUMNS)
        if mark is not None and mark in self._known:
            before = self._known[mark]
            if self._cells[before][:-1] == row[:-1]:
                self.problem("the same bucket twice", line)
                return
            self.problem("the same bucket twice with other figures: the later one is kept", line)
            del self._cells[before]
        position = self._next
        self._next += 1
        self._cells[position] = row
        if mark is not None:
            self._known[mark] = position

    def _mark(self, identity: Sequence[object]) -> int:
        text = json.dumps([self.name, *identity], default=str, sort_keys=True)
        return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)

    def column(self, name: str) -> list[Any]:
        """Return the cells of one column of all rows that were taken."""
        index = list(COLUMNS).index(name)
        return [row[index] for row in self._cells.values()]

    def write(self, connection: DuckDBPyConnection, table: str) -> None:
        """Append all rows to a table of usage."""
        import pyarrow as pa

        if not self._cells:
            return
        kinds = {
            "TIMESTAMP": pa.timestamp("us"),
            "DOUBLE": pa.float64(),
            "BIGINT": pa.int64(),
            "UBIGINT": pa.uint64(),
            "BOOLEAN": pa.bool_(),
            "VARCHAR": pa.string(),
            "VARCHAR[]": pa.list_(pa.string()),
        }
        columns = zip(*self._cells.values(), strict=True)
        arrays = [
            pa.array([float(cell) if isinstance(cell, Decimal) else cell for cell in cells], kinds[kind])
            for kind, cells in zip(COLUMNS.values(), columns, strict=True)
        ]
        batch = pa.table(arrays, names=list(COLUMNS))
        connection.register("_rows_to_append", batch)
        try:
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM _rows_to_append")
        finally:
            connection.unregister("_rows_to_append")

    def span_notes(self) -> list[str]:
        """Return what the buckets themselves do not say: hours of a day, missing pages, overlaps."""
        notes = []
        widths = sorted({seconds for _, seconds in self._spans})
        if widths and widths[-1] >= DAY_S:
            notes.append(DAILY)
        if len(widths) > 1:
            notes.append(f"buckets of {len(widths)} lengths, {widths[0]:g} s to {widths[-1]:g} s")
        reached: dt.datetime | None = None
        gaps: list[dt.datetime] = []
        overlaps: list[dt.datetime] = []
        for at, seconds in sorted(self._spans):
            if reached is not None and at > reached:
                gaps.append(reached)
            if reached is not None and at < reached:
                overlaps.append(at)
            end = at + dt.timedelta(seconds=seconds)
            reached = end if reached is None else max(reached, end)
        if gaps:
            notes.append(
                f"{len(gaps)} gap(s) between buckets, the first from {gaps[0]:%Y-%m-%d %H:%M} UTC: "
                "a page may be missing"
            )
        if overlaps:
            notes.append(
                f"{len(overlaps)} bucket(s) overlap earlier ones of another length, the first at "
                f"{overlaps[0]:%Y-%m-%d %H:%M} UTC: the same use may be counted twice"
            )
        if self.empty:
            notes.append(f"{self.empty} bucket(s) without use")
        return notes

    def bad(self) -> tuple[Bad, ...]:
        """Return what is wrong, with counts and the first lines."""
        return tuple(
            Bad(reason, len(lines), tuple(f"{self.file}:{line}" for line in sorted(lines)[:_FIRST]), dropped)
            for (reason, dropped), lines in self._bad.items()
        )

    def imported(self, grain: Grain, table: str, notes: Sequence[str]) -> Imported:
        """Return the report of the import."""
        return Imported(self.name, grain, table, self.seen, self.bad(), tuple(notes))


def dimensions(row: Mapping[str, Any], measures: frozenset[str]) -> list[tuple[str, object]]:
    """Return all that a result is grouped by, so that dimensions of tomorrow tell buckets apart, too."""
    return sorted(
        (key, value)
        for key, value in row.items()
        if key not in measures and isinstance(value, (str, bool)) and value != ""
    )
