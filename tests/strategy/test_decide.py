"""The verdict of the example, and what must hold whatever the prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engagement.record import Place
from kit.record import Basis
from kit.report.audit import decide_audit
from kit.strategy.choice import solve_kind
from kit.strategy.decide import prepare
from kit.strategy.verdict import StrategyKind

FACTORS = st.floats(0, 100)
RULED = [kind for kind in StrategyKind if kind is not StrategyKind.TODAY]


@pytest.fixture(scope="module")
def choice(insurer):
    """The insurer's options."""
    return prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(api=FACTORS, rent=st.floats(0.01, 100), purchase=st.floats(0.01, 100), kind=st.sampled_from(RULED))
def test_claims_summaries_never_go_to_a_cloud_api(choice, api, rent, purchase, kind):
    """Whatever APIs, rents and purchases cost, free APIs included, health data stay on own machines in every plan."""
    problem = choice.problem
    own = np.array([pool.place is Place.OWN for pool in choice.pools])
    dearer = replace(
        choice,
        problem=replace(
            problem,
            api_price=problem.api_price * api,
            start_cost=problem.start_cost * np.where(own, purchase, rent)[:, None],
            hour_cost=problem.hour_cost * rent,
        ),
    )
    plan = solve_kind(dearer, kind, seconds=0.0).plan
    claims = [workload.name for workload in choice.workloads].index("Claims summaries")
    assert plan.flow_api[:, claims].sum() == 0
    assert plan.flow_pool[:, claims, ~own].sum() == 0
    assert plan.flow_pool[:, claims].sum() == pytest.approx(problem.requests[:, claims].sum())


def test_the_insurers_answer_is_a_hybrid(insurer_verdict):
    """The seed question: neither all cloud nor all own; claims stay in, the research agent goes out."""
    main = {placement.workload: placement.places[0] for placement in insurer_verdict.placements}
    assert main["Claims summaries"] is Place.OWN
    assert main["Research agent"] is Place.API
    chat = next(row for row in insurer_verdict.placements if row.workload == "Customer chat")
    assert chat.places[0] is Place.OWN
    assert chat.overflow is not None
    claims = next(row for row in insurer_verdict.placements if row.workload == "Claims summaries")
    assert claims.overflow is None


def test_the_hybrid_costs_least_and_the_parts_add_up(insurer_verdict):
    """No other plan is cheaper, and what the workloads pay adds up to the plan."""
    hybrid, *others = insurer_verdict.strategies
    assert hybrid.kind is StrategyKind.HYBRID
    assert all(hybrid.npv <= other.npv * (1 + 1e-3) for other in others)
    parts = sum(placement.cost_per_month for placement in insurer_verdict.placements)
    assert parts == pytest.approx(hybrid.cost_per_month, rel=1e-6)
    for placement in insurer_verdict.placements:
        assert sum(placement.shares) == pytest.approx(1)


def test_going_on_as_today_is_compared_and_its_better_use_is_no_dearer(insurer_verdict):
    """What is done today costs more than the same provider with cache, batch and the model that suffices."""
    by_kind = {strategy.kind: strategy for strategy in insurer_verdict.strategies}
    today, better = by_kind[StrategyKind.TODAY], by_kind[StrategyKind.BETTER]
    assert better.npv < today.npv
    assert today.p_cheapest == 0
    assert "today's API used better" in insurer_verdict.money_sentence


def test_the_parts_of_the_answer_agree(insurer_verdict):
    """The recommended plan heads the alternatives, every rule that is lifted saves, the budget carries today's load."""
    verdict = insurer_verdict
    assert verdict.alternatives[0].npv <= verdict.strategies[0].npv * (1 + 2e-3)
    assert len(verdict.alternatives) >= 2
    assert [one.extra for one in verdict.alternatives] == sorted(one.extra for one in verdict.alternatives)
    assert all(price.saving_per_year > 0 and price.lift for price in verdict.shadow_prices)
    assert verdict.affordable.factor >= 1
    assert 0 <= verdict.evpi <= verdict.strategies[0].regret_mean + 1e-6
    assert all(0 <= driver.worth_knowing <= verdict.evpi + 1e-6 for driver in verdict.drivers)
    assert [step.order for step in verdict.roadmap] == list(range(1, len(verdict.roadmap) + 1))
    assert {trigger.kind for trigger in verdict.triggers} >= {"date", "measurement", "model"}


