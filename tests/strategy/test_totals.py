"""Sums for a reader: bills together, a plan's payments by purpose, parts of the week."""

from __future__ import annotations

import pytest

from kit.engagement.record import Place
from kit.strategy.dossier import Bill
from kit.strategy.totals import bill_total, cash_parts, week_parts
from kit.strategy.verdict import Week, YearCash


def _bill(cost: float | None, better: float | None) -> Bill:
    return Bill(
        workload="Chat",
        label="an API",
        cached=False,
        batch=False,
        cost_per_month=cost,
        stated_per_month=None,
        better="",
        better_per_month=better,
        breaks=(),
    )


def test_a_sum_of_bills_is_known_where_each_of_them_is():
    """One bill that nobody knows makes the sum unknown; without a bill there is no sum."""
    total = bill_total((_bill(100.0, 40.0), _bill(250.0, None)))
    assert total is not None
    assert (total.cost_per_month, total.stated_per_month, total.better_per_month) == (350.0, None, None)
    assert bill_total(()) is None


def test_payments_are_summed_by_purpose_and_neither_year_nor_total_is_one():
    """Two years of 10 for staff and a purchase of 100 that brings 30 back."""
    none = {"energy_and_space": 0.0, "maintenance": 0.0, "rent": 0.0, "api": 0.0}
    cash = (
        YearCash(year=0, capex=100.0, staff=0.0, residual=0.0, total=100.0, **none),
        YearCash(year=1, capex=0.0, staff=10.0, residual=0.0, total=10.0, **none),
        YearCash(year=2, capex=0.0, staff=10.0, residual=-30.0, total=-20.0, **none),
    )
    parts = cash_parts(cash)
    assert parts == {"capex": 100.0, "staff": 20.0, "residual": -30.0, "move": 0.0, **none}


def test_the_week_falls_into_parts_of_the_day():
    """Own machines carry one million an hour; on working days from 6 to 12 the cloud carries three more."""
    busy = [h // 24 < 5 and 6 <= h % 24 < 12 for h in range(168)]
    week = Week(
        own=(1.0,) * 168, rented=(0.0,) * 168, api=tuple(3.0 * hour for hour in busy), capacity=(2.0,) * 168, parts=()
    )
    parts = week_parts(week)
    assert [(part.days, part.from_hour, part.until_hour) for part in parts] == [
        *(("weekday", first, first + 6) for first in (0, 6, 12, 18)),
        *(("weekend", first, first + 6) for first in (0, 6, 12, 18)),
        ("week", 0, 24),
    ]
    assert parts[1].mtok_per_hour == 4.0
    assert parts[1].shares == {Place.OWN: 0.25, Place.RENTED: 0.0, Place.API: 0.75}
    assert parts[5].shares[Place.API] == 0.0
    # 168 hours of one million and 30 of three: 258 in all.
    assert parts[-1].mtok_per_hour == pytest.approx(258 / 168)
    assert parts[-1].shares[Place.API] == pytest.approx(90 / 258)
    assert parts[-1].capacity_per_hour == pytest.approx(2.0)


def test_an_idle_week_has_no_shares():
    """Where nothing is served no place has a share of it."""
    idle = (0.0,) * 168
    assert set(week_parts(Week(own=idle, rented=idle, api=idle, capacity=idle))[-1].shares.values()) == {0.0}
