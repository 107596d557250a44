"""Profiling a machine: random weights, an engine, the points of the service curve, all within a time budget."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from kit import __version__
from kit.errors import EngineError, InputError
from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import Inventory, read_inventory
from kit.hardware.sampler import Sampler
from kit.profiler.engines import EngineMemory, Server, transformers_serve
from kit.profiler.gpu_watch import GpuWatch
from kit.profiler.journal import Conditions, Entry, Journal
from kit.profiler.point import Measured, measure_point
from kit.profiler.profile import Finding, HardwareProfile, Memory, Point, ProfiledModel
from kit.profiler.watch import CpuShares, Watch, foreign_cores, stolen_cores
from kit.profiler.weights import ModelFolder, write_config, write_random_model
from kit.record import Basis

_STOPPING_S = 4.0
"""Kept back from the budget for stopping the engine and writing the record."""

_SHORTEST_POINT_S = 2.0
"""A point that would get less than this is left out."""

_BUSY_CORES = 0.15
"""Cores that others may keep busy before the measurement is marked."""

_PUBLIC_NAMES = {"qwen3-0.6b": "Qwen3-0.6B"}

EngineStarter = Callable[[ModelFolder], AbstractContextManager[Server]]
"""Starts an engine on a model folder for the length of a ``with`` block."""


@dataclass(frozen=True)
class Plan:
    """One point to be measured."""

    prompt_tokens: int
    output_tokens: int
    concurrency: int


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        accelerators: how many of them one replica takes.
        random_weights: ``None`` where nobody here knows.
        dtype: number format, if not the config's.
    """

    accelerators: int = 1
    random_weights: bool | None = True
    dtype: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a profile has come.

    Attributes:
        stage: ``weights``, ``engine``, ``points`` or ``done``.
        message: what is being done, for a person.
        fraction: share of the time budget that is used up, 0 to 1.
        points_done: points behind us, left-out ones included.
        points: points in all.
        point: the point that was just measured, if it was.
    """

    stage: str
    message: str
    fraction: float
    points_done: int
    points: int
    point: Point | None = None


def profile_machine(
    *,
    weights_dir: Path,
    out: Path,
    architecture: str = "qwen3-0.6b",
    shapes: Sequence[tuple[int, int]] = ((64, 16),),
    concurrency: Sequence[int] = (1, 2, 4, 8),
    seconds: float = 120.0,
    engine: EngineStarter | None = None,
    weights: bool = True,
    served: Served | None = None,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> HardwareProfile:
    """Measure what this machine does with a model, and write the profile.

    Everything happens within ``seconds``: writing the weights where they are not there yet, starting the engine, all
    points, stopping. The time that is left is shared out evenly; the most important points come first, so what a slow
    machine has no time for is the least important, and the profile says so.

    Args:
        weights_dir: where model folders with random weights are kept between runs.
        out: the profile's file; the profile is called as the file without ``.json``.
        architecture: one of :func:`kit.profiler.weights.architectures`.
        shapes: prompt and output tokens of the requests, the most important first.
        concurrency: numbers of requests in flight.
        seconds: the time budget.
        engine: starts the engine; by default ``transformers serve`` on the GPU if there is one, else on the CPU.
        weights: write random weights for the engine; vLLM makes its own from the config.json alone.
        served: what is served, if not random weights as in the config on one accelerator.
        resume: take over the points that an earlier run of the same engine, model and machine had measured before it
            was stopped.
        on_progress: called with each step, from the calling thread.

    Raises:
        InputError: no such architecture, an impossible shape or concurrency, or a folder that cannot be written.
        EngineError: the engine did not start or died, or no point could be measured; nothing is written.
    """
    served = served or Served()
    plans = plan_points(shapes, concurrency)
    clock = _Clock(seconds, points=len(plans), on_progress=on_progress)
    clock.tell("weights", f"writing random weights of {architecture}" if weights else f"writing {architecture}")
    inventory = read_inventory()
    folder = (write_random_model if weights else write_config)(architecture, weights_dir=weights_dir)
    _check_lengths(folder, plans)
    findings = machine_findings(inventory)
    clock.tell("engine", "starting the engine")
    start = engine or _built_in(inventory, plans, shared=bool(findings), deadline_s=0.8 * clock.left_s())
    accelerator = accelerator_name(inventory.gpus[0]) if inventory.gpus else "CPU"
    with start(folder) as server, Sampler() as sampler:
        conditions = Conditions(
            config_sha256=folder.config_sha256, engine=" ".join(_engine_words(server)), accelerator=accelerator
        )
        journal = Journal(out)
        if not resume:
            journal.remove()
        earlier = {Plan(e.prompt_tokens, e.output_tokens, e.concurrency): e for e in journal.read(conditions)}
        log = _Log(journal, conditions, earlier)
        gpus = GpuWatch(sampler, inventory, used=served.accelerators)
        measured, peak_gib, more = _measure_all(server, plans, clock, log, gpus)
        held = server.memory()
        telemetry = gpus.telemetry()
    findings += more
    points = [one.point for one in measured if one.point is not None]
    if not points:
        raise EngineError(f"no point could be measured: {'; '.join(f'{f.what} ({f.evidence})' for f in findings)}")
    profile = HardwareProfile(
        name=out.name.removesuffix(".json"),
        basis=Basis.MEASURED,
        source=f"hybrid-ai-decision-kit {__version__}, kit profile",
        date=dt.datetime.now(tz=dt.UTC).date(),
        accelerator=accelerator,
        accelerators=served.accelerators,
        inventory=inventory,
        engine=server.engine,
        model=_model(folder, served),
        points=tuple(sorted(points, key=lambda p: (p.prompt_tokens, p.output_tokens, p.concurrency or 0))),
        memory=_memory(folder, server, held, peak_gib=None if inventory.gpus else peak_gib),
        power_w=max(points, key=lambda point: point.output_tokens_per_s).power_w,
        telemetry=telemetry,
        findings=tuple(dict.fromkeys(findings)),
        notes=_notes(served, on_gpu=bool(inventory.gpus)),
    )
    profile.write(out)
    journal.remove()
    clock.tell("done", f"{len(points)} of {len(plans)} points measured", done=len(plans))
    return profile


def plan_points(shapes: Sequence[tuple[int, int]], concurrency: Sequence[int]) -> list[Plan]:
    """Return the points in order of importance.

    Per shape: one request in flight (the latency nobody can beat), the largest number (the most the machine gives),
    then the others from large to small.

    Args:
        shapes: prompt and output tokens, the most important first.
        concurrency: numbers of requests in flight.

    Raises:
        InputError: a shape or a number is not positive, or there is none.
    """
    numbers = sorted(set(concurrency))
    if not numbers or numbers[0] < 1:
        raise InputError(f"concurrency {tuple(concurrency)} makes no sense; give whole numbers from 1, e.g. 1,2,4,8")
    if not shapes or any(length < 1 for shape in shapes for length in shape):
        raise InputError(f"shapes {tuple(shapes)} make no sense; give prompt x output tokens, e.g. 128x32")
    order = [numbers[0], *reversed(numbers[1:])]
    return [Plan(prompt, output, number) for prompt, output in dict.fromkeys(shapes) for number in order]


def machine_findings(inventory: Inventory, *, seconds: float = 0.5) -> list[Finding]:
    """Return what would spoil a measurement before it starts: somebody else is using the processor.

    Args:
        inventory: the machine.
        seconds: how long to look.
    """
    import psutil

    busy = psutil.cpu_percent(interval=seconds) / 100 * (psutil.cpu_count() or 1)
    if busy <= max(_BUSY_CORES, 0.1 * inventory.cpu.cores):
        return []
    load = os.getloadavg()[0]
    evidence = f"{busy:.1f} cores in use and a load average of {load:.1f} before the engine was started"
    return [Finding(what="the machine was busy with something else", evidence=evidence)]


class _Clock:
    """The time budget, and whom to tell about it."""

    def __init__(self, seconds: float, *, points: int, on_progress: Callable[[Progress], None] | None) -> None:
        self._seconds = seconds
        self._started = time.monotonic()
        self._points = points
        self._on_progress = on_progress

    def left_s(self) -> float:
        """Return the seconds left for measuring."""
        return self._seconds - _STOPPING_S - (time.monotonic() - self._started)

    def tell(self, stage: str, message: str, *, done: int = 0, point: Point | None = None) -> None:
        """Report progress."""
        if self._on_progress is not None:
            fraction = min(1.0, (time.monotonic() - self._started) / self._seconds) if stage != "done" else 1.0
            self._on_progress(Progress(stage, message, fraction, done, self._points, point))


def _check_lengths(folder: ModelFolder, plans: Sequence[Plan]) -> None:
    longest = int(folder.config["max_position_embeddings"])
    for plan in plans:
        if plan.prompt_tokens + plan.output_tokens > longest:
            shape = f"{plan.prompt_tokens}x{plan.output_tokens}"
            raise InputError(f"shape {shape} is longer than the {longest} tokens of {folder.architecture}")


def _built_in(inventory: Inventory, plans: Sequence[Plan], *, shared: bool, deadline_s: float) -> EngineStarter:
    """Return the starter of ``transformers serve`` with a KV cache that holds the largest point one and a half times.

    Each request also gets a page of slack, since a page is not shared. On a shared machine its threads yield.
    """
    tokens = max(plan.concurrency * (1.5 * (plan.prompt_tokens + plan.output_tokens) + 256) for plan in plans)
    device = "cuda" if inventory.gpus else "cpu"

    def start(folder: ModelFolder) -> AbstractContextManager[Server]:
        return transformers_serve(
            folder,
            device=device,
            cores=inventory.cpu.cores,
            yielding=shared,
            cache_tokens=round(tokens),
            deadline_s=deadline_s,
        )

    return start


@dataclass(frozen=True)
class _Log:
    """The journal, and what it holds of an earlier run under the same conditions."""

    journal: Journal
    conditions: Conditions
    earlier: Mapping[Plan, Entry]

    def add(self, plan: Plan, one: Measured) -> None:
        entry = Entry(
            conditions=self.conditions,
            prompt_tokens=plan.prompt_tokens,
            output_tokens=plan.output_tokens,
            concurrency=plan.concurrency,
            point=one.point,
            findings=one.findings,
        )
        self.journal.add(entry)


def _model(folder: ModelFolder, served: Served) -> ProfiledModel:
    stated = folder.config.get("dtype") or folder.config.get("torch_dtype")
    return ProfiledModel(
        name=_PUBLIC_NAMES.get(folder.architecture, folder.architecture),
        architecture=folder.architecture,
        dtype=served.dtype or str(stated or "not stated"),
        config_sha256=folder.config_sha256,
        random_weights=served.random_weights,
    )


def _engine_words(server: Server) -> tuple[str, ...]:
    return (server.engine.name, server.engine.version or "", *server.engine.command)


def _memory(folder: ModelFolder, server: Server, held: EngineMemory, *, peak_gib: float | None) -> Memory:
    """Return the memory of the replica: what the engine says, else what files and processes tell."""
    files_gib = folder.weights_bytes / 2**30 if folder.weights_bytes else None
    figures = {
        "weights_gib": held.weights_gib if held.weights_gib is not None else files_gib,
        "kv_cache_gib": held.kv_cache_gib if held.kv_cache_gib is not None else server.kv_cache_gib,
        "peak_kv_gib": held.peak_kv_gib,
        "activations_gib": held.activations_gib,
        "graphs_gib": held.graphs_gib,
        "other_gib": held.other_gib,
        "peak_gib": peak_gib,
    }
    return Memory(**{name: None if value is None else round(value, 3) for name, value in figures.items()})


def _measure_all(
    server: Server, plans: Sequence[Plan], clock: _Clock, log: _Log, gpus: GpuWatch
) -> tuple[list[Measured], float | None, list[Finding]]:
    """Measure the points one after the other until the time is up; also return peak memory and findings."""
    watch = Watch(server.pid) if server.pid is not None else None
    measured: list[tuple[Plan, Measured]] = []
    findings: list[Finding] = []
    if watch is not None:
        watch.start()
    try:
        for done, plan in enumerate(plans):
            if plan in log.earlier:
                known = log.earlier[plan]
                one = Measured(point=known.point, findings=known.findings, answers=())
                measured.append((plan, one))
                findings += one.findings
                clock.tell("points", f"{plan.concurrency} in flight: known", done=done + 1, point=one.point)
                continue
            # The first point gets twice its part: where even one request in flight is slow, it is all there will be.
            share = clock.left_s() / (len(plans) - done) if done else 2 * clock.left_s() / (len(plans) + 1)
            if why := _hopeless(server, plan, share, measured):
                findings.append(_left_out(plan, why))
                continue
            clock.tell("points", f"{plan.concurrency} in flight, {share:.0f} s", done=done)
            begun = time.monotonic()
            one, disturbed = _measure_one(server, plan, share, watch=watch, seed=done)
            one = gpus.qualify(_label(plan), replace(one, findings=(*one.findings, *disturbed)), start_s=begun)
            log.add(plan, one)
            measured.append((plan, one))
            findings += one.findings
            clock.tell("points", f"{plan.concurrency} in flight: done", done=done + 1, point=one.point)
    finally:
        if watch is not None:
            watch.stop()
    return [one for _, one in measured], watch.peak_gib if watch else None, findings


def _measure_one(
    server: Server, plan: Plan, seconds: float, *, watch: Watch | None, seed: int
) -> tuple[Measured, list[Finding]]:
    """Measure one point, and say whether the processor was taken away meanwhile."""
    before, since = (watch.cpu() if watch else None), time.monotonic()
    one = measure_point(
        server,
        prompt_tokens=plan.prompt_tokens,
        output_tokens=plan.output_tokens,
        concurrency=plan.concurrency,
        seconds=seconds,
        seed=seed,
    )
    if watch is None or before is None:
        return one, []
    return one, _disturbed(plan, before, watch.cpu(), seconds=time.monotonic() - since)


def _hopeless(server: Server, plan: Plan, share_s: float, measured: Sequence[tuple[Plan, Measured]]) -> str | None:
    """Return why a point need not be tried, or ``None``."""
    if end := server.obituary():
        return f"the engine died: {end}"
    if share_s < _SHORTEST_POINT_S:
        return f"only {max(0.0, share_s):.1f} s of the time budget were left for it"
    for earlier, one in measured:
        same_shape = replace(earlier, concurrency=plan.concurrency) == plan
        if same_shape and earlier.concurrency < plan.concurrency and one.point is None:
            return f"{earlier.concurrency} in flight were too many already"
    return None


def _label(plan: Plan) -> str:
    return f"{plan.prompt_tokens}x{plan.output_tokens} with {plan.concurrency} in flight"


def _left_out(plan: Plan, why: str) -> Finding:
    return Finding(what=f"{_label(plan)} was not measured", evidence=why)


def _disturbed(plan: Plan, before: CpuShares, after: CpuShares, *, seconds: float) -> list[Finding]:
    others, stolen = (take(before, after, seconds=seconds) for take in (foreign_cores, stolen_cores))
    if others + stolen <= _BUSY_CORES:
        return []
    evidence = f"other processes kept {others:.2f} cores busy meanwhile, and the hypervisor withheld {stolen:.2f}"
    return [Finding(what=f"{_label(plan)} was disturbed", evidence=evidence)]


def _notes(served: Served, *, on_gpu: bool) -> tuple[str, ...]:
    weights = ("random weights: speed and memory hold, answers do not",) if served.random_weights else ()
    load = ("closed loop over loopback; the first request of each slot is warm-up and is cut",)
    memory = ("memory.peak_gib is the resident memory of the engine's processes, sampled five times a second",)
    return weights + load + (() if on_gpu else memory)
