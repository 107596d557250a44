"""NVML as real bindings see it: no driver, complete cards, cards that do not say much, a card that is lost."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from kit.hardware.accelerators import accelerator_name
from kit.hardware.gpu import Gpu, read_gpus
from kit.hardware.nvml import Nvml, Refused, shadowed
from kit.hardware.processes import occupants


def refusing(code: int) -> Any:
    """A function that raises NVML's error with that code."""

    def refuse(*_args: object) -> None:
        raise pynvml.NVMLError(code)

    return refuse


def binding(**functions: Any) -> SimpleNamespace:
    """A binding that has these functions only, with nvidia-ml-py's own exceptions."""
    doors = {"NVMLError": pynvml.NVMLError, "nvmlInit": lambda: None, "nvmlShutdown": lambda: None}
    return SimpleNamespace(**(doors | functions))


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED])
def test_no_driver(code: int) -> None:
    """Without a driver there are no GPUs, and a note with NVML's reason."""
    seen = read_gpus(binding(nvmlInit=refusing(code)))
    assert seen.gpus == ()
    assert seen.notes == (f"no NVIDIA GPU: {pynvml.NVMLError(code)}",)


def test_newer_names_first() -> None:
    """Of the names that the binding and the driver know, the first answers."""
    nvml = Nvml(binding(nvmlNew=refusing(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND), nvmlOld=lambda: 7, nvmlOldest=int))
    assert nvml.ask("Newest New Old Oldest") == 7


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("Unknown", "needs a newer nvidia-ml-py"),
        ("Missing", "needs a newer driver"),
        ("Unsupported Answer", "not supported by this card"),
        ("Forbidden", "no permission"),
        ("Mismatched", "needs a newer driver"),
    ],
)
def test_reasons(names: str, reason: str) -> None:
    """A refusal says why: the binding, the driver, the card or the permission; only a missing name leads on."""

    def mismatched() -> None:
        raise pynvml.NVMLLibraryMismatchError

    nvml = Nvml(
        binding(
            NVMLLibraryMismatchError=pynvml.NVMLLibraryMismatchError,
            nvmlMissing=refusing(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND),
            nvmlUnsupported=refusing(pynvml.NVML_ERROR_NOT_SUPPORTED),
            nvmlForbidden=refusing(pynvml.NVML_ERROR_NO_PERMISSION),
            nvmlMismatched=mismatched,
            nvmlAnswer=lambda: 7,
        )
    )
    with pytest.raises(Refused) as refused:
        nvml.ask(names)
    assert refused.value.reason == reason


def test_old_binding() -> None:
    """A binding that lacks most functions and gives bytes still gives a card, with the reason noted."""
    library = binding(
        nvmlDeviceGetCount=lambda: 1, nvmlDeviceGetHandleByIndex=int, nvmlDeviceGetName=lambda _handle: b"Tesla T4"
    )
    seen = read_gpus(library)
    assert seen.gpus == (Gpu(name="Tesla T4"),)
    assert any(note.startswith("GPU 0: needs a newer nvidia-ml-py: power limit") for note in seen.notes)


def test_lost_card() -> None:
    """A card that is lost is noted, the others are read and keep their number."""

    def handle(index: int) -> int:
        if index == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return index

    seen = read_gpus(binding(nvmlDeviceGetCount=lambda: 2, nvmlDeviceGetHandleByIndex=handle))
    assert [gpu.index for gpu in seen.gpus] == [1]
    assert "GPU 0: the GPU is lost: the card" in seen.notes


