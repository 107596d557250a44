"""Requests drawn from a record, and the record made of them again."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from scipy import stats

from kit.demand.draw import draw, write_requests
from kit.demand.importing import import_usage
from kit.demand.lengths import lengths_of
from kit.demand.record import PROBABILITIES
from kit.demand.rules import Rule
from kit.demand.synthetic import synthetic
from kit.demand.typical import typical_week_of
from kit.errors import InputError
from kit.record import Basis, Figure
from tests.demand.usage_table import azure_2023, of_csv

MONDAY = dt.date(2026, 3, 2)
WEEKS = 4


@pytest.fixture(scope="module")
def item():
    """A bursty coding service of 6,000 requests a day in office hours, a quarter of its prompts cached."""
    made = synthetic(
        "code", requests_per_day=6000, burstiness="bursty", cached_share=0.25, workload="chat", date=MONDAY
    )
    # Prompts and outputs of the trace hardly go together: a stronger correlation tells more.
    correlation = made.lengths.correlation.model_copy(update={"value": -0.5})
    return made.model_copy(update={"lengths": made.lengths.model_copy(update={"correlation": correlation})})


@pytest.fixture(scope="module")
def drawn(item):
    return draw(item, monday=MONDAY, weeks=WEEKS, seed=17, timezone="Europe/Vienna")


@pytest.fixture(scope="module")
def again(drawn, tmp_path_factory):
    """The record of the drawn requests, through a file and the importer of plain tables."""
    path = write_requests(drawn, tmp_path_factory.mktemp("drawn") / "requests.csv")
    with import_usage([path], rules=[Rule("chat", ())]) as usage:
        assert usage.bad == ()
        return typical_week_of(
            usage.connection,
            usage.table,
            "chat",
            timezone="Europe/Vienna",
            # Four weeks from Monday 00:00 in Vienna; the clock changes on 29 March 2026, the last of the days.
            period=(dt.datetime(2026, 3, 1, 23), dt.datetime(2026, 3, 29, 22)),
        )


def test_the_volume_comes_back(item, again, drawn):
    """All requests and each hour of the week lie within the spread of the process they were drawn from."""
    assert again.lengths.prompt.requests == len(drawn)
    rates = np.array(item.requests_per_hour)
    v = item.minute_rate_cv.value**2
    # Counts of a minute with mean λ have variance λ + v·λ²; an hour has 60 such minutes and was seen four times.
    variance = WEEKS * 60 * (rates / 60 + v * (rates / 60) ** 2)
    total = again.requests_per_day.value * 7 * WEEKS
    assert total == pytest.approx(6000 * 7 * WEEKS, abs=4 * math.sqrt(variance.sum()))
    z = (np.array(again.requests_per_hour) - rates) * WEEKS / np.sqrt(variance)
    # Sunday 02:00 was seen three times only, as the clock went forward.
    z[6 * 24 + 2] *= math.sqrt(3 / 4)
    low, high = stats.chi2.ppf([0.0005, 0.9995], 168)
    assert low < float(np.sum(z**2)) < high
    assert again.requests_per_day.basis is Basis.MEASURED


@pytest.mark.parametrize("field", ["prompt", "output"])
def test_the_lengths_come_back(item, again, drawn, field):
    """Each length of the record has its probability among the drawn within four standard errors, and so the mean."""
    kept, tokens = getattr(item.lengths, field), getattr(drawn, f"{field}_tokens")
    n = len(tokens)
    for p, length in zip(PROBABILITIES[1:-1], kept.tokens[1:-1], strict=True):
        error = 4 * math.sqrt(p * (1 - p) / n)
        # Tokens are whole, so that a length of 7 stands for 6.5 to 7.5.
        assert np.mean(tokens < length - 0.5) <= p + error, p
        assert np.mean(tokens <= length + 0.5) >= p - error, p
    np.testing.assert_allclose(getattr(again.lengths, field).tokens, np.quantile(tokens, PROBABILITIES))
    mean = getattr(again, f"{field}_tokens").value
    error = 4 * float(tokens.std()) / math.sqrt(n)
    assert mean == pytest.approx(getattr(item, f"{field}_tokens").value, abs=error)


def test_correlation_cache_and_bursts_come_back(item, again):
    """Spearman's rho within four standard errors, the cached share, and the variation by minute within a tenth."""
    n = again.lengths.prompt.requests
    # Outputs tie on a few whole tokens, which takes a little off the correlation.
    assert again.lengths.correlation.value == pytest.approx(-0.5, abs=4 / math.sqrt(n) + 0.01)
    assert again.cached_tokens.value / again.prompt_tokens.value == pytest.approx(0.25, abs=0.001)
    assert again.minute_rate_cv.value == pytest.approx(item.minute_rate_cv.value, rel=0.1)


