"""A load from one client process, or from several where one is not fast enough."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Any, Protocol

from kit.errors import EngineError, InputError
from kit.profiler.dialects import Asking
from kit.profiler.exchange import Target
from kit.profiler.load import Prepared, Run, closed_loop, open_loop, run_in_own_loop
from kit.profiler.prompts import Prompts

_START_S = 60.0
"""How long the processes may take to start."""


class Part(Protocol):
    """What one process does of a load. It is handed to the process, so it holds plain data only."""

    async def run(self, started_ns: int | None) -> Run:
        """Send the requests.

        Args:
            started_ns: moment of time 0 by :func:`time.perf_counter_ns`, which processes of one machine share.
        """
        ...


@dataclass(frozen=True)
class ClosedPart:
    """Some slots of a closed loop.

    Attributes:
        target: where to.
        asking: how requests are written.
        prompts: what they say; prompt ``number · of + place`` is this process's ``number``-th.
        prompt_tokens, output_tokens: of each request.
        seconds: how long the run may take.
        first_slot: number of the first of its slots.
        slots: how many it has.
        all_slots: how many all processes have.
        place: which process of ``of`` it is, from 0.
        of: number of processes.
    """

    target: Target
    asking: Asking
    prompts: Prompts
    prompt_tokens: int
    output_tokens: int
    seconds: float
    first_slot: int
    slots: int
    all_slots: int
    place: int = 0
    of: int = 1

    async def run(self, started_ns: int | None) -> Run:
        """Keep the slots busy; see :func:`kit.profiler.load.closed_loop`."""
        return await closed_loop(
            self.target,
            in_flight=self.slots,
            seconds=self.seconds,
            body=self._body,
            output_tokens=self.output_tokens,
            first_slot=self.first_slot,
            all_slots=self.all_slots,
            started_ns=started_ns,
        )

    def _body(self, number: int, asked: int) -> dict[str, Any]:
        text = self.prompts.text(number * self.of + self.place, self.prompt_tokens)
        return self.asking.body(text, output_tokens=asked)


@dataclass(frozen=True)
class OpenPart:
    """Some requests of an open loop; see :func:`kit.profiler.load.open_loop`."""

    target: Target
    requests: tuple[Prepared, ...]
    drain_s: float
    most_in_flight: int

    async def run(self, started_ns: int | None) -> Run:
        """Send them when they are due."""
        return await open_loop(
            self.target,
            self.requests,
            drain_s=self.drain_s,
            most_in_flight=self.most_in_flight,
            started_ns=started_ns,
        )


def closed_parts(
    target: Target,
    asking: Asking,
    prompts: Prompts,
    *,
    prompt_tokens: int,
    output_tokens: int,
    in_flight: int,
    seconds: float,
    processes: int,
) -> tuple[ClosedPart, ...]:
    """Share out the slots of a closed loop to processes, as evenly as they go; never more processes than slots.

    Args:
        target: where to.
        asking: how requests are written.
        prompts: what they say.
        prompt_tokens: of each prompt.
        output_tokens: of each request but the first of each slot.
        in_flight: slots.
        seconds: how long the run may take.
        processes: how many, from 1.
    """
    of = min(_checked(processes), in_flight)
    bounds = [place * in_flight // of for place in range(of + 1)]
    return tuple(
        ClosedPart(
            target=target,
            asking=asking,
            prompts=prompts,
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
            seconds=seconds,
            first_slot=bounds[place],
            slots=bounds[place + 1] - bounds[place],
            all_slots=in_flight,
            place=place,
            of=of,
        )
        for place in range(of)
    )


def open_parts(
    target: Target, requests: Sequence[Prepared], *, drain_s: float, processes: int, most_in_flight: int = 4096
) -> tuple[OpenPart, ...]:
    """Deal out the requests of an open loop to processes.

    Args:
        target: where to.
        requests: of :func:`kit.profiler.load.prepare`, in order of their due times.
        drain_s: how long to wait for answers after the last request was due.
        processes: how many, from 1.
        most_in_flight: of all processes together.
    """
    of = _checked(processes)
    most = max(1, most_in_flight // of)
    return tuple(OpenPart(target, tuple(requests[place::of]), drain_s, most) for place in range(of))


def _checked(processes: int) -> int:
    if processes < 1:
        raise InputError(f"{processes} client processes make no sense; give a whole number from 1")
    return processes


def run_parts(parts: Sequence[Part]) -> Run:
    """Run one part here, or each of several in a process of its own, and merge what came.

    The schedule is one: all count from the same moment of the machine's monotonic clock. Processes are spawned, so a
    script that calls this with several parts needs the usual ``if __name__ == "__main__":``.

    Raises:
        EngineError: a process did not start or died.
    """
    if len(parts) == 1:
        return run_in_own_loop(parts[0].run(None))
    spawn = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    children = []
    try:
        for part in parts:
            ours, theirs = spawn.Pipe()
            child = spawn.Process(target=_work, args=(theirs, part), daemon=True)
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

    Sending counts as stopped when the first process stopped: from then on fewer requests were in flight.

    Args:
        runs: at least one.
    """
    exchanges = sorted((one for run in runs for one in run.exchanges), key=lambda one: one.closed_ns or 0)
    return Run(
        exchanges=tuple(exchanges),
        started_ns=min(run.started_ns for run in runs),
        stopped_ns=min(run.stopped_ns for run in runs),
        lags_ns=tuple(lag for run in runs for lag in run.lags_ns),
        dropped=sum(run.dropped for run in runs),
    )


def _work(pipe: Connection, part: Part) -> None:
    pipe.send("ready")
    pipe.send(run_in_own_loop(part.run(pipe.recv())))
