"""Charts of demand: the week of each workload, its load-duration curve, and how long its requests are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kit.demand.record import Demand, Quantiles, WorkloadDemand
from kit.report.drawing import WIDTH, Drawing, at, channel, day_names, end, frame, layer, words
from kit.report.lettering import shorten, width_of, within
from kit.report.palette import painted
from kit.report.words import BASES, number, percent
from kit.wording import retell, say

_NAMES = 108.0
"""Most room for a workload's name in pixels."""


def demand_week(demand: Demand) -> Drawing:
    """Return the typical week of each workload, one above the other, each to its own peak."""
    row, colours, count = 38, painted(), len(demand.workloads)
    names = [shorten(item.workload, _NAMES, 8.5) for item in demand.workloads]
    notes = [say("peak {times} × mean", times=number(item.shape.value)) for item in demand.workloads]
    left = int(max(width_of(name, 8.5) for name in names)) + 14
    right = int(max(width_of(note, 8) for note in notes)) + 12
    axis = {
        "title": None,
        "values": [24 * day + 12 for day in range(7)],
        "labelExpr": f"{json.dumps(day_names())}[floor(datum.value / 24)]",
        "ticks": False,
    }
    x = channel("x", scale={"domain": [0, 168], "nice": False}, axis=axis)
    y = channel("y", scale={"domain": [0, count]}, axis=None)
    layers: list[Any] = []
    for i, item in enumerate(demand.workloads):
        peak, base = max(item.requests_per_hour) or 1.0, count - 1 - i
        line = [*item.requests_per_hour, item.requests_per_hour[-1]]
        rows = [{"x": hour, "y": base, "y2": base + 0.8 * value / peak} for hour, value in enumerate(line)]
        colour = colours.cloud if item.deferrable else colours.own
        layers.append(layer(rows, "area", x=x, y=y, y2=end("y2"), color=colour, interpolate="step-after"))
    middle = [{"y": count - 1 - i + 0.4, "text": name} for i, name in enumerate(names)]
    peaks = [{"y": count - 1 - i + 0.4, "text": note} for i, note in enumerate(notes)]
    layers.append(words(middle, x=at(-6), y=y, align="right"))
    layers.append(words(peaks, x=at(WIDTH - left - right + 6), y=y, colour=colours.grey, fontSize=8))
    return frame(
        layers,
        title=_week_finding(demand),
        subtitle=say(
            "Requests by hour of the typical week, each to its own peak; in the second colour: may run at any hour"
        ),
        height=row * count,
        left=left,
        right=right,
        bottom=16,
    )


def demand_durations(demand: Demand, *, height: int = 120) -> Drawing:
    """Return the load-duration curve of each workload: its hours from the fullest to the emptiest, to its own mean.

    Args:
        demand: the workloads.
        height: height of the plot in pixels.
    """
    colours = painted()
    curves = {item.workload: _duration(item) for item in demand.workloads}
    top = 1.05 * max(curve[0] for curve in curves.values())
    x = channel(
        "x",
        scale={"domain": [0, 1], "nice": False},
        axis={"title": say("share of the hours of a week"), "format": "%"},
    )
    y = channel("y", scale={"domain": [0, top]}, axis={"title": say("load, 1 is the mean hour"), "tickCount": 4})
    ones = {"color": colours.grey, "strokeDash": [3, 3], "strokeWidth": 0.8}
    layers: list[Any] = [layer([{"y": 1.0}], "rule", x=None, y=y, **ones)]
    names = [
        say(
            "{workload}: {times} × mean",
            workload=shorten(item.workload, _NAMES - 20, 8.5),
            times=number(curves[item.workload][0]),
        )
        for item in demand.workloads
    ]
    starts = within([curve[0] / top * height for curve in curves.values()], 4, height, gap=10)
    for item, name, place in zip(demand.workloads, names, starts, strict=True):
        curve = curves[item.workload]
        rows = [{"x": hour / 168, "y": value} for hour, value in enumerate([*curve, curve[-1]])]
        line, type_colour = (colours.cloud, colours.cloud_text) if item.deferrable else (colours.own, colours.own_text)
        layers.append(layer(rows, "line", x=x, y=y, color=line, strokeWidth=1.4, interpolate="step-after"))
        label = {"x": 1, "y": place / height * top, "text": name}
        layers.append(words([label], x=x, y=y, colour=type_colour, dx=6))
    return frame(
        layers,
        title=_duration_finding(demand),
        subtitle=say(
            "Load-duration curves: hours of the typical week, the fullest first; in the second colour: may wait"
        ),
        height=height,
        right=int(max(width_of(name, 8.5) for name in names)) + 10,
    )


def _duration(item: WorkloadDemand) -> list[float]:
    mean = sum(item.requests_per_hour) / len(item.requests_per_hour)
    return sorted((value / mean for value in item.requests_per_hour), reverse=True)


