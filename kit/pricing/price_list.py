"""The price list in use: the one that came with the genai-prices library, or a newer one that was refreshed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kit.errors import InputError
from kit.pricing.download import read_limited
from kit.pricing.store import stored

if TYPE_CHECKING:
    from genai_prices.types import Provider


@dataclass(frozen=True)
class PriceList:
    """All that one version of the library's data says.

    Attributes:
        providers: by id.
        label: which version it is, for the source of a price.
        newest: the newest day that the list bears; ``None`` if it bears none.
    """

    providers: Mapping[str, Provider]
    label: str
    newest: dt.date | None


@cache
def price_list() -> PriceList:
    """Return the price list in use: the refreshed one unless the installed library has a newer one.

    Raises:
        InputError: the refreshed list is broken.
    """
    bundled = _bundled()
    refreshed = stored("genai-prices")
    if refreshed is None:
        return bundled
    path, origin = refreshed
    providers = read_providers(read_limited(path), str(path))
    label = f"genai-prices data refreshed {origin.date} from {origin.source}"
    found = PriceList({provider.id: provider for provider in providers}, label, newest(providers) or origin.date)
    return bundled if bundled.newest and found.newest and bundled.newest > found.newest else found


def read_providers(content: bytes, name: str) -> tuple[Provider, ...]:
    """Return the providers of a ``data.json`` of genai-prices.

    Args:
        content: the file's bytes: a JSON array of providers, each with its models.
        name: the file, for the message.

    Raises:
        InputError: it is not such a file; names the first wrong entry.
    """
    from genai_prices.types import Provider
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    try:
        raw = json.loads(content)
        if not isinstance(raw, list):
            raise InputError(f"{name}: not a data.json of genai-prices: it is no list of providers")
        schema = TypeAdapter(list[Provider], config=ConfigDict(arbitrary_types_allowed=True))
        return tuple(schema.validate_python(_with_prices(raw)))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{name}: not a data.json of genai-prices: {_where(raw, first['loc'])}: {first['msg']}"
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{name}: not a data.json of genai-prices: {reason}") from None


def newest(providers: Iterable[Provider]) -> dt.date | None:
    """Return the newest day on which OpenRouter's prices in a list were seen to change; the list has no other day."""
    from genai_prices.types import StartDateConstraint

    days = [
        price.constraint.start_date
        for provider in providers
        if provider.id == "openrouter"
        for listed in provider.models
        if isinstance(listed.prices, list)
        for price in listed.prices
        if isinstance(price.constraint, StartDateConstraint)
    ]
    return max(days, default=None)


def _bundled() -> PriceList:
    from importlib.metadata import version

    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    by_id = {provider.id: provider for provider in providers}
    return PriceList(by_id, f"genai-prices {version('genai-prices')}", newest(providers))


def _with_prices(raw: Any) -> Any:
    """Return the tree with each table of prices as the library's own type, which its schema takes as it is."""
    from genai_prices.types import ModelPrice

    prices = _price_schema()

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {
            key: ModelPrice(**prices.validate_python(value))
            if key == "prices" and isinstance(value, dict)
            else walk(value)
            for key, value in node.items()
        }

    return walk(raw)


@cache
def _price_schema() -> Any:
    from decimal import Decimal

    from genai_prices.types import TieredPrices
    from pydantic import TypeAdapter

    return TypeAdapter(dict[str, Decimal | TieredPrices | None])


def _where(raw: Any, loc: Iterable[Any]) -> str:
    """Return the ids of the provider and the model on the way to a wrong value, and its key."""
    names, node = [], raw
    for step in loc:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            names.append(str(step))
            break
        names.append(str(node["id"]) if isinstance(node, dict) and "id" in node else str(step))
    return ": ".join(name for name in names if name != "models")
