"""The fourth record: the prices that a verdict was made with, in a file that can be carried, edited and diffed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from kit.facts.gpus import Accelerator, accelerator
from kit.pricing.api_price import ApiPrice, PerRequest, api_price, per_request
from kit.pricing.dispute import Dispute
from kit.pricing.rental import Rental, offers, rentals
from kit.pricing.store import stored
from kit.pricing.tokens import price_request
from kit.record import Figure, Part, Record


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
    usd_per_request: PerRequest


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
        disputes: prices of the APIs on which a second list disagrees.
    """

    kind: ClassVar[str] = "price book"
    date: dt.date
    api: tuple[ApiPrice, ...] = ()
    requests: tuple[RequestClassPrice, ...] = ()
    rentals: tuple[Rental, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @model_validator(mode="after")
    def _no_negative_price(self) -> Self:
        wrong = [f"{where}: {price.value:g} is negative" for where, price in self.prices() if price.value < 0]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def prices(self) -> Iterator[tuple[str, Figure]]:
        """Yield all prices with the row and the key at which they stand: ``api[3] openai/gpt-4o: usd_per_...``."""
        for list_name in ROW_LISTS:
            for index, row in enumerate(getattr(self, list_name)):
                where = f"{list_name}[{index}] {row_name(list_name, row)}"
                for key, price in _figures(row):
                    yield f"{where}: {key}", price


ROW_LISTS = ("api", "requests", "rentals", "purchases")
_NAMES = {
    "api": ("provider", "model"),
    "requests": ("workload", "provider", "model"),
    "rentals": ("provider", "accelerator"),
    "purchases": ("accelerator",),
    "disputes": ("provider", "model"),
}


def row_name(list_name: str, row: object) -> str:
    """Return how a row of the book is called: ``openai/gpt-4o``, ``chat/openai/gpt-4o``, ``verda/H100 SXM``.

    Args:
        list_name: name of the book's list in which it stands.
        row: the row, as a record or as the raw mapping of a file.
    """

    def part(name: str) -> object:
        return row.get(name, "?") if isinstance(row, Mapping) else getattr(row, name, "?")

    return "/".join(str(part(name)) for name in _NAMES[list_name])


def _figures(row: Part, prefix: str = "") -> Iterator[tuple[str, Figure]]:
    for name in type(row).model_fields:
        value = getattr(row, name)
        if isinstance(value, Figure):
            yield prefix + name, value
        elif isinstance(value, tuple):
            for index, child in enumerate(value):
                if isinstance(child, Part):
                    yield from _figures(child, f"{prefix}{name}[{index}].")


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
        api=tuple(api_price(provider, model, noon) for provider, model in offers),
        requests=tuple(
            _request_class_price(provider, model, request, noon)
            for request in request_classes
            for provider, model in offers
        ),
        rentals=tuple(offer for card in cards for offer in rentals_of(card.name)),
        purchases=tuple(purchase for card in cards for purchase in _purchase(card)),
    )


def rentals_of(name: str) -> tuple[Rental, ...]:
    """Return the professional offers of an accelerator, cheapest first.

    Those of a refreshed list take the place of what the kit's table has of the same provider.

    Args:
        name: the accelerator's name in the kit's table.

    Raises:
        InputError: there is no such accelerator, or the refreshed list is broken.
    """
    refreshed = stored("gpuhunt")
    if refreshed is None:
        return rentals(name)
    wanted = accelerator(name).name
    newer = [one for one in offers(refreshed[0]) if one.accelerator == wanted and one.tier == "professional"]
    renewed = {offer.provider for offer in newer}
    own = [offer for offer in rentals(name) if offer.provider not in renewed]
    return tuple(sorted((*newer, *own), key=lambda offer: (offer.usd_per_gpu_hour.value, offer.provider)))


def request_price(request: RequestClass, price: ApiPrice) -> RequestClassPrice:
    """Return what a request of a workload costs by the list prices of a book; its date and source are theirs.

    Raises:
        PriceError: the book has no batch price.
    """
    counts = request.model_dump(exclude={"workload"})
    origin = price.usd_per_mtok_input
    usd = PerRequest(
        value=price.usd(**counts), unit="USD per request", basis=origin.basis, source=origin.source, date=origin.date
    )
    return RequestClassPrice(provider=price.provider, model=price.model, usd_per_request=usd, **request.model_dump())


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
    usd = per_request(price.usd, price)
    return RequestClassPrice(provider=provider, model=model, usd_per_request=usd, **request.model_dump())


def _purchase(card: Accelerator) -> tuple[Purchase, ...]:
    return () if card.price_usd is None else (Purchase(accelerator=card.name, usd_per_accelerator=card.price_usd),)
