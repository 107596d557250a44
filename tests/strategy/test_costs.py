"""The money of a replica, worked by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.engagement.record import Commitment, Engagement, GpuOffer, Place
from kit.facts.models import model
from kit.pricing.ownership import annuity_factor, net_present_value
from kit.record import Basis, Figure
from kit.strategy.costs import (
    HOURS_PER_MONTH,
    MOST_PHASES,
    PARTS,
    lasts,
    levelised,
    phases_of,
    replica_cost,
    staff_per_month,
    start_parts,
    trend,
    worth,
)
from kit.strategy.options import Pool
from kit.strategy.terms import Terms, resolve
from tests.strategy.test_capacity import point, profile

DAY = dt.date(2026, 11, 22)

RATES = st.just(0.0) | st.floats(1e-3, 0.4)
"""The closed form of an annuity loses digits at rates of next to nothing."""


def figure(value: float) -> dict[str, object]:
    return {"value": value, "basis": "quoted", "source": "test", "date": DAY}


def stated(**money: float) -> Terms:
    """Return terms in which everything that money hangs on is a round number, but for what is given."""
    terms = {
        "horizon_years": 2,
        "discount_rate": 0,
        "electricity_price_per_kwh": 0.20,
        "pue": 1.5,
        "staff_cost_per_year": 120_000,
        "staff_fte_own": 0.5,
        "staff_fte_rented": 0.25,
        "staff_fte_api": 0.1,
        "server_overhead_share": 0.25,
        "maintenance_share_per_year": 0.12,
        "residual_share": 0.3,
        "colocation_per_kw_month": 100,
        "network_cost_per_month": 150,
        "staff_fte_per_further_server": 0.1,
        "api_price_change_per_year": 0,
        "rent_change_per_year": 0,
        "purchase_price_change_per_year": 0,
    } | money
    return resolve(ENGAGEMENT).model_copy(
        update={name: Figure.model_validate(figure(value)) for name, value in terms.items()}
    )


ENGAGEMENT = Engagement.model_validate(
    {
        "client": "Test",
        "date": DAY,
        "workloads": [
            {
                "name": "w",
                "requests_per_day": figure(1),
                "prompt_tokens": figure(1),
                "output_tokens": figure(1),
                "data_class": "public",
            }
        ],
        "gpu_offers": [{"accelerator": "H100 SXM", "tenure": "own"}],
    }
)


def pool(tenure: Place, price: float, commitment: Commitment | None = None, years: float | None = None) -> Pool:
    offer = GpuOffer(accelerator="H100 SXM", tenure=tenure, provider="x" if tenure is Place.RENTED else None)
    curve = profile(point(1000, 200, seconds=1.0)).model_copy(update={"accelerators": 2})
    money = Figure(value=price, basis=Basis.QUOTED, source="test", date=DAY)
    power = Figure(value=2000.0, basis=Basis.MEASURED, source="test", date=DAY)
    return Pool(offer, model("Llama-3.1-8B-Instruct"), curve, 8, money, power, commitment, years)


def test_an_own_replica():
    """Two cards at 20,000 with a quarter on top, 2 kW at PUE 1.5 and 0.20 per kWh, 100 per kW, 12 % maintenance."""
    cost = replica_cost(pool(Place.OWN, 20_000), stated())
    assert cost.capex == pytest.approx(2 * 20_000 * 1.25)
    assert cost.energy == pytest.approx(2 * 1.5 * 0.20 * 365.25 * 2)
    assert cost.space == pytest.approx(2 * 100)
    assert cost.maintenance == pytest.approx(50_000 * 0.12 / 12)
    # A quarter of a server of eight, at a tenth of a person a server.
    assert cost.staff == pytest.approx(0.25 * 0.1 * 10_000)
    assert (cost.residual, cost.rent) == (pytest.approx(15_000), 0)
    assert cost.run == pytest.approx(cost.energy + cost.space + cost.maintenance + cost.staff)


def test_a_replica_over_two_servers_pays_for_the_network_between_them():
    """Sixteen cards at 1,000 with a quarter on top are two servers of 10,000; 5 % of both for switches is 1,000."""
    two = pool(Place.OWN, 1_000)
    wide = dataclasses.replace(two, profile=two.profile.model_copy(update={"accelerators": 16}))
    assert replica_cost(wide, stated(cluster_network_share=0.05)).capex == pytest.approx(20_000 + 1_000)
    assert replica_cost(two, stated(cluster_network_share=0.05)).capex == pytest.approx(2_500)


def test_a_rented_replica():
    """Two cards at 2.50 an hour around the clock, and nothing else."""
    cost = replica_cost(pool(Place.RENTED, 2.5), stated())
    assert cost.run == cost.rent == pytest.approx(2 * 2.5 * 365.25 * 2)
    assert (cost.capex, cost.residual) == (0, 0)


def test_people_are_paid_by_the_kind_of_place():
    """Half, a quarter and a tenth of 120,000 a year; rented machines are reached over the site's link as well."""
    people = staff_per_month(stated())
    assert people == {Place.OWN: pytest.approx(5000), Place.RENTED: pytest.approx(2650), Place.API: pytest.approx(1000)}


