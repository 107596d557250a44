"""What fills the memory of the accelerators that the plan has: measured where a profile says so, else predicted."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from kit.errors import InputError
from kit.facts.architectures import architecture
from kit.facts.engine_memory import engine_memory, usable_memory_gib
from kit.facts.gpus import accelerators
from kit.figures import decimal, joined, listed
from kit.hardware.memory import Fit, fit
from kit.hardware.quantisation import dtype_of, scheme_of
from kit.profiler.profile import HardwareProfile
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.dossier import MemoryUse
from kit.strategy.options import Pool
from kit.strategy.placing import load_of
from kit.wording import fixed, say

_ALLOWANCES = ("runtime_gib", "graphs_gib", "activation_mlp", "activation_hidden", "sampler_bytes", "utilisation")
_PARTS = {
    "activations_gib": fixed("activations"),
    "graphs_gib": fixed("graphs"),
    "other_gib": fixed("the runtime"),
}


@dataclass(frozen=True)
class _Used:
    """A pool of the plan with what it serves.

    Attributes:
        pool: the option.
        label: its name in the verdict.
        tokens: mean prompt and output of the requests that are in flight at the same time.
        longest: the longest of these means among its workloads.
        context: the longest request that one of them asks for; ``None`` where none says.
    """

    pool: Pool
    label: str
    tokens: float
    longest: float
    context: float | None


def memory(case: Case) -> tuple[MemoryUse, ...]:
    """Return what fills the accelerators of each pool of the recommended plan.

    A pool is left out where it has no accelerator, where too little is known, and where the prediction says that it
    would not fit: then nothing is true but the doubt.
    """
    found = (_measured(used) if _is_measured(used) else _predicted(used) for used in _pools(case))
    return tuple(use for use in found if use is not None)


def _pools(case: Case) -> list[_Used]:
    """Return the pools with accelerators that serve anything.

    Of the requests in flight each workload has a part that goes by its rate and by how long a request stays (Little),
    which on one pool goes by its replica-seconds.
    """
    choice, load = case.choice, load_of(case.best).sum(axis=(0, 3))
    tokens = np.array([item.tokens_per_request for item in choice.demand.workloads])
    found = []
    for p, row in zip(np.flatnonzero(case.best.plan.used), case.verdict.pools, strict=True):
        here = load[:, p]
        if here.sum() > 0 and choice.pools[p].profile.accelerator in accelerators():
            mean = float(here @ tokens / here.sum())
            asked = [choice.workloads[w].context_tokens for w in np.flatnonzero(here > 0)]
            context = max((one.value for one in asked if one is not None), default=None)
            found.append(_Used(choice.pools[p], row.label, mean, float(tokens[here > 0].max()), context))
    return found


def _is_measured(used: _Used) -> bool:
    """Tell whether the profile knows both weights and cache; half of it says nothing of what is free."""
    held = used.pool.profile.memory
    return held.weights_gib is not None and held.kv_cache_gib is not None


def _measured(used: _Used) -> MemoryUse | None:
    """Return what the profile holds, by accelerator; ``None`` where that is more than there is."""
    profile = used.pool.profile
    held, share = profile.memory, profile.accelerators
    parts = {name: getattr(held, name) for name in _PARTS}
    unknown = [_PARTS[name] for name, value in parts.items() if value is None]
    weights, cache = (held.weights_gib or 0.0) / share, (held.kv_cache_gib or 0.0) / share
    other = sum(value for value in parts.values() if value is not None) / share
    total, where = _total(profile)
    notes = [where] + ([say("The profile does not hold {parts}.", parts=listed(unknown))] if unknown else [])
    return _use(
        used,
        total=total,
        weights=weights,
        kv_cache=cache,
        other=other,
        basis=profile.basis,
        source=profile.source,
        date=profile.date,
        note=_one(notes),
    )


def _total(profile: HardwareProfile) -> tuple[float, str]:
    """Return the memory of one accelerator in GiB, and in words where it is not that of the machine itself."""
    gpus = profile.inventory.gpus if profile.inventory is not None else ()
    reported = [gpu.memory_gib for gpu in gpus if gpu.memory_gib is not None]
    if reported:
        return min(reported), ""
    known = usable_memory_gib(profile.accelerator)
    return known.value, say("What a driver reports of such an accelerator: {source}.", source=known.source)


def _predicted(used: _Used) -> MemoryUse | None:
    """Return what the kit's memory model gives for the requests in flight; ``None`` if it cannot or it does not fit."""
    try:
        found = _fit(used)
    except InputError:
        return None
    if found is None or found.verdict == "does not fit":
        return None
    usable = usable_memory_gib(found.accelerator)
    date = min(usable.date, *(engine_memory(key).figure.date for key in _ALLOWANCES))
    return _use(
        used,
        total=found.usable_gib,
        weights=found.weights_gib,
        kv_cache=found.kv_cache_gib,
        other=found.activations_gib + found.runtime_gib + found.graphs_gib,
        basis=Basis.PREDICTED,
        source=joined(["kit fit", found.usable_source, "kit/facts/tables/engine_memory.csv"]),
        date=date,
        note=_note(used, found),
    )


