"""Which engine serves a sweep: the built-in one, vLLM, or something that runs already."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kit.errors import InputError, did_you_mean
from kit.profiler.engines import Server, endpoint
from kit.profiler.sweep import EngineStarter, Served
from kit.profiler.vllm_engine import vllm_serve
from kit.profiler.weights import ModelFolder

NAMES = ("transformers", "vllm")


@dataclass(frozen=True)
class EngineOptions:
    """What the user wants of the engine.

    Attributes:
        name: ``transformers``, ``vllm``, or the address of a server that runs already.
        served_model: the model's name in requests; for an address only.
        api: ``chat`` or ``completions``; for an address only.
        key_variable: environment variable that holds the key; for an address only.
        executable: vLLM's executable, if not the one that is found.
        weights: folder of real weights; random ones by default.
        dtype, quantisation, tensor_parallel, max_model_len, arguments: passed to vLLM.
    """

    name: str = "transformers"
    served_model: str | None = None
    api: str = "completions"
    key_variable: str | None = None
    executable: str | None = None
    weights: Path | None = None
    dtype: str | None = None
    quantisation: str | None = None
    tensor_parallel: int = 1
    max_model_len: int | None = None
    arguments: tuple[str, ...] = ()


def starter(options: EngineOptions, *, deadline_s: float) -> tuple[EngineStarter | None, bool]:
    """Return what starts the engine (``None`` for the built-in one), and whether it needs random weights on the disk.

    Raises:
        InputError: there is no such engine, or an option does not belong to it.
    """
    if options.name.startswith(("http://", "https://")):
        return _endpoint(options), False
    if options.name not in NAMES:
        raise InputError(
            f'--engine "{options.name}" is not known{did_you_mean(options.name, NAMES)}; '
            "it may be transformers, vllm, or the address of a server that runs already"
        )
    if options.name == "transformers":
        if odd := _given(options):
            raise InputError(f"--{odd} belongs to vllm, not to the built-in engine")
        return None, True

    def start(folder: ModelFolder) -> AbstractContextManager[Server]:
        return vllm_serve(
            options.weights or folder.path,
            executable=options.executable,
            random_weights=options.weights is None,
            dtype=options.dtype,
            quantisation=options.quantisation,
            tensor_parallel=options.tensor_parallel,
            max_model_len=options.max_model_len,
            arguments=options.arguments,
            deadline_s=deadline_s,
        )

    return start, False


def served(options: EngineOptions) -> Served:
    """Return what the engine serves, as far as the options tell."""
    address = options.name.startswith(("http://", "https://"))
    return Served(
        accelerators=options.tensor_parallel,
        random_weights=None if address else options.weights is None,
        dtype="not stated" if address else options.quantisation or options.dtype,
    )


def _endpoint(options: EngineOptions) -> EngineStarter:
    if options.served_model is None:
        raise InputError("--served-model is needed with an address: the model's name in requests")
    if options.api not in ("chat", "completions"):
        raise InputError(f'--api "{options.api}" is not known; it may be chat or completions')
    model, api = options.served_model, options.api

    def start(_folder: ModelFolder) -> AbstractContextManager[Server]:
        return endpoint(
            options.name,
            model=model,
            api="chat" if api == "chat" else "completions",
            key_variable=options.key_variable,
        )

    return start


def _given(options: EngineOptions) -> str | None:
    """Return the name of the first vLLM option that was given."""
    given = {
        "executable": options.executable,
        "weights": options.weights,
        "dtype": options.dtype,
        "quantisation": options.quantisation,
        "max-model-len": options.max_model_len,
        "tensor-parallel": options.tensor_parallel if options.tensor_parallel != 1 else None,
        "argument": options.arguments or None,
    }
    return next((name for name, value in given.items() if value is not None), None)
