"""Specification of refreshing price lists."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from kit.errors import InputError, PriceError
from kit.pricing.feeds import changes, doubts, kind_of, provider_prices, read_feed
from kit.pricing.price_list import read_providers
from kit.pricing.pricebook import price_book, rentals_of
from kit.pricing.refresh import refresh
from kit.pricing.rental import rentals
from kit.pricing.store import store_folder, stored
from kit.pricing.tokens import checked_on, price_request
from tests.pricing.feed_files import ALPHA, CATALOGUE, GPT_4O, genai, litellm, openrouter

DAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def put(tmp_path: Path, content: bytes, name: str = "data.json", **more: Any) -> Any:
    """Refresh from a file."""
    path = tmp_path / name
    path.write_bytes(content)
    return refresh(str(path), today=DAY, **more)


def paid(model: str) -> float:
    """Return what 10⁶ tokens of prompt cost at OpenAI."""
    return price_request("openai", model, prompt_tokens=10**6, output_tokens=0, when=NOON).usd


def test_a_refreshed_list_is_used_from_then_on(tmp_path: Path) -> None:
    """A model that was not there before has a price, whose source names the refresh."""
    with pytest.raises(PriceError):
        paid("alpha-1")
    put(tmp_path, genai(**{"alpha-1": ALPHA}), accept=True)
    found = price_request("openai", "alpha-1", prompt_tokens=1000, output_tokens=100, cached_tokens=500, when=NOON)
    assert found.usd == pytest.approx((500 * 2 + 500 * 0.2 + 100 * 10) / 1e6)
    assert found.source == "https://openai.test/prices (genai-prices data refreshed 2026-11-22 from data.json)"
    with pytest.raises(PriceError):
        paid("gpt-4o")


def test_the_list_before_is_kept_and_the_changes_are_told(tmp_path: Path, data_folder: Path) -> None:
    """From 2 to 3 dollars, one model more, one less; the list before lies beside the new one."""
    first = genai(**{"alpha-1": ALPHA, "alpha-2": ALPHA})
    put(tmp_path, first, accept=True)
    done = put(tmp_path, genai(**{"alpha-1": {**ALPHA, "input_mtok": 3}, "alpha-3": {"input_mtok": 7}}))
    assert done.changes.changed == (("openai/alpha-1, input", 2.0, 3.0),)
    assert done.changes.added == ("openai/alpha-3, input",)
    assert done.changes.removed == tuple(f"openai/alpha-2, {what}" for what in ("cached input", "input", "output"))
    assert (data_folder / "genai-prices.json.previous").read_bytes() == first
    assert paid("alpha-1") == pytest.approx(3)


def test_an_older_list_does_not_replace_the_librarys_newer_one(tmp_path: Path) -> None:
    """After an update of the library its own list is newer than one that was refreshed long ago."""
    old = genai(**{"alpha-1": ALPHA}).replace(b"2099-01-01", b"2025-01-01")
    put(tmp_path, old, accept=True)
    assert paid("gpt-4o") == pytest.approx(2.5)


def test_a_list_without_any_day_takes_that_of_the_refresh(tmp_path: Path) -> None:
    """Its prices were checked when it was taken, as far as anyone knows."""
    providers = json.loads(genai(**{"alpha-1": ALPHA}))[:1]
    put(tmp_path, json.dumps(providers).encode(), accept=True)
    assert checked_on("openai", "alpha-1") == DAY


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda raw: raw[0]["models"][5]["prices"].update(input_mtok=-1), "openai/alpha-1: input_mtok: -1 is negative"),
        (
            lambda raw: raw[0]["models"][5].update(
                prices={"input_mtok": {"base": 1, "tiers": [{"start": 9, "price": -2}]}}
            ),
            "openai/alpha-1: input_mtok: -2 is negative",
        ),
        (lambda raw: raw[0]["models"][5]["prices"].update(input_mtok="cheap"), "not a data.json of genai-prices"),
        (lambda raw: raw[0]["models"][5].pop("match"), "openai: alpha-1: match: Field required"),
        (lambda raw: raw[0].pop("name"), "openai: name: Field required"),
        (lambda raw: raw[0]["models"].clear(), "only 1 prices; a whole list has more"),
        (
            lambda raw: raw[0]["models"][5]["prices"].update(input_mtok=200),
            "alpha-1, input: 2 becomes 200, 100 times more",
        ),
        (
            lambda raw: raw[0]["models"][5]["prices"].update(output_mtok=0.01),
            "output: 10 becomes 0.01, 1000 times less",
        ),
        (lambda raw: raw[0]["models"].pop(5), ""),
    ],
)
def test_a_broken_or_doubtful_list_changes_nothing(tmp_path: Path, data_folder: Path, spoil: Any, says: str) -> None:
    """The message names the entry, and every file of the store stays as it was; losing one model of six is no doubt."""
    whole = genai(**{"alpha-1": ALPHA})
    put(tmp_path, whole, accept=True)
    before = {path.name: path.read_bytes() for path in data_folder.iterdir()}
    raw = json.loads(whole)
    spoil(raw)
    if not says:
        put(tmp_path, json.dumps(raw).encode())
        return
    with pytest.raises(InputError) as caught:
        put(tmp_path, json.dumps(raw).encode())
    assert says in str(caught.value)
    assert {path.name: path.read_bytes() for path in data_folder.iterdir()} == before
    assert paid("alpha-1") == pytest.approx(2)


def test_half_the_list_may_not_be_lost(tmp_path: Path) -> None:
    """A list of a few models would take the place of the library's two thousand; --accept takes it all the same."""
    with pytest.raises(InputError, match="prices would be lost"):
        put(tmp_path, genai(**{"alpha-1": ALPHA}))
    assert stored("genai-prices") is None
    assert put(tmp_path, genai(**{"alpha-1": ALPHA}), accept=True).doubts


