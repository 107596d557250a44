"""A consultant's two colours become a palette in which everything can be read, on a light page and on a dark one."""

from __future__ import annotations

import pytest

from kit.report.palette import (
    DEFAULT,
    Palette,
    branded,
    contrast,
    legible,
    luminance,
    mix,
    of,
    painted,
    painting,
    type_on,
)
from kit.strategy.dossier import Letterhead

BRANDS = [
    ("", ""),
    ("#1f3a93", "#b03a2e"),
    ("#ffd200", ""),
    ("", "#ffffff"),
    ("#c8702a", ""),
    ("#16222b", "#000000"),
    ("#000000", "#777777"),
    ("#8080ff", "#00ff00"),
]


def codes(palette: Palette) -> set[str]:
    """Return every colour of a palette."""
    return {code for code in vars(palette).values() if isinstance(code, str)}


def test_contrast_is_that_of_wcag():
    """Black on white is 21:1; #777777 on white is 4.48:1, the textbook case that just fails."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_without_colours_it_is_the_kits_palette():
    """An empty letterhead changes nothing, and neither do the kit's own colours outside a painting."""
    empty = of(Letterhead())
    assert {**vars(empty), "dark": None} == {**vars(DEFAULT), "dark": None}
    assert dict(empty.dark) == dict(DEFAULT.dark)
    with painting(branded("#1f3a93")) as palette:
        assert painted() is palette
    assert painted() is DEFAULT


def test_legible_colours_are_taken_as_they_are():
    """Nobody's brand is changed without need."""
    palette = branded("#1f3a93", "#b03a2e")
    assert (palette.own, palette.own_text, palette.cloud, palette.cloud_text) == ("#1f3a93",) * 2 + ("#b03a2e",) * 2


@pytest.mark.parametrize(("colour", "accent"), BRANDS)
def test_type_and_shapes_can_be_read_on_either_page(colour, accent):
    """Type has 4.5:1 with what is behind it, areas and lines 3:1 with the page; on a dark page likewise."""
    palette = branded(colour, accent)
    for turn in (lambda code: code, lambda code: palette.dark.get(code, code)):
        page = turn(palette.paper)
        for role in ("ink", "grey", "own_text", "rented_text", "cloud_text"):
            assert contrast(turn(getattr(palette, role)), page) >= 4.5, role
        for role in ("own", "cloud"):
            assert contrast(turn(getattr(palette, role)), page) >= 3, role
            on = turn(getattr(palette, f"on_{role}"))
            assert contrast(on, turn(getattr(palette, role))) >= 4.5, role


@pytest.mark.parametrize(("colour", "accent"), BRANDS)
def test_every_colour_but_black_type_turns_on_a_dark_page(colour, accent):
    """A colour without a dark companion would stay as it is, which only type on light fills should."""
    palette = branded(colour, accent)
    assert codes(palette) - set(palette.dark) <= {DEFAULT.on_cloud, DEFAULT.on_rented}


def test_two_colours_are_told_apart():
    """A consultant whose one colour is the kit's orange gets the kit's green as accent."""
    assert branded("#c8702a").cloud == DEFAULT.own
    assert branded("#1f3a93").cloud == DEFAULT.cloud


@pytest.mark.parametrize("grey", range(0, 256, 5))
def test_type_on_any_grey_can_be_read(grey):
    """White or black: one of them always has 4.5:1."""
    fill = f"#{grey:02x}{grey:02x}{grey:02x}"
    assert contrast(type_on(fill), fill) >= 4.5


def test_legible_moves_no_further_than_it_has_to():
    """Yellow on white is darkened to just above 4.5:1, and lightening never happens on a light page."""
    made = legible("#ffd200", "#ffffff", 4.5)
    assert 4.5 <= contrast(made, "#ffffff") < 4.8
    assert luminance(made) < luminance("#ffd200")
