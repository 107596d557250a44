"""Telemetry: by hand from the scenarios at moments of the stand-in's clock, and in real time where threads matter."""

from __future__ import annotations

import json

import pytest

from kit.hardware.telemetry import Event, GpuSample, Telemetry, summarise, window


def steady(seconds: float, **figures: float) -> list[GpuSample]:
    """A sample each second, all the same but for the energy counter, which rises by 100 J a second."""
    return [
        GpuSample(at_s=float(second), energy_mj=1e5 * second, **figures)  # type: ignore[arg-type]
        for second in range(int(seconds) + 1)
    ]


def test_power_and_energy_by_hand(ask) -> None:
    """Energy is the counter's: 2 s × 400 W + 4 s × 700 W = 3,600 J; integrated, samples a second apart give 3,750."""
    first, second = ask("probe", "two_h100", *range(7))["telemetry"]["gpus"]
    assert (first["energy_j"], first["energy_counted"]) == (3600.0, True)
    assert first["energy_integrated_j"] == 400 + 550 + 4 * 700
    assert first["power_mean_w"] == 3750 / 6
    assert (first["power_max_w"], first["power_average_max_w"]) == (700.0, 690.0)
    assert second["energy_j"] == 6 * 690
    assert first["energy_remarks"] == second["energy_remarks"] == []


def test_peaks(ask) -> None:
    """Of memory and temperature the highest sample counts, of a clock the mean while busy."""
    first = ask("probe", "two_h100", *range(7))["telemetry"]["gpus"][0]
    assert first["memory_peak_gib"] == 64.0
    assert first["temperature_max_c"] == 64
    assert (first["sm_clock_busy_mhz"], first["utilisation_mean"]) == (1980.0, 1.0)
    assert (first["pcie_generation_max"], first["pcie_width_min"]) == (5, 16)


def test_cap_between_two_samples(ask) -> None:
    """A cap of 350 ms and a brake of 20 ms between two samples show in the counters though no sample saw them."""
    (gpu,) = ask("probe", "throttled", *range(7))["telemetry"]["gpus"]
    events = {event["reason"]: event for event in gpu["events"]}
    assert events["power cap"] == {"reason": "power cap", "seconds": 0.35, "sampled_share": 0.0, "counted": True}
    assert events["power brake"]["seconds"] == 0.02
    assert "hardware thermal slowdown" not in events


def test_reason_without_a_counter(ask) -> None:
    """A reason that the card does not count takes its share of the samples: one of seven, of 6 s."""
    telemetry = ask("probe", "throttled", *range(7))["telemetry"]
    event = next(event for event in telemetry["gpus"][0]["events"] if event["reason"] == "software thermal slowdown")
    assert event["seconds"] == pytest.approx(6 / 7)
    assert event["counted"] is False
    assert any("counter of software thermal slowdown" in note for note in telemetry["notes"])


def test_counter_and_power_that_differ(ask) -> None:
    """A counter of 330 W × 6 s against 300 W × 6 s of samples differs by 10 %, more than 5 %, and is marked."""
    (gpu,) = ask("probe", "throttled", *range(7))["telemetry"]["gpus"]
    assert gpu["energy_j"] == 1980.0
    assert gpu["energy_remarks"] == ["the counter (1980.0 J) and integrated power (1800.0 J) differ by 10%"]


def test_driver_of_2022(ask) -> None:
    """Under R525 power, counters and reasons come by the older functions, and no mean power is made up."""
    (gpu,) = ask("probe", "r525", *range(7), era="r525")["telemetry"]["gpus"]
    assert (gpu["power_mean_w"], gpu["power_average_max_w"], gpu["energy_j"]) == (290.0, None, 1740.0)
    assert gpu["events"] == [{"reason": "power cap", "seconds": 6.0, "sampled_share": 1.0, "counted": True}]


def test_unified_memory(ask) -> None:
    """GB10's memory in use is the sum of its processes, 4 GiB; without an energy counter power is integrated."""
    (gpu,) = ask("probe", "gb10", *range(7))["telemetry"]["gpus"]
    assert gpu["memory_peak_gib"] == 4.0
    assert (gpu["energy_j"], gpu["energy_counted"]) == (240.0, False)
    assert gpu["energy_remarks"] == ["there is no energy counter: power was integrated"]


