"""What a sweep that still runs looks like: its throughput against the load, and against what a user waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from kit.profiler.profile import Engine, HardwareProfile, Point, ProfiledModel
from kit.record import Basis
from kit.report import charts
from kit.report.charts.speed import marked
from kit.report.drawing import WIDTH, Drawing, at, channel, frame, picture, svg, words
from kit.report.lettering import within
from kit.report.words import number, seconds

_LEFT, _RIGHT, _HEIGHT = 38, 104, 150
_ROOM = 1.18
"""Length of an axis against its largest value, so that the labels above the dots have room."""


def so_far(points: Sequence[Point], *, model: str, accelerator: str, accelerators: int, engine: str) -> HardwareProfile:
    """Return what is known in the middle of a sweep as a record that can be drawn; it is never written.

    Args:
        points: at least one, of a closed loop.
        model: its name.
        accelerator: what it runs on.
        accelerators: how many of them.
        engine: what serves.
    """
    return HardwareProfile(
        name=model,
        basis=Basis.MEASURED,
        source="a sweep that still runs",
        date=dt.datetime.now(tz=dt.UTC).date(),
        accelerator=accelerator,
        accelerators=accelerators,
        engine=Engine(name=engine),
        model=ProfiledModel(name=model, architecture=model, dtype="not stated"),
        points=tuple(points),
    )


def pictures(profile: HardwareProfile) -> str:
    """Return the two curves of a profile as HTML, side by side where there is room.

    Args:
        profile: with one point at least.
    """
    drawn = [picture(svg(charts.service_curve(profile)), label="Throughput against requests in flight")]
    if any(_waits(profile).values()):
        drawn.append(picture(svg(against_wait(profile)), label="Throughput against time to first token"))
    return f'<div class="curves">{"".join(f"<figure>{one}</figure>" for one in drawn)}</div>'


def against_wait(profile: HardwareProfile) -> Drawing:
    """Return output tokens per second against the median time to first token; each dot says its requests in flight.

    Args:
        profile: with at least one point that has a median.
    """
    curves = [sorted(points, key=lambda one: one[0]) for points in _waits(profile).values() if points]
    names = [f"{number(a)} in, {number(b)} out" for (a, b), points in _waits(profile).items() if points]
    waits = [wait for points in curves for _, wait, _ in points]
    speeds = [speed for points in curves for _, _, speed in points]
    x = channel(
        "x", scale=_scale(waits), axis={"title": "median time to first token, ms", "tickCount": 4, "format": ",~r"}
    )
    y = channel("y", scale=_scale(speeds), axis={"title": "output tokens per second", "tickCount": 4, "format": ",~r"})
    layers = []
    ends = [_HEIGHT * (1 - points[-1][2] / (_ROOM * max(speeds))) for points in curves]
    for points, name, place in zip(curves, names, within(ends, 4, _HEIGHT - 4, gap=10), strict=True):
        layers += marked([(wait, speed) for _, wait, speed in points], x, y, measured=True)
        dots = [{"x": wait, "y": speed, "text": f"{load}"} for load, wait, speed in points]
        layers.append(words(dots, x=x, y=y, dy=-9, align="center", fontSize=8))
        layers.append(words([{"text": name}], x=at(WIDTH - _LEFT - _RIGHT + 7), y=at(place), fontSize=8))
    return frame(
        layers,
        title=_finding(curves[0]),
        subtitle="Output tokens per second against the median time to first token, measured; dots: requests in flight",
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
    )


def _waits(profile: HardwareProfile) -> dict[tuple[float, float], list[tuple[int, float, float]]]:
    """Return for each shape the loads with their waits in ms and their speeds."""
    found: dict[tuple[float, float], list[tuple[int, float, float]]] = {}
    for point in profile.service_curve:
        known = found.setdefault((point.prompt_tokens, point.output_tokens), [])
        if point.concurrency is not None and point.ttft_s is not None and point.ttft_s.p50 is not None:
            known.append((point.concurrency, 1000 * point.ttft_s.p50, point.output_tokens_per_s))
    return found


def _finding(points: Sequence[tuple[int, float, float]]) -> str:
    """Return what the first and the last load have a user wait."""
    first, last = points[0], points[-1]
    alone = f"With {first[0]} in flight an answer begins after {seconds(first[1] / 1000)}"
    return alone if first is last else f"{alone}, with {last[0]} after {seconds(last[1] / 1000)}"


def _scale(values: Sequence[float]) -> dict[str, object]:
    """Return a linear scale from zero with room for the labels of the dots."""
    return {"type": "linear", "domain": [0.0, _ROOM * max(values)], "nice": False}


def warm_up() -> None:
    """Draw nothing, so that the second which the first picture takes is not taken from a point being measured."""
    svg(frame([], title="", subtitle="", height=1))
