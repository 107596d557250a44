"""Accelerators: memory, bandwidth, dense arithmetic, links, power and price, one row each in ``tables/gpus.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

TABLE = TABLES / "gpus.csv"

PriceKind = Literal["list", "street", "used", "quoted", "estimate"]
"""What a price is: the maker's own, a shop's, a used card's, an offer made to someone, or a guess that was printed."""

PRICE_BASIS: Mapping[PriceKind, Basis] = MappingProxyType(
    {
        "list": Basis.PUBLISHED,
        "street": Basis.PUBLISHED,
        "used": Basis.PUBLISHED,
        "quoted": Basis.QUOTED,
        "estimate": Basis.ASSUMED,
    }
)


class Sparse(Part):
    """What is printed for 2:4 structured sparsity: here only so that no dense figure is mistaken for it.

    Attributes:
        bf16_tflops: FP16 or BF16, TFLOP/s.
        fp8_tflops: FP8, TFLOP/s.
        fp4_tflops: FP4, TFLOP/s.
        int8_tops: INT8, TOP/s.
    """

    bf16_tflops: Figure | None
    fp8_tflops: Figure | None
    fp4_tflops: Figure | None
    int8_tops: Figure | None


class Chip(Part):
    """What the figures of an accelerator are checked against; see :mod:`kit.facts.gpu_physics`.

    Attributes:
        bus_bits: width of the memory bus.
        data_rate_gbps: bits per second and wire of that bus, Gbit/s.
        units: streaming multiprocessors, compute units or matrix engines.
        clock_mhz: the highest clock that is printed.
    """

    bus_bits: Figure | None
    data_rate_gbps: Figure | None
    units: Figure | None
    clock_mhz: Figure | None


class Accelerator(Part):
    """One accelerator, as published. A figure is ``None`` where the chip has no such arithmetic or nobody printed it.

    Attributes:
        name: the name by which the kit knows it, e.g. ``H100 SXM``.
        maker: who sells the chip.
        generation: key of ``tables/gpu_generations.csv``.
        memory_kind: key of ``tables/memory_kinds.csv``.
        memory_gb: marketed memory, in 10⁹ bytes as vendors count them.
        bandwidth_gb_s: peak memory bandwidth, GB/s.
        fp16_tflops: dense (never sparse) FP16 arithmetic with FP32 accumulation, TFLOP/s.
        bf16_tflops: the same of BF16.
        fp8_tflops: the same of FP8.
        fp4_tflops: dense FP4 arithmetic, TFLOP/s.
        int8_tops: dense INT8 arithmetic, TOP/s.
        tdp_w: thermal design power of the accelerator alone, in watts.
        interconnect: how it reaches its neighbours.
        interconnect_gb_s: of that link, per accelerator and direction, GB/s.
        price_usd: purchase price of one accelerator without its server; ``None`` where no source was found.
        price_kind: what kind of price that is.
        sparse: what is printed for sparse arithmetic.
        chip: bus, clock and units.
        note: what to know about the row: conflicts between sources, derived figures.
    """

    name: str
    maker: str
    generation: str
    memory_kind: str
    memory_gb: Figure
    bandwidth_gb_s: Figure
    fp16_tflops: Figure | None
    bf16_tflops: Figure | None
    fp8_tflops: Figure | None
    fp4_tflops: Figure | None
    int8_tops: Figure | None
    tdp_w: Figure
    interconnect: str | None
    interconnect_gb_s: Figure | None
    price_usd: Figure | None
    price_kind: PriceKind | None
    sparse: Sparse
    chip: Chip
    note: str


Positive = Annotated[float, Field(gt=0)]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda cell: cell.split() if isinstance(cell, str) else cell)]


