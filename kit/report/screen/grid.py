"""The workloads as rows that can be edited."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from kit.engagement.record import DataClass, Latency, QualityFloor, Workload
from kit.record import Basis, Figure
from kit.strategy.scenario import SOURCE

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")

Edited = Callable[[tuple[Workload, ...], Mapping[str, str]], None]
"""Told of the workloads as they are now, and of new names by the name whose week they take."""

_HEADS = (
    *("Workload", "Requests a day", "Prompt tokens", "Answer tokens", "Data"),
    *("First token, s", "Quality at least", "Can wait", "", ""),
)
_WIDTHS = "minmax(150px, 2fr) 110px 100px 100px 110px 100px 130px 74px 40px 40px"
_FILL = widgets.Layout(width="100%")


class Grid:
    """The workloads as an editable table.

    Args:
        on_edit: told of each edit that a hand makes and that holds; not of :meth:`follow`.
        on_fault: told in a sentence why an edit does not hold.
    """

    def __init__(self, on_edit: Edited, on_fault: Callable[[str], None]) -> None:
        self._on_edit, self._on_fault = on_edit, on_fault
        self._workloads: tuple[Workload, ...] = ()
        self._like: dict[str, str] = {}
        self._rows: list[_Row] = []
        self.table = widgets.GridBox(layout=widgets.Layout(grid_template_columns=_WIDTHS, grid_gap="2px 6px"))
        self.table.add_class("kit-grid")

    @property
    def rows(self) -> list[_Row]:
        """The rows, in the workloads' order."""
        return self._rows

    def follow(self, workloads: tuple[Workload, ...], like: Mapping[str, str]) -> None:
        """Show workloads."""
        if workloads == self._workloads and dict(like) == self._like:
            return
        names = [workload.name for workload in workloads]
        same = names == [workload.name for workload in self._workloads]
        self._workloads, self._like = workloads, dict(like)
        if same:
            for row, workload in zip(self._rows, workloads, strict=True):
                row.follow(workload)
            return
        gone, self._rows = self._rows, [_Row(workload, self) for workload in workloads]
        heads = [widgets.HTML(f"<b>{head}</b>") for head in _HEADS]
        for head in self.table.children[: len(heads)]:
            head.close()
        self.table.children = [*heads, *(cell for row in self._rows for cell in row.cells)]
        for cell in (cell for row in gone for cell in row.cells):
            cell.close()

    def edit(self, row: _Row, changed: Workload) -> None:
        """Take a row's workload in place of what it was."""
        place = self._rows.index(row)
        before = self._workloads[place]
        if changed.name != before.name:
            if fault := self._unusable(changed.name):
                self._on_fault(fault)
                row.follow(before)
                return
            self._like[changed.name] = self._like.pop(before.name, before.name)
        self._tell((*self._workloads[:place], changed, *self._workloads[place + 1 :]))

    def double(self, row: _Row) -> None:
        """Add a workload like that of a row."""
        place = self._rows.index(row)
        one = self._workloads[place]
        names = (f"{one.name} ({number})" for number in range(2, 1000))
        name = next(name for name in names if not self._unusable(name))
        self._like[name] = self._like.get(one.name, one.name)
        added = one.model_copy(update={"name": name})
        self._tell((*self._workloads[: place + 1], added, *self._workloads[place + 1 :]))

    def remove(self, row: _Row) -> None:
        """Take a workload out; the last one stays."""
        if len(self._workloads) == 1:
            self._on_fault("The last workload stays: without one there is nothing to decide.")
            return
        place = self._rows.index(row)
        self._tell((*self._workloads[:place], *self._workloads[place + 1 :]))

    def fault(self, text: str) -> None:
        """Tell why an edit does not hold."""
        self._on_fault(text)

    def _tell(self, workloads: tuple[Workload, ...]) -> None:
        like = {name: source for name, source in self._like.items() if name in {one.name for one in workloads}}
        self.follow(workloads, like)
        self._on_edit(workloads, like)

    def _unusable(self, name: str) -> str:
        if not name.strip() or len(name) > 200:
            return "A workload needs a name of 200 characters at the most."
        if name in {one.name for one in self._workloads}:
            return f"There is a workload {name!r} already."
        return ""


@dataclass(frozen=True)
class _Number:
    """A column of numbers: what it changes, and whether it may be empty."""

    name: str
    label: str
    empty: bool = False


_NUMBERS = (
    _Number("requests_per_day", "requests a day"),
    _Number("prompt_tokens", "tokens of a prompt"),
    _Number("output_tokens", "tokens of an answer"),
)
_TTFT = _Number("ttft", "seconds to the first token (p95)", empty=True)
_QUALITY = _Number("quality", "least score", empty=True)


