"""What is in the machine: processor, memory and accelerators, without names that identify it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection
from pathlib import Path

from kit.hardware.gpu import Gpu as Gpu
from kit.hardware.gpu import read_gpus
from kit.record import Part


class Cpu(Part):
    """The processor.

    Attributes:
        model: the vendor's name for it.
        cores: logical cores that this process may use.
        instruction_sets: the vector and matrix extensions that matter for inference.
        governors: how the kernel chooses the clock, e.g. ``performance``; empty where it does not, as in most virtual
            machines.
    """

    model: str
    cores: int
    instruction_sets: tuple[str, ...] = ()
    governors: tuple[str, ...] = ()


class Inventory(Part):
    """The machine.

    Attributes:
        cpu: the processor.
        memory_gib: installed memory, or the container's limit where that is lower.
        gpus: the NVIDIA GPUs, in NVML's order.
        joined: how each pair of GPUs is joined: NVLinks, or the part of the machine that they have in common.
        system: operating system and kernel release.
        notes: what could not be read, and why.
    """

    cpu: Cpu
    memory_gib: float
    gpus: tuple[Gpu, ...] = ()
    joined: tuple[str, ...] = ()
    system: str
    notes: tuple[str, ...] = ()


_INSTRUCTION_SETS = re.compile(r"avx2|avx512\w*|avx_vnni\w*|avx_ne_convert|amx_\w+|asimd|sve2?|i8mm|bf16|sme")
"""Flags of /proc/cpuinfo that matter for inference, of x86 and of Arm."""


def read_inventory(*, root: Path = Path("/"), own_pids: Collection[int] = ()) -> Inventory:
    """Say what is in this machine, or in the share of it that the container may use.

    Nothing in it identifies the machine: no host name, serial number or UUID.

    Args:
        root: where ``proc`` and ``sys`` are; another folder in tests.
        own_pids: processes of this run besides this one, e.g. an engine that ran before; they are not "others".
    """
    notes: list[str] = []
    cores = len(os.sched_getaffinity(0))
    limit = _cpu_limit(root)
    if limit is not None and limit < cores:
        notes.append(f"the container may use {limit:g} of {cores} cores")
        cores = max(1, int(limit))
    model, instruction_sets = _cpu(root, notes)
    seen = read_gpus(own_pids=own_pids, root=root)
    if "microsoft" in platform.release().lower():
        notes.append("WSL2: NVML sees neither the GPU's processes nor some of its clocks, limits and counters")
    return Inventory(
        cpu=Cpu(model=model, cores=cores, instruction_sets=instruction_sets, governors=_governors(root)),
        memory_gib=_memory_gib(root, notes),
        gpus=seen.gpus,
        joined=seen.joined,
        system=f"{platform.system()} {_kernel(platform.release())} {platform.machine()}",
        notes=(*notes, *seen.notes),
    )


def _kernel(release: str) -> str:
    """Return the numbers of a kernel release; what its builder added may name an organisation or a cloud."""
    match = re.match(r"\d+(\.\d+)*", release)
    return match[0] if match else release


def _cpu(root: Path, notes: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the processor's name and its instruction sets from /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    flags = fields.get("flags") or fields.get("features") or ""
    model = fields.get("model name") or fields.get("hardware")
    if not model:
        model = f"{platform.machine()} processor"
        notes.append("/proc/cpuinfo does not name the processor")
    return model, tuple(sorted({flag for flag in flags.split() if _INSTRUCTION_SETS.fullmatch(flag)}))


def _governors(root: Path) -> tuple[str, ...]:
    """Return the frequency governors of all cores, each once."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return tuple(sorted({_text(file).strip() for file in files} - {""}))


def _memory_gib(root: Path, notes: list[str]) -> float:
    """Return installed memory (MemTotal), or the lowest control-group limit where that is lower, in GiB."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    installed = int(match[1]) * 1024 if match else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        int(text) for text in _cgroup_values(root, "memory.max", "memory/memory.limit_in_bytes") if text.isdigit()
    ]
    usable = min([installed, *limits])
    if usable < installed:
        notes.append(f"the container may use {usable / 2**30:.1f} of {installed / 2**30:.1f} GiB of memory")
    return round(usable / 2**30, 2)


def _cpu_limit(root: Path) -> float | None:
    """Return the lowest control-group quota of processor time in cores, or ``None`` where there is none."""
    limits: list[float] = []
    for text in _cgroup_values(root, "cpu.max", None):
        quota, _, period = text.partition(" ")
        if quota.isdigit() and period.isdigit():
            limits.append(int(quota) / int(period))
    quota = _text(root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").strip()  # version 1 of control groups
    period = _text(root / "sys/fs/cgroup/cpu/cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit():
        limits.append(int(quota) / int(period))
    return min(limits, default=None)


def _cgroup_values(root: Path, name: str, name_v1: str | None) -> list[str]:
    """Return a control-group setting of this process's group and of all groups above it."""
    top = root / "sys/fs/cgroup"
    match = re.search(r"^0::/(.*)$", _text(root / "proc/self/cgroup"), re.MULTILINE)
    own = Path(match[1]) if match else Path()
    groups = [] if ".." in own.parts else [own, *own.parents]
    files = {top / group / name for group in (*groups, Path())}
    if name_v1:
        files.add(top / name_v1)
    return [text for file in files if (text := _text(file).strip())]


def _text(path: Path) -> str:
    """Return a file's text, or nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
