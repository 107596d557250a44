"""Electricity prices and power usage effectiveness by region, in ``tables/electricity.csv`` and ``tables/pue.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

ELECTRICITY = TABLES / "electricity.csv"
PUE = TABLES / "pue.csv"


class Tariff(Part):
    """What businesses pay for electricity in a region.

    Attributes:
        region: ``US``, ``EU``, a country or a state: ``DE``, ``US-TX``.
        label: the region and class of customer in words.
        price_per_kwh: in ``currency`` per kWh.
        currency: ISO 4217 code of the published price; nothing is converted here.
        note: what the price leaves out.
    """

    region: str
    label: str
    price_per_kwh: Figure
    currency: Literal["USD", "EUR"]
    note: str


class _Tariff(Part):
    region: str
    label: str
    price_per_kwh: float = Field(gt=0, lt=2)
    currency: Literal["USD", "EUR"]
    source: str
    date: dt.date
    note: str


class _Pue(Part):
    region: str
    value: float = Field(ge=1, le=3)
    source: str
    date: dt.date
    note: str


def _tariff(row: _Tariff) -> Tariff:
    return Tariff(
        region=row.region,
        label=row.label,
        price_per_kwh=Figure(value=row.price_per_kwh, basis=Basis.PUBLISHED, source=row.source, date=row.date),
        currency=row.currency,
        note=row.note,
    )


@cache
def tariffs(path: Path = ELECTRICITY) -> Mapping[str, Tariff]:
    """Return all electricity prices by region.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.region, _tariff(row)) for row in read_table(path, _Tariff)), path))


def electricity(region: str) -> Tariff:
    """Return what businesses pay for electricity in a region.

    Raises:
        InputError: no price for that region; names the nearest.
    """
    return look_up(tariffs(), region, "region for electricity")


@cache
def pues(path: Path = PUE) -> Mapping[str, Figure]:
    """Return power usage effectiveness (total power over power of the computers) by region.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    rows = read_table(path, _Pue)
    found = (
        (row.region, Figure(value=row.value, basis=Basis.PUBLISHED, source=f"{row.source}: {row.note}", date=row.date))
        for row in rows
    )
    return MappingProxyType(keyed(found, path))


def pue(region: str) -> Figure:
    """Return the power usage effectiveness of a cloud region (``aws eu-central-1``) or ``survey average``.

    Raises:
        InputError: none for that region; names the nearest.
    """
    return look_up(pues(), region, "region for PUE")
