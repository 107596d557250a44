"""Charts of load: who carries the week hour by hour, and what each plan costs as the volume grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit.report.drawing import (
    CLOUD,
    CLOUD_TEXT,
    GREY,
    INK,
    ON_RENTED,
    OWN,
    PAPER,
    RENTED,
    RENTED_TEXT,
    STAFF,
    UPKEEP,
    altair,
    frame,
    spread,
    values,
    words,
)
from kit.report.findings import DAYS, hours_finding, volume_finding, week_finding
from kit.report.words import PLAN_NAMES, amount_unit
from kit.strategy.verdict import StrategyKind, Verdict

_PLACES = (
    ("own", OWN, OWN, PAPER, "own GPUs"),
    ("rented", RENTED, RENTED_TEXT, ON_RENTED, "rented GPUs"),
    ("api", CLOUD, CLOUD_TEXT, PAPER, "cloud"),
)
_PLANS = {
    StrategyKind.HYBRID: (OWN, OWN, 2.6),
    StrategyKind.CLOUD: (CLOUD, CLOUD_TEXT, 1.5),
    StrategyKind.OWN: (UPKEEP, RENTED_TEXT, 1.2),
    StrategyKind.RENTED: (STAFF, GREY, 1.2),
}


def _stack(verdict: Verdict, order: Sequence[int]) -> list[dict[str, Any]]:
    """Return the layers of an area chart, bottom first, the last hour held to its end."""
    week = verdict.week
    rows = []
    for x, hour in enumerate([*order, order[-1]]):
        base = 0.0
        for name, *_ in _PLACES:
            top = base + getattr(week, name)[hour]
            rows.append({"x": x, "place": name, "y": base, "y2": top})
            base = top
    return rows


def _areas(rows: Sequence[dict[str, Any]], x: Any, y: Any) -> list[Any]:
    alt = altair()
    return [
        alt.Chart(values([row for row in rows if row["place"] == name]))
        .mark_area(color=colour, interpolate="step-after")
        .encode(x=x, y=y, y2="y2:Q")
        for name, colour, *_ in _PLACES
        if any(row["y2"] > row["y"] for row in rows if row["place"] == name)
    ]


def typical_week(verdict: Verdict, *, height: int = 122) -> Any:
    """Return the typical week by hour: own, rented and cloud stacked, with the line of what the GPUs carry.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.
    """
    alt = altair()
    rows = _stack(verdict, range(168))
    peak = max(row["y2"] for row in rows)
    # Capacity far above the load is cut off rather than flattening the week.
    top = max(peak, min(max(verdict.week.capacity), 1.6 * peak)) * 1.08
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, 168], nice=False),
        axis=alt.Axis(
            title=None,
            values=[24 * day + 12 for day in range(7)],
            labelExpr=f"{list(DAYS)}[floor(datum.value / 24)]",
            ticks=False,
        ),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, top]), axis=alt.Axis(title="million tokens per hour", tickCount=4))
    layers = [
        *_areas(rows, x, y),
    ]
    if any(verdict.week.capacity):
        held = [*verdict.week.capacity, verdict.week.capacity[-1]]
        line = [{"x": hour, "y": min(value, top)} for hour, value in enumerate(held)]
        layers.append(
            alt.Chart(values(line)).mark_line(color=INK, strokeWidth=0.9, interpolate="step-after").encode(x=x, y=y)
        )
        layers.append(
            words(
                [{"x": 168.8, "y": min(verdict.week.capacity[-1], top), "text": "GPUs can carry"}],
                x=x,
                y=y,
                fontSize=8,
                lineBreak="|",
            )
        )
    layers += _place_labels(rows, x, y)
    return frame(
        alt.layer(*layers),
        title=week_finding(verdict),
        subtitle="Tokens by hour of the typical week, prompt and output, under the recommended plan",
        height=height,
        right=64,
        bottom=16,
    )


def _place_labels(rows: Sequence[dict[str, Any]], x: Any, y: Any, *, step: float = 1.0) -> list[Any]:
    """Return the name of each place, inside its area where that is thickest, else beside the last hour.

    Args:
        rows: the layers of the stack.
        x: the horizontal channel.
        y: the vertical channel.
        step: width of an hour on the horizontal axis.
    """
    top = max(row["y2"] for row in rows)
    found = []
    for name, _, outside, inside, label in _PLACES:
        layer = [row for row in rows if row["place"] == name]
        if all(row["y2"] == row["y"] for row in layer):
            continue
        room, i, part = max(
            (_room(layer, int(len(label) * hours) + 1, 0.11 * top) for hours in (1.2, 0.8)), key=lambda fit: fit[0] > 0
        )
        if room > 0:
            middle = (min(row["y2"] for row in part) + max(row["y"] for row in part)) / 2
            row = {"x": (i + 0.5) * step, "y": middle, "text": label}
            found.append(words([row], x=x, y=y, colour=inside, fontWeight="bold", align="center"))
        else:
            end = layer[-1]
            row = {"x": len(layer) * step, "y": (end["y"] + end["y2"]) / 2, "text": label}
            found.append(words([row], x=x, y=y, colour=outside, fontWeight="bold"))
    return found


def _room(layer: Sequence[dict[str, Any]], half: int, least: float) -> tuple[float, int, Sequence[dict[str, Any]]]:
    """Return the hour where a layer is thickest over ``half`` hours either way, its rows and the room to spare."""
    fits = (
        (min(row["y2"] for row in part) - max(row["y"] for row in part) - least, i, part)
        for i in range(half, len(layer) - half - 1)
        if (part := layer[i - half : i + half + 2])
    )
    return max(fits, key=lambda fit: fit[0])


def load_duration(verdict: Verdict, *, height: int = 92) -> Any:
    """Return the load-duration curve: the hours of the week from the fullest to the emptiest.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.
    """
    alt = altair()
    week = verdict.week
    order = sorted(range(168), key=lambda hour: -(week.own[hour] + week.rented[hour] + week.api[hour]))
    rows = _stack(verdict, order)
    for row in rows:
        row["x"] = row["x"] / 168
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title="share of the hours of a week", format="%"),
    )
    y = alt.Y("y:Q", axis=alt.Axis(title="million tokens per hour", tickCount=4))
    return frame(
        alt.layer(*_areas(rows, x, y), *_place_labels(rows, x, y, step=1 / 168)),
        title=hours_finding(verdict),
        subtitle="Load-duration curve: the hours of the typical week, the fullest first",
        height=height,
        right=22,
    )


def cost_against_volume(verdict: Verdict, *, height: int = 122) -> Any:
    """Return the cost per month of the four plans against the volume, with today's volume and the crossings.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.
    """
    alt = altair()
    curve = verdict.break_even
    top = max(max(costs) for costs in curve.cost_per_month.values())
    divisor, unit = amount_unit(top, verdict.currency)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, curve.million_tokens_per_day[-1]], nice=False),
        axis=alt.Axis(title="million tokens per day, all workloads together", format=",~r", tickCount=8),
    )
    y = alt.Y(
        "y:Q", scale=alt.Scale(domain=[0, top / divisor * 1.05]), axis=alt.Axis(title=f"{unit} per month", tickCount=5)
    )
    layers = [
        alt.Chart(values([{"x": curve.today}])).mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=0.8).encode(x=x),
        words(
            [{"x": curve.today, "y": top / divisor * 1.01, "text": f" today, {curve.today:,.0f} million"}],
            x=x,
            y=y,
            dx=2,
        ),
    ]
    kinds = [kind for kind in reversed(_PLANS) if kind in curve.cost_per_month]
    for kind in kinds:
        colour, _, thick = _PLANS[kind]
        points = zip(curve.million_tokens_per_day, curve.cost_per_month[kind], strict=True)
        rows = [{"x": volume, "y": cost / divisor} for volume, cost in points]
        layers.append(alt.Chart(values(rows)).mark_line(color=colour, strokeWidth=thick).encode(x=x, y=y))
    crossings = [
        {"x": cross.million_tokens_per_day, "y": _cost_at(verdict, cross.below, cross.million_tokens_per_day) / divisor}
        for cross in curve.crossings
    ]
    layers.append(
        alt.Chart(values(crossings))
        .mark_point(fill=PAPER, stroke=INK, size=26, strokeWidth=1, opacity=1)
        .encode(x=x, y=y)
    )
    ends = spread([curve.cost_per_month[kind][-1] / top * height for kind in kinds], gap=10)
    for kind, end in zip(kinds, ends, strict=True):
        row = {"x": curve.million_tokens_per_day[-1], "y": end / height * top / divisor, "text": PLAN_NAMES[kind]}
        weight = "bold" if kind is StrategyKind.HYBRID else "normal"
        layers.append(words([row], x=x, y=y, colour=_PLANS[kind][1], dx=5, fontWeight=weight))
    circles = "; circles: the cheapest of the others changes" if crossings else ""
    return frame(
        alt.layer(*layers),
        title=volume_finding(verdict),
        subtitle=f"Cost per month against volume, all workloads scaled alike{circles}",
        height=height,
        right=64,
    )


def _cost_at(verdict: Verdict, kind: StrategyKind, volume: float) -> float:
    """Return a plan's cost at a volume between the computed ones, on the straight line that the chart draws."""
    xs, ys = verdict.break_even.million_tokens_per_day, verdict.break_even.cost_per_month[kind]
    for i in range(1, len(xs)):
        if volume <= xs[i]:
            return ys[i - 1] + (ys[i] - ys[i - 1]) * (volume - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[-1]
