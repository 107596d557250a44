"""Which provider and model a written name means: ``gpt-4o``, ``openai/gpt-4o``, ``groq/llama-3.3-70b-versatile``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kit.errors import PriceError, did_you_mean
from kit.pricing.listed import exact_model, model_names
from kit.pricing.price_list import price_list
from kit.record import Part

if TYPE_CHECKING:
    from genai_prices.types import Provider

ALSO_CALLED = {
    "bedrock": "aws",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "moonshot": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "voyage": "voyageai",
    "xai": "x-ai",
}
"""How others call the providers of the price list."""


class Match(Part):
    """What a name was taken for.

    Attributes:
        asked: the name as it was written.
        provider: id of the provider.
        model: exact id of the model.
        exact: whether the name is the model's own, or only near it.
    """

    asked: str
    provider: str
    model: str
    exact: bool


def match(name: str, *, closest: bool = False) -> Match:
    """Return the model that a name means.

    A name without provider means the maker's own offer where the price list knows the maker, else the only offer.

    Args:
        name: ``model`` or ``provider/model``.
        closest: take what the library takes for a name that is not exact, such as anything that starts like a model.

    Raises:
        PriceError: no model has exactly that name, or several providers sell it; names what is there.
    """
    known = price_list().providers
    provider, _, model = name.partition("/")
    provider = ALSO_CALLED.get(provider.casefold(), provider.casefold())
    if model and provider in known:
        return _at(name, provider, model, closest=closest)
    sellers = [id_ for id_ in known if (found := exact_model(id_, name)) is not None and found in _own(known[id_])]
    makers = [id_ for id_ in sellers if _makes(known[id_], name)]
    if len(makers or sellers) == 1:
        return _at(name, (makers or sellers)[0], name, closest=False)
    if sellers:
        offers = ", ".join(f"{id_}/{name}" for id_ in sellers[:8])
        raise PriceError(f'"{name}" is sold by {len(sellers)} providers; write one of {offers}')
    if closest:
        for id_, maker in known.items():
            if _makes(maker, name) and maker.find_model(name) is not None:
                return _at(name, id_, name, closest=True)
    everything = {f"{id_}/{own}" for id_ in known for own in _own(known[id_])} | _short_names(known)
    raise PriceError(f'no price for a model of exactly the id "{name}"{did_you_mean(name, everything)}')


def _at(asked: str, provider: str, model: str, *, closest: bool) -> Match:
    exact = exact_model(provider, model)
    if exact is not None:
        return Match(asked=asked, provider=provider, model=exact, exact=True)
    known = price_list().providers
    if closest:
        near = known[provider].find_model(model, all_providers=list(known.values()))
        if near is not None:
            return Match(asked=asked, provider=provider, model=near.id, exact=False)
    hint = did_you_mean(model, model_names(provider))
    raise PriceError(f'{provider}: no price for a model of exactly the id "{model}"{hint}')


def _own(provider: Provider) -> set[str]:
    return {listed.id for listed in provider.models}


def _makes(provider: Provider, name: str) -> bool:
    return provider.model_match is not None and provider.model_match.is_match(name)


def _short_names(known: Mapping[str, Provider]) -> set[str]:
    return {id_ for maker in known.values() if maker.model_match is not None for id_ in _own(maker)}