class _Row:
    """One workload's cells."""

    def __init__(self, workload: Workload, grid: Grid) -> None:
        self._grid, self._workload, self._quiet = grid, workload, False
        late = {"continuous_update": False, "layout": _FILL}
        self.name = widgets.Text(tooltip="Workload", **late)
        self.numbers = {
            column.name: widgets.Text(tooltip=column.label, **late) for column in (*_NUMBERS, _TTFT, _QUALITY)
        }
        self.data = widgets.Dropdown(options=[one.value for one in DataClass], layout=_FILL, tooltip="Data class")
        self.wait = widgets.Checkbox(indent=False, layout=widgets.Layout(width="60px"), tooltip="Can wait until night")
        narrow = widgets.Layout(width="34px", padding="0")
        self.copy = widgets.Button(description="+", tooltip="Add a workload like this one", layout=narrow)
        self.out = widgets.Button(description="−", tooltip="Take this workload out", layout=narrow)
        self.follow(workload)
        self.name.observe(self._renamed, names="value")
        for column in (*_NUMBERS, _TTFT, _QUALITY):
            self.numbers[column.name].observe(self._numbered(column), names="value")
        self.data.observe(lambda change: self._take(data_class=DataClass(change["new"])), names="value")
        self.wait.observe(lambda change: self._take(deferrable=change["new"]), names="value")
        self.copy.on_click(lambda _: grid.double(self))
        self.out.on_click(lambda _: grid.remove(self))

    @property
    def cells(self) -> list[Any]:
        """The cells, from left to right."""
        numbers = self.numbers
        return [
            *(self.name, *(numbers[column.name] for column in _NUMBERS), self.data),
            *(numbers["ttft"], numbers["quality"], self.wait, self.copy, self.out),
        ]

    def follow(self, workload: Workload) -> None:
        """Show a workload."""
        self._workload, self._quiet = workload, True
        try:
            self.name.value = workload.name
            for column in (*_NUMBERS, _TTFT):
                self.numbers[column.name].tooltip = f"{column.label}: {workload.name}"
            self.data.tooltip = f"Data class: {workload.name}"
            self.wait.tooltip = f"Can wait until night: {workload.name}"
            self.copy.tooltip, self.out.tooltip = f"Add one like {workload.name}", f"Take out {workload.name}"
            for column in _NUMBERS:
                self.numbers[column.name].value = f"{getattr(workload, column.name).value:,.10g}"
            limit, floor = workload.latency.ttft_p95_s if workload.latency else None, workload.quality
            self.numbers["ttft"].value = "" if limit is None else f"{limit.value:g}"
            self.numbers["quality"].value = "" if floor is None else f"{floor.at_least.value:g}"
            self.numbers["quality"].disabled = floor is None
            self.numbers["quality"].tooltip = (
                "No floor is stated" if floor is None else f"{floor.benchmark}: {workload.name}"
            )
            self.data.value = workload.data_class.value
            self.wait.value = workload.deferrable
        finally:
            self._quiet = False

    def _renamed(self, change: Any) -> None:
        self._take(name=change["new"].strip())

    def _numbered(self, column: _Number) -> Callable[[Any], None]:
        def numbered(change: Any) -> None:
            if self._quiet:
                return
            given = change["new"].strip()
            # A comma may part thousands; "0,5" is no 5.
            given = given.replace(",", "") if _THOUSANDS.fullmatch(given) else given
            if not given and column.empty:
                self._take(**self._with(column, None))
                return
            try:
                value = float(given)
            except ValueError:
                value = float("nan")
            if not 0 < value < float("inf"):
                self._grid.fault(f"{change['new']!r} is no number above 0: {column.label} of {self._workload.name}.")
                self.follow(self._workload)
                return
            self._take(**self._with(column, value))

        return numbered

    def _with(self, column: _Number, value: float | None) -> dict[str, Any]:
        """Return what a number changes of the workload."""
        floor, latency = self._workload.quality, self._workload.latency
        if column is _TTFT:
            limit = None if value is None else self._figure(value)
            others = (latency.tpot_p95_s, latency.e2e_p95_s) if latency else (None, None)
            if limit is None and others == (None, None):
                return {"latency": None}
            return {"latency": Latency(ttft_p95_s=limit, tpot_p95_s=others[0], e2e_p95_s=others[1])}
        if column is _QUALITY:
            if floor is None or value is None:
                return {"quality": None}
            return {"quality": QualityFloor(benchmark=floor.benchmark, at_least=self._figure(value))}
        assert value is not None
        return {column.name: self._figure(value)}

    def _figure(self, value: float) -> Figure:
        dated = self._workload.requests_per_day.date
        return Figure(value=value, basis=Basis.ASSUMED, source=SOURCE, date=dated)

    def _take(self, **changes: Any) -> None:
        if self._quiet:
            return
        changed = self._workload.model_copy(update=changes)
        self._workload = changed if changed.name == self._workload.name else self._workload
        self._grid.edit(self, changed)
