"""Prices that are too old are said to be."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.record import Basis
from kit.strategy.ageing import price_warnings, stale
from kit.strategy.verdict import Input

TODAY = dt.date(2026, 11, 22)


def priced(days: int, *, key: str = "prices.openai.m.input", basis: Basis = Basis.PUBLISHED) -> Input:
    date = TODAY - dt.timedelta(days=days)
    return Input(key=key, label=f"price of {days} days", value=1.0, unit="USD", basis=basis, source="s", date=date)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (priced(30), False),
        (priced(31), True),
        (priced(400, basis=Basis.QUOTED), False),
        (priced(400, key="power.h100"), False),
        (priced(400, key="money.electricity_price_per_kwh", basis=Basis.ASSUMED), True),
        (priced(-1), False),
    ],
)
def test_public_prices_age_and_nothing_else_does(item: Input, expected: bool) -> None:
    """A public price is stale after 30 days; the client's own quote and a card's power are not."""
    assert stale(item, TODAY) is expected


def test_old_and_stale_prices_are_two_sentences() -> None:
    """Two prices over 90 days and one over 30 give two warnings, each naming the oldest of its kind."""
    said = price_warnings([priced(3), priced(95), priced(31), priced(120)], TODAY)
    assert said == (
        "2 prices are older than 90 days: ask for new ones before you sign. The oldest is price of 120 days, of "
        "2026-07-25.",
        "1 price is older than 30 days: check them. The oldest is price of 31 days, of 2026-10-22.",
    )
    assert price_warnings([priced(30)], TODAY) == ()
