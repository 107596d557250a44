"""What the figures of an accelerator have to obey: ``tables/gpu_generations.csv`` and ``tables/memory_kinds.csv``.

Tables of accelerators are full of sparse figures printed as dense, halved memory and figures of a sister card. Each of
these contradicts something else in the row: units × clock × operations per clock, bus × data rate, what the stacks of
memory hold, what the driver reports.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator, Field

from kit.facts.gpus import Accelerator
from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Figure, Part

GENERATIONS = TABLES / "gpu_generations.csv"
MEMORY_KINDS = TABLES / "memory_kinds.csv"

_CLOCK_SHARE = (0.85, 1.012)
"""Of units × operations × highest clock that vendors print: they rate some cards below their highest clock."""
_BUS_TOLERANCE, _STACK_TOLERANCE, _RATIO_TOLERANCE = 0.03, 0.07, 0.03
_SPARSE_OVER_DENSE = (1.25, 2.05)
_REPORTED_SHARE = (0.9, 1.0)

Positive = Annotated[float, Field(gt=0)]
Words = Annotated[tuple[str, ...], BeforeValidator(lambda cell: cell.split() if isinstance(cell, str) else cell)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(lambda cell: cell.split() if isinstance(cell, str) else cell)]


class Generation(Part):
    """What the chips of one generation have in common, the exceptions of each maker included.

    Attributes:
        generation: the key.
        ops_per_clock: dense FP16 or BF16 operations of one unit per clock.
        fp8_over_16bit: dense FP8 over dense FP16 or BF16.
        fp4_over_fp8: dense FP4 over dense FP8.
        int8_over_16bit: dense INT8 over dense FP16 or BF16.
        lacks: figures for which there is no arithmetic.
        min_tflops_per_w: least dense FP16 or BF16 arithmetic per watt of any of them.
        max_tflops_per_w: most of it.
        source: who says so.
        date: when it was read.
        note: exceptions in words.
    """

    generation: str
    ops_per_clock: Positive | None = None
    fp8_over_16bit: Positive | None = None
    fp4_over_fp8: Positive | None = None
    int8_over_16bit: Positive | None = None
    lacks: Words = ()
    min_tflops_per_w: Positive | None = None
    max_tflops_per_w: Positive | None = None
    source: str
    date: dt.date
    note: str = ""


class MemoryKind(Part):
    """What memory of one kind can do.

    Attributes:
        kind: the key.
        channel_bits: width of a channel, or of a stack of HBM.
        min_gbps: lowest data rate of a wire, Gbit/s.
        max_gbps: highest data rate.
        channel_gb: what a channel or stack holds, GB.
        min_read_ms: least time in which an accelerator reads its whole memory once, ms.
        max_read_ms: most time.
        source: who says so.
        date: when it was read.
        note: what a channel is.
    """

    kind: str
    channel_bits: Positive
    min_gbps: Positive
    max_gbps: Positive
    channel_gb: Numbers
    min_read_ms: Positive
    max_read_ms: Positive
    source: str
    date: dt.date
    note: str = ""


@cache
def generations(path: Path = GENERATIONS) -> Mapping[str, Generation]:
    """Return all generations by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.generation, row) for row in read_table(path, Generation)), path))


