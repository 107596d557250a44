"""How charts are put together and become SVG: one typeface, the palette of the moment, nothing fetched from anywhere.

A chart is a Vega-Lite specification, written as plain mappings: its layers come from :func:`layer` and :func:`words`,
its frame from :func:`frame`. The language and the colours are those of the moment in which it is drawn.
"""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec

from kit.record import Basis
from kit.report.drawer import drawn
from kit.report.lettering import shorten, width_of, wrap
from kit.report.palette import painted
from kit.report.words import BASES
from kit.strategy.verdict import Verdict
from kit.wording import ENGLISH, retell, say, spoken

FONT = "Libertinus Serif, Libertinus, Georgia, Liberation Serif, DejaVu Serif, serif"
"""Typst embeds the first; browsers have one of the others. Commas without quotes are valid in SVG and in CSS."""

WIDTH = 482
"""Width of a chart in pixels: the text width of an A4 page in points, so that 1 px of type is 1 pt on paper."""

TITLE_SIZE, SUBTITLE_SIZE, LABEL_SIZE, SMALL = 10.5, 8.5, 8.5, 8.0
TITLE_OFFSET = 8
KEY_HEIGHT = 13
LIVE_LINES = 2
"""Most lines of a title that changes while one looks."""

_P = ParamSpec("_P")


@dataclass(frozen=True)
class Drawing:
    """A chart: its Vega-Lite specification."""

    spec: Mapping[str, Any]

    def to_dict(self, *, validate: bool = True) -> dict[str, Any]:
        """Return the specification as plain values.

        Args:
            validate: check it against Vega-Lite's schema, which takes a second.

        Raises:
            jsonschema.ValidationError: it does not pass.
        """
        plain: dict[str, Any] = json.loads(json.dumps(self.spec))
        if validate:
            altair().LayerChart.validate(plain)
        return plain

    def _repr_svg_(self) -> str:
        return svg(self)


Test = Callable[[Verdict], bool]
NEEDS: dict[str, tuple[Test, str]] = {}
"""For each chart of a verdict, whether the verdict holds what it draws, and what that is, in English."""


def needs(
    test: Test, what: str
) -> Callable[[Callable[Concatenate[Verdict, _P], Drawing]], Callable[Concatenate[Verdict, _P], Drawing]]:
    """Have a chart refuse a verdict that lacks what it draws.

    Args:
        test: whether the verdict has it.
        what: what it needs, as the end of a sentence, a fixed text.
    """

    def guarded(chart: Callable[Concatenate[Verdict, _P], Drawing]) -> Callable[Concatenate[Verdict, _P], Drawing]:
        NEEDS[chart.__name__] = (test, what)

        @wraps(chart)
        def drawn(verdict: Verdict, /, *args: _P.args, **kwargs: _P.kwargs) -> Drawing:
            if not test(verdict):
                raise ValueError(f"{chart.__name__} cannot be drawn: it needs {what}")
            return chart(verdict, *args, **kwargs)

        return drawn

    return guarded


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
    """Return the module altair, which holds Vega-Lite's schema; imported only where a chart is checked."""
    with without_slow_validators():
        import altair as alt

    return alt


def layer(rows: Sequence[Mapping[str, Any]], mark: str, *, x: Any, y: Any, **rest: Any) -> dict[str, Any]:
    """Return a layer of a chart.

    Args:
        rows: its data, written into it.
        mark: kind of mark.
        x: channel, as :func:`channel` makes it; ``None`` for none.
        y: likewise.
        rest: further channels, as mappings; anything else is a property of the mark.
    """
    channels = {name: value for name, value in rest.items() if isinstance(value, dict)}
    mark_of = {"type": mark, **{name: value for name, value in rest.items() if name not in channels}}
    placed = {name: value for name, value in (("x", x), ("y", y)) if value is not None}
    return {"data": {"values": list(rows)}, "mark": mark_of, "encoding": {**placed, **channels}}


