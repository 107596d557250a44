"""Crossings of the cost curves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from kit.strategy.breakeven import _steep, crossings, leaves_cloud_at
from kit.strategy.choice import solve_kind
from kit.strategy.decide import prepare
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


def test_the_cloud_is_left_where_the_hybrid_is_clearly_cheaper():
    """Equal at 100, a tenth cheaper at 200: 1 % cheaper at ten and a fraction of a hundred between."""
    hybrid = StrategyKind.HYBRID
    cost = {CLOUD: [100.0, 100.0, 100.0], hybrid: [100.0, 100.0, 90.0]}
    assert leaves_cloud_at([0.0, 100.0, 200.0], cost) == pytest.approx(110.0)
    assert leaves_cloud_at([5.0, 6.0], {CLOUD: [100.0, 200.0], hybrid: [90.0, 100.0]}) == 5.0
    assert leaves_cloud_at([0.0, 100.0], {CLOUD: [100.0, 100.0], hybrid: [100.0, 99.5]}) is None
    assert leaves_cloud_at([0.0, 100.0], {hybrid: [1.0, 1.0]}) is None
    assert crossings([1.0, 2.0], {}) == ()


def test_the_curve_is_the_programmes_cost_where_it_was_solved(insurer, insurer_verdict):
    """At a tenth and at three times today's volume each curve is what the mixed-integer programme finds there."""
    choice = prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)
    curve = insurer_verdict.break_even
    for kind in (StrategyKind.HYBRID, StrategyKind.CLOUD, StrategyKind.OWN):
        for place, volume in ((0, 0.1), (-1, 3.0)):
            exact = solve_kind(choice, kind, volume=volume, seconds=3.0).plan.cost / choice.months
            assert curve.cost_per_month[kind][place] == pytest.approx(exact, rel=5e-3), (kind, volume)


def test_stairs_are_refined_so_that_no_crossing_is_missed():
    """Volumes are added between those between which a curve jumps, and nowhere else."""
    factors = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    curves = np.array([[10.0, 11.0, 12.0, 13.0, 14.0], [5.0, 5.0, 25.0, 25.0, 25.0]])
    assert _steep(factors, curves).tolist() == [2.5]


def test_the_hybrid_is_never_beaten_and_the_cloud_bill_only_grows(insurer_verdict):
    """The hybrid may do whatever the others do, and no plan gets cheaper with more volume."""
    costs = insurer_verdict.break_even.cost_per_month
    for kind, curve in costs.items():
        assert all(
            hybrid <= other * (1 + 1e-9) for hybrid, other in zip(costs[StrategyKind.HYBRID], curve, strict=True)
        )
        assert all(after >= before * (1 - 1e-3) for before, after in pairwise(curve)), kind
