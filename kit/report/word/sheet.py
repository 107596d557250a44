"""The paper of a Word document: its size, the letterhead on page one, the head and the foot of every other page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.report.lettering import shorten
from kit.report.word.pictures import Gallery, logo, proportion
from kit.report.word.styles import TWIPS, Sheet
from kit.report.word.xml import Xml, element, field, joined, paragraph, root, run, texts
from kit.strategy.dossier import Letterhead

if TYPE_CHECKING:
    from docx.document import Document

_LOGO_HEIGHT, _SMALL_LOGO = 36, 18
"""Points that a logo takes on page one and on the others."""
_LOGO_WIDTH = 170
"""Points that a logo takes at the most."""
_ADDRESS_LINE = 11


@dataclass(frozen=True)
class Letter:
    """What stands on each page beside the text.

    Attributes:
        consultant: who signs; empty for none.
        address: its lines.
        logo: PNG; empty for none.
        words: those around the content, by name.
    """

    consultant: str
    address: tuple[str, ...]
    logo: bytes
    words: Mapping[str, str]

    @property
    def height(self) -> float:
        """Points that the letterhead takes on page one."""
        lines = _ADDRESS_LINE * (len(self.address) + bool(self.consultant))
        return max(lines, _LOGO_HEIGHT if self.logo else 0) + (6 if lines or self.logo else 0)


def letter(letterhead: Letterhead, words: Mapping[str, str]) -> Letter:
    """Return what stands on each page.

    Args:
        letterhead: whose paper it is.
        words: of :func:`kit.report.furniture.furniture`.
    """
    return Letter(
        consultant=letterhead.consultant,
        address=letterhead.address,
        logo=logo(letterhead.logo) if letterhead.logo else b"",
        words=words,
    )


def furnish(document: Document, letter: Letter, gallery: Gallery, sheet: Sheet) -> None:
    """Give a document its paper, its heads and its feet."""
    section = document.sections[0]
    section.page_width, section.page_height = _twips(sheet.width), _twips(sheet.height)
    section.left_margin = section.right_margin = _twips(sheet.side)
    section.top_margin, section.bottom_margin = _twips(sheet.top), _twips(sheet.bottom)
    section.header_distance = section.footer_distance = _twips(sheet.edge)
    section.gutter = _twips(0)
    section.different_first_page_header_footer = True
    _write(section.first_page_header, lambda part: _first_head(letter, gallery, part, sheet), "w:hdr")
    _write(section.header, lambda part: _head(letter, gallery, part), "w:hdr")
    for footer in (section.first_page_footer, section.footer):
        _write(footer, lambda _: _foot(letter), "w:ftr")


def _twips(count: int) -> Any:
    from docx.shared import Twips

    return Twips(count)


def _write(story: Any, content: Callable[[Any], Xml], name: str) -> None:
    from docx.oxml import parse_xml

    story.is_linked_to_previous = False
    element = story.part.element
    parsed = parse_xml(root(name, content(story.part)))
    element[:] = list(parsed)


def _first_head(letter: Letter, gallery: Gallery, part: Any, sheet: Sheet) -> Xml:
    caps = joined(element("w:rStyle", val="Mark"), element("w:b"), element("w:bCs"), element("w:caps"))
    below = element("w:spacing", before=0, after=160)
    mark = paragraph("Header", run(letter.words["mark"], caps), _TAB, run(letter.words["about"]), spacing=below)
    if not letter.height:
        return mark
    half = sheet.text_width // 2
    bold = joined(element("w:b"), element("w:bCs"))
    picture = paragraph("Header", _logo(letter, gallery, part, _LOGO_HEIGHT)) if letter.logo else paragraph("Header")
    lines = [
        *((texts("Header", letter.consultant, look=bold, align="right"),) if letter.consultant else ()),
        *(texts("Header", line, align="right") for line in letter.address),
    ]
    cells = (picture, joined(*lines) if lines else paragraph("Header"))
    width = element("w:tcPr", element("w:tcW", w=half, type="dxa"), _BARE)
    return joined(
        element(
            "w:tbl",
            element("w:tblPr", element("w:tblW", w=2 * half, type="dxa"), element("w:tblLayout", type="fixed")),
            element("w:tblGrid", *(element("w:gridCol", w=half) for _ in cells)),
            element("w:tr", *(element("w:tc", width, cell) for cell in cells)),
        ),
        mark,
    )


_TAB = run("\t")
_BARE = element("w:tcMar", element("w:left", w=0, type="dxa"), element("w:right", w=0, type="dxa"))


def _head(letter: Letter, gallery: Gallery, part: Any) -> Xml:
    """Return the head of a page: whose paper it is, and what it is about."""
    whose = (
        _logo(letter, gallery, part, _SMALL_LOGO)
        if letter.logo
        else run(shorten(letter.consultant or letter.words["mark"], 200, 8.5))
    )
    return paragraph("Header", whose, _TAB, run(letter.words["about"]))


def _logo(letter: Letter, gallery: Gallery, part: Any, height: int) -> Xml:
    width = min(height / proportion(letter.logo), _LOGO_WIDTH)
    return gallery.place(part, letter.logo, alt=letter.words["logo"], width=round(TWIPS * width))


def _foot(letter: Letter) -> Xml:
    page = joined(field("PAGE", "1"), run(" / "), field("NUMPAGES", "1"))
    return paragraph("Footer", run(letter.words["foot"]), _TAB, page)
