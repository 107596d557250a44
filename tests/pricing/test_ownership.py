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


def test_nvidias_server_costs_87500_a_year() -> None:
    """NVIDIA: $320,000 over four years, software 4,500 and hosting 3,000 a year make 87,500.

    https://developer.nvidia.com/blog/llm-inference-benchmarking-how-much-does-your-llm-inference-cost/
    """
    hours = 8760
    written_off = depreciation_per_hour(320_000, life_years=4, hours_per_year=hours) * hours
    assert written_off + 4_500 + 3_000 == pytest.approx(87_500)


def test_computetapes_h100_writes_off_its_printed_rates() -> None:
    """computetape: $30,000 used 6,100 hours a year write off $1.64 an hour over three years, $0.98 over five.

    https://www.computetape.com/learn/how-fast-does-an-h100-depreciate/
    """
    assert round(depreciation_per_hour(30_000, life_years=3, hours_per_year=6_100), 2) == 1.64
    assert round(depreciation_per_hour(30_000, life_years=5, hours_per_year=6_100), 2) == 0.98


@pytest.mark.parametrize(("rent", "printed"), [(98.32, 2720), (62.92, 4423), (43.16, 6800), (39.32, 7591)])
def test_lenovos_break_even_hours(rent: float, printed: int) -> None:
    """Lenovo LP2368, case 1: $250,141.80 for 8 x H100 at $6.37 an hour against Azure breaks even after these hours.

    https://lenovopress.lenovo.com/lp2368-on-premise-vs-cloud-generative-ai-total-cost-of-ownership-2026-edition
    """
    hours = break_even_hours(250_141.80, own_cost_per_hour=6.37, rent_per_hour=rent)
    assert hours == pytest.approx(printed, abs=2)


def test_lenovos_hourly_costs() -> None:
    """Lenovo LP2368: 12 % of $250,141.80 a year are $3.42 an hour; $1,500 a month of space $2.08."""
    assert maintenance_per_year(250_141.80, 0.12) / 8760 == pytest.approx(3.42, abs=0.01)
    assert round(1_500 / 720, 2) == 2.08


def test_lenovos_own_hour() -> None:
    """Lenovo LP2368, case 1: maintenance 3.42, power and cooling 0.87 and space 2.08 are printed as 6.37 an hour."""
    hour = own_cost_per_hour(
        250_141.80, maintenance_share=0.12, energy_per_hour=0.87, space_per_month=1_500, hours_per_month=720
    )
    assert hour == pytest.approx(6.37, rel=0.01)


@pytest.mark.parametrize(("rent", "printed"), [(98.32, 3.7), (62.92, 6.0), (43.16, 9.3), (39.32, 10.4)])
def test_lenovos_break_even_months(rent: float, printed: float) -> None:
    """Lenovo LP2368, case 1: the hours are printed as months too, to one decimal."""
    hours = break_even_hours(250_141.80, own_cost_per_hour=6.37, rent_per_hour=rent)
    assert hours is not None
    assert hours / 730 == pytest.approx(printed, rel=0.01)


@pytest.mark.parametrize(("rent", "printed"), [(98.32, 8556), (77.43, 10890), (53.95, 15710)])
def test_lenovos_break_even_of_2025(rent: float, printed: int) -> None:
    """Lenovo LP2225: $833,806 without discounts at $0.87 an hour against AWS p5 breaks even after these hours.

    https://lenovopress.lenovo.com/lp2225-on-premise-vs-cloud-generative-ai-total-cost-of-ownership
    """
    hours = break_even_hours(833_806, own_cost_per_hour=0.87, rent_per_hour=rent)
    assert hours == pytest.approx(printed, rel=0.001)


def test_mannings_hybrid() -> None:
    """Manning: a GPU at $2.50 an hour, an API at $0.004 a request, 2,950 requests an hour of which 4.2 % are passed on.

    Printed: break-even at 625 requests an hour, $0.001015 a request, 74.6 % saved.
    https://livebook.manning.com/learn/concepts/break-even-request-rate--metric/rearchitecting-llms
    """
    assert break_even_requests_per_hour(2.5, 0.004) == pytest.approx(625)
    request = cost_per_request(2.5, 2_950, passed_on_share=0.042, price_per_request=0.004)
    assert request == pytest.approx(0.001015, abs=1e-6)
    assert 1 - request / 0.004 == pytest.approx(0.746, abs=1e-3)


def test_a_free_api_is_never_beaten() -> None:
    """Against an API that costs nothing there is no break-even."""
    assert break_even_requests_per_hour(2.5, 0) is None


def test_renting_that_never_costs_more_never_breaks_even() -> None:
    """Where the own machine costs as much an hour as the rented one, buying never pays."""
    assert break_even_hours(1_000, own_cost_per_hour=2, rent_per_hour=2) is None
