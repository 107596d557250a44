"""Specification of a price book that somebody carried and edited."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.errors import InputError, PriceError
from kit.pricing.carried import check_book, load_prices, use_book
from kit.pricing.pricebook import RequestClass, price_book
from kit.pricing.second import read_second
from tests.pricing.feed_files import GPT_4O, litellm

DAY = dt.date(2026, 11, 22)
OFFERS = [("openai", "gpt-4o"), ("openai", "gpt-6-sol"), ("groq", "llama-3.3-70b-versatile")]
CHAT = RequestClass(workload="chat", prompt_tokens=3000, cached_tokens=1000, output_tokens=500)
BOOK = price_book(date=DAY, api_offers=OFFERS, request_classes=[CHAT], accelerators=["H100 SXM"])


def load(tmp_path: Path, edit: Callable[[Any], object] = id, **more: Any) -> Any:
    """Return the book after somebody edited its file."""
    path, raw = tmp_path / "prices.json", json.loads(BOOK.to_json())
    edit(raw)
    path.write_text(json.dumps(raw))
    return load_prices(path, today=DAY, **more)


def test_an_untouched_book_comes_back_as_it_was(tmp_path: Path) -> None:
    """Nothing is wrong with what the kit itself wrote."""
    assert load(tmp_path) == BOOK
    assert check_book(BOOK, today=DAY) == ()


def price(list_name: str, index: int, key: str, **change: object) -> Callable[[Any], object]:
    """Return an edit of one price; ``None`` takes the key away."""

    def edit(book: Any) -> None:
        figure = book[list_name][index][key]
        for name, value in change.items():
            if value is None:
                del figure[name]
            else:
                figure[name] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            price("api", 0, "usd_per_mtok_input", value=-2.5),
            "api[0] openai/gpt-4o: usd_per_mtok_input: -2.5 is negative",
        ),
        (
            price("api", 0, "usd_per_mtok_input", value=0.0025),
            "api[0] openai/gpt-4o: usd_per_mtok_input: 0.0025 USD per million tokens, but 2.5 in the kit's price list, "
            "1,000 times less; is it a price per thousand tokens?",
        ),
        (
            price("api", 0, "usd_per_mtok_output", value=1000),
            "api[0] openai/gpt-4o: usd_per_mtok_output: 1000 USD per million tokens, but 10 in the kit's price list, "
            "100 times more",
        ),
        (
            price("api", 0, "usd_per_mtok_output", value=1e-5),
            "is it a price per token?",
        ),
        (
            price("api", 0, "usd_per_mtok_output", value=0),
            "usd_per_mtok_output: 0 USD per million tokens, but 10 in the kit's price list: a price of zero",
        ),
        (
            lambda book: price("other_rates", 0, "usd_per_mtok_input", value=400)(book["api"][1]),
            "api[1] openai/gpt-6-sol: other_rates, input above 272000 tokens: 400 USD",
        ),
        (
            price("api", 1, "usd_per_mtok_output", unit=None),
            "api[1] openai/gpt-6-sol: usd_per_mtok_output.unit: is missing; prices of tokens are in "
            '"USD per 10^6 tokens"',
        ),
        (
            price("api", 1, "usd_per_mtok_output", unit="USD per 10^3 tokens"),
            "api[1] openai/gpt-6-sol: usd_per_mtok_output.unit: 'USD per 10^3 tokens' is not allowed; it must be "
            "'USD per 10^6 tokens'",
        ),
        (
            price("api", 2, "usd_per_mtok_input", date="2026-11-23"),
            "api[2] groq/llama-3.3-70b-versatile: usd_per_mtok_input: its date 2026-11-23 is in the future",
        ),
        (
            price("api", 2, "usd_per_mtok_input", source=None),
            "api[2] groq/llama-3.3-70b-versatile: usd_per_mtok_input.source: is missing",
        ),
        (
            price("api", 2, "usd_per_mtok_input", source=""),
            "api[2] groq/llama-3.3-70b-versatile: usd_per_mtok_input.source: String should have at least 1 character",
        ),
        (
            price("api", 2, "usd_per_mtok_input", value="cheap"),
            "api[2] groq/llama-3.3-70b-versatile: usd_per_mtok_input.value: Input should be a valid number",
        ),
        (lambda book: book.update(date="2027-01-01"), "date: 2027-01-01 is in the future"),
        (
            lambda book: book["api"].append(book["api"][0]),
            "api[3] openai/gpt-4o: is there twice, first as api[0]",
        ),
        (
            lambda book: book["rentals"].append(book["rentals"][0]),
            "is there twice, first as rentals[0]",
        ),
        (
            lambda book: book["requests"].append(book["requests"][1]),
            "requests[3] chat/openai/gpt-6-sol: is there twice, first as requests[1]",
        ),
        (
            price("api", 0, "usd_per_mtok_output", value=20),
            "requests[0] chat/openai/gpt-4o: usd_per_request: 0.01125 does not follow from the prices in api, "
            "which make 0.01625",
        ),
        (lambda book: book["api"].pop(0), "requests[0] chat/openai/gpt-4o: api has no row openai/gpt-4o"),
        (
            lambda book: book["requests"][2].update(batch=True),
            "requests[2] chat/groq/llama-3.3-70b-versatile: groq/llama-3.3-70b-versatile: the price book has no batch",
        ),
        (lambda book: book.update(prices=[]), "prices: Extra inputs are not permitted"),
        (lambda book: book.update(api={}), "api: Input should be a valid array"),
        (lambda book: book["api"].append(7), "api[3] ?/?: Input should be an object"),
    ],
)
def test_a_mistake_names_its_row(tmp_path: Path, edit: Callable[[Any], object], says: str) -> None:
    """Whatever was spoilt, the message has the file, the row and what is wrong."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, edit)
    assert says in str(caught.value)
    assert all("prices.json: " in line or line.startswith("...") for line in str(caught.value).splitlines())


