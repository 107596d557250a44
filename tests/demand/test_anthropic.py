"""Anthropic's usage and costs, in the form of its API and of its console."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from pathlib import Path

import pytest

from kit.demand.formats import anthropic_costs, anthropic_usage
from tests.demand.vendors import DATA, Reading, refused, write


def test_the_usage_report_is_counted() -> None:
    use = Reading(anthropic_usage, DATA / "anthropic_usage.json")
    # 1500 + 1000 + 500 + 200, 100, and 40 + 60: uncached, written and read do not overlap.
    assert use.all("prompt_tokens, cached_tokens, output_tokens, requests, batch FROM use ORDER BY line") == [
        (3200, 200, 500, None, False),
        (100, 0, 20, None, True),
        (100, 60, 9, None, None),
    ]
    assert use.imported.rows == 4
    assert use.bad("negative output tokens").first == ("anthropic_usage.json:38",)
    assert use.noted("does not count requests")
    assert use.noted("later buckets are missing")
    assert use.noted("1 gap(s) between buckets, the first from 2026-09-29 00:00 UTC")
    assert use.noted("the shape of the day is taken from a prior")


def test_labels_are_short_hashes_and_vendors_words() -> None:
    use = Reading(anthropic_usage, DATA / "anthropic_usage.json")
    assert use.all("label_key, label_group, label_tags FROM use ORDER BY line LIMIT 2") == [
        (
            sha256(b"apikey_canary").hexdigest()[:8],
            sha256(b"wrkspc_canary").hexdigest()[:8],
            ["tier=standard", "context<=200k"],
        ),
        (None, None, ["tier=batch", "context>200k"]),
    ]


def test_the_consoles_usage_is_counted() -> None:
    use = Reading(anthropic_usage, DATA / "anthropic_usage.csv")
    assert use.all('"at", prompt_tokens, cached_tokens, output_tokens, batch FROM use ORDER BY line') == [
        (dt.datetime(2026, 7, 31), 112439, 0, 34988, False),  # 109911 + 2528
        (dt.datetime(2026, 8, 1), 9500, 8000, 300, True),  # 1000 + 500 + 8000
    ]
    assert use.bad("a row of another length").first == ("anthropic_usage.csv:4",)
    assert use.imported.rows == 3


def test_the_consoles_hours_are_hours(tmp_path: Path) -> None:
    head = (DATA / "anthropic_usage.csv").read_text(encoding="utf-8").split("\n")[0]
    rows = [f"2026-07-31 {hour:02}:00,claude-opus-5,k,w,standard,,10,0,0,0,1,0,global," for hour in (0, 1)]
    use = Reading(anthropic_usage, write(tmp_path, "hours.csv", "\n".join([head, *rows])))
    assert use.all('"at", bucket_s FROM use ORDER BY "at"') == [
        (dt.datetime(2026, 7, 31, 0), 3600.0),
        (dt.datetime(2026, 7, 31, 1), 3600.0),
    ]
    assert not use.noted("daily")


def test_the_cost_report_is_in_cents() -> None:
    costs = Reading(anthropic_costs, DATA / "anthropic_costs.json")
    assert costs.imported.rows == 5
    # 1.2345 + 8.7655 + 2 - 0.505
    assert costs.one("count(*), sum(cost_usd) FROM use") == (4, pytest.approx(11.495))
    assert costs.all("model, label_path, batch FROM use ORDER BY line") == [
        ("claude-sonnet-4-20250514", "input", False),
        ("claude-sonnet-4-20250514", "output", True),
        (None, "web search", None),
        (None, None, None),
    ]
    assert costs.bad("negative amount").first == ("anthropic_costs.json:6",)
    assert costs.bad("amount: not a number").first == ("anthropic_costs.json:7",)


def test_the_consoles_costs_are_in_dollars() -> None:
    costs = Reading(anthropic_costs, DATA / "anthropic_costs.csv")
    assert costs.one("count(*), sum(cost_usd) FROM use") == (3, pytest.approx(0.17))
    assert costs.bad("the same bucket twice").first == ("anthropic_costs.csv:5",)
    assert costs.all("DISTINCT label_path FROM use ORDER BY 1") == [("cached input",), ("input",), ("output",)]


def test_another_currency_needs_a_rate(tmp_path: Path) -> None:
    text = (DATA / "anthropic_costs.json").read_text(encoding="utf-8").replace('"USD"', '"EUR"')
    path = write(tmp_path, "costs.json", text)
    assert Reading(anthropic_costs, path).one("count(cost_usd) FROM use") == 0
    assert Reading(anthropic_costs, path).bad("another currency").rows == 4
    converted = Reading(anthropic_costs, path, usd_per_eur="2")
    assert converted.one("sum(cost_usd) FROM use") == pytest.approx(22.99)


def test_what_is_no_export_is_refused_without_quoting_it(tmp_path: Path) -> None:
    assert "not JSON" in refused(anthropic_usage, write(tmp_path, "u.json", '{"api_key_id": sk-canary}'))
    assert "not JSON" in refused(anthropic_costs, write(tmp_path, "c.json", "[{]"))


@pytest.mark.parametrize(
    ("name", "usage", "costs"),
    [
        ("anthropic_usage.json", True, False),
        ("anthropic_usage.csv", True, False),
        ("anthropic_costs.json", False, True),
        ("anthropic_costs.csv", False, True),
        ("openai_usage.json", False, False),
        ("openai_costs.csv", False, False),
    ],
)
def test_the_format_is_known_by_its_head(name: str, usage: bool, costs: bool) -> None:
    head = (DATA / name).read_bytes()
    assert (anthropic_usage.detect(head, name), anthropic_costs.detect(head, name)) == (usage, costs)
