"""Specification of rented GPUs."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kit.errors import InputError, PriceError
from kit.facts.gpus import accelerators
from kit.pricing.rental import Quote, Rental, offers, price_per_gpu, rental, rentals, with_quotes
from kit.record import Basis, Figure

HEAD = (
    "provider,instance,gpus,accelerator,usd_per_hour,usd_per_gpu_hour,usd_per_hour_spot,usd_per_gpu_hour_spot,"
    "usd_per_hour_1y,usd_per_hour_3y,usd_per_hour_5y,region,pricing_model,tier,source,date,licence,note\n"
)
TAIL = "us,on-demand,professional,https://x,2026-05-24,MIT,\n"


def table(tmp_path: Path, *rows: str) -> Path:
    """Return a table of offers with these rows."""
    path = tmp_path / "rentals.csv"
    path.write_text(HEAD + "".join(rows))
    return path


def quoted(value: float, basis: Basis = Basis.QUOTED) -> Figure:
    """Return a price that somebody offered."""
    return Figure(value=value, basis=basis, source="offer no. 7", date=dt.date(2026, 11, 20))


def test_professional_offers_come_cheapest_first() -> None:
    """H100 SXM: Verda at $2.29 first; Google's $13.98 in the Netherlands last; no marketplace among them."""
    found = rentals("H100 SXM")
    assert [offer.usd_per_gpu_hour.value for offer in found] == sorted(o.usd_per_gpu_hour.value for o in found)
    assert (found[0].provider, found[0].usd_per_gpu_hour.value) == ("verda", 2.29)
    assert (found[-1].provider, found[-1].region) == ("gcp", "europe-west4")
    assert {offer.tier for offer in found} == {"professional"}
    assert "vast" in {offer.provider for offer in offers() if offer.accelerator == "H100 SXM"}


def test_the_table_is_wide_enough() -> None:
    """At least 100 offers of 12 providers, and each of the accelerators that clients ask for."""
    assert len({offer.label for offer in offers()}) == len(offers()) >= 100
    providers = {offer.provider for offer in offers()}
    assert len(providers) >= 12
    assert {"lambda", "runpod", "aws", "gcp", "azure", "coreweave", "vast", "oracle", "nebius"} <= providers
    asked = {"A100 80GB SXM", "H100 SXM", "H200 SXM", "B200", "L40S", "L4", "RTX 4090", "MI300X"}
    for name in asked:
        assert len({offer.provider for offer in offers() if offer.accelerator == name}) >= 3, name


def test_every_offer_has_source_day_and_licence() -> None:
    """Each offer says where and when it was listed and under which licence."""
    for offer in offers():
        assert "https://" in offer.usd_per_gpu_hour.source
        assert offer.licence
        assert offer.instance
        assert offer.accelerator in accelerators()
        assert 0.1 < offer.usd_per_gpu_hour.value < 20
        assert offer.usd_per_gpu_hour.date <= dt.date(2026, 11, 22)


def test_prices_of_machines_are_divided() -> None:
    """AWS p5.48xlarge in Virginia: $55.04 for eight H100 is $6.88 for one, and the source names the division."""
    found = rental("aws", "H100 SXM", "us-east-1")
    assert found.usd_per_gpu_hour.value == pytest.approx(6.88)
    assert rental("nebius", "B200").usd_per_gpu_hour.value == pytest.approx(44.0 / 8)
    assert rental("nebius", "B200").usd_per_gpu_hour.source.endswith(": USD 44 for 8 GPUs")
    assert rental("nebius", "B200").usd_per_hour == pytest.approx(44.0)


def test_reserved_prices_have_a_term() -> None:
    """Azure ND96isr H100 v5 in Lenovo LP2368: 62.92, 43.16 and 39.32 an hour for one, three, five years."""
    found = rental("azure", "H100 SXM")
    assert [(item.term_years, item.usd_per_gpu_hour.value * 8) for item in found.reserved] == [
        (1, pytest.approx(62.92)),
        (3, pytest.approx(43.16)),
        (5, pytest.approx(39.32)),
    ]
    within = found.reserved_within(4)
    assert within is not None
    assert within.term_years == 3
    assert found.reserved_within(0.5) is None


