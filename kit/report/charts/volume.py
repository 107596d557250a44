"""The chart of cost against volume: each plan's line, the range of its futures, and where plans cross."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from kit.report.drawing import WIDTH, Drawing, channel, end, frame, layer, needs, words
from kit.report.findings import volume_finding
from kit.report.lettering import shorten, width_of, within
from kit.report.palette import painted
from kit.report.words import amount_unit, curve_name, number
from kit.strategy.verdict import StrategyKind, Verdict
from kit.wording import fixed, say

_LEFT = 38
_BANDED = (StrategyKind.CLOUD, StrategyKind.HYBRID)
"""Plans whose range is drawn: of more than two nobody could tell the bands apart."""


def has_curve(verdict: Verdict) -> bool:
    """Tell whether the costs of some plan are known at several volumes."""
    curve = verdict.break_even
    return len(curve.million_tokens_per_day) > 1 and bool(curve.cost_per_month)


def _looks() -> dict[StrategyKind, tuple[str, str, float]]:
    """Return for each plan the colour of its line and of its name, and the width of its line; the last is on top."""
    colours = painted()
    return {
        StrategyKind.RENTED: (colours.staff, colours.grey, 1.2),
        StrategyKind.OWN: (colours.upkeep, colours.rented_text, 1.2),
        StrategyKind.CLOUD: (colours.cloud, colours.cloud_text, 1.5),
        StrategyKind.HYBRID: (colours.own, colours.own_text, 2.6),
    }


@needs(has_curve, fixed("the costs of a plan at several volumes"))
def cost_against_volume(verdict: Verdict, *, height: int = 122) -> Drawing:
    """Return the cost per month of the plans against the volume, with today's volume, the crossings and two ranges.

    The range of a plan is that of its net present value over the sampled futures, p10 to p90, as a share of its value
    at the figures taken; the record has it for today's volume, and it is drawn at each volume as the same share.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.

    Raises:
        ValueError: there is no curve.
    """
    curve, looks = verdict.break_even, _looks()
    kinds = [kind for kind in looks if kind in curve.cost_per_month]
    ranges = {kind: _range(verdict, kind) for kind in kinds if kind in _BANDED}
    last = curve.million_tokens_per_day[-1]
    lines = max(max(costs) for costs in curve.cost_per_month.values())
    bands = [high * max(curve.cost_per_month[kind]) for kind, (_, high) in ranges.items()]
    top = max([lines, *bands]) * 1.05
    divisor, unit = amount_unit(lines, verdict.currency)
    x = channel(
        "x",
        scale={"domain": [0, last], "nice": False},
        axis={"title": say("million tokens per day, all workloads together"), "format": ",~r", "tickCount": 8},
    )
    y = channel(
        "y",
        scale={"domain": [0, top / divisor]},
        axis={"title": say("{unit} per month", unit=unit), "tickCount": 5, "format": ",~r"},
    )
    points = {kind: [(v, cost / divisor) for v, cost in _points(verdict, kind)] for kind in kinds}
    layers = [_band(points[kind], shares, looks[kind][0], x, y) for kind, shares in ranges.items()]
    layers += _today(verdict, x, y, top=top / divisor)
    for kind in kinds:
        colour, _, thick = looks[kind]
        rows = [{"x": volume, "y": cost} for volume, cost in points[kind]]
        layers.append(layer(rows, "line", x=x, y=y, color=colour, strokeWidth=thick))
    layers += _crossings(verdict, divisor, x, y)
    names = {kind: shorten(_called(verdict, kind), 120, 8.5, bold=True) for kind in kinds}
    right = int(max(64.0, *(width_of(name, 8.5, bold=True) + 9 for name in names.values())))
    ends = within([curve.cost_per_month[kind][-1] / top * height for kind in kinds], 4, height, gap=10)
    for kind, place in zip(kinds, ends, strict=True):
        row = {"x": last, "y": place / height * top / divisor, "text": names[kind]}
        weight = "bold" if kind is StrategyKind.HYBRID else "normal"
        layers.append(words([row], x=x, y=y, colour=looks[kind][1], dx=5, fontWeight=weight))
    return frame(
        layers, title=volume_finding(verdict), subtitle=_subtitle(verdict, bool(ranges)), height=height, right=right
    )


def _called(verdict: Verdict, kind: StrategyKind) -> str:
    return say("The plan") if len(verdict.strategies) == 1 else curve_name(verdict, kind)


def _subtitle(verdict: Verdict, banded: bool) -> str:
    crossed = bool(verdict.break_even.crossings)
    if banded and crossed:
        return say(
            "Cost per month against volume, all workloads scaled alike; circles: the cheapest of the others changes; "
            "bands: p10 to p90 of today's volume, scaled"
        )
    if banded:
        return say(
            "Cost per month against volume, all workloads scaled alike; bands: p10 to p90 of today's volume, scaled"
        )
    if crossed:
        return say(
            "Cost per month against volume, all workloads scaled alike; circles: the cheapest of the others changes"
        )
    return say("Cost per month against volume, all workloads scaled alike")


def _range(verdict: Verdict, kind: StrategyKind) -> tuple[float, float]:
    """Return p10 and p90 of a plan's net present value over its value; 1 and 1 where the plan was not sampled."""
    plan = next((plan for plan in verdict.strategies if plan.kind is kind and plan.npv > 0), None)
    return (plan.npv_p10 / plan.npv, plan.npv_p90 / plan.npv) if plan else (1.0, 1.0)


