"""How many parameters a model has, by part, from its architecture: whole, or the share of one GPU of several."""

from __future__ import annotations

from kit.facts.architectures import Architecture, Attention, FeedForward, LatentAttention, Recurrent
from kit.record import Part


class Parameters(Part):
    """Parameters by the part that decides in how many bits they are kept.

    Attributes:
        embeddings: input and output embeddings; one matrix where they are tied.
        mixers: matrices of attention and of recurrent layers.
        feed_forwards: matrices of dense MLPs and of experts that work on every token.
        experts: matrices of the experts among which a router chooses.
        rest: routers, norms, biases, short convolutions: never quantised.
        vision: matrices of the image encoder.
        total: all of them.
        active: what works on one token of text: all of it but vision and the experts that were not chosen. The input
            embedding counts, as in the counts that publishers print.
    """

    embeddings: int
    mixers: int
    feed_forwards: int
    experts: int
    rest: int
    vision: int
    total: int
    active: int


def parameters(architecture: Architecture, *, gpus: int = 1) -> Parameters:
    """Return the parameters that one GPU of a tensor-parallel group holds; with one GPU, all of them.

    Matrices are split as Megatron-LM (https://arxiv.org/abs/1909.08053, section 3) and vLLM split them: queries,
    outputs, MLPs, experts and embeddings divide; keys and values divide until one head is left per GPU and are then
    copied; norms, routers, compressing projections of latent attention and the image encoder are copied.

    Args:
        architecture: the model.
        gpus: GPUs of the group.
    """
    hidden = architecture.hidden
    embeddings = _share(architecture.vocab, gpus) * hidden * (1 if architecture.tied else 2)
    mixers = rest = feed_forwards = experts = idle = 0
    for group in architecture.mixers:
        matrices, others = _mixer(group, hidden, gpus)
        mixers += group.layers * matrices
        rest += group.layers * others
    for layer in architecture.feed_forwards:
        dense, routed, others = _feed_forward(layer, hidden, gpus)
        feed_forwards += layer.layers * dense
        experts += layer.layers * routed
        rest += layer.layers * others
        if layer.experts:
            idle += layer.layers * routed * (layer.experts - layer.experts_per_token) // layer.experts
    rest += hidden
    text = embeddings + mixers + feed_forwards + experts + rest
    return Parameters(
        embeddings=embeddings,
        mixers=mixers,
        feed_forwards=feed_forwards,
        experts=experts,
        rest=rest,
        vision=architecture.vision_parameters,
        total=text + architecture.vision_parameters,
        active=text - idle,
    )


def _share(whole: int, gpus: int) -> int:
    return -(-whole // gpus)


def _mixer(group: Attention | LatentAttention | Recurrent, hidden: int, gpus: int) -> tuple[int, int]:
    match group:
        case Attention():
            return _attention(group, hidden, gpus)
        case LatentAttention():
            return _latent(group, hidden, gpus)
        case Recurrent():
            return _recurrent(group, hidden, gpus)


def _attention(group: Attention, hidden: int, gpus: int) -> tuple[int, int]:
    heads, kv_heads = _share(group.heads, gpus), _share(group.kv_heads, gpus)
    queries = heads * group.head_dim * (2 if group.gated else 1)
    keys_values = kv_heads * (group.head_dim + (0 if group.values_are_keys else group.value_dim))
    outputs = heads * group.value_dim
    bias = queries + keys_values if group.bias else 0
    return hidden * (queries + keys_values + outputs), bias + hidden


def _latent(group: LatentAttention, hidden: int, gpus: int) -> tuple[int, int]:
    heads = _share(group.heads, gpus)
    key_dim = group.nope_dim + group.rope_dim
    if group.q_lora_rank is None:
        queries = hidden * heads * key_dim
    else:
        queries = hidden * group.q_lora_rank + group.q_lora_rank * heads * key_dim
    keys_values = hidden * (group.kv_lora_rank + group.rope_dim)
    keys_values += group.kv_lora_rank * heads * (group.nope_dim + group.value_dim)
    indexer = (group.q_lora_rank or hidden) * group.index_heads * group.index_dim
    indexer += hidden * (group.index_dim + group.index_heads)
    indexer = indexer * group.index_layers // group.layers
    return queries + keys_values + heads * group.value_dim * hidden + indexer, hidden + group.kv_lora_rank


def _recurrent(group: Recurrent, hidden: int, gpus: int) -> tuple[int, int]:
    values = _share(group.heads, gpus) * group.head_dim
    keys = _share(group.groups, gpus) * group.state_dim
    per_head = _share(group.heads, gpus) * (1 if group.kind == "mamba2" else 2)
    matrices = hidden * (2 * values + 2 * keys + per_head) + values * hidden
    return matrices, group.conv_kernel * (values + 2 * keys) + hidden


def _feed_forward(layer: FeedForward, hidden: int, gpus: int) -> tuple[int, int, int]:
    dense = _share(layer.intermediate + layer.shared_intermediate, gpus) * hidden * layer.matrices
    rest = hidden
    if not layer.experts:
        return dense, 0, rest
    width = layer.expert_hidden or hidden
    if layer.expert_hidden:
        dense += 2 * hidden * layer.expert_hidden
    experts = layer.experts * layer.matrices * width * _share(layer.expert_intermediate, gpus)
    rest += layer.experts * hidden
    if layer.bias:
        wide = (layer.matrices - 1) * _share(layer.expert_intermediate, gpus) + width
        rest += layer.experts * (wide + 1)
    return dense, experts, rest
