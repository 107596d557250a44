"""Accelerators: memory, bandwidth, dense arithmetic, power and price, one row each in ``tables/gpus.csv``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

TABLE = TABLES / "gpus.csv"


class Accelerator(Part):
    """One accelerator, as published.

    Attributes:
        name: the name by which the kit knows it, e.g. ``H100 SXM``.
        memory_gb: marketed memory, in 10⁹ bytes as vendors count them.
        bandwidth_gb_s: peak memory bandwidth, GB/s.
        bf16_tflops: dense (never sparse) BF16 arithmetic with FP32 accumulation, TFLOP/s.
        tdp_w: thermal design power of the accelerator alone, in watts.
        price_usd: purchase price of one accelerator without its server; ``None`` where no source was found.
        note: what to know about the row: conflicts between sources, derived figures.
    """

    name: str
    memory_gb: Figure
    bandwidth_gb_s: Figure
    bf16_tflops: Figure | None
    tdp_w: Figure
    price_usd: Figure | None
    note: str


class _Row(Part):
    name: str
    memory_gb: float = Field(gt=0)
    bandwidth_gb_s: float = Field(gt=0)
    bf16_tflops: float | None = Field(default=None, gt=0)
    tdp_w: float = Field(gt=0)
    source: str
    date: dt.date
    price_usd: float | None = Field(default=None, gt=0)
    price_source: str | None = None
    price_date: dt.date | None = None
    note: str


def _figure(value: float, source: str, date: dt.date) -> Figure:
    return Figure(value=value, basis=Basis.PUBLISHED, source=source, date=date)


def _accelerator(row: _Row) -> Accelerator:
    price = None
    if row.price_usd is not None:
        price = _figure(row.price_usd, row.price_source or "", row.price_date or row.date)
    return Accelerator(
        name=row.name,
        memory_gb=_figure(row.memory_gb, row.source, row.date),
        bandwidth_gb_s=_figure(row.bandwidth_gb_s, row.source, row.date),
        bf16_tflops=None if row.bf16_tflops is None else _figure(row.bf16_tflops, row.source, row.date),
        tdp_w=_figure(row.tdp_w, row.source, row.date),
        price_usd=price,
        note=row.note,
    )


@cache
def accelerators(path: Path = TABLE) -> Mapping[str, Accelerator]:
    """Return all accelerators by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.name, _accelerator(row)) for row in read_table(path, _Row)), path))


def accelerator(name: str) -> Accelerator:
    """Return one accelerator.

    Raises:
        InputError: no accelerator has that name; names the nearest.
    """
    return look_up(accelerators(), name, "accelerator")


_NVML = (
    (r"\bH200\b(?!.*NVL)", "H200 SXM"),
    (r"\bH100 PCIe\b", "H100 PCIe"),
    (r"\bH100 80GB HBM3\b", "H100 SXM"),
    (r"\bA100-SXM4-80GB\b", "A100 80GB SXM"),
    (r"\bA100 80GB PCIe\b", "A100 80GB PCIe"),
    (r"\bRTX 6000 Ada\b", "RTX 6000 Ada"),
    (r"\bRTX 4090\b(?!.* (D|Laptop))", "RTX 4090"),
    (r"\bL40S\b", "L40S"),
    (r"\bL4\b", "L4"),
    (r"\bB200\b", "B200"),
)


def catalogue_name(nvml_name: str) -> str | None:
    """Return the kit's name for what NVML calls the device, or ``None`` where the table has no such accelerator.

    Variants with other memory or bandwidth (A100 40 GB, H100 NVL, RTX 4090 D, laptop chips, GB200, MIG slices) are not
    taken for their siblings.

    Args:
        nvml_name: what ``nvmlDeviceGetName`` or ``nvidia-smi -L`` says, e.g. ``NVIDIA H100 80GB HBM3``.
    """
    if "MIG" in nvml_name:
        return None
    for pattern, name in _NVML:
        if re.search(pattern, nvml_name, re.IGNORECASE):
            return name
    return None
