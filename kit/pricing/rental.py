"""What a rented GPU costs per hour: dated list prices, one row each in ``tables/rentals.csv``.

Carried are professional offers on demand. Marketplaces and community hosts are cheaper and missing on purpose: they
promise neither a region nor a contract about data.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from kit.errors import InputError, PriceError, did_you_mean, one_of
from kit.facts.gpus import accelerator
from kit.facts.table import keyed, read_table
from kit.record import Basis, Figure, Part

TABLE = Path(__file__).parent / "tables" / "rentals.csv"


class Rental(Part):
    """One offer.

    Attributes:
        provider: who rents out.
        accelerator: name in the kit's table of accelerators.
        usd_per_gpu_hour: list price on demand of one accelerator for one hour, US dollars.
        usd_per_gpu_hour_spot: price where the provider may take the machine back; ``None`` where none is published.
        pricing_model: as the provider calls it.
        region: where the machine stands; ``None`` where the list does not say.
        licence: of the collection from which the row was taken.
        note: what the price leaves out.
    """

    provider: str
    accelerator: str
    usd_per_gpu_hour: Figure
    usd_per_gpu_hour_spot: Figure | None = None
    pricing_model: str
    region: str | None = None
    licence: str
    note: str = ""


class _Row(Part):
    provider: str
    accelerator: str
    usd_per_gpu_hour: float = Field(gt=0)
    usd_per_gpu_hour_spot: float | None = Field(default=None, gt=0)
    pricing_model: Literal["on-demand", "secure"]
    region: str | None = None
    source: str
    date: dt.date
    licence: str
    note: str = ""

    @model_validator(mode="after")
    def _spot_is_cheaper(self) -> Self:
        if self.usd_per_gpu_hour_spot is not None and self.usd_per_gpu_hour_spot > self.usd_per_gpu_hour:
            raise ValueError("the spot price is above the price on demand: an error of the source, do not carry it")
        return self


def _figure(value: float, row: _Row) -> Figure:
    return Figure(value=value, basis=Basis.PUBLISHED, source=row.source, date=row.date)


def _rental(row: _Row) -> Rental:
    return Rental(
        provider=row.provider,
        accelerator=accelerator(row.accelerator).name,
        usd_per_gpu_hour=_figure(row.usd_per_gpu_hour, row),
        usd_per_gpu_hour_spot=None if row.usd_per_gpu_hour_spot is None else _figure(row.usd_per_gpu_hour_spot, row),
        pricing_model=row.pricing_model,
        region=row.region,
        licence=row.licence,
        note=row.note,
    )


@cache
def offers(path: Path = TABLE) -> tuple[Rental, ...]:
    """Return all offers, the cheapest of each accelerator first.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row is broken, names an unknown accelerator, is there twice, or has spot above on-demand.
    """
    found = [_rental(row) for row in read_table(path, _Row)]
    keyed(((f"{offer.provider}, {offer.accelerator}", offer) for offer in found), path)
    return tuple(sorted(found, key=lambda offer: (offer.accelerator, offer.usd_per_gpu_hour.value, offer.provider)))


def rentals(name: str) -> tuple[Rental, ...]:
    """Return the offers of an accelerator, cheapest first; empty where nobody rents it out.

    Args:
        name: the accelerator's name in the kit's table.

    Raises:
        InputError: there is no such accelerator.
    """
    wanted = accelerator(name).name
    return tuple(offer for offer in offers() if offer.accelerator == wanted)


def rental(provider: str, name: str) -> Rental:
    """Return the offer of one provider.

    Args:
        provider: who rents out.
        name: the accelerator's name in the kit's table.

    Raises:
        InputError: no such accelerator or no such provider.
        PriceError: this provider does not list this accelerator.
    """
    known = {offer.provider for offer in offers()}
    if provider not in known:
        raise InputError(f'unknown renter "{provider}"{did_you_mean(provider, known)}; there is {one_of(known)}')
    here = rentals(name)
    for offer in here:
        if offer.provider == provider:
            return offer
    others = one_of(offer.provider for offer in here) if here else "nobody"
    raise PriceError(f"{provider}: no price of {name} is known; {others} has one")
