"""Power, energy and health of the GPUs, point by point."""

from __future__ import annotations

import pytest

from kit.hardware.inventory import Cpu, Gpu, Inventory
from kit.hardware.telemetry import Event, GpuTelemetry, Telemetry
from kit.profiler.gpu_watch import GpuWatch
from kit.profiler.point import Measured
from kit.profiler.profile import Point

POINT = Point(prompt_tokens=512, output_tokens=128, concurrency=8, output_tokens_per_s=100.0)


class Seen:
    """Stands for a sampler that saw this."""

    def __init__(self, *gpus: GpuTelemetry) -> None:
        self.seen = Telemetry(seconds=20.0, gpus=gpus)

    def telemetry(self, *, start_s: float | None = None, end_s: float | None = None) -> Telemetry:
        return self.seen


def machine(gpus: int) -> Inventory:
    cards = tuple(Gpu(index=number, name="NVIDIA H100 80GB HBM3") for number in range(gpus))
    return Inventory(cpu=Cpu(model="x", cores=8), memory_gib=64, gpus=cards, system="Linux")


def measured() -> Measured:
    return Measured(point=POINT, findings=())


def test_two_cards_of_300_w_at_100_tokens_a_second_take_6_joules_a_token() -> None:
    """Power is the sum over the cards, energy per token is power ÷ throughput."""
    cards = [GpuTelemetry(index=number, samples=200, power_mean_w=300.0) for number in (0, 1)]
    one = GpuWatch(Seen(*cards), machine(2), used=2).qualify("p", measured(), start_s=0.0)
    assert one.point is not None
    assert one.point.power_w == pytest.approx(600.0)
    assert one.point.energy_j_per_token == pytest.approx(6.0)


def test_power_that_one_card_does_not_tell_is_not_made_up() -> None:
    """If one of two cards is silent, the point has no power rather than half of it."""
    cards = [GpuTelemetry(index=0, samples=200, power_mean_w=300.0), GpuTelemetry(index=1, samples=200)]
    one = GpuWatch(Seen(*cards), machine(2), used=2).qualify("p", measured(), start_s=0.0)
    assert one.point == POINT


def test_a_throttled_card_marks_the_point() -> None:
    """A card that was held back by heat for 3 of 20 s is a finding that names the point."""
    hot = Event(reason="hardware thermal slowdown", seconds=3.0, sampled_share=0.15, counted=True)
    card = GpuTelemetry(index=0, samples=200, power_mean_w=300.0, events=(hot,))
    one = GpuWatch(Seen(card), machine(1)).qualify("512x128 with 8 in flight", measured(), start_s=0.0)
    named = "512x128 with 8 in flight: GPU 0: throttled"
    assert [f for f in one.findings if f.what.startswith(named) and "3.00 s" in f.evidence]


def test_without_gpus_nothing_is_said() -> None:
    """On a machine without GPUs a point stays as it is, and there is no telemetry."""
    watch = GpuWatch(Seen(), machine(0))
    assert watch.qualify("p", measured(), start_s=0.0) == measured()
    assert watch.telemetry() is None


def test_the_power_of_a_card_that_the_replica_does_not_use_is_not_counted() -> None:
    """On a machine with two cards a replica on one of them takes the power of that one."""
    cards = [GpuTelemetry(index=number, samples=200, power_mean_w=300.0) for number in (0, 1)]
    one = GpuWatch(Seen(*cards), machine(2), used=1).qualify("p", measured(), start_s=0.0)
    assert one.point is not None
    assert one.point.power_w == pytest.approx(300.0)
