"""Power, energy and health of the GPUs, point by point."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

from kit.hardware import health
from kit.hardware.inventory import Inventory
from kit.hardware.telemetry import Telemetry
from kit.profiler.point import Measured
from kit.profiler.profile import Finding


class Watcher(Protocol):
    """What samples the GPUs, such as :class:`kit.hardware.sampler.Sampler`."""

    def telemetry(self, *, start_s: float = ..., end_s: float = ...) -> Telemetry:
        """Return what the GPUs did between two moments."""
        ...


class GpuWatch:
    """The GPUs while points are measured; without GPUs it says nothing.

    Args:
        sampler: is running.
        inventory: the machine before the run; ``None`` where the server runs on another one.
        used: how many of its GPUs, from the first, the replica takes; the power of the others is not its own.
    """

    def __init__(self, sampler: Watcher, inventory: Inventory | None, *, used: int = 1) -> None:
        self._sampler = sampler
        self._inventory = inventory
        self._used = used
        self._started_s = time.monotonic()

    def telemetry(self, start_s: float | None = None) -> Telemetry | None:
        """Return what the GPUs did since ``start_s``, or since the first point."""
        if self._inventory is None or not self._inventory.gpus:
            return None
        return self._sampler.telemetry(start_s=self._started_s if start_s is None else start_s, end_s=time.monotonic())

    def qualify(self, label: str, one: Measured, *, start_s: float) -> Measured:
        """Return a point with its power and energy, and with what the GPUs' state says against it.

        Args:
            label: how findings call the point.
            one: the point.
            start_s: when measuring it began, on the clock of :func:`time.monotonic`.
        """
        seen = self.telemetry(start_s)
        if seen is None or self._inventory is None:
            return one
        spoilt = health.findings(self._inventory, seen)
        findings = (*one.findings, *(Finding(what=f"{label}: {f.what}", evidence=f.evidence) for f in spoilt))
        powers = [gpu.power_mean_w for gpu in seen.gpus if gpu.index < self._used]
        known = [power for power in powers if power is not None]
        if one.point is None or not known or len(known) < len(powers):
            return replace(one, findings=findings)
        watts = sum(known)
        figures = {"power_w": watts, "energy_j_per_token": watts / one.point.output_tokens_per_s}
        return replace(one, point=one.point.model_copy(update=figures), findings=findings)
