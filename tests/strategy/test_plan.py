"""The plan, against the newsvendor rule, brute force and closed forms."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.strategy import plan as searching
from kit.strategy.newsvendor import newsvendor
from kit.strategy.plan import glance, solve
from kit.strategy.problem import Caps, most_replicas, undominated
from tests.strategy.problems import WEEKS_PER_MONTH, bill, check, problem, random_problem, week

HOURS_PER_MONTH = 168 * WEEKS_PER_MONTH


def one_pool(seed: int, rng: np.random.Generator):
    terms = {"seconds": rng.uniform(0.2, 5), "api_price": 10 ** rng.uniform(-4, -1.7), "cost": rng.uniform(200, 8000)}
    return week(seed), terms


@pytest.mark.parametrize("seed", range(200))
def test_one_workload_and_one_kind_of_gpu_is_the_newsvendor_rule_and_brute_force(seed):
    """With one workload and one kind of GPU the plan buys what the newsvendor rule buys, at brute force's cost."""
    requests, terms = one_pool(seed, np.random.default_rng(seed))
    seconds, price, cost = terms["seconds"], terms["api_price"], terms["cost"]

    def with_replicas(n: int) -> float:
        overflow = sum(max(0.0, load - n * 3600 / seconds) for load in requests)
        return n * cost + overflow * price * WEEKS_PER_MONTH

    plan = solve(problem([requests], seconds=seconds, api_price=[price], start_cost=[cost]), gap=0.0)
    assert plan.cost == pytest.approx(min(with_replicas(n) for n in range(21)), rel=1e-6)
    hourly = {"cost_per_hour": cost / HOURS_PER_MONTH, "at_most": 20}
    bought = newsvendor(requests, seconds=seconds, api_price=price, **hourly)
    assert plan.cost == pytest.approx(with_replicas(bought), rel=1e-6)


def dispatched(given, counts, distinct: int) -> float:
    """Return the API's bill of the cheapest dispatch of some hours at given replicas, by a programme of its own."""
    _, workloads, pools, _, hours = given.shape
    price = np.where(np.isnan(given.api_price[0]).all(axis=1), np.nan, np.nanmin(given.api_price[0], axis=1, initial=9))
    total = 0.0
    for hour in range(distinct):
        wanted = given.requests[0, :, hour]
        # Variables: requests of each workload to each pool, then to its cheapest API.
        costs = np.concatenate([np.zeros(workloads * pools), np.nan_to_num(price)])
        served = np.hstack([np.kron(np.eye(workloads), np.ones(pools)), np.eye(workloads)])
        rows, limits = [], []
        for p in range(pools):
            load = np.zeros((workloads, pools))
            load[:, p] = np.nan_to_num(given.seconds[:, p])
            rows.append(np.concatenate([load.ravel(), np.zeros(workloads)]))
            limits.append(3600.0 * counts[p])
            rows.append(np.concatenate([(load * given.needs_spare[:, None]).ravel(), np.zeros(workloads)]))
            limits.append(3600.0 * max(counts[p] - given.spare[p], 0))
        struck = np.concatenate([np.isnan(given.seconds).ravel(), np.isnan(price)])
        ends = [(0, 0 if no else None) for no in struck]
        found = linprog(costs, A_ub=np.array(rows), b_ub=limits, A_eq=served, b_eq=wanted, bounds=ends)
        if found.x is None:
            return np.inf
        total += float(found.fun)
    return total * WEEKS_PER_MONTH * given.months[0] * hours / distinct


@pytest.mark.parametrize("seed", range(50))
def test_three_workloads_and_two_pools_equal_brute_force(seed):
    """Every pair of numbers of replicas, each hour dispatched by a programme of its own: the plan costs the least."""
    rng = np.random.default_rng(seed)
    given = random_problem(seed, pools=2, distinct=4)
    people = {Place.OWN: 700.0, Place.RENTED: 400.0}
    given = replace(
        given,
        requests=given.requests * rng.uniform(0.4, 0.8),
        staff_cost=people,
        move_cost=np.zeros(3),
        at_most=np.full(2, 4.0),
    )
    best = np.inf
    for counts in itertools.product(range(5), repeat=2):
        fixed = float(np.dot(counts, given.start_cost[:, 0]))
        fixed += sum(people[given.pool_place[p]] * given.months[0] for p in range(2) if counts[p])
        if fixed < best:
            best = min(best, fixed + dispatched(given, counts, 4))
    if np.isinf(best):
        with pytest.raises(PlanError):
            solve(given, gap=0.0)
        return
    plan = solve(given, gap=0.0)
    check(given, plan)
    assert plan.cost == pytest.approx(best, rel=1e-6)


