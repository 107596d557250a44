"""Watches the GPUs for the length of a run, from a thread of its own.

A card that falls silent or is lost ends its own samples, never the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import psutil

from kit.hardware.gpu import memory_info
from kit.hardware.nvml import Nvml, Refused, open_nvml
from kit.hardware.processes import holders, occupants, this_run
from kit.hardware.telemetry import GpuSample, Telemetry, summarise, window

_POWER_INSTANT = 186  # NVML_FI_DEV_POWER_INSTANT, mW
_POWER_AVERAGE = 185  # NVML_FI_DEV_POWER_AVERAGE, mW: the mean of the last second
_ENERGY = 83  # NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, mJ
_COUNTERS: dict[int, str] = {
    74: "power cap",  # NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP, which is NVML_FI_DEV_PERF_POLICY_POWER
    76: "sync boost",  # NVML_FI_DEV_CLOCKS_EVENT_REASON_SYNC_BOOST, which is NVML_FI_DEV_PERF_POLICY_SYNC_BOOST
    77: "board limit",  # NVML_FI_DEV_PERF_POLICY_BOARD_LIMIT
    79: "reliability",  # NVML_FI_DEV_PERF_POLICY_RELIABILITY
    269: "software thermal slowdown",  # NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN
    270: "hardware thermal slowdown",  # NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN
    271: "power brake",  # NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN
}
"""Fields that add up the nanoseconds in which a reason held: what happens between two samples is in them."""

_POLICIES = {"power cap": 0, "software thermal slowdown": 1}
"""``nvmlPerfPolicyType_t`` of the older ``nvmlDeviceGetViolationStatus``, for drivers without those fields."""

_SM_CLOCK, _MEMORY_CLOCK, _CHIP = 1, 2, 0  # nvmlClockType_t, nvmlTemperatureSensors_t
_REASONS = "DeviceGetCurrentClocksEventReasons DeviceGetCurrentClocksThrottleReasons"
_TEMPERATURE = "DeviceGetTemperatureV DeviceGetTemperature"
_SLOW_S = 1.0
"""What changes slowly or adds up by itself, such as the counters, is asked about this often, and at the end."""


class Probe:
    """One card, asked again and again; what it never answers is asked once.

    Args:
        nvml: open NVML.
        index: of the card.
        own: the processes at the root of this run.
    """

    def __init__(self, nvml: Nvml, index: int, *, own: Collection[int] = ()) -> None:
        self.index = index
        self.samples: list[GpuSample] = []
        self.lost_at_s: float | None = None
        self._nvml = nvml
        self._own = own or this_run()
        self._subject = f"GPU {index}"
        self._silent: dict[str, str] = {}
        self._slow_at_s = float("-inf")
        try:
            self._handle = nvml.ask("DeviceGetHandleByIndex", index)
        except Refused as refused:
            self._handle = None
            self._silent["the card"] = refused.reason
            self.lost_at_s = float("-inf") if refused.lost else None
        self._fast = tuple(number for number in (_POWER_INSTANT, _POWER_AVERAGE, _ENERGY) if self._has(number))
        self._slow = tuple(number for number in _COUNTERS if self._has(number))

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read, one note for each reason."""
        reasons: dict[str, list[str]] = {}
        for what, reason in self._silent.items():
            reasons.setdefault(reason, []).append(what)
        return tuple(f"{self._subject}: {reason}: {', '.join(whats)}" for reason, whats in reasons.items())

    def sample(self, at_s: float, *, last: bool = False) -> None:
        """Add a sample.

        Args:
            at_s: the moment, on any clock that does not go back.
            last: whether to ask also about what is asked about once a second only.
        """
        if self._handle is None or self.lost_at_s is not None:
            return
        nvml, handle = self._nvml, self._handle
        try:
            values = self._read_fields(self._fast)
            power_w = values.get(_POWER_INSTANT)
            if power_w is None:
                power_w = self._ask("power", lambda: nvml.ask("DeviceGetPowerUsage", handle))
            energy_mj = values.get(_ENERGY)
            if energy_mj is None:
                energy_mj = self._ask("energy", lambda: nvml.ask("DeviceGetTotalEnergyConsumption", handle))
            used = self._ask("utilisation", lambda: nvml.ask("DeviceGetUtilizationRates", handle))
            sample = GpuSample(
                at_s=at_s,
                memory_bytes=self._memory(),
                utilisation=None if used is None else used.gpu / 100,
                power_w=_watts(power_w),
                power_average_w=_watts(values.get(_POWER_AVERAGE)),
                energy_mj=energy_mj,
                sm_clock_mhz=self._ask("clock", lambda: nvml.ask("DeviceGetClockInfo", handle, _SM_CLOCK)),
                reasons=self._ask("clock event reasons", lambda: nvml.ask(_REASONS, handle)),
            )
            if last or at_s - self._slow_at_s >= _SLOW_S:
                self._slow_at_s = at_s
                sample = self._with_slow(sample)
        except _LostError:
            self.lost_at_s = at_s
            return
        self.samples.append(sample)

    def _with_slow(self, sample: GpuSample) -> GpuSample:
        nvml, handle = self._nvml, self._handle
        sample = sample._replace(
            memory_clock_mhz=self._ask("memory clock", lambda: nvml.ask("DeviceGetClockInfo", handle, _MEMORY_CLOCK)),
            temperature_c=self._ask("temperature", lambda: nvml.ask(_TEMPERATURE, handle, _CHIP)),
            counters_ns=self._counters(self._read_fields(self._slow)),
            pcie_generation=self._ask("PCIe generation", lambda: nvml.ask("DeviceGetCurrPcieLinkGeneration", handle)),
            pcie_width=self._ask("PCIe width", lambda: nvml.ask("DeviceGetCurrPcieLinkWidth", handle)),
        )
        held = self._ask("processes", lambda: holders(nvml, handle))
        if held is None:
            return sample
        people = occupants(held, own=self._own)
        return sample._replace(others=people.others, others_bytes=people.others_bytes, hidden=people.hidden)

    def _memory(self) -> float | None:
        """Return the bytes in use; the sum of the processes where the card has no memory of its own."""
        memory = self._ask("memory", lambda: memory_info(self._nvml, self._handle))
        if memory is not None:
            return float(memory.used)
        held = self._ask("processes", lambda: holders(self._nvml, self._handle))
        return None if held is None else occupants(held, own=self._own).memory_bytes

    def _read_fields(self, numbers: tuple[int, ...]) -> dict[int, float]:
        answers = self._ask("fields", lambda: self._nvml.fields(self._handle, numbers))
        values: dict[int, float] = {}
        for number, answer in zip(numbers, answers, strict=True) if answers else ():
            if not isinstance(answer, Refused):
                values[number] = answer
            elif answer.lost:
                raise _LostError
        return values

    def _counters(self, values: dict[int, float]) -> tuple[tuple[str, float], ...]:
        counters = {reason: values[number] for number, reason in _COUNTERS.items() if number in values}
        for reason, policy in _POLICIES.items():
            if reason in counters:
                continue
            question = partial(self._nvml.ask, "DeviceGetViolationStatus", self._handle, policy)
            spent = self._ask(f"counter of {reason}", question)
            if spent is not None:
                counters[reason] = float(spent.violationTime)
        return tuple(counters.items())

    def _has(self, number: int) -> bool:
        """Say whether the card gives a field; a driver may refuse the whole call for one it does not know."""
        if self._handle is None:
            return False
        try:
            (answer,) = self._nvml.fields(self._handle, (number,))
        except Refused:
            return False
        return not isinstance(answer, Refused)

    def _ask(self, what: str, question: Callable[[], Any]) -> Any:
        """Return the answer, or ``None`` with the reason kept; ask no more unless it may come later."""
        if what in self._silent:
            return None
        try:
            return question()
        except Refused as refused:
            if refused.lost:
                raise _LostError from None
            if not refused.passing:
                self._silent[what] = refused.reason
            return None


