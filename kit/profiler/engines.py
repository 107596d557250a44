"""Engines: something that answers the OpenAI protocol at a URL.

The kit starts ``transformers serve`` itself, in a process group of its own, and always stops it; an ``endpoint`` is
anything that runs already.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from kit.errors import EngineError
from kit.profiler.load import Target
from kit.profiler.profile import Engine
from kit.profiler.weights import ModelFolder

Api = Literal["completions", "chat"]

_LEASH = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the kit is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Asks Linux to kill the engine when the kit dies (PR_SET_PDEATHSIG = 1), then becomes the engine.

A small program rather than ``preexec_fn``, which may deadlock in a process that has threads."""

_PAGE_TOKENS = 256
"""Tokens in one block of the KV cache of transformers' continuous batching."""


@dataclass(frozen=True)
class Server:
    """A running engine.

    Attributes:
        base_url: e.g. ``http://127.0.0.1:8000``, without ``/v1``.
        model: the name of the model in requests.
        engine: what it is and how it was started, with paths removed.
        api: which of the two interfaces is asked.
        pid: the process that the kit started; ``None`` for an endpoint.
        vocab_size: tokens of its tokenizer, where the kit generated it.
        kv_cache_gib: size of the KV-cache pool, where it is known.
        headers: further headers of each request; they may hold a key, so they are never written anywhere.
        extra: further fields of each request's body.
        obituary: says how the engine ended (paths removed), or ``None`` while it runs or nobody can know.
    """

    base_url: str
    model: str
    engine: Engine
    api: Api = "completions"
    pid: int | None = None
    vocab_size: int = 2048
    kv_cache_gib: float | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    extra: tuple[tuple[str, Any], ...] = ()
    obituary: Callable[[], str | None] = field(default=lambda: None, repr=False)

    def target(self, *, timeout_s: float) -> Target:
        """Return where requests go; ``timeout_s`` is the longest wait for one whole answer."""
        path = "/v1/completions" if self.api == "completions" else "/v1/chat/completions"
        return Target(self.base_url + path, headers=self.headers, timeout_s=timeout_s)

    def body(self, text: str, *, output_tokens: int) -> dict[str, Any]:
        """Return the JSON body of a streamed request for exactly ``output_tokens`` tokens."""
        if self.api == "completions":
            asked: dict[str, Any] = {"prompt": text}
        else:
            asked = {"messages": [{"role": "user", "content": text}]}
        return {"model": self.model, **asked, "max_tokens": output_tokens, "stream": True, **dict(self.extra)}


@contextlib.contextmanager
def endpoint(
    base_url: str,
    *,
    model: str,
    name: str = "endpoint",
    api: Api = "chat",
    headers: tuple[tuple[str, str], ...] = (),
    extra: tuple[tuple[str, Any], ...] = (("stream_options", {"include_usage": True}),),
) -> Iterator[Server]:
    """Give a server that runs already: TGI, SGLang, llama.cpp, Ollama, NIM, LM Studio, or a cloud.

    Args:
        base_url: its address, with or without a closing ``/v1``.
        model: the model's name in requests.
        name: the engine's name in the record.
        api: ``chat`` or ``completions``.
        headers: further headers, e.g. an authorisation.
        extra: further fields of each request, e.g. ``(("ignore_eos", True),)`` where the server knows it.

    Raises:
        InputError: the address is not an http or https URL.
    """
    address = base_url.rstrip("/").removesuffix("/v1")
    Target(address).parts()
    yield Server(base_url=address, model=model, engine=Engine(name=name), api=api, headers=headers, extra=extra)


@contextlib.contextmanager
def transformers_serve(
    folder: ModelFolder,
    *,
    device: str = "cpu",
    cores: int | None = None,
    cache_tokens: int = 8192,
    deadline_s: float = 90.0,
) -> Iterator[Server]:
    """Start ``transformers serve`` with continuous batching on a free loopback port, and stop it at the end.

    Call it from a thread that lives as long as the engine: Linux kills the engine with the thread that started it.

    Args:
        folder: what to serve.
        device: ``cpu`` or ``cuda``.
        cores: threads of the engine's matrix products; by default torch decides.
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
    with tempfile.TemporaryDirectory(prefix="kit-engine-") as scratch:
        log = Path(scratch) / "engine.log"
        threads = _threads(cores)
        with running(command, log=log, env=_environment() | threads) as process:
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
                kv_cache_gib=blocks * _PAGE_TOKENS * folder.kv_bytes_per_token / 2**30,
                obituary=lambda: _obituary(process, log),
            )


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _threads(cores: int | None) -> dict[str, str]:
    """Return the settings of the engine's threads.

    Threads that wait sleep. By default they spin, and then two matrix products on two cores that share one of them
    with anybody else take five to ten times as long; with the cores to themselves the two are equally fast.
    """
    settings = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
    return settings if cores is None else settings | {"OMP_NUM_THREADS": str(cores)}


def _environment() -> dict[str, str]:
    """Return the engine's environment: no hub, no telemetry, no check for updates, no proxy."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return kept | {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def running(command: list[str], *, log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` in a process group of its own that dies with the kit; always stop the whole group."""
    leashed = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            leashed, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes], *, grace_s: float = 3.0) -> None:
    """End a process group: first politely, then for certain, with whatever its leader left behind."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_s)


def await_health(process: subprocess.Popen[bytes], *, port: int, log: Path, deadline_s: float, name: str) -> None:
    """Wait until ``GET /health`` says 200.

    Raises:
        EngineError: the process ended, or the deadline passed.
    """
    ends = time.monotonic() + deadline_s
    while time.monotonic() < ends:
        if (code := process.poll()) is not None:
            raise EngineError(f"{name} ended with code {code} before it answered:\n{last_lines(log)}")
        if _healthy(port):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    raise EngineError(f"{name} did not answer within {deadline_s:.0f} s:\n{last_lines(log)}")


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _obituary(process: subprocess.Popen[bytes], log: Path) -> str | None:
    """Return how a process ended and the last line of its log without paths, or ``None`` while it runs."""
    code = process.poll()
    if code is None:
        return None
    return f"it ended with code {code}; its last words: {without_paths(last_lines(log, lines=1))}"


def without_paths(text: str) -> str:
    """Return ``text`` with absolute paths cut down to their last part, which names no user, host or site."""
    return re.sub(r"(?<![\w.:/])(?:/[^\s/:'\"]+)+/([^\s/:'\"]+)", r".../\1", text)


def last_lines(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of an engine's log, or say that it is empty."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"
