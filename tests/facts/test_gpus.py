"""Specification of the accelerator table."""

import datetime as dt

import pytest

from kit.errors import InputError
from kit.facts.gpus import accelerator, accelerators, catalogue_name


def test_a_row_carries_the_datasheet() -> None:
    """H100 SXM: 80 GB, 3.35 TB/s, 989 dense BF16 TFLOP/s and 700 W, as NVIDIA's datasheet prints."""
    card = accelerator("H100 SXM")
    figures = (card.memory_gb, card.bandwidth_gb_s, card.bf16_tflops, card.tdp_w)
    assert [figure.value for figure in figures if figure] == [80, 3350, 989, 700]


def test_a_range_of_prices_becomes_its_midpoint_and_says_so() -> None:
    """Where a range was published the price is its midpoint: (25000 + 30000) / 2 = 27500."""
    price = accelerator("H100 SXM").price_usd
    assert price is not None
    assert price.value == 27500
    assert "midpoint of 25000-30000" in price.source


def test_what_nobody_published_is_none() -> None:
    """A price without a source is missing, not zero."""
    assert accelerator("A100 80GB PCIe").price_usd is None


@pytest.mark.parametrize("name", list(accelerators()))
def test_every_row_obeys_physics(name: str) -> None:
    """Dense BF16 per watt, bytes per second and memory stay within what chips of these years can do."""
    card = accelerator(name)
    assert card.bf16_tflops is not None
    assert 16 <= card.memory_gb.value <= 300
    assert 60 <= card.tdp_w.value <= 1400
    assert 0.2 <= card.bf16_tflops.value / card.tdp_w.value <= 2.5, "TFLOP/s per watt: sparse taken for dense?"
    assert 50 <= card.bf16_tflops.value * 1e3 / card.bandwidth_gb_s.value <= 500, "FLOP per byte"
    read_all_s = card.memory_gb.value / card.bandwidth_gb_s.value
    assert 0.015 <= read_all_s <= 0.09, "seconds to read all memory once"


def test_every_figure_has_a_source_and_a_past_day() -> None:
    """No figure without source and date, none from the future."""
    for card in accelerators().values():
        for figure in (card.memory_gb, card.bandwidth_gb_s, card.bf16_tflops, card.tdp_w, card.price_usd):
            assert figure is None or (figure.source and dt.date(2024, 1, 1) <= figure.date <= dt.date.today())


def test_an_unknown_name_gets_the_nearest() -> None:
    """A mistyped accelerator is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'unknown accelerator "H100SXM" \(did you mean "H100 SXM"\?\)'):
        accelerator("H100SXM")


@pytest.mark.parametrize(
    ("nvml", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H200", "H200 SXM"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB SXM"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB PCIe"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA A100-SXM4-40GB", None),
        ("NVIDIA H100 NVL", None),
        ("NVIDIA H200 NVL", None),
        ("NVIDIA L40", None),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA RTX 6000", None),
        ("NVIDIA GB200", None),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("Tesla T4", None),
        ("", None),
    ],
)
def test_nvml_names_are_recognised_and_variants_are_not_confused(nvml: str, name: str | None) -> None:
    """What NVML calls a device leads to its row, and a variant is never taken for its sibling."""
    assert catalogue_name(nvml) == name
    assert name is None or name in accelerators()
