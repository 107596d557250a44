"""A chart that a browser draws, so that it can follow a hand: only the rows that have changed are sent and drawn anew.

Altair's own widget makes the whole chart anew for each change, which takes the browser longer than all else.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from kit.report.drawing import Drawing
from kit.report.vega import kept

_SCRIPT = """
async function render({ model, el }) {
  const options = { actions: false, renderer: "svg" };
  let drawn = Promise.resolve(null);
  const embed = () => {
    drawn = drawn.then(async (old) => {
      old?.finalize();
      const spec = { ...model.get("frame"), datasets: model.get("rows") };
      return vegaEmbed(el, structuredClone(spec), options);
    });
  };
  const fill = () => {
    drawn = drawn.then(async (chart) => {
      for (const [name, rows] of Object.entries(model.get("rows"))) chart.view.data(name, structuredClone(rows));
      await chart.view.runAsync();
      return chart;
    });
  };
  // A change of both comes in one message, the frame first.
  model.on("change:frame", embed);
  model.on("change:rows", fill);
  embed();
  await drawn;
  return () => drawn.then((chart) => chart?.finalize());
}
export default { render };
"""
"""``vegaEmbed`` is bundled into it, so that nothing is asked of any place."""


def live_chart(drawing: Drawing) -> Any:
    """Return a widget that shows a chart; :func:`redraw` shows another one in it.

    It has two traits: ``frame``, the Vega-Lite specification without rows, and ``rows``, those of each layer by name.
    """
    frame, rows = _apart(drawing)
    return _kind()(frame=frame, rows=rows)


def redraw(chart: Any, drawing: Drawing) -> None:
    """Show another chart in the widget of :func:`live_chart`; quickly, where it differs in its rows only."""
    frame, rows = _apart(drawing)
    with chart.hold_sync():
        chart.frame, chart.rows = frame, rows


def _apart(drawing: Drawing) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a specification without rows, and the rows by the name of their layer."""
    spec = json.loads(json.dumps(drawing.spec))
    rows = {}
    for number, layer in enumerate(spec["layer"]):
        if "values" in layer.get("data", {}):
            name = f"layer {number}"
            rows[name], layer["data"] = layer["data"]["values"], {"name": name}
    return spec, rows


@lru_cache(maxsize=1)
def _kind() -> Any:
    """Return the class of the widget, made where the extra ``lab`` is sure to be there."""
    import anywidget
    import traitlets

    def make() -> str:
        import vl_convert

        return str(vl_convert.javascript_bundle(_SCRIPT))

    class LiveChart(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """A Vega-Lite chart."""

        _esm = kept(_SCRIPT, make)
        frame = traitlets.Dict().tag(sync=True)
        rows = traitlets.Dict().tag(sync=True)

    return LiveChart
