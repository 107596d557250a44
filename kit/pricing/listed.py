"""Which entry of the price list a name means exactly: the library itself takes anything that starts like a model."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from kit.errors import PriceError, did_you_mean
from kit.pricing.price_list import price_list

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, Provider

_RELEASE = re.compile(r"[-@](20\d{6}|20\d{2}-\d{2}-\d{2})(-v\d+(:\d+)?)?")


def exact_model(provider: str, model: str) -> str | None:
    """Return the id of the model that a name means exactly, in the lists that a provider sells by; else ``None``.

    Args:
        provider: genai-prices id of the provider.
        model: id of the model, or an alias that the price list spells out.

    Raises:
        PriceError: the provider is unknown.
    """
    for lister in _lists(provider):
        listed = _exactly(lister, model)
        if listed is not None:
            return listed.id
    return None


def model_names(provider: str, model: str | None = None) -> tuple[str, ...]:
    """Return all exact names of a provider's models, or of one of them: ids, and the aliases that are spelled out.

    Raises:
        PriceError: the provider is unknown.
    """
    models = (listed for lister in _lists(provider) for listed in lister.models if model in {None, listed.id})
    return tuple(dict.fromkeys(name for listed in models for name in _names(listed)))


@cache
def find_model(provider: str, model: str) -> tuple[Provider, Provider, ModelInfo]:
    """Return the seller, the provider whose list has the model, and the model, matched exactly.

    Args:
        provider: genai-prices id of the seller.
        model: id of the model, or an alias that the price list spells out.

    Raises:
        PriceError: the provider or the exact model is unknown; names the nearest.
    """
    lists = _lists(provider)
    for lister in lists:
        listed = _exactly(lister, model)
        if listed is not None:
            return lists[0], lister, listed
    hint = did_you_mean(model, model_names(provider))
    raise PriceError(f'{provider}: no price for a model of exactly the id "{model}"{hint}')


def hangs_on_the_hour(provider: str, model: str) -> bool:
    """Tell whether a model's price differs by the hour of the day.

    Raises:
        PriceError: the provider or the exact model is unknown.
    """
    from genai_prices.types import TimeOfDateConstraint

    return any(isinstance(constraint, TimeOfDateConstraint) for constraint in _constraints(provider, model))


def next_change(provider: str, model: str, after: dt.date) -> dt.date | None:
    """Return the first day after another on which the price list has a price change; ``None`` if it knows of none.

    Args:
        provider: genai-prices id of the seller.
        model: exact id of the model.
        after: changes until that day are past.

    Raises:
        PriceError: the provider or the exact model is unknown.
    """
    from genai_prices.types import StartDateConstraint

    days = (one.start_date for one in _constraints(provider, model) if isinstance(one, StartDateConstraint))
    return min((day for day in days if day > after), default=None)


def _constraints(provider: str, model: str) -> list[object]:
    listed = find_model(provider, model)[2]
    dated = listed.prices if isinstance(listed.prices, list) else []
    return [one.constraint for one in (*dated, *(listed.price_variants or ()))]


def _lists(provider: str) -> list[Provider]:
    """Return the provider and those whose prices it takes where it has none of its own."""
    known = price_list().providers
    if provider not in known:
        raise PriceError(f'unknown provider "{provider}"{did_you_mean(provider, known)}')
    seller = known[provider]
    return [seller, *(known[name] for name in seller.fallback_model_providers or () if name in known)]


def _exactly(lister: Provider, model: str) -> ModelInfo | None:
    """Return the model that a name means exactly: what the library finds, or an id for which it has no rule."""
    found = lister.find_model(model)
    if found is None:
        return next((listed for listed in lister.models if listed.id.casefold() == model.casefold()), None)
    return found if _is_exact(model, found) else None


def _is_exact(model: str, listed: ModelInfo) -> bool:
    asked = model.casefold()
    for name in _names(listed):
        rest = asked.removeprefix(name.casefold())
        if asked == name.casefold() or (rest != asked and _RELEASE.fullmatch(rest)):
            return True
    return False


def _names(listed: ModelInfo) -> Iterator[str]:
    """Yield the model's id and the aliases that its entry spells out."""
    yield listed.id
    yield from _spelled_out(listed.match)


def _spelled_out(match: MatchLogic) -> Iterator[str]:
    from genai_prices.types import ClauseEquals, ClauseOr, ClauseStartsWith

    if isinstance(match, ClauseEquals):
        yield match.equals
    elif isinstance(match, ClauseStartsWith):
        yield match.starts_with
    elif isinstance(match, ClauseOr):
        for clause in match.or_:
            yield from _spelled_out(clause)