def test_growth_makes_the_plan_buy_later():
    """Where the work doubles every year, the second replica is bought in the second year, not in the first."""
    requests = np.array([1.0, 2.0, 4.0])[:, None, None] * np.full((1, 1, 168), 3600.0)
    years = np.array([12.0, 12.0, 12.0])
    given = problem(requests, seconds=[[1.0]], api_price=[np.nan], start_cost=[[36e3, 24e3, 12e3]], months=years)
    plan = solve(given, gap=0.0)
    assert plan.starts.tolist() == [[1, 1, 2]]
    assert plan.replicas.tolist() == [[1], [2], [4]]
    assert plan.cost == pytest.approx(36e3 + 24e3 + 2 * 12e3)


def test_a_replica_serves_as_long_as_it_lasts_and_is_then_begun_anew():
    """Of three years, one that lasts two serves the first two, and another the third."""
    requests = np.full((3, 1, 168), 3600.0)
    given = problem(requests, seconds=[[1.0]], api_price=[np.nan], start_cost=[[10.0, 10.0, 10.0]], lasts=np.array([2]))
    plan = solve(given, gap=0.0)
    assert plan.starts.sum() == 2
    assert (plan.running >= 1).all()
    check(given, plan)


def test_a_commitment_that_can_only_begin_at_once_is_held_beside_another():
    """Where nothing can be begun in the third year, one is begun in the second though the first still lasts."""
    given = problem(
        np.full((3, 1, 168), 3600.0),
        seconds=[[1.0]],
        api_price=[np.nan],
        start_cost=[[10.0, 10.0, np.inf]],
        lasts=np.array([2]),
        at_most=np.array([2.0]),
    )
    plan = solve(given, gap=0.0)
    assert plan.starts.tolist() == [[1, 1, 0]]
    assert plan.running[:, 0, 0].tolist() == [1, 2, 1]


def test_machines_had_by_the_hour_are_off_in_idle_blocks():
    """Work in office hours keeps a rented machine on in these blocks only, at their hours' cost."""
    busy = np.zeros(168)
    for day in range(5):
        busy[day * 24 + 8 : day * 24 + 17] = 3600.0
    given = problem([busy], seconds=[[1.0]], api_price=[np.nan], hour_cost=np.array([[3.0]]))
    plan = solve(given, gap=0.0)
    on = plan.running[0, 0].astype(bool)
    assert on[6:18].all()
    assert on.sum() == 5 * 12
    assert plan.cost == pytest.approx(5 * 12 * 3.0)
    assert plan.starts.sum() == 0


def test_weekends_are_switched_apart_from_weekdays_and_flows_stay_in_their_hours():
    """Each block has its own number, and every hour's requests are served in that hour."""
    rng = np.random.default_rng(0)
    requests = np.where(np.arange(168) >= 120, 9000.0, 3000.0) * rng.uniform(0.7, 1.0, 168)
    requests[144:150] = 0.0
    given = problem([requests], seconds=[[1.0]], api_price=[0.01], hour_cost=np.array([[2.0]]))
    plan = solve(given, gap=0.0)
    check(given, plan)
    assert plan.running[0, 0, 150] == 3
    assert plan.running[0, 0, 12] == 1


def two_ways(**caps):
    return problem(
        [np.full(168, 3600.0)],
        seconds=[[1.0]],
        api_price=np.array([[[0.001, 0.0011]]]),
        start_cost=[1500.0],
        capex=np.array([[1000.0]]),
        pool_provider=(None,),
        api_provider=("near", "far"),
        pool_co2=np.array([10.0]),
        api_co2=np.array([[1e-7, 2e-7]]),
        caps=Caps(**caps),
    )