def test_deprecated_package_hides_the_binding(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder pynvml/ of a release before 12 hides nvidia-ml-py, which is one file; the note says how to mend it."""
    (tmp_path / "pynvml-11.5.3.dist-info").mkdir()
    (tmp_path / "pynvml-11.5.3.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pynvml\nVersion: 11.5.3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    hint = shadowed(SimpleNamespace(__file__=str(tmp_path / "pynvml/__init__.py")))
    assert hint is not None
    assert "pynvml 11.5.3 hides nvidia-ml-py" in hint
    assert "pip uninstall --yes pynvml && pip install --force-reinstall nvidia-ml-py" in hint
    assert shadowed(pynvml) is None


def test_deprecated_package_is_noted(ask, tmp_path) -> None:
    """Where the deprecated package hides nvidia-ml-py, the cards are read through it, and the note comes first."""
    (tmp_path / "pynvml").mkdir()
    shutil.copy(pynvml.__file__, tmp_path / "pynvml/__init__.py")
    inventory = ask("inventory", "two_h100", path=str(tmp_path))
    assert len(inventory["gpus"]) == 2
    assert inventory["notes"][0].startswith("the deprecated package pynvml hides nvidia-ml-py")


def test_two_h100s(ask) -> None:
    """Two H100s give each field in its unit: 85,520,809,984 bytes are 79.65 GiB, and 13000 is CUDA 13.0."""
    inventory = ask("inventory", "two_h100")
    first, second = inventory["gpus"]
    assert first == {
        "name": "NVIDIA H100 80GB HBM3", "index": 0, "memory_gib": 79.65, "memory_used_gib": 1.0,
        "unified_memory": False, "driver": "580.95.05", "cuda": "13.0", "power_limit_w": 700.0,
        "power_default_w": 700.0, "sm_clock_mhz": 1980, "sm_clock_max_mhz": 1980, "memory_clock_max_mhz": 2619,
        "pcie_generation": 5, "pcie_generation_max": 5, "pcie_width": 16, "pcie_width_max": 16, "nvlinks": 18,
        "mig": False, "mig_instances": [], "ecc": True, "ecc_uncorrected": 0, "remapped_rows": 1,
        "remap_pending": False, "remap_failed": False, "retired_pages": None, "compute_mode": "default",
        "persistence": True, "confidential_computing": False, "others": 0, "others_gib": 0.0, "hidden": 0,
    }  # fmt: skip
    assert (second["index"], second["memory_used_gib"]) == (1, 32.0)
    assert inventory["joined"] == ["GPU 0 and 1: 18 NVLinks"]


def test_unified_memory(ask) -> None:
    """GB10 has no memory of its own: what is used is the sum of its processes, 3 + 1 GiB, and a note says why."""
    inventory = ask("inventory", "gb10")
    (gpu,) = inventory["gpus"]
    assert (gpu["unified_memory"], gpu["memory_gib"], gpu["memory_used_gib"]) == (True, None, 4.0)
    (note,) = [note for note in inventory["notes"] if note.startswith("GPU 0: not supported by this card: ")]
    assert {"memory", "power limit", "PCIe width", "ECC mode", "MIG mode"} <= set(note.split(": ", 2)[2].split(", "))


def test_driver_of_2022(ask) -> None:
    """Under an R525 driver the older names answer; what it cannot say is noted as the driver's, not the card's."""
    inventory = ask("inventory", "r525", era="r525")
    (gpu,) = inventory["gpus"]
    assert (gpu["power_limit_w"], gpu["power_default_w"], gpu["cuda"]) == (300.0, 400.0, "12.0")
    assert (gpu["retired_pages"], gpu["remapped_rows"], gpu["compute_mode"]) == (4, None, "exclusive process")
    assert gpu["confidential_computing"] is None
    assert "NVML: needs a newer driver: confidential computing" in inventory["notes"]


def test_mig(ask) -> None:
    """A card under MIG names its instances; processes that it does not let one see are None, with the reason."""
    inventory = ask("inventory", "mig")
    (gpu,) = inventory["gpus"]
    assert gpu["mig"] is True
    assert gpu["mig_instances"] == ["NVIDIA H100 80GB HBM3 MIG 3g.40gb", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"]
    assert gpu["others"] is None
    assert "GPU 0: no permission: processes" in inventory["notes"]


def test_foreign_process(ask) -> None:
    """This run's process is not counted; one of others is, with its 8 GiB; one of another container is hidden."""
    inventory = ask("inventory", "foreign")
    (gpu,) = inventory["gpus"]
    assert (gpu["others"], gpu["others_gib"], gpu["hidden"]) == (1, 8.0, 1)
    assert "GPU 0: this run's or others', which a container cannot tell: 1 of its processes" in inventory["notes"]
    assert not {"pid", "pids", "processes"} & set(gpu)


def test_descendants_are_of_this_run(tmp_path) -> None:
    """A process is of the run if one above it is; a name with brackets and spaces does not mislead."""
    for pid, parent, name in ((1, 0, "init"), (40, 1, "kit"), (50, 40, "a) 7 (b"), (60, 50, "engine"), (70, 1, "x")):
        (tmp_path / f"proc/{pid}").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/stat").write_text(f"{pid} ({name}) S {parent} 1 1")
    people = occupants({60: 5, 70: 7, 80: None}, own={40}, root=tmp_path)
    assert (people.own, people.others, people.hidden) == (1, 1, 1)
    assert (people.memory_bytes, people.others_bytes) == (12, 7)


def test_this_machine_does_not_crash() -> None:
    """With the real library, or without one, there is an answer."""
    seen = read_gpus()
    assert seen.gpus or seen.notes


def test_nvitop_agrees(ask) -> None:
    """On the same stand-in nvitop says the same of name, memory, power, clock and temperature."""
    pytest.importorskip("nvitop")
    cards = ask("nvitop", "two_h100")
    inventory = ask("inventory", "two_h100")
    telemetry = ask("probe", "two_h100", 0)["telemetry"]
    for card, gpu, during in zip(cards, inventory["gpus"], telemetry["gpus"], strict=True):
        assert card["name"] == gpu["name"]
        assert round(card["memory_total"] / 2**30, 2) == gpu["memory_gib"]
        assert card["memory_used"] / 2**30 == during["memory_peak_gib"]
        assert card["power_mw"] / 1000 == during["power_mean_w"]
        assert card["limit_mw"] / 1000 == gpu["power_limit_w"]
        assert card["utilisation"] / 100 == during["utilisation_mean"]
        assert card["temperature"] == during["temperature_max_c"]
        assert card["sm_clock"] == gpu["sm_clock_mhz"]
    assert [len(card["pids"]) for card in cards] == [1, 0]


def test_zeus_agrees(ask) -> None:
    """On the same stand-in zeus says the same of name, power and energy over six seconds."""
    pytest.importorskip("zeus")
    cards = ask("zeus", "two_h100", 6)
    gpus = ask("inventory", "two_h100")["gpus"]
    at_once = ask("probe", "two_h100", 0)["telemetry"]["gpus"]
    during = ask("probe", "two_h100", 0, 6)["telemetry"]["gpus"]
    for card, gpu, now, run in zip(cards, gpus, at_once, during, strict=True):
        assert card["name"] == gpu["name"]
        assert card["power_mw"] / 1000 == now["power_mean_w"]
        assert card["average_mw"] / 1000 == now["power_average_max_w"]
        assert card["energy_mj"] / 1000 == run["energy_j"]


@pytest.mark.parametrize(
    ("nvml_name", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA H200", "H200 SXM"),
        ("NVIDIA H200 NVL", "H200 NVL"),
        ("NVIDIA GH200 480GB", "GH200 96GB"),
        ("NVIDIA B200", "B200"),
        ("NVIDIA GB200", "GB200 (per GPU)"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB SXM"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB SXM"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB PCIe"),
        ("A100-PCIE-40GB", "A100 40GB PCIe"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA L40", "L40"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 D", "RTX 4090 D"),
        ("NVIDIA GeForce RTX 3090 Ti", "RTX 3090 Ti"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA RTX A6000", "A6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 WS"),
        ("NVIDIA GB10", "DGX Spark GB10"),
        ("Tesla T4", "T4"),
    ],
)
def test_catalogue_names(nvml_name: str, name: str) -> None:
    """NVML's names become the accelerator table's; relatives that the table does not have keep their own name."""
    assert accelerator_name(Gpu(name=nvml_name)) == name
