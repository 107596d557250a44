"""Demand from a few words."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.demand.lengths import mean_of
from kit.demand.priors import length_prior
from kit.demand.synthetic import from_words, synthetic
from kit.errors import InputError
from kit.record import Basis, Figure

DAY = dt.date(2026, 11, 22)


def test_everything_is_assumed_and_names_its_prior():
    """No figure claims to be better than assumed, and the lengths name the trace."""
    item = synthetic("chat", requests_per_day=5000, growth_per_year=0.5, date=DAY)
    figures = [value for _, value in item if isinstance(value, Figure)]
    assert len(figures) >= 8
    assert {figure.basis for figure in figures} == {Basis.ASSUMED}
    assert item.lengths.basis is Basis.ASSUMED
    assert "Azure/AzurePublicDataset" in item.prompt_tokens.source
    assert sum(item.requests_per_hour) / 7 == pytest.approx(5000)
    assert item.growth_per_year.value == 0.5


@pytest.mark.parametrize(
    ("hours", "peak"),
    # Office: the peak of 100 among days of 900·5 + 72·2 parts: 100 · 168 / 4,644.
    [("round the clock", 1.0), ("office", 100 * 168 / (5 * 900 + 2 * 0.08 * 900))],
)
def test_the_hours_have_the_kits_shapes(hours, peak):
    """Round the clock has no peak; an office has its own, by hand from the shape's parts."""
    item = synthetic("code", requests_per_day=100, hours=hours, date=DAY)
    assert item.shape.value == pytest.approx(peak)


def test_bursts_by_word():
    """Smooth is Poisson; a bursty workload of 60 requests an hour has 1 + 1 · 1.057² by minute."""
    smooth = synthetic("code", requests_per_day=1440, hours="round the clock", burstiness="smooth", date=DAY)
    assert (smooth.minute_rate_cv.value, smooth.minute_dispersion.value) == (0, 1)
    bursty = synthetic("code", requests_per_day=1440, hours="round the clock", burstiness="bursty", date=DAY)
    assert bursty.minute_dispersion.value == pytest.approx(1 + 1.057**2)


def test_known_means_stretch_the_trace():
    """A client that knows its mean prompt gets it, with the trace's spread and a cached share of it."""
    item = synthetic("code", requests_per_day=10, prompt_tokens=4096, cached_share=0.25, date=DAY)
    assert item.cached_tokens.value == 1024
    assert mean_of(item.lengths.prompt) == pytest.approx(4096, rel=0.001)
    prior = length_prior("code")
    assert item.lengths.prompt.at(0.5) == pytest.approx(prior.lengths.prompt.at(0.5) * 4096 / prior.prompt_tokens)
    assert item.output_tokens.value == prior.output_tokens


def test_a_phrase_is_read():
    """Kind, volume, hours, bursts and growth from one line; what is left unsaid is office and usual."""
    item = from_words("Chat, 5k requests a day, round the clock, bursty, growing 50 % a year", date=DAY)
    assert item == synthetic(
        "chat",
        requests_per_day=5000,
        hours="round the clock",
        burstiness="bursty",
        growth_per_year=0.5,
        date=DAY,
    )
    assert from_words("coding with 1,200 calls per hour", date=DAY) == synthetic(
        "code", requests_per_day=28_800, date=DAY
    )
    # 2 million a month by 365.25 / 12 days.
    monthly = from_words("reasoning at night, 2 million requests per month", date=DAY)
    assert monthly.requests_per_day.value == pytest.approx(2e6 * 12 / 365.25)
    assert monthly.requests_per_hour[12] == 0


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("chat in office hours", "says no volume"),
        ("5000 requests a day", "says no kind of work"),
        ("chat, 5.000 requests a day", "may be thousands or a fraction; write 5000"),
        ("chat, 5000 requests a day, weekends only", '"weekends only" is not understood'),
    ],
)
def test_a_phrase_that_is_not_understood_says_what_is(phrase, words):
    """What is missing or strange is named, and nothing is guessed."""
    with pytest.raises(InputError, match=words):
        from_words(phrase, date=DAY)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"requests_per_day": 0}, "above 0"),
        ({"cached_share": 20}, "between 0 and 1"),
        ({"output_tokens": -1}, "mean output of -1 tokens"),
        ({"hours": "offices"}, 'did you mean "office"'),
        ({"burstiness": "burst"}, 'did you mean "bursty"'),
    ],
)
def test_numbers_and_words_that_make_no_sense(given, words):
    """Each is refused with what would be right."""
    with pytest.raises(InputError, match=words):
        synthetic("chat", **{"requests_per_day": 10, "date": DAY, **given})
