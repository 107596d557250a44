"""The verdict as a Word document to go on writing in: its headings, tables, captions and lists are Word's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, assert_never
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from kit.report import skin
from kit.report.furniture import furniture
from kit.report.palette import Palette, of
from kit.report.parts import Block, Heading, Live, Picture, Section, Table, Text
from kit.report.view import View
from kit.report.word.front import front
from kit.report.word.pictures import Gallery
from kit.report.word.settings import fonts, numbering, settings, theme
from kit.report.word.sheet import furnish, letter
from kit.report.word.styles import SHEETS, Sheet, language_tag, styles
from kit.report.word.tables import table
from kit.report.word.xml import (
    NOTHING,
    Xml,
    bookmarked,
    clean,
    element,
    field_around,
    joined,
    linked,
    paragraph,
    reads_left,
    root,
    run,
    texts,
)
from kit.strategy.verdict import Verdict

if TYPE_CHECKING:
    from docx.document import Document
    from docx.parts.document import DocumentPart

_AFTER_TABLE = element("w:spacing", before=200)
_LONGEST_PROPERTY = 255
"""Letters that a property of a document may have."""
_FIRST_YEAR = 1980
"""Before it the dates of a ZIP file cannot be written."""


def docx_bytes(verdict: Verdict, shown: View, drawn: Mapping[str, str], *, paper: str = "a4") -> bytes:
    """Return a verdict as a Word document, in the language of the moment; the same verdict gives the same bytes.

    Args:
        verdict: the decision.
        shown: the same as text.
        drawn: its pictures, as SVG by name.
        paper: a4 or letter.

    Raises:
        KitError: a picture cannot be drawn.
    """
    import docx

    letterhead, sheet = verdict.letterhead, SHEETS[paper]
    words = furniture(shown, letterhead)
    document = docx.Document()
    _dress(document.part, of(letterhead), sheet, language_tag(shown.language))
    gallery, head = Gallery(document.part, _shown(shown, drawn)), letter(letterhead, words)
    _fill(
        document,
        joined(
            _heading("Decision", shown.decision),
            front(shown, gallery, sheet, above=head.height),
            _contents(words["contents"], (shown.decision, *shown.sections)),
            *(
                # The contents stand above the first.
                _section(section, gallery, sheet.text_width, page_break=section.page and k > 0)
                for k, section in enumerate(shown.sections)
            ),
        ),
    )
    furnish(document, head, gallery, sheet)
    _describe(document, shown, words["document_title"], author=letterhead.consultant or shown.client)
    return _packed(document, verdict.date)


def _shown(shown: View, drawn: Mapping[str, str]) -> dict[str, str]:
    """Return the pictures that stand on paper."""
    blocks = chain(shown.pictures, *(section.blocks for section in shown.sections))
    return {block.name: drawn[block.name] for block in blocks if isinstance(block, Picture)}


def _contents(title: str, sections: Sequence[Section]) -> Xml:
    """Return the list of the sections, which leads to each; Word adds the pages when a reader has it updated.

    Nobody knows a section's page before Word has set the document, and Word would ask before it worked them out on
    opening, so that the list comes without.
    """
    entries = [
        linked(_anchor(section), joined(run(str(section.number)), run("\t"), run(section.title)))
        for section in sections
    ]
    heading = paragraph("TOCHeading", run(title), page_break=True)
    listed = (paragraph("TOC1", entry) for entry in field_around('TOC \\o "1-1" \\h \\z \\u', entries))
    kind = element("w:docPartObj", element("w:docPartGallery", val="Table of Contents"), element("w:docPartUnique"))
    return element("w:sdt", element("w:sdtPr", kind), element("w:sdtContent", heading, *listed))


def _anchor(section: Section) -> str:
    return f"_Toc{section.number:08d}"


def _heading(style: str, section: Section, *, page_break: bool = False) -> Xml:
    """Return a section's heading, to which the contents lead."""
    number = joined(run(str(section.number), element("w:rStyle", val="Mark")), run("\u2002"))
    content = bookmarked(section.number, _anchor(section), joined(number, run(section.title)))
    return paragraph(style, content, page_break=page_break, right_to_left=reads_left(section.title))


