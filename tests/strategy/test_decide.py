"""The verdict of the example, and what must hold whatever the prices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engagement.record import Place
from kit.record import Basis
from kit.report.audit import decide_audit
from kit.strategy.choice import choose, solve_kind
from kit.strategy.options import apis, pools
from kit.strategy.terms import resolve
from kit.strategy.verdict import StrategyKind

FACTORS = st.floats(0, 100)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(api=FACTORS, rent=st.floats(0.01, 100), purchase=st.floats(0.01, 100), kind=st.sampled_from(StrategyKind))
def test_claims_summaries_never_go_to_a_cloud_api(insurer, api, rent, purchase, kind):
    """Whatever APIs, rents and purchases cost, free APIs included, health data stay on own machines in every plan."""
    prices = insurer.prices.model_copy(
        update={
            "requests": tuple(_scaled(item, "usd_per_request", api) for item in insurer.prices.requests),
            "rentals": tuple(_scaled(item, "usd_per_gpu_hour", rent) for item in insurer.prices.rentals),
            "purchases": tuple(_scaled(item, "usd_per_accelerator", purchase) for item in insurer.prices.purchases),
        }
    )
    said, terms = insurer.engagement, resolve(insurer.engagement)
    options = pools(said, insurer.profiles, prices, terms)
    choice = choose(said, insurer.demand, terms, apis(said, prices), options)
    plan = solve_kind(choice, kind).plan
    claims = [workload.name for workload in choice.workloads].index("Claims summaries")
    assert plan.flow_api[claims].sum() == 0
    for p, pool in enumerate(choice.pools):
        if pool.place is not Place.OWN:
            assert plan.flow_pool[claims, p].sum() == 0
    assert plan.flow_pool[claims].sum() == pytest.approx(choice.problem.requests[claims].sum())


def _scaled(item, field: str, factor: float):
    figure = getattr(item, field)
    return item.model_copy(update={field: figure.model_copy(update={"value": figure.value * factor})})


def test_the_insurers_answer_is_a_hybrid(insurer_verdict):
    """The seed question: neither all cloud nor all own; claims stay in, the research agent goes out, chat does both."""
    main = {placement.workload: placement.places[0] for placement in insurer_verdict.placements}
    assert main["Claims summaries"] is Place.OWN
    assert main["Research agent"] is Place.API
    overflowing = [placement for placement in insurer_verdict.placements if len(placement.places) > 1]
    assert [placement.workload for placement in overflowing] == ["Customer chat"]


def test_the_hybrid_costs_least_and_the_parts_add_up(insurer_verdict):
    """No other plan is cheaper, and what the workloads pay adds up to the plan."""
    hybrid, *others = insurer_verdict.strategies
    assert hybrid.kind is StrategyKind.HYBRID
    assert all(hybrid.npv <= other.npv * (1 + 1e-3) for other in others)
    parts = sum(placement.cost_per_month for placement in insurer_verdict.placements)
    assert parts == pytest.approx(hybrid.cost_per_month, rel=1e-3)
    for placement in insurer_verdict.placements:
        assert sum(placement.shares) == pytest.approx(1)


def test_npv_is_the_discounted_cash(insurer_verdict):
    """The NPV lies between the cash discounted at the start and at the end of each year."""
    for strategy in insurer_verdict.strategies:
        rate = 1 + insurer_verdict.discount_rate
        run = [
            row.energy_and_space + row.maintenance + row.staff + row.rent + row.api for row in strategy.cash if row.year
        ]
        residual = strategy.cash[-1].residual / rate**insurer_verdict.horizon_years
        early = strategy.capex + residual + sum(cash / rate**year for year, cash in enumerate(run))
        late = strategy.capex + residual + sum(cash / rate ** (year + 1) for year, cash in enumerate(run))
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
