"""Charts of speed: what a machine does with a model, and how long its answers take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.profiler.profile import HardwareProfile, Regime
from kit.record import Basis
from kit.report.drawing import GREY, INK, OWN, PAPER, WIDTH, altair, frame, spread, values, words
from kit.report.findings import curve_finding, speed_finding
from kit.report.words import number
from kit.strategy.verdict import MeasuredPoint, Verdict


@dataclass(frozen=True)
class Curve:
    """One line of a service curve: a name, its basis, and (requests in flight, value) in rising order."""

    name: str
    basis: Basis
    points: tuple[tuple[int, float], ...]


def throughput(verdict: Verdict) -> Any:
    """Return output tokens per second against requests in flight; measured filled, published hollow and dashed."""
    points = _longest(verdict.service_curves)
    curves = [_curve(group, "output_tokens_per_s") for group in points]
    return _lines(
        [curve for curve in curves if len(curve.points) > 1],
        title=speed_finding(verdict.service_curves, verdict.measured_here),
        subtitle="Output tokens per second of one replica against requests in flight; both axes logarithmic",
        unit="output tokens per second",
    )


def time_to_first_token(verdict: Verdict) -> Any:
    """Return the median time to first token against requests in flight."""
    points = _longest(verdict.service_curves)
    curves = [_curve(group, "ttft_p50_s") for group in points]
    return _lines(
        [curve for curve in curves if len(curve.points) > 1],
        title="The first token waits longer as more requests share a replica",
        subtitle="Time to first token, median (or mean, where that is all the source says), against requests in flight",
        unit="seconds",
    )


def service_curve(profile: HardwareProfile) -> Any:
    """Return the throughput of one profile against requests in flight, a line for each length of request."""
    curves = []
    for shape in dict.fromkeys((point.prompt_tokens, point.output_tokens) for point in profile.service_curve):
        line = tuple(
            (point.concurrency, point.output_tokens_per_s)
            for point in profile.service_curve
            if (point.prompt_tokens, point.output_tokens) == shape
            and point.concurrency is not None
            and point.regime is Regime.CLOSED_LOOP
        )
        name = f"{number(shape[0])} in, {number(shape[1])} out"
        curves.append(Curve(name=name, basis=profile.basis, points=tuple(sorted(line))))
    return _lines(
        [curve for curve in curves if curve.points],
        title=curve_finding(profile),
        subtitle=f"Output tokens per second against requests in flight, {profile.basis}; both axes logarithmic",
        unit="output tokens per second",
    )


def _longest(points: Sequence[MeasuredPoint]) -> list[list[MeasuredPoint]]:
    """Return for each profile the points of the request length that was taken at most loads."""
    groups: dict[str, dict[tuple[float, float], list[MeasuredPoint]]] = {}
    for point in points:
        if point.concurrency is not None:
            shape = (point.prompt_tokens, point.output_tokens)
            groups.setdefault(point.profile, {}).setdefault(shape, []).append(point)
    return [max(by_shape.values(), key=len) for by_shape in groups.values()]


def _curve(points: Sequence[MeasuredPoint], field: str) -> Curve:
    first = points[0]
    return Curve(
        name=f"{first.accelerator}, {first.model.replace('-Instruct', '')}",
        basis=first.basis,
        points=tuple(
            sorted(
                (point.concurrency, getattr(point, field))
                for point in points
                if point.concurrency is not None and getattr(point, field) is not None
            )
        ),
    )


def _lines(curves: Sequence[Curve], *, title: str, subtitle: str, unit: str, height: int = 150) -> Any:
    """Return lines with their names at the right end, on logarithmic axes."""
    alt = altair()
    right = 178
    loads = sorted({load for curve in curves for load, _ in curve.points}) or [1]
    sizes = [value for curve in curves for _, value in curve.points] or [1.0]
    x = alt.X(
        "x:Q",
        scale=alt.Scale(type="log", base=2, domain=[loads[0], max(loads[-1], loads[0] * 2)], nice=False),
        axis=alt.Axis(title="requests in flight", values=loads, format="d"),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", domain=[min(sizes) / 1.3, max(sizes) * 1.3], nice=False),
        axis=alt.Axis(title=unit, tickCount=4, format=",~r"),
    )
    layers = []
    decades = _log_position(sizes, height)
    ends = spread([decades(curve.points[-1][1]) for curve in curves], gap=10)
    for curve, end in zip(curves, ends, strict=True):
        measured = curve.basis is Basis.MEASURED
        colour = OWN if measured else GREY
        data = values([{"x": load, "y": value} for load, value in curve.points])
        dash = {} if measured else {"strokeDash": [4, 3]}
        layers.append(
            alt.Chart(data).mark_line(color=colour, strokeWidth=2 if measured else 1, **dash).encode(x=x, y=y)
        )
        layers.append(
            alt.Chart(data)
            .mark_point(
                size=28, opacity=1, filled=True, fill=colour if measured else PAPER, stroke=colour, strokeWidth=1
            )
            .encode(x=x, y=y)
        )
        label = {"text": f"{curve.name} ({curve.basis})"}
        place = alt.value(WIDTH - 38 - right + 7)
        weight = "bold" if measured else "normal"
        layers.append(
            words(
                [label],
                x=place,
                y=alt.value(height - end),
                colour=colour if measured else INK,
                fontWeight=weight,
                fontSize=8,
            )
        )
    return frame(alt.layer(*layers), title=title, subtitle=subtitle, height=height, right=right)


def _log_position(sizes: Sequence[float], height: int) -> Any:
    """Return the function from a value to its height above the axis in pixels."""
    import math

    low, high = math.log(min(sizes) / 1.3), math.log(max(sizes) * 1.3)
    return lambda value: (math.log(value) - low) / (high - low) * height
