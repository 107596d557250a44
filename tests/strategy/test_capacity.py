"""Replica-seconds per request, from hand-worked service curves."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.profiler.profile import Engine, HardwareProfile, Point, ProfiledModel, Regime, Spread
from kit.record import Basis
from kit.strategy.capacity import fit_line, levels, service

RATIOS = {"tail_ratio_ttft": 2.0, "tail_ratio_tpot": 1.5}


def profile(*points: Point) -> HardwareProfile:
    return HardwareProfile(
        name="test",
        basis=Basis.MEASURED,
        source="test",
        date=dt.date(2026, 11, 22),
        accelerator="CPU",
        accelerators=1,
        engine=Engine(name="test"),
        model=ProfiledModel(name="test", architecture="test", dtype="bf16"),
        points=points,
    )


def point(prompt: float, output: float, *, seconds: float, level: int | None = 8, **other) -> Point:
    """Return a point at which one request takes ``seconds`` of the replica."""
    regime = Regime.SATURATED if level is None else Regime.CLOSED_LOOP
    return Point(
        prompt_tokens=prompt,
        output_tokens=output,
        regime=regime,
        concurrency=level,
        output_tokens_per_s=output / seconds,
        **other,
    )


def test_a_measured_shape_costs_what_was_measured():
    """At the measured lengths a request takes output tokens ÷ throughput, and nothing is predicted."""
    found = service(profile(point(1000, 200, seconds=0.5)), 8, prompt_tokens=1000, output_tokens=200, **RATIOS)
    assert found.seconds == pytest.approx(0.5)
    assert not found.predicted


def test_two_shapes_give_a_price_to_prompt_and_output_tokens():
    """From 0.3 s at 1000 + 100 and 0.6 s at 1000 + 400 follow 0.2 ms a prompt token and 1 ms an output token."""
    points = [point(1000, 100, seconds=0.3), point(1000, 400, seconds=0.6)]
    a, b, misfit = fit_line(points)
    assert (a, b) == (pytest.approx(0.0002), pytest.approx(0.001))
    assert misfit == pytest.approx(0, abs=1e-9)
    found = service(profile(*points), 8, prompt_tokens=2000, output_tokens=300, **RATIOS)
    assert found.seconds == pytest.approx(2000 * 0.0002 + 300 * 0.001)
    assert found.predicted


def test_one_shape_is_stretched_by_the_longer_of_the_two_lengths():
    """With one shape the bound s · max(P/P₀, O/O₀) holds whatever prompt and output tokens cost."""
    curve = profile(point(1000, 100, seconds=0.4))
    assert service(curve, 8, prompt_tokens=3000, output_tokens=50, **RATIOS).seconds == pytest.approx(1.2)
    for a in (0.0, 0.0002, 0.0004):  # any split of 0.4 s between 1000 prompt and 100 output tokens
        b = (0.4 - 1000 * a) / 100
        assert 3000 * a + 50 * b <= 1.2 + 1e-9


def test_a_missing_p95_follows_from_the_mean_and_says_so():
    """p95 = mean × ratio where the profile has no p95, stretched with the prompt; a published p95 stands as it is."""
    slow = Spread(mean=0.2)
    curve = profile(point(1000, 200, seconds=0.5, ttft_s=slow, tpot_s=Spread(mean=0.01)))
    found = service(curve, 8, prompt_tokens=1500, output_tokens=200, **RATIOS)
    assert found.ttft_p95_s == pytest.approx(0.2 * 2.0 * 1.5)
    assert found.tpot_p95_s == pytest.approx(0.015)
    assert found.e2e_p95_s(200) == pytest.approx(0.6 + 199 * 0.015)
    assert found.assumed_tail
    known = profile(point(1000, 200, seconds=0.5, ttft_s=Spread(mean=0.2, p95=0.3), tpot_s=Spread(p95=0.02)))
    found = service(known, 8, prompt_tokens=1000, output_tokens=200, **RATIOS)
    assert (found.ttft_p95_s, found.tpot_p95_s, found.assumed_tail) == (0.3, 0.02, False)


def test_a_missing_tpot_follows_from_littles_law():
    """8 in flight at 0.5 s each stay 4 s; less 0.3 s to the first token that is 3.7 s for 199 more tokens."""
    curve = profile(point(1000, 200, seconds=0.5, ttft_s=Spread(mean=0.15)))
    found = service(curve, 8, prompt_tokens=1000, output_tokens=200, **RATIOS)
    assert found.tpot_p95_s == pytest.approx((8 * 0.5 - 0.3) / 199 * 1.5)


def test_saturated_load_has_no_latency():
    """A profile of saturated load has one level, None, and no latency: unknown is unknown."""
    curve = profile(point(1000, 200, seconds=0.1, level=None), point(1000, 200, seconds=0.5, level=4))
    assert levels(curve) == (4, None)
    found = service(curve, None, prompt_tokens=1000, output_tokens=200, **RATIOS)
    assert found.ttft_p95_s is None
    assert found.e2e_p95_s(200) is None
