"""A libnvidia-ml.so.1 without a driver, built once, and how to ask through it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "standin"
SOURCE = HERE / "nvml_standin.c"
OPTIONS = ("-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-deprecated-declarations")

Ask = Callable[..., Any]


def header_folder() -> Path | None:
    """The folder of NVIDIA's nvml.h, from the package that carries it."""
    for package in ("nvidia-nvml-dev", "nvidia-nvml-dev-cu12"):
        try:
            found = [file.locate() for file in files(package) or () if file.name == "nvml.h"]
        except PackageNotFoundError:
            continue
        if found:
            return Path(str(found[0])).parent
    return None


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the stand-in: of today's drivers, and of the R525 branch."""
    compiler, header = shutil.which("gcc"), header_folder()
    if compiler is None:
        pytest.skip("gcc is not installed: the stand-in for NVML cannot be built")
    if header is None:
        pytest.skip("nvidia-nvml-dev is not installed: NVIDIA's nvml.h is missing")
    folders = {"today": tmp_path_factory.mktemp("nvml"), "r525": tmp_path_factory.mktemp("nvml-r525")}
    for era, folder in folders.items():
        lacking = ("-DR525",) if era == "r525" else ()
        subprocess.run(
            (compiler, *OPTIONS, *lacking, "-isystem", header, "-o", folder / "libnvidia-ml.so.1", SOURCE),
            check=True,
        )
    return folders


@pytest.fixture(scope="session")
def ask(libraries: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask in a process of its own: ``ask(what, scenario, *arguments, era="today")`` returns the parsed answer.

    ``path`` goes before the installed packages. The same question is asked once.
    """
    filled = tmp_path_factory.mktemp("scenario") / "scenario.txt"

    @cache
    def asked(what: str, scenario: str, *arguments: object, era: str = "today", path: str = "") -> Any:
        command = [sys.executable, HERE / "ask.py", what, HERE / f"scenarios/{scenario}.txt", filled, *arguments]
        done = subprocess.run(
            [str(word) for word in command],
            env=os.environ | {"LD_LIBRARY_PATH": str(libraries[era]), "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return asked
