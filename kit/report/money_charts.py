"""Charts of money: the plans with their ranges, the cash of the years, and what could overturn the verdict."""

from __future__ import annotations

from typing import Any

from kit.report.drawing import (
    CLOUD,
    GREY,
    INK,
    OWN,
    POWER,
    RENTED,
    RULE,
    STAFF,
    UPKEEP,
    WIDTH,
    altair,
    frame,
    spread,
    values,
    words,
)
from kit.report.findings import cash_finding, cheapest_first, plans_finding, tornado_finding
from kit.report.words import amount_unit, change, money
from kit.strategy.verdict import Driver, Verdict

CASH_PARTS: tuple[tuple[str, str, str], ...] = (
    ("capex", "purchase", OWN),
    ("maintenance", "maintenance", UPKEEP),
    ("energy_and_space", "energy and space", POWER),
    ("staff", "staff", STAFF),
    ("move", "moving", GREY),
    ("rent", "rent", RENTED),
    ("api", "cloud", CLOUD),
    ("residual", "resale value", RULE),
)
"""Fields of a year's cash, their names and colours, from the bottom of the stack to its top."""


MOST_BARS = 10
"""Inputs in the tornado: the most influential."""


def plans_npv(verdict: Verdict) -> Any:
    """Return the net present value of the plans with the range from the tenth to the ninetieth percentile."""
    alt = altair()
    plans = cheapest_first(verdict.strategies)
    divisor, unit = amount_unit(max(plan.npv_p90 for plan in plans), verdict.currency)
    rows = [
        {
            "name": plan.label,
            "npv": plan.npv / divisor,
            "low": plan.npv_p10 / divisor,
            "high": plan.npv_p90 / divisor,
            "text": money(plan.npv, verdict.currency),
            "colour": OWN if i == 0 else GREY,
        }
        for i, plan in enumerate(plans)
    ]
    names = [row["name"] for row in rows]
    x = alt.X(
        "npv:Q",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(title=f"{unit}, net present value of all cash out", grid=True, tickCount=8),
    )
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelFontSize=9, labelColor=INK, labelLimit=200))
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(values(rows))
    layers = alt.layer(
        base.mark_rule(strokeWidth=5, opacity=0.35).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=55, opacity=1).encode(x=x, y=y, color=colour),
        base.mark_text(dy=-9, fontSize=8.5, fontWeight="bold").encode(x=x, y=y, text="text:N", color=colour),
    )
    return frame(
        layers,
        title=plans_finding(verdict),
        subtitle="Dot: at the figures taken; bar: from the tenth to the ninetieth percentile of the futures sampled",
        height=20 * len(rows),
        left=182,
    )


def cash_by_year(verdict: Verdict, *, height: int = 104) -> Any:
    """Return the cash of the recommended plan by year, stacked by what it is paid for.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.
    """
    alt = altair()
    plan = verdict.strategies[0]
    parts = [part for part in CASH_PARTS if any(getattr(year, part[0]) for year in plan.cash)]
    out = max(sum(max(getattr(year, name), 0) for name, *_ in parts) for year in plan.cash)
    back = min(sum(min(getattr(year, name), 0) for name, *_ in parts) for year in plan.cash)
    divisor, unit = amount_unit(out, verdict.currency)
    rows: list[dict[str, Any]] = []
    for year in plan.cash:
        up = down = 0.0
        for name, label, colour in parts:
            value = getattr(year, name) / divisor
            start = up if value >= 0 else down
            up, down = up + max(value, 0.0), down + min(value, 0.0)
            when = "start" if year.year == 0 else f"year {year.year}"
            rows.append({"year": when, "y": start, "y2": start + value, "label": label, "colour": colour})
    years = list(dict.fromkeys(row["year"] for row in rows))
    x = alt.X(
        "year:N",
        sort=years,
        scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
        axis=alt.Axis(title=None, labelAngle=0, labelFontSize=9, domain=False, ticks=False),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(domain=[back / divisor * 1.1, out / divisor * 1.05], nice=False),
        axis=alt.Axis(title=unit, tickCount=5),
    )
    last = [row for row in rows if row["year"] == years[-1] and row["y"] != row["y2"]]
    at = spread([(row["y"] + row["y2"]) / 2 for row in last], gap=(out - back) / divisor * 1.15 * 10 / height)
    first = [
        {"year": years[0], "y": row["y2"], "text": row["label"]}
        for row in rows
        if row["year"] == years[0] and row["y"] != row["y2"]
    ]
    labels = [{"year": years[-1], "y": place, "text": row["label"]} for row, place in zip(last, at, strict=True)]
    half = (WIDTH - 38 - 92) / (len(years) + 0.2 - 0.25) * 0.75 / 2
    layers = alt.layer(
        alt.Chart(values(rows)).mark_bar().encode(x=x, y=y, y2="y2:Q", color=alt.Color("colour:N", scale=None)),
        alt.Chart(values([{"y": 0}])).mark_rule(color=INK, strokeWidth=0.8).encode(y=y),
        words(labels, x=x, y=y, dx=half + 5),
        words(first, x=x, y=y, align="center", dy=-6),
    )
    return frame(
        layers,
        title=cash_finding(verdict),
        subtitle="Cash out by year under the recommended plan, not discounted",
        height=height,
        right=92,
        bottom=16,
    )


