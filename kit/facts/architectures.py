"""What a language model is made of, as far as bytes, arithmetic and cache hang on it: ``tables/architectures.csv``.

An architecture is a few groups of equal layers: those that mix tokens (attention, latent attention, recurrent state)
and those that do not (feed-forward, dense or mixture of experts). Each kind has its own small table; a row says how
many layers of it there are. :func:`kit.facts.config_json.from_config` reads the same record from any ``config.json``.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from kit.errors import InputError, did_you_mean
from kit.facts.models import models
from kit.facts.table import TABLES, keyed, read_table
from kit.record import Part

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Dtype = Literal["bfloat16", "float16", "float32"]
Native = Literal["none", "fp8", "int4", "int4-experts", "int8", "mxfp4", "nvfp4"]


class Attention(Part):
    """Layers of softmax attention over keys and values that are kept per head (MHA, GQA, MQA).

    Attributes:
        kind: ``full`` sees the whole context, ``sliding`` the last ``window`` tokens, ``chunked`` its own chunk of
            ``window`` tokens (Llama 4).
        layers: how many such layers.
        heads: query heads; ``kv_heads`` of them share keys and values in equal groups.
        head_dim: width of a query and a key; ``value_dim`` that of a value.
        window: tokens; only for ``sliding`` and ``chunked``.
        bias: whether query, key and value projections carry a bias.
        gated: whether the output passes a gate as wide as the queries (Qwen 3.5).
        values_are_keys: whether there is no value projection of its own (Gemma 4); the cache holds both all the same.
    """

    kind: Literal["full", "sliding", "chunked"] = "full"
    layers: Positive
    heads: Positive
    kv_heads: Positive
    head_dim: Positive
    value_dim: Positive
    window: Positive | None = None
    bias: bool = False
    gated: bool = False
    values_are_keys: bool = False


class LatentAttention(Part):
    """Layers of multi-head latent attention (DeepSeek): one compressed vector per token, shared by all heads.

    Attributes:
        layers: how many such layers.
        heads: query heads.
        q_lora_rank: width of the compressed query; ``None`` where queries are not compressed.
        kv_lora_rank: width of the compressed keys and values: what the cache holds, once.
        rope_dim: width of the rotated key that the cache holds beside it.
        nope_dim: width of the rest of a key.
        value_dim: width of a value.
        index_heads: heads of the indexer that picks tokens (DeepSeek sparse attention); 0 where there is none.
        index_dim: width of an index key; the cache holds it in eight bits with a scale of 4 bytes per 128.
        index_layers: layers that have an indexer of their own, the others share one; 0 where there is none.
    """

    kind: Literal["latent"] = "latent"
    layers: Positive
    heads: Positive
    q_lora_rank: Positive | None = None
    kv_lora_rank: Positive
    rope_dim: Positive
    nope_dim: Positive
    value_dim: Positive
    index_heads: Count = 0
    index_dim: Count = 0
    index_layers: Count = 0


class Recurrent(Part):
    """Layers that keep a state of constant size per request (Mamba 2, gated delta net).

    Attributes:
        kind: ``mamba2`` or ``delta`` (gated delta net, the linear attention of Qwen 3.5).
        layers: how many such layers.
        heads: value heads.
        head_dim: width of a value head.
        groups: key heads; several value heads share one.
        state_dim: width of a key head: the state is ``heads`` × ``head_dim`` × ``state_dim``.
        conv_kernel: taps of the short convolution, whose last ``conv_kernel`` − 1 inputs are kept.
        state_dtype: in which the state is kept.
    """

    kind: Literal["mamba2", "delta"]
    layers: Positive
    heads: Positive
    head_dim: Positive
    groups: Positive
    state_dim: Positive
    conv_kernel: Positive
    state_dtype: Dtype = "float32"


class FeedForward(Part):
    """Layers without memory: a dense MLP, a mixture of experts, or both side by side.

    Attributes:
        layers: how many such layers.
        intermediate: width of the dense MLP; 0 where there is none.
        experts: how many there are; ``experts_per_token`` of them work on each token.
        expert_intermediate: width of one expert.
        shared_intermediate: width of the experts that work on every token, all together.
        expert_hidden: width of what an expert takes and gives, where it is not the model's (Nemotron 3 Super).
        matrices: 3 for gated MLPs (up, gate, down), 2 for plain ones.
        bias: whether expert and router projections carry a bias.
    """

    layers: Positive
    intermediate: Count = 0
    experts: Count = 0
    experts_per_token: Count = 0
    expert_intermediate: Count = 0
    shared_intermediate: Count = 0
    expert_hidden: Positive | None = None
    matrices: int = Field(default=3, ge=2, le=3)
    bias: bool = False


Mixer = Annotated[Attention | LatentAttention | Recurrent, Field(discriminator="kind")]


class Architecture(Part):
    """What bytes, arithmetic and cache of a language model follow from.

    Attributes:
        name: key by which profiles, models and speed predictions refer to it: ``llama-3-8b``.
        published_as: public names of models that have it, without the publisher.
        hidden: width of the residual stream.
        vocab: entries of the vocabulary.
        tied: whether input and output embeddings are the same matrix.
        mixers: layers that mix tokens, in groups of equals.
        feed_forwards: the other layers, in groups of equals.
        context_tokens: longest context of the published configuration, prompt and output together.
        dtype: of the published weights, before any quantisation.
        native: quantisation in which the publisher gives the weights; ``none`` where they come in ``dtype``.
        vision_parameters: of the image encoder's matrices, estimated from its width and depth; 0 where there is none.
        printed_b: parameters in 10⁹ as the publisher prints them; ``None`` where no figure with a source was found.
        printed_source: who prints that.
        source: where the architecture was read.
        date: the day it was read.
        note: remarks.
    """

    name: str
    published_as: tuple[str, ...]
    hidden: Positive
    vocab: Positive
    tied: bool
    mixers: tuple[Mixer, ...] = Field(min_length=1)
    feed_forwards: tuple[FeedForward, ...]
    context_tokens: Positive
    dtype: Dtype
    native: Native
    vision_parameters: Count = 0
    printed_b: float | None = Field(default=None, gt=0)
    printed_source: str | None = None
    source: str = Field(min_length=1)
    date: dt.date
    note: str = ""


class _Row(Part):
    name: str = Field(pattern=r"^[a-z0-9.\-]+$")
    published_as: str
    hidden: int
    vocab: int
    tied: bool
    context_tokens: int
    dtype: Dtype
    native: Native
    vision_parameters: int = 0
    printed_b: float | None = None
    printed_source: str | None = None
    source: str
    date: dt.date
    note: str = ""


class _AttentionRow(Attention):
    architecture: str


class _LatentRow(LatentAttention):
    architecture: str


class _RecurrentRow(Recurrent):
    architecture: str


class _FeedForwardRow(FeedForward):
    architecture: str


GroupT = TypeVar("GroupT", _AttentionRow, _LatentRow, _RecurrentRow, _FeedForwardRow)


def _groups(path: Path, row: type[GroupT]) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for each in read_table(path, row):
        found[each.architecture].append(each.model_dump(exclude={"architecture"}))
    return found


@cache
def architectures(folder: Path = TABLES) -> Mapping[str, Architecture]:
    """Return all architectures by name.

    Args:
        folder: where the tables lie; the kit's own unless told.

    Raises:
        InputError: a row of a table is broken, or belongs to no architecture.
    """
    mixers: dict[str, list[dict[str, object]]] = defaultdict(list)
    for table in (
        _groups(folder / "attention_layers.csv", _AttentionRow),
        _groups(folder / "latent_attention_layers.csv", _LatentRow),
        _groups(folder / "recurrent_layers.csv", _RecurrentRow),
    ):
        for name, groups in table.items():
            mixers[name] += groups
    feed_forwards = _groups(folder / "feed_forward_layers.csv", _FeedForwardRow)
    path = folder / "architectures.csv"
    rows = read_table(path, _Row)
    _none_left_over((*mixers, *feed_forwards), {row.name for row in rows}, path)
    found = (_architecture(row, mixers[row.name], feed_forwards.get(row.name, [])) for row in rows)
    return MappingProxyType(keyed(((each.name, each) for each in found), path))


def _none_left_over(used: Iterable[str], known: set[str], path: Path) -> None:
    for name in used:
        if name not in known:
            raise InputError(f'{path.name}: layers belong to "{name}", which is not there{did_you_mean(name, known)}')


def _architecture(row: _Row, mixers: list[dict[str, object]], feed_forwards: list[dict[str, object]]) -> Architecture:
    fields = row.model_dump(exclude={"published_as"})
    return Architecture.model_validate(
        {**fields, "published_as": row.published_as.split(), "mixers": mixers, "feed_forwards": feed_forwards}
    )


@cache
def _names() -> Mapping[str, str]:
    found = {name.casefold(): name for name in architectures()}
    for each in architectures().values():
        found |= {alias.casefold(): each.name for alias in each.published_as}
    return found | {each.name.casefold(): each.architecture for each in models().values()}


def architecture(name: str) -> Architecture:
    """Return one architecture.

    Args:
        name: of an architecture (``llama-3-8b``) or of a model that has it (``Llama-3.1-8B-Instruct``), with or
            without its publisher (``meta-llama/``), in capitals or not.

    Raises:
        InputError: none has that name; names the nearest.
    """
    wanted = name.rpartition("/")[2].casefold()
    if (found := _names().get(wanted)) in architectures() and found is not None:
        return architectures()[found]
    public = [*architectures(), *models(), *(alias for each in architectures().values() for alias in each.published_as)]
    raise InputError(
        f'unknown model "{name}"{did_you_mean(name.rpartition("/")[2], public)}; '
        "the path of a config.json, or of the folder it lies in, is understood as well"
    )


def layer_count(architecture: Architecture) -> int:
    """Return the number of layers that mix tokens; Nemotron-H counts its feed-forward layers on top."""
    return sum(group.layers for group in architecture.mixers)
