"""Specification of reading one small table of facts."""

import datetime as dt
import re
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Part


class Row(Part):
    name: str
    value: float
    date: dt.date
    note: str = "none"


def table(folder: Path, text: str) -> Path:
    """Write a table and return its path."""
    path = folder / "facts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_validated_and_empty_cells_are_not_given(tmp_path: Path) -> None:
    """A row becomes its record; an empty cell takes the default, it is never 0."""
    rows = read_table(table(tmp_path, "name,value,date,note\na,1.5,2026-01-02,\n"), Row)
    assert rows == (Row(name="a", value=1.5, date=dt.date(2026, 1, 2), note="none"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,value,date\na,1,2026-01-02\nb,much,2026-01-02\n", "facts.csv, line 3: value:"),
        ("name,value,date\na,1,\n", "facts.csv, line 2: date: Field required"),
        ("name,value,date,colour\na,1,2026-01-02,red\n", "facts.csv, line 2: colour: Extra inputs are not permitted"),
        ("name,value,date\na,1,2026-01-02,surplus\n", "facts.csv, line 2: too many cells:"),
        ("name,value,date\na,inf,2026-01-02\n", "facts.csv, line 2: value: Input should be a finite number"),
        ("name,value,date\n", "the table has no rows"),
        ('name,value,date\n"a,1,2026-01-02\n', "cannot be read as a table of facts"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, text: str, says: str) -> None:
    """A broken table is an input error that names file, line and column."""
    with pytest.raises(InputError) as caught:
        read_table(table(tmp_path, text), Row)
    assert says in str(caught.value)


def test_a_table_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    """A missing table is an input error, not a traceback."""
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none.csv", Row)


def test_keys_are_unique_and_near_misses_are_suggested(tmp_path: Path) -> None:
    """The same key twice is refused; an unknown key names the nearest."""
    with pytest.raises(InputError, match=r'facts\.csv: "a" is there twice'):
        keyed([("a", 1), ("a", 2)], tmp_path / "facts.csv")
    with pytest.raises(InputError, match=r'unknown thing "alpa" \(did you mean "alpha"\?\)'):
        look_up({"alpha": 1}, "alpa", "thing")


def test_no_table_names_this_machine() -> None:
    """A fact names a public source, never a path of the machine where it was collected."""
    for path in [*TABLES.glob("*.csv"), *(TABLES.parents[1] / "pricing" / "tables").glob("*.csv")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w:/.])/(?:home|root|Users|mnt|tmp|opt)/", text)
        assert "lmarena" not in text.casefold()
