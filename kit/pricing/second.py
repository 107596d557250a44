"""A second price list beside that of genai-prices: LiteLLM's, or OpenRouter's for what OpenRouter itself sells."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kit.errors import InputError
from kit.pricing.api_price import ApiPrice, OtherRates
from kit.pricing.dispute import PriceName
from kit.pricing.download import read_limited
from kit.pricing.store import FeedKind, stored

RateKey = tuple[PriceName, bool, int | None]
"""Which price: its name, whether by batch, and the prompt length above which it holds."""

_LITELLM_KEY = re.compile(
    r"(input_cost_per_token|cache_read_input_token_cost|output_cost_per_token)(?:_above_(\d+)k_tokens)?(_batches)?"
)
_LITELLM_PRICES: Mapping[str, PriceName] = {
    "input_cost_per_token": "usd_per_mtok_input",
    "cache_read_input_token_cost": "usd_per_mtok_cached",
    "output_cost_per_token": "usd_per_mtok_output",
}
_OPENROUTER_PRICES: Mapping[str, PriceName] = {
    "prompt": "usd_per_mtok_input",
    "input_cache_read": "usd_per_mtok_cached",
    "completion": "usd_per_mtok_output",
}
_SELLERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "anthropic": (("anthropic", ""),),
    "aws": (("bedrock_converse", ""), ("bedrock", ""), ("bedrock", "bedrock/")),
    "azure": (("azure", "azure/"), ("azure_ai", "azure_ai/")),
    "cohere": (("cohere_chat", ""), ("cohere", ""), ("cohere", "cohere/")),
    "deepseek": (("deepseek", "deepseek/"), ("deepseek", "")),
    "fireworks": (("fireworks_ai", "fireworks_ai/"), ("fireworks_ai", "fireworks_ai/accounts/fireworks/models/")),
    "google": (("gemini", "gemini/"), ("vertex_ai-language-models", ""), ("vertex_ai-anthropic_models", "vertex_ai/")),
    "moonshotai": (("moonshot", "moonshot/"),),
    "openai": (("openai", ""), ("openai", "openai/"), ("text-completion-openai", "")),
    "together": (("together_ai", "together_ai/"),),
    "voyageai": (("voyage", "voyage/"),),
    "x-ai": (("xai", "xai/"),),
}
"""LiteLLM's name of a provider and what it puts before the model, for each provider of genai-prices, best first."""


@dataclass(frozen=True)
class SecondList:
    """Prices by the list's own key of a model.

    Attributes:
        source: which list.
        date: the day it was taken; the file's own day, where it was not refreshed by the kit. Neither list bears one.
        prices: US dollars per 10⁶ tokens.
        sellers: who sells the model of a key, as the list calls them.
    """

    source: str
    date: dt.date
    prices: Mapping[str, Mapping[RateKey, float]]
    sellers: Mapping[str, str]

    def entry(self, provider: str, names: tuple[str, ...]) -> tuple[str, Mapping[RateKey, float]] | None:
        """Return the key and the prices of a model; ``None`` where the list does not have it at this provider.

        Args:
            provider: genai-prices id of the provider.
            names: the model's id and its other exact names, best first.
        """
        folded = _folded(self)
        for name in names:
            for seller, prefix in _SELLERS.get(provider, ((provider, f"{provider}/"),)):
                key = folded.get(f"{prefix}{name}".casefold())
                if key is not None and self.sellers[key] == seller:
                    return key, self.prices[key]
        return None


@cache
def _folded_keys(keys: tuple[str, ...]) -> dict[str, str]:
    return {key.casefold(): key for key in keys}


def _folded(second: SecondList) -> dict[str, str]:
    return _folded_keys(tuple(second.prices))


def rates_of(price: ApiPrice) -> dict[RateKey, float]:
    """Return all prices of a model in a book by what they are."""
    found: dict[RateKey, float] = {}
    every: list[tuple[bool, int | None, ApiPrice | OtherRates]] = [(False, None, price)]
    every += [(other.batch, other.above_tokens, other) for other in price.other_rates]
    for batch, above, rates in every:
        found["usd_per_mtok_input", batch, above] = rates.usd_per_mtok_input.value
        found["usd_per_mtok_output", batch, above] = rates.usd_per_mtok_output.value
        if rates.usd_per_mtok_cached is not None:
            found["usd_per_mtok_cached", batch, above] = rates.usd_per_mtok_cached.value
    return found


