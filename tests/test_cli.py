"""The command line: one message for a mistake, exit code 2, no traceback; light to start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import SMALL


def kit(*arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


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


def test_schema_prints_json():
    """`kit schema engagement` prints a JSON Schema that names the workloads."""
    done = kit("schema", "engagement")
    assert done.returncode == 0
    assert "workloads" in json.loads(done.stdout)["properties"]


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
