"""What the kit uses where the client says nothing, in ``tables/defaults.csv``: each with its basis, source and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

TABLE = TABLES / "defaults.csv"


class Default(Part):
    """A value that stands in until the client gives one.

    Attributes:
        key: by which the kit knows it, e.g. ``discount_rate``.
        label: what it is, in words.
        unit: of the value.
        figure: the value with basis, source and date.
    """

    key: str
    label: str
    unit: str
    figure: Figure


class _Row(Part):
    key: str
    label: str
    unit: str
    value: float
    basis: Literal["published", "assumed"]
    source: str
    date: dt.date


def _default(row: _Row) -> Default:
    figure = Figure(value=row.value, basis=Basis(row.basis), source=row.source, date=row.date)
    return Default(key=row.key, label=row.label, unit=row.unit, figure=figure)


@cache
def defaults(path: Path = TABLE) -> Mapping[str, Default]:
    """Return all defaults by key.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.key, _default(row)) for row in read_table(path, _Row)), path))


def default(key: str) -> Default:
    """Return one default.

    Raises:
        InputError: there is none of that key; names the nearest.
    """
    return look_up(defaults(), key, "default")
