"""How a Word document looks: the styles that a consultant edits it with, and its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kit.report.word.xml import NOTHING, Xml, element, joined, root

TABLE_SIZE, SMALL_SIZE = 9.0, 8.0
"""Type in tables, in points."""
TWIPS = 20
"""Twentieths of a point, in which Word counts, in a point."""
LINE = 1.15
"""Height of a line of the typeface, in multiples of its size."""
PADDING = 80
"""Left and right of what stands in a cell, in twentieths of a point."""

_LANGUAGES = {"en": "en-GB", "de": "de-DE"}


@dataclass(frozen=True)
class Sheet:
    """A sheet of paper with its margins, in twentieths of a point, as Word counts."""

    width: int
    height: int
    side: int = 1134
    top: int = 1077
    bottom: int = 1021
    edge: int = 510

    @property
    def text_width(self) -> int:
        """Width between the margins."""
        return self.width - 2 * self.side

    @property
    def text_height(self) -> int:
        """Height between the margins."""
        return self.height - self.top - self.bottom


SHEETS = {"a4": Sheet(width=11906, height=16838), "letter": Sheet(width=12240, height=15840, side=1300)}
"""The text is about 482 points wide on both, which is the width of a chart."""


def language_tag(code: str) -> str:
    """Return the tag of a language for a speller: ``en-GB``."""
    return _LANGUAGES.get(code, code)


_WORDS_OWN = {
    *("Normal", "Title", "Subtitle", "heading 1", "heading 2", "heading 3", "caption", "List Bullet"),
    *("header", "footer", "TOC Heading", "toc 1"),
}
"""The styles that Word knows by these names, in whatever language it speaks."""


@dataclass(frozen=True)
class _Style:
    """A style of paragraphs. Sizes and distances are in points, ``line`` in lines; ``None`` is as in ``based``."""

    key: str
    name: str
    based: str = "Normal"
    following: str = ""
    size: float | None = None
    colour: str | None = None
    bold: bool = False
    caps: bool = False
    before: float = 0
    after: float = 0
    line: float | None = None
    keep_next: bool = False
    keep_lines: bool = False
    level: int | None = None
    bullet: bool = False
    align: str = ""
    over: Xml = NOTHING
    tabs: Xml = NOTHING

    def xml(self) -> Xml:
        """Return the style."""
        return element(
            "w:style",
            element("w:name", val=self.name),
            *((element("w:basedOn", val=self.based),) if self.key != "Normal" else ()),
            *((element("w:next", val=self.following),) if self.following else ()),
            element("w:qFormat"),
            element("w:pPr", self._paragraph()),
            element("w:rPr", self._type()),
            type="paragraph",
            styleId=self.key,
            **({"default": 1} if self.key == "Normal" else {} if self.name in _WORDS_OWN else {"customStyle": 1}),
        )

    def _paragraph(self) -> Xml:
        line: dict[str, str | int] = {}
        if self.line is not None:
            line = {"line": round(240 * self.line), "lineRule": "auto"}
        return joined(
            element("w:keepNext") if self.keep_next else NOTHING,
            element("w:keepLines") if self.keep_lines else NOTHING,
            element("w:numPr", element("w:numId", val=1)) if self.bullet else NOTHING,
            self.over,
            self.tabs,
            element("w:suppressAutoHyphens") if self.level is not None or self.key == "Title" else NOTHING,
            element("w:spacing", before=round(20 * self.before), after=round(20 * self.after), **line),
            element("w:contextualSpacing") if self.bullet else NOTHING,
            element("w:jc", val=self.align) if self.align else NOTHING,
            element("w:outlineLvl", val=self.level) if self.level is not None else NOTHING,
        )

    def _type(self) -> Xml:
        return joined(
            joined(element("w:b"), element("w:bCs")) if self.bold else NOTHING,
            element("w:caps") if self.caps else NOTHING,
            element("w:color", val=self.colour.lstrip("#")) if self.colour else NOTHING,
            size(self.size) if self.size else NOTHING,
        )


def size(points: float) -> Xml:
    """Return the property of a run that has a size."""
    return joined(element("w:sz", val=round(2 * points)), element("w:szCs", val=round(2 * points)))


def border(side: str, colour: str, points: float, space: int = 0) -> Xml:
    """Return a rule at a side of a paragraph, a table or a cell."""
    return element(f"w:{side}", val="single", sz=max(round(8 * points), 2), space=space, color=colour.lstrip("#"))


def _paragraphs(colours: Mapping[str, str], sheet: Sheet) -> list[_Style]:
    grey = colours["grey"]
    end = element("w:tabs", element("w:tab", val="right", pos=sheet.text_width))
    contents = element(
        "w:tabs", *(element("w:tab", val=val, pos=p) for val, p in (("left", 425), ("right", sheet.text_width)))
    )
    over_foot = element("w:pBdr", border("top", colours["rule"], 0.5, 6))
    over_key = element("w:pBdr", border("top", colours["own"], 1.25, 4))
    base = _Style("Normal", "Normal", colour=colours["ink"], before=4, after=4, line=1.12)
    lead = replace(base, based="Normal", colour=None, following="Normal", line=1.0)
    head = replace(lead, bold=True, keep_next=True, keep_lines=True)
    kicker = replace(head, based="Heading1", before=0, after=0, level=0)
    cell = replace(lead, key="TableText", name="Table Text", following="", size=TABLE_SIZE, before=2, after=2)
    fine = replace(cell, size=SMALL_SIZE, before=1.5, after=1.5)
    return [
        base,
        replace(head, key="Title", name="Title", size=19, before=6, after=8),
        replace(lead, key="Subtitle", name="Subtitle", size=10.5, colour=grey, after=10, line=1.12),
        replace(head, key="Heading1", name="heading 1", size=15, before=20, after=8, level=0),
        replace(kicker, key="Decision", name="Decision", size=9, colour=colours["own_text"]),
        replace(head, key="Heading2", name="heading 2", size=11.5, before=14, level=1),
        replace(head, key="Heading3", name="heading 3", size=10, colour=grey, before=10, after=3, level=2),
        replace(head, key="Caption", name="caption", size=9.5, before=12),
        replace(base, key="ListBullet", name="List Bullet", colour=None, before=2, after=2, bullet=True),
        replace(lead, key="Header", name="header", size=8.5, colour=grey, before=0, after=2, tabs=end),
        replace(lead, key="Footer", name="footer", size=8, colour=grey, over=over_foot, tabs=end),
        replace(head, key="TOCHeading", name="TOC Heading", size=15, after=8),
        replace(lead, key="TOC1", name="toc 1", before=2, after=2, tabs=contents),
        replace(lead, key="Picture", name="Picture", before=6, after=8),
        cell,
        replace(cell, key="TableNumber", name="Table Number", based="TableText", align="right"),
        replace(cell, key="TableHead", name="Table Head", based="TableText", size=8, colour=grey, keep_next=True),
        replace(fine, key="TableTextSmall", name="Table Text Small", based="TableText"),
        replace(fine, key="TableNumberSmall", name="Table Number Small", based="TableNumber", align="right"),
        replace(fine, key="TableHeadSmall", name="Table Head Small", based="TableHead", size=7.5, keep_next=True),
        replace(lead, key="KeyLabel", name="Key Label", size=7.5, colour=grey, caps=True, over=over_key, after=0),
        replace(lead, key="KeyValue", name="Key Value", size=17, bold=True, before=1, after=1),
        replace(lead, key="KeyNote", name="Key Note", size=8, colour=grey, before=0),
        replace(lead, key="Basis", name="Basis", size=8, colour=grey, before=6),
    ]


_CHIPS = {
    "own": "own",
    "measured": "own",
    "yes": "own",
    "rented": "rented",
    "api": "cloud",
    "assumed": "cloud",
    "no": "cloud",
}


def chip_style(kind: str) -> str:
    """Return the character style of a kind of chip."""
    return f"Chip{_CHIPS.get(kind, 'other').capitalize()}"


def _chip(key: str, ink: str, ground: str) -> Xml:
    look = joined(
        element("w:b"),
        element("w:bCs"),
        element("w:color", val=ink.lstrip("#")),
        element("w:shd", val="clear", color="auto", fill=ground.lstrip("#")),
    )
    return element(
        "w:style", element("w:name", val=f"Chip {key.capitalize()}"), element("w:qFormat"), element("w:rPr", look),
        type="character", customStyle=1, styleId=f"Chip{key.capitalize()}",
    )  # fmt: skip


def _tables(colours: Mapping[str, str]) -> Xml:
    sides = zip(("top", "left", "bottom", "right"), (0, PADDING, 0, PADDING), strict=True)
    margins = element("w:tblCellMar", *(element(f"w:{side}", w=width, type="dxa") for side, width in sides))
    rules = element(
        "w:tblBorders",
        border("top", colours["ink"], 0.75),
        border("bottom", colours["ink"], 0.75),
        border("insideH", colours["rule"], 0.25),
    )
    under = element("w:tcBorders", border("bottom", colours["ink"], 0.5))
    over = element("w:tcBorders", border("top", colours["ink"], 0.5))
    bold = element("w:rPr", element("w:b"), element("w:bCs"))
    return joined(
        element(
            "w:style",
            element("w:name", val="Normal Table"),
            element("w:uiPriority", val=99),
            element("w:semiHidden"),
            element("w:tblPr", element("w:tblInd", w=0, type="dxa"), margins),
            type="table",
            default=1,
            styleId="TableNormal",
        ),
        element(
            "w:style",
            element("w:name", val="Verdict Table"),
            element("w:basedOn", val="TableNormal"),
            element("w:qFormat"),
            element("w:tblPr", rules, margins),
            element("w:tblStylePr", element("w:tcPr", under, element("w:vAlign", val="bottom")), type="firstRow"),
            element("w:tblStylePr", bold, element("w:tcPr", over), type="lastRow"),
            type="table",
            customStyle=1,
            styleId="VerdictTable",
        ),
    )


def styles(colours: Mapping[str, str], sheet: Sheet, language: str) -> Xml:
    """Return the part that holds the styles.

    Args:
        colours: of the document by role, as :func:`kit.report.skin.light` gives them.
        sheet: of paper.
        language: tag, for the speller.
    """
    themes = {"asciiTheme": "minorHAnsi", "eastAsiaTheme": "minorEastAsia", "hAnsiTheme": "minorHAnsi"}
    fonts = element("w:rFonts", **themes, cstheme="minorBidi")
    look = element("w:rPr", fonts, size(10), element("w:lang", val=language, eastAsia="ja-JP", bidi="he-IL"))
    coloured = element("w:rPr", element("w:color", val=colours["own_text"].lstrip("#")))
    link = element("w:style", element("w:name", val="Hyperlink"), coloured, type="character", styleId="Hyperlink")
    mark = element(
        "w:style",
        element("w:name", val="Mark"),
        element("w:qFormat"),
        coloured,
        type="character",
        customStyle=1,
        styleId="Mark",
    )
    return root(
        "w:styles",
        element("w:docDefaults", element("w:rPrDefault", look), element("w:pPrDefault")),
        *(style.xml() for style in _paragraphs(colours, sheet)),
        *(_chip(key, colours[f"{key}_chip"], colours[f"{key}_tint"]) for key in ("own", "rented", "cloud", "other")),
        link,
        mark,
        _tables(colours),
    )
