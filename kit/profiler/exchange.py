"""One request over one connection: it is sent, and what comes back is stamped and stored, not read.

Straight, through TLS, or through a client's HTTP proxy; reading what was stored is for :mod:`kit.profiler.answers`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from time import perf_counter_ns
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

from kit.errors import InputError

_LAST_CHUNK = b"\r\n0\r\n\r\n"
"""What ends every body in chunked coding (RFC 9112, section 7.1)."""

_LONGEST_HEAD = 65536
"""Bytes of a proxy's reply past which it is not one."""


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
        slot: which of the requests in flight this was, from 0; in open loop each request is a slot of its own.
        ordinal: the slot's how manieth request, from 0.
        due_ns: when it was due to be sent; every latency counts from here.
        asked_tokens: output tokens that were asked for.
        begun_ns: when the client got round to it; in open loop this may be late.
        connected_ns: when the connection stood.
        sent_ns: when the request was handed to the operating system.
        read_at_ns: the time of each read.
        reads: the bytes of each read.
        closed_ns: when the answer was complete or the connection ended.
        ending: how it ended.
        detail: the operating system's words for it, where it failed.
    """

    slot: int
    ordinal: int
    due_ns: int
    asked_tokens: int
    begun_ns: int | None = None
    connected_ns: int | None = None
    sent_ns: int | None = None
    read_at_ns: list[int] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)
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
        proxy: address of an HTTP proxy, e.g. ``http://proxy:3128``; it may hold a name and a password.
        ca_file: file of the certificates to trust instead of the system's.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_s: float = 120.0
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def parts(self) -> SplitResult:
        """Return the parts of the URL.

        Raises:
            InputError: it is not an http or https URL.
        """
        return _parts(self.url, schemes={"http", "https"}, example="http://127.0.0.1:8000")

    def proxy_parts(self) -> SplitResult | None:
        """Return the parts of the proxy's address, or ``None`` where there is no proxy.

        Raises:
            InputError: it is not an http URL; the message does not repeat it, since it may hold a password.
        """
        if self.proxy is None:
            return None
        return _parts(self.proxy, schemes={"http"}, example="http://proxy:3128", shown="the address of the proxy")


def _parts(url: str, *, schemes: set[str], example: str, shown: str = "") -> SplitResult:
    parts = urlsplit(url)
    try:
        whole = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        whole = False
    if not whole:
        what = shown or f'"{url}"'
        raise InputError(f"{what} is not an address; it should look like {example}")
    return parts


def request_bytes(target: Target, body: dict[str, Any]) -> bytes:
    """Return one HTTP/1.1 POST of ``body`` as JSON; the server is asked to close the connection after its answer.

    A proxy is told the whole address of an http resource (RFC 9112, section 3.2.2); https goes through a tunnel.
    """
    parts = target.parts()
    proxy = target.proxy_parts() if parts.scheme == "http" else None
    host = parts.netloc.rpartition("@")[2]
    content = json.dumps(body).encode()
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    lines = [
        f"POST {f'http://{host}' if proxy else ''}{path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        "Accept: text/event-stream",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *_proxy_authorisation(proxy),
        *(f"{name}: {value}" for name, value in target.headers),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def _proxy_authorisation(proxy: SplitResult | None) -> list[str]:
    if proxy is None or proxy.username is None:
        return []
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return [f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}"]


class Recorder(asyncio.Protocol):
    """One connection, one request: sends it, stamps and stores what comes back."""

    def __init__(self, exchange: Exchange, request: bytes) -> None:
        self.exchange = exchange
        self.request = request
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stamp = exchange.read_at_ns.append
        self._store = exchange.reads.append
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's only behaves like one
        if self.done.done():  # given up while the connection was being made
            self._transport.abort()
            return
        self.exchange.connected_ns = perf_counter_ns()
        self._transport.write(self.request)
        self.exchange.sent_ns = perf_counter_ns()

    def data_received(self, data: bytes) -> None:
        """Stamp and store."""
        self._stamp(perf_counter_ns())
        self._store(data)
        # The whole test costs too much to do it with every token; this one rules out nearly all of them.
        if (data.endswith(b"\r\n\r\n") or len(data) < len(_LAST_CHUNK)) and self._ends_with_last_chunk():
            self._finish(Ending.CLOSED)

    def _ends_with_last_chunk(self) -> bool:
        tail = b""
        for data in reversed(self.exchange.reads):
            tail = data + tail
            if len(tail) >= len(_LAST_CHUNK):
                break
        return tail.endswith(_LAST_CHUNK)

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end, unless the answer was complete before."""
        self._finish(Ending.CLOSED if error is None else Ending.BROKEN, detail=str(error or ""))

    def stop(self, ending: Ending, *, detail: str = "") -> None:
        """End the request now, whatever has arrived."""
        self._finish(ending, detail=detail)

    def _finish(self, ending: Ending, *, detail: str = "") -> None:
        if self.done.done():
            return
        self.exchange.closed_ns = perf_counter_ns()
        self.exchange.ending = ending
        self.exchange.detail = detail
        self.done.set_result(None)
        if self._transport is not None:
            self._transport.abort()


