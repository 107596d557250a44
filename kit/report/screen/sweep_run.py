"""Sweeps that run while a notebook stays usable: one model after the other, each in a process of its own.

Why a process and not a thread of the kernel: the sweep plays the clients in an event loop and stamps their answers to a
fraction of a millisecond, and whatever else the kernel does would hold that loop up. A process can also be ended at any
moment in the way of Ctrl-C, which stops the engine and leaves the journal whole, and it dies with the kernel.

``python -m kit.report.screen.sweep_run JOB`` is such a process: it says each step as a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter, ValidationError

from kit.errors import EngineError, KitError
from kit.profiler.budget import Progress
from kit.profiler.choice import EngineOptions
from kit.profiler.process import ended, running
from kit.profiler.profile import HardwareProfile
from kit.profiler.weights import public_name
from kit.report.live import LiveSweep, Surface
from kit.report.profiles import measure

_LOOK_S = 1.0
"""How often the kernel looks at what the process says: rarely enough to leave the processor to the measurement."""

_GRACE_S = 25.0
"""How long a sweep may take to stop its engine; vLLM alone may take ten seconds."""

_STEP = TypeAdapter(Progress)
_SAYS = "kit: "
"""Before the message of an error, as on the command line."""


@dataclass(frozen=True)
class Job:
    """One sweep.

    Attributes:
        model: an architecture of the kit, or the path of a config.json.
        out: the profile's file.
        engine: as :class:`kit.profiler.choice.EngineOptions` calls it.
        executable: vLLM's executable, if not the one that is found.
        gpus: that share the model (vLLM).
        longest: tokens of the longest request (vLLM); as the model's config says unless told.
        shapes: prompt and output tokens, the most important first.
        concurrency: requests in flight.
        seconds: the time budget.
        resume: take over what an earlier run had measured.
    """

    model: str
    out: str
    engine: str = "transformers"
    executable: str | None = None
    gpus: int = 1
    longest: int | None = None
    shapes: tuple[tuple[int, int], ...] = ((64, 16),)
    concurrency: tuple[int, ...] = (1, 2, 4, 8)
    seconds: float = 120.0
    resume: bool = False

    @property
    def name(self) -> str:
        """How the model is called in a record."""
        return public_name(self.model)

    def options(self) -> EngineOptions:
        """Return what is wanted of the engine."""
        return EngineOptions(
            name=self.engine, executable=self.executable, tensor_parallel=self.gpus, max_model_len=self.longest
        )


class Stopped(Exception):  # noqa: N818 - no error: somebody wanted it
    """A sweep was stopped before its end; what it had measured is in its journal."""


class SweepRun:
    """Runs jobs one after the other in a thread that only watches; a model that fails is noted, and the next goes on.

    Args:
        jobs: what to measure, in order.
        on_change: called from that thread whenever there may be something new to see, and once at the end.

    Attributes:
        left: what is not done yet, the one at work included.
        measured: what came of each job that is done.
        failures: why jobs failed, a line each.
        job: the one at work, or the last.
        live: how far it has come.
        started, ended: whether it was, whether it has.
    """

    def __init__(self, jobs: Sequence[Job], *, on_change: Callable[[], None]) -> None:
        self.left = tuple(jobs)
        self.measured: tuple[tuple[Job, HardwareProfile], ...] = ()
        self.failures: tuple[str, ...] = ()
        self.job: Job | None = None
        self.live: LiveSweep | None = None
        self.started = self.ended = False
        self._on_change = on_change
        self._stop = threading.Event()
        # A daemon, so that it does not keep a kernel that is to end; the process then ends with it.
        self._thread = threading.Thread(target=self._run, name="kit-sweep", daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin."""
        self.started = True
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; it does when the engine has ended."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended, and return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self.left and not self.stopping:
                job = self.left[0]
                try:
                    self.measured += ((job, self._measure(job)),)
                except Stopped:
                    break
                except (KitError, OSError) as error:
                    self.failures += (f"{job.name}: {error}",)
                self.left = self.left[1:]
        finally:
            self.ended = True
            self._on_change()

    def _measure(self, job: Job) -> HardwareProfile:
        """Run one job's process to its end, or end it when that is wanted.

        Raises:
            Stopped: it was.
            EngineError: nothing could be measured; a message of one line.
        """
        self.job, self.live = job, LiveSweep(job.name, seconds=job.seconds, surface=Surface.WIDGET)
        command = [sys.executable, "-m", "kit.report.screen.sweep_run", json.dumps(asdict(job))]
        with TemporaryDirectory(prefix="kit-sweep-") as scratch, self.live as live:
            log = Path(scratch) / "sweep.log"
            # Leaving the block ends the process and waits for it; its own engine is stopped by then.
            with running(command, log=log, env=os.environ, grace_s=_GRACE_S) as process:
                told = 0
                while process.poll() is None and not self._stop.wait(_LOOK_S):
                    told = _follow(log, told, live)
                    self._on_change()
            _follow(log, told, live)
            if process.returncode == 0:
                profile = HardwareProfile.read(Path(job.out))
                live.finish(profile)
                return profile
            if self.stopping:
                raise Stopped
            raise EngineError(_reason(log, process.returncode))


def _follow(log: Path, told: int, live: LiveSweep) -> int:
    """Show the steps that were said since, and return how many bytes of the log are read: whole lines only."""
    with log.open("rb") as file:
        file.seek(told)
        new = file.read()
    whole = new[: new.rfind(b"\n") + 1]
    for line in whole.splitlines():
        try:
            live.show(_STEP.validate_json(line))
        except ValidationError:
            continue  # a warning of some library
    return told + len(whole)


def _reason(log: Path, code: int) -> str:
    """Return in one line why a sweep failed: what the kit says, else how the process ended and its last words."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    said = [at for at, line in enumerate(lines) if line.startswith(_SAYS)]
    if not said:
        return f"the measurement {ended(code)}" + (f": {lines[-1]}" if lines else "")
    first = lines[said[-1]].removeprefix(_SAYS)
    # What ends in a colon is followed by the end of the engine's log.
    return f"{first} {lines[-1]}" if first.endswith(":") and len(lines) > said[-1] + 1 else first


class _Told(LiveSweep):
    """A sweep whose steps are told to another process, a line each."""

    def show(self, step: Progress) -> None:
        print(_STEP.dump_json(step).decode(), flush=True)  # noqa: T201


def main(job: Job) -> int:
    """Measure, and say each step as a line of JSON; return the exit code, as the command line has it.

    Args:
        job: what to measure.
    """

    def interrupt(_number: int, _frame: object) -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_IGN)  # stopping the engine is not to be cut short
        raise KeyboardInterrupt

    # A kernel that executes no cell ignores SIGINT, and its children inherit that; so SIGTERM is what stops a sweep.
    signal.signal(signal.SIGTERM, interrupt)
    try:
        measure(
            Path(job.out),
            job.seconds,
            _Told(job.name, surface=Surface.WIDGET),
            architecture=job.model,
            shapes=job.shapes,
            concurrency=job.concurrency,
            options=job.options(),
            resume=job.resume,
        )
    except KitError as error:
        print(f"{_SAYS}{error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print(f"{_SAYS}stopped", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(TypeAdapter(Job).validate_json(sys.argv[1])))
