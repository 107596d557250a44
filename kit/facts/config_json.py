"""Read an :class:`~kit.facts.architectures.Architecture` from the ``config.json`` that comes with a model.

The keys are those of Hugging Face transformers (``configuration_*.py`` of each model; checked against version 5.23).
A model whose configuration says that it holds something this module does not know is refused, never guessed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.errors import InputError, did_you_mean
from kit.facts.architectures import (
    Architecture,
    Attention,
    Dtype,
    FeedForward,
    LatentAttention,
    Mixer,
    Native,
    Recurrent,
)

# Families whose MLP has no gate, by model_type.
_PLAIN_MLP = {"nemotron_h", "phi", "gpt_neox", "gptj", "falcon", "opt", "starcoder2", "gpt_bigcode", "nemotron"}
# Families whose query, key and value projections have a bias without a key that says so.
_ALWAYS_BIAS = {"qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen2_vl_text", "qwen2_5_vl_text"}
# Families that tie the embeddings unless the file says otherwise; transformers leaves a default out of the file.
_TIED = {"gemma", "gemma2", "gemma3", "gemma3_text", "gemma4", "gemma4_text", "opt", "falcon"}
_NOT_COVERED = {
    "deepseek_v4": "compressed sparse attention",
    "deepseek_ref": "compressed sparse attention",
    "gemma3n": "embeddings per layer",
    "gemma3n_text": "embeddings per layer",
    "kimi_linear": "Kimi delta attention",
    "minimax": "lightning attention",
    "minimax_m1": "lightning attention",
    "minimax_text_01": "lightning attention",
    "nemotron-nas": "layers that differ one by one",
    "falcon_mamba": "Mamba 1",
    "mamba": "Mamba 1",
    "jamba": "Mamba 1",
    "rwkv": "RWKV",
}
_KNOWN = {
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "kv_lora_rank",
    "qk_rope_head_dim",
    "qk_nope_head_dim",
    "v_head_dim",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "layer_types",
    "linear_num_value_heads",
    "linear_num_key_heads",
    "linear_key_head_dim",
    "linear_value_head_dim",
    "linear_conv_kernel_dim",
    "mamba_num_heads",
    "mamba_head_dim",
    "ssm_state_size",
    "n_groups",
    "conv_kernel",
    "hybrid_override_pattern",
    "attention_chunk_size",
}


class _Config:
    """The text part of a config.json, with errors that say where."""

    def __init__(self, keys: Mapping[str, Any], where: str) -> None:
        self.keys = keys
        self.where = where

    def given(self, *names: str) -> str | None:
        return next((name for name in names if self.keys.get(name) is not None), None)

    def whole(self, *names: str, default: int | None = None) -> int:
        """Return the whole number under the first of these keys that is there."""
        key = self.given(*names)
        if key is None:
            if default is not None:
                return default
            near = did_you_mean(names[0], set(self.keys) - _KNOWN)
            raise InputError(f'{self.where}: the key "{names[0]}" is missing{near}')
        value = self.keys[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InputError(f'{self.where}: "{key}" is {value!r}; a whole number, 0 or more, is wanted')
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.keys.get(name)
        return default if value is None else bool(value)

    def kinds(self, name: str, length: int, allowed: Mapping[str, str]) -> list[str]:
        """Return a list of one word per layer, translated."""
        words = self.keys[name]
        if not isinstance(words, list | str) or len(words) != length:
            raise InputError(f'{self.where}: "{name}" has to give one kind for each of the {length} layers')
        for word in words:
            if word not in allowed:
                near = did_you_mean(str(word), allowed)
                raise InputError(f'{self.where}: "{name}": the kind of layer "{word}" is not known{near}')
        return [allowed[word] for word in words]


def from_config(config: Path | str | Mapping[str, Any], *, name: str = "") -> Architecture:
    """Return the architecture that a ``config.json`` describes.

    Args:
        config: the file, the folder it lies in, or its content.
        name: what to call the model; the folder's name or the model type unless told.

    Raises:
        InputError: the file cannot be read; a key is missing or makes no sense; the architecture is not covered.
    """
    if isinstance(config, Mapping):
        keys, where = config, "config.json"
    else:
        path = Path(config)
        path = path / "config.json" if path.is_dir() else path
        keys, where = _read(path), str(path)
        beside = path.with_name("hf_quant_config.json")
        if "quantization_config" not in keys and beside.is_file():
            said = _read(beside).get("quantization") or {}
            keys = {**keys, "quantization_config": {"quant_method": "modelopt", **said}}
        name = name or (path.parent.name if path.name == "config.json" else path.stem)
    outer = _Config(keys, where)
    inner = next((keys[key] for key in ("text_config", "llm_config", "language_config") if keys.get(key)), keys)
    if not isinstance(inner, Mapping):
        raise InputError(f'{where}: "text_config" has to hold keys of its own')
    text = _Config(inner, where)
    kind = str(inner.get("model_type") or keys.get("model_type") or "")
    _check_covered(text, kind)
    mixers, feed_forwards = _layers(text, kind)
    tied_default = kind in _TIED
    return Architecture(
        name=name or kind or "config.json",
        published_as=(),
        hidden=text.whole("hidden_size", "n_embd", "d_model"),
        vocab=text.whole("vocab_size"),
        tied=text.flag("tie_word_embeddings", outer.flag("tie_word_embeddings", tied_default)),
        mixers=mixers,
        feed_forwards=feed_forwards,
        context_tokens=text.whole("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length"),
        dtype=_dtype(text, outer),
        native=_native(inner.get("quantization_config") or keys.get("quantization_config"), where),
        vision_parameters=_vision(keys),
        source=where,
        date=dt.date.today(),
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a config.json ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a config.json holds keys and values, not a {type(content).__name__}")
    return content


def _check_covered(text: _Config, kind: str) -> None:
    why = _NOT_COVERED.get(kind)
    if text.keys.get("hidden_size_per_layer_input"):
        why = "embeddings per layer"
    if text.keys.get("num_kv_shared_layers"):
        why = "layers that share their cache"
    if text.keys.get("is_encoder_decoder") and text.given("encoder_layers", "num_encoder_layers"):
        why = "an encoder with cross-attention"
    if why:
        raise InputError(f'{text.where}: the architecture "{kind}" ({why}) is not covered: measure it')


_DTYPES: Mapping[str, Dtype] = {"bfloat16": "bfloat16", "float16": "float16", "float32": "float32"}


def _dtype(text: _Config, outer: _Config) -> Dtype:
    for keys in (text.keys, outer.keys):
        said = keys.get("dtype") or keys.get("torch_dtype")
        if said is None or said == "auto":
            continue
        if said not in _DTYPES:
            near = did_you_mean(str(said), _DTYPES)
            raise InputError(f'{text.where}: "dtype" is {said!r}; bfloat16, float16 or float32 is wanted{near}')
        return _DTYPES[said]
    return "bfloat16"


_METHODS: Mapping[str, Native] = {
    "mxfp4": "mxfp4",
    "gptq": "int4",
    "awq": "int4",
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "modelopt": "fp8",
    "modelopt_fp4": "nvfp4",
    "compressed-tensors": "fp8",
}


def _native(quantisation: object, where: str) -> Native:
    method = str(quantisation.get("quant_method") or "") if isinstance(quantisation, Mapping) else ""
    if not (isinstance(quantisation, Mapping) and method):
        return "none"
    if method not in _METHODS:
        raise InputError(
            f'{where}: "quantization_config": the method "{method}" is not known{did_you_mean(method, _METHODS)}'
        )
    words = json.dumps(quantisation, default=str).casefold()
    four_bits = '"num_bits": 4' in words
    if "nvfp4" in words:
        return "nvfp4"
    if method == "compressed-tensors" and four_bits and "self_attn" in words:
        return "int4-experts"
    if method == "compressed-tensors" and four_bits:
        return "int4"
    if quantisation.get("bits") == 8 or (method == "compressed-tensors" and '"type": "int"' in words):
        return "int8"
    return _METHODS[method]


def _vision(keys: Mapping[str, Any]) -> int:
    """Attention and MLP matrices of a plain vision transformer: depth × (4 width² + 2 width × MLP)."""
    vision = keys.get("vision_config")
    if not isinstance(vision, Mapping):
        return 0
    width, mlp = vision.get("hidden_size"), vision.get("intermediate_size")
    depth = vision.get("depth") or vision.get("num_hidden_layers")
    if not (isinstance(width, int) and isinstance(mlp, int) and isinstance(depth, int)):
        return 0
    return depth * (4 * width * width + 2 * width * mlp)


def _layers(text: _Config, kind: str) -> tuple[tuple[Mixer, ...], tuple[FeedForward, ...]]:
    if pattern := text.given("hybrid_override_pattern", "layers_block_type"):
        return _nemotron_h(text, pattern)
    if text.given("mamba_num_heads", "mamba_n_heads", "ssm_state_size", "mamba_d_state"):
        raise InputError(f'{text.where}: Mamba layers without "hybrid_override_pattern" are not covered: measure it')
    layers = text.whole("num_hidden_layers", "n_layer", "n_layers")
    return _mixers(text, kind, layers), _feed_forwards(text, kind, layers)


_NEMOTRON_KINDS = {
    "M": "mamba2",
    "mamba": "mamba2",
    "*": "full",
    "attention": "full",
    "-": "mlp",
    "mlp": "mlp",
    "E": "experts",
    "moe": "experts",
}


def _nemotron_h(text: _Config, pattern: str) -> tuple[tuple[Mixer, ...], tuple[FeedForward, ...]]:
    layers = text.whole("num_hidden_layers", default=len(text.keys[pattern]))
    count = Counter(text.kinds(pattern, layers, _NEMOTRON_KINDS))
    mixers: list[Mixer] = []
    if count["full"]:
        mixers.append(_attention(text, "nemotron_h", "full", count["full"]))
    if count["mamba2"]:
        mixers.append(
            Recurrent(
                kind="mamba2",
                layers=count["mamba2"],
                heads=text.whole("mamba_num_heads"),
                head_dim=text.whole("mamba_head_dim"),
                groups=text.whole("n_groups"),
                state_dim=text.whole("ssm_state_size"),
                conv_kernel=text.whole("conv_kernel"),
                state_dtype="float32" if text.keys.get("mamba_ssm_cache_dtype") == "float32" else _dtype(text, text),
            )
        )
    feed_forwards = []
    if count["mlp"]:
        width = text.whole("intermediate_size")
        feed_forwards.append(FeedForward(layers=count["mlp"], intermediate=width, matrices=2))
    if count["experts"]:
        feed_forwards.append(_experts(text, "nemotron_h", count["experts"]))
    return tuple(mixers), tuple(feed_forwards)


_LAYER_TYPES = {
    "full_attention": "full",
    "attention": "full",
    "sliding_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "delta",
    "deepseek_sparse_attention": "full",
}


def _mixers(text: _Config, kind: str, layers: int) -> tuple[Mixer, ...]:
    if text.given("kv_lora_rank"):
        return (_latent(text, layers),)
    count = Counter(_layer_kinds(text, kind, layers))
    found: list[Mixer] = [
        _attention(text, kind, each, count[each]) for each in ("full", "sliding", "chunked") if count[each]
    ]
    if count["delta"]:
        found.append(
            Recurrent(
                kind="delta",
                layers=count["delta"],
                heads=text.whole("linear_num_value_heads"),
                head_dim=text.whole("linear_value_head_dim"),
                groups=text.whole("linear_num_key_heads"),
                state_dim=text.whole("linear_key_head_dim"),
                conv_kernel=text.whole("linear_conv_kernel_dim"),
                state_dtype="float32",
            )
        )
    return tuple(found)


def _layer_kinds(text: _Config, kind: str, layers: int) -> list[str]:
    if text.given("layer_types"):
        return text.kinds("layer_types", layers, _LAYER_TYPES)
    if isinstance(pattern := text.keys.get("hybrid_layer_pattern"), list) and len(pattern) == layers:
        return ["sliding" if each else "full" for each in pattern]
    if kind == "llama4_text" or text.given("attention_chunk_size"):
        # Every fourth layer sees everything and has no rotary embedding (configuration_llama4.py).
        return ["full" if number % 4 == 3 else "chunked" for number in range(layers)]
    if interval := text.whole("full_attention_interval", default=0):
        return ["full" if number % interval == interval - 1 else "delta" for number in range(layers)]
    windowed = text.given("sliding_window") and text.flag("use_sliding_window", kind not in {"qwen2", "qwen3", "mimo"})
    if not windowed or text.whole("sliding_window") >= text.whole("max_position_embeddings"):
        return ["full"] * layers
    usual = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "gpt_oss": 2, "cohere2": 4}.get(kind, layers + 1)
    period = text.whole("sliding_window_pattern", default=usual)
    return ["full" if number % period == period - 1 else "sliding" for number in range(layers)]


def _attention(text: _Config, kind: str, see: str, layers: int) -> Attention:
    heads = text.whole("num_attention_heads", "n_head")
    kv_heads = text.whole("num_key_value_heads", "n_head_kv", default=1 if text.flag("multi_query") else heads)
    head_dim = text.whole("head_dim", "attention_head_dim", default=text.whole("hidden_size", "n_embd") // (heads or 1))
    value_dim = text.whole("v_head_dim", default=head_dim)
    same = False
    if see == "sliding":
        heads = text.whole("swa_num_attention_heads", default=heads)
        kv_heads = text.whole("swa_num_key_value_heads", default=kv_heads)
        value_dim = text.whole("swa_v_head_dim", default=value_dim)
        head_dim = text.whole("swa_head_dim", default=head_dim)
    elif text.given("global_head_dim"):
        head_dim = value_dim = text.whole("global_head_dim")
        kv_heads = text.whole("num_global_key_value_heads", default=kv_heads)
        same = text.flag("attention_k_eq_v")
    if not (heads and kv_heads) or heads % kv_heads:
        raise InputError(f"{text.where}: {heads} heads cannot share {kv_heads} keys and values evenly")
    window = {"sliding": "sliding_window", "chunked": "attention_chunk_size"}.get(see)
    return Attention.model_validate(
        {
            "kind": see,
            "layers": layers,
            "heads": heads,
            "kv_heads": kv_heads,
            "head_dim": head_dim,
            "value_dim": value_dim,
            "window": text.whole(window, default=8192 if see == "chunked" else None) if window else None,
            "bias": text.flag("attention_bias", kind in _ALWAYS_BIAS),
            "gated": text.flag("attn_output_gate"),
            "values_are_keys": same,
        }
    )


def _latent(text: _Config, layers: int) -> LatentAttention:
    index_heads = text.whole("index_n_heads", default=0)
    own = text.keys.get("indexer_types")
    index_layers = sum(each == "full" for each in own) if isinstance(own, list) else layers
    return LatentAttention(
        layers=layers,
        heads=text.whole("num_attention_heads"),
        q_lora_rank=text.whole("q_lora_rank", default=0) or None,
        kv_lora_rank=text.whole("kv_lora_rank"),
        rope_dim=text.whole("qk_rope_head_dim"),
        nope_dim=text.whole("qk_nope_head_dim"),
        value_dim=text.whole("v_head_dim"),
        index_heads=index_heads,
        index_dim=text.whole("index_head_dim", default=0) if index_heads else 0,
        index_layers=index_layers if index_heads else 0,
    )


_EXPERT_COUNT = ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts")


def _feed_forwards(text: _Config, kind: str, layers: int) -> tuple[FeedForward, ...]:
    count = text.given(*_EXPERT_COUNT)
    if count is None or not text.whole(count) or text.keys.get("enable_moe_block") is False:
        width = text.whole("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
        matrices = 2 if kind in _PLAIN_MLP else 3
        return (FeedForward.model_validate({"layers": layers, "intermediate": width, "matrices": matrices}),)
    dense = _dense_layers(text, layers)
    found = []
    if dense:
        width = text.whole("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")
        found.append(FeedForward(layers=dense, intermediate=width))
    if layers - dense:
        found.append(_experts(text, kind, layers - dense))
    return tuple(found)


def _dense_layers(text: _Config, layers: int) -> int:
    if isinstance(kinds := text.keys.get("mlp_layer_types"), list) and len(kinds) == layers:
        return sum(each == "dense" for each in kinds)
    if isinstance(pattern := text.keys.get("moe_layer_freq"), list) and len(pattern) == layers:
        return sum(not each for each in pattern)
    if step := text.whole("interleave_moe_layer_step", default=0):
        return layers - layers // step
    if step := text.whole("decoder_sparse_step", default=0):
        only = text.keys.get("mlp_only_layers") or []
        return sum((number + 1) % step != 0 or number in only for number in range(layers))
    return text.whole("first_k_dense_replace", default=0)


def _experts(text: _Config, kind: str, layers: int) -> FeedForward:
    width = text.whole("moe_intermediate_size", "expert_intermediate_size", "intermediate_size")
    if text.given("share_expert_dim", "moe_shared_expert_intermediate_size", "shared_expert_intermediate_size"):
        shared = text.whole(
            "share_expert_dim", "moe_shared_expert_intermediate_size", "shared_expert_intermediate_size"
        )
    elif text.given("shared_intermediate_size"):
        shared = text.whole("shared_intermediate_size")
    else:
        shared = width * (1 if kind == "llama4_text" else text.whole("n_shared_experts", default=0))
    beside = text.flag("enable_moe_block")
    return FeedForward(
        layers=layers,
        intermediate=text.whole("intermediate_size") if beside else 0,
        experts=text.whole(*_EXPERT_COUNT),
        experts_per_token=text.whole("num_experts_per_tok", "experts_per_token", "top_k_experts", "moe_topk"),
        expert_intermediate=width,
        shared_intermediate=shared,
        expert_hidden=text.whole("moe_latent_size", default=0) or None,
        matrices=2 if kind in _PLAIN_MLP else 3,
        bias=kind == "gpt_oss",
    )
