"""The panel that measures: what can be chosen, Start, Stop, Resume, what is left behind, and what a reader is told."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from kit.data import folder as data_folder
from kit.hardware.gpu import Gpu
from kit.hardware.inventory import Inventory, read_inventory
from kit.profiler.journal import Entry, Journal
from kit.profiler.process import free_port
from kit.profiler.profile import HardwareProfile, Point, Spread
from kit.report.audit import open_audit
from kit.report.screen import measured, measuring
from kit.report.screen.candidates import BUILT_IN, VLLM, candidates, engines, in_a_line, job, known_models
from kit.report.screen.measuring import Panel
from kit.report.screen.sweep_pictures import against_wait, so_far
from kit.report.screen.sweep_run import Job, SweepRun, _reason

sys.path.append(str(Path(__file__).parents[2] / "profiler"))
from mock_engine import mock_engine, polite

# Sweeps take real seconds, and the machine may stand still for some of them; what is wrong fails three times.
pytestmark = [pytest.mark.clock, pytest.mark.flaky(reruns=2)]

NOTEBOOK = data_folder("notebooks") / "profile.ipynb"


@pytest.fixture(autouse=True)
def own_weights(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights of a test are not the user's, and no panel is left from another test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(measuring, "_current", None)


def machine(*gpus: Gpu, memory_gib: float = 64.0) -> Inventory:
    """This machine with other GPUs and other memory."""
    return read_inventory().model_copy(update={"gpus": gpus, "memory_gib": memory_gib})


H100 = Gpu(name="NVIDIA H100 80GB HBM3", index=0, memory_gib=79.6)


def words(widget) -> str:
    """What a reader sees of an HTML widget."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", widget.value))).strip()


def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait until something holds, and fail if it does not."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def sweeps() -> list[psutil.Process]:
    """The processes of sweeps and of their engines, started by this one."""
    marks = ("sweep_run", "transformers.cli")
    return [
        one for one in psutil.Process().children(recursive=True) if any(m in " ".join(one.cmdline()) for m in marks)
    ]


def panel_at(url: str, out: Path) -> Panel:
    """A panel that measures a server that runs already, for as short as it can."""
    panel = measuring.panel(out, model="tiny", minutes=0.3)
    panel.controls.engine.options = {"test": url}
    return panel


# What can be chosen


def test_models_that_do_not_fit_say_why() -> None:
    """70 billion parameters of two bytes are 131 GiB: more than 64 GiB hold; 0.6 billion are 1.1 GiB, which fit."""
    labels = {one.model: one.label for one in candidates(machine(), VLLM, known_models())}
    assert re.fullmatch(r"llama-3-70b: does not fit, needs 13[2-9] GiB, there are 64", labels["llama-3-70b"])
    assert re.fullmatch(r"qwen3-0.6b: fits, 3\.\d of 64 GiB", labels["qwen3-0.6b"])


def test_memory_on_a_processor_is_what_was_measured() -> None:
    """Qwen3-0.6B took 2.081 GiB at its peak on the measured CPU (hardware_profiles); the prediction is within 5 %."""
    (found,) = candidates(machine(memory_gib=100), BUILT_IN, ["qwen3-0.6b"])
    measured_gib = HardwareProfile.read(data_folder("hardware_profiles") / "cpu-2-core-qwen3-0.6b.json").memory.peak_gib
    assert float(found.why.split()[0]) == pytest.approx(measured_gib, rel=0.05)


def test_gpus_that_share_a_model() -> None:
    """131 GiB of weights need 33 GiB on each of four H100: vLLM takes them all, the built-in engine has one alone."""
    by_vllm, by_built_in = (candidates(machine(*[H100] * 4), engine, ["llama-3-70b"])[0] for engine in (VLLM, BUILT_IN))
    assert (by_vllm.gpus, by_vllm.verdict, by_built_in.gpus, by_built_in.verdict) == (4, "fits", 1, "does not fit")
    assert "on 4 GPUs: fits" in by_vllm.label
    found = job(by_vllm, machine(*[H100] * 4), engine=VLLM, seconds=60, out=Path("out"))
    assert (found.gpus, found.longest, Path(found.out).name) == (4, 4096, "llama-3-70b-vllm.json")
    assert max(found.concurrency) == 64


