"""Specification of the price book."""

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest

from kit.errors import InputError, PriceError
from kit.pricing.pricebook import PriceBook, RequestClass, price_book

DAY = dt.date(2026, 11, 22)
CHAT = RequestClass(workload="chat", prompt_tokens=1000, cached_tokens=400, output_tokens=100)
NIGHT = RequestClass(workload="night", prompt_tokens=2000, output_tokens=500, batch=True)


def book() -> PriceBook:
    """Return a book with two APIs, two workloads and two accelerators."""
    return price_book(
        date=DAY,
        api_offers=[("openai", "gpt-4o"), ("google", "gemini-2.5-flash")],
        request_classes=[CHAT, NIGHT],
        accelerators=["H100 SXM", "A100 80GB PCIe"],
    )


def test_every_workload_is_priced_at_every_api() -> None:
    """Two workloads and two APIs make four prices per request, worked by hand."""
    found = {(row.workload, row.model): row.usd_per_request.value for row in book().requests}
    assert found == {
        ("chat", "gpt-4o"): pytest.approx((600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6),
        ("chat", "gemini-2.5-flash"): pytest.approx((600 * 0.3 + 400 * 0.03 + 100 * 2.5) / 1e6),
        ("night", "gpt-4o"): pytest.approx((2000 * 1.25 + 500 * 5) / 1e6),
        ("night", "gemini-2.5-flash"): pytest.approx((2000 * 0.15 + 500 * 1.25) / 1e6),
    }


def test_list_prices_rents_and_purchases_are_there() -> None:
    """The book shows list prices per million tokens, all rents of the accelerators, and what has a purchase price."""
    found = book()
    assert [row.usd_per_mtok_input.value for row in found.api] == [2.5, 0.3]
    assert {row.accelerator for row in found.rentals} == {"H100 SXM", "A100 80GB PCIe"}
    assert [(row.accelerator, row.usd_per_accelerator.value) for row in found.purchases] == [("H100 SXM", 27500)]


def test_no_price_without_source_and_day() -> None:
    """Each figure of the book has a source and a day that is not in the future."""
    text = json.loads(book().to_json())

    def figures(node: object) -> list[dict[str, str]]:
        if isinstance(node, dict):
            own = [node] if {"value", "source"} <= set(node) else []
            return own + [figure for child in node.values() for figure in figures(child)]
        return [figure for child in node for figure in figures(child)] if isinstance(node, list) else []

    assert len(figures(text)) > 20
    for figure in figures(text):
        assert figure["source"]
        assert dt.date.fromisoformat(figure["date"]) <= DAY


def test_a_book_survives_its_file_and_its_schema(tmp_path: Path) -> None:
    """Written and read back it is the same book, and its file obeys the published JSON Schema."""
    path = book().write(tmp_path / "prices.json")
    assert PriceBook.read(path) == book()
    jsonschema.validate(json.loads(path.read_text()), PriceBook.json_schema())


def test_a_negative_price_in_the_file_is_named(tmp_path: Path) -> None:
    """A hand-edited book with a negative price is refused, and the row is named."""
    text = json.loads(book().to_json())
    text["rentals"][0]["usd_per_gpu_hour"]["value"] = -1
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(text))
    with pytest.raises(InputError, match=r"rentals\[0\] verda/H100 SXM: usd_per_gpu_hour: -1 is negative"):
        PriceBook.read(path)


def test_what_is_named_twice_is_priced_once() -> None:
    """An API or an accelerator that is named twice stands in the book once."""
    found = price_book(
        date=DAY,
        api_offers=[("openai", "gpt-4o")] * 2,
        request_classes=[CHAT],
        accelerators=["L40S", "L40S"],
    )
    assert (len(found.api), len(found.requests), len(found.purchases)) == (1, 1, 1)


def test_what_is_not_listed_stops_the_book() -> None:
    """An unknown model, a missing batch price or an unknown accelerator is an error, never a gap."""
    with pytest.raises(PriceError, match="gpt-4oo"):
        price_book(date=DAY, api_offers=[("openai", "gpt-4oo")], request_classes=[], accelerators=[])
    with pytest.raises(PriceError, match="no batch price"):
        price_book(date=DAY, api_offers=[("groq", "llama-3.3-70b-versatile")], request_classes=[NIGHT], accelerators=[])
    with pytest.raises(InputError, match="H100 SXN"):
        price_book(date=DAY, api_offers=[], request_classes=[], accelerators=["H100 SXN"])
