"""Pictures of a Word document: drawn once as pixels, in the typeface of the PDF, with their alternative text.

Word would draw an SVG with whatever typefaces the reader's machine has; pixels look alike on each.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kit.errors import InputError, KitError
from kit.report.parts import Picture
from kit.report.pdf import logo_file
from kit.report.word.xml import NAMESPACES, Xml, element

if TYPE_CHECKING:
    from docx.parts.story import StoryPart

DOTS_PER_POINT = 3.1
"""Of pictures: 223 dots to the inch where a picture of 482 points is as wide as it was drawn; Word keeps 220 itself."""
EMU_PER_TWIP = 635
"""English Metric Units, in which Word sizes pictures, in a twentieth of a point."""

_POINTS_PER_PIXEL = 0.75
_PNG = b"\x89PNG\r\n\x1a\n"


def pixels(drawn: Mapping[str, bytes], *, opaque: bool = True) -> dict[str, bytes]:
    """Return SVGs as PNGs by the same names.

    Args:
        drawn: SVG by name.
        opaque: on white.

    Raises:
        KitError: one of them cannot be drawn; says why.
    """
    import typst

    if not drawn:
        return {}
    with TemporaryDirectory(prefix="kit-") as name:
        folder = Path(name)
        pages = []
        for k, svg in enumerate(drawn.values()):
            (folder / f"{k}.svg").write_bytes(svg)
            pages.append(f'#image("{k}.svg")')
        page = f"#set page(width: auto, height: auto, margin: 0pt, fill: {'white' if opaque else 'none'})\n"
        (folder / "pictures.typ").write_text(page + "\n#pagebreak()\n".join(pages), encoding="utf-8")
        density = 72 * DOTS_PER_POINT / _POINTS_PER_PIXEL
        try:
            made = typst.compile(folder / "pictures.typ", root=folder, format="png", ppi=density)
        except typst.TypstError as error:
            raise KitError(f"a picture cannot be drawn ({error.message})") from None
    return dict(zip(drawn, [made] if isinstance(made, bytes) else made, strict=True))


def logo(address: str) -> bytes:
    """Return a logo as PNG.

    Args:
        address: SVG or PNG as a data address.

    Raises:
        InputError: it is not valid base64.
        KitError: it cannot be drawn; says why.
    """
    content, kind = logo_file(address)
    return pixels({"logo": content}, opaque=False)["logo"] if kind == "svg" else content


def proportion(png: bytes) -> float:
    """Return the height of a PNG, as a multiple of its width.

    Raises:
        InputError: it is no PNG.
    """
    if not png.startswith(_PNG):
        raise InputError("a picture of the Word document is not a PNG")
    width, height = struct.unpack(">II", png[16:24])
    return float(height / width)


class Gallery:
    """The pictures of one document, numbered as they come."""

    def __init__(self, part: StoryPart, drawn: Mapping[str, str]) -> None:
        """Draw them.

        Args:
            part: the document's text.
            drawn: SVG by name.
        """
        self._part = part
        self._pixels = pixels({name: svg.encode() for name, svg in drawn.items()})
        self._numbers = count(1)

    def height(self, name: str, width: int) -> int:
        """Return how high a picture is where it is so wide."""
        return round(width * proportion(self._pixels[name]))

    def show(self, picture: Picture, width: int) -> Xml:
        """Return a picture as a run, so many twentieths of a point wide."""
        return self.place(self._part, self._pixels[picture.name], alt=picture.alt, width=width)

    def place(self, part: StoryPart, png: bytes, *, alt: str, width: int) -> Xml:
        """Return a PNG as a run.

        Args:
            part: of the document that it stands in.
            png: the picture.
            alt: what it shows, for those who do not see it.
            width: of it, in twentieths of a point; its height follows.
        """
        relation, _ = part.get_or_add_image(BytesIO(png))
        return _inline(relation, next(self._numbers), alt=alt, width=width, height=round(width * proportion(png)))


def _inline(relation: str, number: int, *, alt: str, width: int, height: int) -> Xml:
    """Return a picture as a run: it stands in the text like a letter."""
    size: dict[str, str | int] = {"cx": width * EMU_PER_TWIP, "cy": height * EMU_PER_TWIP}
    name: dict[str, str | int] = {"id": number, "name": f"Picture {number}", "descr": alt}
    locks = element("a:graphicFrameLocks", noChangeAspect=1)
    picture = element(
        "pic:pic",
        element("pic:nvPicPr", element("pic:cNvPr", **name), element("pic:cNvPicPr")),
        element("pic:blipFill", _blip(relation), element("a:stretch", element("a:fillRect"))),
        element(
            "pic:spPr",
            element("a:xfrm", element("a:off", x=0, y=0), element("a:ext", **size)),
            element("a:prstGeom", element("a:avLst"), prst="rect"),
        ),
    )
    return element(
        "w:r",
        element(
            "w:drawing",
            element(
                "wp:inline",
                element("wp:extent", **size),
                element("wp:docPr", **name),
                element("wp:cNvGraphicFramePr", locks),
                element("a:graphic", element("a:graphicData", picture, uri=NAMESPACES["pic"])),
                distT=0,
                distB=0,
                distL=0,
                distR=0,
            ),
        ),
    )


def _blip(relation: str) -> Xml:
    return element("a:blip", **{"r:embed": relation})
