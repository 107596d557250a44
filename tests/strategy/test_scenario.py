"""Specification of scenarios: records are changed, not the calculation."""

from __future__ import annotations

import pytest

from kit.engagement.record import DataClass, GpuOffer, Money, Place, Today
from kit.record import Basis, Figure
from kit.report.audit import Audit
from kit.strategy.decide import prepare
from kit.strategy.scenario import RULES, Base, Scenario, applied, rules_in


@pytest.fixture
def base(insurer: Audit) -> Base:
    return Base(engagement=insurer.engagement, demand=insurer.demand, prices=insurer.prices)


def test_nothing_changed_is_the_same(base: Base) -> None:
    assert applied(Scenario(), base) == base


def test_a_volume_is_a_factor_on_every_hour(base: Base) -> None:
    """110,000 requests a day of the chat become 275,000; the shape of the week stays."""
    found = applied(Scenario(volume=2.5), base)
    chat, before = found.demand.workloads[1], base.demand.workloads[1]
    assert found.engagement.workloads[1].requests_per_day.value == pytest.approx(275_000)
    assert chat.requests_per_day.value == pytest.approx(275_000)
    assert sum(chat.requests_per_hour) == pytest.approx(7 * 275_000)
    assert chat.requests_per_hour[19] / chat.requests_per_hour[3] == pytest.approx(
        before.requests_per_hour[19] / before.requests_per_hour[3]
    )


def test_what_is_changed_is_assumed_and_says_so(base: Base) -> None:
    figure = applied(Scenario(volume=2.0), base).engagement.workloads[0].requests_per_day
    assert figure.basis is Basis.ASSUMED
    assert figure.source == "engagement.yaml (the client's statement); × 2 (what-if, set while exploring)"


def test_prices_of_apis_and_of_gpus_move_apart(base: Base) -> None:
    """Every API price is half; every rent and purchase price is three times as much; neither touches the other."""
    found = applied(Scenario(api_prices=0.5, gpu_prices=3.0), base).prices
    before = base.prices
    for (where, price), (_, old) in zip(found.prices(), before.prices(), strict=True):
        factor = 0.5 if where.startswith(("api", "requests")) else 3.0
        assert price.value == pytest.approx(factor * old.value), where


def test_a_quoted_price_of_a_gpu_moves_too(base: Base) -> None:
    day = base.engagement.date
    quote = Figure(value=30_000, basis=Basis.QUOTED, source="offer", date=day)
    offer = GpuOffer(accelerator="H100 SXM", tenure=Place.OWN, price_per_accelerator=quote)
    quoted = Base(base.engagement.model_copy(update={"gpu_offers": (offer,)}), base.demand, base.prices)
    found = applied(Scenario(gpu_prices=0.9), quoted).engagement.gpu_offers[0]
    assert found.price_per_accelerator is not None
    assert found.price_per_accelerator.value == pytest.approx(27_000)


def with_bill(base: Base) -> Base:
    """Return the records with a bill of 1,000 a month for the chat, the second workload."""
    bill = Figure(value=1000, basis=Basis.QUOTED, source="invoice", date=base.engagement.date)
    claims, chat, *others = base.engagement.workloads
    today = Today(provider="openai", model="gpt-4.1-mini", cost_per_month=bill)
    workloads = (claims, chat.model_copy(update={"today": today}), *others)
    return Base(base.engagement.model_copy(update={"workloads": workloads}), base.demand, base.prices)


def bill_of(scenario: Scenario, billed: Base) -> float:
    today = applied(scenario, billed).engagement.workloads[1].today
    assert today is not None
    assert today.cost_per_month is not None
    return today.cost_per_month.value


def test_a_bill_of_today_grows_with_volume_and_price(base: Base) -> None:
    """A bill of 1,000 a month at half the volume and 1.2 times the price is 600, so that a request costs 1.2 times."""
    assert bill_of(Scenario(volume=0.5, api_prices=1.2), with_bill(base)) == pytest.approx(600)


def test_a_bill_of_today_grows_with_an_edited_row(base: Base) -> None:
    """Ten times the requests of a row are ten times its bill, so that a request costs what it did."""
    billed = with_bill(base)
    claims, chat, *others = billed.engagement.workloads
    more = chat.model_copy(update={"requests_per_day": chat.requests_per_day.model_copy(update={"value": 1_100_000.0})})
    assert bill_of(Scenario(workloads=(claims, more, *others)), billed) == pytest.approx(10_000)


