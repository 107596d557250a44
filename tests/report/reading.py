"""Reads what the documents show: text and addresses of a page, text of a PDF, labels of axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from pypdf import PdfReader

from kit.report.document import write_documents
from kit.report.pictures import drawings, telling
from kit.strategy.verdict import Verdict

SVG = "{http://www.w3.org/2000/svg}"
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


def write_as(
    verdict: Verdict,
    path: Path,
    *,
    language: str | None = None,
    paper: str | None = None,
    notebooks: Sequence[Path] = (),
) -> Path:
    """Write one document, in the format and under the name of a path, and return the path."""
    form = path.suffix.removeprefix(".")
    (made,) = write_documents(verdict, path.parent, (form,), language=language, paper=paper, notebooks=notebooks)
    return made.replace(path)


def page(html: str) -> Page:
    """Return a parsed page."""
    parsed = Page()
    parsed.feed(html)
    return parsed


def pictures(verdict: Verdict, language: str = "") -> dict[str, str]:
    """Return the documents' pictures as SVG by name."""
    with telling(verdict, language) as shown:
        return drawings(verdict, shown)


def ticks(verdict: Verdict, language: str = "") -> list[str]:
    """Return the labels of the charts' axes."""
    found = []
    for svg in pictures(verdict, language).values():
        for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
            if "role-axis-label" in group.get("class", ""):
                found += [text.text or "" for text in group.iter(f"{SVG}text")]
    return found


def pdf_text(path: Path, number: int | None = None) -> str:
    """Return the text of a PDF without its page numbers, or of one of its pages."""
    pages = [p.extract_text() for p in PdfReader(path).pages]
    bare = [re.sub(rf"{i} / {len(pages)}\s*", "", p) for i, p in enumerate(pages, 1)]
    return "\n".join(bare if number is None else [bare[number]])


def squeezed(text: str) -> str:
    """Return a text without spaces, breaks and the marks of possible breaks."""
    return "".join(text.replace("\u200b", "").replace("\u00ad", "").split())
