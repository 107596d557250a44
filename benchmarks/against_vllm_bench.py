"""The kit's load client beside vLLM's own, ``vllm bench serve``: one server, the same requests, the same definitions.

    python benchmarks/against_vllm_bench.py [--architecture qwen3-0.6b] [--in-flight 4] [--requests 8] [--rounds 16]

Both send the same prompts in the same order with the same fields, keep the same number in flight and ask for the same
output, in turns (A B B A ...); the figures of all rounds are compared. The kit's own figures are of the
steady window; here they are worked out as vLLM's are, from every request, or they could not be compared:

* output throughput = all output tokens / (last end − start)
* TTFT = first token − sending, TPOT = (last token − first) / (output tokens − 1), each the mean over the requests

vLLM has to be installed (``make engine``). The server runs without prefix cache, so that nobody gains from having been
second, and with the kit's generated tokenizer, since vLLM's client wants prompts as text. Ends with 1 if one of the
three, over all rounds, is off by more than 5 %.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kit.profiler.answers import read_answers
from kit.profiler.engines import Server
from kit.profiler.load import closed_loop, run_in_own_loop
from kit.profiler.metrics import quantile_interval, tpot_s, ttft_s
from kit.profiler.process import environment
from kit.profiler.prompts import Prompts
from kit.profiler.vllm_engine import find_vllm, vllm_serve
from kit.profiler.weights import write_random_model

TOLERANCE = 0.05
"""By how much the median ratio of a figure may differ from 1."""

LONGEST_S = 600.0
"""A round that takes longer has failed."""


@dataclass(frozen=True)
class Load:
    """What is sent: the prompts, the output tokens asked of each, and how many at once.

    Answers differ in length, or requests would end and begin in step, and the clients with them.
    """

    prompts: tuple[str, ...]
    output_tokens: tuple[int, ...]
    in_flight: int


@dataclass(frozen=True)
class Figures:
    """What a client reports of one round."""

    output_tokens_per_s: float
    ttft_ms: float
    tpot_ms: float


FIGURES = {"output tokens/s": "output_tokens_per_s", "mean TTFT, ms": "ttft_ms", "mean TPOT, ms": "tpot_ms"}

Client = Callable[[Server, Load], Figures]

VLLM_CLIENT = """
import json, sys
from vllm.benchmarks.serve import add_cli_args, main
from vllm.utils.argparse_utils import FlexibleArgumentParser

parser = FlexibleArgumentParser()
add_cli_args(parser)
for line in sys.stdin:
    main(parser.parse_args(json.loads(line)))
    print("DONE", flush=True)
"""
"""What ``vllm bench serve`` runs, again and again with the options that come in."""


def kit_client(server: Server, load: Load) -> Figures:
    """Send the load with the kit's client, as a point is measured, and work it out as vLLM does."""

    def body(number: int, _: int) -> dict[str, Any]:
        # The kit would shorten the first answer of each slot; here both clients ask for the same.
        return server.body(load.prompts[number], output_tokens=load.output_tokens[number])

    run = run_in_own_loop(
        closed_loop(
            server.target(timeout_s=LONGEST_S),
            in_flight=load.in_flight,
            seconds=LONGEST_S,
            body=body,
            output_tokens=max(load.output_tokens),
            most_requests=len(load.prompts),
        )
    )
    answers = read_answers(run.exchanges, zero_ns=run.started_ns)
    check("the kit's client", [one.output_tokens if one.counts else None for one in answers], load)
    per_token = [value for one in answers if (value := tpot_s(one)) is not None]
    return Figures(
        output_tokens_per_s=sum(one.output_tokens or 0 for one in answers) / max(one.finished_s for one in answers),
        ttft_ms=1e3 * statistics.fmean(ttft_s(one) for one in answers),
        tpot_ms=1e3 * statistics.fmean(per_token),
    )


@contextlib.contextmanager
def vllm_client(folder: Path) -> Iterator[Client]:
    """Give vLLM's client, which reads the tokenizer in ``folder``: one process that is ready before it is asked.

    To start the command anew in each round takes it ten seconds and more; the turns would be too far apart for a
    machine whose speed changes.
    """
    python = find_vllm().parent / "python"
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as scratch:
        settings = environment({"VLLM_NO_USAGE_STATS": "1", "TMPDIR": scratch})
        log = Path(scratch) / "log"
        command = (str(python), "-c", VLLM_CLIENT)
        with (
            log.open("w") as words,
            subprocess.Popen(
                command, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True
            ) as process,
        ):

            def measure(server: Server, load: Load) -> Figures:
                # Of its file formats this one needs nothing beyond what vLLM itself installs.
                talks = [
                    {"conversations": [{"value": prompt}, {"value": " ".join("a" * tokens)}]}
                    for prompt, tokens in zip(load.prompts, load.output_tokens, strict=True)
                ]
                (Path(scratch) / "prompts.json").write_text(json.dumps(talks), encoding="utf-8")
                options = ["--backend", "vllm", "--base-url", server.base_url, "--model", str(folder)]
                options += ["--served-model-name", server.model, "--tokenizer", str(folder)]
                options += ["--dataset-name", "sharegpt", "--dataset-path", f"{scratch}/prompts.json"]
                options += [
                    "--disable-shuffle",
                    "--num-prompts",
                    str(len(load.prompts)),
                    "--max-concurrency",
                    str(load.in_flight),
                ]
                options += ["--ignore-eos", "--disable-tqdm", "--ready-check-timeout-sec", "0"]
                options += ["--extra-body", json.dumps(dict(server.extra)), "--save-result", "--save-detailed"]
                options += ["--result-dir", scratch, "--result-filename", "result.json"]
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps(options) + "\n")
                process.stdin.flush()
                if not any(line == "DONE\n" for line in process.stdout):
                    raise SystemExit(f"vllm bench serve failed:\n{log.read_text()[-3000:]}")
                result = json.loads((Path(scratch) / "result.json").read_text(encoding="utf-8"))
                check("vLLM's client", result["output_lens"], load)
                return Figures(result["output_throughput"], result["mean_ttft_ms"], result["mean_tpot_ms"])

            yield measure


