"""Specification of electricity prices and PUE."""

import datetime as dt
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.facts.energy import ELECTRICITY, Tariff, electricity, pue, pues, sites, tariffs
from kit.record import Basis

PER_USD = {"USD": 1, "EUR": 1, "GBP": 1, "CHF": 1, "SGD": 1.5, "INR": 100, "JPY": 150}
"""Roughly; enough to tell a price from its hundredfold."""


def test_prices_keep_the_currency_they_were_published_in() -> None:
    """14.37 US cents in the United States, 19.02 euro cents in the European Union; nothing is converted."""
    assert (electricity("US").price_per_kwh.value, electricity("US").currency) == (0.1437, "USD")
    assert (electricity("EU").price_per_kwh.value, electricity("EU").currency) == (0.1902, "EUR")
    assert electricity("GB").currency == "GBP"


def test_the_table_covers_what_people_ask_about() -> None:
    """At least 25 regions besides continents, from Virginia to Singapore."""
    assert len([region for region in tariffs() if region.isupper()]) >= 25
    asked = {"US-VA", "US-CA", "EU", "DE", "FR", "IE", "NL", "GB", "CH", "NO", "SE", "FI", "IN", "JP", "SG", "world"}
    assert asked <= set(tariffs())


def test_no_price_is_that_of_households() -> None:
    """Each row says which customers pay it, and its label says so in words."""
    for tariff in tariffs().values():
        assert tariff.customers in {"commercial", "industrial", "business"}
        assert "household" not in tariff.label.replace("non-household", "")


def test_a_price_of_households_is_refused(tmp_path: Path) -> None:
    """A row that says households pay it is an error that names line and column."""
    path = tmp_path / "electricity.csv"
    path.write_text(ELECTRICITY.read_text(encoding="utf-8").replace("commercial,0.1437", "household,0.1437"), "utf-8")
    with pytest.raises(InputError, match=r"electricity\.csv, line 2: customers"):
        tariffs(path)


def dollars(tariff: Tariff) -> float:
    """Return roughly how many dollars a kWh costs."""
    return tariff.price_per_kwh.value / PER_USD[tariff.currency]


def test_prices_are_per_kwh_not_cents_and_rooms_draw_more_than_their_computers() -> None:
    """A price of a kWh lies between 2 and 50 cents; a PUE between 1 and 2."""
    assert all(0.02 < dollars(tariff) < 0.5 for tariff in tariffs().values())
    assert all(1 < figure.value < 2 for figure in pues().values())
    assert pue("survey average").value == 1.58


def test_a_price_without_a_source_is_assumed_and_says_so() -> None:
    """Switzerland, Japan and India have no published figure that was opened: judgement, marked as such."""
    assumed = {region for region, tariff in tariffs().items() if tariff.price_per_kwh.basis is Basis.ASSUMED}
    assert assumed == {"CH", "JP", "IN"}
    assert electricity("DE").price_per_kwh.basis is Basis.PUBLISHED


def test_kinds_of_machine_rooms_stand_in_the_order_of_their_size() -> None:
    """A cloud wastes less than a rented room, and that less than a server room; the cloud's is the mean of four."""
    cloud, rented, own = (pue(kind).value for kind in ("hyperscaler", "colocation", "server room"))
    assert cloud < rented < own
    fleets = [pue(f"{name} fleet").value for name in ("aws", "google", "microsoft", "meta")]
    assert cloud == pytest.approx(sum(fleets) / 4, abs=0.005)
    assert pue("hyperscaler").basis is Basis.PREDICTED
    assert {site.kind for site in sites().values()} == {
        "hyperscaler",
        "colocation",
        "server room",
        "cloud region",
        "survey",
    }


def test_at_least_25_regions_of_clouds_have_a_pue() -> None:
    """Three clouds on five continents."""
    regions = [name for name, site in sites().items() if site.kind == "cloud region"]
    assert len(regions) >= 25
    assert {name.split()[0] for name in regions} == {"aws", "gcp", "azure"}


def test_every_figure_has_a_source_and_a_past_day() -> None:
    """No figure without source and date, none from the future."""
    figures = [tariff.price_per_kwh for tariff in tariffs().values()] + [site.pue for site in sites().values()]
    assert all(figure.source and figure.date <= dt.date.today() for figure in figures)


def test_an_unknown_region_gets_the_nearest() -> None:
    """A mistyped region is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "US-TX"'):
        electricity("US-TXX")
    with pytest.raises(InputError, match=r'did you mean "aws eu-west-1"'):
        pue("aws eu-west-11")
