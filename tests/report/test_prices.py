"""Specification of what the terminal shows of prices."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kit.cli import app
from kit.errors import InputError, KitError, PriceError
from kit.pricing.carried import load_prices
from kit.pricing.tokens import forget_prices
from kit.report import price_books, prices
from kit.report.price_books import check_prices, export_prices, refresh_prices
from kit.report.prices import Asked, show_prices
from tests.pricing.feed_files import ALPHA, GPT_4O, genai, litellm
from tests.test_cli import kit

TODAY = dt.date(2026, 11, 22)
SHOWN = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-6.1-sol"),
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-sonnet-5-5"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "mistral-large-4"),
    ("groq", "llama-3.3-70b-versatile"),
    ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of price lists, in use on a fixed day."""
    monkeypatch.setenv("KIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")
    for module in (prices, price_books):
        monkeypatch.setattr(module, "this_day", lambda: TODAY)
    forget_prices()
    yield tmp_path / "data" / "prices"
    forget_prices()


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed."""
    return capsys.readouterr().out


def test_the_usual_models_are_shown_as_genai_prices_has_them(capsys) -> None:
    """GPT-4o, the newest GPT, Claude, Gemini, Mistral Large and Llama at two hosts: price, id, day and source."""
    from genai_prices import Usage, calc_price

    show_prices([], asked=Asked(prompt_tokens=2000, output_tokens=300, cached_tokens=500), as_json=True)
    rows = json.loads(shown(capsys))
    assert [(row["provider"], row["model"]) for row in rows] == SHOWN
    noon = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    usage = Usage(input_tokens=2000, cache_read_tokens=500, output_tokens=300)
    for row in rows:
        theirs = calc_price(usage, row["model"], provider_id=row["provider"], genai_request_timestamp=noon)
        assert row["request"]["usd"] == pytest.approx(float(theirs.total_price))
        assert row["model"] == theirs.model.id
        assert row["source"].startswith("https://")
        assert row["age_days"] == (TODAY - dt.date.fromisoformat(row["date"])).days >= 0
        assert row["usd_per_mtok_input"]["unit"] == "USD per 10^6 tokens"


def test_the_table_has_tiers_batch_age_and_the_price_of_a_request(capsys) -> None:
    """1,000 requests of 3,000 in and 500 out cost 11 dollars; a check 39 days ago is marked."""
    show_prices(["gpt-6-sol"], asked=Asked(prompt_tokens=3000, output_tokens=500))
    text = shown(capsys)
    lines = [line.split() for line in text.splitlines()]
    assert ["openai/gpt-6-sol", "2", "0.2", "10", "1050000", "2026-10-14", "(39", "d)"] in lines
    assert ["above", "272000", "tokens", "4", "0.4", "15"] in lines
    assert ["batch", "1", "0.1", "5"] in lines
    assert "! openai/gpt-6-sol: checked 39 days ago, more than 30" in text
    assert "3000 tokens in (0 cached) and 500 out: 0.011 USD a request, 11 USD for 1000" in text
    assert "source: https://developers.openai.com/api/docs/pricing" in text


def test_a_price_that_is_not_exact_is_refused_or_said(capsys) -> None:
    """claude-sonnet-4-5-banana: an error with the nearest, or with --closest what it was taken for."""
    with pytest.raises(PriceError, match='did you mean "claude-sonnet-4-5"'):
        show_prices(["claude-sonnet-4-5-banana"], asked=Asked())
    show_prices(["claude-sonnet-4-5-banana"], asked=Asked(), closest=True)
    assert '! "claude-sonnet-4-5-banana" was taken for anthropic/claude-sonnet-4-5' in shown(capsys)


@pytest.mark.parametrize("asked", [Asked(output_tokens=500), Asked(cached_tokens=10), Asked(batch=True)])
def test_a_request_without_its_prompt_is_refused(asked: Asked) -> None:
    """Half a request is answered with what is missing, not with list prices only."""
    with pytest.raises(InputError, match="add --prompt-tokens"):
        show_prices(["openai/gpt-4o"], asked=asked)


def test_prices_of_another_day(capsys) -> None:
    """Claude Opus 4.6 cost twice as much above 200,000 tokens until 2026-03-12."""
    for day, tiers in (("2026-03-12", 1), ("2026-03-13", 0)):
        show_prices(["claude-opus-4-6"], asked=Asked(), date=day, as_json=True)
        (row,) = json.loads(shown(capsys))
        assert len([rate for rate in row["other_rates"] if not rate["batch"]]) == tiers
    with pytest.raises(InputError, match="--date soon: not a date; write it as 2026-11-22"):
        show_prices([], asked=Asked(), date="soon")


def test_what_hangs_on_the_hour_or_will_change_is_said(capsys) -> None:
    """DeepSeek's prices differ by the hour; on 2026-03-12 the change of Claude Opus 4.6 on the next day was ahead."""
    show_prices(["deepseek/deepseek-v4-flash"], asked=Asked())
    assert "! deepseek/deepseek-v4-flash: its price hangs on the hour; these are the prices at 12:00 UTC" in shown(
        capsys
    )
    show_prices(["claude-opus-4-6"], asked=Asked(), date="2026-03-12")
    assert "! anthropic/claude-opus-4-6: its price changes on 2026-03-13" in shown(capsys)


