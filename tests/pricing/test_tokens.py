"""Specification of the price of one request to a cloud API."""

import datetime as dt
from decimal import Decimal

import pytest

from kit.errors import PriceError
from kit.pricing.tokens import RequestPrice, checked_on, price_request

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TIERED = "gpt-6-sol"
"""USD 2 in and 10 out per 10⁶ tokens; 4 and 15 for all tokens of a prompt longer than 272,000."""


def price(provider: str, model: str, prompt: float = 1000, output: float = 1000, **more: object) -> RequestPrice:
    """Return the price of a request at noon of a fixed day."""
    arguments = {"prompt_tokens": prompt, "output_tokens": output, "when": NOON} | more
    return price_request(provider, model, **arguments)  # type: ignore[arg-type]


def test_requests_are_priced_one_by_one() -> None:
    """1,000 requests of 3,000 in and 500 out cost $11.00: 3 Mtok x $2 + 0.5 Mtok x $10; as one call $19.50."""
    one = price("openai", TIERED, 3000, 500)
    assert 1000 * one.usd == pytest.approx(11.00)
    all_at_once = price("openai", TIERED, 3_000_000, 500_000)
    assert all_at_once.usd == pytest.approx(19.50)
    assert (one.usd_per_mtok_input, one.usd_per_mtok_output, one.tier_above_tokens) == (2, 10, 272_000)
    assert (all_at_once.usd_per_mtok_input, all_at_once.usd_per_mtok_output) == (4, 15)


def test_a_tier_begins_above_its_threshold() -> None:
    """A prompt of exactly 272,000 tokens pays the lower price for all of them, one token more the higher for all."""
    assert price("openai", TIERED, 272_000, 0).usd == pytest.approx(0.544)
    assert price("openai", TIERED, 272_001, 0).usd == pytest.approx(272_001 * 4e-6)


def test_cached_tokens_are_part_of_the_prompt() -> None:
    """GPT-4o, 1,000 in of which 400 cached, 100 out: 600 x 2.50 + 400 x 1.25 + 100 x 10 dollars per million."""
    found = price("openai", "gpt-4o", 1000, 100, cached_tokens=400)
    assert found.usd == pytest.approx((600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6)
    assert found.usd_per_mtok_cached == 1.25


def test_without_a_cache_price_cached_tokens_cost_as_any_other() -> None:
    """Groq lists no cache price for Llama 3.3 70B: a cached token costs $0.59 per million like the rest."""
    found = price("groq", "llama-3.3-70b-versatile", 1000, 1000, cached_tokens=900)
    assert found.usd == pytest.approx((1000 * 0.59 + 1000 * 0.79) / 1e6)
    assert found.usd_per_mtok_cached is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-6.1-sol"),
        ("anthropic", "claude-opus-5-5"),
        ("anthropic", "claude-sonnet-5-5"),
        ("google", "gemini-2.5-pro"),
        ("mistral", "mistral-large-4"),
        ("groq", "llama-3.3-70b-versatile"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("azure", "gpt-4o"),
    ],
)
def test_prices_equal_those_of_genai_prices(provider: str, model: str) -> None:
    """The kit's price is that of the library's own public call, with the matched id, a source and a day."""
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=12345, cache_read_tokens=2345, output_tokens=678)
    theirs = calc_price(usage, model, provider_id=provider, genai_request_timestamp=NOON)
    ours = price(provider, model, 12345, 678, cached_tokens=2345)
    assert Decimal(str(ours.usd)) == pytest.approx(theirs.total_price)
    assert (ours.provider_id, ours.model_id) == (theirs.provider.id, theirs.model.id)
    assert ours.source.startswith("https://")
    assert "genai-prices" in ours.source
    assert dt.date(2025, 1, 1) < ours.date <= NOON.date()


def test_what_is_not_exact_is_refused() -> None:
    """claude-sonnet-4-5-banana matches a model of the library; here it is refused, and the nearest is named."""
    from genai_prices import Usage, calc_price

    loose = calc_price(Usage(input_tokens=1), "claude-sonnet-4-5-banana", provider_id="anthropic")
    assert loose.model.id == "claude-sonnet-4-5"
    with pytest.raises(PriceError, match=r'"claude-sonnet-4-5-banana" \(did you mean "claude-sonnet-4-5"\?\)'):
        price("anthropic", "claude-sonnet-4-5-banana")


@pytest.mark.parametrize(
    ("provider", "alias", "model"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-4-5-haiku", "claude-haiku-4-5"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        ("openai", "GPT-4o", "gpt-4o"),
    ],
)
def test_documented_aliases_are_exact(provider: str, alias: str, model: str) -> None:
    """An alias that the price list spells out, or the id with the day of a release, is exact."""
    assert price(provider, alias).model_id == model


@pytest.mark.parametrize(
    ("provider", "model", "says"),
    [
        ("openia", "gpt-4o", 'unknown provider "openia" (did you mean "openai"?)'),
        ("openai", "gpt-4oo", '"gpt-4oo" (did you mean "gpt-4o"?)'),
        ("anthropic", "claude-sonnet-4-5-2025", "did you mean"),
        ("google", "gemini-2.5-pro-preview-06-05", "did you mean"),
        ("openai", "", 'the id ""'),
        ("openai", "whisper-1", "no price per token"),
    ],
)
def test_what_has_no_price_says_so(provider: str, model: str, says: str) -> None:
    """No provider, no exact model, or no price per token is a price error that helps; it is never a price of zero."""
    with pytest.raises(PriceError) as caught:
        price(provider, model)
    assert says in str(caught.value)


