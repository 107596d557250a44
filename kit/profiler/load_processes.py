"""An open loop from several client processes, where one is not fast enough."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from time import perf_counter_ns

from kit.errors import EngineError, InputError
from kit.profiler.exchange import Target
from kit.profiler.load import Prepared, Run, open_loop, run_in_own_loop

_START_S = 60.0
"""How long the processes may take to start."""


def open_loop_in_processes(
    target: Target, requests: Sequence[Prepared], *, processes: int, drain_s: float, most_in_flight: int = 4096
) -> Run:
    """Send requests as :func:`kit.profiler.load.open_loop` does, dealt out to several processes, and merge what came.

    The schedule is one: all count from the same moment of the machine's monotonic clock. Processes are spawned, so a
    script that calls this needs the usual ``if __name__ == "__main__":``.

    Args:
        target: where to.
        requests: of :func:`kit.profiler.load.prepare`, in order of their due times.
        processes: how many.
        drain_s: how long to wait for answers after the last request was due.
        most_in_flight: of all processes together.

    Raises:
        InputError: no process is asked for.
        EngineError: a process died.
    """
    if processes < 1:
        raise InputError(f"{processes} client processes make no sense; give a whole number from 1")
    spawn = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    children = []
    try:
        for number in range(processes):
            ours, theirs = spawn.Pipe()
            part = list(requests[number::processes])
            most = max(1, most_in_flight // processes)
            child = spawn.Process(target=_work, args=(theirs, target, part, drain_s, most), daemon=True)
            child.start()
            theirs.close()
            pipes.append(ours)
            children.append(child)
        for pipe in pipes:
            if not pipe.poll(_START_S):
                raise EngineError(f"a client process did not start within {_START_S:.0f} s")
            pipe.recv()
        started_ns = perf_counter_ns() + 50_000_000
        for pipe in pipes:
            pipe.send(started_ns)
        return merged([pipe.recv() for pipe in pipes])
    except EOFError:
        raise EngineError("a client process died; its own message is above") from None
    finally:
        for child in children:
            child.terminate()
            child.join()


def merged(runs: Sequence[Run]) -> Run:
    """Return several runs on one clock as one; the lags of all event loops count.

    Args:
        runs: at least one.
    """
    exchanges = sorted((one for run in runs for one in run.exchanges), key=lambda one: one.closed_ns or 0)
    return Run(
        exchanges=tuple(exchanges),
        started_ns=min(run.started_ns for run in runs),
        stopped_ns=max(run.stopped_ns for run in runs),
        lags_ns=tuple(lag for run in runs for lag in run.lags_ns),
        dropped=sum(run.dropped for run in runs),
    )


def _work(pipe: Connection, target: Target, requests: list[Prepared], drain_s: float, most_in_flight: int) -> None:
    pipe.send("ready")
    started_ns = pipe.recv()
    work = open_loop(target, requests, drain_s=drain_s, most_in_flight=most_in_flight, started_ns=started_ns)
    pipe.send(run_in_own_loop(work))
