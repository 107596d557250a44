"""The helper that hunts foreign figures is itself strict."""

import pytest

from tests.report.figures import foreign_figures

RECORD = {"npv": 371415.81, "share": 0.766, "price": 0.000662, "text": "needs 128,000 tokens", "date": "2026-11-22"}


@pytest.mark.parametrize(
    "text",
    [
        "€371,000",
        "371,416",
        "77%",
        "76.6%",
        "0.66 per thousand",
        "128,000 tokens",
        "22 November 2026",
        "p95 of H100",
        "€0.37 million",
    ],
)
def test_takes_what_the_record_holds(text):
    """A rounding of a value, and whatever stands in a string, is the record's."""
    assert foreign_figures(text, RECORD) == []


@pytest.mark.parametrize(
    "text", ["€372,000", "371,400.9", "76%", "0.65", "127,000 tokens", "23 November 2026", "€1.37 million", "3"]
)
def test_finds_what_it_does_not(text):
    """A figure that is off by more than rounding is foreign."""
    assert foreign_figures(text, RECORD)


@pytest.mark.parametrize(
    "text",
    [
        "371.000 €",
        "371.416",
        "77 %",
        "76,6\u00a0%",
        "0,66 je tausend",
        "22. November 2026",
        "22.11.2026",
        "0,37 Mio. €",
    ],
)
def test_takes_what_the_record_holds_in_german(text):
    """A German number is read as Germans write it."""
    assert foreign_figures(text, RECORD, language="de") == []


@pytest.mark.parametrize(
    "text", ["372.000 €", "371.400,9", "76 %", "0,65", "371,416", "23.11.2026", "1,37 Mio. €", "3"]
)
def test_finds_what_it_does_not_in_german(text):
    """What would be right in English is foreign in German."""
    assert foreign_figures(text, RECORD, language="de")


def test_a_tick_is_exempt_once():
    """An axis label excuses one number, not every number like it."""
    assert foreign_figures("50", RECORD, ticks=["50"]) == []
    assert len(foreign_figures("50 and 50", RECORD, ticks=["50"])) == 1
