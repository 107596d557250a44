"""What the GPUs did during a run: samples in, one frozen summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from kit.record import Part

SHORTEST_ENERGY_WINDOW_S = 5.0
"""The energy counter moves in steps of up to 0.1 s, and power is a mean over up to 1 s: shorter windows mislead."""

ENERGY_TOLERANCE = 0.05
"""Share by which the energy counter and integrated power may differ."""

_COUNTER_EDGES_S = 2.2
"""Counters are read once a second and brought up to date now and then: they may cover this much more than a window."""

REASONS = {
    0x001: "idle",
    0x002: "application clocks",
    0x004: "power cap",
    0x008: "hardware slowdown",
    0x010: "sync boost",
    0x020: "software thermal slowdown",
    0x040: "hardware thermal slowdown",
    0x080: "power brake",
    0x100: "display clocks",
    0x200: "board limit",
    0x400: "reliability",
}
"""Why a clock is not the highest: the bits ``nvmlClocksEventReason...`` of nvml.h."""


class GpuSample(NamedTuple):
    """One GPU at one moment. ``None`` means that it does not say.

    Attributes:
        at_s: the moment, on the sampler's clock.
        memory_bytes: in use.
        utilisation: share of the last sampling period in which a kernel ran, 0 to 1.
        power_w: power at this moment, or the mean of the last second where the card gives no other.
        power_average_w: mean of the last second.
        energy_mj: the energy counter, in millijoules.
        sm_clock_mhz: clock of the multiprocessors.
        reasons: bits of :data:`REASONS`.
        memory_clock_mhz: clock of the memory; asked about once a second, as is all below.
        temperature_c: temperature of the chip.
        counters_ns: for each reason that the card counts, nanoseconds in which it held since the driver was loaded.
        pcie_generation: in use.
        pcie_width: lanes in use.
        others: processes of others.
        others_bytes: what they hold.
        hidden: processes that cannot be told apart from here.
    """

    at_s: float
    memory_bytes: float | None = None
    utilisation: float | None = None
    power_w: float | None = None
    power_average_w: float | None = None
    energy_mj: float | None = None
    sm_clock_mhz: float | None = None
    reasons: int | None = None
    memory_clock_mhz: float | None = None
    temperature_c: float | None = None
    counters_ns: tuple[tuple[str, float], ...] = ()
    pcie_generation: int | None = None
    pcie_width: int | None = None
    others: int | None = None
    others_bytes: float | None = None
    hidden: int | None = None


class Event(Part):
    """A reason for which a clock was not the highest.

    Attributes:
        reason: one of :data:`REASONS`.
        seconds: how long it held: from the card's counter where it has one, else the share of samples × the window.
        sampled_share: share of the samples that saw it; 0 where only the counter did.
        counted: whether ``seconds`` is the counter's, which misses nothing between two samples.
    """

    reason: str
    seconds: float
    sampled_share: float
    counted: bool


class GpuTelemetry(Part):
    """One GPU during a run. ``None`` means that it does not say.

    Attributes:
        index: NVML's number for the card.
        samples: how many there are.
        power_mean_w: mean power over the window.
        power_max_w: highest sample of power.
        power_average_max_w: highest sample of the card's own mean over a second.
        energy_j: energy over the window: the counter's, else integrated power.
        energy_integrated_j: power integrated over the window by trapezia.
        energy_counted: whether ``energy_j`` is the counter's.
        energy_remarks: why ``energy_j`` is not to be trusted; empty if it is.
        memory_peak_gib: highest sample of memory in use.
        utilisation_mean: mean share of time in which a kernel ran, 0 to 1.
        sm_clock_busy_mhz: mean clock over the samples in which the card was at least half busy.
        sm_clock_min_mhz: lowest clock.
        sm_clock_max_mhz: highest clock.
        memory_clock_min_mhz: lowest clock of the memory.
        temperature_max_c: highest temperature.
        events: reasons for which the clock was not the highest, longest first.
        pcie_generation_max: highest PCIe generation seen: an idle card lowers it.
        pcie_width_min: fewest lanes seen.
        others: most processes of others at once.
        others_gib: most memory that they held.
        hidden: most processes at once that could not be told apart.
        lost_after_s: when the card was lost, seconds after the window's begin.
    """

    index: int = 0
    samples: int
    power_mean_w: float | None = None
    power_max_w: float | None = None
    power_average_max_w: float | None = None
    energy_j: float | None = None
    energy_integrated_j: float | None = None
    energy_counted: bool = False
    energy_remarks: tuple[str, ...] = ()
    memory_peak_gib: float | None = None
    utilisation_mean: float | None = None
    sm_clock_busy_mhz: float | None = None
    sm_clock_min_mhz: float | None = None
    sm_clock_max_mhz: float | None = None
    memory_clock_min_mhz: float | None = None
    temperature_max_c: float | None = None
    events: tuple[Event, ...] = ()
    pcie_generation_max: int | None = None
    pcie_width_min: int | None = None
    others: int | None = None
    others_gib: float | None = None
    hidden: int | None = None
    lost_after_s: float | None = None


class Telemetry(Part):
    """What the machine did during a run.

    Attributes:
        seconds: length of the window, from the first sample to the last.
        gpus: the GPUs, in NVML's order.
        cpu_others_cores: processor cores that others kept busy on average; ``None`` where nobody looked.
        sampler_cores: processor cores that the sampler itself took on average.
        notes: what could not be read, and why.
    """

    seconds: float
    gpus: tuple[GpuTelemetry, ...] = ()
    cpu_others_cores: float | None = None
    sampler_cores: float | None = None
    notes: tuple[str, ...] = ()


def summarise(samples: Sequence[GpuSample], *, index: int = 0, lost_at_s: float | None = None) -> GpuTelemetry:
    """Return what one GPU did from the first sample to the last.

    Args:
        samples: in order of time.
        index: NVML's number for the card.
        lost_at_s: when the card was lost, on the clock of the samples.
    """
    if not samples:
        return GpuTelemetry(index=index, samples=0, lost_after_s=None if lost_at_s is None else 0.0)
    busy = [sample.sm_clock_mhz for sample in samples if (sample.utilisation or 0) >= 0.5]
    seconds, integrated_j = _integrated(samples)
    counted_j, remarks = _counted(samples, integrated_j)
    energy_j = integrated_j if counted_j is None else counted_j
    return GpuTelemetry(
        index=index,
        samples=len(samples),
        power_mean_w=integrated_j / seconds if integrated_j is not None and seconds else _mean(_all(samples, _power)),
        power_max_w=max(_all(samples, _power), default=None),
        power_average_max_w=max(_all(samples, lambda sample: sample.power_average_w), default=None),
        energy_j=energy_j,
        energy_integrated_j=integrated_j,
        energy_counted=counted_j is not None,
        energy_remarks=remarks if energy_j is not None else (),
        memory_peak_gib=_gib(max(_all(samples, lambda sample: sample.memory_bytes), default=None)),
        utilisation_mean=_mean(_all(samples, lambda sample: sample.utilisation)),
        sm_clock_busy_mhz=_mean([clock for clock in busy if clock is not None]),
        sm_clock_min_mhz=min(_all(samples, lambda sample: sample.sm_clock_mhz), default=None),
        sm_clock_max_mhz=max(_all(samples, lambda sample: sample.sm_clock_mhz), default=None),
        memory_clock_min_mhz=min(_all(samples, lambda sample: sample.memory_clock_mhz), default=None),
        temperature_max_c=max(_all(samples, lambda sample: sample.temperature_c), default=None),
        events=_events(samples),
        pcie_generation_max=_whole(max(_all(samples, lambda sample: sample.pcie_generation), default=None)),
        pcie_width_min=_whole(min(_all(samples, lambda sample: sample.pcie_width), default=None)),
        others=_whole(max(_all(samples, lambda sample: sample.others), default=None)),
        others_gib=_gib(max(_all(samples, lambda sample: sample.others_bytes), default=None)),
        hidden=_whole(max(_all(samples, lambda sample: sample.hidden), default=None)),
        lost_after_s=None if lost_at_s is None else max(0.0, lost_at_s - samples[0].at_s),
    )


def window(samples: Sequence[GpuSample], start_s: float, end_s: float) -> list[GpuSample]:
    """Return the samples of a window, with the counters read last before it and first after it at its edges.

    What the counters saw up to a second outside the window is counted in: rather too much than missed.

    Args:
        samples: in order of time.
        start_s: the window's begin, on the clock of the samples.
        end_s: its end.
    """
    chosen = [sample for sample in samples if start_s <= sample.at_s <= end_s]
    before = [sample.counters_ns for sample in samples if sample.at_s < start_s and sample.counters_ns]
    after = (sample.counters_ns for sample in samples if sample.at_s > end_s and sample.counters_ns)
    if chosen and before and not chosen[0].counters_ns:
        chosen[0] = chosen[0]._replace(counters_ns=before[-1])
    if chosen and not chosen[-1].counters_ns:
        chosen[-1] = chosen[-1]._replace(counters_ns=next(after, ()))
    return chosen


def _integrated(samples: Iterable[GpuSample]) -> tuple[float, float | None]:
    """Return the seconds between the first and last sample with power, and the joules between them: trapezia."""
    known = [(sample.at_s, sample.power_w) for sample in samples if sample.power_w is not None]
    if len(known) < 2:
        return 0.0, None
    joules = sum((b_s - a_s) * (a_w + b_w) / 2 for (a_s, a_w), (b_s, b_w) in pairwise(known))
    return known[-1][0] - known[0][0], joules


def _counted(samples: Sequence[GpuSample], integrated_j: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return the joules that the counter gives, and why the energy is not to be trusted."""
    remarks: list[str] = []
    window_s = samples[-1].at_s - samples[0].at_s
    if window_s < SHORTEST_ENERGY_WINDOW_S:
        remarks.append(f"the window of {window_s:.1f} s is shorter than {SHORTEST_ENERGY_WINDOW_S:g} s")
    known = [sample.energy_mj for sample in samples if sample.energy_mj is not None]
    if len(known) < 2:
        remarks.append("there is no energy counter: power was integrated")
        return None, tuple(remarks)
    if any(later < earlier for earlier, later in pairwise(known)):
        remarks.append("the energy counter was reset during the run: power was integrated")
        return None, tuple(remarks)
    counted_j = (known[-1] - known[0]) / 1000
    if integrated_j and abs(counted_j / integrated_j - 1) > ENERGY_TOLERANCE:
        remarks.append(
            f"the counter ({counted_j:.1f} J) and integrated power ({integrated_j:.1f} J) differ by "
            f"{abs(counted_j / integrated_j - 1):.0%}"
        )
    return counted_j, tuple(remarks)


