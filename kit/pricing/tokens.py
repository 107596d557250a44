"""What one request to a cloud API costs, by the engine and the prices of the genai-prices library.

Always one request at a time: many providers charge *all* tokens of a long prompt at a higher tier, so that the price
of summed tokens is not the sum of prices. Only an exact id of a model passes: the library itself takes anything that
starts like a model it knows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kit.errors import PriceError, did_you_mean
from kit.record import Part

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, ModelPrice, PriceCalculation, Provider

BATCH = {"processing": "batch"}
_RELEASE = re.compile(r"[-@](20\d{6}|20\d{2}-\d{2}-\d{2})(-v\d+(:\d+)?)?")
_VERIFIED = re.compile(r"(?:verified|checked|as of)\b[^.;]*?(20\d{2}-\d{2}-\d{2})")


class RequestPrice(Part):
    """The price of one request.

    Attributes:
        usd: what the request costs, in US dollars.
        provider_id: the provider that was asked for.
        model_id: the model that matched exactly.
        listed_by: the provider whose price list has it; Azure, say, sells OpenAI's models at OpenAI's list price.
        usd_per_mtok_input: price that this request pays for 10⁶ tokens of prompt, its tier resolved.
        usd_per_mtok_output: the same for output.
        usd_per_mtok_cached: the same for prompt tokens read from the cache; ``None``: no such price, so they cost as
            much as any other.
        tier_above_tokens: prompts longer than this pay more for all their tokens; ``None`` where there are no tiers.
        context_tokens: longest request that the model takes; ``None`` where the price list does not say.
        source: the provider's price page, and the version of the price list.
        date: the day on which the price was checked, as far as the price list says (:func:`checked_on`).
    """

    usd: float
    provider_id: str
    model_id: str
    listed_by: str
    usd_per_mtok_input: float
    usd_per_mtok_output: float
    usd_per_mtok_cached: float | None
    tier_above_tokens: int | None
    context_tokens: int | None
    source: str
    date: dt.date


@lru_cache(maxsize=65536)
def price_request(
    provider: str,
    model: str,
    *,
    prompt_tokens: float,
    output_tokens: float,
    cached_tokens: float = 0,
    when: dt.datetime,
    batch: bool = False,
) -> RequestPrice:
    """Return what one request costs.

    Args:
        provider: genai-prices id of the provider, e.g. ``openai``.
        model: exact id of the model, or an alias that the price list spells out.
        prompt_tokens: tokens of the prompt, the cached ones among them; a mean is rounded to whole tokens.
        output_tokens: tokens of the answer, thinking included; rounded likewise.
        cached_tokens: those tokens of the prompt that the provider reads from its cache; rounded likewise.
        when: the moment of the request, UTC unless it says otherwise; some prices hang on the hour or the date.
        batch: whether it goes through the provider's batch interface.

    Raises:
        PriceError: the provider or the exact model is unknown, the counts are impossible, there is no price per
            token, or no batch price on that day.
    """
    from genai_prices import Usage

    prompt, output, cached = (_whole(count) for count in (prompt_tokens, output_tokens, cached_tokens))
    if cached > prompt:
        raise PriceError(f"{provider}/{model}: {cached} cached tokens of a prompt of {prompt}: they are part of it")
    seller, lister, listed = _find(provider, model)
    if batch and not _has_batch_price(listed, lister is seller, when):
        raise PriceError(f"{provider}/{model}: the price list has no batch price on {when:%Y-%m-%d}")
    found = listed.calc_price(
        Usage(input_tokens=prompt, cache_read_tokens=cached, output_tokens=output),
        seller,
        genai_request_timestamp=when,
        price_context=BATCH if batch else None,
    )
    return _request_price(found, lister, prompt)


def _whole(count: float) -> int:
    if not 0 <= count < 1e9:
        raise PriceError(f"{count} tokens: not a number of tokens of one request")
    return round(count)


def _request_price(found: PriceCalculation, lister: Provider, prompt: int) -> RequestPrice:
    prices = found.model_price
    each_input, each_output = (_per_mtok(prices, key, prompt) for key in ("input_mtok", "output_mtok"))
    if each_input is None or each_output is None:
        raise PriceError(f"{found.provider.id}/{found.model.id}: the price list has no price per token of text")
    return RequestPrice(
        usd=float(found.total_price),
        provider_id=found.provider.id,
        model_id=found.model.id,
        listed_by=lister.id,
        usd_per_mtok_input=each_input,
        usd_per_mtok_output=each_output,
        usd_per_mtok_cached=_per_mtok(prices, "cache_read_mtok", prompt),
        tier_above_tokens=_first_tier(prices),
        context_tokens=found.model.context_window,
        source=f"{(found.provider.pricing_urls or ['no price page'])[0]} (genai-prices {_version()})",
        date=checked_on(lister.id, found.model.id),
    )


def _per_mtok(prices: ModelPrice, key: str, prompt: int) -> float | None:
    from genai_prices.types import TieredPrices

    price = getattr(prices, key)
    if isinstance(price, TieredPrices):
        paid = price.base
        for tier in price.tiers:
            paid = tier.price if prompt > tier.start else paid
        return float(paid)
    return None if price is None else float(price)


def _first_tier(prices: ModelPrice) -> int | None:
    from genai_prices.types import TieredPrices

    tiered = (price for price in (prices.input_mtok, prices.output_mtok) if isinstance(price, TieredPrices))
    return min((tier.start for price in tiered for tier in price.tiers), default=None)


def _has_batch_price(listed: ModelInfo, own_list: bool, when: dt.datetime) -> bool:
    """Tell whether the library would use a batch price: where it has none, it silently takes the standard one."""
    variants = (variant for variant in listed.price_variants or () if variant.when == BATCH)
    return own_list and any(variant.constraint is None or variant.constraint.active(when) for variant in variants)


@cache
def _find(provider: str, model: str) -> tuple[Provider, Provider, ModelInfo]:
    """Return the seller, the provider whose list has the model, and the model, matched exactly."""
    known = _providers()
    if provider not in known:
        raise PriceError(f'unknown provider "{provider}"{did_you_mean(provider, known)}')
    seller = known[provider]
    lists = [seller, *(known[name] for name in seller.fallback_model_providers or () if name in known)]
    for lister in lists:
        listed = lister.find_model(model)
        if listed is not None and _is_exact(model, listed):
            return seller, lister, listed
    names = {name for lister in lists for listed in lister.models for name in _names(listed)}
    raise PriceError(f'{provider}: no price for a model of exactly the id "{model}"{did_you_mean(model, names)}')


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


@cache
def checked_on(provider: str, model: str) -> dt.date:
    """Return the day on which a price was checked, as far as genai-prices says.

    The library drops the day of the check from each price and keeps it in remarks only. So this is the newest day on
    which the model's remark says that rates were verified, else the newest day that the price list as a whole bears:
    its own daily import of OpenRouter's prices stamps each change with the day on which it was seen.

    Args:
        provider: id of the provider whose list has the model.
        model: id of the model.

    Raises:
        PriceError: the price list bears no day at all.
    """
    from genai_prices.types import StartDateConstraint

    known = _providers()
    remark = next((listed.price_comments for listed in known[provider].models if listed.id == model), None)
    verified = [dt.date.fromisoformat(day) for day in _VERIFIED.findall(remark or "")]
    if verified:
        return max(verified)
    stamped = [
        price.constraint.start_date
        for listed in known["openrouter"].models
        if isinstance(listed.prices, list)
        for price in listed.prices
        if isinstance(price.constraint, StartDateConstraint)
    ]
    if not stamped:
        raise PriceError(f"{provider}/{model}: the price list does not say when it was checked")
    return max(stamped)


@cache
def _providers() -> dict[str, Provider]:
    from genai_prices.data_snapshot import get_snapshot

    return {provider.id: provider for provider in get_snapshot().providers}


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("genai-prices")
