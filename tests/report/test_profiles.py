"""What `kit profile` does with its options, and what it prints."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path

import pytest

from kit.data import folder
from kit.errors import EngineError, InputError
from kit.profiler.choice import EngineOptions
from kit.profiler.profile import (
    Engine,
    Goodput,
    HardwareProfile,
    Outcome,
    Point,
    ProfiledModel,
    Regime,
    Spread,
    Trial,
    WayThere,
)
from kit.record import Basis
from kit.report import profiles
from kit.report.profiles import LoadOptions, compare_profiles, run_profiles, show_profile

sys.path.append(str(Path(__file__).parents[1] / "profiler"))
from mock_engine import END, OK, Request, chunk, mock_engine, token, usage


async def quick(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer at once with as many tokens as were asked for."""
    asked, said = request.body["max_tokens"], len(str(request.body["prompt"]).split())
    writer.write(OK + b"".join(chunk(token()) for _ in range(asked)) + chunk(usage(said, asked)) + END)


def measured(url: str, out: Path, **load: object) -> HardwareProfile:
    (profile,) = run_profiles(
        ["some/model-8B"],
        EngineOptions(name=url),
        load=LoadOptions(shape="8x4", concurrency="1", **load),  # type: ignore[arg-type]
        seconds=20.0,
        resume=False,
        out=out,
    )
    return profile


def test_schedules_reach_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """A rate and a trace are measured after the service curve, under the model's name in requests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    trace = tmp_path / "day.csv"
    rows = "".join(f"{i / 20},5,2\n" for i in range(40))
    trace.write_text(f"due_s,prompt_tokens,output_tokens\n{rows}", encoding="utf-8")
    with mock_engine(quick) as engine:
        profile = measured(engine.url, tmp_path, rate="20", arrivals="constant", trace=trace, speed=2.0)
    assert {point.regime for point in profile.points} == {Regime.CLOSED_LOOP, Regime.CONSTANT, Regime.TRACE}
    assert {one.body["model"] for one in engine.requests} == {"some/model-8B"}
    assert (profile.model.name, profile.model.config_sha256) == ("some/model-8B", None)
    assert HardwareProfile.read(tmp_path / "some-model-8B.json") == profile
    said = capsys.readouterr().out
    assert "20 requests/s (constant)" in said
    assert "1 in flight" in said


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"rate": "2,x"}, '--rate "2,x": requests per second above 0 are wanted'),
        ({"rate": "0"}, "above 0 are wanted"),
        ({"arrivals": "bursty"}, '--arrivals "bursty" is not known; it may be poisson or constant'),
        ({"goodput": "ttft_p95<0"}, "has no unit"),
        ({"trace": Path("no-such.csv")}, "no-such.csv: the trace cannot be read"),
    ],
)
def test_a_wrong_option_is_named_before_anything_starts(load: dict[str, object], words: str, tmp_path: Path) -> None:
    """What cannot be understood is an error with what is allowed, and nothing is sent or written."""
    with pytest.raises(InputError) as caught:
        measured("http://127.0.0.1:9", tmp_path, **load)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_one_model_that_fails_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """The reason is not said twice where there is one model, and each by its name where there are several."""

    def fails(*_args: object, **_settings: object) -> HardwareProfile:
        raise EngineError("out of memory")

    monkeypatch.setattr(profiles, "measure", fails)
    settings = {"load": LoadOptions(), "seconds": 20.0, "resume": False, "out": tmp_path}
    with pytest.raises(EngineError, match=r"^out of memory$"):
        run_profiles(["a"], EngineOptions(), **settings)  # type: ignore[arg-type]
    assert "out of memory" not in capsys.readouterr().err
    with pytest.raises(EngineError, match="no model could be measured; a: out of memory; b: out of memory"):
        run_profiles(["a", "b"], EngineOptions(), **settings)  # type: ignore[arg-type]


def test_power_goodput_and_the_way_there_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Figures that only some profiles have are printed where they are there."""
    monkeypatch.setenv("COLUMNS", "200")
    spread = Spread(mean=0.02, p50=0.018)
    profile = HardwareProfile(
        name="p",
        basis=Basis.MEASURED,
        source="test",
        date=dt.date(2026, 11, 22),
        accelerator="H100 SXM",
        accelerators=2,
        engine=Engine(name="vllm"),
        model=ProfiledModel(name="m", architecture="not stated", dtype="fp8"),
        points=(
            Point(
                prompt_tokens=8,
                output_tokens=4,
                concurrency=1,
                output_tokens_per_s=100.0,
                power_w=612.3,
                energy_j_per_token=6.123,
            ),
        ),
        goodput=(
            Goodput(
                objective="ttft_p95<0.5s",
                prompt_tokens=8,
                output_tokens=4,
                requests_per_s=37.0,
                interval=(37.0, None),
                trials=(Trial(requests_per_s=37.0, outcome=Outcome.MET),),
                remark="the upper end is open",
            ),
        ),
        way_there=WayThere(
            requests=6, connect_s=spread, first_byte_s=spread, first_token_s=spread, ttft_s=spread, connect_share=0.25
        ),
    )
    profile.write(tmp_path / "p.json")
    show_profile(tmp_path / "p.json")
    said = capsys.readouterr().out
    assert "612" in said
    assert "6.12" in said
    assert "Goodput within ttft_p95<0.5s at 8 x 4: 37 requests/s (met: 37, missed: not found; 1 trials)" in said
    assert "connecting 18 ms" in said
    assert "25% of the time to the first token" in said


def test_profiles_without_a_common_point_are_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Where two profiles have no point in common a sentence says so; no empty table is shown."""
    found = folder("hardware_profiles")
    compare_profiles(found / "cpu-2-core-qwen3-0.6b.json", found / "rtx-4090-mistral-7b-vllm.json")
    said = capsys.readouterr().out
    assert "No point is in both" in said
    assert "Points that both have" not in said
