"""Read one small CSV table of facts, row by row, and name file and line when a row is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kit.errors import InputError, did_you_mean
from kit.record import Part

TABLES = Path(__file__).parent / "tables"

RowT = TypeVar("RowT", bound=Part)
FactT = TypeVar("FactT")


def read_table(path: Path, row: type[RowT]) -> tuple[RowT, ...]:
    """Return the rows of a CSV table, each validated; an empty cell counts as not given.

    Args:
        path: the table, UTF-8, with a header line.
        row: what one line must look like; its field names are the columns.

    Raises:
        InputError: the file cannot be read, is empty, or a line breaks the rules; names file, line and column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, restkey="too many cells", strict=True)
            found = tuple(_row(cells, row, f"{path.name}, line {reader.line_num}") for cells in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a table of facts ({error})") from None
    if not found:
        raise InputError(f"{path}: the table has no rows")
    return found


def _row(cells: Mapping[str, str | None], row: type[RowT], where: str) -> RowT:
    given = {column: value.strip() if isinstance(value, str) else value for column, value in cells.items()}
    try:
        return row.model_validate({column: value for column, value in given.items() if value})
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(str(step) for step in first["loc"]) or "the row"
        raise InputError(f"{where}: {column}: {first['msg']}") from None


def keyed(facts: Iterable[tuple[str, FactT]], path: Path) -> dict[str, FactT]:
    """Return facts by key.

    Args:
        facts: pairs of key and fact.
        path: the table they come from, for the message.

    Raises:
        InputError: the same key twice.
    """
    found: dict[str, FactT] = {}
    for key, fact in facts:
        if key in found:
            raise InputError(f'{path.name}: "{key}" is there twice')
        found[key] = fact
    return found


def look_up(facts: Mapping[str, FactT], key: str, what: str) -> FactT:
    """Return the fact of that key.

    Args:
        facts: all facts by key.
        key: which one.
        what: what such a fact is called, for the message: ``accelerator``.

    Raises:
        InputError: there is none; names the nearest key.
    """
    if key not in facts:
        raise InputError(f'unknown {what} "{key}"{did_you_mean(key, facts)}')
    return facts[key]
