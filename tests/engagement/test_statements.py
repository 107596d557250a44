"""What a client may say beyond volumes and offers: growth, targets, dates, skills, limits and risk."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.engagement import read_engagement
from kit.engagement.record import Commitment, Customisation, Modality, Place
from kit.errors import InputError
from kit.facts.defaults import default
from kit.record import Basis
from kit.strategy.terms import Terms, default_key, resolve
from tests.conftest import SMALL

RICH = (
    SMALL.replace(
        "    data_class: internal\n",
        "    data_class: internal\n"
        "    growth_per_year: -0.2\n"
        "    availability: 0.999\n"
        "    modalities: [text, image]\n"
        "    customisation: fine-tuning\n"
        "    needed_by: 2027-03-01\n"
        "    today: {provider: openai, model: gpt-5-mini, cached: true, batch: true, cost_per_month: 1200}\n",
    )
    .replace(
        "{provider: openai, model: gpt-5-mini}",
        "{provider: openai, model: gpt-5-mini, modalities: [text, image], fine_tuning: false, uptime: 0.995}",
    )
    .replace(
        "{accelerator: H100 SXM, tenure: own}",
        "{accelerator: H100 SXM, tenure: own, ready_weeks: 0}\n"
        "  - {accelerator: H100 SXM, tenure: rented, provider: hyperstack, commitment: reserved, term_years: 1,\n"
        "     uptime: 0.99, ready_weeks: 2.5}",
    )
    + """\
skills: [api, rented]
limits: {spend_share_per_provider: 0.6, capex: 500000, cost_per_month: 20000, co2_tonnes_per_year: 12,
         carbon_price_per_tonne: 100}
risk: {regret_share: 0.1}
money: {api_price_change_per_year: -0.3, rent_change_per_year: 0.1, purchase_price_change_per_year: 0,
        migration_weeks_own: 3, staff_fte_per_further_server: 0.1, cluster_network_share: 0.05,
        grid_g_co2_per_kwh: 37, network_cost_per_month: 400}
operations: {replica_availability: 0.98, spot_availability: 0.7, lead_weeks_own: 10, lead_weeks_rented: 1,
             lead_weeks_api: 0}
"""
)


@pytest.fixture
def rich(engagement_file):
    engagement_file.write_text(RICH, encoding="utf-8")
    return read_engagement(engagement_file)


def test_everything_that_may_be_said_is_read(rich):
    """Each statement lands where it was made, a bare number quoted by the file."""
    chat = rich.workloads[0]
    assert (chat.growth_per_year.value, chat.growth_per_year.basis) == (-0.2, Basis.QUOTED)
    assert chat.availability.value == 0.999
    assert chat.modalities == (Modality.TEXT, Modality.IMAGE)
    assert chat.customisation is Customisation.FINE_TUNING
    assert chat.needed_by == dt.date(2027, 3, 1)
    assert (chat.today.cached, chat.today.batch, chat.today.cost_per_month.value) == (True, True, 1200)
    assert rich.api_offers[0].fine_tuning is False
    own, rented = rich.gpu_offers
    assert own.ready_weeks.value == 0
    assert (rented.commitment, rented.term_years.value, rented.ready_weeks.value) == (Commitment.RESERVED, 1, 2.5)
    assert rich.skills == (Place.API, Place.RENTED)
    assert rich.limits.carbon_price_per_tonne.value == 100


def test_what_is_left_out_says_nothing(engagement_file):
    """Without a word there is no target, no date, no limit; the work is text and needs no tuning; anybody runs it."""
    plain = read_engagement(engagement_file)
    chat = plain.workloads[0]
    assert (chat.growth_per_year, chat.availability, chat.needed_by, chat.today) == (None, None, None, None)
    assert (chat.modalities, chat.customisation) == ((Modality.TEXT,), Customisation.NONE)
    assert (plain.api_offers[0].modalities, plain.api_offers[0].fine_tuning) == ((), None)
    assert (plain.gpu_offers[0].commitment, plain.skills, plain.risk.regret_share) == (None, None, None)
    assert all(getattr(plain.limits, name) is None for name in type(plain.limits).model_fields)


def test_what_is_stated_takes_the_place_of_each_default(rich):
    """Money, operations and risk that the client states enter as stated, in its currency."""
    terms = resolve(rich)
    for part in (rich.money, rich.operations, rich.risk):
        for name in type(part).model_fields:
            if (stated := getattr(part, name)) is not None:
                assert getattr(terms, name) == stated
    assert terms.regret_share.value == 0.1
    assert terms.network_cost_per_month.value == 400


def test_every_term_may_be_left_out(engagement_file):
    """Each term has a default; in dollars the terms are the table."""
    terms = resolve(read_engagement(engagement_file))
    for name in Terms.model_fields:
        assert getattr(terms, name) == default(default_key(name)).figure


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("growth_per_year: -0.2", "growth_per_year: -1", ["-1 is not allowed", "a relative change lies above -1"]),
        ("growth_per_year: -0.2", "growth_per_year: 20%", ["'20%' is not a number", "its unit is in the name"]),
        ("availability: 0.999", "availability: 99.9", ["99.9 is not allowed", "between 0 and 1"]),
        ("modalities: [text, image]\n", "modalities: [txt]\n", ["'txt' is not known", '"text"?', "audio"]),
        ("modalities: [text, image]\n", "modalities: []\n", ["modalities", "at least 1 item"]),
        ("customisation: fine-tuning", "customisation: finetuning", ["'finetuning'", '"fine-tuning"?', "tokenizer"]),
        ("needed_by: 2027-03-01", "needed_by: spring", ["needed_by", "date"]),
        ("needed_by: 2027-03-01", "needed_by: 2026-01-01", ["'Chat' is needed by 2026-01-01", "2026-11-22"]),
        ("cached: true", "cashed: true", ["unknown key", '"cached"?']),
        ("uptime: 0.995", "uptime: 99.5", ["99.5 is not allowed"]),
        ("commitment: reserved", "commitment: reserve", ["'reserve'", '"reserved"?', "spot"]),
        ("commitment: reserved", "commitment: spot", ["term_years: only a reserved machine has a term"]),
        ("tenure: own, ready", "tenure: own, commitment: spot, ready", ["commitment: spot is a way to rent"]),
        ("tenure: own, ready", "tenure: own, uptime: 0.99, ready", ["uptime: nobody promises it for an own machine"]),
        ("term_years: 1", "term_years: 0", ["0 is not allowed", "greater than 0"]),
        ("ready_weeks: 2.5", "ready_weeks: -1", ["-1 is not allowed", "0 or more"]),
        ("skills: [api, rented]", "skills: [cloud]", ["'cloud' is not known", "api, own or rented"]),
        ("skills: [api, rented]", "skills: []", ["skills", "at least 1 item"]),
        ("capex: 500000", "capital: 500000", ["unknown key", "carbon_price_per_tonne"]),
        ("regret_share: 0.1", "regret_share: 10", ["10 is not allowed"]),
        ("rent_change_per_year: 0.1", "rent_change_per_year: -1.5", ["-1.5 is not allowed"]),
        ("lead_weeks_own: 10", "lead_weeks: 10", ["unknown key", '"lead_weeks_own"?']),
    ],
)
def test_a_mistake_is_answered_in_words(engagement_file, old, new, words):
    """What was given, what is allowed, and the nearest match."""
    assert RICH.count(old) == 1
    engagement_file.write_text(RICH.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_engagement(engagement_file)
    for word in words:
        assert word in str(caught.value)
