"""Which layers a ``config.json`` describes: what mixes tokens, and what comes between."""

from __future__ import annotations

from collections import Counter

from kit.errors import InputError
from kit.facts.architectures import Attention, FeedForward, LatentAttention, Mixer, Recurrent
from kit.facts.config_keys import ConfigKeys, said_dtype

# Families whose MLP has no gate, by model_type.
_PLAIN_MLP = {
    "nemotron_h",
    "phi",
    "gpt_neox",
    "gptj",
    "falcon",
    "opt",
    "starcoder2",
    "gpt_bigcode",
    "nemotron",
    "apertus",
}
# Families whose query, key and value projections have a bias without a key that says so.
_ALWAYS_BIAS = {"qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen2_vl_text", "qwen2_5_vl_text"}
# Families whose attention has an output gate without a key that says so.
_ALWAYS_GATED = {"qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"}


def layers_of(text: ConfigKeys, kind: str) -> tuple[tuple[Mixer, ...], tuple[FeedForward, ...]]:
    """Return the layers that mix tokens and those that do not, each in groups of equals.

    Args:
        text: the part of the file that describes the language model.
        kind: its ``model_type``.

    Raises:
        InputError: a key is missing or makes no sense, or a kind of layer is not known.
    """
    if pattern := text.given("hybrid_override_pattern", "layers_block_type"):
        return _nemotron_h(text, pattern)
    if text.given("mamba_num_heads", "mamba_n_heads", "ssm_state_size", "mamba_d_state"):
        raise InputError(f'{text.where}: Mamba layers without "hybrid_override_pattern" are not covered: measure it')
    layers = text.whole("num_hidden_layers", "n_layer", "n_layers")
    return _mixers(text, kind, layers), _feed_forwards(text, kind, layers)


_NEMOTRON_KINDS = {
    "M": "mamba2",
    "mamba": "mamba2",
    "linear_attention": "mamba2",
    "*": "full",
    "attention": "full",
    "full_attention": "full",
    "-": "mlp",
    "mlp": "mlp",
    "E": "experts",
    "moe": "experts",
    "sparse": "experts",
    "dense": "mlp",
}


def _nemotron_h(text: ConfigKeys, pattern: str) -> tuple[tuple[Mixer, ...], tuple[FeedForward, ...]]:
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
                state_dtype="float32" if text.keys.get("mamba_ssm_cache_dtype") == "float32" else said_dtype(text),
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


def _mixers(text: ConfigKeys, kind: str, layers: int) -> tuple[Mixer, ...]:
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


def _layer_kinds(text: ConfigKeys, kind: str, layers: int) -> list[str]:
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


def _attention(text: ConfigKeys, kind: str, see: str, layers: int) -> Attention:
    heads = text.whole("num_attention_heads", "n_head")
    kv_heads = text.whole("num_key_value_heads", "num_kv_heads", "n_head_kv", default=heads)
    if text.flag("multi_query") and not text.flag("new_decoder_architecture"):
        kv_heads = 1
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
            "gated": text.flag("attn_output_gate", kind in _ALWAYS_GATED),
            "values_are_keys": same,
        }
    )


def _latent(text: ConfigKeys, layers: int) -> LatentAttention:
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


def _feed_forwards(text: ConfigKeys, kind: str, layers: int) -> tuple[FeedForward, ...]:
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


def _dense_layers(text: ConfigKeys, layers: int) -> int:
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


def _experts(text: ConfigKeys, kind: str, layers: int) -> FeedForward:
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