def test_a_refresh_shows_what_changed(tmp_path: Path, capsys) -> None:
    """The price before, the price after, and by how much; and from then on it is shown."""
    path = tmp_path / "data.json"
    path.write_bytes(genai(**{"alpha-1": ALPHA, "alpha-2": ALPHA}))
    refresh_prices([str(path)], accept=True)
    assert "prices would be lost" in shown(capsys)
    path.write_bytes(genai(**{"alpha-1": {**ALPHA, "input_mtok": 3}, "alpha-2": {**ALPHA, "output_mtok": 120}}))
    refresh_prices([str(path)])
    text = shown(capsys)
    assert "genai-prices from data.json: 17 prices, 0 added, 0 removed, 2 changed" in text
    assert "  openai/alpha-2, output: 10 -> 120 (12 times)\n  openai/alpha-1, input: 2 -> 3 (+50.0%)" in text
    show_prices(["alpha-1"], asked=Asked())
    assert "genai-prices data refreshed" in shown(capsys)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (None, r"going on with the prices of \d{4}-\d\d-\d\d \(genai-prices "),
        ("openrouter", "going on without a second list"),
        ("gpuhunt", "going on with the kit's own rents of 2026-"),
    ],
)
def test_without_a_network_one_line_says_so(capsys, monkeypatch, form: str | None, says: str) -> None:
    """The address, what is used instead, and no error."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    refresh_prices(["http://127.0.0.1:9/data.json"], form=form)
    lines = shown(capsys).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("no network: http://127.0.0.1:9/data.json cannot be reached")
    import re

    assert re.search(says, lines[0])


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(InputError, match="it must be genai-prices, gpuhunt, litellm or openrouter"):
        refresh_prices(["x"], form="yaml")


def test_another_store_is_written_and_said_not_to_be_used(tmp_path: Path, capsys) -> None:
    """Prices come from the data folder only."""
    path = tmp_path / "list.json"
    path.write_bytes(litellm(**{f"m{index}": GPT_4O for index in range(9)}))
    refresh_prices([str(path)], store=tmp_path / "mine")
    assert (tmp_path / "mine" / "litellm.json").is_file()
    assert "set KIT_DATA to use another folder" in shown(capsys)


def test_a_check_lists_disputes_and_what_is_missing(tmp_path: Path, capsys) -> None:
    """GPT-4o's output at 12 instead of 10 is 20 % more; Groq's Llama is not in the second list."""
    path = tmp_path / "list.json"
    path.write_bytes(litellm(**{"gpt-4o": GPT_4O | {"output_cost_per_token": 1.2e-05}}))
    models = ["gpt-4o", "groq/llama-3.3-70b-versatile"]
    assert check_prices(None, against=str(path), models=models) == 1
    text = shown(capsys)
    assert "4 prices agree within 1 %, 1 do not" in text
    assert "! openai/gpt-4o, output: 10 USD per million tokens, but 12 as gpt-4o in list.json" in text
    assert "groq/llama-3.3-70b-versatile: not in list.json" in text
    check_prices(None, against=str(path), models=models, as_json=True)
    answer = json.loads(shown(capsys))
    assert (answer["agreed"], answer["disputes"][0]["difference"]) == (4, pytest.approx(0.2))


def test_strict_ends_with_1_if_a_price_is_disputed(tmp_path: Path) -> None:
    """Without --strict the list is the result; a mistake is another exit code."""
    path = tmp_path / "list.json"
    path.write_bytes(litellm(**{"gpt-4o": GPT_4O | {"output_cost_per_token": 1.2e-05}}))
    arguments = ["prices", "check", "--against", str(path), "--models", "openai/gpt-4o"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert CliRunner().invoke(app, [*arguments, "--strict"]).exit_code == 1
    path.write_bytes(litellm(**{"gpt-4o": GPT_4O}))
    assert CliRunner().invoke(app, [*arguments, "--strict"]).exit_code == 0
    wrong = CliRunner().invoke(app, ["prices", "check", "--against", str(tmp_path / "none.json")])
    assert isinstance(wrong.exception, KitError)


def test_an_exported_book_is_sorted_and_comes_back(tmp_path: Path, capsys) -> None:
    """Equal books give equal bytes; a price in it can be edited, and the check finds a slip of the unit."""
    out = tmp_path / "prices.json"
    export_prices(out, models=["gpt-4o", "claude-opus-5-5"])
    assert "2 APIs, 0 rents and 0 purchase prices of 2026-11-22" in shown(capsys)
    book = load_prices(out, today=TODAY)
    assert [price.label for price in book.api] == ["anthropic/claude-opus-5-5", "openai/gpt-4o"]
    before = out.read_bytes()
    export_prices(out, models=["claude-opus-5-5", "gpt-4o"])
    assert out.read_bytes() == before
    second = tmp_path / "list.json"
    second.write_bytes(litellm(**{"gpt-4o": GPT_4O}))
    assert check_prices(out, against=str(second)) == 0
    out.write_text(out.read_text().replace('"value": 2.5,', '"value": 0.0025,'))
    with pytest.raises(InputError, match=r"api\[1\] openai/gpt-4o: usd_per_mtok_input: 0.0025 .* 1,000 times less"):
        check_prices(out, against=str(second))


def test_a_book_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    """A file where a folder is wanted ends in a message that names the book."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"prices\.json: cannot be written"):
        export_prices(tmp_path / "taken" / "prices.json", models=["openai/gpt-4o"])


