"""What is bought and how one gets out again: by hand, and against the cash of the plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from kit.engagement.record import Commitment, Contract, Place, Region
from kit.pricing.dispute import Dispute
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.leaving import exits, resale
from kit.strategy.board.purchasing import purchases
from kit.strategy.plans import purchases_by_phase
from tests.strategy.cases import CHAT, case_of, engagement
from tests.strategy.insured import insurer_case, pooled, profiled, said, termed

HOURS = 365.25 * 24 / 12


@pytest.fixture
def case(insurer, insurer_verdict) -> Case:
    return insurer_case(insurer, insurer_verdict)


@pytest.fixture(scope="module")
def reserved(tmp_path_factory) -> Case:
    """Work for machines that are rented for three years at 2 an hour, and for nothing else."""
    offer = {
        "accelerator": "H100 SXM",
        "tenure": "rented",
        "provider": "hyperstack",
        "price_per_accelerator_hour": 2.0,
        "commitment": "reserved",
        "term_years": 3,
    }
    work = {**CHAT, "requests_per_day": 2_000_000, "regions": ["EU"], "data_class": "personal", "regulations": ["GDPR"]}
    contract = {"dpa": True, "iso27001": True, "no_training": True}
    said = engagement(work, api_offers=None, gpu_offers=[{**offer, "regions": ["EU"], "contract": contract}])
    return case_of(said, tmp_path_factory.mktemp("reserved"))


def test_own_machines_cost_what_the_plan_buys(case):
    """Four cards at USD 27,500 with 30 % of server around them, USD 1.15 to the euro; in all the plan's purchase."""
    (own,) = [row for row in purchases(case) if row.place is Place.OWN]
    assert (own.quantity, own.unit, own.total_unit, own.commitment) == (4, "accelerator", "once", None)
    assert own.price == pytest.approx(27_500 / 1.15 * 1.3)
    assert own.total == pytest.approx(case.verdict.pools[0].capex)
    assert own.total == pytest.approx(case.verdict.strategies[0].capex)
    assert own.basis is Basis.ASSUMED
    assert "(published)" in own.source


def test_the_contracts_are_the_bills_of_the_first_year(case):
    """A line for each API that the plan calls; twelve months of all lines are the APIs of its first year."""
    rows = [row for row in purchases(case) if row.place is Place.API]
    assert [row.what for row in rows] == [
        "gpt-4.1-mini at openai, for Code assistant",
        "gpt-5-mini at openai, for Research agent",
    ]
    assert 12 * sum(row.total for row in rows) == pytest.approx(case.verdict.strategies[0].cash[1].api)
    assert rows[0].quantity == pytest.approx(40_000 * 2534 * 365.25 / 12 / 1e6)


def test_price_times_quantity_is_the_total(case):
    """Of what is bought and of what is called."""
    assert [row.place for row in purchases(case)] == [Place.OWN, Place.API, Place.API]
    for row in purchases(case):
        assert row.price * row.quantity == pytest.approx(row.total)


def test_rented_machines_cost_the_plans_rent(reserved):
    """Two accelerators at 2 an hour are 2,922 a month, as in the cash of the first year."""
    (row,) = purchases(reserved)
    assert (row.quantity, row.price, row.price_unit, row.total_unit) == (2, 2.0, "accelerator and hour", "a month")
    assert row.total == pytest.approx(2 * 2.0 * HOURS)
    assert 12 * row.total == pytest.approx(reserved.verdict.strategies[0].cash[1].rent)
    assert (row.basis, row.commitment) == (Basis.QUOTED, Commitment.RESERVED)


def test_a_machine_that_is_there_already_is_not_bought(case):
    """A price of nought means that it stands in the house."""
    price = next(p for p, used in zip(case.choice.pools, case.best.plan.used, strict=True) if used).price
    there = pooled(case, price=price.model_copy(update={"value": 0.0}))
    assert all(row.place is Place.API for row in purchases(there))


def asks(case: Case, place: Place) -> str:
    return " ".join(text for row in purchases(case) if row.place is place for text in row.ask)


def quoted(figure):
    return figure.model_copy(update={"basis": Basis.QUOTED})


