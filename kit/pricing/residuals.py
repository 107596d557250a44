"""What an accelerator still fetches at an age, as a share of its purchase price, from ``tables/residuals.csv``.

Published evidence is thin and wide apart, so every age has a range beside its value. Families without evidence of their
own take the curve ``any``. Book values are another matter: see :func:`kit.pricing.ownership.straight_line_residual`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from kit.errors import InputError
from kit.facts.gpus import accelerator as accelerator_of
from kit.facts.table import read_table
from kit.record import Basis, Figure, Part

TABLE = Path(__file__).parent / "tables" / "residuals.csv"

ANY = "any"
"""The curve of accelerators that have none of their own."""


class Residual(Part):
    """What is left at an age.

    Attributes:
        age_years: years since the purchase.
        share: of the purchase price.
        low: the least that a source says.
        high: the most that a source says.
        note: where the range comes from.
    """

    age_years: float
    share: Figure
    low: float
    high: float
    note: str


class _Row(Part):
    family: str
    age_years: float = Field(gt=0)
    share: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    basis: Literal["published", "assumed"]
    source: str
    date: dt.date
    note: str = ""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if not self.low <= self.share <= self.high:
            raise ValueError("the share lies outside its own range")
        return self


def _residual(row: _Row) -> Residual:
    share = Figure(value=row.share, basis=Basis(row.basis), source=row.source, date=row.date)
    return Residual(age_years=row.age_years, share=share, low=row.low, high=row.high, note=row.note)


@cache
def curves(path: Path = TABLE) -> Mapping[str, tuple[Residual, ...]]:
    """Return all curves by family of accelerators, each from young to old.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row is broken, an age is there twice, a value rises with age, or the curve ``any`` is missing.
    """
    found: dict[str, list[Residual]] = {}
    for row in read_table(path, _Row):
        found.setdefault(row.family, []).append(_residual(row))
    if ANY not in found:
        raise InputError(f'{path.name}: the curve "{ANY}" is missing')
    for family, points in found.items():
        points.sort(key=lambda point: point.age_years)
        for young, old in pairwise(points):
            if old.age_years == young.age_years:
                raise InputError(f"{path.name}: {family}, age {old.age_years:g} is there twice")
            if old.share.value > young.share.value:
                raise InputError(f"{path.name}: {family}: worth more at {old.age_years:g} years than before")
    return MappingProxyType({family: tuple(points) for family, points in found.items()})


def curve_of(accelerator: str | None = None) -> tuple[Residual, ...]:
    """Return the curve of an accelerator: that of its family, e.g. ``H100`` for ``H100 SXM``, else ``any``.

    Args:
        accelerator: name in the kit's table; absent means any.

    Raises:
        InputError: there is no such accelerator.
    """
    family = ANY if accelerator is None else accelerator_of(accelerator).name.split()[0]
    return curves().get(family, curves()[ANY])


def residual_share(age_years: float, accelerator: str | None = None) -> Figure:
    """Return what a machine of an age still fetches, as a share of its purchase price.

    Linear between the ages of the table, from 1 when new; beyond the last age it goes on falling by the yearly factor
    of the last interval: ``share = last × (last ÷ last but one)^((age − last age) ÷ interval)``. Only at an age of the
    table is the figure as published; elsewhere it is predicted.

    Args:
        age_years: years since the purchase.
        accelerator: name in the kit's table; absent means any.

    Raises:
        ValueError: the age is negative or no number.
        InputError: there is no such accelerator.
    """
    if not age_years >= 0:
        raise ValueError(f"an age of {age_years} years is negative or no number")
    points = curve_of(accelerator)
    for point in points:
        if point.age_years == age_years:
            return point.share
    nearest = min(points, key=lambda point: abs(point.age_years - age_years)).share
    value = _between([(0.0, 1.0), *((point.age_years, point.share.value) for point in points)], age_years)
    source = f"between the ages of {nearest.source}" if age_years < points[-1].age_years else f"beyond {nearest.source}"
    basis = Basis.ASSUMED if nearest.basis is Basis.ASSUMED else Basis.PREDICTED
    return Figure(value=value, basis=basis, source=source, date=nearest.date)


def residual_range(age_years: float, accelerator: str | None = None) -> tuple[float, float]:
    """Return the least and the most that sources say is left at an age, by the rule of :func:`residual_share`.

    Raises:
        ValueError: the age is negative or no number.
        InputError: there is no such accelerator.
    """
    if not age_years >= 0:
        raise ValueError(f"an age of {age_years} years is negative or no number")
    points = curve_of(accelerator)
    low = _between([(0.0, 1.0), *((point.age_years, point.low) for point in points)], age_years)
    high = _between([(0.0, 1.0), *((point.age_years, point.high) for point in points)], age_years)
    return low, high


def _between(points: list[tuple[float, float]], age: float) -> float:
    for (young, before), (old, after) in pairwise(points):
        if age <= old:
            return before + (after - before) * (age - young) / (old - young)
    (young, before), (old, after) = points[-2:]
    return float(after * (after / before) ** ((age - old) / (old - young))) if before else 0.0
