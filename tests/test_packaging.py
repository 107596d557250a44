"""What is installed, and that the wheel works without the clone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirement_name(text: str) -> str:
    return re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0].lower().replace("_", "-")


def test_environment_yml_is_the_conda_face_of_pyproject():
    """environment.yml asks for the same Python and for the package itself with the extras, and lists nothing else."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["project"]["name"]
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{PROJECT['project']['requires-python']}", "pip"]
    extras = {"lab", "profile", "test"}
    assert pip == {"pip": ["--constraint constraints.txt", f"-e .[{','.join(sorted(extras))}]"]}
    assert extras <= set(PROJECT["project"]["optional-dependencies"])


def test_constraints_pin_everything_that_make_installs():
    """Each dependency of the core and the installed extras has exactly one pinned version; torch is 2.13.0."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    names = {requirement_name(name) for name in pins}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["lab"], *extras["profile"], *extras["test"]]
    assert {requirement_name(item) for item in wanted} <= names
    assert pins["torch"] == "2.13.0"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without the network."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(target)]
    subprocess.run([*command, str(ROOT)], check=True, timeout=300)
    return next(target.glob("*.whl"))


def test_the_wheel_carries_everything_it_reads(wheel):
    """Notebooks, templates, tables, examples and profiles are in the wheel; tests are not."""
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "kit/_data/notebooks/5_verdict.ipynb",
        "kit/_data/examples/insurer/engagement.yaml",
        "kit/_data/examples/insurer/code_week.csv",
        "kit/_data/hardware_profiles/l40s-x4-llama-3.1-70b-fp8-trtllm.json",
        "kit/facts/tables/gpus.csv",
        "kit/locale/de.po",
        "kit/report/templates/verdict.typ",
        "kit/py.typed",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_works_without_the_clone(wheel, tmp_path):
    """Unpacked elsewhere, the wheel alone writes the verdict of an example."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = os.environ | {"PYTHONPATH": str(site)}
    where = subprocess.run(
        [sys.executable, "-c", "import kit; print(kit.__file__)"],
        env=environment, cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
    command = [sys.executable, "-m", "kit", "verdict", "insurer", "--no-measure", "--no-notebooks"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    verdict = json.loads((tmp_path / "out" / "insurer" / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["sentence"] in " ".join(done.stdout.split())
    assert (tmp_path / "out" / "insurer" / "verdict.pdf").read_bytes().startswith(b"%PDF")