def _section(section: Section, gallery: Gallery, width: int, *, page_break: bool) -> Xml:
    heading = _heading("Heading1", section, page_break=page_break)
    blocks = [block for block in section.blocks if not isinstance(block, Live)]
    around = zip([None, *blocks[:-1]], blocks, [*blocks[1:], None], strict=True)
    return joined(
        heading, *(_block(block, gallery, width, before=before, after=after) for before, block, after in around)
    )


def _block(block: Block, gallery: Gallery, width: int, *, before: Block | None, after: Block | None) -> Xml:
    """Return a block; what leads to a table or a picture stays on its page."""
    match block:
        case Text():
            leads = isinstance(after, Table | Picture) and not block.item
            spacing = _AFTER_TABLE if isinstance(before, Table) else NOTHING
            style = "ListBullet" if block.item else "Normal"
            rtl = reads_left(block.text)
            return paragraph(style, run(block.text), keep_next=leads, right_to_left=rtl, spacing=spacing)
        case Heading():
            return texts("Heading2", block.heading)
        case Picture():
            return paragraph("Picture", gallery.show(block, width))
        case Table():
            return table(block, width)
        case Live():
            return NOTHING
        case _:
            assert_never(block)


def _fill(document: Document, content: Xml) -> None:
    from docx.oxml import parse_xml

    body = document.element.body
    parsed = parse_xml(root("w:body", content))
    body[:-1] = list(parsed)


def _dress(part: DocumentPart, palette: Palette, sheet: Sheet, language: str) -> None:
    """Give a document the kit's styles and settings in place of the template's."""
    from docx.opc.constants import CONTENT_TYPE as KIND
    from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    package = part.package
    coloured = theme(part.part_related_by(RELATION.THEME).blob, palette)
    for owner in (part.rels, package.rels):
        for key in [
            key
            for key, relation in owner.items()
            if relation.reltype not in {RELATION.OFFICE_DOCUMENT, RELATION.CORE_PROPERTIES}
        ]:
            owner.pop(key)
    parts = (
        ("styles", KIND.WML_STYLES, RELATION.STYLES, _file(styles(skin.light(palette), sheet, language))),
        ("settings", KIND.WML_SETTINGS, RELATION.SETTINGS, _file(settings(language))),
        ("numbering", KIND.WML_NUMBERING, RELATION.NUMBERING, _file(numbering())),
        ("fontTable", KIND.WML_FONT_TABLE, RELATION.FONT_TABLE, _file(fonts())),
        ("theme/theme1", KIND.OFC_THEME, RELATION.THEME, coloured),
    )
    for name, kind, relation, content in parts:
        part.relate_to(Part(PackURI(f"/word/{name}.xml"), kind, content, package), relation)


def _file(content: Xml) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}'.encode()


def _describe(document: Document, shown: View, title: str, *, author: str) -> None:
    """Give a document its properties; it was made on the day of the verdict."""
    noon = dt.datetime.combine(dt.date.fromisoformat(shown.iso_date), dt.time(12))
    properties = document.core_properties
    properties.title = _property(title)
    properties.author = properties.last_modified_by = _property(author)
    properties.subject = _property(shown.title)
    properties.language = language_tag(shown.language)
    properties.comments = properties.keywords = ""
    properties.created = properties.modified = noon
    properties.revision = 1


def _property(text: str) -> str:
    return clean(text)[:_LONGEST_PROPERTY]


def _packed(document: Document, day: dt.date) -> bytes:
    """Return a document as a file whose entries all bear the day of the verdict, or one in the first year of ZIP."""
    loose, packed = BytesIO(), BytesIO()
    document.save(loose)
    with ZipFile(loose) as source, ZipFile(packed, "w") as target:
        for entry in source.infolist():
            dated = ZipInfo(entry.filename, (max(day.year, _FIRST_YEAR), day.month, day.day, 12, 0, 0))
            # The same on all systems.
            dated.create_system, dated.external_attr = 3, 0o644 << 16
            dated.compress_type = ZIP_STORED if entry.filename.endswith(".png") else ZIP_DEFLATED
            target.writestr(dated, source.read(entry))
    return packed.getvalue()
