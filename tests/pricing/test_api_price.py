"""Specification of the list prices that a book carries."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import PriceError
from kit.pricing.api_price import api_price
from kit.pricing.tokens import price_request

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-6-sol"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("groq", "llama-3.3-70b-versatile"),
    ("perplexity", "sonar"),
]


def test_long_prompts_and_batch_have_rows_of_their_own() -> None:
    """GPT-6 Sol: 2 and 10 dollars, above 272,000 tokens 4 and 15, half of each by batch."""
    price = api_price("openai", "gpt-6-sol", NOON)
    rows = {
        (other.batch, other.above_tokens): (other.usd_per_mtok_input.value, other.usd_per_mtok_output.value)
        for other in price.other_rates
    }
    assert (price.usd_per_mtok_input.value, price.usd_per_mtok_output.value) == (2, 10)
    assert rows == {(False, 272_000): (4, 15), (True, None): (1, 5), (True, 272_000): (2, 7.5)}


def test_a_request_by_hand() -> None:
    """1,000 requests of 3,000 in and 500 out cost $11.00; 3,000,000 in and 500,000 out in one call $19.50."""
    price = api_price("openai", "gpt-6-sol", NOON)
    assert 1000 * price.usd(prompt_tokens=3000, output_tokens=500) == pytest.approx(11.00)
    assert price.usd(prompt_tokens=3_000_000, output_tokens=500_000) == pytest.approx(19.50)


def test_every_price_has_its_unit() -> None:
    """Prices of tokens say that they are US dollars per 10⁶ tokens."""
    price = api_price("openai", "gpt-6-sol", NOON)
    for rates in (price, *price.other_rates):
        assert rates.usd_per_mtok_input.unit == rates.usd_per_mtok_output.unit == "USD per 10^6 tokens"


@given(
    offer=st.sampled_from(MODELS),
    prompt=st.integers(0, 500_000),
    cached_share=st.floats(0, 1),
    output=st.integers(0, 100_000),
    batch=st.booleans(),
)
def test_the_list_prices_make_the_price_of_any_request(
    offer: tuple[str, str], prompt: int, cached_share: float, output: int, batch: bool
) -> None:
    """Whatever the request, the carried list prices give what genai-prices' own engine gives."""
    from genai_prices import Usage, calc_price

    provider, model = offer
    cached = int(prompt * cached_share)
    price = api_price(provider, model, NOON)
    counts = {"prompt_tokens": prompt, "output_tokens": output, "cached_tokens": cached, "batch": batch}
    if batch and not any(other.batch for other in price.other_rates):
        with pytest.raises(PriceError, match="no batch price"):
            price.usd(**counts)  # type: ignore[arg-type]
        return
    usage = Usage(input_tokens=prompt, cache_read_tokens=cached, output_tokens=output)
    context = {"processing": "batch"} if batch else None
    theirs = calc_price(usage, model, provider_id=provider, genai_request_timestamp=NOON, price_context=context)
    assert price.usd(**counts) == pytest.approx(float(theirs.total_price), rel=1e-9, abs=1e-15)  # type: ignore[arg-type]
    looked_up = price_request(provider, model, when=NOON, **counts)  # type: ignore[arg-type]
    assert looked_up.usd == pytest.approx(float(theirs.total_price), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("counts", [(1, 1, 2), (1, -1, 0), (5, 1, -1)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    """No more tokens are cached than the prompt has, and no count is negative."""
    prompt, output, cached = counts
    with pytest.raises(PriceError, match="impossible"):
        api_price("openai", "gpt-4o", NOON).usd(prompt_tokens=prompt, output_tokens=output, cached_tokens=cached)
