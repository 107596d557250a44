"""Specification of which model a written name means."""

import pytest

from kit.errors import PriceError
from kit.pricing.naming import match


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("gpt-4o", "openai", "gpt-4o"),
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("azure/gpt-4o", "azure", "gpt-4o"),
        ("groq/llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("gemini/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("claude-opus-5-5", "anthropic", "claude-opus-5-5"),
    ],
)
def test_a_name_with_or_without_its_provider(name: str, provider: str, model: str) -> None:
    """Without a provider it is the maker's own offer, else the only one; LiteLLM's provider names are understood."""
    found = match(name)
    assert (found.asked, found.provider, found.model, found.exact) == (name, provider, model, True)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("claude-sonnet-4-5-banana", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5-banana", "claude-sonnet-4-5"),
        ("gpt-4oo", "gpt-4o"),
        ("openia/gpt-4o", "openai/gpt-4o"),
    ],
)
def test_what_is_not_exact_is_refused_with_the_nearest(name: str, near: str) -> None:
    """The error names the nearest model."""
    with pytest.raises(PriceError, match=f'did you mean "{near}"'):
        match(name)


@pytest.mark.parametrize("name", ["claude-sonnet-4-5-banana", "anthropic/claude-sonnet-4-5-banana"])
def test_the_closest_is_taken_if_asked_and_says_what_matched(name: str) -> None:
    """With ``closest`` the library's own match is taken, and the match says that it is not exact."""
    found = match(name, closest=True)
    assert (found.provider, found.model, found.exact) == ("anthropic", "claude-sonnet-4-5", False)


def test_what_several_sell_and_nobody_makes_has_to_be_told_apart() -> None:
    """A model of several sellers, none of them its maker in the list, is refused with the offers to choose from."""
    with pytest.raises(PriceError, match=r"sold by \d+ providers; write one of .*/Qwen/Qwen3-32B"):
        match("Qwen/Qwen3-32B")


@pytest.mark.parametrize("name", ["", "/", "openai/"])
def test_an_empty_name_is_no_model(name: str) -> None:
    """It is refused, also if the closest is asked for."""
    with pytest.raises(PriceError, match="no price for a model"):
        match(name, closest=True)
