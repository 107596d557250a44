"""What the kit's load client costs per token and how true its stamps are, beside a bare aiohttp client.

    python benchmarks/load_client.py [--streams 32,256] [--tokens-per-s 4000,12000] [--seconds 8] [--rounds 3]

CPU per token event = (CPU of a long run − CPU of a short run) / extra tokens, in the client's process alone, with the
reading of the answers in it; connections and start-up cancel out. The server (:mod:`step_server`) keeps absolute
deadlines in a process of its own. Figures are the median of the rounds; all rounds are printed, since machines that
are shared are noisy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvloop
from step_server import step_server

from kit.profiler.answers import read_answers
from kit.profiler.load import Target, client_health, closed_loop, run_in_own_loop

Stamps = dict[int, list[float]]
"""Arrival of each token in seconds, by the number of the stream."""


@dataclass(frozen=True)
class Cost:
    """One run of a client."""

    cpu_s: float
    events: int
    stamps: Stamps
    lag_p99_s: float | None = None


def kit_client(port: int, *, streams: int, tokens: int) -> Cost:
    """Drive the server with the kit's client, as a point is measured."""

    def body(number: int, _: int) -> dict[str, Any]:
        return {"prompt": str(number), "max_tokens": tokens, "stream": True}

    target = Target(f"http://127.0.0.1:{port}/v1/completions", timeout_s=600)
    cpu = time.process_time()
    run = run_in_own_loop(
        closed_loop(target, in_flight=streams, seconds=600, body=body, output_tokens=tokens, most_requests=streams)
    )
    answers = read_answers(run.exchanges, zero_ns=0)
    cpu = time.process_time() - cpu
    assert all(one.counts and one.output_tokens == tokens for one in answers), "the client failed"
    # Slots send in order, so the slot is the number of the prompt.
    stamps = {one.slot: list(one.token_events_s) for one in answers}
    return Cost(cpu, sum(map(len, stamps.values())), stamps, client_health(run).loop_lag_p99_s)


def bare_aiohttp(port: int, *, streams: int, tokens: int) -> Cost:
    """Drive the server with aiohttp as load generators do: read, split, parse and stamp on arrival."""
    stamps: Stamps = {}

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        times = stamps[number] = []
        body = {"prompt": str(number), "max_tokens": tokens, "stream": True}
        async with session.post(f"http://127.0.0.1:{port}/v1/completions", json=body) as response:
            async for line in response.content:
                if not line.startswith(b"data: {"):
                    continue
                choices = json.loads(line[6:])["choices"]
                if choices and choices[0]["text"]:
                    times.append(time.perf_counter_ns() / 1e9)

    async def main() -> None:
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=600)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(one(session, number) for number in range(streams)))

    cpu = time.process_time()
    uvloop.run(main())
    return Cost(time.process_time() - cpu, sum(map(len, stamps.values())), stamps)


def us_per_event(long: Cost, short: Cost) -> float:
    """Return the CPU per token event in microseconds."""
    return 1e6 * (long.cpu_s - short.cpu_s) / (long.events - short.events)


def distortion(stamps: Stamps, written_ns: dict[int, list[int]]) -> tuple[float, float, float]:
    """Return how far the client's stamps are from the truth.

    The due time is the same on both sides, so reported − real TTFT is the stamp − the write of the first token.

    Returns:
        reported − real TTFT at the median in seconds; relative error of the mean ITL; error of one gap (median of the
        absolute values) in seconds.
    """
    ttft = [times[0] - written_ns[number][0] / 1e9 for number, times in stamps.items()]
    seen = sum(times[-1] - times[0] for times in stamps.values())
    real = sum((written_ns[number][-1] - written_ns[number][0]) / 1e9 for number in stamps)
    errors = [
        abs((after - before) - (wrote_after - wrote) / 1e9)
        for number, times in stamps.items()
        for before, after, wrote, wrote_after in zip(
            times, times[1:], written_ns[number], written_ns[number][1:], strict=False
        )
    ]
    return statistics.median(ttft), seen / real - 1, statistics.median(errors)


def measure(client: Callable[..., Cost], *, streams: int, rate: float, seconds: float) -> dict[str, float]:
    """Run a client briefly and for long against fresh servers."""
    long_tokens = max(20, round(rate / streams * seconds))
    short_tokens = max(5, long_tokens // 8)
    costs: list[Cost] = []
    for tokens in (short_tokens, long_tokens):
        with step_server(streams / rate) as server:
            costs.append(client(server.port, streams=streams, tokens=tokens))
    short, long = costs
    ttft_s, itl_error, gap_s = distortion(long.stamps, server.written_ns)
    figures = {
        "CPU per token event, us": us_per_event(long, short),
        "TTFT reported - real, ms": 1e3 * ttft_s,
        "mean ITL error, %": 100 * itl_error,
        "gap error (median), ms": 1e3 * gap_s,
    }
    if long.lag_p99_s is not None:
        figures["loop lag p99, ms"] = 1e3 * long.lag_p99_s
    return figures


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="32,256", help="numbers of streams")
    parser.add_argument("--tokens-per-s", default="4000,12000", help="tokens per second of all streams together")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the long run")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    asked = parser.parse_args()
    clients = {"kit": kit_client, "bare aiohttp": bare_aiohttp}
    loads = zip(asked.streams.split(","), asked.tokens_per_s.split(","), strict=True)
    say(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load average {os.getloadavg()[0]:.2f}")
    for streams, rate in ((int(one), float(other)) for one, other in loads):
        say(f"\n{streams} streams, {rate:.0f} tokens/s")
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in clients}
        for _ in range(asked.rounds):  # in turns, so that a noisy minute hits both
            for name, client in clients.items():
                rounds[name].append(measure(client, streams=streams, rate=rate, seconds=asked.seconds))
        for name, figures in rounds.items():
            for what in figures[0]:
                values = [one[what] for one in figures]
                every = ", ".join(f"{value:.3g}" for value in values)
                say(f"  {name:13} {what:26} {statistics.median(values):8.3g}   ({every})")
        kit, bare = (statistics.median(one["CPU per token event, us"] for one in rounds[name]) for name in clients)
        say(f"  kit / bare aiohttp, CPU    {kit / bare:.2f}; load average now {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
