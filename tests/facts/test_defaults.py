"""Specification of what stands in where the client says nothing."""

import statistics
from decimal import Decimal

import pytest
from genai_prices.data import providers

from kit.errors import InputError
from kit.facts.defaults import default, defaults
from kit.facts.energy import electricity, pue
from kit.record import Basis


def test_every_default_says_whether_it_is_assumed() -> None:
    """A default is published, with a public source, or assumed, with the reason."""
    for row in defaults().values():
        assert row.figure.basis in {Basis.PUBLISHED, Basis.ASSUMED}
        assert row.unit
        assert row.label
        published = row.figure.basis is Basis.PUBLISHED
        assert not published or "http" in row.figure.source or "arXiv" in row.figure.source


def test_defaults_agree_with_the_tables_they_come_from() -> None:
    """The default electricity price and PUE are the rows of the energy tables."""
    assert default("electricity_price_per_kwh_usd").figure.value == electricity("US").price_per_kwh.value
    assert default("pue").figure.value == pue("survey average").value


def test_derived_defaults_follow_from_their_sources() -> None:
    """Worked by hand: 10.2 kW over 8 x 700 W is 1.82; 250,142 and 320,000 over 220,000 leave 14 % and 45 %."""
    assert default("server_power_factor").figure.value == round(10.2 / 5.6, 2)
    low, high = 250141.8 / (8 * 27500) - 1, 320000 / (8 * 27500) - 1
    assert low < default("server_overhead_share").figure.value < high
    assert (round(low, 2), round(high, 2)) == (0.14, 0.45)


def test_defaults_of_several_servers_follow_from_their_sources() -> None:
    """Worked by hand: 12 people for 128 servers are 0.094 each; 963,840 on 64 x 310,000 are 4.86 %."""
    assert default("staff_fte_per_further_server").figure.value == round(12 / 128, 3)
    assert default("cluster_network_share").figure.value == round((288_000 + 675_840) / (64 * 310_000), 4)
    assert default("rack_per_month_usd").figure.value == (500 + 2_000) / 2


def test_shares_are_shares() -> None:
    """A share lies between 0 and 1."""
    for row in defaults().values():
        if row.unit.startswith("share"):
            assert 0 < row.figure.value < 1, row.key


def test_an_exchange_rate_has_no_default() -> None:
    """The client states what a euro costs; the kit does not guess."""
    assert not [key for key in defaults() if "eur" in key]
    with pytest.raises(InputError, match=r'unknown default "discount_rat" \(did you mean "discount_rate"\?\)'):
        default("discount_rat")


def test_the_default_change_of_list_prices_is_the_median_of_those_published() -> None:
    """Most models keep their list price: over those of the makers themselves the median change is none."""
    changes = []
    for maker in (one for one in providers if one.id in ("openai", "anthropic", "google", "mistral", "deepseek")):
        for model in maker.models:
            dated = model.prices if isinstance(model.prices, list) else []
            prices = [each.prices.output_mtok for each in dated]
            known = [float(price) for price in prices if isinstance(price, int | float | Decimal) and price]
            changes.append(known[-1] / known[0] - 1 if known else 0.0)
    assert len(changes) > 100
    assert statistics.median(changes) == default("api_price_change_per_year").figure.value == 0


def test_the_default_change_of_rents_is_near_the_median_of_its_pairs() -> None:
    """Worked from the six pairs that the source names: each made yearly, the median is -4.6 %, rounded to -5 %."""
    summer, longer = 89, 276
    pairs = [
        (4.29, 4.19, summer),
        (3.29, 3.29, summer),
        (3.29, 2.99, summer),
        (2.39, 2.89, summer),
        (2.79, 2.89, summer),
        (2.95, 2.15, longer),
    ]
    yearly = statistics.median((last / first) ** (365.25 / days) - 1 for first, last, days in pairs)
    assert yearly == pytest.approx(-0.046, abs=0.0005)
    assert default("rent_change_per_year").figure.value == pytest.approx(yearly, abs=0.005)


def test_the_default_availability_follows_from_its_sources() -> None:
    """Worked by hand: 419 interruptions of 2,048 servers in 54 days are 1.38 a year; 2.5 days each leave 99.05 %."""
    a_year = 419 / (16384 / 8) * 365 / 54
    assert round(a_year, 2) == 1.38
    assert default("replica_availability").figure.value == round(1 - a_year * 2.5 / 365, 2)
