"""vLLM, started by the kit: found, run from a folder with a config.json alone, waited for, always stopped.

With random weights (``--load-format dummy``) and prompts as token ids (``--skip-tokenizer-init``) it needs neither
weights nor a tokenizer nor a hub, so a site without internet can be measured. ``make engine`` installs it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.errors import EngineError, InputError
from kit.profiler.engine_log import last_lines, without_paths
from kit.profiler.engines import Server, obituary
from kit.profiler.process import await_health, environment, free_port, health, running
from kit.profiler.profile import Engine
from kit.profiler.vllm_memory import KvWatch, LogMemory, engine_memory, read_log

EXECUTABLE_VARIABLE = "KIT_VLLM"
"""Environment variable that may name the executable."""

_OWN_FOLDER = Path(".venv-vllm") / "bin" / "vllm"
_ANSWERS = (
    ("temperature", 0.0),
    ("ignore_eos", True),
    ("return_token_ids", True),
    ("stream_options", {"include_usage": True, "continuous_usage_stats": True}),
)
"""Exactly as many tokens as were asked for, and in each chunk how many there are so far."""

_KIT_DECIDES = ("--host", "--port", "--uds", "--served-model-name", "--api-key", "--ssl-keyfile", "--ssl-certfile")
_GRACE_S = 10.0
"""Its front end needs some seconds to end the others; killed earlier, they leave shared memory behind."""

_VOCABULARY = 16384
"""Prompts are drawn from so many token ids at most; more would tell nothing."""


def find_vllm(executable: str | Path | None = None) -> Path:
    """Return vLLM's executable.

    The first of: ``executable``, ``$KIT_VLLM``, ``.venv-vllm`` in the working directory, ``PATH``.

    Args:
        executable: a path or a name on ``PATH``.

    Raises:
        InputError: ``executable`` or ``$KIT_VLLM`` is given and is no program.
        EngineError: there is no vLLM; the message says how to get it.
    """
    for given, where in ((executable, "the given executable"), (os.environ.get(EXECUTABLE_VARIABLE), "$KIT_VLLM")):
        if given:
            found = shutil.which(given)
            if found is None:
                raise InputError(f'{where} "{given}" is not a program; it should be like .venv-vllm/bin/vllm')
            return Path(found).absolute()
    if os.access(_OWN_FOLDER, os.X_OK):
        return _OWN_FOLDER.absolute()
    on_path = shutil.which("vllm")
    if on_path is None:
        raise EngineError(
            "vLLM is not installed; 'make engine' puts it into .venv-vllm, "
            f"or name its executable in the environment variable {EXECUTABLE_VARIABLE}"
        )
    return Path(on_path).absolute()


@contextlib.contextmanager
def vllm_serve(
    folder: Path,
    *,
    executable: str | Path | None = None,
    random_weights: bool = True,
    dtype: str | None = None,
    quantisation: str | None = None,
    tensor_parallel: int = 1,
    max_model_len: int | None = None,
    arguments: Sequence[str] = (),
    cpu_kv_cache_gib: int = 2,
    deadline_s: float = 600.0,
) -> Iterator[Server]:
    """Start ``vllm serve`` on a free loopback port, and stop it at the end.

    Call it from a thread that lives as long as the engine: Linux kills the engine with the thread that started it.
    Ask :meth:`~kit.profiler.engines.Server.ensure_alive` after each point: vLLM may die in the middle of a run.

    Args:
        folder: what to serve; with random weights its config.json is enough.
        executable: see :func:`find_vllm`.
        random_weights: take random weights rather than those in the folder.
        dtype: number format of weights and activations, e.g. ``bfloat16``; by default as the config says.
        quantisation: e.g. ``fp8``; by default as the config says.
        tensor_parallel: number of GPUs that share the model.
        max_model_len: longest prompt and answer together, in tokens; by default as the config says.
        arguments: further arguments of ``vllm serve``, e.g. ``("--enforce-eager",)``.
        cpu_kv_cache_gib: size of the KV-cache pool where there is no GPU, in GiB; ``$VLLM_CPU_KVCACHE_SPACE`` wins.
        deadline_s: how long it may take until it answers.

    Raises:
        InputError: no config.json that can be read, no such executable, or an argument that only the kit may give.
        EngineError: vLLM is not installed, or it died, ran out of memory or did not answer in time; with the reason
            and the last lines of its log.
    """
    config = _read_config(folder)
    program = find_vllm(executable)
    options = _options(
        random_weights=random_weights,
        dtype=dtype,
        quantisation=quantisation,
        tensor_parallel=tensor_parallel,
        max_model_len=max_model_len,
        arguments=arguments,
    )
    port = free_port()
    command = [str(program), "serve", str(folder.absolute()), *options, "--served-model-name", "model"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    pool = {"VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", str(cpu_kv_cache_gib))}
    with tempfile.TemporaryDirectory(prefix="kit-engine-", ignore_cleanup_errors=True) as scratch:
        log = Path(scratch) / "engine.log"
        settings = _settings(program, scratch=Path(scratch)) | pool
        with running(command, log=log, env=environment(settings), grace_s=_GRACE_S) as process:
            await_health(process, port=port, log=log, deadline_s=deadline_s, name="vllm serve")
            on_cpu = "CPU KV cache size" in log.read_text(encoding="utf-8", errors="replace")
            public = ("vllm", "serve", "MODEL", *(without_paths(option) for option in options))
            with KvWatch(port) as watch:
                watch.look()
                first = engine_memory(_log_memory(log), watch.seen, gpus=tensor_parallel)
                yield Server(
                    base_url=f"http://127.0.0.1:{port}",
                    model="model",
                    engine=Engine(
                        name="vllm",
                        version=_version(port, on_cpu=on_cpu),
                        command=(*(f"{key}={value}" for key, value in pool.items() if on_cpu), *public),
                    ),
                    pid=process.pid,
                    vocab_size=min(_VOCABULARY, _vocabulary(config)),
                    token_ids=True,
                    kv_cache_gib=first.kv_cache_gib,
                    extra=_ANSWERS,
                    obituary=lambda: ending(process, port=port, log=log),
                    memory=lambda: engine_memory(_log_memory(log), watch.seen, gpus=tensor_parallel),
                    last_words=lambda: last_lines(log),
                )


def _options(
    *,
    random_weights: bool,
    dtype: str | None,
    quantisation: str | None,
    tensor_parallel: int,
    max_model_len: int | None,
    arguments: Sequence[str],
) -> list[str]:
    """Return the arguments of ``vllm serve`` that say how the model is served."""
    for argument in arguments:
        name = argument.partition("=")[0].replace("_", "-")
        if name in _KIT_DECIDES:
            raise InputError(f"{name} cannot be given to vLLM; the kit decides about its address, name and key itself")
    options = ["--load-format", "dummy"] if random_weights else []
    options += ["--skip-tokenizer-init", "--generation-config", "vllm", "--disable-uvicorn-access-log"]
    chosen = {
        "--dtype": dtype,
        "--quantization": quantisation,
        "--tensor-parallel-size": tensor_parallel if tensor_parallel != 1 else None,
        "--max-model-len": max_model_len,
    }
    for name, value in chosen.items():
        options += [] if value is None else [name, str(value)]
    return [*options, *arguments]


def _settings(program: Path, *, scratch: Path) -> dict[str, str]:
    """Return vLLM's environment: no statistics, all addresses on the loopback interface, sockets in ``scratch``.

    Its own programs (ninja) lie beside it, and it finds them only on ``PATH``.
    """
    return {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_HOST_IP": "127.0.0.1",
        "NO_COLOR": "1",
        "TMPDIR": str(scratch),
        "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); vLLM needs the model's config.json") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(config, dict):
        raise InputError(f"{path}: not a JSON object")
    return config


def _vocabulary(config: Mapping[str, Any]) -> int:
    """Return the number of token ids; models that also see have it one level down. Every vocabulary has 256."""
    inner = config.get("text_config")
    for level in (config, inner if isinstance(inner, dict) else {}):
        if isinstance(size := level.get("vocab_size"), int):
            return size
    return 256


def _version(port: int, *, on_cpu: bool) -> str | None:
    """Return the version that the server tells, with ``+cpu`` for the CPU build, or ``None`` if it does not tell."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/version")
        version = str(json.loads(connection.getresponse().read())["version"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    return f"{version}+cpu" if on_cpu and "cpu" not in version else version


def _log_memory(log: Path) -> LogMemory:
    return read_log(log.read_text(encoding="utf-8", errors="replace") if log.exists() else "")


def ending(process: subprocess.Popen[bytes], *, port: int, log: Path, patience_s: float = 10.0) -> str | None:
    """Return how vLLM ended, or ``None`` while it serves.

    Its parts die one after the other: when the engine core is gone, the front end says 503, refuses connections for
    some seconds and ends then; so what does not answer gets some patience before it is called hanging.

    Args:
        process: the front end.
        port: where it listens.
        log: what it said.
        patience_s: how long it may take to end.
    """
    if process.poll() is None and health(port) != 200:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience_s)
        if process.poll() is None and health(port) != 200:
            return f"it no longer answers; its last words: {without_paths(last_lines(log, lines=1))}"
    return obituary(process, log)