API_BILL = 3600 * HOURS_PER_MONTH * 0.001


def test_caps_hold_and_raise_the_cost_or_rule_every_plan_out():
    """A limit on cost, purchases, one provider's share or CO₂ is kept, at more cost, or no plan is left."""
    free = solve(two_ways(), gap=0.0)
    assert free.cost == pytest.approx(1500.0)
    assert solve(two_ways(cost=1501.0), gap=0.0).cost == pytest.approx(1500.0)
    with pytest.raises(PlanError):
        solve(two_ways(cost=1499.0), gap=0.0)
    assert solve(two_ways(capex=999.0), gap=0.0).cost == pytest.approx(API_BILL)
    halves = solve(two_ways(capex=0.0, spend_share=0.6), gap=0.0)
    by_api = halves.flow_api.sum(axis=(0, 1, 3)) * WEEKS_PER_MONTH * np.array([0.001, 0.0011])
    assert (by_api / by_api.sum()).max() == pytest.approx(0.6)
    assert halves.cost > API_BILL
    with pytest.raises(PlanError):
        solve(two_ways(capex=0.0, spend_share=0.4), gap=0.0)
    yearly = 3600 * HOURS_PER_MONTH * 12 * 1e-7
    assert yearly < 10
    clean = solve(two_ways(co2=yearly * 1.001), gap=0.0)
    assert clean.cost == pytest.approx(API_BILL)
    assert clean.running.sum() == 0
    with pytest.raises(PlanError):
        solve(two_ways(co2=yearly * 0.9), gap=0.0)


def test_a_price_on_carbon_moves_work_and_is_not_in_the_cost():
    """Ten tonnes a year of an own machine weigh more than the API's few when a tonne counts enough."""
    given = two_ways()
    costly = solve(replace(given, carbon_price=2000.0), gap=0.0)
    assert costly.running.sum() == 0
    assert costly.cost == pytest.approx(API_BILL), "what carbon counts is not paid"
    assert solve(replace(given, carbon_price=100.0), gap=0.0).running.any()


def test_moving_costs_keep_small_savings_from_moving():
    """A workload stays with its API where moving costs more than it saves."""
    saving = API_BILL - 1500.0
    assert saving > 0
    stays = replace(two_ways(), move_cost=np.array([saving + 1]))
    moves = replace(two_ways(), move_cost=np.array([saving - 1]))
    assert solve(stays, gap=0.0).running.sum() == 0
    plan = solve(moves, gap=0.0)
    assert plan.running.any()
    assert plan.cost == pytest.approx(1500.0 + saving - 1)


def test_people_are_paid_once_for_each_place_and_phase():
    """Two own pools and two workloads need one team in each year that they are used."""
    given = problem(
        np.full((2, 2, 168), 3600.0),
        seconds=[[1.0, np.nan], [np.nan, 1.0]],
        api_price=[np.nan, np.nan],
        start_cost=[[100.0, 100.0], [100.0, 100.0]],
        months=np.array([12.0, 11.0]),
        staff_cost={Place.OWN: 50.0, Place.RENTED: 70.0, Place.API: 90.0},
    )
    plan = solve(given, gap=0.0)
    assert plan.cost == pytest.approx(2 * 100.0 + 50.0 * 23.0)
    assert plan.cost == pytest.approx(bill(given, plan))


def test_people_for_the_api_are_paid_only_where_one_is_used():
    """With an API team dearer than a second machine, the peak stays at home."""
    peak = np.full(168, 3600.0)
    peak[10] = 5000.0
    given = problem([peak], seconds=[[1.0]], api_price=[0.001], start_cost=[500.0])
    assert solve(given, gap=0.0).cost == pytest.approx(500.0 + 1400 * 0.001 * WEEKS_PER_MONTH)
    assert solve(replace(given, staff_cost={Place.API: 600.0}), gap=0.0).cost == pytest.approx(1000.0)


