"""The XML of a Word document: elements, runs and paragraphs, in which whatever a client wrote is text.

Elements are written as text and read once, which takes a tenth of the time that a tree of objects does. :data:`Xml` and
plain text are two types, so that none is taken for the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NewType
from xml.sax.saxutils import escape, quoteattr

Xml = NewType("Xml", str)
"""Well-formed XML. Only this module makes it of a text."""

NOTHING = Xml("")
NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
}
SPACE = "\N{NO-BREAK SPACE}"

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no place for, and half a pair of surrogates, which no file has a place for."""
_HEBREW_TO_ARABIC = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff"
_RTL = re.compile(f"([{_HEBREW_TO_ARABIC}]+(?:[^\\w{_HEBREW_TO_ARABIC}]+[{_HEBREW_TO_ARABIC}]+)*)")
"""Runs of right-to-left letters, with what stands between them."""
_STRONG = re.compile(r"[^\W\d_]")
"""A letter, which has a direction."""
_BREAK = re.compile(r"(\r\n|\r|\n|\t)")


def clean(text: str) -> str:
    """Return a text with a replacement character for each that a file of Word cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def element(name: str, /, *children: Xml, **attributes: str | int) -> Xml:
    """Return an element.

    Args:
        name: with its prefix, e.g. ``w:p``.
        children: what is in it.
        attributes: they take the prefix ``w`` where the element has it, and none elsewhere.
    """
    prefix = "w:" if name.startswith("w:") else ""
    listed = "".join(f" {prefix}{key}={quoteattr(clean(str(value)))}" for key, value in attributes.items())
    content = "".join(children)
    return Xml(f"<{name}{listed}>{content}</{name}>" if content else f"<{name}{listed}/>")


def joined(*parts: Xml) -> Xml:
    """Return one after the other."""
    return Xml("".join(parts))


def run(text: str, look: Xml = NOTHING) -> Xml:
    """Return a text as runs, those in right-to-left letters marked as such.

    Args:
        text: as it came; line breaks and tabs are kept.
        look: its properties, in the order of the schema, without ``w:rPr`` around them.
    """
    return joined(*(_run(part, look, rtl=rtl) for part, rtl in _directions(clean(text))))


def _run(text: str, look: Xml, *, rtl: bool) -> Xml:
    properties = joined(look, element("w:rtl")) if rtl else look
    head = element("w:rPr", properties) if properties else ""
    parts = [text] if text.isprintable() else _BREAK.split(text)
    return Xml(f"<w:r>{head}{''.join(map(_piece, parts))}</w:r>")


def _piece(part: str) -> str:
    if part == "\t":
        return "<w:tab/>"
    if part in {"\n", "\r", "\r\n"}:
        return "<w:br/>"
    return f'<w:t xml:space="preserve">{escape(part)}</w:t>' if part else ""


def _directions(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, and whether they are read from right to left."""
    if text.isascii():
        yield text, False
        return
    for k, part in enumerate(_RTL.split(text)):
        if part:
            yield part, k % 2 == 1


def reads_left(text: str) -> bool:
    """Tell whether a text as a whole runs from right to left, as its first letter does."""
    return not text.isascii() and (first := _STRONG.search(text)) is not None and bool(_RTL.match(first.group()))


def paragraph(
    style: str,
    *content: Xml,
    keep_next: bool = False,
    page_break: bool = False,
    right_to_left: bool = False,
    align: str = "",
    spacing: Xml = NOTHING,
) -> Xml:
    """Return a paragraph.

    Args:
        style: identifier of its style.
        content: its runs.
        keep_next: on one page with the next paragraph.
        page_break: starts a page.
        right_to_left: as a whole.
        align: ``right``, if otherwise than the style.
        spacing: a ``w:spacing``, if otherwise than the style.
    """
    # In the order of the schema, without which Word refuses the file.
    properties = joined(
        element("w:pStyle", val=style),
        element("w:keepNext") if keep_next else NOTHING,
        element("w:pageBreakBefore") if page_break else NOTHING,
        element("w:bidi") if right_to_left else NOTHING,
        spacing,
        element("w:jc", val=align) if align else NOTHING,
    )
    return element("w:p", element("w:pPr", properties), *content)


def texts(style: str, text: str, *, look: Xml = NOTHING, keep_next: bool = False, align: str = "") -> Xml:
    """Return a paragraph of one text."""
    return paragraph(style, run(text, look), keep_next=keep_next, align=align, right_to_left=reads_left(text))


def field(instruction: str, shown: str, look: Xml = NOTHING) -> Xml:
    """Return a field that Word works out, such as ``PAGE``, and what it shows until then."""
    return Xml(f"<w:fldSimple w:instr={quoteattr(f' {instruction} ')}>{run(shown, look)}</w:fldSimple>")


def field_around(instruction: str, paragraphs: Sequence[Xml]) -> list[Xml]:
    """Return the contents of paragraphs as what a field shows that runs over them all, such as ``TOC``.

    Args:
        instruction: of the field.
        paragraphs: the content of each, at least one.
    """
    code = Xml(f'<w:r><w:instrText xml:space="preserve">{escape(f" {instruction} ")}</w:instrText></w:r>')
    begin, separate, end = (element("w:r", element("w:fldChar", fldCharType=t)) for t in ("begin", "separate", "end"))
    found = list(paragraphs)
    found[0] = joined(begin, code, separate, found[0])
    found[-1] = joined(found[-1], end)
    return found


def bookmarked(number: int, name: str, content: Xml) -> Xml:
    """Return content with a bookmark around it.

    Args:
        number: of its own among all bookmarks.
        name: of its own; at most 40 letters, digits and underscores.
        content: runs.
    """
    start = element("w:bookmarkStart", id=number, name=name)
    return joined(start, content, element("w:bookmarkEnd", id=number))


def linked(anchor: str, content: Xml) -> Xml:
    """Return content that leads to a bookmark."""
    return element("w:hyperlink", content, anchor=anchor, history=1)


def root(name: str, *children: Xml) -> Xml:
    """Return an element with the namespaces that a part of the document needs."""
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return Xml(f"<{name}{spaces}>{''.join(children)}</{name}>")
