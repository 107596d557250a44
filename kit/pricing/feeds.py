"""Price lists from outside: which format a file has, whether it is sound, and what it changes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kit.errors import InputError
from kit.pricing.dispute import WORDS
from kit.pricing.gpuhunt import is_catalogue, read_catalogue
from kit.pricing.price_list import price_list, read_providers
from kit.pricing.rental import Rental, offers
from kit.pricing.second import SecondList, read_second, second_list
from kit.pricing.store import FeedKind, stored

if TYPE_CHECKING:
    from pathlib import Path

    from genai_prices.types import ModelPrice, Provider

ADDRESSES: Mapping[FeedKind, str] = {
    "genai-prices": "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json",
    "litellm": "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
    "openrouter": "https://openrouter.ai/api/v1/models",
}
"""Where the feeds publish; gpuhunt's address changes with each version."""
FEWEST = 10
"""Prices that a list must have to be taken for one."""
JUMP = 100.0
"""A price that rises or falls by such a factor is taken for a mistake of the unit."""


@dataclass(frozen=True)
class Feed:
    """A price list that was read and found sound.

    Attributes:
        kind: its format.
        content: what is stored of it.
        prices: US dollars by what they are for: ``openai/gpt-4o, input``.
        notes: what was left out.
    """

    kind: FeedKind
    content: bytes
    prices: Mapping[str, float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What a new list changes.

    Attributes:
        added, removed: names of prices.
        changed: name, price before and price after, the largest change first.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, float, float], ...]


def kind_of(content: bytes, name: str) -> FeedKind:
    """Return the format of a price list, by its content.

    Raises:
        InputError: it is none that the kit knows.
    """
    if content[:4] == b"PK\x03\x04" or is_catalogue(content[:4096].decode(errors="replace").partition("\n")[0]):
        return "gpuhunt"
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        raw = None
    if isinstance(raw, list) and raw and all(isinstance(item, dict) and "models" in item for item in raw):
        return "genai-prices"
    if isinstance(raw, dict) and isinstance(raw.get("data"), list):
        return "openrouter"
    if isinstance(raw, dict) and any(isinstance(item, dict) and "litellm_provider" in item for item in raw.values()):
        return "litellm"
    raise InputError(f"{name}: not a price list in a format of genai-prices, LiteLLM, OpenRouter or gpuhunt")


def read_feed(content: bytes, name: str, *, kind: FeedKind | None = None, source: str, today: dt.date) -> Feed:
    """Return a price list, read and checked.

    Args:
        content: the file's bytes.
        name: the file, for messages; a lone CSV of gpuhunt is called after its provider.
        kind: its format; found by the content unless given.
        source: where it came from.
        today: the day on which it was taken.

    Raises:
        InputError: the format is unknown, an entry is broken, a price is negative, or it has too few prices.
    """
    kind = kind or kind_of(content, name)
    if kind == "gpuhunt":
        content, left_out = read_catalogue(content, name, source=f"{source} (gpuhunt)", today=today)
        notes = tuple(f"{count} offers left out: {why}" for why, count in left_out.most_common())
        return Feed(kind, content, _catalogue_prices(content), notes)
    if kind == "genai-prices":
        providers = read_providers(content, name)
        if wrong := [f"{name}: {what} is negative" for what in _negative(providers)]:
            raise InputError("\n".join(wrong[:5]))
        prices = provider_prices(providers, today)
    else:
        prices = _second_prices(read_second(content, source=name, date=today))
    if len(prices) < FEWEST:
        raise InputError(f"{name}: only {len(prices)} prices; a whole list has more")
    return Feed(kind, content, prices)


def known_prices(kind: FeedKind, today: dt.date, folder: Path | None = None) -> dict[str, float]:
    """Return the prices of a kind that are in use, by what they are for; empty where there are none.

    Args:
        kind: which feed.
        today: the day for which they hold.
        folder: the store; :func:`kit.pricing.store.store_folder` by default.
    """
    found = stored(kind, folder)
    if kind == "gpuhunt":
        return _rental_prices(offers(found[0])) if found else {}
    if kind == "genai-prices":
        listed = read_providers(found[0].read_bytes(), str(found[0])) if found else price_list().providers.values()
        return provider_prices(listed, today)
    if found:
        return _second_prices(read_second(found[0].read_bytes(), source=kind, date=today))
    installed = second_list() if kind == "litellm" and folder is None else None
    return _second_prices(installed) if installed else {}


def changes(before: Mapping[str, float], after: Mapping[str, float]) -> Changes:
    """Return what differs between two lists."""
    both = [(name, before[name], after[name]) for name in before.keys() & after.keys() if before[name] != after[name]]
    return Changes(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(both, key=lambda item: (-factor(item[1], item[2]), item[0]))),
    )


def factor(one: float, other: float) -> float:
    """Return how many times the larger of two prices is the smaller; 1 where one is free: that is no mistake."""
    return max(one, other) / min(one, other) if min(one, other) > 0 else 1.0


def doubts(before: Mapping[str, float], found: Changes) -> tuple[str, ...]:
    """Return what speaks against putting a new list in place of the old one; empty if nothing does.

    Args:
        before: the prices in use.
        found: what the new list changes.
    """
    said = [
        f"{name}: {old:g} becomes {new:g}, {factor(old, new):.4g} times {'more' if new > old else 'less'}"
        for name, old, new in found.changed
        if factor(old, new) >= JUMP * (1 - 1e-9)
    ]
    if len(found.removed) > len(before) / 2:
        said.append(f"{len(found.removed)} of {len(before)} prices would be lost")
    return tuple(said)


def provider_prices(providers: Iterable[Provider], day: dt.date) -> dict[str, float]:
    """Return the standard prices of short prompts by what they are for, at noon of a day."""
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    return {
        f"{provider.id}/{listed.id}, {words}": value
        for provider in providers
        for listed in provider.models
        if listed.prices
        for key, words in (("input_mtok", "input"), ("cache_read_mtok", "cached input"), ("output_mtok", "output"))
        if (value := _base(listed.get_prices(noon), key)) is not None
    }


def _negative(providers: Iterable[Provider]) -> Iterator[str]:
    """Yield every negative price of every day, tier and context."""
    for provider in providers:
        for listed in provider.models:
            tables = [listed.prices] if not isinstance(listed.prices, list) else [one.prices for one in listed.prices]
            tables += [variant.prices for variant in listed.price_variants or ()]
            for table in tables:
                for key, price in vars(table).items():
                    values = [getattr(price, "base", price), *(tier.price for tier in getattr(price, "tiers", ()))]
                    for value in values:
                        if value is not None and value < 0:
                            yield f"{provider.id}/{listed.id}: {key}: {value}"


def _base(prices: ModelPrice, key: str) -> float | None:
    price = getattr(prices, key)
    return None if price is None else float(getattr(price, "base", price))


def _second_prices(second: SecondList) -> dict[str, float]:
    return {
        f"{key}, {'batch ' if batch else ''}{WORDS[name]}{'' if above is None else f' above {above}'}": value
        for key, prices in second.prices.items()
        for (name, batch, above), value in prices.items()
    }


def _catalogue_prices(content: bytes) -> dict[str, float]:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "rentals.csv"
        path.write_bytes(content)
        return _rental_prices(offers(path))


def _rental_prices(listed: Iterable[Rental]) -> dict[str, float]:
    return {
        f"{one.provider}, {one.instance}, {one.gpus} x {one.accelerator}, {one.region or 'anywhere'}": one.usd_per_hour
        for one in listed
    }
