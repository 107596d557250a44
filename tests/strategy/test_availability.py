"""Spare replicas: against values worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.strategy.availability import achieved, spares


def test_two_needed_and_one_spare_by_hand():
    """P(2 of 3 up) = a³ + 3a²(1 − a) = 0.999702 at a = 0.99."""
    assert achieved(2, 1, replica_availability=0.99) == pytest.approx(0.99**3 + 3 * 0.99**2 * 0.01, abs=1e-12)
    assert achieved(2, 1, replica_availability=0.99) == pytest.approx(0.999702, abs=1e-9)
    assert achieved(2, 0, replica_availability=0.99) == pytest.approx(0.9801, abs=1e-12)


@pytest.mark.parametrize(
    ("needed", "target", "expected"),
    [
        (2, 0.98, 0),  # 0.9801
        (2, 0.99, 1),  # 0.999702
        (2, 0.9999, 2),  # 1 − 4·a·(1 − a)³ − (1 − a)⁴ = 0.99999603
        (1, 0.99, 0),  # one replica is up as much as one replica is
        (1, 0.9999, 1),  # 1 − 0.01²
        (0, 0.9999, 0),
    ],
)
def test_how_many_come_out(needed, target, expected):
    """N + 0, N + 1 and N + 2, as the target asks."""
    assert spares(needed, target=target, replica_availability=0.99) == expected


def test_a_replica_that_is_always_up_needs_none():
    assert spares(5, target=0.99999, replica_availability=1.0) == 0


@pytest.mark.parametrize("target", [0.0, 1.0, 1.2, -0.1])
def test_no_number_of_replicas_meets_an_impossible_target(target):
    with pytest.raises(ValueError, match="target"):
        spares(1, target=target, replica_availability=0.99)


@pytest.mark.parametrize("availability", [0.0, 1.1, -0.5])
def test_a_replica_is_up_for_a_share_of_the_time(availability):
    with pytest.raises(ValueError, match="share of the time"):
        spares(1, target=0.9, replica_availability=availability)


def test_there_are_no_negative_replicas_and_no_thousands_of_spares():
    with pytest.raises(ValueError, match="no -1 replicas"):
        achieved(-1, 0, replica_availability=0.9)
    with pytest.raises(ValueError, match="more than 1,000"):
        spares(1, target=0.999, replica_availability=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.floats(0.5, 0.99999), st.floats(0.5, 0.9999))
def test_it_is_the_least(needed, target, availability):
    """The target is met with so many, and would not be with one less."""
    found = spares(needed, target=target, replica_availability=availability)
    assert achieved(needed, found, replica_availability=availability) >= target - 1e-9
    assert found == 0 or achieved(needed, found - 1, replica_availability=availability) < target
