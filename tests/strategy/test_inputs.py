"""Every figure that the client states, or that stands in for one, is among the inputs under the key that sets it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kit.engagement import read_engagement
from kit.record import Basis
from kit.strategy.inputs import inputs
from kit.strategy.terms import Terms, resolve
from tests.conftest import SMALL

SAID = (
    SMALL.replace(
        "    data_class: internal\n",
        "    data_class: internal\n"
        "    growth_per_year: 0.3\n"
        "    availability: 0.999\n"
        "    today: {provider: openai, model: gpt-5-mini, cost_per_month: 1200}\n",
    )
    .replace("model: gpt-5-mini}\ngpu", "model: gpt-5-mini, uptime: 0.995}\ngpu")
    .replace("tenure: own}", "tenure: own, price_per_accelerator: 30000, ready_weeks: 8}")
    + "currency: EUR\n"
    "usd_per_unit: 1.15\n"
    "limits: {capex: 500000, carbon_price_per_tonne: 100}\n"
    "risk: {regret_share: 0.1}\n"
    "money: {network_cost_per_month: 400}\n"
    "operations: {lead_weeks_own: 10}\n"
)


@pytest.fixture
def found(engagement_file):
    """All inputs by key, without prices and speeds."""
    engagement_file.write_text(SAID, encoding="utf-8")
    said = read_engagement(engagement_file)
    choice = SimpleNamespace(engagement=said, terms=resolve(said), apis=(), pools=(), workloads=said.workloads)
    return {item.key: item for item in inputs(choice, None)}


def test_what_the_client_states_stands_under_its_key_with_its_unit(found):
    """Growth, targets, bills, promises and limits: value, unit and label, money in the client's currency."""
    expected = {
        "workloads.Chat.growth_per_year": (0.3, "relative change per year", "Chat: growth per year"),
        "workloads.Chat.availability": (0.999, "share of time", "Chat: availability"),
        "workloads.Chat.today.cost_per_month": (1200, "EUR per month", "Chat: cost per month"),
        "api_offers.1.uptime": (0.995, "share of time", "gpt-5-mini (openai): uptime"),
        "gpu_offers.1.ready_weeks": (8, "weeks", "H100 SXM, own: ready weeks"),
        "limits.capex": (500000, "EUR", "limit on the plan: capex"),
        "limits.carbon_price_per_tonne": (
            100,
            "EUR per tonne of CO2 equivalents",
            "limit on the plan: carbon price per tonne",
        ),
    }
    for key, (value, unit, label) in expected.items():
        assert (found[key].value, found[key].unit, found[key].label) == (value, unit, label)
        assert found[key].basis is Basis.QUOTED
    assert "gpu_offers.1.price_per_accelerator" not in found


def test_every_term_is_listed_under_the_section_that_sets_it(found):
    """No default is hidden, and each key is one that the engagement file takes."""
    ends = [key.rsplit(".", 1)[-1] for key in found]
    assert set(Terms.model_fields) <= set(ends)
    assert (found["risk.regret_share"].value, found["risk.regret_share"].basis) == (0.1, Basis.QUOTED)
    network = found["money.network_cost_per_month"]
    assert (network.value, network.unit) == (400, "EUR per month")
    assert found["operations.lead_weeks_own"].value == 10
    assert found["operations.spot_availability"].basis is Basis.ASSUMED
    assert found["money.grid_g_co2_per_kwh"].basis is Basis.PUBLISHED