def test_the_format_is_found_by_the_content(tmp_path: Path) -> None:
    """Whatever the file is called."""
    many = {f"m{index}": GPT_4O for index in range(9)}
    assert kind_of(genai(), "x") == "genai-prices"
    assert kind_of(litellm(**many), "x") == "litellm"
    assert kind_of(openrouter(("a/b", "1", "1")), "x") == "openrouter"
    assert kind_of(CATALOGUE.encode(), "x") == "gpuhunt"
    for content in (b"", b"{}", b"[]", b"a,b\n1,2", b"\xff\xfe\x00", b"[" * 100_000):
        with pytest.raises(InputError, match="not a price list in a format of"):
            kind_of(content, "x")
    assert put(tmp_path, litellm(**many)).path.name == "litellm.json"
    with pytest.raises(InputError, match=r"not a data\.json of genai-prices: it is no list"):
        put(tmp_path, litellm(**many), kind="genai-prices")


def test_the_librarys_own_list_survives_its_file() -> None:
    """All prices of the installed library, written as a data.json and read back, are the same."""
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    read = read_providers(json.dumps([_plain(provider) for provider in providers]).encode(), "data.json")
    assert provider_prices(read, DAY) == provider_prices(providers, DAY)
    assert [model.match for one in read for model in one.models] == [m.match for one in providers for m in one.models]
    assert [m.price_variants for o in read for m in o.models] == [m.price_variants for o in providers for m in o.models]


def _plain(node: Any) -> Any:
    """Return a part of the library's data as a data.json has it."""
    from genai_prices.types import ModelPrice

    if isinstance(node, ModelPrice):
        return {key: _plain(value) for key, value in vars(node).items() if value is not None}
    if dataclasses.is_dataclass(node):
        items = {field.name: getattr(node, field.name) for field in dataclasses.fields(node)}
        kept = {key.rstrip("_"): value for key, value in items.items() if value is not None and key != "extractors"}
        return {key: _plain(value) for key, value in kept.items() if not key.startswith("_")}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return node if isinstance(node, str | int | bool) or node is None else str(node)


