"""The mixed-integer programme, against the newsvendor rule, brute force and closed forms."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.strategy.plan import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Problem, most_replicas, newsvendor, solve


def problem(requests, *, seconds, api_price, replica_cost, **other) -> Problem:
    requests = np.atleast_2d(np.asarray(requests, dtype=float))
    seconds = np.asarray(seconds, dtype=float).reshape(len(requests), -1)
    pools = seconds.shape[1]
    fields = {
        "deferrable": np.zeros(len(requests), dtype=bool),
        "at_most": np.full(pools, 20.0),
        "pool_place": (Place.OWN,) * pools,
        "staff_cost": {},
        "headroom": 0.8,
        "spare": 0,
    } | other
    return Problem(
        requests=requests,
        seconds=seconds,
        api_price=np.asarray(api_price, dtype=float).reshape(len(requests)),
        replica_cost=np.asarray(replica_cost, dtype=float).reshape(pools),
        **fields,
    )


def week(seed: int, *, mean: float = 3000.0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1.5, mean / 1.5, 168)


def brute_force_cost(requests, *, seconds, api_price, replica_cost, headroom, most) -> float:
    """Independent oracle: price every number of replicas hour by hour."""
    costs = []
    for replicas in range(most + 1):
        carried = replicas * headroom * 3600 / seconds
        overflow = sum(max(0.0, load - carried) for load in requests)
        costs.append(replicas * replica_cost + overflow * api_price * (365.25 / 7 / 12))
    return min(costs)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    seconds=st.floats(0.1, 5),
    api_price=st.floats(1e-4, 0.02),
    replica_cost=st.floats(200, 8000),
)
def test_one_workload_and_one_kind_of_gpu_is_the_newsvendor_rule_and_brute_force(
    seed, seconds, api_price, replica_cost
):
    """With one workload and one kind of GPU the plan buys what the newsvendor rule buys, at brute force's cost."""
    requests = week(seed)
    given_problem = problem(requests, seconds=seconds, api_price=api_price, replica_cost=replica_cost)
    plan = solve(given_problem, gap=0.0)
    terms = {"seconds": seconds, "api_price": api_price, "replica_cost": replica_cost, "headroom": 0.8}
    assert plan.cost == pytest.approx(brute_force_cost(requests, most=20, **terms), rel=1e-6)
    bought = newsvendor(requests, at_most=20, **terms)
    carried = bought * 0.8 * 3600 / seconds
    overflow = np.clip(requests - carried, 0, None).sum()
    cost = bought * replica_cost + overflow * api_price * WEEKS_PER_MONTH
    assert cost == pytest.approx(plan.cost, rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_two_workloads_and_two_pools_equal_brute_force(seed):
    """For every number of replicas the hours are dispatched by hand-written greed; the plan costs the least of them."""
    rng = np.random.default_rng(seed)
    requests = rng.gamma(1.5, 1500, (2, 168))
    own_pool = [rng.uniform(0.5, 3), rng.uniform(0.5, 3)]
    seconds = np.array([[own_pool[0], np.nan], [np.nan, own_pool[1]]])
    price, cost = rng.uniform(5e-4, 5e-3, 2), rng.uniform(500, 3000, 2)
    people = {Place.OWN: 700.0, Place.API: 300.0}
    given_problem = problem(requests, seconds=seconds, api_price=price, replica_cost=cost, staff_cost=people)
    best = np.inf
    for counts in itertools.product(range(8), repeat=2):
        total, overflow_of_all = float(np.dot(counts, cost)), 0.0
        for w in range(2):
            over = np.clip(requests[w] - counts[w] * 0.8 * 3600 / own_pool[w], 0, None).sum()
            overflow_of_all += over
            total += over * price[w] * (365.25 / 7 / 12)
        total += people[Place.OWN] * any(counts) + people[Place.API] * (overflow_of_all > 0)
        best = min(best, total)
    assert solve(given_problem, gap=0.0).cost == pytest.approx(best, rel=1e-6)


def test_work_that_can_wait_fills_the_hours_that_are_paid_for():
    """A day's deferrable work spreads over the day: one replica carries what would need 24 in its own hour."""
    burst = np.zeros(168)
    burst[::24] = 24 * 0.8 * 3600  # all in the hour after midnight, just what one replica does in a day at 1 s each
    at_once = problem(burst, seconds=1.0, api_price=np.nan, replica_cost=1000.0, at_most=np.array([40.0]))
    waiting = replace(at_once, deferrable=np.array([True]))
    assert solve(at_once).replicas.tolist() == [24]
    plan = solve(waiting)
    assert plan.replicas.tolist() == [1]
    assert plan.flow_pool[0, 0] == pytest.approx(np.full(168, 0.8 * 3600)), "the same share of each free hour"


def test_every_request_is_served_and_no_pool_is_overloaded():
    """Flows add up to the demand in each hour, and no pool carries more than its planned capacity without the spare."""
    requests = np.vstack([week(1), week(2), week(3)])
    deferrable = np.array([False, False, True])
    seconds = np.array([[1.0, 0.5], [2.0, np.nan], [1.0, 1.0]])
    given_problem = problem(
        requests,
        seconds=seconds,
        api_price=[0.002, np.nan, 0.001],
        replica_cost=[900.0, 1500.0],
        deferrable=deferrable,
        spare=1,
    )
    plan = solve(given_problem)
    served = plan.flow_pool.sum(axis=1) + plan.flow_api
    assert served[:2] == pytest.approx(requests[:2], rel=1e-6)
    assert served[2].reshape(7, 24).sum(axis=1) == pytest.approx(requests[2].reshape(7, 24).sum(axis=1), rel=1e-6)
    load = np.einsum("wph,wp->ph", plan.flow_pool, np.nan_to_num(seconds))
    room = (plan.replicas - 1).clip(0) * SECONDS_PER_HOUR * 0.8
    assert (load <= room[:, None] * (1 + 1e-6) + 1e-6).all()
    assert plan.flow_api[1].sum() == 0, "a workload without a permitted API never reaches one"
    assert plan.flow_pool[1, 1].sum() == 0, "a workload never reaches a pool that it may not use"


def test_a_dearer_api_never_takes_more_work():
    """Raising the API's price never raises the share of requests that go there."""
    requests = week(7)
    shares = []
    for price in (0.0005, 0.001, 0.002, 0.004, 0.008):
        plan = solve(problem(requests, seconds=1.5, api_price=price, replica_cost=1200.0), gap=0.0)
        shares.append(plan.flow_api.sum() / requests.sum())
    assert shares == sorted(shares, reverse=True)


def test_scaling_all_prices_scales_the_cost_and_not_the_plan():
    """Ten times every price gives ten times the cost with the same replicas."""
    base = problem(week(5), seconds=1.0, api_price=0.003, replica_cost=1500.0, staff_cost={Place.OWN: 400.0})
    dear = replace(
        base, api_price=base.api_price * 10, replica_cost=base.replica_cost * 10, staff_cost={Place.OWN: 4000.0}
    )
    cheap_plan, dear_plan = solve(base, gap=0.0), solve(dear, gap=0.0)
    assert dear_plan.replicas.tolist() == cheap_plan.replicas.tolist()
    assert dear_plan.cost == pytest.approx(10 * cheap_plan.cost, rel=1e-6)


def test_no_permitted_option_and_too_little_capacity_are_said():
    """A workload without an option, or one that the offers cannot carry, raises a PlanError."""
    with pytest.raises(PlanError, match="without a permitted option"):
        solve(problem(week(1), seconds=np.nan, api_price=np.nan, replica_cost=1.0))
    with pytest.raises(PlanError, match="no plan serves every workload"):
        solve(problem(week(1), seconds=50.0, api_price=np.nan, replica_cost=1.0, at_most=np.array([1.0])))


def test_most_replicas_is_the_busiest_hour_and_the_spare():
    """7,200 s of work in the busiest hour at a headroom of 0.8 need ⌈7200 ÷ 2880⌉ = 3 replicas, and one to spare."""
    requests = np.full(168, 100.0)
    requests[5] = 7200.0
    given_problem = problem(requests, seconds=1.0, api_price=np.nan, replica_cost=1.0, spare=1)
    assert most_replicas(given_problem).tolist() == [4]


def test_without_any_pool_everything_goes_to_the_api():
    """A client without GPU offers pays its API bill and no more."""
    requests = week(3)
    bare = problem(requests, seconds=np.empty((1, 0)), api_price=0.002, replica_cost=[])
    assert solve(bare).cost == pytest.approx(requests.sum() * 0.002 * 365.25 / 7 / 12)
