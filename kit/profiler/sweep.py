"""Profiling a machine: random weights, an engine, the points of the service curve, all within a time budget."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kit import __version__
from kit.errors import EngineError, InputError
from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import Inventory, read_inventory
from kit.hardware.sampler import Sampler
from kit.profiler.budget import Clock, Progress
from kit.profiler.cloud import measure_way_there
from kit.profiler.engines import EngineMemory, Server, transformers_serve
from kit.profiler.gpu_watch import GpuWatch
from kit.profiler.journal import Conditions, Journal
from kit.profiler.profile import Finding, HardwareProfile, Memory, ProfiledModel, WayThere
from kit.profiler.series import Series
from kit.profiler.tasks import ClosedLoop, Task, service_curve
from kit.profiler.watch import BUSY_CORES, Watch
from kit.profiler.weights import ModelFolder, architectures, write_config, write_random_model
from kit.record import Basis

_STOPPING_S = 4.0
"""Kept back from the budget for stopping the engine and writing the record."""

_STOPPING_LARGE_S = 12.0
"""The same for an engine of several processes; vLLM takes up to ten seconds."""

NOT_STATED = "not stated"

_PUBLIC_NAMES = {"qwen3-0.6b": "Qwen3-0.6B"}

EngineStarter = Callable[[ModelFolder | None], AbstractContextManager[Server]]
"""Starts an engine on a model folder for the length of a ``with`` block; a server that runs already needs none."""


@dataclass(frozen=True)
class Served:
    """What is served, and where.

    Attributes:
        accelerators: how many of them one replica takes.
        random_weights: ``None`` where nobody here knows.
        dtype: number format, if not the config's.
        started: the kit starts the engine, so it has to know the model's architecture.
        elsewhere: the server runs on another machine, so this one's parts and GPUs say nothing about it.
        accelerator: what it runs on, as the user says; of this machine it is found out.
    """

    accelerators: int = 1
    random_weights: bool | None = True
    dtype: str | None = None
    started: bool = True
    elsewhere: bool = False
    accelerator: str | None = None


def profile_machine(
    *,
    weights_dir: Path,
    out: Path,
    architecture: str = "qwen3-0.6b",
    shapes: Sequence[tuple[int, int]] = ((64, 16),),
    concurrency: Sequence[int] = (1, 2, 4, 8),
    more: Sequence[Task] = (),
    seconds: float = 120.0,
    engine: EngineStarter | None = None,
    weights: bool = True,
    served: Served | None = None,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> HardwareProfile:
    """Measure what this machine does with a model, and write the profile.

    Everything happens within ``seconds``: writing the weights where they are not there yet, starting the engine, all
    points, stopping. The most important points come first, so what a slow machine has no time for is the least
    important, and the profile says so. Where there is time, the least sure points are repeated until all are narrow.

    Args:
        weights_dir: where model folders with random weights are kept between runs.
        out: the profile's file; the profile is called as the file without ``.json``.
        architecture: one of :func:`kit.profiler.weights.architectures`; any name for a server that runs already.
        shapes: prompt and output tokens of the requests, the most important first.
        concurrency: numbers of requests in flight.
        more: what to measure after the service curve: open loops, a trace, the goodput of an objective.
        seconds: the time budget.
        engine: starts the engine; by default ``transformers serve`` on the GPU if there is one, else on the CPU.
        weights: write random weights for the engine; vLLM makes its own from the config.json alone.
        served: what is served, if not random weights as in the config on one accelerator of this machine.
        resume: take over the points that an earlier run of the same engine, model and machine had measured before it
            was stopped.
        on_progress: called with each step, from the calling thread.

    Raises:
        InputError: no such architecture, an impossible shape or concurrency, or a folder that cannot be written.
        EngineError: the engine did not start or died, or no point could be measured; nothing is written.
    """
    served = served or Served()
    tasks: list[Task] = [*service_curve(shapes, concurrency), *more]
    kept_s = _STOPPING_LARGE_S if engine is not None and not served.elsewhere and seconds > 60 else _STOPPING_S
    clock = Clock(seconds, kept_s=kept_s, points=len(tasks), on_progress=on_progress)
    clock.tell("weights", f"writing random weights of {architecture}" if weights else f"writing {architecture}")
    folder = _folder(architecture, weights_dir=weights_dir, weights=weights, served=served)
    if folder is not None:
        _check_lengths(folder, tasks)
    here = read_inventory()
    findings = machine_findings(here)
    clock.tell("engine", "starting the engine" if not served.elsewhere else "asking the server")
    start = engine or _built_in(here, tasks, shared=bool(findings), deadline_s=0.8 * clock.left_s())
    accelerator = served.accelerator or _accelerator(here, served)
    inventory = None if served.elsewhere else here
    with start(folder) as server, Sampler() as sampler:
        way = _way_there(server, clock) if served.elsewhere else None
        series = Series(
            server=server,
            clock=clock,
            journal=Journal(out),
            conditions=Conditions(
                config_sha256=folder.config_sha256 if folder else NOT_STATED,
                engine=" ".join(_engine_words(server, folder)),
                accelerator=accelerator,
            ),
            gpus=GpuWatch(sampler, inventory, used=served.accelerators),
            watch=Watch(server.pid) if server.pid is not None else None,
        )
        series.run(tasks, resume=resume)
        held = server.memory()
        telemetry = series.gpus.telemetry()
    points = series.points
    findings += series.all_findings
    if not any(not point.regime.open_loop for point in points):
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
        model=_model(architecture, folder, served),
        points=points,
        goodput=series.goodput,
        way_there=way,
        memory=_memory(folder, server, held, peak_gib=None if here.gpus else series.peak_gib),
        power_w=max(points, key=lambda point: point.output_tokens_per_s).power_w,
        telemetry=telemetry,
        findings=tuple(dict.fromkeys(findings)),
        notes=_notes(served, on_gpu=bool(here.gpus)),
    )
    profile.write(out)
    series.journal.remove()
    clock.tell("done", f"{len(series.results)} of {len(tasks)} points measured", done=len(tasks))
    return profile


def _folder(architecture: str, *, weights_dir: Path, weights: bool, served: Served) -> ModelFolder | None:
    """Return the model's folder; ``None`` for a server that runs already, of whose model the kit has no config."""
    if not served.started and architecture not in architectures() and not architecture.endswith(".json"):
        return None
    return (write_random_model if weights else write_config)(architecture, weights_dir=weights_dir)


