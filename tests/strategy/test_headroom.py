"""How full a replica may be planned: against queueing theory, on made-up profiles whose answer is known."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.demand.record import PROBABILITIES, Lengths, Quantiles, WorkloadDemand
from kit.engagement.record import Latency
from kit.profiler.profile import Engine, HardwareProfile, Point, ProfiledModel, Regime, Spread
from kit.record import Basis, Figure
from kit.strategy.headroom import MOST, arrivals, curve_of, headroom, hour_share, traffic_of, work_of, works

DAY = dt.date(2026, 11, 22)
STEP = MOST / 64


def figure(value: float, basis: Basis = Basis.MEASURED) -> Figure:
    return Figure(value=value, basis=basis, source="test", date=DAY)


FLAT = figure(0.7)


def quantiles(tokens: list[float]) -> Quantiles:
    return Quantiles(tokens=tuple(tokens), requests=10**9, basis=Basis.MEASURED, source="test", date=DAY)


def exponential(mean: float) -> Quantiles:
    """Quantiles of an exponential distribution; the longest of a thousand million stands at 1."""
    return quantiles([-mean * math.log(1 - min(p, 1 - 5e-10)) for p in PROBABILITIES])


def item(*, prompt: float = 100.0, output: float = 1000.0, constant: bool = False, **other) -> WorkloadDemand:
    """Return a workload with prompts that are alike and answers of exponential lengths."""
    answers = quantiles([output] * len(PROBABILITIES)) if constant else exponential(output)
    known = {
        "lengths": Lengths(prompt=quantiles([prompt] * len(PROBABILITIES)), output=answers, correlation=figure(0)),
        "minute_rate_cv": figure(0),
    }
    return WorkloadDemand(
        workload="Chat",
        requests_per_hour=(3600.0,) * 168,
        requests_per_day=figure(86_400),
        prompt_tokens=figure(prompt),
        output_tokens=figure(output),
        cached_tokens=figure(0),
        deferrable=False,
        shape=figure(1),
        **{**known, **other},
    )


def profile(*points: Point) -> HardwareProfile:
    return HardwareProfile(
        name="test",
        basis=Basis.MEASURED,
        source="test",
        date=DAY,
        accelerator="CPU",
        accelerators=1,
        engine=Engine(name="test"),
        model=ProfiledModel(name="test", architecture="test", dtype="bf16"),
        points=points,
    )


def point(level: int | None, *, seconds: float, ttft: float | None = None, prompt=100.0, output=1000.0) -> Point:
    """Return a point at which one request takes ``seconds`` of the replica."""
    return Point(
        prompt_tokens=prompt,
        output_tokens=output,
        regime=Regime.SATURATED if level is None else Regime.CLOSED_LOOP,
        concurrency=level,
        output_tokens_per_s=output / seconds,
        ttft_s=None if ttft is None else Spread(mean=ttft),
    )


ONE_BY_ONE = profile(point(1, seconds=1.0, ttft=1e-6))
SHARED = profile(point(1, seconds=1.0, ttft=1e-6), point(400, seconds=1.0, ttft=4e-4))
PROPORTIONAL = profile(point(1, seconds=1.0, ttft=0.01), point(400, seconds=1 / 400, ttft=0.01))


def e2e(seconds: float) -> Latency:
    return Latency(e2e_p95_s=figure(seconds))


def share(curve: HardwareProfile, level: int | None, latency: Latency | None, *, seconds: float = 1.0, **other):
    given_item = other.pop("workload", None) or item()
    return headroom(curve, level, workload=given_item, seconds=seconds, latency=latency, flat=FLAT, **other)


class TestTheory:
    @pytest.mark.parametrize("load", [0.4, 0.6, 0.8])
    def test_first_come_first_served(self, load):
        """M/M/1: the p95 of the stay is S · ln 20 / (1 − ρ), so the limit that is that at ρ gives ρ."""
        found = share(ONE_BY_ONE, 1, e2e(math.log(20) / (1 - load)))
        assert found.share == pytest.approx(load, abs=0.04)
        assert found.e2e_p95_s <= math.log(20) / (1 - load)
        assert found.basis is Basis.PREDICTED

    def test_processor_sharing_by_the_mean(self):
        """M/M/1-PS: E[T] = S / (1 − ρ), whatever the lengths; what is drawn has it at ρ = 0.6."""
        from kit.strategy.queueing import simulate

        traffic = traffic_of(item())
        work = work_of(SHARED, 400, 100, 1000, mean_s=1.0, rate=1.0)
        need, first, _ = works(traffic, work, 100_000)
        come = arrivals(traffic, 100_000, 0.6, minutes=60)
        seen = simulate(come, need, np.ones(400), most_in_service=400, first_work_s=first)
        assert seen.e2e_s[10_000:].mean() == pytest.approx(1 / (1 - 0.6), rel=0.05)

    def test_constant_work_by_pollaczek_and_khinchine(self):
        """M/D/1 waits half of what M/M/1 waits in the mean, so the same limit lets more in."""
        limit = e2e(6.0)
        assert share(ONE_BY_ONE, 1, limit, workload=item(constant=True)).share > share(ONE_BY_ONE, 1, limit).share + 0.1

    def test_a_rate_in_proportion_to_the_number_needs_no_room(self):
        """M/G/∞: nobody slows anybody, so a limit just above the stay of one alone holds at nearly any load."""
        found = share(PROPORTIONAL, 400, e2e(math.log(20) * 1.1), seconds=1 / 400)
        assert found.share >= 0.9
        assert share(SHARED, 400, e2e(math.log(20) * 1.1)).share < 0.2

    def test_a_full_replica_shows_what_was_measured_on_a_full_one(self):
        """With all places taken: TTFT = a · P · n / r(n) and E2E = n · s, as the points say."""
        curve = profile(point(4, seconds=0.5, ttft=0.2), point(16, seconds=0.25, ttft=0.6))
        rate = 8.0  # r(16): twice the throughput at 4, which is 4 times that of one
        assert curve_of(curve, 16, [(100, 1000, 1.0)])[-1] == pytest.approx(rate)
        work = work_of(curve, 16, 100, 1000, mean_s=rate * 0.25, rate=rate)
        assert work.prompt * 100 * 16 / rate == pytest.approx(0.6)
        assert (work.prompt * 100 + work.output * 1000) * 16 / rate == pytest.approx(16 * 0.25)


class TestHours:
    def test_no_limit_and_many_small_requests(self):
        """Nobody waits, and an hour of many requests is like another: nothing but the 0.95 bounds it."""
        found = share(ONE_BY_ONE, 1, None, seconds=0.1, workload=item(constant=True))
        assert found.share == MOST
        assert found.requests >= 8000

    def test_no_limit_and_few_long_requests(self):
        """60 s each, exponential: ρ + 1.645 · √(2ρ · 60 / 3600) = 1 at ρ = 0.7414."""
        assert hour_share(60, work_cv2=1, gaps_cv2=1, rate_variance=0) == pytest.approx(0.7414, abs=1e-4)
        curve = profile(point(1, seconds=60.0, ttft=1.0))
        assert share(curve, 1, None, seconds=60).share == pytest.approx(0.7414, abs=0.01)

    def test_minutes_that_differ(self):
        """60 minutes of cv 1: the hour's mean has cv 1/√60, so ρ · (1 + 1.645/√60) = 1."""
        found = hour_share(1e-9, work_cv2=1, gaps_cv2=1, rate_variance=1)
        assert found == pytest.approx(1 / (1 + 1.645 / math.sqrt(60)), abs=1e-3)

    def test_so_many_drawn_hours_can_end_their_work(self):
        """The normal approximation holds: of drawn hours at that share 95 of 100 have no more work than an hour."""
        at = hour_share(20, work_cv2=1, gaps_cv2=1, rate_variance=0)
        random = np.random.default_rng(5)
        hours = [random.exponential(20, random.poisson(at * 180)).sum() for _ in range(4000)]
        assert np.mean(np.array(hours) <= 3600) == pytest.approx(0.95, abs=0.015)


