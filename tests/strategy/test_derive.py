"""Every formula gives its figure, and every term is the input or the figure to which it points."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from kit.report.audit import open_audit
from kit.strategy.cash import cash_by_year, monthly_cash
from kit.strategy.choice import LABELS, Choice, Solved, solve_kind
from kit.strategy.decide import prepare
from kit.strategy.derive import derive, pool_keys
from kit.strategy.formula import evaluate, names
from kit.strategy.inputs import inputs
from kit.strategy.placing import cloud_per_month, pools_of
from kit.strategy.plans import purchases_by_phase
from kit.strategy.returns import payback_months
from kit.strategy.verdict import Placement, Strategy, StrategyKind
from tests.conftest import SMALL

UNTRACED = "cannot be retraced"


def check(derivations, entered) -> None:
    """Assert the invariants of a list of derivations."""
    known = {item.key: item.value for item in entered}
    assert len({row.key for row in derivations}) == len(derivations)
    assert not {row.key for row in derivations} & set(known)
    for row in derivations:
        assert {term.symbol for term in row.terms} == set(names(row.formula)), row
        found = evaluate(row.formula, {term.symbol: term.value for term in row.terms})
        assert math.isclose(found, row.value, rel_tol=1e-6, abs_tol=1e-9), row
        for term in row.terms:
            if term.of:
                assert math.isclose(known[term.of], term.value, rel_tol=1e-9), (row.key, term)
        known[row.key] = row.value


def leaves(derivations, key: str) -> set[str]:
    """Return the keys of the inputs at which the tree of a figure ends."""
    rows, found, todo = {row.key: row for row in derivations}, set(), [key]
    while todo:
        for term in rows[todo.pop()].terms:
            if term.of in rows:
                todo.append(term.of)
            elif term.of:
                found.add(term.of)
    return found


def test_the_figures_of_the_verdict_are_retraced(insurer_verdict):
    """In the insurer's verdict every formula gives its figure, no figure is left untraced, and values are its own."""
    verdict = insurer_verdict
    check(verdict.derivations, verdict.inputs)
    assert not [row for row in verdict.derivations if UNTRACED in row.note]
    rows, first = {row.key: row.value for row in verdict.derivations}, verdict.strategies[0]
    assert rows["saving_npv"] == pytest.approx(verdict.saving_npv)
    for name in ("cost_per_month", "npv", "capex", "payback_months"):
        assert rows[f"strategies.{first.kind}.{name}"] == getattr(first, name)
    for other in verdict.strategies:
        assert rows[f"strategies.{other.kind}.cost_per_month"] == other.cost_per_month
    for placement in verdict.placements:
        for name in ("million_tokens_per_day", "cost_per_month", "cost_if_cloud_per_month"):
            if (value := getattr(placement, name)) is not None:
                assert rows[f"placements.{placement.workload}.{name}"] == value
    for key, pool in zip(pool_keys(verdict.pools), verdict.pools, strict=True):
        for name in ("capex", "cost_per_month", "utilisation", "peak_utilisation", "cost_per_mtok"):
            assert rows[f"{key}.{name}"] == getattr(pool, name)


def test_a_tree_ends_at_the_inputs(insurer_verdict):
    """The cost of the plan goes back to what the client stated, to defaults, list prices and power."""
    ends = leaves(insurer_verdict.derivations, f"strategies.{insurer_verdict.strategies[0].kind}.cost_per_month")
    assert {
        "money.pue",
        "money.discount_rate",
        "money.staff_fte_own",
        "prices.H100 SXM.own",
        "prices.openai.gpt-4.1-mini.input",
        "workloads.Research agent.cached_share",
        "usd_per_unit",
    } <= ends


def test_what_is_paid_by_batch_is_an_input(insurer_verdict):
    """Work that can wait pays the batch prices, and these are among the inputs under a name of their own."""
    ends = leaves(insurer_verdict.derivations, "placements.Nightly extraction.cost_if_cloud_per_month")
    assert "prices.openai.gpt-5-mini.input, by batch" in ends


