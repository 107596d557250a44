"""Finds figures in a text that are not the record's.

A figure is the record's if it stands inside one of its strings, or is one of its values rounded to the decimals shown
(a percentage to those of the percentage, a million to those of the million, a thousand requests to those of the
thousand), or to three digits from 1,000 up. Two things are exempt: the ticks of axes, which are no figures, and page
numbers. Digits that are part of a name (p95, H100, 70B) are no figures either.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|[.,]\d)(\s?%|\smillion|\sm\b|\sms)?")


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


def foreign_figures(text: str, record: Any, *, ticks: list[str] = ()) -> list[str]:  # type: ignore[assignment]
    """Return the figures in a text that the record does not hold.

    Args:
        text: what a reader sees.
        record: the verdict as loaded from its JSON.
        ticks: labels of axes, each exempt once.
    """
    found = list(leaves(record))
    strings = sorted({leaf for leaf in found if isinstance(leaf, str)}, key=len, reverse=True)
    values = {float(leaf) for leaf in found if isinstance(leaf, int | float) and not isinstance(leaf, bool)}
    text = text.replace("\u200b", "").replace("−", "-")
    words = {match[0] for string in strings for match in _NUMBER.finditer(string)}
    for string in strings:
        if any(letter.isdigit() for letter in string):
            text = _without(text, string)
            if re.fullmatch(r"\d{4}-\d\d-\d\d", string):
                day = dt.date.fromisoformat(string)
                text = _without(text, f"{day.day} {day:%B} {day.year}")
    left = list(ticks)
    wrong = []
    for match in _NUMBER.finditer(text):
        shown = match[0]
        if shown in words or match[0].removesuffix(match[1] or "") in words or _rounds(shown, match[1], values):
            continue
        if shown in left:
            left.remove(shown)
            continue
        wrong.append(f"{shown!r} in {text[max(match.start() - 30, 0) : match.end() + 15]!r}")
    return wrong


def _without(text: str, string: str) -> str:
    """Return a text without a string, wherever a line was broken in it."""
    if string in text:
        text = text.replace(string, "\N{REPLACEMENT CHARACTER}")
    parts = [re.escape(part) for part in re.split(r"\s+", string) if part]
    if len(string) > 24:
        parts = [r"\s*".join(re.escape(letter) for letter in "".join(string.split()))]
    return re.sub(r"\s+".join(parts), "\N{REPLACEMENT CHARACTER}", text)


def _rounds(shown: str, unit: str | None, values: set[float]) -> bool:
    digits = Decimal(shown.removesuffix(unit or "").replace(",", ""))
    scales = {None: (1.0, 1e3), "%": (100.0,), "million": (1.0, 1e-6), "m": (1e-6,), "ms": (1e3,)}
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
