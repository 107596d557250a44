"""How many bytes a request keeps on a GPU while it is served: keys and values, or a state of constant size.

The formulas are those of vLLM's KV-cache specifications (``vllm/v1/kv_cache_interface.py``, version 0.32.0:
``FullAttentionSpec``, ``SlidingWindowSpec``, ``ChunkedLocalAttentionSpec``, ``MLAAttentionSpec``, ``MambaSpec``, and
``MambaStateShapeCalculator`` for the state), equal to them byte for byte: ``tests/hardware/test_kv_cache.py``.
"""

from __future__ import annotations

from typing import Literal

from kit.errors import InputError, one_of
from kit.facts.architectures import Architecture, Attention, Dtype, LatentAttention, Mixer, Recurrent

KvDtype = Literal["auto", "fp8", "bfloat16", "float16", "float32"]

ELEMENT_BYTES = {"fp8": 1, "bfloat16": 2, "float16": 2, "float32": 4}
BLOCK_TOKENS = 16
"""Tokens per block of the cache; vLLM's default."""


def kv_element_bytes(architecture: Architecture, kv_dtype: str = "auto") -> int:
    """Return the bytes of one number in the cache.

    Args:
        architecture: the model; its dtype counts where ``kv_dtype`` is ``auto``.
        kv_dtype: ``auto``, ``fp8`` (one scale per tensor, not counted), ``bfloat16``, ``float16`` or ``float32``.

    Raises:
        InputError: there is no such dtype.
    """
    wanted = architecture.dtype if kv_dtype == "auto" else kv_dtype
    if wanted not in ELEMENT_BYTES:
        raise InputError(f'"{kv_dtype}" is no dtype of the KV cache: {one_of(["auto", *ELEMENT_BYTES])}')
    return ELEMENT_BYTES[wanted]


def block_bytes(
    group: Mixer, *, element_bytes: int, gpus: int = 1, block_tokens: int = BLOCK_TOKENS, dtype: Dtype = "bfloat16"
) -> int:
    """Return the bytes of one block of one layer on one GPU; of the whole state where the layer is recurrent.

    Attention: tokens × KV heads per GPU × (key + value) × bytes. KV heads are split over the GPUs until one is left per
    GPU, which then every further GPU holds too. Latent attention: tokens × (``kv_lora_rank`` + ``rope_dim``) × bytes,
    once for all heads and whole on every GPU. Recurrent: heads × ``head_dim`` × ``state_dim`` in ``state_dtype``, and
    (``conv_kernel`` − 1) × (heads × ``head_dim`` + 2 × groups × ``state_dim``) in ``dtype``, both split.

    Args:
        group: layers of one kind.
        element_bytes: of one number in the cache (:func:`kv_element_bytes`); a recurrent state keeps its own dtype.
        gpus: GPUs of the tensor-parallel group.
        block_tokens: tokens per block.
        dtype: of the model's activations.
    """
    match group:
        case Attention():
            kv_heads = max(1, group.kv_heads // gpus)
            return block_tokens * kv_heads * (group.head_dim + group.value_dim) * element_bytes
        case LatentAttention():
            return block_tokens * (group.kv_lora_rank + group.rope_dim) * element_bytes
        case Recurrent():
            groups = group.groups
            if group.kind == "mamba2" and groups % gpus:
                # A group that serves heads on several GPUs is copied to them (extra_groups_for_head_shards).
                groups += gpus - groups
            channels = (group.heads * group.head_dim + 2 * groups * group.state_dim) // gpus
            state = group.heads // gpus * group.head_dim * group.state_dim
            return (group.conv_kernel - 1) * channels * ELEMENT_BYTES[dtype] + state * ELEMENT_BYTES[group.state_dtype]


def index_block_bytes(group: LatentAttention, *, block_tokens: int = BLOCK_TOKENS) -> int:
    """Return the bytes of one block of one indexer of sparse attention: 8-bit keys, a 4-byte scale per 128 of them.

    Args:
        group: layers of latent attention.
        block_tokens: tokens per block.
    """
    return block_tokens * (group.index_dim + group.index_dim // 128 * 4)


def blocks(group: Mixer, context_tokens: int, *, in_flight_tokens: int = 1, block_tokens: int = BLOCK_TOKENS) -> int:
    """Return how many blocks one layer keeps for one request, at most.

    Full and latent attention keep every token; a sliding window keeps the ``window`` − 1 tokens before those in flight,
    and one block more since it seldom begins at the edge of one; a chunk keeps itself and the tokens in flight; a
    recurrent layer keeps one state.

    Args:
        group: layers of one kind.
        context_tokens: prompt and output of the request together.
        in_flight_tokens: tokens of the request that are scheduled at once: 1 while it writes, up to the batch while
            its prompt is read.
        block_tokens: tokens per block.
    """
    if isinstance(group, Recurrent):
        return 1
    if isinstance(group, Attention) and group.window:
        if group.kind == "sliding":
            kept = min(group.window - 1 + in_flight_tokens, context_tokens)
            return -(-kept // block_tokens) + 1
        return -(-min(group.window + in_flight_tokens, context_tokens) // block_tokens)
    return -(-context_tokens // block_tokens)


def request_bytes(
    architecture: Architecture,
    context_tokens: int,
    *,
    kv_dtype: str = "auto",
    gpus: int = 1,
    in_flight_tokens: int = 1,
    block_tokens: int = BLOCK_TOKENS,
) -> int:
    """Return the bytes that one request keeps on each GPU, at most.

    Args:
        architecture: the model.
        context_tokens: prompt and output of the request together.
        kv_dtype: as in :func:`kv_element_bytes`.
        gpus: GPUs of the tensor-parallel group.
        in_flight_tokens: as in :func:`blocks`.
        block_tokens: tokens per block.
    """
    element_bytes = kv_element_bytes(architecture, kv_dtype)
    total = 0
    for group in architecture.mixers:
        count = blocks(group, context_tokens, in_flight_tokens=in_flight_tokens, block_tokens=block_tokens)
        each = block_bytes(
            group, element_bytes=element_bytes, gpus=gpus, block_tokens=block_tokens, dtype=architecture.dtype
        )
        total += group.layers * count * each
        if isinstance(group, LatentAttention) and group.index_layers:
            total += group.index_layers * count * index_block_bytes(group, block_tokens=block_tokens)
    return total


def token_bytes(architecture: Architecture, *, kv_dtype: str = "auto", gpus: int = 1) -> int:
    """Return the bytes by which a request grows on each GPU per token, as long as no window is full.

    Args:
        architecture: the model.
        kv_dtype: as in :func:`kv_element_bytes`.
        gpus: GPUs of the tensor-parallel group.
    """
    element_bytes = kv_element_bytes(architecture, kv_dtype)
    total = 0
    for group in architecture.mixers:
        if isinstance(group, Recurrent):
            continue
        total += group.layers * block_bytes(group, element_bytes=element_bytes, gpus=gpus, block_tokens=1)
        if isinstance(group, LatentAttention) and group.index_layers:
            total += group.index_layers * index_block_bytes(group, block_tokens=1)
    return total
