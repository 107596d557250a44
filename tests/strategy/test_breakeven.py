"""Crossings of the cost curves."""

from __future__ import annotations

import pytest

from kit.strategy.breakeven import crossings
from kit.strategy.verdict import StrategyKind

CLOUD, RENTED, OWN = StrategyKind.CLOUD, StrategyKind.RENTED, StrategyKind.OWN


def test_crossing_lies_where_the_lines_meet():
    """A cloud bill of 10 a unit meets a flat 30 at volume 3."""
    found = crossings([0.0, 10.0], {CLOUD: [0.0, 100.0], OWN: [30.0, 30.0]})
    assert [(c.million_tokens_per_day, c.below, c.above) for c in found] == [(pytest.approx(3.0), CLOUD, OWN)]


def test_there_can_be_several_crossings_or_none():
    """A staircase crosses a line again and again; lines that never meet give none."""
    staircase = {CLOUD: [0.0, 10.0, 20.0, 30.0], OWN: [5.0, 5.0, 25.0, 25.0]}
    assert [c.above for c in crossings([0.0, 1.0, 2.0, 3.0], staircase)] == [OWN, CLOUD, OWN]
    assert crossings([0.0, 1.0], {CLOUD: [1.0, 2.0], RENTED: [3.0, 4.0]}) == ()
