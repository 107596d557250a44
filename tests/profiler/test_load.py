"""The client, against a server that fails in every way there is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from mock_engine import (
    END,
    OK,
    Request,
    answer,
    chunk,
    event,
    mock_engine,
    polite,
    saying,
    token,
    usage,
)

from kit.errors import InputError
from kit.profiler.answers import Answer, Failure, read_answer, read_answers
from kit.profiler.arrivals import Arrival, constant
from kit.profiler.engines import free_port
from kit.profiler.load import (
    Ending,
    Exchange,
    Run,
    Target,
    client_health,
    closed_loop,
    open_loop,
    prepare,
    request_bytes,
    run_in_own_loop,
)
from kit.profiler.loop_watch import ClientHealth, LoopWatch, lag_p99_s
from kit.profiler.metrics import itl_s, ttft_s


def drive(url: str, *, timeout_s: float = 5.0, **options: Any) -> Run:
    """Run a closed loop; four tokens, one request in flight and one request unless said otherwise."""

    def body(number: int, asked: int) -> dict[str, Any]:
        return {"prompt": f"prompt {number}", "max_tokens": asked, "stream": True}

    settings: dict[str, Any] = {"in_flight": 1, "seconds": 5.0, "output_tokens": 4, "most_requests": 1} | options
    target = Target(f"{url}/v1/completions", timeout_s=timeout_s)
    return run_in_own_loop(closed_loop(target, body=body, **settings))


def open_loop_of(url: str, arrivals: Sequence[Arrival], **options: Any) -> Coroutine[Any, Any, Run]:
    """An open loop that waits two seconds for the last answers unless said otherwise."""

    def body(number: int, one: Arrival) -> dict[str, Any]:
        return {"prompt": f"prompt {number}", "max_tokens": one.output_tokens, "stream": True}

    target = Target(f"{url}/v1/completions", timeout_s=5.0)
    return open_loop(target, prepare(target, arrivals, body=body), **({"drain_s": 2.0} | options))


def drive_open(url: str, arrivals: Sequence[Arrival], **options: Any) -> Run:
    """Run it."""
    return run_in_own_loop(open_loop_of(url, arrivals, **options))


async def hanging(_request: Request, writer: asyncio.StreamWriter) -> None:
    """A server that never answers."""
    await writer.wait_closed()


def only_answer(run: Run) -> Answer:
    """The answer of a run of one request."""
    (one,) = read_answers(run.exchanges, zero_ns=run.started_ns)
    return one


def recorded(*arrivals: tuple[float, bytes]) -> Answer:
    """Read an exchange that was due at 1 s and received these bytes at these seconds."""
    stamps = [round(at * 1e9) for at, _ in arrivals]
    exchange = Exchange(0, 0, due_ns=10**9, asked_tokens=4, closed_ns=stamps[-1])
    exchange.read_at_ns, exchange.reads = stamps, [data for _, data in arrivals]
    return read_answer(exchange, zero_ns=0)


class TestReading:
    def test_times_of_events(self) -> None:
        """An event has the time of the read that completed it, on the run's clock."""
        first, second = chunk(token()), chunk(token())
        got = recorded((1.1, OK), (1.5, first), (1.7, second[:9]), (1.75, second[9:]), (1.8, chunk(usage(3, 2)) + END))
        assert (got.failure, got.due_s, got.token_events_s, got.finished_s) == (None, 1.0, (1.5, 1.75), 1.8)

    def test_counts_come_from_usage(self) -> None:
        """A chunk is not a token: two events may be seven tokens, and usage alone says so."""
        got = recorded((1.5, OK + chunk(token("one two three four"))), (1.6, chunk(token()) + chunk(usage(3, 7)) + END))
        assert (got.output_tokens, got.prompt_tokens, len(got.token_events_s)) == (7, 3, 2)

    def test_role_only_chunk_is_no_token(self) -> None:
        """The first chunk of a chat answer, which only names the role, is no token."""
        role = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        said = event({"choices": [{"index": 0, "delta": {"content": "a"}}]})
        got = recorded((1.2, OK + chunk(role)), (1.5, chunk(said)), (1.6, chunk(usage(3, 1)) + END))
        assert got.token_events_s == (1.5,)

    def test_reasoning_is_output(self) -> None:
        """Reasoning tokens are output like any other."""
        thought = event({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]})
        assert recorded((1.5, OK + chunk(thought) + chunk(usage(3, 1)) + END)).token_events_s == (1.5,)

    def test_last_usage_counts(self) -> None:
        """Where every chunk carries usage, the last one counts."""
        parts = chunk(token()) + chunk(usage(3, 1)) + chunk(token()) + chunk(usage(3, 2))
        assert recorded((1.5, OK + parts + END)).output_tokens == 2

    def test_running_count_shows_tokens_without_text(self) -> None:
        """Where every chunk says how many tokens there were so far, one that adds to it is a token, text or not."""
        parts = [counted("a", 1), counted("", 2), counted("b", 3)]
        got = recorded(*((1.5 + i / 10, OK * (i == 0) + part) for i, part in enumerate(parts)), (1.9, END))
        assert (got.output_tokens, got.coalesced) == (3, False)
        assert got.token_events_s == (1.5, 1.6, 1.7)

    @pytest.mark.parametrize("counts", [(1, 3, 4), (2, 3, 4)])
    def test_running_count_shows_several_tokens(self, counts: tuple[int, ...]) -> None:
        """A chunk that adds two tokens to the running count is one event of several tokens: gaps are then unknown."""
        parts = b"".join(counted("a", count) for count in counts)
        got = recorded((1.5, OK + parts + END))
        assert (got.output_tokens, got.coalesced, len(got.token_events_s), itl_s(got)) == (4, True, 3, None)

    def test_count_before_the_first_token_is_not_running(self) -> None:
        """A server that counts 0 at the role and all at the end does not count as it goes: its last chunk is none."""
        role = event({"choices": [{"index": 0, "delta": {"role": "assistant"}}], "usage": {"completion_tokens": 0}})
        got = recorded((1.5, OK + chunk(role) + chunk(token()) + chunk(token()) + chunk(usage(3, 2)) + END))
        assert (got.output_tokens, got.coalesced, len(got.token_events_s)) == (2, False, 2)

    def test_text_that_is_not_utf8(self) -> None:
        """A token cut in the middle of a letter spoils neither the answer nor its count."""
        broken = b'data: {"choices": [{"text": "\xe2\x82"}]}\n\n'
        got = recorded((1.5, OK + chunk(broken) + chunk(usage(3, 1)) + END))
        assert (got.failure, len(got.token_events_s)) == (None, 1)

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
    def test_reads_may_split_anywhere(self, size: int) -> None:
        """However the network cuts the bytes, the answer is the same."""
        whole = answer(3)
        pieces = [(1.5 + at * 1e-6, whole[at : at + size]) for at in range(0, len(whole), size)]
        got = recorded(*pieces)
        assert (got.failure, got.output_tokens, len(got.token_events_s)) == (None, 3, 3)

    def test_line_ends_comments_and_done(self) -> None:
        """CRLF line ends, comments and [DONE] are part of the protocol and no fault."""
        stream = b": ping\r\n\r\n" + token().replace(b"\n", b"\r\n") + usage(3, 1) + b"data: [DONE]\n\n"
        got = recorded((1.5, OK + chunk(stream) + END))
        assert (got.failure, got.output_tokens, len(got.token_events_s)) == (None, 1, 1)


