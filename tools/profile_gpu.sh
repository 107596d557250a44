#!/usr/bin/env bash
# Measures this machine's NVIDIA GPUs with each model of the kit that fits, in BF16 and FP8. It needs no network.
#
# Safe to run again at any time: a model that was stopped goes on, one whose profile is there is left alone. Exit code 2
# without a GPU, 1 if nothing could be measured.
#
#   tools/profile_gpu.sh [--dry-run] [--again]
#
#   --dry-run     say what would be run, and run nothing
#   --again       measure again what has a profile
#   MINUTES=20    time for each model
#   PROFILES=...  folder of the profiles, out/profiles unless told
#   VENV=.venv    where the kit is installed
set -euo pipefail
cd "$(dirname "$0")/.."

readonly BIN=${VENV:-.venv}/bin PROFILES=${PROFILES:-out/profiles} MINUTES=${MINUTES:-20}
readonly SHAPES=512x128,2048x256 CONCURRENCY=1,2,4,8,16,32,64
readonly LONGEST=4096 # tokens of a request: more than the longest shape, and less memory than the models' own
export HF_HUB_OFFLINE=1

say() { printf 'profile: %s\n' "$*"; }
fail() { printf 'profile: %s\n' "$2" >&2; exit "$1"; }
quoted() { printf '%q ' "$@" | sed 's/\\,/,/g; s/ $//'; printf '\n'; }
usage() { sed -n '/^#   tools/,/^#   VENV/s/^#   //p' "$0"; }

dry=0 again=0
for argument in "$@"; do
    case $argument in
        --dry-run) dry=1 ;;
        --again) again=1 ;;
        --help | -h) usage; exit 0 ;;
        *) fail 2 "\"$argument\" is not understood; it may be --dry-run or --again" ;;
    esac
done
[[ -x $BIN/kit ]] || fail 2 "the kit is not in $BIN; 'make profile' installs it, or name its environment with VENV"

engine=transformers
if command -v "${KIT_VLLM:-.venv-vllm/bin/vllm}" >/dev/null; then
    engine=vllm
    if [[ -z ${KIT_VLLM:-} && $(cat .venv-vllm/.engine 2>/dev/null) == *cpu ]]; then
        engine=transformers
        say "the vLLM in .venv-vllm is the build for CPUs; KIT_VLLM_BUILD=cuda make engine installs the other one"
    fi
fi

"$BIN/kit" hardware
# One line for each model: its file, the kit's name of it, GPUs, quantisation.
plan=$("$BIN/python" - "$engine" "$LONGEST" <<'PYTHON'
import re, sys
from kit.errors import InputError
from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import read_inventory
from kit.hardware.memory import GROUPS, fit, splits, verdict_of
from kit.report.fit import read_model

engine, longest = sys.argv[1], int(sys.argv[2])
# The built-in engine reads its weights from the disk; those of the large models would take longer than the measurement.
models = ["qwen3-8b", "llama-3-8b", *(["qwen3-32b", "llama-3-70b"] if engine == "vllm" else [])]
formats = {"bf16": "none", "fp8": "fp8"} if engine == "vllm" else {"bf16": "none"}

inventory = read_inventory()
if not inventory.gpus:
    print(*inventory.notes, sep="; ", file=sys.stderr)
    sys.exit(2)
first = inventory.gpus[0]
name = accelerator_name(first)
label, memory_gib = name, first.memory_gib or inventory.memory_gib
alike = sum(gpu.name == first.name for gpu in inventory.gpus)
most = alike if alike == len(inventory.gpus) else 1
if first.mig:
    # A process gets one instance, the first.
    instance = re.search(r"\d+g\.(\d+)gb", " ".join(first.mig_instances))
    most, memory_gib = 1, float(instance[1]) if instance else 0.0
    label += f" mig {instance[0] if instance else ''}"
# What a model needs differs little from card to card, so a card that the kit does not know is judged by a known one.
similar = "H100 SXM" if memory_gib >= 70 else "L40S"


def needs(model, quantisation, gpus):
    """Return the memory that a model needs on one of so many GPUs, and what the engine takes of each."""
    try:
        one = fit(read_model(model), name, gpus=gpus, quantisation=quantisation, context_tokens=longest)
    except InputError:
        one = fit(read_model(model), similar, gpus=gpus, quantisation=quantisation, context_tokens=longest)
    return one.needed_gib, memory_gib * one.available_gib / one.usable_gib


def smallest_group(model, quantisation):
    """Return the fewest GPUs on which it fits, else on which it is worth a try, else None."""
    found = {}
    for gpus in GROUPS:
        if gpus <= (most if engine == "vllm" else 1) and gpus in splits(read_model(model)):
            found.setdefault(verdict_of(*needs(model, quantisation, gpus)), gpus)
    return found.get("fits") or found.get("measure it")


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


lines = []
for model in models:
    for dtype, quantisation in formats.items():
        if gpus := smallest_group(model, quantisation):
            cards = slug(label) + (f"-x{gpus}" if gpus > 1 else "")
            suffix = "" if engine == "vllm" else f"-{engine}"
            lines.append(f"{cards}-{model}-{dtype}{suffix}.json\t{model}\t{gpus}\t{quantisation}")
        else:
            cards = name if most == 1 else f"up to {most} x {name}"
            print(f"profile: {model} in {dtype} does not fit {cards} ({memory_gib:.0f} GiB each)", file=sys.stderr)
if not lines:
    lines = [f"{slug(label)}-qwen3-0.6b-bf16{'' if engine == 'vllm' else '-' + engine}.json\tqwen3-0.6b\t1\tnone"]
print("\n".join(lines))
PYTHON
) || { rc=$?; ((rc == 2)) && fail 2 "there is no NVIDIA GPU here that can be measured"; exit "$rc"; }

say "engine: $engine; runs: $(wc -l <<<"$plan"), $MINUTES minutes each at most"
summary=() measured=0
while IFS=$'\t' read -r file model gpus quantisation; do
    path=$PROFILES/$file
    run=("$BIN/kit" profile "$model" --engine "$engine" --shape "$SHAPES" --concurrency "$CONCURRENCY"
        --minutes "$MINUTES" --resume --out "$path")
    if [[ $engine == vllm ]]; then
        run+=(--max-model-len "$LONGEST" --dtype bfloat16)
        if [[ $quantisation != none ]]; then run+=(--quantisation "$quantisation"); fi
        if ((gpus > 1)); then run+=(--tensor-parallel "$gpus"); fi
    fi
    if ((dry)); then
        quoted "${run[@]}"
        continue
    fi
    if [[ -e $path ]] && ! ((again)); then
        say "$path is there already; --again measures it again"
        result="was there"
    else
        rc=0
        "${run[@]}" </dev/null || rc=$?
        if ((rc == 130 || rc == 143)); then fail "$rc" "stopped; run it again to go on"; fi
        if ((rc)); then
            summary+=("not measured    $path")
            continue
        fi
        result=measured
    fi
    measured=$((measured + 1))
    if problems=$("$BIN/kit" profile check "$path" 2>&1); then
        summary+=("$(printf '%-9s sound ' "$result") $path")
    else
        printf '%s\n' "$problems" >&2
        summary+=("$(printf '%-9s SUSPECT' "$result") $path")
    fi
done <<<"$plan"
if ((dry)); then exit 0; fi

say "summary"
printf '  %s\n' "${summary[@]}"
((measured)) || fail 1 "nothing could be measured"
