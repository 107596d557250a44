"""Which engine serves a sweep: the built-in one, vLLM, something that runs already, or a provider's API."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kit.errors import EngineError, InputError, did_you_mean, one_of
from kit.profiler.cloud import CLOUDS, cloud
from kit.profiler.engines import LOOPBACK, USAGE, Server, endpoint
from kit.profiler.sweep import NOT_STATED, EngineStarter, Served
from kit.profiler.vllm_engine import vllm_serve
from kit.profiler.weights import ModelFolder

STARTED = ("transformers", "vllm")
"""Engines that the kit starts itself."""


@dataclass(frozen=True)
class EngineOptions:
    """What the user wants of the engine.

    Attributes:
        name: ``transformers``, ``vllm``, a provider (``openai``, ``anthropic``, ``google``), or the address of a server
            that runs already.
        served_model: the model's name in requests; for an address or a provider.
        api: ``chat`` or ``completions``; for an address.
        key_variable: environment variable that holds the key; for an address or a provider.
        fields: further fields of each request, e.g. ``ignore_eos=true`` where the server knows it; for an address.
        proxy: address of an HTTP proxy on the way; by default the one that the environment names.
        ca_file: file of the certificates to trust instead of the system's.
        accelerator: what a server runs on that the kit did not start, e.g. ``H100 SXM``.
        accelerators: how many of them.
        executable: vLLM's executable, if not the one that is found.
        weights: folder of real weights; random ones by default.
        dtype, quantisation, tensor_parallel, max_model_len, arguments: passed to vLLM.
    """

    name: str = "transformers"
    served_model: str | None = None
    api: str = "completions"
    key_variable: str | None = None
    fields: tuple[str, ...] = ()
    proxy: str | None = None
    ca_file: str | None = None
    accelerator: str | None = None
    accelerators: int = 1
    executable: str | None = None
    weights: Path | None = None
    dtype: str | None = None
    quantisation: str | None = None
    tensor_parallel: int = 1
    max_model_len: int | None = None
    arguments: tuple[str, ...] = ()

    @property
    def address(self) -> bool:
        """Whether it is the address of a server that runs already."""
        return self.name.startswith(("http://", "https://"))

    @property
    def runs_already(self) -> bool:
        """Whether the kit does not start it."""
        return self.address or self.name in CLOUDS

    @property
    def elsewhere(self) -> bool:
        """Whether it runs on another machine."""
        return self.runs_already and urlsplit(self.name).hostname not in LOOPBACK


_OF_VLLM = ("executable", "weights", "dtype", "quantisation", "tensor_parallel", "max_model_len", "arguments")
_OF_SERVERS = ("served_model", "api", "key_variable", "fields", "proxy", "ca_file", "accelerator", "accelerators")


def starter(options: EngineOptions, *, deadline_s: float) -> tuple[EngineStarter | None, bool]:
    """Return what starts the engine (``None`` for the built-in one), and whether it needs random weights on the disk.

    Raises:
        InputError: there is no such engine, or an option does not belong to it.
    """
    known = (*STARTED, *CLOUDS)
    if not options.address and options.name not in known:
        raise InputError(
            f'--engine "{options.name}" is not known{did_you_mean(options.name, known)}; '
            f"there is {one_of(known)}, or the address of a server that runs already"
        )
    foreign = (*(_OF_VLLM if options.name != "vllm" else ()), *(_OF_SERVERS if not options.runs_already else ()))
    if odd := next((name for name in foreign if getattr(options, name) != getattr(EngineOptions(), name)), None):
        belongs = "vllm" if odd in _OF_VLLM else "a server that runs already"
        option = {"arguments": "argument", "fields": "field"}.get(odd, odd).replace("_", "-")
        raise InputError(f"--{option} belongs to {belongs}, not to the engine {options.name}")
    if options.runs_already:
        return _running(options), False
    if options.name == "transformers":
        return None, True

    def start(folder: ModelFolder | None) -> AbstractContextManager[Server]:
        if folder is None:
            raise EngineError("vLLM needs a model to serve")
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
    """Return what the engine serves and where, as far as the options tell."""
    if options.runs_already:
        return Served(
            accelerators=options.accelerators,
            random_weights=None if options.address else False,
            dtype=NOT_STATED,
            started=False,
            elsewhere=options.elsewhere,
            accelerator=options.accelerator,
        )
    return Served(
        accelerators=options.tensor_parallel,
        random_weights=options.weights is None,
        dtype=options.quantisation or options.dtype,
    )


def _running(options: EngineOptions) -> EngineStarter:
    """Return what gives a server that runs already."""
    if options.served_model is None:
        raise InputError(f"--served-model is needed with {options.name}: the model's name in requests")
    if options.api not in ("chat", "completions"):
        raise InputError(f'--api "{options.api}" is not known; it may be chat or completions')
    model, api = options.served_model, options.api
    extra = tuple(_field(text) for text in options.fields)
    if not options.address:
        if extra:
            raise InputError(f"--field is for an address; requests to {options.name} are fixed")
        return lambda _folder: cloud(
            options.name,
            model=model,
            key_variable=options.key_variable,
            proxy=options.proxy,
            ca_file=options.ca_file,
        )
    return lambda _folder: endpoint(
        options.name,
        model=model,
        api="chat" if api == "chat" else "completions",
        key_variable=options.key_variable,
        extra=(*USAGE, *extra),
        proxy=options.proxy,
        ca_file=options.ca_file,
    )


def _field(text: str) -> tuple[str, Any]:
    """Read ``name=value``, the value in JSON; a value that is no JSON is a string."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f'--field "{text}": name=value is wanted, e.g. ignore_eos=true')
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