def counted(text: str, so_far: int) -> bytes:
    """A chunk that says how many tokens there were so far."""
    counts = {"prompt_tokens": 3, "completion_tokens": so_far, "total_tokens": 3 + so_far}
    return chunk(event({"choices": [{"index": 0, "text": text}], "usage": counts}))


FAULTS: dict[str, tuple[bytes, Failure]] = {
    "cut in mid-stream": (OK + chunk(token()), Failure.CUT),
    "cut in a chunk": (OK + chunk(token())[:-5], Failure.CUT),
    "closed without a word": (b"", Failure.CUT),
    "too many requests": (b"HTTP/1.1 429 Slow Down\r\nContent-Length: 4\r\n\r\nslow", Failure.RATE_LIMITED),
    "not found": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Failure.CLIENT_ERROR),
    "server error": (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", Failure.SERVER_ERROR),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", Failure.MALFORMED),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", Failure.MALFORMED),
    "not JSON": (OK + chunk(token()) + chunk(b"data: {oops\n\n") + END, Failure.MALFORMED),
    "not an object": (OK + chunk(b"data: [1]\n\n") + END, Failure.MALFORMED),
    "choices not a list": (OK + chunk(event({"choices": 3})) + END, Failure.MALFORMED),
    "error event": (
        OK + chunk(token()) + chunk(event({"error": {"message": "full"}})) + END,
        Failure.ERROR_EVENT,
    ),
    "named error event": (OK + chunk(b'event: error\ndata: {"message": "x"}\n\n') + END, Failure.ERROR_EVENT),
    "error badly quoted": (OK + chunk(b'data: {"error": "said "no""}\n\n') + END, Failure.ERROR_EVENT),
    "error instead of a stream": (OK + chunk(b'{"error": {"message": "full"}}') + END, Failure.ERROR_EVENT),
    "page instead of a stream": (OK + chunk(b"<html>sign in</html>") + END, Failure.MALFORMED),
    "no usage": (OK + chunk(token()) + END, Failure.NO_USAGE),
    "no token": (OK + chunk(usage(3, 0)) + END, Failure.NO_TOKENS),
    "empty stream": (OK + END, Failure.NO_TOKENS),
}


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_counted_by_kind(self, fault: str) -> None:
        """Each way to fail has its kind, and such a request never counts."""
        said, expected = FAULTS[fault]
        with mock_engine(saying(said)) as engine:
            got = only_answer(drive(engine.url))
        assert (got.failure, got.counts) == (expected, False)

    def test_refused(self) -> None:
        """A port where nobody listens is a refused connection, in the operating system's words."""
        got = only_answer(drive(f"http://127.0.0.1:{free_port()}"))
        assert (got.failure, got.detail) == (Failure.REFUSED, "Connection refused")

    def test_timed_out(self) -> None:
        """A server that never answers is given up after the time limit."""

        async def silent(_request: Request, writer: asyncio.StreamWriter) -> None:
            await writer.wait_closed()

        with mock_engine(silent) as engine:
            got = only_answer(drive(engine.url, timeout_s=0.1))
        assert got.failure is Failure.TIMED_OUT
        assert 0.09 < got.finished_s - got.due_s < 1.0

    def test_words_of_the_server_are_kept(self) -> None:
        """A refusal comes with the server's own words."""
        said = b'HTTP/1.1 422 No\r\nContent-Length: 24\r\n\r\n{"detail":"ignore_eos?"}'
        with mock_engine(saying(said)) as engine:
            assert only_answer(drive(engine.url)).detail == '422 {"detail":"ignore_eos?"}'


