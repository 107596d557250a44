"""An HTTP proxy such as a client's network has: whole addresses for http, tunnels for https."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class MockProxy:
    """What it was asked: the first line of each request, and the header that names the user."""

    refuse: bytes = b""
    port: int = 0
    lines: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *headers = head.decode().strip().split("\r\n")
        self.lines.append(first)
        self.users += [line for line in headers if line.startswith("Proxy-Authorization")]
        if self.refuse:
            writer.write(self.refuse)
            writer.close()
            return
        method, where, _ = first.split()
        parts = urlsplit(f"//{where}" if method == "CONNECT" else where)
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            far_writer.write(head.replace(where.encode(), parts.path.encode(), 1))
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass  # one side has hung up
    finally:
        writer.close()


@contextmanager
def mock_proxy(*, refuse: bytes = b"") -> Iterator[MockProxy]:
    """Run such a proxy in a thread of its own for the length of a ``with`` block."""
    proxy = MockProxy(refuse)
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield proxy
    finally:
        stop[0]()
        thread.join()
