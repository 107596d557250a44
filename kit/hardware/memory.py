"""Does a model fit: weights, KV cache and what the engine needs beside them, against what the GPUs give.

needed = weights + KV cache + activations + runtime + graphs, per GPU of a tensor-parallel group;
available = memory that the driver reports × share that the engine takes (vLLM's ``gpu_memory_utilization``).

Where ``needed`` is within 8 % of ``available`` the answer is "measure it": over the published measurements in
``tests/hardware/memory_evidence.csv`` the prediction is off by 0.8 % at the median, but engines differ in what they
keep for themselves, and a few hundred MiB decide at the edge.

The allowance is that of vLLM with its defaults; a smaller ``--max-num-seqs`` or ``--max-num-batched-tokens`` lowers it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from kit.errors import InputError, one_of
from kit.facts.architectures import Architecture, Attention, FeedForward, LatentAttention, Mixer, Recurrent
from kit.facts.engine_memory import GIB, engine_memory, usable_memory_gib
from kit.facts.gpus import accelerator
from kit.hardware.kv_cache import ELEMENT_BYTES, request_bytes, token_bytes
from kit.hardware.quantisation import dtype_of, scheme_of, weight_bytes
from kit.record import Part

Verdict = Literal["fits", "does not fit", "measure it"]

EDGE = 0.08
"""Share of the available memory within which the answer is "measure it"."""
USUAL_CONTEXT = 8192
"""Tokens of prompt and output for which the question is answered unless the user says otherwise."""
GROUPS = (1, 2, 4, 8)
"""Sizes of tensor-parallel groups that are tried."""
_MOST_CONCURRENT = 65536


class Fit(Part):
    """Whether a model fits, and the memory it needs as several numbers, each per GPU.

    Attributes:
        model: name of the architecture.
        accelerator: name in the kit's table.
        gpus: GPUs of the tensor-parallel group.
        dtype: of what is not quantised.
        quantisation: of the weights; ``none`` where they are not quantised.
        kv_dtype: of the cache; ``auto`` is the model's.
        context_tokens: prompt and output of one request together.
        concurrency: requests that are served at the same time.
        weights_gib: weights.
        kv_cache_gib: cache of ``concurrency`` requests of that context, one of them still reading its prompt.
        activations_gib: activations while prompts are read, or the sampler's memory where that is more.
        runtime_gib: CUDA context, libraries, allocator slack.
        graphs_gib: captured CUDA graphs.
        needed_gib: all of it.
        usable_gib: what the driver reports.
        available_gib: what the engine takes of it.
        verdict: ``fits``, ``does not fit``, or ``measure it`` within 8 % of the edge.
        most_concurrent: most requests of that context that ``available_gib`` holds; 0 where none.
        longest_context_tokens: longest context that it holds for ``concurrency`` requests, at most the model's; 0
            where none.
        kv_bytes_per_token: by which a request grows on each GPU per token, as long as no sliding window is full.
        allowance_source: where ``runtime_gib``, ``graphs_gib`` and the activations come from.
        usable_source: who says ``usable_gib``.
    """

    model: str
    accelerator: str
    gpus: int
    dtype: str
    quantisation: str
    kv_dtype: str
    context_tokens: int
    concurrency: int
    weights_gib: float
    kv_cache_gib: float
    activations_gib: float
    runtime_gib: float
    graphs_gib: float
    needed_gib: float
    usable_gib: float
    available_gib: float
    verdict: Verdict
    most_concurrent: int
    longest_context_tokens: int
    kv_bytes_per_token: int
    allowance_source: str
    usable_source: str


def fit(
    architecture: Architecture,
    accelerator_name: str,
    *,
    gpus: int = 1,
    dtype: str | None = None,
    quantisation: str | None = None,
    kv_dtype: str = "auto",
    context_tokens: int | None = None,
    concurrency: int = 1,
) -> Fit:
    """Return whether a model fits on a tensor-parallel group of equal GPUs.

    Args:
        architecture: the model.
        accelerator_name: as in ``tables/gpus.csv``.
        gpus: GPUs of the group.
        dtype: of what is not quantised; the published one unless told.
        quantisation: of the weights; the publisher's unless told.
        kv_dtype: of the cache.
        context_tokens: prompt and output of one request; 8192, or the model's longest if that is shorter, unless told.
        concurrency: requests at the same time.

    Raises:
        InputError: something is not known, is out of bounds, or the heads cannot be split over the GPUs.
    """
    accelerator(accelerator_name)
    context = usual_context(architecture) if context_tokens is None else context_tokens
    _check(architecture, gpus=gpus, context_tokens=context, concurrency=concurrency)
    plain = dtype_of(architecture, dtype)
    scheme = scheme_of(architecture, quantisation)
    usable = usable_memory_gib(accelerator_name)
    available = usable.value * _figure("utilisation")
    batch = batch_tokens(accelerator_name, usable.value)
    weights = weight_bytes(architecture, dtype=dtype, quantisation=quantisation, gpus=gpus) / GIB
    runtime, graphs = _figure("runtime_gib"), _figure("graphs_gib")

    def cache(requests: int, tokens: int) -> float:
        reading = request_bytes(architecture, tokens, kv_dtype=kv_dtype, gpus=gpus, in_flight_tokens=batch)
        writing = request_bytes(architecture, tokens, kv_dtype=kv_dtype, gpus=gpus)
        return (reading + (requests - 1) * writing) / GIB

    def activations(requests: int) -> float:
        sampled = max(requests, batch_requests(accelerator_name, usable.value))
        return activation_bytes(architecture, batch, requests=sampled, gpus=gpus, dtype=plain) / GIB

    def needed(requests: int, tokens: int) -> float:
        return weights + cache(requests, tokens) + activations(requests) + runtime + graphs

    total = needed(concurrency, context)
    return Fit(
        model=architecture.name,
        accelerator=accelerator_name,
        gpus=gpus,
        dtype=plain,
        quantisation="none" if scheme is None else scheme.name,
        kv_dtype=kv_dtype,
        context_tokens=context,
        concurrency=concurrency,
        weights_gib=weights,
        kv_cache_gib=cache(concurrency, context),
        activations_gib=activations(concurrency),
        runtime_gib=runtime,
        graphs_gib=graphs,
        needed_gib=total,
        usable_gib=usable.value,
        available_gib=available,
        verdict=verdict_of(total, available),
        most_concurrent=_largest(lambda count: needed(count, context) <= available, _MOST_CONCURRENT),
        longest_context_tokens=_largest(
            lambda tokens: needed(concurrency, tokens) <= available, architecture.context_tokens
        ),
        kv_bytes_per_token=token_bytes(architecture, kv_dtype=kv_dtype, gpus=gpus),
        allowance_source="; ".join(
            engine_memory(key).figure.source for key in ("runtime_gib", "graphs_gib", "activation_mlp", "sampler_bytes")
        ),
        usable_source=usable.source,
    )


def fewest_gpus(
    architecture: Architecture,
    accelerator_name: str,
    *,
    dtype: str | None = None,
    quantisation: str | None = None,
    kv_dtype: str = "auto",
    context_tokens: int | None = None,
    concurrency: int = 1,
) -> Fit:
    """Return the answer for the smallest group of 1, 2, 4 or 8 GPUs that fits; the largest that splits if none does.

    Args:
        architecture: the model.
        accelerator_name: as in ``tables/gpus.csv``.
        dtype: as in :func:`fit`, as the others.
        quantisation: of the weights.
        kv_dtype: of the cache.
        context_tokens: prompt and output of one request.
        concurrency: requests at the same time.

    Raises:
        InputError: as :func:`fit`.
    """
    tried = [
        fit(
            architecture,
            accelerator_name,
            gpus=gpus,
            dtype=dtype,
            quantisation=quantisation,
            kv_dtype=kv_dtype,
            context_tokens=context_tokens,
            concurrency=concurrency,
        )
        for gpus in GROUPS
        if gpus in splits(architecture)
    ]
    return next((each for each in tried if each.verdict == "fits"), tried[-1])


def usual_context(architecture: Architecture) -> int:
    """Return the context for which the question is answered unless the user says otherwise, in tokens."""
    return min(USUAL_CONTEXT, architecture.context_tokens)


def verdict_of(needed_gib: float, available_gib: float) -> Verdict:
    """Return the verdict: within 8 % of what is available, on either side, only a measurement tells.

    Args:
        needed_gib: memory that is needed.
        available_gib: memory that there is.
    """
    if needed_gib < (1 - EDGE) * available_gib:
        return "fits"
    return "does not fit" if needed_gib > (1 + EDGE) * available_gib else "measure it"


def batch_tokens(accelerator_name: str, usable_gib: float) -> int:
    """Return how many tokens of prompts vLLM's server reads at once unless told: it goes by the GPU's memory.

    Args:
        accelerator_name: as in ``tables/gpus.csv``.
        usable_gib: what the driver reports.
    """
    if usable_gib >= 160:
        return int(_figure("batch_tokens_large"))
    if usable_gib >= 70 and "A100" not in accelerator_name:
        return int(_figure("batch_tokens"))
    return int(_figure("batch_tokens_small"))


def batch_requests(accelerator_name: str, usable_gib: float) -> int:
    """Return for how many requests at once vLLM's server keeps room in the sampler unless told.

    Args:
        accelerator_name: as in ``tables/gpus.csv``.
        usable_gib: what the driver reports.
    """
    large = usable_gib >= 70 and "A100" not in accelerator_name
    return int(_figure("batch_requests" if large else "batch_requests_small"))


def activation_bytes(
    architecture: Architecture, tokens: int, *, requests: int = 1, gpus: int = 1, dtype: str = "bfloat16"
) -> int:
    """Return the bytes of activations at the peak of a step, on one GPU: of the layers or of the sampler after them.

    Layers: tokens × bytes × (3 × width of the widest layer ÷ GPUs + 4 × hidden). A mixture of experts is as wide as the
    experts that work on a token together, and keeps one output for each of them. Sampler: requests × vocabulary × 40
    bytes, on every GPU. The factors and their sources are in ``tables/engine_memory.csv``.

    Args:
        architecture: the model.
        tokens: that pass through a layer at once: the whole prompt, or the part that the engine reads per step.
        requests: whose next token is sampled in the step.
        gpus: GPUs of the tensor-parallel group.
        dtype: of the activations.
    """
    widest = max(_mixer_width(group) for group in architecture.mixers)
    copies = 0
    for layer in architecture.feed_forwards:
        widest = max(widest, _feed_forward_width(layer))
        copies = max(copies, layer.experts_per_token * (layer.expert_hidden or architecture.hidden))
    per_token = _figure("activation_mlp") * widest / gpus + copies + _figure("activation_hidden") * architecture.hidden
    sampler = requests * _figure("sampler_bytes") * architecture.vocab
    return round(max(tokens * ELEMENT_BYTES[dtype] * per_token, sampler))


def splits(architecture: Architecture) -> tuple[int, ...]:
    """Return the sizes up to 64 of tensor-parallel groups over which the model's heads can be split evenly."""
    return tuple(gpus for gpus in range(1, 65) if all(group.heads % gpus == 0 for group in architecture.mixers))