def test_one_offer_is_found_by_provider() -> None:
    """Lambda rents an H100 SXM for $4.29 an hour, and no RTX 4090; RunPod's secure cloud comes before its community."""
    assert rental("lambda", "H100 SXM").usd_per_gpu_hour.value == 4.29
    assert (rental("runpod", "H100 SXM").tier, rental("runpod", "L4").tier) == ("professional", "community")
    with pytest.raises(PriceError, match="lambda: no price of RTX 4090 is known; genesis-cloud or runpod has one"):
        rental("lambda", "RTX 4090")
    with pytest.raises(PriceError, match="lambda: no price of RTX 5090 is known; nobody has one"):
        rental("lambda", "RTX 5090")
    with pytest.raises(PriceError, match="azure: no price of H100 SXM in mars is known; no region has one"):
        rental("azure", "H100 SXM", "mars")
    with pytest.raises(InputError, match=r'unknown renter "lamda" \(did you mean "lambda"\?\)'):
        rental("lamda", "H100 SXM")


def test_spot_above_on_demand_is_an_error_of_the_source(tmp_path: Path) -> None:
    """A row whose spot price is above its price on demand is refused at load, with file and line."""
    path = table(tmp_path, f"x,m,1,H100 SXM,,5.38,,5.98,,,,{TAIL}")
    with pytest.raises(InputError, match=r"rentals\.csv, line 2: .*spot price is above"):
        offers(path)
    fine = tmp_path / "fine.csv"
    fine.write_text(f"{HEAD}x,m,2,H100 SXM,10.76,,7,,,,,{TAIL}")
    assert offers(fine)[0].usd_per_gpu_hour_spot == Figure(
        value=3.5, basis=Basis.PUBLISHED, source="https://x: USD 7 for 2 GPUs", date=dt.date(2026, 5, 24)
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"x,m,1,H100 SXN,,5,,,,,,{TAIL}", 'unknown accelerator "H100 SXN"'),
        (f"x,m,1,H100 SXM,,-5,,,,,,{TAIL}", "line 2: usd_per_gpu_hour"),
        (f"x,m,0,H100 SXM,,5,,,,,,{TAIL}", "line 2: gpus"),
        (f"x,m,8,H100 SXM,,,,,,,,{TAIL}", "no price on demand"),
        (f"x,m,8,H100 SXM,40,6,,,,,,{TAIL}", "40 for 8 GPUs do not divide into 6 for each"),
        (f"x,m,8,H100 SXM,40,,,,41,,,{TAIL}", "reserved for 1 years costs more"),
        (f"x,m,8,H100 SXM,40,,,,30,31,,{TAIL}", "reserved for 3 years costs more"),
        ("x,m,1,H100 SXM,,5,,,,,,,auction,professional,https://x,2026-05-24,MIT,\n", "line 2: pricing_model"),
        ("x,m,1,H100 SXM,,5,,,,,,,community,professional,https://x,2026-05-24,MIT,\n", "does not go with community"),
        ("x,m,1,H100 SXM,,5,,,,,,,on-demand,professional,https://x,,MIT,\n", "line 2: date"),
    ],
)
def test_a_broken_row_is_refused(tmp_path: Path, row: str, says: str) -> None:
    """Unknown accelerators, prices that do not divide, reserved above on-demand and the like are input errors."""
    with pytest.raises(InputError) as caught:
        offers(table(tmp_path, row))
    assert says in str(caught.value)


def test_a_double_offer_is_refused(tmp_path: Path) -> None:
    """Two prices of one machine in one region are ambiguous; two regions are not."""
    row = f"x,m,1,H100 SXM,,5,,,,,,{TAIL}"
    with pytest.raises(InputError, match='"x, m, 1 x H100 SXM, us" is there twice'):
        offers(table(tmp_path, row, row))
    other = tmp_path / "regions.csv"
    other.write_text(HEAD + row + row.replace(",us,", ",eu,"))
    assert len(offers(other)) == 2