def test_what_waits_is_within_its_limit_in_the_busiest_hour(insurer_verdict):
    """The simulated hour keeps the limits by which the capacity was planned."""
    waits = {wait.workload: wait for row in insurer_verdict.rehearsed for wait in row.waits}
    assert waits["Customer chat"].kept is True
    assert waits["Claims summaries"].kept is None


def test_npv_is_the_discounted_cash(insurer_verdict):
    """The NPV lies between the cash discounted at the start and at the end of each year."""
    for strategy in insurer_verdict.strategies:
        rate = 1 + insurer_verdict.discount_rate
        first, *years = strategy.cash
        run = [
            row.capex + row.energy_and_space + row.maintenance + row.staff + row.rent + row.api + row.move
            for row in years
        ]
        begin = first.capex + first.move + strategy.cash[-1].residual / rate**insurer_verdict.horizon_years
        early = begin + sum(cash / rate**year for year, cash in enumerate(run))
        late = begin + sum(cash / rate ** (year + 1) for year, cash in enumerate(run))
        assert late <= strategy.npv <= early


def test_every_input_has_basis_source_and_date(insurer_verdict):
    """No figure enters without saying how it is known, who says so and for which day."""
    assert len(insurer_verdict.inputs) > 60
    for item in insurer_verdict.inputs:
        assert item.basis in Basis
        assert len(item.source) > 3
        assert item.date.year >= 2016
        assert item.unit
    keys = {item.key for item in insurer_verdict.inputs}
    assert {"money.discount_rate", "money.pue", "operations.headroom", "usd_per_unit"} <= keys


def test_what_the_client_left_out_is_shown_as_the_kits(insurer_verdict):
    """A default is in the list of inputs with its own basis, not as if the client had said it."""
    by_key = {item.key: item for item in insurer_verdict.inputs}
    assert by_key["money.staff_fte_own"].basis is Basis.ASSUMED
    assert by_key["money.discount_rate"].basis is Basis.QUOTED


def test_pools_carry_what_is_placed_on_them(insurer_verdict):
    """No pool is used above its planned capacity, and replicas are whole with their spare."""
    for pool in insurer_verdict.pools:
        assert 0 < pool.utilisation <= pool.peak_utilisation <= 1 + 1e-6
        assert pool.replicas > pool.spare
        assert pool.accelerators % pool.replicas == 0


def test_the_week_is_the_demand(insurer, insurer_verdict):
    """Tokens at own, rented and API add up to the demand of the week, and local work stays under the capacity line."""
    week = insurer_verdict.week
    total = sum(week.own) + sum(week.rented) + sum(week.api)
    assert total == pytest.approx(sum(item.tokens_per_day for item in insurer.demand.workloads) * 7 / 1e6, rel=1e-6)
    assert all(own <= room * (1 + 1e-6) for own, room in zip(week.own, week.capacity, strict=True))


def test_the_same_records_give_the_same_verdict(insurer, insurer_verdict):
    """Deciding twice gives the same bytes."""
    assert decide_audit(insurer).to_json() == insurer_verdict.to_json()


def test_published_capacity_is_warned_about(insurer_verdict):
    """A verdict that buys on published speeds says that they were not measured on the client's machines."""
    assert any("published, not measured" in warning for warning in insurer_verdict.warnings)


def test_trouble_with_measuring_is_the_first_warning(insurer):
    """What went wrong before the decision stands before all other warnings."""
    verdict = decide_audit(replace(insurer, trouble="This machine could not be measured: it was busy"))
    assert verdict.warnings[0] == "This machine could not be measured: it was busy"
