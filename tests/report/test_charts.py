"""Charts say what they show, in any language, in the consultant's colours, in a typeface that survives."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kit import wording
from kit.engagement.record import Place
from kit.report import charts, findings
from kit.report.charts.money import CASH_PARTS
from kit.report.drawing import FONT, WIDTH, picture
from kit.report.palette import DEFAULT, branded, painting
from kit.strategy.verdict import StrategyKind, Verdict, WeekPart
from kit.wording import speaking
from tests.report.charting import (
    HOSTILE,
    Stretched,
    boxes,
    full,
    of_workloads,
    overlaps,
    with_overflow,
    without_cloud,
    without_machines,
    words,
)

NAMES = (
    "cash_by_year",
    "cost_against_volume",
    "cost_parts",
    "latency_under_load",
    "load_duration",
    "memory_bar",
    "placement_map",
    "plans_npv",
    "probability_cheapest",
    "throughput",
    "time_to_first_token",
    "tornado",
    "typical_week",
)
SHAPES: dict[str, Callable[[Verdict], Verdict]] = {
    "insurer": full,
    "one workload": lambda verdict: of_workloads(verdict, 1),
    "forty workloads": lambda verdict: of_workloads(verdict, 40),
    "no machines": without_machines,
    "no cloud": without_cloud,
    "little in the cloud": with_overflow,
}


def draw(name: str, verdict: Verdict) -> str:
    """Return a chart of a verdict as SVG."""
    return charts.svg(getattr(charts, name)(verdict))


@pytest.mark.parametrize("name", NAMES)
def test_chart_is_valid_and_titled(verdict, name):
    """A chart passes Vega-Lite's schema, and its first text is a sentence, not a label."""
    chart = getattr(charts, name)(full(verdict))
    spec = chart.to_dict()
    title = " ".join(spec["title"]["text"])
    assert len(title.split()) >= 5
    svg = charts.svg(chart)
    assert title in " ".join(words(svg))
    assert f'width="{WIDTH}"' in svg


@pytest.mark.parametrize("name", NAMES)
def test_chart_names_only_the_embedded_typeface(verdict, name):
    """Every text asks for the typeface that typst embeds, with fall-backs for browsers, and nothing is fetched."""
    svg = draw(name, full(verdict))
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {FONT}
    assert not re.search(r"NaN|undefined|url\(|href=|<image", svg)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("language", ["en", "de", "a longer one"])
def test_no_texts_touch_and_none_leaves_the_picture(verdict, shape, language, monkeypatch):
    """Whatever the verdict, every text has its own place inside the frame."""
    odd = SHAPES[shape](verdict)
    if language == "a longer one":
        monkeypatch.setattr(wording, "catalogue", lambda _: Stretched())
    with speaking(language if language == "en" else "de", odd.messages):
        for name in charts.drawable(odd):
            svg = draw(name, odd)
            height = float(re.search(r'height="([\d.]+)"', svg)[1])
            assert overlaps(svg) == [], name
            out = [b for b in boxes(svg) if b.left < -2 or b.right > WIDTH + 2 or b.top < -1 or b.bottom > height + 1]
            assert out == [], name


def test_hostile_names_stay_text(verdict):
    """A workload's name is shown, cut where it is too long, and never becomes markup."""
    svg = draw("placement_map", of_workloads(verdict, 4))
    shown = words(svg)
    assert "<script>" not in svg
    assert f"{HOSTILE[0]} 0" in shown
    assert "A&B 3" in shown
    assert any(text.startswith("A very long name") and text.endswith("…") for text in shown)


def test_every_axis_of_an_amount_has_its_unit(verdict):
    """Units stand on the axes."""
    assert "thousand € per month" in words(draw("cost_against_volume", verdict))
    assert "million tokens per hour" in words(draw("typical_week", verdict))


