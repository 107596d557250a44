"""The PDF is a drawing of the record that can be read, searched, printed and heard."""

from __future__ import annotations

import json
from itertools import cycle, islice
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from kit.errors import InputError
from kit.report.pdf import logo_file, unshown
from kit.report.pictures import telling
from kit.strategy.dossier import Letterhead
from tests.report.figures import foreign_figures
from tests.report.reading import HOSTILE, SVG, pdf_text, pictures, squeezed, ticks, write_as
from tests.report.test_html import LETTERHEAD

A4, LETTER = (595, 842), (612, 792)


@pytest.fixture(scope="module")
def german(verdict, tmp_path_factory):
    """The example's PDF in German, on US letter paper."""
    return write_as(verdict, tmp_path_factory.mktemp("pdf") / "verdict.de.pdf", language="de", paper="letter")


def size(path):
    """Return width and height of the first page in points."""
    box = PdfReader(path).pages[0].mediabox
    return round(box.width), round(box.height)


def test_every_figure_of_the_pdf_is_the_records(pdf, german, verdict):
    """No figure of the document's own, page numbers apart, in either language."""
    record = json.loads(verdict.to_json())
    for path, language in ((pdf, "en"), (german, "de")):
        found = foreign_figures(pdf_text(path), record, ticks=ticks(verdict, language), language=language)
        assert found == []


def test_the_paper_is_the_one_asked_for(pdf, german):
    """A4, or US letter."""
    assert size(pdf) == A4
    assert size(german) == LETTER


