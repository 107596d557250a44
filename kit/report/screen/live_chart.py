"""A chart that a browser draws, so that it can follow a hand: Altair's JupyterChart, with all that it needs inside."""

from __future__ import annotations

from typing import Any

from kit.report.drawing import Drawing, altair


def live_chart(drawing: Drawing) -> Any:
    """Return a widget that shows a chart; :func:`redraw` shows another one in it.

    The library that draws travels inside the widget: Altair's own way to show charts fetches it from elsewhere.
    """
    alt = altair()
    alt.JupyterChart.enable_offline()
    chart = alt.JupyterChart(None, embed_options={"actions": False, "renderer": "svg"})
    redraw(chart, drawing)
    return chart


def redraw(chart: Any, drawing: Drawing) -> None:
    """Show another chart in the widget of :func:`live_chart`."""
    # Past the chart's own property, which checks each specification for half a second.
    chart.spec = drawing.to_dict(validate=False)