def test_an_exported_book_of_an_engagement_has_all_it_considers(tmp_path: Path) -> None:
    """APIs, rents and purchases, and no requests, which follow from them; with a second list also its disputes."""
    second = tmp_path / "list.json"
    second.write_bytes(litellm(**{"gpt-5-mini": GPT_4O}))
    export_prices(tmp_path / "prices.json", engagement="insurer", against=str(second))
    book = load_prices(tmp_path / "prices.json", today=TODAY)
    assert book.api
    assert book.requests == ()
    assert book.rentals
    assert book.purchases
    assert {item.label for item in book.api} >= {f"{one.provider}/{one.model}" for one in book.disputes}
    with pytest.raises(InputError, match="--engagement and --models"):
        export_prices(tmp_path / "x.json", engagement="insurer", models=["gpt-4o"])
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"value": 2.5,', '"value": -2.5,', "api[0] openai/gpt-4o: usd_per_mtok_input: -2.5 is negative"),
        ('"date": "2026-10-14"', '"date": "2999-01-01"', "its date 2999-01-01 is in the future"),
        ('"unit": "USD per 10^6 tokens"', '"unit": "EUR"', "usd_per_mtok_input.unit: 'EUR' is not allowed"),
    ],
)
def test_a_spoilt_book_is_one_message_and_exit_code_2(tmp_path: Path, old: str, new: str, says: str) -> None:
    """At the command line: no traceback, and the row is named."""
    book, second = tmp_path / "prices.json", tmp_path / "list.json"
    export_prices(book, models=["gpt-4o"])
    book.write_text(book.read_text().replace(old, new))
    second.write_bytes(litellm(**{"gpt-4o": GPT_4O}))
    done = kit("prices", "check", str(book), "--against", str(second))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