def test_a_price_far_off_its_accelerator_is_refused(tmp_path: Path) -> None:
    """Beside 2 and 3 an hour (median 3 with it), 16 is more than five times off; beside one offer nothing is."""
    rows = [f"{who},m,1,H100 SXM,,{price},,,,,,{TAIL}" for who, price in (("a", 2), ("b", 3), ("c", 16))]
    with pytest.raises(InputError, match=r"c, m, 1 x H100 SXM, us: USD 16 per GPU and hour is more than 5 times off"):
        offers(table(tmp_path, *rows))
    two = tmp_path / "two.csv"
    two.write_text(HEAD + rows[0] + rows[2])
    assert len(offers(two)) == 2


@given(machine=st.floats(0.01, 1000), gpus=st.integers(1, 16))
def test_the_price_of_a_gpu_times_the_gpus_is_that_of_the_machine(machine: float, gpus: int) -> None:
    """What is divided adds up again, and a price per GPU that was derived by hand agrees with it."""
    gpu = price_per_gpu(machine, None, gpus)
    assert gpu is not None
    assert gpu * gpus == pytest.approx(machine)
    assert price_per_gpu(machine, gpu, gpus) == gpu


def test_a_price_per_gpu_stands_for_itself() -> None:
    """Sold by the GPU, the price is that of the list; without any price there is none."""
    assert price_per_gpu(None, 2.5, 8) == 2.5
    assert price_per_gpu(None, None, 8) is None


def test_spot_and_reserved_never_cost_more() -> None:
    """In the kit's own table no price with a catch is above the price without."""
    for offer in offers():
        assert offer.usd_per_gpu_hour_spot is None or offer.usd_per_gpu_hour_spot.value <= offer.usd_per_gpu_hour.value
        for item in offer.reserved:
            assert item.usd_per_gpu_hour.value <= offer.usd_per_gpu_hour.value


def test_a_quote_of_a_provider_overrides_what_it_lists() -> None:
    """AWS quotes $4 for an H100: its list prices are gone in all regions, those of others stay."""
    found = with_quotes(
        rentals("H100 SXM"), [Quote(accelerator="H100 SXM", provider="aws", usd_per_gpu_hour=quoted(4))]
    )
    assert [(o.usd_per_gpu_hour.value, o.usd_per_gpu_hour.basis) for o in found if o.provider == "aws"] == [
        (4, Basis.QUOTED)
    ]
    assert {o.provider for o in found} == {o.provider for o in rentals("H100 SXM")}
    values = [o.usd_per_gpu_hour.value for o in found]
    assert values == sorted(values)


def test_a_quote_without_provider_overrides_all() -> None:
    """A quote for an accelerator leaves no public price of it, and touches no other accelerator."""
    public = [*rentals("L4"), *rentals("L40S")]
    found = with_quotes(
        public,
        [
            Quote(accelerator="L40S", usd_per_gpu_hour=quoted(1)),
            Quote(accelerator="L40S", provider="verda", usd_per_gpu_hour=quoted(0.8)),
        ],
    )
    assert [o.usd_per_gpu_hour.value for o in found if o.accelerator == "L40S"] == [0.8, 1]
    assert tuple(o for o in found if o.accelerator == "L4") == rentals("L4")
    assert with_quotes(public, []) == tuple(public)


def test_what_is_no_quote_is_refused() -> None:
    """A list price is no quote; two quotes for the same thing are ambiguous; the accelerator has to be known."""
    with pytest.raises(ValidationError, match="its basis is quoted"):
        Quote(accelerator="L4", usd_per_gpu_hour=quoted(1, Basis.PUBLISHED))
    twice = [Quote(accelerator="L4", provider="aws", usd_per_gpu_hour=quoted(price)) for price in (1, 2)]
    with pytest.raises(InputError, match="two quotes of L4 by aws"):
        with_quotes([], twice)
    with pytest.raises(InputError, match='unknown accelerator "L5"'):
        with_quotes([], [Quote(accelerator="L5", usd_per_gpu_hour=quoted(1))])


def test_an_offer_without_the_new_fields_is_still_one() -> None:
    """A price book from before has no instance, tier or term; it is read as one GPU of a professional."""
    old = Rental(provider="x", accelerator="L4", usd_per_gpu_hour=quoted(1), pricing_model="on-demand", licence="MIT")
    assert (old.gpus, old.tier, old.reserved, old.usd_per_hour) == (1, "professional", (), 1)