def test_weights_need_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in engine reads 15.3 GiB of weights of Qwen3-8B from the disk; where 2 GiB are free it cannot."""
    monkeypatch.setattr("shutil.disk_usage", lambda _place: SimpleNamespace(free=2**31))
    (found,) = candidates(machine(), BUILT_IN, ["qwen3-8b"])
    assert (found.verdict, found.why) == ("does not fit", "its weights take 15.3 GiB of disk, 2 GiB are free")


def test_engines_that_are_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """VLLM comes first on a GPU and last without one; its build for processors is none for a GPU."""
    program = tmp_path / "bin" / "vllm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("KIT_VLLM", str(program))
    assert list(engines(machine(H100)).values()) == [VLLM, BUILT_IN]
    assert list(engines(machine()).values()) == [BUILT_IN, VLLM]
    (tmp_path / ".engine").write_text("vllm 0.32.0 cpu\n")
    assert list(engines(machine(H100)).values()) == [BUILT_IN]
    monkeypatch.setenv("KIT_VLLM", str(tmp_path / "none"))
    assert list(engines(machine()).values()) == [BUILT_IN]


def test_the_machine_in_a_line() -> None:
    """GPUs alike are counted; a machine without says so."""
    assert in_a_line(machine(H100, H100)).startswith("2 × H100 SXM; ")
    assert in_a_line(machine()).startswith("no NVIDIA GPU; ")
    assert in_a_line(machine()).endswith("64 GiB of memory")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"model": "qwen3-8"}, 'no architecture "qwen3-8" (did you mean "qwen3-8b"?)'),
        ({"minutes": 0.0}, "minutes = 0: 0.3 to 1440 are understood"),
        ({"model": "none/config.json"}, "none/config.json: cannot be read as a config.json"),
    ],
)
def test_mistakes_are_said_in_the_panel(parameters, said: str, tmp_path: Path) -> None:
    """A wrong parameter is a line in the panel, which then stands as without it."""
    panel = measuring.panel(tmp_path, **parameters)
    assert words(panel.controls.notice).startswith(said)
    assert 'role="alert"' in panel.controls.notice.value
    assert (panel.controls.models.value, panel.controls.minutes.value) == (("qwen3-0.6b",), 2.0)


def test_nothing_is_started_that_cannot_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model, a model that does not fit, no engine: each is a line, and no process is started."""
    monkeypatch.setattr(measuring, "read_inventory", lambda: machine(memory_gib=8))
    panel = measuring.panel(tmp_path)
    for choice, said in (((), "Choose a model"), (("llama-3-70b",), "llama-3-70b does not fit this machine: needs 13")):
        panel.controls.models.value = choice
        panel.controls.start.click()
        assert words(panel.controls.notice).startswith(said)
        assert not panel.measuring
    monkeypatch.setattr(measuring, "engines", lambda _inventory: {})
    without = measuring.panel(tmp_path)
    without.controls.start.click()
    assert "pip install 'hybrid-ai-decision-kit[profile]'" in words(without.controls.notice)
    assert sweeps() == []


# Start, stop, resume


def test_stop_and_resume(tmp_path: Path) -> None:
    """A stop ends the process and keeps what was measured; Resume takes it over as it was and measures the rest."""
    with mock_engine(polite) as engine:
        panel = panel_at(engine.url, tmp_path)
        controls, out = panel.controls, tmp_path / "tiny.json"
        assert (controls.start.disabled, controls.stop.disabled, controls.resume.disabled) == (False, True, True)
        assert words(controls.notice) == "Nothing is being measured. Start measures tiny, 0.3 minutes at most."
        controls.start.click()
        assert measuring.panel(tmp_path) is panel, "a cell that is run again shows the sweep that runs"
        assert (controls.start.disabled, controls.stop.disabled, controls.models.disabled) == (True, False, True)
        until(lambda: "<figure>" in controls.curves.value)
        assert "1 of 4 points" in words(controls.now)
        assert len(sweeps()) == 1
        controls.stop.click()
        assert panel.run.wait(30)
        assert sweeps() == []
        assert not out.exists()
        kept = [Entry.model_validate_json(line) for line in Journal(out).path.read_bytes().splitlines()]
        assert kept[0].point is not None
        assert words(controls.notice).startswith("Stopped: ")
        assert (controls.start.disabled, controls.stop.disabled, controls.resume.disabled) == (False, True, False)
        # What lies on the disk is enough: another day, another kernel.
        panel = panel_at(engine.url, tmp_path)
        controls = panel.controls
        assert "tiny was stopped before its end: Resume goes on" in words(controls.notice)
        controls.resume.click()
        assert panel.run.wait(60)
    profile = HardwareProfile.read(out)
    assert [point.concurrency for point in profile.points] == [1, 2, 4, 8]
    assert kept[0].point in profile.points, "what is known is not measured again"
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.json"]
    assert words(controls.notice) == "Done."
    assert words(controls.outcome).startswith(measured.in_a_sentence(profile))
    assert f"{out}" in words(controls.outcome)
    assert "--no-measure" in words(controls.outcome)
    assert (controls.start.disabled, controls.stop.disabled, controls.resume.disabled) == (False, True, True)
    assert sweeps() == []


