"""Charts of speed: what a machine does with a model, how long its answers take, and what its users wait under load."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kit.profiler.profile import HardwareProfile, Regime
from kit.record import Basis
from kit.report.drawing import WIDTH, Drawing, at, channel, frame, layer, needs, with_basis, words
from kit.report.findings import speed_finding
from kit.report.lettering import within
from kit.report.palette import painted
from kit.report.words import BASES, joined, number
from kit.strategy.verdict import MeasuredPoint, Verdict
from kit.wording import fixed, retell, say

_LEFT, _RIGHT = 38, 178


@dataclass(frozen=True)
class Curve:
    """One line of a service curve: a name, its basis, and (requests in flight, value) in rising order."""

    name: str
    basis: Basis
    points: tuple[tuple[int, float], ...]


def _known(field: str) -> Callable[[Verdict], bool]:
    """Return the test whether a verdict holds a curve of a field, of two points at least."""
    return lambda verdict: any(len(curve.points) > 1 for curve in _curves(verdict, field))


def _curves(verdict: Verdict, field: str) -> list[Curve]:
    return [_curve(group, field) for group in longest(verdict.service_curves)]


@needs(_known("output_tokens_per_s"), fixed("a service curve of two points at least"))
def throughput(verdict: Verdict) -> Drawing:
    """Return output tokens per second against requests in flight; measured filled, published hollow and dashed.

    Raises:
        ValueError: there is no such curve.
    """
    return lines(
        [curve for curve in _curves(verdict, "output_tokens_per_s") if len(curve.points) > 1],
        title=speed_finding(verdict.service_curves, verdict.measured_here),
        subtitle=say("Output tokens per second of one replica against requests in flight; both axes logarithmic"),
        unit=say("output tokens per second"),
    )


@needs(_known("ttft_p50_s"), fixed("a service curve with times to first token, of two points at least"))
def time_to_first_token(verdict: Verdict) -> Drawing:
    """Return the median time to first token against requests in flight.

    Raises:
        ValueError: there is no such curve.
    """
    return lines(
        [curve for curve in _curves(verdict, "ttft_p50_s") if len(curve.points) > 1],
        title=say("The first token waits longer as more requests share a replica"),
        subtitle=say(
            "Time to first token, median (or mean, where that is all the source says), against requests in flight"
        ),
        unit=say("seconds"),
    )


def service_curve(profile: HardwareProfile) -> Drawing:
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
        name = say("{prompt} in, {output} out", prompt=number(shape[0]), output=number(shape[1]))
        curves.append(Curve(name=name, basis=profile.basis, points=tuple(sorted(line))))
    return lines(
        [curve for curve in curves if curve.points],
        title=_curve_finding(profile),
        subtitle=say(
            "Output tokens per second against requests in flight, {basis}; both axes logarithmic",
            basis=retell(BASES[profile.basis]),
        ),
        unit=say("output tokens per second"),
    )


def _curve_finding(profile: HardwareProfile) -> str:
    """Return the most that a profile's machine does, and with what."""
    best = max(profile.service_curve, key=lambda point: point.output_tokens_per_s)
    machine = (
        say("{count} × {accelerator}", count=profile.accelerators, accelerator=profile.accelerator)
        if profile.accelerators > 1
        else profile.accelerator
    )
    speed = number(best.output_tokens_per_s)
    if not best.concurrency:
        return say(
            "{machine}: at most {speed} output tokens/s of {model}",
            machine=machine,
            speed=speed,
            model=profile.model.name,
        )
    return say(
        "{machine}: at most {speed} output tokens/s of {model} with {count} requests in flight",
        machine=machine,
        speed=speed,
        model=profile.model.name,
        count=best.concurrency,
    )


def longest(points: Sequence[MeasuredPoint]) -> list[list[MeasuredPoint]]:
    """Return for each profile the points of the request length that was taken at most loads."""
    groups: dict[str, dict[tuple[float, float], list[MeasuredPoint]]] = {}
    for point in points:
        if point.concurrency is not None:
            shape = (point.prompt_tokens, point.output_tokens)
            groups.setdefault(point.profile, {}).setdefault(shape, []).append(point)
    return [max(by_shape.values(), key=len) for by_shape in groups.values()]


def machine_name(point: MeasuredPoint) -> str:
    """Return the machine and the model of a point."""
    model = point.model.replace("-Instruct", "")
    return joined([point.accelerator, model], ", ")


def _curve(points: Sequence[MeasuredPoint], field: str) -> Curve:
    found = sorted(
        (point.concurrency, getattr(point, field))
        for point in points
        if point.concurrency is not None and getattr(point, field) is not None
    )
    return Curve(name=machine_name(points[0]), basis=points[0].basis, points=tuple(found))


def lines(curves: Sequence[Curve], *, title: str, subtitle: str, unit: str, height: int = 150) -> Drawing:
    """Return lines with their names at the right end, on logarithmic axes."""
    colours = painted()
    loads = sorted({load for curve in curves for load, _ in curve.points}) or [1]
    sizes = [value for curve in curves for _, value in curve.points if value > 0] or [1.0]
    low, high = min(sizes) / 1.3, max(sizes) * 1.3
    x = channel(
        "x",
        scale={"type": "log", "base": 2, "domain": [loads[0], max(loads[-1], loads[0] * 2)], "nice": False},
        axis={"title": say("requests in flight"), "values": loads, "format": "d"},
    )
    y = channel(
        "y",
        scale={"type": "log", "domain": [low, high], "nice": False},
        axis={"title": unit, "tickCount": 4, "format": ",~r"},
    )

    def pixel(value: float) -> float:
        return (1 - math.log(max(value, low) / low) / math.log(high / low)) * height

    layers: list[Any] = []
    places = within([pixel(curve.points[-1][1]) for curve in curves], 4, height - 4, gap=10)
    for curve, place in zip(curves, places, strict=True):
        measured = curve.basis is Basis.MEASURED
        layers += marked(curve.points, x, y, measured=measured)
        label = {"text": with_basis(curve.name, curve.basis, _RIGHT - 8, size=8, bold=measured)}
        look = {"colour": colours.own_text, "fontWeight": "bold"} if measured else {}
        layers.append(words([label], x=at(WIDTH - _LEFT - _RIGHT + 7), y=at(place), fontSize=8, **look))
    return frame(layers, title=title, subtitle=subtitle, height=height, left=_LEFT, right=_RIGHT)


def marked(points: Sequence[tuple[float, float]], x: Any, y: Any, *, measured: bool) -> list[Any]:
    """Return a line with its points: filled in the own colour if measured here, else hollow, grey and dashed."""
    colours = painted()
    colour = colours.own if measured else colours.grey
    # In the order given: latency need not rise with throughput.
    rows = [{"x": a, "y": b, "i": i} for i, (a, b) in enumerate(points)]
    order = {"field": "i", "type": "quantitative"}
    dash = {} if measured else {"strokeDash": [4, 3]}
    look = {"size": 28, "opacity": 1, "fill": colour if measured else colours.paper, "stroke": colour, "strokeWidth": 1}
    return [
        layer(rows, "line", x=x, y=y, order=order, color=colour, strokeWidth=2 if measured else 1, **dash),
        layer(rows, "point", x=x, y=y, **look),
    ]
