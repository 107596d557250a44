"""The letterhead: a logo that stands by itself, colours that can be read, a language that there is."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.engagement.colours import contrast_with_white, dark_enough
from kit.engagement.reading import read_engagement
from kit.engagement.record import Document
from kit.errors import InputError
from kit.report.audit import Audit, check_audit, open_audit, sources
from kit.report.letterhead import letterhead, read_logo
from tests.conftest import SMALL

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def png(*, spoil: bool = False) -> bytes:
    """A PNG of one white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ spoil)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def written(tmp_path, content: str | bytes, name: str = "logo.svg"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<style>.a{fill:url(#g)} @font-face{src:url("data:font/woff2;base64,AA==")}</style>',
        '<use href="#a"/><use xlink:href="#a"/><path style="fill: url( #g )" clip-path="url(\'#c\')"/>',
        '<image href="data:image/png;base64,AAAA"/><a href=""><text>on white</text></a>',
    ],
)
def test_a_logo_that_stands_by_itself_is_carried_byte_for_byte(tmp_path, inside):
    """References to parts of itself and to pictures inside it are allowed, and not a byte is changed."""
    content = SVG.format(inside)
    kind, _, coded = read_logo(written(tmp_path, content)).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(coded) == content.encode()


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ('<image href="https://example.org/a.png"/>', "https://example.org/a.png"),
        ('<use xlink:href="other.svg#a"/>', "other.svg#a"),
        ('<image href="//example.org/a.png"/>', "//example.org/a.png"),
        ('<a href="data:text/html,hello"/>', "data:text/html"),
        ('<path fill="url(https://example.org/g.svg#g)"/>', "https://example.org/g.svg#g"),
        ("<path style=\"fill:url( 'g.svg#g' )\"/>", "g.svg#g"),
        ("<style>.a{fill:URL(g.svg#g)}</style>", "g.svg#g"),
        ('<style>@import "a.css";</style>', "@import"),
        (r"<style>.a{fill:u\72l(a.svg)}</style>", "style"),
        (r'<path style="fill:u\72l(a.svg)"/>', "style"),
        ("<script>1</script>", "script"),
        ("<foreignObject/>", "foreignObject"),
        ('<path onclick="1"/>', "onclick"),
        ('<path OnLoad="1"/>', "onload"),
        ('<a href="javascript:1"/>', "script"),
        (r'<path fill="\75rl(http://evil.example/x#a)"/>', "style"),
        ('<path fill="image-set(http://evil.example/x)"/>', "image-set("),
        ('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>', "data:image/svg+xml"),
        ('<path fill="url(data:image/svg+xml;base64,PHN2Zy8+)"/>', "data:image/svg+xml"),
        ('<set attributeName="href" to="https://example.org"/>', "reference"),
        ('<set attributeName="xlink:href" to="https://example.org"/>', "reference"),
    ],
)
def test_a_logo_that_calls_on_anything_outside_is_refused(tmp_path, inside, named):
    """A reference, a script or an event is named, with the file and what is allowed."""
    path = written(tmp_path, SVG.format(inside))
    with pytest.raises(InputError) as error:
        read_logo(path)
    text = str(error.value)
    assert str(path) in text
    assert named in text
    assert "allowed: an SVG or PNG of at most 500 kB" in text


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("no picture", "neither an SVG nor a PNG"),
        ("", "neither an SVG nor a PNG"),
        (b"\xff\xd8\xff\xe0 a JPEG", "neither an SVG nor a PNG"),
        ("<html><body/></html>", "neither an SVG nor a PNG"),
        ("<svg/>", "neither an SVG nor a PNG"),
        (SVG.format("<g>"), "not well-formed"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;"), "DOCTYPE"),
        ('<?xml-stylesheet href="a.css"?>' + SVG.format(""), "xml-stylesheet"),
        (png(spoil=True), r"it cannot be drawn \(.*CRC"),
        (png()[:-20], r"it cannot be drawn \("),
        (png()[:8], r"it cannot be drawn \("),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="0" height="9"/>', r"it cannot be drawn \(.*width"),
        (SVG.format("<text>\u0378</text>"), r"it cannot be drawn \(.*could not be displayed"),
    ],
)
def test_what_is_no_logo_is_refused_by_its_content(tmp_path, content, named):
    """It is the content that counts, whatever the name of the file says."""
    with pytest.raises(InputError, match=named):
        read_logo(written(tmp_path, content, "logo.png"))


def test_a_png_is_one_whatever_its_name(tmp_path):
    """A PNG under the name of an SVG is carried as a PNG."""
    assert read_logo(written(tmp_path, png(), "logo.svg")) == (
        "data:image/png;base64," + base64.b64encode(png()).decode()
    )


