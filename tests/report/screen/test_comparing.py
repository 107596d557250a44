"""Profiles and verdicts side by side: what differs is said, what is not known is a dash, nothing is mixed silently."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import shutil
from pathlib import Path

import papermill
import pytest

from kit.errors import InputError
from kit.profiler.profile import Engine, HardwareProfile, ProfiledModel
from kit.record import Basis
from kit.report.screen import side_by_side as side
from kit.report.screen.comparing import Board, throughput
from kit.strategy.verdict import StrategyKind

ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "notebooks" / "compare.ipynb"


def profile(name: str, *, speeds: dict[int, float], basis=Basis.MEASURED, **other) -> HardwareProfile:
    """Return a profile with output tokens/s by requests in flight; the first token takes 0.1 s × requests in flight."""
    points = [
        {
            "prompt_tokens": 512,
            "output_tokens": 128,
            "concurrency": load,
            "output_tokens_per_s": speed,
            "ttft_s": {"p50": 0.1 * load},
        }
        for load, speed in speeds.items()
    ]
    values = {
        "name": name,
        "basis": basis,
        "source": "by hand",
        "date": dt.date(2026, 11, 1),
        "accelerator": "H100 SXM",
        "accelerators": 2,
        "engine": Engine(name="vLLM", version="0.25"),
        "model": ProfiledModel(name="Llama-3.1-8B", architecture="llama-3.1-8b", dtype="bf16"),
        "points": points,
    }
    return HardwareProfile.model_validate(values | other)


def rows(found: list[side.Row]) -> dict[str, list[str]]:
    return dict(found)


@pytest.fixture
def two():
    """Two profiles that differ in engine and speed only: 900 against 300 output tokens a second at most."""
    return (
        profile("fast", speeds={1: 100, 8: 900}),
        profile("slow", speeds={1: 50, 8: 300}, engine=Engine(name="vLLM", version="0.20"), basis=Basis.PUBLISHED),
    )


def test_only_what_differs_is_listed(two):
    """Two profiles that differ in the engine's version and in how they are known."""
    differ, same = side.conditions(two)
    assert rows(differ) == {"known by": ["measured", "published"], "engine's version": ["0.25", "0.20"]}
    assert rows(same)["tokens in × out"] == ["512 × 128", "512 × 128"]


def test_figures_of_profiles(two):
    """The most with its load, the times at both ends, a dash for what is not stated."""
    found = rows(side.figures(two))
    assert found["output tokens/s, at most"] == ["900\n8 in flight", "300\n8 in flight"]
    assert found["first token"][0] == "0.10 s, 1 in flight\n0.80 s, 8 in flight"
    assert found["each further token"] == ["–", "–"]
    assert found["power"] == ["–", "–"]


def test_the_rent_of_a_million_tokens(two, monkeypatch):
    """Two GPUs at 1.62 dollars an hour that make 900 tokens/s, 3.24 million an hour: a dollar for a million."""
    from kit.pricing.rental import rentals

    (offer, *_) = rentals("H100 SXM")
    price = offer.usd_per_gpu_hour.model_copy(update={"value": 1.62, "date": dt.date(2026, 11, 2)})
    cheap = offer.model_copy(update={"usd_per_gpu_hour": price, "provider": "somebody"})
    monkeypatch.setattr(side, "rentals", lambda _: (cheap,))
    cell = rows(side.figures(two))["rented, per million output tokens"][0]
    assert cell == "$1\nsomebody, 2026-11-02, never idle"


def test_a_machine_that_nobody_rents_out_has_no_rent():
    """A processor is in no table of accelerators."""
    here = profile("here", speeds={1: 5}, accelerator="Some CPU")
    assert rows(side.figures([here]))["rented, per million output tokens"] == ["–"]


def test_curves_lie_over_each_other_and_say_how_they_are_known(two):
    """One picture, a name at each line with its basis; without a curve there is no picture."""
    text = json.dumps(throughput({one.name: one for one in two}).to_dict(), ensure_ascii=False)
    assert "2 × H100 SXM, bf16 (measured)" in text
    assert "2 × H100 SXM, bf16 (published)" in text
    assert "512 × 128 tokens" in text
    assert throughput({}) is None


@pytest.fixture
def audits(verdict, tmp_path):
    """Two audits: the insurer's, and the same in dollars, a day later, at another discount rate, without a workload."""
    other = verdict.model_copy(
        update={
            "currency": "USD",
            "date": verdict.date + dt.timedelta(days=1),
            "placements": verdict.placements[1:],
            "inputs": tuple(
                item.model_copy(update={"value": item.value + 1}) if item.key == "money.discount_rate" else item
                for item in verdict.inputs
            ),
        }
    )
    verdict.write(tmp_path / "insurer" / "verdict.json")
    other.write(tmp_path / "dollars" / "verdict.json")
    return tmp_path


def test_verdicts_side_by_side(audits, verdict):
    """What each says, a row for each workload of any of them, a dash where one does not have it."""
    board = Board(verdicts=["insurer", "dollars"], out=audits)
    found = rows(side.verdict_rows(list(board.verdicts.values())))
    first = verdict.placements[0]
    assert found["verdict"] == [verdict.sentence, verdict.sentence]
    assert found[f"goes where: {first.workload}"][0].endswith(first.goes_to[0])
    assert found[f"goes where: {first.workload}"][1] == "–"
    plans = {plan.kind: plan.cost_per_month for plan in verdict.strategies}
    share = 1 - verdict.strategies[0].cost_per_month / plans[StrategyKind.TODAY]
    assert found["against today"][0].startswith("saves €")
    assert found["against today"][0].endswith(f"a month ({100 * share:.0f}%)")
    assert "$" in found["cost per month"][1]


