"""What a plan costs in a future: against the programme, against the best dispatch, and by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import HOURS_OF_WEEK, Place
from kit.record import Basis, Figure
from kit.strategy.choice import choose, growth_of, kinds, solve_kind
from kit.strategy.costs import Phase, start_parts, worth
from kit.strategy.dispatch import as_taken, pool_order, price_plan
from kit.strategy.hourclasses import all_hours
from kit.strategy.options import apis, pools
from kit.strategy.problem import WEEKS_PER_MONTH, Plan, Problem, blocks
from kit.strategy.programme import Programme
from kit.strategy.terms import resolve
from kit.strategy.verdict import StrategyKind

NAMES = ("growth", "api_price", "api_price_change", "rent", "rent_change", "purchase", "energy_and_space", "staff")
HOUR = 3600.0
YEAR_OF_WEEKS = 12 * WEEKS_PER_MONTH


def choice_of(audit):
    said, terms = audit.engagement, resolve(audit.engagement)
    options = pools(said, audit.profiles, audit.prices, terms)
    return choose(said, audit.demand, terms, apis(said, audit.demand, audit.prices, audit.profiles), options)


@pytest.fixture(scope="module")
def choice(insurer):
    return choice_of(insurer)


@pytest.fixture(scope="module")
def plans(choice):
    return [solve_kind(choice, kind) for kind in kinds(choice)]


def figure(value):
    return Figure(value=value, basis=Basis.QUOTED, source="test", date=dt.date(2026, 11, 22))


def small(choice, solved, *, loads, price, seconds=None, waits=(), on=0, spare=0, careful=None, rented=None, tiny=1e-3):
    """Return a year of some workloads on a pool of one's own, and maybe on a rented one after it, nothing discounted.

    Args:
        choice: what to make smaller.
        solved: any plan of it.
        loads: replicas that each workload keeps busy, (W, 168).
        price: of a request at the API, NaN for none.
        seconds: of a replica for a request, 1 by default.
        waits: which workloads may wait.
        on: replicas of one's own.
        spare: of them.
        careful: which workloads need the spare ones; those without an API by default.
        rented: replicas by the hour, (168,).
        tiny: share of the workload that goes to the pool in the plan at least.
    """
    count, price = len(loads), np.asarray(price, dtype=float)
    seconds = np.ones(count) if seconds is None else np.asarray(seconds, dtype=float)
    own = next(pool for pool in choice.pools if pool.place is Place.OWN and pool.price.value > 0)
    let = next(pool for pool in choice.pools if pool.place is Place.RENTED)
    used = (own,) if rented is None else (own, let)
    terms = choice.terms.model_copy(update={"horizon_years": figure(1), "discount_rate": figure(0)})
    phases = (Phase(0, 12),)
    parts = [start_parts(pool, terms, phases) for pool in used]
    total = np.array([sum(part.values()) for part in parts])
    flags = np.array([w in waits for w in range(count)])
    requests = (np.asarray(loads) / seconds[:, None] * HOUR)[None]
    by_hour = np.array([pool.place is Place.RENTED for pool in used])[:, None]
    problem = Problem(
        requests=requests,
        months=np.array([12.0]),
        deferrable=flags,
        needs_spare=np.isnan(price) if careful is None else np.array([w in careful for w in range(count)]),
        seconds=np.repeat(seconds[:, None], len(used), axis=1),
        api_price=price[None, :, None],
        start_cost=np.where(by_hour, np.nan, total),
        lasts=np.ones(len(used), dtype=np.int64),
        hour_cost=np.where(by_hour, total / HOURS_OF_WEEK, np.nan),
        at_most=np.full(len(used), 64.0),
        spare=np.array([spare, 0][: len(used)]),
        pool_place=tuple(pool.place for pool in used),
        staff_cost={},
        move_cost=np.zeros(count),
    )
    running = np.zeros((1, len(used), HOURS_OF_WEEK), dtype=np.int64)
    running[0, 0] = on
    if rented is not None:
        running[0, 1] = rented
    flow = np.repeat((requests * tiny)[:, :, None], len(used), axis=2)
    plan = Plan(
        starts=np.where(by_hour, 0, on),
        running=running,
        flow_pool=flow,
        flow_api=np.zeros((1, count, 1, HOURS_OF_WEEK)),
        cost=np.nan,
        gap=0.0,
    )
    workloads = tuple(w.model_copy(update={"growth_per_year": None}) for w in choice.workloads[:count])
    demand = tuple(item.model_copy(update={"growth_per_year": None}) for item in choice.demand.workloads[:count])
    smaller = replace(
        choice,
        engagement=choice.engagement.model_copy(update={"workloads": workloads}),
        demand=choice.demand.model_copy(update={"workloads": demand}),
        terms=terms,
        pools=used,
        phases=phases,
        problem=problem,
    )
    return smaller, replace(solved, problem=problem, plan=plan)


def hours(**loads):
    """Return loads by hour, ``h5=2`` for two replicas at hour 5."""
    found = np.zeros(HOURS_OF_WEEK)
    for name, load in loads.items():
        found[int(name[1:])] = load
    return found


def volumes(choice, *factors):
    taken = as_taken(choice, len(factors))
    return replace(taken, volume=np.repeat(np.array(factors)[:, None], taken.volume.shape[1], axis=1))


def bill(choice, solved, factors):
    """Return what the APIs take in each future."""
    kept = solved.plan.starts[0, 0] * solved.problem.start_cost[0, 0]
    return price_plan(choice, solved, factors).npv - kept


def test_all_as_taken_costs_what_the_programme_says(choice, plans):
    """With everything as taken the greedy dispatch costs what the mixed-integer programme found, for every plan."""
    for solved in plans:
        priced = price_plan(choice, solved, as_taken(choice))
        assert priced.npv[0] == pytest.approx(solved.plan.cost, rel=1e-3), solved.kind
        assert priced.grown[0] == 0


def test_two_hours_by_hand(choice, plans):
    """Two replicas carry loads of 1 and 3: one replica-hour a week, 3,600 requests, goes to the API."""
    small_choice, solved = small(choice, plans[0], loads=[hours(h0=1, h1=3)], price=[0.001], on=2)
    over = bill(small_choice, solved, volumes(small_choice, 1.0, 2.0, 0.5))
    assert over == pytest.approx(np.array([1, 4, 0]) * HOUR * 0.001 * YEAR_OF_WEEKS)
    faster = replace(as_taken(small_choice), speed=np.array([[3.0]]))
    assert bill(small_choice, solved, faster) == pytest.approx(0, abs=1e-6)


def test_the_dearest_per_second_stays(choice, plans):
    """Per replica-second the second workload costs 0.002 at its API and the first 0.001, so the first goes."""
    loads = [hours(h9=2), hours(h9=1)]
    small_choice, solved = small(choice, plans[0], loads=loads, price=[0.001, 0.004], seconds=[1, 2], on=2)
    assert bill(small_choice, solved, as_taken(small_choice)) == pytest.approx(HOUR * 0.001 * YEAR_OF_WEEKS)


def test_work_that_waits_takes_the_room_of_its_day(choice, plans):
    """Two replicas have 48 hours a day: 30 fit though they come in at once, of 60 go 12; not into the next day."""
    small_choice, solved = small(choice, plans[0], loads=[hours(h3=30)], price=[0.001], waits=[0], on=2)
    over = bill(small_choice, solved, volumes(small_choice, 1.0, 2.0))
    assert over == pytest.approx(np.array([0, 12]) * HOUR * 0.001 * YEAR_OF_WEEKS)


def test_dear_work_that_waits_drives_out_cheap_work_that_does_not(choice, plans):
    """The day has 24 replica-hours for 20 that wait and 10 that do not: 6 of the cheaper go."""
    at_once = np.zeros(HOURS_OF_WEEK)
    at_once[:10] = 1
    small_choice, solved = small(choice, plans[0], loads=[hours(h3=20), at_once], price=[0.002, 0.001], waits=[0], on=1)
    assert bill(small_choice, solved, as_taken(small_choice)) == pytest.approx(6 * HOUR * 0.001 * YEAR_OF_WEEKS)


def test_work_without_another_place_makes_the_plan_grow_by_whole_replicas(choice, plans):
    """A load of 2 on 3 replicas, one of them spare: 2.02 needs a fourth, 4 needs a sixth, less keeps what there is."""
    small_choice, solved = small(choice, plans[0], loads=[hours(h0=2, h30=1)], price=[np.nan], on=3, spare=1)
    priced = price_plan(small_choice, solved, volumes(small_choice, 1.0, 1.01, 2.0, 0.1))
    assert priced.grown.tolist() == [0, 1, 2, 0]
    assert priced.npv == pytest.approx((3 + priced.grown) * solved.problem.start_cost[0, 0])


def test_waiting_work_without_another_place_needs_its_day_only(choice, plans):
    """Of 2 replicas 1 is spare: 24 replica-hours a day carry 20, and 40 want one more."""
    small_choice, solved = small(choice, plans[0], loads=[hours(h0=20)], price=[np.nan], waits=[0], on=2, spare=1)
    assert price_plan(small_choice, solved, volumes(small_choice, 1.0, 1.3, 2.0)).grown.tolist() == [0, 1, 1]


def test_spare_replicas_serve_what_may_overflow(choice, plans):
    """Of 2 replicas 1 is spare for work that fills the other; overflow work of 1.5 finds it, and half a one goes."""
    loads = [hours(h0=1), hours(h0=1.5)]
    small_choice, solved = small(choice, plans[0], loads=loads, price=[np.nan, 0.001], on=2, spare=1)
    assert bill(small_choice, solved, as_taken(small_choice)) == pytest.approx(0.5 * HOUR * 0.001 * YEAR_OF_WEEKS)
    both = small(choice, plans[0], loads=loads, price=[np.nan, 0.001], on=2, spare=1, careful=[0, 1])
    assert bill(*both, as_taken(both[0])) == pytest.approx(1.5 * HOUR * 0.001 * YEAR_OF_WEEKS)


def test_what_own_machines_cannot_take_goes_to_rented_ones_which_grow_when_they_must(choice, plans):
    """A load of 2, and 4 on weekday evenings; half as much again rents 1 machine always and 4 in the evening."""
    evening = blocks() == 3
    small_choice, solved = small(
        choice,
        plans[0],
        loads=[np.where(evening, 4.0, 2.0)],
        price=[np.nan],
        on=2,
        rented=np.where(evening, 2, 0),
    )
    own, hour = 2 * solved.problem.start_cost[0, 0], solved.problem.hour_cost[1, 0]
    assert pool_order(solved.problem, solved.plan) == [0, 1]
    priced = price_plan(small_choice, solved, volumes(small_choice, 1.0, 1.5))
    assert evening.sum() == 30
    assert priced.npv == pytest.approx([own + 2 * 30 * hour, own + (138 + 4 * 30) * hour])
    assert priced.grown.tolist() == [0, 2]


@pytest.mark.parametrize("seed", range(40))
def test_no_dispatch_of_one_pool_is_cheaper(choice, plans, seed):
    """For one pool the greedy dispatch costs what the linear programme of every hour costs, replicas as they are."""
    rng = np.random.default_rng(seed)
    on, spare, stuck = int(rng.integers(1, 7)), int(rng.integers(0, 2)), int(rng.integers(0, 3))
    waits = np.flatnonzero(rng.random(4) < 0.4)
    loads = rng.gamma(1.0, 1.0, (4, HOURS_OF_WEEK)) * rng.uniform(0.1, 1.5, (4, 1))
    price = np.where(np.arange(4) < stuck, np.nan, rng.uniform(0.001, 0.01, 4))
    small_choice, solved = small(
        choice,
        plans[0],
        loads=loads,
        price=price,
        seconds=rng.uniform(0.5, 4, 4),
        waits=waits,
        on=on + spare,
        spare=spare,
    )
    priced = price_plan(small_choice, solved, as_taken(small_choice))
    problem = solved.problem
    exact = Programme(problem, all_hours(problem))
    fixed = on + spare + priced.grown
    solution = exact.solve(fixed=fixed, gap=1e-9)
    assert priced.npv[0] == pytest.approx(exact.cash @ solution.x, rel=1e-6)
    if priced.grown[0] > 0:
        assert exact.solve(fixed=fixed - 1, gap=1e-9).x is None


@pytest.mark.parametrize("seed", range(24))
def test_pools_that_share_work_cost_no_less_than_the_best_dispatch_and_little_more(choice, plans, seed):
    """Own machines and some by the hour, whose numbers nobody optimised: no cheaper than the linear programme."""
    rng = np.random.default_rng(seed)
    loads = rng.gamma(3.0, 0.4, (4, HOURS_OF_WEEK)) * rng.uniform(0.2, 1.5, (4, 1))
    stuck, on = int(rng.integers(0, 3)), int(rng.integers(2, 6))
    price = np.where(np.arange(4) < stuck, np.nan, rng.uniform(0.001, 0.01, 4))
    rented = rng.integers(1, 5, 8)[blocks()]
    waits, seconds = np.flatnonzero(rng.random(4) < 0.3), rng.uniform(0.5, 4, 4)
    small_choice, solved = small(
        choice, plans[0], loads=loads, price=price, seconds=seconds, waits=waits, on=on, rented=rented
    )
    exact = Programme(solved.problem, all_hours(solved.problem))
    begun = [on, *(rented[blocks() == unit.block][0] for unit in exact.units[1:])]
    solution = exact.solve(fixed=np.array(begun, dtype=float), gap=1e-9)
    priced = price_plan(small_choice, solved, as_taken(small_choice))
    if solution.x is None:
        assert priced.grown[0] > 0
        return
    best = exact.cash @ solution.x
    assert best * (1 - 1e-9) <= priced.npv[0] <= best * 1.06


def test_dearer_never_costs_less_and_faster_never_more(choice, plans):
    """Cost rises with volumes and every price, and falls with speed."""
    steps = np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    changes = np.array([-0.3, -0.1, 0.0, 0.1, 0.3])
    taken = as_taken(choice, len(steps))
    for solved in plans:
        for name in NAMES:
            column = changes if name.endswith("change") or name == "growth" else steps
            npv = price_plan(choice, solved, replace(taken, **{name: column})).npv
            assert (np.diff(npv) >= -1e-6).all(), (solved.kind, name)
        more_worth = price_plan(choice, solved, replace(taken, resale=steps)).npv
        assert (np.diff(more_worth) <= 1e-6).all()
        for w in range(taken.volume.shape[1]):
            volume = taken.volume.copy()
            volume[:, w] = steps
            assert (np.diff(price_plan(choice, solved, replace(taken, volume=volume)).npv) >= -1e-6).all()
        for p in pool_order(solved.problem, solved.plan):
            speed = taken.speed.copy()
            speed[:, p] = steps
            assert (np.diff(price_plan(choice, solved, replace(taken, speed=speed)).npv) <= 1e-6).all()


def test_each_factor_moves_only_what_it_drives(choice, plans):
    """Free people save what people cost; free APIs save the bill; a rent is nothing to a plan that rents nothing."""
    solved = plans[0]
    problem, plan, taken = solved.problem, solved.plan, as_taken(choice)
    zero = np.zeros(1)
    base = price_plan(choice, solved, taken).npv[0]

    def saved(**changed):
        return base - price_plan(choice, solved, replace(taken, **changed)).npv[0]

    api = np.einsum("ywah,ywa,y->", plan.flow_api, np.nan_to_num(problem.api_price), problem.months) * WEEKS_PER_MONTH
    assert saved(api_price=zero) == pytest.approx(api, rel=1e-6)
    used = np.flatnonzero(plan.used)
    assert all(choice.pools[p].place is Place.OWN for p in used)
    parts = [start_parts(choice.pools[p], choice.terms, choice.phases) for p in used]

    def part(*names):
        return sum(float(plan.starts[p] @ one[name]) for p, one in zip(used, parts, strict=True) for name in names)

    assert saved(purchase=zero) == pytest.approx(part("capex", "maintenance", "residual"), rel=1e-9)
    assert saved(energy_and_space=zero) == pytest.approx(part("energy_and_space"), rel=1e-9)
    assert saved(resale=zero) == pytest.approx(part("residual"), rel=1e-9)
    moved = problem.move_cost[plan.flow_pool.any(axis=(0, 2, 3))].sum()
    people = sum(problem.staff_cost[place] for place in (Place.OWN, Place.API)) * problem.months.sum()
    assert saved(staff=zero) == pytest.approx(people + moved + part("staff"), rel=1e-9)
    assert saved(rent=np.full(1, 10.0), rent_change=np.full(1, 0.5)) == 0


def test_yearly_changes_are_added_to_what_was_taken(choice, plans):
    """A tenth more growth multiplies the third year's API bill by ``((1 + g + 0.1) ÷ (1 + g))²``; so do prices."""
    solved = next(plan for plan in plans if plan.kind is StrategyKind.CLOUD)
    problem, plan, taken = solved.problem, solved.plan, as_taken(choice)
    bills = np.einsum("ywah,ywa->yw", plan.flow_api, np.nan_to_num(problem.api_price)) * WEEKS_PER_MONTH
    years = np.array([phase.years_on for phase in choice.phases])[:, None]
    growth = growth_of(choice.engagement, choice.demand)
    base = price_plan(choice, solved, taken).npv[0]
    more = price_plan(choice, solved, replace(taken, growth=np.array([0.1]))).npv[0]
    expected = (bills * (((1.1 + growth) / (1 + growth)) ** years - 1)).sum(axis=1) @ problem.months
    assert more - base == pytest.approx(expected, rel=1e-6)
    dearer = price_plan(choice, solved, replace(taken, api_price_change=np.array([0.1]))).npv[0]
    change = choice.terms.api_price_change_per_year.value
    expected = (bills * (((1.1 + change) / (1 + change)) ** years - 1)).sum(axis=1) @ problem.months
    assert dearer - base == pytest.approx(expected, rel=1e-6)


