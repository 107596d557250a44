"""Health: what makes a measurement worthless, with the evidence."""

from __future__ import annotations

import pytest

from kit.hardware.health import Finding, findings
from kit.hardware.inventory import Cpu, Gpu, Inventory
from kit.hardware.telemetry import Event, GpuTelemetry, Telemetry


def machine(*gpus: Gpu, governors: tuple[str, ...] = ()) -> Inventory:
    """A machine of eight cores."""
    return Inventory(
        cpu=Cpu(model="a processor", cores=8, governors=governors), memory_gib=64, gpus=gpus, system="Linux"
    )


def during(seconds: float = 10.0, **figures: object) -> Telemetry:
    """Ten seconds of one card."""
    return Telemetry(seconds=seconds, gpus=(GpuTelemetry(samples=100, **figures),))  # type: ignore[arg-type]


def test_healthy(ask) -> None:
    """Two H100s at their limit, clock and width, by themselves, have no findings."""
    assert ask("probe", "two_h100", *range(7))["findings"] == []


def test_between_two_samples(ask) -> None:
    """What only the counters saw is found, with its seconds and where they come from."""
    found = {finding["what"]: finding["evidence"] for finding in ask("probe", "throttled", *range(7))["findings"]}
    assert found == {
        "GPU 0: throttled: heat": "0.86 s (14.3% of the run), by samples",
        "GPU 0: throttled: the power limit": "0.35 s (5.8% of the run), by the card's counter",
        "GPU 0: throttled: the power supply's brake": "0.02 s (0.3% of the run), by the card's counter",
    }


def test_old_server(ask) -> None:
    """A capped card in half a slot with uncorrected errors has a finding for each, and one for its low clock."""
    found = ask("probe", "r525", *range(7), era="r525")["findings"]
    assert {finding["what"]: finding["evidence"] for finding in found} == {
        "GPU 0: capped below its default": "power limit 300 W, default 400 W",
        "GPU 0: PCIe narrower than the card": "8 of 16 lanes",
        "GPU 0: PCIe slower than the card": "generation 3 under load, the card can do 4",
        "GPU 0: uncorrected memory errors": "2 since the driver was loaded",
        "GPU 0: throttled: the power limit": "6.00 s (100.0% of the run), by the card's counter",
        "GPU 0: not boosting": "1005 of 1410 MHz on average while busy (power cap)",
    }


def test_mig(ask) -> None:
    """A card under MIG is found, with its instances."""
    (finding,) = ask("probe", "mig", 0, 6)["findings"]
    assert finding["what"] == "GPU 0: MIG is on: a run has a share of the card only"
    assert finding["evidence"].endswith("NVIDIA H100 80GB HBM3 MIG 3g.40gb, NVIDIA H100 80GB HBM3 MIG 1g.10gb")


def test_shared(ask) -> None:
    """A process of others on the card is found, with what it holds."""
    (finding,) = ask("probe", "foreign", 0, 6)["findings"]
    assert finding == {
        "what": "GPU 0: shared with another process",
        "evidence": "1 process of others on it, 8.0 GiB",
    }


def test_hidden_before_the_run() -> None:
    """Before the run whoever is on the card is not of it, though a container cannot see whose it is."""
    (finding,) = findings(machine(Gpu(name="NVIDIA L4", others=0, hidden=2)), during(hidden=3))
    assert finding.what == "GPU 0: shared with another process"
    assert "2 on it before the run" in finding.evidence


def test_engine_in_a_container_is_not_somebody_else() -> None:
    """A hidden process that came with the run is taken for the run's."""
    assert findings(machine(Gpu(name="NVIDIA L4", others=0, hidden=0)), during(others=0, hidden=1)) == ()


def test_lost(ask) -> None:
    """A card that is lost during the run is found, with the moment, under its own number."""
    found = ask("probe", "lost", 0, 0.1, 0.2, 0.4, 6)["findings"]
    assert found == [{"what": "GPU 1: lost during the run", "evidence": "0.4 s after its begin"}]


@pytest.mark.parametrize(("utilisation", "count"), [(0.95, 1), (0.2, 0)])
def test_low_clock_counts_under_load_only(utilisation: float, count: int) -> None:
    """An idle card need not boost; a busy one at 1,200 of 1,980 MHz is found."""
    gpu = Gpu(name="NVIDIA H100 80GB HBM3", sm_clock_max_mhz=1980)
    found = findings(machine(gpu), during(utilisation_mean=utilisation, sm_clock_busy_mhz=1200.0))
    assert len(found) == count


def test_idle_is_no_throttling() -> None:
    """Idling and clocks that somebody set are not findings by themselves."""
    events = tuple(
        Event(reason=reason, seconds=5, sampled_share=0.5, counted=False) for reason in ("idle", "application clocks")
    )
    assert findings(machine(Gpu(name="NVIDIA L4")), during(events=events)) == ()


@pytest.mark.parametrize(
    ("fields", "evidence"),
    [({"remap_pending": True}, "a row is replaced at the next reset"), ({"remap_failed": True}, "a row could not")],
)
def test_damaged_memory(fields: dict[str, bool], evidence: str) -> None:
    """Rows that wait for replacement or could not be replaced are found."""
    (finding,) = findings(machine(Gpu(name="NVIDIA L4", **fields)))
    assert finding.what == "GPU 0: damaged memory"
    assert finding.evidence.startswith(evidence)


def test_processor() -> None:
    """A governor that saves power and other people's work on the processor are found; 0.8 of 8 cores is the limit."""
    telemetry = Telemetry(seconds=10, cpu_others_cores=0.9)
    assert findings(machine(governors=("performance", "powersave")), telemetry) == (
        Finding(what="the processor saves power", evidence="frequency governor powersave"),
        Finding(
            what="the processor was busy with something else", evidence="others kept 0.9 of 8 cores busy on average"
        ),
    )
    assert findings(machine(governors=("performance",)), Telemetry(seconds=10, cpu_others_cores=0.8)) == ()