@cache
def memory_kinds(path: Path = MEMORY_KINDS) -> Mapping[str, MemoryKind]:
    """Return all kinds of memory by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.kind, row) for row in read_table(path, MemoryKind)), path))


def implausible(card: Accelerator, reported_gib: float | None = None) -> tuple[str, ...]:
    """Return what is wrong with the figures of an accelerator, in words; nothing where they agree with each other.

    Args:
        card: the accelerator.
        reported_gib: memory that its driver reports, where that is known.

    Raises:
        InputError: no generation or kind of memory of that name is in the tables.
    """
    generation = look_up(generations(), card.generation, "generation")
    kind = look_up(memory_kinds(), card.memory_kind, "kind of memory")
    return (
        *_memory(card, kind, reported_gib),
        *_bandwidth(card, kind),
        *_lacking(card, generation),
        *_speed(card, generation),
        *_ratios(card, generation),
        *_sparse(card),
    )


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else figure.value


def _near(value: float, wanted: float, tolerance: float) -> bool:
    return abs(value / wanted - 1) <= tolerance


def _memory(card: Accelerator, kind: MemoryKind, reported_gib: float | None) -> Iterator[str]:
    memory, bus = card.memory_gb.value, _value(card.chip.bus_bits)
    named = re.search(r"(\d+)GB", card.name)
    if named and float(named[1]) != memory:
        yield f"memory of {memory:g} GB, but the name says {named[1]}"
    if bus:
        each = memory / (bus / kind.channel_bits)
        if not any(_near(each, size, _STACK_TOLERANCE) for size in kind.channel_gb):
            yield f"memory of {memory:g} GB is {each:.3g} GB per channel or stack of {kind.kind}, which is not made"
    low, high = _REPORTED_SHARE
    if reported_gib is not None and not low <= reported_gib / memory <= high:
        yield f"memory of {memory:g} GB, but the driver reports {reported_gib:g} GiB"


def _bandwidth(card: Accelerator, kind: MemoryKind) -> Iterator[str]:
    bandwidth, bus, rate = card.bandwidth_gb_s.value, _value(card.chip.bus_bits), _value(card.chip.data_rate_gbps)
    read_ms = card.memory_gb.value / bandwidth * 1e3
    if not kind.min_read_ms <= read_ms <= kind.max_read_ms:
        yield f"all memory read in {read_ms:.3g} ms, which {kind.kind} does not do"
    if bus:
        wire = bandwidth * 8 / bus
        if not kind.min_gbps <= wire <= kind.max_gbps:
            yield f"bandwidth of {bandwidth:g} GB/s is {wire:.3g} Gbit/s per wire, which {kind.kind} does not do"
        if rate and not _near(wire, rate, _BUS_TOLERANCE):
            yield f"bandwidth of {bandwidth:g} GB/s, but bus and data rate make {bus * rate / 8:.4g}"


def _lacking(card: Accelerator, generation: Generation) -> Iterator[str]:
    for name in generation.lacks:
        if getattr(card, name) is not None:
            yield f"{name}: {generation.generation} has no such arithmetic"


def _speed(card: Accelerator, generation: Generation) -> Iterator[str]:
    dense = _value(card.bf16_tflops) or _value(card.fp16_tflops)
    units, clock = _value(card.chip.units), _value(card.chip.clock_mhz)
    if dense is None:
        return
    if units and clock and generation.ops_per_clock:
        most = units * clock * 1e6 * generation.ops_per_clock / 1e12
        low, high = _CLOCK_SHARE
        if not low <= dense / most <= high:
            yield f"{dense:g} TFLOP/s in 16 bits, but units, clock and operations per clock make {most:.4g}"
    if generation.min_tflops_per_w and generation.max_tflops_per_w:
        per_watt = dense / card.tdp_w.value
        if not generation.min_tflops_per_w <= per_watt <= generation.max_tflops_per_w:
            yield f"{per_watt:.3g} TFLOP/s per watt, which {generation.generation} does not do"


def _ratios(card: Accelerator, generation: Generation) -> Iterator[str]:
    both = [figure.value for figure in (card.fp16_tflops, card.bf16_tflops) if figure]
    if len(set(both)) > 1:
        yield f"FP16 {both[0]:g} and BF16 {both[1]:g} TFLOP/s differ"
    half = both[-1] if both else None
    fp8, fp4, int8 = _value(card.fp8_tflops), _value(card.fp4_tflops), _value(card.int8_tops)
    for name, value, base, ratio in (
        ("FP8", fp8, half, generation.fp8_over_16bit),
        ("FP4", fp4, fp8, generation.fp4_over_fp8),
        ("INT8", int8, half, generation.int8_over_16bit),
    ):
        if value and base and ratio and not _near(value / base, ratio, _RATIO_TOLERANCE):
            yield f"{name} {value:g} is {value / base:.3g} of {base:g}, not {ratio:g}"


def _sparse(card: Accelerator) -> Iterator[str]:
    low, high = _SPARSE_OVER_DENSE
    for name in type(card.sparse).model_fields:
        dense, sparse = _value(getattr(card, name)), _value(getattr(card.sparse, name))
        if dense and sparse and not low <= sparse / dense <= high:
            yield f"{name}: {dense:g} dense beside {sparse:g} sparse"
