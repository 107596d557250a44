"""Finds figures in a text that are not the record's.

A figure is the record's if it stands inside one of its strings, or is one of its values rounded to the decimals shown
(a percentage to those of the percentage, a million to those of the million, a thousand requests to those of the
thousand), or to three digits from 1,000 up, or is how many parts one of its lists has. Two things are exempt: the ticks
of axes, which are no figures, and page numbers. Digits that are part of a name (p95, H100, 70B) are no figures either.
A German text is read as Germans write numbers: 412.000 €, 99 %, 1,06 Mio., 22. November 2026.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from babel.dates import format_date

_NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|[.,]\d)(\s?%|\smillion|\sMio\.|\sm\b|\sms)?"
)
_GERMAN = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+)(?![\w]|[.,]\d)")
_DAY = re.compile(r"(?<![\w.])\d{1,2}\.\d{1,2}\.\d{4}(?![\w.])")
_ORDINAL = re.compile(r"\b\d+\.\s+Perzentil")
_TURNED = str.maketrans(".,", ",.")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def leaves(record: Any) -> Iterator[Any]:
    """Yield every value of a record as loaded from JSON, keys of mappings among them."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield key
            yield from leaves(value)
    elif isinstance(record, list):
        for value in record:
            yield from leaves(value)
    else:
        yield record


def docx_text(path: Path) -> str:
    """Return the text of a Word document, its headers and footers included, a paragraph in a line; no page numbers."""
    lines = []
    with ZipFile(path) as parts:
        for name in sorted(parts.namelist()):
            if re.fullmatch(r"word/(document|header\d*|footer\d*|footnotes)\.xml", name):
                for paragraph in ElementTree.fromstring(parts.read(name)).iter(f"{_WORD}p"):
                    lines += ["".join(run.text or "" for run in paragraph.iter(f"{_WORD}t"))]
    return "\n".join(lines)


def foreign_figures(text: str, record: Any, *, ticks: Sequence[str] = (), language: str = "en") -> list[str]:
    """Return the figures in a text that the record does not hold.

    Args:
        text: what a reader sees.
        record: the verdict as loaded from its JSON.
        ticks: labels of axes, each exempt once.
        language: of the text.
    """
    found = list(leaves(record))
    strings = sorted({leaf for leaf in found if isinstance(leaf, str)}, key=len, reverse=True)
    values = {float(leaf) for leaf in found if isinstance(leaf, int | float) and not isinstance(leaf, bool)}
    values |= {float(len(part)) for part in record.values() if isinstance(part, list)}
    text = text.replace("\u200b", "").replace("\u00ad", "").replace("\u00a0", " ").replace("−", "-")
    words = {match[0] for string in strings for match in _NUMBER.finditer(string)}
    for string in strings:
        if any(letter.isdigit() for letter in string):
            text = _without(text, string)
            if re.fullmatch(r"\d{4}-\d\d-\d\d", string):
                day = dt.date.fromisoformat(string)
                text = _without(text, f"{day.day} {day:%B} {day.year}")
                for style in ("long", "medium") if language != "en" else ():
                    text = _without(text, format_date(day, style, locale=language))
    wrong = [f"{match[0]!r} is no day of the record" for match in _DAY.finditer(text)]
    left = list(ticks)
    if language == "de":
        text, left = _as_english(text, words), [_as_english(tick, set()) for tick in left]
    for match in _NUMBER.finditer(text):
        shown = match[0]
        if shown in words or match[0].removesuffix(match[1] or "") in words or _rounds(shown, match[1], values):
            continue
        if shown in left:
            left.remove(shown)
            continue
        wrong.append(f"{shown!r} in {text[max(match.start() - 30, 0) : match.end() + 15]!r}")
    return wrong


def _as_english(text: str, words: set[str]) -> str:
    """Return a text with its German numbers as an English one writes them; those in names, such as 164.502, stay."""
    text = _ORDINAL.sub("Perzentil", text)
    return _GERMAN.sub(lambda match: match[0] if match[0] in words else match[0].translate(_TURNED), text)


def _without(text: str, string: str) -> str:
    """Return a text without a string, wherever a line was broken in it."""
    if string in text:
        text = text.replace(string, "\N{REPLACEMENT CHARACTER}")
    parts = [re.escape(part) for part in re.split(r"\s+", string) if part]
    if len(string) > 24:
        # Words may be broken at the end of a line, with a hyphen.
        parts = [r"[-\s]*".join(re.escape(letter) for letter in "".join(string.split()))]
    return re.sub(r"\s+".join(parts), "\N{REPLACEMENT CHARACTER}", text)


def _rounds(shown: str, unit: str | None, values: set[float]) -> bool:
    digits = Decimal(shown.removesuffix(unit or "").replace(",", ""))
    scales = {None: (1.0, 1e3), "%": (100.0,), "million": (1.0, 1e-6), "Mio.": (1.0, 1e-6), "m": (1e-6,), "ms": (1e3,)}
    decimals = max(-int(digits.as_tuple().exponent), 0)
    step = 10.0**-decimals
    number = float(digits)
    if number >= 1000:
        # Three digits are enough for money in a sentence.
        step = max(step, 10.0 ** (len(str(int(number))) - 3)) if str(int(number))[3:].strip("0") == "" else step
    return any(
        abs(abs(value) * scale - number) <= step / 2 * (1 + 1e-9)
        for scale in scales[unit.strip() if unit else None]
        for value in values
    )
