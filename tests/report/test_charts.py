"""Charts say what they show, in a typeface that survives."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from kit.report import charts, findings
from kit.report.drawing import FONT, WIDTH, picture, spread
from kit.strategy.verdict import Verdict

NAMES = (
    "cash_by_year",
    "cost_against_volume",
    "load_duration",
    "plans_npv",
    "throughput",
    "time_to_first_token",
    "tornado",
    "typical_week",
)


def words(svg: str) -> list[str]:
    """Return the texts of an SVG."""
    return [
        " ".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_chart_is_valid_and_titled(verdict, name):
    """A chart passes Vega-Lite's schema, and its first text is a sentence, not a label."""
    chart = getattr(charts, name)(verdict)
    spec = chart.to_dict()
    assert len(" ".join(spec["title"]["text"]).split()) >= 5
    svg = charts.svg(chart)
    assert " ".join(spec["title"]["text"]) in " ".join(words(svg))
    assert f'width="{WIDTH}"' in svg


@pytest.mark.parametrize("name", NAMES)
def test_chart_names_only_the_embedded_typeface(verdict, name):
    """Every text asks for the typeface that typst embeds, with fall-backs for browsers."""
    svg = charts.svg(getattr(charts, name)(verdict))
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {FONT}
    assert "NaN" not in svg
    assert "undefined" not in svg


def test_every_axis_of_an_amount_has_its_unit(verdict):
    """Units stand on the axes."""
    assert "thousand € per month" in words(charts.svg(charts.cost_against_volume(verdict)))
    assert "million tokens per hour" in words(charts.svg(charts.typical_week(verdict)))


def test_title_follows_the_record(verdict: Verdict):
    """The finding is computed: with nothing in the cloud the title says so."""
    quiet = verdict.week.model_copy(update={"api": (0.0,) * 168})
    assert "nothing goes to the cloud" in findings.week_finding(verdict.model_copy(update={"week": quiet}))
    away = quiet.model_copy(update={"own": (0.0,) * 168, "rented": (0.0,) * 168, "api": (1.0,) * 168})
    assert findings.week_finding(verdict.model_copy(update={"week": away})) == "The cloud carries the whole week"


def test_tornado_warns_of_an_input_that_overturns(verdict: Verdict):
    """A switch inside the range of an input is said in the title."""
    driver = verdict.drivers[0].model_copy(update={"low": 0.5, "high": 2.0, "switches_at": 1.25})
    title = findings.tornado_finding(verdict.model_copy(update={"drivers": (driver,)}))
    assert title == (
        f"Within its range, one input alone can overturn the verdict: {driver.name} at 1.2 times what was taken"
    )


def test_demand_and_profile_charts(audit):
    """The notebooks' charts draw the other records."""
    text = words(charts.svg(charts.demand_week(audit.demand)))
    assert all(item.workload in text for item in audit.demand.workloads)
    charts.demand_week(audit.demand).to_dict()
    for profile in audit.profiles:
        chart = charts.service_curve(profile)
        chart.to_dict()
        assert words(charts.svg(chart))


def test_spread_moves_labels_apart_by_the_least():
    """Worked by hand: 0 and 1 with a gap of 4 go to -1.5 and 2.5; 20 stays; the order of the input is kept."""
    assert spread([1, 20, 0], gap=4) == [2.5, 20, -1.5]
    assert spread([], gap=4) == []


def test_picture_carries_its_alternative_text():
    """A label with markup stays a label."""
    drawn = picture('<svg width="10" height="5"><g/></svg>', label='"><script>')
    assert 'aria-label="&quot;&gt;&lt;script&gt;"' in drawn
    assert 'viewBox="0 0 10 5"' in drawn
