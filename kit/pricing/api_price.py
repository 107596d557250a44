"""List prices of one model at one provider, as a book carries them: long prompts and batch interface included."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from kit.errors import PriceError
from kit.pricing.dispute import PRICE_NAMES
from kit.pricing.tokens import RequestPrice, has_batch_price, price_request, tiers_of
from kit.record import Basis, Figure, Part


class TokenPrice(Figure):
    """A price of tokens, with its unit."""

    unit: Literal["USD per 10^6 tokens"]


class PerRequest(Figure):
    """A price of one request, with its unit."""

    unit: Literal["USD per request"]


class OtherRates(Part):
    """Prices that hold instead for long prompts or by batch, US dollars per 10⁶ tokens.

    Attributes:
        batch: through the batch interface.
        above_tokens: for all tokens of prompts longer than that; ``None``: from the first token on.
        usd_per_mtok_input: prompt tokens.
        usd_per_mtok_cached: prompt tokens read from the cache; ``None``: no price of their own.
        usd_per_mtok_output: output tokens.
    """

    batch: bool
    above_tokens: int | None
    usd_per_mtok_input: TokenPrice
    usd_per_mtok_cached: TokenPrice | None
    usd_per_mtok_output: TokenPrice


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
        other_rates: the prices of long prompts and of the batch interface.
        usd_per_request: what each request costs besides its tokens; ``None``: nothing.
    """

    provider: str
    model: str
    usd_per_mtok_input: TokenPrice
    usd_per_mtok_cached: TokenPrice | None
    usd_per_mtok_output: TokenPrice
    tier_above_tokens: int | None
    context_tokens: int | None = None
    other_rates: tuple[OtherRates, ...] = ()
    usd_per_request: PerRequest | None = None

    @property
    def label(self) -> str:
        """Provider and model."""
        return f"{self.provider}/{self.model}"

    def rates(self, prompt_tokens: float, *, batch: bool = False) -> ApiPrice | OtherRates:
        """Return the prices that a request pays.

        Args:
            prompt_tokens: of the request, the cached ones among them, rounded to whole tokens.
            batch: whether it goes through the batch interface.

        Raises:
            PriceError: there is no batch price.
        """
        found: ApiPrice | OtherRates | None = None if batch else self
        for other in self.other_rates:
            if other.batch is batch and (other.above_tokens is None or round(prompt_tokens) > other.above_tokens):
                found = other
        if found is None:
            raise PriceError(f"{self.label}: the price book has no batch price")
        return found

    def usd(
        self, *, prompt_tokens: float, output_tokens: float, cached_tokens: float = 0, batch: bool = False
    ) -> float:
        """Return what one request costs by these list prices, in US dollars.

        ``((prompt − cached) × input + cached × cached price + output × output price) / 10⁶ + price of a request``

        Args:
            prompt_tokens: the cached ones among them; rounded to whole tokens, like the others.
            output_tokens: tokens of the answer.
            cached_tokens: those of the prompt that come from the cache.
            batch: whether it goes through the batch interface.

        Raises:
            PriceError: there is no batch price, or more tokens are cached than the prompt has.
        """
        prompt, output, cached = round(prompt_tokens), round(output_tokens), round(cached_tokens)
        if not 0 <= cached <= prompt or output < 0:
            raise PriceError(f"{self.label}: {cached} cached of {prompt} tokens and {output} of output are impossible")
        rates = self.rates(prompt, batch=batch)
        each_cached = rates.usd_per_mtok_cached or rates.usd_per_mtok_input
        paid = (prompt - cached) * rates.usd_per_mtok_input.value + cached * each_cached.value
        paid += output * rates.usd_per_mtok_output.value
        return paid / 1e6 + (self.usd_per_request.value if self.usd_per_request else 0.0)


def api_price(provider: str, model: str, when: dt.datetime) -> ApiPrice:
    """Return the list prices of a model, those of long prompts and of the batch interface among them.

    Args:
        provider: genai-prices id of the provider.
        model: exact id of the model.
        when: the moment for which they hold.

    Raises:
        PriceError: the provider or the exact model is unknown, or it has no price per token.
    """
    price = price_request(provider, model, prompt_tokens=1, output_tokens=1, when=when)
    fee = price_request(provider, model, prompt_tokens=0, output_tokens=0, when=when)
    tiers = tiers_of(provider, model, when)
    others = [
        OtherRates(batch=False, above_tokens=above, **_rates(provider, model, when, above, batch=False))
        for above in tiers
    ]
    if has_batch_price(provider, model, when):
        others += [
            OtherRates(batch=True, above_tokens=above, **_rates(provider, model, when, above, batch=True))
            for above in (None, *tiers_of(provider, model, when, batch=True))
        ]
    return ApiPrice(
        provider=provider,
        model=model,
        **_rates(provider, model, when, None, batch=False),
        tier_above_tokens=price.tier_above_tokens,
        context_tokens=price.context_tokens,
        other_rates=tuple(others),
        usd_per_request=per_request(fee.usd, fee) if fee.usd else None,
    )


def _rates(
    provider: str, model: str, when: dt.datetime, above: int | None, *, batch: bool
) -> dict[str, TokenPrice | None]:
    price = price_request(provider, model, prompt_tokens=1 + (above or 0), output_tokens=1, when=when, batch=batch)
    found = {key: getattr(price, key) for key in PRICE_NAMES}
    return {key: None if value is None else _per_mtok(value, price) for key, value in found.items()}


def _per_mtok(value: float, price: RequestPrice) -> TokenPrice:
    origin = {"basis": Basis.PUBLISHED, "source": price.source, "date": price.date}
    return TokenPrice(value=value, unit="USD per 10^6 tokens", **origin)


def per_request(value: float, price: RequestPrice) -> PerRequest:
    """Return a price of a request with the origin of a price that was looked up."""
    origin = {"basis": Basis.PUBLISHED, "source": price.source, "date": price.date}
    return PerRequest(value=value, unit="USD per request", **origin)