class TestBursts:
    LIMIT = Latency(ttft_p95_s=figure(2.0))

    def at(self, **other) -> float:
        return share(SHARED_16, 16, self.LIMIT, seconds=0.5, workload=item(**other)).share

    def test_bursts_lower_it(self):
        found = [self.at(minute_rate_cv=figure(cv)) for cv in (0.0, 0.5, 1.0)]
        assert found[0] > found[1] + STEP > found[2] + 2 * STEP

    def test_burstiness_alone_is_read_as_a_drawing_reads_it(self):
        """V = (c² − 1) / (c² + 1): c² = 5/3 is minutes of cv 0.5."""
        alone = self.at(minute_rate_cv=None, burstiness=figure(math.sqrt(5 / 3)))
        assert alone == self.at(minute_rate_cv=figure(0.5))

    def test_replicas_thin_the_gaps_but_not_the_minutes(self):
        gaps = item(burstiness=figure(4.0))
        assert traffic_of(gaps).gaps_cv2 == pytest.approx(16)
        assert traffic_of(gaps, replicas=5).gaps_cv2 == pytest.approx(4)
        assert traffic_of(item(minute_rate_cv=figure(0.5)), replicas=5).rate_variance == pytest.approx(0.25)
        one = share(ONE_BY_ONE, 1, e2e(8.0), workload=gaps)
        assert share(ONE_BY_ONE, 1, e2e(8.0), workload=gaps, replicas=5).share > one.share + STEP

    @pytest.mark.parametrize(("cv2", "rate_cv"), [(1.0, 0.0), (4.0, 0.0), (1.0, 0.5)])
    def test_what_is_drawn_has_the_burstiness_asked_for(self, cv2, rate_cv):
        """Thinned gaps' cv², and the variance of the minutes' rates."""
        squared = (1 + cv2) / (1 - rate_cv**2) - 1
        traffic = traffic_of(item(burstiness=figure(math.sqrt(squared)), minute_rate_cv=figure(rate_cv)))
        assert traffic.gaps_cv2 == pytest.approx(cv2)
        come = arrivals(traffic, 200_000, 20.0, minutes=166)
        gaps = np.diff(come)
        assert gaps.mean() == pytest.approx(1 / 20, rel=0.02)
        assert gaps.var() / gaps.mean() ** 2 == pytest.approx(squared, rel=0.05)

    def test_nothing_known_is_poisson_as_an_assumption(self):
        found = share(SHARED_16, 16, self.LIMIT, seconds=0.5, workload=item(minute_rate_cv=None))
        assert found.basis is Basis.ASSUMED
        assert "Poisson" in found.why
        assert found.share == self.at()

    def test_lengths_that_nobody_knows_are_those_of_a_trace(self):
        found = share(SHARED_16, 16, self.LIMIT, seconds=0.5, workload=item(lengths=None))
        assert found.basis is Basis.ASSUMED
        assert "trace" in found.why
        traffic = traffic_of(item(lengths=None))
        need, first, output = works(traffic, work_of(SHARED_16, 16, 100, 1000, mean_s=2.0, rate=4.0), 20_000)
        assert need.mean() == pytest.approx(2.0)
        assert output.mean() == pytest.approx(1000)
        assert np.all(first <= need)


