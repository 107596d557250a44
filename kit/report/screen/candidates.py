"""What can be measured on this machine: the engines that are here, and for each model whether it fits, and why not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from kit.errors import EngineError, InputError
from kit.facts.architectures import Architecture
from kit.facts.engine_memory import GIB
from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import Inventory
from kit.hardware.kv_cache import token_bytes
from kit.hardware.memory import GROUPS, Verdict, fit, splits, verdict_of
from kit.hardware.quantisation import weight_bytes
from kit.profiler.vllm_engine import find_vllm
from kit.profiler.weights import architecture_config, architectures, public_name
from kit.report.fit import read_model
from kit.report.profiles import cache_folder
from kit.report.screen.sweep_run import Job
from kit.report.words import number

BUILT_IN, VLLM = "transformers", "vllm"

_GPU_SHAPES, _GPU_LOADS = ((512, 128), (2048, 256)), (1, 2, 4, 8, 16, 32, 64)
"""What ``tools/profile_gpu.sh`` sends to a GPU."""

_LONGEST = 4096
"""Tokens of a request for which vLLM keeps memory: more than the longest shape, and less than the models' own."""

_CPU_ENGINE_GIB = 0.7
"""What the built-in engine holds on a CPU besides weights and cache: 0.64 GiB in ``cpu-2-core-qwen3-0.6b.json``."""

_CPU_CACHE_GIB = 2.0
"""Cache that the kit gives vLLM on a CPU."""


@dataclass(frozen=True)
class Candidate:
    """A model, and whether it can be measured here.

    Attributes:
        model: an architecture of the kit, or the path of a config.json.
        verdict: whether it fits.
        why: the memory that it needs and that there is, in words.
        gpus: that share it.
    """

    model: str
    verdict: Verdict
    why: str
    gpus: int = 1

    @property
    def label(self) -> str:
        """How a list shows it."""
        group = f" on {self.gpus} GPUs" if self.gpus > 1 else ""
        return f"{public_name(self.model)}{group}: {self.verdict}, {self.why}"


def engines(inventory: Inventory) -> dict[str, str]:
    """Return the engines that are installed here, the best first: its name, by what a list shows.

    Args:
        inventory: the machine; vLLM is the first choice on a GPU, and the last where there is none.
    """
    found = {"built-in (transformers)": BUILT_IN} if all(map(find_spec, ("torch", "transformers"))) else {}
    program = vllm_program()
    if program is None or (inventory.gpus and _built_for_cpus(program)):
        return found
    return {"vLLM": VLLM} | found if inventory.gpus else found | {"vLLM": VLLM}


def vllm_program() -> str | None:
    """Return vLLM's executable, also of the clone in whose folder of notebooks one is; ``None`` if there is none."""
    try:
        return str(find_vllm())
    except EngineError:
        return shutil.which(str(Path("..", ".venv-vllm", "bin", "vllm").absolute()))
    except InputError:
        return None  # $KIT_VLLM names no program


def _built_for_cpus(program: str) -> bool:
    """Tell whether a vLLM is the build without GPUs; ``tools/engine.sh`` notes which one it has installed."""
    note = Path(program).parent.parent / ".engine"
    return note.is_file() and note.read_text(encoding="utf-8").strip().endswith("cpu")


def known_models(wanted: str = "") -> tuple[str, ...]:
    """Return the models that can be chosen, the smallest first.

    Args:
        wanted: one more: the path of a config.json.

    Raises:
        InputError: it is neither one of the kit's nor a config.json.
    """
    if wanted:
        architecture_config(wanted)
    names = sorted(architectures(), key=lambda name: weight_bytes(_architecture(name)))
    return (*names, *((wanted,) if wanted and wanted not in names else ()))


def candidates(inventory: Inventory, engine: str, models: Sequence[str]) -> tuple[Candidate, ...]:
    """Return for each model whether it fits this machine with an engine.

    Args:
        inventory: the machine.
        engine: one of :func:`engines`.
        models: of :func:`known_models`.
    """
    judge = _on_gpus if inventory.gpus else _on_cpu
    return tuple(judge(inventory, engine, model) for model in models)


def job(candidate: Candidate, inventory: Inventory, *, engine: str, seconds: float, out: Path) -> Job:
    """Return the sweep of a model that fits.

    Args:
        candidate: the model.
        inventory: the machine, which decides what is sent.
        engine: what serves.
        seconds: the time budget.
        out: folder of the profiles.
    """
    # Each engine has a file of its own; the built-in one's is that of the command line.
    suffix = f"-{VLLM}" if engine == VLLM else ""
    found = Job(
        model=candidate.model,
        out=str((out / f"{public_name(candidate.model)}{suffix}.json").absolute()),
        engine=engine,
        gpus=candidate.gpus,
        seconds=seconds,
    )
    if engine == VLLM:
        found = replace(found, executable=vllm_program(), longest=_LONGEST)
    return replace(found, shapes=_GPU_SHAPES, concurrency=_GPU_LOADS) if inventory.gpus else found


