"""What could serve the workloads: cloud APIs, and pools of whole replicas on own or rented accelerators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kit.demand.record import Demand, WorkloadDemand
from kit.engagement.record import ApiOffer, Commitment, Engagement, GpuOffer, Place, Workload
from kit.errors import InputError, did_you_mean
from kit.facts.gpus import accelerators
from kit.facts.models import Model, model
from kit.figures import joined, plain
from kit.pricing.api_price import ApiPrice, OtherRates
from kit.pricing.pricebook import PriceBook
from kit.profiler.profile import HardwareProfile
from kit.record import Basis, Figure
from kit.strategy.capacity import levels
from kit.strategy.rents import rents_usd
from kit.strategy.terms import Terms, usd_in_currency
from kit.wording import say

DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Api:
    """A model at a cloud API.

    Attributes:
        offer: what the client could sign.
        price_per_request: by workload, engagement's currency.
        context_tokens: longest request that the model takes; ``None`` if not known.
        measured: what the client measured of this model at this API from its own site, if it did.
        as_today: it is used as it is today, and by nobody else: without the cache and the batch interface, unless the
            client says that it uses them. Other APIs are used as well as their prices allow.
    """

    offer: ApiOffer
    price_per_request: Mapping[str, Figure]
    context_tokens: int | None
    measured: HardwareProfile | None = None
    as_today: bool = False

    @property
    def label(self) -> str:
        """Its name in the documents."""
        names = {"model": self.offer.model, "provider": self.offer.provider}
        return say("{model} ({provider}, as today)", **names) if self.as_today else say("{model} ({provider})", **names)


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
        commitment: how a rented one is had; ``None`` for an own one.
        term_years: for how long a reserved one is taken.
    """

    offer: GpuOffer
    model: Model
    profile: HardwareProfile
    level: int | None
    price: Figure
    power_w: Figure | None
    commitment: Commitment | None = None
    term_years: float | None = None

    @property
    def place(self) -> Place:
        """Own or rented."""
        return self.offer.tenure

    @property
    def label(self) -> str:
        """Its name in the documents."""
        if self.place is Place.OWN:
            return say("{model} on own {machine}", model=self.model.name, machine=self.machine)
        return say(
            "{model} on rented ({renter}) {machine}", model=self.model.name, renter=self.renter, machine=self.machine
        )

    @property
    def machine(self) -> str:
        """What one replica takes: ``H100 SXM``, ``4 × H100 SXM``."""
        kind, number = self.profile.accelerator, self.profile.accelerators
        return say("{number} × {accelerator}", number=number, accelerator=kind) if number > 1 else kind

    @property
    def renter(self) -> str:
        """Who rents it out, where if that is agreed, and for how long: ``aws, EU, 1 year``; empty for an own one."""
        if not self.offer.provider:
            return ""
        return joined((self.offer.provider, *self.offer.regions, *([self.had] if self.had else [])), ", ")

    @property
    def price_key(self) -> str:
        """Key of its price among the inputs: ``prices.H100 SXM.own``, ``prices.H100 SXM.rented (aws)``."""
        whose = f" ({self.renter})" if self.renter else ""
        return f"prices.{self.offer.accelerator}.{self.place}{whose}"

    @property
    def had(self) -> str:
        """How a rented one is had, in a word: ``3 years``, ``spot``; empty on demand."""
        if self.commitment is Commitment.SPOT:
            return say("spot")
        if self.commitment is not Commitment.RESERVED:
            return ""
        years = self.term_years or 1.0
        return say("1 year") if years == 1 else say("{years} years", years=plain(years))

    @property
    def at_most(self) -> int:
        """Replicas that the offer allows."""
        return self.offer.at_most // self.profile.accelerators


def apis(
    engagement: Engagement, demand: Demand, prices: PriceBook, profiles: Sequence[HardwareProfile] = ()
) -> tuple[Api, ...]:
    """Return the API options with what a request of each workload costs there, and today's arrangements after them.

    An API is used as well as its prices allow: prompts from the cache, and the batch interface for what can wait and
    has no limit on latency. Today's arrangement is priced as the client uses it.

    Args:
        engagement: what could be signed.
        demand: the requests' lengths.
        prices: the price book.
        profiles: those of a provider's API (``kit profile MODEL --engine openai``) go with its offers.
    """
    seen = {(one.engine.name, one.model.name): one for one in profiles if one.way_there is not None}
    rate = usd_in_currency(engagement)
    requests = {item.workload: item for item in demand.workloads}
    found = []
    for offer in engagement.api_offers:
        listed = listed_price(offer, prices)
        per_request = {
            workload.name: priced_by(offer, well_used(listed, workload, requests[workload.name]), rate)
            for workload in engagement.workloads
        }
        measured = seen.get((offer.provider, offer.model))
        found.append(Api(offer, per_request, listed.context_tokens, measured))
    return (*found, *_as_today(engagement, requests, prices, rate))


def well_used(listed: ApiPrice, workload: Workload, item: WorkloadDemand) -> Figure:
    """Return the price of a request with cache, and by batch where the work can wait, US dollars."""
    return _request(listed, item, cached=item.cached_tokens.value, batch=by_batch(listed, workload, item))


