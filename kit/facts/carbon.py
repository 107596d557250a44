"""CO2 of electricity by region and of cloud APIs by provider, in ``tables/carbon_grid.csv`` and ``carbon_api.csv``.

All of it is counted by place: the average mix of the grid where the work is done. What a provider publishes net of
certificates of clean power would make its API look cleaner than the same machine in the client's own room, so where its
energy is known that is put on a grid instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

GRID = TABLES / "carbon_grid.csv"
API = TABLES / "carbon_api.csv"

WORLD = "world"
_ALIASES = {"UK": "GB", "elsewhere": WORLD}
"""Regions of an engagement that the table has under another name."""

Accounting = Literal["location", "market"]
"""Whether grams are of the grid at the place, or of the contracts and certificates that were bought."""


class Grid(Part):
    """How much CO2 the electricity of a region makes.

    Attributes:
        region: the key: ``EU``, ``US``, a country by its two letters, or ``world``.
        label: the region in words.
        g_per_kwh: grams of CO2 equivalents per kWh generated, mean of the year.
        year: that year.
        licence: of the data.
        note: what is counted.
    """

    region: str
    label: str
    g_per_kwh: Figure
    year: int
    licence: str
    note: str


class ApiCarbon(Part):
    """What a provider has published of an answer of its models.

    Attributes:
        provider: the provider's id, as the price list has it.
        label: which answer the figures are of.
        energy_wh: electricity for one, in Wh, as published; ``None`` if it is not.
        g_co2e: grams of CO2 equivalents for one; ``None`` if not published.
        accounting: how those grams were counted; ``None`` without grams.
        output_tokens: tokens of the answer; *assumed* where no length is published.
        note: what the figures stand for, and what they leave out.
    """

    provider: str
    label: str
    energy_wh: Figure | None
    g_co2e: Figure | None
    accounting: Accounting | None
    output_tokens: Figure
    note: str


class _Grid(Part):
    region: str
    label: str
    g_per_kwh: float = Field(gt=0, lt=1500)
    year: int = Field(ge=2015, le=2100)
    basis: Literal["published", "assumed"]
    source: str
    date: dt.date
    licence: str
    note: str


class _Api(Part):
    provider: str
    label: str
    energy_wh: float | None = Field(default=None, gt=0, lt=1000)
    g_co2e: float | None = Field(default=None, gt=0, lt=1000)
    accounting: Accounting | None = None
    output_tokens: float = Field(gt=0)
    tokens_basis: Literal["published", "assumed"]
    source: str
    date: dt.date
    note: str

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.g_co2e is None) != (self.accounting is None):
            raise ValueError("accounting: grams need it, and nothing else has it")
        if self.energy_wh is None and self.accounting != "location":
            raise ValueError("energy_wh: needed where no grams by place are published")
        return self

    def figure(self, value: float | None, basis: Basis = Basis.PUBLISHED) -> Figure | None:
        return None if value is None else Figure(value=value, basis=basis, source=self.source, date=self.date)


def _grid(row: _Grid) -> Grid:
    figure = Figure(
        value=row.g_per_kwh, basis=Basis(row.basis), source=f"{row.source}: {row.label}, {row.year}", date=row.date
    )
    return Grid(region=row.region, label=row.label, g_per_kwh=figure, year=row.year, licence=row.licence, note=row.note)


def _api(row: _Api) -> ApiCarbon:
    return ApiCarbon(
        provider=row.provider,
        label=row.label,
        energy_wh=row.figure(row.energy_wh),
        g_co2e=row.figure(row.g_co2e),
        accounting=row.accounting,
        output_tokens=Figure(value=row.output_tokens, basis=Basis(row.tokens_basis), source=row.source, date=row.date),
        note=row.note,
    )


@cache
def grids(path: Path = GRID) -> Mapping[str, Grid]:
    """Return all grids by region.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, or a region is there twice.
    """
    return MappingProxyType(keyed(((row.region, _grid(row)) for row in read_table(path, _Grid)), path))


@cache
def api_carbon(path: Path = API) -> Mapping[str, ApiCarbon]:
    """Return what providers have published of their APIs, by provider.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, or a provider is there twice.
    """
    return MappingProxyType(keyed(((row.provider, _api(row)) for row in read_table(path, _Api)), path))


def grid(region: str) -> Figure:
    """Return grams of CO2 equivalents per kWh of electricity.

    Args:
        region: ``EU``, ``US``, ``UK`` or ``GB``, a country by its two letters, ``world`` or ``elsewhere``.

    Raises:
        InputError: no figure for that region; names the nearest.
    """
    return look_up(grids(), _ALIASES.get(region, region), "region for CO2 of electricity").g_per_kwh


def api_g_per_output_token(provider: str, region: str = WORLD) -> Figure:
    """Return grams of CO2 equivalents per output token of a cloud API, its prompt included.

    *Published* where grams by place and the length of the answer are; *predicted* where published energy is put on a
    grid; for a provider that has published nothing the dearest of the others, *assumed*.

    Args:
        provider: the provider's id.
        region: where it processes, for the grid; the world's if not known.

    Raises:
        InputError: no grid for that region; names the nearest.
    """
    found = api_carbon().get(provider)
    if found is not None:
        return _per_token(found, region)
    others = {one.provider: _per_token(one, region) for one in api_carbon().values()}
    dearest = max(others, key=lambda name: others[name].value)
    source = f"{provider} has published nothing: the dearest that is known, {dearest}: {others[dearest].source}"
    return others[dearest].model_copy(update={"basis": Basis.ASSUMED, "source": source})


def _per_token(one: ApiCarbon, region: str) -> Figure:
    tokens = one.output_tokens.value
    if one.g_co2e is not None and one.accounting == "location":
        source = f"{one.g_co2e.source}: {one.g_co2e.value:g} g for {one.label}; {one.note}"
        return Figure(
            value=one.g_co2e.value / tokens, basis=one.output_tokens.basis, source=source, date=one.g_co2e.date
        )
    assert one.energy_wh is not None  # a row without grams by place has it, or it was refused
    mix = grid(region)
    source = (
        f"{one.energy_wh.value:g} Wh for {one.label} ({one.energy_wh.source}) × {mix.value:g} g per kWh "
        f"({mix.source}) ÷ {tokens:g} output tokens; {one.note}"
    )
    value = one.energy_wh.value / 1000 * mix.value / tokens
    return Figure(value=value, basis=Basis.PREDICTED, source=source, date=one.energy_wh.date)