def test_batch_is_half_price_where_it_is_listed() -> None:
    """GPT-4o by batch costs half: 1,000 in and 1,000 out for $0.00625 instead of $0.0125."""
    assert price("openai", "gpt-4o").usd == pytest.approx(0.0125)
    assert price("openai", "gpt-4o", batch=True).usd == pytest.approx(0.00625)


def test_a_missing_batch_price_is_not_replaced_by_the_standard_one() -> None:
    """The library silently takes the standard price where it has none for batch; the kit refuses."""
    from genai_prices import Usage, calc_price

    usage, batch = Usage(input_tokens=1000, output_tokens=1000), {"processing": "batch"}
    silent = calc_price(usage, "gpt-4o", provider_id="azure", price_context=batch, genai_request_timestamp=NOON)
    assert float(silent.total_price) == pytest.approx(price("azure", "gpt-4o").usd)
    for provider, model in (("azure", "gpt-4o"), ("groq", "llama-3.3-70b-versatile")):
        with pytest.raises(PriceError, match="no batch price on 2026-11-22"):
            price(provider, model, batch=True)
    early = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(PriceError, match="no batch price on 2026-01-01"):
        price("openai", "gpt-4o", batch=True, when=early)


def test_prices_hang_on_the_day() -> None:
    """Claude Opus 4.6 lost its tier above 200,000 tokens on 2026-03-13: 300,000 in cost $3.00 before, $1.50 since."""
    before, since = (dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC) for day in (12, 13))
    assert price("anthropic", "claude-opus-4-6", 300_000, 0, when=before).usd == pytest.approx(3.00)
    assert price("anthropic", "claude-opus-4-6", 300_000, 0, when=since).usd == pytest.approx(1.50)


@pytest.mark.parametrize(
    ("prompt", "cached"), [(-1, 0), (float("nan"), 0), (float("inf"), 0), (100, 101), (100, -1), (1e12, 0)]
)
def test_impossible_counts_are_refused(prompt: float, cached: float) -> None:
    """Counts are not negative, are numbers, and the cached tokens are part of the prompt."""
    with pytest.raises(PriceError, match="tokens"):
        price("openai", "gpt-4o", prompt, 1, cached_tokens=cached)


def test_means_are_rounded_to_whole_tokens() -> None:
    """A mean prompt of 1000.4 tokens is priced as 1000."""
    assert price("openai", "gpt-4o", 1000.4).usd == price("openai", "gpt-4o", 1000).usd


def test_the_day_of_the_check_is_the_price_lists_own() -> None:
    """GPT-4o's remark says that rates were verified on 2026-10-14; a model without remark has the list's newest day."""
    from genai_prices import __version__

    if __version__ != "0.2.3":
        pytest.skip("the expected days are those of genai-prices 0.2.3")
    assert checked_on("openai", "gpt-4o") == dt.date(2026, 10, 14)
    assert checked_on("groq", "llama-3.3-70b-versatile") == dt.date(2026, 11, 9)


def test_prices_hang_on_the_hour() -> None:
    """DeepSeek V4 Flash: the price list has one price at 12:00 UTC and twice of it at 02:00 UTC."""
    from genai_prices import Usage, calc_price

    found = {}
    for hour in (2, 12):
        when = dt.datetime(2026, 11, 22, hour, tzinfo=dt.UTC)
        theirs = calc_price(
            Usage(input_tokens=10**6), "deepseek-v4-flash", provider_id="deepseek", genai_request_timestamp=when
        )
        found[hour] = price("deepseek", "deepseek-v4-flash", 10**6, 0, when=when).usd
        assert found[hour] == pytest.approx(float(theirs.total_price))
    assert found[2] == pytest.approx(2 * found[12])


def test_an_id_for_which_the_library_has_no_rule_is_exact() -> None:
    """Fireworks' models are matched by their long names only; the short id of the entry is exact too."""
    short = price("fireworks", "deepseek-v3-0324")
    assert short.model_id == "deepseek-v3-0324"


def test_ten_thousand_look_ups_ask_the_engine_twice_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Monte Carlo run asks for thousands of prices; the library's engine is asked once a tier, with a check."""
    from genai_prices.types import ModelInfo

    asked, calc = [], ModelInfo.calc_price
    monkeypatch.setattr(ModelInfo, "calc_price", lambda self, *a, **k: asked.append(self.id) or calc(self, *a, **k))
    models = [("openai", "gpt-4o"), ("google", "gemini-2.5-flash"), ("anthropic", "claude-haiku-4-5")]
    for index in range(10_000):
        price_request(*models[index % 3], prompt_tokens=1000 + index, output_tokens=300, when=NOON)
    assert sorted(asked) == ["claude-haiku-4-5"] * 2 + ["gemini-2.5-flash"] * 2 + ["gpt-4o"] * 2


def test_a_price_that_does_not_add_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the library to price a request other than by its tokens, the look-up would fail instead of guessing."""
    from genai_prices.types import ModelInfo

    calc = ModelInfo.calc_price

    def dearer(self: ModelInfo, usage: object, *rest: object, **more: object) -> object:
        found = calc(self, usage, *rest, **more)  # type: ignore[arg-type]
        found.total_price = found.total_price**2
        return found

    monkeypatch.setattr(ModelInfo, "calc_price", dearer)
    with pytest.raises(PriceError, match="not a sum over its tokens"):
        price("openai", "gpt-4o")
