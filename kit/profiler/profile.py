"""The second record: what a machine does with a model, measured here or published by somebody."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

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
    POISSON = "poisson"
    """Requests at random, independent moments, whatever has become of those before."""
    CONSTANT = "constant"
    """Requests with equal gaps."""
    TRACE = "trace"
    """Requests at the moments and of the lengths of a trace."""

    @property
    def open_loop(self) -> bool:
        """Whether requests come on a schedule; latencies then count from the scheduled moment."""
        return self in (Regime.POISSON, Regime.CONSTANT, Regime.TRACE)


class Point(Part):
    """One measurement of the service curve.

    Attributes:
        prompt_tokens: mean prompt length.
        output_tokens: mean output length.
        regime: how the load was offered.
        concurrency: requests in flight; ``None`` where the source only says "as many as possible", and in an open loop.
        arrivals_per_s: rate of the arrival process; of a trace, requests due per second of the steady window.
        output_tokens_per_s: output tokens finished per second of the steady window, of the whole replica.
        output_tokens_per_s_interval: 95 % interval of that figure; in a closed loop only.
        ttft_s: time to first token.
        tpot_s: time per output token after the first: (E2E − TTFT) / (output tokens − 1).
        itl_s: inter-token latency, the gaps between tokens; ``None`` where an event may carry several.
        e2e_s: time to the last token.
        requests: requests inside the steady window.
        failed: requests that ended in an error.
        unfinished: requests of an open loop that had not ended when the run did, or were never sent.
        runs: how often it was measured; the figures are of all runs together.
        duration_s: length of the steady windows.
        power_w: mean power of the replica's GPUs while the point was measured; ``None`` without GPUs.
        energy_j_per_token: mean power ÷ output throughput.
        derived: names of the fields that follow from the others and were not printed by the source.
        source: where exactly the source says so, if it differs from the profile's.
    """

    prompt_tokens: float = Field(gt=0)
    output_tokens: float = Field(gt=0)
    regime: Regime = Regime.CLOSED_LOOP
    concurrency: int | None = Field(default=None, ge=1)
    arrivals_per_s: float | None = Field(default=None, gt=0)
    output_tokens_per_s: float = Field(gt=0)
    output_tokens_per_s_interval: tuple[float, float] | None = None
    ttft_s: Spread | None = None
    tpot_s: Spread | None = None
    itl_s: Spread | None = None
    e2e_s: Spread | None = None
    requests: int | None = None
    failed: int = 0
    unfinished: int = 0
    runs: int = Field(default=1, ge=1)
    duration_s: float | None = None
    power_w: float | None = None
    energy_j_per_token: float | None = None
    derived: tuple[str, ...] = ()
    source: str | None = None


class Outcome(StrEnum):
    """Whether a load met an objective."""

    MET = "met"
    MISSED = "missed"
    UNRESOLVED = "unresolved"
    """The samples allow both."""


class Trial(Part):
    """One load that was tried, and what came of it.

    Attributes:
        requests_per_s: the load.
        outcome: whether it met the objective.
    """

    requests_per_s: float = Field(gt=0)
    outcome: Outcome


class Goodput(Part):
    """The highest load that met an objective.

    Attributes:
        objective: the limits, e.g. ``ttft_p95<0.5s, tpot_p95<50ms``.
        prompt_tokens: of each request.
        output_tokens: of each request.
        requests_per_s: highest Poisson load that met every limit; ``None`` where there is none or it is not known.
        interval: between the highest load that met and the lowest that missed; an end that was not found is ``None``.
        trials: all that were made, in order.
        remark: why there is no figure, or in what way it is not as narrow as was asked; else empty.
    """

    objective: str
    prompt_tokens: int = Field(gt=0)
    output_tokens: int = Field(gt=0)
    requests_per_s: float | None = Field(default=None, gt=0)
    interval: tuple[float | None, float | None] = (None, None)
    trials: tuple[Trial, ...] = ()
    remark: str = ""


class WayThere(Part):
    """Where the time to the first token goes, in seconds, over some requests sent one after the other.

    TTFT = connect + sending + first byte + first token. Each request has a connection of its own; a client that keeps
    its connections pays ``connect_s`` once.

    Attributes:
        requests: requests that went through.
        connect_s: until the connection stood: name, TCP and TLS, which is network alone (two to four round trips).
        first_byte_s: from the request's last byte until the answer's first: one round trip, and whatever the server
            does before it begins to answer.
        first_token_s: from the answer's first byte until its first token: the server alone.
        ttft_s: all of it.
        connect_share: share of all TTFT that is connecting, 0 to 1.
    """

    requests: int = Field(ge=1)
    connect_s: Spread | None
    first_byte_s: Spread | None
    first_token_s: Spread | None
    ttft_s: Spread | None
    connect_share: float = Field(ge=0, le=1)


class ProfiledModel(Part):
    """The model that was served.

    Attributes:
        name: the model's public name.
        architecture: key of the architecture in the kit's model table; speed depends on this, not on the weights.
            ``not stated`` where a provider does not say.
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
        accelerator: name in the kit's accelerator table, e.g. ``H100 SXM``; ``CPU`` where there is none, and
            ``not stated`` for a server on a machine that nobody described.
        accelerators: how many of them one replica takes.
        inventory: the machine; ``None`` where it was published, or where the server runs on another machine.
        engine: what served.
        model: what was served.
        points: everything that was measured, by shape and load.
        goodput: the highest loads that met an objective.
        way_there: how much of the latency is the network's, where the server runs on another machine.
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
    goodput: tuple[Goodput, ...] = ()
    way_there: WayThere | None = None
    memory: Memory = Memory()
    power_w: float | None = None
    telemetry: Telemetry | None = None
    findings: tuple[Finding, ...] = ()
    licence: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def service_curve(self) -> tuple[Point, ...]:
        """The points that say what the machine can do: of closed loops and saturated load; never empty."""
        return tuple(point for point in self.points if not point.regime.open_loop)

    @model_validator(mode="after")
    def _has_a_service_curve(self) -> Self:
        if not self.service_curve:
            raise ValueError("a profile needs a point of a closed loop or of saturated load; it has none")
        return self
