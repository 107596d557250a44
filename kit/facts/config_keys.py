"""The keys of a ``config.json``, with errors that say which file, which key and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.errors import InputError, did_you_mean
from kit.facts.architectures import Dtype

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


class ConfigKeys:
    """One part of a config.json.

    Attributes:
        keys: what it holds.
        where: the file, for messages.
    """

    def __init__(self, keys: Mapping[str, Any], where: str) -> None:
        self.keys = keys
        self.where = where

    def given(self, *names: str) -> str | None:
        """Return the first of these keys that is there and not null."""
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
        """Return whether the key says yes; ``default`` where it is not there."""
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


_DTYPES: Mapping[str, Dtype] = {"bfloat16": "bfloat16", "float16": "float16", "float32": "float32"}


def said_dtype(*parts: ConfigKeys) -> Dtype:
    """Return the dtype of the weights that the first of these parts of a file names; bfloat16 where none does.

    Args:
        parts: the text part and the whole file.

    Raises:
        InputError: a part names something else.
    """
    for part in parts:
        said = part.keys.get("dtype") or part.keys.get("torch_dtype")
        if said is None or said == "auto":
            continue
        if said not in _DTYPES:
            near = did_you_mean(str(said), _DTYPES)
            raise InputError(f'{part.where}: "dtype" is {said!r}; bfloat16, float16 or float32 is wanted{near}')
        return _DTYPES[said]
    return "bfloat16"
