"""Today's bill, and how far today's prices explain it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from kit.demand.bill import DAYS_PER_MONTH, Period, bill, period_of, reconcile, shared_days, token_use
from kit.demand.formats import anthropic_costs, anthropic_usage, focus
from kit.demand.usage import new_table
from kit.errors import InputError, PriceError
from kit.record import Basis
from tests.demand.vendors import DATA, assert_no_canary

DAY = 86400.0
START = dt.datetime(2026, 9, 1)


def price(model: str, *, prompt_tokens: float, cached_tokens: float, output_tokens: float, batch: bool) -> float:
    """1 USD per million prompt tokens, a tenth of it if cached, 10 USD per million of output; half by batch."""
    if model != "alpha":
        raise PriceError("no price for it")
    usd = ((prompt_tokens - cached_tokens) + 0.1 * cached_tokens + 10 * output_tokens) / 1e6
    return usd / 2 if batch else usd


def table(connection: duckdb.DuckDBPyConnection, name: str, rows: Iterable[dict[str, object]]) -> None:
    new_table(connection, name)
    for row in rows:
        cells = {"at": START, "bucket_s": DAY} | row
        columns = ", ".join(f'"{column}"' for column in cells)
        marks = ", ".join("?" * len(cells))
        connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", list(cells.values()))


def use(day: int = 0, **cells: object) -> dict[str, object]:
    base = {"at": START + dt.timedelta(days=day), "model": "alpha", "requests": 10.0}
    return base | {"prompt_tokens": 1_000_000, "cached_tokens": 0, "output_tokens": 100_000} | cells


def charge(usd: float | None, day: int = 0, **cells: object) -> dict[str, object]:
    return {"at": START + dt.timedelta(days=day), "model": "alpha", "label_path": "input", "cost_usd": usd} | cells


def test_the_bill_is_per_month_and_by_model_and_service() -> None:
    connection = duckdb.connect()
    rows = [
        charge(3.0),
        charge(1.0, 1),
        charge(5.0, 9, label_path="output"),
        charge(2.0, model=None, label_path="web search"),
        charge(-1.0, 3, model=None, label_path=None),
        charge(None, 3),
    ]
    table(connection, "costs", rows)
    found = bill(connection, ["costs"], source="the export")
    assert (found.usd, found.credits_usd, found.days, found.unconverted) == (10.0, -1.0, 10.0, 1)
    assert found.usd_per_month.value == pytest.approx(10.0 / 10 * 30.4375)
    assert found.usd_per_month.basis is Basis.MEASURED
    assert (found.first, found.last) == (dt.date(2026, 9, 1), dt.date(2026, 9, 10))
    assert [(item.model, item.service, item.usd, item.tokens) for item in found.items] == [
        ("alpha", "output", 5.0, True),
        ("alpha", "input", 4.0, True),
        (None, "web search", 2.0, False),
        (None, None, -1.0, None),
    ]


def test_a_charge_beyond_the_period_is_taken_in_part() -> None:
    connection = duckdb.connect()
    table(connection, "costs", [charge(30.0, bucket_s=30 * DAY)])
    period = Period(START + dt.timedelta(days=5), START + dt.timedelta(days=8))
    assert bill(connection, ["costs"], source="x", period=period).usd == pytest.approx(3.0)


def test_prices_explain_the_bill_to_the_cent() -> None:
    connection = duckdb.connect()
    # 1 + 1 USD; 0.5 · (1 + 1) by batch; (0.6 + 0.04) + 1 with 400,000 cached.
    table(connection, "use", [use(), use(batch=True), use(1, cached_tokens=400_000)])
    table(connection, "costs", [charge(3.0), charge(1.64, 1)])
    found = reconcile(connection, usage=["use"], costs=["costs"], price=price)
    assert found.priced_usd == pytest.approx(2.0 + 1.0 + 1.64)
    assert found.billed_usd == pytest.approx(4.64)
    assert found.difference_usd == pytest.approx(0.0)
    assert found.difference_share == pytest.approx(0.0)
    assert (found.start, found.end) == (dt.date(2026, 9, 1), dt.date(2026, 9, 3))
    assert found.unpriced == ()


def test_what_is_not_explained_is_said() -> None:
    connection = duckdb.connect()
    table(connection, "use", [use(), use(model="beta"), use(model=None), use(2)])
    costs = [charge(4.0), charge(3.0, model="gamma"), charge(2.0, model=None, label_path="web search"), charge(-1.0)]
    table(connection, "costs", costs)
    found = reconcile(connection, usage=["use"], costs=["costs"], price=price)
    assert (found.billed_usd, found.priced_usd, found.difference_usd) == pytest.approx((8.0, 2.0, 6.0))
    assert found.difference_share == pytest.approx(0.75)
    assert (found.other_usd, found.credits_usd) == (2.0, -1.0)
    assert [(item.model, item.tokens, item.reason) for item in found.unpriced] == [
        ("beta", 1_100_000, "no price for it"),
        (None, 1_100_000, "the export does not name the model"),
    ]
    assert [(item.model, item.billed_usd, item.priced_usd, item.difference_usd) for item in found.models] == [
        ("alpha", 3.0, 2.0, 1.0),
        ("gamma", 3.0, None, None),
    ]
    text = "\n".join(found.notes)
    assert "2.00 USD of the bill pay for what is not tokens" in text
    assert "lower the bill by 1.00 USD" in text
    assert "2.200 million tokens have no price" in text
    assert "3.00 USD are billed under 1 name(s)" in text
    assert "only the 1 days that both exports cover" in text


def test_use_without_a_count_of_requests_is_priced_as_short_prompts() -> None:
    connection = duckdb.connect()
    asked: list[float] = []

    def lookup(model: str, *, prompt_tokens: float, cached_tokens: float, output_tokens: float, batch: bool) -> float:
        asked.append(prompt_tokens)
        return price(
            model,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            output_tokens=output_tokens,
            batch=batch,
        )

    table(connection, "use", [use(requests=None), use(requests=3.0)])
    table(connection, "costs", [charge(4.0)])
    found = reconcile(connection, usage=["use"], costs=["costs"], price=lookup)
    assert asked == [100_000]
    assert found.priced_usd == pytest.approx(4.0)
    assert any("priced as short prompts" in note for note in found.notes)


def test_periods_that_share_no_day_are_refused() -> None:
    connection = duckdb.connect()
    table(connection, "use", [use()])
    table(connection, "costs", [charge(1.0, 5)])
    with pytest.raises(InputError, match="share no whole day"):
        reconcile(connection, usage=["use"], costs=["costs"], price=price)
    table(connection, "nothing", [])
    with pytest.raises(InputError, match="no row"):
        reconcile(connection, usage=["use"], costs=["nothing"], price=price)
    with pytest.raises(InputError, match="no charge"):
        bill(connection, ["costs"], source="x", period=Period(START, START + dt.timedelta(days=1)))


def test_only_whole_days_are_shared() -> None:
    hour = dt.timedelta(hours=1)
    one = Period(START + hour, START + 90 * hour)
    other = Period(START, START + dt.timedelta(days=30))
    assert shared_days(one, other) == (START + dt.timedelta(days=1), START + dt.timedelta(days=3))


def test_a_focus_export_holds_use_and_bill() -> None:
    connection = duckdb.connect()
    new_table(connection, "costs")
    focus.read(connection, DATA / "focus.csv", "costs", options={})
    found = bill(connection, ["costs"], source="the cloud's export")
    # 6.75 USD in two days.
    assert found.usd_per_month.value == pytest.approx(6.75 / 2 * DAYS_PER_MONTH)
    assert found.unconverted == 1
    used = token_use(connection, ["costs"], period_of(connection, ["costs"]))
    assert sum(item.prompt_tokens for item in used) == 2_000_000
    assert sum(item.output_tokens for item in used) == 500_000
    assert_no_canary(repr(found))


def test_exports_of_a_vendor_are_reconciled(tmp_path: Path) -> None:
    connection = duckdb.connect()
    new_table(connection, "use")
    new_table(connection, "costs")
    anthropic_usage.read(connection, DATA / "anthropic_usage.json", "use", options={})
    anthropic_costs.read(connection, DATA / "anthropic_costs.json", "costs", options={})

    def lookup(model: str, *, prompt_tokens: float, cached_tokens: float, output_tokens: float, batch: bool) -> float:
        return (prompt_tokens + output_tokens) / 1e3

    found = reconcile(connection, usage=["use"], costs=["costs"], price=lookup)
    # 28 September alone: 3200 + 500 + 100 + 20 tokens at a tenth of a cent.
    assert found.priced_usd == pytest.approx(3.82)
    assert found.billed_usd == pytest.approx(11.495)
    assert found.other_usd == pytest.approx(2.0)
    assert_no_canary(repr(found))
