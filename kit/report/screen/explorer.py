"""The panel for exploring: controls, the workloads as a table, and what follows from them at once."""

from __future__ import annotations

import base64
import html
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from kit.engagement.record import Workload
from kit.errors import KitError
from kit.report.charts.exploring import costs_of_look
from kit.report.letterhead import letterhead
from kit.report.palette import of, painting
from kit.report.screen.desk import PRESETS, Desk
from kit.report.screen.grid import Grid
from kit.report.screen.knobs import Knobs
from kit.report.screen.live_chart import live_chart, redraw
from kit.report.screen.telling import CSS, plan_table, sure, trouble, verdict_words
from kit.strategy.decide import STEPS
from kit.strategy.exploring import Look
from kit.strategy.scenario import Scenario

REST_S = 0.8
"""After the last change, this long before all plans are made anew."""

_TYPES = {
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class _Overtaken(Exception):  # noqa: N818
    """The scenario has changed while it was looked at."""


class Explorer:
    """The panel of one engagement; :attr:`widget` is what a cell shows.

    Args:
        desk: what is worked on.
        settles: look at all plans anew, in a thread, when the hands rest.
    """

    def __init__(self, desk: Desk, *, settles: bool = True) -> None:
        self.desk = desk
        self._settles, self._turn = settles, 0
        self._settling, self._telling = threading.Lock(), threading.Lock()
        self._palette = of(letterhead(desk.base.engagement.document, desk.audit.path.parent))
        self.knobs = Knobs(desk.rules, self._turned)
        self.grid = Grid(self._edited, self._fault)
        self.verdict, self.certainty, self.plan = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.note, self.files = widgets.HTML(), widgets.HTML()
        look = desk.look()
        with painting(self._palette):
            self.chart = live_chart(costs_of_look(look))
        self.preset = widgets.Dropdown(options=[*PRESETS], description="Preset", layout=widgets.Layout(width="400px"))
        self.take = widgets.Button(description="Take", tooltip="Begin from this preset")
        self.undo = widgets.Button(description="Undo", icon="undo", disabled=True)
        self.name = widgets.Text(value=desk.free_name(), description="Name", continuous_update=False)
        self.save = widgets.Button(description="Save as engagement", icon="save")
        self.report = widgets.Button(description="Make the report", icon="file", button_style="primary")
        self.progress = widgets.IntProgress(max=STEPS + 1, layout=widgets.Layout(visibility="hidden", width="160px"))
        self.take.on_click(self._take)
        self.undo.on_click(self._undo)
        self.save.on_click(self._save)
        self.report.on_click(self._report)
        self.widget = self._laid_out()
        self._follow()
        self._tell(look)
        self._rest()

    def _laid_out(self) -> Any:
        engagement = self.desk.base.engagement
        title = html.escape(f"{engagement.client}: {engagement.title}" if engagement.title else engagement.client)
        for button in (self.take, self.save, self.report):
            button.layout.width = "auto"
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        left = widgets.VBox([self.knobs.sliders], layout=widgets.Layout(flex="1 1 340px", max_width="460px"))
        right = widgets.VBox([self.chart])
        right.add_class("kit-chart")
        panel = widgets.VBox(
            [
                widgets.HTML(f"<style>{CSS}</style><p class='kit-client'>{title}</p>"),
                self.verdict,
                self.certainty,
                widgets.HBox([self.preset, self.take, self.undo, self.note], layout=wrap),
                widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start")),
                self.plan,
                widgets.HTML("<h3>Rules that hold</h3>"),
                self.knobs.switches,
                widgets.HTML("<h3>Workloads</h3>"),
                self.grid.table,
                widgets.HTML("<h3>Keep it</h3>"),
                widgets.HBox([self.name, self.save, self.report, self.progress], layout=wrap),
                self.files,
            ]
        )
        panel.add_class("kit-explorer")
        return panel

    # What a hand does

    def _turned(self, **changes: Any) -> None:
        self.desk.turn(**changes)
        self._show()

    def _edited(self, workloads: tuple[Workload, ...], like: Mapping[str, str]) -> None:
        self.desk.turn(workloads=workloads, like=like)
        self._show()

    def _take(self, _: Any) -> None:
        self.desk.take(self.preset.value)
        self._follow()
        self._show()

    def _undo(self, _: Any) -> None:
        self.desk.undo()
        self._follow()
        self._show()

    def _save(self, _: Any) -> None:
        try:
            path = self.desk.save(self.name.value.strip())
        except KitError as error:
            self._fault(str(error))
            return
        self.name.value = self.desk.free_name()
        self.files.value = f"<p>Saved: <code>{html.escape(str(path))}</code></p>"
        self.note.value = ""

    def _report(self, _: Any) -> None:
        """Make the documents in a thread, so that the page stays awake."""
        self.report.disabled = self.save.disabled = True
        self.progress.value, self.progress.layout.visibility = 0, "visible"
        self.note.value = ""
        asked = (self.name.value.strip(), self.desk.scenario)
        threading.Thread(target=self._make, args=asked, daemon=True).start()

    # What follows

    def _make(self, name: str, scenario: Scenario) -> None:
        try:
            files = self.desk.report(name, scenario, on_step=self._step)
        except KitError as error:
            self.files.value = _fault(str(error))
        else:
            self._step()
            self.files.value = _links(files)
        finally:
            self.name.value = self.desk.free_name()
            self.progress.layout.visibility = "hidden"
            self.report.disabled = self.save.disabled = False

    def _step(self) -> None:
        self.progress.value += 1

    def _show(self) -> None:
        """Show the plan of the scenario at once, and see to the rest when the hands rest."""
        self.undo.disabled = not self.desk.can_undo
        with self._telling:
            self._turn += 1
        try:
            look: Look | KitError = self.desk.look()
        except KitError as error:
            look = error
        self.note.value = ""
        with self._telling:
            self._tell(look)
        if isinstance(look, Look):
            self._rest()

    def _tell(self, look: Look | KitError) -> None:
        if isinstance(look, KitError):
            self.verdict.value, self.certainty.value, self.plan.value = trouble(str(look)), "", ""
            return
        self.verdict.value = verdict_words(look)
        self.certainty.value = sure(look)
        with painting(self._palette):
            redraw(self.chart, costs_of_look(look))
        self.plan.value = plan_table(look)

    def _follow(self) -> None:
        scenario = self.desk.scenario
        self.knobs.follow(scenario)
        self.grid.follow(scenario.workloads or self.desk.base.engagement.workloads, scenario.like)
        self.undo.disabled = not self.desk.can_undo

    def _fault(self, text: str) -> None:
        self.note.value = _fault(text)

    def _rest(self) -> None:
        if self._settles:
            timer = threading.Timer(REST_S, self._settle, args=(self._turn,))
            timer.daemon = True
            timer.start()

    def _settle(self, turn: int) -> None:
        """Show all plans made anew, unless the scenario has changed meanwhile; one settles at a time."""

        def still() -> None:
            if turn != self._turn:
                raise _Overtaken

        with self._settling:
            try:
                still()
                look: Look | KitError = self.desk.settle(on_step=still)
            except _Overtaken:
                return
            except KitError as error:
                look = error
            with self._telling:
                if turn == self._turn:
                    self._tell(look)


def explorer(engagement: str | Path, *, out: Path | None = None) -> Any:
    """Return the panel of an engagement for a notebook's cell.

    Args:
        engagement: a file, a folder with engagement.yaml, or the name of an example.
        out: the folder of all audits; found as everywhere by default.

    Raises:
        InputError: a mistake in a file, with its place.
        PlanError: the engagement has no plan as it is.
    """
    return Explorer(Desk(engagement, out=out)).widget


def _fault(text: str) -> str:
    return f"<span class='kit-fault' role='alert'>{html.escape(text)}</span>"


def _links(files: tuple[Path, ...]) -> str:
    """Return the documents as links that need no server: a page through Voila serves no other file."""
    links = []
    for file in files:
        data = base64.b64encode(file.read_bytes()).decode()
        kind = _TYPES[file.suffix[1:]]
        links.append(
            f"<a download='{html.escape(file.name)}' href='data:{kind};base64,{data}'>{file.suffix[1:].upper()}</a>"
        )
    folder = html.escape(str(files[0].parent))
    return f"<p>The report: {' · '.join(links)} <span class='kit-quiet'>in {folder}</span></p>"