def in_a_line(inventory: Inventory) -> str:
    """Return what is in a machine, in one line.

    Args:
        inventory: the machine.
    """
    names = [accelerator_name(gpu) for gpu in inventory.gpus]
    gpus = [f"{names.count(name)} × {name}" for name in dict.fromkeys(names)] or ["no NVIDIA GPU"]
    cores = f"{inventory.cpu.model}, {inventory.cpu.cores} cores, {number(inventory.memory_gib)} GiB of memory"
    return f"{', '.join(gpus)}; {cores}"


def _architecture(model: str) -> Architecture:
    """Return what is known of a model from the config.json that is served."""
    if model.endswith(".json"):
        return read_model(model)
    return read_model(str(files("kit.profiler").joinpath("architectures", f"{model}.json")))


def _on_cpu(inventory: Inventory, engine: str, model: str) -> Candidate:
    known = _architecture(model)
    weights = weight_bytes(known) / GIB
    plan = Job(model, "")
    longest = max(prompt + output for prompt, output in plan.shapes)
    cache = max(plan.concurrency) * (1.5 * longest + 256) * token_bytes(known) / GIB
    needed = weights + (_CPU_CACHE_GIB if engine == VLLM else cache) + _CPU_ENGINE_GIB
    return _beside_the_disk(_candidate(model, needed, inventory.memory_gib), engine, weights)


def _on_gpus(inventory: Inventory, engine: str, model: str) -> Candidate:
    """Return the answer for the fewest alike GPUs that hold a model; the built-in engine takes one."""
    known, first = _architecture(model), inventory.gpus[0]
    alike = sum(gpu.name == first.name for gpu in inventory.gpus)
    memory = first.memory_gib or inventory.memory_gib
    most = alike if engine == VLLM and alike == len(inventory.gpus) else 1
    if first.mig:
        # A process gets one instance, the first.
        instance = re.search(r"\d+g\.(\d+)gb", " ".join(first.mig_instances))
        most, memory = 1, float(instance[1]) if instance else 0.0
    tried = []
    for gpus in (count for count in GROUPS if count <= most and count in splits(known)):
        needed, share = _on_a_card(known, accelerator_name(first), memory, gpus)
        tried.append(_candidate(model, needed, memory * share, gpus=gpus))
    best = next((one for wanted in ("fits", "measure it") for one in tried if one.verdict == wanted), tried[-1])
    return _beside_the_disk(best, engine, weight_bytes(known) / GIB)


def _on_a_card(known: Architecture, name: str, memory_gib: float, gpus: int) -> tuple[float, float]:
    """Return the memory that a model needs on each GPU, in GiB, and the share of it that the engine takes.

    It differs little from card to card, so one that the kit does not know is judged by a known one.
    """
    context = min(_LONGEST, known.context_tokens)
    try:
        one = fit(known, name, gpus=gpus, context_tokens=context)
    except InputError:
        similar = "H100 SXM" if memory_gib >= 70 else "L40S"
        one = fit(known, similar, gpus=gpus, context_tokens=context)
    return one.needed_gib, one.available_gib / one.usable_gib


def _candidate(model: str, needed_gib: float, available_gib: float, *, gpus: int = 1) -> Candidate:
    verdict, each = verdict_of(needed_gib, available_gib), " each" if gpus > 1 else ""
    needed, there = number(needed_gib), number(available_gib)
    why = f"{needed} of {there} GiB{each}" if verdict == "fits" else f"needs {needed} GiB{each}, there are {there}"
    return Candidate(model, verdict, why, gpus)


def _beside_the_disk(found: Candidate, engine: str, weights_gib: float) -> Candidate:
    """Return a candidate that also counts the disk: the built-in engine reads its random weights from there."""
    folder = cache_folder()
    if engine != BUILT_IN or found.verdict == "does not fit" or any(folder.glob(f"{public_name(found.model)}-*")):
        return found
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free_gib = shutil.disk_usage(there).free / GIB
    if free_gib > weights_gib:
        return found
    why = f"its weights take {number(weights_gib)} GiB of disk, {number(free_gib)} GiB are free"
    return replace(found, verdict="does not fit", why=why)
