"""Hardware profiles in the terminal: measuring them, showing them, comparing them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from kit.errors import EngineError, InputError
from kit.profiler.arrivals import read_trace
from kit.profiler.check import check_profile
from kit.profiler.compare import compare, load
from kit.profiler.profile import Goodput, HardwareProfile, Regime, Spread, WayThere
from kit.profiler.tasks import OpenLoop, Replay, Search, Task
from kit.profiler.weights import public_name
from kit.report.live import LiveSweep

if TYPE_CHECKING:
    from kit.profiler.choice import EngineOptions


@dataclass(frozen=True)
class LoadOptions:
    """What the user wants to be sent.

    Attributes:
        shape: prompt x output tokens, separated by commas, the most important first.
        concurrency: requests in flight, separated by commas.
        rate: requests per second of open loops with the first shape, separated by commas.
        arrivals: how they come: ``poisson`` or ``constant``.
        trace: file of a trace to be replayed.
        speed: 2 replays it in half the time.
        goodput: an objective, e.g. ``ttft_p95<0.5s, tpot_p95<50ms``, whose highest load is searched.
    """

    shape: str = "64x16"
    concurrency: str = "1,2,4,8"
    rate: str | None = None
    arrivals: str = "poisson"
    trace: Path | None = None
    speed: float = 1.0
    goodput: str | None = None


def run_profiles(
    models: Sequence[str],
    options: EngineOptions,
    *,
    load: LoadOptions,
    seconds: float,
    resume: bool,
    out: Path,
) -> tuple[HardwareProfile, ...]:
    """Measure this machine with one model after the other and print each service curve.

    A model that cannot be measured is reported, and the next one goes on.

    Args:
        models: architectures of the kit, or paths of a config.json.
        options: the engine.
        load: what is sent.
        seconds: time budget for each model.
        resume: take over what an earlier run had measured.
        out: the file (``.json``) for one model, a folder for several.

    Raises:
        InputError: an option is not understood.
        EngineError: no model could be measured.
    """
    shapes = tuple(_shape(part) for part in load.shape.split(","))
    in_flight = _whole_numbers("--concurrency", load.concurrency)
    more = tuple(_more(load, shapes))
    if out.suffix == ".json" and len(models) > 1:
        raise InputError(f"--out {out} is one file; give a folder for {len(models)} models")
    found, failures = [], []
    for model in models:
        file = out if out.suffix == ".json" else out / f"{public_name(model)}.json"
        try:
            # Its table makes room for the whole profile, which is printed in the end.
            with LiveSweep(public_name(model), seconds=seconds, keep=False) as live:
                found.append(
                    measure(
                        file,
                        seconds,
                        live,
                        architecture=model,
                        shapes=shapes,
                        concurrency=in_flight,
                        more=more,
                        options=options,
                        resume=resume,
                    )
                )
        except EngineError as error:
            if len(models) == 1:
                raise
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


def _more(load: LoadOptions, shapes: Sequence[tuple[int, int]]) -> Iterator[Task]:
    """Return what to measure after the service curve; of several shapes the first is the one that counts."""
    process = next((one for one in (Regime.POISSON, Regime.CONSTANT) if one.value == load.arrivals), None)
    if process is None:
        raise InputError(f'--arrivals "{load.arrivals}" is not known; it may be poisson or constant')
    prompt, output = shapes[0]
    for rate in _rates(load.rate):
        yield OpenLoop(prompt, output, rate, process)
    if load.trace is not None:
        yield Replay(load.trace.name, read_trace(load.trace, speed=load.speed))
    if load.goodput is not None:
        yield Search(prompt, output, load.goodput)


def _rates(text: str | None) -> Iterator[float]:
    for part in () if text is None else text.split(","):
        try:
            rate = float(part)
        except ValueError:
            rate = 0.0
        if not 0 < rate < math.inf:
            raise InputError(f'--rate "{text}": requests per second above 0 are wanted, separated by commas: 0.5,1,2')
        yield rate


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
    if found.changes:
        console.print(table)
    else:
        console.print("No point is in both: nothing can be compared.")
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
    live: LiveSweep,
    *,
    architecture: str = "qwen3-0.6b",
    shapes: Sequence[tuple[int, int]] = ((64, 16),),
    concurrency: Sequence[int] = (1, 2, 4, 8),
    more: Sequence[Task] = (),
    options: EngineOptions | None = None,
    resume: bool = False,
) -> HardwareProfile:
    """Measure this machine, and show what comes of it as it comes.

    Args:
        out: the profile's file.
        seconds: time budget.
        live: where it is shown.
        architecture: one of the kit's, or the path of a config.json.
        shapes: prompt and output tokens, the most important first.
        concurrency: numbers of requests in flight.
        more: what to measure after the service curve.
        options: the engine; the built-in one by default.
        resume: take over what an earlier run had measured.

    Raises:
        InputError: what measuring needs is not installed; names the extra.
        EngineError: nothing could be measured; nothing was written.
    """
    try:
        from kit.profiler.choice import EngineOptions, served, starter
        from kit.profiler.sweep import profile_machine
    except ModuleNotFoundError as error:
        raise InputError(
            f"measuring needs the extra 'profile' ({error.name} is missing): "
            "pip install 'hybrid-ai-decision-kit[profile]', or take profiles that are there with --no-measure"
        ) from None
    options = options or EngineOptions()
    if options.runs_already and options.served_model is None:
        options = replace(options, served_model=architecture)
    engine, weights = starter(options, deadline_s=max(seconds, 300.0))
    profile = profile_machine(
        architecture=architecture,
        shapes=shapes,
        concurrency=concurrency,
        more=more,
        engine=engine,
        weights=weights,
        served=served(options),
        resume=resume,
        seconds=seconds,
        weights_dir=cache_folder(),
        out=out,
        on_progress=live.show,
    )
    live.finish(profile)
    return profile


def _print_profile(profile: HardwareProfile) -> None:
    console = Console()
    engine = f"{profile.engine.name} {profile.engine.version or ''}".strip()
    machine = f"{profile.accelerators} × {profile.accelerator}"
    table = Table(title=f"{profile.model.name} ({profile.model.dtype}) on {machine}, {engine}")
    table.add_column("tokens", no_wrap=True)
    table.add_column("load", overflow="fold")
    powered = any(point.power_w is not None for point in profile.points)
    columns = ("tokens/s", "95 %", "TTFT ms", "TPOT ms", "n")
    for column in (*columns, *(("W", "J/token") if powered else ())):
        table.add_column(column, justify="right", no_wrap=True)
    for point in profile.points:
        interval = point.output_tokens_per_s_interval
        table.add_row(
            f"{point.prompt_tokens:g} x {point.output_tokens:g}",
            load(point),
            f"{point.output_tokens_per_s:.4g}",
            "–" if interval is None else f"{interval[0]:.3g}–{interval[1]:.3g}",
            _milliseconds(point.ttft_s),
            _milliseconds(point.tpot_s),
            "–" if point.requests is None else f"{point.requests}",
            *((_or_dash(point.power_w), _or_dash(point.energy_j_per_token)) if powered else ()),
        )
    console.print(table)
    parts = {"weights": profile.memory.weights_gib, "KV cache": profile.memory.kv_cache_gib}
    parts["peak"] = profile.memory.peak_gib
    known = [f"{part} {gib:.2f} GiB" for part, gib in parts.items() if gib is not None]
    console.print(f"Basis: {profile.basis.value}; {profile.source}; {profile.date}", markup=False)
    console.print(f"Memory: {', '.join(known) or 'not stated'}", markup=False)
    for found in profile.goodput:
        console.print(_goodput(found), markup=False)
    if profile.way_there is not None:
        console.print(_way(profile.way_there), markup=False)
    for finding in profile.findings:
        console.print(f"! {finding.what} ({finding.evidence})", markup=False)


def _goodput(found: Goodput) -> str:
    """Return what a search found, in a line."""
    load = "none" if found.requests_per_s is None else f"{found.requests_per_s:.3g} requests/s"
    low, high = (f"{end:.3g}" if end is not None else "not found" for end in found.interval)
    remark = f"; {found.remark}" if found.remark else ""
    shape = f"{found.prompt_tokens} x {found.output_tokens}"
    return (
        f"Goodput within {found.objective} at {shape}: {load} "
        f"(met: {low}, missed: {high}; {len(found.trials)} trials){remark}"
    )


def _way(way: WayThere) -> str:
    """Return where the time to the first token goes, in a line."""
    return (
        f"Way there, medians of {way.requests} requests: connecting {_milliseconds(way.connect_s)} ms, "
        f"to the first byte {_milliseconds(way.first_byte_s)} ms, from there to the first token "
        f"{_milliseconds(way.first_token_s)} ms; connecting is {way.connect_share:.0%} of the time to the first token"
    )


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _milliseconds(spread: Spread | None) -> str:
    """Return the median, or the mean marked as such where there is no median."""
    if spread is None:
        return "–"
    if spread.p50 is not None:
        return f"{1000 * spread.p50:.0f}"
    return "–" if spread.mean is None else f"{1000 * spread.mean:.0f} (mean)"
