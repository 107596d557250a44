"""An engine as a process: started in a group of its own, waited for, always stopped, also when the kit is killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from kit.errors import EngineError
from kit.profiler.engine_log import cause, last_lines

_LEASH = """
import ctypes, os, select, signal, sys
kit, group = int(sys.argv[1]), os.getpid()
def watch():
    ends = [os.pidfd_open(kit), os.pidfd_open(group)]
    os.setsid()
    if os.fork():
        return
    select.select(ends, [], [])
    select.select(ends[1:], [], [], 5)
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
watcher = os.fork()
if not watcher:
    try:
        watch()
    except OSError:
        os._exit(1)
    os._exit(0)
watched = os.waitpid(watcher, 0)[1] == 0
ctypes.CDLL(None).prctl(1, signal.SIGTERM if watched else signal.SIGKILL)
if os.getppid() != kit:
    sys.exit("the kit is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Asks Linux to end the engine when the kit dies (PR_SET_PDEATHSIG = 1), then becomes the engine.

The engine's own children do not inherit that wish. So a watcher outside the group waits until the kit or the engine
has ended, gives the engine five seconds to clear up, and kills what is left of the group. Where there can be no watcher
(Linux before 5.3) the engine is killed at once. A small program rather than ``preexec_fn``, which may deadlock in a
process that has threads."""

_PRIVATE = re.compile(r"_proxy$|api_?key|_token$|secret|password|passwd|credential", re.IGNORECASE)
"""Variables that an engine must not inherit: keys (it would also ask for ``VLLM_API_KEY``) and proxies."""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an engine's environment: no hub, no telemetry, no check for updates, no proxy, no keys.

    Args:
        settings: further variables.
    """
    kept = {key: value for key, value in os.environ.items() if not _PRIVATE.search(key)}
    return kept | {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], *, log: Path, env: Mapping[str, str], grace_s: float = 3.0
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` in a process group of its own that dies with the kit; always stop the whole group.

    Args:
        command: absolute path of the program, and its arguments.
        log: file for what it says.
        env: its environment.
        grace_s: how long it may take to end when it is asked to.

    Raises:
        EngineError: the program cannot be started.
    """
    leashed = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command]
    if not os.access(command[0], os.X_OK):
        raise EngineError(f"{command[0]} is not a program that can be started")
    with log.open("wb") as out:
        process = subprocess.Popen(
            leashed, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
    try:
        yield process
    finally:
        _stop(process, grace_s=grace_s)


def _stop(process: subprocess.Popen[bytes], *, grace_s: float) -> None:
    """End a process group: ask its leader, who may have things to clear up with the others, then kill what is left."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_s)
    finally:  # also when a second Ctrl-C cuts the waiting short
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_health(process: subprocess.Popen[bytes], *, port: int, log: Path, deadline_s: float, name: str) -> None:
    """Wait until ``GET /health`` says 200.

    Args:
        process: the engine.
        port: where it will listen, on the loopback interface.
        log: file with what it says.
        deadline_s: how long to wait.
        name: how errors call it.

    Raises:
        EngineError: the process ended, or the deadline passed; with the reason and the last lines of its log.
    """
    ends = time.monotonic() + deadline_s
    while time.monotonic() < ends:
        if (code := process.poll()) is not None:
            raise EngineError(f"{name} {ended(code)} before it answered{why(log)}:\n{last_lines(log)}")
        if health(port) == 200:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    raise EngineError(f"{name} did not answer within {deadline_s:.0f} s{why(log)}:\n{last_lines(log)}")


def health(port: int) -> int | None:
    """Return the status of ``GET /health``, or ``None`` where nobody answers within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def ended(code: int) -> str:
    """Say how a process ended; Linux kills with SIGKILL what takes more memory than there is."""
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL; often because the machine was out of memory)"
    return f"ended with code {code}"


def why(log: Path) -> str:
    """Return ``" (reason)"`` where the log names one, else nothing."""
    reason = cause(log)
    return f" ({reason})" if reason else ""
