"""How wide the columns of a Word table are, and how many lines its rows take: from the texts in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from kit.report.lettering import width_of
from kit.report.parts import Cell, Table
from kit.report.word.styles import LINE, PADDING, SMALL_SIZE, TABLE_SIZE, TWIPS
from kit.report.word.xml import SPACE

_WIDEST, _LONGEST_WORD = 0.45, 0.25
"""Shares of a table's width: what a column gets at the most because of its texts, and because of its longest word."""
_SHORT = 0.17
"""Share of a table's width up to which a text is short: a date or a price should stand on one line."""
_MOST_HELD = 0.85
"""Share of a table's width that columns of short texts may take before they have to break them."""
_PROSE = 60
"""Letters from which the width of a text goes by their number."""
_PER_LETTER = 0.42
"""Width of a letter in such a text, in multiples of its size."""
_BOLD, _HEAD = 1.06, 0.9
"""Width of bold type, and size of the type of heads, in multiples of the usual."""

_CAPTION, _AROUND_ROW = 27.0, 4.4
"""Points of a caption of one line with what is around it, and of what is around a row."""


def column_widths(shown: Table, width: int) -> list[int]:
    """Return the widths of a table's columns, which add up to its own.

    A column without a share is as wide as its content wants. Those with one divide what is left, none narrower than its
    longest word, nor than its texts where these are short. Where that does not fit, columns give way, those without a
    share first, down to their longest word.

    Args:
        shown: the table.
        width: of it, in twentieths of a point.
    """
    wants, words, held = [], [], []
    for k, column in enumerate(shown.columns):
        cells: list[Cell] = [row[k] for row in shown.rows]
        total: list[Cell] = [shown.total[k]] if shown.total else []
        want = _room(shown, max([_want(cell) for cell in cells] + [_BOLD * _want(cell) for cell in total], default=0))
        word = _room(shown, max(_floor(cell) for cell in (column.head, *cells, *total)))
        words.append(min(word, _LONGEST_WORD * width))
        wants.append(min(max(want, _room(shown, _want(column.head))), _WIDEST * width))
        held.append(max(words[-1], want) if want <= _SHORT * width else words[-1])
    shares = [column.share for column in shown.columns]
    if not any(shares) and sum(wants) < width:
        shares = wants
    floors = held if sum(held) <= _MOST_HELD * width else words
    whole = [round(given) for given in _fit(wants, floors, shares, width)]
    whole[-1] += width - sum(whole)
    return whole


def _fit(wants: list[float], floors: list[float], shares: list[float], width: float) -> list[float]:
    """Return widths by want, floor and share; where even the floors do not fit, all shrink alike."""
    if (narrowest := sum(floors)) >= width:
        return [floor * width / narrowest for floor in floors]
    shared = {k for k, share in enumerate(shares) if share}
    given = [
        floor if k in shared else max(want, floor) for k, (want, floor) in enumerate(zip(wants, floors, strict=True))
    ]
    if (over := sum(given) - width) > 0:
        loose = sum(given) - narrowest
        return [w - over * (w - floor) / loose for w, floor in zip(given, floors, strict=True)]
    while shared:
        left = width - sum(w for k, w in enumerate(given) if k not in shared)
        unit = left / sum(shares[k] for k in shared)
        if not (tight := {k for k in shared if shares[k] * unit < floors[k]}):
            return [unit * shares[k] if k in shared else w for k, w in enumerate(given)]
        shared -= tight
    return given


def row_lines(shown: Table, row: Sequence[Cell], widths: Sequence[float]) -> int:
    """Return about how many lines a row takes."""
    rooms = (max(width - 2 * PADDING, 1) / (TWIPS * _size(shown)) for width in widths)
    return max((math.ceil(_want(cell) / room) for cell, room in zip(row, rooms, strict=True)), default=1) or 1


def height_of(shown: Table, width: int) -> float:
    """Return about how high a table is with its caption, in points.

    Args:
        shown: the table.
        width: of it, in twentieths of a point.
    """
    widths = column_widths(shown, width)
    rows = [*shown.rows, *([shown.total] if shown.total else [])]
    head = row_lines(shown, tuple(column.head for column in shown.columns), [w / _HEAD for w in widths])
    lines = _HEAD * head + sum(row_lines(shown, row, widths) for row in rows)
    return _CAPTION + LINE * _size(shown) * lines + _AROUND_ROW * (1 + len(rows))


def _size(shown: Table) -> float:
    return SMALL_SIZE if shown.small else TABLE_SIZE


def _room(shown: Table, width: float) -> float:
    """Return a width in multiples of the type's size in twentieths of a point, with what is around a cell's text."""
    return TWIPS * _size(shown) * width + 2 * PADDING


def _want(cell: Cell) -> float:
    """Return how wide a cell would like to be, in multiples of its size."""
    if isinstance(cell, str):
        return _PER_LETTER * len(cell) if len(cell) > _PROSE else _width(cell)
    return sum(_chip(chip.text) for chip in cell)


def _floor(cell: Cell) -> float:
    """Return the width below which a cell would have to break a word or a chip."""
    if not isinstance(cell, str):
        return max((_chip(chip.text) for chip in cell), default=0.0)
    words = cell.split()
    # Only a word that is nearly as long as the longest can be wider.
    longest = max(map(len, words), default=0)
    return max((_width(word) for word in words if len(word) * 2 > longest), default=0.0)


@lru_cache(maxsize=8192)
def _width(text: str) -> float:
    return width_of(text, 1)


@lru_cache(maxsize=256)
def _chip(text: str) -> float:
    return width_of(f"{SPACE}{text}{SPACE} ", 1, bold=True)
