"""The inventory, read from made-up /proc and /sys trees and from this machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from kit.hardware.inventory import read_inventory

_CPUINFO = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8480+
flags\t\t: fpu vme avx avx2 avx512f avx512_bf16 amx_tile amx_bf16 avx_vnni lm
processor\t: 1
model name\t: Intel(R) Xeon(R) Platinum 8480+
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with 8 GiB of memory and no limits."""
    write(tmp_path / "proc/cpuinfo", _CPUINFO)
    write(tmp_path / "proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_processor(root: Path) -> None:
    """The processor's name and the instruction sets that matter come from /proc/cpuinfo."""
    cpu = read_inventory(root=root).cpu
    assert cpu.model == "Intel(R) Xeon(R) Platinum 8480+"
    assert cpu.instruction_sets == ("amx_bf16", "amx_tile", "avx2", "avx512_bf16", "avx512f", "avx_vnni")


def test_cores_are_those_this_process_may_use(root: Path) -> None:
    """Cores are those of the process's affinity."""
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert read_inventory(root=root).cpu.cores == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_memory_installed(root: Path) -> None:
    """Without a limit, memory is what is installed: 8,388,608 kB are 8 GiB."""
    assert read_inventory(root=root).memory_gib == 8.0


@pytest.mark.parametrize("place", ["", "system.slice/", "system.slice/job/"])
def test_memory_limit_of_any_group_above(root: Path, place: str) -> None:
    """The lowest limit of the process's control group and of all above it counts, and is noted."""
    write(root / "proc/self/cgroup", "0::/system.slice/job\n")
    write(root / "sys/fs/cgroup/system.slice/job/memory.max", "max\n")
    write(root / f"sys/fs/cgroup/{place}memory.max", f"{3 * 2**30}\n")
    inventory = read_inventory(root=root)
    assert inventory.memory_gib == 3.0
    assert "the container may use 3.0 of 8.0 GiB of memory" in inventory.notes


def test_memory_limit_of_version_1(root: Path) -> None:
    """The older control groups are read too; their word for no limit is a number larger than any memory."""
    limit = root / "sys/fs/cgroup/memory/memory.limit_in_bytes"
    write(limit, f"{2**30}\n")
    assert read_inventory(root=root).memory_gib == 1.0
    write(limit, "9223372036854771712\n")
    assert read_inventory(root=root).memory_gib == 8.0


def test_processor_quota(root: Path) -> None:
    """A quota of half a core leaves one core, and is noted."""
    write(root / "sys/fs/cgroup/cpu.max", "50000 100000\n")
    inventory = read_inventory(root=root)
    assert inventory.cpu.cores == 1
    assert any(note.startswith("the container may use 0.5 of") for note in inventory.notes)


def test_no_quota(root: Path) -> None:
    """The word max is no limit."""
    write(root / "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert read_inventory(root=root).cpu.cores == len(os.sched_getaffinity(0))


def test_arm(root: Path) -> None:
    """An Arm processor, which /proc/cpuinfo does not name, is named by its architecture, with a note."""
    write(root / "proc/cpuinfo", "processor : 0\nFeatures : fp asimd sve sve2 i8mm bf16 aes\n")
    inventory = read_inventory(root=root)
    assert inventory.cpu.model == f"{platform.machine()} processor"
    assert inventory.cpu.instruction_sets == ("asimd", "bf16", "i8mm", "sve", "sve2")
    assert "/proc/cpuinfo does not name the processor" in inventory.notes


def test_builder_of_the_kernel_is_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the kernel only the numbers are kept: what follows may name an organisation."""
    monkeypatch.setattr(platform, "release", lambda: "6.8.0-1021-acme-corp")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert read_inventory(root=root).system == "Linux 6.8.0 x86_64"


def test_this_machine() -> None:
    """On this machine there is a processor and memory, and nothing names the host."""
    inventory = read_inventory()
    assert inventory.cpu.cores >= 1
    assert inventory.memory_gib > 0.5
    assert platform.node() not in inventory.model_dump_json()


def test_governors(root: Path) -> None:
    """The frequency governors of all cores are named once each; where the kernel has none, there are none."""
    assert read_inventory(root=root).cpu.governors == ()
    for core, governor in enumerate(("powersave", "powersave", "performance")):
        write(root / f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", f"{governor}\n")
    assert read_inventory(root=root).cpu.governors == ("performance", "powersave")


def test_wsl2(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under WSL2 a note says what NVML does not see there."""
    monkeypatch.setattr(platform, "release", lambda: "5.15.167.4-microsoft-standard-WSL2")
    assert any(note.startswith("WSL2: NVML sees neither") for note in read_inventory(root=root).notes)
