"""How charts look and how they become SVG: one palette, one typeface, no font and no script fetched from anywhere."""

from __future__ import annotations

import html
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

INK, GREY, RULE, PAPER = "#16222b", "#5b6772", "#d5dade", "#ffffff"
OWN, RENTED, CLOUD = "#12685a", "#7db8a8", "#c56b2d"
RENTED_TEXT, CLOUD_TEXT = "#3d7d6e", "#a9541c"
ON_RENTED = "#10201c"
"""Type on the light green, on a light page and on a dark one."""

STAFF, UPKEEP, POWER = "#8b97a1", "#4d9484", "#b4d8cd"

DARK = {
    INK: "#e8edf0",
    GREY: "#a3afb8",
    RULE: "#36424b",
    PAPER: "#12191e",
    OWN: "#2f9d89",
    RENTED: "#a8dccf",
    CLOUD: "#e8955c",
    RENTED_TEXT: "#a8dccf",
    CLOUD_TEXT: "#f0a878",
    STAFF: "#77838d",
    UPKEEP: "#1f6f61",
    POWER: "#5c8f83",
}
"""What each colour becomes on a dark page."""

FONT = "Libertinus Serif, Libertinus, Georgia, Liberation Serif, DejaVu Serif, serif"
"""Typst embeds the first; browsers have one of the others. Commas without quotes are valid in SVG and in CSS."""

WIDTH = 482
"""Width of a chart in pixels: the text width of an A4 page in points, so that 1 px of type is 1 pt on paper."""

TITLE_OFFSET = 8
TITLE_WRAP = 98
SUBTITLE_WRAP = 118


@contextmanager
def without_slow_validators() -> Iterator[None]:
    """Import jsonschema, in here, without what it does not need.

    Where JupyterLab is installed, jsonschema imports a grammar of web addresses that takes 2.5 s to compile and that
    neither charts nor notebooks use; it does without it where it is missing.
    """
    slow = "rfc3987_syntax"
    if slow in sys.modules or "jsonschema" in sys.modules:
        yield
        return
    sys.modules[slow] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[slow]


def altair() -> Any:
    """Return the module altair, which is imported only where a chart is drawn."""
    with without_slow_validators():
        import altair as alt

    return alt


@contextmanager
def unchecked() -> Iterator[None]:
    """Draw without checking each part of a chart against Vega-Lite's schema; the tests have done that."""
    altair()
    from altair.utils import schemapi

    with schemapi.debug_mode(False):
        yield


def frame(
    layers: Any,
    *,
    title: str,
    subtitle: str,
    height: int,
    left: int = 38,
    right: int = 12,
    bottom: int = 34,
) -> Any:
    """Return a chart of exactly :data:`WIDTH` with its finding as title.

    Sizes are fixed rather than fitted, so that they do not depend on the fonts of the machine.

    Args:
        layers: an Altair chart or layered chart.
        title: the finding.
        subtitle: what is drawn, with the unit.
        height: height of the plot in pixels.
        left: room for the vertical axis in pixels.
        right: room for direct labels in pixels.
        bottom: room for the horizontal axis in pixels.
    """
    alt = altair()
    titles, subtitles = _lines(title, TITLE_WRAP), _lines(subtitle, SUBTITLE_WRAP)
    top = 13 * len(titles) + 11 * len(subtitles) + 12
    return (
        layers.properties(
            width=WIDTH - left - right,
            height=height,
            autosize=alt.AutoSizeParams(type="none"),
            padding={"left": left, "right": right, "top": top, "bottom": bottom},
            title=alt.TitleParams(
                text=titles,
                subtitle=subtitles,
                anchor="start",
                frame="group",
                dx=-left,
                offset=TITLE_OFFSET,
            ),
        )
        .configure(font=FONT, background="transparent", aria=False)
        .configure_view(stroke=None)
        .configure_title(
            color=INK,
            fontSize=10.5,
            fontWeight="bold",
            lineHeight=13,
            subtitleColor=GREY,
            subtitleFontSize=8.5,
            subtitleLineHeight=11,
            subtitlePadding=2,
        )
        .configure_axis(
            labelColor=GREY,
            titleColor=GREY,
            labelFontSize=8,
            titleFontSize=8,
            titleFontWeight="normal",
            gridColor=RULE,
            gridWidth=0.5,
            domainColor=GREY,
            domainWidth=0.6,
            tickColor=GREY,
            tickWidth=0.6,
            tickSize=3,
            titlePadding=5,
        )
        .configure_axisY(domain=False, ticks=False)
        .configure_axisX(grid=False)
    )


def _lines(text: str, most: int) -> list[str]:
    """Return a text in as few lines as it needs, of about the same length."""
    count = -(-len(text) // most)
    for width in range(max(len(text) // max(count, 1), 1), most + 1):
        if len(lines := textwrap.wrap(text, width)) <= count:
            return lines
    return textwrap.wrap(text, most)


def values(rows: Sequence[dict[str, Any]]) -> Any:
    """Return rows as the data of a chart, written into it."""
    alt = altair()
    return alt.Data(values=list(rows))


def words(rows: Sequence[dict[str, Any]], *, x: Any, y: Any, colour: str = INK, **mark: Any) -> Any:
    """Return direct labels: the text of each row at its place."""
    alt = altair()
    return (
        alt.Chart(values(rows))
        .mark_text(**{"fontSize": 8.5, "color": colour, "align": "left", "baseline": "middle", **mark})
        .encode(x=x, y=y, text="text:N")
    )


def svg(chart: Any) -> str:
    """Return an Altair chart as SVG text that needs no font file, no script and no network."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))


def picture(drawn: str, *, label: str) -> str:
    """Return an SVG as part of a page: it scales with its column and says to a screen reader what it shows.

    Args:
        drawn: the result of :func:`svg`.
        label: the alternative text.
    """
    inner = drawn.split(">", 1)[1]
    width, height = (drawn.split(f'{side}="', 1)[1].split('"', 1)[0] for side in ("width", "height"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(label)}"'
    return f'{head} viewBox="0 0 {width} {height}" width="{width}" height="{height}">{inner}'


def show(chart: Any) -> Any:
    """Return a chart for a notebook's cell: a picture that needs no script and no network."""
    from IPython.display import SVG

    return SVG(data=svg(chart))  # type: ignore[no-untyped-call]


def spread(positions: list[float], *, gap: float) -> list[float]:
    """Return positions of labels moved apart by the least that leaves ``gap`` between neighbours, in the given order.

    Args:
        positions: where the labels would like to be, any order, same unit as ``gap``.
        gap: least distance.
    """
    order = sorted(range(len(positions)), key=positions.__getitem__)
    groups: list[tuple[float, int]] = []
    for i in order:
        centre, size = positions[i], 1
        while groups and centre - gap * size / 2 < groups[-1][0] + gap * groups[-1][1] / 2:
            other, count = groups.pop()
            centre = (centre * size + other * count) / (size + count)
            size += count
        groups.append((centre, size))
    placed = [centre + gap * (k - (size - 1) / 2) for centre, size in groups for k in range(size)]
    return [place for _, place in sorted(zip(order, placed, strict=True))]
