"""What the execution of the five notebooks takes: by parts, and against a kernel for every notebook.

    python benchmarks/notebooks.py [--rounds 3] [--engagement insurer]

*Parts*: what a notebook does, step by step in one fresh process; a kernel does the same, the first of them once.
*In all*: ``run_notebooks``, where a kernel takes one notebook after another, in turns with papermill alone, which
starts a kernel for every notebook, two at a time as well. The verdict is decided beforehand. Given are the medians of
the wall clock, the CPU time of all processes, and the ratio of each. Ends with 1 if the kit takes more than 0.75 of the
CPU time, which hangs less on what else the machine does than the clock.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

LIMIT = 0.75

PARTS = """
import sys
from time import perf_counter
at = perf_counter()
def done(what):
    global at
    print(f"  {what}: {perf_counter() - at:.2f} s", flush=True)
    at = perf_counter()
import ipykernel.ipkernel; done("a kernel's own libraries")
from kit.report import cells, charts, tables
from kit.report.audit import open_audit
from kit.report.screen import steps, walk; done("the kit's modules")
audit = open_audit(sys.argv[1]); done("opening the audit")
verdict = audit.verdict; done("reading the verdict")
cells.drawn(charts.tornado(verdict)); done("the first picture, which starts the drawing")
cells.drawn(charts.cost_against_volume(verdict)); done("another picture")
tables.plain(tables.plans(verdict))._repr_html_(); done("the first table, with pandas")
tables.plain(tables.triggers(verdict))._repr_html_(); done("another table")
open_audit(sys.argv[1]).verdict; done("audit and verdict of the next notebook")
"""


def main() -> int:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engagement", default="insurer")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="kit-") as folder:
        os.environ["KIT_OUT"] = folder
        from kit.report.audit import open_audit, save_records
        from kit.report.notebooks import run_notebooks

        audit = open_audit(asked.engagement)
        save_records(audit)
        audit.verdict.write(audit.folder / "verdict.json")
        print("parts, in one process:", flush=True)  # noqa: T201
        subprocess.run([sys.executable, "-c", PARTS, asked.engagement], check=True)
        ways: dict[str, Callable[[], object]] = {
            "kit": partial(run_notebooks, audit.path, audit.folder),
            "papermill alone": partial(_alone, audit.path.resolve(), audit.folder / "notebooks"),
        }
        ways["kit"]()  # the libraries of this process are there for both
        taken = _rounds(ways, asked.rounds)
    ratios = []
    for i, what in enumerate(("wall clock", "CPU time")):
        ours, theirs = (median(times[i] for times in taken[name]) for name in ways)
        ratios.append(ours / theirs)
        print(f"{what}: kit {ours:.1f} s, papermill alone {theirs:.1f} s, ratio {ours / theirs:.2f}")  # noqa: T201
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")  # noqa: T201
    return int(ratios[1] > LIMIT)


def _rounds(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall clock and CPU time of each way, in turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            taken[name].append(_taken(way))
    return taken


def _taken(way: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the clock and of the processors, those of ended processes included."""
    clock, before = perf_counter(), os.times()
    way()
    after = os.times()
    return perf_counter() - clock, sum(after[:4]) - sum(before[:4])


def _alone(engagement: Path, folder: Path) -> None:
    """Execute the notebooks with papermill, each in a kernel of its own, two at a time."""
    import papermill

    from kit.report.notebooks import notebook_folder

    def run(file: Path) -> None:
        papermill.execute_notebook(
            file,
            folder / file.name,
            parameters={"engagement": str(engagement)},
            kernel_name="python3",
            progress_bar=False,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, sorted(notebook_folder().glob("[0-9]_*.ipynb"))))


if __name__ == "__main__":
    raise SystemExit(main())
