"""Metrics against numbers worked by hand and against independent oracles."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from made_answers import make

from kit.profiler import metrics
from kit.profiler.answers import Failure
from kit.profiler.metrics import Window


class TestLatency:
    def test_definitions(self) -> None:
        """Due at 10, tokens at 10.5, 10.7, 11.0, 11.1: TTFT 0.5, E2E 1.1, TPOT (1.1 − 0.5) / 3 = 0.2, ITL the gaps."""
        one = make(10.5, 10.7, 11.0, 11.1, due=10.0)
        assert metrics.ttft_s(one) == pytest.approx(0.5)
        assert metrics.e2e_s(one) == pytest.approx(1.1)
        assert metrics.tpot_s(one) == pytest.approx(0.2)
        assert metrics.itl_s(one) == pytest.approx((0.2, 0.3, 0.1))

    def test_e2e_ends_with_the_last_token(self) -> None:
        """What the server still says after the last token (usage, the end of the stream) is not latency."""
        assert metrics.e2e_s(make(0.5, 1.0, finished=3.0)) == 1.0

    def test_several_tokens_in_an_event(self) -> None:
        """Seven tokens in two events: TPOT divides by 6, and the gaps between tokens are unknown."""
        one = make(1.0, 2.2, tokens=7)
        assert metrics.tpot_s(one) == pytest.approx(0.2)
        assert metrics.itl_s(one) is None

    def test_one_token(self) -> None:
        """A single token has no time per further token."""
        assert metrics.tpot_s(make(1.0)) is None


class TestQuantiles:
    @pytest.mark.parametrize("n", [1, 2, 5, 72, 101])
    @pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 0.95, 0.99, 1.0])
    def test_like_numpy(self, n: int, q: float) -> None:
        """Quantiles are those of numpy's default method."""
        values = [random.Random(n).expovariate(1) for _ in range(n)]
        assert metrics.quantile(values, q) == pytest.approx(float(np.quantile(values, q)))

    @pytest.mark.parametrize(("q", "least"), [(0.5, 6), (0.95, 72), (0.99, 368)])
    def test_least_samples(self, q: float, least: int) -> None:
        """A 95 % interval exists from 6 samples for p50 (0.5⁶ = 0.0156), 72 for p95 and 368 for p99."""
        assert metrics.quantile_ranks(least - 1, q) is None
        assert metrics.quantile_ranks(least, q) is not None

    @pytest.mark.parametrize(("n", "ranks"), [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (100, (40, 61))])
    def test_median_table(self, n: int, ranks: tuple[int, int]) -> None:
        """The ranks for the median are those of the sign-test table (Conover 1999, table A3)."""
        assert metrics.quantile_ranks(n, 0.5) == ranks

    @pytest.mark.parametrize(("n", "q"), [(72, Fraction(19, 20)), (150, Fraction(19, 20)), (400, Fraction(99, 100))])
    def test_coverage_exact(self, n: int, q: Fraction) -> None:
        """In exact arithmetic each tail is at most 2.5 %, and one rank further in it would be more."""
        ranks = metrics.quantile_ranks(n, float(q))
        assert ranks is not None

        def at_most(k: int) -> Fraction:
            return sum((comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1)), Fraction(0))

        half = Fraction(1, 40)
        lower, upper = ranks
        assert at_most(lower - 1) <= half < at_most(lower)
        assert 1 - at_most(upper - 1) <= half < 1 - at_most(upper - 2)

    def test_interval_are_order_statistics(self) -> None:
        """Of ten values the interval of the median is from the second to the ninth."""
        assert metrics.quantile_interval([7, 1, 9, 3, 10, 5, 2, 8, 4, 6], 0.5) == (2, 9)


class TestSpread:
    def test_percentile_without_interval_is_unavailable(self) -> None:
        """Of 71 values the p95 is unavailable; of 72 it is there."""
        few, enough = metrics.spread([float(i) for i in range(71)]), metrics.spread([float(i) for i in range(72)])
        assert few is not None
        assert enough is not None
        assert (few.mean, few.p50, few.p95, few.p95_interval) == (35.0, 35.0, None, None)
        assert enough.p95 == pytest.approx(67.45)  # 71 × 0.95
        assert enough.p99 is None

    def test_nothing(self) -> None:
        """The spread of nothing is unavailable, not zero."""
        assert metrics.spread([]) is None