def second_list(against: str | Path | None = None) -> SecondList | None:
    """Return the second price list.

    Args:
        against: a file, or ``litellm`` or ``openrouter`` for the refreshed list of that name, else, for LiteLLM, the
            one that an installed wheel carries; ``None``: LiteLLM's, if there is one.

    Raises:
        InputError: the list that was asked for is not there or cannot be read.
    """
    if against is not None and str(against) not in {"litellm", "openrouter"}:
        path = Path(against)
        return read_second(read_limited(path), source=path.name, date=_day_of(path))
    kind: FeedKind = "openrouter" if str(against) == "openrouter" else "litellm"
    if (found := stored(kind)) is not None:
        path, origin = found
        return read_second(read_limited(path), source=f"{kind} ({origin.source})", date=origin.date)
    if kind == "litellm" and (wheel := _installed()) is not None:
        path, version = wheel
        return read_second(read_limited(path), source=f"LiteLLM {version}", date=_day_of(path))
    if against is None:
        return None
    raise InputError(f"no price list of {kind} is here: give a file, or run kit prices refresh {kind}")


def read_second(content: bytes, *, source: str, date: dt.date) -> SecondList:
    """Return the prices of a list in LiteLLM's or OpenRouter's format.

    Args:
        content: LiteLLM's ``model_prices_and_context_window.json``, or the answer of OpenRouter's ``/api/v1/models``.
        source: how the list is called.
        date: its day.

    Raises:
        InputError: it is neither, or a price is negative or no number; names the entry.
    """
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: not JSON ({error})") from None
    if isinstance(raw, dict) and isinstance(raw.get("data"), list):
        rows = list(_openrouter(raw["data"], source))
    elif isinstance(raw, dict):
        rows = list(_litellm(raw, source))
    else:
        rows = []
    if not rows:
        raise InputError(f"{source}: no prices in LiteLLM's or OpenRouter's format")
    return SecondList(
        source=source,
        date=date,
        prices={key: prices for key, _, prices in rows},
        sellers={key: seller for key, seller, _ in rows},
    )


def _litellm(raw: Mapping[str, Any], source: str) -> Iterator[tuple[str, str, dict[RateKey, float]]]:
    for key, entry in raw.items():
        if key == "sample_spec" or not isinstance(entry, dict):
            continue
        prices: dict[RateKey, float] = {}
        for name, value in entry.items():
            if (found := _LITELLM_KEY.fullmatch(name)) and value is not None:
                above = int(found[2]) * 1000 if found[2] else None
                prices[_LITELLM_PRICES[found[1]], bool(found[3]), above] = _per_mtok(value, f"{source}: {key}: {name}")
        if prices:
            yield key, str(entry.get("litellm_provider", "")), prices


def _openrouter(raw: list[Any], source: str) -> Iterator[tuple[str, str, dict[RateKey, float]]]:
    for entry in raw:
        listed = entry.get("pricing") if isinstance(entry, dict) else None
        # OpenRouter writes -1 where the price is that of whichever model its router takes.
        if not isinstance(listed, dict) or not isinstance(entry.get("id"), str) or str(listed.get("prompt")) == "-1":
            continue
        prices: dict[RateKey, float] = {
            (name, False, None): _per_mtok(listed[key], f"{source}: {entry['id']}: {key}")
            for key, name in _OPENROUTER_PRICES.items()
            if listed.get(key) is not None
        }
        if prices:
            yield f"openrouter/{entry['id']}", "openrouter", prices


def _per_mtok(value: Any, where: str) -> float:
    try:
        price = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{where}: {value!r} is not a number") from None
    if not 0 <= price < math.inf:
        raise InputError(f"{where}: {value} is not a price")
    # Prices are decimal fractions of a dollar; the factor of 10⁶ must not leave 2.4999999999999996.
    return float(f"{price * 1e6:.12g}")


def _installed() -> tuple[Path, str] | None:
    """Return LiteLLM's list in an installed wheel with the wheel's version; the package itself is not imported."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("litellm")
    except PackageNotFoundError:
        return None
    path = Path(str(found.locate_file("litellm/model_prices_and_context_window_backup.json")))
    return (path, found.version) if path.is_file() else None


def _day_of(path: Path) -> dt.date:
    """Return the day of a file, or today where an archive gave it none."""
    day = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC).date()
    today = dt.datetime.now(tz=dt.UTC).date()
    return day if dt.date(2023, 1, 1) <= day <= today else today
