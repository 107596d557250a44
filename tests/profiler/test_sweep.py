"""The whole way: weights, engine, points, record."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import psutil
import pytest
from mock_engine import OK, chunk, mock_engine, polite, saying, token

from kit.errors import EngineError, InputError
from kit.profiler.budget import Progress
from kit.profiler.engines import endpoint
from kit.profiler.profile import HardwareProfile
from kit.profiler.sweep import profile_machine
from kit.profiler.tasks import ClosedLoop, service_curve
from kit.record import Basis


def test_order_of_importance() -> None:
    """Per shape one request in flight comes first, then the most, then the others downwards; repetitions go."""
    plans = service_curve([(64, 16), (128, 8)], [2, 1, 8, 4, 2])
    assert [plan.concurrency for plan in plans] == [1, 8, 4, 2, 1, 8, 4, 2]
    assert plans[:4] == [ClosedLoop(64, 16, 1), ClosedLoop(64, 16, 8), ClosedLoop(64, 16, 4), ClosedLoop(64, 16, 2)]


@pytest.mark.parametrize(("shapes", "concurrency"), [([], [1]), ([(0, 4)], [1]), ([(4, 4)], []), ([(4, 4)], [0, 1])])
def test_impossible_points(shapes: list[tuple[int, int]], concurrency: list[int]) -> None:
    """Nothing to measure, or numbers below one, are reported with an example."""
    with pytest.raises(InputError, match=r"e\.g\."):
        service_curve(shapes, concurrency)


def test_shape_longer_than_the_model(weights_dir: Path, tmp_path: Path) -> None:
    """A shape that the model cannot hold is refused before an engine is started."""
    with pytest.raises(InputError, match="4000x200 with 1 in flight is longer than the 4096 tokens of tiny"):
        profile_machine(
            architecture="tiny", shapes=[(4000, 200)], weights_dir=weights_dir, out=tmp_path / "p.json", seconds=5
        )


def test_any_engine(weights_dir: Path, tmp_path: Path) -> None:
    """An engine is anything that answers at a URL; the points come out in order and are written."""
    steps: list[Progress] = []
    out = tmp_path / "mock.json"
    with mock_engine(polite) as engine:
        profile = profile_machine(
            architecture="tiny",
            shapes=((8, 4),),
            concurrency=(1, 2, 4),
            seconds=20.0,
            weights_dir=weights_dir,
            out=out,
            engine=lambda _folder: endpoint(engine.url, model="m", name="mock", api="completions"),
            on_progress=steps.append,
        )
    assert [point.concurrency for point in profile.points] == [1, 2, 4]
    assert [point.prompt_tokens for point in profile.points] == [8, 8, 8]
    assert (profile.name, profile.engine.name, profile.memory.peak_gib) == ("mock", "mock", None)
    assert HardwareProfile.read(out) == profile
    assert (steps[0].stage, steps[-1].stage, steps[-1].fraction) == ("weights", "done", 1.0)
    assert [step.points_done for step in steps if step.point is not None] == [1, 2, 3]
    assert [step.fraction for step in steps] == sorted(step.fraction for step in steps)


def test_no_point_no_file(weights_dir: Path, tmp_path: Path) -> None:
    """Where every request fails nothing is written, and the error says why the first point failed."""
    out = tmp_path / "p.json"
    with mock_engine(saying(OK + chunk(token()))) as engine, pytest.raises(EngineError, match="connection cut"):
        profile_machine(
            architecture="tiny",
            concurrency=(1,),
            seconds=7.0,
            weights_dir=weights_dir,
            out=out,
            engine=lambda _folder: endpoint(engine.url, model="m"),
        )
    assert not out.exists()


def test_what_there_is_no_time_for_is_said(weights_dir: Path, tmp_path: Path) -> None:
    """Points beyond the time budget are left out, the least important ones, and the profile says so."""
    with mock_engine(polite) as engine:
        profile = profile_machine(
            architecture="tiny",
            shapes=((8, 4),),
            concurrency=(1, 2, 4, 8),
            seconds=6.7,
            weights_dir=weights_dir,
            out=tmp_path / "p.json",
            engine=lambda _folder: endpoint(engine.url, model="m", api="completions"),
            on_progress=None,
        )
    assert 1 <= len(profile.points) < 4
    assert any("was not measured" in one.what and "time budget" in one.evidence for one in profile.findings)


@pytest.mark.engine
class TestTransformers:
    def test_real_engine(self, weights_dir: Path, tmp_path: Path) -> None:
        """Transformers serve is started, measured and stopped within the budget, and every length is as asked."""
        out = tmp_path / "cpu-tiny.json"
        before = time.monotonic()
        profile = profile_machine(
            architecture="tiny",
            shapes=((32, 8),),
            concurrency=(1, 4),
            seconds=45.0,
            weights_dir=weights_dir,
            out=out,
        )
        assert time.monotonic() - before < 45.0
        assert (profile.basis, profile.accelerator, profile.model.random_weights) == (Basis.MEASURED, "CPU", True)
        assert [point.concurrency for point in profile.points] == [1, 4]
        one, four = profile.points
        assert (one.prompt_tokens, one.output_tokens, one.failed, four.output_tokens) == (32.0, 8.0, 0, 8.0)
        assert four.output_tokens_per_s > one.output_tokens_per_s
        assert one.ttft_s is not None
        assert one.tpot_s is not None
        assert one.e2e_s is not None
        assert one.ttft_s.mean is not None
        assert one.tpot_s.mean is not None
        assert one.e2e_s.mean == pytest.approx(one.ttft_s.mean + 7 * one.tpot_s.mean, rel=1e-3)
        # One in flight: the server is never idle, so a request takes as long as its tokens at the measured rate.
        assert 8 / one.output_tokens_per_s == pytest.approx(one.e2e_s.mean, rel=0.1)
        assert profile.memory.peak_gib is not None
        assert 0.2 < profile.memory.peak_gib < 4
        text = out.read_text()
        for secret in (str(weights_dir), str(tmp_path), platform.node(), str(Path.home()) + "/"):
            assert secret not in text

    def test_interrupt_stops_the_engine(self, weights_dir: Path, tmp_path: Path) -> None:
        """Ctrl-C while points are measured stops the engine; nothing is written."""

        def interrupt(step: Progress) -> None:
            if step.stage == "points":
                raise KeyboardInterrupt

        def engines() -> list[psutil.Process]:
            return [p for p in psutil.Process().children(recursive=True) if "serve" in p.cmdline()]

        with pytest.raises(KeyboardInterrupt):
            profile_machine(
                architecture="tiny",
                weights_dir=weights_dir,
                out=tmp_path / "p.json",
                seconds=60.0,
                on_progress=interrupt,
            )
        assert engines() == []
        assert not (tmp_path / "p.json").exists()


class StoppedError(Exception):
    """Stands for a kill between two points."""


def test_a_stopped_sweep_goes_on_where_it_was(weights_dir: Path, tmp_path: Path) -> None:
    """What was measured before a stop is taken over by --resume, nothing is measured twice, and the journal goes."""
    out = tmp_path / "p.json"

    def stop_after_the_first(step: Progress) -> None:
        if step.point is not None:
            raise StoppedError

    with mock_engine(polite) as engine:
        settings = {
            "architecture": "tiny",
            "shapes": ((8, 4),),
            "concurrency": (1, 2),
            "seconds": 12.0,
            "weights_dir": weights_dir,
            "out": out,
            "engine": lambda _folder: endpoint(engine.url, model="m", name="mock", api="completions"),
        }
        with pytest.raises(StoppedError):
            profile_machine(**settings, on_progress=stop_after_the_first)
        assert not out.exists()
        steps: list[Progress] = []
        profile = profile_machine(**settings, resume=True, on_progress=steps.append)
    assert [point.concurrency for point in profile.points] == [1, 2]
    assert [step.message for step in steps if step.point is not None] == ["1 in flight: known", "2 in flight: done"]
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
