"""From the requests of a run to a point, or to the reasons why there is none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from made_answers import make
from mock_engine import Request, mock_engine, polite, saying

from kit.profiler.answers import Answer, Failure
from kit.profiler.engines import endpoint
from kit.profiler.metrics import Window
from kit.profiler.point import Measured, Steady, combined, measure_point, summarise
from kit.profiler.profile import Finding
from kit.profiler.prompts import Prompts


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


def run_at(rate: float, requests: int = 10) -> Measured:
    """One in flight, requests of two tokens at ``rate`` tokens/s, alternately a little faster and slower."""
    times = [0.0]
    for number in range(requests):
        times.append(times[-1] + 2 / rate * (1.02 if number % 2 else 0.98))
    answers = tuple(
        make(begun + 0.3, ended, due=begun, ordinal=number + 1) for number, (begun, ended) in enumerate(pairwise(times))
    )
    return Measured(None, (), runs=(Steady(answers, Window(0.0, times[-1]), failed=1),))


class TestCombined:
    """Ten requests of 2 tokens take 10 s at 2 tokens/s and 5 s at 4."""

    def test_all_requests_count(self) -> None:
        """20 tokens in 10 s and 20 in another 10 are 2 tokens/s, with a narrower interval than one run has."""
        alone = combined(run_at(2.0), Measured(None, ()), label="p", concurrency=1).point
        both = combined(run_at(2.0), run_at(2.0), label="p", concurrency=1)
        assert alone is not None
        assert both.point is not None
        assert (both.point.requests, both.point.runs, both.point.failed, both.findings) == (20, 2, 2, ())
        assert both.point.output_tokens_per_s == pytest.approx(2.0)
        assert both.point.duration_s == pytest.approx(20.0)
        one, two = alone.output_tokens_per_s_interval, both.point.output_tokens_per_s_interval
        assert one is not None
        assert two is not None
        # The width falls as t(k - 1) / √k: from 2.262 / √10 to 2.093 / √20, and s from √(10/9) to √(20/19).
        expected = (2.093 / 20**0.5) * (20 / 19) ** 0.5 / ((2.262 / 10**0.5) * (10 / 9) ** 0.5)
        assert (two[1] - two[0]) / (one[1] - one[0]) == pytest.approx(expected, rel=1e-3)

    def test_runs_that_disagree_are_named(self) -> None:
        """40 tokens in 10 + 5 s are 2.67 tokens/s; that the second run was twice as fast is said once."""
        both = combined(run_at(2.0), run_at(4.0), label="p", concurrency=1)
        assert both.point is not None
        assert both.point.output_tokens_per_s == pytest.approx(40 / 15, rel=1e-4)
        assert [finding.what for finding in both.findings] == ["p: its runs differ by more than their noise"]
        thrice = combined(both, run_at(4.0), label="p", concurrency=1)
        assert [finding.what for finding in thrice.findings] == ["p: its runs differ by more than their noise"]

    def test_what_several_runs_suffered_is_said_once(self) -> None:
        """Three runs that others disturbed, each a little differently, are one finding that says so."""
        runs = [
            replace(run_at(2.0), findings=(Finding(what="p was disturbed", evidence=f"{cores} cores"),))
            for cores in (0.5, 0.6, 0.7)
        ]
        both = combined(runs[0], runs[1], label="p", concurrency=1)
        assert both.findings == (Finding(what="p was disturbed", evidence="0.5 cores; likewise in further runs"),)
        assert combined(both, runs[2], label="p", concurrency=1).findings == both.findings

    def test_power_is_weighted_by_time(self) -> None:
        """300 W for 10 s and 600 W for 5 s are 400 W, and at 40 tokens in 15 s that is 150 J per token."""
        parts = []
        for rate, watts in ((2.0, 300.0), (4.0, 600.0)):
            one = combined(run_at(rate), Measured(None, ()), label="p", concurrency=1)
            assert one.point is not None
            parts.append(replace(one, point=one.point.model_copy(update={"power_w": watts})))
        point = combined(*parts, label="p", concurrency=1).point
        assert point is not None
        assert point.power_w == pytest.approx(400.0, rel=1e-4)
        assert point.energy_j_per_token == pytest.approx(150.0, rel=1e-4)


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
