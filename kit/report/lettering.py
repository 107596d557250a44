"""How long a text is on paper, and how to make it fit: widths are those of the typeface that the documents embed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_WIDTHS = {
    **dict.fromkeys("ijl|.,:;'!", 0.28),
    **dict.fromkeys(" ()[]ftrI/\u00a0-", 0.33),
    **dict.fromkeys('acesz?"', 0.43),
    **dict.fromkeys("mMW@%", 0.82),
    **dict.fromkeys("wABCDEFGHKLNOPQRTUVXYZÄÖÜ&", 0.68),
}
_DIGIT, _OTHER, _WIDE = 0.47, 0.51, 1.05
_SPARE = 1.02
"""Browsers without the typeface fall back to one that runs a little wider."""

ELLIPSIS = "…"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is.

    Args:
        text: one line.
        size: of the type; the result has its unit.
        bold: bold type runs wider.
    """
    return sum(map(_advance, text)) * size * _SPARE * (1.04 if bold else 1.0)


def _advance(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if letter.isdigit():
        return _DIGIT
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    return _WIDE if ord(letter) > 0x2E7F or unicodedata.east_asian_width(letter) in "WF" else _OTHER


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return a text on one line, cut with an ellipsis where it is wider than ``width``.

    Args:
        text: any text; breaks of line become spaces.
        width: the room, in the unit of ``size``.
        size: of the type.
        bold: bold type runs wider.
    """
    line = " ".join(text.split())
    if width_of(line, size, bold=bold) <= width:
        return _isolated(line)
    while line and width_of(line + ELLIPSIS, size, bold=bold) > width:
        line = line[:-1]
    return _isolated(line.rstrip(" ,;:(-") + ELLIPSIS)


def _isolated(text: str) -> str:
    """Return a text whose direction does not turn figures and marks around that stand beside it."""
    right_to_left = any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)
    return f"\u2068{text}\u2069" if right_to_left else text


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return a text in as few lines as it needs, of about the same length.

    Args:
        text: any text.
        width: most that a line may take, in the unit of ``size``.
        size: of the type.
        bold: bold type runs wider.
    """
    fewest = len(_broken(text, width, size, bold))
    low, high = width_of(text, size, bold=bold) / max(fewest, 1), width
    for step in range(9):
        lines = _broken(text, low + (high - low) * step / 8, size, bold)
        if len(lines) <= fewest:
            return lines
    return _broken(text, width, size, bold)


def _broken(text: str, width: float, size: float, bold: bool) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size, bold=bold) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(shorten(word, width, size, bold=bold))
    return lines


def spread(positions: Sequence[float], *, gap: float) -> list[float]:
    """Return positions of labels moved apart by the least that leaves ``gap`` between neighbours, in the given order.

    Args:
        positions: where the labels would like to be, any order, same unit as ``gap``.
        gap: least distance.
    """
    order = sorted(range(len(positions)), key=positions.__getitem__)
    groups: list[tuple[float, int]] = []
    for i in order:
        centre, size = positions[i], 1
        while groups and centre - gap * size / 2 < groups[-1][0] + gap * groups[-1][1] / 2:
            other, count = groups.pop()
            centre = (centre * size + other * count) / (size + count)
            size += count
        groups.append((centre, size))
    placed = [centre + gap * (k - (size - 1) / 2) for centre, size in groups for k in range(size)]
    return [place for _, place in sorted(zip(order, placed, strict=True))]


def within(places: Sequence[float], low: float, high: float, *, gap: float) -> list[float]:
    """Return spread places inside a range; where they do not all fit, they stick out at its upper end.

    Args:
        places: of labels, any order.
        low: where the range begins.
        high: where it ends.
        gap: least distance.
    """
    kept = spread(places, gap=gap)
    order = sorted(range(len(kept)), key=kept.__getitem__)
    room = high
    for i in reversed(order):
        kept[i] = min(kept[i], room)
        room = kept[i] - gap
    room = low
    for i in order:
        kept[i] = max(kept[i], room)
        room = kept[i] + gap
    return kept
