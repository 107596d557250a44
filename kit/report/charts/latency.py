"""The chart of waiting: what users of a machine wait against what the machine does, with the workloads' limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.record import Basis
from kit.report.charts.speed import longest, machine_name, marked
from kit.report.drawing import Drawing, channel, frame, layer, needs, with_basis, words
from kit.report.lettering import shorten, within
from kit.report.palette import painted
from kit.report.words import listed, number, seconds
from kit.strategy.verdict import MeasuredPoint, Verdict
from kit.wording import fixed, retell, say

_LEFT, _RIGHT, _TOP = 38, 180, 4
_MOST = 6
"""Limits that are drawn at most: the strictest."""
_FAR = 6.0
"""Limits more than so many times the longest wait measured are left out of the picture: they would flatten it."""


@dataclass(frozen=True)
class _Kind:
    """What is waited for, its field in a point and that of its limit in a requirement."""

    field: str
    limit: str


_FIRST, _EACH = _Kind("ttft_p50_s", "ttft_p95_s"), _Kind("tpot_p50_s", "tpot_p95_s")


def _groups(verdict: Verdict, kind: _Kind) -> list[list[MeasuredPoint]]:
    """Return the points of each machine in the plan, and of this one, that say what is waited; two at least."""
    used = {pool.profile for pool in verdict.pools} | {verdict.measured_here}
    groups = longest([p for p in verdict.service_curves if p.profile in used and getattr(p, kind.field) is not None])
    return [sorted(group, key=lambda point: point.concurrency or 0) for group in groups if len(group) > 1]


def _kind(verdict: Verdict) -> _Kind | None:
    """Return what can be drawn: the time to first token, else the time per output token, else nothing."""
    return next((kind for kind in (_FIRST, _EACH) if _groups(verdict, kind)), None)


@needs(
    lambda verdict: _kind(verdict) is not None, fixed("a machine of the plan, or this one, with latencies at two loads")
)
def latency_under_load(verdict: Verdict, *, height: int = 140) -> Drawing:
    """Return latency against throughput of the machines in the plan and of this one, with the limits of the workloads.

    Args:
        verdict: the decision.
        height: height of the plot in pixels.

    Raises:
        ValueError: of none of these machines it is known.
    """
    kind = _kind(verdict)
    assert kind is not None
    groups = _groups(verdict, kind)
    colours = painted()
    waits = [float(getattr(point, kind.field)) for group in groups for point in group]
    limits = {at: names for at, names in _limits(verdict, kind).items() if at <= _FAR * max(waits)}
    top = max([*waits, *limits]) * 1.12
    most = max(point.output_tokens_per_s for group in groups for point in group) * 1.06
    x = channel(
        "x",
        scale={"domain": [0, most], "nice": False},
        axis={"title": say("output tokens per second of one replica"), "tickCount": 6, "format": ",~r"},
    )
    y = channel(
        "y", scale={"domain": [0, top], "nice": False}, axis={"title": say("seconds"), "tickCount": 5, "format": ",~r"}
    )
    labels = [(float(getattr(group[-1], kind.field)), *_label(group)) for group in groups]
    labels += [(at, _limit(names, at), colours.cloud_text, "normal") for at, names in limits.items()]
    layers: list[Any] = [
        layer([{"y": at}], "rule", x=None, y=y, color=colours.cloud, strokeWidth=0.9, strokeDash=[2, 2])
        for at in limits
    ]
    for group in groups:
        points = [(point.output_tokens_per_s, float(getattr(point, kind.field))) for point in group]
        layers += marked(points, x, y, measured=group[0].basis is Basis.MEASURED)
        layers.append(_loads(group, points, x, y))
    places = within([at / top * height for at, *_ in labels], _TOP, height - _TOP, gap=10)
    for (_, text, colour, weight), place in zip(labels, places, strict=True):
        row = {"x": most, "y": place / height * top, "text": text}
        layers.append(words([row], x=x, y=y, dx=6, fontSize=8, colour=colour, fontWeight=weight))
    return frame(
        layers,
        title=_finding(verdict, kind, groups),
        subtitle=_subtitle(kind, bool(limits)),
        height=height,
        left=_LEFT,
        right=_RIGHT,
    )


def _limits(verdict: Verdict, kind: _Kind) -> dict[float, list[str]]:
    """Return the limits of the workloads with the names of those that ask for each."""
    found: dict[float, list[str]] = {}
    for requirement in verdict.requirements:
        limit = getattr(requirement, kind.limit)
        if limit is not None:
            found.setdefault(float(limit), []).append(retell(requirement.workload))
    return dict(sorted(found.items())[:_MOST])


def _limit(names: Sequence[str], at: float) -> str:
    who = shorten(names[0] if len(names) == 1 else listed(list(names)), 88, 8)
    return say("limit of {workloads}: {limit}", workloads=who, limit=seconds(at))


def _label(group: Sequence[MeasuredPoint]) -> tuple[str, str, str]:
    """Return a machine's label, its colour and its weight."""
    measured = group[0].basis is Basis.MEASURED
    colours = painted()
    text = with_basis(machine_name(group[0]), group[0].basis, _RIGHT - 8, size=8, bold=measured)
    return text, (colours.own_text if measured else colours.ink), ("bold" if measured else "normal")


def _loads(group: Sequence[MeasuredPoint], points: Sequence[tuple[float, float]], x: Any, y: Any) -> Any:
    """Return the requests in flight at the ends of a line."""
    ends = {0: group[0], len(group) - 1: group[-1]}
    rows = [
        {"x": points[i][0], "y": points[i][1], "text": number(point.concurrency)}
        for i, point in ends.items()
        if point.concurrency is not None
    ]
    return words(rows, x=x, y=y, dy=-8, align="center", fontSize=7.5, colour=painted().grey)


def _finding(verdict: Verdict, kind: _Kind, groups: Sequence[Sequence[MeasuredPoint]]) -> str:
    """Return how much longer the wait is at the heaviest load measured than at the lightest, of the first machine."""
    used = [pool.profile for pool in verdict.pools]
    group = min(groups, key=lambda points: points[0].profile not in used)
    first, last = group[0], group[-1]
    wait, machine = float(getattr(last, kind.field)), machine_name(first)
    loads = {"first": number(first.concurrency or 0), "last": number(last.concurrency or 0)}
    waits = {"few": seconds(float(getattr(first, kind.field))), "many": seconds(wait)}
    if kind is _FIRST:
        return say(
            "{machine}: the first token comes after {few} with {first} in flight, after {many} with {last}",
            machine=machine,
            **waits,
            **loads,
        )
    return say(
        "{machine}: a token takes {few} with {first} in flight, {many} with {last}", machine=machine, **waits, **loads
    )


def _subtitle(kind: _Kind, limited: bool) -> str:
    if kind is _FIRST and limited:
        return say(
            "Time to first token, median, against throughput; at the ends: requests in flight; "
            "limits are of the 95th percentile, network included"
        )
    if kind is _FIRST:
        return say("Time to first token, median, against throughput; at the ends: requests in flight")
    if limited:
        return say(
            "Time per output token, median, against throughput; at the ends: requests in flight; "
            "limits are of the 95th percentile"
        )
    return say("Time per output token, median, against throughput; at the ends: requests in flight")
