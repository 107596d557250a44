"""Load on a server by the kit's own asynchronous client: a number of requests in flight, or requests on a schedule.

A client that parses while it measures delays its own stamps. Here :mod:`kit.profiler.exchange` notes the time of each
read and keeps the bytes, and :mod:`kit.profiler.answers` makes sense of them after the run.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter_ns
from typing import Any, TypeVar

from kit.profiler.arrivals import Arrival
from kit.profiler.exchange import Ending as Ending
from kit.profiler.exchange import Exchange as Exchange
from kit.profiler.exchange import Recorder, request_bytes
from kit.profiler.exchange import Target as Target
from kit.profiler.exchange import exchange_once as exchange_once
from kit.profiler.loop_watch import LATE_S, ClientHealth, LoopWatch, lag_p99_s

_Result = TypeVar("_Result")

_SPIN_S = 0.001
"""Timers count whole milliseconds: the last one before a request is due is waited for turn by turn."""


@dataclass(frozen=True)
class Run:
    """What one run recorded.

    Attributes:
        exchanges: every request, in the order in which they ended.
        started_ns: when the first was due, in nanoseconds of :func:`time.perf_counter_ns`.
        stopped_ns: when no more were sent; from then on fewer were in flight (the cool-down).
        lags_ns: how late the event loop ran, sampled.
        dropped: requests that were due and never sent, since too many were in flight already.
    """

    exchanges: tuple[Exchange, ...]
    started_ns: int
    stopped_ns: int
    lags_ns: tuple[int, ...] = ()
    dropped: int = 0


@dataclass(frozen=True)
class Prepared:
    """A request of an open loop, ready to be sent.

    Attributes:
        number: which of the run's requests it is.
        due_s: when it is due, in seconds from the start.
        asked_tokens: output tokens that it asks for.
        request: its bytes.
    """

    number: int
    due_s: float
    asked_tokens: int
    request: bytes


def client_health(run: Run) -> ClientHealth:
    """Return how the client itself did: its lag, and the sends that it made late or not at all."""
    late = sum(1 for one in run.exchanges if one.begun_ns is not None and one.begun_ns - one.due_ns > 1e9 * LATE_S)
    return ClientHealth(
        loop_lag_p99_s=lag_p99_s(run.lags_ns),
        scheduled=len(run.exchanges) + run.dropped,
        late=late,
        dropped=run.dropped,
    )


async def closed_loop(
    target: Target,
    *,
    in_flight: int,
    seconds: float,
    body: Callable[[int, int], dict[str, Any]],
    output_tokens: int,
    most_requests: int | None = None,
    first_slot: int = 0,
    all_slots: int | None = None,
    started_ns: int | None = None,
) -> Run:
    """Keep ``in_flight`` requests in flight, and be done within ``seconds``.

    All slots begin together, so without a counter-measure they would stay in step and prefill in bursts. The first
    request of slot *i* of *n* therefore asks for (i + 1) / n of the output; it belongs to the warm-up.

    Sending stops when the longest request so far would no longer fit, so that the last ones can finish: some engines
    go on computing what a client has abandoned, or trip over it. What has not ended 5 % after the time is stopped.

    Args:
        target: where to.
        in_flight: number of requests in flight.
        seconds: how long the run may take.
        body: gives the JSON body from the number of the request and the output tokens to ask for.
        output_tokens: output tokens of every request but the first of each slot.
        most_requests: send no more than so many requests.
        first_slot: number of the first slot, where other processes keep the slots before it busy.
        all_slots: slots of all processes together; ``in_flight`` if ``None``.
        started_ns: moment of time 0 by :func:`time.perf_counter_ns`; now if ``None``.
    """
    exchanges: list[Exchange] = []
    running: set[Recorder] = set()
    watch = LoopWatch()
    started = perf_counter_ns() if started_ns is None else started_ns
    ends = started + round(seconds * 1e9)
    sent = longest = 0
    stopped: int | None = None

    async def keep_busy(slot: int) -> None:
        nonlocal sent, longest, stopped
        for ordinal in count():
            now = perf_counter_ns()
            if stopped is not None or now + longest >= ends or sent == most_requests:
                stopped = stopped or now
                return
            asked = output_tokens if ordinal else max(1, -(-output_tokens * (slot + 1) // (all_slots or in_flight)))
            request = request_bytes(target, body(sent, asked))
            sent += 1
            exchange = Exchange(slot=slot, ordinal=ordinal, due_ns=perf_counter_ns(), asked_tokens=asked)
            await exchange_once(target, exchange, request, running=running)
            exchanges.append(exchange)
            longest = max(longest, (exchange.closed_ns or 0) - exchange.due_ns)
            if exchange.ending is Ending.REFUSED:
                await asyncio.sleep(0.05)  # a dead server would otherwise be asked thousands of times a second

    await _until(started)
    slots = [asyncio.ensure_future(keep_busy(first_slot + slot)) for slot in range(in_flight)]
    watch.start()
    try:
        await asyncio.wait(slots, timeout=1.05 * seconds)
        stopped = stopped or perf_counter_ns()
        watch.stop()
        for recorder in tuple(running):
            recorder.stop(Ending.STOPPED)
        await asyncio.gather(*slots)
    finally:
        watch.stop()
        for slot in slots:
            slot.cancel()
    return Run(tuple(exchanges), started_ns=started, stopped_ns=stopped, lags_ns=tuple(watch.lags_ns))


def prepare(
    target: Target, arrivals: Sequence[Arrival], *, body: Callable[[int, Arrival], dict[str, Any]]
) -> list[Prepared]:
    """Return the requests of an open loop, made before the run: to make them on the way would delay it.

    Args:
        target: where to.
        arrivals: when requests are due, and their lengths.
        body: gives the JSON body from the number of the request and its arrival.
    """
    return [
        Prepared(number, arrival.due_s, arrival.output_tokens, request_bytes(target, body(number, arrival)))
        for number, arrival in enumerate(arrivals)
    ]


async def open_loop(
    target: Target,
    requests: Sequence[Prepared],
    *,
    drain_s: float,
    most_in_flight: int = 4096,
    started_ns: int | None = None,
) -> Run:
    """Send each request when it is due, whatever has become of those before.

    Every latency counts from the due time, so neither a stalled server nor a stalled client can hide. What cannot be
    sent is counted as dropped, not sent later.

    Args:
        target: where to.
        requests: of :func:`prepare`, in order of their due times.
        drain_s: how long to wait for answers after the last request was due; what has not ended then is stopped.
        most_in_flight: a request that is due while so many are in flight is dropped.
        started_ns: moment of time 0 by :func:`time.perf_counter_ns`, which processes of one machine share; now if
            ``None``.
    """
    exchanges: list[Exchange] = []
    running: set[Recorder] = set()
    tasks: set[asyncio.Task[None]] = set()
    watch = LoopWatch()
    started = perf_counter_ns() if started_ns is None else started_ns
    dropped = 0

    async def send(one: Prepared, due_ns: int) -> None:
        exchange = Exchange(slot=one.number, ordinal=0, due_ns=due_ns, asked_tokens=one.asked_tokens)
        await exchange_once(target, exchange, one.request, running=running)
        exchanges.append(exchange)

    try:
        await _until(started)
        watch.start()
        for one in requests:
            due_ns = started + round(one.due_s * 1e9)
            await _until(due_ns)
            if len(tasks) >= most_in_flight:
                dropped += 1
                continue
            task = asyncio.ensure_future(send(one, due_ns))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        stopped = perf_counter_ns()
        if tasks:
            await asyncio.wait(tasks, timeout=drain_s)
        watch.stop()
        for recorder in tuple(running):
            recorder.stop(Ending.STOPPED)
        await asyncio.gather(*tasks)
    finally:
        watch.stop()
        for task in tasks:
            task.cancel()
    return Run(tuple(exchanges), started, stopped, lags_ns=tuple(watch.lags_ns), dropped=dropped)


async def _until(moment_ns: int) -> None:
    while (wait_s := (moment_ns - perf_counter_ns()) / 1e9) > 0:
        await asyncio.sleep(max(0.0, wait_s - _SPIN_S))


def run_in_own_loop(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end in a thread and an event loop of its own, and return its result.

    A notebook has a running loop already, and a loop of our own can be uvloop's, which stamps with less delay. An
    interrupt in the calling thread cancels the coroutine before it is passed on.
    """
    outcome: list[_Result] = []
    failure: list[BaseException] = []
    ready = threading.Event()
    tasks: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def main() -> _Result:
        task = asyncio.current_task()
        assert task is not None
        tasks.append((asyncio.get_running_loop(), task))
        ready.set()
        return await work

    def body() -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                outcome.append(runner.run(main()))
        except BaseException as error:  # handed to the calling thread below
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=body, name="kit-load", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        ready.wait()
        for loop, task in tasks:
            loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=5)
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop where it is installed, else the standard one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
