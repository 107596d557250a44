"""The widgets of the panel that measures, and how they are laid out; nothing in here knows what a click does."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import ipywidgets as w

LEAST_MINUTES, MOST_MINUTES, USUAL_MINUTES = 0.3, 1440.0, 2.0
"""As the command line has them."""

_STYLE = """<style>
.kit-measuring table { border-collapse: collapse; margin: 6px 0; }
.kit-measuring th, .kit-measuring td { padding: 3px 14px 3px 0; white-space: nowrap; line-height: 1.3; }
.kit-measuring th { font-weight: normal; border-bottom: 1px solid #8886; opacity: 0.75; text-align: right; }
.kit-measuring th:first-child, .kit-measuring th:nth-child(2) { text-align: left; }
.kit-measuring p { margin: 4px 0; line-height: 1.4; }
.kit-measuring ul { margin: 4px 0; padding-left: 18px; line-height: 1.35; max-height: 7em; overflow-y: auto; }
.kit-measuring progress { width: 220px; margin: 0 8px; accent-color: #0f5f53; vertical-align: middle; }
.kit-measuring .curves { display: flex; flex-wrap: wrap; gap: 16px; }
.kit-measuring figure { flex: 1 1 480px; max-width: 680px; margin: 6px 0 0; background: #fff; }
.kit-measuring figure svg { width: 100%; height: auto; }
.kit-measuring .wrong { color: #b3261e; font-weight: bold; }
.kit-measuring code { white-space: normal; }
</style>"""
_LABELS = {"description_width": "70px"}


class Controls:
    """The widgets.

    Args:
        machine: what is in the machine, in a line.
        engines: the engines that can be chosen: name, by what the list shows.
        rows: of the list of models.
        minutes: time budget for each model.
    """

    def __init__(self, machine: str, *, engines: Mapping[str, str], rows: int, minutes: float) -> None:
        self.models = w.SelectMultiple(description="Models", rows=rows, style=_LABELS, layout={"width": "480px"})
        self.engine = w.Dropdown(options=engines, description="Engine", style=_LABELS)
        self.minutes = w.BoundedFloatText(
            minutes, min=LEAST_MINUTES, max=MOST_MINUTES, step=1, description="Minutes", style=_LABELS
        )
        self.start = w.Button(description="Start", icon="play", button_style="success", layout={"width": "95px"})
        self.stop = w.Button(description="Stop", icon="stop", button_style="warning", layout={"width": "95px"})
        self.resume = w.Button(description="Resume", icon="forward", layout={"width": "95px"})
        self.notice, self.now, self.curves, self.outcome = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        head = w.HTML(f"{_STYLE}<p><b>This machine:</b> {html.escape(machine)}</p>")
        settings = w.VBox([self.engine, self.minutes, w.HBox([self.start, self.stop, self.resume])])
        choice = w.HBox([self.models, settings], layout={"flex_flow": "row wrap", "grid_gap": "8px"})
        self.page = w.VBox([head, choice, self.notice, self.outcome, self.now, self.curves])
        self.page.add_class("kit-measuring")

    def list_models(self, labels: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """Show the models that can be chosen.

        Args:
            labels: for each what the list shows, and its name.
            chosen: the names that are.
        """
        self.models.options = labels
        self.models.value = tuple(chosen)

    def allow(self, *, busy: bool, stopping: bool, begun: bool) -> None:
        """Enable what can be clicked.

        Args:
            busy: something is being measured.
            stopping: and is about to end.
            begun: there is something to go on with.
        """
        for one in (self.models, self.engine, self.minutes, self.start):
            one.disabled = busy
        self.stop.disabled = not busy or stopping
        self.resume.disabled = busy or not begun

    def clear(self) -> None:
        """Take away what an earlier sweep has shown."""
        self.now.value = self.curves.value = self.outcome.value = ""

    def tell(self, text: str) -> None:
        """Say what is going on."""
        self.notice.value = f'<p role="status">{html.escape(text)}</p>'

    def say_wrong(self, text: str) -> None:
        """Say in a line what is wrong."""
        self.notice.value = wrong(text, role="alert")


def wrong(text: str, *, role: str = "note") -> str:
    """Return a mistake as a line of HTML."""
    return f'<p role="{role}" class="wrong">{html.escape(text)}</p>'
