"""One rate of an open loop: requests arrive on their own schedule, and each has limits to meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kit.profiler import arrivals as processes_of_arrival
from kit.profiler import metrics
from kit.profiler.answers import Answer, read_answers
from kit.profiler.arrivals import Arrival
from kit.profiler.engines import Server
from kit.profiler.goodput import Found, Limit, Outcome, judge, least_requests, search_goodput
from kit.profiler.load import client_health, prepare
from kit.profiler.load_processes import open_parts, run_parts
from kit.profiler.loop_watch import ClientHealth
from kit.profiler.metrics import Window
from kit.profiler.point import MOST_FAILURES, Measured, client_limited, digits, failed, rounded
from kit.profiler.profile import Finding, Point, Regime, Spread
from kit.profiler.prompts import Prompts

_MARGIN = 1.25
"""Requests of a trial against those that the percentiles need: how many a Poisson process gives is chance."""


@dataclass(frozen=True)
class OpenPoint:
    """What a server did with requests that came on a schedule. Latencies count from the scheduled time.

    Attributes:
        arrivals_per_s: requests due per second of the steady window.
        prompt_tokens, output_tokens: means over the requests that went through; 0 where none did.
        output_tokens_per_s: output tokens of those requests per second of the steady window in which they were due.
        requests: requests due in the steady window.
        failed: of those, the ones that failed.
        unfinished: of those, the ones that had not ended when the run did, or were never sent.
        good_per_s: requests per second that met every limit, each by itself; ``None`` without limits.
        outcome: whether the limits were met, by their statistics; ``None`` without limits.
        ttft_s: time to first token.
        tpot_s: time per output token after the first.
        itl_s: gaps between tokens; ``None`` where an event may carry several.
        e2e_s: time to the last token.
        duration_s: length of the steady window.
        findings: what spoilt or qualifies it.
    """

    arrivals_per_s: float
    prompt_tokens: float
    output_tokens: float
    output_tokens_per_s: float
    requests: int
    failed: int
    unfinished: int
    good_per_s: float | None
    outcome: Outcome | None
    ttft_s: Spread | None
    tpot_s: Spread | None
    itl_s: Spread | None
    e2e_s: Spread | None
    duration_s: float
    findings: tuple[Finding, ...] = ()


def measure_arrivals(
    server: Server,
    arrivals: Sequence[Arrival],
    *,
    limits: Sequence[Limit] = (),
    warm_up_s: float = 0.0,
    cool_down_s: float = 0.0,
    drain_s: float = 30.0,
    seed: int = 0,
    label: str | None = None,
    processes: int = 1,
) -> OpenPoint:
    """Send requests on a schedule and say what the server did with those in the steady window.

    Args:
        server: a running engine.
        arrivals: when requests are due, and their lengths; at least one.
        limits: the objective, if there is one.
        warm_up_s: requests due in the first so many seconds are left out.
        cool_down_s: requests due in the last so many seconds are left out.
        drain_s: how long to wait for answers after the last request was due.
        seed: of the prompts.
        label: how findings call it; by default by the number of requests.
        processes: client processes that share the requests.
    """
    length_s = arrivals[-1].due_s
    longest = max(one.prompt_tokens for one in arrivals)
    prompts = Prompts(longest, vocab_size=server.vocab_size, seed=seed)
    target = server.target(timeout_s=length_s + drain_s)
    requests = prepare(
        target,
        arrivals,
        body=lambda number, one: server.body(prompts.text(number, one.prompt_tokens), output_tokens=one.output_tokens),
    )
    run = run_parts(open_parts(target, requests, drain_s=drain_s, processes=processes))
    return summarise_open(
        read_answers(run.exchanges, zero_ns=run.started_ns),
        arrivals,
        window=Window(warm_up_s, max(length_s - cool_down_s, warm_up_s)),
        limits=limits,
        health=client_health(run),
        label=label,
    )


def as_measured(open_point: OpenPoint, *, regime: Regime, arrivals_per_s: float | None = None, label: str) -> Measured:
    """Return an open-loop point as it goes into the record, or without one where too much failed.

    Args:
        open_point: the figures.
        regime: how requests came.
        arrivals_per_s: rate of the process; by default requests due per second.
        label: how findings call it.
    """
    through = open_point.requests - open_point.failed - open_point.unfinished
    findings = open_point.findings
    if open_point.failed > MOST_FAILURES * max(1, open_point.failed + through):
        return Measured(point=None, findings=findings)
    if through < 2 or not open_point.output_tokens_per_s:
        evidence = f"{through} of {open_point.requests} requests went through in {open_point.duration_s:.0f} s"
        return Measured(
            None, (*findings, Finding(what=f"{label} was not measured: too few requests", evidence=evidence))
        )
    if open_point.unfinished:
        evidence = (
            f"{open_point.unfinished} of {open_point.requests} had not ended in time; latencies are of the others"
        )
        findings = (*findings, Finding(what=f"{label}: the server did not keep up", evidence=evidence))
    return Measured(
        findings=findings,
        point=Point(
            prompt_tokens=digits(open_point.prompt_tokens),
            output_tokens=digits(open_point.output_tokens),
            regime=regime,
            arrivals_per_s=digits(open_point.arrivals_per_s if arrivals_per_s is None else arrivals_per_s),
            output_tokens_per_s=digits(open_point.output_tokens_per_s),
            ttft_s=rounded(open_point.ttft_s),
            tpot_s=rounded(open_point.tpot_s),
            itl_s=rounded(open_point.itl_s),
            e2e_s=rounded(open_point.e2e_s),
            requests=through,
            failed=open_point.failed,
            unfinished=open_point.unfinished,
            duration_s=digits(open_point.duration_s),
        ),
    )


def summarise_open(
    answers: Sequence[Answer],
    arrivals: Sequence[Arrival],
    *,
    window: Window,
    limits: Sequence[Limit],
    health: ClientHealth,
    label: str | None = None,
) -> OpenPoint:
    """Turn the requests of an open-loop run into its figures.

    Requests belong to the window by the time they were due, so that slow ones are not left out for being slow.
    A request that failed, did not end or was never sent has missed every limit, but enters no average.

    Args:
        answers: all requests that were sent; the slot is the number of the arrival.
        arrivals: all that were due.
        window: the steady window.
        limits: the objective; may be empty.
        health: how the client did.
        label: how findings call it; by default by the number of requests.
    """
    by_number = {answer.slot: answer for answer in answers}
    due = [number for number, one in enumerate(arrivals) if window.start_s <= one.due_s <= window.end_s]
    inside = [by_number.get(number) for number in due]
    good = [answer for answer in inside if answer is not None and answer.counts]
    failures = [answer for answer in inside if answer is not None and answer.failure is not None]
    label = label or f"{len(due)} requests on a schedule"
    findings = [failed(label, failures, ended=len(failures) + len(good))] if failures else []
    findings += client_limited(label, health)
    outcome = _outcome(limits, inside, failures=len(failures), health=health)
    gaps = [metrics.itl_s(answer) for answer in good]
    prompts, outputs = (
        math.fsum(getattr(answer, name) or 0 for answer in good) for name in ("prompt_tokens", "output_tokens")
    )
    return OpenPoint(
        arrivals_per_s=len(due) / window.length_s if window.length_s else 0.0,
        prompt_tokens=prompts / max(1, len(good)),
        output_tokens=outputs / max(1, len(good)),
        output_tokens_per_s=outputs / window.length_s if window.length_s else 0.0,
        requests=len(due),
        failed=len(failures),
        unfinished=len(due) - len(good) - len(failures),
        good_per_s=_good_per_s(limits, good, window),
        outcome=outcome,
        ttft_s=metrics.spread([metrics.ttft_s(answer) for answer in good]),
        tpot_s=metrics.spread([value for answer in good if (value := metrics.tpot_s(answer)) is not None]),
        itl_s=None if None in gaps else metrics.spread([gap for one in gaps if one for gap in one]),
        e2e_s=metrics.spread([metrics.e2e_s(answer) for answer in good]),
        duration_s=window.length_s,
        findings=tuple(findings),
    )


def _latencies(answer: Answer) -> dict[str, tuple[float, ...]]:
    """Return the latencies of a request by metric; what it does not have is left out."""
    per_token, gaps = metrics.tpot_s(answer), metrics.itl_s(answer)
    return {
        "ttft": (metrics.ttft_s(answer),),
        "tpot": () if per_token is None else (per_token,),
        "itl": gaps or (),
        "e2e": (metrics.e2e_s(answer),),
    }


def _outcome(
    limits: Sequence[Limit], inside: Sequence[Answer | None], *, failures: int, health: ClientHealth
) -> Outcome | None:
    if not limits:
        return None
    values: dict[str, list[float]] = {limit.metric: [] for limit in limits}
    for answer in inside:
        known = None if answer is None or not answer.counts else _latencies(answer)
        for metric, held in values.items():
            held.extend((math.inf,) if known is None else known[metric])
    if failures > MOST_FAILURES * max(1, len(inside)):
        return Outcome.MISSED
    outcome = judge(limits, values)
    # A client that is late makes latencies longer: what it met is met, what it missed may be its own fault.
    return Outcome.UNRESOLVED if outcome is Outcome.MISSED and health.limited else outcome


def _good_per_s(limits: Sequence[Limit], good: Sequence[Answer], window: Window) -> float | None:
    """Return the requests per second that met every limit; a limit on gaps holds for their mean."""
    if not limits or not window.length_s:
        return None
    within = 0
    for answer in good:
        known = _latencies(answer)
        means = {metric: math.fsum(values) / len(values) for metric, values in known.items() if values}
        within += all(means.get(limit.metric, 0.0) < limit.below_s for limit in limits)
    return within / window.length_s


def find_goodput(
    server: Server,
    limits: Sequence[Limit],
    *,
    prompt_tokens: int,
    output_tokens: int,
    seconds: float,
    longest_s: float | None = None,
    start_per_s: float = 1.0,
    most_per_s: float = 1024.0,
    tolerance: float = 0.05,
    drain_s: float = 30.0,
    seed: int = 0,
    processes: int = 1,
    time_left: Callable[[], bool] = lambda: True,
) -> Found:
    """Search the highest Poisson rate in requests per second that meets every limit.

    The first fifth of each trial is warm-up. A trial lasts ``seconds``, or longer where the percentiles need more
    requests than arrive in that time (p95 takes 72, p99 368), up to ``longest_s``; rates that are too low even for
    that are left unresolved, and the result says so.

    Args:
        server: a running engine.
        limits: of :func:`kit.profiler.goodput.parse_limits`.
        prompt_tokens: of each request.
        output_tokens: of each request.
        seconds: length of one trial.
        longest_s: length of the longest trial; ``seconds`` if ``None``.
        start_per_s: the first rate.
        most_per_s: highest rate to try.
        tolerance: how narrow the result should be, as a share.
        drain_s: how long to wait for answers after the last request of a trial; what takes longer missed.
        seed: of arrivals and prompts.
        processes: client processes that share the requests.
        time_left: asked before each trial but the first; where it says no, there are no more.
    """
    wanted, longest_s, trial = least_requests(limits), max(seconds, longest_s or seconds), 0

    def measure(rate: float) -> Outcome:
        nonlocal trial
        trial += 1
        length_s = min(max(seconds, _MARGIN * wanted / (0.8 * rate)), longest_s)
        arrivals = processes_of_arrival.poisson(
            rate, seconds=length_s, prompt_tokens=prompt_tokens, output_tokens=output_tokens, seed=seed + trial
        )
        if not arrivals:
            return Outcome.UNRESOLVED
        point = measure_arrivals(
            server,
            arrivals,
            limits=limits,
            warm_up_s=length_s / 5,
            drain_s=drain_s,
            seed=seed + trial,
            processes=processes,
        )
        return point.outcome or Outcome.UNRESOLVED

    return search_goodput(
        measure,
        start=start_per_s,
        least=min(start_per_s, 1 / seconds),
        most=most_per_s,
        tolerance=tolerance,
        time_left=time_left,
    )