def test_changes_by_hand() -> None:
    """The largest change stands first; a price that becomes free is no jump."""
    found = changes({"a": 1, "b": 2, "c": 3, "d": 5}, {"b": 3, "c": 30, "d": 0, "e": 1})
    assert (found.added, found.removed) == (("e",), ("a",))
    assert found.changed == (("c", 3, 30), ("b", 2, 3), ("d", 5, 0))
    assert doubts({"a": 1, "b": 2, "c": 3, "d": 5}, found) == ()


def test_refreshed_rents_take_the_place_of_the_same_providers(tmp_path: Path) -> None:
    """Lambda's H100 SXM at 23.92 dollars for 8 is 2.99 each, spot 2; other providers stay as in the kit's table."""
    done = put(tmp_path, CATALOGUE.encode(), "lambdalabs.csv")
    assert done.feed.notes == ("2 offers left out: of GPUs that the kit does not know, or not whether PCIe or SXM",)
    found = [offer for offer in rentals_of("H100 SXM") if offer.provider == "lambda"]
    (only,) = found
    assert only.usd_per_gpu_hour.value == pytest.approx(2.99)
    assert only.usd_per_gpu_hour_spot is not None
    assert only.usd_per_gpu_hour_spot.value == pytest.approx(2.00)
    assert (only.gpus, only.region, only.usd_per_gpu_hour.date) == (8, "us-east-1", DAY)
    assert "lambdalabs.csv (gpuhunt)" in only.usd_per_gpu_hour.source
    others = [offer for offer in rentals("H100 SXM") if offer.provider != "lambda"]
    assert sorted(o.provider for o in rentals_of("H100 SXM")) == sorted(["lambda", *(o.provider for o in others)])
    book = price_book(date=DAY, api_offers=(), request_classes=(), accelerators=["H100 SXM"])
    assert only in book.rentals


def test_where_the_store_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$KIT_DATA, else the data folder of the XDG specification, else that in the home folder."""
    monkeypatch.setenv("KIT_DATA", "/a")
    assert store_folder() == Path("/a/prices")
    monkeypatch.delenv("KIT_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", "/b")
    assert store_folder() == Path("/b/hybrid-ai-decision-kit/prices")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store_folder() == tmp_path / ".local/share/hybrid-ai-decision-kit/prices"


def test_a_store_that_was_touched_says_so(tmp_path: Path, data_folder: Path) -> None:
    """A list that was changed by hand is used and named; one without an origin, or a broken one, is an input error."""
    put(tmp_path, genai(**{"alpha-1": ALPHA}), accept=True)
    path = data_folder / "genai-prices.json"
    path.write_bytes(path.read_bytes() + b"\n")
    found = stored("genai-prices")
    assert found is not None
    assert found[1].source == "data.json, changed by hand since"
    (data_folder / "feeds.json").write_text("{}")
    with pytest.raises(InputError, match=r"feeds\.json does not say where it came from"):
        stored("genai-prices")
    (data_folder / "feeds.json").write_text("{")
    with pytest.raises(InputError, match=r"feeds\.json: cannot be read"):
        stored("genai-prices")


def test_a_folder_of_ones_own_is_written_and_not_used(tmp_path: Path) -> None:
    """With ``folder`` the list is stored there, and prices stay as they were."""
    put(tmp_path, genai(**{"alpha-1": ALPHA}), folder=tmp_path / "mine", accept=True)
    assert (tmp_path / "mine" / "genai-prices.json").is_file()
    with pytest.raises(PriceError):
        paid("alpha-1")


def test_read_feed_leaves_the_content_as_it_is() -> None:
    """What is stored is what was fetched."""
    content = genai(**{"alpha-1": ALPHA})
    assert read_feed(content, "x", source="s", today=DAY).content == content