def test_a_file_read_by_another_tool_says_the_same(drawn, tmp_path):
    """DuckDB alone reads as many rows and the same sums from the file as were drawn."""
    path = write_requests(drawn, tmp_path / "requests.csv")
    assert path.read_text(encoding="utf-8").startswith("at,prompt_tokens,output_tokens,cached_tokens\n2026-03-0")
    query = (
        'SELECT count(*), sum(prompt_tokens), sum(cached_tokens), epoch_us(min("at")), epoch_us(max("at")) FROM usage'
    )
    found = of_csv(path).execute(query).fetchone()
    moments = drawn.at.astype("int64")
    sums = (int(drawn.prompt_tokens.sum()), int(drawn.cached_tokens.sum()))
    assert found == (len(drawn), *sums, int(moments[0]), int(moments[-1]))


def test_local_midnight_is_where_the_week_begins(drawn):
    """In Vienna the week of 2 March begins at 23:00 UTC of the day before; moments rise."""
    assert drawn.at[0] >= np.datetime64("2026-03-01T23:00")
    assert drawn.at[-1] < np.datetime64("2026-03-29T22:00")
    assert np.all(np.diff(drawn.at) >= np.timedelta64(0))


def test_equal_seeds_give_equal_requests(item):
    """The seed decides, and nothing else does."""
    one, two, other = (draw(item, monday=MONDAY, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.at, two.at)
    assert np.array_equal(one.output_tokens, two.output_tokens)
    assert not np.array_equal(one.at[:100], other.at[:100])


def test_without_bursts_it_is_poisson_and_burstiness_alone_is_met(tmp_path):
    """Known only by its gaps: 1 gives Poisson, and 1.29 = √(5/3), four parts of gamma, gives 1.29 again."""
    plain = synthetic(
        "code", requests_per_day=100_000, hours="round the clock", burstiness="smooth", workload="chat", date=MONDAY
    ).model_copy(update={"minute_rate_cv": None})
    for burstiness in (1.0, math.sqrt(5 / 3)):
        figure = Figure(value=burstiness, basis=Basis.MEASURED, source="by hand", date=MONDAY)
        requests = draw(plain.model_copy(update={"burstiness": figure}), monday=MONDAY, seed=3)
        gaps = np.diff(requests.at.astype("int64"))
        # Few gaps of 0.86 s reach over the end of their minute; 0.02 is four standard errors and more.
        assert gaps.std() / gaps.mean() == pytest.approx(burstiness, abs=0.02)


def test_the_public_trace_is_drawn_with_its_own_lengths():
    """The Azure code trace, drawn for a week: the median and 95 % of its lengths within a hundredth or a token."""
    trace = typical_week_of(azure_2023(), "usage", "code")
    requests = draw(trace, monday=MONDAY, seed=1)
    kept = lengths_of(azure_2023(), "usage", "code", date=MONDAY, source="trace")
    for p in (0.5, 0.95):
        assert np.quantile(requests.prompt_tokens, p) == pytest.approx(kept.prompt.at(p), rel=0.01)
        assert np.quantile(requests.output_tokens, p) == pytest.approx(kept.output.at(p), abs=1.5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"monday": dt.date(2026, 3, 4)}, "is no Monday; the record's week begins on 2026-03-02"),
        ({"weeks": 0}, "at least 1"),
        ({"weeks": 2000}, "too many to draw"),
        ({"timezone": "Mars/Olympus"}, "unknown time zone"),
    ],
)
def test_what_cannot_be_drawn(item, given, words):
    """A wrong day, no week, far too many requests and an unknown zone are refused."""
    with pytest.raises(InputError, match=words):
        draw(item, **{"monday": MONDAY, "seed": 1, **given})