def test_other_currencies_and_days_are_said(audits):
    """Amounts are not converted, and one is told; verdicts that agree have no such sentence."""
    both = Board(verdicts=["insurer", "dollars"], out=audits).verdicts
    money, days = side.warnings_of(both)
    assert money == "The amounts are in EUR, USD, and are not converted: do not compare them."
    assert days.startswith("The verdicts are of different days, 22 November 2026, 23 November 2026")
    assert side.warnings_of({"insurer": both["insurer"]}) == []


def test_only_inputs_with_other_values_are_listed(audits, verdict):
    """The one that was changed, with its key and both values."""
    found, alone = side.differing_inputs(list(Board(verdicts=["insurer", "dollars"], out=audits).verdicts.values()))
    ((name, cells),) = found
    assert name.endswith("\nmoney.discount_rate")
    assert [float(cell.split()[0]) for cell in cells] == [verdict.discount_rate, verdict.discount_rate + 1]
    assert alone == 0


def test_without_names_it_is_one_model_and_all_audits(audits):
    """The kit's own profiles of the model that most of them have, and what lies in the folder of audits."""
    board = Board(out=audits)
    assert len(board.profiles) > 2
    assert len({one.model.architecture for one in board.profiles.values()}) == 1
    assert set(board.verdicts) == {"insurer", "dollars"}


def test_files_and_folders_will_do_for_names(audits, two, tmp_path):
    """A file, a folder of files, an audit's folder, a folder of audits, a name; each once."""
    place = tmp_path / "measured"
    for one in two:
        one.write(place / f"{one.name}.json")
    found = Board([str(place), str(place / "fast.json"), "h200-sxm-llama-3.1-70b-fp8-vllm"], [str(audits)], out=audits)
    assert list(found.profiles) == ["fast", "slow", "h200-sxm-llama-3.1-70b-fp8-vllm"]
    assert set(found.verdicts) == {"insurer", "dollars"}
    assert list(Board([], [str(audits / "dollars")], out=audits).verdicts) == ["dollars"]


@pytest.mark.parametrize(
    ("profiles", "verdicts", "said"),
    [
        (["h200-sxm-lama"], [], 'no such hardware profile (did you mean "h200-sxm-llama-3.1-70b-fp8-vllm"?)'),
        ([], ["insurrer"], 'no such verdict (did you mean "insurer"?)'),
        ([3], [], "3: a hardware profile is given as text"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(profiles, verdicts, said, audits):
    """And with what there is."""
    with pytest.raises(InputError, match=re.escape(said)):
        Board(profiles, verdicts, out=audits)


def test_what_a_name_holds_is_text(two):
    """A name that looks like HTML is shown as it is."""
    assert "<b>" not in side.table(["<b>x</b>"], [("<b>y</b>", ["<b>z</b>"])])


def test_the_outputs_follow_the_pickers(audits, monkeypatch):
    """Choosing one verdict in the list has every output written anew; a broken file is said and changes nothing."""
    pytest.importorskip("ipywidgets")
    import IPython.display

    shown = []

    class Handle:
        def update(self, content):
            shown.append(content.data)

    monkeypatch.setattr(IPython.display, "display", lambda _, **__: Handle())
    board = Board(out=audits)
    lists, _, said = board.pickers().children
    board.decisions()
    picker = lists.children[1]
    assert set(picker.value) == {"insurer", "dollars"}
    picker.value = ("dollars",)
    assert list(board.verdicts) == ["dollars"]
    assert "dollars: " in shown[-1]
    assert "insurer: " not in shown[-1]
    (audits / "dollars" / "hardware_profiles").mkdir()
    (audits / "dollars" / "hardware_profiles" / "x.json").write_text("{}", encoding="utf-8")
    broken = Board(out=audits)
    lists, _, said = broken.pickers().children
    before = broken.profiles
    lists.children[0].value = ("dollars/x",)
    assert "x.json" in said.value
    assert broken.profiles is before


def test_the_notebook_runs_and_holds_what_it_shows(audits, tmp_path, monkeypatch):
    """Executed, it has the picture as SVG and the tables as HTML, and asks nothing of any place."""
    monkeypatch.setenv("KIT_OUT", str(audits))
    shutil.copy(NOTEBOOK, tmp_path / "compare.ipynb")
    parameters = {"verdicts": ["insurer", "dollars"], "profiles": ["h200-sxm-llama-3.1-70b-fp8-vllm"]}
    done = papermill.execute_notebook(tmp_path / "compare.ipynb", None, parameters=parameters, progress_bar=False)
    shown = [output["data"].get("text/html", "") for cell in done.cells for output in cell.get("outputs", [])]
    text = html.unescape("".join(shown))
    assert "<svg" in text
    assert "not converted" in text
    assert "money.discount_rate" in text
    assert not re.search(r"(src|href)=|url\(|https?://(?!www\.w3\.org)", text)
