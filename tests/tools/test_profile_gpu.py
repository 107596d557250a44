"""The script that measures a machine's GPUs: what it would run on which card, and what it says where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit.data import folder

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "tests/hardware/standin/scenarios"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the script and, where vLLM is wanted, the sign that it is installed; without any profile."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/profile_gpu.sh", tmp_path / "tools")
    return tmp_path


def with_vllm(clone: Path, build: str) -> None:
    """Put something like what ``make engine`` leaves."""
    program = clone / ".venv-vllm/bin/vllm"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    (clone / ".venv-vllm/.engine").write_text(f"vllm 0.32.0 {build}\n", encoding="utf-8")


def run(clone: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script in the environment of the tests."""
    environment = {name: value for name, value in os.environ.items() if name != "KIT_VLLM"}
    environment |= {"VENV": sys.prefix, "COLUMNS": "120"} | variables
    command = ["bash", str(clone / "tools/profile_gpu.sh"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def on(scenario: str, libraries: dict[str, Path], clone: Path, **lines: str) -> dict[str, str]:
    """Return the variables under which the stand-in answers as in a scenario, with some lines of it changed."""
    text = (SCENARIOS / f"{scenario}.txt").read_text(encoding="utf-8").replace("OWN:", f"{os.getpid()}:")
    filled = clone / "scenario.txt"
    filled.write_text(text + "".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    return {"LD_LIBRARY_PATH": str(libraries["today"]), "NVML_STANDIN": str(filled)}


def planned(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the planned commands by the name of their profile."""
    assert done.returncode == 0, done.stderr
    commands = [line for line in done.stdout.splitlines() if "/kit profile " in line]
    return {re.findall(r"out/profiles/(\S+)\.json", line)[0]: line for line in commands}


def test_two_h100_take_every_model_on_the_fewest_cards_that_hold_it(clone, libraries):
    """8B and 32B in FP8 take one H100; 70B has 131 GiB of weights in BF16 and 66 in FP8, and takes both."""
    with_vllm(clone, "cuda")
    done = run(clone, "--dry-run", MINUTES="7", **on("two_h100", libraries, clone))
    commands = planned(done)
    assert {"h100-sxm-qwen3-8b-bf16", "h100-sxm-llama-3-8b-fp8", "h100-sxm-qwen3-32b-fp8"} <= set(commands)
    assert "h100-sxm-x2-llama-3-70b-bf16" in commands
    assert len(commands) == 8
    large = commands["h100-sxm-x2-llama-3-70b-fp8"]
    wanted = ("profile llama-3-70b --engine vllm", "--shape 512x128,2048x256", "--concurrency 1,2,4,8,16,32,64",
              "--minutes 7", "--resume", "--quantisation fp8", "--tensor-parallel 2")  # fmt: skip
    assert [words for words in wanted if words not in large] == []
    assert "--tensor-parallel" not in commands["h100-sxm-qwen3-8b-bf16"]
    assert "--quantisation" not in commands["h100-sxm-qwen3-8b-bf16"]
    assert "18 NVLinks" in done.stdout
    assert not (clone / "out").exists()


def test_without_vllm_the_built_in_engine_takes_the_small_models(clone, libraries):
    """The built-in engine gets no option of vLLM's; a vLLM that was built for CPUs is not taken, and it says so."""
    with_vllm(clone, "cpu")
    done = run(clone, "--dry-run", **on("two_h100", libraries, clone))
    commands = planned(done)
    assert set(commands) == {"h100-sxm-qwen3-8b-bf16-transformers", "h100-sxm-llama-3-8b-bf16-transformers"}
    assert not [line for line in commands.values() if "--quantisation" in line or "--max-model-len" in line]
    assert "the build for CPUs" in done.stdout


def test_an_instance_of_a_card_counts_as_what_it_holds(clone, libraries):
    """Under MIG a run gets the first instance, here of 40 GB: 8B fits, 61 GiB of 32B in BF16 do not."""
    with_vllm(clone, "cuda")
    done = run(clone, "--dry-run", **on("mig", libraries, clone))
    assert "h100-sxm-mig-3g-40gb-qwen3-8b-bf16" in planned(done)
    assert "qwen3-32b in bf16 does not fit" in done.stderr


def test_a_card_that_holds_none_of_the_models_gets_a_small_one(clone, libraries):
    """On 8 GiB even 8B in FP8 does not fit, so the machine is measured with 0.6B; the kit has no row for this card."""
    with_vllm(clone, "cuda")
    card = {"gpu0.name": "NVIDIA GeForce RTX 2080", "gpu0.memory_total": 8 * 2**30, "gpu0.memory_used": 0}
    text = "".join(f"{key}={value}\n" for key, value in card.items())
    filled = clone / "small.txt"
    filled.write_text(f"driver=580.95.05\ncuda=13000\ngpus=1\n{text}", encoding="utf-8")
    done = run(clone, "--dry-run", LD_LIBRARY_PATH=str(libraries["today"]), NVML_STANDIN=str(filled))
    assert list(planned(done)) == ["rtx-2080-qwen3-0.6b-bf16"]


def test_without_a_gpu_it_says_so(clone, libraries):
    """No driver, or a driver without a card: one clear line, exit code 2, nothing measured."""
    empty = clone / "empty.txt"
    empty.write_text("driver=580.95.05\ncuda=13000\ngpus=0\n", encoding="utf-8")
    done = run(clone, LD_LIBRARY_PATH=str(libraries["today"]), NVML_STANDIN=str(empty))
    assert done.returncode == 2
    assert "there is no NVIDIA GPU here" in done.stderr
    assert "the driver is there, and sees none" in done.stderr
    assert not (clone / "out").exists()


def stand_in_for_the_kit(clone: Path, code: int) -> Path:
    """Return an environment whose kit plans as the real one, but copies a profile instead of measuring, or fails."""
    binaries = clone / "venv/bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    profile = folder("hardware_profiles") / "cpu-2-core-qwen3-0.6b.json"
    script = f"""#!/usr/bin/env bash
case "$1 $2" in
    "profile check") exec {sys.executable} -m kit "$@" ;;
    profile*) while [[ $1 != --out ]]; do shift; done
        (({code})) && {{ echo 'kit: it did not start' >&2; exit {code}; }}
        mkdir -p "$(dirname "$2")" && cp {profile} "$2" ;;
esac
"""
    (binaries / "kit").write_text(script, encoding="utf-8")
    (binaries / "kit").chmod(0o755)
    return clone / "venv"


def test_each_profile_is_checked_and_a_second_run_leaves_them_alone(clone, libraries):
    """What the check refuses is called suspect, which is no failure; measured profiles are not measured again."""
    variables = on("two_h100", libraries, clone) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    variables["VENV"] = str(stand_in_for_the_kit(clone, 0))
    first, second = run(clone, **variables), run(clone, **variables)
    assert first.returncode == second.returncode == 0, first.stderr
    assert "they must agree" in first.stderr  # the copied profile is called otherwise
    assert first.stdout.count("measured  SUSPECT") == 2
    assert second.stdout.count("--again measures it again") == 2


@pytest.mark.parametrize(("code", "exit_code", "words"), [(1, 1, "nothing could be measured"), (130, 130, "stopped")])
def test_it_fails_only_if_nothing_could_be_measured(clone, libraries, code, exit_code, words):
    """A model that cannot be measured is no end, but none at all is exit code 1; whoever stops it stops all of it."""
    variables = on("two_h100", libraries, clone) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    variables["VENV"] = str(stand_in_for_the_kit(clone, code))
    done = run(clone, **variables)
    assert done.returncode == exit_code
    assert words in done.stderr
    assert done.stderr.count("it did not start") == (2 if code == 1 else 1)


def test_an_unknown_option_is_named(clone):
    """A mistyped option is answered with what there is."""
    done = run(clone, "--dryrun")
    assert done.returncode == 2
    assert "--dry-run or --again" in done.stderr
