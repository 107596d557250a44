"""Specification of machines of one's own."""

from pathlib import Path

import pytest

from kit.errors import InputError, PriceError
from kit.facts.defaults import default
from kit.facts.gpus import accelerators
from kit.pricing.servers import complete, machine_price, server, servers
from kit.record import Basis, Figure

HEAD = (
    "name,accelerator,accelerators,price_usd,price_kind,source,date,power_w,rack_units,rated_source,rated_date,note\n"
)


def test_every_machine_has_price_kind_source_and_day() -> None:
    """Each machine names a source, and an accelerator that the kit knows; a rating has a source of its own."""
    for machine in servers().values():
        assert "https://" in machine.usd.source
        assert machine.accelerator in accelerators()
        assert machine.power_w is None or machine.power_w.value >= machine.accelerators * 140


def test_a_server_costs_more_than_nothing_but_not_twice_its_accelerators() -> None:
    """Where both have a current price, server ÷ accelerators lies between 0.75 and 2 times the accelerator's."""
    for machine in servers().values():
        card = accelerators()[machine.accelerator]
        if card.price_usd is not None and machine.price_kind != "used":
            assert 0.75 < machine.usd_per_accelerator / card.price_usd.value < 2, machine.name


def test_the_newest_complete_machine_is_taken() -> None:
    """Eight H100: Lenovo's of 2026, not the quotation of 2024; guesses and used machines are never taken."""
    whole = complete("H100 SXM", 8)
    assert whole is not None
    assert whole.name == "8 x H100 (Lenovo LP2368 A)"
    assert machine_price("H100 SXM", 8).value == 250141.80
    assert machine_price("DGX Spark GB10", 1).value == 4700
    assert complete("RTX 4090", 2) is None
    assert complete("RTX 3090", 2) is None
    assert server("DGX B200").usd_per_accelerator == pytest.approx(64375)


def test_without_a_complete_machine_its_parts_are_added_up() -> None:
    """Worked by hand: 8 x 29,500 x 1.3 = 306,800 for eight H200, 4 x 9,749.95 x 1.3 = 50,699.74 for four L40S."""
    h200 = machine_price("H200 SXM", 8)
    assert h200.value == pytest.approx(306_800)
    assert h200.basis is Basis.PREDICTED
    assert default("server_overhead_share").figure.value == 0.3
    assert machine_price("L40S", 4).value == pytest.approx(50_699.74)
    stated = default("server_overhead_share").figure.model_copy(update={"value": 0.5})
    assert machine_price("MI300X", 8, stated).value == pytest.approx(8 * 17_500 * 1.5)


def test_what_has_no_price_is_named() -> None:
    """No price of a B300 is known; no accelerators make no machine; a typing error is named."""
    with pytest.raises(PriceError, match="no price of B300 is known"):
        machine_price("B300", 8)
    with pytest.raises(ValueError, match="make no machine"):
        machine_price("L4", 0)
    with pytest.raises(InputError, match='unknown server "DGX B20"'):
        server("DGX B20")


def test_quoted_is_quoted() -> None:
    """The basis of a price follows from its kind."""
    assert server("8 x H100 (Thinkmate)").usd.basis is Basis.QUOTED
    assert server("DGX H100").usd.basis is Basis.ASSUMED
    assert isinstance(server("DGX H100").power_w, Figure)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x,L4,1,100,street,https://x,2026-01-01,72,,,,", "power and rack units need their source"),
        ("x,L4,1,-1,street,https://x,2026-01-01,,,,,", "line 2: price_usd"),
        ("x,L4,1,100,cheap,https://x,2026-01-01,,,,,", "line 2: price_kind"),
        ("x,L5,1,100,street,https://x,2026-01-01,,,,,", 'unknown accelerator "L5"'),
        ("x,L4,1,1,list,x,2026-01-01,,,,,\nx,L4,1,1,list,x,2026-01-01,,,,,", '"x" is there twice'),
    ],
)
def test_a_broken_row_is_refused(tmp_path: Path, row: str, says: str) -> None:
    """A rating without source, a negative price or an unknown kind is an input error."""
    path = tmp_path / "servers.csv"
    path.write_text(HEAD + row + "\n")
    with pytest.raises(InputError) as caught:
        servers(path)
    assert says in str(caught.value)
