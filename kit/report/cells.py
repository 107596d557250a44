"""What a cell of a notebook shows: a picture, or a sentence that says why there is none; and sentences."""

from __future__ import annotations

import re
from typing import Any

from kit.report import charts
from kit.report.drawing import NEEDS, Drawing
from kit.strategy.verdict import Verdict
from kit.wording import retell, say

_LARGER = 1.5
"""How much larger a chart is on the screen than on paper."""

_SIDES = re.compile(r'\b(width|height)="([\d.]+)"')
"""The two sides of an SVG, which it states first; its viewBox stays."""


def picture(verdict: Verdict, name: str) -> Any:
    """Return a chart of a verdict for a notebook's cell.

    Args:
        verdict: the decision.
        name: of the chart, a function of :mod:`kit.report.charts`.

    Raises:
        AttributeError: there is no such chart.
        KeyError: it is no chart of a verdict.
    """
    chart = getattr(charts, name)
    test, what = NEEDS[name]
    if test(verdict):
        return drawn(chart(verdict))
    return sentence(say("There is no picture here: it needs {what}.", what=retell(what)))


def drawn(chart: Drawing) -> Any:
    """Return a chart for a notebook's cell, larger than on paper, since a screen is read from further away."""
    from IPython.display import SVG

    return SVG(data=_SIDES.sub(_enlarged, charts.svg(chart), count=2))  # type: ignore[no-untyped-call]


def _enlarged(side: re.Match[str]) -> str:
    return f'{side[1]}="{_LARGER * float(side[2]):g}"'


def sentence(text: str) -> Any:
    """Return a sentence for a notebook's cell; what Markdown would take for its own signs is shown as it is."""
    from IPython.display import Markdown

    return Markdown(_shown(text))  # type: ignore[no-untyped-call]


def headline(verdict: Verdict) -> Any:
    """Return the verdict for a notebook's cell: where everything goes, what that saves, how sure it is."""
    from IPython.display import Markdown

    said = (f"**{_shown(verdict.sentence)}**", _shown(verdict.money_sentence), _shown(verdict.certainty_sentence))
    return Markdown("\n\n".join(said))  # type: ignore[no-untyped-call]


def _shown(text: str) -> str:
    """Return a text for Markdown: names are a client's, and two amounts in dollars would be a formula."""
    return re.sub(r"([\\`*_<$#|~\[\]])", r"\\\1", text)
