"""The chart of what is looked at on screen: cost against volume, with the volume that is asked."""

from __future__ import annotations

from kit.figures import money
from kit.report.drawing import WIDTH, Drawing, channel, frame, layer, words
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
    shown = _told_apart(look)
    top = max(max(plan.by_volume) for plan in shown) * 1.05
    divisor, unit = amount_unit(top, look.currency)
    last = look.volumes[-1]
    x = channel(
        "x",
        scale={"domain": [0, last], "nice": False},
        axis={"title": "million tokens per day, all workloads together", "format": ",~r", "tickCount": 8},
    )
    y = channel(
        "y",
        scale={"domain": [0, top / divisor]},
        axis={"title": f"{unit} per month", "tickCount": 5, "format": ",~r"},
    )
    layers = []
    for plan in reversed(shown):
        colour, _, thick, dash = looks[plan.kind]
        rows = [{"x": volume, "y": cost / divisor} for volume, cost in zip(look.volumes, plan.by_volume, strict=True)]
        layers.append(layer(rows, "line", x=x, y=y, color=colour, strokeWidth=thick, strokeDash=dash))
    names = {plan.kind: shorten(_name(plan, look), 130, 8.5, bold=True) for plan in shown}
    right = int(max(64.0, *(width_of(name, 8.5, bold=True) + 9 for name in names.values())))
    ends = within([plan.by_volume[-1] / top * _HEIGHT for plan in shown], 4, _HEIGHT, gap=10)
    for plan, place in zip(shown, ends, strict=True):
        row = {"x": last, "y": place / _HEIGHT * top / divisor, "text": names[plan.kind]}
        weight = "bold" if plan is look.plans[0] else "normal"
        layers.append(words([row], x=x, y=y, colour=looks[plan.kind][1], dx=5, fontWeight=weight))
    label = f"{number(round(look.volume))} million"
    left_of = (1 - look.volume / last) * (WIDTH - _LEFT - right) < width_of(label, 8.5) + 8
    dx, align = (-5, "right") if left_of else (5, "left")
    layers.append(layer([{"x": look.volume}], "rule", x=x, y=None, color=colours.ink, strokeDash=[3, 3]))
    layers.append(words([{"x": look.volume, "y": top / divisor * 0.97, "text": label}], x=x, y=y, dx=dx, align=align))
    return frame(
        layers,
        title=_finding(look),
        subtitle="Cost per month against volume, all workloads scaled alike, each plan with its machines",
        height=_HEIGHT,
        right=right,
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
