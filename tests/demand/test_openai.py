"""OpenAI's usage and costs, in the form of its API and of its dashboard."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest

from kit.demand.formats import openai_costs, openai_usage
from tests.demand.vendors import DATA, Reading, refused, write

T0 = 1790553600  # 2026-09-28 00:00 UTC


def page(results: list[object], *, more: bool = False, start: int = T0, hours: int = 1) -> str:
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 3600 * hours, "results": results}
    return json.dumps({"object": "page", "data": [bucket], "has_more": more, "next_page": None})


def result(**changes: object) -> dict[str, object]:
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 100,
        "output_tokens": 10,
        "input_cached_tokens": 20,
        "num_model_requests": 1,
        "model": "gpt-4o",
    } | changes


def test_pages_of_the_usage_api_are_counted() -> None:
    use = Reading(openai_usage, DATA / "openai_usage.json")
    # 5 + 3 + 7 completions and 2 embeddings; 1000 + 300 + 2000 + 40 prompt tokens, of which 800 + 0 + 100 cached.
    assert use.one("count(*), sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(output_tokens) FROM use") == (
        4,
        17,
        3340,
        900,
        1260,
    )
    assert use.imported.rows == 6
    assert use.all('"at", bucket_s, batch, model, label_path FROM use ORDER BY line LIMIT 2') == [
        (dt.datetime(2026, 9, 28), 3600.0, False, "gpt-4o-2024-08-06", "completions"),
        (dt.datetime(2026, 9, 28), 3600.0, True, "ft:gpt-4o-mini-2024-07-18", "completions"),
    ]
    assert use.bad("usage of images").first == ("openai_usage.json:70",)
    assert use.bad("negative prompt tokens").first == ("openai_usage.json:76",)
    assert use.noted("1 bucket(s) without use")
    assert use.noted("lengths are means")
    assert not use.noted("more")
    assert not use.noted("daily")


def test_labels_are_short_hashes() -> None:
    use = Reading(openai_usage, DATA / "openai_usage.json")
    key, project = (sha256(text.encode()).hexdigest()[:8] for text in ("key_canary", "proj_canary"))
    assert use.one("label_key, label_group, label_tags FROM use ORDER BY line LIMIT 1") == (
        key,
        project,
        ["tier=default"],
    )


def test_the_dashboards_csv_is_counted() -> None:
    use = Reading(openai_usage, DATA / "openai_usage.csv")
    assert use.one("count(*), sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(output_tokens) FROM use") == (
        2,
        22,
        10500,
        4500,
        940,
    )
    assert use.imported.rows == 3
    assert use.bad("more cached than prompt").first == ("openai_usage.csv:4",)
    assert not use.bad("more cached than prompt").dropped
    assert use.bad("prompt tokens: not a whole number").first == ("openai_usage.csv:5",)
    assert use.noted("the shape of the day is taken from a prior")
    assert use.noted("1 bucket(s) without use")


def test_a_missing_page_is_noted(tmp_path: Path) -> None:
    use = Reading(openai_usage, write(tmp_path, "u.json", page([result()], more=True)))
    assert use.noted("later buckets are missing")
    text = page([result()]) + page([result()], start=T0 + 7200)
    use = Reading(openai_usage, write(tmp_path, "gap.json", text))
    assert use.noted("1 gap(s) between buckets, the first from 2026-09-28 01:00 UTC")


def test_the_same_bucket_twice_is_named(tmp_path: Path) -> None:
    text = "\n".join([page([result(user_id="a")]), page([result(user_id="a")]), page([result(user_id="b")])])
    use = Reading(openai_usage, write(tmp_path, "u.jsonl", text))
    assert use.one("count(*) FROM use") == 2
    assert use.bad("the same bucket twice").first == ("u.jsonl:2",)
    changed = page([result()]) + "\n" + page([result(num_model_requests=3)])
    use = Reading(openai_usage, write(tmp_path, "v.jsonl", changed))
    assert use.one("count(*), sum(requests) FROM use") == (1, 3)
    assert use.bad("the same bucket twice with other figures").rows == 1


def test_the_same_bucket_has_the_same_hash_in_two_files(tmp_path: Path) -> None:
    hashes = {
        Reading(openai_usage, write(tmp_path, f"{name}.json", page([result()]))).one("request_hash FROM use")
        for name in "ab"
    }
    assert len(hashes) == 1


def test_two_groupings_and_overlapping_buckets_are_noted(tmp_path: Path) -> None:
    text = page([result(), result(model=None)]) + page([result()], hours=24)
    use = Reading(openai_usage, write(tmp_path, "u.json", text))
    assert use.noted("grouped by model and others are not")
    assert use.noted("buckets of 2 lengths, 3600 s to 86400 s")
    assert use.noted("overlap")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"input_tokens": "canary"}, "prompt tokens: not a whole number"),
        ({"output_tokens": 1.5}, "output tokens: not a whole number"),
        ({"num_model_requests": -1}, "negative requests"),
        ({"object": "organization.canary.result"}, "a result of another kind"),
    ],
)
def test_bad_results_are_named_and_left_out(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    use = Reading(openai_usage, write(tmp_path, "u.json", page([result(**change), result()])))
    assert use.one("count(*) FROM use") == 1
    assert use.bad(reason).rows == 1


@pytest.mark.parametrize("start", [None, "canary", 5, 10**14])
def test_buckets_without_a_sane_time_are_named(tmp_path: Path, start: object) -> None:
    bucket = {"object": "bucket", "start_time": start, "end_time": T0, "results": [result()]}
    use = Reading(openai_usage, write(tmp_path, "u.json", json.dumps([bucket])))
    assert use.one("count(*) FROM use") == 0
    assert sum(bad.rows for bad in use.imported.bad) == 1


def test_what_is_no_export_is_refused_without_quoting_it(tmp_path: Path) -> None:
    assert "line 2: not JSON" in refused(openai_usage, write(tmp_path, "u.json", '{"sk-canary":\n sk-canary}'))
    assert "no page" in refused(openai_usage, write(tmp_path, "u.json", "[1, 2]"))
    assert "cannot be read" in refused(openai_usage, tmp_path / "none.json")


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.demand.formats._bucketed.MAX_BYTES", 100)
    assert "fewer days per file" in refused(openai_usage, write(tmp_path, "u.json", page([result()])))


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "u.json.gz"
    path.write_bytes(gzip.compress(page([result()]).encode()))
    assert Reading(openai_usage, path).one("sum(prompt_tokens) FROM use") == 100


def test_pages_of_the_costs_api_are_counted() -> None:
    costs = Reading(openai_costs, DATA / "openai_costs.json")
    assert costs.one("count(*), sum(cost_usd) FROM use") == (3, pytest.approx(2.00))
    assert costs.all("model, label_path, cost_usd, prompt_tokens, cached_tokens FROM use ORDER BY line") == [
        ("gpt-4o-2024-08-06", "input", 0.06, None, None),
        ("gpt-4o-2024-08-06", "cached input", 1.5, 3000, 3000),
        ("ft:gpt-4o", "output", 0.44, None, None),
    ]
    assert costs.bad("no amount").first == ("openai_costs.json:6",)
    assert costs.noted("1 gap(s)")


def test_the_dashboards_costs_are_counted() -> None:
    costs = Reading(openai_costs, DATA / "openai_costs.csv")
    assert costs.imported.rows == 5
    assert costs.one("count(*), round(sum(cost_usd), 8) FROM use") == (5, 0.65383598)  # 0.00383598 + 0.5 + 0.25 - 0.1
    assert costs.one("sum(prompt_tokens), sum(output_tokens) FROM use") == (1000, 200)
    assert costs.one("model, label_path FROM use WHERE cost_usd < 0") == (None, "web search tool calls")
    assert costs.bad("negative amount").first == ("openai_costs.csv:6",)
    assert not costs.bad("negative amount").dropped
    assert costs.bad("another currency").first == ("openai_costs.csv:7",)


@pytest.mark.parametrize(
    ("item", "model", "kind"),
    [
        ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06", "cached input"),
        ("gpt-5-nano, output_tokens", "gpt-5-nano", "output tokens"),
        ("web search tool calls | gpt-4o", "gpt-4o", "web search tool calls"),
        ("Image models", None, "image models"),
        ("gpt-4o", "gpt-4o", None),
        ("ft:gpt-4o:canary:mctest:x, input", "ft:gpt-4o", "input"),
        (None, None, None),
    ],
)
def test_line_items_name_a_model_and_a_kind(
    tmp_path: Path, item: str | None, model: str | None, kind: str | None
) -> None:
    charge = {"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}, "line_item": item}
    costs = Reading(openai_costs, write(tmp_path, "c.json", page([charge])))
    assert costs.one("model, label_path FROM use") == (model, kind)


def test_a_rate_converts_other_currencies() -> None:
    costs = Reading(openai_costs, DATA / "openai_costs.csv", usd_per_eur="1.10")
    assert costs.one("cost_usd FROM use WHERE model = 'gpt-4o'") == pytest.approx(2.20)
    assert "positive" in refused(openai_costs, DATA / "openai_costs.csv", usd_per_eur="canary")


@pytest.mark.parametrize(
    ("name", "usage", "costs"),
    [
        ("openai_usage.json", True, False),
        ("openai_usage.csv", True, False),
        ("openai_costs.json", False, True),
        ("openai_costs.csv", False, True),
        ("anthropic_usage.json", False, False),
        ("anthropic_costs.csv", False, False),
        ("focus.csv", False, False),
    ],
)
def test_the_format_is_known_by_its_head(name: str, usage: bool, costs: bool) -> None:
    head = (DATA / name).read_bytes()
    assert (openai_usage.detect(head, name), openai_costs.detect(head, name)) == (usage, costs)
