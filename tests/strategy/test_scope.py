"""What the client asks and what it pays today: by hand, and against the plan that goes on as today."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kit.engagement.record import Place, Region, Regulation, Rule, Today
from kit.strategy.board import Case
from kit.strategy.board.scope import bills, requirements
from kit.strategy.verdict import StrategyKind
from tests.strategy.insured import insurer_case, said

DAYS = 365.25 / 12


@pytest.fixture
def case(insurer, insurer_verdict) -> Case:
    return insurer_case(insurer, insurer_verdict)


def test_the_requirements_are_the_engagements_in_its_order(case):
    """Names and words as the client gave them; what it did not say is missing, not nought."""
    rows = requirements(case)
    assert [row.workload for row in rows] == [workload.name for workload in case.choice.workloads]
    claims, chat, _, nightly, research = rows
    assert claims.description == "Medical and accident files condensed for the claims handler."
    assert (claims.requests_per_day, claims.prompt_tokens, claims.output_tokens) == (8000, 2600, 350)
    assert claims.regulations == (Regulation.DORA, Regulation.EU_AI_ACT, Regulation.GDPR)
    assert (claims.regions, claims.users, claims.context_tokens) == ((Region.EU,), Region.EU, 16000)
    assert (claims.benchmark, claims.at_least) == ("GPQA Diamond", 45)
    assert (claims.cached_share, claims.ttft_p95_s, claims.availability, claims.needed_by) == (None, None, None, None)
    assert (chat.cached_share, chat.ttft_p95_s, chat.tpot_p95_s) == (pytest.approx(0.4), 1.5, None)
    assert (research.cached_share, nightly.deferrable, chat.deferrable) == (pytest.approx(0.6), True, False)


def test_the_figures_of_the_requirements_are_the_plans(case):
    """8,000 × 2,950 tokens are 23.6 million a day; growth is 30 % for the chat alone; all volumes are the plan's."""
    rows = {row.workload: row for row in requirements(case)}
    assert rows["Claims summaries"].million_tokens_per_day == pytest.approx(23.6)
    assert {name: row.growth_per_year for name, row in rows.items() if row.growth_per_year} == {"Customer chat": 0.3}
    placed = {row.workload: row.million_tokens_per_day for row in case.verdict.placements}
    assert {name: row.million_tokens_per_day for name, row in rows.items()} == placed
    assert sum(placed.values()) == pytest.approx(case.verdict.break_even.today)


def test_the_peak_of_the_chat_is_that_of_its_shape(case):
    """The client's evening peak is 100 of a weekly sum of 5 × 1,063 + 2 × 990: 168 × 100 ÷ 7,031 of the mean."""
    chat = case.choice.demand.workloads[1].requests_per_hour
    weekday = [8, 5, 3, 2, 2, 3, 8, 20, 40, 55, 60, 62, 66, 60, 56, 55, 58, 68, 84, 100, 96, 70, 38, 18]
    weekend = [10, 7, 4, 3, 2, 3, 6, 12, 24, 38, 48, 54, 56, 54, 52, 52, 56, 66, 80, 92, 86, 62, 36, 20]
    expected = 100 * 168 / (5 * sum(weekday) + 2 * sum(weekend))
    assert requirements(case)[1].peak_to_mean == pytest.approx(expected)
    assert max(chat) / (sum(chat) / 168) == pytest.approx(expected)


def test_a_bill_by_hand(case):
    """110,000 × 30.4375 requests of 1,100 + 220 tokens at 0.40 and 1.60 a million, USD 1.15 to the euro.

    With the cache 440 tokens of the prompt cost 0.10 a million instead.
    """
    chat = bills(case)[0]
    assert (chat.workload, chat.label, chat.cached, chat.batch) == (
        "Customer chat",
        "gpt-4.1-mini (openai)",
        False,
        False,
    )
    month = 110_000 * DAYS / 1e6 / 1.15
    assert chat.cost_per_month == pytest.approx(month * (1100 * 0.4 + 220 * 1.6))
    assert chat.better == "gpt-4.1-mini (openai)"
    assert chat.better_per_month == pytest.approx(month * (660 * 0.4 + 440 * 0.1 + 220 * 1.6))
    assert chat.stated_per_month is None


def test_the_bills_are_what_the_plan_of_today_pays_in_its_first_year(case):
    """Only what something serves today has a bill; together they are the APIs of the plan that goes on as today."""
    rows = bills(case)
    assert [row.workload for row in rows] == ["Customer chat", "Code assistant", "Nightly extraction", "Research agent"]
    today = next(row for row in case.verdict.strategies if row.kind is StrategyKind.TODAY)
    assert 12 * sum(row.cost_per_month for row in rows) == pytest.approx(today.cash[1].api)


def test_a_better_use_that_costs_more_says_which_gate_todays_misses(case):
    """No latency of gpt-5-mini is known, so the code assistant may not stay there, although it costs less."""
    for row in bills(case):
        if row.better_per_month > row.cost_per_month:
            assert row.misses
            assert not row.breaks
    code = next(row for row in bills(case) if row.workload == "Code assistant")
    assert "TTFT" in code.misses[0]


def test_a_stated_bill_stands_beside_the_list_price(case):
    """What the client says that it pays does not change what the list says."""
    before, stated = bills(case)[0], case.choice.workloads[1].requests_per_day.model_copy(update={"value": 900.0})
    today = Today(provider="openai", model="gpt-4.1-mini", cost_per_month=stated)
    after = bills(said(case, "Customer chat", today=today))[0]
    assert (after.stated_per_month, after.cost_per_month) == (900.0, before.cost_per_month)


def test_the_cache_lowers_the_bill_of_whoever_uses_it(case):
    """Today with the cache is the better use itself."""
    today = Today(provider="openai", model="gpt-4.1-mini", cached=True)
    chat = bills(said(case, "Customer chat", today=today))[0]
    assert chat.cost_per_month == pytest.approx(chat.better_per_month)


def test_a_model_that_no_list_has_costs_what_nobody_knows(case):
    """Neither nought nor the bill of another model."""
    chat = bills(said(case, "Customer chat", today=Today(provider="openai", model="of our own")))[0]
    assert chat.cost_per_month is None
    assert chat.label == "of our own (openai)"


def test_rules_that_are_broken_today_are_named(case):
    """Health data at an API break the rule of their class; no bill is left where nothing serves the work today."""
    row = bills(said(case, "Claims summaries", today=Today(provider="openai", model="gpt-4.1-mini")))[0]
    assert row.workload == "Claims summaries"
    assert any("Health data stay in the house" in rule for rule in row.breaks)
    assert (row.better, row.better_per_month) == ("", None)
    elsewhere = bills(said(case, "Customer chat", today=Today(provider="deepseek", model="deepseek-chat")))[0]
    assert any("must be processed in EU" in rule for rule in elsewhere.breaks)
    assert len(bills(said(case, "Customer chat", today=None))) == 3


def test_the_clients_own_rule_for_a_class_of_data_is_told(case):
    """A rule that keeps health data on own machines is the requirement's; without one there is none to tell."""
    assert [row.may_go_to for row in requirements(case)] == [()] * len(case.choice.workloads)
    rule = Rule(data_class=case.choice.workloads[0].data_class, may_go_to=(Place.OWN,))
    ruled = case.choice.engagement.model_copy(update={"rules": (rule,)})
    first, *others = requirements(replace(case, choice=replace(case.choice, engagement=ruled)))
    assert first.may_go_to == (Place.OWN,)
    assert others[0].may_go_to == ()
