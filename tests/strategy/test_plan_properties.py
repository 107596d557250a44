"""What every plan keeps, whatever the problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import PlanError
from kit.strategy.plan import solve
from kit.strategy.problem import Plan, Problem
from tests.strategy.problems import bill, check, problem, random_problem, scaled, week

TIGHT = 1e-5
"""Gap to which plans are proven here, so that costs can be compared."""


@st.composite
def problems(draw, *, phases: int = 2, people: bool = True) -> Problem:
    """Small problems of all kinds; those of several kinds at once are in ``test_plans_can_be_carried_out``."""
    kind = draw(st.sampled_from(["plain", "phases", "deferrable", "by_hour"]))
    return random_problem(
        draw(st.integers(0, 10**6)),
        workloads=draw(st.integers(1, 3)),
        pools=draw(st.integers(1, 3)),
        phases=phases if kind == "phases" else 1,
        by_hour=kind == "by_hour",
        deferrable=kind == "deferrable",
        people=people,
    )


def planned(of: Problem, **options) -> Plan | None:
    try:
        return solve(of, **{"gap": TIGHT, "seconds": 20.0} | options)
    except PlanError:
        return None


def at_api(plan: Plan) -> float:
    return float(plan.flow_api.sum())


@settings(max_examples=60, deadline=None)
@given(of=problems(), all_at_once=st.booleans())
def test_plans_can_be_carried_out_and_cost_what_they_say(of, all_at_once):
    """Requests are served, nothing struck is used or overloaded, replicas are whole, and the bill adds up."""
    if all_at_once:
        of = replace(of, spare=np.ones_like(of.spare))
    plan = planned(of, gap=1e-3)
    if plan is not None:
        check(of, plan)
        assert plan.gap <= 1e-3


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_plans_of_several_phases_blocks_and_days_can_be_carried_out(seed):
    """Also with growth, machines by the hour and work that can wait in one problem, and little time."""
    of = random_problem(seed, phases=2, by_hour=True, deferrable=True)
    plan = planned(of, seconds=1.0, gap=0.01)
    if plan is not None:
        check(of, plan)


@settings(max_examples=20, deadline=None)
@given(of=problems(), factor=st.floats(1.05, 4.0))
def test_a_dearer_api_never_moves_work_to_it(of, factor):
    """Raising all API prices never raises what the plan spends there at the old prices."""
    plan, dearer = planned(of), planned(replace(of, api_price=of.api_price * factor))
    if plan is None or dearer is None:
        return
    at_old = [bill(replace(of, **nothing_else(of)), item) for item in (plan, dearer)]
    # Two plans of one cost may differ, by the gap that is left divided by the change of price.
    slack = 2 * TIGHT * (dearer.cost + plan.cost) / (factor - 1)
    assert at_old[1] <= at_old[0] + slack + 1e-6


def nothing_else(of: Problem) -> dict:
    return {
        "start_cost": np.zeros_like(of.start_cost),
        "hour_cost": of.hour_cost * 0,
        "staff_cost": {},
        "move_cost": np.zeros_like(of.move_cost),
    }


@settings(max_examples=20, deadline=None)
@given(of=problems(), pick=st.integers(0, 10**6))
def test_a_tighter_gate_never_lowers_the_cost(of, pick):
    """One option less for one workload costs as much or more, or leaves no plan."""
    seconds, price = of.seconds.copy(), of.api_price.copy()
    options = [("pool", *where) for where in np.argwhere(~np.isnan(seconds))]
    options += [("api", *where) for where in np.argwhere(~np.isnan(price[0]))]
    kind, w, option = options[pick % len(options)]
    if kind == "pool":
        seconds[w, option] = np.nan
    else:
        price[:, w, option] = np.nan
    plan, tighter = planned(of), planned(replace(of, seconds=seconds, api_price=price))
    assert plan is not None or tighter is None
    if plan is not None and tighter is not None:
        assert tighter.cost >= plan.cost * (1 - 2 * TIGHT)


@settings(max_examples=20, deadline=None)
@given(of=problems(), factor=st.floats(1.01, 2.0))
def test_more_volume_never_lowers_the_cost(of, factor):
    """What serves more requests serves fewer at no more cost."""
    plan, more = planned(of), planned(replace(of, requests=of.requests * factor))
    assert plan is not None or more is None
    if plan is not None and more is not None:
        assert more.cost >= plan.cost * (1 - 2 * TIGHT)


@settings(max_examples=20, deadline=None)
@given(of=problems(), factor=st.floats(0.1, 10.0))
def test_scaling_all_prices_scales_the_cost_and_not_the_plan(of, factor):
    """In another currency the plan costs the same, with the same replicas."""
    plan, other = planned(of, gap=0.0), planned(scaled(of, factor), gap=0.0)
    assert (plan is None) == (other is None)
    if plan is not None and other is not None:
        assert other.cost == pytest.approx(plan.cost * factor, rel=1e-5)
        # Where two plans cost the same, either will do: the other's replicas must then be as cheap here.
        assert bill(of, other) == pytest.approx(plan.cost, rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(of=problems(), volume=st.floats(0.5, 2.0), price=st.floats(0.5, 2.0), seconds=st.sampled_from([0.0, 20.0]))
def test_a_plan_that_starts_from_another_can_be_carried_out(of, volume, price, seconds):
    """What-ifs are feasible for their own problem, never below the bound, and no dearer than proven."""
    start = planned(of)
    other = replace(of, requests=of.requests * volume, api_price=of.api_price * price)
    cold = planned(other)
    if start is None or cold is None:
        return
    warm = planned(other, start=start, seconds=seconds)
    assert warm is not None
    check(other, warm)
    assert warm.cost >= cold.cost * (1 - cold.gap - 1e-6)
    assert warm.cost * (1 - warm.gap - 1e-6) <= cold.cost, "the gap is a proof"


def test_a_start_of_another_shape_is_left_alone():
    """A plan of other pools does not mislead."""
    of = random_problem(1, pools=3)
    start = planned(random_problem(1, pools=2))
    plan = planned(of, start=start)
    assert plan is not None
    check(of, plan)


def test_nothing_sensitive_overflows():
    """Whatever an API would save, work that no gate lets out stays in: more machines are had instead."""
    sensitive, other = week(2), week(3, mean=30000.0)
    of = problem(
        [sensitive, other],
        seconds=[[1.0], [1.0]],
        api_price=[np.nan, 1e-6],
        start_cost=[1e6],
        spare=np.array([1]),
    )
    plan = solve(of, gap=0.0)
    check(of, plan)
    assert plan.flow_api[0, 0].sum() == 0
    assert plan.replicas[0, 0] == np.ceil(sensitive.max() / 3600) + 1
    assert at_api(plan) > 0
