"""Tables of a Word document: columns as wide as what stands in them, rows that stay whole, heads on every page."""

from __future__ import annotations

from collections.abc import Sequence

from kit.report.parts import Cell, Column, Table
from kit.report.word.columns import column_widths, row_lines
from kit.report.word.styles import chip_style
from kit.report.word.xml import NOTHING, SPACE, Xml, element, joined, paragraph, reads_left, run, texts

KEPT_ROWS, KEPT_LINES = 8, 26
"""Rows and lines up to which a table is kept on one page; a longer one may go on overleaf, under its head."""
_EDGE_ROWS = 2
"""Rows of a long table that stay with its head, or with its last row."""


def table(shown: Table, width: int) -> Xml:
    """Return a table with its caption above it.

    Args:
        shown: the table.
        width: between the margins, in twentieths of a point.
    """
    widths = column_widths(shown, width)
    rows = [*shown.rows, *([shown.total] if shown.total else [])]
    kept = _kept(len(rows), lines=sum(row_lines(shown, row, widths) for row in rows))
    suffix, last = "Small" if shown.small else "", shown.total is not None
    head = _row(tuple(c.head for c in shown.columns), shown, widths, f"TableHead{suffix}", head=True, keep_next=True)
    body = (
        _row(
            row,
            shown,
            widths,
            f"TableText{suffix}",
            keep_next=kept[k],
            bold=last and k + 1 == len(rows),
        )
        for k, row in enumerate(rows)
    )
    # The number says the same to Word 2007: first row, last row, no bands.
    look = element("w:tblLook", val="0660" if last else "0620", firstRow=1, lastRow=int(last), noHBand=1, noVBand=1)
    properties = element(
        "w:tblPr",
        element("w:tblStyle", val="VerdictTable"),
        element("w:tblW", w=width, type="dxa"),
        element("w:tblLayout", type="fixed"),
        look,
        element("w:tblCaption", val=shown.caption),
    )
    columns = element("w:tblGrid", *(element("w:gridCol", w=w) for w in widths))
    caption = texts("Caption", shown.caption, keep_next=True)
    return joined(caption, element("w:tbl", properties, columns, head, *body))


def _kept(count: int, *, lines: int) -> list[bool]:
    """Return which rows stay on one page with the next: all of a short table, the first and the last of a long one."""
    inner = range(_EDGE_ROWS, count - 1 - _EDGE_ROWS)
    return [k + 1 < count and ((count <= KEPT_ROWS and lines <= KEPT_LINES) or k not in inner) for k in range(count)]


def _row(
    cells: Sequence[Cell],
    shown: Table,
    widths: Sequence[int],
    style: str,
    *,
    head: bool = False,
    keep_next: bool = False,
    bold: bool = False,
) -> Xml:
    last = len(widths) - 1
    properties = element("w:trPr", element("w:cantSplit"), element("w:tblHeader") if head else NOTHING)
    return element(
        "w:tr",
        properties,
        *(
            element(
                "w:tc",
                _cell_properties(widths[k], first=k == 0, last=k == last),
                _content(cell, column, style, keep_next=keep_next, bold=bold),
            )
            for k, (cell, column) in enumerate(zip(cells, shown.columns, strict=True))
        ),
    )


def _cell_properties(width: int, *, first: bool, last: bool) -> Xml:
    """Return the width of a cell; at the table's edges its text stands on the margin."""
    margins = joined(
        element("w:left", w=0, type="dxa") if first else NOTHING,
        element("w:right", w=0, type="dxa") if last else NOTHING,
    )
    return element("w:tcPr", element("w:tcW", w=width, type="dxa"), element("w:tcMar", margins) if margins else NOTHING)


def _content(cell: Cell, column: Column, style: str, *, keep_next: bool, bold: bool) -> Xml:
    right = column.align == "right"
    if isinstance(cell, str):
        name = style.replace("TableText", "TableNumber") if right else style
        look = joined(element("w:b"), element("w:bCs")) if bold else NOTHING
        align = "right" if right and name == style else ""
        return texts(name, cell, look=look, keep_next=keep_next, align=align)
    between = run(" ")
    parts: list[Xml] = []
    for chip in cell:
        parts += [between] if parts else []
        parts.append(run(f"{SPACE}{chip.text}{SPACE}", element("w:rStyle", val=chip_style(chip.kind))))
    rtl = bool(cell) and reads_left(cell[0].text)
    return paragraph(style, *parts, keep_next=keep_next, right_to_left=rtl, align="right" if right else "")