def test_work_that_can_wait_fills_the_hours_that_are_paid_for():
    """A day's deferrable work spreads over the day: one replica carries what would need 24 in its own hour."""
    burst = np.zeros(168)
    burst[::24] = 24 * 3600  # all in the hour after midnight, just what one replica does in a day at 1 s each
    fields = {"seconds": [[1.0]], "api_price": [np.nan], "start_cost": [1000.0], "at_most": np.array([40.0])}
    at_once = problem([burst], **fields)
    waiting = replace(at_once, deferrable=np.array([True]))
    assert solve(at_once).replicas.tolist() == [[24]]
    plan = solve(waiting)
    assert plan.replicas.tolist() == [[1]]
    assert plan.flow_pool[0, 0, 0] == pytest.approx(np.full(168, 3600.0)), "the same share of each free hour"


def test_work_that_can_wait_fills_the_valleys_of_its_own_day():
    """It goes where the day's other work leaves room, and no day does another's."""
    rng = np.random.default_rng(5)
    first = rng.uniform(0, 3600, 168)
    room = (3600 - first).reshape(7, 24).sum(axis=1)
    later = np.repeat(room * 0.95 / 24, 24)
    given = problem(
        [first, later],
        seconds=[[1.0], [1.0]],
        api_price=[np.nan, np.nan],
        start_cost=[100.0],
        deferrable=np.array([False, True]),
    )
    plan = solve(given)
    check(given, plan)
    assert plan.replicas.tolist() == [[1]]


def test_spares_serve_what_may_overflow_while_nothing_fails():
    """Bound work needs one replica and one spare; the other workload fills both, and more only what is left over."""
    bound, other = np.full(168, 1800.0), np.full(168, 6000.0)
    given = problem(
        [bound, other],
        seconds=[[1.0], [1.0]],
        api_price=[np.nan, 0.0001],
        start_cost=[900.0],
        spare=np.array([1]),
    )
    plan = solve(given, gap=0.0)
    check(given, plan)
    assert plan.replicas.tolist() == [[2]]
    assert plan.flow_pool[0, 1, 0] == pytest.approx(np.full(168, 7200.0 - 1800.0))


def test_deferrable_work_beside_spares_keeps_every_request():
    """Bound work that can wait, with the spares full of other work, is neither lost nor put where it does not fit."""
    rng = np.random.default_rng(2)
    given = problem(
        [rng.uniform(5000, 7000, 168), np.full(168, 1500.0), np.full(168, 800.0)],
        seconds=[[1.0], [1.0], [1.0]],
        api_price=[0.0005, np.nan, 0.001],
        start_cost=[400.0],
        spare=np.array([1]),
        deferrable=np.array([False, True, True]),
    )
    check(given, solve(given, gap=0.0))


def test_no_permitted_option_and_too_little_capacity_are_said():
    """A workload without an option, or one that the offers cannot carry, raises a PlanError."""
    with pytest.raises(PlanError, match="without a permitted option"):
        solve(problem([week(1)], seconds=[[np.nan]], api_price=[np.nan], start_cost=[1.0]))
    with pytest.raises(PlanError, match="no plan serves every workload"):
        solve(problem([week(1)], seconds=[[50.0]], api_price=[np.nan], start_cost=[1.0], at_most=np.array([1.0])))


def test_most_replicas_is_the_busiest_hour_and_the_spare():
    """7,200 s of work in the busiest hour need 2 replicas, and one to spare."""
    requests = np.full(168, 100.0)
    requests[5] = 7200.0
    given = problem([requests], seconds=[[1.0]], api_price=[np.nan], start_cost=[1.0], spare=np.array([1]))
    assert most_replicas(given).tolist() == [[3]]


def test_without_any_pool_everything_goes_to_the_api():
    """A client without GPU offers pays its API bill and no more."""
    requests = week(3)
    bare = problem([requests], seconds=np.empty((1, 0)), api_price=[0.002])
    assert solve(bare).cost == pytest.approx(requests.sum() * 0.002 * WEEKS_PER_MONTH)


