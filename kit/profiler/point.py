"""One point of the service curve: a shape and a number of requests in flight, measured for some seconds, repeatedly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from kit.profiler import metrics
from kit.profiler.answers import Answer, read_answers
from kit.profiler.engines import Server
from kit.profiler.load import client_health
from kit.profiler.load_processes import closed_parts, run_parts
from kit.profiler.loop_watch import ClientHealth
from kit.profiler.profile import Finding, Point, Regime, Spread
from kit.profiler.prompts import Prompts as Prompts

_CLIENT_LIMITED = "is client_limited"
_NO_INTERVAL = "throughput without interval"
_APART = "its runs differ by more than their noise"
_LIKEWISE = "; likewise in further runs"

MOST_FAILURES = 0.05
"""Share of failed requests past which a point is not reported."""


@dataclass(frozen=True)
class Steady:
    """The steady part of one closed-loop run.

    Attributes:
        answers: the requests inside the window, in the order in which they finished.
        window: the window.
        failed: requests of the whole run that failed.
    """

    answers: tuple[Answer, ...]
    window: metrics.Window
    failed: int


@dataclass(frozen=True)
class Measured:
    """What came of a point.

    Attributes:
        point: the measurement, or ``None`` where it cannot be reported; then ``findings`` say why.
        findings: what spoilt or qualifies it.
        runs: the runs behind it, where it was measured in a closed loop.
    """

    point: Point | None
    findings: tuple[Finding, ...]
    runs: tuple[Steady, ...] = ()

    @property
    def client_limited(self) -> bool:
        """Whether the client, not the server, was the limit."""
        return any(finding.what.endswith(_CLIENT_LIMITED) for finding in self.findings)


def measure_point(
    server: Server,
    *,
    prompt_tokens: int,
    output_tokens: int,
    concurrency: int,
    seconds: float,
    seed: int = 0,
    processes: int = 1,
) -> Measured:
    """Keep ``concurrency`` requests in flight for ``seconds`` and say what the server did.

    Args:
        server: a running engine.
        prompt_tokens: tokens of each prompt, as far as the server's tokenizer agrees.
        output_tokens: tokens to ask for.
        concurrency: requests in flight.
        seconds: how long it may take.
        seed: of the prompts; points with different seeds share no prompt.
        processes: client processes that share the load.
    """
    prompts = Prompts(prompt_tokens, vocab_size=server.vocab_size, seed=seed)
    parts = closed_parts(
        server.target(timeout_s=2 * seconds),
        server.asking,
        prompts,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        in_flight=concurrency,
        seconds=seconds,
        processes=processes,
    )
    run = run_parts(parts)
    answers = read_answers(run.exchanges, zero_ns=run.started_ns)
    label = f"{prompt_tokens}x{output_tokens} with {concurrency} in flight"
    measured = summarise(
        answers,
        label=label,
        output_tokens=output_tokens,
        concurrency=concurrency,
        stopped_s=(run.stopped_ns - run.started_ns) / 1e9,
    )
    return replace(measured, findings=(*measured.findings, *client_limited(label, client_health(run))))


def summarise(
    answers: Sequence[Answer], *, label: str, output_tokens: int, concurrency: int, stopped_s: float
) -> Measured:
    """Turn the requests of one closed-loop run into a point, or into the reasons why there is none.

    Args:
        answers: all requests of the run.
        label: how findings call the point.
        output_tokens: tokens that were asked for.
        concurrency: requests in flight.
        stopped_s: when sending stopped, on the run's clock.
    """
    findings: list[Finding] = []
    failures = [answer for answer in answers if answer.failure is not None]
    ended = sum(1 for answer in answers if not answer.stopped)
    if failures:
        findings.append(failed(label, failures, ended=ended))
    if failures and len(failures) > MOST_FAILURES * ended:
        return Measured(point=None, findings=tuple(findings))
    window = metrics.steady_window(answers, in_flight=concurrency, stopped_s=stopped_s)
    chosen = metrics.inside(answers, window) if window is not None else []
    if window is None or len(chosen) < max(2, concurrency // 2):
        evidence = f"{len(chosen)} requests finished after the warm-up within {stopped_s:.0f} s"
        findings.append(Finding(what=f"{label} was not measured: too few requests", evidence=evidence))
        return Measured(point=None, findings=tuple(findings))
    findings += _odd_lengths(label, chosen, asked=output_tokens)
    run = Steady(tuple(chosen), window, failed=len(failures))
    return _with_point((run,), label=label, concurrency=concurrency, findings=findings)


def combined(one: Measured, other: Measured, *, label: str, concurrency: int) -> Measured:
    """Return two measurements of the same point as one: all requests of all runs count, and so do all findings.

    Where two runs have intervals that do not overlap, something changed between them, and a finding says so.

    Args:
        one: a measurement.
        other: another one, of the same server.
        label: how findings call the point.
        concurrency: requests in flight.
    """
    runs = (*one.runs, *other.runs)
    findings = _merged(one.findings, other.findings)
    if not runs:
        return Measured(point=None, findings=tuple(findings))
    rates = [metrics.throughput([(run.answers, run.window)], in_flight=concurrency).interval for run in runs]
    known = [rate for rate in rates if rate is not None]
    if any(low[1] < high[0] or high[1] < low[0] for low, high in combinations(known, 2)):
        said = "; ".join(f"{low:.4g} to {high:.4g}" for low, high in known)
        findings.append(Finding(what=f"{label}: {_APART}", evidence=f"tokens/s by run, 95 % intervals: {said}"))
    measured = _with_point(runs, label=label, concurrency=concurrency, findings=findings)
    return _with_power(measured, [known.point for known in (one, other) if known.point is not None])


def _merged(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Return the findings of two measurements without doubles; what is said of all runs together is left to be said."""
    found: dict[str, Finding] = {}
    for finding in (*before, *after):
        if _NO_INTERVAL in finding.what or _APART in finding.what:
            continue
        known = found.setdefault(finding.what, finding)
        if known != finding and not known.evidence.endswith(_LIKEWISE):
            found[finding.what] = Finding(what=known.what, evidence=known.evidence + _LIKEWISE)
    return list(found.values())


