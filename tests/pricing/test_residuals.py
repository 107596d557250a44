"""Specification of what an accelerator still fetches."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InputError
from kit.facts.defaults import default
from kit.pricing.residuals import curve_of, curves, residual_range, residual_share
from kit.record import Basis

HEAD = "family,age_years,share,low,high,basis,source,date,note\n"
ACCELERATORS = [None, "H100 SXM", "A100 80GB SXM", "L40S"]


def test_published_ages_are_as_published() -> None:
    """An H100 after three years: 25 to 35 % of its price, the middle is the kit's default for a sale at the horizon."""
    three = residual_share(3, "H100 SXM")
    assert (three.value, three.basis) == (0.30, Basis.PUBLISHED)
    assert three.value == default("residual_share").figure.value
    assert residual_range(3, "H100 SXM") == (0.25, 0.46)
    assert residual_share(1, "A100 80GB PCIe").value == 0.525


def test_between_ages_it_is_linear() -> None:
    """Worked by hand: half a year of an H100 (1 + 0.625) / 2 = 0.8125; an A100 of two years (0.525 + 0.225) / 2."""
    half = residual_share(0.5, "H100 SXM")
    assert (half.value, half.basis) == (pytest.approx(0.8125), Basis.PREDICTED)
    assert residual_share(2, "A100 80GB SXM").value == pytest.approx(0.375)
    assert residual_share(0, "H100 SXM").value == 1


def test_beyond_the_last_age_it_keeps_falling() -> None:
    """Worked by hand: 0.125 after five years and 0.175 after four leave 0.125 x 0.125 / 0.175 = 0.0893 after six."""
    six = residual_share(6, "H100 PCIe")
    assert six.value == pytest.approx(0.0893, abs=1e-4)
    assert six.source.startswith("beyond ")


def test_families_without_evidence_take_the_common_curve() -> None:
    """The median fall of 32.35 % a year, by hand: 0.6765 ** 3 = 0.3096; it is assumed, wherever it is read."""
    assert curve_of("L40S") == curve_of() == curves()["any"]
    for point in curve_of():
        assert point.share.value == pytest.approx(0.6765**point.age_years, abs=1e-4)
    assert residual_share(2.5, "L40S").basis is Basis.ASSUMED
    with pytest.raises(InputError, match="L40X"):
        residual_share(1, "L40X")


@given(age=st.floats(0, 15), longer=st.floats(0, 5), name=st.sampled_from(ACCELERATORS))
def test_nothing_gains_with_age(age: float, longer: float, name: str | None) -> None:
    """Older is never worth more; a share is a share and lies within its range."""
    young, old = residual_share(age, name).value, residual_share(age + longer, name).value
    low, high = residual_range(age, name)
    assert 0 <= old <= young + 1e-12 <= 1 + 1e-9
    assert low - 1e-9 <= young <= high + 1e-9


@pytest.mark.parametrize("age", [-1, float("nan")])
def test_an_impossible_age_is_refused(age: float) -> None:
    """A negative age is a mistake of the caller."""
    with pytest.raises(ValueError, match="negative"):
        residual_share(age)
    with pytest.raises(ValueError, match="negative"):
        residual_range(age)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("H100,1,0.5,0.4,0.6,published,https://x,2026-01-01,\n", 'the curve "any" is missing'),
        ("any,1,0.5,0.6,0.7,assumed,x,2026-01-01,\n", "outside its own range"),
        ("any,1,0.5,0.4,0.7,assumed,x,2026-01-01,\nany,2,0.6,0.4,0.7,assumed,x,2026-01-01,\n", "worth more at 2 years"),
        ("any,1,0.5,0.4,0.7,assumed,x,2026-01-01,\nany,1,0.5,0.4,0.7,assumed,x,2026-01-01,\n", "age 1 is there twice"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, rows: str, says: str) -> None:
    """A value that rises with age, a double age, a share outside its range or no common curve is an input error."""
    path = tmp_path / "residuals.csv"
    path.write_text(HEAD + rows)
    with pytest.raises(InputError) as caught:
        curves(path)
    assert says in str(caught.value)