def test_a_pool_that_another_outdoes_is_left_out_and_of_two_alike_one_stays():
    """Slower and dearer is never needed; the one that stays must be there in numbers enough for both."""
    fields = {"seconds": [[1.0, 1.0, 2.0]], "api_price": [np.nan], "start_cost": [100.0, 100.0, 120.0]}
    given = problem([week(4)], **fields)
    kept = undominated(given)
    assert kept.sum() == 1
    assert not kept[2]
    few = replace(given, at_most=np.array([2.0, 2.0, 20.0]))
    assert undominated(few).sum() > 1
    assert undominated(replace(given, caps=Caps(spend_share=0.5))).all()
    elsewhere = replace(given, pool_place=(Place.OWN, Place.RENTED, Place.OWN), staff_cost={Place.RENTED: 10.0})
    assert undominated(replace(elsewhere, start_cost=np.array([[100.0], [90.0], [120.0]])))[:2].all()


def test_leaving_outdone_pools_out_changes_no_cost():
    """With each pool there twice, once a little dearer, the plan costs what it costs with the cheaper ones."""
    for seed in range(6):
        given = random_problem(seed, pools=2)
        twice = replace(
            given,
            seconds=np.tile(given.seconds, 2),
            start_cost=np.vstack([given.start_cost, given.start_cost * 1.01]),
            hour_cost=np.tile(given.hour_cost, (2, 1)),
            lasts=np.tile(given.lasts, 2),
            at_most=np.tile(given.at_most, 2),
            spare=np.tile(given.spare, 2),
            pool_place=given.pool_place * 2,
        )
        assert solve(twice, gap=0.0).cost == pytest.approx(solve(given, gap=0.0).cost, rel=1e-6)


def test_a_glance_is_a_plan_that_serves_everything_and_never_better_than_the_proven_one(monkeypatch):
    """From the plan of another volume: mostly what is proven, at most 10 % dearer, and it costs what its arrays say."""
    monkeypatch.setattr(searching, "GLANCE", 5.0)
    dearer = []
    for seed in range(12):
        given = random_problem(seed, pools=3, by_hour=seed % 2 == 1, deferrable=seed % 3 == 0)
        before = solve(given)
        for factor in (0.6, 1.1, 1.7):
            now = replace(given, requests=given.requests * factor)
            found, proven = glance(now, start=before, bases={}), solve(now)
            check(now, found)
            assert found.cost == pytest.approx(bill(now, found), rel=1e-6)
            assert proven.cost * (1 - proven.gap) <= found.cost * (1 + 1e-6)
            dearer.append(found.cost / proven.cost - 1)
    assert np.median(dearer) <= 1e-3
    assert max(dearer) <= 0.1


def test_a_glance_without_time_still_serves_everything(monkeypatch):
    """It has the machines of the last plan, with more of them where they do not suffice."""
    monkeypatch.setattr(searching, "GLANCE", 0.0)
    given = random_problem(3, pools=3, phases=3, workloads=4)
    before = solve(given)
    for factor in (0.7, 1.3, 1.6):
        now = replace(given, requests=given.requests * factor)
        found = glance(now, start=before, bases={})
        check(now, found)
        assert found.cost == pytest.approx(bill(now, found), rel=1e-6)


def test_a_glance_raises_machines_that_do_not_suffice():
    """One replica serves 3,600 an hour and has no API beside it; at 9,000 an hour three are needed."""
    given = problem(np.full((1, 168), 3000.0), seconds=[[1.0]], api_price=[np.nan], start_cost=[100.0])
    before = solve(replace(given, needs_spare=np.array([False])))
    now = replace(given, requests=given.requests * 3, needs_spare=np.array([False]))
    assert before.starts.tolist() == [[1]]
    assert glance(now, start=before, bases={}).starts.tolist() == [[3]]


def test_a_glance_without_a_plan_to_begin_with_is_a_search():
    """A plan of another number of pools is none to begin with."""
    given = problem(np.full((1, 168), 3000.0), seconds=[[1.0]], api_price=[1.0], start_cost=[100.0])
    other = solve(random_problem(1, workloads=1, pools=2))
    assert glance(given, start=other, bases={}).cost == pytest.approx(solve(given).cost)
