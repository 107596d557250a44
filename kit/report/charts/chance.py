"""Charts of chance: what each input does to the saving, and in how many futures each plan is the cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit.report.charts.money import names_axis, plan_rows
from kit.report.drawing import COLOUR, WIDTH, Drawing, at, channel, end, frame, layer, needs, with_basis, words
from kit.report.findings import chance_finding, cheapest_first, matters, tornado_finding
from kit.report.lettering import width_of
from kit.report.palette import painted
from kit.report.words import amount_unit, change, money, percent
from kit.strategy.verdict import Driver, Verdict
from kit.wording import fixed, say

MOST_BARS = 10
"""Inputs in the tornado: the most influential."""

_NAMES = 176
"""Room for the inputs' names in pixels."""


def _span(driver: Driver) -> float:
    """Return how much a driver moves the saving."""
    return abs(driver.saving_high - driver.saving_low)


@needs(lambda verdict: any(matters(driver) for driver in verdict.drivers), fixed("an input that changes the saving"))
def tornado(verdict: Verdict) -> Drawing:
    """Return what each uncertain input does to the saving against the best other plan, the strongest first.

    Raises:
        ValueError: no input changes the saving.
    """
    colours, saving = painted(), verdict.saving_npv
    drivers = sorted((driver for driver in verdict.drivers if matters(driver)), key=_span, reverse=True)[:MOST_BARS]
    extremes = [0.0, saving, *(value for d in drivers for value in (d.saving_low, d.saving_high))]
    divisor, unit = amount_unit(max(abs(value) for value in extremes), verdict.currency)
    names = _driver_names(drivers)
    notes = [{"name": name, "text": _note(driver, saving)} for name, driver in zip(names, drivers, strict=True)]
    right = int(max(width_of(row["text"], 8.5) for row in notes)) + 14
    bars, ends = _bars(drivers, names, saving, divisor)
    x = channel(
        "x",
        scale={"domain": _domain(ends, [value / divisor for value in extremes], WIDTH - _NAMES - right), "nice": False},
        axis={
            "title": say("{unit} saved against the best other plan, net present value", unit=unit),
            "grid": True,
            "tickCount": 7,
            "format": ",~r",
        },
    )
    y = names_axis(names)
    return frame(
        [
            layer(bars, "bar", x=x, y=y, x2=end("x2"), color=COLOUR, height=11),
            layer([{"x": saving / divisor}], "rule", x=x, y=None, color=colours.ink, strokeWidth=0.9),
            words([row for row in ends if row["right"]], x=x, y=y, colour=colours.grey, fontSize=8, dx=3),
            words([r for r in ends if not r["right"]], x=x, y=y, colour=colours.grey, fontSize=8, dx=-3, align="right"),
            words(notes, x=at(WIDTH - _NAMES - right), y=y, dx=9),
        ],
        title=tornado_finding(verdict),
        subtitle=say(
            "Saving when one input is multiplied by the factor at the bar's end; line: {saving} with all as taken",
            saving=money(saving, verdict.currency),
        ),
        height=18 * len(drivers),
        left=_NAMES,
        right=right,
    )


def _driver_names(drivers: Sequence[Driver]) -> list[str]:
    """Return the inputs as the axis has them, with their basis, no two alike."""
    names: list[str] = []
    for driver in drivers:
        name = str(with_basis(driver.name, driver.basis, _NAMES - 10, size=9))
        while name in names:
            name += "\u200a"
        names.append(name)
    return names


def _flat(driver: Driver, saving: float) -> bool:
    return not _moves(saving + _span(driver), saving)


def _moves(value: float, saving: float) -> bool:
    return abs(value - saving) >= 1e-6 * max(abs(saving), 1.0)


def _note(driver: Driver, saving: float) -> str:
    """Return where an input turns the verdict."""
    if driver.switches_at is not None:
        return say("turns at {change}", change=change(driver, driver.switches_at))
    return say("no effect") if _flat(driver, saving) else say("never turns it")


def _bars(
    drivers: Sequence[Driver], names: Sequence[str], saving: float, divisor: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the bars from the saving to what an input makes of it, and the texts at their ends."""
    colours = painted()
    bars, ends = [], []
    for name, driver in zip(names, drivers, strict=True):
        if _flat(driver, saving):
            continue
        low, high = driver.saving_low, driver.saving_high
        for factor, value, other in ((driver.low, low, high), (driver.high, high, low)):
            right = value > saving if _moves(value, saving) else other <= saving  # opposite where it moves nothing
            colour = colours.own if value > 0 else colours.cloud
            bars.append({"name": name, "x": saving / divisor, "x2": value / divisor, "colour": colour})
            ends.append({"name": name, "x": value / divisor, "text": change(driver, factor), "right": right})
        if ends[-2]["right"] == ends[-1]["right"]:
            ends[-2:] = [_together(ends[-2], ends[-1])]
    return bars, ends


def _together(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    """Return one text for two ends on the same side of the line, where two would be over each other."""
    outer = (max if low["right"] else min)(low, high, key=lambda row: row["x"])
    return outer | {"text": say("{low} … {high}", low=low["text"], high=high["text"])}


def _domain(ends: Sequence[dict[str, Any]], extremes: Sequence[float], pixels: float) -> list[float]:
    """Return the range of the axis in which every text at a bar's end stays inside the plot."""
    low, high = min(extremes), max(extremes)
    for _ in range(20):
        unit = (high - low) / pixels or 1.0
        reach = [(row["x"], (width_of(row["text"], 8) + 8) * unit, row["right"]) for row in ends]
        low = min([low, *(x - width for x, width, right in reach if not right)])
        high = max([high, *(x + width for x, width, right in reach if right)])
    return [low, high]


@needs(lambda verdict: len(verdict.strategies) > 1 and verdict.samples > 0, fixed("two plans and sampled futures"))
def probability_cheapest(verdict: Verdict) -> Drawing:
    """Return in which share of the futures each plan is the cheapest.

    Raises:
        ValueError: there is one plan only, or nothing was sampled.
    """
    plans, colours = cheapest_first(verdict.strategies), painted()
    names, by_kind = plan_rows(verdict)
    rows = [
        {
            "name": by_kind[plan.kind],
            "x": plan.p_cheapest,
            "colour": colours.own if i == 0 else colours.staff,
            "text": say("breaks rules") if plan.breaks else percent(plan.p_cheapest),
        }
        for i, plan in enumerate(plans)
    ]
    axis = {"title": say("share of the futures sampled"), "grid": True, "tickCount": 5, "format": "%"}
    x, y = channel("x", scale={"domain": [0, 1], "nice": False}, axis=axis), names_axis(names)
    return frame(
        [
            layer([row | {"zero": 0} for row in rows], "bar", x=x, y=y, x2=end("zero"), color=COLOUR, height=10),
            words(rows[:1], x=x, y=y, dx=4, fontWeight="bold", colour=colours.own_text),
            words(rows[1:], x=x, y=y, dx=4),
        ],
        title=chance_finding(verdict),
        subtitle=say("Share of futures in which no other plan is cheaper; plans that cost the same count both"),
        height=16 * len(names),
        left=182,
        right=34,
    )
