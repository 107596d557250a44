"""The map of the workloads: how sensitive their data is, how much they ask for, and where they go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kit.engagement.record import DataClass, Place
from kit.report.drawing import WIDTH, Drawing, at, channel, frame, key, layer, needs, words
from kit.report.findings import places_finding
from kit.report.lettering import shorten, width_of
from kit.report.palette import Palette, painted
from kit.report.words import DATA_CLASSES, PLACE_NAMES
from kit.strategy.verdict import Placement, Verdict
from kit.wording import fixed, retell, say

_LINE = 11.0
"""Height of a line of the map in pixels."""
_NAME, _SIZE = 128.0, 8.5
_LEFT, _RIGHT = 118.0, 12
"""Most room for the names of the classes, and the room on the other side, in pixels."""
_PAD = 5.0
_SHAPES = {Place.OWN: "circle", Place.RENTED: "diamond", Place.API: "triangle-up"}
"""A shape for each place, so that the map can be read without colours."""


@dataclass(frozen=True)
class _Spot:
    """A workload on the map: its name, its volume, its place, and where it stands, in pixels from the upper left."""

    name: str
    volume: float
    place: Place
    x: float = 0.0
    y: float = 0.0
    leftward: bool = False

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where mark and name stand."""
        width = width_of(self.name, _SIZE) + 12
        return (self.x - width, self.x + 6) if self.leftward else (self.x - 6, self.x + width)


def _sorted(verdict: Verdict) -> dict[DataClass, list[_Spot]]:
    """Return the workloads by the class of their data, the most sensitive first."""
    classes = {requirement.workload: requirement.data_class for requirement in verdict.requirements}
    found: dict[DataClass, list[_Spot]] = {}
    for data in reversed(DataClass):
        spots = [_spot(item) for item in verdict.placements if classes.get(item.workload) is data]
        if spots := [spot for spot in spots if spot.volume > 0]:
            found[data] = spots
    return found


def _spot(placement: Placement) -> _Spot:
    name = shorten(retell(placement.workload), _NAME, _SIZE)
    return _Spot(name, placement.million_tokens_per_day, placement.places[0])


@needs(lambda verdict: bool(_sorted(verdict)), fixed("workloads with the class of their data and some volume"))
def placement_map(verdict: Verdict) -> Drawing:
    """Return the workloads by sensitivity of their data and by volume, in the colour of the place that they go to.

    Raises:
        ValueError: of no workload both are known.
    """
    lanes, colours = _sorted(verdict), painted()
    spots = [spot for lane in lanes.values() for spot in lane]
    low = math.floor(math.log10(min(spot.volume for spot in spots)) - 0.05)
    high = max(math.ceil(math.log10(max(spot.volume for spot in spots)) + 0.05), low + 1)
    classes = {data: shorten(retell(DATA_CLASSES[data]), _LEFT - 10, _SIZE) for data in lanes}
    left = int(max(width_of(name, _SIZE) for name in classes.values())) + 10
    width = WIDTH - left - _RIGHT
    placed, names, rules, top = [], [], [], 0.0
    for data, lane in lanes.items():
        lines = _lines(lane, low, high, width)
        tall = max(len(lines), 2) * _LINE + 2 * _PAD
        offset = (tall - len(lines) * _LINE) / 2 + _LINE / 2
        placed += [replace(s, y=top + offset + i * _LINE) for i, line in enumerate(lines) for s in line]
        names.append({"y": top + tall / 2, "text": classes[data]})
        top += tall
        rules.append({"y": top})
    x = channel(
        "x",
        scale={"type": "log", "domain": [10.0**low, 10.0**high], "nice": False},
        axis={
            "title": say("million tokens a day, logarithmic"),
            "values": [10.0**power for power in range(low, high + 1)],
            "format": ",~r",
        },
    )
    y = channel("y", scale={"domain": [top, 0]}, axis=None)
    to_right = [{"x": s.volume, "y": s.y, "text": s.name} for s in placed if not s.leftward]
    to_left = [{"x": s.volume, "y": s.y, "text": s.name} for s in placed if s.leftward]
    return frame(
        [
            layer(rules[:-1], "rule", x=None, y=y, color=colours.rule, strokeWidth=0.8),
            *_marks(placed, x, y, colours),
            words(to_right, x=x, y=y, dx=7, fontSize=_SIZE),
            words(to_left, x=x, y=y, dx=-7, align="right", fontSize=_SIZE),
            words(names, x=at(-6), y=y, align="right", colour=colours.grey),
            *key([(retell(PLACE_NAMES[p]), _fill(p, colours), _SHAPES[p]) for p in Place if p in _used(placed)]),
        ],
        title=places_finding(verdict),
        subtitle=say("Each workload by how sensitive its data is and how much it asks for; colour: its main place"),
        height=top,
        left=left,
        right=_RIGHT,
        keyed=True,
    )


def _used(spots: Sequence[_Spot]) -> set[Place]:
    return {spot.place for spot in spots}


def _fill(place: Place, colours: Palette) -> str:
    return {Place.OWN: colours.own, Place.RENTED: colours.rented, Place.API: colours.cloud}[place]


def _lines(lane: Sequence[_Spot], low: float, high: float, width: float) -> list[list[_Spot]]:
    """Return the workloads of a class in as few lines as they need for no name to touch another."""
    lines: list[list[_Spot]] = []
    for spot in sorted(lane, key=lambda spot: (spot.volume, spot.name)):
        x = (math.log10(spot.volume) - low) / (high - low) * width
        put = replace(spot, x=x)
        put = replace(put, leftward=put.reach[1] > width + _RIGHT)
        for line in lines:
            if all(put.reach[0] > other.reach[1] or put.reach[1] < other.reach[0] for other in line):
                line.append(put)
                break
        else:
            lines.append([put])
    return lines


def _marks(spots: Sequence[_Spot], x: Any, y: Any, colours: Palette) -> list[Any]:
    return [
        layer(
            [{"x": spot.volume, "y": spot.y} for spot in spots if spot.place is place],
            "point",
            x=x,
            y=y,
            shape=_SHAPES[place],
            fill=_fill(place, colours),
            strokeWidth=0,
            size=52,
            opacity=1,
        )
        for place in Place
        if place in _used(spots)
    ]
