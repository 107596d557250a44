"""Who is on a GPU: this run, somebody else, or a process that cannot be seen from here.

Numbers and names of processes stay in memory: a record only says how many there are and what they hold.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit.hardware.nvml import Nvml, Refused

_LISTS = (
    "DeviceGetComputeRunningProcesses_v3 DeviceGetComputeRunningProcesses_v2 DeviceGetComputeRunningProcesses",
    "DeviceGetGraphicsRunningProcesses_v3 DeviceGetGraphicsRunningProcesses_v2 DeviceGetGraphicsRunningProcesses",
    "DeviceGetMPSComputeRunningProcesses_v3 DeviceGetMPSComputeRunningProcesses_v2",
)


class Occupants(NamedTuple):
    """The processes on a GPU.

    Attributes:
        own: processes of this run.
        others: processes of this machine that are not of this run.
        hidden: processes without a number in this container or virtual machine: of this run or of others.
        memory_bytes: what all of them hold; ``None`` where the driver does not say for any of them.
        others_bytes: what ``others`` hold, likewise.
    """

    own: int
    others: int
    hidden: int
    memory_bytes: int | None
    others_bytes: int | None


def holders(nvml: Nvml, handle: Any) -> dict[int, int | None]:
    """Return the bytes that each process holds on a card, by process number; ``None`` where the driver does not say.

    Args:
        nvml: open NVML.
        handle: the card, or an instance of it under MIG.

    Raises:
        Refused: the card does not list its compute processes.
    """
    held: dict[int, int | None] = {}
    for place, names in enumerate(_LISTS):
        try:
            answer = nvml.ask(names, handle)
        except Refused as refused:
            if place == 0 or refused.lost:
                raise
            continue
        for process in answer:
            held[process.pid] = _larger(held.get(process.pid), process.usedGpuMemory)
    return held


def occupants(held: Mapping[int, int | None], *, own: Collection[int], root: Path = Path("/")) -> Occupants:
    """Say whose the processes on a GPU are.

    Args:
        held: bytes by process number (:func:`holders`).
        own: the processes of this run; their descendants count too.
        root: where ``proc`` is; another folder in tests.
    """
    whose = {pid: _whose(pid, own, root) for pid in held}
    of_others = [pid for pid in held if whose[pid] == "others"]
    return Occupants(
        own=sum(1 for word in whose.values() if word == "own"),
        others=len(of_others),
        hidden=sum(1 for word in whose.values() if word == "hidden"),
        memory_bytes=_sum([*held.values()]),
        others_bytes=_sum([held[pid] for pid in of_others]),
    )


def this_run(pids: Collection[int] = ()) -> frozenset[int]:
    """Return the processes at the root of this run: this one and those that it was told of."""
    return frozenset({os.getpid(), *pids})


def _whose(pid: int, own: Collection[int], root: Path) -> str:
    """Walk up from a process to the first one; the run's own are met on the way."""
    seen: set[int] = set()
    while pid > 0 and pid not in seen:
        if pid in own:
            return "own"
        parent = _parent(pid, root)
        if parent is None:
            return "others" if seen else "hidden"
        seen.add(pid)
        pid = parent
    return "others"


def _parent(pid: int, root: Path) -> int | None:
    """Return the parent of a process, the fourth field of /proc/PID/stat; the second may hold spaces and brackets."""
    try:
        text = (root / f"proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _larger(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)


def _sum(values: Collection[int | None]) -> int | None:
    """Return the sum of what is known; ``None`` where something is there and nothing is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known or not values else None
