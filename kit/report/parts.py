"""The parts that a document is made of, whatever draws it: text, pictures and tables in sections."""

from __future__ import annotations

from typing import Literal

from kit.engagement.record import Place
from kit.record import Part
from kit.report.words import PLACE_NAMES, percent
from kit.strategy.reasons import sentence_case as sentence_case
from kit.strategy.verdict import Placement

Align = Literal["left", "right"]


class Chip(Part):
    """A word on a coloured ground. Kinds: own, rented, api, out, and the bases."""

    text: str
    kind: str


Cell = str | tuple[Chip, ...]


class Column(Part):
    """A column of a table; ``share`` is its part of the width, 0 for as wide as its content."""

    head: str
    align: Align = "left"
    share: float = 0


class Table(Part):
    """A table. ``total`` is a last row that sums up; ``row_heads`` says that the first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    small: bool = False


class Picture(Part):
    """A picture by the name under which it was drawn, with its alternative text."""

    name: str
    alt: str


class Text(Part):
    """A paragraph, or an item of a list."""

    text: str
    item: bool = False


Block = Text | Picture | Table


class Section(Part):
    """A section of the document. ``page`` says that it starts a page on paper."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    page: bool = False


def chips(placement: Placement) -> tuple[Chip, ...]:
    """Return where a workload goes: its main place, then what else serves it, with the share of that."""
    places = dict.fromkeys(placement.places)
    main, *rest = places
    found = [Chip(text=PLACE_NAMES[main], kind=main)]
    for place in rest:
        share = [s for p, s in zip(placement.places, placement.shares, strict=True) if p is place]
        what = "+ cloud" if place is Place.API else f"+ {PLACE_NAMES[place]}"
        found.append(Chip(text=f"{what} {percent(share[0])}" if len(share) == 1 else what, kind=place))
    return tuple(found)