async def exchange_once(target: Target, exchange: Exchange, request: bytes, *, running: set[Recorder]) -> None:
    """Send one request and record what comes back; failures are recorded too, never raised.

    Args:
        target: where to.
        exchange: the record to fill.
        request: the bytes to send.
        running: the recorder is in this set while the request is in flight, so that a run can stop it.

    Raises:
        InputError: an address or the file of certificates is wrong.
    """
    exchange.begun_ns = perf_counter_ns()
    secure = _tls(target.ca_file) if target.parts().scheme == "https" else None
    proxy = target.proxy_parts()
    recorder = Recorder(exchange, request)
    running.add(recorder)
    limit = asyncio.get_running_loop().call_later(target.timeout_s, recorder.stop, Ending.TIMED_OUT)
    connecting = asyncio.ensure_future(_connect(recorder, target.parts(), secure=secure, proxy=proxy))
    connecting.add_done_callback(lambda ended: _note_refusal(recorder, ended))
    try:
        await recorder.done
    finally:
        limit.cancel()
        connecting.cancel()
        recorder.stop(Ending.STOPPED)
        running.discard(recorder)


async def _connect(
    recorder: Recorder, parts: SplitResult, *, secure: ssl.SSLContext | None, proxy: SplitResult | None
) -> None:
    """Connect the recorder to the address: straight or through the proxy, encrypted or not."""
    loop = asyncio.get_running_loop()
    host = parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    if proxy is None:
        await loop.create_connection(lambda: recorder, host, port, ssl=secure)
    elif secure is None:
        await loop.create_connection(lambda: recorder, proxy.hostname or "", proxy.port or 80)
    else:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", *_proxy_authorisation(proxy)]
        tunnel = _Tunnel("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        raw, _ = await loop.create_connection(lambda: tunnel, proxy.hostname or "", proxy.port or 80)
        try:
            await tunnel.open
            transport = await loop.start_tls(raw, recorder, secure, server_hostname=host)
        except BaseException:
            raw.abort()
            raise
        assert transport is not None
        recorder.connection_made(transport)


class _Tunnel(asyncio.Protocol):
    """Asks a proxy for a tunnel (RFC 9110, section 9.3.6); ``open`` is done when it stands."""

    def __init__(self, request: bytes) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.open.done() or (b"\r\n\r\n" not in self._head and len(self._head) < _LONGEST_HEAD):
            return
        status = self._head.split(b"\r\n", 1)[0].decode("latin-1")[:100]
        if status.startswith(("HTTP/1.1 2", "HTTP/1.0 2")):
            self.open.set_result(None)
        else:
            self.open.set_exception(ConnectionRefusedError(f"the proxy said: {status}"))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(error or ConnectionResetError("the proxy closed the connection"))


@cache
def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Return the settings of encrypted connections; reading the certificates takes milliseconds, so it is done once.

    Raises:
        InputError: the file of certificates cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise InputError(f'"{ca_file}" cannot be read as a file of certificates: {error}') from None


def _note_refusal(recorder: Recorder, connecting: asyncio.Future[Any]) -> None:
    """Record that there was no connection, once the attempt has ended."""
    if connecting.cancelled() or (error := connecting.exception()) is None:
        return
    words = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
    recorder.stop(Ending.REFUSED, detail=words or str(error))
