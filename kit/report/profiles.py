"""Hardware profiles in the terminal: measuring them, showing them, comparing them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kit.errors import InputError
from kit.profiler.check import check_profile
from kit.profiler.compare import compare, name
from kit.profiler.profile import HardwareProfile, Spread


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
    with progress_bars() as progress:
        profile = measure(out, seconds, progress, architecture=architecture, concurrency=in_flight)
    _print_profile(profile)
    Console().print(f"Written: {out}", markup=False)
    return profile


def show_profile(file: Path) -> None:
    """Print a profile.

    Raises:
        InputError: the file is no hardware profile.
    """
    _print_profile(HardwareProfile.read(file))


def compare_profiles(before: Path, after: Path) -> None:
    """Print two profiles side by side.

    Raises:
        InputError: a file is no hardware profile.
    """
    found = compare(HardwareProfile.read(before), HardwareProfile.read(after))
    console = Console()
    if found.conditions:
        table = Table("condition", before.name, after.name, title="What differs besides the figures")
        for row in found.conditions:
            table.add_row(*row)
        console.print(table)
    table = Table(title="Points that both have")
    table.add_column("prompt x output", no_wrap=True)
    for column in ("figure", before.stem, after.stem, "ratio", "difference"):
        table.add_column(column, overflow="fold")
    for change in found.changes:
        figures = (f"{change.before:.4g}", f"{change.after:.4g}", f"{change.ratio:.2f}")
        table.add_row(change.point, change.figure, *figures, change.difference.value)
    console.print(table)
    for file, points in ((before, found.only_before), (after, found.only_after)):
        if points:
            console.print(f"Only in {file.name}: {'; '.join(points)}", markup=False)


def check_file(file: Path) -> None:
    """Check a profile and say so.

    Raises:
        InputError: the file is no hardware profile, or something is wrong with it; names everything.
    """
    profile = HardwareProfile.read(file)
    problems = check_profile(profile, path=file)
    if problems:
        raise InputError("\n".join(f"{file}: {problem}" for problem in problems))
    Console().print(f"{file}: sound, {len(profile.points)} points", markup=False)


def cache_folder() -> Path:
    """Return where model folders with random weights are kept: ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hybrid-ai-decision-kit" / "weights"


def measure(
    out: Path,
    seconds: float,
    progress: Progress,
    *,
    architecture: str = "qwen3-0.6b",
    concurrency: tuple[int, ...] = (1, 2, 4, 8),
) -> HardwareProfile:
    """Measure this machine with progress bars.

    Raises:
        InputError: what measuring needs is not installed; names the extra.
        EngineError: nothing could be measured; nothing was written.
    """
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


def _print_profile(profile: HardwareProfile) -> None:
    console = Console()
    engine = f"{profile.engine.name} {profile.engine.version or ''}".strip()
    machine = f"{profile.accelerators} × {profile.accelerator}"
    table = Table(title=f"{profile.model.name} ({profile.model.dtype}) on {machine}, {engine}")
    table.add_column("prompt x output", no_wrap=True)
    for column in ("tokens/s", "95 % interval", "TTFT, ms", "TPOT, ms", "requests"):
        table.add_column(column, justify="right")
    for point in profile.points:
        interval = point.output_tokens_per_s_interval
        table.add_row(
            name(point),
            f"{point.output_tokens_per_s:.4g}",
            "–" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}",
            _milliseconds(point.ttft_s),
            _milliseconds(point.tpot_s),
            "–" if point.requests is None else f"{point.requests}",
        )
    console.print(table)
    parts = {"weights": profile.memory.weights_gib, "KV cache": profile.memory.kv_cache_gib}
    parts["peak"] = profile.memory.peak_gib
    known = [f"{part} {gib:.2f} GiB" for part, gib in parts.items() if gib is not None]
    console.print(f"Basis: {profile.basis.value}; {profile.source}; {profile.date}", markup=False)
    console.print(f"Memory: {', '.join(known) or 'not stated'}", markup=False)
    for finding in profile.findings:
        console.print(f"! {finding.what} ({finding.evidence})", markup=False)


def _milliseconds(spread: Spread | None) -> str:
    """Return the median, or the mean marked as such where there is no median."""
    if spread is None:
        return "–"
    if spread.p50 is not None:
        return f"{1000 * spread.p50:.0f}"
    return "–" if spread.mean is None else f"{1000 * spread.mean:.0f} (mean)"


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show progress bars on the standard error for the length of a ``with`` block."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
