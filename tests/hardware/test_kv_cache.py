"""Specification of the bytes that a request keeps."""

import importlib.util
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InputError
from kit.facts.architectures import Attention, Recurrent, architecture, architectures
from kit.hardware.kv_cache import block_bytes, blocks, request_bytes, token_bytes

HERE = Path(__file__).parent
KIB = 1024

# fmt: off
AS_VLLM = (
    "llama-3-8b", "llama-3-70b", "qwen2.5-7b", "qwen3-30b-a3b", "mistral-7b-v0.1", "gpt-oss-20b", "gemma-3-27b",
    "gemma-4-31b", "llama-4-scout", "mimo-v2-flash", "deepseek-v3", "deepseek-v3.2", "kimi-k2", "qwen3.5-27b",
    "qwen3.5-35b-a3b", "nemotron-3-nano-30b-a3b", "nemotron-h-56b",
)
# fmt: on


def test_grouped_queries_keep_one_key_and_one_value_per_group() -> None:
    """Llama 3 8B: 32 layers × 2 × 8 heads × 128 × 2 bytes = 128 KiB per token; 70B: 80 layers, 320 KiB."""
    assert token_bytes(architecture("llama-3-8b")) == 32 * 2 * 8 * 128 * 2 == 128 * KIB
    assert token_bytes(architecture("llama-3-70b")) == 320 * KIB


def test_latent_attention_keeps_one_vector_for_all_heads() -> None:
    """DeepSeek-V3: 61 layers × (512 + 64) × 2 bytes = 70272 bytes per token, the 70 KB of its report (section 2.1)."""
    assert token_bytes(architecture("deepseek-v3")) == 61 * 576 * 2 == 70272


def test_latent_attention_is_not_split() -> None:
    """A vector that all heads share lies whole on each of 8 GPUs."""
    assert token_bytes(architecture("deepseek-v3"), gpus=8) == 70272


def test_heads_are_split_until_one_is_left_per_gpu() -> None:
    """Llama 3 70B has 8 KV heads: 8 GPUs hold an eighth each, 16 GPUs no less than that."""
    model = architecture("llama-3-70b")
    assert [token_bytes(model, gpus=gpus) // KIB for gpus in (1, 2, 4, 8, 16)] == [320, 160, 80, 40, 40]


def test_an_eight_bit_cache_is_half_as_large() -> None:
    """FP8 takes one byte where bfloat16 takes two."""
    model = architecture("llama-3-8b")
    assert 2 * token_bytes(model, kv_dtype="fp8") == token_bytes(model)


def test_a_sliding_window_stops_growing() -> None:
    """Mistral 7B v0.1, window 4096: 4096 tokens are 256 blocks and one more for the edge, however long the context."""
    model = architecture("mistral-7b-v0.1")
    block = 16 * 2 * 8 * 128 * 2
    assert request_bytes(model, 8192) == request_bytes(model, 32768) == 32 * 257 * block
    assert request_bytes(model, 1024) == 32 * 65 * block


def test_a_recurrent_state_does_not_grow() -> None:
    """A gated delta net of Qwen3.5-27B: 48 × 128 × 128 × 4 + 3 × (48 × 128 + 2 × 16 × 128) × 2 bytes at any length."""
    (state,) = (group for group in architecture("qwen3.5-27b").mixers if isinstance(group, Recurrent))
    assert block_bytes(state, element_bytes=2) == 48 * 128 * 128 * 4 + 3 * 10240 * 2 == 3207168
    assert blocks(state, 16) == blocks(state, 262144) == 1


def test_a_begun_block_counts_whole() -> None:
    """One token takes a block of 16; 17 tokens take two."""
    layer = Attention(layers=1, heads=1, kv_heads=1, head_dim=64, value_dim=64)
    assert [blocks(layer, tokens) for tokens in (1, 16, 17)] == [1, 1, 2]


@given(
    name=st.sampled_from(sorted(architectures())),
    shorter=st.integers(1, 50_000),
    more=st.integers(0, 50_000),
    gpus=st.sampled_from([1, 2, 4, 8]),
)
def test_a_longer_request_never_keeps_less(name: str, shorter: int, more: int, gpus: int) -> None:
    """The bytes of a request grow with its length and shrink with the GPUs."""
    model = architecture(name)
    kept = request_bytes(model, shorter, gpus=gpus)
    assert 0 < kept <= request_bytes(model, shorter + more, gpus=gpus)
    assert kept <= request_bytes(model, shorter)


def test_an_unknown_dtype_is_refused() -> None:
    """A dtype that no cache has is an input error that says what there is."""
    with pytest.raises(InputError, match="auto, bfloat16, float16, float32 or fp8"):
        token_bytes(architecture("llama-3-8b"), kv_dtype="int3")


def vllm_interpreter() -> str | None:
    """An interpreter that imports vllm: this one, one that is named, or that of ``make engine``."""
    if importlib.util.find_spec("vllm"):
        return sys.executable
    given = os.environ.get("KIT_VLLM_PYTHON")
    usual = Path(__file__).parents[2] / ".venv-vllm" / "bin" / "python"
    return given or (str(usual) if usual.exists() else None)


def test_bytes_equal_those_of_vllm() -> None:
    """On 17 architectures the bytes of a request equal those of vLLM's own specifications, to the byte.

    Full, grouped, sliding, chunked, latent, sparse latent, gated delta net and Mamba 2 layers; five lengths; with 1 and
    2 GPUs; caches of 16 and 8 bits; one token or a chunk of 2048 in flight.
    """
    interpreter = vllm_interpreter()
    if interpreter is None:
        pytest.skip("vllm is installed neither here nor in .venv-vllm (make engine), nor named by KIT_VLLM_PYTHON")
    keys = ("name", "context", "gpus", "kv_dtype", "in_flight")
    choices = product(AS_VLLM, (1, 1000, 4096, 8193, 40000), (1, 2), ("auto", "fp8"), (1, 2048))
    cases = [dict(zip(keys, choice, strict=True)) for choice in choices]
    ran = subprocess.run(
        [interpreter, str(HERE / "vllm_specs.py")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "No module named" in ran.stderr:
        pytest.skip(f"{interpreter} cannot import vllm: {ran.stderr.strip().splitlines()[-1]}")
    assert ran.returncode == 0, ran.stderr[-2000:]
    of_vllm = json.loads(ran.stdout.splitlines()[-1])
    for case, theirs in zip(cases, of_vllm, strict=True):
        model = architecture(str(case["name"]))
        ours = request_bytes(
            model,
            int(case["context"]),
            gpus=int(case["gpus"]),
            kv_dtype=str(case["kv_dtype"]),
            in_flight_tokens=int(case["in_flight"]),
        )
        assert ours == theirs, case
