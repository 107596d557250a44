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

Currency = Literal["USD", "EUR", "GBP", "CHF", "JPY", "INR", "SGD"]
Customers = Literal["commercial", "industrial", "business"]
"""Who pays: shops and offices, factories, or both of them; never households."""
SiteKind = Literal["hyperscaler", "colocation", "server room", "cloud region", "survey"]
"""Whose machine room: of a cloud, rented, one's own, of one region of a cloud, or the average of all."""


class Tariff(Part):
    """What businesses pay for electricity in a region.

    Attributes:
        region: ``US``, ``EU``, a country, a state or a continent: ``DE``, ``US-TX``, ``asia``.
        label: the region and class of customer in words.
        customers: that class.
        price_per_kwh: in ``currency`` per kWh.
        currency: ISO 4217 code of the published price; nothing is converted here.
        note: what the price leaves out.
    """

    region: str
    label: str
    customers: Customers
    price_per_kwh: Figure
    currency: Currency
    note: str


class Site(Part):
    """Power usage effectiveness of a machine room, a fleet of them or the average of many.

    Attributes:
        region: the key: ``aws eu-central-1``, ``colocation``.
        kind: whose machine room it is.
        pue: total power over power of the computers.
        note: what the figure stands for.
    """

    region: str
    kind: SiteKind
    pue: Figure
    note: str


class _Tariff(Part):
    region: str
    label: str
    customers: Customers
    price_per_kwh: float = Field(gt=0, lt=100)
    currency: Currency
    basis: Literal["published", "assumed"]
    source: str
    date: dt.date
    note: str


class _Site(Part):
    region: str
    kind: SiteKind
    value: float = Field(ge=1, le=3)
    basis: Literal["published", "predicted", "assumed"]
    source: str
    date: dt.date
    note: str


def _tariff(row: _Tariff) -> Tariff:
    return Tariff(
        region=row.region,
        label=row.label,
        customers=row.customers,
        price_per_kwh=Figure(value=row.price_per_kwh, basis=Basis(row.basis), source=row.source, date=row.date),
        currency=row.currency,
        note=row.note,
    )


def _site(row: _Site) -> Site:
    figure = Figure(value=row.value, basis=Basis(row.basis), source=f"{row.source}: {row.note}", date=row.date)
    return Site(region=row.region, kind=row.kind, pue=figure, note=row.note)


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
def sites(path: Path = PUE) -> Mapping[str, Site]:
    """Return all machine rooms whose power usage effectiveness is known.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.region, _site(row)) for row in read_table(path, _Site)), path))


@cache
def pues(path: Path = PUE) -> Mapping[str, Figure]:
    """Return power usage effectiveness (total power over power of the computers) by region.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType({region: site.pue for region, site in sites(path).items()})


def pue(region: str) -> Figure:
    """Return the power usage effectiveness of a region of a cloud, a kind of machine room or a survey.

    Args:
        region: ``aws eu-central-1``, ``hyperscaler``, ``colocation``, ``server room`` or ``survey average``.

    Raises:
        InputError: none for that region; names the nearest.
    """
    return look_up(pues(), region, "region for PUE")
