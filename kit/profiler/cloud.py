"""Cloud APIs as engines, and how much of their latency is the way there.

The key comes from an environment variable and goes nowhere but to the server (:mod:`kit.profiler.keys`).
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kit.errors import EngineError, InputError, did_you_mean, one_of
from kit.profiler import metrics
from kit.profiler.answers import Answer, read_answers
from kit.profiler.dialects import Api
from kit.profiler.engines import LOOPBACK, Server, checked_address, proxy_of
from kit.profiler.exchange import Exchange
from kit.profiler.keys import Secret, read_key, redacted
from kit.profiler.load import closed_loop, run_in_own_loop
from kit.profiler.profile import Engine
from kit.profiler.profile import WayThere as WayThere
from kit.profiler.prompts import prompt


@dataclass(frozen=True)
class Cloud:
    """How one provider's API is asked.

    Attributes:
        base_url: its public address.
        key_variable: the environment variable that its own tools read the key from.
        api: its language.
        key_header: the header that carries the key.
        key_prefix: what stands before the key there.
        headers: further headers.
        extra: further fields of each request.
        limit: its name of the limit on output tokens.
    """

    base_url: str
    key_variable: str
    api: Api
    key_header: str
    key_prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()
    limit: str = "max_tokens"


CLOUDS = {
    "openai": Cloud(
        base_url="https://api.openai.com",
        key_variable="OPENAI_API_KEY",
        api="chat",
        key_header="Authorization",
        key_prefix="Bearer ",
        extra=(("stream_options", {"include_usage": True}),),
        limit="max_completion_tokens",
    ),
    "anthropic": Cloud(
        base_url="https://api.anthropic.com",
        key_variable="ANTHROPIC_API_KEY",
        api="messages",
        key_header="x-api-key",
        headers=(("anthropic-version", "2023-06-01"),),
    ),
    "google": Cloud(
        base_url="https://generativelanguage.googleapis.com",
        key_variable="GEMINI_API_KEY",
        api="gemini",
        key_header="x-goog-api-key",
    ),
}
"""The providers by name. Any other that speaks OpenAI's language is an ``endpoint`` with a key variable."""


@contextlib.contextmanager
def cloud(
    provider: str,
    *,
    model: str,
    key_variable: str | None = None,
    base_url: str | None = None,
    proxy: str | None = None,
    ca_file: str | None = None,
) -> Iterator[Server]:
    """Give a provider's API as an engine.

    Args:
        provider: one of :data:`CLOUDS`.
        model: the provider's name of the model.
        key_variable: environment variable that holds the key; by default the one that the provider's own tools read.
        base_url: another address that speaks the same language, e.g. a gateway's.
        proxy: address of an HTTP proxy; by default the one that the environment names.
        ca_file: file of the certificates to trust instead of the system's.

    Raises:
        InputError: no such provider, the variable is not set, or the key would travel unencrypted.
    """
    if provider not in CLOUDS:
        raise InputError(f'no provider "{provider}"{did_you_mean(provider, CLOUDS)}; there is {one_of(CLOUDS)}')
    known = CLOUDS[provider]
    address = checked_address(base_url or known.base_url).removesuffix("/v1")
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise InputError(f"{address}: a key is only sent over https")
    key = read_key(key_variable or known.key_variable)
    yield Server(
        base_url=address,
        model=model,
        engine=Engine(name=provider),
        api=known.api,
        limit=known.limit,
        headers=((known.key_header, Secret(known.key_prefix + key)), *known.headers),
        extra=known.extra,
        proxy=proxy or proxy_of(address),
        ca_file=ca_file,
    )


def measure_way_there(
    server: Server, *, requests: int = 6, prompt_tokens: int = 16, output_tokens: int = 16, seconds: float = 60.0
) -> WayThere:
    """Send some short requests one after the other and say how much of their latency is the way there.

    Args:
        server: an engine that runs; a cloud, or one on another machine.
        requests: how many; percentiles take at least six.
        prompt_tokens: words of each prompt.
        output_tokens: most tokens of each answer.
        seconds: how long it may take.

    Raises:
        EngineError: no request went through; the message says what the server answered, without the key.
    """

    def body(number: int, asked: int) -> dict[str, Any]:
        return server.body(prompt(prompt_tokens, vocab_size=server.vocab_size, seed=number), output_tokens=asked)

    run = run_in_own_loop(
        closed_loop(
            server.target(timeout_s=seconds),
            in_flight=1,
            seconds=seconds,
            body=body,
            output_tokens=output_tokens,
            most_requests=requests,
        )
    )
    exchanges = sorted(run.exchanges, key=lambda exchange: exchange.due_ns)
    answers = sorted(read_answers(exchanges, zero_ns=run.started_ns), key=lambda answer: answer.due_s)
    return way_there(exchanges, answers, name=server.engine.name)


def way_there(exchanges: Sequence[Exchange], answers: Sequence[Answer], *, name: str = "the server") -> WayThere:
    """Take the times of recorded requests apart.

    Args:
        exchanges: what was recorded.
        answers: the same requests in the same order, after reading.
        name: how errors call the server.

    Raises:
        EngineError: none went through.
    """
    pairs = [(exchange, answer) for exchange, answer in zip(exchanges, answers, strict=True) if answer.counts]
    if not pairs:
        kinds = Counter(f"{answer.failure or 'stopped'} {redacted(answer.detail)}".strip() for answer in answers)
        said = "; ".join(f"{number} × {kind}" for kind, number in kinds.most_common()) or "none was sent in time"
        raise EngineError(f"no request to {name} went through: {said}")
    connect, first_byte, first_token, ttft = [], [], [], []
    for exchange, answer in pairs:
        begun = exchange.begun_ns if exchange.begun_ns is not None else exchange.due_ns
        stood = exchange.connected_ns if exchange.connected_ns is not None else begun
        sent = exchange.sent_ns if exchange.sent_ns is not None else stood
        byte = exchange.read_at_ns[0]
        connect.append((stood - begun) / 1e9)
        first_byte.append((byte - sent) / 1e9)
        ttft.append(metrics.ttft_s(answer))
        first_token.append(ttft[-1] - (byte - exchange.due_ns) / 1e9)
    return WayThere(
        requests=len(pairs),
        connect_s=metrics.spread(connect),
        first_byte_s=metrics.spread(first_byte),
        first_token_s=metrics.spread(first_token),
        ttft_s=metrics.spread(ttft),
        connect_share=math.fsum(connect) / math.fsum(ttft),
    )
