"""Page one of the Word document: the decision, the figures behind it, where each workload goes, on what it rests."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kit.report.lettering import width_of
from kit.report.parts import BasisLine, KeyFigure
from kit.report.view import View
from kit.report.word.columns import height_of
from kit.report.word.pictures import Gallery
from kit.report.word.styles import LINE, PADDING, TWIPS, Sheet, size
from kit.report.word.tables import table
from kit.report.word.xml import NOTHING, Xml, element, joined, paragraph, run, texts

_MOST_SHRUNK = 0.6
"""Share of its width below which a picture could not be read; it then goes overleaf, as wide as the text."""
_AROUND_PICTURE = 15
"""Points above and below a picture."""
_KICKER, _SPARE = 17, 12
"""Points of the line above the headline, and those to spare, since another program sets lines a little otherwise."""


def front(shown: View, gallery: Gallery, sheet: Sheet, *, above: float) -> Xml:
    """Return page one.

    Args:
        shown: the verdict as text.
        gallery: its pictures.
        sheet: of paper.
        above: points that the letterhead takes from the text.
    """
    width, title = sheet.text_width, _title_size(shown.headline)
    heights = [gallery.height(picture.name, width) for picture in shown.pictures]
    left = sheet.text_height - TWIPS * (above + _used(shown, title, width))
    widths = _picture_widths(heights, width, left)
    return joined(
        texts("Title", shown.headline, look=size(title) if title != TITLE else NOTHING),
        texts("Subtitle", shown.money_sentence),
        _keys(shown.key_figures, width),
        table(shown.workloads, width),
        *(paragraph("Picture", gallery.show(picture, w)) for picture, w in zip(shown.pictures, widths, strict=True)),
        _bases(shown.bases),
    )


TITLE = 19.0
"""Size of a headline of usual length, in points."""


def _title_size(headline: str) -> float:
    return 13.0 if len(headline) > 220 else 16.0 if len(headline) > 150 else TITLE


def _used(shown: View, title: float, width: int) -> float:
    """Return the points that everything but the pictures takes, distances included."""
    return (
        _SPARE
        + _KICKER
        + _height(shown.headline, title, width)
        + 9
        + 1.12 * _height(shown.money_sentence, 10.5, width)
        + 14
        + _key_height(shown.key_figures, width)
        + height_of(shown.workloads, width)
        + _height(_basis_text(shown.bases), 8, width)
        + 10
    )


def _height(text: str, points: float, width: int) -> float:
    """Return the points that a text takes in so many twentieths of a point of width."""
    return LINE * points * math.ceil(TWIPS * width_of(text, points) / width)


def _picture_widths(heights: Sequence[int], width: int, left: float) -> list[int]:
    """Return the widths at which pictures share what is left of the page, or their own where that is too little.

    Args:
        heights: of the pictures in full width.
        width: of the page.
        left: height of what is left; all in twentieths of a point.
    """
    room = left - TWIPS * _AROUND_PICTURE * len(heights)
    shrunk = min(1.0, room / max(sum(heights), 1))
    return [int(width * shrunk) if shrunk >= _MOST_SHRUNK else width for _ in heights]


def _keys(figures: Sequence[KeyFigure], width: int) -> Xml:
    """Return the figures that are worth their size, side by side."""
    if not figures:
        return NOTHING
    each = width // len(figures)
    cells = [
        joined(
            element("w:tcPr", element("w:tcW", w=each, type="dxa"), _edges(first=k == 0, last=k == len(figures) - 1)),
            texts("KeyLabel", figure.label),
            texts("KeyValue", figure.value, look=size(13) if len(figure.value) > 13 else NOTHING),
            texts("KeyNote", figure.note),
        )
        for k, figure in enumerate(figures)
    ]
    properties = element(
        "w:tblPr",
        element("w:tblW", w=width, type="dxa"),
        element("w:tblLayout", type="fixed"),
    )
    columns = element("w:tblGrid", *(element("w:gridCol", w=each) for _ in figures))
    row = element("w:tr", element("w:trPr", element("w:cantSplit")), *(element("w:tc", cell) for cell in cells))
    return element("w:tbl", properties, columns, row)


def _edges(*, first: bool, last: bool) -> Xml:
    margins = (
        element("w:left", w=0, type="dxa") if first else NOTHING,
        element("w:right", w=0, type="dxa") if last else NOTHING,
    )
    return element("w:tcMar", *margins) if first or last else NOTHING


def _key_height(figures: Sequence[KeyFigure], width: int) -> float:
    """Return the points that the figures take."""
    if not figures:
        return 0.0
    each = width // len(figures) - 2 * PADDING
    # The rule, the label and the value, then the longest note.
    return 38.0 + max(_height(figure.note, 8, each) for figure in figures)


def _basis_text(lines: Sequence[BasisLine]) -> str:
    return " ".join(f"{line.basis}: {line.text}." for line in lines)


def _bases(lines: Sequence[BasisLine]) -> Xml:
    """Return what page one rests on, in a paragraph."""
    bold = joined(element("w:b"), element("w:bCs"))
    parts = (
        joined(run(line.basis[:1].upper() + line.basis[1:], bold), run(f": {line.text.rstrip('.')}. "))
        for line in lines
    )
    return paragraph("Basis", *parts) if lines else NOTHING