def test_the_seller_is_asked_for_what_nobody_has_promised(case):
    """Price, server, delivery, speed, power, maintenance and resale of the example are public or assumed."""
    text = asks(case, Place.OWN)
    for part in ("binding quote", "server around", "24 weeks", "kit profile", "power under load", "taken back"):
        assert part in text
    assert "maintenance" in text


@pytest.mark.parametrize(
    ("part", "settled"),
    [
        ("binding quote", lambda case: pooled(case, price=quoted(used(case).price))),
        ("kit profile", lambda case: profiled(case, basis=Basis.MEASURED)),
        ("power under load", lambda case: pooled(case, power_w=quoted(used(case).power_w))),
        ("server around", lambda case: term_quoted(case, "server_overhead_share")),
        ("24 weeks", lambda case: term_quoted(case, "lead_weeks_own")),
        ("maintenance", lambda case: term_quoted(case, "maintenance_share_per_year")),
        ("taken back", lambda case: term_quoted(case, "residual_share")),
    ],
)
def test_what_is_promised_is_not_asked_for(case, part, settled):
    """Each question has a cause in the record, and goes with it."""
    assert part in asks(case, Place.OWN)
    assert part not in asks(settled(case), Place.OWN)


def used(case: Case):
    return next(pool for pool, there in zip(case.choice.pools, case.best.plan.used, strict=True) if there)


def term_quoted(case: Case, name: str) -> Case:
    return termed(case, **{name: quoted(getattr(case.choice.terms, name))})


def offered(case: Case, **offer) -> Case:
    """Return a case in which the client has agreed on something else with the providers of APIs."""
    apis = tuple(replace(api, offer=api.offer.model_copy(update=offer)) for api in case.choice.apis)
    return replace(case, choice=replace(case.choice, apis=apis))


def test_a_provider_is_asked_for_the_terms_that_rest_on_its_public_pages(case):
    """Internal data ask for no training; once the contract says so, nobody has to ask."""
    assert "no training on the client's data" in asks(case, Place.API)
    assert "ISO 27001" in asks(case, Place.API)  # DORA
    signed = offered(case, contract=Contract(no_training=True, iso27001=True))
    assert "In the contract" not in asks(signed, Place.API)


def test_the_region_is_asked_for_where_only_public_terms_name_it(case):
    """The example has agreed on the EU; without that, work that must stay there asks for it in the contract."""
    bound = said(case, "Research agent", regions=(Region.EU,))
    assert "the region" not in asks(bound, Place.API)
    assert "the region (EU)" in asks(offered(bound, regions=()), Place.API)
    assert "the region" not in asks(offered(case, regions=()), Place.API)


def test_the_disputed_price_is_asked_for(case):
    """Where a second list says otherwise of a price that the plan pays."""
    dispute = Dispute(
        provider="openai",
        model="gpt-5-mini",
        price="usd_per_mtok_input",
        ours=0.25,
        theirs=0.3,
        listed_as="gpt-5-mini",
        source="another list",
        date=dt.date(2026, 11, 1),
    )
    assert "Which of two prices" not in asks(case, Place.API)
    doubted = replace(case, prices=case.prices.model_copy(update={"disputes": (dispute,)}))
    assert "Which of two prices" in asks(doubted, Place.API)
    elsewhere = dispute.model_copy(update={"model": "gpt-5"})
    untouched = replace(case, prices=case.prices.model_copy(update={"disputes": (elsewhere,)}))
    assert "Which of two prices" not in asks(untouched, Place.API)


def test_a_renter_is_asked_for_uptime_and_the_end_of_the_term(reserved):
    """What is signed and quoted is not asked for again."""
    text = asks(reserved, Place.RENTED)
    assert "uptime" in text
    assert "the term of 36 months" in text
    assert "binding quote" not in text
    assert "In the contract" not in text
    unsigned = pooled(reserved, offer=used(reserved).offer.model_copy(update={"contract": Contract(), "regions": ()}))
    assert "a data processing agreement" in asks(unsigned, Place.RENTED)
    assert "the region (EU)" in asks(unsigned, Place.RENTED)
    spot = pooled(reserved, commitment=Commitment.SPOT)
    assert "taken back" in asks(spot, Place.RENTED)


