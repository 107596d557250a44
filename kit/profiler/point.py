"""One point of the service curve: a shape and a number of requests in flight, measured for some seconds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kit.profiler import metrics
from kit.profiler.answers import Answer, read_answers
from kit.profiler.engines import Server
from kit.profiler.load import client_health, closed_loop, run_in_own_loop
from kit.profiler.loop_watch import ClientHealth
from kit.profiler.profile import Finding, Point, Regime, Spread
from kit.profiler.prompts import prompt

MOST_FAILURES = 0.05
"""Share of failed requests past which a point is not reported."""


@dataclass(frozen=True)
class Measured:
    """What came of a point.

    Attributes:
        point: the measurement, or ``None`` where it cannot be reported; then ``findings`` say why.
        findings: what spoilt or qualifies it.
        answers: the requests behind it, on the run's clock.
    """

    point: Point | None
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]


def measure_point(
    server: Server,
    *,
    prompt_tokens: int,
    output_tokens: int,
    concurrency: int,
    seconds: float,
    seed: int = 0,
) -> Measured:
    """Keep ``concurrency`` requests in flight for ``seconds`` and say what the server did.

    Args:
        server: a running engine.
        prompt_tokens: tokens of each prompt, as far as the server's tokenizer agrees.
        output_tokens: tokens to ask for.
        concurrency: requests in flight.
        seconds: how long it may take.
        seed: of the prompts; points with different seeds share no prompt.
    """
    prompts = Prompts(prompt_tokens, vocab_size=server.vocab_size, seed=seed)

    def body(number: int, asked: int) -> dict[str, Any]:
        return server.body(prompts.text(number, prompt_tokens), output_tokens=asked)

    run = run_in_own_loop(
        closed_loop(
            server.target(timeout_s=2 * seconds),
            in_flight=concurrency,
            seconds=seconds,
            body=body,
            output_tokens=output_tokens,
        )
    )
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


class Prompts:
    """Distinct prompts that cost next to nothing to make while a run is on: windows into one long random text.

    No two begin alike, so no prefix cache can help. To draw each prompt afresh takes milliseconds, in which the client
    reads nothing.
    """

    _AHEAD = 16384
    """Prompts of one text; then comes the next text."""

    def __init__(self, longest: int, *, vocab_size: int, seed: int) -> None:
        self._longest = longest
        self._vocab_size = vocab_size
        self._seed = seed
        self._texts: dict[int, list[str]] = {}
        self._words(0)

    def text(self, number: int, tokens: int) -> str:
        """Return prompt ``number`` of so many tokens, no more than the longest."""
        part, start = divmod(number, self._AHEAD)
        return " ".join(self._words(part)[start : start + tokens])

    def _words(self, part: int) -> list[str]:
        if part not in self._texts:
            seed = (self._seed << 32) + part
            text = prompt(self._longest + self._AHEAD, vocab_size=self._vocab_size, seed=seed)
            self._texts[part] = text.split()
        return self._texts[part]


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
        return Measured(point=None, findings=tuple(findings), answers=tuple(answers))
    window = metrics.steady_window(answers, in_flight=concurrency, stopped_s=stopped_s)
    chosen = metrics.inside(answers, window) if window is not None else []
    if window is None or len(chosen) < max(2, concurrency // 2):
        evidence = f"{len(chosen)} requests finished after the warm-up within {stopped_s:.0f} s"
        findings.append(Finding(what=f"{label} was not measured: too few requests", evidence=evidence))
        return Measured(point=None, findings=tuple(findings), answers=tuple(answers))
    findings += _odd_lengths(label, chosen, asked=output_tokens)
    point = _point(chosen, window, concurrency=concurrency, failed=len(failures))
    if point.output_tokens_per_s_interval is None:
        evidence = f"{len(chosen)} requests finished in {window.length_s:.0f} s, too few or too uneven for an interval"
        findings.append(Finding(what=f"{label}: throughput without interval", evidence=evidence))
    return Measured(point=point, findings=tuple(findings), answers=tuple(answers))


def _point(chosen: Sequence[Answer], window: metrics.Window, *, concurrency: int, failed: int) -> Point:
    rate = metrics.throughput(chosen, window, in_flight=concurrency)
    gaps = [metrics.itl_s(answer) for answer in chosen]
    per_token = [value for answer in chosen if (value := metrics.tpot_s(answer)) is not None]
    return Point(
        prompt_tokens=_digits(math.fsum(answer.prompt_tokens or 0 for answer in chosen) / len(chosen)),
        output_tokens=_digits(math.fsum(answer.output_tokens or 0 for answer in chosen) / len(chosen)),
        regime=Regime.CLOSED_LOOP,
        concurrency=concurrency,
        output_tokens_per_s=_digits(rate.tokens_per_s),
        output_tokens_per_s_interval=None if rate.interval is None else _both(rate.interval),
        ttft_s=_spread([metrics.ttft_s(answer) for answer in chosen]),
        tpot_s=_spread(per_token),
        itl_s=None if None in gaps else _spread([gap for one in gaps if one for gap in one]),
        e2e_s=_spread([metrics.e2e_s(answer) for answer in chosen]),
        requests=len(chosen),
        failed=failed,
        duration_s=_digits(window.length_s),
    )


def _digits(value: float) -> float:
    """Round to five significant digits, more than any measurement here supports, so that the record can be read."""
    return float(f"{value:.5g}")


def _both(interval: tuple[float, float]) -> tuple[float, float]:
    return _digits(interval[0]), _digits(interval[1])


def _spread(values: Sequence[float]) -> Spread | None:
    exact = metrics.spread(values)
    if exact is None:
        return None
    fields = exact.model_dump(exclude_none=True)
    return Spread(
        **{key: _both(value) if isinstance(value, tuple) else _digits(value) for key, value in fields.items()}
    )


def client_limited(label: str, health: ClientHealth) -> list[Finding]:
    """Say where the client, not the server, was the limit."""
    evidence = health.limited
    return [] if evidence is None else [Finding(what=f"{label} is client_limited", evidence=evidence)]


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
