"""What one request to a cloud API costs, by the engine and the prices of the genai-prices library.

Always one request at a time: many providers charge *all* tokens of a long prompt at a higher tier, so that the price
of summed tokens is not the sum of prices. Only an exact id of a model passes: the library itself takes anything that
starts like a model it knows.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kit.errors import PriceError
from kit.pricing.listed import find_model
from kit.pricing.price_list import price_list
from kit.record import Part

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, PriceCalculation, Provider

BATCH = {"processing": "batch"}
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
    prompt, output, cached = (_whole(count) for count in (prompt_tokens, output_tokens, cached_tokens))
    if cached > prompt:
        raise PriceError(f"{provider}/{model}: {cached} cached tokens of a prompt of {prompt}: they are part of it")
    tier = max((start for start in tiers_of(provider, model, when, batch=batch) if prompt > start), default=None)
    one, fee = _of_tier(provider, model, tier, when, batch)
    each_cached = one.usd_per_mtok_input if one.usd_per_mtok_cached is None else one.usd_per_mtok_cached
    paid = (prompt - cached) * one.usd_per_mtok_input + cached * each_cached + output * one.usd_per_mtok_output
    return one.model_copy(update={"usd": paid / 1e6 + fee})


@lru_cache(maxsize=4096)
def _of_tier(provider: str, model: str, tier: int | None, when: dt.datetime, batch: bool) -> tuple[RequestPrice, float]:
    """Return a request of a tier as the library's engine prices it, and what a request costs besides its tokens.

    The engine takes a third of a millisecond for a request, a Monte Carlo run asks for thousands, and within a tier
    the price is a sum of products. So the engine is asked once a tier, and that it adds up in this way is checked.
    """
    from genai_prices import Usage

    seller, lister, listed = find_model(provider, model)
    if batch and not _has_batch_price(listed, lister is seller, when):
        raise PriceError(f"{provider}/{model}: the price list has no batch price on {when:%Y-%m-%d}")
    prompt, context = (tier or 0) + 3, BATCH if batch else None
    found, free = (
        listed.calc_price(usage, seller, genai_request_timestamp=when, price_context=context)
        for usage in (
            Usage(input_tokens=prompt, cache_read_tokens=1, output_tokens=1),
            Usage(input_tokens=0, cache_read_tokens=0, output_tokens=0),
        )
    )
    one, fee = _request_price(found, lister, prompt), float(free.total_price)
    each_cached = one.usd_per_mtok_input if one.usd_per_mtok_cached is None else one.usd_per_mtok_cached
    added = ((prompt - 1) * one.usd_per_mtok_input + each_cached + one.usd_per_mtok_output) / 1e6 + fee
    if abs(added - one.usd) > 1e-9 * max(added, one.usd):
        raise PriceError(f"{provider}/{model}: its price is not a sum over its tokens: {one.usd:g} USD, not {added:g}")
    return one, fee


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
        tier_above_tokens=next(iter(_tier_starts(prices)), None),
        context_tokens=found.model.context_window,
        source=f"{(found.provider.pricing_urls or ['no price page'])[0]} ({price_list().label})",
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


def _tier_starts(prices: ModelPrice) -> tuple[int, ...]:
    from genai_prices.types import TieredPrices

    tiered = (getattr(prices, key) for key in ("input_mtok", "cache_read_mtok", "output_mtok"))
    return tuple(sorted({tier.start for price in tiered if isinstance(price, TieredPrices) for tier in price.tiers}))


def has_batch_price(provider: str, model: str, when: dt.datetime) -> bool:
    """Tell whether the price list has a batch price of a model at a moment.

    Raises:
        PriceError: the provider or the exact model is unknown.
    """
    seller, lister, listed = find_model(provider, model)
    return _has_batch_price(listed, lister is seller, when)


@lru_cache(maxsize=4096)
def tiers_of(provider: str, model: str, when: dt.datetime, *, batch: bool = False) -> tuple[int, ...]:
    """Return the lengths of a prompt above which all its tokens cost more, the shortest first.

    Args:
        provider: genai-prices id of the provider.
        model: exact id of the model.
        when: the moment for which they hold.
        batch: of the batch interface.

    Raises:
        PriceError: the provider or the exact model is unknown.
    """
    return _tier_starts(find_model(provider, model)[2].get_prices(when, BATCH if batch else None))


def _has_batch_price(listed: ModelInfo, own_list: bool, when: dt.datetime) -> bool:
    """Tell whether the library would use a batch price: where it has none, it silently takes the standard one."""
    variants = (variant for variant in listed.price_variants or () if variant.when == BATCH)
    return own_list and any(variant.constraint is None or variant.constraint.active(when) for variant in variants)


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
    known = price_list().providers
    remark = next((listed.price_comments for listed in known[provider].models if listed.id == model), None)
    verified = [dt.date.fromisoformat(day) for day in _VERIFIED.findall(remark or "")]
    if verified:
        return max(verified)
    day = price_list().newest
    if day is None:
        raise PriceError(f"{provider}/{model}: the price list does not say when it was checked")
    return day


def forget_prices() -> None:
    """Forget all that was looked up, so that a price list that was refreshed meanwhile is taken."""
    for remembered in (price_request, _of_tier, tiers_of, find_model, checked_on, price_list):
        remembered.cache_clear()
