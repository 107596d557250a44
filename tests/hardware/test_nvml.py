"""NVML: no driver, a complete card, a card that does not say much, a card that is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import Gpu
from kit.hardware.nvml import read_gpus


def driver(**changes: Any) -> SimpleNamespace:
    """A pynvml with one H100, with nvidia-ml-py's own exceptions; ``changes`` replaces functions."""
    functions: dict[str, Any] = {
        "NVMLError": pynvml.NVMLError,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "570.86.15",
        "nvmlSystemGetCudaDriverVersion": lambda: 12080,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda _handle: "NVIDIA H100 80GB HBM3",
        "nvmlDeviceGetMemoryInfo": lambda _handle: SimpleNamespace(total=80 * 2**30),
        "nvmlDeviceGetPowerManagementLimit": lambda _handle: 600_000,
        "nvmlDeviceGetPowerManagementDefaultLimit": lambda _handle: 700_000,
    }
    return SimpleNamespace(**(functions | changes))


def refusing(code: int) -> Any:
    """A function that raises NVML's error with that code."""

    def refuse(*_args: object) -> None:
        raise pynvml.NVMLError(code)

    return refuse


def test_complete_card() -> None:
    """A card gives name, memory in GiB, driver, CUDA 12.8 for 12080, and power in watts for milliwatts."""
    gpus, notes = read_gpus(driver())
    assert gpus == (Gpu(name="NVIDIA H100 80GB HBM3", memory_gib=80.0, driver="570.86.15", cuda="12.8",
                        power_limit_w=600.0, power_default_w=700.0),)  # fmt: skip
    assert notes == ()


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED])
def test_no_driver(code: int) -> None:
    """Without a driver there are no GPUs, and a note with NVML's reason."""
    gpus, notes = read_gpus(driver(nvmlInit=refusing(code)))
    assert gpus == ()
    assert notes == (f"no NVIDIA GPU: {pynvml.NVMLError(code)}",)


def test_field_that_a_card_does_not_have() -> None:
    """What a card does not support is None with a note; the rest is read."""
    change = {"nvmlDeviceGetMemoryInfo": refusing(pynvml.NVML_ERROR_NOT_SUPPORTED)}
    (gpu,), notes = read_gpus(driver(**change))
    assert (gpu.memory_gib, gpu.power_limit_w) == (None, 600.0)
    assert notes == ("GPU 0: memory: Not Supported",)


def test_lost_card() -> None:
    """A card that is lost is noted, and the others are read."""

    def handle(index: int) -> int:
        if index == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return index

    gpus, notes = read_gpus(driver(nvmlDeviceGetCount=lambda: 2, nvmlDeviceGetHandleByIndex=handle))
    assert (len(gpus), notes) == (1, ("GPU 0: GPU is lost",))


def test_old_binding_gives_bytes() -> None:
    """Older releases of nvidia-ml-py gave bytes, which read as text."""
    (gpu,), _ = read_gpus(driver(nvmlDeviceGetName=lambda _handle: b"Tesla T4"))
    assert gpu.name == "Tesla T4"


def test_this_machine_does_not_crash() -> None:
    """With the real library, or without one, there is an answer."""
    gpus, notes = read_gpus()
    assert gpus or notes


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
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 Blackwell WS"),
        ("NVIDIA GB10", "DGX Spark GB10"),
        ("Tesla T4", "T4"),
    ],
)
def test_catalogue_names(nvml_name: str, name: str) -> None:
    """NVML's names become the accelerator table's; relatives that the table does not have keep their own name."""
    assert accelerator_name(Gpu(name=nvml_name)) == name