class Sampler:
    """Samples all GPUs for the length of a ``with`` block.

    Args:
        hz: samples per second.
        own_pids: processes of this run besides this one; their descendants count as well. An engine that this process
            started is a descendant; one that ran before must be named, or it is taken for somebody else's.
        library: a module with the interface of ``pynvml``; another one in tests.
    """

    def __init__(self, *, hz: float = 10.0, own_pids: Collection[int] = (), library: Any = None) -> None:
        self._every_s = 1 / hz
        self._own = this_run(own_pids)
        self._library = library
        self._open = ExitStack()
        self._probes: list[Probe] = []
        self._notes: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kit-telemetry", daemon=True)
        self._cpu_s = self._cpu_began_s = self._cpu_ended_s = 0.0
        self._began_s = self._ended_s = time.monotonic()

    def __enter__(self) -> Self:
        try:
            nvml = self._open.enter_context(open_nvml(self._library))
            self._probes = [Probe(nvml, index, own=self._own) for index in range(nvml.ask("DeviceGetCount"))]
        except Refused as refused:
            self._notes.append(f"no NVIDIA GPU was watched: {refused.reason}")
        self._cpu_began_s = _cpu_seconds(self._own)
        self._began_s = time.monotonic()
        if self._probes:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._ended_s = time.monotonic()
        self._cpu_ended_s = _cpu_seconds(self._own)
        self._open.close()

    def telemetry(self, *, start_s: float = float("-inf"), end_s: float = float("inf")) -> Telemetry:
        """Return the summary, after the block.

        Args:
            start_s: samples before this moment of ``time.monotonic()`` are left out.
            end_s: samples after it likewise.
        """
        chosen = [window(probe.samples, start_s, end_s) for probe in self._probes]
        moments = [sample.at_s for samples in chosen for sample in samples]
        elapsed_s = self._ended_s - self._began_s
        others_s = self._cpu_ended_s - self._cpu_began_s
        return Telemetry(
            seconds=max(moments) - min(moments) if moments else max(0.0, elapsed_s),
            gpus=tuple(
                summarise(samples, index=probe.index, lost_at_s=probe.lost_at_s)
                for probe, samples in zip(self._probes, chosen, strict=True)
            ),
            cpu_others_cores=max(0.0, others_s / elapsed_s) if elapsed_s > 0 else None,
            sampler_cores=self._cpu_s / elapsed_s if elapsed_s > 0 else None,
            notes=(*self._notes, *(note for probe in self._probes for note in probe.notes)),
        )

    def _run(self) -> None:
        due_s = time.monotonic()
        while True:
            stopping = self._stopping.is_set()
            for probe in self._probes:
                probe.sample(time.monotonic(), last=stopping)
            self._cpu_s = time.thread_time()
            if stopping:
                return
            # From a fixed grid, so that a late sample does not push the later ones; missed ones are left out.
            due_s += self._every_s * max(1, -int((due_s - time.monotonic()) // self._every_s))
            self._stopping.wait(max(0.0, due_s - time.monotonic()))


class _LostError(Exception):
    """A card that answered is lost."""


def _cpu_seconds(own: Collection[int]) -> float:
    """Return the processor seconds that all processes but this run's have used since the machine was started."""
    times = psutil.cpu_times()
    # The kernel counts guests twice, as guests and as users.
    everybody = times.user + times.system + times.nice + getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0)
    family: set[psutil.Process] = set()
    for pid in own:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            family |= {process, *process.children(recursive=True)}
    for process in family:
        with suppress(psutil.Error):  # it ended just now
            everybody -= sum(process.cpu_times()[:4])  # its own, and of children that it has waited for
    return float(everybody)


def _watts(milliwatts: float | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1000
