"""Specification of the accelerator table."""

import datetime as dt
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.facts.gpus import PRICE_BASIS, TABLE, Accelerator, accelerator, accelerators, catalogue_name
from kit.record import Basis, Figure


def figures(card: Accelerator) -> list[tuple[str, Figure]]:
    """Return all figures of an accelerator by name."""
    found: list[tuple[str, Figure]] = []
    for part in (card, card.sparse, card.chip):
        values = ((name, getattr(part, name)) for name in type(part).model_fields)
        found += [(name, value) for name, value in values if isinstance(value, Figure)]
    return found


def test_a_row_carries_the_datasheet() -> None:
    """H100 SXM: 80 GB, 3.35 TB/s, 989 dense BF16 TFLOP/s and 700 W, as NVIDIA's datasheet prints."""
    card = accelerator("H100 SXM")
    some = (card.memory_gb, card.bandwidth_gb_s, card.bf16_tflops, card.tdp_w, card.fp8_tflops, card.interconnect_gb_s)
    assert [figure.value for figure in some if figure] == [80, 3350, 989, 700, 1979, 450]
    assert (card.maker, card.generation, card.memory_kind, card.interconnect) == ("NVIDIA", "Hopper", "HBM3", "NVLink4")


def test_the_table_covers_what_people_ask_about() -> None:
    """At least 32 accelerators of four makers, from the T4 to the B300; names stay short for tables on a terminal."""
    assert max(map(len, accelerators())) <= 17
    assert len(accelerators()) >= 32
    assert {card.maker for card in accelerators().values()} == {"NVIDIA", "AMD", "Intel", "Apple"}
    assert {"T4", "A10G", "RTX 5090", "L40", "A40", "H200 NVL", "B300", "MI210", "MI355X"} <= set(accelerators())


def test_a_chip_without_an_arithmetic_has_no_figure_for_it() -> None:
    """No BF16 on the T4, no FP8 on the A100, no FP4 on the H100; the T4 has FP16."""
    assert accelerator("T4").bf16_tflops is None
    assert accelerator("A100 80GB SXM").fp8_tflops is None
    assert accelerator("H100 SXM").fp4_tflops is None
    sixteen = accelerator("T4").fp16_tflops
    assert sixteen is not None
    assert sixteen.value == 65.13


def test_a_range_of_prices_becomes_its_midpoint_and_says_so() -> None:
    """Where a range was published the price is its midpoint: (25000 + 30000) / 2 = 27500."""
    price = accelerator("H100 SXM").price_usd
    assert price is not None
    assert price.value == 27500
    assert "midpoint of 25000-30000" in price.source


def test_what_nobody_published_is_none() -> None:
    """A price without a source is missing, not zero, and the row says so."""
    for card in accelerators().values():
        assert (card.price_usd is None) == (card.price_kind is None)
        assert (card.price_usd is None) == ("No purchase price with a source" in card.note)
    assert accelerator("A100 80GB PCIe").price_usd is None


def test_a_price_has_the_basis_of_its_kind() -> None:
    """List, street and used prices are published, offers are quoted, guesses are assumed."""
    for card in accelerators().values():
        if card.price_usd is not None and card.price_kind is not None:
            assert card.price_usd.basis is PRICE_BASIS[card.price_kind]
            assert 500 <= card.price_usd.value <= 60_000
    assert PRICE_BASIS["quoted"] is Basis.QUOTED
    guessed = accelerator("MI300X").price_usd
    assert guessed is not None
    assert guessed.basis is Basis.ASSUMED


def test_what_was_computed_or_guessed_says_so() -> None:
    """Arithmetic derived from other figures is predicted, a power that nobody printed is assumed; the note explains."""
    derived = accelerator("RTX 5090").bf16_tflops
    assert derived is not None
    assert (derived.basis, "Derived" in accelerator("RTX 5090").note) == (Basis.PREDICTED, True)
    assert accelerator("M4 Max 128GB").tdp_w.basis is Basis.ASSUMED


