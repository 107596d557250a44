"""The kit's own asynchronous client: it only stamps and stores what arrives; reading it is left for after the run.

A client that parses while it measures delays its own stamps. Here one :class:`asyncio.Protocol` per connection notes
the time of each read and keeps the bytes (:class:`Exchange`); :mod:`kit.profiler.answers` makes sense of them later.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from kit.errors import InputError

_Result = TypeVar("_Result")
_LAST_CHUNK = b"\r\n0\r\n\r\n"
"""What ends every body in chunked coding (RFC 9112, section 7.1)."""


class Ending(StrEnum):
    """How the connection of a request ended, as the client saw it."""

    CLOSED = "closed"
    REFUSED = "refused"
    BROKEN = "broken"
    TIMED_OUT = "timed out"
    STOPPED = "stopped by the end of the run"


@dataclass(slots=True)
class Exchange:
    """One request as it was recorded, not yet read. Times are in nanoseconds of :func:`time.perf_counter_ns`.

    Attributes:
        slot: which of the requests in flight this was, from 0.
        ordinal: the slot's how manieth request, from 0.
        due_ns: when it was due to be sent; every latency counts from here.
        asked_tokens: output tokens that were asked for.
        connected_ns: when the connection stood.
        sent_ns: when the request was handed to the operating system.
        arrivals: time and bytes of each read.
        closed_ns: when the answer was complete or the connection ended.
        ending: how it ended.
        detail: the operating system's words for it, where it failed.
    """

    slot: int
    ordinal: int
    due_ns: int
    asked_tokens: int
    connected_ns: int | None = None
    sent_ns: int | None = None
    arrivals: list[tuple[int, bytes]] = field(default_factory=list)
    closed_ns: int | None = None
    ending: Ending = Ending.CLOSED
    detail: str = ""


@dataclass(frozen=True)
class Target:
    """Where requests go.

    Attributes:
        url: address of the resource, e.g. ``http://127.0.0.1:8000/v1/completions``.
        headers: further headers, e.g. an authorisation; never written anywhere.
        timeout_s: longest wait for one whole answer.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_s: float = 120.0

    def parts(self) -> SplitResult:
        """Return the parts of the URL.

        Raises:
            InputError: it is not an http or https URL.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InputError(f'"{self.url}" is not an address; it should look like http://127.0.0.1:8000')
        return parts


@dataclass(frozen=True)
class Run:
    """What one run recorded.

    Attributes:
        exchanges: every request, in the order in which they ended.
        started_ns: when the first was due.
        stopped_ns: when no more were sent; from then on fewer were in flight (the cool-down).
    """

    exchanges: tuple[Exchange, ...]
    started_ns: int
    stopped_ns: int


class _Recorder(asyncio.Protocol):
    """One connection, one request: sends it, stamps and stores what comes back."""

    def __init__(self, exchange: Exchange, request: bytes) -> None:
        self.exchange = exchange
        self.request = request
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tail = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's only behaves like one
        self.exchange.connected_ns = time.perf_counter_ns()
        self._transport.write(self.request)
        self.exchange.sent_ns = time.perf_counter_ns()

    def data_received(self, data: bytes) -> None:
        self.exchange.arrivals.append((time.perf_counter_ns(), data))
        self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]
        if self._tail == _LAST_CHUNK:
            self._finish(Ending.CLOSED)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(Ending.CLOSED if error is None else Ending.BROKEN, detail=str(error or ""))

    def stop(self, ending: Ending) -> None:
        """End the request now, whatever has arrived."""
        self._finish(ending)

    def _finish(self, ending: Ending, *, detail: str = "") -> None:
        if self.done.done():
            return
        self.exchange.closed_ns = time.perf_counter_ns()
        self.exchange.ending = ending
        self.exchange.detail = detail
        self.done.set_result(None)
        if self._transport is not None:
            self._transport.abort()


def request_bytes(target: Target, body: dict[str, Any]) -> bytes:
    """Return one HTTP/1.1 POST of ``body`` as JSON; the server is asked to close the connection after its answer."""
    parts = target.parts()
    content = json.dumps(body).encode()
    lines = [
        f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        "Content-Type: application/json",
        "Accept: text/event-stream",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in target.headers),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


async def exchange_once(target: Target, exchange: Exchange, request: bytes, *, running: set[_Recorder]) -> None:
    """Send one request and record what comes back; failures are recorded too, never raised.

    Args:
        target: where to.
        exchange: the record to fill.
        request: the bytes to send.
        running: the recorder is in this set while the request is in flight, so that a run can stop it.
    """
    parts = target.parts()
    loop = asyncio.get_running_loop()
    secure = _tls() if parts.scheme == "https" else None
    recorder = _Recorder(exchange, request)
    running.add(recorder)
    limit = loop.call_later(target.timeout_s, recorder.stop, Ending.TIMED_OUT)
    port = parts.port or (443 if secure else 80)
    connecting = asyncio.ensure_future(
        loop.create_connection(lambda: recorder, parts.hostname or "", port, ssl=secure),
    )
    connecting.add_done_callback(lambda ended: _note_refusal(recorder, ended))
    try:
        await recorder.done
    finally:
        limit.cancel()
        connecting.cancel()
        recorder.stop(Ending.STOPPED)
        running.discard(recorder)


@cache
def _tls() -> ssl.SSLContext:
    """Return the settings of encrypted connections; reading the certificates takes milliseconds, so it is done once."""
    return ssl.create_default_context()


def _note_refusal(recorder: _Recorder, connecting: asyncio.Future[Any]) -> None:
    """Record that there was no connection, once the attempt has ended."""
    if connecting.cancelled() or (error := connecting.exception()) is None:
        return
    recorder.stop(Ending.REFUSED)
    recorder.exchange.detail = (error.strerror if isinstance(error, OSError) else None) or str(error)


async def closed_loop(
    target: Target,
    *,
    in_flight: int,
    seconds: float,
    body: Callable[[int, int], dict[str, Any]],
    output_tokens: int,
    most_requests: int | None = None,
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
    """
    exchanges: list[Exchange] = []
    running: set[_Recorder] = set()
    started = time.perf_counter_ns()
    ends = started + round(seconds * 1e9)
    sent = longest = 0
    stopped: int | None = None

    async def keep_busy(slot: int) -> None:
        nonlocal sent, longest, stopped
        for ordinal in count():
            now = time.perf_counter_ns()
            if stopped is not None or now + longest >= ends or sent == most_requests:
                stopped = stopped or now
                return
            asked = output_tokens if ordinal else max(1, -(-output_tokens * (slot + 1) // in_flight))
            request = request_bytes(target, body(sent, asked))
            sent += 1
            exchange = Exchange(slot=slot, ordinal=ordinal, due_ns=time.perf_counter_ns(), asked_tokens=asked)
            await exchange_once(target, exchange, request, running=running)
            exchanges.append(exchange)
            longest = max(longest, (exchange.closed_ns or 0) - exchange.due_ns)
            if exchange.ending is Ending.REFUSED:
                await asyncio.sleep(0.05)  # a dead server would otherwise be asked thousands of times a second

    slots = [asyncio.ensure_future(keep_busy(slot)) for slot in range(in_flight)]
    try:
        await asyncio.wait(slots, timeout=1.05 * seconds)
        stopped = stopped or time.perf_counter_ns()
        for recorder in tuple(running):
            recorder.stop(Ending.STOPPED)
        await asyncio.gather(*slots)
    finally:
        for slot in slots:
            slot.cancel()
    return Run(exchanges=tuple(exchanges), started_ns=started, stopped_ns=stopped)


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