def _points(verdict: Verdict, kind: StrategyKind) -> list[tuple[float, float]]:
    curve = verdict.break_even
    return list(zip(curve.million_tokens_per_day, curve.cost_per_month[kind], strict=True))


def _band(points: Sequence[tuple[float, float]], shares: tuple[float, float], colour: str, x: Any, y: Any) -> Any:
    low, high = shares
    rows = [{"x": volume, "y": low * cost, "y2": high * cost} for volume, cost in points]
    return layer(rows, "area", x=x, y=y, y2=end("y2"), color=colour, opacity=0.16)


def _today(verdict: Verdict, x: Any, y: Any, *, top: float) -> list[Any]:
    """Return the line of today's volume, its label on the side where there is room."""
    curve = verdict.break_even
    text = say("today, {volume} million", volume=number(round(curve.today)))
    share = curve.today / curve.million_tokens_per_day[-1]
    room = (1 - share) * (WIDTH - _LEFT - 64)
    right = room < width_of(text, 8.5) + 8
    label = words(
        [{"x": curve.today, "y": top * 0.96, "text": text}],
        x=x,
        y=y,
        dx=-5 if right else 5,
        align="right" if right else "left",
    )
    ink = painted().ink
    return [layer([{"x": curve.today}], "rule", x=x, y=None, color=ink, strokeDash=[3, 3], strokeWidth=0.8), label]


def _crossings(verdict: Verdict, divisor: float, x: Any, y: Any) -> list[Any]:
    found = [
        {"x": c.million_tokens_per_day, "y": _cost_at(verdict, c.below, c.million_tokens_per_day) / divisor}
        for c in verdict.break_even.crossings
        if c.below in verdict.break_even.cost_per_month
    ]
    colours = painted()
    look = {"fill": colours.paper, "stroke": colours.ink, "size": 26, "strokeWidth": 1, "opacity": 1}
    return [layer(found, "point", x=x, y=y, **look)] if found else []


def _cost_at(verdict: Verdict, kind: StrategyKind, volume: float) -> float:
    """Return a plan's cost at a volume between the computed ones, on the straight line that the chart draws."""
    points = _points(verdict, kind)
    for (x0, y0), (x1, y1) in pairwise(points):
        if volume <= x1:
            return y0 + (y1 - y0) * (volume - x0) / (x1 - x0)
    return points[-1][1]