def channel(field: str, *, kind: str = "quantitative", **rest: Any) -> dict[str, Any]:
    """Return a channel: the field that it reads, with its scale, axis and order."""
    return {"field": field, "type": kind, **rest}


def end(field: str) -> dict[str, Any]:
    """Return the channel of a mark's other end."""
    return {"field": field}


def at(pixels: float) -> dict[str, Any]:
    """Return a channel that is always at the same pixel."""
    return {"value": pixels}


COLOUR: dict[str, Any] = {"field": "colour", "type": "nominal", "scale": None}
"""The channel of rows that name their colour."""


def words(
    rows: Sequence[Mapping[str, Any]], *, x: Any, y: Any, colour: str | dict[str, Any] | None = None, **mark: Any
) -> Any:
    """Return direct labels: the text of each row at its place, in ink unless a colour is given, or the rows' own."""
    properties = {"align": "left", "baseline": "middle", "fontSize": LABEL_SIZE, **mark}
    text = {"field": "text", "type": "nominal"}
    return layer(rows, "text", x=x, y=y, color=colour or painted().ink, text=text, **properties)


def with_basis(name: str, basis: Basis, room: float, *, size: float = LABEL_SIZE, bold: bool = False) -> str:
    """Return a name from the record with how it is known, the name cut where both together have no room.

    Args:
        name: of an input, a machine, a pool.
        basis: how it is known.
        room: in pixels.
        size: of the type.
        bold: whether the type is bold.
    """
    known = retell(BASES[basis])
    most = room - width_of(f" ({known})", size, bold=bold)
    return say("{name} ({basis})", name=shorten(retell(name), most, size, bold=bold), basis=known)


def key(names: Sequence[tuple[str, ...]], *, left: float = 0, top: float = -KEY_HEIGHT / 2) -> list[Any]:
    """Return a line of names with their colours, as near to the bars as a legend can be; the frame keeps its room.

    Args:
        names: each name with its colour and, if it is not a square, its shape.
        left: where the line begins, pixels from the plot's left edge.
        top: where it stands, pixels from the plot's top edge.
    """
    size, gap, x = 6, 11, left
    marks: list[Any] = []
    for name, colour, *shape in names:
        look = {"shape": shape[0] if shape else "square", "size": size * size, "fill": colour, "strokeWidth": 0}
        marks.append(layer([{}], "point", x=at(x + size / 2), y=at(top), opacity=1, **look))
        marks.append(words([{"text": name}], x=at(x + size + 3), y=at(top), fontSize=SMALL))
        x += size + 3 + width_of(name, SMALL) + gap
    return marks


def frame(
    layers: Sequence[Any],
    *,
    title: str,
    subtitle: str,
    height: float,
    left: int = 38,
    right: int = 12,
    bottom: int = 34,
    keyed: bool = False,
    live: bool = False,
) -> Drawing:
    """Return a chart of exactly :data:`WIDTH` with its finding as title.

    Sizes are fixed rather than fitted, so that they do not depend on the fonts of the machine.

    Args:
        layers: the layers, the lowest first.
        title: the finding.
        subtitle: what is drawn, with the unit.
        height: height of the plot in pixels.
        left: room for the vertical axis in pixels.
        right: room for direct labels in pixels.
        bottom: room for the horizontal axis in pixels.
        keyed: keep room for a :func:`key` above the plot.
        live: write the title as rows of layers, with room for :data:`LIVE_LINES` lines, so that another title is
            another text in the same chart.
    """
    titles = wrap(title, WIDTH - 4, TITLE_SIZE, bold=True)
    subtitles = wrap(subtitle, WIDTH - 4, SUBTITLE_SIZE)
    room = KEY_HEIGHT if keyed else 0
    top = 13 * (LIVE_LINES if live else len(titles)) + 11 * len(subtitles) + 12 + room
    written = _written(titles, subtitles, left, top - room) if live else []
    return Drawing(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "layer": [*layers, *written],
            "width": WIDTH - left - right,
            "height": height,
            "autosize": {"type": "none"},
            "padding": {"left": left, "right": right, "top": top, "bottom": bottom},
            "title": {
                "text": [] if live else titles,
                "subtitle": [] if live else subtitles,
                "anchor": "start",
                "frame": "group",
                "dx": -left,
                "offset": TITLE_OFFSET,
            },
            "config": _style(),
        }
    )


