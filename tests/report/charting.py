"""What tests of charts share: made-up verdicts of other shapes, and where the texts of an SVG stand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

from kit.engagement.record import Customisation, DataClass, Place
from kit.record import Basis
from kit.report.lettering import width_of
from kit.strategy.dossier import MemoryUse, Requirement
from kit.strategy.verdict import Placement, Verdict

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "\u05e9\u05dc\u05d5\u05dd \N{SLIGHTLY SMILING FACE}",
    "A very long name " * 9,
    "A&B",
)


class Stretched(dict[str, str]):
    """A catalogue of a language whose labels are a third longer than the English ones."""

    def __contains__(self, english: object) -> bool:
        return True

    def get(self, english: str, default: object = None) -> str:  # type: ignore[override]
        """Return a template with letters added to its last word, if that has not been done yet."""
        return english + "öäöäöäö"[: len(english) // 3] if english[-1:].isalpha() and "ö" not in english else english


class Box(NamedTuple):
    """A text and where it stands, in pixels from the upper left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def words(svg: str) -> list[str]:
    """Return the texts of an SVG."""
    return [" ".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def boxes(svg: str) -> list[Box]:
    """Return the upright texts of an SVG with their places, line by line; the turned titles of axes are left out."""
    return list(_boxes(ElementTree.fromstring(svg), 0.0, 0.0))


def _boxes(element: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    transform = element.get("transform", "")
    if move := re.search(r"translate\(([-\d.e]+),\s*([-\d.e]+)\)", transform):
        x, y = x + float(move[1]), y + float(move[2])
    if element.tag == f"{SVG}text":
        if "rotate(-90" not in transform:
            yield from _lines(element, x, y)
        return
    for child in element:
        yield from _boxes(child, x, y)


def _lines(element: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    size = float(element.get("font-size", "0").removesuffix("px"))
    lines = [(part.text or "", float(part.get("dy", 0))) for part in element] or [(element.text or "", 0.0)]
    for text, down in lines:
        y += down
        width = width_of(text, size, bold=element.get("font-weight") == "bold") * 0.97
        left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")] * width
        yield Box(text, left, y - 0.62 * size, left + width, y)


def overlaps(svg: str) -> list[tuple[str, str]]:
    """Return the pairs of texts that touch."""
    found = [box for box in boxes(svg) if box.text.strip()]
    return [
        (a.text, b.text)
        for a, b in combinations(found, 2)
        if min(a.right, b.right) > max(a.left, b.left) and min(a.bottom, b.bottom) > max(a.top, b.top)
    ]


def full(verdict: Verdict) -> Verdict:
    """Return a verdict with requirements and memory, as a complete one has them."""
    classes = list(DataClass)
    memory = MemoryUse(
        pool=verdict.pools[0].label,
        accelerator="H100 SXM",
        total=74.5,
        weights=32.9,
        kv_cache=25.1,
        other=3.4,
        free=13.1,
        basis=Basis.PREDICTED,
        source="made up",
        date=dt.date(2026, 1, 1),
    )
    asked = tuple(
        requirement(placement, classes[i * 7 % 4], None if i % 3 else 0.8 + i / 5)
        for i, placement in enumerate(verdict.placements)
    )
    return verdict.model_copy(update={"requirements": asked, "memory": (memory,)})


def requirement(placement: Placement, data: DataClass, ttft_s: float | None) -> Requirement:
    """Return what a client may ask of a workload."""
    return Requirement(
        workload=placement.workload,
        description="",
        requests_per_day=1000,
        prompt_tokens=1000,
        output_tokens=100,
        cached_share=None,
        million_tokens_per_day=placement.million_tokens_per_day,
        peak_to_mean=2.0,
        growth_per_year=0.0,
        deferrable=False,
        data_class=data,
        regulations=(),
        regions=(),
        users=None,
        ttft_p95_s=ttft_s,
        tpot_p95_s=None,
        e2e_p95_s=None,
        benchmark="",
        at_least=None,
        context_tokens=None,
        availability=None,
        modalities=(),
        customisation=Customisation.NONE,
        needed_by=None,
    )


def of_workloads(verdict: Verdict, count: int) -> Verdict:
    """Return a verdict of so many workloads, with names that no chart should have to bear."""
    placements = tuple(
        verdict.placements[i % len(verdict.placements)].model_copy(
            update={
                "workload": f"{HOSTILE[i % len(HOSTILE)]} {i}",
                "million_tokens_per_day": 0.02 * 1.4**i,
                "places": (list(Place)[i % 3],),
            }
        )
        for i in range(count)
    )
    drivers = tuple(
        driver.model_copy(update={"name": f"volume of {HOSTILE[i % len(HOSTILE)]} {i}"})
        for i, driver in enumerate(verdict.drivers)
    )
    return full(verdict.model_copy(update={"placements": placements, "drivers": drivers}))


def without_machines(verdict: Verdict) -> Verdict:
    """Return a verdict that leaves everything in the cloud."""
    week, none = verdict.week, (0.0,) * 168
    api = tuple(own + rented + api for own, rented, api in zip(week.own, week.rented, week.api, strict=True))
    cloud = week.model_copy(update={"own": none, "rented": none, "capacity": none, "api": api, "parts": ()})
    return full(verdict).model_copy(update={"pools": (), "memory": (), "week": cloud})


def without_cloud(verdict: Verdict) -> Verdict:
    """Return a verdict in which no API is permitted."""
    curve = verdict.break_even
    costs = {kind: cost for kind, cost in curve.cost_per_month.items() if kind in {"hybrid", "own"}}
    plans = tuple(plan for plan in verdict.strategies if plan.kind in {"hybrid", "own"})
    week = verdict.week.model_copy(update={"api": (0.0,) * 168, "parts": ()})
    return full(verdict).model_copy(
        update={
            "break_even": curve.model_copy(update={"cost_per_month": costs, "crossings": ()}),
            "strategies": plans,
            "week": week,
        }
    )


def with_overflow(verdict: Verdict) -> Verdict:
    """Return a verdict whose machines carry all but the very peak, all week close to what they can carry."""
    week = verdict.week
    load = [own + rented + api for own, rented, api in zip(week.own, week.rented, week.api, strict=True)]
    most = 0.96 * max(load)
    flows = {
        "own": tuple(0.5 * min(hour, most) for hour in load),
        "rented": tuple(0.5 * min(hour, most) for hour in load),
        "api": tuple(max(hour - most, 0.0) for hour in load),
        "capacity": tuple(0.3 * most + 0.2 * hour for hour in load),
    }
    parts = tuple(
        part.model_copy(update={"shares": {Place.OWN: 0.499, Place.RENTED: 0.499, Place.API: 0.002}})
        for part in week.parts
    )
    return full(verdict).model_copy(update={"week": week.model_copy(update={**flows, "parts": parts})})
