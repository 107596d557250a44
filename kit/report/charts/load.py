"""Charts of load: who carries the week hour by hour, and its hours from the fullest to the emptiest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.engagement.record import Place
from kit.report.drawing import WIDTH, Drawing, at, channel, day_names, frame, layer, needs, words
from kit.report.findings import hours_finding, week_finding
from kit.report.lettering import width_of, within, wrap
from kit.report.palette import painted
from kit.report.words import PLACE_NAMES, number, percent
from kit.strategy.verdict import Verdict
from kit.wording import fixed, retell, say

HOURS = 168
MOST_HEADROOM = 3.0
"""Capacity is drawn up to so many times the peak of the load."""
_LEFT = 38
_NARROW, _WIDE = 22, 68
"""Room beside the plot in pixels: without labels there, and with some."""
_INSIDE = 10.0
"""Height in pixels that a label needs inside an area."""


@dataclass(frozen=True)
class _Band:
    """The part of one place in a stack: its name, colours, and bottom and top at each step; the last step held."""

    name: str
    fill: str
    outside: str
    inside: str
    low: tuple[float, ...]
    high: tuple[float, ...]


def has_load(verdict: Verdict) -> bool:
    """Tell whether anything is served in the typical week."""
    return any(any(flow) for flow in (verdict.week.own, verdict.week.rented, verdict.week.api))


def _bands(verdict: Verdict, order: Sequence[int], *, shares: bool = False) -> list[_Band]:
    """Return the stack of those places that serve anything, the lowest first."""
    week, colours = verdict.week, painted()
    whole = next((part for part in week.parts if part.days == "week"), None)
    base = [0.0] * (len(order) + 1)
    found = []
    for place, (flow, fill, outside, inside) in {
        Place.OWN: (week.own, colours.own, colours.own_text, colours.on_own),
        Place.RENTED: (week.rented, colours.rented, colours.rented_text, colours.on_rented),
        Place.API: (week.api, colours.cloud, colours.cloud_text, colours.on_cloud),
    }.items():
        if not any(flow):
            continue
        top = [low + flow[hour] for low, hour in zip(base, [*order, order[-1]], strict=True)]
        name = retell(PLACE_NAMES[place])
        if shares and whole is not None:
            name = say("{place}: {share} of the tokens", place=name, share=percent(whole.shares[place]))
        found.append(_Band(name, fill, outside, inside, tuple(base), tuple(top)))
        base = top
    return found


def _areas(bands: Sequence[_Band], x: Any, y: Any, *, step: float = 1.0) -> list[Any]:
    return [
        layer(
            [{"x": i * step, "y": low, "y2": high} for i, (low, high) in enumerate(zip(b.low, b.high, strict=True))],
            "area",
            x=x,
            y=y,
            y2={"field": "y2"},
            color=b.fill,
            interpolate="step-after",
        )
        for b in bands
    ]


@dataclass(frozen=True)
class _Label:
    """A text beside the last hour, and the height at which it would like to stand, in the unit of the axis."""

    text: str
    at: float
    colour: str
    weight: str = "bold"


def _spots(bands: Sequence[_Band], *, top: float, height: int, right: int) -> list[tuple[int, float] | None]:
    """Return where the name of each place has room inside its area, as hour and height; ``None`` where it has none."""
    per_hour = (WIDTH - _LEFT - right) / HOURS
    return [
        _room(band, int(width_of(band.name, 8.5, bold=True) / per_hour / 2) + 2, top * _INSIDE / height)
        for band in bands
    ]


def _inside(
    bands: Sequence[_Band], spots: Sequence[tuple[int, float] | None], x: Any, y: Any, step: float
) -> list[Any]:
    """Return the names of those places whose areas have room for them."""
    return [
        words(
            [{"x": (spot[0] + 0.5) * step, "y": spot[1], "text": band.name}],
            x=x,
            y=y,
            colour=band.inside,
            fontWeight="bold",
            align="center",
        )
        for band, spot in zip(bands, spots, strict=True)
        if spot is not None
    ]


def _left_out(bands: Sequence[_Band], spots: Sequence[tuple[int, float] | None]) -> list[_Label]:
    """Return the names of the other places, to stand beside their ends."""
    return [
        _Label(band.name, (band.low[-1] + band.high[-1]) / 2, band.outside)
        for band, spot in zip(bands, spots, strict=True)
        if spot is None
    ]


def _beside(labels: Sequence[_Label], y: Any, *, top: float, height: int, right: int) -> list[Any]:
    """Return labels beside the last hour, in as many lines as they need, moved apart by the least."""
    lines = [wrap(label.text, right - 8, 8.5, bold=label.weight == "bold") for label in labels]
    gap = 1.0 + 10.0 * max((len(line) for line in lines), default=1)
    places = within([label.at / top * height for label in labels], gap / 2, height, gap=gap)
    rows = [{"y": place / height * top, "text": "\n".join(line)} for line, place in zip(lines, places, strict=True)]
    return [
        words(
            [row],
            x=at(WIDTH - _LEFT - right + 5),
            y=y,
            colour=label.colour,
            fontWeight=label.weight,
            lineBreak="\n",
            lineHeight=10,
            dy=-5 * (len(line) - 1),
        )
        for label, line, row in zip(labels, lines, rows, strict=True)
    ]


def _room(band: _Band, half: int, least: float) -> tuple[int, float] | None:
    """Return the hour where a band is thickest over ``half`` hours either way, and its middle, if there is room."""
    best: tuple[float, int, float] | None = None
    for i in range(half, len(band.low) - half - 1):
        low, high = max(band.low[i - half : i + half + 2]), min(band.high[i - half : i + half + 2])
        if high - low >= least and (best is None or high - low > best[0]):
            best = (high - low, i, (low + high) / 2)
    return best[1:] if best else None


@needs(has_load, fixed("a week with some load"))
def typical_week(verdict: Verdict, *, height: int = 122) -> Drawing:
    """Return the typical week by hour: own, rented and cloud stacked, with the line of what the GPUs carry.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.

    Raises:
        ValueError: there is no load.
    """
    bands, right = _bands(verdict, range(HOURS)), _WIDE
    peak, capacity = max(bands[-1].high), verdict.week.capacity
    # Capacity far above the load is cut off rather than flattening the week, and then said.
    top = max(peak, min(max(capacity), MOST_HEADROOM * peak)) * 1.08
    axis = {
        "title": None,
        "values": [24 * day + 12 for day in range(7)],
        "labelExpr": f"{json.dumps(day_names())}[floor(datum.value / 24)]",
        "ticks": False,
    }
    x = channel("x", scale={"domain": [0, HOURS], "nice": False}, axis=axis)
    y = channel("y", scale={"domain": [0, top]}, axis={"title": say("million tokens per hour"), "tickCount": 4})
    layers = _areas(bands, x, y)
    spots = _spots(bands, top=top, height=height, right=right)
    labels = _left_out(bands, spots)
    if any(capacity):
        ink = painted().ink
        line = [{"x": hour, "y": min(value, top)} for hour, value in enumerate([*capacity, capacity[-1]])]
        layers.append(layer(line, "line", x=x, y=y, color=ink, strokeWidth=0.9, interpolate="step-after"))
        carried = say("GPUs can carry")
        if min(capacity) > top:
            carried = say("GPUs can carry {least}", least=number(min(capacity)))
        labels.append(_Label(carried, min(capacity[-1], top), ink, "normal"))
    layers += _inside(bands, spots, x, y, 1.0)
    layers += _beside(labels, y, top=top, height=height, right=right)
    return frame(
        layers,
        title=week_finding(verdict),
        subtitle=say("Tokens by hour of the typical week, prompt and output, under the recommended plan"),
        height=height,
        left=_LEFT,
        right=right,
        bottom=16,
    )


@needs(has_load, fixed("a week with some load"))
def load_duration(verdict: Verdict, *, height: int = 104) -> Drawing:
    """Return the load-duration curve: the hours of the week from the fullest to the emptiest, with the machines' line.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.

    Raises:
        ValueError: there is no load.
    """
    week, colours = verdict.week, painted()
    order = sorted(range(HOURS), key=lambda hour: -(week.own[hour] + week.rented[hour] + week.api[hour]))
    bands = _bands(verdict, order, shares=True)
    peak, step = max(bands[-1].high), 1 / HOURS
    # A mean, since the capacity for a mix of requests differs from hour to hour and the hours are out of order here.
    carried = _mean_capacity(verdict)
    line = carried is not None and carried <= 1.6 * peak
    top = max(peak, carried if carried is not None and line else 0.0) * 1.1
    x = channel(
        "x",
        scale={"domain": [0, 1], "nice": False},
        axis={"title": say("share of the hours of a week"), "format": "%"},
    )
    y = channel("y", scale={"domain": [0, top]}, axis={"title": say("million tokens per hour"), "tickCount": 4})
    layers = _areas(bands, x, y, step=step)
    if line:
        name = {"x": 1, "y": carried, "text": say("what the GPUs can carry, mean of the week")}
        layers.append(layer([{"y": carried}], "rule", x=None, y=y, color=colours.ink, strokeWidth=0.9))
        layers.append(words([name], x=x, y=y, align="right", dy=-6, fontSize=8))
    right = _WIDE if None in _spots(bands, top=top, height=height, right=_NARROW) else _NARROW
    spots = _spots(bands, top=top, height=height, right=right)
    labels = _left_out(bands, spots)
    layers += _inside(bands, spots, x, y, step)
    layers += _beside(labels, y, top=top, height=height, right=right)
    return frame(
        layers,
        title=hours_finding(verdict),
        subtitle=say("Load-duration curve: the hours of the typical week, the fullest first"),
        height=height,
        left=_LEFT,
        right=right,
    )


def _mean_capacity(verdict: Verdict) -> float | None:
    """Return what the machines can carry in the mean hour; ``None`` without machines."""
    capacity = verdict.week.capacity
    return sum(capacity) / len(capacity) if any(capacity) else None
