"""Hardware profiles in the terminal: measuring them, showing them, comparing them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kit.errors import EngineError, InputError
from kit.profiler.check import check_profile
from kit.profiler.compare import compare, name
from kit.profiler.profile import HardwareProfile, Spread
from kit.profiler.weights import public_name

if TYPE_CHECKING:
    from kit.profiler.choice import EngineOptions


def run_profiles(
    models: Sequence[str],
    options: EngineOptions,
    *,
    shape: str,
    concurrency: str,
    seconds: float,
    resume: bool,
    out: Path,
) -> tuple[HardwareProfile, ...]:
    """Measure this machine with one model after the other and print each service curve.

    A model that cannot be measured is reported, and the next one goes on.

    Args:
        models: architectures of the kit, or paths of a config.json.
        options: the engine.
        shape: prompt x output tokens, separated by commas.
        concurrency: requests in flight, separated by commas.
        seconds: time budget for each model.
        resume: take over what an earlier run had measured.
        out: the file (``.json``) for one model, a folder for several.

    Raises:
        InputError: an option is not understood.
        EngineError: no model could be measured.
    """
    shapes = tuple(_shape(part) for part in shape.split(","))
    in_flight = _whole_numbers("--concurrency", concurrency)
    if out.suffix == ".json" and len(models) > 1:
        raise InputError(f"--out {out} is one file; give a folder for {len(models)} models")
    found, failures = [], []
    for model in models:
        file = out if out.suffix == ".json" else out / f"{public_name(model)}.json"
        try:
            with progress_bars() as progress:
                found.append(
                    measure(
                        file,
                        seconds,
                        progress,
                        architecture=model,
                        shapes=shapes,
                        concurrency=in_flight,
                        options=options,
                        resume=resume,
                    )
                )
        except EngineError as error:
            failures.append(f"{model}: {error}")
            Console(stderr=True).print(f"! {failures[-1]}", markup=False)
            continue
        _print_profile(found[-1])
        Console().print(f"Written: {file}", markup=False)
    if not found:
        raise EngineError("no model could be measured; " + "; ".join(failures))
    return tuple(found)


def _shape(text: str) -> tuple[int, int]:
    prompt, _, output = text.strip().lower().partition("x")
    if not (prompt.isdigit() and output.isdigit()):
        raise InputError(f'--shape "{text}": prompt x output tokens are wanted, e.g. 512x128,2048x256')
    return int(prompt), int(output)


def _whole_numbers(option: str, text: str) -> tuple[int, ...]:
    if not all(part.strip().isdigit() for part in text.split(",")):
        raise InputError(f'{option} "{text}": whole numbers are wanted, separated by commas: 1,2,4')
    return tuple(int(part) for part in text.split(","))


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
    shapes: Sequence[tuple[int, int]] = ((64, 16),),
    concurrency: Sequence[int] = (1, 2, 4, 8),
    options: EngineOptions | None = None,
    resume: bool = False,
) -> HardwareProfile:
    """Measure this machine with progress bars.

    Raises:
        InputError: what measuring needs is not installed; names the extra.
        EngineError: nothing could be measured; nothing was written.
    """
    try:
        from kit.profiler.choice import EngineOptions, served, starter
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

    options = options or EngineOptions()
    engine, weights = starter(options, deadline_s=max(seconds, 300.0))
    profile = profile_machine(
        architecture=architecture,
        shapes=shapes,
        concurrency=concurrency,
        engine=engine,
        weights=weights,
        served=served(options),
        resume=resume,
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
