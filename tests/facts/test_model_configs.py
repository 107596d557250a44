"""Specification: a model given by the path of its config.json is the model of the table."""

import json
from pathlib import Path
from typing import Any

import pytest

from kit.facts.architectures import architecture
from kit.facts.config_json import from_config
from kit.facts.parameters import parameters

FP8 = {"quant_method": "fp8", "weight_block_size": [128, 128]}
NANO = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"


SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
)


def shape(kind: str, *sizes: int, **more: Any) -> dict[str, Any]:
    """A config.json with the keys that nearly all have, and those that this family has on top."""
    return {
        "model_type": kind,
        **dict(zip(SIZES, sizes, strict=True)),
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        **more,
    }


def latent(rope: int, nope: int, value: int, q: int, kv: int) -> dict[str, int]:
    """The keys of multi-head latent attention."""
    return {
        "qk_rope_head_dim": rope,
        "qk_nope_head_dim": nope,
        "v_head_dim": value,
        "q_lora_rank": q,
        "kv_lora_rank": kv,
    }


def routed(experts: int, chosen: int, width: int, *, shared: int = 1, dense: int = 0) -> dict[str, int]:
    """The keys of DeepSeek's mixture of experts."""
    return {
        "n_routed_experts": experts,
        "num_experts_per_tok": chosen,
        "moe_intermediate_size": width,
        "n_shared_experts": shared,
        "first_k_dense_replace": dense,
    }


CONFIGS: dict[str, dict[str, Any]] = {
    "Llama-3.3-70B-Instruct": shape("llama", 8192, 80, 64, 8, 28672, 128256, 131072),
    "Llama-3.2-1B-Instruct": shape("llama", 2048, 16, 32, 8, 8192, 128256, 131072, head_dim=64)
    | {"tie_word_embeddings": True},
    "Llama-4-Scout-17B-16E-Instruct": {
        "model_type": "llama4",
        "text_config": shape("llama4_text", 5120, 48, 40, 8, 8192, 202048, 10485760, head_dim=128)
        | {
            "num_local_experts": 16,
            "num_experts_per_tok": 1,
            "intermediate_size_mlp": 16384,
            "interleave_moe_layer_step": 1,
            "attention_chunk_size": 8192,
        },
    },
    "Mistral-Nemo-Instruct-2407": shape("mistral", 5120, 40, 32, 8, 14336, 131072, 131072, head_dim=128),
    "Mixtral-8x7B-Instruct-v0.1": shape("mixtral", 4096, 32, 32, 8, 14336, 32000, 32768, sliding_window=None)
    | {"num_local_experts": 8, "num_experts_per_tok": 2},
    "Qwen2.5-7B-Instruct": shape("qwen2", 3584, 28, 28, 4, 18944, 152064, 32768)
    | {"sliding_window": 131072, "use_sliding_window": False, "max_window_layers": 28},
    "Qwen3-30B-A3B": shape("qwen3_moe", 2048, 48, 32, 4, 6144, 151936, 40960, head_dim=128)
    | {
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
    },
    "Qwen3-Next-80B-A3B-Instruct": shape("qwen3_next", 2048, 48, 16, 2, 5120, 151936, 262144, head_dim=256)
    | {
        "num_experts": 512,
        "num_experts_per_tok": 10,
        "moe_intermediate_size": 512,
        "shared_expert_intermediate_size": 512,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "full_attention_interval": 4,
        "linear_num_value_heads": 32,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    },
    "gemma-2-9b-it": shape("gemma2", 3584, 42, 16, 8, 14336, 256000, 8192, head_dim=256)
    | {"sliding_window": 4096, "tie_word_embeddings": None},
    "gemma-3-27b-it": {
        "model_type": "gemma3",
        "text_config": shape("gemma3_text", 5376, 62, 32, 16, 21504, 262144, 131072, head_dim=128)
        | {"sliding_window": 1024, "sliding_window_pattern": 6, "tie_word_embeddings": None},
        "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27},
    },
    "phi-4": shape("phi3", 5120, 40, 40, 10, 17920, 100352, 16384, sliding_window=None),
    "gpt-oss-20b": shape("gpt_oss", 2880, 24, 64, 8, 2880, 201088, 131072, head_dim=64)
    | {
        "attention_bias": True,
        "layer_types": ["sliding_attention", "full_attention"] * 12,
        "sliding_window": 128,
        "num_local_experts": 32,
        "num_experts_per_tok": 4,
        "quantization_config": {"quant_method": "mxfp4"},
    },
    "DeepSeek-V3": shape("deepseek_v3", 7168, 61, 128, 128, 18432, 129280, 163840)
    | latent(64, 128, 128, 1536, 512)
    | routed(256, 8, 2048, dense=3)
    | {"quantization_config": FP8},
    "Kimi-K2-Instruct": shape("kimi_k2", 7168, 61, 64, 64, 18432, 163840, 131072)
    | latent(64, 128, 128, 1536, 512)
    | routed(384, 8, 2048, dense=1)
    | {"quantization_config": FP8},
    "GLM-4.5-Air": shape("glm4_moe", 4096, 46, 96, 8, 10944, 151552, 131072, head_dim=128)
    | routed(128, 8, 1408, dense=1)
    | {"attention_bias": True},
    "MiniMax-M2": shape("minimax_m2", 3072, 62, 48, 8, 1536, 200064, 196608, head_dim=128)
    | {"num_local_experts": 256, "num_experts_per_tok": 8, "quantization_config": FP8},
    "Olmo-3.1-32B-Instruct": shape("olmo3", 5120, 64, 40, 8, 27648, 100278, 65536, sliding_window=4096)
    | {"layer_types": (["sliding_attention"] * 3 + ["full_attention"]) * 16},
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": shape("nemotron_h", 2688, 52, 32, 2, 1856, 131072, 262144, head_dim=128)
    | routed(128, 6, 1856)
    | {
        "hybrid_override_pattern": NANO,
        "moe_shared_expert_intermediate_size": 3712,
        "mamba_num_heads": 64,
        "mamba_head_dim": 64,
        "n_groups": 8,
        "ssm_state_size": 128,
        "conv_kernel": 4,
        "mamba_ssm_cache_dtype": "float32",
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_gives_the_record_of_the_table(name: str, tmp_path: Path) -> None:
    """Written down from public facts, a config.json gives layers, widths, format, context and count of the table."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS[name]), encoding="utf-8")
    found, row = from_config(tmp_path), architecture(name)
    provenance = {"name", "published_as", "printed_b", "printed_source", "source", "date", "note"}
    assert found.model_dump(exclude=provenance) == row.model_dump(exclude=provenance)
    assert parameters(found) == parameters(row)


def test_eight_families_at_least_are_compared() -> None:
    """The configurations above are of different families."""
    kinds = {(config.get("text_config") or config)["model_type"] for config in CONFIGS.values()}
    assert len(kinds) >= 16