def check(who: str, lengths: Sequence[int | None], load: Load) -> None:
    """End the benchmark unless every request was answered in full."""
    if None in lengths or sorted(map(int, lengths)) != sorted(load.output_tokens):  # type: ignore[arg-type]
        raise SystemExit(f"{who} did not get answers of {sorted(load.output_tokens)} tokens, but {list(lengths)}")


def say(line: str = "") -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def rounds(server: Server, clients: dict[str, Client], asked: argparse.Namespace) -> dict[str, list[Figures]]:
    """Let the clients measure in turns, each round with prompts of its own, and print every round."""
    measured: dict[str, list[Figures]] = {name: [] for name in clients}
    say(f"\n{'round':6}" + "".join(f"{what + ': kit':>22}{'vLLM':>9}{'ratio':>8}" for what in FIGURES))
    for number in range(asked.rounds + 1):
        texts = Prompts(asked.prompt_tokens, vocab_size=server.vocab_size, seed=number)
        prompts = tuple(texts.text(place, asked.prompt_tokens) for place in range(asked.requests))
        draw = random.Random(number)
        lengths = tuple(draw.randint(asked.output_tokens // 2, 3 * asked.output_tokens // 2) for _ in prompts)
        load = Load(prompts, lengths, in_flight=asked.in_flight)
        if number == 0:  # the first requests of a server are slow, and so are a client's; they are nobody's
            for client in clients.values():
                client(server, load)
            continue
        for name in clients if number % 2 else reversed(clients):
            measured[name].append(clients[name](server, load))
        kit, vllm = (by_name(measured[name][-1]) for name in clients)
        row = "".join(f"{kit[key]:22.4g}{vllm[key]:9.4g}{kit[key] / vllm[key]:8.3f}" for key in FIGURES.values())
        say(f"{number:<6}{row}")
    return measured


def over_all(key: str, figures: Sequence[Figures]) -> float:
    """Return a figure of all rounds together: of a rate the harmonic mean, since rounds have like numbers of tokens.

    Args:
        key: which figure.
        figures: of each round.
    """
    values = [getattr(one, key) for one in figures]
    return statistics.harmonic_mean(values) if key == "output_tokens_per_s" else statistics.fmean(values)


def by_name(figures: Figures) -> dict[str, float]:
    """Return the figures by their names."""
    return {key: float(getattr(figures, key)) for key in FIGURES.values()}


def main() -> None:
    """Run the benchmark, print its figures and judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="qwen3-0.6b", help="one of the kit's architectures")
    parser.add_argument("--prompt-tokens", type=int, default=64, help="tokens of each prompt")
    parser.add_argument("--output-tokens", type=int, default=12, help="tokens of an answer on average")
    parser.add_argument("--in-flight", type=int, default=4, help="requests in flight")
    parser.add_argument("--requests", type=int, default=8, help="requests of each client in each round")
    parser.add_argument("--rounds", type=int, default=16, help="how often")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hybrid-ai-decision-kit" / "weights"
    parser.add_argument("--weights-dir", type=Path, default=cache, help="where model folders are kept")
    asked = parser.parse_args()
    folder = write_random_model(asked.architecture, weights_dir=asked.weights_dir)
    # The last of two contrary options holds: vLLM's client sends text, so the server needs the tokenizer.
    arguments = ("--no-skip-tokenizer-init", "--no-enable-prefix-caching", "--enforce-eager")
    # The clients are on the engine's own cores: where its idle threads spin, they are in the way of whoever wants one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with (
        vllm_serve(folder.path, max_model_len=1024, arguments=arguments) as started,
        vllm_client(folder.path) as vllm_measure,
    ):
        server = replace(started, token_ids=False)
        say(
            f"{server.engine.name} {server.engine.version}, {asked.architecture}, {asked.requests} requests of "
            f"{asked.prompt_tokens} + {asked.output_tokens} tokens, {asked.in_flight} in flight; "
            f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {date.today()}, load average "
            f"{os.getloadavg()[0]:.2f}"
        )
        clients: dict[str, Client] = {"kit": kit_client, "vLLM": vllm_measure}
        measured = rounds(server, clients, asked)
        server.ensure_alive()
    say()
    worst = 0.0
    for what, key in FIGURES.items():
        kit, vllm = (over_all(key, measured[name]) for name in clients)
        ratios = [getattr(a, key) / getattr(b, key) for a, b in zip(measured["kit"], measured["vLLM"], strict=True)]
        worst = max(worst, abs(kit / vllm - 1))
        interval = quantile_interval(ratios, 0.5)
        sure = "unknown, too few rounds" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
        say(
            f"{what:16} over all rounds: kit {kit:8.4g}, vLLM {vllm:8.4g}, ratio {kit / vllm:.3f}; ratio by round "
            f"{statistics.median(ratios):.3f} at the median ({min(ratios):.3f} to {max(ratios):.3f}; 95 % interval of "
            f"the median {sure})"
        )
    say(f"off by {worst:.1%} at most; {TOLERANCE:.0%} is allowed; load average now {os.getloadavg()[0]:.2f}")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