def _mixer_width(group: Mixer) -> int:
    match group:
        case Attention():
            return (group.heads + group.kv_heads) * group.head_dim
        case LatentAttention():
            return group.heads * (group.nope_dim + group.rope_dim)
        case Recurrent():
            return group.heads * group.head_dim + 2 * group.groups * group.state_dim


def _feed_forward_width(layer: FeedForward) -> int:
    return max(layer.intermediate + layer.shared_intermediate, layer.experts_per_token * layer.expert_intermediate)


def _check(architecture: Architecture, *, gpus: int, context_tokens: int, concurrency: int) -> None:
    if gpus not in splits(architecture):
        allowed = [str(each) for each in GROUPS if each in splits(architecture)]
        raise InputError(
            f"{architecture.name} cannot be split over {gpus} GPUs: its heads do not divide ({one_of(allowed)} work)"
        )
    if not 1 <= context_tokens <= architecture.context_tokens:
        raise InputError(
            f"a context of {context_tokens} tokens: {architecture.name} takes 1 to {architecture.context_tokens}"
        )
    if not 1 <= concurrency <= _MOST_CONCURRENT:
        raise InputError(f"a concurrency of {concurrency}: 1 to {_MOST_CONCURRENT} requests are understood")


def _figure(key: str) -> float:
    return engine_memory(key).figure.value


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest number up to ``most`` for which a monotone condition holds; 0 where it holds for none."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