class TestClosedLoop:
    def test_in_flight(self) -> None:
        """There are never more requests in flight than asked for, and there are as many."""
        with mock_engine(polite) as engine:
            run = drive(engine.url, in_flight=5, most_requests=40)
        assert (engine.most_at_once, len(engine.requests), len(run.exchanges)) == (5, 40, 40)
        assert all(one.counts for one in read_answers(run.exchanges, zero_ns=run.started_ns))

    def test_first_requests_are_staggered(self) -> None:
        """The first request of slot i of n asks for (i + 1) / n of the output, so that the slots get out of step."""
        with mock_engine(polite) as engine:
            run = drive(engine.url, in_flight=4, output_tokens=6, most_requests=8)
        asked = sorted(one.asked_tokens for one in run.exchanges if one.ordinal == 0)
        assert asked == [2, 3, 5, 6]  # 1.5, 3, 4.5 and 6, rounded up
        assert {one.asked_tokens for one in run.exchanges if one.ordinal > 0} == {6}

    def test_last_requests_may_finish(self) -> None:
        """Sending stops in time for the last requests to finish, and the run keeps to its seconds."""
        with mock_engine(polite) as engine:
            before = time.monotonic()
            run = drive(engine.url, in_flight=3, output_tokens=50, seconds=1.0, most_requests=None)
            lasted = time.monotonic() - before
        assert {one.ending for one in run.exchanges} == {Ending.CLOSED}
        assert 0.5 < lasted < 1.5
        assert run.stopped_ns < max(one.closed_ns or 0 for one in run.exchanges)

    def test_hanging_server_is_left(self) -> None:
        """A request that never ends is stopped with the run; it is neither a success nor a failure."""

        async def hang(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(OK + chunk(token()))
            await writer.wait_closed()

        with mock_engine(hang) as engine:
            got = only_answer(drive(engine.url, seconds=0.2))
        assert (got.stopped, got.failure, got.counts) == (True, None, False)

    def test_end_is_seen_before_the_connection_closes(self) -> None:
        """A server that keeps the connection open does not hold up the next request."""

        async def lingering(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(2))
            await writer.wait_closed()

        with mock_engine(lingering) as engine:
            got = only_answer(drive(engine.url))
        assert (got.failure, got.output_tokens) == (None, 2)

    def test_latency_counts_from_due(self) -> None:
        """TTFT includes the connection: due comes before connected, and connected before the first token."""
        with mock_engine(polite) as engine:
            got = only_answer(drive(engine.url))
        assert got.connected_s is not None
        assert 0 <= got.due_s <= got.connected_s <= got.token_events_s[0] <= got.finished_s


class TestOpenLoop:
    def test_latency_counts_from_the_schedule(self) -> None:
        """A server that takes 100 ms for each, one after the other, asked every 50 ms: the k-th waits 100 + 50 k ms."""
        turn = asyncio.Lock()

        async def one_by_one(_request: Request, writer: asyncio.StreamWriter) -> None:
            async with turn:
                await asyncio.sleep(0.1)
                writer.write(answer(1))

        with mock_engine(one_by_one) as engine:
            run = drive_open(engine.url, constant(20.0, seconds=0.4, prompt_tokens=1, output_tokens=1))
        answers = read_answers(run.exchanges, zero_ns=run.started_ns)
        waits = [ttft_s(one) for one in sorted(answers, key=lambda one: one.slot)]
        expected = [0.10 + 0.05 * k for k in range(8)]
        # No wait can be shorter than the queue; a busy machine makes them longer.
        assert all(least - 0.005 <= wait <= least + 1 for wait, least in zip(waits, expected, strict=True))
        assert [one.due_s for one in answers] == pytest.approx([0.05 * k for k in range(8)])

    def test_stalled_client_cannot_hide(self) -> None:
        """A client that stands still for 200 ms begins late; the wait is in the latency, and is counted."""

        async def stalled(url: str) -> Run:
            asyncio.get_running_loop().call_later(0.05, time.sleep, 0.2)
            return await open_loop_of(url, constant(20.0, seconds=0.3, prompt_tokens=1, output_tokens=1))

        with mock_engine(saying(answer(1))) as engine:
            run = run_in_own_loop(stalled(engine.url))
        health = client_health(run)
        assert (health.scheduled, health.dropped) == (6, 0)
        assert health.late >= 3  # those due at 100, 150 and 200 ms; others too where the machine is busy
        slowest = max(ttft_s(one) for one in read_answers(run.exchanges, zero_ns=run.started_ns))
        assert 0.1 < slowest < 0.3
        assert "requests" in (health.limited or "")

    def test_sends_on_time(self) -> None:
        """On a quiet machine requests are begun within a few milliseconds of the schedule, never before it."""
        with mock_engine(saying(answer(1))) as engine:
            run = drive_open(engine.url, constant(50.0, seconds=0.5, prompt_tokens=1, output_tokens=1))
        late = sorted((one.begun_ns or 0) - one.due_ns for one in run.exchanges)
        assert len(late) == 25
        assert 0 <= late[0] <= late[12] < 3e6

    def test_too_many_in_flight_are_dropped_and_counted(self) -> None:
        """What is due while the client has all it may have in flight is dropped, and counted."""
        with mock_engine(hanging) as engine:
            run = drive_open(
                engine.url, constant(50.0, seconds=0.1, prompt_tokens=1, output_tokens=1), most_in_flight=2, drain_s=0.1
            )
        assert (len(run.exchanges), run.dropped, client_health(run).dropped) == (2, 3, 3)
        assert {one.ending for one in run.exchanges} == {Ending.STOPPED}

    def test_lengths_of_a_trace(self) -> None:
        """Each request asks for the output of its own arrival."""
        arrivals = [Arrival(0.0, 1, 5), Arrival(0.01, 1, 2)]
        with mock_engine(polite) as engine:
            run = drive_open(engine.url, arrivals)
        got = sorted(read_answers(run.exchanges, zero_ns=run.started_ns), key=lambda one: one.slot)
        assert [(one.asked_tokens, one.output_tokens) for one in got] == [(5, 5), (2, 2)]


class TestSelfWatch:
    def test_stall_is_seen(self) -> None:
        """A loop that stands still for 300 ms is late by that much, and for each wake-up that it missed."""

        async def stalled() -> list[int]:
            watch = LoopWatch()
            watch.start()
            await asyncio.sleep(0.05)
            time.sleep(0.3)
            await asyncio.sleep(0.05)
            watch.stop()
            return watch.lags_ns

        lags = run_in_own_loop(stalled())
        assert 0.28e9 < max(lags) < 0.5e9
        assert sum(1 for lag in lags if lag > 0.01e9) >= 25

    def test_limits(self) -> None:
        """The client is the limit where it lags by more than 5 ms (p99), or 1 % of requests was late or dropped."""
        assert ClientHealth(0.0049, scheduled=100, late=1).limited is None
        assert ClientHealth(None).limited is None
        assert ClientHealth(0.0123).limited == "the event loop lagged by 12.3 ms (p99), more than 5 ms"
        assert ClientHealth(0.001, scheduled=100, late=1, dropped=1).limited == (
            "of 100 requests 1 were begun more than 5 ms late and 1 dropped, more than 1%"
        )

    def test_p99(self) -> None:
        """Of 200 lags the p99 is the third highest (nearest rank); below 100 samples there is none."""
        assert lag_p99_s([*range(0, 200_000_000, 1_000_000)]) == 0.197
        assert lag_p99_s([1] * 99) is None


class TestRequests:
    def test_bytes(self) -> None:
        """A request is one HTTP/1.1 POST with the body's length, and asks the server to close."""
        sent = request_bytes(Target("http://host:81/v1/x?y=1", headers=(("Authorization", "Bearer k"),)), {"a": "b"})
        assert sent == (
            b"POST /v1/x?y=1 HTTP/1.1\r\nHost: host:81\r\nContent-Type: application/json\r\n"
            b"Accept: text/event-stream\r\nContent-Length: 10\r\nConnection: close\r\n"
            b'Authorization: Bearer k\r\n\r\n{"a": "b"}'
        )

    def test_key_is_not_shown(self) -> None:
        """Headers, which may hold a key, are not part of what is printed."""
        assert "secret" not in repr(Target("http://host", headers=(("Authorization", "secret"),)))

    @pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/x", ""])
    def test_bad_address(self, url: str) -> None:
        """An address that is no http URL is reported with an example of a good one."""
        with pytest.raises(InputError, match=r"it should look like http://127\.0\.0\.1:8000"):
            Target(url).parts()


class TestOwnLoop:
    def test_inside_a_running_loop(self) -> None:
        """It works where a loop runs already, as in a notebook."""

        async def seven() -> int:
            return 7

        async def notebook() -> int:
            return run_in_own_loop(seven())

        assert asyncio.run(notebook()) == 7

    def test_errors_are_passed_on(self) -> None:
        """An error in the coroutine is raised in the calling thread."""

        async def fail() -> None:
            raise InputError("no")

        with pytest.raises(InputError, match="no"):
            run_in_own_loop(fail())

    def test_interrupt_cancels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An interrupt in the calling thread ends the coroutine and is passed on."""
        ended = asyncio.Event()
        joins: list[float | None] = []
        from threading import Thread

        join: Callable[[Thread, float | None], None] = Thread.join

        def interrupted(self: Thread, timeout: float | None = None) -> None:
            joins.append(timeout)
            if len(joins) == 1:
                raise KeyboardInterrupt
            join(self, timeout)

        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        monkeypatch.setattr(Thread, "join", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_in_own_loop(forever())
        assert ended.is_set()