def test_the_order_is_due_its_lead_time_before_the_first_day(case):
    """Needed by 1 June 2027, 24 weeks of lead: 168 days before, 15 December 2026. Without a date nothing presses."""
    rows = {row.place: row for row in purchases(said(case, "Claims summaries", needed_by=dt.date(2027, 6, 1)))}
    assert rows[Place.OWN].order_by == dt.date(2026, 12, 15)
    assert all(row.order_by is None for row in purchases(case))
    api = {row.what: row for row in purchases(said(case, "Research agent", needed_by=dt.date(2027, 6, 1)))}
    assert api["gpt-5-mini at openai, for Research agent"].order_by == dt.date(2027, 5, 18)


def test_an_api_that_serves_already_needs_no_order(case):
    """The same model at the same provider is there."""
    today = case.choice.workloads[4].today.model_copy(update={"model": "gpt-5-mini"})
    there = said(case, "Research agent", needed_by=dt.date(2027, 6, 1), today=today)
    assert all(row.order_by is None for row in purchases(there))


def test_own_machines_are_sold_at_the_plans_own_value(case):
    """After a year of three on a straight line to 30 %: 1 − 0.7 ÷ 3 of the price, a year's 9 % off."""
    first = exits(case)[0]
    assert first.cost == pytest.approx(-124_347.826 * (1 - 0.7 / 3) / 1.09)
    assert "30%" in first.how
    assert "Customer chat and Nightly extraction may go to" in first.how


def test_a_horizon_of_a_year_has_no_exit_before_its_end(case):
    """What the machines bring then is the resale value of the plan itself."""
    short = termed(case, horizon_years=case.choice.terms.horizon_years.model_copy(update={"value": 1.0}))
    p = int(case.best.plan.used.argmax())
    assert resale(short, p) is None
    assert resale(case, p) is not None


def test_a_term_has_to_be_paid_to_its_end(reserved):
    """Months 13 to 36 of 2,922 at 9 % a year: the difference of two annuities."""
    rate = 1.09 ** (1 / 12) - 1
    annuity = (1 - (1 + rate) ** -36) / rate - (1 - (1 + rate) ** -12) / rate
    first = exits(reserved)[0]
    assert first.cost == pytest.approx(2922 * annuity)
    assert first.notice == "to the end of the term of 36 months"
    by_hour = pooled(reserved, commitment=Commitment.ON_DEMAND, term_years=None)
    assert exits(by_hour)[0].cost == 0


def test_every_part_of_the_plan_has_a_way_out(case):
    """Pools and APIs in their order, and what stays with the client."""
    rows = exits(case)
    labels = [pool.label for pool in case.verdict.pools]
    assert [row.what for row in rows] == [*labels, "gpt-4.1-mini (openai)", "gpt-5-mini (openai)", "data and weights"]
    assert "the next API is gemini-2.5-flash (google-vertex)" in rows[2].how
    assert "nothing else" in rows[1].how
    assert rows[1].cost is None
    assert "Llama-3.3-70B-Instruct" in rows[3].how


def test_an_api_whose_work_an_open_model_may_do_is_left_for_it(tmp_path):
    """Six engineer-weeks of 150,000 a year, a year's 9 % off, and the lead time of own machines."""
    row = exits(case_of(engagement(), tmp_path))[0]
    assert "Llama-3.1-8B-Instruct passed the gates" in row.how
    assert row.cost == pytest.approx(6 / (365.25 / 7) * 150_000 / 1.09)
    assert row.notice == "no term; 24 weeks until machines serve"


def test_what_is_bought_later_is_a_line_of_its_own(case):
    """A replica more in the second year: four cards now, two then, ordered their lead time before the year begins."""
    plan, problem = case.best.plan, case.best.problem
    p = int(plan.starts[:, 0].argmax())
    starts = plan.starts.copy()
    starts[p, 1] = 1
    grown = replace(case, solved=(replace(case.best, plan=replace(plan, starts=starts)), *case.solved[1:]))
    now, later = (row for row in purchases(grown) if row.place is Place.OWN)
    assert (now.quantity, later.quantity) == (4, 2)
    assert later.total == pytest.approx(problem.capex[p, 1])
    day = case.choice.engagement.date + dt.timedelta(days=365)
    assert later.what.startswith("2 × H100 SXM more with their servers")
    assert later.what.endswith(f"needed by {day}")
    assert later.order_by == day - dt.timedelta(weeks=24)
    assert purchases_by_phase(grown.best)[:2] == pytest.approx([now.total, later.total])
