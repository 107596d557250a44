"""Reading what :mod:`kit.profiler.load` recorded: HTTP, then server-sent events, then JSON, each with its arrival time.

A chunk is not a token: how many tokens there were is read from ``usage`` alone. A request that failed in any way has
a :class:`Failure` and enters no average.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from kit.profiler import dialects
from kit.profiler.exchange import Ending, Exchange
from kit.profiler.keys import redacted


class Failure(StrEnum):
    """Why a request does not count."""

    REFUSED = "connection refused"
    CUT = "connection cut"
    TIMED_OUT = "timed out"
    RATE_LIMITED = "429 too many requests"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"
    MALFORMED = "malformed answer"
    ERROR_EVENT = "error event inside a 200"
    NO_USAGE = "no usage in the answer"
    NO_TOKENS = "no token in the answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """One request after reading. Times are seconds on one clock whose zero is the start of the run.

    Attributes:
        slot: which of the requests in flight this was.
        ordinal: the slot's how manieth request; 0 is its warm-up.
        due_s: when it was due to be sent.
        connected_s: when the connection stood.
        token_events_s: arrival of each event that carried output; an event may carry several tokens.
        finished_s: when the answer was complete or the connection ended.
        prompt_tokens: by the server's ``usage``.
        output_tokens: by the server's ``usage``.
        asked_tokens: the output tokens that were asked for.
        failure: why it does not count.
        coalesced: an event carried several tokens, as the server's running count of tokens shows.
        stopped: the run ended while it was in flight; neither a success nor a failure.
        detail: the server's or the operating system's words.
    """

    slot: int
    ordinal: int
    due_s: float
    connected_s: float | None
    token_events_s: tuple[float, ...]
    finished_s: float
    prompt_tokens: int | None
    output_tokens: int | None
    asked_tokens: int
    failure: Failure | None = None
    coalesced: bool = False
    stopped: bool = False
    detail: str = ""

    @property
    def counts(self) -> bool:
        """Whether the request went through and may be averaged."""
        return self.failure is None and not self.stopped


def read_answers(exchanges: Iterable[Exchange], *, zero_ns: int) -> list[Answer]:
    """Read recorded exchanges, in order of their completion.

    Args:
        exchanges: what the run recorded.
        zero_ns: the moment that becomes time 0, in nanoseconds of :func:`time.perf_counter_ns`.
    """
    return sorted((read_answer(exchange, zero_ns=zero_ns) for exchange in exchanges), key=lambda a: a.finished_s)


def read_answer(exchange: Exchange, *, zero_ns: int) -> Answer:
    """Read one recorded exchange.

    Args:
        exchange: what was recorded.
        zero_ns: the moment that becomes time 0.
    """
    reply = _read_http(exchange)
    stream = _Stream()
    if reply.status == 200:
        stream.read(reply.body, complete=reply.complete)
    failure, detail = _judge(exchange, reply, stream)
    closed = exchange.closed_ns if exchange.closed_ns is not None else exchange.due_ns
    return Answer(
        slot=exchange.slot,
        ordinal=exchange.ordinal,
        due_s=(exchange.due_ns - zero_ns) / 1e9,
        connected_s=None if exchange.connected_ns is None else (exchange.connected_ns - zero_ns) / 1e9,
        token_events_s=tuple((at - zero_ns) / 1e9 for at in stream.token_events_ns),
        finished_s=(closed - zero_ns) / 1e9,
        prompt_tokens=stream.prompt_tokens,
        output_tokens=stream.output_tokens,
        asked_tokens=exchange.asked_tokens,
        failure=failure,
        coalesced=stream.coalesced,
        stopped=exchange.ending is Ending.STOPPED,
        detail=redacted(detail),
    )


def _judge(exchange: Exchange, reply: _Reply, stream: _Stream) -> tuple[Failure | None, str]:
    """Return why the exchange does not count, if it does not, and the words that go with it.

    The first line that holds decides, from the cause to its consequences.
    """
    bad_status = reply.status is not None and reply.status != 200
    content = b"".join(part for _, part in reply.body) if bad_status else b""
    verdicts: tuple[tuple[bool, Failure | None, str], ...] = (
        (exchange.ending is Ending.STOPPED, None, ""),
        (exchange.ending is Ending.REFUSED, Failure.REFUSED, exchange.detail),
        (bool(reply.malformed), Failure.MALFORMED, reply.malformed),
        (bad_status, _status_failure(reply.status or 0), f"{reply.status} {_excerpt(content)}"),
        (stream.error is not None, Failure.ERROR_EVENT, stream.error or ""),
        (exchange.ending is Ending.TIMED_OUT, Failure.TIMED_OUT, ""),
        (bool(stream.malformed), Failure.MALFORMED, stream.malformed),
        (not reply.complete, Failure.CUT, exchange.detail),
        (not stream.token_events_ns, Failure.NO_TOKENS, ""),
        (not stream.output_tokens, Failure.NO_USAGE, ""),
    )
    return next(((failure, detail) for holds, failure, detail in verdicts if holds), (None, ""))


def _status_failure(status: int) -> Failure:
    if status == 429:
        return Failure.RATE_LIMITED
    if 400 <= status < 500:
        return Failure.CLIENT_ERROR
    return Failure.SERVER_ERROR if status >= 500 else Failure.MALFORMED


def _excerpt(content: bytes, *, length: int = 200) -> str:
    return " ".join(content.decode("utf-8", "replace").split())[:length]


class _Reply:
    """One HTTP response, with the arrival time of each piece of its body (the callbacks are httptools')."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.complete = False
        self.malformed = ""
        self.body: list[tuple[int, bytes]] = []
        self.now = 0

    def on_body(self, data: bytes) -> None:
        self.body.append((self.now, data))

    def on_message_complete(self) -> None:
        self.complete = True


def _read_http(exchange: Exchange) -> _Reply:
    """Read one HTTP response from the reads of its connection."""
    import httptools

    reply = _Reply()
    parser = httptools.HttpResponseParser(reply)
    try:
        for at, data in zip(exchange.read_at_ns, exchange.reads, strict=True):
            if reply.complete:
                break
            reply.now = at
            parser.feed_data(data)
    except httptools.HttpParserError as error:
        reply.malformed = f"not HTTP: {error}"
    if parser.get_status_code():
        reply.status = parser.get_status_code()
    return reply


class _Stream:
    """The server-sent events of one answer (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

    def __init__(self) -> None:
        self.token_events_ns: list[int] = []
        self.prompt_tokens: int | None = None
        self.output_tokens: int | None = None
        self.coalesced = False
        self._counting = False
        self.error: str | None = None
        self.malformed = ""

    def read(self, body: list[tuple[int, bytes]], *, complete: bool) -> None:
        """Read all events; the time of an event is that of the read which completed it."""
        none = True
        for at, name, data in _events(body):
            none = False
            if data == b"[DONE]":
                continue
            try:
                payload = _parse(data)
            except (ValueError, RecursionError):
                if b'"error"' in data or name == b"error":  # transformers quotes its own messages badly
                    self.error = _excerpt(data)
                else:
                    self.malformed = f"not JSON: {_excerpt(data, length=100)}"
                return
            if not isinstance(payload, dict):
                self.malformed = f"not an object: {_excerpt(data, length=100)}"
                return
            if name == b"error" or payload.get("error"):
                self.error = str(payload["error"])[:200] if "error" in payload else _excerpt(data)
                return
            self._take(at, payload)
            if self.malformed:
                return
        if none and complete and (said := _excerpt(b"".join(part for _, part in body))):
            self._take_no_stream(said)

    def _take_no_stream(self, said: str) -> None:
        if '"error"' in said:
            self.error = said
        else:
            self.malformed = f"not an event stream: {said}"

    def _take(self, at: int, payload: dict[str, Any]) -> None:
        if "choices" not in payload:
            payload = dialects.as_openai(payload)
        choices = payload.get("choices") or []
        output = False
        # Done for every token, hundreds of thousands of times: a plain loop costs half as much as all() and any().
        for choice in choices if isinstance(choices, list) else (None,):
            if not isinstance(choice, dict):
                self.malformed = "choices is not a list of objects"
                return
            output = output or _carries_output(choice)
        counted = self.output_tokens if self._counting else None
        usage = payload.get("usage")
        counting = False
        if isinstance(usage, dict):
            counting = True
            self.prompt_tokens = _count(usage.get("prompt_tokens"), self.prompt_tokens)
            self.output_tokens = _count(usage.get("completion_tokens"), self.output_tokens)
        if not choices:
            return
        self._counting = counting
        # Where the server counts as it goes, a token without text of its own (half a letter) shows in the count.
        more = 0 if counted is None else (self.output_tokens or 0) - counted
        if output or more > 0:
            if more > 1 or (not self.token_events_ns and (self.output_tokens or 0) > 1):
                self.coalesced = True
            self.token_events_ns.append(at)


def _parse(data: bytes) -> object:
    """Return the JSON value in ``data``; pydantic's parser takes half as long as Python's."""
    try:
        return from_json(data)
    except ValueError:  # bytes that are not UTF-8 are no reason to throw an answer away
        return json.loads(data.decode("utf-8", "replace"))


def _count(value: object, otherwise: int | None) -> int | None:
    return value if type(value) is int and value >= 0 else otherwise  # an exact test: a bool is an int as well


def _carries_output(choice: dict[str, Any]) -> bool:
    """Whether a choice carries generated output; a role or a finish reason alone does not."""
    if choice.get("text") or choice.get("token_ids"):
        return True
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return False
    return any(delta.get(key) for key in ("content", "reasoning_content", "reasoning", "tool_calls"))


def _events(body: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes, bytes]]:
    """Give arrival time, name and data of each complete event."""
    rest = name = b""
    data: list[bytes] = []
    for at, part in body:
        # One event in one line, as nearly always, needs no taking apart.
        whole = part.startswith(b"data: {") and part.endswith(b"\n\n") and part.find(b"\n") == len(part) - 2
        if whole and not (rest or data or name):
            yield at, b"", part[6:-2]
            continue
        *lines, rest = (rest + part).split(b"\n")
        for raw in lines:
            line = raw.rstrip(b"\r")
            if not line:
                if data:
                    yield at, name, b"\n".join(data)
                name, data = b"", []
                continue
            key, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if key == b"data":
                data.append(value)
            elif key == b"event":
                name = value
