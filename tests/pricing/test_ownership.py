"""Specification of the cost of owning, against hand-worked figures and published cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.facts.defaults import default
from kit.pricing.ownership import (
    annuity_factor,
    break_even_hours,
    break_even_requests_per_hour,
    capex,
    cluster_network_cost,
    cost_per_request,
    depreciation_per_hour,
    energy_cost_per_hour,
    maintenance_per_year,
    monthly_rate,
    net_present_value,
    own_cost_per_hour,
    present_value,
    rack_cost_per_month,
    space_cost_per_month,
    staff_fte,
    straight_line_residual,
)


def test_capex_is_accelerators_with_their_servers() -> None:
    """Four accelerators at 10,000 with 30 % of server around them cost 52,000."""
    assert capex(4, 10_000, server_overhead_share=0.3) == pytest.approx(52_000)


def test_residual_falls_evenly_to_the_salvage_value() -> None:
    """100 over five years to nothing: 40 after three years, 0 after five and after eight."""
    assert straight_line_residual(100, life_years=5, age_years=3) == pytest.approx(40)
    assert straight_line_residual(100, life_years=5, age_years=5) == 0
    assert straight_line_residual(100, life_years=5, age_years=8) == 0
    assert straight_line_residual(100, life_years=4, age_years=2, salvage=20) == pytest.approx(60)


def test_energy_is_power_times_pue_times_price() -> None:
    """10 kW in a room of PUE 1.5 at 0.20 per kWh: 10 x 1.5 x 0.20 = 3.00 an hour."""
    assert energy_cost_per_hour(10_000, pue=1.5, price_per_kwh=0.20) == pytest.approx(3.00)


def test_maintenance_and_space() -> None:
    """12 % of 250,000 is 30,000 a year; 10.2 kW at 200 per kW are 2,040 a month."""
    assert maintenance_per_year(250_000, 0.12) == pytest.approx(30_000)
    assert space_cost_per_month(10_200, 200) == pytest.approx(2_040)


def test_a_rack_is_shared_by_height() -> None:
    """8 of 42 units of a rack at 1,250 a month: 8 / 42 x 1,250 = 238.10."""
    assert rack_cost_per_month(8, 1_250) == pytest.approx(238.095, abs=1e-3)
    assert rack_cost_per_month(42, 1_250) == 1_250


def test_one_server_needs_no_switch() -> None:
    """64 servers of 310,000 at 4.86 %: 963,840 were printed, 64 x 310,000 x 0.0486 = 964,224; one server: nothing.

    https://docs.google.com/spreadsheets/d/1Ft3RbeZ-w43kYSiLfYc1vxO41mK5lmJpcPC9GOYHAWc
    """
    share = default("cluster_network_share").figure.value
    assert cluster_network_cost(310_000, 64, share=share) == pytest.approx(963_840, rel=0.01)
    assert cluster_network_cost(310_000, 1, share=share) == 0


def test_staff_grows_with_the_servers() -> None:
    """Half a person for the first server, 0.094 for each further: 0.5 + 127 x 0.094 = 12.4; 12 people run 128 of them.

    https://hedgehog.cloud/blog/the-operations-math-how-a-devops-team-can-run-an-ai-cloud-with-hedgehog-and-what-thats-worth
    """
    first, each = default("staff_fte_own").figure.value, default("staff_fte_per_further_server").figure.value
    assert staff_fte(128, first=first, each_further=each) == pytest.approx(12.438)
    assert staff_fte(1, first=first, each_further=each) == first
    assert staff_fte(0, first=first, each_further=each) == 0


@given(
    price=st.floats(0, 1e7), life=st.floats(0.5, 10), age=st.floats(0, 20), longer=st.floats(0, 5), part=st.floats(0, 1)
)
def test_a_book_value_never_rises(price: float, life: float, age: float, longer: float, part: float) -> None:
    """Older is never worth more, and never less than the salvage value."""
    young = straight_line_residual(price, life_years=life, age_years=age, salvage=part * price)
    old = straight_line_residual(price, life_years=life, age_years=age + longer, salvage=part * price)
    assert part * price <= old <= young + 1e-6 <= price + 1e-6


def test_the_monthly_rate_compounds_to_the_yearly_one() -> None:
    """12.68 % a year is 1 % a month: 1.01 ** 12 = 1.126825."""
    assert monthly_rate(1.01**12 - 1) == pytest.approx(0.01)


def test_an_annuity_by_hand() -> None:
    """At 1 % a month twelve payments of 1 are worth 11.2551 (any table of annuities); at no interest 12."""
    assert annuity_factor(1.01**12 - 1, 12) == pytest.approx(11.2551, abs=1e-4)
    assert annuity_factor(0, 12) == 12
    assert annuity_factor(0.09, 0) == 0


@given(rate=st.floats(-0.5, 1.0), months=st.integers(0, 120))
def test_an_annuity_is_the_sum_of_its_payments(rate: float, months: int) -> None:
    """The closed form equals the present values of the payments, one by one."""
    one_by_one = sum(present_value(1, rate_per_year=rate, months=month) for month in range(1, months + 1))
    assert annuity_factor(rate, months) == pytest.approx(one_by_one, rel=1e-6, abs=1e-9)


def test_present_values_by_hand() -> None:
    """110 in a year at 10 % are 100 today; −100 today and 110 in twelve months are worth nothing."""
    assert present_value(110, rate_per_year=0.10, months=12) == pytest.approx(100)
    assert net_present_value([-100, *([0] * 11), 110], rate_per_year=0.10) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: capex(-1, 1, server_overhead_share=0),
        lambda: energy_cost_per_hour(1, pue=0.9, price_per_kwh=0.1),
        lambda: straight_line_residual(1, life_years=0, age_years=1),
        lambda: straight_line_residual(1, life_years=5, age_years=1, salvage=2),
        lambda: annuity_factor(-1, 12),
        lambda: present_value(1, rate_per_year=-2, months=1),
        lambda: depreciation_per_hour(1, life_years=1, hours_per_year=0),
        lambda: maintenance_per_year(float("nan"), 0.1),
        lambda: rack_cost_per_month(43, 1_000),
        lambda: cluster_network_cost(1, -1, share=0.1),
        lambda: staff_fte(-1, first=0.5, each_further=0.1),
        lambda: own_cost_per_hour(1, maintenance_share=0, energy_per_hour=0, space_per_month=0, hours_per_month=0),
        lambda: cost_per_request(1, 0, passed_on_share=0, price_per_request=1),
        lambda: cost_per_request(1, 1, passed_on_share=1.1, price_per_request=1),
        lambda: break_even_requests_per_hour(-1, 1),
    ],
)
def test_the_impossible_is_refused(wrong: object) -> None:
    """Negative prices, a PUE below one, a life of nothing, or a rate of minus one are mistakes of the caller."""
    with pytest.raises(ValueError, match=r"impossible|negative"):
        wrong()  # type: ignore[operator]


def test_a_free_api_is_never_beaten() -> None:
    """Against an API that costs nothing there is no break-even."""
    assert break_even_requests_per_hour(2.5, 0) is None


def test_renting_that_never_costs_more_never_breaks_even() -> None:
    """Where the own machine costs as much an hour as the rented one, buying never pays."""
    assert break_even_hours(1_000, own_cost_per_hour=2, rent_per_hour=2) is None