def test_every_figure_has_a_source_and_a_past_day() -> None:
    """No figure without source and date, none from the future."""
    for card in accelerators().values():
        for name, figure in figures(card):
            assert figure.source, (card.name, name)
            assert dt.date(2024, 1, 1) <= figure.date <= dt.date.today(), (card.name, name)


def broken(tmp_path: Path, old: str, new: str) -> Path:
    """Return a copy of the table in which one text was replaced."""
    text = TABLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "gpus.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_price_stands_with_its_source_and_its_day(tmp_path: Path) -> None:
    """A price whose kind, source or date is missing is refused, and the line is named."""
    with pytest.raises(InputError, match=r"gpus.csv, line 2: .*a price needs its kind, source and date"):
        accelerators(broken(tmp_path, "878,street", "878,"))


def test_a_mark_belongs_to_a_figure(tmp_path: Path) -> None:
    """A column that is called assumed has to hold a figure."""
    with pytest.raises(InputError, match='no figure is called "tdp"'):
        accelerators(broken(tmp_path, ',tdp_w,"No', ',tdp,"No').rename(tmp_path / "other.csv"))


def test_an_unknown_name_gets_the_nearest() -> None:
    """A mistyped accelerator is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'unknown accelerator "H100SXM" \(did you mean "H100 SXM"\?\)'):
        accelerator("H100SXM")


@pytest.mark.parametrize(
    ("nvml", "name"),
    [
        ("Tesla T4", "T4"),
        ("Tesla V100-SXM2-16GB", "V100 16GB SXM"),
        ("Tesla V100-SXM2-32GB", "V100 32GB SXM"),
        ("NVIDIA GeForce RTX 3090", "RTX 3090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 5090", "RTX 5090"),
        ("NVIDIA RTX A6000", "A6000"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 WS"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000 SE"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA A40", "A40"),
        ("NVIDIA L40", "L40"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA A100-PCIE-40GB", "A100 40GB PCIe"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB SXM"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB PCIe"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB SXM"),
        ("A100-SXM4-40GB", "A100 40GB SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA H200", "H200 SXM"),
        ("NVIDIA H200 NVL", "H200 NVL"),
        ("NVIDIA GH200 480GB", "GH200 96GB"),
        ("NVIDIA B200", "B200"),
        ("NVIDIA B300 SXM6 AC", "B300"),
        ("NVIDIA GB200", "GB200 (per GPU)"),
        ("NVIDIA GB10", "DGX Spark GB10"),
        ("NVIDIA GeForce RTX 3090 Ti", None),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA GeForce RTX 5090 D", None),
        ("NVIDIA GeForce RTX 5090 Laptop GPU", None),
        ("Tesla V100-PCIE-32GB", None),
        ("Quadro RTX 6000", None),
        ("NVIDIA RTX 6000", None),
        ("NVIDIA RTX 5000 Ada Generation", None),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", None),
        ("NVIDIA A800-SXM4-80GB", None),
        ("NVIDIA A100-SXM-64GB", None),
        ("NVIDIA A10-24Q", None),
        ("NVIDIA A16", None),
        ("NVIDIA L40G", None),
        ("NVIDIA H800", None),
        ("NVIDIA H20", None),
        ("NVIDIA GH200 144G HBM3e", None),
        ("NVIDIA GB300", None),
        ("NVIDIA A100-SXM4-40GB MIG 3g.20gb", None),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("", None),
    ],
)
def test_nvml_names_are_recognised_and_variants_are_not_confused(nvml: str, name: str | None) -> None:
    """What NVML calls a device leads to its row, and a variant is never taken for its sibling."""
    assert catalogue_name(nvml) == name
    assert name is None or name in accelerators()


def test_every_nvidia_card_is_recognised_by_some_name() -> None:
    """No NVIDIA row is out of reach of what NVML says."""
    from kit.facts.gpus import _NVML

    assert set(_NVML.values()) == {card.name for card in accelerators().values() if card.maker == "NVIDIA"}
