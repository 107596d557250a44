"""The parts that a document is made of, whatever draws it: text, pictures and tables in sections.

All text in them is told in the language of the moment (:func:`kit.wording.speaking`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from kit.engagement.record import Place
from kit.figures import sentence_case as sentence_case
from kit.record import Basis
from kit.report.words import BASES, PLACE_NAMES, percent
from kit.strategy.verdict import Placement
from kit.wording import retell, say

Align = Literal["left", "right"]


@dataclass(frozen=True)
class Chip:
    """A word on a coloured ground.

    Kinds: own, rented, api (the places); out (a gate that strikes); the bases (measured, quoted, published, predicted,
    assumed); yes, no, unknown (answers); even (neither side, or in part).
    """

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
    """A table. ``total`` is a last row that sums up; ``key`` is a name for whoever looks for just this one."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    small: bool = False
    key: str = ""


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
    """A picture with controls to play with; drawn only where there is a screen, with the heading and text before it."""

    live: str
    alt: str
    title: str = ""
    text: str = ""


Block = Text | Heading | Picture | Live | Table


@dataclass(frozen=True)
class Section:
    """A section of the document.

    Attributes:
        key: its name.
        title: its title, without its number.
        blocks: what it shows, in order.
        page: whether it starts a page on paper.
        number: its place among the sections; the decision page is 1.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    page: bool = False
    number: int = 0


@dataclass(frozen=True)
class KeyFigure:
    """A figure that is worth its size on page one."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class BasisLine:
    """What page one says of itself in a line: a word (a basis, or how long it holds), and what is said of it."""

    basis: str
    text: str


def chips(placement: Placement) -> tuple[Chip, ...]:
    """Return where a workload goes: its main place, then what else serves it, with the share of that."""
    places = dict.fromkeys(placement.places)
    main, *rest = places
    found = [place_chip(main)]
    for place in rest:
        shares = [s for p, s in zip(placement.places, placement.shares, strict=True) if p is place]
        name = retell(PLACE_NAMES[place])
        text = (
            say("+ {place} {share}", place=name, share=percent(shares[0]))
            if len(shares) == 1
            else say("+ {place}", place=name)
        )
        found.append(Chip(text=text, kind=place.value))
    return tuple(found)


def place_chip(place: Place) -> Chip:
    """Return a kind of place."""
    return Chip(text=retell(PLACE_NAMES[place]), kind=place.value)


def basis_chip(basis: Basis) -> Chip:
    """Return how a figure is known."""
    return Chip(text=retell(BASES[basis]), kind=basis.value)


def tabled(intro: str, table: Table) -> tuple[Block, ...]:
    """Return a table after what a reader must know beyond its caption, if anything; nothing where it has no row."""
    if not table.rows:
        return ()
    return (Text(text=intro), table) if intro else (table,)


def headed(heading: str, *blocks: Block) -> tuple[Block, ...]:
    """Return blocks under a heading; nothing where there are none."""
    return (Heading(heading=heading), *blocks) if blocks else ()


def only(section: Section, pictures: frozenset[str]) -> Section:
    """Return a section without the pictures that nobody can draw, and without the headings that are left alone."""
    kept = [b for b in section.blocks if not isinstance(b, Picture) or b.name in pictures]
    found = [
        block
        for block, following in zip(kept, [*kept[1:], None], strict=True)
        if not isinstance(block, Heading) or not (following is None or isinstance(following, Heading))
    ]
    return replace(section, blocks=tuple(found))
