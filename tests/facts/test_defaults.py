"""Specification of what stands in where the client says nothing."""

import pytest

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
