"""Published cost cases: every result that their authors print, from their inputs, by the kit's own functions.

A printed input stands for everything that rounds to it, so a result is reached if the kit's, over all of those, comes
to what rounds to the printed one.
"""

from __future__ import annotations

import datetime as dt
import math

import pytest

from kit.pricing.api_price import ApiPrice, TokenPrice
from kit.pricing.ownership import (
    HOURS_PER_YEAR,
    break_even_hours,
    break_even_requests_per_hour,
    cost_per_request,
    depreciation_per_hour,
    maintenance_per_year,
    own_cost_per_hour,
)
from kit.record import Basis

LP2368 = "https://lenovopress.lenovo.com/lp2368-on-premise-vs-cloud-generative-ai-total-cost-of-ownership-2026-edition"
LP2225 = "https://lenovopress.lenovo.com/lp2225-on-premise-vs-cloud-generative-ai-total-cost-of-ownership"
MITHRIL = "https://huggingface.co/spaces/mithril-security/TCO_calculator"
KULKARNI = "https://github.com/ajinkyakulkarni/ai-cost-calculator-studio"

LP2368_CAPEX = 250_141.80
LP2368_OWN_HOUR = 6.37
LP2368_RENTS = {"on demand": 98.32, "1 year": 62.92, "3 years": 43.16, "5 years": 39.32}
"""ND96isr H100 v5 at Azure, US dollars per hour."""

LP2225_CAPEX = 833_806.0
LP2225_OWN_HOUR = 0.87
LP2225_RENTS = {"on demand": 98.32, "1 year": 77.43, "3 years": 53.95}
"""p5 at AWS, US dollars per hour."""

HALF_A_CENT = 0.005


def price(source: str, prompt: float, output: float, cached: float | None = None) -> ApiPrice:
    """Return list prices in US dollars per million tokens."""

    def of(value: float) -> TokenPrice:
        day = dt.date(2026, 11, 22)
        return TokenPrice(value=value, unit="USD per 10^6 tokens", basis=Basis.PUBLISHED, source=source, date=day)

    return ApiPrice(
        provider="test",
        model="test",
        usd_per_mtok_input=of(prompt),
        usd_per_mtok_cached=None if cached is None else of(cached),
        usd_per_mtok_output=of(output),
        tier_above_tokens=None,
    )


def break_even_range(capex: float, own: float, rent: float) -> tuple[float, float]:
    """Return the hours over all costs that are printed as these two, to the cent."""
    least = break_even_hours(capex, own_cost_per_hour=own - HALF_A_CENT, rent_per_hour=rent + HALF_A_CENT)
    most = break_even_hours(capex, own_cost_per_hour=own + HALF_A_CENT, rent_per_hour=rent - HALF_A_CENT)
    assert least is not None
    assert most is not None
    return least, most


def reaches(least: float, most: float, printed: float, *, unit: float) -> bool:
    """Tell whether something between two values is printed as this, to a multiple of a unit."""
    return least <= printed + unit / 2 and printed - unit / 2 <= most


def test_nvidia_server_costs_87500_a_year() -> None:
    """NVIDIA: $320,000 over four years, software 4,500 and hosting 3,000 a year make 87,500.

    https://developer.nvidia.com/blog/llm-inference-benchmarking-how-much-does-your-llm-inference-cost/
    """
    written_off = depreciation_per_hour(320_000, life_years=4, hours_per_year=HOURS_PER_YEAR) * HOURS_PER_YEAR
    assert written_off + 4_500 + 3_000 == pytest.approx(87_500)


def test_manning_breaks_even_at_625_requests_an_hour() -> None:
    """*Rearchitecting LLMs*, section 12.9: a GPU at $2.50 an hour against an API at $0.004 a request.

    https://livebook.manning.com/learn/concepts/break-even-request-rate--metric/rearchitecting-llms
    """
    assert break_even_requests_per_hour(2.5, 0.004) == pytest.approx(625)


def manning_request() -> float:
    """Return what a request costs there: 2,950 requests an hour, of which 4.2 % are passed on to the API."""
    return cost_per_request(2.5, 2_950, passed_on_share=0.042, price_per_request=0.004)


def test_manning_request_costs_0_001015() -> None:
    """*Rearchitecting LLMs*, section 12.9: $0.001015 a request."""
    assert round(manning_request(), 6) == 0.001015


def test_manning_saves_74_6_percent() -> None:
    """*Rearchitecting LLMs*, section 12.9: that is 74.6 % less than $0.004."""
    assert round(100 * (1 - manning_request() / 0.004), 1) == 74.6


@pytest.mark.parametrize(("years", "printed"), [(3, 1.64), (5, 0.98)])
def test_computetape_h100_writes_off(years: int, printed: float) -> None:
    """computetape: $30,000 used 6,100 hours a year write off $1.64 an hour over three years, $0.98 over five.

    https://www.computetape.com/learn/how-fast-does-an-h100-depreciate/
    """
    assert round(depreciation_per_hour(30_000, life_years=years, hours_per_year=6_100), 2) == printed