def _fit(used: _Used) -> Fit | None:
    """Return the prediction at the pool's concurrency; at saturated load with as many requests as the memory holds."""
    profile, model = used.pool.profile, architecture(used.pool.profile.model.architecture)
    dtype, quantisation = _format(profile)
    context = min(math.ceil(used.tokens), model.context_tokens)

    def at(concurrency: int) -> Fit:
        return fit(
            model,
            profile.accelerator,
            gpus=profile.accelerators,
            dtype=dtype,
            quantisation=quantisation,
            context_tokens=context,
            concurrency=concurrency,
        )

    if used.pool.level is not None:
        return at(used.pool.level)
    most = at(1).most_concurrent
    return at(most) if most else None


def _format(profile: HardwareProfile) -> tuple[str | None, str]:
    """Return the number format of what is not quantised, and the quantisation.

    Raises:
        InputError: neither is known by the profile's word for it.
    """
    model = architecture(profile.model.architecture)
    try:
        scheme = scheme_of(model, profile.model.dtype)
    except InputError:
        return dtype_of(model, profile.model.dtype), "none"
    return None, "none" if scheme is None else scheme.name


def _note(used: _Used, found: Fit) -> str:
    mean, requests = decimal(found.context_tokens), decimal(found.concurrency)
    notes = [
        say(
            "For {requests} requests in flight of {tokens} tokens, the mean of the work that it serves.",
            requests=requests,
            tokens=mean,
        )
        if used.pool.level is not None
        else say(
            "The profile is of saturated load: for {requests} requests in flight of {tokens} tokens, the mean of the "
            "work that it serves, which is as many as the memory holds.",
            requests=requests,
            tokens=mean,
        )
    ]
    if math.ceil(used.longest) > found.context_tokens:
        longest = decimal(used.longest)
        notes.append(
            say(
                "The longest mean request of a workload has {tokens} tokens and takes more; requests of up to "
                "{context} are asked for and take more still.",
                tokens=longest,
                context=decimal(used.context),
            )
            if used.context is not None and used.context > used.longest
            else say("The longest mean request of a workload has {tokens} tokens and takes more.", tokens=longest)
        )
    elif used.context is not None and used.context > found.context_tokens:
        notes.append(
            say("Requests of up to {context} tokens are asked for and take more.", context=decimal(used.context))
        )
    if found.verdict == "measure it":
        notes.append(fixed("So near to the edge only a measurement tells whether it fits."))
    if used.pool.profile.engine.name.casefold() != "vllm":
        notes.append(
            say(
                "What the engine needs beside weights and cache is that of vLLM; the profile is of {engine}.",
                engine=used.pool.profile.engine.name,
            )
        )
    return _one(notes)


def _one(notes: list[str]) -> str:
    notes = [note for note in notes if note]
    return joined(notes, " ") if notes else ""


def _use(
    used: _Used,
    *,
    total: float,
    weights: float,
    kv_cache: float,
    other: float,
    basis: Basis,
    source: str,
    date: dt.date,
    note: str,
) -> MemoryUse | None:
    """Return the row; ``None`` where the parts are more than there is."""
    free = total - weights - kv_cache - other
    if free < 0:
        return None
    return MemoryUse(
        pool=used.label,
        accelerator=used.pool.profile.accelerator,
        total=total,
        weights=weights,
        kv_cache=kv_cache,
        other=other,
        free=free,
        basis=basis,
        source=source,
        date=date,
        note=note,
    )
