"""The cash of a plan: dated by hand, and worth what the programme says that the plan costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import Commitment, Place
from kit.pricing.ownership import net_present_value
from kit.strategy.cash import ITEMS, cash_by_year, dated_cash, depreciation_by_year, monthly_cash
from kit.strategy.choice import Choice, Solved, choose, kinds, restrict, solve_kind
from kit.strategy.costs import HOURS_PER_MONTH, replica_cost
from kit.strategy.options import apis, pools
from kit.strategy.problem import WEEKS_PER_MONTH, Plan
from kit.strategy.terms import resolve
from kit.strategy.verdict import StrategyKind


@pytest.fixture(scope="module")
def choice(insurer) -> Choice:
    terms = resolve(insurer.engagement)
    return choose(
        insurer.engagement,
        insurer.demand,
        terms,
        apis(insurer.engagement, insurer.demand, insurer.prices, insurer.profiles),
        pools(insurer.engagement, insurer.profiles, insurer.prices, terms),
    )


def total(rows, item: str) -> float:
    return sum(getattr(row, item) for row in rows)


@pytest.mark.parametrize("kind", list(StrategyKind))
def test_the_cash_is_worth_what_the_plan_costs(choice, kind):
    """For every plan of the example the discounted months are its cost, and the years are the months' sums."""
    assert set(kinds(choice)) == set(StrategyKind)
    solved = solve_kind(choice, kind)
    cash = monthly_cash(choice, solved)
    assert len(cash) == choice.terms.months + 1
    worth = net_present_value(cash.tolist(), rate_per_year=choice.terms.discount_rate.value)
    assert worth == pytest.approx(solved.plan.cost, rel=1e-6)
    rows = cash_by_year(choice, solved)
    assert [row.year for row in rows] == [0, 1, 2, 3]
    assert sum(total(rows, item) for item in ITEMS) == pytest.approx(cash.sum())
    written = depreciation_by_year(choice, solved)
    assert sum(written) == pytest.approx(total(rows, "capex") + total(rows, "residual"))


def test_the_cash_of_more_volume_is_worth_its_plan_too(choice):
    """Three times the requests: the bill follows those of the plan, not those of today."""
    solved = solve_kind(choice, StrategyKind.HYBRID, volume=3.0)
    worth = net_present_value(monthly_cash(choice, solved), rate_per_year=choice.terms.discount_rate.value)
    assert worth == pytest.approx(solved.plan.cost, rel=1e-6)


def by_hand(choice: Choice, **given) -> Solved:
    """Return a plan that does nothing but what is given."""
    phases, workloads, count, offers, hours = choice.problem.shape
    plan = Plan(
        starts=np.zeros((count, phases), dtype=np.int64),
        running=np.zeros((phases, count, hours), dtype=np.int64),
        flow_pool=np.zeros((phases, workloads, count, hours)),
        flow_api=np.zeros((phases, workloads, offers, hours)),
        cost=0.0,
        gap=0.0,
    )
    return Solved(StrategyKind.HYBRID, restrict(choice, StrategyKind.HYBRID)[0], replace(plan, **given), ())


def of_place(choice: Choice, place: Place) -> int:
    return next(p for p, pool in enumerate(choice.pools) if pool.place is place and pool.price.value)


def test_nothing_costs_nothing(choice):
    """Without a machine and without a request nothing is paid."""
    assert not monthly_cash(choice, by_hand(choice)).any()
    assert depreciation_by_year(choice, by_hand(choice)) == (0, 0, 0, 0)


def test_a_purchase_today_and_one_in_the_third_year(choice):
    """Two replicas today and one after 24 months of 36: paid in row 0 and in row 3, resold at the end by their age."""
    p = of_place(choice, Place.OWN)
    _, _, count, _, hours = choice.problem.shape
    starts, running = np.zeros((count, 3), dtype=np.int64), np.zeros((3, count, hours), dtype=np.int64)
    starts[p] = [2, 0, 1]
    running[:, p] = np.array([2, 2, 3])[:, None]
    solved = by_hand(choice, starts=starts, running=running)
    cost, terms = replica_cost(choice.pools[p], choice.terms), choice.terms
    later = cost.capex * (1 + terms.purchase_price_change_per_year.value) ** 2
    flows = dated_cash(choice, solved)
    assert flows["capex"][[0, 24]] == pytest.approx([2 * cost.capex, later])
    assert np.count_nonzero(flows["capex"]) == 2
    rows = cash_by_year(choice, solved)
    assert [row.capex for row in rows] == pytest.approx([2 * cost.capex, 0, 0, later])
    # The younger one has lost a third of what the older ones have.
    left = 1 - (1 - terms.residual_share.value) / 3
    assert [row.residual for row in rows] == pytest.approx([0, 0, 0, -2 * cost.residual - left * later])
    run = 12 * (cost.energy + cost.space)
    assert [row.energy_and_space for row in rows] == pytest.approx([0, 2 * run, 2 * run, 3 * run])
    kept = 12 * cost.maintenance
    assert [row.maintenance for row in rows] == pytest.approx([0, 2 * kept, 2 * kept, (2 + later / cost.capex) * kept])
    people = 12 * terms.staff_fte_own.value * terms.staff_cost_per_year.value / 12
    each = 12 * cost.staff
    assert [row.staff for row in rows] == pytest.approx([0, people + 2 * each, people + 2 * each, people + 3 * each])
    old, young = 2 * (cost.capex - cost.residual) / 3, later * (1 - left)
    assert depreciation_by_year(choice, solved) == pytest.approx((0, old, old, old + young))
    assert [row.rent for row in rows] == [row.api for row in rows] == [0, 0, 0, 0]


