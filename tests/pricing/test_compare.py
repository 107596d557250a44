"""Specification of comparing two price lists."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.pricing.compare import compare, with_disputes
from kit.pricing.dispute import disagrees
from kit.pricing.pricebook import PriceBook, price_book
from kit.pricing.second import SecondList, read_second
from tests.pricing.feed_files import GPT_4O, litellm

DAY = dt.date(2026, 11, 22)


def book(*offers: tuple[str, str]) -> PriceBook:
    """Return a book of list prices."""
    return price_book(date=DAY, api_offers=offers, request_classes=(), accelerators=())


def second(**entries: dict[str, object]) -> SecondList:
    """Return a second list."""
    return read_second(litellm(**entries), source="LiteLLM 1", date=DAY)


def test_equal_lists_have_no_dispute() -> None:
    """GPT-4o at 2.50, 1.25 cached and 10, by batch 1.25 and 5: five prices agree; batch has no cached one."""
    found = compare(book(("openai", "gpt-4o")), second(**{"gpt-4o": GPT_4O}))
    assert (found.agreed, found.disputes) == (5, ())
    assert found.missing == ("openai/gpt-4o, batch cached input: not in LiteLLM 1 (gpt-4o)",)


def test_more_than_one_percent_is_disputed_and_says_all() -> None:
    """2.50 against 2.526 is 1.04 %, against 2.525 exactly 1 %."""
    found = compare(book(("openai", "gpt-4o")), second(**{"gpt-4o": GPT_4O | {"input_cost_per_token": 2.526e-06}}))
    (only,) = found.disputes
    assert (only.provider, only.model, only.price) == ("openai", "gpt-4o", "usd_per_mtok_input")
    assert (only.ours, only.theirs, only.listed_as, only.source, only.date) == (2.5, 2.526, "gpt-4o", "LiteLLM 1", DAY)
    assert only.difference == pytest.approx(0.0104)
    assert only.sentence == (
        "openai/gpt-4o, input: 2.5 USD per million tokens, but 2.526 as gpt-4o in LiteLLM 1 of 2026-11-22 (+1.0%)"
    )
    equal = compare(book(("openai", "gpt-4o")), second(**{"gpt-4o": GPT_4O | {"input_cost_per_token": 2.525e-06}}))
    assert equal.disputes == ()


def test_a_list_without_the_tier_disputes_the_price_of_long_prompts() -> None:
    """Claude Sonnet 4.5 costs 6 and 22.50 above 200,000 tokens; a list that knows 3 and 15 only says otherwise."""
    flat = {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05}
    found = compare(book(("anthropic", "claude-sonnet-4-5")), second(**{"claude-sonnet-4-5": flat}))
    assert [(item.what, item.ours, item.theirs) for item in found.disputes] == [
        ("input above 200000 tokens", 6, 3),
        ("output above 200000 tokens", 22.5, 15),
    ]
    long, short = found.disputes[0].concerns(200_001), found.disputes[0].concerns(200_000)
    assert (long, short, found.disputes[0].concerns(300_000, batch=True)) == (True, False, False)


def test_what_one_list_lacks_is_named() -> None:
    """A model that the second list does not have, and a price that the book does not have."""
    groq = {"litellm_provider": "groq", "input_cost_per_token": 5.9e-07, "output_cost_per_token": 7.9e-07}
    more = groq | {"cache_read_input_token_cost": 1e-07}
    found = compare(
        book(("openai", "gpt-4o"), ("groq", "llama-3.3-70b-versatile")),
        second(**{"groq/llama-3.3-70b-versatile": more}),
    )
    assert (found.agreed, found.disputes) == (2, ())
    assert found.missing == (
        "openai/gpt-4o: not in LiteLLM 1",
        "groq/llama-3.3-70b-versatile, cached input: 0.1 USD per million tokens in LiteLLM 1, not in the book",
    )


def test_a_model_is_found_by_its_other_names() -> None:
    """The price list calls it claude-opus-4-0, the second list claude-opus-4-20250514."""
    entry = {"litellm_provider": "anthropic", "input_cost_per_token": 1.5e-05, "output_cost_per_token": 7.5e-05}
    found = compare(book(("anthropic", "claude-opus-4-0")), second(**{"claude-opus-4-20250514": entry}))
    assert (found.agreed, found.disputes) == (2, ())


def test_a_book_carries_its_disputes() -> None:
    """They replace those that stood in it; without a second list the book stays as it is."""
    plain = book(("openai", "gpt-4o"))
    disputed = with_disputes(plain, second(**{"gpt-4o": GPT_4O | {"output_cost_per_token": 2e-05}}))
    assert [item.what for item in disputed.disputes] == ["output"]
    assert PriceBook.model_validate_json(disputed.to_json()) == disputed
    assert with_disputes(disputed, second(**{"gpt-4o": GPT_4O})).disputes == ()
    assert with_disputes(disputed, None) is disputed


@given(st.floats(1e-6, 1e6), st.floats(0, 2))
def test_disagreement_has_no_direction(price: float, share: float) -> None:
    """It does not matter which of two prices is ours; up to 1 % is agreement, from 1.0001 % on it is not."""
    other = price * (1 + share)
    assert disagrees(price, other) is disagrees(other, price)
    if share <= 0.01 or share >= 0.010001:
        assert disagrees(price, other) is (share > 0.01)


def test_a_price_of_zero_agrees_with_zero_only() -> None:
    """A free model that costs something elsewhere is disputed."""
    assert not disagrees(0, 0)
    assert disagrees(0, 1e-9)
