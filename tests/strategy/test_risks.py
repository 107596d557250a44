"""The risk register: its rules at their edges, each line with its cause, and gone when the cause is taken away."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import Place, Today
from kit.pricing.dispute import Dispute
from kit.record import Basis, Figure
from kit.strategy.board import Case
from kit.strategy.board.likelihood import by_downtime, by_reach, by_share
from kit.strategy.board.risks import risks
from kit.strategy.dossier import Risk
from kit.strategy.problem import Caps
from kit.strategy.reasons import how_far
from tests.strategy.cases import CHAT, case_of, decided, engagement, told
from tests.strategy.insured import insurer_case, profiled, said

DAYS = 365.25 / 12
RANK = {"high": 0, "medium": 1, "low": 2}
AFTER = dt.date(2026, 11, 22)


@pytest.fixture
def case(insurer, insurer_verdict) -> Case:
    return insurer_case(insurer, insurer_verdict)


@pytest.fixture(scope="module")
def rented(tmp_path_factory) -> Case:
    """Work for rented machines and for nothing else."""
    offer = {"accelerator": "H100 SXM", "tenure": "rented", "provider": "hyperstack"}
    work = {**CHAT, "requests_per_day": 8_000_000}
    said = engagement(work, api_offers=None, gpu_offers=[offer], skills=["rented"])
    return case_of(said, tmp_path_factory.mktemp("rented"))


def named(case: Case, start: str) -> list[Risk]:
    return [risk for risk in risks(case) if risk.key.startswith(start)]


def bursty(case: Case) -> Case:
    """Return the case with logs that say how bursty every workload is."""
    known = Figure(value=1.0, basis=Basis.MEASURED, source="logs", date=AFTER)
    items = tuple(item.model_copy(update={"burstiness": known}) for item in case.choice.demand.workloads)
    return replace(case, choice=replace(case.choice, demand=case.choice.demand.model_copy(update={"workloads": items})))


def skilled(case: Case) -> Case:
    say = case.choice.engagement.model_copy(update={"skills": (Place.OWN, Place.API)})
    return replace(case, choice=replace(case.choice, engagement=say))


def fresh(case: Case) -> Case:
    return decided(case, inputs=tuple(item.model_copy(update={"date": AFTER}) for item in case.verdict.inputs))


def steady(case: Case) -> Case:
    return decided(case, drivers=tuple(d.model_copy(update={"switches_at": None}) for d in case.verdict.drivers))


def certain(case: Case) -> Case:
    best, *others = case.verdict.strategies
    return decided(case, strategies=(best.model_copy(update={"p_cheapest": 1.0}), *others))


def opened(case: Case) -> Case:
    """Return the case in which an API is permitted for the claims."""
    price = case.choice.problem.api_price.copy()
    price[:, 0, 0] = 0.001
    return replace(case, choice=replace(case.choice, problem=replace(case.choice.problem, api_price=price)))


def without_apis(case: Case) -> Case:
    plan = case.best.plan
    plan = replace(plan, flow_api=np.zeros_like(plan.flow_api))
    return replace(case, solved=(replace(case.best, plan=plan), *case.solved[1:]))


@pytest.mark.parametrize(
    ("key", "cause_away"),
    [
        ("bursts", bursty),
        ("skills", skilled),
        ("unmeasured", lambda case: profiled(case, basis=Basis.MEASURED)),
        ("old price", fresh),
        ("turns", steady),
        ("regret", certain),
        ("nowhere else", opened),
        ("withdrawn models", without_apis),
    ],
)
def test_without_its_cause_a_risk_is_gone(case, key, cause_away):
    """The example has it; the example without its cause has not, and has all the others."""
    assert named(case, key)
    after = cause_away(case)
    assert not named(after, key)
    others = {risk.key for risk in risks(case) if not risk.key.startswith(key)}
    assert others <= {risk.key for risk in risks(after)}


@pytest.mark.parametrize(
    "key", ["rules", "disputed", "budget", "one supplier", "no spare", "late", "growth beyond the offers"]
)
def test_what_has_no_cause_in_the_example_is_not_in_its_register(case, key):
    """Nothing is broken, disputed, capped, unspared or dated in the example."""
    assert not named(case, key)


def test_the_register_is_sorted_and_complete(case):
    """The likeliest first, then the dearest, costs that nobody knows last; every field is filled."""
    rows = risks(case)
    order = [(RANK[row.likelihood], row.cost is None, -(row.cost or 0)) for row in rows]
    assert order == sorted(order)
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row.owner in ("client", "consultant", "supplier")
        assert row.risk
        assert row.why
        assert row.response
        assert row.trigger
        assert row.cost is None or row.cost >= 0


def test_the_rules_at_their_edges():
    """Within the range high, within twice medium; a third high, a tenth medium; 1 % of the time high, 0.1 % medium."""
    assert [by_reach(x)[0] for x in (0.5, 1.0, 1.01, 2.0, 2.01)] == ["high", "high", "medium", "medium", "low"]
    assert [by_share(x)[0] for x in (0.5, 1 / 3, 0.33, 0.1, 0.09)] == ["high", "high", "medium", "medium", "low"]
    assert [by_downtime(x)[0] for x in (1 - 0.99, 0.009, 1 - 0.999, 0.0009)] == ["high", "medium", "medium", "low"]


def test_an_input_that_turns_the_verdict_costs_what_is_lost_at_its_edge(case):
    """The nearest first, none further than four times its range; beyond it nothing is lost within it."""
    found = named(case, "turns")
    near = sorted((d for d in case.verdict.drivers if how_far(d) <= 4), key=how_far)
    assert [row.trigger for row in sorted(found, key=lambda row: row.key)] == sorted(d.name for d in near[:3])
    assert all(row.cost is None for row in found)
    closer = [
        d.model_copy(update={"switches_at": 1.2, "saving_high": -700.0}) if d is near[0] else d
        for d in case.verdict.drivers
    ]
    first = named(decided(case, drivers=tuple(closer)), "turns")[0]
    assert (first.likelihood, first.cost) == ("high", 700.0)
    assert first.key == "turns.purchase"


def test_the_price_of_a_card_is_half_a_year_old(case):
    """181 days on 22 November 2026: medium; a quarter of the 124,348 that are bought by it."""
    (row,) = named(case, "old price")
    assert (row.key, row.likelihood) == ("old price.prices.H100 SXM.own", "medium")
    assert row.cost == pytest.approx(0.25 * 27_500 / 1.15 * 1.3 * 4)


def test_a_dearer_second_list_costs_what_it_adds(case):
    """0.05 more a million for 900 × 9,600 uncached tokens a day of the research agent; a cheaper one adds nothing."""
    dispute = Dispute(
        provider="openai",
        model="gpt-5-mini",
        price="usd_per_mtok_input",
        ours=0.25,
        theirs=0.3,
        listed_as="gpt-5-mini",
        source="another list",
        date=AFTER,
    )
    doubted = replace(case, prices=case.prices.model_copy(update={"disputes": (dispute,)}))
    (row,) = named(doubted, "disputed")
    month = 900 * DAYS * 24_000 * 0.4 * 0.05 / 1e6 / 1.15
    assert row.cost == pytest.approx(month * case.choice.months)
    cheaper = dispute.model_copy(update={"theirs": 0.2})
    assert not named(replace(case, prices=case.prices.model_copy(update={"disputes": (cheaper,)})), "disputed")
    batch = dispute.model_copy(update={"batch": True})
    assert not named(replace(case, prices=case.prices.model_copy(update={"disputes": (batch,)})), "disputed")


def test_a_budget_that_two_futures_of_five_break_is_a_high_risk(case):
    """The cost is what one future of ten costs beyond the budget; a budget that always holds is none."""
    best, *others = case.verdict.strategies
    problem = replace(case.choice.problem, caps=Caps(cost=best.npv_p90 - 1000))
    capped = replace(case, choice=replace(case.choice, problem=problem))
    held = {1.0: 0, 0.6: 1}
    for p_within, number in held.items():
        row = best.model_copy(update={"p_within_budget": p_within})
        found = named(decided(capped, strategies=(row, *others)), "budget")
        assert len(found) == number
    assert found[0].likelihood == "high"
    assert found[0].cost == pytest.approx(1000)


def test_regret_is_as_likely_as_another_plan_is_cheaper(case):
    """Cheapest in 80 % of the futures: one in five another plan was, medium, at the regret of the worst 5 %."""
    best, *others = case.verdict.strategies
    row = best.model_copy(update={"p_cheapest": 0.8, "regret_p95": 12_345.0})
    (risk,) = named(decided(case, strategies=(row, *others)), "regret")
    assert (risk.likelihood, risk.cost) == ("medium", 12_345.0)


def test_a_supplier_of_more_than_half_is_one(rented):
    """Its share is that of the pools' cost in the plan's; people are the rest."""
    (row,) = named(rented, "one supplier")
    share = sum(pool.cost_per_month for pool in rented.verdict.pools) / rented.verdict.strategies[0].cost_per_month
    assert row.key == "one supplier.hyperstack"
    assert row.likelihood == ("high" if share > 0.8 else "medium")
    assert f"{100 * share:.0f}%" in row.risk
    paid = sum(pool.cost_per_month for pool in rented.verdict.pools) * rented.choice.months
    assert row.cost == pytest.approx(0.2 * paid)


@pytest.mark.parametrize(("share", "told"), [(0.8004, "80.04%"), (0.796, "79.6%"), (0.803, "80.3%"), (0.86, "86%")])
def test_a_share_does_not_read_as_the_limit_that_it_is_above(rented, share, told):
    """80.04 % is above 80 %, and so it has to read."""
    pools = rented.verdict.pools
    total = rented.best.plan.cost / rented.choice.months
    one = pools[0].model_copy(update={"cost_per_month": share * total})
    rest = [pool.model_copy(update={"cost_per_month": 0.0}) for pool in pools[1:]]
    (row,) = named(decided(rented, pools=(one, *rest)), "one supplier")
    assert row.risk.endswith(f"it gets {told} of all cost.")


def test_a_pool_without_a_spare_replica(case):
    """Two replicas of 99 % are not both up for 1.99 % of the time: high; work with no API makes it priceless.

    If all of its work could go to an API, the cost is a hundredth of the bill there.
    """
    bare = decided(case, pools=tuple(pool.model_copy(update={"spare": 0}) for pool in case.verdict.pools))
    (row,) = named(bare, "no spare")
    assert (row.likelihood, row.cost) == ("high", None)
    assert "Claims summaries" in row.response
    (free,) = named(opened(bare), "no spare")
    bill = sum(r.cost_if_cloud_per_month or 0.0 for r in case.verdict.placements[:4] if r.places[0] is Place.OWN)
    claims = 8000 * DAYS * 0.001
    assert free.cost == pytest.approx(0.01 * (bill + claims) * case.choice.months)


def test_work_that_only_own_machines_may_do(case):
    """One of two replicas is enough: both are down for 0.01 % of the time, low; with no spare one 1.99 %, high."""
    (row,) = named(case, "nowhere else")
    assert (row.likelihood, row.cost) == ("low", None)
    assert "0.01%" in row.why
    bare = decided(case, pools=tuple(pool.model_copy(update={"spare": 0}) for pool in case.verdict.pools))
    assert named(bare, "nowhere else")[0].likelihood == "high"


@pytest.mark.parametrize(
    ("date", "likelihood"),
    [
        (dt.date(2027, 5, 20), "high"),  # 179 days, 11 of 168 to spare
        (dt.date(2027, 7, 1), "medium"),  # 221 days, 53 of 168
        (dt.date(2027, 9, 1), "low"),  # 283 days, 115 of 168
    ],
)
def test_a_delivery_with_little_time_to_spare(case, date, likelihood):
    """24 weeks of lead are 168 days: what is left of the time to the day, as a share of them."""
    (row,) = named(told(case, needed_by=date), "late")
    assert row.likelihood == likelihood


def test_a_delivery_with_time_enough_is_no_risk(case):
    """Twice the lead time."""
    assert not named(told(case, needed_by=dt.date(2027, 11, 1)), "late")


@pytest.mark.parametrize(("factor", "likelihood"), [(1.05, "high"), (1.4, "medium"), (2.5, "low"), (3.5, None)])
def test_growth_beyond_the_offers(case, factor, likelihood):
    """Only where it is the offers that end first, and by how much they carry more than is planned."""
    most = case.verdict.affordable.model_copy(update={"factor": factor, "within_offers": True})
    found = named(decided(case, affordable=most), "growth beyond")
    assert [row.likelihood for row in found] == ([likelihood] if likelihood else [])
    paid = most.model_copy(update={"within_offers": False})
    assert not named(decided(case, affordable=paid), "growth beyond")


def test_a_rule_that_is_broken_today_is_certain(case):
    """Health data at an API today: high, and the rule is named."""
    (row,) = named(said(case, "Claims summaries", today=Today(provider="openai", model="gpt-4.1-mini")), "rules")
    assert row.likelihood == "high"
    assert "Health data stay in the house" in row.risk


def test_a_withdrawn_model_costs_what_the_next_one_is_dearer(case):
    """Nobody knows while the code assistant has no second API; with one at 0.002 more a request it is the sum."""
    (row,) = named(case, "withdrawn")
    assert row.cost is None
    price = case.choice.problem.api_price.copy()
    labels = [api.label for api in case.choice.apis]
    code, research = 2, 4
    here = labels.index("gpt-4.1-mini (openai)")
    price[:, code, labels.index("gpt-5-mini (openai)")] = price[:, code, here] + 0.002
    second = replace(case, choice=replace(case.choice, problem=replace(case.choice.problem, api_price=price)))
    prices = np.sort(price[0, research][~np.isnan(price[0, research])])
    expected = (40_000 * 0.002 + 900 * (prices[1] - prices[0])) * DAYS * case.choice.months
    assert named(second, "withdrawn")[0].cost == pytest.approx(expected)


def test_capacity_that_is_only_predicted_is_likelier_to_lack(case):
    """Published is medium, predicted high; the cost is what the saving loses at the worse edge of the speed."""
    driver = next(d for d in case.verdict.drivers if "h100-sxm-x2" in d.name)
    (row,) = named(case, "unmeasured")
    assert row.likelihood == "medium"
    assert row.cost == pytest.approx(case.verdict.saving_npv - driver.saving_low)
    assert named(profiled(case, basis=Basis.PREDICTED), "unmeasured")[0].likelihood == "high"


@pytest.mark.parametrize(("use", "likelihood"), [(0.9, "high"), (0.89, "medium"), (0.7, "medium"), (0.69, "low")])
def test_bursts_are_as_likely_to_hurt_as_the_busiest_hour_is_full(case, use, likelihood):
    """By the use of the planned capacity; the cost is a replica more over the horizon."""
    pools = tuple(pool.model_copy(update={"peak_utilisation": use}) for pool in case.verdict.pools)
    (row,) = named(decided(case, pools=pools), "bursts")
    assert row.likelihood == likelihood
    pool = case.verdict.pools[0]
    assert row.cost == pytest.approx(pool.cost_per_month / pool.replicas * case.choice.months)


def test_bursts_that_cost_more_than_the_plan_saves_say_so(case):
    """A replica of 99,706 is more than a saving of 41,560, not more than one of 100,000 and than none."""
    for saved, more in ((41_560.0, True), (100_000.0, False), (0.0, False)):
        (row,) = named(decided(case, saving_npv=saved), "bursts")
        assert row.risk.endswith("(€41,600): import the logs before buying.") == more
