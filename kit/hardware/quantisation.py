"""In how many bits weights are kept, and what a model's weights take in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kit.errors import InputError, did_you_mean, one_of
from kit.facts.architectures import Architecture, Native
from kit.facts.parameters import Parameters, parameters
from kit.hardware.kv_cache import ELEMENT_BYTES
from kit.record import Part


class Scheme(Part):
    """A way of keeping matrices in fewer bits.

    Attributes:
        name: by which the user asks for it.
        bits: per weight, scales and zero points included.
        mixers: whether it covers the matrices of attention and recurrent layers.
        feed_forwards: whether it covers dense MLPs and experts that work on every token.
        note: how ``bits`` comes about.

    Experts are always covered. Embeddings, the output head, norms, biases and routers never are.
    """

    name: str
    bits: float
    mixers: bool = True
    feed_forwards: bool = True
    note: str


_SCHEMES = (
    Scheme(name="fp8", bits=8, note="one scale per tensor, channel or 128 × 128 block: below 0.03 %, not counted"),
    Scheme(name="int8", bits=8, note="one scale per channel, not counted"),
    Scheme(name="gptq-int8", bits=8 + (16 + 8) / 128, note="16-bit scale and 8-bit zero point per 128 weights"),
    Scheme(name="gptq-int4", bits=4 + (16 + 4) / 128, note="16-bit scale and 4-bit zero point per 128 weights"),
    Scheme(name="awq-int4", bits=4 + (16 + 4) / 128, note="16-bit scale and 4-bit zero point per 128 weights"),
    Scheme(
        name="int4-experts", bits=4 + 16 / 32, mixers=False, feed_forwards=False, note="16-bit scale per 32 weights"
    ),
    Scheme(
        name="mxfp4",
        bits=4 + 8 / 32,
        mixers=False,
        note="8-bit scale per 32 weights: https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf",
    ),
    Scheme(name="nvfp4", bits=4 + 8 / 16, note="8-bit scale per 16 weights"),
)
SCHEMES: Mapping[str, Scheme] = MappingProxyType({scheme.name: scheme for scheme in _SCHEMES})
_ALSO = {"gptq": "gptq-int4", "awq": "awq-int4", "int4": "gptq-int4"}
_NATIVE: Mapping[Native, str] = {
    "none": "none",
    "fp8": "fp8",
    "int4": "gptq-int4",
    "int4-experts": "int4-experts",
    "int8": "int8",
    "mxfp4": "mxfp4",
    "nvfp4": "nvfp4",
}
DTYPES = ("bfloat16", "float16", "float32")
_DTYPES_ALSO = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32", "half": "float16"}


def scheme_of(architecture: Architecture, quantisation: str | None = None) -> Scheme | None:
    """Return the quantisation in which the weights are kept, or ``None`` where they are not quantised.

    Args:
        architecture: the model.
        quantisation: what the user asked for; ``None`` takes what the publisher gives.

    Raises:
        InputError: there is no such quantisation; names the nearest.
    """
    wanted = _NATIVE[architecture.native] if quantisation is None else quantisation.casefold()
    wanted = _ALSO.get(wanted, wanted)
    if wanted == "none":
        return None
    if wanted not in SCHEMES:
        allowed = ("none", *SCHEMES)
        raise InputError(f'unknown quantisation "{quantisation}"{did_you_mean(wanted, allowed)}: {one_of(allowed)}')
    return SCHEMES[wanted]


def dtype_of(architecture: Architecture, dtype: str | None = None) -> str:
    """Return the dtype of what is not quantised.

    Args:
        architecture: the model.
        dtype: what the user asked for; ``None`` takes the dtype of the published weights.

    Raises:
        InputError: there is no such dtype; names the nearest.
    """
    wanted = architecture.dtype if dtype is None else _DTYPES_ALSO.get(dtype.casefold(), dtype.casefold())
    if wanted in DTYPES:
        return wanted
    if wanted in SCHEMES or wanted in _ALSO:
        raise InputError(f'"{dtype}" is a quantisation, not a dtype: write --quantisation {wanted}')
    raise InputError(f'unknown dtype "{dtype}"{did_you_mean(wanted, (*DTYPES, *_DTYPES_ALSO))}: {one_of(DTYPES)}')


def weight_bytes(
    architecture: Architecture, *, dtype: str | None = None, quantisation: str | None = None, gpus: int = 1
) -> int:
    """Return the bytes of weights that one GPU of a tensor-parallel group holds.

    Σ parameters × bits ÷ 8, with the scheme's bits where it covers the matrix and the dtype's elsewhere.

    Args:
        architecture: the model.
        dtype: of what is not quantised; the published one unless told.
        quantisation: a name of :data:`SCHEMES` or ``none``; what the publisher gives unless told.
        gpus: GPUs of the group.

    Raises:
        InputError: there is no such dtype or quantisation.
    """
    plain = ELEMENT_BYTES[dtype_of(architecture, dtype)]
    scheme = scheme_of(architecture, quantisation)
    held = parameters(architecture, gpus=gpus)
    whole = held.total
    if scheme is None:
        return whole * plain
    covered = _covered(held, scheme)
    return round((whole - covered) * plain + covered * scheme.bits / 8)


def _covered(held: Parameters, scheme: Scheme) -> int:
    covered = held.experts
    if scheme.mixers:
        covered += held.mixers
    if scheme.feed_forwards:
        covered += held.feed_forwards
    return covered