def _accelerator(here: Inventory, served: Served) -> str:
    if served.elsewhere:
        return NOT_STATED
    return accelerator_name(here.gpus[0]) if here.gpus else "CPU"


def _way_there(server: Server, clock: Clock) -> WayThere:
    """Return how much of the latency is the network's; a server that does not answer ends the sweep here."""
    clock.tell("engine", "measuring the way to the server")
    return measure_way_there(server, seconds=max(5.0, min(60.0, 0.2 * clock.left_s())))


def machine_findings(inventory: Inventory, *, seconds: float = 0.5) -> list[Finding]:
    """Return what would spoil a measurement before it starts: somebody else is using the processor.

    Args:
        inventory: the machine.
        seconds: how long to look.
    """
    import psutil

    busy = psutil.cpu_percent(interval=seconds) / 100 * (psutil.cpu_count() or 1)
    if busy <= max(BUSY_CORES, 0.1 * inventory.cpu.cores):
        return []
    load = os.getloadavg()[0]
    evidence = f"{busy:.1f} cores in use and a load average of {load:.1f} before the engine was started"
    return [Finding(what="the machine was busy with something else", evidence=evidence)]


def _check_lengths(folder: ModelFolder, tasks: Sequence[Task]) -> None:
    longest = int(folder.config["max_position_embeddings"])
    for task in tasks:
        if task.longest > longest:
            raise InputError(f"{task.label} is longer than the {longest} tokens of {folder.architecture}")


def _built_in(inventory: Inventory, tasks: Sequence[Task], *, shared: bool, deadline_s: float) -> EngineStarter:
    """Return the starter of ``transformers serve`` with a KV cache that holds the largest point one and a half times.

    Each request also gets a page of slack, since a page is not shared. On a shared machine its threads yield.
    """
    most = max(task.concurrency for task in tasks if isinstance(task, ClosedLoop))
    tokens = most * (1.5 * max(task.longest for task in tasks) + 256)
    device = "cuda" if inventory.gpus else "cpu"

    def start(folder: ModelFolder | None) -> AbstractContextManager[Server]:
        if folder is None:
            raise EngineError("the built-in engine needs a model to serve")
        return transformers_serve(
            folder,
            device=device,
            cores=inventory.cpu.cores,
            yielding=shared,
            cache_tokens=round(tokens),
            deadline_s=deadline_s,
        )

    return start


def _model(architecture: str, folder: ModelFolder | None, served: Served) -> ProfiledModel:
    if folder is None:
        return ProfiledModel(
            name=architecture,
            architecture=NOT_STATED,
            dtype=served.dtype or NOT_STATED,
            random_weights=served.random_weights,
        )
    stated = folder.config.get("dtype") or folder.config.get("torch_dtype")
    return ProfiledModel(
        name=_PUBLIC_NAMES.get(folder.architecture, folder.architecture),
        architecture=folder.architecture,
        dtype=served.dtype or str(stated or NOT_STATED),
        config_sha256=folder.config_sha256,
        random_weights=served.random_weights,
    )


def _engine_words(server: Server, folder: ModelFolder | None) -> tuple[str, ...]:
    """Return what a result depends on besides the machine; the kit's own engines have the model's folder as name."""
    model = () if folder is not None and server.pid is not None else (server.model,)
    return (server.engine.name, server.engine.version or "", *model, *server.engine.command)


def _memory(folder: ModelFolder | None, server: Server, held: EngineMemory, *, peak_gib: float | None) -> Memory:
    """Return the memory of the replica: what the engine says, else what files and processes tell."""
    files_gib = folder.weights_bytes / 2**30 if folder is not None and folder.weights_bytes else None
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


def _notes(served: Served, *, on_gpu: bool) -> tuple[str, ...]:
    weights = ("random weights: speed and memory hold, answers do not",) if served.random_weights else ()
    if served.elsewhere:
        return (*weights, "the server runs on another machine; latencies hold the way there")
    load = ("closed loop over loopback; the first request of each slot is warm-up and is cut",)
    memory = ("memory.peak_gib is the resident memory of the engine's processes, sampled five times a second",)
    return weights + load + (() if on_gpu else memory)
