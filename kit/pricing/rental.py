"""What a rented GPU costs per hour: dated list prices, one row each in ``tables/rentals.csv``.

Machines are sold whole or by the GPU; the price of one GPU is derived here, machine ÷ GPUs, and never typed in twice
without being checked. Every offer carries a tier. A verdict takes professional offers: marketplaces, community hosts
and hosts whose terms nobody looked into are cheaper, and promise neither a region nor a contract about data; serverless
prices hold for the seconds of use, not for a machine around the clock.

What is not carried, because the source errs or hides something: spot prices above the price on demand, prices that a
source calls estimated or stale or that differ by region without reason, offers that have only a spot price, cards of
which the source does not say whether they are PCIe or SXM, and collections that forbid to be passed on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kit.errors import InputError, PriceError, did_you_mean, one_of
from kit.facts.gpus import accelerator
from kit.facts.table import keyed, read_table
from kit.record import Basis, Figure, Part

TABLE = Path(__file__).parent / "tables" / "rentals.csv"

AGREE = 0.005
"""By how much a price per GPU may differ from the machine's price ÷ GPUs: rounding to cents, no more."""

PLAUSIBLE = 5.0
"""How many times dearer or cheaper than the median of its accelerator an offer may be before it is refused."""

ENOUGH = 3
"""Offers of an accelerator that make a median."""

Tier = Literal["professional", "serverless", "unvetted", "community", "marketplace"]
"""Who stands behind an offer.

A company with a contract; the same, billed by the second of use; a host whose terms were not looked into; private
people's machines on a company's platform; anyone's machine, sold to the highest bidder.
"""

Positive = Annotated[float, Field(gt=0)]


class Reserved(Part):
    """What an accelerator costs if it is taken for years.

    Attributes:
        term_years: for how long.
        usd_per_gpu_hour: US dollars for one accelerator and hour, whether it is used or not.
    """

    term_years: float = Field(gt=0)
    usd_per_gpu_hour: Figure


class Rental(Part):
    """One offer.

    Attributes:
        provider: who rents out.
        instance: what the provider calls the machine; empty where it has no name.
        gpus: accelerators in the machine: no fewer can be rented.
        accelerator: name in the kit's table of accelerators.
        usd_per_gpu_hour: list price on demand of one accelerator for one hour, US dollars.
        usd_per_gpu_hour_spot: price where the provider may take the machine back; ``None`` where none is published.
        reserved: prices for a term, the shortest term first; empty where none is published.
        pricing_model: as the provider calls it.
        tier: who stands behind the offer.
        region: where the machine stands; ``None`` where the list does not say.
        licence: of the collection from which the row was taken.
        note: what the price leaves out, and where sources disagree.
    """

    provider: str
    instance: str = ""
    gpus: int = Field(default=1, ge=1)
    accelerator: str
    usd_per_gpu_hour: Figure
    usd_per_gpu_hour_spot: Figure | None = None
    reserved: tuple[Reserved, ...] = ()
    pricing_model: str
    tier: Tier = "professional"
    region: str | None = None
    licence: str
    note: str = ""

    @property
    def usd_per_hour(self) -> float:
        """Price on demand of the whole machine for one hour, US dollars: GPUs × price of one."""
        return self.gpus * self.usd_per_gpu_hour.value

    @property
    def label(self) -> str:
        """Its name in the table, which no other offer has: provider, machine, GPUs and region."""
        where = f", {self.region}" if self.region else ""
        return f"{self.provider}, {self.instance or self.pricing_model}, {self.gpus} x {self.accelerator}{where}"

    def reserved_within(self, years: float) -> Reserved | None:
        """Return the cheapest price whose term ends within a horizon, or ``None`` where there is none.

        Args:
            years: the horizon.
        """
        within = [offer for offer in self.reserved if offer.term_years <= years]
        return min(within, key=lambda offer: offer.usd_per_gpu_hour.value, default=None)


class Quote(Part):
    """What somebody offered to the client; it overrides public prices.

    Attributes:
        accelerator: name in the kit's table of accelerators.
        provider: who offered it; absent means that it stands for any provider of this accelerator.
        usd_per_gpu_hour: US dollars for one accelerator and hour, with the offer's source and day.
        region: where the machine stands; ``None`` where the offer does not say.
    """

    accelerator: str
    provider: str | None = None
    usd_per_gpu_hour: Figure
    region: str | None = None

    @model_validator(mode="after")
    def _is_an_offer(self) -> Self:
        if self.usd_per_gpu_hour.basis is not Basis.QUOTED or self.usd_per_gpu_hour.value < 0:
            raise ValueError("a quote is a price that was quoted: its basis is quoted and it is not negative")
        return self


