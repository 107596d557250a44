"""Specification of rented GPUs."""

from pathlib import Path

import pytest

from kit.errors import InputError, PriceError
from kit.facts.gpus import accelerators
from kit.pricing.rental import offers, rental, rentals

HEAD = "provider,accelerator,usd_per_gpu_hour,usd_per_gpu_hour_spot,pricing_model,region,source,date,licence,note\n"


def test_offers_come_cheapest_first() -> None:
    """H100 SXM on 2026-05-24: Verda at $2.29 first, CoreWeave's classic list at $4.76 last."""
    found = rentals("H100 SXM")
    assert [offer.usd_per_gpu_hour.value for offer in found] == sorted(o.usd_per_gpu_hour.value for o in found)
    assert (found[0].provider, found[0].usd_per_gpu_hour.value) == ("verda", 2.29)
    assert (found[-1].provider, found[-1].usd_per_gpu_hour.value) == ("coreweave", 4.76)


def test_every_offer_has_source_day_and_licence() -> None:
    """Each offer says where and when it was listed and under which licence; a region not stated is None."""
    for offer in offers():
        assert "https://" in offer.usd_per_gpu_hour.source
        assert offer.licence.startswith("MIT")
        assert offer.accelerator in accelerators()
        assert offer.region is None
        assert 0.1 < offer.usd_per_gpu_hour.value < 10


def test_one_offer_is_found_by_provider() -> None:
    """Lambda rents an H100 SXM for $4.29 an hour, and no RTX 4090."""
    assert rental("lambda", "H100 SXM").usd_per_gpu_hour.value == 4.29
    with pytest.raises(PriceError, match="lambda: no price of RTX 4090 is known; genesis-cloud or runpod has one"):
        rental("lambda", "RTX 4090")
    with pytest.raises(InputError, match=r'unknown renter "lamda" \(did you mean "lambda"\?\)'):
        rental("lamda", "H100 SXM")


def test_spot_above_on_demand_is_an_error_of_the_source(tmp_path: Path) -> None:
    """A row whose spot price is above its price on demand is refused at load, with file and line."""
    path = tmp_path / "rentals.csv"
    path.write_text(HEAD + "x,H100 SXM,5.38,5.98,on-demand,us,https://x,2026-05-24,MIT,\n")
    with pytest.raises(InputError, match=r"rentals\.csv, line 2: .*spot price is above"):
        offers(path)
    path = tmp_path / "fine.csv"
    path.write_text(HEAD + "x,H100 SXM,5.38,3.50,on-demand,us,https://x,2026-05-24,MIT,\n")
    assert offers(path)[0].usd_per_gpu_hour_spot is not None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x,H100 SXN,5,,on-demand,,https://x,2026-05-24,MIT,", 'unknown accelerator "H100 SXN"'),
        ("x,H100 SXM,-5,,on-demand,,https://x,2026-05-24,MIT,", "line 2: usd_per_gpu_hour"),
        ("x,H100 SXM,5,,marketplace,,https://x,2026-05-24,MIT,", "line 2: pricing_model"),
        ("x,H100 SXM,5,,on-demand,,https://x,,MIT,", "line 2: date"),
    ],
)
def test_a_broken_row_is_refused(tmp_path: Path, row: str, says: str) -> None:
    """An unknown accelerator, a negative price, a marketplace or a missing date is an input error."""
    path = tmp_path / "rentals.csv"
    path.write_text(HEAD + row + "\n")
    with pytest.raises(InputError) as caught:
        offers(path)
    assert says in str(caught.value)


def test_a_double_offer_is_refused(tmp_path: Path) -> None:
    """Two prices of one provider for one accelerator are ambiguous."""
    row = "x,H100 SXM,5,,on-demand,,https://x,2026-05-24,MIT,\n"
    path = tmp_path / "rentals.csv"
    path.write_text(HEAD + row + row)
    with pytest.raises(InputError, match='"x, H100 SXM" is there twice'):
        offers(path)
