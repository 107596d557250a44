"""The objective as it is written, the judgement, and the search against servers whose answer is known."""

from __future__ import annotations

import math
import random

import pytest

from kit.errors import InputError
from kit.profiler.goodput import Limit, Outcome, judge, parse_limits, search_goodput

MET, MISSED, UNRESOLVED = Outcome.MET, Outcome.MISSED, Outcome.UNRESOLVED


class TestParsing:
    def test_issue_example(self) -> None:
        """Half a second for the first token and 50 ms for each further one, both at the 95th percentile."""
        assert parse_limits("ttft_p95<0.5s, tpot_p95<50ms") == (
            Limit("ttft", "p95", 0.5),
            Limit("tpot", "p95", 0.05),
        )

    def test_blanks_and_case(self) -> None:
        """Blanks and capitals do not matter."""
        assert parse_limits(" TTFT_mean < 250 ms ") == (Limit("ttft", "mean", 0.25),)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("tftt_p95<0.5s", r'no metric "tftt" in "tftt_p95<0.5s" \(did you mean "ttft"\?\); there is e2e, itl'),
            (
                "ttft_p96<0.5s",
                r'no statistic "p96" in .* \(did you mean "p9.*"\?\); there is mean, p50, p90, p95 or p99',
            ),
            ("ttft_p95<0.5", 'has no unit; write s, ms or us, e.g. "ttft_p95<0.5s'),
            ("ttft_p95<0.5sec", r'no unit "sec" in'),
            ("ttft_p95<1.2.3s", r'"1\.2\.3" in .* is no number'),
            ("ttft_p95<0s", "can never be met"),
            ("ttft_p95>0.5s", "is no limit; write metric_statistic<number and unit"),
            ("ttft_p95<0.5s,", '"" is no limit'),
            ("", '"" is no limit'),
            ("ttft_p95<1s, ttft_p95<2s", "ttft_p95 is limited twice"),
        ],
    )
    def test_mistakes(self, text: str, words: str) -> None:
        """A mistake is reported with the part that has it, what is allowed and the nearest match."""
        with pytest.raises(InputError, match=words):
            parse_limits(text)


class TestJudgement:
    def test_percentile(self) -> None:
        """Of 1 to 100 s the median's interval is 40 to 61: below 62 is met, below 40 missed, between unresolved."""
        values = {"ttft": [float(i) for i in range(1, 101)]}
        judged = [judge([Limit("ttft", "p50", below)], values) for below in (62.0, 61.0, 41.0, 40.0)]
        assert judged == [MET, UNRESOLVED, UNRESOLVED, MISSED]

    def test_too_few_samples(self) -> None:
        """A p95 from 71 requests is unresolved however fast they were; from 72 it is met."""
        limits = [Limit("ttft", "p95", 1.0)]
        assert [judge(limits, {"ttft": [0.001] * n}) for n in (71, 72)] == [UNRESOLVED, MET]

    def test_mean(self) -> None:
        """9, 10 and 11 s have a mean of 10 ± 4.3027 / √3 = 2.484."""
        values = {"e2e": [9.0, 10.0, 11.0]}
        assert [judge([Limit("e2e", "mean", b)], values) for b in (12.49, 12.48, 7.51)] == [MET, UNRESOLVED, MISSED]

    def test_requests_that_never_ended(self) -> None:
        """One request in ten without an end misses the p50 never and the mean always."""
        values = {"e2e": [0.1] * 90 + [math.inf] * 10}
        assert judge([Limit("e2e", "p50", 0.5)], values) is MET
        assert judge([Limit("e2e", "mean", 0.5)], values) is MISSED

    def test_every_limit_counts(self) -> None:
        """One missed limit is enough; one that cannot be told leaves the whole unresolved."""
        values = {"ttft": [0.1] * 100, "tpot": [0.1] * 100}
        fast, slow = Limit("ttft", "p50", 0.2), Limit("tpot", "p50", 0.05)
        assert judge([fast, slow], values) is MISSED
        assert judge([fast, Limit("tpot", "p99", 0.2)], values) is UNRESOLVED
        assert judge([fast, Limit("itl", "p50", 0.2)], values) is UNRESOLVED


