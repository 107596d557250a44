"""The money of a replica and of a plan, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.engagement.record import Engagement, GpuOffer, Place
from kit.facts.models import model
from kit.record import Basis, Figure
from kit.strategy.costs import cash_by_year, levelised, replica_cost, staff_per_month
from kit.strategy.options import Pool
from kit.strategy.terms import resolve
from tests.strategy.test_capacity import point, profile

DAY = dt.date(2026, 11, 22)


def figure(value: float) -> dict[str, object]:
    return {"value": value, "basis": "quoted", "source": "test", "date": DAY}


@pytest.fixture
def terms():
    said = Engagement.model_validate(
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
            "money": {
                "horizon_years": figure(2),
                "discount_rate": figure(0),
                "electricity_price_per_kwh": figure(0.20),
                "pue": figure(1.5),
                "staff_cost_per_year": figure(120_000),
                "staff_fte_own": figure(0.5),
                "staff_fte_rented": figure(0.25),
                "staff_fte_api": figure(0.1),
                "server_overhead_share": figure(0.25),
                "maintenance_share_per_year": figure(0.12),
                "residual_share": figure(0.3),
                "colocation_per_kw_month": figure(100),
            },
        }
    )
    return resolve(said)


def pool(tenure: Place, price: float) -> Pool:
    offer = GpuOffer(accelerator="H100 SXM", tenure=tenure, provider="x" if tenure is Place.RENTED else None)
    curve = profile(point(1000, 200, seconds=1.0)).model_copy(update={"accelerators": 2})
    money = Figure(value=price, basis=Basis.QUOTED, source="test", date=DAY)
    power = Figure(value=2000.0, basis=Basis.MEASURED, source="test", date=DAY)
    return Pool(offer, model("Llama-3.1-8B-Instruct"), curve, 8, money, power)


def test_an_own_replica(terms):
    """Two cards at 20,000 with a quarter on top, 2 kW at PUE 1.5 and 0.20 per kWh, 100 per kW, 12 % maintenance."""
    cost = replica_cost(pool(Place.OWN, 20_000), terms)
    assert cost.capex == pytest.approx(2 * 20_000 * 1.25)
    hours = 365.25 * 2
    assert cost.energy_and_space == pytest.approx(2 * 1.5 * 0.20 * hours + 2 * 100)
    assert cost.maintenance == pytest.approx(50_000 * 0.12 / 12)
    assert cost.residual == pytest.approx(15_000)
    # At a discount rate of nothing the purchase less the resale is spread evenly over 24 months.
    assert levelised(cost, terms) == pytest.approx((50_000 - 15_000) / 24 + cost.energy_and_space + cost.maintenance)


def test_a_rented_replica(terms):
    """Two cards at 2.50 an hour around the clock, and nothing else."""
    cost = replica_cost(pool(Place.RENTED, 2.5), terms)
    assert cost.run == pytest.approx(2 * 2.5 * 365.25 * 2)
    assert (cost.capex, cost.residual) == (0, 0)


def test_people_are_paid_by_the_kind_of_place(terms):
    """Half, a quarter and a tenth of 120,000 a year are 5,000, 2,500 and 1,000 a month."""
    people = staff_per_month(terms)
    assert people == {Place.OWN: pytest.approx(5000), Place.RENTED: pytest.approx(2500), Place.API: pytest.approx(1000)}


def test_cash_by_year_adds_up_to_the_levelised_cost(terms):
    """At a discount rate of nothing, all cash out over the horizon is 24 levelised months."""
    owned = pool(Place.OWN, 20_000)
    rows = cash_by_year({owned: 3}, staff_month=5000, api_month=700, terms=terms)
    assert [row.year for row in rows] == [0, 1, 2]
    total = sum(
        row.capex + row.energy_and_space + row.maintenance + row.staff + row.rent + row.api + row.residual
        for row in rows
    )
    assert total == pytest.approx(24 * (3 * levelised(replica_cost(owned, terms), terms) + 5700))
    assert rows[-1].residual == pytest.approx(-45_000)