def price_per_gpu(machine: float | None, gpu: float | None, gpus: int) -> float | None:
    """Return the price of one GPU of a machine: ``machine ÷ GPUs``, or the price per GPU if that is how it is sold.

    Args:
        machine: price of the whole machine; ``None`` where it is sold by the GPU.
        gpu: price of one GPU; ``None`` where the machine is sold whole.
        gpus: GPUs in the machine.

    Raises:
        ValueError: both are given and differ by more than rounding.
    """
    if machine is None:
        return gpu
    if gpu is not None and abs(machine - gpu * gpus) > AGREE * machine:
        raise ValueError(f"{machine:g} for {gpus} GPUs do not divide into {gpu:g} for each: an error of the source")
    return machine / gpus


class _Row(Part):
    provider: str
    instance: str
    gpus: int = Field(ge=1)
    accelerator: str
    usd_per_hour: Positive | None = None
    usd_per_gpu_hour: Positive | None = None
    usd_per_hour_spot: Positive | None = None
    usd_per_gpu_hour_spot: Positive | None = None
    usd_per_hour_1y: Positive | None = None
    usd_per_hour_3y: Positive | None = None
    usd_per_hour_5y: Positive | None = None
    region: str | None = None
    pricing_model: Literal["on-demand", "secure", "serverless", "community", "marketplace"]
    tier: Tier
    source: str
    date: dt.date
    licence: str
    note: str = ""

    def on_demand(self) -> float:
        """Price of one GPU and hour on demand.

        Raises:
            ValueError: there is none, or the two that are given disagree.
        """
        price = price_per_gpu(self.usd_per_hour, self.usd_per_gpu_hour, self.gpus)
        if price is None:
            raise ValueError("no price on demand: neither usd_per_hour nor usd_per_gpu_hour is given")
        return price

    def spot(self) -> float | None:
        """Price of one GPU and hour where the machine may be taken back."""
        return price_per_gpu(self.usd_per_hour_spot, self.usd_per_gpu_hour_spot, self.gpus)

    def reserved(self) -> Iterator[tuple[float, float]]:
        """Term in years and price of one GPU and hour, the shortest term first."""
        for years, machine in ((1.0, self.usd_per_hour_1y), (3.0, self.usd_per_hour_3y), (5.0, self.usd_per_hour_5y)):
            if machine is not None:
                yield years, machine / self.gpus

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        dearest, spot = self.on_demand(), self.spot()
        if spot is not None and spot > dearest:
            raise ValueError("the spot price is above the price on demand: an error of the source, do not carry it")
        for years, price in self.reserved():
            if price > dearest:
                raise ValueError(f"reserved for {years:g} years costs more than for less time: an error of the source")
            dearest = price
        if self.pricing_model in {"serverless", "community", "marketplace"} and self.tier != self.pricing_model:
            raise ValueError(f"tier: {self.tier} does not go with {self.pricing_model}")
        return self

    def figure(self, value: float, divided: float | None) -> Figure:
        """Return a price as a figure; a machine's price that was divided is named in the source."""
        how = "" if divided is None or self.gpus == 1 else f": USD {divided:g} for {self.gpus} GPUs"
        return Figure(value=value, basis=Basis.PUBLISHED, source=f"{self.source}{how}", date=self.date)


def _rental(row: _Row) -> Rental:
    spot = row.spot()
    return Rental(
        provider=row.provider,
        instance=row.instance,
        gpus=row.gpus,
        accelerator=accelerator(row.accelerator).name,
        usd_per_gpu_hour=row.figure(row.on_demand(), row.usd_per_hour),
        usd_per_gpu_hour_spot=None if spot is None else row.figure(spot, row.usd_per_hour_spot),
        reserved=tuple(
            Reserved(term_years=years, usd_per_gpu_hour=row.figure(price, price * row.gpus))
            for years, price in row.reserved()
        ),
        pricing_model=row.pricing_model,
        tier=row.tier,
        region=row.region,
        licence=row.licence,
        note=row.note,
    )


def _cheapest_first(found: Iterable[Rental]) -> tuple[Rental, ...]:
    return tuple(sorted(found, key=lambda offer: (offer.accelerator, offer.usd_per_gpu_hour.value, offer.label)))


