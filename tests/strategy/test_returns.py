"""Payback, internal rate of return and the price of a token, worked by hand and against bisection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.strategy.returns import cost_per_mtok, irr, payback_months


def saves(*flows: float) -> tuple[list[float], list[float]]:
    """Return a plan and a base whose difference saves these amounts."""
    return [500 - flow for flow in flows], [500.0] * len(flows)


def by_bisection(flows: list[float]) -> float:
    """Independent oracle for −…− then +…+: the value falls from plus to minus as the monthly rate grows."""
    low, high = -0.999, 1e6
    for _ in range(400):
        middle = low + (high - low) / 2 if high - low < 1 else (1 + low) ** 0.5 * (1 + high) ** 0.5 - 1
        if sum(flow / (1 + middle) ** t for t, flow in enumerate(flows)) > 0:
            low = middle
        else:
            high = middle
    return (1 + low) ** 12 - 1


def test_a_hundred_for_ten_a_month():
    """100 at first and 10 saved in each of 12 months: back after ten; 2.9229 % a month (annuity factor 10), 41.3 %."""
    plan, base = saves(-100, *[10] * 12)
    assert payback_months(plan, base) == 10
    assert irr(plan, base) == pytest.approx(1.0292285**12 - 1, abs=1e-5)


def test_ten_percent_a_year():
    """100 today for 110 in twelve months is 10 % a year, back in the twelfth month."""
    plan, base = saves(-100, *[0] * 11, 110)
    assert irr(plan, base) == pytest.approx(0.10)
    assert payback_months(plan, base) == 12


def test_what_never_comes_back_has_a_negative_rate_and_no_payback():
    """100 today for 50 in twelve months loses half a year; the sum ends below zero."""
    plan, base = saves(-100, *[0] * 11, 50)
    assert irr(plan, base) == pytest.approx(-0.5)
    assert payback_months(plan, base) is None


def test_two_rates_are_none():
    """The textbook's −100, +230, −132 is worth nothing at 10 % a month and at 20 %: neither of them is the rate."""
    assert irr(*saves(-100, 230, -132)) is None


def test_several_changes_of_sign_may_still_have_one_rate():
    """−100, +60, −10, +100: one crossing of zero between −99.99 % and a million percent, found by bisection too."""
    flows = [-100.0, 60.0, -10.0, 100.0]
    found = irr(*saves(*flows))
    assert found == pytest.approx(by_bisection(flows), rel=1e-6)


def test_no_rate_at_all():
    """−100, +100, −100 is worth less than nothing at every rate."""
    assert irr(*saves(-100, 100, -100)) is None


@pytest.mark.parametrize("flows", [(0, 0, 0), (-5, -5, -5), (5, 5, 5), (100, -10, -10), (0, 10, -50)])
def test_without_an_investment_that_returns_there_is_no_rate_and_no_payback(flows):
    """Nothing differs, nothing comes back, nothing more is spent, or the money comes first: a loan, no investment."""
    assert irr(*saves(*flows)) is None
    assert payback_months(*saves(*flows)) is None


def test_payback_is_for_good():
    """Back after two months, but a purchase in the third puts it off to the sixth."""
    assert payback_months(*saves(-20, 10, 10, -30, 10, 10, 10)) == 6


def test_a_dearer_first_year_without_a_purchase_is_paid_back_too():
    """Nothing differs today; two dearer months are back after four."""
    assert payback_months(*saves(0, -5, -5, 5, 5, 5)) == 4


def test_differences_of_rounding_are_none():
    """Equal plans whose sums differ in the last digit have neither payback nor rate."""
    base = [0.1 + 0.2] * 24
    plan = [0.3, *[0.3] * 23]
    assert payback_months(plan, base) is None
    assert irr(plan, base) is None


@settings(deadline=None)
@given(
    spent=st.floats(1, 1e6),
    later=st.lists(st.integers(0, 10**5), min_size=1, max_size=60).filter(any),
)
def test_a_purchase_and_savings_equal_bisection(spent, later):
    """One change of sign has one rate, and at it the flows are worth nothing."""
    flows = [-spent, *later]
    expected = by_bisection(flows)
    found = irr(*saves(*flows))
    assert found is not None
    # The rate per month is what both look for; the yearly one magnifies what is left over.
    assert (1 + found) ** (1 / 12) == pytest.approx((1 + expected) ** (1 / 12), rel=1e-5)


@settings(deadline=None)
@given(flows=st.lists(st.floats(-1e5, 1e5), min_size=2, max_size=48))
def test_a_rate_that_is_given_is_one(flows):
    """Whatever the flows, at a rate that is given they are worth nothing, beside what they move."""
    found = irr(*saves(*flows))
    if found is None or not 1e-3 < 1 + found < 1e6:
        return
    growth = (1 + found) ** (1 / 12)
    discounted = np.array(flows) * growth ** -np.arange(len(flows), dtype=float)
    assert abs(discounted.sum()) <= 1e-5 * np.abs(discounted).sum()


@settings(deadline=None)
@given(flows=st.lists(st.integers(-100, 100), min_size=2, max_size=48))
def test_payback_equals_a_walk_through_the_months(flows):
    """The month is the one after the last in which less has been saved than spent."""
    found = payback_months(*saves(*flows))
    total, last_below = 0, -1
    for month, flow in enumerate(flows):
        total += flow
        last_below = month if total < 0 else last_below
    begins = next((flow for flow in flows if flow), 0) < 0
    assert found == (last_below + 1 if begins and total >= 0 else None)


def test_flows_of_different_lengths_cannot_be_compared():
    """A plan over three years against one over two is a mistake of the caller."""
    with pytest.raises(ValueError, match="months"):
        irr([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="months"):
        payback_months([1, 2], [1, 2, 3])


def test_the_price_of_a_token_at_the_load_and_at_capacity():
    """3,000 a month for 600 million tokens of 2,000 million: 5 a million as it is, 1.50 when full."""
    cost = cost_per_mtok(3_000, tokens_per_month=600e6, capacity_tokens_per_month=2_000e6)
    assert (cost.at_load, cost.at_capacity) == (pytest.approx(5.0), pytest.approx(1.5))


def test_tokens_that_are_not_served_have_no_price():
    """An idle pool has no price per token, only one per token that it could serve; less than nothing is refused."""
    cost = cost_per_mtok(3_000, tokens_per_month=0, capacity_tokens_per_month=1e6)
    assert (cost.at_load, cost.at_capacity) == (None, 3_000)
    assert cost_per_mtok(0, tokens_per_month=0, capacity_tokens_per_month=0).at_capacity is None
    with pytest.raises(ValueError, match="impossible"):
        cost_per_mtok(1, tokens_per_month=-1, capacity_tokens_per_month=1)
    with pytest.raises(ValueError, match="impossible"):
        cost_per_mtok(1, tokens_per_month=1, capacity_tokens_per_month=float("nan"))
