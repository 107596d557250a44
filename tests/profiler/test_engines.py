"""Engines are started, waited for and stopped, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from kit.errors import EngineError, InputError
from kit.profiler.engine_log import cause, last_lines
from kit.profiler.engines import (
    EngineMemory,
    await_health,
    endpoint,
    free_port,
    running,
    transformers_serve,
    without_paths,
)
from kit.profiler.weights import write_random_model

_FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
import signal; signal.pause()
"""
_STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: signal.pause()
"""
_KIT_WITH_FAMILY = """
import os, sys
from pathlib import Path
from kit.profiler.engines import running
log = Path(sys.argv[1])
with running([sys.executable, "-c", sys.argv[2]], log=log, env=dict(os.environ)) as p:
    while not log.read_text().endswith("\\n"): os.sched_yield()
    print(log.read_text(), flush=True)
    sys.stdin.readline()
"""
_KIT = """
import os, sys
from pathlib import Path
from kit.profiler.engines import running
with running([sys.executable, "-c", "import signal; signal.pause()"], log=Path(sys.argv[1]), env=dict(os.environ)) as p:
    print(p.pid, flush=True)
    sys.stdin.readline()
"""


def first_line(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for the first line of a process's log."""
    while process.poll() is None:
        if (text := log.read_text()).endswith("\n"):
            return text.strip()
        os.sched_yield()
    raise AssertionError(log.read_text())


def gone(pid: int) -> bool:
    """Wait until a process that need not be our child has ended."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


class TestProcesses:
    def test_whole_group_is_stopped(self, tmp_path: Path) -> None:
        """What the engine started is stopped with it."""
        log = tmp_path / "log"
        with running([sys.executable, "-c", _FAMILY], log=log, env=dict(os.environ)) as process:
            child = int(first_line(log, process))
        assert gone(child)
        assert gone(process.pid)

    def test_stubborn_engine_is_killed(self, tmp_path: Path) -> None:
        """An engine that ignores SIGTERM is killed."""
        log = tmp_path / "log"
        with running([sys.executable, "-c", _STUBBORN], log=log, env=dict(os.environ)) as process:
            first_line(log, process)
        assert process.returncode == -signal.SIGKILL

    def test_stopped_on_interrupt(self, tmp_path: Path) -> None:
        """An interrupt inside the block stops the engine and is passed on."""
        with (
            pytest.raises(KeyboardInterrupt),
            running([sys.executable, "-c", _FAMILY], log=tmp_path / "log", env=dict(os.environ)) as process,
        ):
            raise KeyboardInterrupt
        assert gone(process.pid)

    def test_dies_with_the_kit(self, tmp_path: Path) -> None:
        """When the kit is killed with SIGKILL, the engine dies too."""
        command = [sys.executable, "-c", _KIT, str(tmp_path / "log")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kit:
            assert kit.stdout is not None
            engine = int(kit.stdout.readline())
            kit.kill()
        assert gone(engine)

    def test_its_children_die_with_the_kit(self, tmp_path: Path) -> None:
        """When the kit is killed with SIGKILL, what the engine started dies too."""
        command = [sys.executable, "-c", _KIT_WITH_FAMILY, str(tmp_path / "log"), _FAMILY]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kit:
            assert kit.stdout is not None
            child = int(kit.stdout.readline())
            kit.kill()
        assert gone(child)

    def test_stubborn_engine_dies_with_the_kit(self, tmp_path: Path) -> None:
        """An engine that ignores SIGTERM outlives the kit by some seconds only."""
        command = [sys.executable, "-c", _KIT_WITH_FAMILY, str(tmp_path / "log"), _STUBBORN]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kit:
            assert kit.stdout is not None
            kit.stdout.readline()
            (leader,) = (child for child in psutil.Process(kit.pid).children() if child.pid == os.getpgid(child.pid))
            kit.kill()
        assert gone(leader.pid)

    def test_its_children_die_with_the_engine(self, tmp_path: Path) -> None:
        """When the engine itself is killed, what it started dies too, though the kit goes on."""
        log = tmp_path / "log"
        with running([sys.executable, "-c", _FAMILY], log=log, env=dict(os.environ)) as process:
            child = int(first_line(log, process))
            process.kill()
            assert gone(child)

    def test_no_program(self, tmp_path: Path) -> None:
        """A program that is not there is an EngineError."""
        with (
            pytest.raises(EngineError, match="/no/engine is not a program"),
            running(["/no/engine"], log=tmp_path / "log", env={}),
        ):
            pass

    def test_own_process_group(self, tmp_path: Path) -> None:
        """The engine is in a group of its own, so Ctrl-C in the terminal reaches the kit alone."""
        log = tmp_path / "log"
        with running([sys.executable, "-c", _FAMILY], log=log, env=dict(os.environ)) as process:
            first_line(log, process)
            assert os.getpgid(process.pid) == process.pid != os.getpgid(0)


class TestHealth:
    def test_death_shows_the_log(self, tmp_path: Path) -> None:
        """An engine that dies before it answers is reported with its code and the last lines of its log."""
        log = tmp_path / "log"
        code = "import sys; print('loading'); print('CUDA out of memory'); sys.exit(3)"
        with (
            running([sys.executable, "-c", code], log=log, env=dict(os.environ)) as process,
            pytest.raises(
                EngineError, match=r"demo ended with code 3 before it answered \(memory .*\):\nloading\nCUDA out"
            ),
        ):
            await_health(process, port=free_port(), log=log, deadline_s=20, name="demo")

    def test_deadline(self, tmp_path: Path) -> None:
        """An engine that does not answer in time is given up."""
        log = tmp_path / "log"
        with (
            running([sys.executable, "-c", "import signal; signal.pause()"], log=log, env={}) as process,
            pytest.raises(EngineError, match="did not answer within 0 s"),
        ):
            await_health(process, port=free_port(), log=log, deadline_s=0.3, name="demo")


class TestEndpoint:
    @pytest.mark.parametrize("given", ["http://host:8000", "http://host:8000/", "http://host:8000/v1"])
    def test_address(self, given: str) -> None:
        """An address may be given with or without /v1."""
        with endpoint(given, model="m") as server:
            assert server.target(timeout_s=1).url == "http://host:8000/v1/chat/completions"

    def test_bad_address(self) -> None:
        """An address without http is reported before anything is sent."""
        with pytest.raises(InputError, match="is not an address"), endpoint("host:8000", model="m"):
            pass

    @pytest.mark.parametrize("address", ["https://u:canary@host", "https://host/v1?key=canary"])
    def test_key_in_address(self, address: str) -> None:
        """A key in an address is refused and not repeated."""
        with pytest.raises(InputError, match="may hold no key") as error, endpoint(address, model="m"):
            pass
        assert "canary" not in str(error.value)

    def test_token_ids(self) -> None:
        """Token ids go to completions only."""
        with endpoint("http://host", model="m", api="completions", token_ids=True) as server:
            assert server.body("b c", output_tokens=3)["prompt"] == [1, 2]
        with pytest.raises(InputError, match="token ids"), endpoint("http://host", model="m", token_ids=True):
            pass

    def test_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment's proxy is used, but not for the loopback and what no_proxy names; it is not shown."""
        for name in ("https_proxy", "no_proxy", "all_proxy", "http_proxy"):
            monkeypatch.delenv(name.upper(), raising=False)
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", "http://ann:canary@proxy:3128")
        monkeypatch.setenv("no_proxy", "inside.example")
        found = {}
        for address in (
            "https://api.example",
            "https://inside.example",
            "https://127.0.0.1:8000",
            "http://plain.example",
        ):
            with endpoint(address, model="m") as server:
                found[address] = server.target(timeout_s=1).proxy
                assert "canary" not in repr(server)
        assert list(found.values()) == ["http://ann:canary@proxy:3128", None, None, None]

    def test_nobody_can_know(self) -> None:
        """Whether an endpoint is alive cannot be known, and what it holds neither."""
        with endpoint("http://host", model="m") as server:
            server.ensure_alive()
            assert server.memory() == EngineMemory()

    def test_key_is_not_shown(self) -> None:
        """The key in a header is not part of what is printed."""
        with endpoint("http://host", model="m", headers=(("Authorization", "secret"),)) as server:
            assert "secret" not in repr(server)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('File "/home/ann/client-x/serve.py", line 3', 'File ".../serve.py", line 3'),
        ("http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/v1/models"),
        ("no path and/or slash", "no path and/or slash"),
    ],
)
def test_without_paths(text: str, clean: str) -> None:
    """Absolute paths are cut to their last part; addresses and plain words stay."""
    assert without_paths(text) == clean


