"""The command line: one message for a mistake, exit code 2, no traceback; light to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from kit.data import folder
from tests.conftest import SMALL


def kit(*arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kit", *arguments]
    wide = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=wide, check=False, timeout=300)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("requests_per_day", "requests_per_dya", 'did you mean "requests_per_day"?'),
        ("gpt-5-mini", "gpt-5-minni", "gpt-5-mini"),
        ("Llama-3.1-8B-Instruct", "Llama-3.1-8B-Instrukt", "Llama-3.1-8B-Instruct"),
        ("H100 SXM", "H100 SMX", "H100 SXM"),
        ("GPQA Diamond", "GPQA", "GPQA Diamond"),
        ("at_least: 30", "at_least: 99", "no option passes the gates"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(tmp_path, old, new, words):
    """A wrong key, model, API, accelerator or benchmark is named with the nearest match; nothing is written."""
    path = tmp_path / "engagement.yaml"
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    done = kit("verdict", str(path), "--no-measure", "--out", str(tmp_path / "out"))
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not list((tmp_path / "out").rglob("verdict.*"))


def test_an_unknown_engagement_names_the_examples(tmp_path):
    """A path that is not there is answered with what is."""
    done = kit("verdict", "insurance", cwd=tmp_path)
    assert done.returncode == 2
    assert "insurer" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explian", "insurer"], 'did you mean "explain"?'),
        (["explian"], 'did you mean "explain"?'),
        (["explain", "nothing"], "no such verdict"),
        (["explain", "other.json"], "not a verdict"),
        (["explain", "pyproject"], "there is none"),
    ],
)
def test_verdict_explain_mistakes_are_one_message(tmp_path, arguments, words):
    """A misspelt command, a verdict that is not there and a file that is none are named; exit code 2."""
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    done = kit("verdict", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_verdict_explain_prints_a_verdict_by_the_name_of_its_audit(insurer_verdict, tmp_path):
    """`kit verdict explain insurer` retraces the verdict in out/; an unknown workload is answered with the nearest."""
    insurer_verdict.write(tmp_path / "out" / "insurer" / "verdict.json")
    done = kit("verdict", "explain", "insurer", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[money.pue]" in done.stdout
    one = kit("verdict", "explain", "insurer", "Customer chat", cwd=tmp_path)
    assert "Goes to" in one.stdout
    wrong = kit("verdict", "explain", "insurer", "Custmer chat", cwd=tmp_path)
    assert wrong.returncode == 2
    assert 'did you mean "Customer chat"?' in wrong.stderr


def test_an_engagement_that_is_called_like_a_command_is_taken(tmp_path):
    """A folder that is there is an engagement, however near its name is to a command."""
    (tmp_path / "explains").mkdir()
    done = kit("verdict", "explains", cwd=tmp_path)
    assert "no such engagement" in done.stderr


PROFILES = folder("hardware_profiles")


def test_profile_show_compare_and_check():
    """A profile is shown with its findings, two are compared with what differs, and a sound one passes its check."""
    cpu = str(PROFILES / "cpu-2-core-qwen3-0.6b.json")
    shown = kit("profile", "show", cpu)
    assert shown.returncode == 0
    assert "64 x 16 │ 1 in flight" in shown.stdout
    two, four = (str(PROFILES / f"h100-sxm-x{n}-llama-3.1-70b-fp8-vllm.json") for n in (2, 4))
    compared = kit("profile", "compare", two, four)
    assert "2 × H100 SXM" in compared.stdout
    assert "noise not known" in " ".join(compared.stdout.split())
    assert kit("profile", "check", cpu).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "pyproject.toml"], "not a hardware profile"),
        (["show", "nothing.json"], "cannot be read"),
        (["qwen3-06b"], 'did you mean "qwen3-0.6b"?'),
        (["qwen3-0.6b", "--concurrency", "one,two"], "whole numbers are wanted"),
    ],
)
def test_profile_mistakes_are_one_message(arguments, words):
    """A file that is no profile, an unknown architecture and a wrong list are named; exit code 2."""
    done = kit("profile", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_suspect_profile_fails_its_check(tmp_path):
    """A profile under another name, with a path in it, is refused with every problem on a line of its own."""
    record = json.loads((PROFILES / "cpu-2-core-qwen3-0.6b.json").read_text(encoding="utf-8"))
    record["notes"] = ["from /home/anna/models"]
    path = tmp_path / "renamed.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    done = kit("profile", "check", str(path))
    assert done.returncode == 2
    assert "they must agree" in done.stderr
    assert "/home/anna" in done.stderr


def test_schema_prints_json():
    """`kit schema engagement` prints a JSON Schema that names the workloads."""
    done = kit("schema", "engagement")
    assert done.returncode == 0
    assert "workloads" in json.loads(done.stdout)["properties"]


def test_fit_answers_and_names_mistakes():
    """`kit fit` says that 8B in 16 bits fits an L40S with its memory parts; a misspelt model gets its nearest match."""
    done = kit("fit", "Llama-3.1-8B-Instruct", "--gpu", "L40S", "--json")
    assert done.returncode == 0, done.stderr
    assert '"fits"' in done.stdout
    wrong = kit("fit", "Llama-3.1-8B-Instrukt", "--gpu", "L40S")
    assert wrong.returncode == 2
    assert "Llama-3.1-8B" in wrong.stderr


def test_hardware_as_json():
    """`kit hardware --json` prints the inventory of this machine."""
    done = kit("hardware", "--json")
    assert json.loads(done.stdout)["cpu"]["cores"] >= 1


@pytest.mark.parametrize("statement", ["import kit", "import kit.cli", "import kit.facts.gpus, kit.engagement"])
def test_heavy_libraries_stay_out_of_the_start(statement):
    """Starting the command imports none of the libraries that take long."""
    heavy = ["pandas", "numpy", "scipy", "torch", "altair", "papermill", "genai_prices", "pyarrow", "transformers"]
    code = f"{statement}; import sys, json; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
