"""Specification of looking at a scenario at once: near what a decision says, and right once it is settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.errors import PlanError
from kit.report.audit import Audit, open_audit
from kit.strategy import plan as searching
from kit.strategy.choice import solve_kind
from kit.strategy.decide import prepare
from kit.strategy.exploring import Explorer
from kit.strategy.scenario import Base, Scenario, applied
from kit.strategy.verdict import StrategyKind, Verdict


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is near does not depend on how busy the machine is."""
    monkeypatch.setattr(searching, "GLANCE", 5.0)


def explorer(audit: Audit) -> Explorer:
    return Explorer(Base(audit.engagement, audit.demand, audit.prices), audit.profiles)


@pytest.fixture(scope="module")
def seen(insurer: Audit) -> Explorer:
    found = explorer(insurer)
    found.look(Scenario())
    return found


def decided(audit: Audit, scenario: Scenario) -> float:
    """Return what the best plan of a scenario costs by the proven search, without anything kept from before."""
    records = applied(scenario, Base(audit.engagement, audit.demand, audit.prices))
    choice = prepare(records.engagement, records.demand, audit.profiles, records.prices)
    return solve_kind(choice, StrategyKind.HYBRID).plan.cost


def test_unchanged_it_says_what_the_verdict_says(insurer: Audit, insurer_verdict: Verdict) -> None:
    look = explorer(insurer).look(Scenario())
    assert look.sentence == insurer_verdict.sentence
    assert look.money_sentence == insurer_verdict.money_sentence
    assert [going.goes_to for going in look.goings] == [row.goes_to for row in insurer_verdict.placements]
    assert look.plans[0].npv == pytest.approx(insurer_verdict.strategies[0].npv, rel=1e-3)


def test_settled_it_is_as_sure_as_the_verdict(insurer: Audit, insurer_verdict: Verdict) -> None:
    look = explorer(insurer).settle(Scenario())
    assert look.certainty is insurer_verdict.certainty
    assert look.certainty_sentence == insurer_verdict.certainty_sentence


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(volume=1.5),
        Scenario(volume=0.3),
        Scenario(api_prices=0.5),
        Scenario(gpu_prices=1.5),
        Scenario(growth=0.5),
        Scenario(staff=2.0),
        Scenario(utilisation=0.5),
    ],
    ids=str,
)
def test_at_once_it_is_near_the_proven_plan(scenario: Scenario, seen: Explorer, insurer: Audit) -> None:
    """A plan is never better than the proven one by more than its gap; at once it is at most 2 % dearer.

    Where the volume changes, the simulated capacity of a replica is that of the volume before, so it may be off by a
    little to both sides until it is settled.
    """
    best = decided(insurer, scenario)
    assert seen.look(scenario).plans[0].npv == pytest.approx(best, rel=0.02)
    assert seen.settle(scenario).plans[0].npv == pytest.approx(best, rel=2e-3)


def test_the_cost_against_volume_passes_through_the_plan(seen: Explorer) -> None:
    """At the volume asked the line of a plan has the plan's cost, between the two volumes beside it."""
    look = seen.look(Scenario(volume=1.4))
    for plan in look.plans:
        below = max(cost for v, cost in zip(look.volumes, plan.by_volume, strict=True) if v <= look.volume)
        above = min(cost for v, cost in zip(look.volumes, plan.by_volume, strict=True) if v >= look.volume)
        assert below * 0.995 <= plan.cost_per_month <= above * 1.005


def test_without_rules_everything_may_go_to_the_cloud(seen: Explorer) -> None:
    look = seen.look(Scenario(left_out=frozenset({"data", "region", "regulation", "quality"})))
    cloud = next(plan for plan in look.plans if plan.kind is StrategyKind.CLOUD)
    assert not cloud.exceptions
    assert look.plans[0].npv <= cloud.npv


def test_a_rule_that_is_back_holds_for_every_plan(insurer: Audit) -> None:
    """After the data's rule was left out and is back, no plan is cheaper than it was before."""
    found = explorer(insurer)
    before = {plan.kind: plan.npv for plan in found.look(Scenario()).plans}
    found.look(Scenario(left_out=frozenset({"data", "region", "regulation", "quality"})))
    after = {plan.kind: plan.npv for plan in found.look(Scenario()).plans}
    assert after == pytest.approx(before, rel=0.02)


def test_settling_ends_when_it_is_told_to(seen: Explorer) -> None:
    class OvertakenError(Exception):
        pass

    steps = []

    def step() -> None:
        steps.append(1)
        if len(steps) == 3:
            raise OvertakenError

    with pytest.raises(OvertakenError):
        seen.settle(Scenario(volume=1.1), on_step=step)
    assert len(steps) == 3


def test_no_plan_is_an_error_that_says_why(insurer: Audit) -> None:
    """At a thousand times the volume the health data's own machines do not suffice."""
    found = explorer(insurer)
    with pytest.raises(PlanError, match="no plan"):
        found.look(Scenario(volume=1000.0))
    assert found.look(Scenario()).sentence


def test_one_plan_within_the_rules_has_nothing_to_compare(tmp_path: Path) -> None:
    look = explorer(open_audit("hospital", out=tmp_path)).look(Scenario())
    assert [plan.kind for plan in look.plans] == [StrategyKind.HYBRID]
    assert "nothing goes to the cloud" in look.sentence
