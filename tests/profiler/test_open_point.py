"""From a schedule and its answers to figures, and the search for goodput on a server whose capacity is known."""

from __future__ import annotations

import asyncio

import pytest
from made_answers import make
from mock_engine import END, OK, Request, chunk, mock_engine, polite, token, usage

from kit.profiler import open_point
from kit.profiler.answers import Answer, Failure
from kit.profiler.arrivals import Arrival, constant
from kit.profiler.engines import endpoint
from kit.profiler.goodput import Outcome, parse_limits
from kit.profiler.loop_watch import ClientHealth
from kit.profiler.metrics import Window
from kit.profiler.open_point import OpenPoint, find_goodput, measure_arrivals, summarise_open

SCHEDULE = [Arrival(float(due), 8, 2) for due in range(101)]
"""A request each second, from 0 to 100 s."""

QUIET = ClientHealth(0.001, scheduled=101)


def answered(number: int, *, ttft: float = 0.1, failure: Failure | None = None, stopped: bool = False) -> Answer:
    """The answer to request ``number``: two tokens, the second 0.2 s after the first."""
    due = float(number)
    events = () if stopped else (due + ttft, due + ttft + 0.2)
    return make(*events, due=due, slot=number, ordinal=0, failure=failure, stopped=stopped)


def summed(answers: list[Answer], *, limits: str = "", health: ClientHealth = QUIET) -> OpenPoint:
    """Figures of the window from 20 to 99 s: 80 requests."""
    wanted = parse_limits(limits) if limits else ()
    return summarise_open(answers, SCHEDULE, window=Window(20.0, 99.0), limits=wanted, health=health)


class TestSummary:
    def test_window_is_by_due_time(self) -> None:
        """Requests due in warm-up and cool-down are left out; a slow one due inside is not."""
        answers = [answered(i, ttft=9.0 if i < 20 or i > 99 else 0.1) for i in range(101)]
        answers[99] = answered(99, ttft=30.0)
        point = summed(answers)
        assert (point.requests, point.failed, point.unfinished, point.duration_s) == (80, 0, 0, 79.0)
        assert point.ttft_s is not None
        assert point.tpot_s is not None
        assert point.ttft_s.mean == pytest.approx((79 * 0.1 + 30) / 80)
        assert point.tpot_s.mean == pytest.approx(0.2)
        assert (point.outcome, point.good_per_s) == (None, None)

    def test_good_requests_per_second(self) -> None:
        """Of 80 requests in 79 s every second one meets both limits: 40 / 79 per second."""
        answers = [answered(i, ttft=0.1 if i % 2 else 0.6) for i in range(101)]
        assert summed(answers, limits="ttft_p95<0.5s, tpot_p95<250ms").good_per_s == pytest.approx(40 / 79)

    def test_failures_are_not_averaged_in(self) -> None:
        """A failed request changes no latency; past 5 % of them the objective is missed, and each kind is counted."""
        answers = [answered(i, failure=Failure.RATE_LIMITED if i % 10 == 0 else None) for i in range(101)]
        point = summed(answers, limits="ttft_p50<0.5s")
        assert (point.failed, point.outcome) == (8, Outcome.MISSED)
        assert point.ttft_s is not None
        assert point.ttft_s.mean == pytest.approx(0.1)
        assert point.findings[0].evidence == "8 × 429 too many requests"

    def test_unfinished_and_dropped_requests_miss(self) -> None:
        """Five that did not end and five never sent count as unfinished, and as infinitely late."""
        answers = [answered(i, stopped=i >= 95) for i in range(101) if not 40 <= i < 45]
        point = summed(answers, limits="ttft_mean<0.5s")
        assert (point.requests, point.unfinished, point.outcome) == (80, 10, Outcome.MISSED)
        assert summed(answers, limits="ttft_p50<0.5s").outcome is Outcome.MET

    def test_limited_client(self) -> None:
        """Where the client was late, the point is marked, and what it missed is not blamed on the server."""
        slow = ClientHealth(0.02, scheduled=101)
        point = summed([answered(i) for i in range(101)], limits="ttft_p50<50ms", health=slow)
        assert point.outcome is Outcome.UNRESOLVED
        assert point.findings[0].what == "80 requests on a schedule is client_limited"
        assert "20.0 ms" in point.findings[0].evidence
        assert summed([answered(i) for i in range(101)], limits="ttft_p50<500ms", health=slow).outcome is Outcome.MET


class TestMeasuring:
    def test_lengths_and_counts(self) -> None:
        """Prompts and outputs have the lengths of the schedule, and no two prompts are alike."""
        arrivals = constant(40.0, seconds=0.5, prompt_tokens=6, output_tokens=3)
        with mock_engine(polite) as engine, endpoint(engine.url, model="m") as server:
            point = measure_arrivals(server, arrivals, drain_s=2.0)
        assert (point.requests, point.failed, point.unfinished) == (20, 0, 0)
        prompts = {one.body["messages"][0]["content"] for one in engine.requests}
        assert len(prompts) == 20
        assert {len(text.split()) for text in prompts} == {6}

    def test_goodput_of_a_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server that takes one at a time, 20 ms each, is found to carry less than its 50 per second.

        That is M/D/1: the mean wait is ρ D / (2 (1 − ρ)), so the mean sojourn stays below 60 ms up to ρ = 0.8.
        """
        turn = asyncio.Lock()
        # A busy machine makes the client late, and then the search rightly leaves trials open; not asked here.
        monkeypatch.setattr(open_point, "client_health", lambda _run: QUIET)

        async def deterministic(_request: Request, writer: asyncio.StreamWriter) -> None:
            async with turn:
                await asyncio.sleep(0.02)
                writer.write(OK + chunk(token()) + chunk(usage(3, 1)) + END)

        with mock_engine(deterministic) as engine, endpoint(engine.url, model="m") as server:
            got = find_goodput(
                server,
                parse_limits("e2e_mean<60ms"),
                prompt_tokens=4,
                output_tokens=1,
                seconds=1.5,
                start_per_s=10.0,
                most_per_s=100.0,
                tolerance=0.3,
                drain_s=1.0,
            )
        low, high = got.interval
        assert low is not None
        assert high is not None
        assert low < high <= 100
        assert low <= 50
