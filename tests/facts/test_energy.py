"""Specification of electricity prices and PUE."""

import pytest

from kit.errors import InputError
from kit.facts.energy import electricity, pue, pues, tariffs


def test_prices_keep_the_currency_they_were_published_in() -> None:
    """14.37 US cents in the United States, 19.02 euro cents in the European Union; nothing is converted."""
    assert (electricity("US").price_per_kwh.value, electricity("US").currency) == (0.1437, "USD")
    assert (electricity("EU").price_per_kwh.value, electricity("EU").currency) == (0.1902, "EUR")


def test_prices_are_per_kwh_not_cents_and_rooms_draw_more_than_their_computers() -> None:
    """A price of a kWh lies between 2 and 50 cents; a PUE between 1 and 2."""
    assert all(0.02 < tariff.price_per_kwh.value < 0.5 for tariff in tariffs().values())
    assert all(1 < figure.value < 2 for figure in pues().values())
    assert pue("survey average").value == 1.58


def test_an_unknown_region_gets_the_nearest() -> None:
    """A mistyped region is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "US-TX"'):
        electricity("US-TXX")
    with pytest.raises(InputError, match=r'did you mean "aws eu-west-1"'):
        pue("aws eu-west-11")
