"""The fourth record: the prices that a verdict was made with, in a file that can be carried, edited and diffed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from kit.facts.gpus import Accelerator, accelerator
from kit.pricing.rental import Rental, rentals
from kit.pricing.tokens import RequestPrice, price_request
from kit.record import Basis, Figure, Part, Record


class RequestClass(Part):
    """What a request of a workload looks like.

    Attributes:
        workload: the workload's name.
        prompt_tokens: mean tokens of a prompt, the cached ones among them.
        cached_tokens: mean tokens of the prompt that a provider's cache would hold.
        output_tokens: mean tokens of an answer.
        batch: whether it goes through a batch interface.
    """

    workload: str
    prompt_tokens: float = Field(gt=0)
    cached_tokens: float = Field(default=0, ge=0)
    output_tokens: float = Field(gt=0)
    batch: bool = False


class ApiPrice(Part):
    """List prices of a model for short prompts, US dollars per 10⁶ tokens.

    Attributes:
        provider: genai-prices id of the provider.
        model: exact id of the model.
        usd_per_mtok_input: prompt tokens.
        usd_per_mtok_cached: prompt tokens read from the cache; ``None``: no price of their own.
        usd_per_mtok_output: output tokens.
        tier_above_tokens: longer prompts pay more for all their tokens; ``None`` where there are no tiers.
        context_tokens: longest request that the model takes; ``None`` where the price list does not say.
    """

    provider: str
    model: str
    usd_per_mtok_input: Figure
    usd_per_mtok_cached: Figure | None
    usd_per_mtok_output: Figure
    tier_above_tokens: int | None
    context_tokens: int | None = None


class RequestClassPrice(Part):
    """What one request of a workload costs at an API.

    Attributes:
        workload: the workload's name.
        provider: genai-prices id of the provider.
        model: exact id of the model.
        prompt_tokens: mean tokens of the prompt, the cached ones among them; priced rounded to whole tokens.
        cached_tokens: those read from the cache.
        output_tokens: mean tokens of the answer.
        batch: whether the batch price was taken.
        usd_per_request: US dollars.
    """

    workload: str
    provider: str
    model: str
    prompt_tokens: float
    cached_tokens: float
    output_tokens: float
    batch: bool
    usd_per_request: Figure


class Purchase(Part):
    """What one accelerator costs to buy, US dollars, without the server around it."""

    accelerator: str
    usd_per_accelerator: Figure


class PriceBook(Record):
    """The prices of one day. Electricity, staff and space are the client's and stand in the engagement.

    Attributes:
        date: the day for which API prices hold.
        api: list prices of the APIs that were asked for.
        requests: what a request of each workload costs at each of them.
        rentals: offers of rented accelerators, cheapest first.
        purchases: purchase prices of accelerators.
    """

    kind: ClassVar[str] = "price book"
    date: dt.date
    api: tuple[ApiPrice, ...] = ()
    requests: tuple[RequestClassPrice, ...] = ()
    rentals: tuple[Rental, ...] = ()
    purchases: tuple[Purchase, ...] = ()

    @model_validator(mode="after")
    def _no_negative_price(self) -> Self:
        for where, figure in self._prices():
            if figure is not None and figure.value < 0:
                raise ValueError(f"{where}: a price of {figure.value} is negative")
        return self

    def _prices(self) -> Iterator[tuple[str, Figure | None]]:
        for api in self.api:
            for figure in (api.usd_per_mtok_input, api.usd_per_mtok_cached, api.usd_per_mtok_output):
                yield f"api: {api.provider}/{api.model}", figure
        for request in self.requests:
            yield f"requests: {request.workload} at {request.provider}/{request.model}", request.usd_per_request
        for offer in self.rentals:
            for figure in (offer.usd_per_gpu_hour, offer.usd_per_gpu_hour_spot):
                yield f"rentals: {offer.accelerator} at {offer.provider}", figure
        for purchase in self.purchases:
            yield f"purchases: {purchase.accelerator}", purchase.usd_per_accelerator


def price_book(
    *,
    date: dt.date,
    api_offers: Sequence[tuple[str, str]],
    request_classes: Sequence[RequestClass],
    accelerators: Sequence[str],
) -> PriceBook:
    """Return the prices of a day for what an engagement considers.

    Prices that hang on the hour are those of noon, UTC.

    Args:
        date: the day.
        api_offers: pairs of provider and exact model id.
        request_classes: what the workloads' requests look like.
        accelerators: names in the kit's table, to rent or to buy.

    Raises:
        PriceError: an API, a model or a batch price is not listed.
        InputError: an accelerator is unknown.
    """
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=dt.UTC)
    offers, cards = list(dict.fromkeys(api_offers)), [accelerator(name) for name in dict.fromkeys(accelerators)]
    return PriceBook(
        date=date,
        api=tuple(_api_price(provider, model, noon) for provider, model in offers),
        requests=tuple(
            _request_class_price(provider, model, request, noon)
            for request in request_classes
            for provider, model in offers
        ),
        rentals=tuple(offer for card in cards for offer in rentals(card.name)),
        purchases=tuple(purchase for card in cards for purchase in _purchase(card)),
    )


def _published(value: float, price: RequestPrice) -> Figure:
    return Figure(value=value, basis=Basis.PUBLISHED, source=price.source, date=price.date)


def _api_price(provider: str, model: str, when: dt.datetime) -> ApiPrice:
    price = price_request(provider, model, prompt_tokens=1, output_tokens=1, when=when)
    cached = price.usd_per_mtok_cached
    return ApiPrice(
        provider=provider,
        model=model,
        usd_per_mtok_input=_published(price.usd_per_mtok_input, price),
        usd_per_mtok_cached=None if cached is None else _published(cached, price),
        usd_per_mtok_output=_published(price.usd_per_mtok_output, price),
        tier_above_tokens=price.tier_above_tokens,
        context_tokens=price.context_tokens,
    )


def _request_class_price(provider: str, model: str, request: RequestClass, when: dt.datetime) -> RequestClassPrice:
    price = price_request(
        provider,
        model,
        prompt_tokens=request.prompt_tokens,
        cached_tokens=request.cached_tokens,
        output_tokens=request.output_tokens,
        when=when,
        batch=request.batch,
    )
    return RequestClassPrice(
        provider=provider, model=model, usd_per_request=_published(price.usd, price), **request.model_dump()
    )


def _purchase(card: Accelerator) -> tuple[Purchase, ...]:
    return () if card.price_usd is None else (Purchase(accelerator=card.name, usd_per_accelerator=card.price_usd),)
