"""`kit facts`: every public fact has a source and an age that can be shown."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from kit.errors import InputError
from kit.record import Basis, Figure, Part
from kit.report.facts import TABLES, list_facts, sayings, show_facts

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize("name", TABLES)
def test_every_fact_has_a_source_and_a_date_that_is_not_to_come(name: str) -> None:
    """Each row of each table says something, each thing it says has a source, and none is dated in the future."""
    rows = TABLES[name].rows()
    assert rows
    for row, part in rows.items():
        said = list(sayings(part))
        assert said, row
        for one in said:
            assert one.source.strip(), (row, one.name)
            assert one.date <= TODAY, (row, one.name)


def test_figures_keep_their_own_source() -> None:
    """A figure inside a row has its own source; what is no figure has the row's; what is missing is not said."""

    class Row(Part):
        name: str
        width: Figure
        length: Figure | None
        parts: dict[str, Figure]

    day, other = dt.date(2026, 1, 1), dt.date(2026, 2, 2)
    width = Figure(value=2.5, basis=Basis.MEASURED, source="ruler", date=day)
    inner = Figure(value=1.0, basis=Basis.ASSUMED, source="guess", date=other)
    said = list(sayings(Row(name="box", width=width, length=None, parts={"lid": inner})))
    assert [(one.name, one.value, one.basis, one.source, one.date) for one in said] == [
        ("name", "box", None, "ruler", day),
        ("width", "2.5", "measured", "ruler", day),
        ("parts.lid", "1", "assumed", "guess", other),
    ]


def test_the_list_counts_rows_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has all tables; its ages are counted from the day that is given."""
    list_facts(as_json=True, today=TODAY)
    first = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    list_facts(as_json=True, today=TODAY + dt.timedelta(days=10))
    later = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(first) == set(TABLES)
    assert first["accelerators"]["rows"] >= 32
    assert first["models"]["rows"] >= 60
    assert all(later[name]["oldest_age_days"] == first[name]["oldest_age_days"] + 10 for name in TABLES)


def test_the_list_names_every_table_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of tables are what is typed next: none is cut off in a narrow terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    list_facts(today=TODAY)
    words = capsys.readouterr().out.split()
    assert set(TABLES) <= set(words)
    assert not any("…" in word for word in words)


def test_a_row_is_shown_with_its_sources(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of any table is found by its name, in any case, and each value stands with basis, age and source."""
    monkeypatch.setenv("COLUMNS", "160")
    show_facts("h100 sxm", today=TODAY)
    said = capsys.readouterr().out
    assert "H100 SXM (accelerators)" in said
    assert "H100 SXM (usable-memory)" in said
    line = next(line for line in said.splitlines() if line.startswith("bandwidth_gb_s"))
    assert line.split()[:3] == ["bandwidth_gb_s", "3350", "published"]
    assert "[1] " in said


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """A name that no table and no row has is an error with the nearest one."""
    with pytest.raises(InputError, match='did you mean "H100 SXM"'):
        show_facts("H100 SMX")