class _Row(Part):
    name: str
    maker: str
    generation: str
    memory_kind: str
    memory_gb: Positive
    bus_bits: Positive | None = None
    data_rate_gbps: Positive | None = None
    bandwidth_gb_s: Positive
    units: Positive | None = None
    clock_mhz: Positive | None = None
    fp16_tflops: Positive | None = None
    bf16_tflops: Positive | None = None
    fp8_tflops: Positive | None = None
    fp4_tflops: Positive | None = None
    int8_tops: Positive | None = None
    sparse_bf16_tflops: Positive | None = None
    sparse_fp8_tflops: Positive | None = None
    sparse_fp4_tflops: Positive | None = None
    sparse_int8_tops: Positive | None = None
    tdp_w: Positive
    interconnect: str | None = None
    interconnect_gb_s: Positive | None = None
    source: str
    date: dt.date
    price_usd: Positive | None = None
    price_kind: PriceKind | None = None
    price_source: str | None = None
    price_date: dt.date | None = None
    predicted: Names = ()
    assumed: Names = ()
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        price = (self.price_usd, self.price_kind, self.price_source, self.price_date)
        if any(part is None for part in price) and any(part is not None for part in price):
            raise ValueError("a price needs its kind, source and date, and none of them stands alone")
        for column in (*self.predicted, *self.assumed):
            if not isinstance(getattr(self, column, None), float):
                raise ValueError(f'no figure is called "{column}" in this row')
        return self

    def figure(self, column: str) -> Figure | None:
        """Return the figure of a column, or ``None`` where the cell is empty."""
        value: float | None = getattr(self, column)
        if value is None:
            return None
        basis = Basis.PUBLISHED
        if column in self.predicted:
            basis = Basis.PREDICTED
        if column in self.assumed:
            basis = Basis.ASSUMED
        return Figure(value=value, basis=basis, source=self.source, date=self.date)

    def price(self) -> Figure | None:
        """Return the price with its own source and date, or ``None`` where there is none."""
        if self.price_usd is None or self.price_kind is None or self.price_source is None or self.price_date is None:
            return None
        return Figure(
            value=self.price_usd, basis=PRICE_BASIS[self.price_kind], source=self.price_source, date=self.price_date
        )


_PLAIN = ("name", "maker", "generation", "memory_kind", "interconnect", "price_kind", "note")
_FIGURES = (
    "memory_gb",
    "bandwidth_gb_s",
    "fp16_tflops",
    "bf16_tflops",
    "fp8_tflops",
    "fp4_tflops",
    "int8_tops",
    "tdp_w",
    "interconnect_gb_s",
)


def _accelerator(row: _Row) -> Accelerator:
    return Accelerator.model_validate(
        {
            **{column: getattr(row, column) for column in _PLAIN},
            **{column: row.figure(column) for column in _FIGURES},
            "price_usd": row.price(),
            "sparse": Sparse.model_validate({name: row.figure(f"sparse_{name}") for name in Sparse.model_fields}),
            "chip": Chip.model_validate({name: row.figure(name) for name in Chip.model_fields}),
        }
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


_NVML = {
    "tesla t4": "T4",
    "t4": "T4",
    "tesla v100-sxm2-16gb": "V100 16GB SXM",
    "tesla v100-sxm2-32gb": "V100 32GB SXM",
    "geforce rtx 3090": "RTX 3090",
    "geforce rtx 4090": "RTX 4090",
    "geforce rtx 5090": "RTX 5090",
    "rtx a6000": "A6000",
    "rtx 6000 ada generation": "RTX 6000 Ada",
    "rtx pro 6000 blackwell workstation edition": "RTX PRO 6000 WS",
    "rtx pro 6000 blackwell server edition": "RTX PRO 6000 SE",
    "l4": "L4",
    "a10": "A10",
    "a10g": "A10G",
    "a40": "A40",
    "l40": "L40",
    "l40s": "L40S",
    "a100-pcie-40gb": "A100 40GB PCIe",
    "a100-sxm4-40gb": "A100 40GB SXM",
    "a100 80gb pcie": "A100 80GB PCIe",
    "a100-pcie-80gb": "A100 80GB PCIe",
    "a100-sxm4-80gb": "A100 80GB SXM",
    "h100 pcie": "H100 PCIe",
    "h100 80gb hbm2e": "H100 PCIe",
    "h100 80gb hbm3": "H100 SXM",
    "h100 nvl": "H100 NVL",
    "h200": "H200 SXM",
    "h200 nvl": "H200 NVL",
    "gh200 480gb": "GH200 96GB",
    "b200": "B200",
    "b300 sxm6 ac": "B300",
    "b300": "B300",
    "gb200": "GB200 (per GPU)",
    "gb10": "DGX Spark GB10",
}
"""The whole name that NVML gives, without ``NVIDIA``, in small letters; the 480 GB of a GH200 are its CPU's memory."""


def catalogue_name(nvml_name: str) -> str | None:
    """Return the kit's name for what NVML calls the device, or ``None`` where the table has no such accelerator.

    The whole name has to be known, so that variants with other memory, bandwidth or arithmetic (RTX 4090 D, laptop
    chips, Max-Q editions, GB300, virtual GPUs, MIG slices) are not taken for their siblings.

    Args:
        nvml_name: what ``nvmlDeviceGetName`` or ``nvidia-smi -L`` says, e.g. ``NVIDIA H100 80GB HBM3``.
    """
    return _NVML.get(" ".join(nvml_name.split()).lower().removeprefix("nvidia "))