def test_an_error_is_one_plain_line(tmp_path: Path) -> None:
    """A server that is not there is said in a line without a traceback, and the panel can be used again."""
    panel = panel_at(f"http://127.0.0.1:{free_port()}", tmp_path)
    panel.controls.start.click()
    assert panel.run.wait(60)
    said = panel.controls.notice.value
    assert 'role="alert"' in said
    assert words(panel.controls.notice).startswith("tiny: no point could be measured")
    assert "Traceback" not in said
    assert "\n" not in said
    assert not panel.controls.start.disabled
    assert list(tmp_path.glob("*.json")) == []


def test_a_model_that_fails_does_not_hold_up_the_next(tmp_path: Path) -> None:
    """The first job fails, the second is measured, and both are told."""
    with mock_engine(polite) as engine:
        bad = Job("tiny", str(tmp_path / "bad.json"), engine=f"http://127.0.0.1:{free_port()}", seconds=8)
        good = Job("tiny", str(tmp_path / "good.json"), engine=engine.url, concurrency=(1,), seconds=8)
        run = SweepRun([bad, good], on_change=lambda: None)
        run.start()
        assert run.wait(60)
    assert [one for one, _ in run.measured] == [good]
    assert len(run.failures) == 1
    assert run.left == ()


def test_a_kernel_that_dies_takes_the_sweep_along(tmp_path: Path) -> None:
    """When the kernel is killed, no process of the sweep is left behind."""
    code = (
        "import sys, time\nfrom kit.report.screen.sweep_run import Job, SweepRun\n"
        "SweepRun([Job('tiny', sys.argv[2], engine=sys.argv[1], seconds=300)], on_change=lambda: None).start()\n"
        "time.sleep(300)\n"
    )
    with mock_engine(polite) as engine:
        # Who is killed leaves temporary files; they are to lie in the test's own folder.
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        kernel = subprocess.Popen([sys.executable, "-c", code, engine.url, str(tmp_path / "p.json")], env=environment)
        try:
            until(lambda: len(engine.requests) > 5)
            children = psutil.Process(kernel.pid).children(recursive=True)
            assert children
        finally:
            kernel.kill()
            kernel.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert alive == []


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("a warning\nkit: no such engine\n", "no such engine"),
        (
            "kit: vllm serve ended with code 1:\nINFO x\nno kernel image\n",
            "vllm serve ended with code 1: no kernel image",
        ),
        ("Traceback\n  x\nTypeError: y\n", "the measurement ended with code 1: TypeError: y"),
        ("", "the measurement ended with code 1"),
    ],
)
def test_why_a_process_failed(log: str, said: str, tmp_path: Path) -> None:
    """The kit's own message counts; what ends in a colon goes on with the engine's last words."""
    (tmp_path / "log").write_text(log)
    assert _reason(tmp_path / "log", 1) == said


