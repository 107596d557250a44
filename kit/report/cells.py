"""What a cell of a notebook shows: a picture, or a sentence that says why there is none."""

from __future__ import annotations

from typing import Any

from kit.report import charts
from kit.report.drawing import NEEDS
from kit.strategy.verdict import Verdict
from kit.wording import retell, say


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
        return charts.show(chart(verdict))
    return sentence(say("There is no picture here: it needs {what}.", what=retell(what)))


def sentence(text: str) -> Any:
    """Return a sentence for a notebook's cell."""
    from IPython.display import Markdown

    return Markdown(text)  # type: ignore[no-untyped-call]
