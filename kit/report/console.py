"""What the terminal shows while an audit is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kit.errors import EngineError, InputError
from kit.profiler.profile import HardwareProfile
from kit.report.audit import HERE, Audit, check_audit, decide_audit, open_audit, save_records, with_profile
from kit.strategy.verdict import Verdict


def run_verdict(engagement: str, *, out: Path, seconds: float | None, notebooks: bool) -> Verdict:
    """Make an audit from beginning to end and print the verdict with its paths.

    Args:
        engagement: a file, a folder or the name of an example.
        out: the folder of all audits.
        seconds: time for measuring this machine; ``None`` takes the profiles that are there.
        notebooks: execute the notebooks too.
    """
    # Whatever is wrong with the input is found before the machine is measured.
    audit = open_audit(engagement, out=out)
    check_audit(audit)
    from kit.report.document import write_html, write_pdf

    with _progress() as progress:
        if seconds is not None:
            audit = with_profile(
                audit, _measure(audit.folder / "hardware_profiles" / f"{HERE}.json", seconds, progress)
            )
        save_records(audit)
        task = progress.add_task("Deciding", total=None)
        verdict = decide_audit(audit)
        verdict.write(audit.folder / "verdict.json")
        progress.update(task, total=1, completed=1)
        executed = _execute(audit, progress) if notebooks else ()
        task = progress.add_task("Writing HTML and PDF", total=2)
        write_html(verdict, audit.folder / "verdict.html", notebooks=executed)
        progress.advance(task)
        write_pdf(verdict, audit.folder / "verdict.pdf")
        progress.advance(task)
    _print_verdict(verdict, audit, notebooks)
    return verdict


def run_profile(architecture: str, *, out: Path, seconds: float, concurrency: str) -> HardwareProfile:
    """Measure this machine and print the service curve.

    Raises:
        InputError: ``concurrency`` is not a list of whole numbers.
    """
    try:
        in_flight = tuple(int(part) for part in concurrency.split(","))
    except ValueError:
        raise InputError(
            f"--concurrency {concurrency!r}: whole numbers are wanted, separated by commas: 1,2,4"
        ) from None
    with _progress() as progress:
        profile = _measure(out, seconds, progress, architecture=architecture, concurrency=in_flight)
    table = Table(title=f"{profile.model.name} on {profile.accelerator}, {profile.engine.name}")
    for column in ("prompt", "output", "in flight", "output tokens/s", "TTFT p50, ms", "TPOT p50, ms"):
        table.add_column(column, justify="right")
    for point in profile.points:
        ttft, tpot = (spread.p50 if spread else None for spread in (point.ttft_s, point.tpot_s))
        table.add_row(
            f"{point.prompt_tokens:g}",
            f"{point.output_tokens:g}",
            f"{point.concurrency}",
            f"{point.output_tokens_per_s:.1f}",
            "–" if ttft is None else f"{1000 * ttft:.0f}",
            "–" if tpot is None else f"{1000 * tpot:.0f}",
        )
    console = Console()
    console.print(table)
    for finding in profile.findings:
        console.print(f"! {finding.what} ({finding.evidence})", markup=False)
    console.print(f"Written: {out}", markup=False)
    return profile


def show_hardware(*, as_json: bool) -> None:
    """Print what is in this machine."""
    from kit.hardware.inventory import read_inventory

    inventory = read_inventory()
    console = Console()
    if as_json:
        print(inventory.model_dump_json(indent=1))  # noqa: T201
        return
    table = Table(show_header=False, title="This machine")
    table.add_row("processor", f"{inventory.cpu.model}, {inventory.cpu.cores} cores")
    table.add_row("instruction sets", ", ".join(inventory.cpu.instruction_sets) or "–")
    table.add_row("memory", f"{inventory.memory_gib:.1f} GiB")
    table.add_row("system", inventory.system)
    for number, gpu in enumerate(inventory.gpus):
        memory = "memory not known" if gpu.memory_gib is None else f"{gpu.memory_gib:.1f} GiB"
        table.add_row(f"GPU {number}", f"{gpu.name}, {memory}, driver {gpu.driver or 'not known'}")
    for note in inventory.notes:
        table.add_row("note", note)
    console.print(table)


def cache_folder() -> Path:
    """Return where model folders with random weights are kept: ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hybrid-ai-decision-kit" / "weights"


def _measured(audit: Audit, seconds: float, progress: Progress) -> Audit:
    """Return the audit with this machine measured; a machine that cannot be measured is a result, not the end."""
    try:
        profile = _measure(audit.folder / "hardware_profiles" / f"{HERE}.json", seconds, progress)
    except EngineError as error:
        return replace(audit, trouble=f"This machine could not be measured: {error}")
    return with_profile(audit, profile)


def _measure(
    out: Path,
    seconds: float,
    progress: Progress,
    *,
    architecture: str = "qwen3-0.6b",
    concurrency: tuple[int, ...] = (1, 2, 4, 8),
) -> HardwareProfile:
    try:
        from kit.profiler.sweep import Progress as Step
        from kit.profiler.sweep import profile_machine
    except ModuleNotFoundError as error:
        raise InputError(
            f"measuring needs the extra 'profile' ({error.name} is missing): "
            "pip install 'hybrid-ai-decision-kit[profile]', or take profiles that are there with --no-measure"
        ) from None
    task = progress.add_task("Measuring this machine", total=1.0)

    def show(step: Step) -> None:
        progress.update(task, completed=min(step.fraction, 1.0), description=f"Measuring: {step.message}")

    profile = profile_machine(
        architecture=architecture,
        concurrency=concurrency,
        seconds=seconds,
        weights_dir=cache_folder(),
        out=out,
        on_progress=show,
    )
    progress.update(task, completed=1.0, description=f"Measured {profile.model.name} on {profile.accelerator}")
    return profile


def _execute(audit: Audit, progress: Progress) -> tuple[Path, ...]:
    from kit.report.notebooks import run_notebooks

    task = progress.add_task("Executing notebooks", total=5)
    return run_notebooks(audit.path, audit.folder, on_step=lambda: progress.advance(task))


def _print_verdict(verdict: Verdict, audit: Audit, notebooks: bool) -> None:
    console = Console(highlight=False)
    console.print()
    console.print(verdict.sentence, style="bold", markup=False)
    console.print(f"{verdict.money_sentence} How sure: {verdict.certainty.value}.", markup=False)
    for warning in verdict.warnings:
        console.print(f"! {warning}", markup=False, style="yellow")
    names = ["verdict.html", "verdict.pdf", "verdict.json", *(["notebooks/"] if notebooks else [])]
    for name in names:
        console.print(f"  {audit.folder / name}", markup=False, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