def _with_power(measured: Measured, points: Sequence[Point]) -> Measured:
    """Return a measurement with the power of its points, each by its length; none where one of them has none."""
    pairs = [(point.power_w, point.duration_s) for point in points]
    weights = [(watts, length) for watts, length in pairs if watts is not None and length is not None]
    if measured.point is None or not weights or len(weights) < len(pairs):
        return measured
    watts = math.fsum(w * length for w, length in weights) / math.fsum(length for _, length in weights)
    figures = {"power_w": digits(watts), "energy_j_per_token": digits(watts / measured.point.output_tokens_per_s)}
    return replace(measured, point=measured.point.model_copy(update=figures))


def _with_point(runs: tuple[Steady, ...], *, label: str, concurrency: int, findings: Sequence[Finding]) -> Measured:
    point = _point(runs, concurrency=concurrency)
    if point.output_tokens_per_s_interval is None:
        evidence = f"{point.requests} requests finished in {point.duration_s:.0f} s, too few or too uneven for it"
        findings = [*findings, Finding(what=f"{label}: {_NO_INTERVAL}", evidence=evidence)]
    return Measured(point=point, findings=tuple(dict.fromkeys(findings)), runs=runs)


def _point(runs: Sequence[Steady], *, concurrency: int) -> Point:
    chosen = [answer for run in runs for answer in run.answers]
    rate = metrics.throughput([(run.answers, run.window) for run in runs], in_flight=concurrency)
    gaps = [metrics.itl_s(answer) for answer in chosen]
    per_token = [value for answer in chosen if (value := metrics.tpot_s(answer)) is not None]
    return Point(
        prompt_tokens=digits(math.fsum(answer.prompt_tokens or 0 for answer in chosen) / len(chosen)),
        output_tokens=digits(math.fsum(answer.output_tokens or 0 for answer in chosen) / len(chosen)),
        regime=Regime.CLOSED_LOOP,
        concurrency=concurrency,
        output_tokens_per_s=digits(rate.tokens_per_s),
        output_tokens_per_s_interval=None if rate.interval is None else _both(rate.interval),
        ttft_s=_spread([metrics.ttft_s(answer) for answer in chosen]),
        tpot_s=_spread(per_token),
        itl_s=None if None in gaps else _spread([gap for one in gaps if one for gap in one]),
        e2e_s=_spread([metrics.e2e_s(answer) for answer in chosen]),
        requests=len(chosen),
        failed=sum(run.failed for run in runs),
        runs=len(runs),
        duration_s=digits(math.fsum(run.window.length_s for run in runs)),
    )


def digits(value: float) -> float:
    """Round to five significant digits, more than any measurement here supports, so that the record can be read."""
    return float(f"{value:.5g}")


def _both(interval: tuple[float, float]) -> tuple[float, float]:
    return digits(interval[0]), digits(interval[1])


def _spread(values: Sequence[float]) -> Spread | None:
    return rounded(metrics.spread(values))


def rounded(exact: Spread | None) -> Spread | None:
    """Return a spread with five significant digits; see :func:`digits`."""
    if exact is None:
        return None
    fields = exact.model_dump(exclude_none=True)
    return Spread(**{key: _both(value) if isinstance(value, tuple) else digits(value) for key, value in fields.items()})


def client_limited(label: str, health: ClientHealth) -> list[Finding]:
    """Say where the client, not the server, was the limit."""
    evidence = health.limited
    return [] if evidence is None else [Finding(what=f"{label} {_CLIENT_LIMITED}", evidence=evidence)]


def failed(label: str, failures: Sequence[Answer], *, ended: int) -> Finding:
    """Count failures by kind, and quote the first."""
    kinds = Counter(str(answer.failure) for answer in failures)
    counted = ", ".join(f"{number} × {kind}" for kind, number in kinds.most_common())
    share = "not reported" if len(failures) > MOST_FAILURES * ended else "not averaged in"
    quote = next((f"; the first said: {answer.detail}" for answer in failures if answer.detail), "")
    return Finding(what=f"{label}: {len(failures)} of {ended} requests failed, {share}", evidence=f"{counted}{quote}")


def _odd_lengths(label: str, chosen: Sequence[Answer], *, asked: int) -> list[Finding]:
    """Say where the server did not give as many tokens as it was asked for."""
    odd = [answer.output_tokens for answer in chosen if answer.output_tokens != asked]
    if not odd:
        return []
    mean = math.fsum(tokens or 0 for tokens in odd) / len(odd)
    evidence = f"{len(odd)} of {len(chosen)} answers had another length than {asked} tokens, {mean:.1f} on average"
    return [Finding(what=f"{label}: output lengths differ from what was asked", evidence=evidence)]
