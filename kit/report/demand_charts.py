"""Charts of demand: the week of each workload, its load-duration curve, and how long its requests are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit.demand.record import Demand, Quantiles, WorkloadDemand
from kit.report.drawing import CLOUD, GREY, OWN, RENTED_TEXT, WIDTH, altair, frame, spread, values, words
from kit.report.findings import DAYS, demand_finding, duration_finding, lengths_finding
from kit.report.words import number


def demand_week(demand: Demand) -> Any:
    """Return the typical week of each workload, one above the other, each to its own peak."""
    alt = altair()
    row, left = 38, 104
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
    count = len(demand.workloads)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, count]), axis=None)
    areas, names, peaks = [], [], []
    for i, item in enumerate(demand.workloads):
        peak, base = max(item.requests_per_hour), count - 1 - i
        line = [*item.requests_per_hour, item.requests_per_hour[-1]]
        rows = [{"x": hour, "y": base, "y2": base + 0.8 * value / peak} for hour, value in enumerate(line)]
        areas.append(
            alt.Chart(values(rows))
            .mark_area(color=OWN if not item.deferrable else CLOUD, interpolate="step-after")
            .encode(x=x, y=y, y2="y2:Q")
        )
        names.append({"y": base + 0.4, "text": item.workload})
        peaks.append({"y": base + 0.4, "text": f"peak {number(item.shape.value)} × mean"})
    layers = alt.layer(
        *areas,
        words(names, x=alt.value(-6), y=y, align="right"),
        words(peaks, x=alt.value(WIDTH - left - 76 + 6), y=y, colour=GREY, fontSize=8),
    )
    return frame(
        layers,
        title=demand_finding(demand),
        subtitle="Requests by hour of the typical week, each to its own peak; orange may run at any hour of its day",
        height=row * count,
        left=left,
        right=76,
        bottom=16,
    )


def demand_durations(demand: Demand, *, height: int = 120) -> Any:
    """Return the load-duration curve of each workload: its hours from the fullest to the emptiest, to its own mean.

    Args:
        demand: the workloads.
        height: height of the plot in pixels.
    """
    alt = altair()
    curves = {item.workload: _duration(item) for item in demand.workloads}
    top = 1.05 * max(curve[0] for curve in curves.values())
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title="share of the hours of a week", format="%"),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, top]), axis=alt.Axis(title="load, 1 is the mean hour", tickCount=4))
    layers = [alt.Chart(values([{"y": 1.0}])).mark_rule(color=GREY, strokeDash=[3, 3], strokeWidth=0.8).encode(y=y)]
    starts = spread([(top - curve[0]) / top * height for curve in curves.values()], gap=10)
    for item, at in zip(demand.workloads, starts, strict=True):
        curve = curves[item.workload]
        rows = [{"x": hour / 168, "y": value} for hour, value in enumerate([*curve, curve[-1]])]
        colour = CLOUD if item.deferrable else OWN
        line = alt.Chart(values(rows)).mark_line(color=colour, strokeWidth=1.4, interpolate="step-after")
        layers.append(line.encode(x=x, y=y))
        label = {"x": 1, "y": top * (1 - at / height), "text": f"{item.workload}: {number(curve[0])} × mean"}
        layers.append(words([label], x=x, y=y, colour=colour, dx=6))
    return frame(
        alt.layer(*layers),
        title=duration_finding(demand),
        subtitle="Load-duration curves: the hours of the typical week, the fullest first; orange may wait",
        height=height,
        right=120,
    )


def _duration(item: WorkloadDemand) -> list[float]:
    mean = sum(item.requests_per_hour) / len(item.requests_per_hour)
    return sorted((value / mean for value in item.requests_per_hour), reverse=True)


def demand_lengths(demand: Demand) -> Any:
    """Return how long prompts and answers are: for each workload a box from p25 to p75 and whiskers from p5 to p95.

    Args:
        demand: the workloads; those without a distribution are left out.

    Raises:
        ValueError: no workload has a distribution.
    """
    alt = altair()
    rows = [
        (f"{item.workload}, {what}", quantiles, colour)
        for item in demand.workloads
        if item.lengths is not None
        for what, quantiles, colour in (
            ("prompt", item.lengths.prompt, OWN),
            ("answer", item.lengths.output, RENTED_TEXT),
        )
    ]
    if not rows:
        raise ValueError("no workload of this demand has a distribution of lengths")
    most = max(quantiles.at(0.99) for _, quantiles, _ in rows)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(type="log", domain=[1, max(10.0, 1.3 * most)], nice=False),
        axis=alt.Axis(title="tokens, logarithmic", tickCount=5, format="~s"),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, len(rows)]), axis=None)
    layers = [part for i, row in enumerate(rows) for part in _box(row[1], len(rows) - i - 0.5, row[2], x, y)]
    names = [{"y": len(rows) - i - 0.5, "text": name} for i, (name, _, _) in enumerate(rows)]
    left = 130
    return frame(
        alt.layer(*layers, words(names, x=alt.value(-6), y=y, align="right")),
        title=lengths_finding(demand),
        subtitle="Tokens of a request: box from p25 to p75 with the median, line from p5 to p95, point at p99",
        height=18 * len(rows),
        left=left,
        right=24,
    )


def _box(quantiles: Quantiles, at: float, colour: str, x: Any, y: Any) -> Sequence[Any]:
    alt = altair()
    low, start, middle, end, high, tail = (
        max(1.0, quantiles.at(probability)) for probability in (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    )
    line = alt.Chart(values([{"x": low, "x2": high, "y": at}])).mark_rule(color=colour, strokeWidth=1)
    box = alt.Chart(values([{"x": start, "x2": end, "y": at}])).mark_rule(color=colour, strokeWidth=8, opacity=0.55)
    tick = alt.Chart(values([{"x": middle, "y": at}])).mark_tick(color=colour, thickness=2, size=11, orient="vertical")
    point = alt.Chart(values([{"x": tail, "y": at}])).mark_point(fill=colour, stroke=colour, size=12, opacity=1)
    return (
        line.encode(x=x, x2="x2:Q", y=y),
        box.encode(x=x, x2="x2:Q", y=y),
        tick.encode(x=x, y=y),
        point.encode(x=x, y=y),
    )
