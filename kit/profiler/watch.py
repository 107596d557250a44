"""Watching an engine while it runs: its peak memory, and how much of the processor somebody else used."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psutil

BUSY_CORES = 0.15
"""Cores that others may keep busy before a measurement is marked."""


@dataclass(frozen=True)
class CpuShares:
    """Processor seconds since some moment in the past.

    Attributes:
        everybody_s: used by all processes of the machine.
        ours_s: used by the engine and the kit.
        stolen_s: that the hypervisor gave to other machines although this one had work to do (steal time).
    """

    everybody_s: float
    ours_s: float
    stolen_s: float = 0.0


class Watch:
    """Samples the processes below ``pid`` from a thread of its own.

    The peak is the largest sum over the process tree of resident memory (RSS). Pages that processes share are counted
    once per process, so it errs upward for engines of several processes; the proportional size (PSS) would not, but
    reading it walks the page tables and stalls an engine with many gigabytes.
    """

    def __init__(self, pid: int, *, every_s: float = 0.2) -> None:
        self._process = psutil.Process(pid)
        self._every_s = every_s
        self._peak_bytes = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kit-watch", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._sample()
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end."""
        self._sample()
        self._stopping.set()
        self._thread.join()

    @property
    def peak_gib(self) -> float | None:
        """Largest resident memory of the process tree so far in GiB; ``None`` if it could never be read."""
        return self._peak_bytes / 2**30 if self._peak_bytes else None

    def cpu(self) -> CpuShares:
        """Return processor time so far; the difference of two calls tells who used the machine in between."""
        times = psutil.cpu_times()._asdict()
        idle = times["idle"] + times.get("iowait", 0.0)
        stolen = times.get("steal", 0.0)
        guests = times.get("guest", 0.0) + times.get("guest_nice", 0.0)  # they are in user and nice already
        here = psutil.Process().cpu_times()
        # Client processes that have ended count as ours by what the system books on their parent.
        ours = sum(map(_cpu_s, self._tree())) + here.user + here.system + here.children_user + here.children_system
        return CpuShares(everybody_s=sum(times.values()) - idle - stolen - guests, ours_s=ours, stolen_s=stolen)

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []

    def _sample(self) -> None:
        total = 0
        for process in self._tree():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        self._peak_bytes = max(self._peak_bytes, total)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._sample()


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def foreign_cores(before: CpuShares, after: CpuShares, *, seconds: float) -> float:
    """Return how many cores other processes kept busy on average between two readings ``seconds`` apart."""
    foreign = (after.everybody_s - before.everybody_s) - (after.ours_s - before.ours_s)
    return max(0.0, foreign) / seconds


def stolen_cores(before: CpuShares, after: CpuShares, *, seconds: float) -> float:
    """Return how many cores the hypervisor withheld on average between two readings ``seconds`` apart."""
    return max(0.0, after.stolen_s - before.stolen_s) / seconds
