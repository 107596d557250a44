"""Specification of CO2 of electricity and of cloud APIs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kit.engagement.record import Region
from kit.errors import InputError
from kit.facts.carbon import API, GRID, api_carbon, api_g_per_output_token, grid, grids
from kit.facts.defaults import default
from kit.record import Basis


def test_the_table_covers_what_people_ask_about():
    """Every region of an engagement, the world, and the countries where most machine rooms of Europe stand."""
    assert {"world", "EU", "US", "GB", "CH", "DE", "FR", "SE", "NO", "PL", "ES", "IT", "NL", "IE"} <= set(grids())
    for region in Region:
        assert grid(region).value > 0
    assert grid("UK") == grid("GB")
    assert grid("elsewhere") == grid("world")


def test_grids_are_grams_and_stand_in_their_order():
    """Water and nuclear power below 60 g, gas and coal above 300 g; no grid is cleaner than water, none above coal."""
    assert all(20 < one.g_per_kwh.value < 1000 for one in grids().values())
    assert max(grid(name).value for name in ("NO", "SE", "CH", "FR")) < 60
    assert grid("FR").value < grid("GB").value < grid("DE").value < grid("PL").value
    assert grid("EU").value < grid("US").value < grid("world").value


def test_a_grid_is_published_dated_to_its_year_and_may_be_carried():
    """Each figure holds for the last day of its year, says who published it, and under which licence."""
    for one in grids().values():
        assert one.g_per_kwh.basis is Basis.PUBLISHED
        assert one.g_per_kwh.date == dt.date(one.year, 12, 31)
        assert one.g_per_kwh.source.startswith("http")
        assert one.licence == "CC BY 4.0"


def test_the_default_is_the_worlds_grid():
    """What stands in where the client says nothing is the row of the table."""
    assert default("grid_g_co2_per_kwh").figure.value == grid("world").value


def test_published_grams_of_an_answer_are_divided_by_its_length():
    """Worked by hand: 1.14 g for 400 tokens are 2.85 mg per token."""
    known = api_g_per_output_token("mistral")
    assert known.value == pytest.approx(0.00285)
    assert known.basis is Basis.PUBLISHED


def test_published_energy_is_put_on_the_grid_of_the_place():
    """Worked by hand: 0.34 Wh at 384 g per kWh over 500 tokens are 0.261 mg; in France it is 44 g and so 30 µg."""
    known = api_g_per_output_token("openai", "US")
    assert known.value == pytest.approx(0.34e-3 * 384 / 500)
    assert known.basis is Basis.PREDICTED
    assert "500 output tokens" in known.source
    assert "from memory" in known.source
    assert api_g_per_output_token("openai", "FR").value == pytest.approx(29.92e-6)


def test_certificates_do_not_make_an_api_cleaner_than_its_grid():
    """Google's 0.03 g count certificates: what counts is 0.24 Wh on the grid, 0.114 g on the world's."""
    row = api_carbon()["google"]
    assert (row.g_co2e.value, row.accounting) == (0.03, "market")
    assert api_g_per_output_token("google").value == pytest.approx(0.24e-3 * 473 / 500)


def test_a_provider_that_says_nothing_counts_as_the_dearest():
    """Silence is no advantage: the dearest known figure stands in, assumed, and says whose it is."""
    known = api_g_per_output_token("anthropic")
    assert known.value == max(api_g_per_output_token(name).value for name in api_carbon())
    assert known.basis is Basis.ASSUMED
    assert known.source.startswith("anthropic has published nothing: the dearest that is known, mistral")


def test_an_unknown_region_gets_the_nearest():
    """A mistyped region is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "world"'):
        grid("worl")


@pytest.mark.parametrize(
    ("table", "old", "new", "words"),
    [
        (GRID, "US,United States,384", "US,United States,384000", "line 4: g_per_kwh"),
        (GRID, "US,United States", "EU,United States", '"EU" is there twice'),
        (API, ",1.14,location,", ",1.14,,", "accounting: grams need it"),
        (API, "0.34,,,500,assumed", ",,,500,assumed", "energy_wh: needed"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, table, old, new, words):
    """A figure out of range, a double key and a row that says nothing usable are errors that say what is wrong."""
    path = tmp_path / table.name
    text = table.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        (grids if table == GRID else api_carbon)(path)
