"""A server that answers like an OpenAI-compatible engine, or fails in any way that one can."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Behaviour = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    """One request as the server saw it."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class MockEngine:
    """What the server was asked, and how many requests it had at once."""

    behaviour: Behaviour
    tls: ssl.SSLContext | None = None
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        request = Request(len(self.requests), line.split()[1], headers, body)
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.behaviour(request, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            self.at_once -= 1
            writer.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(content: bytes) -> bytes:
    """One chunk of HTTP's chunked coding."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def event(payload: object) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def token(text: str = "a") -> bytes:
    """An event that carries output."""
    return event({"choices": [{"index": 0, "text": text}]})


def usage(prompt: int, output: int) -> bytes:
    """The last event, which says how many tokens there were."""
    counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return event({"choices": [{"index": 0, "text": "", "finish_reason": "length"}], "usage": counts})


def answer(tokens: int, *, prompt: int = 3) -> bytes:
    """A whole correct answer with one event per token."""
    return OK + b"".join(chunk(token()) for _ in range(tokens)) + chunk(usage(prompt, tokens)) + END


def saying(content: bytes) -> Behaviour:
    """A server that says the same to everybody and closes."""

    async def behave(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return behave


async def polite(request: Request, writer: asyncio.StreamWriter) -> None:
    """A correct engine: as many tokens as were asked for, one millisecond each."""
    text = request.body.get("prompt") or request.body["messages"][0]["content"]
    tokens = request.body["max_tokens"]
    writer.write(OK)
    for _ in range(tokens):
        await asyncio.sleep(0.001)  # the engine's own pace
        writer.write(chunk(token()))
    writer.write(chunk(usage(len(text.split()), tokens)) + END)
    await writer.drain()


@contextmanager
def mock_engine(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[MockEngine]:
    """Run such a server in a thread of its own for the length of a ``with`` block."""
    engine = MockEngine(behaviour, tls)
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        server = await asyncio.start_server(engine.serve, "127.0.0.1", 0, ssl=tls)
        engine.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield engine
    finally:
        stop[0]()
        thread.join()