BUSY = SMALL.replace("requests_per_day: 1000", "requests_per_day: 400000").replace(
    "    data_class: internal\n", "    data_class: internal\n    growth_per_year: 0.9\n"
)
RENTED = "  - {accelerator: H100 SXM, tenure: rented, provider: hyperstack, regions: [EU]}\n"
TRENDS = (
    "money: {horizon_years: 4, api_price_change_per_year: -0.1, rent_change_per_year: 0.05,"
    " purchase_price_change_per_year: -0.2, network_cost_per_month: 300}\n"
)
WAITS = "    deferrable: true\n    today: {provider: openai, model: gpt-5-nano, cost_per_month: 90}\n"
CASES = {
    "small": SMALL,
    "trends": BUSY + RENTED + TRENDS,
    "no interest": BUSY + RENTED + "money: {discount_rate: 0}\n",
    "odd phases": BUSY + RENTED + "money: {horizon_years: 2.6, rent_change_per_year: -0.1}\n",
    "reserved": BUSY
    + RENTED.replace("}", ", price_per_accelerator_hour: 2, commitment: reserved, term_years: 1}")
    + TRENDS,
    "spot": BUSY.replace("    data_class", WAITS + "    data_class")
    + RENTED.replace("}", ", price_per_accelerator_hour: 0.8, commitment: spot}"),
    "long prompts": SMALL.replace("prompt_tokens: 500", "prompt_tokens: 250000").replace(
        "openai, model: gpt-5-mini", "google, model: gemini-2.5-pro"
    ),
    "stated": BUSY.replace("}\ngpu", "}\noperations: {headroom: 0.5, spare_replicas: 1}\ngpu")
    .replace("    data_class", "    cached_share: 0.333\n    data_class")
    .replace("prompt_tokens: 500", "prompt_tokens: 500.4"),
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_the_formulas_hold_whatever_is_stated(engagement_file, tmp_path, text):
    """Trends, growth, a rate of zero, machines by the hour, reserved or spot, today's bill: the formulas still hold."""
    engagement_file.write_text(text, encoding="utf-8")
    audit = open_audit(engagement_file, out=tmp_path / "out")
    choice = prepare(audit.engagement, audit.demand, audit.profiles, audit.prices)
    kinds = [StrategyKind.CLOUD, StrategyKind.HYBRID, StrategyKind.RENTED, StrategyKind.OWN]
    plans = [solve_kind(choice, kind) for kind in [*kinds, *([StrategyKind.TODAY] if "today" in text else [])]]
    for plan in plans:
        rows = retraced(choice, plan, plans, audit.prices)
        check(rows, inputs(choice, audit.prices))
        # Only where a plan is paid back within a year in which its cash changes is there no line for it.
        assert {row.key.rsplit(".", 1)[-1] for row in rows if UNTRACED in row.note} <= {"payback_months"}


def retraced(choice: Choice, plan: Solved, plans: list[Solved], prices):
    """Return the derivations of a plan with the rows that the verdict would have."""
    best = sorted(plans, key=lambda other: other is not plan)
    placements = [
        Placement.model_construct(
            workload=workload.name,
            million_tokens_per_day=choice.demand.workloads[w].tokens_per_day / 1e6,
            cost_per_month=plan.plan.cost / choice.months,
            cost_if_cloud_per_month=cloud_per_month(choice, plan.problem.requests, w),
        )
        for w, workload in enumerate(choice.workloads)
    ]
    return derive(
        choice,
        plan,
        prices=prices,
        placements=placements,
        pools=pools_of(choice, plan),
        strategies=[strategy(choice, other, plans[0]) for other in best],
        against=best[1].kind if len(best) > 1 else None,
    )


def strategy(choice: Choice, plan: Solved, base: Solved) -> Strategy:
    """Return the part of a strategy's row that is retraced."""
    return Strategy.model_construct(
        kind=plan.kind,
        label=LABELS[plan.kind],
        cost_per_month=plan.plan.cost / choice.months,
        npv=plan.plan.cost,
        capex=float(purchases_by_phase(plan)[0]),
        payback_months=payback_months(monthly_cash(choice, plan), monthly_cash(choice, base)),
        cash=cash_by_year(choice, plan),
    )


def test_pools_of_one_label_have_keys_of_their_own():
    """Two profiles of one model on one accelerator are told apart."""
    pools = [SimpleNamespace(label="8B on own L40S", profile=name, concurrency=None) for name in ("a", "b")]
    assert len(set(pool_keys(pools))) == 2
    assert pool_keys(pools[:1]) == ["pools.8B on own L40S"]
