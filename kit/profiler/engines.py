"""Engines: something that answers at a URL, and what it says of its own memory.

The kit starts ``transformers serve`` (here) and vLLM (:mod:`kit.profiler.vllm_engine`) itself, each in a process group
of its own, and always stops them; an ``endpoint`` is anything that runs already, and :mod:`kit.profiler.cloud` has the
clouds.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from kit.errors import EngineError, InputError
from kit.profiler import dialects
from kit.profiler.dialects import Api as Api
from kit.profiler.dialects import Asking as Asking
from kit.profiler.engine_log import last_lines as last_lines
from kit.profiler.engine_log import without_paths as without_paths
from kit.profiler.exchange import Target
from kit.profiler.keys import Secret, read_key
from kit.profiler.process import await_health as await_health
from kit.profiler.process import ended, environment, why
from kit.profiler.process import free_port as free_port
from kit.profiler.process import running as running
from kit.profiler.profile import Engine
from kit.profiler.weights import ModelFolder

_PAGE_TOKENS = 256
"""Tokens in one block of the KV cache of transformers' continuous batching."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
USAGE = (("stream_options", {"include_usage": True}),)
"""Asks a server that speaks OpenAI's language for token counts."""


@dataclass(frozen=True)
class EngineMemory:
    """What an engine says of its own memory, in GiB of the whole replica; ``None`` where it does not say.

    Attributes:
        weights_gib: the weights.
        kv_cache_gib: the KV-cache pool.
        kv_cache_tokens: tokens that fit into the pool.
        peak_kv_gib: most of the pool that was seen in use; the true peak may lie between two looks.
        activations_gib: the peak of activations.
        graphs_gib: captured graphs.
        other_gib: what the engine holds besides the weights, as of libraries and communication.
    """

    weights_gib: float | None = None
    kv_cache_gib: float | None = None
    kv_cache_tokens: int | None = None
    peak_kv_gib: float | None = None
    activations_gib: float | None = None
    graphs_gib: float | None = None
    other_gib: float | None = None


@dataclass(frozen=True)
class Server:
    """A running engine.

    Attributes:
        base_url: e.g. ``http://127.0.0.1:8000``, without ``/v1``.
        model: the name of the model in requests.
        engine: what it is and how it was started, with paths removed.
        api: the language it is asked in.
        pid: the process that the kit started; ``None`` for an endpoint.
        vocab_size: tokens of its tokenizer, where the kit knows it.
        token_ids: whether prompts are sent as token ids.
        limit: name of the limit on output tokens in requests.
        kv_cache_gib: size of the KV-cache pool, where it is known.
        headers: further headers of each request; they may hold a key, so they are never written anywhere.
        extra: further fields of each request's body.
        proxy: address of an HTTP proxy on the way, which may hold a password.
        ca_file: file of the certificates to trust instead of the system's.
        obituary: says how the engine ended (paths removed), or ``None`` while it runs or nobody can know.
        memory: says what the engine holds; it may be asked at any time while the engine runs.
        last_words: the last lines of its log.
    """

    base_url: str
    model: str
    engine: Engine
    api: Api = "completions"
    pid: int | None = None
    vocab_size: int = 2048
    token_ids: bool = False
    limit: str = "max_tokens"
    kv_cache_gib: float | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    extra: tuple[tuple[str, Any], ...] = ()
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    obituary: Callable[[], str | None] = field(default=lambda: None, repr=False)
    memory: Callable[[], EngineMemory] = field(default=EngineMemory, repr=False)
    last_words: Callable[[], str] = field(default=lambda: "", repr=False)

    def target(self, *, timeout_s: float) -> Target:
        """Return where requests go; ``timeout_s`` is the longest wait for one whole answer."""
        path = dialects.path(self.api, model=self.model)
        return Target(
            self.base_url + path, headers=self.headers, timeout_s=timeout_s, proxy=self.proxy, ca_file=self.ca_file
        )

    @property
    def asking(self) -> Asking:
        """How requests to it are written."""
        return Asking(self.api, self.model, self.token_ids, self.limit, self.extra)

    def body(self, text: str, *, output_tokens: int) -> dict[str, Any]:
        """Return the JSON body of a streamed request; see :meth:`kit.profiler.dialects.Asking.body`."""
        return self.asking.body(text, output_tokens=output_tokens)

    def ensure_alive(self) -> None:
        """Do nothing while the engine runs, or nobody can know.

        Raises:
            EngineError: it has ended or given up; with the reason and the last lines of its log.
        """
        if end := self.obituary():
            raise EngineError(f"{self.engine.name} died: {end}:\n{self.last_words()}")


