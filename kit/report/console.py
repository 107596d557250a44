"""What the terminal shows while an audit is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kit.errors import EngineError
from kit.report.audit import HERE, Audit, check_audit, decide_audit, open_audit, save_records, with_profile
from kit.report.live import LiveSweep
from kit.report.profiles import measure
from kit.strategy.verdict import Verdict
from kit.wording import say


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
    from kit.report.document import write_documents
    from kit.strategy.decide import STEPS

    if seconds is not None:
        audit = _measured(audit, seconds)
    with _progress_bars() as progress:
        save_records(audit)
        deciding = progress.add_task("Deciding", total=STEPS)
        verdict = decide_audit(audit, on_step=lambda: progress.advance(deciding))
        verdict.write(audit.folder / "verdict.json")
        executed = _execute(audit, progress) if notebooks else ()
        task = progress.add_task("Writing the documents", total=1)
        documents = write_documents(verdict, audit.folder, notebooks=executed)
        progress.advance(task)
    _print_verdict(verdict, audit, documents, notebooks)
    return verdict


def show_hardware(*, as_json: bool) -> None:
    """Print what is in this machine."""
    from kit.hardware.inventory import read_inventory

    inventory = read_inventory()
    if as_json:
        print(inventory.model_dump_json(indent=1))  # noqa: T201
        return
    from kit.report.hardware_view import print_hardware

    print_hardware(inventory, Console(highlight=False))


def _measured(audit: Audit, seconds: float) -> Audit:
    """Return the audit with this machine measured; a machine that cannot be measured is a result, not the end."""
    try:
        with LiveSweep(seconds=seconds) as live:
            profile = measure(audit.folder / "hardware_profiles" / f"{HERE}.json", seconds, live)
    except EngineError as error:
        return replace(audit, trouble=say("This machine could not be measured: {error}", error=str(error)))
    return with_profile(audit, profile)


def _execute(audit: Audit, progress: Progress) -> tuple[Path, ...]:
    from kit.report.notebooks import run_notebooks

    task = progress.add_task("Executing notebooks", total=5)
    return run_notebooks(audit.path, audit.folder, on_step=lambda: progress.advance(task))


def _print_verdict(verdict: Verdict, audit: Audit, documents: Sequence[Path], notebooks: bool) -> None:
    console = Console(highlight=False)
    console.print()
    console.print(verdict.sentence, style="bold", markup=False)
    console.print(f"{verdict.money_sentence} How sure: {verdict.certainty.value}.", markup=False)
    for warning in verdict.warnings:
        console.print(f"! {warning}", markup=False, style="yellow")
    names = [*(path.name for path in documents), "verdict.json", *(["notebooks/"] if notebooks else [])]
    for name in names:
        console.print(f"  {audit.folder / name}", markup=False, soft_wrap=True)


@contextmanager
def _progress_bars() -> Iterator[Progress]:
    """Show progress bars on the standard error for the length of a ``with`` block."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
