"""Specification of how old a price is."""

import datetime as dt

import pytest

from kit.pricing.age import age_days, staleness
from kit.record import Basis, Figure

TODAY = dt.date(2026, 11, 22)


def test_the_age_is_counted_in_days_since_the_check() -> None:
    """A price of 2026-10-14 is 39 days old on 2026-11-22: 17 days of October and 22 of November."""
    price = Figure(value=1, basis=Basis.PUBLISHED, source="a page", date=dt.date(2026, 10, 14))
    assert age_days(price, TODAY) == 39
    assert age_days(dt.date(2026, 11, 23), TODAY) == -1


@pytest.mark.parametrize(("days", "says"), [(0, ""), (30, ""), (31, "stale"), (90, "stale"), (91, "old")])
def test_more_than_30_days_warn_and_more_than_90_are_old(days: int, says: str) -> None:
    """The limits themselves are still fresh and still stale."""
    assert staleness(days) == says