@contextlib.contextmanager
def endpoint(
    base_url: str,
    *,
    model: str,
    name: str = "endpoint",
    api: Api = "chat",
    key_variable: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    extra: tuple[tuple[str, Any], ...] = USAGE,
    token_ids: bool = False,
    vocab_size: int = 2048,
    proxy: str | None = None,
    ca_file: str | None = None,
) -> Iterator[Server]:
    """Give a server that runs already: TGI, SGLang, llama.cpp, Ollama, NIM, LM Studio, or a gateway.

    Args:
        base_url: its address, with or without a closing ``/v1``.
        model: the model's name in requests.
        name: the engine's name in the record.
        api: ``chat`` or ``completions``.
        key_variable: environment variable that holds the key, if one is needed.
        headers: further headers.
        extra: further fields of each request, e.g. ``(("ignore_eos", True),)`` where the server knows it.
        token_ids: send prompts as token ids; only to ``completions`` of a server that takes them (vLLM, SGLang).
        vocab_size: token ids are drawn from the first so many.
        proxy: address of an HTTP proxy; by default the one that the environment names.
        ca_file: file of the certificates to trust instead of the system's.

    Raises:
        InputError: the address is not an http or https URL or holds a key, the variable is not set, or token ids are
            to be sent to a chat.
    """
    address = checked_address(base_url).removesuffix("/v1")
    if token_ids and api != "completions":
        raise InputError(f'token ids can only be sent to the api "completions", not to "{api}"')
    if key_variable is not None:
        headers = (*headers, ("Authorization", Secret(f"Bearer {read_key(key_variable)}")))
    yield Server(
        base_url=address,
        model=model,
        engine=Engine(name=name),
        api=api,
        headers=headers,
        extra=extra,
        token_ids=token_ids,
        vocab_size=vocab_size,
        proxy=proxy or proxy_of(address),
        ca_file=ca_file,
    )


def proxy_of(url: str) -> str | None:
    """Return the HTTP proxy that the environment names for an address (``https_proxy``, ``no_proxy``), if any.

    Args:
        url: the address of a server; there is never a proxy before the loopback interface.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in LOOPBACK or proxy_bypass(host):
        return None
    proxies = getproxies_environment()
    return proxies.get(parts.scheme) or proxies.get("all")


def checked_address(url: str) -> str:
    """Return the address of a server without a closing slash.

    Raises:
        InputError: it is not an http or https URL, or it holds a password or a query (which is not repeated).
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query:
        raise InputError("an address may hold no key and no password; name an environment variable that holds the key")
    Target(url).parts()
    return url.rstrip("/")


@contextlib.contextmanager
def transformers_serve(
    folder: ModelFolder,
    *,
    device: str = "cpu",
    cores: int | None = None,
    yielding: bool = False,
    cache_tokens: int = 8192,
    deadline_s: float = 90.0,
) -> Iterator[Server]:
    """Start ``transformers serve`` with continuous batching on a free loopback port, and stop it at the end.

    Call it from a thread that lives as long as the engine: Linux kills the engine with the thread that started it.

    Args:
        folder: what to serve.
        device: ``cpu`` or ``cuda``.
        cores: threads of the engine's matrix products; by default torch decides.
        yielding: waiting threads sleep, for a machine that others use too.
        cache_tokens: least size of the KV cache in tokens; transformers would else take 60 % of the memory.
        deadline_s: how long it may take until it answers.

    Raises:
        EngineError: transformers is not installed, or the engine died or did not answer in time; the message has the
            last lines of its log.
    """
    try:
        release = version("transformers")
    except PackageNotFoundError:
        raise EngineError("transformers is not installed; pip install 'hybrid-ai-decision-kit[profile]'") from None
    blocks = -(-cache_tokens // _PAGE_TOKENS)
    options = ["--continuous-batching", "--device", device, "--cb-num-blocks", str(blocks)]
    options += ["--cb-max-batch-tokens", str(min(2048, blocks * _PAGE_TOKENS)), "--log-level", "error"]
    public = ("transformers", "serve", "MODEL", *options)
    port = free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder.path), *options]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    pool_gib = blocks * _PAGE_TOKENS * folder.kv_bytes_per_token / 2**30
    memory = EngineMemory(kv_cache_gib=pool_gib, kv_cache_tokens=blocks * _PAGE_TOKENS)
    with tempfile.TemporaryDirectory(prefix="kit-engine-") as scratch:
        log = Path(scratch) / "engine.log"
        threads = _threads(cores, yielding=yielding)
        with running(command, log=log, env=environment(threads)) as process:
            await_health(process, port=port, log=log, deadline_s=deadline_s, name="transformers serve")
            yield Server(
                base_url=f"http://127.0.0.1:{port}",
                model=str(folder.path),
                engine=Engine(
                    name="transformers",
                    version=release,
                    command=(*(f"{key}={value}" for key, value in threads.items()), *public),
                ),
                pid=process.pid,
                vocab_size=folder.vocab_size,
                kv_cache_gib=pool_gib,
                obituary=lambda: obituary(process, log),
                memory=lambda: memory,
                last_words=lambda: last_lines(log),
            )


def _threads(cores: int | None, *, yielding: bool) -> dict[str, str]:
    """Return the settings of the engine's threads.

    Threads that wait spin by default, which is fastest with the cores to themselves (full decode steps of Qwen3-0.6B on
    two cores took 0.13 to 0.16 s, and 0.19 to 0.24 s with sleeping threads); where anybody else wants a core, spinning
    makes a step up to ten times slower. So they sleep only on a machine that is known to be shared.
    """
    policy = os.environ.get("OMP_WAIT_POLICY") or ("passive" if yielding else None)
    settings = {} if policy is None else {"OMP_WAIT_POLICY": policy}
    return settings if cores is None else settings | {"OMP_NUM_THREADS": str(cores)}


def obituary(process: subprocess.Popen[bytes], log: Path) -> str | None:
    """Return how a process ended, the reason and the last line of its log without paths; ``None`` while it runs."""
    code = process.poll()
    if code is None:
        return None
    return f"it {ended(code)}{why(log)}; its last words: {without_paths(last_lines(log, lines=1))}"
