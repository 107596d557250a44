"""The words of the verdict."""

from __future__ import annotations

import pytest

from kit.strategy.reasons import count, listed, money, percent


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_064_400, "€1.06 million"),
        (999_700, "€1.00 million"),
        (412_345, "€412,000"),
        (98_765, "€98,800"),
        (1_994, "€1,990"),
        (950.4, "€950"),
        (0, "€0"),
        (0.00421, "€0.0042"),
        (-61_549, "−€61,500"),
    ],
)
def test_money_to_three_digits(amount, text):
    """Amounts are rounded to three digits, with the currency's sign before them."""
    assert money(amount, "EUR") == text


def test_a_currency_without_a_sign_keeps_its_code():
    """CHF stands before the amount as a word."""
    assert money(1000, "CHF") == "CHF 1,000"


def test_lists_and_small_numbers_are_words():
    """One, two or more names are joined as a person would."""
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [count(4), count(40)] == ["four", "40"]


def test_a_share_is_never_rounded_to_a_certainty():
    """0.986 is 99%, 0.997 is 99.7% and only 1 is 100%."""
    assert [percent(0.986), percent(0.997), percent(1), percent(0.002), percent(0)] == [
        "99%",
        "99.7%",
        "100%",
        "0.2%",
        "0%",
    ]
