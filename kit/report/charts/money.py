"""Charts of money: the plans with their ranges, what they are paid for, and the cash of the years."""

from __future__ import annotations

from typing import Any

from kit.report.drawing import COLOUR, LABEL_SIZE, WIDTH, Drawing, at, channel, end, frame, key, layer, needs, words
from kit.report.findings import PARTS, cash_finding, cheapest_first, parts_finding, plans_finding, total
from kit.report.findings import matters as matters
from kit.report.lettering import shorten, width_of, within
from kit.report.palette import painted, type_on
from kit.report.words import amount_unit, called, decimal, money
from kit.strategy.verdict import Verdict
from kit.wording import fixed, retell, say

CASH_PARTS: tuple[tuple[str, str, str], ...] = tuple(
    (name, PARTS[name], role)
    for name, role in (
        ("capex", "own"),
        ("maintenance", "upkeep"),
        ("energy_and_space", "power"),
        ("staff", "staff"),
        ("move", "grey"),
        ("rent", "rented"),
        ("api", "cloud"),
        ("residual", "rule"),
    )
)
"""Fields of a year's cash, their names and the roles of their colours, from the bottom of the stack to its top."""

_Row = dict[str, Any]
_LEFT = 38
_NAMES = 182
"""Room for the plans' names in pixels."""


def plan_rows(verdict: Verdict) -> tuple[list[str], dict[str, str]]:
    """Return the plans' names as axes have them, no two alike, the recommended one first, and each by its kind."""
    names: dict[str, str] = {}
    for plan in cheapest_first(verdict.strategies):
        name = shorten(called(verdict, plan), _NAMES - 12, 9)
        while name in names.values():
            name += "\u200a"
        names[plan.kind] = name
    return list(names.values()), names


def names_axis(names: list[str]) -> dict[str, Any]:
    """Return the vertical channel of a chart with a row for each name."""
    axis = {"title": None, "labelFontSize": 9, "labelColor": painted().ink}
    return channel("name", kind="nominal", sort=names, axis=axis)


@needs(lambda verdict: bool(verdict.strategies), fixed("a plan"))
def plans_npv(verdict: Verdict) -> Drawing:
    """Return the net present value of the plans with the range from the tenth to the ninetieth percentile.

    Raises:
        ValueError: there is no plan.
    """
    plans, colours = cheapest_first(verdict.strategies), painted()
    divisor, unit = amount_unit(max(plan.npv_p90 for plan in plans), verdict.currency)
    names, by_kind = plan_rows(verdict)
    rows = [
        {
            "name": by_kind[plan.kind],
            "npv": plan.npv / divisor,
            "low": plan.npv_p10 / divisor,
            "high": plan.npv_p90 / divisor,
            "text": money(plan.npv, verdict.currency),
            "colour": (colours.own if mark else colours.own_text) if i == 0 else colours.grey,
            "mark": mark,
        }
        for i, plan in enumerate(plans)
        for mark in (True, False)
    ]
    axis = {
        "title": say("{unit}, net present value of all cash out", unit=unit),
        "grid": True,
        "tickCount": 8,
        "format": ",~r",
    }
    x, low = channel("npv", scale={"zero": True}, axis=axis), channel("low")
    y, marks = names_axis(names), [row for row in rows if row["mark"]]
    text = channel("text", kind="nominal")
    typed = {"dy": -9, "fontSize": 8.5, "fontWeight": "bold"}
    return frame(
        [
            layer(marks, "rule", x=low, y=y, x2=end("high"), color=COLOUR, strokeWidth=5, opacity=0.35),
            layer(marks, "point", x=x, y=y, color=COLOUR, filled=True, size=55, opacity=1),
            layer([row for row in rows if not row["mark"]], "text", x=x, y=y, color=COLOUR, text=text, **typed),
        ],
        title=plans_finding(verdict),
        subtitle=say(
            "Dot: at the figures taken; bar: from the tenth to the ninetieth percentile of the futures sampled"
        ),
        height=22 * len(names),
        left=_NAMES,
    )


@needs(
    lambda verdict: any(any(total(p, part) for part in PARTS) for p in verdict.strategies), fixed("a plan with cash")
)
def cost_parts(verdict: Verdict) -> Drawing:
    """Return what each plan is paid for over the horizon: undiscounted cash by part, with the net present value beside.

    Raises:
        ValueError: no plan has any cash.
    """
    plans, colours = cheapest_first(verdict.strategies), painted()
    names, by_kind = plan_rows(verdict)
    parts = [(name, retell(label), getattr(colours, role)) for name, label, role in CASH_PARTS]
    parts = [part for part in parts if any(total(plan, part[0]) for plan in plans)]
    rows: list[dict[str, Any]] = []
    sums: list[_Row] = []
    most = least = 0.0
    for plan in plans:
        up = down = 0.0
        for name, _, colour in parts:
            value = total(plan, name)
            start = up if value >= 0 else down
            up, down = up + max(value, 0.0), down + min(value, 0.0)
            if value:
                rows.append({"name": by_kind[plan.kind], "x": start, "x2": start + value, "colour": colour})
        most, least = max(most, up), min(least, down)
        sums.append({"name": by_kind[plan.kind], "x": up, "text": money(plan.npv, verdict.currency)})
    divisor, unit = amount_unit(most, verdict.currency)
    for row in (*rows, *sums):
        row |= {end: row[end] / divisor for end in ("x", "x2") if end in row}
    right = int(max(width_of(row["text"], 8.5, bold=True) for row in sums)) + 12
    axis = {"title": unit, "grid": True, "tickCount": 7, "format": ",~r"}
    domain = [least / divisor * 1.05, most / divisor * 1.01]
    x, y = channel("x", scale={"domain": domain, "nice": False}, axis=axis), names_axis(names)
    return frame(
        [
            layer(rows, "bar", x=x, y=y, x2=end("x2"), color=COLOUR, height=11),
            layer([{"x": 0}], "rule", x=x, y=None, color=colours.ink, strokeWidth=0.8),
            words(sums, x=x, y=y, dx=5, fontWeight="bold"),
            *key([(label, colour) for _, label, colour in parts], left=6 - _NAMES),
        ],
        title=parts_finding(verdict),
        subtitle=say(
            "Cash over {years} years by what it is for, not discounted; figure: net present value",
            years=decimal(verdict.horizon_years, 0 if verdict.horizon_years == int(verdict.horizon_years) else 1),
        ),
        height=18 * len(names),
        left=_NAMES,
        right=right,
        keyed=True,
    )


