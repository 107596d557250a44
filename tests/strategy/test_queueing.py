"""What requests wait on one replica: against queueing theory, and against a simulation that keeps everybody's work."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.demand.draw import draw
from kit.demand.record import WorkloadDemand
from kit.record import Basis, Figure
from kit.strategy.queueing import rates, simulate
from kit.strategy.waiting import latencies, overflows

MANY = 400_000
CURVE = rates((1, 4, 16, 64), (0.10, 0.32, 0.85, 1.6), most=64)
"""As measured curves look: 3.2, 8.5 and 16 times the throughput of one request at 4, 16 and 64."""


def poisson(rate: float, *, seed: int, number: int = MANY) -> np.ndarray:
    """Return arrivals, stretched to the mean rate exactly: the load is not what these tests want to be uncertain."""
    at = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, number))
    return at * (number / rate / at[-1])


def works(kind: str, mean: float, *, seed: int, number: int = MANY) -> np.ndarray:
    """Return works of a distribution with this mean, which they have exactly."""
    random = np.random.default_rng(seed)
    drawn = np.ones(number) if kind == "constant" else random.exponential(1.0, number)
    if kind == "hyperexponential":  # squared coefficient of variation: 4
        p = (1 + math.sqrt(3 / 5)) / 2
        drawn *= np.where(random.random(number) < p, 1 / p, 1 / (1 - p))
    return drawn * (mean / drawn.mean())


def settled(values: np.ndarray) -> np.ndarray:
    """Leave out the first fiftieth, for the replica was empty when it began."""
    return values[len(values) // 50 :]


def birth_death(load: float, rate: np.ndarray, *, serving: int, states: int) -> np.ndarray:
    """π(n) ∝ Π load / r(min(k, serving)), k = 1 … n."""
    steps = load / rate[np.minimum(np.arange(1, states), serving) - 1]
    pi = np.cumprod(np.append(1.0, steps))
    return pi / pi.sum()


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)


def brute_force(arrivals, work, first, rate, *, most, room):
    """Keep the work that each still has, and go to the next event, whoever's it is."""
    number = len(arrivals)
    start, token, end = ([math.nan] * number for _ in range(3))
    left: dict[int, float] = {}
    queue: list[int] = []
    now, index = 0.0, 0
    while index < number or left:
        speed = rate[len(left) - 1] / len(left) if left else 0.0
        done = now + min(left.values()) / speed if left else math.inf
        coming = arrivals[index] if index < number else math.inf
        until = min(done, coming)
        for key, rest in list(left.items()):
            needed = rest - (work[key] - first[key])
            if math.isnan(token[key]) and needed <= (until - now) * speed:
                token[key] = now + needed / speed
            left[key] = rest - (until - now) * speed
        now = until
        if done <= coming:
            gone = min(left, key=left.__getitem__)
            end[gone] = now
            if math.isnan(token[gone]):
                token[gone] = now
            del left[gone]
            if queue:
                key = queue.pop(0)
                start[key], left[key] = now, work[key]
        else:
            if len(left) < min(most, room):
                start[index], left[index] = now, work[index]
            elif len(left) + len(queue) < room:
                queue.append(index)
            index += 1
    return start, token, end