def test_a_rented_machine_is_paid_by_the_hours_in_which_it_is_on(choice):
    """One replica for six hours of every working day of the second year: 30 of 168 hours, and people for that year."""
    p = of_place(choice, Place.RENTED)
    assert choice.problem.by_hour[p]
    _, _, count, _, hours = choice.problem.shape
    running = np.zeros((3, count, hours), dtype=np.int64)
    running[1, p] = [hour < 120 and 6 <= hour % 24 < 12 for hour in range(hours)]
    rows = cash_by_year(choice, by_hand(choice, running=running))
    pool, terms = choice.pools[p], choice.terms
    month = pool.price.value * pool.profile.accelerators * HOURS_PER_MONTH * 30 / 168
    changed = 1 + terms.rent_change_per_year.value
    assert [row.rent for row in rows] == pytest.approx([0, 0, 12 * month * changed, 0])
    people = terms.staff_fte_rented.value * terms.staff_cost_per_year.value + 12 * terms.network_cost_per_month.value
    assert [row.staff for row in rows] == pytest.approx([0, 0, people, 0])
    assert [row.capex for row in rows] == [0, 0, 0, 0]


def test_a_reserved_machine_is_paid_for_its_term(choice):
    """A replica taken for a year at the start of the second one is paid around the clock in that year, at its price."""
    p = of_place(choice, Place.RENTED)
    taken = replace(choice.pools[p], commitment=Commitment.RESERVED, term_years=1.0)
    hour_cost = choice.problem.hour_cost.copy()
    hour_cost[p] = np.nan
    reserved = replace(
        choice,
        pools=(*choice.pools[:p], taken, *choice.pools[p + 1 :]),
        problem=replace(choice.problem, hour_cost=hour_cost),
    )
    starts = np.zeros((len(choice.pools), 3), dtype=np.int64)
    starts[p, 1] = 1
    rows = cash_by_year(reserved, by_hand(reserved, starts=starts))
    month = taken.price.value * taken.profile.accelerators * HOURS_PER_MONTH
    changed = 1 + choice.terms.rent_change_per_year.value
    assert [row.rent for row in rows] == pytest.approx([0, 0, 12 * month * changed, 0])


def test_an_api_is_paid_by_the_request(choice):
    """100 requests in each hour of the first year at one API: 16,800 a week, 4.348 weeks a month, and its people."""
    w, a = next((w, a) for w, a in np.argwhere(~np.isnan(choice.problem.api_price[0])))
    flow = np.zeros((*choice.problem.shape[:2], choice.problem.shape[3], 168))
    flow[0, w, a] = 100
    rows = cash_by_year(choice, by_hand(choice, flow_api=flow))
    bill = 12 * WEEKS_PER_MONTH * 16_800 * choice.problem.api_price[0, w, a]
    assert [row.api for row in rows] == pytest.approx([0, bill, 0, 0])
    people = choice.terms.staff_fte_api.value * choice.terms.staff_cost_per_year.value
    assert [row.staff for row in rows] == pytest.approx([0, people, 0, 0])


def test_a_workload_is_moved_once(choice):
    """Customer chat goes to a pool in the second and third year: its move is paid once, today; a new one pays none."""
    names = [workload.name for workload in choice.workloads]
    phases, workloads, count, _, hours = choice.problem.shape
    flow = np.zeros((phases, workloads, count, hours))
    flow[1:, names.index("Customer chat"), 0] = 50
    flow[:, names.index("Claims summaries"), 0] = 50
    rows = cash_by_year(choice, by_hand(choice, flow_pool=flow))
    weeks, year = choice.terms.migration_weeks_own.value, choice.terms.staff_cost_per_year.value
    assert [row.move for row in rows] == pytest.approx([weeks / (365.25 / 7) * year, 0, 0, 0])


def test_a_single_phase_of_a_year_and_a_half(insurer):
    """With nothing that changes there is one phase of 18 months: rows 0, 1 and 2, the last of six months."""
    said, day = insurer.engagement, insurer.engagement.date

    def stated(value: float) -> dict[str, object]:
        return {"value": value, "basis": "quoted", "source": "test", "date": day}

    never = ("api_price_change_per_year", "rent_change_per_year", "purchase_price_change_per_year")
    raw = said.model_dump()
    raw["money"] |= {"horizon_years": stated(1.5)} | {name: stated(0) for name in never}
    for workload in raw["workloads"]:
        workload["growth_per_year"] = stated(0)
    said = type(said).model_validate(raw)
    terms = resolve(said)
    one = choose(
        said,
        insurer.demand,
        terms,
        apis(said, insurer.demand, insurer.prices, insurer.profiles),
        pools(said, insurer.profiles, insurer.prices, terms),
    )
    assert [(phase.first_month, phase.months) for phase in one.phases] == [(0, 18)]
    solved = solve_kind(one, StrategyKind.HYBRID)
    cash = monthly_cash(one, solved)
    worth = net_present_value(cash, rate_per_year=terms.discount_rate.value)
    assert worth == pytest.approx(solved.plan.cost, rel=1e-6)
    rows = cash_by_year(one, solved)
    assert [row.year for row in rows] == [0, 1, 2]
    assert rows[2].staff == pytest.approx(rows[1].staff / 2)
    assert rows[2].residual < 0 == rows[1].residual
