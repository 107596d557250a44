"""A server that gives one token to every stream at each tick of an absolute clock, and notes when it really wrote it.

Absolute deadlines, so a late tick does not delay those after it. It runs in a process of its own and shares only the
clock with the client: ``time.perf_counter_ns`` counts from the same moment in all processes of a machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Any

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _chunk(payload: dict[str, Any]) -> bytes:
    content = b"data: " + json.dumps(payload).encode() + b"\n\n"
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def _event(text: str, finish: str | None) -> dict[str, Any]:
    """What vLLM says with each token of a completion."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish, "stop_reason": None}
    whole = {"id": "cmpl-0123456789abcdef", "object": "text_completion", "created": 1700000000, "model": "m"}
    return {**whole, "choices": [choice], "usage": None}


TOKEN = _chunk(_event(" a", None))


def _end(tokens: int) -> bytes:
    usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": 3 + tokens}
    return _chunk(_event("", "length") | {"choices": [], "usage": usage}) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


@dataclass
class Stream:
    """One answer: ``written_ns`` has the moment before each token was handed to the operating system."""

    number: int
    left: int
    tokens: int
    transport: asyncio.Transport
    written_ns: list[int]


class StepServer:
    """Streams wait for the tick; each tick writes one token to all of them."""

    def __init__(self, step_s: float) -> None:
        self.step_ns = round(step_s * 1e9)
        self.streams: list[Stream] = []
        self.done: list[Stream] = []

    async def tick(self) -> None:
        """Serve for ever."""
        due = perf_counter_ns()
        while True:
            due += self.step_ns
            while (wait := (due - perf_counter_ns()) / 1e9) > 0:
                await asyncio.sleep(wait if wait > 0.001 else 0)
            for stream in self.streams:
                at = perf_counter_ns()
                stream.left -= 1
                stream.transport.write(TOKEN if stream.left else TOKEN + _end(stream.tokens))
                stream.written_ns.append(at)
            ended = [stream for stream in self.streams if not stream.left]
            if ended:
                self.done += ended
                self.streams = [stream for stream in self.streams if stream.left]
            if due < perf_counter_ns() - 20 * self.step_ns:  # hopelessly behind: say so rather than burst
                raise RuntimeError("the mock server cannot keep its ticks")


class _Connection(asyncio.Protocol):
    def __init__(self, server: StepServer) -> None:
        self.server = server
        self.read = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, found, body = self.read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not found or len(body) < int(length):
            return
        asked = json.loads(body)
        self.read = b""
        self.transport.write(HEAD)
        tokens = asked["max_tokens"]
        self.server.streams.append(Stream(int(asked["prompt"]), tokens, tokens, self.transport, []))


def _serve(pipe: Connection, step_s: float) -> None:
    async def main() -> None:
        server = StepServer(step_s)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024)
        pipe.send(listening.sockets[0].getsockname()[1])
        ticking = asyncio.ensure_future(server.tick())
        while not pipe.poll():
            if ticking.done():
                ticking.result()
            await asyncio.sleep(0.2)
        while pipe.poll():
            pipe.recv()
        ticking.cancel()
        pipe.send({one.number: one.written_ns for one in server.done})

    uvloop.run(main())


@dataclass
class Running:
    """A running server: its port, and after the block what it really wrote, by the number of the stream."""

    port: int
    written_ns: dict[int, list[int]]


@contextlib.contextmanager
def step_server(step_s: float) -> Iterator[Running]:
    """Run the server in a process of its own for the length of a ``with`` block."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, step_s), daemon=True)
    process.start()
    theirs.close()
    running = Running(ours.recv(), {})
    try:
        yield running
    finally:
        with contextlib.suppress(EOFError, BrokenPipeError):
            ours.send("stop")
            running.written_ns |= ours.recv()
        process.join(10)
