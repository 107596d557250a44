"""The page is a drawing of the record: no figure of its own, no request, no client text taken for code."""

from __future__ import annotations

import json
import re

import pytest

from kit.report import palette, skin
from kit.strategy.dossier import Letterhead
from tests.report.figures import foreign_figures
from tests.report.reading import HOSTILE, page, ticks, write_as

LOGO = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0MCIgaGVpZ2h0PSIyMCI+"
    "PHJlY3Qgd2lkdGg9IjQwIiBoZWlnaHQ9IjIwIiBmaWxsPSIjN2ExZmEyIi8+PC9zdmc+"
)
LETTERHEAD = Letterhead(
    consultant="Müller & Söhne", address=("Hauptstraße 1", "10115 Berlin"), logo=LOGO, colour="#7a1fa2"
)


@pytest.fixture(scope="module")
def german(verdict, tmp_path_factory):
    """The example's page in German."""
    path = tmp_path_factory.mktemp("html") / "verdict.de.html"
    return write_as(verdict, path, language="de").read_text(encoding="utf-8")


def test_every_figure_of_the_page_is_the_records(html, german, verdict):
    """No figure of the page's own, in either language."""
    record = json.loads(verdict.to_json())
    for text, language in ((html, "en"), (german, "de")):
        shown = "\n".join(page(text).text)
        assert foreign_figures(shown, record, ticks=ticks(verdict, language), language=language) == []


def test_duties_stand_with_their_day_and_are_no_legal_advice(html, verdict):
    """Every duty of the regulations is in the document, with the day of the rule's text."""
    text = " ".join(page(html).text)
    assert "not legal advice" in text
    assert {duty.rule for duty in verdict.duties} == {"DORA", "EU AI Act", "GDPR"}
    for duty in verdict.duties:
        assert duty.text in text
        assert duty.source in text


def test_the_page_asks_nothing_of_any_place(html):
    """One file of less than 2 MB, with no address but the empty icon, and no script but those that it names."""
    parsed = page(html)
    assert len(html.encode()) < 2_000_000
    assert parsed.requests == ["data:,"]
    assert not {"iframe", "object", "img"} & set(parsed.tags)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe-eval" not in policy[1]
    assert policy[1].count("sha256-") == len(re.findall(r"<script>", html))


def test_it_can_be_read_without_seeing(html, german):
    """Tables have captions and scopes, pictures alternative texts, the page its language and a way around."""
    html = re.sub(r"(?s)<script.*?</script>", "", html)
    tables = html.count("<table")
    assert tables == html.count("<caption") > 5
    assert html.count('<th scope="col"') > tables
    assert html.count('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="') == html.count("<svg ")
    assert '<html lang="en">' in html
    assert '<html lang="de">' in german
    assert '<a class="skip" href="#decision">' in html


def test_the_contents_lead_to_every_section(html):
    """Twelve sections: the decision and eleven after it, each with its place in the contents."""
    links = [link.removeprefix("#") for link in page(html).links if link.startswith("#")]
    headings = re.findall(r'<h2 id="([^"]+)"><span class="n">(\d+)</span>', html)
    assert links[1:] == ["decision", *(key for key, _ in headings)]
    assert [int(number) for _, number in headings] == list(range(2, 2 + len(headings)))
    assert len(headings) == 11


def test_client_text_is_text(verdict, tmp_path):
    """Markup in a client's words is shown, not obeyed."""
    placement = verdict.placements[0].model_copy(update={"workload": HOSTILE, "because": (HOSTILE,)})
    odd = verdict.model_copy(update={"client": HOSTILE, "placements": (placement, *verdict.placements[1:])})
    html = write_as(odd, tmp_path / "odd.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert any(HOSTILE.strip() in text for text in page(html).text)


def test_the_letterhead_is_the_consultants(verdict, tmp_path):
    """Name, address, logo and colour are on the page, and the logo is in it."""
    html = write_as(verdict.model_copy(update={"letterhead": LETTERHEAD}), tmp_path / "v.html").read_text("utf-8")
    parsed = page(html)
    assert {"Müller & Söhne", "Hauptstraße 1", "10115 Berlin"} <= set(parsed.text)
    assert sorted(parsed.requests) == sorted(["data:,", LOGO])
    assert "--own: #7a1fa2;" in html


def test_a_logo_without_a_consultant_is_called_a_logo(verdict, tmp_path):
    """For those who do not see it the picture has a name, in the document's language."""
    bare = verdict.model_copy(update={"letterhead": Letterhead(logo=LOGO)})
    for language in ("en", "de"):
        html = write_as(bare, tmp_path / f"{language}.html", language=language).read_text("utf-8")
        assert re.findall(r'<img src="data:[^"]*" alt="([^"]*)">', html) == ["Logo"]


def test_the_paper_is_the_one_asked_for(html, verdict, tmp_path):
    """A4, or US letter."""
    assert "@page { size: A4;" in html
    assert "@page { size: letter;" in write_as(verdict, tmp_path / "v.html", paper="letter").read_text("utf-8")


def test_same_record_gives_the_same_bytes(html, verdict, tmp_path):
    """Nothing but the record goes into the page."""
    assert write_as(verdict, tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_notebooks_are_linked_from_beside(verdict, tmp_path):
    """Links to the executed notebooks are relative, so that the folder can be handed over."""
    html = write_as(verdict, tmp_path / "v.html", notebooks=[tmp_path / "notebooks" / "5_verdict.ipynb"])
    assert "notebooks/5_verdict.ipynb" in page(html.read_text(encoding="utf-8")).links


@pytest.mark.parametrize("colour", ["", "#ffee00", "#000000", "#7a1fa2", "#9fd3c7"])
def test_small_coloured_words_can_be_read(colour):
    """Type stands out from its ground by 4.5:1, whatever the consultant's colour, on a light and on a dark page."""
    made = palette.branded(colour, colour)
    # By WCAG's own pairs: black on white 21, and the lightest grey that passes on white 4.54.
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=5e-3)
    for page_colours in (skin.light(made), skin.dark(made)):
        for kind in ("own", "rented", "cloud", "other"):
            assert palette.contrast(page_colours[f"{kind}_chip"], page_colours[f"{kind}_tint"]) >= 4.5
        assert palette.contrast(page_colours["own_text"], page_colours["paper"]) >= 4.5