class TestSearch:
    def test_doubles_then_bisects(self) -> None:
        """To find 37 from 1: 1, 2, 4, ... 64, then 48, 40, 36, 38, 37, where the ends are 1 / 37 apart."""
        got = search_goodput(lambda load: MET if load <= 37 else MISSED, start=1, least=1, most=1000)
        assert [trial.requests_per_s for trial in got.trials] == [1, 2, 4, 8, 16, 32, 64, 48, 40, 36, 38, 37]
        assert (got.load, got.interval, got.remark) == (37, (37, 38), "")

    def test_halves_first_where_the_start_is_too_much(self) -> None:
        """Where the first load misses already, it is halved until one meets."""
        got = search_goodput(lambda load: MET if load <= 3 else MISSED, start=16, least=0.1, most=1000)
        assert [trial.requests_per_s for trial in got.trials[:4]] == [16, 8, 4, 2]
        assert got.load == pytest.approx(3, rel=0.05)
        assert got.interval[1] is not None
        assert got.load <= 3 < got.interval[1] <= 3 * 1.06

    def test_queue_with_a_closed_form(self) -> None:
        """In M/M/1 the sojourn time is exponential of rate μ − λ, so p95 < T up to λ = μ − ln 20 / T.

        With μ = 100 and T = 0.1 s that is 70.043 per second. Some six trials come close enough to it to err, each with
        2.5 %, so the interval holds it in 86 % of searches at least: of 50, 43 − 3 × √(50 × 0.86 × 0.14) = 36.
        2,000 samples give p95 to ± 2 × √(0.05 × 0.95 / 2000) / 0.05 / 3 = 6.5 %, which is ± 2 per second in λ.
        """
        truth = 100 - math.log(20) / 0.1
        held = 0
        for seed in range(50):
            draw = random.Random(seed)

            def measure(load: float, draw: random.Random = draw) -> Outcome:
                sojourn = [draw.expovariate(100 - load) if load < 100 else math.inf for _ in range(2000)]
                return judge([Limit("e2e", "p95", 0.1)], {"e2e": sojourn})

            got = search_goodput(measure, start=1, least=1, most=1000, tolerance=0.02)
            low, high = got.interval
            assert low is not None
            assert high is not None
            assert got.load == low == pytest.approx(truth, rel=0.1)
            assert high == pytest.approx(truth, rel=0.1)
            held += low <= truth <= high
        assert held >= 36

    def test_unresolved_in_between(self) -> None:
        """Where loads from 30 to 50 allow both, the interval spans them, each end to the tolerance."""
        tell = {True: MET, False: MISSED}
        got = search_goodput(
            lambda load: UNRESOLVED if 30 < load < 50 else tell[load <= 30], start=1, least=1, most=1000, tolerance=0.05
        )
        low, high = got.interval
        assert low == pytest.approx(30, rel=0.05)
        assert high == pytest.approx(50, rel=0.05)
        assert low is not None
        assert high is not None
        assert low <= 30
        assert high >= 50

    def test_never_resolved(self) -> None:
        """Where the samples never suffice there is no figure, and the search says so."""
        got = search_goodput(lambda _: UNRESOLVED, start=4, least=1, most=64)
        assert (got.load, got.interval) == (None, (None, None))
        assert got.remark.startswith("could not be resolved: at 1 and above the samples do not say")

    def test_never_met(self) -> None:
        """Where even the lowest load misses there is no figure, and the search says so."""
        got = search_goodput(lambda _: MISSED, start=4, least=1, most=64)
        assert (got.load, got.interval, got.remark) == (
            None,
            (None, 1),
            "missed even at 1, the lowest load that was tried",
        )

    def test_always_met(self) -> None:
        """A server faster than the highest load has a lower bound only."""
        got = search_goodput(lambda _: MET, start=1, least=1, most=100)
        assert (got.load, got.interval, got.remark) == (100, (100, None), "met at 100, the highest load that was tried")

    def test_upper_end_open(self) -> None:
        """Where no load surely misses, the figure has no upper end, and the search says so."""
        got = search_goodput(lambda load: MET if load <= 10 else UNRESOLVED, start=1, least=1, most=64)
        assert got.load == pytest.approx(10, rel=0.05)
        assert got.interval[1] is None
        assert "the upper end is open" in got.remark

    def test_trials_run_out(self) -> None:
        """With too few trials the result is wider than was asked, and says so."""
        got = search_goodput(lambda load: MET if load <= 37 else MISSED, start=1, least=1, most=1000, most_trials=8)
        assert len(got.trials) == 8
        assert (got.interval, got.remark) == ((32, 48), "8 trials did not narrow it to 5%")

    def test_loads_in_order(self) -> None:
        """The start lies between the least and the most."""
        with pytest.raises(InputError, match="give 0 < least <= start <= most"):
            search_goodput(lambda _: MET, start=4, least=8, most=64)
