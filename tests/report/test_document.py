"""HTML and PDF are drawings of the record: no figure of their own, no request, no client text taken for code."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from kit.report.document import drawings, write_html, write_pdf
from kit.report.view import view
from kit.strategy.verdict import Verdict
from tests.report.figures import foreign_figures

HOSTILE = '<script>alert(1)</script> #import "x" $y$ \u05e9\u05dc\u05d5\u05dd ' + "Very Long Name " * 11


class Page(HTMLParser):
    """The text of a page, the addresses it asks for, and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.requests: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden += tag in {"style", "script"}
        for name, value in attrs:
            if name in {"src", "srcset", "xlink:href", "data", "poster", "action"} or (name == "href" and tag != "a"):
                self.requests.append(value or "")
            elif name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.text.append(data.strip())


def page(html: str) -> Page:
    """Return a parsed page."""
    parsed = Page()
    parsed.feed(html)
    return parsed


def ticks(verdict: Verdict) -> list[str]:
    """Return the labels of the charts' axes."""
    found = []
    for svg in drawings(verdict).values():
        for group in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
            if "role-axis-label" in group.get("class", ""):
                found += [text.text or "" for text in group.iter("{http://www.w3.org/2000/svg}text")]
    return found


def pdf_text(path: Path, number: int | None = None) -> str:
    """Return the text of a PDF, or of one of its pages."""
    pages = PdfReader(path).pages
    return "\n".join(p.extract_text() for p in (pages if number is None else [pages[number]]))


def test_every_figure_of_the_html_is_the_records(html, verdict):
    """No figure of the page's own."""
    text = "\n".join(page(html).text)
    assert foreign_figures(text, json.loads(verdict.to_json()), ticks=ticks(verdict)) == []


def test_every_figure_of_the_pdf_is_the_records(pdf, verdict):
    """No figure of the document's own, page numbers apart."""
    pages = [p.extract_text() for p in PdfReader(pdf).pages]
    text = "\n".join(re.sub(rf"{i} / {len(pages)}\s*", "", p) for i, p in enumerate(pages, 1))
    assert foreign_figures(text, json.loads(verdict.to_json()), ticks=ticks(verdict)) == []


def test_duties_stand_with_their_day_and_are_no_legal_advice(html, verdict):
    """Every duty of the regulations is in the document, with the day of the rule's text."""
    text = " ".join(page(html).text)
    assert "This is not legal advice" in text
    assert {duty.rule for duty in verdict.duties} == {"DORA", "EU AI Act", "GDPR"}
    for duty in verdict.duties:
        assert duty.text in text
        assert f"Text of {duty.date.isoformat()}: {duty.source}" in text


def test_html_asks_nothing_of_any_place(html):
    """One file: no script, and no address but the empty icon."""
    parsed = page(html)
    assert parsed.requests == ["data:,"]
    assert not {"script", "link rel", "iframe", "img", "object"} & set(parsed.tags)
    assert not re.search(r"url\(|@import", html)
    assert "default-src 'none'" in html


def test_html_can_be_read_without_seeing(html, verdict):
    """Tables have captions and scopes, pictures alternative texts."""
    tables = html.count("<table")
    assert tables == html.count("<caption") > 5
    assert html.count('<th scope="col"') > tables
    assert html.count('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="') == html.count("<svg ")
    assert all(f">{placement.workload}</th>" in html for placement in verdict.placements)


def test_page_one_holds_the_decision(pdf, verdict):
    """All workloads, the sentence and both charts are on page one, and the plans start page two."""
    first = " ".join(pdf_text(pdf, 0).split())
    assert all(placement.workload in first for placement in verdict.placements)
    assert " ".join(verdict.sentence.split())[:60] in first
    assert "million tokens per hour" in first
    assert "per month" in first
    assert "Assumed" in first
    assert "Six plans compared" in pdf_text(pdf, 1)


def test_pdf_has_bookmarks_language_and_one_typeface(pdf):
    """Tagged, with a title, bookmarks, and nothing but the embedded typeface."""
    reader = PdfReader(pdf)
    assert len(reader.outline) >= 1
    assert reader.metadata is not None
    assert "Example Mutual" in str(reader.metadata.title)
    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for p in reader.pages
        for font in p["/Resources"]["/Font"].values()
    }
    assert all(name.startswith("LibertinusSerif") for name in fonts)


def test_no_text_of_a_chart_is_lost_in_the_pdf(pdf, verdict):
    """Every word of every chart can be read out of the PDF."""
    text = "".join(pdf_text(pdf).split())
    for svg in drawings(verdict).values():
        for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
            assert "".join("".join(element.itertext()).split()) in text


def test_same_record_gives_the_same_bytes(pdf, html, verdict, tmp_path):
    """Nothing but the record goes into the documents."""
    assert write_pdf(verdict, tmp_path / "again.pdf").read_bytes() == pdf.read_bytes()
    assert write_html(verdict, tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_client_text_is_text(verdict, tmp_path):
    """Markup of either language in a client's words is shown, not obeyed."""
    placement = verdict.placements[0].model_copy(update={"workload": HOSTILE, "because": (HOSTILE,)})
    odd = verdict.model_copy(update={"client": HOSTILE, "placements": (placement, *verdict.placements[1:])})
    parsed = page(write_html(odd, tmp_path / "odd.html").read_text(encoding="utf-8"))
    assert "script" not in parsed.tags
    assert any(HOSTILE.strip() in text for text in parsed.text)
    text = pdf_text(write_pdf(odd, tmp_path / "odd.pdf"))
    squeezed = "".join(text.replace("\u200b", "").split())
    for part in ("<script>alert(1)</script>", '#import"x"', "$y$"):
        assert part in squeezed
    assert any(word in squeezed for word in ("\u05e9\u05dc\u05d5\u05dd", "\u05dd\u05d5\u05dc\u05e9"))


@pytest.mark.parametrize("count", [1, 40])
def test_one_workload_or_forty(verdict, tmp_path, count):
    """The documents hold as many workloads as there are."""
    rows = tuple(
        verdict.placements[i % 5].model_copy(update={"workload": f"Workload {chr(65 + i % 26)}{chr(65 + i // 26)}"})
        for i in range(count)
    )
    many = verdict.model_copy(update={"placements": rows})
    text = pdf_text(write_pdf(many, tmp_path / "many.pdf"))
    assert all(row.workload in text for row in rows)


def test_a_verdict_without_machines_or_payback(verdict, tmp_path):
    """What is missing is a dash, and what is empty is not shown."""
    best = verdict.strategies[0].model_copy(update={"capex": 0.0, "payback_months": None})
    drivers = tuple(driver.model_copy(update={"switches_at": None}) for driver in verdict.drivers)
    bare = verdict.model_copy(update={"pools": (), "strategies": (best, *verdict.strategies[1:]), "drivers": drivers})
    shown = view(bare)
    assert "machines" not in {section.key for section in shown.sections}
    assert [it.value for it in shown.key_figures][2:] == ["none", "no one input"]
    write_html(bare, tmp_path / "bare.html")
    write_pdf(bare, tmp_path / "bare.pdf")


def test_notebooks_are_linked_from_beside(verdict, tmp_path):
    """Links to the executed notebooks are relative, so that the folder can be handed over."""
    html = write_html(verdict, tmp_path / "v.html", notebooks=[tmp_path / "notebooks" / "5_verdict.ipynb"])
    assert page(html.read_text(encoding="utf-8")).links == ["notebooks/5_verdict.ipynb"]
