"""What could serve the workloads: cloud APIs, and pools of whole replicas on own or rented accelerators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kit.engagement.record import ApiOffer, Engagement, GpuOffer, Place
from kit.errors import InputError, did_you_mean
from kit.facts.gpus import accelerators
from kit.facts.models import Model, model
from kit.pricing.api_price import ApiPrice
from kit.pricing.pricebook import PriceBook
from kit.profiler.profile import HardwareProfile
from kit.record import Basis, Figure
from kit.strategy.capacity import levels
from kit.strategy.rents import rent_usd
from kit.strategy.terms import Terms, usd_in_currency


@dataclass(frozen=True)
class Api:
    """A model at a cloud API.

    Attributes:
        offer: what the client could sign.
        price_per_request: by workload, engagement's currency.
        context_tokens: longest request that the model takes; ``None`` if not known.
        measured: what the client measured of this model at this API from its own site, if it did.
    """

    offer: ApiOffer
    price_per_request: Mapping[str, Figure]
    context_tokens: int | None
    measured: HardwareProfile | None = None

    @property
    def label(self) -> str:
        """Its name in the documents."""
        return f"{self.offer.model} ({self.offer.provider})"


@dataclass(frozen=True)
class Pool:
    """Replicas of one model on one kind of accelerator, run at one concurrency.

    Attributes:
        offer: how the accelerators are had.
        model: what they serve.
        profile: what one replica does.
        level: requests in flight on each replica; ``None`` is saturated load.
        price: purchase price of one accelerator, or its rent per hour, engagement's currency.
        power_w: electrical power of one replica with its share of the server, under load; ``None`` if not known.
    """

    offer: GpuOffer
    model: Model
    profile: HardwareProfile
    level: int | None
    price: Figure
    power_w: Figure | None

    @property
    def place(self) -> Place:
        """Own or rented."""
        return self.offer.tenure

    @property
    def label(self) -> str:
        """Its name in the documents."""
        count = f"{self.profile.accelerators} × " if self.profile.accelerators > 1 else ""
        whose = "own" if self.place is Place.OWN else f"rented ({self.renter})"
        return f"{self.model.name} on {whose} {count}{self.profile.accelerator}"

    @property
    def renter(self) -> str:
        """Who rents it out, and where if that is agreed: ``aws, EU``; empty for an own one."""
        return ", ".join((self.offer.provider, *self.offer.regions)) if self.offer.provider else ""

    @property
    def at_most(self) -> int:
        """Replicas that the offer allows."""
        return self.offer.at_most // self.profile.accelerators


def apis(engagement: Engagement, prices: PriceBook, profiles: Sequence[HardwareProfile] = ()) -> tuple[Api, ...]:
    """Return the API options with what a request of each workload costs there.

    Args:
        engagement: what could be signed.
        prices: the price book.
        profiles: those of a provider's API (``kit profile MODEL --engine openai``) go with its offers.
    """
    seen = {(one.engine.name, one.model.name): one for one in profiles if one.way_there is not None}
    rate = usd_in_currency(engagement)
    found = []
    for offer in engagement.api_offers:
        per_request = {
            item.workload: priced_by(offer, item.usd_per_request, rate)
            for item in prices.requests
            if (item.provider, item.model) == offer.listed_as
        }
        listed = listed_price(offer, prices)
        found.append(
            Api(
                offer=offer,
                price_per_request=per_request,
                context_tokens=listed.context_tokens,
                measured=seen.get((offer.provider, offer.model)),
            )
        )
    return tuple(found)


def listed_price(offer: ApiOffer, prices: PriceBook) -> ApiPrice:
    """Return the row of the price book by which an API is priced."""
    return next(item for item in prices.api if (item.provider, item.model) == offer.listed_as)


def priced_by(offer: ApiOffer, price: Figure, rate: float = 1.0) -> Figure:
    """Return a price of the list; *assumed* where it is that of another provider (``prices_of``).

    Args:
        offer: the API.
        price: as listed.
        rate: factor on it, for the currency.
    """
    changed: dict[str, object] = {"value": price.value * rate}
    if offer.listed_as[0] != offer.provider:
        source = f"{price.source}: list price of {offer.listed_as[0]}, taken for {offer.provider} (prices_of)"
        changed |= {"basis": Basis.ASSUMED, "source": source}
    return price.model_copy(update=changed)


def pools(
    engagement: Engagement, profiles: Sequence[HardwareProfile], prices: PriceBook, terms: Terms
) -> tuple[Pool, ...]:
    """Return every pool that the offers, the candidate models and the profiles make possible.

    Args:
        engagement: offers, models and, where given, the profiles to take.
        profiles: what is known of hardware.
        prices: purchase prices and rents in US dollars.
        terms: for the power of a whole server.

    Raises:
        InputError: a profile that the engagement names is not there, or a price is not known and not stated.
    """
    taken = _taken(engagement.profiles, profiles)
    found: list[Pool] = []
    for offer in engagement.gpu_offers:
        for profile in taken:
            if profile.accelerator != offer.accelerator:
                continue
            for name in engagement.models:
                candidate = model(name)
                if candidate.architecture != profile.model.architecture:
                    continue
                price, power = _price(offer, engagement, prices), _power(profile, terms)
                found.extend(Pool(offer, candidate, profile, level, price, power) for level in levels(profile))
    return tuple(found)


def _taken(names: Iterable[str], profiles: Sequence[HardwareProfile]) -> list[HardwareProfile]:
    by_name = {profile.name: profile for profile in profiles}
    for name in names:
        if name not in by_name:
            raise InputError(f"profiles: no hardware profile {name!r}{did_you_mean(name, by_name)}")
    return [by_name[name] for name in names] or list(profiles)


def _price(offer: GpuOffer, engagement: Engagement, prices: PriceBook) -> Figure:
    """Return what the client was quoted, else the public price: to buy, or to rent in a region that it allows."""
    own = offer.tenure is Place.OWN
    stated = offer.price_per_accelerator if own else offer.price_per_accelerator_hour
    if stated is not None:
        return stated
    if own:
        listed = [item.usd_per_accelerator for item in prices.purchases if item.accelerator == offer.accelerator]
        if not listed:
            raise InputError(
                f"gpu_offers: no public price of {offer.accelerator} is known; state price_per_accelerator"
            )
        usd: Figure = listed[0]
    else:
        usd = rent_usd(offer, engagement, prices.rentals)
    return usd.model_copy(update={"value": usd.value * usd_in_currency(engagement)})


def _power(profile: HardwareProfile, terms: Terms) -> Figure | None:
    """Return the power of one replica with its share of the server, in watts.

    Measured power of the accelerators × (server ÷ accelerators), else TDP × (server ÷ accelerators) × (load ÷ rating).
    """
    factor = terms.server_power_factor
    if profile.power_w is not None:
        source = f"{profile.source}, times {factor.value:g} for the rest of the server ({factor.source})"
        return Figure(value=profile.power_w * factor.value, basis=profile.basis, source=source, date=profile.date)
    card = accelerators().get(profile.accelerator)
    if card is None:
        return None
    share = terms.load_power_share
    value = card.tdp_w.value * profile.accelerators * factor.value * share.value
    # The row of a card has several sources, the first of them for its power; `kit facts show` has them all.
    printed = card.tdp_w.source.partition("; ")[0]
    source = (
        f"{profile.accelerators} × TDP {card.tdp_w.value:g} W ({printed}) × {factor.value:g} for the server "
        f"({factor.source}) × {share.value:g} under load ({share.source})"
    )
    return Figure(value=value, basis=Basis.PREDICTED, source=source, date=card.tdp_w.date)