@pytest.mark.engine
def test_the_built_in_engine(tmp_path: Path) -> None:
    """The real engine is started by a click, stopped in the middle without a trace, and the rest measured later."""
    panel = measuring.panel(tmp_path, model="tiny", minutes=1.5)
    panel.controls.start.click()
    until(lambda: panel.run.live is not None and len(panel.run.live.points) > 0, seconds=90)
    engine = [one for one in sweeps() if "transformers.cli" in " ".join(one.cmdline())]
    assert engine
    panel.controls.stop.click()
    assert panel.run.wait(40)
    assert not any(one.is_running() for one in engine)
    assert sweeps() == []
    before = panel.run.live.points
    panel.controls.minutes.value = 1.0
    panel.controls.resume.click()
    assert panel.run.wait(120)
    profile = HardwareProfile.read(tmp_path / "tiny.json")
    assert set(before) <= set(profile.points)
    assert profile.engine.name == "transformers"
    assert len(profile.points) > len(before)
    assert sweeps() == []


# What is shown


def points() -> tuple[Point, ...]:
    """Two loads: 100 tokens/s with the first after 0.1 s, 400 with the first after 0.3 s."""
    made = ((1, 100.0, 0.1), (8, 400.0, 0.3))
    return tuple(
        Point(prompt_tokens=64, output_tokens=16, concurrency=load, output_tokens_per_s=speed, ttft_s=Spread(p50=wait))
        for load, speed, wait in made
    )


def test_a_profile_in_a_sentence() -> None:
    """The sentence says the machine, the model, one request alone, and the most."""
    profile = so_far(points(), model="m", accelerator="H100 SXM", accelerators=2, engine="vllm")
    assert measured.in_a_sentence(profile) == (
        "2 × H100 SXM with m: 100 output tokens/s with 1 request at a time, the first of them after 0.10 s; "
        "at most 400 tokens/s with 8 requests in flight."
    )
    single = so_far(points()[1:], model="m", accelerator="CPU", accelerators=1, engine="vllm")
    assert measured.in_a_sentence(single) == (
        "CPU with m: 400 output tokens/s with 8 requests in flight, the first of them after 0.30 s."
    )


def test_throughput_against_the_wait() -> None:
    """The second picture has a dot for each load at its wait in milliseconds, and says what the load costs."""
    drawn = against_wait(so_far(points(), model="m", accelerator="CPU", accelerators=1, engine="vllm")).to_dict()
    assert drawn["title"]["text"] == ["With 1 in flight an answer begins after 0.10 s, with 8 after 0.30 s"]
    dots = [(row["x"], row["y"], row["text"]) for row in drawn["layer"][2]["data"]["values"]]
    assert dots == [(pytest.approx(100), 100, "1"), (pytest.approx(300), 400, "8")]


def test_an_empty_folder_is_said_and_a_broken_file_passed_over(tmp_path: Path) -> None:
    """Where nothing was measured each cell says so; what is no profile is no profile."""
    (tmp_path / "other.json").write_text("{}")
    assert measured.profiles(tmp_path) == ()
    for shown in (measured.table, measured.picture, measured.newest):
        assert re.match(r"There is (no|nothing) .* yet\.", shown(tmp_path).data.replace("\\", ""))


def test_a_verdict_takes_a_profile_from_its_own_folder(tmp_path: Path) -> None:
    """What the panel says about the use of a profile is so: copied there, it is among the audit's profiles."""
    place = tmp_path / "insurer" / "hardware_profiles"
    place.mkdir(parents=True)
    known = data_folder("hardware_profiles") / "cpu-2-core-qwen3-0.6b.json"
    (place / "mine.json").write_text(known.read_text().replace('"cpu-2-core-qwen3-0.6b"', '"mine"'))
    assert "mine" in [profile.name for profile in open_audit("insurer", out=tmp_path).profiles]


def test_an_executed_notebook_measures_nothing(tmp_path: Path) -> None:
    """Papermill clicks nothing: the notebook shows the state in words, and neither a profile nor a process is left."""
    import papermill

    parameters = {"out": str(tmp_path / "profiles"), "model": "tiny", "minutes": 1.0}
    done = papermill.execute_notebook(NOTEBOOK, None, parameters=parameters, progress_bar=False, cwd=tmp_path)
    shown = [output["data"] for cell in done.cells for output in cell.get("outputs", ()) if "data" in output]
    assert shown[0]["text/plain"].startswith("Nothing is being measured. Only a click on Start")
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert "There is no profile" in shown[1]["text/markdown"]
    assert not (tmp_path / "profiles").exists()
    assert sweeps() == []
