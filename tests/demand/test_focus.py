"""FOCUS exports of clouds and gateways."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from kit.demand.formats import focus
from tests.demand.vendors import DATA, Reading, refused, write


def test_charges_of_ai_are_counted() -> None:
    costs = Reading(focus, DATA / "focus.csv")
    assert costs.imported.rows == 8
    # 2.50 + 1.25 + 4.00 − 1.00; the euros have no rate.
    assert costs.one("count(*), sum(cost_usd) FROM use") == (5, pytest.approx(6.75))
    assert costs.all('"at", bucket_s, prompt_tokens, cached_tokens, output_tokens FROM use ORDER BY line') == [
        (dt.datetime(2026, 9, 1), 86400.0, 1_500_000, 0, None),
        (dt.datetime(2026, 9, 1), 86400.0, 500_000, 500_000, None),
        (dt.datetime(2026, 9, 2), 86400.0, None, None, 400_000),
        (dt.datetime(2026, 9, 2), 86400.0, None, None, None),
        (dt.datetime(2026, 9, 2), 86400.0, None, None, 100_000),
    ]
    assert costs.one("DISTINCT label_path FROM use") == "Azure OpenAI"
    assert costs.one("model, line FROM use ORDER BY line LIMIT 1") == ("gpt 4o 0806 Inp glbl Tokens", 2)


def test_what_is_not_taken_is_named() -> None:
    costs = Reading(focus, DATA / "focus.csv")
    assert costs.bad("negative amount").first == ("focus.csv:5",)
    assert costs.bad("another currency").first == ("focus.csv:6",)
    assert costs.bad("a charge of another service").first == ("focus.csv:7",)
    assert costs.bad("no billed cost").first == ("focus.csv:8",)
    assert costs.bad("no period").first == ("focus.csv:9",)
    assert [bad.dropped for bad in costs.imported.bad] == [True, True, True, False, False]


def test_options_choose_costs_services_and_rates() -> None:
    effective = Reading(focus, DATA / "focus.csv", cost="effective")
    assert effective.one("sum(cost_usd) FROM use") == pytest.approx(6.25)
    assert effective.noted("billed 6.75 USD, effective 6.25 USD")
    assert Reading(focus, DATA / "focus.csv", usd_per_eur="1.5").one("sum(cost_usd) FROM use") == pytest.approx(11.25)
    machines = Reading(focus, DATA / "focus.csv", services="virtual machines")
    assert machines.one("count(*), sum(cost_usd) FROM use") == (1, 99.0)
    assert "billed or effective" in refused(focus, DATA / "focus.csv", cost="list")


def test_labels_are_short_hashes() -> None:
    costs = Reading(focus, DATA / "focus.csv")
    assert costs.one("label_key, label_group FROM use ORDER BY line LIMIT 1") == (
        sha256(b"/subscriptions/canary").hexdigest()[:8],
        sha256(b"sub-canary").hexdigest()[:8],
    )


def test_a_gateways_export_has_models_but_no_requests() -> None:
    costs = Reading(focus, DATA / "focus_gateway.csv")
    assert costs.one("cost_usd, requests, model, label_path, label_key FROM use") == (
        0.75,
        None,
        "ft:gpt-4o",
        "gateway",
        sha256(b"hashed-canary").hexdigest()[:8],
    )
    assert costs.noted("requests are not known")


@pytest.mark.parametrize("tags", ["Tags", "map([], [])", "map(['model', 'owner'], ['gpt-4o', 'canary@example.com'])"])
def test_parquet_is_the_same(tmp_path: Path, tags: str) -> None:
    path = tmp_path / "focus.parquet"
    duckdb.execute(
        f"""COPY (SELECT * REPLACE (TRY_CAST(concat(BilledCost, '') AS DECIMAL(18, 6)) AS BilledCost,
            {tags} AS Tags, ChargePeriodStart::TIMESTAMPTZ AS ChargePeriodStart,
            ChargePeriodEnd::TIMESTAMP AS ChargePeriodEnd)
        FROM read_csv('{DATA / "focus.csv"}', all_varchar=true)) TO '{path}' (FORMAT parquet)"""
    )
    assert focus.detect(path.read_bytes()[:65536], path.name)
    costs = Reading(focus, path)
    assert costs.one("count(*), sum(cost_usd), sum(prompt_tokens) FROM use") == (5, pytest.approx(6.75), 2_000_000)
    assert costs.one('min("at") FROM use') == dt.datetime(2026, 9, 1)
    assert costs.one("count(*) FROM use WHERE model = 'gpt-4o'") == (5 if "owner" in tags else 0)


@pytest.mark.parametrize(
    ("quantity", "unit", "tokens"),
    [
        ("2", "Tokens", 2),
        ("2", "1K Tokens", 2000),
        ("2", "1000 tokens", 2000),
        ("0.5", "1M Tokens", 500_000),
        ("2", "Hours", None),
        ("1e300", "Tokens", None),
        ("-2", "Tokens", None),
    ],
)
def test_quantities_of_tokens_in_all_units(tmp_path: Path, quantity: str, unit: str, tokens: int | None) -> None:
    lines = (DATA / "focus.csv").read_text(encoding="utf-8").splitlines()
    text = lines[0] + "\n" + lines[3].replace("400000,Tokens", f"{quantity},{unit}") + "\n"
    assert Reading(focus, write(tmp_path, "focus.csv", text)).one("output_tokens FROM use") == tokens


def test_rows_that_are_no_csv_are_named(tmp_path: Path) -> None:
    text = (DATA / "focus.csv").read_text(encoding="utf-8") + "1,canary,too,few\n"
    costs = Reading(focus, write(tmp_path, "focus.csv", text))
    assert costs.imported.rows == 9
    assert costs.bad("not a row of CSV").first == ("focus.csv:10",)


def test_charges_that_are_the_same_are_kept_and_noted(tmp_path: Path) -> None:
    lines = (DATA / "focus.csv").read_text(encoding="utf-8").splitlines()
    costs = Reading(focus, write(tmp_path, "focus.csv", "\n".join([*lines[:3], lines[2]]) + "\n"))
    assert costs.one("count(*) FROM use") == 3
    assert costs.noted("1 of 3 charges are the same as others")


def test_the_connection_is_left_as_it_was() -> None:
    costs = Reading(focus, DATA / "focus.csv")
    assert costs.all("table_name FROM duckdb_tables()") == [("use",)]


def test_what_is_no_export_is_refused_without_quoting_it(tmp_path: Path) -> None:
    assert "no column BilledCost" in refused(focus, write(tmp_path, "f.csv", "canary,b\nsk-canary,2\n"))
    assert "cannot be read" in refused(focus, write(tmp_path, "f.parquet", "canary"))
    assert "cannot be read" in refused(focus, tmp_path / "none.csv")


def test_the_format_is_known_by_its_head() -> None:
    for name in ("focus.csv", "focus_gateway.csv"):
        assert focus.detect((DATA / name).read_bytes(), name)
    assert not focus.detect((DATA / "openai_costs.csv").read_bytes(), "focus.csv")