def demand_lengths(demand: Demand) -> Drawing:
    """Return how long prompts and answers are: for each workload a box from p25 to p75 and whiskers from p5 to p95.

    Args:
        demand: the workloads; those without a distribution are left out.

    Raises:
        ValueError: no workload has a distribution.
    """
    colours = painted()
    rows: list[tuple[str, Quantiles, str]] = []
    for item in demand.workloads:
        if item.lengths is not None:
            name = shorten(item.workload, _NAMES - 10, 8.5)
            rows.append((say("{workload}, prompt", workload=name), item.lengths.prompt, colours.own))
            rows.append((say("{workload}, answer", workload=name), item.lengths.output, colours.rented_text))
    if not rows:
        raise ValueError("no workload of this demand has a distribution of lengths")
    most = max(quantiles.at(0.99) for _, quantiles, _ in rows)
    x = channel(
        "x",
        scale={"type": "log", "domain": [1, max(10.0, 1.3 * most)], "nice": False},
        axis={"title": say("tokens, logarithmic"), "tickCount": 5, "format": "~s"},
    )
    y = channel("y", scale={"domain": [0, len(rows)]}, axis=None)
    layers = [part for i, row in enumerate(rows) for part in _box(row[1], len(rows) - i - 0.5, row[2], x, y)]
    names = [{"y": len(rows) - i - 0.5, "text": name} for i, (name, _, _) in enumerate(rows)]
    return frame(
        [*layers, words(names, x=at(-6), y=y, align="right")],
        title=_lengths_finding(demand),
        subtitle=say("Tokens of a request: box from p25 to p75 with the median, line from p5 to p95, point at p99"),
        height=18 * len(rows),
        left=int(max(width_of(name, 8.5) for name, _, _ in rows)) + 14,
        right=24,
    )


def _box(quantiles: Quantiles, height: float, colour: str, x: Any, y: Any) -> Sequence[Any]:
    low, start, middle, stop, high, tail = (
        max(1.0, quantiles.at(probability)) for probability in (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    )
    x2 = end("x2")
    tick = {"thickness": 2, "size": 11, "orient": "vertical"}
    return (
        layer([{"x": low, "x2": high, "y": height}], "rule", x=x, y=y, x2=x2, color=colour, strokeWidth=1),
        layer(
            [{"x": start, "x2": stop, "y": height}], "rule", x=x, y=y, x2=x2, color=colour, strokeWidth=8, opacity=0.55
        ),
        layer([{"x": middle, "y": height}], "tick", x=x, y=y, color=colour, **tick),
        layer([{"x": tail, "y": height}], "point", x=x, y=y, fill=colour, stroke=colour, size=12, opacity=1),
    )


def _week_finding(demand: Demand) -> str:
    """Return which workload asks for most, and which has the sharpest peak."""
    largest = max(demand.workloads, key=lambda item: item.tokens_per_day)
    sharpest = max(demand.workloads, key=lambda item: item.shape.value)
    return say(
        "{largest} asks for most, {volume} million tokens a day; {sharpest} has the sharpest peak, "
        "{times} times its mean",
        largest=largest.workload,
        volume=number(largest.tokens_per_day / 1e6),
        sharpest=sharpest.workload,
        times=number(sharpest.shape.value),
    )


def _duration_finding(demand: Demand) -> str:
    """Return which workload is flattest and which has the sharpest peak, by the share of hours above its mean."""
    flattest = min(demand.workloads, key=lambda item: item.shape.value)
    sharpest = max(demand.workloads, key=lambda item: item.shape.value)
    mean = sum(sharpest.requests_per_hour) / len(sharpest.requests_per_hour)
    busy = percent(sum(value > mean for value in sharpest.requests_per_hour) / len(sharpest.requests_per_hour))
    if flattest is sharpest:
        return say("{workload} is above its mean in {share} of the hours", workload=sharpest.workload, share=busy)
    return say(
        "{workload} is above its mean in {share} of the hours; {flattest} is the flattest",
        workload=sharpest.workload,
        share=busy,
        flattest=flattest.workload,
    )


def _lengths_finding(demand: Demand) -> str:
    """Return whose prompts are longest at the 95th percentile, and how that is known."""
    known = [item for item in demand.workloads if item.lengths is not None]
    longest = max(known, key=lambda item: item.lengths.prompt.at(0.95) if item.lengths else 0)
    assert longest.lengths is not None
    tail, mean = longest.lengths.prompt.at(0.95), longest.prompt_tokens.value
    return say(
        "{workload} has the longest prompts: 1 in 20 above {tail} tokens, {times} times the mean ({basis})",
        workload=longest.workload,
        tail=number(tail),
        times=number(tail / mean),
        basis=retell(BASES[longest.lengths.basis]),
    )
