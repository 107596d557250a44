"""The rehearsal of a pool's busiest hour: against queueing theory, and against what its parts say."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from kit.demand.record import PROBABILITIES, Lengths, Quantiles, WorkloadDemand
from kit.engagement.record import GpuOffer, Latency, Place
from kit.facts.models import model
from kit.profiler.profile import Engine, HardwareProfile, Point, ProfiledModel, Regime, Spread
from kit.record import Basis, Figure
from kit.strategy.answers import Rehearsed, Waits
from kit.strategy.options import Pool
from kit.strategy.rehearsal import REQUESTS, Member, rehearse
from kit.strategy.rehearsing import as_rehearsed
from kit.strategy.verdict import Placement

DAY = dt.date(2026, 11, 22)


def figure(value: float) -> Figure:
    return Figure(value=value, basis=Basis.MEASURED, source="test", date=DAY)


def quantiles(tokens: list[float]) -> Quantiles:
    return Quantiles(tokens=tuple(tokens), requests=10**9, basis=Basis.MEASURED, source="test", date=DAY)


def item(name: str = "Chat", *, prompt: float = 100.0, output: float = 1000.0, cv: float = 0.0) -> WorkloadDemand:
    """Return a workload with prompts that are alike and answers of exponential lengths."""
    answers = [-output * math.log(1 - min(p, 1 - 5e-10)) for p in PROBABILITIES]
    return WorkloadDemand(
        workload=name,
        requests_per_hour=(3600.0,) * 168,
        requests_per_day=figure(86_400),
        prompt_tokens=figure(prompt),
        output_tokens=figure(output),
        cached_tokens=figure(0),
        deferrable=False,
        shape=figure(1),
        lengths=Lengths(
            prompt=quantiles([prompt] * len(PROBABILITIES)), output=quantiles(answers), correlation=figure(0)
        ),
        minute_rate_cv=figure(cv),
    )


def pool(*points: Point, level: int | None) -> Pool:
    name = "Llama-3.1-8B-Instruct"
    curve = HardwareProfile(
        name="test",
        basis=Basis.MEASURED,
        source="test",
        date=DAY,
        accelerator="H100 SXM",
        accelerators=1,
        engine=Engine(name="test"),
        model=ProfiledModel(name=name, architecture=model(name).architecture, dtype="bf16"),
        points=points,
    )
    offer = GpuOffer(accelerator="H100 SXM", tenure=Place.OWN)
    return Pool(offer, model(name), curve, level, figure(1.0), None)


def point(level: int | None, *, seconds: float, ttft: float | None = None) -> Point:
    return Point(
        prompt_tokens=100,
        output_tokens=1000,
        regime=Regime.SATURATED if level is None else Regime.CLOSED_LOOP,
        concurrency=level,
        output_tokens_per_s=1000 / seconds,
        ttft_s=None if ttft is None else Spread(mean=ttft),
    )


ONE_BY_ONE = pool(point(1, seconds=1.0, ttft=1e-6), level=1)
SHARED = pool(point(1, seconds=2.0, ttft=0.05), point(16, seconds=0.5, ttft=0.4), level=16)


def e2e(seconds: float) -> Latency:
    return Latency(e2e_p95_s=figure(seconds))


class TestTheory:
    def test_first_come_first_served(self):
        """M/M/1 at ρ = 0.6 on each of two replicas: p50, p95 and p99 of the stay are S · ln(1 / (1 − q)) / 0.4."""
        found = rehearse(
            ONE_BY_ONE, replicas=3, spare=1, members=[Member(item(), 2 * 0.6 * 3600, None)], thresholds=[9]
        )
        assert found.load == pytest.approx(0.6)
        seen = found.in_all.latencies.e2e_s
        for value, q in ((seen.p50, 0.5), (seen.p95, 0.95), (seen.p99, 0.99)):
            assert value == pytest.approx(math.log(1 / (1 - q)) / 0.4, rel=0.1)
        assert found.requests >= REQUESTS
        assert found.requests == pytest.approx(found.hours * 0.6 * 3600, rel=0.03)

    def test_what_a_threshold_sends_away(self):
        """M/M/1/K at ρ = 0.8: of the arrivals (1 − ρ)ρᴷ / (1 − ρᴷ⁺¹) find K in the system."""
        found = rehearse(ONE_BY_ONE, replicas=1, spare=0, members=[Member(item(), 2880, None)], thresholds=[2, 5])
        for trial in found.trials:
            k = trial.threshold
            assert trial.in_all.sent_away == pytest.approx(0.2 * 0.8**k / (1 - 0.8 ** (k + 1)), rel=0.07)

    def test_two_that_are_alike_are_as_one(self):
        """Half and half of the same: both wait what one alone would, within the noise."""
        alone = rehearse(SHARED, replicas=1, spare=0, members=[Member(item(), 4000, None)])
        halves = rehearse(
            SHARED, replicas=1, spare=0, members=[Member(item("A"), 2000, None), Member(item("B"), 2000, None)]
        )
        assert halves.load == pytest.approx(alone.load)
        for wait in halves.members:
            assert wait.latencies.e2e_s.p50 == pytest.approx(alone.in_all.latencies.e2e_s.p50, rel=0.05)
            assert wait.latencies.e2e_s.p95 == pytest.approx(alone.in_all.latencies.e2e_s.p95, rel=0.1)


class TestMembers:
    def test_each_has_its_own_lengths_and_the_load_is_the_planned_one(self):
        short, long = Member(item("Short", output=1000), 2000, None), Member(item("Long", output=3000), 400, None)
        found = rehearse(SHARED, replicas=3, spare=1, members=[short, long])
        # One shape only: three times the output costs three times as much.
        assert found.load == pytest.approx((2000 * 0.5 + 400 * 1.5) / 2 / 3600)
        a, b = found.members
        assert (a.workload, b.workload) == ("Short", "Long")
        assert b.latencies.e2e_s.p50 > 2 * a.latencies.e2e_s.p50
        assert a.latencies.requests + b.latencies.requests == found.requests

    def test_bursts_make_all_wait_longer(self):
        calm, wild = (
            rehearse(SHARED, replicas=1, spare=0, members=[Member(item(cv=cv), 5000, None)]).in_all for cv in (0.0, 0.8)
        )
        assert wild.latencies.ttft_s.p95 > 1.5 * calm.latencies.ttft_s.p95

    def test_the_network_is_part_of_what_a_member_waits(self):
        near, far = (
            rehearse(SHARED, replicas=1, spare=0, members=[Member(item(), 3000, e2e(60), network)], thresholds=[99])
            for network in (0.0, 0.5)
        )
        assert far.members[0].latencies.ttft_s.p95 == pytest.approx(near.members[0].latencies.ttft_s.p95 + 0.5)
        assert far.in_all == near.in_all


class TestThresholds:
    def test_the_highest_that_keeps_each_limit(self):
        """What the trials say: kept at that one, not kept at the next."""
        strict, lax = Member(item("Strict"), 3000, Latency(ttft_p95_s=figure(1.0))), Member(item("Lax"), 3000, e2e(900))
        found = rehearse(SHARED, replicas=1, spare=0, members=[strict, lax, Member(item("None"), 900, None)])
        assert set(found.thresholds) == {"Strict", "Lax"}
        assert found.thresholds["Lax"] == found.trials[-1].threshold
        assert found.thresholds["Strict"] == max(t.threshold for t in found.trials if t.members[0].kept)
        assert found.members[0].kept is False
        assert found.members[1].kept is True
        assert found.members[2].kept is None
        away = [trial.in_all.sent_away for trial in found.trials]
        assert away == sorted(away, reverse=True)
        assert away[0] > 0

    def test_a_limit_that_no_threshold_keeps(self):
        found = rehearse(SHARED, replicas=1, spare=0, members=[Member(item(), 3000, e2e(0.1))])
        assert found.thresholds == {"Chat": None}

    def test_a_load_beyond_the_capacity_is_served_with_overflow(self):
        found = rehearse(SHARED, replicas=1, spare=0, members=[Member(item(), 10_800, e2e(60))], thresholds=[16])
        assert found.load == pytest.approx(1.5)
        assert found.members[0].kept is False
        # No waiting room: π(16) of the chain with π(n) ∝ Π λ·S / r(k), however long the answers are; λ·S = 3 · 2.
        pi = np.cumprod(np.append(1.0, 6 / np.linspace(1.0, 4.0, 16)))
        assert found.trials[0].in_all.sent_away == pytest.approx(pi[-1] / pi.sum(), abs=0.01)
        assert found.thresholds == {"Chat": 16}


class TestWhatIsNotKnown:
    def test_saturated_load_has_no_curve(self):
        found = rehearse(
            pool(point(None, seconds=0.1), level=None), replicas=2, spare=1, members=[Member(item(), 9, None)]
        )
        assert found.in_all is None
        assert "saturated" in found.why

    def test_no_load(self):
        assert rehearse(SHARED, replicas=2, spare=1, members=[Member(item(), 0, None)]).why

    def test_no_time_to_first_token(self):
        """Then a limit on it is not known to hold, and no figure is given."""
        bare = pool(point(1, seconds=2.0), point(16, seconds=0.5), level=16)
        found = rehearse(bare, replicas=1, spare=0, members=[Member(item(), 3000, Latency(ttft_p95_s=figure(9)))])
        assert found.members[0].latencies.ttft_s == Spread()
        assert found.members[0].tpot_p95_s is None
        assert found.members[0].kept is False

    def test_arguments_that_make_no_sense(self):
        with pytest.raises(ValueError, match="none is left"):
            rehearse(SHARED, replicas=1, spare=1, members=[Member(item(), 9, None)])
        with pytest.raises(ValueError, match="0 or more"):
            rehearse(SHARED, replicas=1, spare=0, members=[Member(item(), -9, None)])


def test_equal_arguments_give_equal_results():
    first, second = (rehearse(SHARED, replicas=1, spare=0, members=[Member(item(cv=0.5), 5000, None)]) for _ in "ab")
    assert first == second
    other = rehearse(SHARED, replicas=1, spare=0, members=[Member(item(cv=0.5), 5000, None)], seed=7)
    assert not np.isclose(other.in_all.latencies.e2e_s.p95, first.in_all.latencies.e2e_s.p95, rtol=1e-9)


def test_a_placement_tells_the_wait_of_the_simulated_hour():
    """Where its pool was simulated the placement has that figure; at an API it keeps its own."""
    three = dict.fromkeys(("p50", "p95", "p99"), 1.0)
    waits = Waits(workload="Chat", **{f"{k}_{q}_s": v for k in ("ttft", "e2e") for q, v in three.items()}, kept=True)
    row = Rehearsed.model_construct(pool="8B on own L40S", waits=(waits,))
    here = Placement.model_construct(workload="Chat", goes_to=("8B on own L40S",), ttft_p95_s=3.7)
    there = Placement.model_construct(workload="Code", goes_to=("gpt-5 (openai)",), ttft_p95_s=0.8)
    assert [one.ttft_p95_s for one in as_rehearsed([here, there], [row])] == [1.0, 0.8]