SHARED_16 = profile(point(1, seconds=2.0, ttft=0.05), point(16, seconds=0.5, ttft=0.4))


class TestWhatIsNotKnown:
    def test_saturated_load_has_no_curve(self):
        found = share(profile(point(None, seconds=0.1)), None, e2e(5), seconds=0.1)
        assert (found.share, found.basis, found.requests) == (0.7, Basis.ASSUMED, 0)
        assert found.e2e_p95_s is None
        assert "saturated" in found.why

    def test_no_time_to_first_token(self):
        curve = profile(point(1, seconds=2.0), point(16, seconds=0.5))
        assert share(curve, 16, Latency(ttft_p95_s=figure(1)), seconds=0.5).requests == 0
        found = share(curve, 16, e2e(20), seconds=0.5)
        assert found.requests > 0
        assert found.ttft_p95_s is None

    def test_a_limit_that_nobody_keeps(self):
        found = share(SHARED_16, 16, e2e(0.1), seconds=0.5)
        assert found.share == 0
        assert "over the limit" in found.why

    def test_arguments_that_make_no_sense(self):
        with pytest.raises(ValueError, match="not measured"):
            share(SHARED_16, 8, None)
        with pytest.raises(ValueError, match="seconds"):
            share(SHARED_16, 16, None, seconds=0.0)
        with pytest.raises(ValueError, match="replica"):
            share(SHARED_16, 16, None, replicas=0)


class TestLimits:
    def test_the_network_takes_its_part_of_the_limit(self):
        near, far = (
            share(ONE_BY_ONE, 1, e2e(6.0), network_s=network).share for network in (0.0, 6.0 - math.log(20) / 0.7)
        )
        assert near > far
        assert far == pytest.approx(0.3, abs=0.04)

    def test_the_time_per_token(self):
        """A full replica gives a token each n · s / O; half of it is to be had only with room left."""
        full = Latency(tpot_p95_s=figure(16 * 0.5 / 1000))
        assert share(SHARED_16, 16, full, seconds=0.5).share >= 0.9
        assert share(SHARED_16, 16, Latency(tpot_p95_s=figure(0.004)), seconds=0.5).share < 0.9

    @settings(max_examples=12, deadline=None)
    @given(st.floats(1.0, 60.0), st.floats(1.0, 3.0), st.sampled_from([0.0, 0.7]))
    def test_a_looser_limit_never_lowers_it(self, limit, looser, cv):
        work = item(minute_rate_cv=figure(cv))
        tight, loose = (
            share(SHARED_16, 16, e2e(seconds), seconds=0.5, workload=work).share for seconds in (limit, limit * looser)
        )
        assert loose >= tight
        assert share(SHARED_16, 16, None, seconds=0.5, workload=work).share >= loose

    @settings(max_examples=12, deadline=None)
    @given(st.floats(2.0, 30.0), st.floats(0.0, 1.0), st.floats(0.05, 0.5))
    def test_more_bursts_never_raise_it(self, limit, cv, more):
        """Within two steps of the search."""
        few, many = (
            share(SHARED_16, 16, e2e(limit), seconds=0.5, workload=item(minute_rate_cv=figure(value))).share
            for value in (cv, cv + more)
        )
        assert many <= few + 2 * STEP

    def test_equal_arguments_give_equal_results(self):
        assert share(SHARED_16, 16, e2e(9), seconds=0.5) == share(SHARED_16, 16, e2e(9), seconds=0.5)
