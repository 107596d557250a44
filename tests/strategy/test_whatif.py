"""The plan under other rules: alternatives, shadow prices, what a budget carries, and why there may be no plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kit.engagement.record import Engagement, Limits, Place
from kit.errors import PlanError
from kit.strategy.choice import Solved, solve_kind
from kit.strategy.clash import explain_clash
from kit.strategy.decide import decide, prepare
from kit.strategy.plan import solve
from kit.strategy.problem import Caps
from kit.strategy.verdict import StrategyKind
from kit.strategy.whatif import affordable, alternatives, kind_of, lifted, sent, shadow_prices, within


@pytest.fixture(scope="module")
def choice(insurer):
    """The insurer's options."""
    return prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)


@pytest.fixture(scope="module")
def best(choice) -> Solved:
    """The insurer's hybrid."""
    return solve_kind(choice, StrategyKind.HYBRID)


def limited(insurer, **limits) -> Engagement:
    """The insurer's engagement with limits on the whole."""
    return insurer.engagement.model_copy(update={"limits": Limits.model_validate(limits, context=SAID)})


SAID = {"source": "the test", "date": "2026-11-22"}


def test_alternatives_differ_in_where_some_workload_goes(choice, best):
    """Each is another pattern of places, none is cheaper than the first, and the first is the hybrid."""
    found = alternatives(choice, best.plan)
    assert found[0].label == "The hybrid"
    assert found[0].npv == pytest.approx(best.plan.cost, rel=1e-3)
    assert len({one.label for one in found}) == len(found) >= 2
    assert all(later.npv >= earlier.npv for earlier, later in pairwise(found))


def test_where_places_do_not_differ_other_machines_are_an_alternative(choice):
    """With own machines or nothing the other way is another kind of machine, and dearer."""
    only = replace(choice, problem=within(choice, [Place.OWN]))
    best = solve_kind(only, StrategyKind.HYBRID)
    first, other = alternatives(only, best.plan)
    assert (first.label, other.label) == ("The hybrid", "Other machines")
    assert not {pool.split(" × ", 1)[1] for pool in first.pools} & {p.split(" × ", 1)[1] for p in other.pools}
    assert other.extra == pytest.approx(other.npv - first.npv)
    assert other.extra > 0


def test_a_workload_that_is_sent_somewhere_goes_there(choice, best):
    """Chat in the cloud serves all of it at APIs and costs no less than the hybrid."""
    chat = [workload.name for workload in choice.workloads].index("Customer chat")
    plan = solve(sent(choice, chat, Place.API), start=best.plan, seconds=0.0)
    assert plan.flow_pool[:, chat].sum() == 0
    assert kind_of(choice, plan)[chat] is Place.API
    assert plan.cost >= best.plan.cost * (1 - 1e-3)


def test_a_lifted_gate_opens_only_what_it_alone_had_struck(choice):
    """Lifting the gate on data lets the claims out; an option with a second strike stays shut."""
    claims = [workload.name for workload in choice.workloads].index("Claims summaries")
    problem = lifted(choice, claims, "data")
    assert problem is not None
    opened = ~np.isnan(problem.api_price[0, claims])
    assert opened.any()
    for a in np.flatnonzero(opened):
        assert {strike.gate for strike in choice.api_strikes[claims][a]} == {"data"}
    others = [w for w in range(len(choice.workloads)) if w != claims]
    np.testing.assert_array_equal(problem.api_price[:, others], choice.problem.api_price[:, others])
    assert lifted(choice, claims, "modality") is None


def test_what_in_house_processing_costs_is_the_difference_of_two_plans(choice, best):
    """The price of the rule on health data is what the plan without it saves, and says who could lift it."""
    claims = [workload.name for workload in choice.workloads].index("Claims summaries")
    found = next(one for one in shadow_prices(choice, best) if (one.rule, one.workload) == ("data", "Claims summaries"))
    without = solve(lifted(choice, claims, "data"), seconds=10.0)
    assert found.saving_per_year == pytest.approx(12 * (best.plan.cost - without.cost) / choice.months, rel=0.02)
    assert found.lift
    assert found.goes_to in found.sentence


def test_a_budget_carries_no_more_than_it_pays(choice, best):
    """At the largest load the plan costs at most the budget, and at a little more it costs more."""
    budget = best.plan.cost * 1.2
    richer = replace(choice, problem=replace(choice.problem, caps=Caps(cost=budget)))
    found = affordable(richer, best, [best])
    assert found.meaning == "the client's budget"
    assert found.budget_per_month == pytest.approx(budget / choice.months)

    def cost(factor: float) -> float:
        return solve(replace(choice.problem, requests=choice.problem.requests * factor), seconds=5.0).cost

    assert found.factor > 1
    assert cost(found.factor) <= budget * (1 + 1e-3)
    assert cost(found.factor * 1.05) > budget


def test_limits_that_clash_are_named_with_what_would_help(insurer):
    """A budget below any plan's cost is no plan: the answer says so and at which budget there is one."""
    engagement = limited(insurer, cost_per_month=5000)
    with pytest.raises(PlanError) as caught:
        decide(engagement, insurer.demand, insurer.profiles, insurer.prices)
    text = str(caught.value)
    assert "limits: cost_per_month" in text
    assert "The least that would help" in text
    enough = solve_kind(
        prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices), StrategyKind.HYBRID
    )
    months = enough.problem.months.sum()
    said = float(text.rpartition("€")[2].partition(" ")[0].replace(",", ""))
    assert said == pytest.approx(enough.plan.cost / months, rel=0.03)


def test_two_limits_that_clash_only_together_are_both_offered(choice):
    """With too little to buy and too little to spend at one provider, loosening either makes a plan."""
    problem = replace(choice.problem, caps=Caps(capex=1.0))
    text = explain_clash(problem, currency="EUR", months=choice.months)
    assert "limits: capex" in text
    assert "cannot" in text


def test_what_limits_allow_they_keep(insurer):
    """A limit on CO2 that can be kept is kept, and costs something or nothing, never saves."""
    free = prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)
    base = solve_kind(free, StrategyKind.HYBRID)
    tight = prepare(limited(insurer, co2_tonnes_per_year=26), insurer.demand, insurer.profiles, insurer.prices)
    plan = solve_kind(tight, StrategyKind.HYBRID).plan
    problem = tight.problem
    for y in range(len(problem.months)):
        machines = plan.running[y].mean(axis=1) @ problem.pool_co2
        calls = (plan.flow_api[y].sum(axis=2) * problem.api_co2).sum() * 365.25 / 7
        assert machines + calls <= 26 * (1 + 1e-6)
    assert plan.cost >= base.plan.cost * (1 - 1e-3)