def test_axes_count_as_the_language_does(verdict):
    """In German a thousand has a point, a decimal a comma, a percentage a space, and the week German days."""
    whole = full(verdict)
    with speaking("de", whole.messages):
        volume, memory, hours, week = (
            words(draw(name, whole)) for name in ("cost_against_volume", "memory_bar", "load_duration", "typical_week")
        )
    assert "1.000" in volume
    assert "1,000" not in volume
    assert "32,9" in memory
    assert "50\N{NO-BREAK SPACE}%" in hours
    assert {"Montag", "Sonntag"} <= set(week)
    assert {"Monday", "Sunday"} <= set(words(draw("typical_week", whole)))


@pytest.mark.parametrize("name", NAMES)
def test_a_consultants_colours_take_the_place_of_the_kits(verdict, name):
    """With a letterhead's colours no chart holds a colour of the kit's, and each stands where the kit's stood."""
    own = branded("#1f3a93", "#b03a2e")
    kits = {
        getattr(DEFAULT, role) for role in ("own", "rented", "rented_text", "cloud", "cloud_text", "upkeep", "power")
    }
    plain = draw(name, full(verdict))
    with painting(own):
        svg = draw(name, full(verdict))
    assert not kits & set(re.findall(r"#[0-9a-f]{6}", svg))
    for kit_role, code in ((DEFAULT.own, own.own), (DEFAULT.cloud, own.cloud)):
        assert (kit_role in plain) == (code in svg)


def test_drawable_names_what_a_verdict_has_data_for(verdict):
    """What is not named raises an error that says what is missing."""
    assert set(charts.drawable(full(verdict))) == set(NAMES)
    bare = verdict.model_copy(
        update={
            "strategies": verdict.strategies[:1],
            "pools": (),
            "measured_here": None,
            "drivers": (),
            "requirements": (),
            "memory": (),
            "service_curves": (),
        }
    )
    left = charts.drawable(bare)
    gone = {"probability_cheapest", "latency_under_load", "tornado", "placement_map", "memory_bar", "throughput"}
    assert set(left) == set(NAMES) - gone - {"time_to_first_token"}
    for name in sorted(gone):
        with pytest.raises(ValueError, match=rf"{name} cannot be drawn: it needs \w+"):
            getattr(charts, name)(bare)
    idle = verdict.week.model_copy(update=dict.fromkeys(("own", "rented", "api"), (0.0,) * 168))
    assert not {"typical_week", "load_duration"} & set(charts.drawable(bare.model_copy(update={"week": idle})))


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


def test_tornado_keeps_its_notes_in_a_column_of_their_own(verdict):
    """Where an input turns the verdict stands right of the axis, clear of every bar and of its end's text."""
    found = boxes(draw("tornado", full(verdict)))
    notes = [box for box in found if re.match(r"turns at|never|no effect", box.text)]
    ends = [box for box in found if re.search(r"\d ×$|points$", box.text) and box not in notes]
    assert notes
    assert ends
    assert min(box.left for box in notes) > max(box.right for box in ends)


def test_tornado_puts_both_texts_behind_the_bar_where_both_ends_lie_on_one_side(verdict: Verdict):
    """Factors 0.5 and 2 that both raise the saving share one text; an end that moves nothing is opposite."""
    saving = verdict.saving_npv
    driver = verdict.drivers[0].model_copy(
        update={"low": 0.5, "high": 2.0, "saving_low": saving + 3e5, "saving_high": saving + 1e5, "switches_at": None}
    )
    drawn = draw("tornado", verdict.model_copy(update={"drivers": (driver,)}))
    assert [text for text in words(drawn) if "×" in text] == ["0.5 × … 2 ×"]
    still = driver.model_copy(update={"saving_high": saving + 1e-9})
    ends = [box for box in boxes(draw("tornado", verdict.model_copy(update={"drivers": (still,)}))) if "×" in box.text]
    assert [box.text for box in sorted(ends, key=lambda box: box.left)] == ["2 ×", "0.5 ×"]


