"""One task after the other on one server: open loops, a trace, goodput, repeats, more client processes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from mock_engine import END, OK, Request, chunk, mock_engine, polite, token, usage

from kit.errors import EngineError, InputError
from kit.profiler import open_point
from kit.profiler import series as module
from kit.profiler.arrivals import Arrival
from kit.profiler.budget import Progress
from kit.profiler.check import check_profile
from kit.profiler.cloud import cloud
from kit.profiler.compare import load
from kit.profiler.engines import endpoint
from kit.profiler.loop_watch import ClientHealth
from kit.profiler.point import Measured
from kit.profiler.profile import Finding, HardwareProfile, Outcome, Regime
from kit.profiler.sweep import Served, profile_machine
from kit.profiler.tasks import ClosedLoop, OpenLoop, Replay, Search, Task


async def quick(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer at once with as many tokens as were asked for."""
    asked = request.body["max_tokens"]
    said = str(request.body.get("prompt", "")).split()
    writer.write(OK + b"".join(chunk(token()) for _ in range(asked)) + chunk(usage(len(said), asked)) + END)


def profile(weights_dir: Path, out: Path, url: str, *more: Task, **settings: object) -> HardwareProfile:
    given = {
        "architecture": "tiny",
        "shapes": ((8, 4),),
        "concurrency": (1,),
        "more": more,
        "engine": lambda _folder: endpoint(url, model="m", name="mock", api="completions"),
        "weights_dir": weights_dir,
        "out": out,
    }
    return profile_machine(**(given | settings))  # type: ignore[arg-type]


def test_open_loops_and_a_trace_are_in_the_record(weights_dir: Path, tmp_path: Path) -> None:
    """Each process of arrivals gives a point with its rate; a trace keeps its lengths, and what is cut is said."""
    arrivals = tuple(Arrival(0.1 * number, 4, 2) for number in range(10_000))
    with mock_engine(quick) as engine:
        got = profile(
            weights_dir,
            tmp_path / "p.json",
            engine.url,
            OpenLoop(8, 4, 20.0),
            OpenLoop(8, 4, 10.0, Regime.CONSTANT),
            Replay("day.csv", arrivals),
            seconds=24.0,
        )
    by_regime = {point.regime: point for point in got.points}
    assert set(by_regime) == {Regime.CLOSED_LOOP, Regime.POISSON, Regime.CONSTANT, Regime.TRACE}
    poisson, constant, trace = (by_regime[one] for one in (Regime.POISSON, Regime.CONSTANT, Regime.TRACE))
    assert (poisson.arrivals_per_s, poisson.concurrency, poisson.prompt_tokens) == (20.0, None, 8.0)
    assert (constant.arrivals_per_s, constant.output_tokens) == (10.0, 4.0)
    assert (trace.prompt_tokens, trace.output_tokens) == (4.0, 2.0)
    assert trace.arrivals_per_s == pytest.approx(10.0, rel=0.1)
    assert constant.output_tokens_per_s == pytest.approx(40.0, rel=0.1)
    assert [load(point) for point in (poisson, constant)] == ["20 requests/s (poisson)", "10 requests/s (constant)"]
    assert any(finding.what == "the trace day.csv was replayed in part" for finding in got.findings)
    assert [point.regime for point in got.service_curve] == [Regime.CLOSED_LOOP]
    assert check_profile(got) == ()
    assert HardwareProfile.read(tmp_path / "p.json") == got


def test_goodput_of_a_server_that_takes_one_at_a_time(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M/D/1 with 20 ms of service has a mean sojourn of 60 ms at 80 % of 50 requests/s: what is found lies around 40.

    The mean sojourn is D + ρ D / (2 (1 − ρ)) (Pollaczek and Khinchine); it is 60 ms where ρ = 0.8.
    """
    turn = asyncio.Lock()
    # A busy machine makes the client late, and then the search rightly leaves trials open; not asked here.
    monkeypatch.setattr(open_point, "client_health", lambda _run: ClientHealth(0.001))

    async def one_at_a_time(request: Request, writer: asyncio.StreamWriter) -> None:
        async with turn:
            await asyncio.sleep(0.02)
            await quick(request, writer)

    with mock_engine(one_at_a_time) as engine:
        got = profile(
            weights_dir,
            tmp_path / "p.json",
            engine.url,
            Search(8, 1, "e2e_mean<60ms"),
            shapes=((8, 1),),
            seconds=45.0,
        )
    (found,) = got.goodput
    assert (found.objective, found.prompt_tokens, found.output_tokens) == ("e2e_mean<60ms", 8, 1)
    assert found.requests_per_s is not None
    assert 10 < found.requests_per_s < 50
    assert {trial.outcome for trial in found.trials} >= {Outcome.MET, Outcome.MISSED}
    assert found.interval[0] == found.requests_per_s


@pytest.mark.parametrize(("narrow", "repeated"), [(1e-9, True), (10.0, False)])
def test_a_point_is_repeated_until_it_is_narrow(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: float, repeated: bool
) -> None:
    """Where the interval is wider than is wanted, the time that was kept for it goes into repeats, and else none."""
    monkeypatch.setattr(module, "_FIRST_S", 1.0)
    monkeypatch.setattr(module, "NARROW", narrow)
    steps: list[Progress] = []

    async def jitter(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.004 if request.number % 3 else 0.03)
        await quick(request, writer)

    with mock_engine(jitter) as engine:
        got = profile(weights_dir, tmp_path / "p.json", engine.url, seconds=16.0, on_progress=steps.append)
    (point,) = got.points
    assert (point.runs > 1) is repeated
    reported = [step.point for step in steps if step.point is not None]
    assert [one.runs for one in reported] == list(range(1, point.runs + 1))
    assert reported[-1] == point
    assert all(before.requests < after.requests for before, after in pairwise(reported))  # type: ignore[operator]


def test_more_client_processes_where_one_is_too_slow(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A point that one process could not drive is measured again with two, which the next points then keep."""
    asked: list[int] = []
    real = module.measure_point

    def limited_alone(*args: object, processes: int, **settings: object) -> Measured:
        asked.append(processes)
        one = real(*args, processes=processes, **settings)  # type: ignore[arg-type]
        late = Finding(what="8x4 with 2 in flight is client_limited", evidence="the event loop lagged")
        return replace(one, findings=(late,)) if processes == 1 else replace(one, findings=())

    monkeypatch.setattr(module, "measure_point", limited_alone)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 4)
    with mock_engine(polite) as engine:
        got = profile(weights_dir, tmp_path / "p.json", engine.url, concurrency=(2, 3), seconds=26.0)
        prompts = [one.body["prompt"] for one in engine.requests]
    assert asked[:3] == [1, 2, 2]
    assert [point.concurrency for point in got.points] == [2, 3]
    assert not any("client_limited" in finding.what for finding in got.findings)
    assert len(set(prompts)) == len(prompts)


