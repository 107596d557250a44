"""From the requests of a run to a point, or to the reasons why there is none."""

from __future__ import annotations

import asyncio

from made_answers import make
from mock_engine import Request, mock_engine, polite, saying

from kit.profiler.answers import Answer, Failure
from kit.profiler.engines import endpoint
from kit.profiler.point import Prompts, measure_point, summarise


def steady(requests: int) -> list[Answer]:
    """One slot: a warm-up of 1 s, then a request of 2 tokens every second."""
    warm = make(0.5, 1.0, ordinal=0)
    return [warm, *(make(i + 0.5, i + 1.0, due=float(i), ordinal=i) for i in range(1, requests + 1))]


def test_figures() -> None:
    """Ten requests of 2 tokens in ten seconds are 2 tokens/s, TTFT 0.5 s and TPOT 0.5 s."""
    got = summarise(steady(10), label="8x2", output_tokens=2, concurrency=1, stopped_s=20.0)
    assert got.findings == ()
    point = got.point
    assert point is not None
    assert (point.requests, point.duration_s, point.output_tokens_per_s) == (10, 10.0, 2.0)
    assert (point.prompt_tokens, point.output_tokens) == (8.0, 2.0)
    assert point.ttft_s is not None
    assert point.tpot_s is not None
    assert (point.ttft_s.p50, point.tpot_s.mean, point.ttft_s.p95) == (0.5, 0.5, None)


def test_few_failures_are_counted() -> None:
    """One failure in 31 is counted and named, and the rest is reported."""
    answers = [*steady(30), make(7.0, failure=Failure.CUT)]
    got = summarise(answers, label="8x2", output_tokens=2, concurrency=1, stopped_s=40.0)
    assert got.point is not None
    assert (got.point.failed, got.point.requests) == (1, 30)
    assert got.findings[0].evidence == "1 × connection cut"


def test_many_failures_spoil_a_point() -> None:
    """Past 5 % of failures the point is not reported; each kind is counted."""
    answers = [*steady(10), make(7.0, failure=Failure.CUT), make(7.0, failure=Failure.RATE_LIMITED)]
    got = summarise(answers, label="8x2", output_tokens=2, concurrency=1, stopped_s=40.0)
    assert got.point is None
    assert got.findings[0].what == "8x2: 2 of 13 requests failed, not reported"
    assert got.findings[0].evidence == "1 × connection cut, 1 × 429 too many requests"


def test_too_few_requests() -> None:
    """A point needs half as many requests as were in flight, and two at least."""
    got = summarise(steady(1), label="8x2", output_tokens=2, concurrency=1, stopped_s=20.0)
    assert got.point is None
    assert got.findings[0].what == "8x2 was not measured: too few requests"


def test_without_interval() -> None:
    """Below three requests per slot the throughput has no interval, and the profile says so."""
    got = summarise(steady(2), label="8x2", output_tokens=2, concurrency=1, stopped_s=20.0)
    assert got.point is not None
    assert got.point.output_tokens_per_s_interval is None
    assert got.findings[0].what == "8x2: throughput without interval"


def test_other_lengths_are_said() -> None:
    """Where the server stopped early, the profile says so and reports the real mean length."""
    answers = [*steady(10), make(11.5, 11.7, 12.0, due=11.0, ordinal=11)]
    got = summarise(answers, label="8x2", output_tokens=2, concurrency=1, stopped_s=20.0)
    assert "1 of 11 answers had another length than 2 tokens, 3.0 on average" in got.findings[0].evidence


def test_endpoint_is_measured() -> None:
    """Any OpenAI-compatible server can be measured by its URL, through the chat interface, with distinct prompts."""
    with mock_engine(polite) as engine, endpoint(f"{engine.url}/v1", model="m") as server:
        got = measure_point(server, prompt_tokens=12, output_tokens=6, concurrency=3, seconds=1.0)
    assert got.point is not None
    assert (got.point.prompt_tokens, got.point.output_tokens, got.point.failed) == (12.0, 6.0, 0)
    assert {one.path for one in engine.requests} == {"/v1/chat/completions"}
    prompts = [one.body["messages"][0]["content"] for one in engine.requests]
    assert len(set(prompts)) == len(prompts) > 10


def test_refusing_endpoint() -> None:
    """A server that refuses every request gives no point, and its own words."""
    said = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 7\r\n\r\nno key!"
    with mock_engine(saying(said)) as engine, endpoint(engine.url, model="m") as server:
        got = measure_point(server, prompt_tokens=4, output_tokens=4, concurrency=1, seconds=0.3)
    assert got.point is None
    assert got.findings[0].evidence.endswith("× 4xx; the first said: 401 no key!")


def test_late_failure_is_not_a_latency() -> None:
    """A server that cuts every tenth answer changes the failures, not the latencies."""

    async def sometimes(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.number % 40 == 39:
            return
        await polite(request, writer)

    with mock_engine(sometimes) as engine, endpoint(engine.url, model="m") as server:
        got = measure_point(server, prompt_tokens=4, output_tokens=4, concurrency=2, seconds=1.5)
    assert got.point is not None
    assert got.point.failed == sum(1 for one in engine.requests if one.number % 40 == 39) > 0
    assert got.point.output_tokens == 4.0


def test_prompts_are_distinct() -> None:
    """Twenty thousand prompts have the length asked for, and no two begin with the same eight words."""
    prompts = Prompts(16, vocab_size=2048, seed=3)
    texts = [prompts.text(number, 16).split() for number in range(20_000)]
    assert {len(words) for words in texts} == {16}
    assert len({tuple(words[:8]) for words in texts}) == 20_000


def test_prompts_are_seeded() -> None:
    """Equal seeds give equal prompts whatever was asked before, and others differ."""
    one, same, other = (Prompts(16, vocab_size=2048, seed=seed) for seed in (1, 1, 2))
    one.text(40_000, 16)
    assert one.text(7, 16) == same.text(7, 16) != other.text(7, 16)
    assert one.text(7, 4) == " ".join(one.text(7, 16).split()[:4])