def test_a_logo_of_more_than_500_kb_is_refused(tmp_path):
    """500,000 bytes are allowed and one more is not."""
    frame = len(SVG.format(""))
    assert read_logo(written(tmp_path, SVG.format(" " * (500_000 - frame))))
    with pytest.raises(InputError, match="500 kB"):
        read_logo(written(tmp_path, SVG.format(" " * (500_001 - frame))))


def test_a_missing_logo_says_which(tmp_path):
    """The path is the one that was looked at: relative to the engagement's folder."""
    with pytest.raises(InputError, match=r"here/none\.svg: the logo cannot be read"):
        letterhead(Document(logo="none.svg"), tmp_path / "here")


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("#000000", 21.0), ("#ffffff", 1.0), ("#ff0000", 3.998), ("#0000ff", 8.592), ("#767676", 4.54), ("#777777", 4.48)],
)
def test_the_contrast_is_that_of_wcag(colour, contrast):
    """Published pairs with white: black 21, red 4.0, blue 8.59, #767676 the lightest grey that passes with 4.54."""
    assert contrast_with_white(colour) == pytest.approx(contrast, abs=5e-3)


@given(st.integers(0, 0xFFFFFF))
def test_the_darker_colour_can_be_read_and_is_no_lighter(number):
    """It passes, no channel has grown, and a colour that passes stays as it is."""
    colour = f"#{number:06x}"
    found = dark_enough(colour)
    assert contrast_with_white(found) >= 4.5
    assert all(found[i : i + 2] <= colour[i : i + 2] for i in (1, 3, 5))
    if contrast_with_white(colour) >= 4.5:
        assert found == colour


def test_the_darker_colour_is_the_nearest_grey():
    """Of white the lightest grey that passes is #767676, by WCAG's own examples."""
    assert dark_enough("#ffffff") == "#767676"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('colour: "#ff0000"', "its contrast is 3.99, at least 4.5 is needed; the nearest darker colour is #ee0000"),
        ('accent: "#777777"', "its contrast is 4.47, at least 4.5 is needed; the nearest darker colour is #767676"),
        ('colour: "red"', "document.colour"),
        ("language: tlh", "'tlh' is no language of the documents; allowed: de or en"),
        ("paper: a3", "document.paper"),
    ],
)
def test_a_mistake_in_the_letterhead_is_found_with_its_line(tmp_path, line, named):
    """File, line, what is wrong and the nearest colour that would do."""
    path = tmp_path / "engagement.yaml"
    path.write_text(SMALL + f"document:\n  consultant: Firm\n  {line}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_engagement(path)
    assert str(error.value).startswith(f"{path}:{SMALL.count(chr(10)) + 3}: ")
    assert named in str(error.value)


def test_the_letterhead_is_what_the_engagement_says(tmp_path):
    """Colours in small letters, the logo as a data address, everything else as it stands."""
    written(tmp_path, SVG.format(""))
    said = Document(consultant="Firm", address=("Street 1", "City"), logo="logo.svg", colour="#1A2B3C", paper="letter")
    found = letterhead(said, tmp_path)
    assert (found.consultant, found.address, found.paper, found.language) == (
        "Firm",
        ("Street 1", "City"),
        "letter",
        "en",
    )
    assert (found.colour, found.accent) == ("#1a2b3c", "")
    assert found.logo.startswith("data:image/svg+xml;base64,")
    assert letterhead(Document(), tmp_path).logo == ""


@pytest.fixture
def small(tmp_path) -> Audit:
    """A small audit with a logo."""
    path = tmp_path / "engagement.yaml"
    path.write_text(SMALL + "document: {consultant: Firm, logo: logo.svg}\n", encoding="utf-8")
    written(tmp_path, SVG.format(""))
    return open_audit(path, out=tmp_path / "out")


def test_another_logo_is_another_record(small, tmp_path):
    """A verdict is kept as long as its sources are the same; the logo is one of them, and without one there is none."""
    before = sources(small)
    assert "logo" in {source.name for source in before}
    written(tmp_path, SVG.format("<g/>"))
    changed = {source.name for source in before if source not in sources(small)}
    assert changed == {"logo"}
    bare = replace(small, engagement=small.engagement.model_copy(update={"document": Document()}))
    assert "logo" not in {source.name for source in sources(bare)}


def test_a_bad_logo_is_found_before_anything_is_measured(small, tmp_path):
    """The check of an audit reads the logo too."""
    check_audit(small)
    written(tmp_path, "no picture")
    with pytest.raises(InputError, match=r"logo\.svg: neither an SVG nor a PNG"):
        check_audit(small)
