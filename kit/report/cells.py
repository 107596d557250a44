"""What a cell of a notebook shows: a picture, or a sentence that says why there is none."""

from __future__ import annotations

from typing import Any

from kit.report import charts
from kit.strategy.verdict import Verdict
from kit.wording import say


def picture(verdict: Verdict, name: str) -> Any:
    """Return a chart of a verdict for a notebook's cell.

    Args:
        verdict: the decision.
        name: of the chart, a function of :mod:`kit.report.charts`.

    Raises:
        AttributeError: there is no such chart.
    """
    chart = getattr(charts, name)
    if name in charts.drawable(verdict):
        return charts.show(chart(verdict))
    try:
        chart(verdict)
    except ValueError as error:
        return sentence(say("There is no picture here: {why}.", why=str(error)))
    raise ValueError(f"{name} can be drawn, but is not named so by charts.drawable")


def sentence(text: str) -> Any:
    """Return a sentence for a notebook's cell."""
    from IPython.display import Markdown

    return Markdown(text)  # type: ignore[no-untyped-call]