def test_mithril_request_costs_0_00115() -> None:
    """Mithril's calculator: 500 prompt and 200 output tokens at $0.0015 and $0.002 a thousand are $0.00115.

    How_to_contribute.md of the space.
    """
    request = price(MITHRIL, 1.5, 2.0).usd(prompt_tokens=500, output_tokens=200)
    assert request == pytest.approx(0.00115, rel=1e-12)


@pytest.mark.parametrize(
    ("prompt", "cached_share", "printed"),
    [pytest.param(2_933, 0.88, 1_508, id="templated"), pytest.param(23_740, 0.744, 13_253, id="freeform")],
)
def test_kulkarni_monthly_bill(prompt: int, cached_share: float, printed: int) -> None:
    """Kulkarni & Parajuli 2026: 900,000 queries a month to gpt-5.2 cost $1,508, or $13,253 with long tool results.

    REPRODUCING.md prints prompt, cache and bill. The rest is in the preset and the engine of v0.4.0: 41 tokens of
    output; 10,000 users × 0.2 sessions × 30 days × 10 questions × 1.5 for bots; the share of the cache holds for six
    questions a session and rises by a hundredth with each further one; hosting at FedRAMP Moderate costs 15 % more.
    """
    queries = 10_000 * 0.2 * 30 * 10 * 1.5
    assert queries == 900_000
    share = cached_share + 0.01 * (10 - 6)
    request = price(KULKARNI, 1.75, 14.0, cached=0.175).usd(
        prompt_tokens=prompt, output_tokens=41, cached_tokens=share * prompt
    )
    assert round(1.15 * queries * request) == printed


@pytest.mark.parametrize(("had", "printed"), [("on demand", 8_556), ("1 year", 10_890), ("3 years", 15_710)])
def test_lenovo_lp2225_break_even_hours(had: str, printed: int) -> None:
    """Lenovo Press LP2225 (23 May 2025): $833,806 without discounts, $0.87 an hour, against p5 at AWS."""
    assert reaches(*break_even_range(LP2225_CAPEX, LP2225_OWN_HOUR, LP2225_RENTS[had]), printed, unit=1), LP2225


@pytest.mark.parametrize(
    ("had", "printed"), [("on demand", 2_720), ("1 year", 4_423), ("3 years", 6_800), ("5 years", 7_591)]
)
def test_lenovo_lp2368_break_even_hours(had: str, printed: int) -> None:
    """Lenovo Press LP2368 (4 Feb 2026), case 1: $250,141.80 for 8 x H100, $6.37 an hour, against Azure."""
    assert reaches(*break_even_range(LP2368_CAPEX, LP2368_OWN_HOUR, LP2368_RENTS[had]), printed, unit=1), LP2368


@pytest.mark.parametrize(("had", "printed"), [("on demand", 3.7), ("1 year", 6.0), ("3 years", 9.3), ("5 years", 10.4)])
def test_lenovo_lp2368_break_even_months(had: str, printed: float) -> None:
    """Lenovo Press LP2368, case 1: the same in months, to one decimal.

    How many hours a month has is not said. 730 give 6.06 where 6.0 is printed; 30.5 days give all four.
    """
    least, most = break_even_range(LP2368_CAPEX, LP2368_OWN_HOUR, LP2368_RENTS[had])
    assert reaches(least / (24 * 30.5), most / (24 * 30.5), printed, unit=0.1)


def cut(value: float) -> float:
    """Return whole cents: the report cuts its hourly costs off, it does not round them."""
    return math.floor(100 * value) / 100


def test_lenovo_lp2368_maintenance_an_hour() -> None:
    """Lenovo Press LP2368, case 1: 12 % of $250,141.80 a year are $3.4266 an hour, printed as 3.42."""
    assert cut(maintenance_per_year(LP2368_CAPEX, 0.12) / HOURS_PER_YEAR) == 3.42


def test_lenovo_lp2368_space_an_hour() -> None:
    """Lenovo Press LP2368, case 1: $1,500 a month of high density space are $2.08 an hour of 720."""
    space = own_cost_per_hour(0, maintenance_share=0, energy_per_hour=0, space_per_month=1_500, hours_per_month=720)
    assert cut(space) == 2.08


def test_lenovo_lp2368_own_hour() -> None:
    """Lenovo Press LP2368, case 1: 3.42 + 0.87 for power and cooling + 2.08 = 6.37; uncut the sum is 6.38."""
    hour = own_cost_per_hour(
        LP2368_CAPEX, maintenance_share=0.12, energy_per_hour=0.87, space_per_month=1_500, hours_per_month=720
    )
    # Two of its parts are cut off by less than a cent each.
    assert LP2368_OWN_HOUR <= hour < LP2368_OWN_HOUR + 0.02
    assert round(3.42 + 0.87 + 2.08, 2) == LP2368_OWN_HOUR
