"""The chart of what is looked at on screen: cost against volume, with the volume that is asked."""

from __future__ import annotations

from kit.figures import money
from kit.report.drawing import COLOUR, WIDTH, Drawing, channel, frame, layer, words
from kit.report.lettering import shorten, width_of, within
from kit.report.palette import painted
from kit.report.words import amount_unit, number
from kit.strategy.exploring import Costed, Look
from kit.strategy.verdict import StrategyKind

_LEFT, _HEIGHT = 38, 190
_CLOSE = 0.005
"""Plans nearer to one another than this share of their cost, at every volume, are one line."""


def costs_of_look(look: Look) -> Drawing:
    """Return the cost per month of each plan against the volume; the plans keep their machines while they suffice.

    Looks of one client differ in the rows of the layers, not in the layers, so that one can become the next quickly.

    Args:
        look: what is looked at.
    """
    colours = painted()
    looks = {
        StrategyKind.TODAY: (colours.grey, colours.grey, 1.2, [4, 3]),
        StrategyKind.BETTER: (colours.cloud, colours.cloud_text, 1.2, [4, 3]),
        StrategyKind.RENTED: (colours.staff, colours.grey, 1.2, [1, 0]),
        StrategyKind.OWN: (colours.upkeep, colours.rented_text, 1.2, [1, 0]),
        StrategyKind.CLOUD: (colours.cloud, colours.cloud_text, 1.6, [1, 0]),
        StrategyKind.HYBRID: (colours.own, colours.own_text, 2.6, [1, 0]),
    }
    shown = {plan.kind: plan for plan in _told_apart(look)}
    top = max(max(plan.by_volume) for plan in shown.values()) * 1.05
    divisor, unit = amount_unit(top, look.currency)
    last = look.volumes[-1]
    axis = {"format": ",~r"}
    x = channel(
        "x",
        scale={"nice": False},
        axis={"title": "million tokens per day, all workloads together", "tickCount": 8, **axis},
    )
    y = channel("y", scale={"nice": False}, axis={"title": f"{unit} per month", "tickCount": 5, **axis})
    # What is not seen says how far the axes go.
    layers = [layer([{"x": 0, "y": 0}, {"x": last, "y": top / divisor}], "point", x=x, y=y, opacity=0)]
    for kind, (colour, _, thick, dash) in looks.items():
        costs = zip(look.volumes, shown[kind].by_volume, strict=True) if kind in shown else ()
        line = [{"x": volume, "y": cost / divisor} for volume, cost in costs]
        layers.append(layer(line, "line", x=x, y=y, color=colour, strokeWidth=thick, strokeDash=dash))
    names = {plan.kind: shorten(_name(plan, look), 130, 8.5, bold=True) for plan in look.plans}
    right = int(max(64.0, *(width_of(name, 8.5, bold=True) + 9 for name in names.values())))
    ends = within([plan.by_volume[-1] / top * _HEIGHT for plan in shown.values()], 4, _HEIGHT, gap=10)
    labels = [
        {"x": last, "y": place / _HEIGHT * top / divisor, "text": names[kind], "colour": looks[kind][1]}
        for kind, place in zip(shown, ends, strict=True)
    ]
    best = look.plans[0].kind
    for weight, bold in (("bold", True), ("normal", False)):
        those = [row for kind, row in zip(shown, labels, strict=True) if (kind is best) is bold]
        layers.append(words(those, x=x, y=y, colour=COLOUR, dx=5, fontWeight=weight))
    asked = f"{number(round(look.volume))} million"
    left_of = (1 - look.volume / last) * (WIDTH - _LEFT - right) < width_of(asked, 8.5) + 8
    layers.append(layer([{"x": look.volume}], "rule", x=x, y=None, color=colours.ink, strokeDash=[3, 3]))
    for dx, align, here in ((-5, "right", left_of), (5, "left", not left_of)):
        beside = [{"x": look.volume, "y": top / divisor * 0.97, "text": asked}] if here else []
        layers.append(words(beside, x=x, y=y, dx=dx, align=align))
    return frame(
        layers,
        title=_finding(look),
        subtitle="Cost per month against volume, all workloads scaled alike, each plan with its machines",
        height=_HEIGHT,
        right=right,
        live=True,
    )


def _told_apart(look: Look) -> list[Costed]:
    """Return the plans that are lines of their own, the recommended one first."""
    shown: list[Costed] = []
    for plan in look.plans:
        pairs = ((plan.by_volume, other.by_volume) for other in shown)
        if not any(
            all(abs(a - b) <= _CLOSE * max(a, b, 1e-9) for a, b in zip(one, two, strict=True)) for one, two in pairs
        ):
            shown.append(plan)
    return shown


def _name(plan: Costed, look: Look) -> str:
    return "This plan" if plan is look.plans[0] else plan.label


def _finding(look: Look) -> str:
    best = look.plans[0]
    costs = f"This plan costs {money(best.cost_per_month, look.currency)} a month"
    other = next((plan for plan in look.plans[1:] if plan.npv > best.npv * (1 + _CLOSE)), None)
    if other is None:
        return costs
    less = money(other.cost_per_month - best.cost_per_month, look.currency)
    name = other.label[0].lower() + other.label[1:]
    return f"{costs}, {less} less than the next: {name}"
