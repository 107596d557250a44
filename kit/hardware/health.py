"""What makes a measurement worthless, or qualifies it, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from kit.hardware.inventory import Cpu, Gpu, Inventory
from kit.hardware.telemetry import Event, GpuTelemetry, Telemetry
from kit.record import Part

_BUSY = 0.5
"""A card that works for less of the window than this need not run at its highest clock."""

_BOOSTING = 0.8
"""Share of the highest clock that a busy card reaches; below it, something holds it back."""

_BUSY_CORES = 0.15
"""Cores that others may keep busy."""

_SPOILING = {
    "power cap": "throttled: the power limit",
    "hardware slowdown": "throttled: hardware slowdown",
    "sync boost": "throttled: a slower GPU of its group",
    "software thermal slowdown": "throttled: heat",
    "hardware thermal slowdown": "throttled: heat, clocks at half or less",
    "power brake": "throttled: the power supply's brake",
    "board limit": "throttled: the board's limit",
    "reliability": "throttled: voltage",
}
"""Reasons of the telemetry that spoil a measurement; idling and clocks that somebody set do not by themselves."""


class Finding(Part):
    """Something that spoils or qualifies a measurement, with its evidence."""

    what: str
    evidence: str


def findings(inventory: Inventory, telemetry: Telemetry | None = None) -> tuple[Finding, ...]:
    """Return what spoils or qualifies a measurement on this machine.

    Args:
        inventory: the machine before the run.
        telemetry: what it did during the run; ``None`` if there was none yet.
    """
    found = [*_of_processor(inventory.cpu, telemetry)]
    watched = {during.index: during for during in telemetry.gpus} if telemetry else {}
    seconds = telemetry.seconds if telemetry else 0.0
    for gpu in inventory.gpus:
        during = watched.get(gpu.index)
        of_gpu = (*_of_card(gpu, during), *(_of_run(gpu, during, seconds) if during else ()))
        found.extend(Finding(what=f"GPU {gpu.index}: {one.what}", evidence=one.evidence) for one in of_gpu)
    return tuple(found)


def _of_processor(cpu: Cpu, telemetry: Telemetry | None) -> Iterator[Finding]:
    slow = [governor for governor in cpu.governors if governor != "performance"]
    if slow:
        yield Finding(what="the processor saves power", evidence=f"frequency governor {', '.join(slow)}")
    others = telemetry.cpu_others_cores if telemetry else None
    if others is not None and others > max(_BUSY_CORES, 0.1 * cpu.cores):
        evidence = f"others kept {others:.1f} of {cpu.cores} cores busy on average"
        yield Finding(what="the processor was busy with something else", evidence=evidence)


def _of_card(gpu: Gpu, during: GpuTelemetry | None) -> Iterator[Finding]:
    """Yield what holds for the card whatever it does."""
    limit_w, default_w = gpu.power_limit_w, gpu.power_default_w
    if limit_w is not None and default_w is not None and limit_w < default_w:
        evidence = f"power limit {limit_w:g} W, default {default_w:g} W"
        yield Finding(what="capped below its default", evidence=evidence)
    yield from _of_bus(gpu, during)
    if gpu.ecc_uncorrected:
        yield Finding(what="uncorrected memory errors", evidence=f"{gpu.ecc_uncorrected} since the driver was loaded")
    if gpu.remap_pending or gpu.remap_failed:
        evidence = "a row could not be replaced" if gpu.remap_failed else "a row is replaced at the next reset"
        yield Finding(what="damaged memory", evidence=evidence)
    if gpu.mig:
        evidence = f"instances: {', '.join(gpu.mig_instances) or 'none'}"
        yield Finding(what="MIG is on: a run has a share of the card only", evidence=evidence)
    yield from _of_sharing(gpu, during)


def _of_bus(gpu: Gpu, during: GpuTelemetry | None) -> Iterator[Finding]:
    """Yield a bus that is narrower than the card; an idle card lowers its generation, so only a run can tell that."""
    width = during.pcie_width_min if during and during.pcie_width_min else gpu.pcie_width
    if width and gpu.pcie_width_max and width < gpu.pcie_width_max:
        evidence = f"{width} of {gpu.pcie_width_max} lanes"
        yield Finding(what="PCIe narrower than the card", evidence=evidence)
    generation = during.pcie_generation_max if during and _worked(during) else None
    if generation and gpu.pcie_generation_max and generation < gpu.pcie_generation_max:
        evidence = f"generation {generation} under load, the card can do {gpu.pcie_generation_max}"
        yield Finding(what="PCIe slower than the card", evidence=evidence)


def _of_sharing(gpu: Gpu, during: GpuTelemetry | None) -> Iterator[Finding]:
    """Yield other processes. Before the run, whoever is on the card is not of it, seen or hidden."""
    others = max(gpu.others or 0, (during.others if during else None) or 0)
    held_gib = max(gpu.others_gib or 0.0, (during.others_gib if during else None) or 0.0)
    if others:
        memory = f", {held_gib:.1f} GiB" if held_gib else ", memory not known"
        processes = "1 process" if others == 1 else f"{others} processes"
        yield Finding(what="shared with another process", evidence=f"{processes} of others on it{memory}")
    elif gpu.hidden:
        evidence = f"{gpu.hidden} on it before the run, which cannot be told apart from here"
        yield Finding(what="shared with another process", evidence=evidence)


def _of_run(gpu: Gpu, during: GpuTelemetry, seconds: float) -> Iterator[Finding]:
    """Yield what happened during the run."""
    if during.lost_after_s is not None:
        yield Finding(what="lost during the run", evidence=f"{during.lost_after_s:.1f} s after its begin")
    for event in during.events:
        if event.reason in _SPOILING:
            yield Finding(what=_SPOILING[event.reason], evidence=_evidence(event, seconds))
    clock, highest = during.sm_clock_busy_mhz, gpu.sm_clock_max_mhz
    if _worked(during) and clock and highest and clock < _BOOSTING * highest:
        reasons = ", ".join(event.reason for event in during.events if event.reason != "idle") or "no reason given"
        evidence = f"{clock:.0f} of {highest} MHz on average while busy ({reasons})"
        yield Finding(what="not boosting", evidence=evidence)


def _worked(during: GpuTelemetry) -> bool:
    return during.utilisation_mean is not None and during.utilisation_mean >= _BUSY


def _evidence(event: Event, seconds: float) -> str:
    share = f" ({event.seconds / seconds:.1%} of the run)" if seconds else ""
    source = "the card's counter" if event.counted else "samples"
    return f"{event.seconds:.2f} s{share}, by {source}"
