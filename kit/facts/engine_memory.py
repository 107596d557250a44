"""What an engine needs beside weights and cache, and what a GPU gives: ``tables/engine_memory.csv`` and its neighbour.

The memory that a card is sold with is not what an engine can use: ECC, the driver and binary or decimal prefixes make
a difference of up to 7 %. ``tables/usable_memory.csv`` has what cards report.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from kit.facts.defaults import Default, defaults
from kit.facts.gpus import accelerator
from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

ENGINE_TABLE = TABLES / "engine_memory.csv"
USABLE_TABLE = TABLES / "usable_memory.csv"
GIB = 2**30


class _Usable(Part):
    accelerator: str
    usable_gib: float = Field(gt=0)
    devices: int = Field(default=1, ge=1)
    source: str
    date: dt.date
    note: str = ""


class UsableMemory(Part):
    """Memory that a driver reports.

    Attributes:
        accelerator: as in ``tables/gpus.csv``.
        usable_gib: of one device, in GiB.
        devices: devices that a process sees of one accelerator: each die of an MI250X is one.
        note: what to know about it.
    """

    accelerator: str
    usable_gib: Figure
    devices: int
    note: str


@cache
def usable_memories(path: Path = USABLE_TABLE) -> Mapping[str, UsableMemory]:
    """Return what drivers report, by accelerator.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    found = (
        UsableMemory(
            accelerator=row.accelerator,
            usable_gib=Figure(value=row.usable_gib, basis=Basis.PUBLISHED, source=row.source, date=row.date),
            devices=row.devices,
            note=row.note,
        )
        for row in read_table(path, _Usable)
    )
    return MappingProxyType(keyed(((one.accelerator, one) for one in found), path))


def engine_memories() -> Mapping[str, Default]:
    """Return all figures of what an engine needs, by key."""
    return defaults(ENGINE_TABLE)


def usable_memory_gib(name: str) -> Figure:
    """Return the memory in GiB that the driver reports for one accelerator.

    Where no report was found, the marketed figure is taken as 10⁹ bytes: rather too little than too much.

    Args:
        name: of the accelerator, as in ``tables/gpus.csv``.

    Raises:
        InputError: no accelerator has that name; names the nearest.
    """
    marketed = accelerator(name).memory_gb
    if name in usable_memories():
        return usable_memories()[name].usable_gib
    return marketed.model_copy(update={"value": marketed.value * 1e9 / GIB, "basis": Basis.ASSUMED})


def engine_memory(key: str) -> Default:
    """Return one figure of what an engine needs.

    Args:
        key: first column of ``tables/engine_memory.csv``.

    Raises:
        InputError: there is no such figure; names the nearest.
    """
    return look_up(engine_memories(), key, "figure of engine memory")
