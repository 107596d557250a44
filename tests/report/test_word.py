"""The Word document is a drawing of the view that opens in Word, can be edited there, and holds nothing of its own."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from kit.report.parts import Chip, Column, Heading, Live, Picture, Table, Text
from kit.report.pictures import drawings, telling
from kit.report.view import View
from kit.report.word import docx_bytes
from kit.report.word.columns import column_widths
from kit.report.word.styles import SHEETS
from kit.report.word.xml import run
from kit.strategy.dossier import Letterhead
from kit.strategy.verdict import Verdict
from tests.report.figures import docx_text, foreign_figures

SHALOM = "\u05e9\u05dc\u05d5\u05dd"
HOSTILE = f'<script>alert(1)</script> #import "x" $y$ & {SHALOM} \U0001f600 ' + "Very Long Name " * 10
LOGO = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='60'><rect width='200' height='60'/></svg>"
LETTERHEAD = Letterhead(
    consultant="M\u00fcller & S\u00f6hne",
    address=("Hauptstra\u00dfe 1", "80331 M\u00fcnchen"),
    logo=f"data:image/svg+xml;base64,{base64.b64encode(LOGO.encode()).decode()}",
    colour="#203a8f",
    paper="letter",
)

Made = tuple[View, Path]


@pytest.fixture(scope="session")
def make(verdict: Verdict, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """A function that writes a verdict, the example's unless given, and returns its view and its file."""

    def made(given: Verdict = verdict, language: str = "en", paper: str = "") -> Made:
        path = tmp_path_factory.mktemp("docx") / "verdict.docx"
        with telling(given, language) as shown:
            drawn = drawings(given, shown)
            path.write_bytes(docx_bytes(given, shown, drawn, paper=paper or given.letterhead.paper))
        return shown, path

    return made


@pytest.fixture(scope="session")
def example(make) -> Made:
    """The example's view and its file."""
    return make()


@pytest.fixture(scope="session")
def document(example: Made) -> Document:
    """The example's document, read back."""
    return docx.Document(str(example[1]))


def squeezed(text: str) -> str:
    """Return a text without its spaces, which break lines and hold chips together."""
    return "".join(text.split())


def text_of(element) -> str:
    """Return the text of a part of a document."""
    return "".join(found.text or "" for found in element.iter(qn("w:t")))


def cells(table: Table) -> Iterator[str]:
    """Yield the texts of a table, row by row."""
    yield from (column.head for column in table.columns)
    for row in (*table.rows, *([table.total] if table.total else [])):
        for cell in row:
            yield from [cell] if isinstance(cell, str) else [chip.text for chip in cell]


def texts(shown: View) -> Iterator[str]:
    """Yield every text of a view that is drawn on paper, in its order."""
    yield from (shown.headline, shown.money_sentence)
    for figure in shown.key_figures:
        yield from (figure.label, figure.value, figure.note)
    yield from (shown.workloads.caption, *cells(shown.workloads))
    for line in shown.bases:
        yield from (line.basis[1:], line.text.rstrip("."))
    for section in shown.sections:
        yield section.title
        for block in section.blocks:
            match block:
                case Text():
                    yield block.text
                case Heading():
                    yield block.heading
                case Table():
                    yield from (block.caption, *cells(block))
                case Picture() | Live():
                    pass


def tables(shown: View) -> list[Table]:
    """Return the tables of a view."""
    return [shown.workloads, *(b for section in shown.sections for b in section.blocks if isinstance(b, Table))]


def native(document: Document) -> list:
    """Return the tables of a document that have a head; the key figures stand in one that has none."""
    return [
        table for table in document.element.body.iter(qn("w:tbl")) if table.find(f".//{qn('w:tblHeader')}") is not None
    ]


def test_every_text_of_the_view_is_in_it_in_order(example, document):
    """Nothing is left out, and nothing stands before what comes first."""
    shown, _ = example
    whole, place = squeezed(text_of(document.element.body)), 0
    for text in texts(shown):
        found = whole.find(squeezed(text), place)
        assert found >= 0, text
        place = found


def test_every_figure_is_the_records(example, verdict):
    """No figure of the document's own, neither on the pages nor at their heads and feet."""
    assert foreign_figures(docx_text(example[1]), json.loads(verdict.to_json())) == []


def test_headings_are_words_own(example, document):
    """The sections are headings of the first level, which Word's navigation lists, and the contents lead to each."""
    shown, _ = example
    sections = [shown.decision, *shown.sections]
    styled = [p for p in document.paragraphs if p.style.name in {"Heading 1", "Decision"}]
    assert [p.text for p in styled] == [f"{s.number}\u2002{s.title}" for s in sections]
    inner = [b.heading for s in shown.sections for b in s.blocks if isinstance(b, Heading)]
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 2"] == inner
    assert [p.text for p in document.paragraphs if p.style.name == "Title"] == [shown.headline]
    items = [b.text for s in shown.sections for b in s.blocks if isinstance(b, Text) and b.item]
    assert [p.text for p in document.paragraphs if p.style.name == "List Bullet"] == items
    links = list(document.element.body.iter(qn("w:hyperlink")))
    marks = {mark.get(qn("w:name")) for mark in document.element.body.iter(qn("w:bookmarkStart"))}
    assert [text_of(link) for link in links] == [f"{s.number}{s.title}" for s in sections]
    assert {link.get(qn("w:anchor")) for link in links} == marks
    assert len(marks) == len(sections)