class TestByHand:
    def test_two_share_and_the_second_is_alone_at_last(self):
        # Alone until 1 s, then both at half speed: the first has 1 s left, which takes 2; the second then 2 of 3.
        result = simulate([0.0, 1.0], [2.0, 3.0], [1.0, 1.0], most_in_service=2, first_work_s=[0.5, 0.5])
        assert result.end_s.tolist() == [3.0, 5.0]
        assert result.first_s.tolist() == [0.5, 2.0]
        assert result.start_s.tolist() == [0.0, 1.0]

    def test_a_rate_that_grows_with_the_number_in_service(self):
        # Both at 1.5 / 2 from 1 s: the first has 1 s left, 4/3 s; the second has had 1 s by then, 2 remain.
        result = simulate([0.0, 1.0], [2.0, 3.0], [1.0, 1.5], most_in_service=2)
        np.testing.assert_allclose(result.end_s, [1 + 4 / 3, 1 + 4 / 3 + 2])

    def test_who_finds_no_place_waits_in_the_order_of_arrival(self):
        result = simulate([0.0, 0.0, 1.0, 1.5], [2.0, 4.0, 1.0, 1.0], [1.0, 2.0], most_in_service=2)
        assert result.start_s.tolist() == [0.0, 0.0, 2.0, 3.0]
        assert result.end_s.tolist() == [2.0, 4.0, 3.0, 4.0]
        assert result.wait_s.tolist() == [0.0, 0.0, 1.0, 1.5]

    def test_who_finds_the_threshold_is_sent_away(self):
        result = simulate(
            [0.0, 0.0, 1.0, 1.5, 2.0], [2.0, 4.0, 1.0, 1.0, 1.0], [1.0, 2.0], most_in_service=2, overflow_threshold=3
        )
        assert result.overflowed.tolist() == [False, False, False, True, False]
        assert result.overflow == 0.2
        assert result.found.tolist() == [0, 1, 2, 3, 2]
        assert np.isnan(result.end_s[3])
        assert result.ttft_s.tolist() == [0.0, 0.0, 1.0, 1.0]

    def test_the_clock_may_begin_anywhere(self):
        late = simulate(np.array([0.0, 1.0]) + 1.8e9, [2.0, 3.0], [1.0, 1.0], most_in_service=2)
        np.testing.assert_allclose(late.end_s - 1.8e9, [3.0, 5.0])

    def test_who_does_not_wait_waits_0_to_the_last_bit(self):
        arrivals = np.append(-math.pi * 1e4, poisson(0.5, seed=1, number=9_999))
        result = simulate(arrivals, np.full(10_000, 1.0), np.ones(10_000), most_in_service=10_000)
        assert not result.wait_s.any()
        assert (result.ttft_s >= 0).all()
        assert (result.e2e_s >= result.ttft_s).all()

    def test_nobody_comes(self):
        result = simulate([], [], [1.0], most_in_service=1)
        assert result.overflow == 0
        assert latencies(result).requests == 0
        assert latencies(result).e2e_s.p50 is None

    @pytest.mark.parametrize(
        ("arrivals", "work", "rate", "more"),
        [
            ([0.0, 1.0], [1.0], [1.0], {}),
            ([1.0, 0.0], [1.0, 1.0], [1.0], {}),
            ([0.0], [-1.0], [1.0], {}),
            ([0.0], [math.inf], [1.0], {}),
            ([0.0], [1.0], [1.0], {"first_work_s": 2.0}),
            ([0.0], [1.0], [0.0], {}),
            ([0.0, 0.0], [1.0, 1.0], [1.0], {"most_in_service": 2}),
            ([0.0], [1.0], [1.0], {"most_in_service": 0}),
            ([0.0], [1.0], [1.0], {"overflow_threshold": 0}),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, arrivals, work, rate, more):
        with pytest.raises(ValueError, match=r"must|needs|needed"):
            simulate(arrivals, work, rate, **{"most_in_service": 1, **more})

    def test_the_curve_is_of_chords_and_flat_beyond_the_last_point(self):
        assert rates((1, 3), (2.0, 4.0), most=5).tolist() == [1.0, 1.5, 2.0, 2.0, 2.0]
        assert rates((4,), (2.0,), most=5).tolist() == [1.0, 2.0, 3.0, 4.0, 4.0]
        for levels, seen in (((), ()), ((2, 1), (1.0, 1.0)), ((1, 2), (1.0, 0.0)), ((1,), (1.0, 2.0))):
            with pytest.raises(ValueError, match="service curve"):
                rates(levels, seen, most=3)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0.001, 5), st.floats(0, 1)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 5),
    st.one_of(st.none(), st.integers(1, 8)),
)
def test_it_is_what_keeping_everybodys_work_gives(requests, most, room):
    gaps, work, share = (np.array(column) for column in zip(*requests, strict=True))
    # Moments on a grid that work is not on, so that no end falls on an arrival and rounding does not decide.
    arrivals, work = np.cumsum(np.rint(gaps * 8) / 8), np.rint(work * 64) / 64 + math.pi / 1000
    work += np.arange(len(work)) * math.e * 1e-6
    rate = np.array([1.0, 1.7, 2.2, 2.6, 2.9])
    result = simulate(arrivals, work, rate, most_in_service=most, first_work_s=share * work, overflow_threshold=room)
    expected = brute_force(arrivals, work, share * work, rate, most=most, room=room or 10**9)
    for seen, wanted in zip((result.start_s, result.first_s, result.end_s), expected, strict=True):
        np.testing.assert_allclose(seen, wanted, atol=1e-9)


