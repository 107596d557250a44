"""An audit: where it reads from, and what happens when the machine cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.data import folder
from kit.errors import EngineError, InputError
from kit.profiler.profile import HardwareProfile
from kit.report import console
from kit.report.audit import HERE, check_audit, engagement_file, engagement_name, open_audit, out_root, save_records
from kit.report.audit import with_profile as put_profile
from tests.conftest import SMALL


def test_an_engagement_is_a_file_a_folder_or_an_example(tmp_path):
    """The same engagement is found by its file, by its folder and, for an example, by its name."""
    (tmp_path / "engagement.yaml").write_text(SMALL, encoding="utf-8")
    assert engagement_file(tmp_path) == engagement_file(tmp_path / "engagement.yaml")
    assert engagement_file("insurer") == folder("examples") / "insurer" / "engagement.yaml"
    assert engagement_name(tmp_path / "engagement.yaml") == tmp_path.name
    assert engagement_name(Path("bank.yaml")) == "bank"


def test_out_is_beside_the_notebooks_when_run_by_hand(tmp_path, monkeypatch):
    """A notebook that runs in notebooks/ finds the audits in out/ beside it; KIT_OUT goes before."""
    monkeypatch.delenv("KIT_OUT", raising=False)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert out_root() == tmp_path / "out"
    monkeypatch.setenv("KIT_OUT", str(tmp_path / "elsewhere"))
    assert out_root() == tmp_path / "elsewhere"


def test_a_verdict_is_taken_from_the_folder_while_its_records_hold(insurer, insurer_verdict, tmp_path):
    """The verdict in the folder is used as long as it rests on the same records, and decided anew when one changed."""
    audit = open_audit("insurer", out=tmp_path)
    marked = insurer_verdict.model_copy(update={"title": "from the folder"})
    marked.write(audit.folder / "verdict.json")
    assert audit.verdict.title == "from the folder"
    measured = audit.profiles[0].model_copy(update={"name": HERE})
    assert put_profile(audit, measured).verdict.title != "from the folder"


def test_this_machines_profile_goes_first_and_is_found_again(insurer, tmp_path):
    """A profile that was measured here is read from the audit's folder the next time."""
    measured = folder("hardware_profiles") / "cpu-2-core-qwen3-0.6b.json"
    profile = HardwareProfile.read(measured).model_copy(update={"name": HERE})
    profile.write(tmp_path / "insurer" / "hardware_profiles" / f"{HERE}.json")
    audit = open_audit("insurer", out=tmp_path)
    assert audit.measured == profile
    assert audit.profiles[0] == profile


def test_records_are_saved_whole(insurer, tmp_path):
    """Demand and price book lie in the audit's folder."""
    audit = open_audit("insurer", out=tmp_path)
    save_records(audit)
    assert json.loads((audit.folder / "prices.json").read_text(encoding="utf-8"))["requests"]
    assert (audit.folder / "demand.parquet").is_file()


def test_a_machine_that_cannot_be_measured_is_a_warning_and_not_the_end(insurer, monkeypatch):
    """When the engine fails, the verdict is decided on the profiles that are there and says so first of all."""

    def fails(*_args, **_kwargs):
        raise EngineError("the engine died: out of memory")

    monkeypatch.setattr(console, "measure", fails)
    audit = console._measured(insurer, 20.0)
    assert audit.measured is None
    assert audit.trouble == "This machine could not be measured: the engine died: out of memory"


def test_names_that_no_table_knows_are_found_before_anything_slow(engagement_file, tmp_path):
    """A misspelt model is an InputError of the check, with the nearest match."""
    engagement_file.write_text(SMALL.replace("Llama-3.1-8B-Instruct", "Llama-3.1-8B-Instuct"), encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean .Llama-3\.1-8B-Instruct"):
        check_audit(open_audit(engagement_file, out=tmp_path))
