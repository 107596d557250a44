"""What fills the accelerators: predicted by hand, measured where a profile says so, left out where it does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kit.profiler.profile import Memory
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.filling import memory
from tests.strategy.cases import decided
from tests.strategy.insured import insurer_case, pooled, profiled

GIB = 2**30
TOTAL = 79.65
"""GiB that the driver reports of an H100 SXM: 81,559 MiB."""


@pytest.fixture
def case(insurer, insurer_verdict) -> Case:
    return insurer_case(insurer, insurer_verdict)


def test_the_prediction_by_hand(case):
    """70.55 × 10⁹ parameters in FP8 but for 2 × 128,256 × 8,192 of embedding and head in 16 bits, on two cards.

    The cache: 32 requests in blocks of 16 tokens, 80 layers × 2 × 8 heads × 128 × 2 bytes a token, on two cards.
    """
    (row,) = memory(case)
    ends = 2 * 128_256 * 8192
    assert row.weights == pytest.approx((70.55e9 - ends + 2 * ends) / 2 / GIB, rel=1e-3)
    blocks = row.kv_cache * GIB / (32 * 16 * 80 * 2 * 8 * 128 * 2 / 2)
    assert blocks == pytest.approx(round(blocks))
    assert row.total == pytest.approx(81_559 / 1024, abs=5e-3)
    assert (row.pool, row.accelerator, row.basis) == (case.verdict.pools[0].label, "H100 SXM", Basis.PREDICTED)


def test_the_requests_in_flight_are_a_mean_of_the_work_that_is_served(case):
    """Between the shortest and the longest of its workloads, nearer to the chat, which is most of the load."""
    (row,) = memory(case)
    tokens = row.kv_cache * GIB / (32 * 80 * 2 * 8 * 128 * 2 / 2)
    assert 1320 < tokens < (1320 + 2950) / 2
    assert "32 requests" in row.note
    assert "The longest mean request of a workload has 2,950 tokens" in row.note
    assert row.note.count("requests of up to 16,000 are asked for and take more still.") == 1


def test_the_parts_fill_the_card(case):
    """Weights, cache, the rest and what is free are all there is, and none of them is negative."""
    measured = profiled(case, memory=Memory(weights_gib=70, kv_cache_gib=60, activations_gib=4))
    assert (len(memory(case)), len(memory(measured))) == (1, 1)
    for row in (*memory(case), *memory(measured)):
        parts = (row.weights, row.kv_cache, row.other, row.free)
        assert sum(parts) == pytest.approx(row.total)
        assert min(parts) >= 0


def test_a_measurement_goes_before_a_prediction(case):
    """A replica of two cards: half of each figure on each; what the profile does not hold is named."""
    held = Memory(weights_gib=70, kv_cache_gib=60, activations_gib=4, graphs_gib=2)
    (row,) = memory(profiled(case, memory=held, basis=Basis.MEASURED))
    assert (row.weights, row.kv_cache, row.other) == (35, 30, 3)
    assert row.free == pytest.approx(TOTAL - 68)
    assert row.basis is Basis.MEASURED
    assert "does not hold the runtime" in row.note
    assert "81559 MiB" in row.note


def test_half_a_measurement_is_none(case):
    """Weights alone say nothing of what is free: the whole row is predicted."""
    (row,) = memory(profiled(case, memory=Memory(weights_gib=70)))
    assert row.basis is Basis.PREDICTED
    assert row.weights == pytest.approx(33.8, abs=0.1)


def test_what_does_not_fit_is_left_out(case):
    """140 GiB of 16-bit weights on two cards of 80 GiB leave no room; nor do 200 GiB that somebody measured."""
    profile = next(pool.profile for pool, used in zip(case.choice.pools, case.best.plan.used, strict=True) if used)
    model = profile.model
    assert memory(profiled(case, model=model.model_copy(update={"dtype": "bf16"}))) == ()
    assert memory(profiled(case, memory=Memory(weights_gib=100, kv_cache_gib=100))) == ()


def test_what_is_not_known_is_left_out(case):
    """A number format or an architecture that the kit does not know, and a processor without an accelerator."""
    model = next(p.profile for p, used in zip(case.choice.pools, case.best.plan.used, strict=True) if used).model
    assert memory(profiled(case, model=model.model_copy(update={"dtype": "ternary"}))) == ()
    assert memory(profiled(case, model=model.model_copy(update={"architecture": "not stated"}))) == ()
    assert memory(profiled(case, accelerator="CPU")) == ()


def test_a_saturated_replica_holds_as_many_requests_as_it_can(case):
    """The engine takes 92 % of the card; one more request of the same length would go beyond it."""
    (few,), (many,) = memory(case), memory(pooled(case, level=None))
    each = few.kv_cache / 32
    taken = many.total - many.free
    assert taken <= 0.92 * many.total < taken + each + 0.1
    assert many.kv_cache > few.kv_cache
    assert "saturated" in many.note


def test_another_engine_than_vllm_is_said(case):
    """What the engine needs beside weights and cache is known of vLLM; a profile of another one says so."""
    profile = next(p.profile for p, used in zip(case.choice.pools, case.best.plan.used, strict=True) if used)
    assert "TensorRT-LLM" not in memory(case)[0].note
    other = profiled(case, engine=profile.engine.model_copy(update={"name": "TensorRT-LLM"}))
    assert "the profile is of TensorRT-LLM" in memory(other)[0].note


def test_a_plan_without_machines_fills_none(case):
    """No pool, no row."""
    plan = case.best.plan
    idle = replace(case.best, plan=replace(plan, running=np.zeros_like(plan.running)))
    assert memory(replace(decided(case, pools=()), solved=(idle,))) == ()