def test_lost_in_the_middle(ask) -> None:
    """A card that is lost after 0.3 s ends its own samples; the other's go on, and so does the run."""
    first, second = ask("sampler", "lost", 0.8, 20)["gpus"]
    assert first["lost_after_s"] is None
    assert 8 <= first["samples"] <= 18
    assert second["lost_after_s"] == pytest.approx(0.3, abs=0.2)
    assert 2 <= second["samples"] < first["samples"]


def test_sampler_in_real_time(ask) -> None:
    """At 10 Hz a run of a second has eleven samples of each card, one at either end."""
    telemetry = ask("sampler", "two_h100", 1.0, 10)
    assert [gpu["samples"] for gpu in telemetry["gpus"]] == [pytest.approx(11, abs=3)] * 2
    assert telemetry["seconds"] == pytest.approx(1.0, abs=0.3)
    assert telemetry["gpus"][1]["power_mean_w"] == pytest.approx(690)
    assert telemetry["gpus"][1]["energy_remarks"][0].endswith("shorter than 5 s")


def test_no_gpu() -> None:
    """Without a GPU there is a summary without GPUs, and a note."""
    pynvml = pytest.importorskip("pynvml")
    from kit.hardware.sampler import Sampler

    try:
        pynvml.nvmlInit()
        pytest.skip("there is an NVIDIA driver here")
    except pynvml.NVMLError:
        pass
    with Sampler() as sampler:
        pass
    telemetry = sampler.telemetry()
    assert telemetry.gpus == ()
    assert telemetry.notes[0].startswith("no NVIDIA GPU was watched: ")


def test_short_window() -> None:
    """Energy over less than 5 s is marked; over 5 s it is not."""
    assert summarise(steady(4, power_w=100.0)).energy_remarks == ("the window of 4.0 s is shorter than 5 s",)
    assert summarise(steady(5, power_w=100.0)).energy_remarks == ()


def test_counter_that_was_reset() -> None:
    """An energy counter that falls is not used: power is integrated instead, and that is said."""
    samples = steady(6, power_w=100.0)
    samples[3:] = [sample._replace(energy_mj=sample.energy_mj - 3e5) for sample in samples[3:]]
    summary = summarise(samples)
    assert (summary.energy_j, summary.energy_counted) == (600.0, False)
    assert summary.energy_remarks == ("the energy counter was reset during the run: power was integrated",)


def test_window_of_a_run() -> None:
    """A window that begins and ends between two readings of the counters has what they saw around it, 0.35 s."""
    samples = [
        GpuSample(at_s=tick / 2, counters_ns=(("power cap", 0.35e9 if tick >= 4 else 0.0),) if tick % 4 == 0 else ())
        for tick in range(13)
    ]
    chosen = window(samples, 1.4, 1.7)
    assert [sample.at_s for sample in chosen] == [1.5]
    within = window(samples, 0.4, 1.6)
    assert summarise(within).events == (Event(reason="power cap", seconds=0.35, sampled_share=0, counted=True),)


def test_counter_that_outruns_the_clock() -> None:
    """A counter that rose by 60 s in a window of 6 s is not believed: the samples count."""
    samples = [
        GpuSample(at_s=float(second), reasons=4, counters_ns=(("power cap", 1e10 * second),)) for second in range(7)
    ]
    assert summarise(samples).events == (Event(reason="power cap", seconds=6, sampled_share=1, counted=False),)


def test_samples_without_a_figure() -> None:
    """A card that says nothing has None everywhere, never 0."""
    summary = summarise([GpuSample(at_s=0.0), GpuSample(at_s=9.0)])
    assert (summary.energy_j, summary.power_mean_w, summary.memory_peak_gib) == (None, None, None)
    assert (summary.energy_remarks, summary.events) == ((), ())


def test_bits_have_names() -> None:
    """Several bits of one mask are several events: 0x40 + 0x80 in one of four samples, 9 s."""
    samples = [GpuSample(at_s=3.0 * number, reasons=0xC0 if number == 1 else 0) for number in range(4)]
    assert summarise(samples).events == (
        Event(reason="hardware thermal slowdown", seconds=2.25, sampled_share=0.25, counted=False),
        Event(reason="power brake", seconds=2.25, sampled_share=0.25, counted=False),
    )


def test_json() -> None:
    """The summary survives JSON."""
    telemetry = Telemetry(seconds=6.0, gpus=(summarise(steady(6, power_w=100.0)),))
    assert Telemetry.model_validate(json.loads(telemetry.model_dump_json())) == telemetry
