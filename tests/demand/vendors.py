"""What the tests of vendors' exports share."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from kit.demand.usage import Bad, Imported, new_table
from kit.errors import InputError

DATA = Path(__file__).parent / "data"
CANARIES = ("canary", "mctest", "sk-", "example.com")
"""Planted in the names, keys and addresses of every export."""
_SUMMED = {"azure_metrics", "vllm_metrics"}
"""Formats of which many values make one row of usage."""


class Reading:
    """One export, read into a fresh table."""

    def __init__(self, module: ModuleType, path: Path, **options: str) -> None:
        self.connection = duckdb.connect()
        new_table(self.connection, "use")
        self.imported: Imported = module.read(self.connection, path, "use", options=options)
        assert self.imported.format == module.NAME
        assert self.imported.grain is module.GRAIN
        assert self.imported.table == "use"
        if module.NAME not in _SUMMED:
            dropped = sum(bad.rows for bad in self.imported.bad if bad.dropped)
            assert self.imported.rows == self.one("count(*) FROM use") + dropped, "a row was dropped silently"
        assert_no_canary(repr(self.imported))
        assert_no_canary(repr(self.connection.execute("SELECT * FROM use").fetchall()))

    def one(self, what: str) -> Any:
        """Return the one row of a query."""
        row = self.connection.execute(f"SELECT {what}").fetchone()
        assert row is not None
        return row[0] if len(row) == 1 else row

    def all(self, what: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT {what}").fetchall()

    def bad(self, reason: str) -> Bad:
        """Return what is bad for a reason that begins so."""
        found = [bad for bad in self.imported.bad if bad.reason.startswith(reason)]
        assert len(found) == 1, self.imported.bad
        return found[0]

    def noted(self, text: str) -> bool:
        return any(text in note for note in self.imported.notes)


def assert_no_canary(text: str) -> None:
    for canary in CANARIES:
        assert canary not in text.lower()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(module: ModuleType, path: Path, **options: str) -> str:
    """Return the message with which a file is refused; it holds nothing that was planted."""
    connection = duckdb.connect()
    new_table(connection, "use")
    with pytest.raises(InputError) as raised:
        module.read(connection, path, "use", options=options)
    assert_no_canary(str(raised.value))
    assert_no_canary(repr(raised.value))
    assert connection.execute("SELECT count(*) FROM use").fetchone() == (0,)
    return str(raised.value)
