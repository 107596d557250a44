"""Specification of the chart that follows a hand: what stays is sent once, what changes is all that is sent."""

from __future__ import annotations

import pytest

from kit.report.charts.exploring import costs_of_look
from kit.report.drawing import Drawing, at, channel, frame, layer
from kit.report.screen.desk import Desk
from kit.report.screen.live_chart import live_chart, redraw
from kit.strategy.exploring import Look


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk("startup", out=tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def looks(desk: Desk) -> tuple[Look, Look]:
    first = desk.look()
    desk.turn(volume=1.3)
    return first, desk.look()


def drawing(value: float, *, height: float = 100, title: str = "One") -> Drawing:
    """One line of two points, and a point that is always at the same place."""
    rows = [{"x": 0, "y": 0}, {"x": 1, "y": value}]
    layers = [layer(rows, "line", x=channel("x"), y=channel("y")), layer([{}], "point", x=at(3), y=at(4))]
    return frame(layers, title=title, subtitle="Two", height=height, live=True)


def test_frame_and_rows_are_the_whole_chart() -> None:
    chart = live_chart(drawing(2.0))
    whole = drawing(2.0).to_dict()
    again = [{**one, "data": {"values": chart.rows[one["data"]["name"]]}} for one in chart.frame["layer"]]
    assert {**chart.frame, "layer": again} == whole


def test_other_rows_leave_the_frame() -> None:
    """Rows of a line, and the words of a title, also one of two lines."""
    chart = live_chart(drawing(2.0))
    before = chart.frame
    long = "A title that does not fit into one line of the chart, so that it is broken into two of them, and no more"
    redraw(chart, drawing(3.0, title=long))
    assert chart.frame == before
    texts = [row["text"] for rows in chart.rows.values() for row in rows if "text" in row]
    assert " ".join(texts[:-1]) == long
    assert texts[-1] == "Two"
    redraw(chart, drawing(3.0, height=120))
    assert chart.frame["height"] == 120


def test_looks_of_one_client_differ_in_rows_only(looks: tuple[Look, Look]) -> None:
    chart = live_chart(costs_of_look(looks[0]))
    frame, rows = chart.frame, chart.rows
    redraw(chart, costs_of_look(looks[1]))
    assert chart.frame == frame
    assert chart.rows != rows


def test_the_line_of_the_volume_and_the_lines_of_the_plans_are_the_looks(looks: tuple[Look, Look]) -> None:
    look = looks[1]
    chart = live_chart(costs_of_look(look))
    by_mark = [(one["mark"]["type"], chart.rows[one["data"]["name"]]) for one in chart.frame["layer"]]
    (rule,) = [rows for mark, rows in by_mark if mark == "rule"]
    assert rule == [{"x": pytest.approx(look.volume)}]
    lines = [rows for mark, rows in by_mark if mark == "line" and rows]
    divisor = look.plans[0].by_volume[-1] / lines[-1][-1]["y"]
    drawn = [[row["y"] * divisor for row in rows] for rows in lines]
    for plan in look.plans:
        # Lines that lie on one another, within half a percent, are drawn once.
        assert any(
            all(abs(a - b) <= 0.005 * max(a, b) for a, b in zip(plan.by_volume, line, strict=True)) for line in drawn
        )


def test_the_script_asks_nothing_of_anywhere() -> None:
    """All that it needs is in it; Altair's own takes vega-embed from a server."""
    script = live_chart(drawing(1.0))._esm
    assert "vega-lite" in script
    assert "esm.sh" not in script
    assert not [line for line in script.splitlines() if line.startswith("import ")]
