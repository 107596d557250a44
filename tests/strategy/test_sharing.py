"""Separable costs, remaining benefits."""

from __future__ import annotations

import numpy as np
import pytest

from kit.strategy.plan import solve
from kit.strategy.problem import only
from kit.strategy.sharing import share_costs, split
from tests.strategy.test_plan import problem, week


def test_split_of_a_published_kind_by_hand():
    """Total 100, separable 20 and 30, alone 60 and 90: benefits 40 and 60 share the remaining 50 as 20 and 30."""
    parts = split(100.0, separable=np.array([20.0, 30.0]), alone=np.array([60.0, 90.0]))
    assert parts.tolist() == pytest.approx([40.0, 60.0])


def test_nothing_to_gain_is_split_evenly():
    """Where sharing helps nobody, what is left over is split evenly."""
    parts = split(100.0, separable=np.array([40.0, 40.0]), alone=np.array([40.0, 40.0]))
    assert parts.tolist() == pytest.approx([50.0, 50.0])


def test_parts_add_up_and_nobody_pays_more_than_alone():
    """The parts are the plan's cost, and sharing costs no workload more than it would pay alone."""
    requests = np.vstack([week(1), week(2), week(3)])
    given_problem = problem(requests, seconds=[1.0, 1.0, 1.0], api_price=[0.002, np.nan, 0.004], start_cost=1500.0)
    plan = solve(given_problem, gap=0.0)
    parts = share_costs(given_problem, plan)
    assert parts.sum() == pytest.approx(plan.cost, rel=1e-6)
    alone = [solve(only(given_problem, [w]), gap=0.0).cost for w in range(3)]
    assert (parts <= np.array(alone) * 1.002).all()


def test_a_single_workload_pays_everything():
    """One workload's part is the whole plan."""
    given_problem = problem(week(1), seconds=1.0, api_price=0.002, start_cost=900.0)
    plan = solve(given_problem)
    assert share_costs(given_problem, plan).tolist() == [plan.cost]