def test_names_that_change_places_keep_their_weeks(base: Base) -> None:
    """The claims are called X and the chat is called as the claims were: each still has its own hours."""
    claims, chat, *others = base.engagement.workloads
    workloads = (
        claims.model_copy(update={"name": "X"}),
        chat.model_copy(update={"name": claims.name}),
        *others,
    )
    like = {"X": claims.name, claims.name: chat.name}
    found = applied(Scenario(workloads=workloads, like=like), base).demand.workloads
    assert found[0].requests_per_hour == pytest.approx(base.demand.workloads[0].requests_per_hour)
    assert found[1].requests_per_hour == pytest.approx(base.demand.workloads[1].requests_per_hour)


def test_people_are_a_factor_on_what_holds_now(base: Base) -> None:
    """Stated or the kit's default: half of 0.5 full-time equivalents is 0.25."""
    stated = Figure(value=0.5, basis=Basis.QUOTED, source="client", date=base.engagement.date)
    said = base.engagement.model_copy(update={"money": Money(staff_fte_own=stated)})
    money = applied(Scenario(staff=0.5), Base(said, base.demand, base.prices)).engagement.money
    assert money.staff_fte_own is not None
    assert money.staff_fte_own.value == pytest.approx(0.25)
    assert money.staff_fte_rented is not None


def test_a_new_workload_takes_the_week_of_another(base: Base) -> None:
    chat = base.engagement.workloads[1]
    requests = chat.requests_per_day.model_copy(update={"value": chat.requests_per_day.value / 10})
    new = chat.model_copy(update={"name": "Second chat", "requests_per_day": requests})
    scenario = Scenario(workloads=(*base.engagement.workloads, new), like={"Second chat": "Customer chat"})
    item = applied(scenario, base).demand.workloads[-1]
    assert item.workload == "Second chat"
    assert item.requests_per_hour == pytest.approx([hour / 10 for hour in base.demand.workloads[1].requests_per_hour])


def test_longer_prompts_stretch_lengths_and_what_is_cached(base: Base) -> None:
    """The cache holds 40 % of the chat's prompt of 1,100 tokens: of 2,200 it holds 880."""
    chat = base.engagement.workloads[1]
    longer = chat.model_copy(update={"prompt_tokens": chat.prompt_tokens.model_copy(update={"value": 2200.0})})
    workloads = (base.engagement.workloads[0], longer, *base.engagement.workloads[2:])
    item = applied(Scenario(workloads=workloads), base).demand.workloads[1]
    before = base.demand.workloads[1]
    assert item.cached_tokens.value == pytest.approx(880)
    assert item.lengths is not None
    assert before.lengths is not None
    assert item.lengths.prompt.at(0.5) == pytest.approx(2 * before.lengths.prompt.at(0.5), rel=1e-4)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_that_is_left_out_strikes_nothing_of_the_clients(rule: str, base: Base) -> None:
    """Afterwards no workload has the rule; all else of it is as it was."""
    found = applied(Scenario(left_out=frozenset({rule})), base)
    assert rule not in rules_in(found.engagement)
    assert set(rules_in(found.engagement)) == set(rules_in(base.engagement)) - {rule}


def test_without_data_classes_health_data_may_go_anywhere(insurer: Audit, base: Base) -> None:
    """The gate on data strikes nothing any more, and before it struck every API for the claims."""
    before = prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)
    assert all(any(s.gate == "data" for s in strikes) for strikes in before.api_strikes[0])
    found = applied(Scenario(left_out=frozenset({"data"})), base)
    assert {w.data_class for w in found.engagement.workloads} == {DataClass.PUBLIC}
    after = prepare(found.engagement, found.demand, insurer.profiles, found.prices)
    assert not any(s.gate == "data" for row in after.api_strikes for strikes in row for s in strikes)


def test_rules_are_those_that_somebody_stated(base: Base) -> None:
    """The insurer states no availability, no date, nothing but text and no customisation."""
    assert rules_in(base.engagement) == ("data", "region", "regulation", "quality", "latency", "context")
