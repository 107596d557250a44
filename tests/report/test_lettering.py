"""Texts fit where they are put."""

from __future__ import annotations

import pytest

from kit.report.lettering import shorten, spread, width_of, within, wrap

LONG = (
    "Within its range no single input overturns the verdict; nearest comes the price of a GPU at twice what was taken"
)


def test_width_follows_the_letters():
    """Wide letters are wider than narrow ones, bold type than plain type, and marks above letters take no room."""
    assert width_of("WWW", 10) > 2 * width_of("iii", 10)
    assert width_of("word", 10, bold=True) > width_of("word", 10)
    assert width_of("e\u0301", 10) == width_of("e", 10)
    assert width_of("\N{SLIGHTLY SMILING FACE}", 10) > 10


@pytest.mark.parametrize("room", [20, 60, 200])
def test_a_cut_text_fits_and_says_that_it_is_cut(room):
    """An ellipsis stands where something is missing."""
    cut = shorten(LONG, room, 8)
    assert width_of(cut, 8) <= room
    assert cut.endswith("…")
    assert LONG.startswith(cut[:-1])


def test_a_text_that_fits_is_left_alone():
    """Breaks of line become spaces, nothing else changes."""
    assert shorten("Claims\nsummaries", 200, 8) == "Claims summaries"


def test_hebrew_does_not_turn_the_figures_beside_it():
    """A name that is written from right to left is isolated (Unicode UAX 9)."""
    assert shorten("\u05e9\u05dc\u05d5\u05dd", 200, 8) == "\u2068\u05e9\u05dc\u05d5\u05dd\u2069"


def test_lines_are_few_and_of_about_one_length():
    """Two lines where two are enough, neither much shorter than the other."""
    lines = wrap(LONG, 400, 10)
    assert " ".join(lines) == LONG
    assert len(lines) == 2
    first, last = (width_of(line, 10) for line in lines)
    assert max(first, last) <= 400
    assert last > 0.7 * first


def test_spread_moves_labels_apart_by_the_least():
    """Worked by hand: 0 and 1 with a gap of 4 go to -1.5 and 2.5; 20 stays; the order of the input is kept."""
    assert spread([1, 20, 0], gap=4) == [2.5, 20, -1.5]
    assert spread([], gap=4) == []


def test_within_keeps_labels_in_their_range():
    """Worked by hand: 9 and 10 with a gap of 4 go to 7.5 and 11.5, and back to 6 and 10; too many stick out above."""
    assert within([9, 10], 0, 10, gap=4) == [6, 10]
    assert within([0, 1], 0, 10, gap=4) == [0, 4]
    assert within([5, 5, 5], 0, 4, gap=4) == [0, 4, 8]