def test_tables_are_words_own(example, document):
    """As many tables as the view has; heads repeat, rows stay whole, columns fill the page, numbers stand right."""
    shown, _ = example
    found, width = native(document), SHEETS["a4"].text_width
    assert len(found) == len(tables(shown)) > 5
    for table, given in zip(found, tables(shown), strict=True):
        rows = table.findall(qn("w:tr"))
        assert len(rows) == 1 + len(given.rows) + (given.total is not None)
        assert [row.find(f".//{qn('w:tblHeader')}") is not None for row in rows] == [True] + [False] * (len(rows) - 1)
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows)
        assert sum(int(column.get(qn("w:w"))) for column in table.iter(qn("w:gridCol"))) == width
        styles = [style.get(qn("w:val")) for style in rows[1].iter(qn("w:pStyle"))]
        for cell, style, column in zip(given.rows[0], styles, given.columns, strict=True):
            assert ("Number" in style) == (column.align == "right" and isinstance(cell, str))


def test_captions_stay_with_their_tables(example, document):
    """Each table comes right after its caption, which Word keeps on the table's page; pages do not end on a head."""
    shown, _ = example
    captions = [p for p in document.paragraphs if p.style.name == "Caption"]
    assert [p.text for p in captions] == [table.caption for table in tables(shown)]
    assert document.styles["Caption"].paragraph_format.keep_with_next
    for caption, table in zip(captions, native(document), strict=True):
        assert caption._p.getnext() is table
        head = table.find(qn("w:tr"))
        assert all(p.find(f".//{qn('w:keepNext')}") is not None for p in head.iter(qn("w:p")))


def test_pictures_say_what_they_show(example, document):
    """As many pictures as the view has, in its order, each with its alternative text and no wider than the text."""
    shown, path = example
    pictures = [*shown.pictures, *(b for s in shown.sections for b in s.blocks if isinstance(b, Picture))]
    named = list(document.element.body.iter(qn("wp:docPr")))
    assert [name.get("descr") for name in named] == [picture.alt for picture in pictures]
    assert len({name.get("id") for name in named}) == len(named) > 2
    shapes = document.inline_shapes
    assert all(0 < shape.width <= SHEETS["a4"].text_width * 635 for shape in shapes)
    with ZipFile(path) as package:
        media = [package.read(name) for name in package.namelist() if name.startswith("word/media/")]
    assert len(media) == len({picture.name for picture in pictures})
    assert all(png.startswith(b"\x89PNG") for png in media)


def test_chips_are_shaded_words(document):
    """A chip is a text with a ground, which a style gives it."""
    chips = [r for r in document.element.body.iter(qn("w:r")) if r.style and r.style.startswith("Chip")]
    assert {text_of(chip).strip() for chip in chips} >= {"own GPUs", "cloud", "assumed"}
    for name in {chip.style for chip in chips}:
        style = next(s for s in document.styles.element if s.get(qn("w:styleId")) == name)
        assert style.find(f".//{qn('w:shd')}").get(qn("w:fill")) != "auto"


def test_page_numbers_are_fields_and_word_asks_nothing(example, document):
    """The foot counts pages by itself; no field is marked to be worked out on opening."""
    for footer in (document.sections[0].footer, document.sections[0].first_page_footer):
        fields = [field.get(qn("w:instr")).strip() for field in footer._element.iter(qn("w:fldSimple"))]
        assert fields == ["PAGE", "NUMPAGES"]
    with ZipFile(example[1]) as package:
        assert b"updateFields" not in package.read("word/settings.xml")
        assert b"w:dirty" not in package.read("word/document.xml")


def test_same_verdict_gives_the_same_bytes(make, example, verdict):
    """Nothing but the record goes into the document, and every entry bears the verdict's day."""
    _, again = make()
    assert again.read_bytes() == example[1].read_bytes()
    day = verdict.date
    with ZipFile(again) as package:
        assert {entry.date_time for entry in package.infolist()} == {(day.year, day.month, day.day, 12, 0, 0)}


def test_properties_are_the_verdicts(document, verdict):
    """Title, author and dates are those of the record."""
    properties = document.core_properties
    assert properties.title == f"Hybrid AI verdict: {verdict.client}"
    assert properties.author == verdict.client
    assert properties.created.replace(tzinfo=None) == dt.datetime.combine(verdict.date, dt.time(12))
    assert properties.created == properties.modified
    assert properties.language == "en-GB"


def test_letterhead_and_paper(make, verdict):
    """The consultant signs, on letter paper, with logo and address above page one and the colour in the styles."""
    _, path = make(verdict.model_copy(update={"letterhead": LETTERHEAD}))
    made = docx.Document(str(path))
    section = made.sections[0]
    assert (round(section.page_width.inches, 2), round(section.page_height.inches, 2)) == (8.5, 11)
    head = text_of(section.first_page_header._element)
    for line in (LETTERHEAD.consultant, *LETTERHEAD.address, verdict.client):
        assert line in head
    for header in (section.first_page_header, section.header):
        assert [name.get("descr") for name in header._element.iter(qn("wp:docPr"))] == [LETTERHEAD.consultant]
    assert made.core_properties.author == LETTERHEAD.consultant
    assert "203A8F" in made.styles.element.xml.upper()


