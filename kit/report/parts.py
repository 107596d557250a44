"""The parts that a document is made of, whatever draws it: text, pictures and tables in sections.

All text in them is told in the language of the moment (:func:`kit.wording.speaking`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kit.engagement.record import Place
from kit.figures import sentence_case as sentence_case
from kit.report.words import PLACE_NAMES, percent
from kit.strategy.verdict import Placement
from kit.wording import retell, say

Align = Literal["left", "right"]


@dataclass(frozen=True)
class Chip:
    """A word on a coloured ground. Kinds: own, rented, api, out, and the bases."""

    text: str
    kind: str


Cell = str | tuple[Chip, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table; ``share`` is its part of the width, 0 for as wide as its content."""

    head: str
    align: Align = "left"
    share: float = 0


@dataclass(frozen=True)
class Table:
    """A table. ``total`` is a last row that sums up; ``row_heads`` says that the first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    small: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture by the name under which it was drawn, with its alternative text."""

    name: str
    alt: str


@dataclass(frozen=True)
class Text:
    """A paragraph, or an item of a list."""

    text: str
    item: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    heading: str


@dataclass(frozen=True)
class Live:
    """A picture with controls to play with; drawn only where there is a screen."""

    live: str
    alt: str


Block = Text | Heading | Picture | Live | Table


@dataclass(frozen=True)
class Section:
    """A section of the document: its key, its title, whether it starts a page on paper."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    page: bool = False


def chips(placement: Placement) -> tuple[Chip, ...]:
    """Return where a workload goes: its main place, then what else serves it, with the share of that."""
    places = dict.fromkeys(placement.places)
    main, *rest = places
    found = [Chip(text=retell(PLACE_NAMES[main]), kind=main)]
    for place in rest:
        share = [s for p, s in zip(placement.places, placement.shares, strict=True) if p is place]
        what = say("+ {place}", place=PLACE_NAMES[place])
        found.append(Chip(text=f"{what} {percent(share[0])}" if len(share) == 1 else what, kind=place))
    return tuple(found)
