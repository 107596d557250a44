"""What a machine of one's own costs to buy: complete servers in ``tables/servers.csv``, else parts and an overhead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, model_validator

from kit.errors import PriceError
from kit.facts.defaults import default
from kit.facts.gpus import PRICE_BASIS, PriceKind, accelerator
from kit.facts.table import keyed, look_up, read_table
from kit.pricing.ownership import capex
from kit.record import Basis, Figure, Part

TABLE = Path(__file__).parent / "tables" / "servers.csv"
Positive = Annotated[float, Field(gt=0)]

RELIABLE: tuple[PriceKind, ...] = ("quoted", "list", "street")
"""Kinds of price that can be paid for a new machine, the best known first; neither used ones nor guesses."""


class Server(Part):
    """One complete machine.

    Attributes:
        name: by which the kit knows it.
        accelerator: name in the kit's table of accelerators.
        accelerators: how many are in it.
        usd: price of the whole machine, US dollars.
        price_kind: what kind of price that is.
        power_w: rated electrical power, watts; ``None`` where no source was found.
        rack_units: height in a rack; ``None`` where no source was found or it stands on a desk.
        note: conflicts between sources.
    """

    name: str
    accelerator: str
    accelerators: int
    usd: Figure
    price_kind: PriceKind
    power_w: Figure | None
    rack_units: Figure | None
    note: str

    @property
    def usd_per_accelerator(self) -> float:
        """Price of the machine ÷ its accelerators, US dollars."""
        return self.usd.value / self.accelerators


class _Row(Part):
    name: str
    accelerator: str
    accelerators: int = Field(ge=1)
    price_usd: Positive
    price_kind: PriceKind
    source: str
    date: dt.date
    power_w: Positive | None = None
    rack_units: Positive | None = None
    rated_source: str | None = None
    rated_date: dt.date | None = None
    note: str = ""

    @model_validator(mode="after")
    def _rated(self) -> Self:
        if (self.power_w or self.rack_units) and (self.rated_source is None or self.rated_date is None):
            raise ValueError("power and rack units need their source and date")
        return self

    def rated(self, value: float | None) -> Figure | None:
        """Return a rating with its source and date, or ``None`` where there is none."""
        if value is None or self.rated_source is None or self.rated_date is None:
            return None
        return Figure(value=value, basis=Basis.PUBLISHED, source=self.rated_source, date=self.rated_date)


def _server(row: _Row) -> Server:
    return Server(
        name=row.name,
        accelerator=accelerator(row.accelerator).name,
        accelerators=row.accelerators,
        usd=Figure(value=row.price_usd, basis=PRICE_BASIS[row.price_kind], source=row.source, date=row.date),
        price_kind=row.price_kind,
        power_w=row.rated(row.power_w),
        rack_units=row.rated(row.rack_units),
        note=row.note,
    )


@cache
def servers(path: Path = TABLE) -> Mapping[str, Server]:
    """Return all complete machines by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row is broken, is there twice or names an unknown accelerator.
    """
    return MappingProxyType(keyed(((row.name, _server(row)) for row in read_table(path, _Row)), path))


def server(name: str) -> Server:
    """Return one complete machine.

    Raises:
        InputError: there is none of that name; names the nearest.
    """
    return look_up(servers(), name, "server")


def complete(name: str, accelerators: int) -> Server | None:
    """Return the newest complete machine that can be bought new with just these accelerators, or ``None``.

    Args:
        name: the accelerator's name in the kit's table.
        accelerators: how many are in the machine.

    Raises:
        InputError: there is no such accelerator.
    """
    wanted = accelerator(name).name
    fitting = [
        machine
        for machine in servers().values()
        if (machine.accelerator, machine.accelerators) == (wanted, accelerators) and machine.price_kind in RELIABLE
    ]
    return max(fitting, key=lambda machine: (machine.usd.date, -RELIABLE.index(machine.price_kind)), default=None)


def machine_price(name: str, accelerators: int, overhead: Figure | None = None) -> Figure:
    """Return what a machine with these accelerators costs, US dollars.

    A complete server if the table has one, else its parts: ``accelerators × price × (1 + overhead)``.

    Args:
        name: the accelerator's name in the kit's table.
        accelerators: how many are in the machine.
        overhead: chassis, CPU, memory, network and storage as a share of the accelerators' price; the kit's default
            unless told.

    Raises:
        InputError: there is no such accelerator.
        PriceError: neither a complete server nor the accelerator has a price.
        ValueError: no or a negative number of accelerators.
    """
    if accelerators < 1:
        raise ValueError(f"{accelerators} accelerators make no machine")
    whole = complete(name, accelerators)
    if whole is not None:
        return whole.usd
    card = accelerator(name)
    if card.price_usd is None:
        raise PriceError(f"no price of {card.name} is known, neither alone nor in a server of {accelerators}; state it")
    share = overhead or default("server_overhead_share").figure
    value = capex(accelerators, card.price_usd.value, server_overhead_share=share.value)
    source = (
        f"{accelerators} × USD {card.price_usd.value:g} ({card.price_usd.source}) × {1 + share.value:g} for the server "
        f"around them ({share.source})"
    )
    return Figure(value=value, basis=Basis.PREDICTED, source=source, date=card.price_usd.date)
