"""One door to NVIDIA's management library, through nvidia-ml-py (its module is called ``pynvml``).

A machine without a driver has no GPUs and a note that says why; a card that does not say something has ``None`` there
and a note. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kit.hardware.inventory import Gpu

_Value = TypeVar("_Value")


def read_gpus(nvml: Any = None) -> tuple[tuple[Gpu, ...], tuple[str, ...]]:
    """Return the NVIDIA GPUs in NVML's order, and notes about what could not be read and why.

    Args:
        nvml: a module with the interface of ``pynvml``; another one in tests.
    """
    if nvml is None:
        try:
            import pynvml
        except ImportError:
            return (), ("GPUs were not looked for: nvidia-ml-py is not installed",)
        nvml = pynvml
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return (), (f"no NVIDIA GPU: {_words(error)}",)
    notes: list[str] = []
    try:
        gpus = _read_all(nvml, notes)
    finally:
        try:
            nvml.nvmlShutdown()
        except nvml.NVMLError as error:
            notes.append(f"NVML did not shut down: {_words(error)}")
    return gpus, tuple(notes)


def _read_all(nvml: Any, notes: list[str]) -> tuple[Gpu, ...]:
    def ask(what: str, question: Callable[[], _Value]) -> _Value | None:
        try:
            return question()
        except nvml.NVMLError as error:
            notes.append(f"{what}: {_words(error)}")
            return None

    driver = ask("driver version", nvml.nvmlSystemGetDriverVersion)
    cuda = ask("CUDA version", nvml.nvmlSystemGetCudaDriverVersion)
    gpus: list[Gpu] = []
    for index in range(ask("number of GPUs", nvml.nvmlDeviceGetCount) or 0):
        handle = ask(f"GPU {index}", lambda index=index: nvml.nvmlDeviceGetHandleByIndex(index))  # type: ignore[misc]
        if handle is not None:
            gpus.append(_read_one(nvml, handle, index=index, driver=driver, cuda=cuda, ask=ask))
    return tuple(gpus)


def _read_one(nvml: Any, handle: Any, *, index: int, driver: Any, cuda: int | None, ask: Callable[..., Any]) -> Gpu:
    """Read one card; ``ask`` turns an error of NVML into a note and ``None``."""
    name = ask(f"GPU {index}: name", lambda: nvml.nvmlDeviceGetName(handle))
    memory = ask(f"GPU {index}: memory", lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    limit_mw = ask(f"GPU {index}: power limit", lambda: nvml.nvmlDeviceGetPowerManagementLimit(handle))
    default_mw = ask(f"GPU {index}: default power limit", lambda: nvml.nvmlDeviceGetPowerManagementDefaultLimit(handle))
    return Gpu(
        name=_string(name) or "unknown NVIDIA GPU",
        memory_gib=None if memory is None else round(memory.total / 2**30, 2),
        driver=_string(driver),
        cuda=None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
        power_limit_w=None if limit_mw is None else limit_mw / 1000,
        power_default_w=None if default_mw is None else default_mw / 1000,
    )


def _string(value: object) -> str | None:
    """Return text; releases of nvidia-ml-py before 11.515 gave bytes."""
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
