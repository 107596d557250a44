"""The second record: what a machine does with a model, measured here or published by somebody."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from kit.hardware.health import Finding as Finding
from kit.hardware.inventory import Inventory
from kit.hardware.telemetry import Telemetry
from kit.record import Basis, Part, Record


class Spread(Part):
    """How a latency is distributed, in seconds. ``None`` means not published or too few samples.

    Each ``..._interval`` is the distribution-free 95 % interval of the percentile before it.
    """

    mean: float | None = None
    p50: float | None = None
    p50_interval: tuple[float, float] | None = None
    p95: float | None = None
    p95_interval: tuple[float, float] | None = None
    p99: float | None = None
    p99_interval: tuple[float, float] | None = None


class Regime(StrEnum):
    """How the load was offered."""

    CLOSED_LOOP = "closed_loop"
    """A fixed number of requests in flight."""
    SATURATED = "saturated"
    """All requests at once: the most that the engine can do, at a latency nobody would accept."""


class Point(Part):
    """One measurement of the service curve.

    Attributes:
        prompt_tokens: mean prompt length.
        output_tokens: mean output length.
        regime: how the load was offered.
        concurrency: requests in flight; ``None`` where the source only says "as many as possible".
        output_tokens_per_s: output tokens finished per second of the steady window, of the whole replica.
        output_tokens_per_s_interval: 95 % interval of that figure, where it was repeated.
        ttft_s: time to first token.
        tpot_s: time per output token after the first: (E2E − TTFT) / (output tokens − 1).
        itl_s: inter-token latency, the gaps between tokens; ``None`` where an event may carry several.
        e2e_s: time to the last token.
        requests: requests inside the steady window.
        failed: requests that ended in an error.
        duration_s: length of the steady window.
        power_w: mean power of the replica's GPUs while the point was measured; ``None`` without GPUs.
        energy_j_per_token: mean power ÷ output throughput.
        derived: names of the fields that follow from the others and were not printed by the source.
        source: where exactly the source says so, if it differs from the profile's.
    """

    prompt_tokens: float = Field(gt=0)
    output_tokens: float = Field(gt=0)
    regime: Regime = Regime.CLOSED_LOOP
    concurrency: int | None = Field(default=None, ge=1)
    output_tokens_per_s: float = Field(gt=0)
    output_tokens_per_s_interval: tuple[float, float] | None = None
    ttft_s: Spread | None = None
    tpot_s: Spread | None = None
    itl_s: Spread | None = None
    e2e_s: Spread | None = None
    requests: int | None = None
    failed: int = 0
    duration_s: float | None = None
    power_w: float | None = None
    energy_j_per_token: float | None = None
    derived: tuple[str, ...] = ()
    source: str | None = None


class ProfiledModel(Part):
    """The model that was served.

    Attributes:
        name: the model's public name.
        architecture: key of the architecture in the kit's model table; speed depends on this, not on the weights.
        dtype: number format of the weights.
        config_sha256: hash of the config.json that was served.
        random_weights: True where only the architecture was real: speed and memory hold, answers do not.
    """

    name: str
    architecture: str
    dtype: str
    config_sha256: str | None = None
    random_weights: bool | None = None


class Engine(Part):
    """The inference engine and how it was started (paths removed)."""

    name: str
    version: str | None = None
    command: tuple[str, ...] = ()


class Memory(Part):
    """Memory of one replica in GiB, never one number. ``None`` where the engine or the source does not say.

    Attributes:
        weights_gib: the weights.
        kv_cache_gib: the KV-cache pool.
        peak_kv_gib: most of the pool that was seen in use.
        activations_gib: peak of activations.
        graphs_gib: captured graphs.
        other_gib: what the engine holds besides.
        peak_gib: resident memory of the engine's processes at its peak; on a CPU only.
    """

    weights_gib: float | None = None
    kv_cache_gib: float | None = None
    peak_kv_gib: float | None = None
    activations_gib: float | None = None
    graphs_gib: float | None = None
    other_gib: float | None = None
    peak_gib: float | None = None


class HardwareProfile(Record):
    """What one replica of a model does on one kind of accelerator.

    Attributes:
        name: the file's name without ``.json``.
        basis: measured on the machine described, or published by the source.
        source: the tool and version that measured it, or where it was published.
        date: the day of the measurement or publication.
        accelerator: name in the kit's accelerator table, e.g. ``H100 SXM``; ``CPU`` where there is none.
        accelerators: how many of them one replica takes.
        inventory: the machine, where it was measured.
        engine: what served.
        model: what was served.
        points: the service curve.
        memory: memory of one replica.
        power_w: mean electrical power of one replica's accelerators at its highest throughput, in watts.
        telemetry: what the GPUs did while the points were measured.
        findings: what spoilt or qualifies the measurement.
        licence: licence of the published source.
        notes: remarks for the reader.
    """

    kind: ClassVar[str] = "hardware profile"
    name: str
    basis: Basis
    source: str = Field(min_length=1)
    date: dt.date
    accelerator: str
    accelerators: int = Field(ge=1)
    inventory: Inventory | None = None
    engine: Engine
    model: ProfiledModel
    points: tuple[Point, ...] = Field(min_length=1)
    memory: Memory = Memory()
    power_w: float | None = None
    telemetry: Telemetry | None = None
    findings: tuple[Finding, ...] = ()
    licence: str | None = None
    notes: tuple[str, ...] = ()
