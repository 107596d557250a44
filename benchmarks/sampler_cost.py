"""What watching the GPUs costs: CPU of the sampler's thread in % of one core, by the number of GPUs.

    python benchmarks/sampler_cost.py [--gpus 1,2,8] [--hz 10] [--seconds 10] [--rounds 3]

The GPUs are the tests' stand-in for NVIDIA's library, which answers without a driver (it is built with gcc),
so this is the kit's own share. A real driver adds its own for each call. Each run is a process of its own; the figure
is that of :class:`kit.hardware.sampler.Sampler` itself, which a profile carries. Ends with 1 if a median is above 1 %.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.hardware.conftest import HERE, OPTIONS, SOURCE, header_folder  # noqa: E402

MOST_PERCENT = 1.0
"""Of one core, at 10 Hz, with up to eight GPUs."""


def build(folder: Path) -> None:
    """Build the stand-in as the tests do, but optimised as a driver is."""
    compiler, header = shutil.which("gcc"), header_folder()
    if compiler is None or header is None:
        raise SystemExit("the stand-in for NVML needs gcc and nvidia-nvml-dev")
    command = (compiler, "-O2", *OPTIONS, "-isystem", header, "-o", folder / "libnvidia-ml.so.1", SOURCE)
    subprocess.run(command, check=True)


def scenario(gpus: int) -> str:
    """Return a machine of so many H100s, all as the first of the tests' two, with a process of this run on each."""
    text = (HERE / "scenarios/two_h100.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("gpu1.", "gpus=", "gpu0.uuid"))]
    lines = [re.sub(r"^gpu0\.", "gpu.", line) for line in lines]
    lines += [f"gpu{index}.uuid=GPU-00000000-0000-0000-0000-00000000000{index}" for index in range(gpus)]
    return "\n".join([*lines, f"gpus={gpus}"]).replace("OWN:", f"{os.getpid()}:") + "\n"


def watch(hz: float, seconds: float) -> None:
    """Sample for some seconds, in a process that has the stand-in, and print what it cost."""
    import time

    from kit.hardware.sampler import Sampler

    with Sampler(hz=hz, own_pids=(os.getppid(),)) as sampler:
        time.sleep(seconds)
    telemetry = sampler.telemetry()
    samples = [gpu.samples for gpu in telemetry.gpus]
    figures = {"percent": 100 * (telemetry.sampler_cores or 0.0), "samples": samples, "notes": telemetry.notes}
    sys.stdout.write(json.dumps(figures))


def measure(folder: Path, *, gpus: int, hz: float, seconds: float) -> float:
    """Return the sampler's CPU in % of one core."""
    filled = folder / "scenario.txt"
    filled.write_text(scenario(gpus), encoding="utf-8")
    done = subprocess.run(
        (sys.executable, __file__, "--watch", "--hz", str(hz), "--seconds", str(seconds)),
        env=os.environ | {"LD_LIBRARY_PATH": str(folder), "NVML_STANDIN": str(filled)},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    if len(figures["samples"]) != gpus or min(figures["samples"]) < 0.9 * hz * seconds:
        raise SystemExit(f"the sampler did not keep its pace: {figures}")
    return float(figures["percent"])


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", default="1,2,8", help="numbers of GPUs")
    parser.add_argument("--hz", type=float, default=10.0, help="samples per second")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a run")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    parser.add_argument("--watch", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.watch:
        watch(asked.hz, asked.seconds)
        return
    numbers = [int(number) for number in asked.gpus.split(",")]
    figures: dict[int, list[float]] = {number: [] for number in numbers}
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as scratch:
        build(Path(scratch))
        load = os.getloadavg()[0]
        for _ in range(asked.rounds):  # in turns, so that a noisy minute hits all
            for number in numbers:
                figures[number].append(measure(Path(scratch), gpus=number, hz=asked.hz, seconds=asked.seconds))
    lines = [f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load average {load:.2f}, {asked.hz:g} Hz"]
    for number, values in figures.items():
        every = ", ".join(f"{value:.2f}" for value in values)
        lines.append(f"{number} GPU{'s' if number > 1 else ' '}: {statistics.median(values):.2f} % of a core ({every})")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(any(statistics.median(values) > MOST_PERCENT for values in figures.values()))


if __name__ == "__main__":
    main()