def _plausible(found: Sequence[Rental], path: Path) -> None:
    for name in {offer.accelerator for offer in found}:
        here = [offer for offer in found if offer.accelerator == name]
        middle = median(offer.usd_per_gpu_hour.value for offer in here)
        for offer in here if len(here) >= ENOUGH else ():
            price = offer.usd_per_gpu_hour.value
            if not middle / PLAUSIBLE <= price <= middle * PLAUSIBLE:
                raise InputError(
                    f"{path.name}: {offer.label}: USD {price:g} per GPU and hour is more than {PLAUSIBLE:g} times "
                    f"off USD {middle:g}, the median of its accelerator; do not carry it"
                )


@cache
def offers(path: Path = TABLE) -> tuple[Rental, ...]:
    """Return all offers of all tiers, the cheapest of each accelerator first.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row is broken, names an unknown accelerator or is there twice; its prices do not divide, spot or
            reserved are above on-demand, or the price is far off those of the same accelerator.
    """
    found = [_rental(row) for row in read_table(path, _Row)]
    keyed(((offer.label, offer) for offer in found), path)
    _plausible(found, path)
    return _cheapest_first(found)


def rentals(name: str) -> tuple[Rental, ...]:
    """Return the professional offers of an accelerator, cheapest first; empty where nobody rents it out so.

    A provider comes as often as it has machines and regions with prices of their own.

    Args:
        name: the accelerator's name in the kit's table.

    Raises:
        InputError: there is no such accelerator.
    """
    wanted = accelerator(name).name
    return tuple(offer for offer in offers() if offer.accelerator == wanted and offer.tier == "professional")


def rental(provider: str, name: str, region: str | None = None) -> Rental:
    """Return the cheapest offer of one provider; a professional one if it has both kinds.

    Args:
        provider: who rents out.
        name: the accelerator's name in the kit's table.
        region: only there, as the provider spells it; absent means anywhere.

    Raises:
        InputError: no such accelerator or no such provider.
        PriceError: this provider does not list this accelerator, or not in this region.
    """
    known = {offer.provider for offer in offers()}
    if provider not in known:
        raise InputError(f'unknown renter "{provider}"{did_you_mean(provider, known)}; there is {one_of(known)}')
    wanted = accelerator(name).name
    here = [offer for offer in offers() if (offer.provider, offer.accelerator) == (provider, wanted)]
    there = [offer for offer in here if region in {None, offer.region}]
    if there:
        return min(there, key=lambda offer: (offer.tier != "professional", offer.usd_per_gpu_hour.value))
    if here:
        regions = one_of({offer.region or "no region" for offer in here})
        raise PriceError(f"{provider}: no price of {name} in {region} is known; {regions} has one")
    others = {offer.provider for offer in rentals(name)}
    raise PriceError(f"{provider}: no price of {name} is known; {one_of(others) if others else 'nobody'} has one")


def with_quotes(found: Iterable[Rental], quotes: Sequence[Quote]) -> tuple[Rental, ...]:
    """Return offers in which the client's own quotes stand in place of public prices, cheapest first.

    A quote of a provider takes the place of all that this provider lists for the accelerator, whatever the machine and
    region; a quote without provider takes the place of every public offer of the accelerator. A quote of a provider
    stays beside one without.

    Args:
        found: public offers.
        quotes: what the client was offered.

    Raises:
        InputError: a quote names an unknown accelerator, or two quotes are for the same thing.
    """
    kept, quoted = list(found), [_of_quote(quote) for quote in quotes]
    by_name: dict[str, Rental] = {}
    for offer, quote in zip(quoted, quotes, strict=True):
        if offer.label in by_name:
            raise InputError(f"quotes: two quotes of {offer.accelerator} by {offer.provider}; which one holds?")
        by_name[offer.label] = offer
        kept = [
            public
            for public in kept
            if public.accelerator != offer.accelerator or quote.provider not in {None, public.provider}
        ]
    return _cheapest_first([*kept, *quoted])


def _of_quote(quote: Quote) -> Rental:
    return Rental(
        provider=quote.provider or "quoted to the client",
        accelerator=accelerator(quote.accelerator).name,
        usd_per_gpu_hour=quote.usd_per_gpu_hour,
        pricing_model="quoted",
        region=quote.region,
        licence="the client's own",
        note="A quote of the client's own; it overrides public prices.",
    )
