"""What knowing more is worth, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, qmc

from kit.record import Basis
from kit.strategy.information import evpi, evppi, evppi_by_driver
from kit.strategy.uncertainty import Futures, Moves, Spec

SAMPLES = 2**14


def draw(inputs, seed=0):
    return qmc.Sobol(d=inputs, rng=np.random.default_rng(seed)).random(SAMPLES).T


def worth_of_uniform(low, high):
    """Return ``min(0, E[m]) − E[min(0, m)]`` for m uniform between low and high."""
    if low >= 0 or high <= 0:
        return 0.0
    return min(0.0, (low + high) / 2) + low**2 / (2 * (high - low))


def test_everything_by_hand():
    """Each plan is cheapest in one of two futures: means of 15 and 20 against 10 with foresight."""
    assert evpi(np.array([[10.0, 20.0], [30.0, 10.0]])) == 5
    assert evpi(np.array([[10.0, 20.0], [30.0, 40.0]])) == 0
    assert evpi(np.array([[10.0, 20.0]])) == 0


@pytest.mark.parametrize(("a", "b"), [(-0.5, 1.0), (-0.3, 1.0), (-0.1, 2.0), (0.2, 1.0), (-2.0, 1.0)])
def test_one_uniform_input(a, b):
    """Plan B costs ``a + b·x`` more than A, x uniform: what knowing x is worth has a closed form."""
    x, both = draw(2)
    npv = np.stack([100 + both, 100 + both + a + b * x])
    expected = worth_of_uniform(a, a + b)
    assert evppi(npv, x) == pytest.approx(expected, abs=1e-3)
    assert evpi(npv) == pytest.approx(expected, abs=1e-3)
    assert evppi(npv, both) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.5, 1.0), (-1.0, 2.0)])
def test_one_normal_input_among_others(mean, deviation):
    """With noise in it, knowing a normal x is worth ``σ·φ(μ/σ) − |μ|·Φ(−|μ|/σ)``."""
    u, v = draw(2, seed=1)
    x, noise = norm.ppf(u), norm.ppf(v)
    npv = np.stack([np.zeros(SAMPLES), mean + deviation * x + 0.7 * noise])
    expected = deviation * norm.pdf(mean / deviation) - abs(mean) * norm.cdf(-abs(mean) / deviation)
    assert evppi(npv, x) == pytest.approx(expected, rel=0.02)


def test_independent_inputs_each_by_its_own():
    """With two uniform inputs each is worth its own closed form, together more than either and less than both."""
    x, y, nothing = draw(3)
    npv = np.stack([nothing, nothing - 0.9 + x + y])
    worth = [evppi(npv, one) for one in (x, y, nothing)]
    assert worth[:2] == pytest.approx([worth_of_uniform(-0.4, 0.6)] * 2, rel=0.01)
    everything = evpi(npv)
    assert everything == pytest.approx(0.9**3 / 6, rel=0.01)
    assert worth[0] < everything < worth[0] + worth[1]
    assert worth[2] <= 0.02 * everything


def test_a_step_is_found():
    """Plan B costs 1 less below a third and 1 more above it: knowing x is worth a third, which a line would not see."""
    (x,) = draw(1)
    npv = np.stack([np.zeros(SAMPLES), np.where(x < 1 / 3, -1.0, 1.0)])
    assert evppi(npv, x) == pytest.approx(1 / 3, rel=0.02)


def test_three_plans():
    """Costs of 0, ``x − 0.2`` and ``0.8 − x``: below 0.2 the second, above 0.8 the third saves; 0.02 each."""
    (x,) = draw(1)
    npv = np.stack([np.zeros(SAMPLES), x - 0.2, 0.8 - x])
    assert evppi(npv, x) == pytest.approx(0.04, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), plans=st.integers(1, 5), count=st.sampled_from([8, 64, 512]))
def test_never_below_nothing_nor_above_everything(seed, plans, count):
    """Whatever the costs are, one input is worth no more than all."""
    rng = np.random.default_rng(seed)
    x = rng.choice([rng.normal(size=count), np.round(rng.random(count), 1), np.ones(count)])
    npv = rng.normal(size=(plans, 1)) + rng.normal(size=(plans, 1)) * x + rng.normal(size=(plans, count))
    found = evppi(npv, x)
    assert 0 <= found <= evpi(npv) + 1e-12


def test_plans_that_cost_the_same_leave_nothing_to_know():
    """Neither equal plans nor a single one nor an input that does not vary is worth asking about."""
    x, y = draw(2)
    assert evppi(np.stack([x, x]), x) == 0
    assert evppi(x[None], x) == 0
    assert evppi(np.stack([x, y]), np.ones(SAMPLES)) == 0


def test_by_driver_most_first_and_among_candidates_only():
    """The input that matters comes first; a plan that may not be recommended does not make one matter."""
    x, y, z = draw(3)
    specs = tuple(Spec(name, Moves.RENT, name, Basis.QUOTED, 0.9, 1.1) for name in "xyz")
    npv = np.stack([np.ones(SAMPLES), 0.5 + 0.3 * x + 0.9 * y, 10 * z])
    futures = Futures(specs, np.stack([x, y, z], axis=1), npv, np.zeros_like(npv), (0, 1))
    found = evppi_by_driver(futures)
    assert [one.spec.name for one in found][:1] == ["y"]
    assert {one.spec.name: one.evppi for one in found}["z"] == pytest.approx(0, abs=1e-3)
    assert [one.evppi for one in found] == sorted((one.evppi for one in found), reverse=True)