def test_a_plan_of_one_phase_is_priced_year_by_year(choice):
    """Where nothing changes there is one phase; yet a future in which volumes grow is dearer, and none as taken."""
    said = choice.engagement
    steady = tuple(workload.model_copy(update={"growth_per_year": None}) for workload in said.workloads)
    demand = tuple(item.model_copy(update={"growth_per_year": None}) for item in choice.demand.workloads)
    still = {name: figure(0.0) for name in ("api_price_change_per_year", "rent_change_per_year")}
    terms = choice.terms.model_copy(update={**still, "purchase_price_change_per_year": figure(0.0)})
    flat = choose(
        said.model_copy(update={"workloads": steady}),
        choice.demand.model_copy(update={"workloads": demand}),
        terms,
        choice.apis,
        choice.pools,
    )
    assert len(flat.phases) == 1
    taken = as_taken(flat, 3)
    for kind in (StrategyKind.HYBRID, StrategyKind.RENTED):
        solved = solve_kind(flat, kind)
        npv = price_plan(flat, solved, replace(taken, growth=np.array([0.0, 0.2, 0.4]))).npv
        assert npv[0] == pytest.approx(solved.plan.cost, rel=1e-3)
        assert npv[0] < npv[1] < npv[2]


def test_grown_machines_stay_to_the_end(choice, plans):
    """With growth the own machines that a busy second year wants are bought once, at that year's price."""
    small_choice, solved = small(choice, plans[0], loads=[hours(h0=2)], price=[np.nan], on=2)
    terms = small_choice.terms.model_copy(update={"horizon_years": figure(3)})
    phases = tuple(Phase(12 * y, 12) for y in range(3))
    long = replace(small_choice, terms=terms, phases=(Phase(0, 36),))
    first = start_parts(long.pools[0], terms, long.phases)
    bought = sum(start_parts(long.pools[0], terms, phases).values())
    problem = replace(solved.problem, months=worth(long.phases, terms))
    future = replace(as_taken(long), growth=np.array([0.5]))
    priced = price_plan(long, replace(solved, problem=problem), future)
    # 2, 3 and 4.5 replicas in the three years.
    assert priced.grown.tolist() == [3]
    assert priced.npv[0] == pytest.approx(2 * sum(first.values())[0] + bought[1] + 2 * bought[2])
