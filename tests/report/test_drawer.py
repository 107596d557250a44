"""Specification of the process that draws: the same pictures, whoever draws them, and nothing left of it."""

from __future__ import annotations

import psutil
import pytest

from kit.report import drawer
from kit.report.charts import tornado
from kit.report.drawer import drawing_ahead, drawn
from kit.strategy.verdict import Verdict


def children() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if drawer.__file__ in child.cmdline()}


def test_it_draws_the_same_picture(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the process and here; there it is drawn by the process indeed."""
    spec = tornado(verdict).spec
    here = drawn(spec)
    with drawing_ahead():
        (process,) = children()
        with monkeypatch.context() as patch:
            patch.setattr(drawer, "_draw", lambda *_: pytest.fail("drawn here"))
            assert drawn(spec) == here
    assert not process.is_running()
    assert children() == set()


def test_numbers_are_written_as_asked(verdict: Verdict) -> None:
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": [{"x": 0}, {"x": 20000}]},
        "mark": "point",
        "encoding": {"x": {"field": "x", "type": "quantitative", "axis": {"format": ",.0f"}}},
    }
    german = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", ""]}
    with drawing_ahead():
        assert ">20.000<" in drawn(spec, german)
        assert ">20,000<" in drawn(spec)


def test_where_it_dies_the_picture_is_drawn_all_the_same(verdict: Verdict) -> None:
    spec = tornado(verdict).spec
    here = drawn(spec)
    with drawing_ahead():
        (process,) = children()
        process.kill()
        process.wait()
        assert drawn(spec) == here


def test_what_cannot_be_drawn_is_an_error() -> None:
    with drawing_ahead(), pytest.raises(ValueError, match="Vega"):
        drawn({"mark": 3})