@pytest.mark.parametrize("paper", ["a4", "letter"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_page_one_holds_the_decision_of_eight_workloads(verdict, tmp_path, language, paper):
    """All workloads, the headline, both charts and what is known how are on page one; the contents start page two."""
    rows = tuple(
        placement.model_copy(update={"workload": f"Workload {chr(65 + k)}"})
        for k, placement in enumerate(islice(cycle(verdict.placements), 8))
    )
    path = write_as(verdict.model_copy(update={"placements": rows}), tmp_path / "v.pdf", language=language, paper=paper)
    with telling(verdict, language) as shown:
        headline, last, heads = shown.headline, shown.bases[-1].text, [s.title for s in shown.sections]
    first, second = squeezed(pdf_text(path, 0)).replace("-", ""), squeezed(pdf_text(path, 1))
    assert all(f"Workload{chr(65 + k)}" in first for k in range(8))
    assert squeezed(headline).replace("-", "")[:60] in first
    assert squeezed(last).replace("-", "")[-20:] in first
    for name in ("typical_week", "cost_against_volume"):
        texts = ElementTree.fromstring(pictures(verdict, language)[name]).iter(f"{SVG}text")
        assert all(squeezed("".join(text.itertext())).replace("-", "") in first for text in texts)
    assert all(squeezed(head) in second for head in heads)


def test_it_has_bookmarks_language_and_one_typeface(pdf, german):
    """Tagged to PDF/UA-1, with a title, a bookmark for each section, and nothing but the embedded typeface."""
    reader = PdfReader(pdf)
    top = [mark for mark in reader.outline if not isinstance(mark, list)]
    assert len(top) == 12
    assert reader.metadata is not None
    assert "Example Mutual" in str(reader.metadata.title)
    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert PdfReader(german).trailer["/Root"]["/Lang"].startswith("de")
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for p in reader.pages
        for font in p["/Resources"]["/Font"].values()
    }
    assert all(name.startswith("LibertinusSerif") for name in fonts)


def test_no_text_of_a_chart_is_lost(pdf, verdict):
    """Every word of every chart can be read out of the PDF."""
    text = squeezed(pdf_text(pdf))
    for svg in pictures(verdict).values():
        for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
            assert squeezed("".join(element.itertext())) in text


def test_same_record_gives_the_same_bytes(pdf, verdict, tmp_path):
    """Nothing but the record goes into the PDF."""
    assert write_as(verdict, tmp_path / "again.pdf").read_bytes() == pdf.read_bytes()


def test_client_text_is_text(verdict, tmp_path):
    """Markup in a client's words is shown, not obeyed; Hebrew is there."""
    placement = verdict.placements[0].model_copy(update={"workload": HOSTILE, "because": (HOSTILE,)})
    odd = verdict.model_copy(update={"client": HOSTILE, "placements": (placement, *verdict.placements[1:])})
    text = squeezed(pdf_text(write_as(odd, tmp_path / "odd.pdf")))
    for part in ("<script>alert(1)</script>", '#import"x"', "$y$"):
        assert part in text
    assert any(word in text for word in ("\u05e9\u05dc\u05d5\u05dd", "\u05dd\u05d5\u05dc\u05e9"))


def test_a_letter_that_no_typeface_has_is_written_as_its_code(verdict, tmp_path):
    """Neither a picture letter nor one that nobody has assigned stops the document; the codes say what was there."""
    missing = "\U0010fffd\u0378"
    assert unshown(f"Zoë \u05e9 {missing}") == set(missing)
    odd = verdict.model_copy(update={"client": "Ost\u0378West \U0001f3e6 \u6f22\u5b57"})
    text = squeezed(pdf_text(write_as(odd, tmp_path / "odd.pdf"), 0))
    assert "Ost[U+0378]West" in text


@pytest.mark.parametrize("count", [1, 40])
def test_one_workload_or_forty(verdict, tmp_path, count):
    """The document holds as many workloads as there are."""
    rows = tuple(
        verdict.placements[i % 5].model_copy(update={"workload": f"Workload {chr(65 + i % 26)}{chr(65 + i // 26)}"})
        for i in range(count)
    )
    many = verdict.model_copy(update={"placements": rows})
    text = squeezed(pdf_text(write_as(many, tmp_path / "many.pdf")))
    assert all(squeezed(row.workload) in text for row in rows)


def test_the_letterhead_is_the_consultants(verdict, tmp_path):
    """Name and address are on page one."""
    path = write_as(verdict.model_copy(update={"letterhead": LETTERHEAD}), tmp_path / "v.pdf")
    first = pdf_text(path, 0)
    assert all(line in first for line in ("Müller & Söhne", "Hauptstraße 1", "10115 Berlin"))
    assert PdfReader(path).metadata.author == "Müller & Söhne"


def test_a_logo_without_a_consultant_is_called_a_logo(verdict, tmp_path):
    """PDF/UA asks for a word for each picture: without a firm's name it is what the picture is."""
    bare = verdict.model_copy(update={"letterhead": Letterhead(logo=LETTERHEAD.logo)})
    reader = PdfReader(write_as(bare, tmp_path / "v.pdf"))
    found = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    assert "Logo" in [str(item["/Alt"]) for item in found if isinstance(item, dict) and "/Alt" in item]


@pytest.mark.parametrize(
    "logo",
    [
        "https://example.org/logo.png",
        "data:image/gif;base64,AAAA",
        "data:image/png;base64,!",
        "data:image/png;base64,",
        "data:image/svg+xml,%3Csvg/%3E",
        "data:image/png;base64,AAAA\n",
    ],
)
def test_a_logo_that_is_none_is_in_no_record(logo):
    """Only an SVG or a PNG inside the record is taken."""
    with pytest.raises(ValidationError, match="logo"):
        Letterhead(logo=logo)


def test_the_logo_is_the_bytes_of_its_file():
    """Base64 that is cut off is refused; without a logo there is none."""
    assert logo_file("data:image/svg+xml;base64,PHN2Zy8+") == (b"<svg/>", "svg")
    assert logo_file("data:image/png;base64,AQI=") == (b"\x01\x02", "png")
    assert logo_file("") == (b"", "")
    with pytest.raises(InputError, match="base64"):
        logo_file("data:image/png;base64,AQI")
