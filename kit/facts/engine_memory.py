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
    source: str
    date: dt.date
    note: str = ""


@cache
def _usable(path: Path = USABLE_TABLE) -> Mapping[str, Figure]:
    rows = read_table(path, _Usable)
    figures = (
        (row.accelerator, Figure(value=row.usable_gib, basis=Basis.PUBLISHED, source=row.source, date=row.date))
        for row in rows
    )
    return MappingProxyType(keyed(figures, path))


def usable_memory_gib(name: str) -> Figure:
    """Return the memory in GiB that the driver reports for one accelerator.

    Where no report was found, the marketed figure is taken as 10⁹ bytes: rather too little than too much.

    Args:
        name: of the accelerator, as in ``tables/gpus.csv``.

    Raises:
        InputError: no accelerator has that name; names the nearest.
    """
    marketed = accelerator(name).memory_gb
    if name in _usable():
        return _usable()[name]
    return marketed.model_copy(update={"value": marketed.value * 1e9 / GIB, "basis": Basis.ASSUMED})


def engine_memory(key: str) -> Default:
    """Return one figure of what an engine needs.

    Args:
        key: first column of ``tables/engine_memory.csv``.

    Raises:
        InputError: there is no such figure; names the nearest.
    """
    return look_up(defaults(ENGINE_TABLE), key, "figure of engine memory")
