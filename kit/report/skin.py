"""The colours that a document's pages use: the palette's, and grounds and type of the small coloured words."""

from __future__ import annotations

from kit.report.palette import TEXT, Palette, legible, mix

_ROLES = ("ink", "grey", "rule", "paper", "own", "own_text", "rented", "rented_text", "cloud", "cloud_text")
_TINT = 0.86
"""How much of the page is in the ground of a small coloured word."""
_ROOM = TEXT + 0.05
"""A little above the least contrast, since colours are rounded to whole steps."""


def light(palette: Palette) -> dict[str, str]:
    """Return the colours of a light page by role, each ``#rrggbb``."""
    return _with_chips({role: getattr(palette, role) for role in _ROLES})


def dark(palette: Palette) -> dict[str, str]:
    """Return the colours of a dark page by role, each ``#rrggbb``."""
    return _with_chips({role: palette.dark.get(code := getattr(palette, role), code) for role in _ROLES})


def _with_chips(found: dict[str, str]) -> dict[str, str]:
    """Return colours with, for own, rented, cloud and the rest, a tint of the page and type that reads on it."""
    page = found["paper"]
    for role, colour in (("own", "own"), ("rented", "rented"), ("cloud", "cloud"), ("other", "rule")):
        tint = mix(found[colour], page, 0.55 if role == "other" else _TINT)
        type_colour = found["grey"] if role == "other" else found[f"{role}_text"]
        found |= {f"{role}_tint": tint, f"{role}_chip": legible(type_colour, tint, _ROOM)}
    found["own_text"] = legible(found["own_text"], page, _ROOM)
    return found
