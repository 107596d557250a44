"""The colours of pictures and documents: the kit's own, or a consultant's with companions derived from them.

A picture reads the palette of the moment while it is drawn: ``with painting(of(verdict.letterhead)): ...``. A document
writes its own colours from the same palette, and takes :attr:`Palette.dark` for a dark page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from kit.strategy.dossier import Letterhead

TEXT = 4.5
"""Least contrast of text with what is behind it: WCAG 2.2, 1.4.3."""
SHAPE = 3.0
"""Least contrast of lines and areas with the page: WCAG 2.2, 1.4.11."""

_APART = 60.0
"""Distance in RGB from which two colours are told apart at a glance."""


@dataclass(frozen=True)
class Palette:
    """The colours by role, each ``#rrggbb``.

    Attributes:
        ink, grey, rule, paper: type, quiet type, thin lines, the page.
        own: own machines, the recommended plan, what is measured; a consultant's colour.
        own_text: the same as type on the page, at least 4.5:1.
        on_own: type on ``own``.
        rented, rented_text, on_rented: rented machines; tints of ``own``.
        cloud, cloud_text, on_cloud: the cloud; a consultant's accent.
        staff, upkeep, power: further parts of cost; the last two are tints of ``own``.
        dark: what each of these becomes on a dark page. A code that is not in it, such as ``on_rented``, stays.
    """

    ink: str
    grey: str
    rule: str
    paper: str
    own: str
    own_text: str
    on_own: str
    rented: str
    rented_text: str
    on_rented: str
    cloud: str
    cloud_text: str
    on_cloud: str
    staff: str
    upkeep: str
    power: str
    dark: Mapping[str, str] = field(default_factory=dict)


BLACK = "#010101"
"""Type on light fills. It stays black on a dark page, where such fills stay light; no other role has this code."""

DEFAULT = Palette(
    ink="#16222b",
    grey="#5b6772",
    rule="#d5dade",
    paper="#ffffff",
    own="#12685a",
    own_text="#12685a",
    on_own="#ffffff",
    rented="#7db8a8",
    rented_text="#3d7d6e",
    on_rented="#10201c",
    cloud="#c56b2d",
    cloud_text="#a9541c",
    on_cloud=BLACK,
    staff="#8b97a1",
    upkeep="#4d9484",
    power="#b4d8cd",
    dark={
        "#16222b": "#e8edf0",
        "#5b6772": "#a3afb8",
        "#d5dade": "#36424b",
        "#ffffff": "#12191e",
        "#12685a": "#2f9d89",
        "#7db8a8": "#a8dccf",
        "#c56b2d": "#e8955c",
        "#3d7d6e": "#a8dccf",
        "#a9541c": "#f0a878",
        "#8b97a1": "#77838d",
        "#4d9484": "#1f6f61",
        "#b4d8cd": "#5c8f83",
    },
)
"""The kit's own palette."""

_palette: ContextVar[Palette] = ContextVar("palette", default=DEFAULT)


@contextmanager
def painting(palette: Palette) -> Iterator[Palette]:
    """Draw every picture in these colours, in here."""
    token = _palette.set(palette)
    try:
        yield palette
    finally:
        _palette.reset(token)


def painted() -> Palette:
    """Return the palette of the moment."""
    return _palette.get()


def of(letterhead: Letterhead) -> Palette:
    """Return the palette of a letterhead: the kit's where it names no colour."""
    return branded(letterhead.colour, letterhead.accent)


def branded(colour: str = "", accent: str = "") -> Palette:
    """Return a palette with a consultant's colours.

    Each of the two is taken as it is if it stands out from the page by 3:1, and darkened until it does otherwise; type
    in it is darkened until 4.5:1. Tints are mixtures with the page, or with ink where the colour is light itself. Where
    only a colour is given and it is too close to the kit's own accent, the kit's own colour is the accent.

    Args:
        colour: for own machines, headings and rules, ``#rrggbb``; empty for the kit's.
        accent: for the cloud, ``#rrggbb``; empty for the kit's.
    """
    base, dark = DEFAULT, dict(DEFAULT.dark)
    if not accent and colour and _distance(colour, base.cloud) < _APART:
        accent = base.own
    if accent:
        base, more = _with_accent(base, accent)
        dark |= more
    if colour:
        base, more = _with_colour(base, colour)
        dark |= more
    used = {code: dark[code] for code in vars(base).values() if isinstance(code, str) and code in dark}
    # The four neutrals have the last word, should a consultant's colour be one of them.
    used |= {code: DEFAULT.dark[code] for code in (base.ink, base.grey, base.rule, base.paper)}
    return replace(base, dark=used)


def _with_colour(base: Palette, colour: str) -> tuple[Palette, dict[str, str]]:
    own = legible(colour, base.paper, SHAPE)
    # A tint of a light colour would vanish on the page: it goes the other way.
    towards = base.paper if contrast(own, base.paper) >= TEXT else base.ink
    made = replace(
        base,
        own=own,
        own_text=legible(colour, base.paper, TEXT),
        on_own=type_on(own),
        rented=(rented := mix(own, towards, 0.45)),
        rented_text=legible(rented, base.paper, TEXT),
        on_rented=type_on(rented),
        upkeep=mix(own, towards, 0.24),
        power=mix(own, base.paper, 0.68),
    )
    page = DEFAULT.dark[base.paper]
    bright = legible(own, page, TEXT + 0.3)
    light = mix(bright, "#ffffff", 0.5)
    return made, {
        made.own: bright,
        made.own_text: bright,
        made.rented: light,
        made.rented_text: light,
        made.upkeep: mix(bright, page, 0.35),
        made.power: mix(light, page, 0.25),
    }


def _with_accent(base: Palette, accent: str) -> tuple[Palette, dict[str, str]]:
    cloud = legible(accent, base.paper, SHAPE)
    made = replace(base, cloud=cloud, cloud_text=legible(accent, base.paper, TEXT), on_cloud=type_on(cloud))
    bright = legible(cloud, DEFAULT.dark[base.paper], TEXT + 1.5)
    return made, {made.cloud_text: mix(bright, "#ffffff", 0.2), made.cloud: bright}


def type_on(fill: str) -> str:
    """Return the colour of type on a fill: the page's, which turns with it, or black; one of them reaches 4.5:1."""
    return DEFAULT.paper if contrast(DEFAULT.paper, fill) >= TEXT else BLACK


def legible(colour: str, page: str, least: float) -> str:
    """Return a colour, moved away from the page no further than its contrast asks for.

    Args:
        colour: ``#rrggbb``.
        page: what is behind it.
        least: contrast to reach.
    """
    away = "#000000" if luminance(page) > 0.18 else "#ffffff"
    return next((made for k in range(100) if contrast(made := mix(colour, away, k / 100), page) >= least), away)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another in it, mixed in sRGB."""
    parts = (round(a + (b - a) * share) for a, b in zip(_rgb(colour), _rgb(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it: (L1 + 0.05) / (L2 + 0.05)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, from 0 to 1, as WCAG 2.2 defines it."""
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour)))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _distance(one: str, other: str) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(_rgb(one), _rgb(other), strict=True)) ** 0.5)