class TestWindow:
    def test_warm_up_and_cool_down_are_cut(self) -> None:
        """Two slots, first requests done at 2 and 3, sending stopped at 9: the window is 3 to the completion at 8."""
        answers = [
            make(1.0, 2.0, slot=0, ordinal=0),
            make(1.0, 3.0, slot=1, ordinal=0),
            make(4.0, 5.0, slot=0),
            make(5.0, 6.0, slot=1),
            make(7.0, 8.0, slot=0, ordinal=2),
            make(9.0, 10.0, slot=1, ordinal=2),
        ]
        window = metrics.steady_window(answers, in_flight=2, stopped_s=9.0)
        assert window == Window(3.0, 8.0)
        assert window is not None
        assert [answer.finished_s for answer in metrics.inside(answers, window)] == [5.0, 6.0, 8.0]

    def test_failures_are_not_inside(self) -> None:
        """What failed or was stopped is never averaged in."""
        answers = [
            make(1.0, ordinal=0),
            make(2.0, failure=Failure.CUT),
            make(3.0, stopped=True),
            make(4.0),
        ]
        window = metrics.steady_window(answers, in_flight=1, stopped_s=9.0)
        assert window == Window(1.0, 4.0)
        assert window is not None
        assert [answer.finished_s for answer in metrics.inside(answers, window)] == [4.0]

    def test_never_steady(self) -> None:
        """A run in which a slot never finished its first request has no steady window."""
        assert metrics.steady_window([make(1.0, ordinal=0), make(2.0)], in_flight=2, stopped_s=9.0) is None


class TestThroughput:
    def test_rate_and_interval(self) -> None:
        """One slot, one token each at 9, 19 and 30 s: 3 / 30 per second.

        The batches take 9, 10 and 11 s: mean 10, deviation 1, t(2) = 4.3027, half width 4.3027 / √3 = 2.4841.
        """
        answers = [make(9.0), make(19.0), make(30.0)]
        got = metrics.throughput([(answers, Window(0.0, 30.0))], in_flight=1)
        assert got.tokens_per_s == pytest.approx(0.1)
        assert got.interval == pytest.approx((1 / 12.4841, 1 / 7.5159), rel=1e-4)

    def test_batches_of_half_a_round(self) -> None:
        """With four slots a batch is two completions; an odd one at the end counts for the rate only.

        Batches of 10 tokens take 2, 3 and 4 s: 0.2, 0.3 and 0.4 s per token, half width 4.3027 × 0.1 / √3 = 0.24841.
        """
        answers = [make(at, tokens=5) for at in (1.0, 2.0, 3.5, 5.0, 7.0, 9.0, 10.0)]
        got = metrics.throughput([(answers, Window(0.0, 10.0))], in_flight=4)
        assert got.tokens_per_s == pytest.approx(3.5)
        assert got.interval == pytest.approx((1 / 0.54841, 1 / 0.05159), rel=1e-3)

    def test_too_few_batches(self) -> None:
        """Two batches have no interval."""
        assert metrics.throughput([([make(1.0), make(2.0)], Window(0.0, 2.0))], in_flight=1).interval is None

    def test_interval_without_end(self) -> None:
        """Batches of 1, 2 and 3 s (mean 2, half width 2.48) bound the rate from one side only: no interval."""
        answers = [make(1.0), make(3.0), make(6.0)]
        assert metrics.throughput([(answers, Window(0.0, 6.0))], in_flight=1).interval is None

    def test_interval_covers(self) -> None:
        """Over 400 simulated runs of eight requests, the interval holds the true rate in about 95 % of them."""
        draw = random.Random(1)
        held = 0
        for _ in range(400):
            times = np.cumsum([draw.gauss(10.0, 2.0) for _ in range(8)])
            got = metrics.throughput([([make(float(at)) for at in times], Window(0.0, float(times[-1])))], in_flight=1)
            assert got.interval is not None
            held += got.interval[0] <= 0.1 <= got.interval[1]
        assert 366 <= held <= 393  # 380 ± 3 × √(400 × 0.95 × 0.05)