def by_batch(listed: ApiPrice, workload: Workload, item: WorkloadDemand) -> bool:
    """Return whether a workload takes the batch interface: it can wait, and it costs less there."""
    if not (workload.deferrable and workload.latency is None and any(rates.batch for rates in listed.other_rates)):
        return False
    cached = item.cached_tokens.value
    at_once = _request(listed, item, cached=cached, batch=False)
    return _request(listed, item, cached=cached, batch=True).value < at_once.value


def rates_paid(api: Api, listed: ApiPrice, workload: Workload, item: WorkloadDemand) -> ApiPrice | OtherRates:
    """Return the prices that a workload's requests pay at an API: those of their length, by batch or not."""
    today = workload.today
    if api.as_today and today is not None:
        batch = today.batch and any(rates.batch for rates in listed.other_rates)
    else:
        batch = by_batch(listed, workload, item)
    return listed.rates(item.prompt_tokens.value, batch=batch)


def _request(listed: ApiPrice, item: WorkloadDemand, *, cached: float, batch: bool) -> Figure:
    usd = listed.usd(
        prompt_tokens=item.prompt_tokens.value,
        output_tokens=item.output_tokens.value,
        cached_tokens=cached,
        batch=batch,
    )
    origin = listed.usd_per_mtok_input
    source = f"{origin.source}{', by batch' if batch else ''}"
    return Figure(value=usd, basis=origin.basis, source=source, date=origin.date)


def _as_today(
    engagement: Engagement, requests: Mapping[str, WorkloadDemand], prices: PriceBook, rate: float
) -> list[Api]:
    """Return an API for each arrangement of today, with the prices of the workloads that have it."""
    found: dict[tuple[str, str], dict[str, Figure]] = {}
    for workload in engagement.workloads:
        today = workload.today
        if today is None:
            continue
        item = requests[workload.name]
        if today.cost_per_month is not None:
            price = today.cost_per_month.model_copy(
                update={"value": today.cost_per_month.value / (item.requests_per_day.value * DAYS_PER_MONTH)}
            )
        else:
            listed = next(
                (one for one in prices.api if (one.provider, one.model) == (today.provider, today.model)), None
            )
            if listed is None:
                continue
            cached = item.cached_tokens.value if today.cached else 0.0
            batch = today.batch and any(rates.batch for rates in listed.other_rates)
            usd = _request(listed, item, cached=cached, batch=batch)
            price = usd.model_copy(update={"value": usd.value * rate})
        found.setdefault((today.provider, today.model), {})[workload.name] = price
    # What is signed for a model that is on offer holds for it today.
    signed = {(offer.provider, offer.model): offer for offer in engagement.api_offers}
    return [
        Api(signed.get(key, ApiOffer(provider=key[0], model=key[1])), per_request, None, as_today=True)
        for key, per_request in found.items()
    ]


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
                power = _power(profile, terms)
                found.extend(
                    Pool(offer, candidate, profile, level, price, power, commitment, term)
                    for price, commitment, term in _prices(offer, engagement, prices, terms)
                    for level in levels(profile)
                )
    return tuple(found)


def _taken(names: Iterable[str], profiles: Sequence[HardwareProfile]) -> list[HardwareProfile]:
    by_name = {profile.name: profile for profile in profiles}
    for name in names:
        if name not in by_name:
            raise InputError(f"profiles: no hardware profile {name!r}{did_you_mean(name, by_name)}")
    return [by_name[name] for name in names] or list(profiles)


def _prices(
    offer: GpuOffer, engagement: Engagement, prices: PriceBook, terms: Terms
) -> list[tuple[Figure, Commitment | None, float | None]]:
    """Return what the client was quoted, else the public prices: to buy, or to rent in a region that it allows."""
    own = offer.tenure is Place.OWN
    stated = offer.price_per_accelerator if own else offer.price_per_accelerator_hour
    if stated is not None:
        term = offer.term_years.value if offer.term_years else None
        return [(stated, None if own else offer.commitment or Commitment.ON_DEMAND, term)]
    rate = usd_in_currency(engagement)
    if own:
        listed = [item.usd_per_accelerator for item in prices.purchases if item.accelerator == offer.accelerator]
        if not listed:
            raise InputError(
                f"gpu_offers: no public price of {offer.accelerator} is known; state price_per_accelerator"
            )
        return [(_times(listed[0], rate), None, None)]
    found = rents_usd(offer, engagement, prices.rentals, within_years=terms.horizon_years.value)
    # Nobody but work that can wait may use a machine that the renter may take back.
    waits = any(workload.deferrable and workload.latency is None for workload in engagement.workloads)
    return [
        (_times(rent.usd_per_hour, rate), rent.commitment, rent.term_years)
        for rent in found
        if waits or rent.commitment is not Commitment.SPOT or offer.commitment is Commitment.SPOT
    ]


def _times(figure: Figure, rate: float) -> Figure:
    return figure.model_copy(update={"value": figure.value * rate})


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