class TestTheory:
    @pytest.mark.parametrize("load", [0.5, 0.8])
    def test_mm1_ps_sojourn(self, load):
        # E[T] = S / (1 − ρ), E[T | x] = x / (1 − ρ). Kleinrock, Queueing Systems, vol. 2, § 4.4.
        work = works("exponential", 1.0, seed=2, number=1_000_000)
        result = simulate(poisson(load, seed=1, number=1_000_000), work, np.ones(500), most_in_service=500)
        assert settled(result.e2e_s).mean() == pytest.approx(1 / (1 - load), rel=0.02)
        for low, high in ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 4.0)):
            some = (work >= low) & (work < high)
            assert result.e2e_s[some].mean() == pytest.approx(work[some].mean() / (1 - load), rel=0.02)

    def test_mm1_ps_the_first_part_takes_its_share(self):
        # The first x of the work takes x / (1 − ρ) in the mean, whatever follows it.
        work = works("exponential", 1.0, seed=4) + 0.2
        result = simulate(poisson(0.5, seed=3), work, np.ones(500), most_in_service=500, first_work_s=0.2)
        assert result.ttft_s.mean() == pytest.approx(0.2 / (1 - 0.6), rel=0.02)

    @pytest.mark.parametrize("kind", ["constant", "hyperexponential"])
    def test_mg1_ps_does_not_ask_how_work_is_distributed(self, kind):
        result = simulate(poisson(0.7, seed=5), works(kind, 1.0, seed=6), np.ones(2000), most_in_service=2000)
        assert settled(result.e2e_s).mean() == pytest.approx(1 / 0.3, rel=0.02)
        shares = np.bincount(result.found, minlength=6)[:6] / MANY  # geometric, as arrivals see it
        np.testing.assert_allclose(shares, 0.3 * 0.7 ** np.arange(6), rtol=0.02)

    def test_mm1_first_come_first_served(self):
        # T is exponential with rate μ − λ, so each percentile is known.
        result = simulate(poisson(0.5, seed=7), works("exponential", 1.0, seed=8), [1.0], most_in_service=1)
        seen = latencies(result, warm_up_s=1000).e2e_s
        for value, q in ((seen.p50, 0.5), (seen.p95, 0.95), (seen.p99, 0.99)):
            assert value == pytest.approx(-math.log(1 - q) / 0.5, rel=0.02)

    def test_mm10(self):
        # P(wait) = C(10, a), E[W] = C / (10 − a). Four million, or the mean wait is not known to 2 % (σ = 0.65 %).
        load, number = 7.0, 4_000_000
        result = simulate(
            poisson(load, seed=9, number=number),
            works("exponential", 1.0, seed=10, number=number),
            np.arange(1.0, 11.0),
            most_in_service=10,
        )
        wait, waiting = settled(result.wait_s), erlang_c(10, load)
        assert (wait > 0).mean() == pytest.approx(waiting, rel=0.02)
        assert wait.mean() == pytest.approx(waiting / (10 - load), rel=0.02)
        assert settled(result.e2e_s).mean() == pytest.approx(1 + waiting / (10 - load), rel=0.02)

    def test_a_measured_curve_with_a_waiting_room(self):
        # Exponential work: a birth–death chain, whose states the arrivals see (PASTA).
        load, serving = 0.8 * CURVE[31], 32
        work = works("exponential", 1.0, seed=12)
        result = simulate(poisson(load, seed=11), work, CURVE, most_in_service=serving)
        pi = birth_death(load, CURVE, serving=serving, states=2000)
        assert settled(result.found).mean() == pytest.approx(pi @ np.arange(2000), rel=0.02)
        assert settled(result.wait_s > 0).mean() == pytest.approx(pi[serving:].sum(), rel=0.05)
        shares = np.bincount(settled(result.found), minlength=24)[8:24] / len(settled(work))
        np.testing.assert_allclose(shares, pi[8:24], rtol=0.05)

    @pytest.mark.parametrize("kind", ["constant", "hyperexponential"])
    def test_overflow_without_a_waiting_room_does_not_ask_how_work_is_distributed(self, kind):
        # A loss system with processor sharing is insensitive: the share sent away is π(K) of the chain cut at K.
        load = 0.9 * CURVE[63]
        found = overflows(
            poisson(load, seed=13), works(kind, 1.0, seed=14), CURVE, (8, 16, 32), most_in_service=64, warm_up_s=100
        )
        for item in found:
            pi = birth_death(load, CURVE, serving=64, states=item.threshold + 1)
            assert item.share == pytest.approx(pi[-1], rel=0.02)
            assert item.kept.e2e_s.mean == pytest.approx(pi @ np.arange(len(pi)) / (load * (1 - pi[-1])), rel=0.02)

    def test_erlangs_loss_formula(self):
        result = simulate(
            poisson(8.0, seed=15),
            works("exponential", 1.0, seed=16),
            np.arange(1.0, 11.0),
            most_in_service=10,
            overflow_threshold=10,
        )
        blocked = 8.0**10 / math.factorial(10) / sum(8.0**k / math.factorial(k) for k in range(11))
        assert result.overflow == pytest.approx(blocked, rel=0.02)