def test_a_server_elsewhere(weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a provider's model nothing is made up: no machine, no config; how much is network is measured."""
    monkeypatch.setenv("KIT_TEST_KEY", "canary-0123456789")
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 8, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "b"}},
        {"type": "message_delta", "usage": {"output_tokens": 4}},
    ]

    async def messages(_request: Request, writer: asyncio.StreamWriter) -> None:
        from mock_engine import event

        writer.write(OK + b"".join(chunk(event(one)) for one in events) + END)

    with mock_engine(messages) as engine:
        got = profile(
            weights_dir,
            tmp_path / "p.json",
            engine.url,
            architecture="claude-test",
            engine=lambda _f: cloud("anthropic", model="claude-test", base_url=engine.url, key_variable="KIT_TEST_KEY"),
            weights=False,
            served=Served(random_weights=False, dtype="not stated", started=False, elsewhere=True),
            seconds=9.0,
        )
    assert (got.inventory, got.accelerator, got.model.config_sha256) == (None, "not stated", None)
    assert (got.model.name, got.model.architecture, got.engine.name) == ("claude-test", "not stated", "anthropic")
    assert got.way_there is not None
    assert got.way_there.requests == 6
    assert 0 < got.way_there.connect_share < 1
    assert check_profile(got) == ()
    assert "canary" not in (tmp_path / "p.json").read_text()


def test_an_engine_that_has_died_ends_the_sweep(weights_dir: Path, tmp_path: Path) -> None:
    """After the engine's death no further point is tried, and the reason stands in the record."""
    from contextlib import contextmanager

    dead: list[str] = []

    @contextmanager
    def dying(_folder: object):
        with endpoint(engine.url, model="m", name="mock", api="completions") as server:
            yield replace(server, obituary=lambda: dead[0] if dead else None, last_words=lambda: "out of memory")

    def kill(step: Progress) -> None:
        if step.point is not None:
            dead.append("it was killed by signal 9")

    with mock_engine(quick) as engine:
        got = profile(
            weights_dir,
            tmp_path / "p.json",
            engine.url,
            concurrency=(1, 2),
            engine=dying,
            seconds=12.0,
            on_progress=kill,
        )
    assert [point.concurrency for point in got.points] == [1]
    (left_out,) = (finding for finding in got.findings if finding.what == "8x4 with 2 in flight was not measured")
    assert "it was killed by signal 9" in left_out.evidence
    assert "out of memory" in left_out.evidence


def test_a_profile_of_open_loops_alone_is_refused(weights_dir: Path, tmp_path: Path) -> None:
    """A record without a service curve cannot be written: what the machine can do would not be in it."""
    with mock_engine(quick) as engine:
        got = profile(weights_dir, tmp_path / "p.json", engine.url, OpenLoop(8, 4, 20.0), seconds=14.0)
    with pytest.raises(ValueError, match="needs a point of a closed loop"):
        HardwareProfile.model_validate(
            got.model_dump() | {"points": [one.model_dump() for one in got.points if one.regime.open_loop]}
        )


def test_labels_tell_tasks_apart() -> None:
    """The journal knows a task by its label, so no two tasks of a sweep may share one."""
    tasks: list[Task] = [
        ClosedLoop(8, 4, 2),
        ClosedLoop(8, 4, 1),
        OpenLoop(8, 4, 2.0),
        OpenLoop(8, 4, 2.0, Regime.CONSTANT),
        Replay("a.csv", (Arrival(0.0, 1, 1),)),
        Search(8, 4, "ttft_p95<1s"),
    ]
    assert len({task.label for task in tasks}) == len(tasks)
    assert [task.longest for task in tasks] == [12, 12, 12, 12, 2, 12]


def test_a_wrong_objective_is_named_before_anything_starts() -> None:
    """An objective that cannot be read is no task."""
    with pytest.raises(InputError, match='no metric "tttf"'):
        Search(8, 4, "tttf_p95<1s")


def test_a_server_that_does_not_answer_is_an_error(weights_dir: Path, tmp_path: Path) -> None:
    """Where nobody listens nothing is written."""
    with pytest.raises(EngineError, match="could be measured"):
        profile(weights_dir, tmp_path / "p.json", "http://127.0.0.1:9", seconds=6.5)
    assert not (tmp_path / "p.json").exists()