def test_a_second_list_measures_what_the_kit_does_not_know(tmp_path: Path) -> None:
    """A model that is in no list of the kit's is measured by the second list: 100 times its price is refused."""
    entry = GPT_4O | {"input_cost_per_token": 2.5e-08, "litellm_provider": "new"}
    second = read_second(litellm(**{"new/model": entry}), source="LiteLLM 1", date=DAY)

    def renamed(book: Any) -> None:
        book["requests"] = []
        book["api"][0] |= {"provider": "new", "model": "model"}

    assert load(tmp_path, renamed).api[0].label == "new/model"
    with pytest.raises(InputError, match=r"api\[0\] new/model: usd_per_mtok_input: 2.5 .* 0.025 in LiteLLM 1, 100 t"):
        load(tmp_path, renamed, second=second)


def test_five_problems_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    """Nobody reads fifty lines."""

    def future(book: Any) -> None:
        for index in range(3):
            for key in ("usd_per_mtok_input", "usd_per_mtok_output"):
                book["api"][index][key]["date"] = "2030-01-01"

    with pytest.raises(InputError) as caught:
        load(tmp_path, future)
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (6, "... and 1 more")


def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at before it is opened."""
    path = tmp_path / "prices.json"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(InputError, match="200 MB; no price list is larger than 50 MB"):
        load_prices(path, today=DAY)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 10**6, b"[]", b"null", b'{"date": "2026-11-22"'])
def test_what_is_no_book_is_one_message(tmp_path: Path, content: bytes) -> None:
    """An empty file, broken JSON, another encoding or another kind of JSON is an input error, never a traceback."""
    path = tmp_path / "prices.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"prices\.json"):
        load_prices(path, today=DAY)


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        load_prices(tmp_path / "none.json", today=DAY)


def test_an_edited_price_prices_the_requests_of_an_engagement(tmp_path: Path) -> None:
    """GPT-4o's output at 8 instead of 10: a request of 2,000 + 1,000 cached in and 500 out costs $0.01025."""

    def cheaper(book: Any) -> None:
        book["requests"] = []
        book["api"][0]["usd_per_mtok_output"]["value"] = 8

    used = use_book(
        load(tmp_path, cheaper),
        api_offers=[("openai", "gpt-4o")] * 2,
        request_classes=[CHAT],
        accelerators=["H100 SXM"],
    )
    assert [price.label for price in used.api] == ["openai/gpt-4o"]
    (request,) = used.requests
    assert request.usd_per_request.value == pytest.approx((2000 * 2.5 + 1000 * 1.25 + 500 * 8) / 1e6)
    assert used.rentals == BOOK.rentals
    assert check_book(used, today=DAY) == ()


def test_an_api_that_the_book_lacks_is_named() -> None:
    """Nothing is looked up elsewhere."""
    with pytest.raises(PriceError, match=r'openai/gpt-4oo: not in the price book \(did you mean "openai/gpt-4o"'):
        use_book(BOOK, api_offers=[("openai", "gpt-4oo")], request_classes=[], accelerators=[])
    night = CHAT.model_copy(update={"batch": True})
    with pytest.raises(PriceError, match="no batch price"):
        use_book(BOOK, api_offers=OFFERS, request_classes=[night], accelerators=[])
