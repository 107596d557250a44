"""Read an :class:`~kit.facts.architectures.Architecture` from the ``config.json`` that comes with a model.

The keys are those of Hugging Face transformers (``configuration_*.py`` of each model; checked against version 5.23).
A model whose configuration says that it holds something the kit does not know is refused, never guessed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.errors import InputError, did_you_mean
from kit.facts.architectures import Architecture, Native
from kit.facts.config_keys import ConfigKeys, said_dtype
from kit.facts.config_layers import layers_of

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
    "lfm2": "short convolutions",
    "lfm2_moe": "short convolutions",
    "rwkv": "RWKV",
}

# Google's files for Gemma 3 name only what differs from the defaults of transformers' configuration_gemma3.py.
_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262208,
        "max_position_embeddings": 131072,
        "sliding_window": 4096,
    }
}


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
    outer = ConfigKeys(keys, where)
    inner = next((keys[key] for key in ("text_config", "llm_config", "language_config") if keys.get(key)), keys)
    if not isinstance(inner, Mapping):
        raise InputError(f'{where}: "text_config" has to hold keys of its own')
    kind = str(inner.get("model_type") or keys.get("model_type") or "")
    text = ConfigKeys({**_DEFAULTS.get(kind, {}), **inner}, where)
    _check_covered(text, kind)
    mixers, feed_forwards = layers_of(text, kind)
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
        dtype=said_dtype(text, outer),
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


def _check_covered(text: ConfigKeys, kind: str) -> None:
    why = _NOT_COVERED.get(kind)
    if text.keys.get("hidden_size_per_layer_input"):
        why = "embeddings per layer"
    if text.keys.get("num_kv_shared_layers"):
        why = "layers that share their cache"
    if text.keys.get("is_encoder_decoder") and text.given("encoder_layers", "num_encoder_layers"):
        why = "an encoder with cross-attention"
    if why:
        raise InputError(f'{text.where}: the architecture "{kind}" ({why}) is not covered: measure it')


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
