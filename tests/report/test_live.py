"""What is seen of a sweep while it runs: in a terminal, in a notebook, in a log."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from rich.console import Console

from kit.errors import EngineError
from kit.hardware.health import Finding
from kit.profiler.budget import Progress
from kit.profiler.profile import Engine, HardwareProfile, Memory, Point, ProfiledModel, Regime, Spread
from kit.record import Basis
from kit.report.live import LiveSweep, Surface


def point(concurrency: int, tokens_per_s: float, **figures: object) -> Point:
    """A point of 512 x 128 tokens, known to 3 %."""
    return Point(
        prompt_tokens=512,
        output_tokens=128,
        concurrency=concurrency,
        output_tokens_per_s=tokens_per_s,
        output_tokens_per_s_interval=(0.97 * tokens_per_s, 1.03 * tokens_per_s),
        ttft_s=Spread(p50=0.045),
        tpot_s=Spread(p50=0.0091),
        requests=120,
        **figures,  # type: ignore[arg-type]
    )


ARRIVALS = Point(
    prompt_tokens=2048,
    output_tokens=256,
    regime=Regime.POISSON,
    arrivals_per_s=1.25,
    output_tokens_per_s=316,
    requests=33,
    failed=2,
)
STEPS = (
    Progress("weights", "writing llama-3-8b", 0.0, 0, 4),
    Progress("engine", "starting the engine", 0.1, 0, 4),
    Progress("points", "1 in flight, 20 s", 0.2, 0, 4),
    Progress("points", "1 in flight: done", 0.3, 1, 4, point(1, 100.0)),
    Progress("points", "64 in flight: done", 0.5, 2, 4, point(64, 4000.0)),
    Progress("points", "8 in flight: done", 0.6, 3, 4, point(8, 700.0)),
    Progress("points", "8 in flight: done", 0.7, 3, 4, point(8, 800.0, power_w=400.0, energy_j_per_token=0.5)),
    Progress("points", "1.25 requests/s, 20 s", 0.75, 3, 4),
)
PROFILE = HardwareProfile(
    name="here",
    basis=Basis.MEASURED,
    source="a test",
    date="2026-11-22",
    accelerator="H100 SXM",
    accelerators=1,
    engine=Engine(name="vllm"),
    model=ProfiledModel(name="Llama-3-8B", architecture="llama-3-8b", dtype="bfloat16"),
    points=(point(1, 100.0), point(8, 800.0)),
    memory=Memory(),
    findings=(Finding(what="it was disturbed", evidence="0.4 cores <busy>"),),
)


def written(
    *steps: Progress,
    finish: bool = False,
    fails: bool = False,
    keep: bool = True,
    surface: Surface | None = None,
    **options: object,
) -> str:
    """Return all that a sweep of 100 s writes to a console."""
    out = io.StringIO()
    console = Console(file=out, **({"width": 80, "height": 40} | options))  # type: ignore[arg-type]
    live = LiveSweep("llama-3-8b", seconds=100, keep=keep, console=console, surface=surface)
    with contextlib.suppress(EngineError), live:
        for step in steps:
            live.show(step)
        if finish:
            live.finish(PROFILE)
        if fails:
            raise EngineError("it died")
    return out.getvalue()


def last_picture(text: str) -> str:
    """Return what a terminal shows in the end: what follows the last move upwards, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", re.split(r"\x1b\[1A\x1b\[2K", text)[-1])


def test_a_terminal_shows_budget_present_and_points():
    """The time used of the budget, what is measured now, and a row for each point by load, none wider than 80."""
    picture = last_picture(written(*STEPS, force_terminal=True))
    lines = [line.rstrip() for line in picture.splitlines()]
    assert lines[0].startswith("Measuring llama-3-8b")
    assert lines[0].endswith("75 of 100 s")
    assert lines[1] == "3 of 4 points"  # the last state, when nothing is measured any more
    rows = [re.split(r"\s{2,}|(?<=128) |(?<=flight) ", line) for line in lines if line.startswith("512 x 128")]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert [row[1] for row in rows] == ["1 in flight", "8 in flight", "64 in flight"]
    assert rows[1][2:] == ["800 ± 24", "45", "9.1", "120", "0", "400", "0.5"]
    assert max(map(len, lines)) <= 80
    assert "Now: 1.25 requests/s, 20 s" in written(*STEPS, force_terminal=True)


def test_a_point_that_is_repeated_takes_the_place_of_its_row():
    """8 in flight was first 700 and then 800 tokens/s: one row, with the later figure."""
    picture = last_picture(written(*STEPS, force_terminal=True))
    assert picture.count("8 in flight") == 1
    assert "700" not in picture


def test_a_lopsided_interval_is_told_on_both_sides():
    """94 tokens/s between 59 and 234 is 35 less or 140 more, not ± 140."""
    lopsided = point(2, 94.0).model_copy(update={"output_tokens_per_s_interval": (59.0, 234.0)})
    step = Progress("points", "done", 0.9, 4, 4, lopsided)
    assert "94 −35 +140" in last_picture(written(step, force_terminal=True))


def test_long_prompts_are_no_powers_of_ten():
    """A prompt of 30,000 tokens is shown as such."""
    step = Progress("points", "done", 0.9, 4, 4, point(2, 94.0).model_copy(update={"prompt_tokens": 30000.0}))
    assert "30000 x 128" in last_picture(written(step, force_terminal=True))


def test_an_open_loop_has_its_rate_for_a_load():
    """A point without a number in flight is shown with its requests per second."""
    step = Progress("points", "done", 0.9, 4, 4, ARRIVALS)
    assert "1.25 requests/s (poisson)" in last_picture(written(*STEPS, step, force_terminal=True, width=120))


def test_a_low_terminal_keeps_the_newest_points():
    """Where the terminal has too few lines, the points measured first give way, and their number is told."""
    steps = [Progress("points", f"{n}", n / 100, n, 40, point(n, 10.0 * n)) for n in range(1, 41)]
    text = written(*steps, force_terminal=True, height=15, keep=False)
    pictures = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "40 in flight" in pictures
    assert "and 34 measured before" in pictures


def test_the_table_makes_room_or_stays():
    """With keep=False nothing is left of it at the end, unless the sweep failed: then what was measured stays."""
    assert last_picture(written(*STEPS, force_terminal=True, keep=False)).strip() == ""
    failed = last_picture(written(*STEPS, force_terminal=True, keep=False, fails=True))
    assert "1 in flight" in failed
    assert "Measuring llama-3-8b: stopped" in failed
    assert last_picture(written(force_terminal=True, fails=True)).strip() == ""  # it failed before the first step


def test_the_end_names_what_was_measured_and_its_findings():
    """When the profile is there, its model, machine and findings are shown."""
    picture = last_picture(written(*STEPS, finish=True, force_terminal=True))
    assert picture.startswith("Measured Llama-3-8B on H100 SXM")
    assert "1 finding" in picture
    assert "! it was disturbed (0.4 cores <busy>)" in picture


@pytest.mark.parametrize("terminal", [{}, {"surface": Surface.LOG}])
def test_a_log_gets_one_plain_line_for_each_point(terminal):
    """In a pipe there are no control characters, and no line for a step without news."""
    search = Progress("points", "ttft_p95<0.5s: done", 0.9, 4, 4)
    lines = written(*STEPS, search, finish=True, width=40, **terminal).splitlines()
    assert lines == [
        "Measuring llama-3-8b: writing llama-3-8b",
        "Measuring llama-3-8b: starting the engine",
        "[1/4, 30 of 100 s] 512 x 128, 1 in flight: 100 ± 3 tokens/s, TTFT 45 ms, TPOT 9.1 ms, 120 requests, 0 failed",
        "[2/4, 50 of 100 s] 512 x 128, 64 in flight: 4000 ± 120 tokens/s, TTFT 45 ms, TPOT 9.1 ms, 120 requests, "
        "0 failed",
        "[3/4, 60 of 100 s] 512 x 128, 8 in flight: 700 ± 21 tokens/s, TTFT 45 ms, TPOT 9.1 ms, 120 requests, 0 failed",
        "[3/4, 70 of 100 s] 512 x 128, 8 in flight: 800 ± 24 tokens/s, TTFT 45 ms, TPOT 9.1 ms, 120 requests, "
        "0 failed, 400 W, 0.5 J/token",
        "[4/4, 90 of 100 s] ttft_p95<0.5s: done",
        "Measured Llama-3-8B on H100 SXM: 2 points, 1 finding",
    ]


CELL = """
from kit.report.live import LiveSweep
from tests.report.test_live import PROFILE, STEPS
with LiveSweep("llama-3-8b", seconds=100) as live:
    list(map(live.show, STEPS))
    live.finish(PROFILE)
"""


@pytest.fixture(scope="module")
def outputs() -> list[dict]:
    """What an executed notebook shows of a sweep."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])  # type: ignore[no-untyped-call]
    here = {"metadata": {"path": str(Path(__file__).parents[2])}}
    nbclient.NotebookClient(book, kernel_name="python3", timeout=120, resources=here).execute()
    return list(book.cells[0].outputs)


def test_a_notebook_shows_one_output_in_its_last_state(outputs):
    """The output is updated in place: one display, with a row for each point and the findings, escaped."""
    (output,) = outputs
    assert output["output_type"] == "display_data"
    shown = output["data"]["text/html"]
    assert shown.startswith("<p><b>Measured Llama-3-8B on H100 SXM</b>")
    assert shown.count("<tr>") == 1 + 3
    assert "800 ± 24" in shown
    assert "0.4 cores &lt;busy&gt;" in shown
    assert "<script" not in shown
    assert "8 in flight: 800 ± 24 tokens/s" in output["data"]["text/plain"]
