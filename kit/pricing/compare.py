"""Two price lists against each other, for the models in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kit.pricing.api_price import ApiPrice
from kit.pricing.dispute import Dispute, disagrees
from kit.pricing.listed import model_names
from kit.pricing.price_list import price_list
from kit.pricing.pricebook import PriceBook
from kit.pricing.second import RateKey, SecondList, rates_of


@dataclass(frozen=True)
class Comparison:
    """What a second list says of a book.

    Attributes:
        agreed: how many prices differ by 1 % at most.
        disputes: the others.
        missing: what one of the two lists does not have.
    """

    agreed: int
    disputes: tuple[Dispute, ...]
    missing: tuple[str, ...]


def compare(book: PriceBook, second: SecondList) -> Comparison:
    """Compare a book's prices of APIs with a second list.

    Args:
        book: the prices in use.
        second: the other list.
    """
    agreed, disputes, missing = 0, list[Dispute](), list[str]()
    for price in book.api:
        found = second.entry(price.provider, names_of(price))
        if found is None:
            missing.append(f"{price.label}: not in {second.source}")
            continue
        key, theirs = found
        ours = rates_of(price)
        for rate in sorted(ours.keys() | theirs.keys(), key=_order):
            one, other = _paid(ours, rate), _paid(theirs, rate)
            dispute = _dispute(price, rate, (one or 0.0, other or 0.0), (second, key))
            if one is None:
                said = f"{dispute.theirs:g} USD per million tokens in {second.source}"
                missing.append(f"{price.label}, {dispute.what}: {said}, not in the book")
            elif other is None:
                missing.append(f"{price.label}, {dispute.what}: not in {second.source} ({key})")
            elif disagrees(one, other):
                disputes.append(dispute)
            else:
                agreed += 1
    return Comparison(agreed=agreed, disputes=tuple(disputes), missing=tuple(missing))


def with_disputes(book: PriceBook, second: SecondList | None) -> PriceBook:
    """Return the book with what a second list disputes, in place of the disputes that stand in it.

    Args:
        book: the prices in use.
        second: the other list; without one the book stays as it is.
    """
    return book if second is None else book.model_copy(update={"disputes": compare(book, second).disputes})


def names_of(price: ApiPrice) -> tuple[str, ...]:
    """Return the exact names of a model in the price list, its id first, by which another list may have it."""
    if price.provider not in price_list().providers:
        return (price.model,)
    return tuple(dict.fromkeys((price.model, *model_names(price.provider, price.model))))


def _order(rate: RateKey) -> tuple[bool, int, str]:
    name, batch, above = rate
    return batch, above or 0, name


def _paid(listed: Mapping[RateKey, float], rate: RateKey) -> float | None:
    """Return what a list has prompts of that length pay: a list without the tier has them pay the one below it."""
    name, batch, above = rate
    reached = [key for key in listed if key[:2] == (name, batch) and (key[2] or 0) <= (above or 0)]
    return listed[max(reached, key=lambda key: key[2] or 0)] if reached else None


def _dispute(price: ApiPrice, rate: RateKey, values: tuple[float, float], listed: tuple[SecondList, str]) -> Dispute:
    name, batch, above = rate
    second, key = listed
    return Dispute(
        provider=price.provider,
        model=price.model,
        price=name,
        batch=batch,
        above_tokens=above,
        ours=values[0],
        theirs=values[1],
        listed_as=key,
        source=second.source,
        date=second.date,
    )