def _events(samples: Sequence[GpuSample]) -> tuple[Event, ...]:
    """Return the reasons seen in the bits or counted by the card, longest first."""
    window_s = samples[-1].at_s - samples[0].at_s
    seen = [sample.reasons for sample in samples if sample.reasons is not None]
    shares = {name: sum(1 for bits in seen if bits & bit) / len(seen) for bit, name in REASONS.items()} if seen else {}
    counted = _counter_seconds(samples)
    events = [
        Event(
            reason=reason,
            seconds=counted.get(reason, shares.get(reason, 0.0) * window_s),
            sampled_share=shares.get(reason, 0.0),
            counted=reason in counted,
        )
        for reason in dict.fromkeys([*shares, *counted])
    ]
    happened = [event for event in events if event.seconds > 0 or event.sampled_share > 0]
    return tuple(sorted(happened, key=lambda event: -event.seconds))


def _counter_seconds(samples: Sequence[GpuSample]) -> dict[str, float]:
    """Return by how many seconds each counter rose; one that fell or outran the clock says nothing."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for sample in samples:
        for reason, value in sample.counters_ns:
            first.setdefault(reason, value)
            last[reason] = value
    window_s = samples[-1].at_s - samples[0].at_s
    most_s = 1.1 * window_s + _COUNTER_EDGES_S
    seconds = {reason: (last[reason] - first[reason]) / 1e9 for reason in first}
    return {reason: min(risen, window_s) for reason, risen in seconds.items() if 0 <= risen <= most_s}


def _all(samples: Iterable[GpuSample], field: Callable[[GpuSample], float | None]) -> list[float]:
    return [value for sample in samples if (value := field(sample)) is not None]


def _power(sample: GpuSample) -> float | None:
    return sample.power_w


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _gib(size_bytes: float | None) -> float | None:
    return None if size_bytes is None else size_bytes / 2**30
