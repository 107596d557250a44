"""Whose paper the documents are printed on: from what the engagement says to a letterhead that a document can carry.

A logo is put into the document itself, so nothing in it may call on anything outside: no script, no event, no
reference but to a part of itself or to a picture inside it.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.parsers import expat

from kit.engagement.record import Document
from kit.errors import InputError
from kit.strategy.dossier import Letterhead

MOST_BYTES = 500_000
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "http://www.w3.org/2000/svg"
_ALLOWED = f"allowed: an SVG or PNG of at most {MOST_BYTES // 1000} kB that stands by itself"
_PICTURE = r"data:image/(?:png|jpeg|gif|webp)[;,]"
"""Pictures that hold nothing but pixels; an SVG inside an SVG could hold anything."""
_INSIDE = re.compile(rf"\s*(#|{_PICTURE}|$)", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?([^'\")]*)", re.IGNORECASE)
_STYLE_INSIDE = re.compile(rf"\s*(#|{_PICTURE}|data:font/|$)", re.IGNORECASE)
_EVASIVE = re.compile(r"@import|image-set\(|src\(|\\", re.IGNORECASE)
"""What a style could reach the outside with other than by ``url()``, and the character that hides names."""
_ACTIVE = {"script", "foreignobject", "iframe", "embed", "object", "handler", "listener"}


def letterhead(document: Document, folder: Path) -> Letterhead:
    """Return the letterhead of an engagement.

    Args:
        document: how the documents shall look.
        folder: of the engagement, from which the logo's path counts.

    Raises:
        InputError: the logo is missing, too large, neither SVG nor PNG, does not stand by itself, or cannot be drawn.
    """
    return Letterhead(
        consultant=document.consultant,
        address=document.address,
        logo="" if document.logo is None else read_logo(folder / document.logo),
        colour=(document.colour or "").lower(),
        accent=(document.accent or "").lower(),
        language=document.language,
        paper=document.paper,
    )


def logo_bytes(document: Document, folder: Path) -> bytes | None:
    """Return the logo's file as it is; ``None`` without a logo.

    Args:
        document: how the documents shall look.
        folder: of the engagement.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    return None if document.logo is None else _read(folder / document.logo)


def read_logo(path: Path) -> str:
    """Return a logo as a data address: ``data:image/svg+xml;base64,...``.

    What it is goes by its content, whatever its name says.

    Args:
        path: the file.

    Raises:
        InputError: it cannot be read, is too large, neither SVG nor PNG, cannot be drawn, or does not stand by itself.
    """
    content = _read(path)
    if content.startswith(_PNG):
        kind, fault = "png", _undrawn(content, "png")
    else:
        kind, fault = "svg+xml", _svg_fault(content) or _undrawn(content, "svg")
    if fault:
        raise InputError(f"{path}: {fault}; {_ALLOWED}")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: the logo has {path.stat().st_size // 1000:,} kB; {_ALLOWED}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the logo cannot be read ({error.strerror or error}); {_ALLOWED}") from None


def _undrawn(content: bytes, kind: str) -> str:
    """Return why the typesetter cannot draw a picture on an accessible page; empty if it can."""
    import typst

    with TemporaryDirectory(prefix="kit-") as name:
        folder = Path(name)
        (folder / f"logo.{kind}").write_bytes(content)
        page = f'#set document(title: "logo")\n#image("logo.{kind}", height: 26pt, alt: "logo")'
        (folder / "page.typ").write_text(page, encoding="utf-8")
        try:
            typst.compile(folder / "page.typ", root=folder, format="pdf", pdf_standards="ua-1")
        except typst.TypstError as error:
            return f"it cannot be drawn ({error.message})"
    return ""


def _svg_fault(content: bytes) -> str:
    """Return what is wrong with an SVG; empty if nothing is."""
    look = _Look()
    try:
        look.parser.Parse(content, True)
    except expat.ExpatError as error:
        if look.fault:
            return look.fault
        known = look.root is not None
        return f"an SVG that is not well-formed, line {error.lineno}" if known else "neither an SVG nor a PNG"
    return look.fault


class _Look:
    """Walks through an SVG and keeps the first thing that may not be in it."""

    def __init__(self) -> None:
        self.fault = ""
        self.root: str | None = None
        self._styles: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.ProcessingInstructionHandler = self._instruction

    def _refuse(self, fault: str) -> None:
        self.fault = self.fault or fault

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        if self.root is None:
            self.root = name
            if (space, name) != (_SVG, "svg"):
                self._refuse("neither an SVG nor a PNG")
        if name.lower() in _ACTIVE:
            self._refuse(f"an SVG with <{name}>, line {self.parser.CurrentLineNumber}")
        if name.lower() == "style":
            self._styles.append("")
        for key, value in attributes.items():
            space, _, name = key.rpartition(" ")
            self._attribute(name.lower(), value, event=not space and name.lower().startswith("on"))

    def _attribute(self, name: str, value: str, *, event: bool) -> None:
        line = self.parser.CurrentLineNumber
        if event or "javascript:" in value.lower():
            self._refuse(f"an SVG with an event or a script ({name}), line {line}")
        elif name in ("href", "src", "base") and not _INSIDE.match(value):
            self._refuse(f"an SVG that refers to {value[:80]!r} ({name}), line {line}")
        elif name == "attributename" and value.rpartition(":")[2].lower() in ("href", "src"):
            self._refuse(f"an SVG that changes a reference ({value}), line {line}")
        else:
            # Any attribute may be one that is read as a style, as fill is.
            self._style(value, line)

    def _style(self, text: str, line: int) -> None:
        if found := _EVASIVE.search(text):
            self._refuse(f"an SVG whose style uses {found[0]}, line {line}")
        outside = [found for found in _URL.findall(text) if not _STYLE_INSIDE.match(found)]
        if outside:
            self._refuse(f"an SVG that refers to {outside[0][:80]!r}, line {line}")

    def _text(self, text: str) -> None:
        if self._styles:
            self._styles[-1] += text

    def _end(self, tag: str) -> None:
        if tag.rpartition(" ")[2].lower() != "style":
            return
        self._style(self._styles.pop(), self.parser.CurrentLineNumber)

    def _doctype(self, *_: object) -> None:
        # Entities can grow without bounds, and a document type lies outside.
        self._refuse(f"an SVG with a DOCTYPE, line {self.parser.CurrentLineNumber}: take that line out")

    def _instruction(self, target: str, _: str) -> None:
        self._refuse(f"an SVG with <?{target}?>, line {self.parser.CurrentLineNumber}: take it out")