def test_phases_are_years_where_something_changes():
    """Three years are three phases, or one; a year and a half two of nine months; a month is a phase of its own."""
    edges = {
        years: [(phase.first_month, phase.months) for phase in phases_of(stated(horizon_years=years), changing=True)]
        for years in (3, 1.5, 1 / 12)
    }
    assert edges == {3: [(0, 12), (12, 12), (24, 12)], 1.5: [(0, 9), (9, 9)], 1 / 12: [(0, 1)]}
    (only,) = phases_of(stated(horizon_years=3), changing=False)
    assert (only.first_month, only.months, only.years_on) == (0, 36, 0)


@given(years=st.floats(0.1, 15), changing=st.booleans())
def test_phases_cover_the_horizon_without_a_gap(years, changing):
    """They follow one another from today to the end, and there are five at most."""
    terms = stated(horizon_years=years)
    phases = phases_of(terms, changing=changing)
    assert 1 <= len(phases) <= (MOST_PHASES if changing else 1)
    month = 0
    for phase in phases:
        assert phase.first_month == month
        month += phase.months
    assert month == terms.months


@settings(deadline=None)
@given(years=st.floats(0.1, 10), rate=RATES, changing=st.booleans())
def test_the_worth_of_the_phases_is_an_annuity(years, rate, changing):
    """One a month throughout every phase is one a month over the horizon."""
    terms = stated(horizon_years=years, discount_rate=rate)
    phases = phases_of(terms, changing=changing)
    assert worth(phases, terms).sum() == pytest.approx(annuity_factor(rate, terms.months), rel=1e-9)


def test_the_worth_of_a_later_year_is_discounted():
    """At 10 % one a month of the second year is worth 1/1.1 of the first's."""
    terms = stated(discount_rate=0.1)
    first, second = worth(phases_of(terms, changing=True), terms)
    assert second == pytest.approx(first / 1.1)


def test_a_trend_compounds_by_the_year():
    """5 % less a year: 1, 0.95 and 0.9025; a phase that begins after nine months is three quarters of a year on."""
    assert trend(-0.05, phases_of(stated(horizon_years=3), changing=True)) == pytest.approx([1, 0.95, 0.9025])
    assert trend(0.21, phases_of(stated(horizon_years=1.5), changing=True)) == pytest.approx([1, 1.21**0.75])


def test_a_replica_begun_at_once_and_one_begun_later():
    """Nothing discounted, two years: the second stays for half the time and has lost half as much when it is sold."""
    terms = stated()
    owned, phases = pool(Place.OWN, 20_000), phases_of(terms, changing=True)
    cost, parts = replica_cost(owned, terms), start_parts(owned, terms, phases)
    assert set(parts) == set(PARTS)
    assert parts["capex"] == pytest.approx([50_000, 50_000])
    # Straight line from 1 to 0.3 over the horizon: 0.65 at its middle.
    assert parts["residual"] == pytest.approx([-0.3 * 50_000, -0.65 * 50_000])
    assert parts["maintenance"] == pytest.approx([24 * 500, 12 * 500])
    assert parts["energy_and_space"] == pytest.approx(
        [24 * (cost.energy + cost.space), 12 * (cost.energy + cost.space)]
    )
    assert parts["staff"] == pytest.approx([24 * 250, 12 * 250])
    assert parts["rent"] == pytest.approx([0, 0])


