"""Whose paper the documents are printed on: from what the engagement says to a letterhead that a document can carry.

A logo is put into the document itself, so nothing in it may call on anything outside: no script, no event, no
reference but to a part of itself or to a picture inside it.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path
from xml.parsers import expat

from kit.engagement.record import Document
from kit.errors import InputError
from kit.strategy.dossier import Letterhead

MOST_BYTES = 500_000
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "http://www.w3.org/2000/svg"
_ALLOWED = f"allowed: an SVG or PNG of at most {MOST_BYTES // 1000} kB that stands by itself"
_INSIDE = re.compile(r"\s*(#|data:image/|$)", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?([^'\")]*)", re.IGNORECASE)
_STYLE_INSIDE = re.compile(r"\s*(#|data:(image|font)/|$)", re.IGNORECASE)
_EVASIVE = re.compile(r"@import|image-set\(|src\(|\\", re.IGNORECASE)
"""What a style could reach the outside with other than by ``url()``, and the character that hides names."""
_ACTIVE = {"script", "foreignobject", "iframe", "embed", "object", "handler", "listener"}


def letterhead(document: Document, folder: Path) -> Letterhead:
    """Return the letterhead of an engagement.

    Args:
        document: how the documents shall look.
        folder: of the engagement, from which the logo's path counts.

    Raises:
        InputError: the logo is missing, too large, neither SVG nor PNG, or does not stand by itself.
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
        InputError: it cannot be read, is too large, is neither SVG nor PNG, is broken, or does not stand by itself.
    """
    content = _read(path)
    if content.startswith(_PNG):
        fault, kind = _png_fault(content), "png"
    else:
        fault, kind = _svg_fault(content), "svg+xml"
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


def _png_fault(content: bytes) -> str:
    """Return what is wrong with a PNG; empty if nothing is. ISO/IEC 15948: length, type, data, CRC of each chunk."""
    place = len(_PNG)
    kinds: list[bytes] = []
    while place + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        end = place + 12 + length
        if end > len(content) or zlib.crc32(content[place + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
            return "a broken PNG"
        if not kinds and (
            kind != b"IHDR" or length != 13 or 0 in struct.unpack(">II", content[place + 8 : place + 16])
        ):
            return "a broken PNG"
        kinds.append(kind)
        place = end
        if kind == b"IEND":
            break
    return "" if kinds and kinds[-1] == b"IEND" and b"IDAT" in kinds else "a broken PNG"


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
            self._style(value, line, css=name == "style")

    def _style(self, text: str, line: int, *, css: bool) -> None:
        if css and (found := _EVASIVE.search(text)):
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
        self._style(self._styles.pop(), self.parser.CurrentLineNumber, css=True)

    def _doctype(self, *_: object) -> None:
        # Entities can grow without bounds, and a document type lies outside.
        self._refuse(f"an SVG with a DOCTYPE, line {self.parser.CurrentLineNumber}: take that line out")

    def _instruction(self, target: str, _: str) -> None:
        self._refuse(f"an SVG with <?{target}?>, line {self.parser.CurrentLineNumber}: take it out")
