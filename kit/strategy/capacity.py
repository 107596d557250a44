"""What one replica carries: from the points of a service curve to replica-seconds per request.

One request of P prompt and O output tokens takes ``s = a·P + b·O`` seconds of a whole replica at a given concurrency,
where a and b ≥ 0 are fitted to the points that were measured at that concurrency (every point says how long the
replica takes for one request of its shape: ``s = O ÷ output throughput``). With a single shape a and b cannot be told
apart; then ``s·max(P/P₀, O/O₀)`` is an upper bound, whatever they are.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from kit.profiler.profile import HardwareProfile, Point, Regime
from kit.record import Part

EXACT = 0.02
"""Lengths that differ by less than this share count as the measured ones."""


class Service(Part):
    """What a request costs a replica, and how long the user waits.

    Attributes:
        seconds: replica-seconds per request.
        predicted: True if the lengths are not the measured ones.
        misfit: worst relative deviation of the fitted line from the measured points; 0 with one shape.
        ttft_p95_s: time to first token; ``None`` if the profile holds no latency.
        tpot_p95_s: time per output token after the first.
        assumed_tail: True if p95 was not there and follows from the mean or median.
    """

    seconds: float
    predicted: bool
    misfit: float
    ttft_p95_s: float | None
    tpot_p95_s: float | None
    assumed_tail: bool

    def e2e_p95_s(self, output_tokens: float) -> float | None:
        """Return TTFT + (output tokens − 1) · TPOT, in seconds; ``None`` if the profile holds no latency."""
        if self.ttft_p95_s is None or self.tpot_p95_s is None:
            return None
        return self.ttft_p95_s + max(output_tokens - 1, 0) * self.tpot_p95_s


def levels(profile: HardwareProfile) -> tuple[int | None, ...]:
    """Return the concurrencies at which a profile was measured; ``None`` stands for saturated load."""
    found = {_level(point) for point in profile.service_curve}
    return tuple(sorted(found, key=lambda level: np.inf if level is None else level))


def service(
    profile: HardwareProfile,
    level: int | None,
    *,
    prompt_tokens: float,
    output_tokens: float,
    tail_ratio_ttft: float,
    tail_ratio_tpot: float,
) -> Service:
    """Return what a request of these lengths costs a replica at one concurrency.

    Args:
        profile: the service curve.
        level: one of :func:`levels`.
        prompt_tokens: mean prompt length, tokens.
        output_tokens: mean output length, tokens.
        tail_ratio_ttft: p95 ÷ mean of the TTFT, taken where the profile has no p95.
        tail_ratio_tpot: p95 ÷ mean of the TPOT, likewise.
    """
    points = points_at(profile, level)
    nearest, exact = nearest_point(points, prompt_tokens, output_tokens)
    misfit = 0.0
    if exact:
        seconds = _seconds(nearest)
    elif len({(point.prompt_tokens, point.output_tokens) for point in points}) > 1:
        a, b, misfit = fit_line(points)
        seconds = a * prompt_tokens + b * output_tokens
    else:
        stretch = max(prompt_tokens / nearest.prompt_tokens, output_tokens / nearest.output_tokens)
        seconds = _seconds(nearest) * stretch
    longer = max(1.0, prompt_tokens / nearest.prompt_tokens)
    ttft, ttft_assumed = _p95(nearest, "ttft_s", tail_ratio_ttft)
    tpot, tpot_assumed = _p95(nearest, "tpot_s", tail_ratio_tpot)
    if tpot is None and ttft is not None and level is not None:
        # Every request holds its place for E2E = level · s seconds (Little), and what is not TTFT is output.
        tpot = max(level * _seconds(nearest) - ttft, 0.0) / max(nearest.output_tokens - 1, 1) * tail_ratio_tpot
        tpot_assumed = True
    return Service(
        seconds=seconds,
        predicted=not exact,
        misfit=misfit,
        ttft_p95_s=None if ttft is None else ttft * longer,
        tpot_p95_s=tpot,
        assumed_tail=ttft_assumed or tpot_assumed,
    )


def points_at(profile: HardwareProfile, level: int | None) -> list[Point]:
    """Return the points of a profile that were measured at one concurrency, one of :func:`levels`."""
    return [point for point in profile.service_curve if _level(point) == level]


def nearest_point(points: list[Point], prompt_tokens: float, output_tokens: float) -> tuple[Point, bool]:
    """Return the point whose lengths are nearest, and whether they count as the same."""
    nearest = min(points, key=lambda point: _distance(point, prompt_tokens, output_tokens))
    return nearest, _distance(nearest, prompt_tokens, output_tokens) < EXACT


def fit_line(points: list[Point]) -> tuple[float, float, float]:
    """Fit ``s = a·P + b·O`` with a, b ≥ 0 by least squares of the relative error.

    Args:
        points: at least two shapes, measured at one concurrency.

    Returns:
        a and b in seconds per token, and the worst relative deviation.
    """
    seconds = np.array([_seconds(point) for point in points])
    lengths = np.array([[point.prompt_tokens, point.output_tokens] for point in points])
    coefficients, _ = nnls(lengths / seconds[:, None], np.ones(len(points)))
    deviation = np.abs(lengths @ coefficients / seconds - 1)
    return float(coefficients[0]), float(coefficients[1]), float(deviation.max())


def _seconds(point: Point) -> float:
    return point.output_tokens / point.output_tokens_per_s


def _level(point: Point) -> int | None:
    return None if point.regime is Regime.SATURATED else point.concurrency


def _distance(point: Point, prompt_tokens: float, output_tokens: float) -> float:
    """Return how far a shape is, as the larger of the two logarithms of the ratios of lengths."""
    prompt = abs(np.log(prompt_tokens / point.prompt_tokens))
    output = abs(np.log(output_tokens / point.output_tokens))
    return float(max(prompt, output))


def _p95(point: Point, field: str, ratio: float) -> tuple[float | None, bool]:
    spread = getattr(point, field)
    if spread is None:
        return None, False
    if spread.p95 is not None:
        return spread.p95, False
    middle = spread.mean if spread.mean is not None else spread.p50
    return (None, False) if middle is None else (middle * ratio, True)
