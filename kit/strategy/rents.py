"""What a rented accelerator costs where the client may have it: prices differ by region, by up to a half."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kit.engagement.record import Commitment, Engagement, GpuOffer, Place, Region
from kit.errors import InputError
from kit.facts.gpus import accelerators
from kit.pricing.rental import Quote, Rental
from kit.record import Basis, Figure
from kit.strategy.terms import usd_in_currency

_EU_CODES = "at|be|bg|cy|cz|de|dk|ee|es|fi|fr|gr|hr|hu|ie|it|lt|lu|lv|mt|nl|pl|pt|ro|se|si|sk"
_EU_NAMES = "austria|belgium|denmark|finland|france|germany|greece|ireland|italy|poland|portugal|spain|sweden"
_PATTERNS = (
    # London and Zurich are called Europe by some clouds.
    (Region.UK, re.compile(r"eu-west-2|europe-west2|gb|uk.*")),
    (Region.CH, re.compile(r"eu-central-2|europe-west6|ch|switzerland.*")),
    (Region.EU, re.compile(rf"eu|eu-.*|europe-.*|(north|west)europe|({_EU_CODES})(-.*)?|({_EU_NAMES}).*")),
    (Region.US, re.compile(r"us|usa|us-.*|(north|south|west)?(central|east|west)us\d*")),
)


def regions_of(name: str | None) -> frozenset[Region]:
    """Return where a region of a price list lies; empty where the list does not say.

    Args:
        name: as the renter spells it: ``eu-central-1``, ``europe-west4``, ``eu-north1/us-central1``, ``DE``.
    """
    return frozenset(_region_of(part.strip()) for part in (name or "").casefold().split("/") if part.strip())


def _region_of(part: str) -> Region:
    return next((region for region, pattern in _PATTERNS if pattern.fullmatch(part)), Region.ELSEWHERE)


def allowed_regions(offer: GpuOffer, engagement: Engagement) -> tuple[Region, ...]:
    """Return where a rented accelerator has to stand: as the offer says, else where all workloads that ask allow it."""
    if offer.regions:
        return offer.regions
    asked = [workload.regions for workload in engagement.workloads if workload.regions]
    every = dict.fromkeys(region for regions in asked for region in regions)
    common = tuple(region for region in every if all(region in regions for regions in asked))
    return common or tuple(every)


@dataclass(frozen=True)
class Rent:
    """A price of a rented accelerator.

    Attributes:
        commitment: how it is had.
        term_years: for how long, if reserved.
        usd_per_hour: US dollars for one accelerator and hour.
    """

    commitment: Commitment
    term_years: float | None
    usd_per_hour: Figure


def rents_usd(offer: GpuOffer, engagement: Engagement, rentals: Sequence[Rental], *, within_years: float) -> list[Rent]:
    """Return the cheapest public rents in the regions that the client allows: on demand, reserved and spot.

    A price in an allowed region goes before one of a list that names no region. If there is neither, the dearest price
    elsewhere is assumed. An offer that names its commitment has that one only.

    Args:
        offer: what could be rented.
        engagement: for the regions.
        rentals: the lists.
        within_years: no reservation is longer than that.

    Raises:
        InputError: the renter lists no such accelerator, or not with this commitment.
    """
    listed = [item for item in rentals if (item.accelerator, item.provider) == (offer.accelerator, offer.provider)]
    found = [rent for kind in Commitment if (rent := _rent(kind, listed, offer, engagement, within_years)) is not None]
    if offer.commitment is not None:
        found = [rent for rent in found if rent.commitment is offer.commitment]
    if not found:
        how = f" {offer.commitment.value}" if offer.commitment else ""
        raise InputError(
            f"gpu_offers: no public price of {offer.accelerator}{how} at {offer.provider} is known; state "
            "price_per_accelerator_hour"
        )
    return found


def _rent(
    kind: Commitment, listed: Sequence[Rental], offer: GpuOffer, engagement: Engagement, within_years: float
) -> Rent | None:
    priced = [(item, *price) for item in listed if (price := _price(kind, item, offer, within_years)) is not None]
    if not priced:
        return None
    allowed = allowed_regions(offer, engagement)
    there = [one for one in priced if not allowed or regions_of(one[0].region) & set(allowed)]
    anywhere = [one for one in priced if one[0].region is None]
    if there or anywhere:
        item, usd, term = min(there or anywhere, key=lambda one: one[1].value)
        where = f"price of {item.region}" if item.region else "the list names no region"
        return Rent(kind, term, _with(usd, f"; {where}"))
    item, usd, term = max(priced, key=lambda one: one[1].value)
    missing = f"; price of {item.region}, none of {' or '.join(allowed)} is known"
    return Rent(kind, term, _with(usd, missing).model_copy(update={"basis": Basis.ASSUMED}))


def _price(kind: Commitment, item: Rental, offer: GpuOffer, within_years: float) -> tuple[Figure, float | None] | None:
    if kind is Commitment.ON_DEMAND:
        return item.usd_per_gpu_hour, None
    if kind is Commitment.SPOT:
        return None if item.usd_per_gpu_hour_spot is None else (item.usd_per_gpu_hour_spot, None)
    longest = offer.term_years.value if offer.term_years else within_years
    reserved = item.reserved_within(longest)
    return None if reserved is None else (reserved.usd_per_gpu_hour, reserved.term_years)


def quotes_of(engagement: Engagement) -> tuple[Quote, ...]:
    """Return the rents that the client was quoted for accelerators of the kit's table, in US dollars."""
    rate = 1 / usd_in_currency(engagement)
    found: list[Quote] = []
    for offer in engagement.gpu_offers:
        stated = offer.price_per_accelerator_hour
        if offer.tenure is not Place.RENTED or stated is None or stated.basis is not Basis.QUOTED:
            continue
        if offer.accelerator in accelerators():
            usd = Figure.model_validate(stated.model_dump() | {"value": stated.value * rate})
            region = "/".join(offer.regions) or None
            quote = Quote(accelerator=offer.accelerator, provider=offer.provider, usd_per_gpu_hour=usd, region=region)
            found += [quote] if quote not in found else []
    return tuple(found)


def _with(figure: Figure, text: str) -> Figure:
    return figure.model_copy(update={"source": figure.source + text})
