"""Ask vLLM's own KV-cache specifications what one request keeps, and print it as JSON.

Run by an interpreter that can import vllm (``make engine`` makes one); the widths are written here from the published
configurations, not taken from the kit's tables, so that a wrong row shows.
"""

import json
import sys
from types import SimpleNamespace

import torch
from vllm.model_executor.layers.mamba.mamba_utils import MambaStateShapeCalculator as Shapes
from vllm.v1.kv_cache_interface import (
    ChunkedLocalAttentionSpec,
    FullAttentionSpec,
    MambaSpec,
    MLAAttentionSpec,
    SlidingWindowSpec,
)

BLOCK = 16
BF16, FP8, U8, F32 = torch.bfloat16, torch.float8_e4m3fn, torch.uint8, torch.float32


def full(kv_heads, dim, dtype, gpus, *, value_dim=None):
    heads = max(1, kv_heads // gpus)
    return FullAttentionSpec(
        block_size=BLOCK, num_kv_heads=heads, head_size=dim, head_size_v=value_dim or dim, dtype=dtype
    )


def sliding(kv_heads, dim, window, dtype, gpus, *, value_dim=None):
    heads = max(1, kv_heads // gpus)
    return SlidingWindowSpec(
        block_size=BLOCK,
        num_kv_heads=heads,
        head_size=dim,
        head_size_v=value_dim or dim,
        dtype=dtype,
        sliding_window=window,
        dcp_sharded=False,
    )


def chunked(kv_heads, dim, chunk, dtype, gpus):
    heads = max(1, kv_heads // gpus)
    return ChunkedLocalAttentionSpec(
        block_size=BLOCK, num_kv_heads=heads, head_size=dim, dtype=dtype, attention_chunk_size=chunk
    )


def latent(width, dtype):
    return MLAAttentionSpec(block_size=BLOCK, num_kv_heads=1, head_size=width, dtype=dtype)


def delta(gpus, keys, values, dim):
    shapes = Shapes.gated_delta_net_state_shape(gpus, keys, values, dim, dim, 4)
    return MambaSpec(block_size=BLOCK, shapes=shapes, dtypes=(BF16, F32))


def mamba2(gpus, heads, groups, state, dtype):
    dim = 64
    shapes = Shapes.mamba2_state_shape(gpus, heads * dim, groups, heads, dim, state, 4)
    return MambaSpec(block_size=BLOCK, shapes=shapes, dtypes=(BF16, dtype))


def layers(name, dtype, gpus):
    """Pairs of a specification and how many layers have it."""
    return {
        "llama-3-8b": [(full(8, 128, dtype, gpus), 32)],
        "llama-3-70b": [(full(8, 128, dtype, gpus), 80)],
        "qwen2.5-7b": [(full(4, 128, dtype, gpus), 28)],
        "qwen3-30b-a3b": [(full(4, 128, dtype, gpus), 48)],
        "mistral-7b-v0.1": [(sliding(8, 128, 4096, dtype, gpus), 32)],
        "gpt-oss-20b": [(full(8, 64, dtype, gpus), 12), (sliding(8, 64, 128, dtype, gpus), 12)],
        "gemma-3-27b": [(full(16, 128, dtype, gpus), 10), (sliding(16, 128, 1024, dtype, gpus), 52)],
        "gemma-4-31b": [(full(4, 512, dtype, gpus), 10), (sliding(16, 256, 1024, dtype, gpus), 50)],
        "llama-4-scout": [(full(8, 128, dtype, gpus), 12), (chunked(8, 128, 8192, dtype, gpus), 36)],
        "mimo-v2-flash": [
            (full(4, 192, dtype, gpus, value_dim=128), 9),
            (sliding(8, 192, 128, dtype, gpus, value_dim=128), 39),
        ],
        "deepseek-v3": [(latent(576, dtype), 61)],
        "deepseek-v3.2": [(latent(576, dtype), 61), (latent(132, U8), 61)],
        "kimi-k2": [(latent(576, dtype), 61)],
        "qwen3.5-27b": [(full(4, 256, dtype, gpus), 16), (delta(gpus, 16, 48, 128), 48)],
        "qwen3.5-35b-a3b": [(full(2, 256, dtype, gpus), 10), (delta(gpus, 16, 32, 128), 30)],
        "nemotron-3-nano-30b-a3b": [(full(2, 128, dtype, gpus), 6), (mamba2(gpus, 64, 8, 128, F32), 23)],
        "nemotron-h-56b": [(full(8, 128, dtype, gpus), 10), (mamba2(gpus, 256, 8, 256, BF16), 54)],
    }[name]


def request_bytes(case):
    """What vLLM reserves for one request of that length."""
    config = SimpleNamespace(
        model_config=SimpleNamespace(max_model_len=case["context"]),
        parallel_config=SimpleNamespace(decode_context_parallel_size=1),
        cache_config=SimpleNamespace(mamba_cache_mode="none"),
        max_in_flight_tokens=case["in_flight"],
    )
    dtype = FP8 if case["kv_dtype"] == "fp8" else BF16
    found = layers(case["name"], dtype, case["gpus"])
    return sum(count * spec.max_memory_usage_bytes(config) for spec, count in found)


print(json.dumps([request_bytes(case) for case in json.load(sys.stdin)]))  # noqa: T201