class TestCause:
    @pytest.mark.parametrize(
        ("log", "reason"),
        [
            ("all is well\n", None),
            ("WARNING 11-22 14:28:46 [base.py:380] ValueError: harmless\n", None),
            (
                "    raise ValueError('source')\nValueError: the first\nRuntimeError: the second\n",
                "ValueError: the first",
            ),
            (
                "(Core pid=1) ERROR 11-22 14:29:12 [core.py:15] a.EngineDeadError: See stack trace for root cause.\n"
                "(Worker pid=2) ERROR 11-22 14:29:12 [x.py:1] RuntimeError: head_dim=16 in /home/ann/x.py\n",
                "RuntimeError: head_dim=16 in .../x.py",
            ),
            (
                "RuntimeError: first\ntorch.OutOfMemoryError: CUDA out of memory. Tried\n",
                "memory did not suffice: torch.OutOfMemoryError: CUDA out of memory. Tried",
            ),
            ("vllm: error: argument --dtype: invalid choice\n", "vllm: error: argument --dtype: invalid choice"),
        ],
    )
    def test_reason(self, tmp_path: Path, log: str, reason: str | None) -> None:
        """The reason is the lack of memory, else the first error that is no aftermath, no warning and no source."""
        (tmp_path / "log").write_text(log)
        assert cause(tmp_path / "log") == reason

    def test_noise(self, tmp_path: Path) -> None:
        """What a library says at every exit does not fill the last lines."""
        (tmp_path / "log").write_text(
            'the end\nnanobind: leaked 2 types!\n - leaked type "x"\n - ... skipped remainder\n'
        )
        assert last_lines(tmp_path / "log") == "the end"


@pytest.mark.engine
class TestTransformers:
    def test_broken_folder(self, weights_dir: Path, tmp_path: Path) -> None:
        """A folder that transformers cannot load is an EngineError with transformers' own words."""
        folder = write_random_model("tiny", weights_dir=weights_dir)
        (tmp_path / "config.json").write_text("{}")
        broken = type(folder)(tmp_path, "tiny", folder.config, folder.config_sha256, 0)
        with (
            pytest.raises(EngineError, match=r"(?s)ended with code 1 .*Unrecognized processing class"),
            transformers_serve(broken),
        ):
            pass