def test_a_single_plan_is_called_the_plan(verdict: Verdict):
    """Beside a line that is the only one no kind of plan is named."""
    curve = verdict.break_even
    alone = curve.model_copy(
        update={"cost_per_month": {StrategyKind.HYBRID: curve.cost_per_month[StrategyKind.HYBRID]}, "crossings": ()}
    )
    one = verdict.model_copy(update={"strategies": verdict.strategies[:1], "break_even": alone})
    shown = words(draw("cost_against_volume", one))
    assert "The plan" in shown
    assert "Hybrid" not in shown


def test_range_of_a_plan_is_the_records_at_todays_volume(verdict):
    """The band of the cloud plan is its cost per month times p10 and p90 over its net present value."""
    plan = next(plan for plan in verdict.strategies if plan.kind is StrategyKind.CLOUD)
    spec = charts.cost_against_volume(verdict).to_dict(validate=False)
    bands = [layer["data"]["values"] for layer in spec["layer"] if layer["mark"]["type"] == "area"]
    assert len(bands) == 2
    costs = verdict.break_even.cost_per_month[StrategyKind.CLOUD]
    first = next(rows[0] for rows in bands if rows[-1]["y"] == pytest.approx(costs[-1] * plan.npv_p10 / plan.npv / 1e3))
    assert first["y2"] == pytest.approx(costs[0] * plan.npv_p90 / plan.npv / 1e3)


def test_load_duration_names_the_share_of_each_place(verdict):
    """The areas carry the shares of the week that the record holds."""
    part = WeekPart(
        days="week",
        from_hour=0,
        until_hour=24,
        mtok_per_hour=15.0,
        capacity_per_hour=30.0,
        shares={Place.OWN: 0.652, Place.RENTED: 0.0, Place.API: 0.348},
    )
    known = verdict.model_copy(update={"week": verdict.week.model_copy(update={"parts": (part,)})})
    shown = " ".join(words(draw("load_duration", known)))
    assert "own GPUs: 65% of the tokens" in shown
    assert "cloud: 35% of the tokens" in shown


def test_parts_of_a_plans_cost_add_up_to_its_cash(verdict):
    """The bar of each plan is as long as all cash that it pays, resale value apart, to the left of nought."""
    spec = charts.cost_parts(verdict).to_dict(validate=False)
    bars = spec["layer"][0]["data"]["values"]
    assert len({bar["name"] for bar in bars}) == len(verdict.strategies) == 6
    for plan in verdict.strategies:
        mine = [bar for bar in bars if bar["name"].strip("\u200a") == plan.label]
        paid = sum(value for year in plan.cash for name, *_ in CASH_PARTS if (value := getattr(year, name)) > 0)
        assert max(bar["x2"] for bar in mine) == pytest.approx(paid / 1e3)
        assert min(bar["x2"] for bar in mine) == pytest.approx(sum(year.residual for year in plan.cash) / 1e3)


def test_latency_chart_draws_the_limits_of_the_workloads(verdict):
    """A limit is a line with the workload's name; the ends of a curve say how many requests are in flight."""
    shown = words(draw("latency_under_load", full(verdict)))
    first = verdict.placements[0].workload
    assert f"limit of {first}: 0.80 s" in shown
    pool = verdict.pools[0].profile
    loads = [p.concurrency for p in verdict.service_curves if p.profile == pool and p.concurrency]
    assert {str(min(loads)), str(max(loads))} <= set(shown)


def test_demand_and_profile_charts(audit):
    """The notebooks' charts draw the other records."""
    text = words(charts.svg(charts.demand_week(audit.demand)))
    assert all(item.workload in text for item in audit.demand.workloads)
    charts.demand_week(audit.demand).to_dict()
    for profile in audit.profiles:
        chart = charts.service_curve(profile)
        chart.to_dict()
        assert words(charts.svg(chart))


def test_picture_carries_its_alternative_text():
    """A label with markup stays a label."""
    drawn = picture('<svg width="10" height="5"><g/></svg>', label='"><script>')
    assert 'aria-label="&quot;&gt;&lt;script&gt;"' in drawn
    assert 'viewBox="0 0 10 5"' in drawn