@needs(
    lambda verdict: bool(verdict.strategies) and len(verdict.strategies[0].cash) > 1,
    fixed("the recommended plan's cash of at least a year"),
)
def cash_by_year(verdict: Verdict, *, height: int = 104) -> Drawing:
    """Return the cash of the recommended plan by year, stacked by what it is paid for.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.

    Raises:
        ValueError: there is no cash.
    """
    plan, colours = verdict.strategies[0], painted()
    parts = [part for part in CASH_PARTS if any(getattr(year, part[0]) for year in plan.cash)]
    out = max(sum(max(getattr(year, name), 0) for name, *_ in parts) for year in plan.cash)
    back = min(sum(min(getattr(year, name), 0) for name, *_ in parts) for year in plan.cash)
    divisor, unit = amount_unit(out, verdict.currency)
    rows: list[_Row] = []
    for year in plan.cash:
        up = down = 0.0
        for name, label, role in parts:
            value = getattr(year, name) / divisor
            start = up if value >= 0 else down
            up, down = up + max(value, 0.0), down + min(value, 0.0)
            when = say("start") if year.year == 0 else say("year {year}", year=decimal(year.year))
            row = {"year": when, "y": start, "y2": start + value, "label": retell(label)}
            rows.append({**row, "colour": getattr(colours, role)})
    years = list(dict.fromkeys(row["year"] for row in rows))
    x = channel(
        "year",
        kind="nominal",
        sort=years,
        scale={"paddingInner": 0.25, "paddingOuter": 0.05},
        axis={"title": None, "labelAngle": 0, "labelFontSize": 9, "domain": False, "ticks": False},
    )
    # Parts of the first bar that are too thin for their name have it on top.
    thin = sum(0 < row["y2"] - row["y"] < out / divisor * 0.12 for row in rows if row["year"] == years[0])
    low, high = back / divisor * 1.1, out / divisor * (1.05 + 0.12 * thin)
    y = channel(
        "y", scale={"domain": [low, high], "nice": False}, axis={"title": unit, "tickCount": 5, "format": ",~r"}
    )
    right = int(max(width_of(row["label"], 8.5) for row in rows)) + 14
    layers = [
        layer(rows, "bar", x=x, y=y, y2=end("y2"), color=COLOUR),
        layer([{"y": 0}], "rule", x=None, y=y, color=colours.ink, strokeWidth=0.8),
        *_part_labels(rows, years, x, y, per_pixel=(high - low) / height, bounds=(low, high), right=right),
    ]
    return frame(
        layers,
        title=cash_finding(verdict),
        subtitle=say("Cash out by year under the recommended plan, not discounted"),
        height=height,
        right=right,
        bottom=16,
    )


def _part_labels(
    rows: list[_Row], years: list[str], x: Any, y: Any, *, per_pixel: float, bounds: tuple[float, float], right: int
) -> list[Any]:
    """Return the names of the parts: beside the last bar, and in or on the first one for those that are only there."""
    gap = 10 * per_pixel
    low, high = bounds
    last = [row for row in rows if row["year"] == years[-1] and row["y"] != row["y2"]]
    places = within([(row["y"] + row["y2"]) / 2 for row in last], low + gap / 2, high - gap / 2, gap=gap)
    beside = [{"y": place, "text": row["label"]} for row, place in zip(last, places, strict=True)]
    bar = (WIDTH - _LEFT - right) / (len(years) + 0.1 - 0.25) * 0.75
    found = [words(beside, x=at(WIDTH - _LEFT - right + 3), y=y)]
    known, above = {row["label"] for row in last}, max(row["y2"] for row in rows if row["year"] == years[0])
    for row in (row for row in rows if row["year"] == years[0] and row["y"] < row["y2"] and row["label"] not in known):
        text = shorten(row["label"], bar - 4, LABEL_SIZE)
        if row["y2"] - row["y"] >= gap:
            label = {"year": years[0], "y": (row["y"] + row["y2"]) / 2, "text": text}
            found.append(words([label], x=x, y=y, align="center", colour=type_on(row["colour"])))
        else:
            above += gap * 0.7
            found.append(words([{"year": years[0], "y": above, "text": text}], x=x, y=y, align="center"))
            above += gap * 0.3
    return found
