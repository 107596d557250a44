"""Specification of a second price list."""

import datetime as dt
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InputError
from kit.pricing.second import read_second, second_list
from kit.pricing.store import install
from tests.pricing.feed_files import GPT_4O, litellm, openrouter

DAY = dt.date(2026, 11, 20)


def test_litellms_prices_per_token_become_prices_per_million() -> None:
    """0.0000025 dollars a token are 2.5 dollars per million, exactly; tiers and batch are told apart."""
    tiers = {"input_cost_per_token_above_272k_tokens": 4e-06, "input_cost_per_token_above_272k_tokens_batches": 2e-06}
    other = {"input_cost_per_token_priority": 9e-06, "input_cost_per_audio_token": 1e-3}
    found = read_second(litellm(**{"gpt-4o": GPT_4O | tiers | other}), source="L", date=DAY)
    assert found.prices["gpt-4o"] == {
        ("usd_per_mtok_input", False, None): 2.5,
        ("usd_per_mtok_output", False, None): 10.0,
        ("usd_per_mtok_cached", False, None): 1.25,
        ("usd_per_mtok_input", True, None): 1.25,
        ("usd_per_mtok_output", True, None): 5.0,
        ("usd_per_mtok_input", False, 272_000): 4.0,
        ("usd_per_mtok_input", True, 272_000): 2.0,
    }


@given(st.integers(0, 10**9))
def test_a_decimal_price_survives_the_change_of_unit(micro: int) -> None:
    """A price of a whole number of 10⁻⁶ dollars per million tokens comes back as itself."""
    price = micro / 1e6
    found = read_second(litellm(m={"input_cost_per_token": price / 1e6}), source="L", date=DAY)
    assert found.prices["m"]["usd_per_mtok_input", False, None] == pytest.approx(price, rel=1e-11, abs=0)


@pytest.mark.parametrize(
    ("provider", "model", "key", "seller"),
    [
        ("openai", "gpt-4o", "gpt-4o", "openai"),
        ("anthropic", "claude-opus-5-5", "claude-opus-5-5", "anthropic"),
        ("google", "gemini-2.5-pro", "gemini/gemini-2.5-pro", "gemini"),
        ("mistral", "mistral-large-latest", "mistral/mistral-large-latest", "mistral"),
        ("groq", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile", "groq"),
        ("together", "meta-llama/Llama-3.3-70B", "together_ai/meta-llama/Llama-3.3-70B", "together_ai"),
        ("azure", "gpt-4o", "azure/gpt-4o", "azure"),
        ("aws", "amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "bedrock_converse"),
        ("x-ai", "grok-3", "xai/grok-3", "xai"),
        ("fireworks", "kimi-k2", "fireworks_ai/accounts/fireworks/models/kimi-k2", "fireworks_ai"),
    ],
)
def test_each_provider_is_found_under_litellms_own_key(provider: str, model: str, key: str, seller: str) -> None:
    """LiteLLM names models after its own routes; upper and lower case are the same."""
    found = read_second(litellm(**{key: GPT_4O | {"litellm_provider": seller}}), source="L", date=DAY)
    assert found.entry(provider, (model,)) == (key, found.prices[key])
    assert found.entry(provider, (model.upper(),)) == (key, found.prices[key])


def test_a_key_of_another_seller_is_not_taken() -> None:
    """``gemini-2.5-flash`` without prefix is Vertex AI's in LiteLLM, and not OpenAI's."""
    entry = GPT_4O | {"litellm_provider": "vertex_ai-language-models"}
    found = read_second(litellm(**{"gemini-2.5-flash": entry}), source="L", date=DAY)
    assert found.entry("openai", ("gemini-2.5-flash",)) is None
    assert found.entry("google", ("no such model", "gemini-2.5-flash")) is not None


def test_openrouters_prices_are_those_of_openrouter() -> None:
    """Prices are text in dollars per token; -1 marks a router without a price of its own."""
    content = openrouter(("openai/gpt-4o", "0.0000025", "0.00001"), ("openrouter/auto", "-1", "-1"))
    found = read_second(content, source="O", date=DAY)
    entry = found.entry("openrouter", ("openai/gpt-4o",))
    assert entry is not None
    assert entry[1] == {("usd_per_mtok_input", False, None): 2.5, ("usd_per_mtok_output", False, None): 10.0}
    assert len(found.prices) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON"),
        (b"[]", "no prices"),
        (b"{}", "no prices"),
        (b"[" * 100_000, "not JSON"),
        (litellm(m={"input_cost_per_token": -1e-6}), "L: m: input_cost_per_token: -1e-06 is not a price"),
        (litellm(m={"input_cost_per_token": "cheap"}), "L: m: input_cost_per_token: 'cheap' is not a number"),
        (b'{"m": {"input_cost_per_token": NaN}}', "m: input_cost_per_token: nan is not a price"),
        (openrouter(("a/b", "-2", "1")), "a/b: prompt: -2 is not a price"),
    ],
)
def test_a_broken_list_names_its_entry(content: bytes, says: str) -> None:
    """No half of a broken list is taken."""
    with pytest.raises(InputError) as caught:
        read_second(content, source="L", date=DAY)
    assert says in str(caught.value)


def test_an_installed_litellm_is_read_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel carries its list as a file; the package itself, which here would fail, is never imported."""
    package, info = tmp_path / "site" / "litellm", tmp_path / "site" / "litellm-9.8.7.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model_prices_and_context_window_backup.json").write_bytes(litellm(**{"gpt-4o": GPT_4O}))
    os.utime(package / "model_prices_and_context_window_backup.json", (0, 0))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: litellm\nVersion: 9.8.7\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = second_list("litellm")
    assert found is not None
    assert (found.source, list(found.prices)) == ("LiteLLM 9.8.7", ["gpt-4o"])
    assert found.date == dt.datetime.now(tz=dt.UTC).date()
    assert "litellm" not in sys.modules


def test_a_refreshed_list_goes_before_an_installed_one() -> None:
    """What was refreshed is taken, with its source and its day."""
    install("litellm", litellm(**{"gpt-4o": GPT_4O}), source="https://lists.test/litellm.json", date=DAY)
    found = second_list()
    assert found is not None
    assert (found.source, found.date) == ("litellm (https://lists.test/litellm.json)", DAY)


def test_without_a_list_there_is_none_and_asking_for_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list unless asked for; a name that is asked for says how to get it."""
    monkeypatch.setattr("kit.pricing.second._installed", lambda: None)
    assert second_list() is None
    with pytest.raises(InputError, match="run kit prices refresh litellm"):
        second_list("litellm")
    with pytest.raises(InputError, match="cannot be read"):
        second_list("no-such-file.json")


def test_a_file_bears_its_own_day(tmp_path: Path) -> None:
    """Neither list has a date in it, so it is that of the file."""
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"gpt-4o": GPT_4O}))
    stamp = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC).timestamp()
    os.utime(path, (stamp, stamp))
    found = second_list(path)
    assert found is not None
    assert (found.source, found.date) == ("list.json", dt.date(2026, 10, 1))
