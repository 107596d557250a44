"""Runs beside the tests, under the stand-in: asks the kit, nvitop or zeus, and prints the answer as JSON.

In a scenario OWN is this process, OTHER its parent, which is not of the run, and HIDDEN a number that no process has.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pynvml

HIDDEN = 4194400  # above the kernel's largest number for a process


def clock(seconds: float) -> None:
    """Stop the stand-in's clock at this moment; a negative one lets it run from now."""
    stand_in = ctypes.CDLL("libnvidia-ml.so.1")
    stand_in.standin_clock.argtypes = [ctypes.c_double]
    stand_in.standin_clock(seconds)


def inventory() -> str:
    """What is in the machine."""
    from kit.hardware.inventory import read_inventory

    clock(0.0)
    return read_inventory().model_dump_json()


def probe(*moments: str) -> str:
    """Samples at these moments of the stand-in's clock, and what is wrong."""
    from kit.hardware.gpu import read_gpus
    from kit.hardware.health import findings
    from kit.hardware.inventory import Cpu, Inventory
    from kit.hardware.nvml import open_nvml
    from kit.hardware.sampler import Probe
    from kit.hardware.telemetry import Telemetry, summarise

    clock(0.0)
    gpus = read_gpus().gpus
    with open_nvml() as nvml:
        probes = [Probe(nvml, gpu.index) for gpu in gpus]
        for moment in map(float, moments):
            clock(moment)
            for each in probes:
                each.sample(moment)
    telemetry = Telemetry(
        seconds=float(moments[-1]) - float(moments[0]),
        gpus=tuple(summarise(each.samples, index=each.index, lost_at_s=each.lost_at_s) for each in probes),
        notes=tuple(note for each in probes for note in each.notes),
    )
    machine = Inventory(cpu=Cpu(model="a processor", cores=8), memory_gib=64, gpus=gpus, system="Linux")
    found = [finding.model_dump() for finding in findings(machine, telemetry)]
    return json.dumps({"telemetry": telemetry.model_dump(), "findings": found})


def sampler(seconds: str, hz: str) -> str:
    """A run in real time."""
    from kit.hardware.sampler import Sampler

    clock(-1.0)
    with Sampler(hz=float(hz)) as running:
        time.sleep(float(seconds))
    return running.telemetry().model_dump_json()


def nvitop() -> str:
    """What nvitop says of each card at 0 s."""
    from nvitop import Device

    clock(0.0)
    return json.dumps(
        [
            {
                "name": device.name(),
                "memory_total": device.memory_total(),
                "memory_used": device.memory_used(),
                "power_mw": device.power_usage(),
                "limit_mw": device.power_limit(),
                "utilisation": device.gpu_utilization(),
                "temperature": device.temperature(),
                "sm_clock": device.sm_clock(),
                "pids": sorted(device.processes()),
            }
            for device in Device.all()
        ]
    )


def zeus(seconds: str) -> str:
    """What zeus says of each card at 0 s, and the energy until then and some seconds later."""
    from zeus.device import get_gpus

    clock(0.0)
    gpus = get_gpus()
    first = [gpus.get_total_energy_consumption(index) for index in range(len(gpus))]
    found: list[dict[str, Any]] = [
        {
            "name": gpus.get_name(index),
            "power_mw": gpus.get_instant_power_usage(index),
            "average_mw": gpus.get_average_power_usage(index),
        }
        for index in range(len(gpus))
    ]
    clock(float(seconds))
    for index, of_gpu in enumerate(found):
        of_gpu["energy_mj"] = gpus.get_total_energy_consumption(index) - first[index]
    return json.dumps(found)


def main() -> None:
    """Fill in the scenario and answer."""
    what, template, filled, *arguments = sys.argv[1:]
    text = Path(template).read_text()
    for word, pid in (("OWN", os.getpid()), ("OTHER", os.getppid()), ("HIDDEN", HIDDEN)):
        text = text.replace(f"{word}:", f"{pid}:")
    Path(filled).write_text(text)
    os.environ["NVML_STANDIN"] = filled
    pynvml.nvmlInit()
    asked = {"inventory": inventory, "probe": probe, "sampler": sampler, "nvitop": nvitop, "zeus": zeus}
    sys.stdout.write(asked[what](*arguments))


if __name__ == "__main__":
    main()