def test_a_purchase_later_is_at_its_price_and_its_date():
    """A tenth cheaper each year, discounted at 25 %: 50,000 today, 45,000 / 1.25 in a year; all is resold in two."""
    terms = stated(purchase_price_change_per_year=-0.1, discount_rate=0.25)
    owned, phases = pool(Place.OWN, 20_000), phases_of(terms, changing=True)
    parts = start_parts(owned, terms, phases)
    assert parts["capex"] == pytest.approx([50_000, 36_000])
    assert parts["residual"] == pytest.approx([-15_000 / 1.5625, -0.65 * 45_000 / 1.5625])
    assert parts["maintenance"][1] == pytest.approx(0.9 * 500 * worth(phases, terms)[1])


@settings(deadline=None)
@given(
    years=st.sampled_from([1, 2, 3, 5]), rate=st.floats(0, 0.3), change=st.floats(-0.3, 0.3), start=st.integers(0, 4)
)
def test_the_parts_are_the_present_value_of_dated_payments(years, rate, change, start):
    """Month by month, by hand: a purchase, what is paid at the end of each month, and money back at the end."""
    terms = stated(horizon_years=years, discount_rate=rate, purchase_price_change_per_year=change)
    owned, phases = pool(Place.OWN, 20_000), phases_of(terms, changing=True)
    z = min(start, len(phases) - 1)
    cost, first, months = replica_cost(owned, terms), phases[z].first_month, terms.months
    factor = (1 + change) ** (first / 12)
    flow = np.zeros(months + 1)
    flow[first + 1 :] += cost.energy + cost.space + cost.staff + factor * cost.maintenance
    flow[first] += factor * cost.capex
    flow[months] -= factor * cost.capex * (1 - 0.7 * (months - first) / months)
    parts = start_parts(owned, terms, phases)
    assert sum(part[z] for part in parts.values()) == pytest.approx(net_present_value(flow, rate_per_year=rate))


def test_an_own_replica_stays_to_the_end():
    """Begun whenever, it stays; one by the hour is one phase long."""
    phases = phases_of(stated(horizon_years=3), changing=True)
    assert lasts(pool(Place.OWN, 1), phases) == 3
    assert lasts(pool(Place.RENTED, 1, Commitment.ON_DEMAND), phases) == 1
    assert lasts(pool(Place.RENTED, 1, Commitment.SPOT), phases) == 1


def test_a_reserved_replica_stays_for_its_term():
    """Two years of three: begun today or in a year, at that day's rent for all of the term."""
    terms = stated(horizon_years=3, rent_change_per_year=-0.1)
    reserved, phases = pool(Place.RENTED, 2.0, Commitment.RESERVED, 2.0), phases_of(terms, changing=True)
    assert lasts(reserved, phases) == 2
    month = 2 * 2.0 * HOURS_PER_MONTH
    rent = start_parts(reserved, terms, phases)["rent"]
    assert rent[:2] == pytest.approx([24 * month, 24 * month * 0.9])


def test_a_term_past_the_horizon_cannot_be_begun():
    """Two years from the start of the last of three are infinitely dear; so are three years from the second."""
    terms = stated(horizon_years=3)
    phases = phases_of(terms, changing=True)
    two, three = (
        start_parts(pool(Place.RENTED, 2.0, Commitment.RESERVED, years), terms, phases)["rent"] for years in (2.0, 3.0)
    )
    assert np.isinf(two).tolist() == [False, False, True]
    assert np.isinf(three).tolist() == [False, True, True]


def test_levelised_at_no_discount_is_the_mean_of_the_months():
    """Own: purchase less resale spread over 24 months, and the run cost. Rented: the mean of the years' rents."""
    terms = stated(rent_change_per_year=-0.1)
    phases, owned, rented = phases_of(terms, changing=True), pool(Place.OWN, 20_000), pool(Place.RENTED, 2.5)
    expected = (50_000 - 15_000) / 24 + replica_cost(owned, terms).run
    assert levelised(owned, terms, phases) == pytest.approx(expected)
    assert levelised(rented, terms, phases) == pytest.approx(0.95 * replica_cost(rented, terms).rent)


@settings(deadline=None)
@given(rate=RATES, years=st.sampled_from([1, 2, 3, 5]))
def test_levelised_times_the_annuity_is_what_a_replica_costs(rate, years):
    """Cut into phases or not, for an own replica."""
    terms = stated(discount_rate=rate, horizon_years=years)
    owned = pool(Place.OWN, 20_000)
    for changing in (True, False):
        phases = phases_of(terms, changing=changing)
        total = sum(part[0] for part in start_parts(owned, terms, phases).values())
        month = levelised(owned, terms, phases)
        assert month * annuity_factor(rate, terms.months) == pytest.approx(total, rel=1e-9)