def _written(titles: Sequence[str], subtitles: Sequence[str], left: float, top: float) -> list[Any]:
    """Return the lines of a title as layers, where the title itself would stand; those that it does not need are empty.

    Args:
        titles: lines of the title.
        subtitles: lines below it.
        left: pixels from the plot to the left edge.
        top: pixels from the plot to the upper edge.
    """
    # A title of fewer lines leaves its room above it.
    lines = [*[""] * (LIVE_LINES - len(titles)), *titles[:LIVE_LINES]]
    looks = [(line, 13, TITLE_SIZE, "bold", painted().ink) for line in lines]
    looks += [(line, 11, SUBTITLE_SIZE, "normal", painted().grey) for line in subtitles]
    layers, y = [], -top
    for line, height, size, weight, colour in looks:
        y += height
        look = {"fontSize": size, "fontWeight": weight, "baseline": "alphabetic"}
        layers.append(words([{"text": line}] if line else [], x=at(-left), y=at(y), colour=colour, **look))
    return layers


def _style() -> dict[str, Any]:
    colours = painted()
    return {
        "font": FONT,
        "background": "transparent",
        "aria": False,
        "view": {"stroke": None},
        "title": {
            "color": colours.ink,
            "fontSize": TITLE_SIZE,
            "fontWeight": "bold",
            "lineHeight": 13,
            "subtitleColor": colours.grey,
            "subtitleFontSize": SUBTITLE_SIZE,
            "subtitleLineHeight": 11,
            "subtitlePadding": 2,
        },
        "axis": {
            "labelColor": colours.grey,
            "titleColor": colours.grey,
            "labelFontSize": SMALL,
            "titleFontSize": SMALL,
            "titleFontWeight": "normal",
            "gridColor": colours.rule,
            "gridWidth": 0.5,
            "domainColor": colours.grey,
            "domainWidth": 0.6,
            "tickColor": colours.grey,
            "tickWidth": 0.6,
            "tickSize": 3,
            "titlePadding": 5,
            # Texts are cut before they are drawn: Vega measures a label many times to cut it.
            "labelLimit": 0,
            "titleLimit": 0,
        },
        "axisY": {"domain": False, "ticks": False},
        "axisX": {"grid": False},
    }


@lru_cache
def number_locale(code: str) -> dict[str, Any]:
    """Return how d3 writes the numbers of axes in a language, by its CLDR entry.

    Raises:
        babel.UnknownLocaleError: there is no such language.
    """
    from babel import Locale
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = Locale.parse(code)
    return {
        "decimal": get_decimal_symbol(locale),
        "thousands": get_group_symbol(locale),
        "grouping": [3],
        "currency": ["", ""],
        "percent": str(locale.percent_formats[None].pattern).lstrip("#,0."),
    }


def day_names() -> list[str]:
    """Return the days of the week from Monday on, in the language of the moment."""
    from babel import Locale

    return [str(name) for _, name in sorted(Locale.parse(spoken()).days["stand-alone"]["wide"].items())]


def svg(chart: Drawing) -> str:
    """Return a chart as SVG text that needs no font file, no script and no network; its axes count as one speaks."""
    return drawn(chart.spec, None if spoken() == ENGLISH else number_locale(spoken()))


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


def show(chart: Drawing) -> Any:
    """Return a chart for a notebook's cell: a picture that needs no script and no network."""
    from IPython.display import SVG

    return SVG(data=svg(chart))  # type: ignore[no-untyped-call]