def tornado(verdict: Verdict) -> Any:
    """Return what each uncertain input does to the saving against the best other plan, the strongest first."""
    alt = altair()
    currency = verdict.currency
    drivers = sorted((driver for driver in verdict.drivers if matters(driver)), key=_span, reverse=True)[:MOST_BARS]
    extremes = [verdict.saving_npv, *(value for d in drivers for value in (d.saving_low, d.saving_high))]
    divisor, unit = amount_unit(max(abs(value) for value in extremes), currency)
    names = [f"{driver.name} ({driver.basis})" for driver in drivers]
    bars, ends, notes = [], [], []
    for name, driver in zip(names, drivers, strict=True):
        none = _span(driver) < 1e-6 * max(abs(verdict.saving_npv), 1.0)
        for at, value in ((driver.low, driver.saving_low), (driver.high, driver.saving_high)):
            if none:
                continue
            right = value > verdict.saving_npv or (value == verdict.saving_npv and at == driver.high)
            bars.append(
                {
                    "name": name,
                    "x": verdict.saving_npv / divisor,
                    "x2": value / divisor,
                    "colour": OWN if value > 0 else CLOUD,
                }
            )
            ends.append({"name": name, "x": value / divisor, "text": change(driver, at), "right": right})
        note = (
            "no effect"
            if none
            else f"turns at {change(driver, driver.switches_at)}"
            if driver.switches_at is not None
            else "never turns it"
        )
        notes.append({"name": name, "x": 0, "text": note})
    low, high = min(0.0, *extremes) / divisor, max(0.0, *extremes) / divisor
    pad = (high - low) * 0.07
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[low - pad, high + pad], nice=False),
        axis=alt.Axis(title=f"{unit} saved against the best other plan, net present value", grid=True, tickCount=8),
    )
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelFontSize=8.5, labelColor=INK, labelLimit=160))
    right_edge = alt.value(WIDTH - 160 - 78)
    layers = [
        alt.Chart(values(bars))
        .mark_bar(height=11)
        .encode(x=x, x2="x2:Q", y=y, color=alt.Color("colour:N", scale=None)),
        alt.Chart(values([{"x": verdict.saving_npv / divisor}])).mark_rule(color=INK, strokeWidth=0.9).encode(x=x),
        words([row for row in ends if row["right"]], x=x, y=y, dx=3, fontSize=8, colour=GREY),
        words([row for row in ends if not row["right"]], x=x, y=y, dx=-3, align="right", fontSize=8, colour=GREY),
        words(notes, x=right_edge, y=y, dx=8),
    ]
    return frame(
        alt.layer(*layers),
        title=tornado_finding(verdict),
        subtitle="Saving when one input is multiplied by the factor at the bar's end; "
        f"line: {money(verdict.saving_npv, currency)} with all as taken",
        height=18 * len(drivers),
        left=160,
        right=78,
    )


def matters(driver: Driver) -> bool:
    """Tell whether an input changes what the plan saves, or turns the verdict anywhere."""
    return driver.switches_at is not None or _span(driver) > 0.5


def _span(driver: Driver) -> float:
    """Return how much a driver moves the saving."""
    return abs(driver.saving_high - driver.saving_low)