class TestLatencies:
    def test_the_interval_holds_the_truth_about_as_often_as_it_says(self):
        # M/M/1 at ρ = 0.5, where waiting times hang together; order statistics alone would hold it far less often.
        hit = {0.5: 0, 0.95: 0, 0.99: 0}
        for seed in range(40):
            arrivals = poisson(0.5, seed=1000 + seed, number=20_000)
            work = works("exponential", 1.0, seed=2000 + seed, number=20_000)
            seen = latencies(simulate(arrivals, work, [1.0], most_in_service=1)).e2e_s
            for q, interval in ((0.5, seen.p50_interval), (0.95, seen.p95_interval), (0.99, seen.p99_interval)):
                assert interval is not None
                hit[q] += interval[0] <= -math.log(1 - q) / 0.5 <= interval[1]
        assert all(count >= 34 for count in hit.values()), hit  # P(fewer | 95 %) = 1.4 %

    def test_few_requests_get_no_interval(self):
        result = simulate(poisson(0.5, seed=1, number=3000), np.full(3000, 1.0), [1.0], most_in_service=1)
        seen = latencies(result).e2e_s
        assert seen.p95_interval is not None
        assert seen.p99 is not None
        assert seen.p99_interval is None
        assert seen.p50 <= seen.p95 <= seen.p99

    def test_the_warm_up_does_not_count(self):
        result = simulate([0.0, 10.0, 20.0], [1.0, 2.0, 3.0], [1.0], most_in_service=1)
        assert latencies(result, warm_up_s=10).requests == 2
        assert latencies(result, warm_up_s=10).e2e_s.mean == 2.5


class TestOverflows:
    def test_each_is_what_its_own_simulation_gives_in_the_order_asked(self):
        arrivals, work = poisson(3.0, seed=20, number=20_000), works("exponential", 1.0, seed=21, number=20_000)
        asked = (10_000, 4, 16, 9_999, 8)
        found = overflows(arrivals, work, CURVE, asked, most_in_service=8, first_work_s=0.1 * work)
        assert tuple(item.threshold for item in found) == asked
        for item in found:
            own = simulate(
                arrivals,
                work,
                CURVE,
                most_in_service=8,
                first_work_s=0.1 * work,
                overflow_threshold=item.threshold,
            )
            assert item.share == own.overflow
            assert item.kept == latencies(own)
        assert found[0].share == 0
        assert found[1].share > found[4].share > found[2].share > 0
        assert found[1].kept.ttft_s.p95 < found[4].kept.ttft_s.p95 < found[2].kept.ttft_s.p95

    def test_bursts_make_the_same_load_wait_longer(self):
        def item(cv: float) -> WorkloadDemand:
            def figure(value: float) -> Figure:
                return Figure(value=value, basis=Basis.ASSUMED, source="test", date=dt.date(2026, 11, 23))

            return WorkloadDemand(
                workload="Chat",
                requests_per_hour=(3600.0,) * 168,
                requests_per_day=figure(86_400),
                prompt_tokens=figure(800),
                output_tokens=figure(200),
                cached_tokens=figure(0),
                deferrable=False,
                shape=figure(1),
                minute_rate_cv=figure(cv),
            )

        p95 = []
        for cv in (0.0, 0.8):
            drawn = draw(item(cv), monday=dt.date(2026, 11, 23), seed=1)
            arrivals = (drawn.at - drawn.at[0]) / np.timedelta64(1, "s")
            work = drawn.output_tokens * 0.03
            found = latencies(simulate(arrivals, work, CURVE, most_in_service=16))
            assert found.requests == len(drawn)
            p95.append(found.e2e_s.p95)
        assert p95[1] > 1.2 * p95[0]
