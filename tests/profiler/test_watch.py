"""Peak memory and the processor time of others."""

from __future__ import annotations

import subprocess
import sys

from kit.profiler.watch import CpuShares, Watch, foreign_cores, stolen_cores

_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.readline()
"""
_CHILD = "import sys; block = bytearray(b'x' * (256 << 20)); print('ready', flush=True); sys.stdin.readline()"


def test_peak_is_that_of_the_tree() -> None:
    """256 MiB held by a grandchild are in the peak, which is kept after the processes are gone."""
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        watch = Watch(process.pid)
        watch.start()
        process.communicate("\n")
    watch.stop()
    assert watch.peak_gib is not None
    assert 0.25 < watch.peak_gib < 0.40


def test_foreign_cores() -> None:
    """Of 12 s used by everybody within 10 s, 7 s were ours: others kept half a core busy."""
    assert foreign_cores(CpuShares(100.0, 50.0), CpuShares(112.0, 57.0), seconds=10.0) == 0.5


def test_never_negative() -> None:
    """The two clocks tick differently; a small negative difference is nothing."""
    assert foreign_cores(CpuShares(100.0, 50.0), CpuShares(101.0, 51.1), seconds=10.0) == 0.0


def test_stolen_cores() -> None:
    """Three seconds of steal time within 10 s are 0.3 cores withheld by the hypervisor."""
    assert abs(stolen_cores(CpuShares(0.0, 0.0, 5.0), CpuShares(0.0, 0.0, 8.0), seconds=10.0) - 0.3) < 1e-9
