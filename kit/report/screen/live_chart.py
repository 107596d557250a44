"""A chart that a browser draws, so that it can follow a hand: Altair's JupyterChart, with all that it needs inside."""

from __future__ import annotations

from typing import Any

from kit.report.drawing import Drawing, altair
from kit.report.vega import kept


def live_chart(drawing: Drawing) -> Any:
    """Return a widget that shows a chart; :func:`redraw` shows another one in it."""
    chart = _offline()(None, embed_options={"actions": False, "renderer": "svg"})
    redraw(chart, drawing)
    return chart


def redraw(chart: Any, drawing: Drawing) -> None:
    """Show another chart in the widget of :func:`live_chart`."""
    # Past the chart's own property, which checks each specification for half a second.
    chart.spec = drawing.to_dict(validate=False)


def _offline() -> Any:
    """Return Altair's widget with the library that draws inside; its own way is to fetch it from elsewhere."""
    alt = altair()
    kind = alt.JupyterChart

    def make() -> str:
        kind.enable_offline()
        return str(kind._esm)

    if not kind._is_offline:
        # Altair bundles anew in each kernel, which takes seconds; what comes of it is the same each time.
        kind._esm = kept(f"altair {alt.__version__} JupyterChart", make)
        kind._is_offline = True
    return kind
