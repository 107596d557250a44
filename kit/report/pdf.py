"""The verdict as a PDF: tagged to PDF/UA-1, on A4 or letter paper, with bookmarks, and equal for equal records."""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kit.errors import InputError, KitError
from kit.report import skin
from kit.report.furniture import furniture
from kit.report.palette import of
from kit.report.view import View
from kit.strategy.verdict import Verdict

_TEMPLATE = Path(__file__).parent / "templates" / "verdict.typ"
_UNSHOWN = "could not be displayed"
"""What the typesetter says of letters that no typeface on the machine has; PDF/UA lets none of them pass."""


def pdf_bytes(verdict: Verdict, shown: View, drawn: Mapping[str, str], *, paper: str = "a4") -> bytes:
    """Return the PDF, in the language of the moment.

    Args:
        verdict: the decision.
        shown: the same as text.
        drawn: its pictures, as SVG by name.
        paper: a4 or letter.

    Raises:
        KitError: the typesetter refused; says what it said.
    """
    letterhead = verdict.letterhead
    logo, suffix = logo_file(letterhead.logo)
    content = {
        "view": shown,
        "words": furniture(shown, letterhead),
        "letterhead": letterhead.model_dump(mode="json", exclude={"logo"}),
        "logo": f"logo.{suffix}" if logo else None,
        "colours": skin.light(of(letterhead)),
        "paper": paper,
    }
    noon = int(datetime.combine(verdict.date, time(12), tzinfo=UTC).timestamp())
    with TemporaryDirectory(prefix="kit-") as name:
        folder = Path(name)
        (folder / "verdict.typ").write_bytes(_TEMPLATE.read_bytes())
        if logo:
            (folder / f"logo.{suffix}").write_bytes(logo)
        return _typeset(folder, content, drawn, noon)


def logo_file(address: str) -> tuple[bytes, str]:
    """Return the picture in a letterhead's data address, and the end of its file's name; nothing for an empty one.

    Raises:
        InputError: it is not valid base64.
    """
    if not address:
        return b"", ""
    head, _, body = address.partition(",")
    try:
        return base64.b64decode(body, validate=True), "png" if head == "data:image/png;base64" else "svg"
    except binascii.Error:
        raise InputError("the letterhead's logo is not valid base64") from None


def _typeset(folder: Path, content: Mapping[str, Any], drawn: Mapping[str, str], timestamp: int) -> bytes:
    """Return the PDF; letters that no typeface has are written as their codes."""
    import typst

    text = json.dumps(content, ensure_ascii=False, default=vars)

    def compiled(named: Mapping[str, str]) -> bytes:
        def write(file: str, text: str) -> None:
            (folder / file).write_text("".join(named.get(letter, letter) for letter in text), encoding="utf-8")

        write("view.json", text)
        for picture, svg in drawn.items():
            write(f"{picture}.svg", svg)
        return bytes(
            typst.compile(folder / "verdict.typ", root=folder, format="pdf", timestamp=timestamp, pdf_standards="ua-1")
        )

    try:
        try:
            return compiled({})
        except typst.TypstError as error:
            if _UNSHOWN not in error.message:
                raise
            return compiled({letter: f"[U+{ord(letter):04X}]" for letter in unshown(text + "".join(drawn.values()))})
    except typst.TypstError as error:
        raise KitError(f"the PDF cannot be typeset ({error.message})") from None


def unshown(text: str) -> frozenset[str]:
    """Return the letters of a text that no typeface on this machine has."""
    import typst

    compiler = typst.Compiler()

    def all_shown(letters: str) -> bool:
        quoted = json.dumps(letters, ensure_ascii=False)
        source = f'#set document(title: "x")\n#set text(font: "Libertinus Serif")\n#{quoted}'
        try:
            compiler.compile(source.encode(), format="pdf", pdf_standards="ua-1")
        except typst.TypstError:
            return False
        return True

    def missing(letters: list[str]) -> set[str]:
        if not letters or all_shown(" ".join(letters)):
            return set()
        if len(letters) == 1:
            return set(letters)
        half = len(letters) // 2
        return missing(letters[:half]) | missing(letters[half:])

    # Letters of western languages are in the typeface that comes with the typesetter.
    rare = sorted({letter for letter in text if ord(letter) > 0x24F})
    controls = {letter for letter in text if unicodedata.category(letter) == "Cc" and letter not in "\n\t\r"}
    return frozenset(missing(rare) | controls)