def test_a_logo_without_a_consultant_is_called_a_logo(make, verdict):
    """On page one and on the others, for those who do not see it."""
    _, path = make(verdict.model_copy(update={"letterhead": Letterhead(logo=LETTERHEAD.logo)}))
    section = docx.Document(str(path)).sections[0]
    for header in (section.first_page_header, section.header):
        assert [name.get("descr") for name in header._element.iter(qn("wp:docPr"))] == ["Logo"]


def test_a_day_before_the_first_of_zip_is_one_in_its_first_year(make, verdict):
    """The dates of a ZIP file begin in 1980; the document's own date stays what it is."""
    old = dt.date(1979, 3, 1)
    _, path = make(verdict.model_copy(update={"date": old}))
    with ZipFile(path) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 3, 1, 12, 0, 0)}
    assert docx.Document(str(path)).core_properties.created.date() == old


def test_a4_is_the_usual_paper(document):
    """210 by 297 mm, unless the letterhead says otherwise."""
    section = document.sections[0]
    assert abs(section.page_width - Mm(210)) < Mm(0.1)
    assert abs(section.page_height - Mm(297)) < Mm(0.1)


def test_a_language_is_the_spellers_too(make):
    """German text is marked as German, and its long words may be divided."""
    _, path = make(language="de")
    made = docx.Document(str(path))
    assert made.styles.element.find(f".//{qn('w:lang')}").get(qn("w:val")) == "de-DE"
    assert made.core_properties.language == "de-DE"
    with ZipFile(path) as package:
        assert b'<w:autoHyphenation w:val="1"/>' in package.read("word/settings.xml")


def test_client_text_is_text(make, verdict):
    """Markup of any language, letters of any script and control characters are shown, not obeyed."""
    placement = verdict.placements[0].model_copy(update={"workload": HOSTILE, "because": ("bell\x07 and\x00 nought",)})
    odd = verdict.model_copy(update={"client": HOSTILE, "placements": (placement, *verdict.placements[1:])})
    _, path = make(odd)
    made = docx.Document(str(path))
    whole = text_of(made.element.body)
    assert HOSTILE in whole
    assert "ell\ufffd and\ufffd nought" in whole
    marked = [r for r in made.element.body.iter(qn("w:r")) if SHALOM in text_of(r)]
    assert marked
    assert all(text_of(r) == SHALOM and r.find(f".//{qn('w:rtl')}") is not None for r in marked)
    assert len(made.core_properties.title) <= 255


@pytest.mark.parametrize("count", [1, 40])
def test_one_workload_or_forty(make, verdict, count):
    """The document holds as many workloads as there are, all in one table with a head on each page."""
    rows = tuple(
        verdict.placements[i % 5].model_copy(update={"workload": f"Workload {chr(65 + i % 26)}{chr(65 + i // 26)}"})
        for i in range(count)
    )
    shown, path = make(verdict.model_copy(update={"placements": rows}))
    table = native(docx.Document(str(path)))[0]
    names = [text_of(row.find(qn("w:tc"))) for row in table.findall(qn("w:tr"))]
    total = [shown.workloads.total[0]] if shown.workloads.total else []
    assert names == [shown.workloads.columns[0].head, *(row.workload for row in rows), *total]


def test_half_a_letter_and_breaks_of_line():
    """Half a surrogate pair becomes a replacement character; a line break and a tab become Word's."""
    made = run("a\ud83d\nb\tc")
    assert made == (
        '<w:r><w:t xml:space="preserve">a\ufffd</w:t><w:br/><w:t xml:space="preserve">b</w:t><w:tab/>'
        '<w:t xml:space="preserve">c</w:t></w:r>'
    )


def test_columns_fit_their_texts():
    """A column without a share takes what its texts need, the others divide the rest as their shares say."""
    columns = (Column(head="Day"), Column(head="Because", share=3), Column(head="Who", share=1))
    table = Table(caption="", columns=columns, rows=(("22 November 2026", "word " * 80, "word " * 80),))
    day, because, who = column_widths(table, 9638)
    assert day + because + who == 9638
    # 16 letters of 9 pt type at half their size each are 72 pt, and 8 pt are around them.
    assert day == pytest.approx(20 * 80, rel=0.1)
    assert because == pytest.approx(3 * who, abs=2)


def test_columns_give_way_where_the_page_is_too_narrow():
    """Widths add up to the page even where forty columns of long words stand side by side."""
    columns = tuple(Column(head="Donaudampfschiff") for _ in range(40))
    row = tuple((Chip(text="Schifffahrt", kind="own"),) for _ in range(40))
    widths = column_widths(Table(caption="", columns=columns, rows=(row,)), 9638)
    assert sum(widths) == 9638
    assert min(widths) > 0
