"""A formula is read, not run: arithmetic passes and nothing else."""

from __future__ import annotations

import pytest

from kit.errors import InputError
from kit.strategy.formula import evaluate, filled, names


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a + b * 2", 8.0),
        ("(a - b) / 4", -0.25),
        ("-a + b", 1.0),
        ("(1 + 0.5) ** -2 * 9", 4.0),
        ("ceil(a / b) * max(a, b) + min(a, 1)", 4.0),
        ("round(2.5) + 1e3", 1002.0),
    ],
)
def test_arithmetic_is_evaluated(formula, value):
    """Sums, products, powers, signs, parentheses and the four functions; a half is rounded to the even number."""
    assert evaluate(formula, {"a": 2, "b": 3}) == pytest.approx(value)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "a.real",
        "a if a else b",
        "c + 1",
        "a /",
        "a / 0",
        "(0 - 8) ** 0.5",
        "10 ** 999",
        "9.0 ** 999",
        "max(a, key=b)",
        "True + 1",
        "'a' * 3",
        "max()",
    ],
)
def test_anything_else_is_refused(formula):
    """Code, names without a value and what has no finite result are refused in one line."""
    with pytest.raises(InputError):
        evaluate(formula, {"a": 2, "b": 3})


def test_names_are_found_and_filled():
    """Names are those of figures, not of functions; one that begins like another stays whole."""
    assert names("n * n1 + max(n, 2) / 1e3") == ["n", "n1"]
    assert filled("n * n1 + max(n, 2)", {"n": "7", "n1": "8"}) == "7 * 8 + max(7, 2)"
