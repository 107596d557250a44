"""What `kit hardware` shows of the GPUs: settings, neighbours, reasons for what is missing, and what is wrong."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from kit.hardware.inventory import Cpu, Gpu, Inventory
from kit.report.hardware_view import print_hardware
from tests.hardware.conftest import ask as ask
from tests.hardware.conftest import libraries as libraries

Ask = Callable[..., Any]


def printed(inventory: Inventory, *, width: int = 120) -> str:
    """Return what is printed, without colours."""
    out = io.StringIO()
    print_hardware(inventory, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of all tables' rows by their label."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split("[│┃]", line)[1:-1]]
        if len(cells) > 1:
            found.setdefault(cells[0], []).extend(cells[1:])
    return found


def seen(ask: Ask, scenario: str, **options: str) -> Inventory:
    """Return what the kit reads through the stand-in."""
    return Inventory.model_validate_json(json.dumps(ask("inventory", scenario, **options)))


def machine(*gpus: Gpu, **more: Any) -> Inventory:
    return Inventory(cpu=Cpu(model="a processor", cores=8), memory_gib=64, gpus=gpus, system="Linux", **more)


def test_two_h100s(ask):
    """Each card has its settings, and the machine its driver, its CUDA and what joins the cards."""
    found = rows(printed(seen(ask, "two_h100")))
    assert found["card"] == ["NVIDIA H100 80GB HBM3 (H100 SXM)"] * 2
    assert found["memory"][1:] == ["79.65 GiB, 1.0 in use", "79.65 GiB, 32.0 in use"]
    assert found["power limit"] == ["700 W, the default"] * 2
    assert found["SM clock"] == ["1980 of 1980 MHz"] * 2
    assert found["PCIe"] == ["gen 5 x16 of gen 5 x16"] * 2
    assert found["NVLink"] == ["18 active"] * 2
    assert found["ECC"] == ["on, 0 uncorrected"] * 2
    assert found["memory repairs"] == ["rows remapped: 1"] * 2
    assert (found["MIG"], found["compute mode"], found["persistence"]) == (["off"] * 2, ["default"] * 2, ["on"] * 2)
    assert found["confidential computing"] == ["off"] * 2
    assert found["driver"] == ["580.95.05, CUDA up to 13.0"]
    assert found["GPUs joined by"] == ["18 NVLinks (0–1)"]


def test_what_is_missing_has_its_reason(ask):
    """GB10 has no memory of its own and no limits; NVML's reason stands where the figure would, and only there."""
    text = printed(seen(ask, "gb10"))
    found = rows(text)
    assert found["card"] == ["NVIDIA GB10 (DGX Spark GB10)"]
    assert found["memory"][1].startswith("the machine's, 4.0 GiB in use")
    for label in ("power limit", "PCIe", "NVLink", "MIG", "ECC", "memory repairs"):
        assert found[label] == ["– (not supported)"]
    assert "Note:" not in text


def test_a_card_in_instances(ask):
    """Under MIG the instances are named, processes cannot be read without permission, and MIG is a finding."""
    text = printed(seen(ask, "mig"))
    assert rows(text)["MIG"] == ["on: 3g.40gb, 1g.10gb"]
    assert rows(text)["others on it"] == ["– (no permission)"]
    assert "! GPU 0: MIG is on: a run has a share of the card only" in text


def test_somebody_else_on_the_card(ask):
    """One process of others with 8 GiB, and one hidden from here, are counted; the sharing is a finding."""
    text = printed(seen(ask, "foreign"))
    assert rows(text)["others on it"] == ["1 process, 8.0 GiB; 1 hidden from here"]
    assert "! GPU 0: shared with another process (1 process of others on it, 8.0 GiB)" in text
    assert "Note:" not in text


def test_a_capped_old_card(ask):
    """A lower limit, half a slot and uncorrected errors are in the table and, with their evidence, beneath it."""
    text = printed(seen(ask, "r525", era="r525"))
    found = rows(text)
    assert found["power limit"] == ["300 W, default 400 W"]
    assert found["PCIe"] == ["gen 3 x8 of gen 4 x16"]
    assert found["ECC"] == ["on, 2 uncorrected"]
    assert found["memory repairs"] == ["pages retired: 4"]
    assert "! GPU 0: capped below its default (power limit 300 W, default 400 W)" in text
    assert "! GPU 0: PCIe narrower than the card (8 of 16 lanes)" in text
    assert "! GPU 0: uncorrected memory errors (2 since the driver was loaded)" in text


def test_eight_alike_share_a_column():
    """Eight cards in the same state are one column, their 28 pairs one line, and a healthy machine is called so."""
    pairs = [f"GPU {one} and {other}: 18 NVLinks" for one in range(8) for other in range(one + 1, 8)]
    cards = [
        Gpu(name="NVIDIA H100 80GB HBM3", index=index, power_limit_w=700, power_default_w=700) for index in range(8)
    ]
    text = printed(machine(*cards, joined=tuple(pairs)), width=80)
    assert "GPUs 0–7" in text
    assert rows(text)["GPUs joined by"] == ["18 NVLinks (each pair)"]
    assert "nothing was found that would spoil a measurement" in text


def test_different_cards_stand_beside_each_other_as_the_terminal_allows():
    """Two tables of two where there are 80 columns; paths that differ are told apart."""
    cards = [Gpu(name=f"card [{index}]", index=index) for index in range(4)]
    joined = ("GPU 0 and 1: 4 NVLinks", "GPU 2 and 3: 4 NVLinks", "GPU 0 and 2: the link between sockets")
    text = printed(machine(*cards, joined=joined), width=80)
    assert text.count("confidential computing") == 2
    assert rows(text)["card"] == [f"card [{index}]" for index in range(4)]
    assert "4 NVLinks (0–1, 2–3)" in text
    assert "the link between sockets (0–2)" in text


@pytest.mark.parametrize("note", ["no NVIDIA GPU: NVML Shared Library Not Found", "GPU 1: the GPU is lost: the card"])
def test_other_notes_are_kept(note):
    """A machine without a GPU says why, and a card that could not be read has its note."""
    text = printed(machine(notes=(note,)))
    assert f"Note: {note}" in text
    assert "nothing was found" not in text
