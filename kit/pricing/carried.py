"""A price book that was carried, edited or made elsewhere: read with suspicion, checked row by row, then used."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kit.errors import InputError, PriceError, did_you_mean
from kit.pricing.api_price import ApiPrice, api_price
from kit.pricing.compare import names_of
from kit.pricing.dispute import WORDS, disagrees
from kit.pricing.download import read_limited
from kit.pricing.pricebook import ROW_LISTS, PriceBook, RequestClass, request_price, row_name
from kit.pricing.second import RateKey, SecondList, rates_of
from kit.record import Figure

FAR_OFF = 99.99
"""No two sound lists differ by a factor of 100: it is a mistake of the unit. A little less, for rounding."""
SHOWN = 5
"""Problems named in one message."""
_NO_NAME = {"cached_tokens", "context_tokens", "licence", "note", "output_tokens", "prompt_tokens", "tier_above_tokens"}
"""Keys that tell no two rows apart; nor do prices."""


def load_prices(path: Path, *, today: dt.date | None = None, second: SecondList | None = None) -> PriceBook:
    """Read a price book that somebody may have edited, and refuse it if a row makes no sense.

    Args:
        path: a JSON file as ``kit prices export`` writes it.
        today: the day after which no price can be dated; the computer's by default.
        second: another list to measure it by, besides the kit's own.

    Raises:
        InputError: it is too large, is no price book, or has problems; names the first five, each with its row.
    """
    try:
        raw = json.loads(read_limited(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a price book: not JSON ({error})") from None
    try:
        book = PriceBook.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        problems: Iterable[str] = dict.fromkeys(_fault(raw, fault["loc"], fault) for fault in error.errors())
    else:
        problems = check_book(book, today=today or dt.datetime.now(tz=dt.UTC).date(), second=second)
        if not problems:
            return book
    lines = [f"{path}: {problem}" for problem in problems]
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    raise InputError("\n".join([*lines[:SHOWN], *more]))


def check_book(book: PriceBook, *, today: dt.date, second: SecondList | None = None) -> tuple[str, ...]:
    """Return what is wrong with a book, each problem with its row; empty if nothing is.

    Looked for are dates in the future, rows that are there twice, prices a hundred times above or below those of
    another list, and prices of requests that do not follow from the list prices.

    Args:
        book: the book.
        today: the day after which no price can be dated.
        second: another list to measure it by, besides the kit's own.
    """
    return tuple(dict.fromkeys((*_future(book, today), *_twice(book), *_far_off(book, second), *_not_following(book))))


def use_book(
    book: PriceBook,
    *,
    api_offers: Sequence[tuple[str, str]],
    request_classes: Sequence[RequestClass],
    accelerators: Sequence[str],
) -> PriceBook:
    """Return the part of a carried book that an engagement considers, its requests priced by the book's list prices.

    The arguments are those of :func:`kit.pricing.pricebook.price_book`; nothing is looked up elsewhere.

    Args:
        book: a book that :func:`load_prices` took.
        api_offers: pairs of provider and exact model id.
        request_classes: what the workloads' requests look like.
        accelerators: names in the kit's table, to rent or to buy.

    Raises:
        PriceError: the book has no row for an API, or no batch price that a workload needs.
    """
    rows = {(price.provider, price.model): price for price in book.api}
    labels = [price.label for price in book.api]
    wanted = list(dict.fromkeys(api_offers))
    for provider, model in wanted:
        if (provider, model) not in rows:
            hint = did_you_mean(f"{provider}/{model}", labels)
            raise PriceError(f"{provider}/{model}: not in the price book{hint}")
    cards = set(accelerators)
    return book.model_copy(
        update={
            "api": tuple(rows[offer] for offer in wanted),
            "requests": tuple(request_price(request, rows[offer]) for request in request_classes for offer in wanted),
            "rentals": tuple(offer for offer in book.rentals if offer.accelerator in cards),
            "purchases": tuple(item for item in book.purchases if item.accelerator in cards),
            "disputes": tuple(item for item in book.disputes if (item.provider, item.model) in set(wanted)),
        }
    )


def _future(book: PriceBook, today: dt.date) -> Iterator[str]:
    if book.date > today:
        yield f"date: {book.date} is in the future"
    for where, price in book.prices():
        if price.date > today:
            yield f"{where}: its date {price.date} is in the future"


def _twice(book: PriceBook) -> Iterator[str]:
    for list_name in ROW_LISTS:
        seen: dict[str, int] = {}
        for index, row in enumerate(getattr(book, list_name)):
            kept = {
                name: value
                for name, value in row
                if name not in _NO_NAME and value is not None and not isinstance(value, Figure | tuple)
            }
            key = repr(kept)
            if key in seen:
                where = f"{list_name}[{index}] {row_name(list_name, row)}"
                yield f"{where}: is there twice, first as {list_name}[{seen[key]}]"
            seen.setdefault(key, index)


def _far_off(book: PriceBook, second: SecondList | None) -> Iterator[str]:
    noon = dt.datetime.combine(book.date, dt.time(12), tzinfo=dt.UTC)
    for index, price in enumerate(book.api):
        listed = [(theirs, second.source) for theirs in _theirs(price, second)] if second is not None else []
        with suppress(PriceError):
            listed.append((rates_of(api_price(price.provider, price.model, noon)), "the kit's price list"))
        for theirs, source in listed:
            for rate, value in rates_of(price).items():
                known = theirs.get(rate)
                if known and not 1 / FAR_OFF < value / known < FAR_OFF:
                    yield f"api[{index}] {price.label}: {_rate_name(rate)}: {_unit_mistake(value, known, source)}"


def _theirs(price: ApiPrice, second: SecondList) -> Iterator[dict[RateKey, float]]:
    found = second.entry(price.provider, names_of(price))
    if found is not None:
        yield dict(found[1])


def _rate_name(rate: RateKey) -> str:
    name, batch, above = rate
    if not batch and above is None:
        return name
    tier = "" if above is None else f" above {above} tokens"
    return f"other_rates, {'batch ' if batch else ''}{WORDS[name]}{tier}"


def _unit_mistake(value: float, known: float, source: str) -> str:
    said = f"{value:g} USD per million tokens, but {known:g} in {source}"
    if not value:
        return f"{said}: a price of zero"
    if value > known:
        return f"{said}, {value / known:,.0f} times more; prices are per million tokens"
    factor = known / value
    unit = "thousand tokens" if factor < 1e5 else "token"
    return f"{said}, {factor:,.0f} times less; is it a price per {unit}?"


def _not_following(book: PriceBook) -> Iterator[str]:
    rows = {(price.provider, price.model): price for price in book.api}
    for index, request in enumerate(book.requests):
        where = f"requests[{index}] {row_name('requests', request)}"
        price = rows.get((request.provider, request.model))
        if price is None:
            yield f"{where}: api has no row {request.provider}/{request.model}"
            continue
        try:
            follows = price.usd(
                prompt_tokens=request.prompt_tokens,
                output_tokens=request.output_tokens,
                cached_tokens=request.cached_tokens,
                batch=request.batch,
            )
        except PriceError as error:
            yield f"{where}: {error}"
            continue
        if disagrees(request.usd_per_request.value, follows):
            stated = request.usd_per_request.value
            yield (
                f"{where}: usd_per_request: {stated:g} does not follow from the prices in api, which make {follows:g}; "
                'leave the list "requests" out, it is worked out anew'
            )


def _fault(raw: Any, loc: Sequence[int | str], fault: Any) -> str:
    """Return a mistake with its row: ``api[3] openai/gpt-4o: usd_per_mtok_input.unit: is missing; ...``."""
    steps, where = list(loc), ""
    if len(steps) >= 2 and isinstance(steps[1], int) and steps[0] in (*ROW_LISTS, "disputes"):
        row = raw[steps[0]][steps[1]]
        where = f"{steps[0]}[{steps[1]}] {row_name(str(steps[0]), row)}: "
        steps = steps[2:]
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "missing":
        message = "is missing"
        if key.endswith(".unit"):
            message += '; prices of tokens are in "USD per 10^6 tokens", of requests in "USD per request"'
    elif fault["type"] == "literal_error":
        message = f"{fault['input']!r} is not allowed; it must be {fault['ctx']['expected']}"
    return f"{where}{key}: {message}" if key else f"{where}{message}" if where else message
