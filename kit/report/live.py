"""A sweep while it runs: its time budget and the table of what was measured so far, in a terminal, a notebook or a log.

A point that is reported again, because it was repeated, takes the place of its row.
"""

from __future__ import annotations

import html
import sys
import threading
import time
from collections.abc import Sequence
from enum import StrEnum
from types import TracebackType
from typing import Any, NamedTuple, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from kit.profiler.budget import Progress
from kit.profiler.compare import load
from kit.profiler.profile import Finding, HardwareProfile, Point, Spread

_REFRESHES_PER_S = 1
"""The terminal is drawn by the process that also plays the clients, so not more often than is of use."""

_OTHER_LINES = 9
"""Lines of a terminal that are not rows of the table; a picture higher than the terminal could not be redrawn."""

_FEWEST_ROWS = 3

_WIDE = 92
"""Columns of a terminal from which the table need not be narrow."""

_LOPSIDED = 1.5
"""An interval that reaches so much further to one side is not told as ±."""


class Surface(StrEnum):
    """What a sweep is shown on."""

    TERMINAL = "terminal"
    NOTEBOOK = "notebook"
    WIDGET = "widget"
    """Whoever holds the sweep asks for :meth:`LiveSweep.html` and shows it."""
    LOG = "log"


class _Column(NamedTuple):
    """A column of the table: its heading, the unit that goes beneath, and whether its cells stay on one line."""

    heading: str
    unit: str
    right: bool = True
    fixed: bool = True


_COLUMNS = (
    _Column("shape", "tokens", right=False),
    _Column("load", "", right=False, fixed=False),
    _Column("output", "tokens/s"),
    _Column("TTFT", "p50 ms"),
    _Column("TPOT", "p50 ms"),
    _Column("requests", ""),
    _Column("failed", ""),
)
_POWER_COLUMNS = (_Column("power", "W"), _Column("energy", "J/token"))


class LiveSweep:
    """Shows a sweep for the length of a ``with`` block; :meth:`show` is what ``on_progress`` wants.

    In a terminal the table is redrawn in place, in a notebook one output is updated, a widget asks for its page, and
    anywhere else each finished point is one plain line.

    Args:
        subject: what is measured, e.g. ``qwen3-8b``.
        seconds: the time budget; ``None`` where it is not known, so that only its share is shown.
        keep: leave the table in the terminal at the end; else it makes room for what is printed then.
        console: where to show it; the standard error by default.
        surface: what the console is; found out by default.
    """

    def __init__(
        self,
        subject: str = "this machine",
        *,
        seconds: float | None = None,
        keep: bool = True,
        console: Console | None = None,
        surface: Surface | None = None,
    ) -> None:
        self._seconds = seconds
        self._keep = keep
        self._console = console or Console(stderr=True)
        self._surface = surface or _surface(self._console)
        self._headline = f"Measuring {subject}"
        self._now = ""
        self._step: Progress | None = None
        self._told_at = time.monotonic()
        self._used: float | None = None
        self._points: dict[tuple[str, str], Point] = {}
        self._findings: tuple[Finding, ...] = ()
        self._ended = False
        self._done = 0
        self._lock = threading.Lock()  # the terminal is redrawn by a thread of its own
        self._live: Live | None = None
        self._table_lines: Segments | None = None
        self._display: Any = None

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._surface is Surface.TERMINAL:
            self._live = Live(
                get_renderable=self._picture, console=self._console, refresh_per_second=_REFRESHES_PER_S, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state; if the sweep failed, what it had measured stays in sight."""
        self._end()
        if kind is not None:
            self._headline += ": stopped"
        if self._live is not None:
            self._keep = (self._keep or kind is not None) and self._step is not None
            self._live.transient = not self._keep
            self._live.stop()
        self._update_display()

    def show(self, step: Progress) -> None:
        """Show a step of the sweep.

        Args:
            step: as :func:`kit.profiler.sweep.profile_machine` reports it.
        """
        with self._lock:
            known = step.point is not None and self._points.get(_key(step.point)) == step.point
            self._table_lines = None
            self._step, self._told_at = step, time.monotonic()
            self._now = step.message
            if step.point is not None:
                # The newest row is the last of the dictionary.
                self._points.pop(_key(step.point), None)
                self._points[_key(step.point)] = step.point
            self._findings = tuple(dict.fromkeys((*self._findings, *step.findings)))
        if self._surface is Surface.LOG and not known:
            self._log(step)
        if self._live is not None:
            self._live.refresh()
        self._update_display()

    def finish(self, profile: HardwareProfile) -> None:
        """Show that the sweep is done, with the points and findings of its profile.

        Args:
            profile: what came of it.
        """
        self._end()
        with self._lock:
            self._headline = f"Measured {profile.model.name} on {profile.accelerator}"
            self._findings = profile.findings
            self._points.update({_key(point): point for point in profile.points})
        if self._surface is Surface.LOG:
            points, findings = _count(len(profile.points), "point"), _count(len(profile.findings), "finding")
            self._line(f"{self._headline}: {points}, {findings}")
        self._update_display()

    @property
    def points(self) -> tuple[Point, ...]:
        """What was measured so far, by shape and load."""
        with self._lock:
            return tuple(sorted(self._points.values(), key=_order))

    def html(self) -> str:
        """Return the state of this moment as HTML: the time, what is being done, the table, the findings."""
        with self._lock:
            return self._html()

    def _end(self) -> None:
        """Stop the clock."""
        with self._lock:
            self._used = self._used_s()
            self._ended = True

    def _used_s(self) -> float | None:
        """Return the seconds of the budget that are used: what the last step said, and the time since."""
        if self._seconds is None or self._step is None:
            return None
        # The last step says that all of the budget is used, however early it comes.
        if not self._ended and self._step.stage != "done":
            self._used = self._step.fraction * self._seconds + time.monotonic() - self._told_at
        return self._used

    # What is said, in words

    def _time(self) -> str:
        used = self._used_s()
        if used is not None and self._seconds is not None:
            return f"{used:.0f} of {self._seconds:.0f} s"
        return f"{self._fraction():.0%} of the time"

    def _fraction(self) -> float:
        used = self._used_s()
        if used is not None and self._seconds:
            return min(1.0, used / self._seconds)
        return 0.0 if self._step is None else min(1.0, self._step.fraction)

    def _counts(self) -> str:
        parts = []
        if self._step is not None and self._step.points:
            parts.append(f"{self._step.points_done} of {_count(self._step.points, 'point')}")
        if self._findings:
            parts.append(_count(len(self._findings), "finding"))
        return ", ".join(parts)

    def _present(self) -> str:
        """Return what is being done."""
        return f"Now: {self._now}" if self._now and not self._ended else ""

    def _rows(self) -> tuple[Sequence[_Column], list[tuple[Point, list[str]]]]:
        """Return the columns and, by shape and load, the points with their cells."""
        with_power = any(point.power_w is not None for point in self._points.values())
        columns = _COLUMNS + (_POWER_COLUMNS if with_power else ())
        found = [(point, _cells(point)[: len(columns)]) for point in self._points.values()]
        return columns, found

    # Log

    def _log(self, step: Progress) -> None:
        place = f"[{step.points_done}/{step.points}, {self._time()}]"
        if step.point is not None:
            self._line(f"{place} {_sentence(step.point)}")
        elif step.stage == "points" and step.points_done > self._done:  # it has no figures, or is no point
            self._line(f"{place} {step.message}")
        elif step.stage in ("weights", "engine"):
            self._line(f"{self._headline}: {step.message}")
        self._done = step.points_done

    def _line(self, text: str) -> None:
        # Not a terminal, so neither wrapped to one's width nor coloured.
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    # Terminal

    def _picture(self) -> RenderableType:
        with self._lock:
            head = Table.grid(padding=(0, 2, 0, 0))
            head.add_row(
                Text(self._headline, style="bold"),
                ProgressBar(total=1.0, completed=self._fraction(), width=20),
                Text(self._time()),
            )
            parts: list[RenderableType] = [head, Text(". ".join(filter(None, (self._counts(), self._present()))))]
            if self._points:
                parts.append(self._drawn())
            if self._findings:
                last = self._findings[-1]
                parts.append(
                    Text(f"! {last.what} ({last.evidence})", style="yellow", no_wrap=True, overflow="ellipsis")
                )
            return Group(*parts)

    def _drawn(self) -> RenderableType:
        """Return the table as it was laid out at the last step: laying it out each time would hold up the clients."""
        if self._table_lines is None or self._ended:
            lines = self._console.render_lines(self._table(), pad=False)
            segments = [segment for line in lines for segment in (*Segment.simplify(line), Segment.line())]
            self._table_lines = Segments(segments)
        return self._table_lines

    def _table(self) -> Table:
        columns, rows = self._rows()
        room = max(_FEWEST_ROWS, self._console.height - _OTHER_LINES)
        left_out = 0 if self._ended and self._keep else max(0, len(rows) - room)
        newest = rows[-1][0]
        gap = 1 if self._console.width < _WIDE else 2
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, caption_justify="left")
        for column in columns:
            heading = f"{column.heading}\n{column.unit}" if column.unit else column.heading
            table.add_column(heading, justify="right" if column.right else "left", no_wrap=column.fixed)
        for point, cells in sorted(rows[left_out:], key=lambda row: _order(row[0])):
            style = "bold" if point is newest and not self._ended else ""
            style += " red" if point.failed or point.unfinished else ""
            table.add_row(*cells, style=style)
        if left_out:
            table.caption = f"and {left_out} measured before, for which the terminal has no room"
        return table

    # Notebook

    def _update_display(self) -> None:
        if self._surface is not Surface.NOTEBOOK:
            return
        from IPython.display import display

        with self._lock:
            content = {"text/html": self._html(), "text/plain": self._plain()}
        if self._display is None:
            self._display = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._display.update(content, raw=True)

    def _html(self) -> str:
        columns, rows = self._rows()
        said = " · ".join(html.escape(part) for part in (self._time(), self._counts(), self._present()) if part)
        lines = [
            f"<p><b>{html.escape(self._headline)}</b> "
            f'<progress max="1" value="{self._fraction():.3f}"></progress> {said}</p>'
        ]
        if rows:
            heads = "".join(f"<th>{html.escape(f'{one.heading}, {one.unit}'.strip(', '))}</th>" for one in columns)
            lines.append(f"<table><thead><tr>{heads}</tr></thead><tbody>")
            for _, cells in sorted(rows, key=lambda row: _order(row[0])):
                aligned = zip(columns, cells, strict=True)
                lines.append(
                    "<tr>"
                    + "".join(
                        f'<td style="text-align: {"right" if column.right else "left"}">{html.escape(cell)}</td>'
                        for column, cell in aligned
                    )
                    + "</tr>"
                )
            lines.append("</tbody></table>")
        if self._findings:
            items = "".join(f"<li>{html.escape(f'{one.what} ({one.evidence})')}</li>" for one in self._findings)
            lines.append(f"<ul>{items}</ul>")
        return "\n".join(lines)

    def _plain(self) -> str:
        points = sorted(self._points.values(), key=_order)
        said = ", ".join(part for part in (self._time(), self._counts(), self._present()) if part)
        findings = [f"! {one.what} ({one.evidence})" for one in self._findings]
        return "\n".join([f"{self._headline}: {said}", *map(_sentence, points), *findings])


def _surface(console: Console) -> Surface:
    """Return what one looks at: a notebook's kernel has told IPython so."""
    ipython = sys.modules.get("IPython")  # whoever is in a notebook has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and "IPKernelApp" in shell.config:
        return Surface.NOTEBOOK
    return Surface.TERMINAL if console.is_terminal and not console.is_dumb_terminal else Surface.LOG


def _key(point: Point) -> tuple[str, str]:
    """Return what makes two reports the same point: its shape and load in words."""
    return _shape(point), load(point)


def _order(point: Point) -> tuple[float, float, bool, float]:
    open_loop = point.arrivals_per_s is not None
    return point.prompt_tokens, point.output_tokens, open_loop, point.arrivals_per_s or point.concurrency or 0


def _shape(point: Point) -> str:
    return f"{_figure(point.prompt_tokens)} x {_figure(point.output_tokens)}"


def _cells(point: Point) -> list[str]:
    return [
        _shape(point),
        load(point),
        _throughput(point),
        _median(point.ttft_s),
        _median(point.tpot_s),
        "–" if point.requests is None else f"{point.requests}",
        f"{point.failed}",
        "–" if point.power_w is None else f"{point.power_w:.0f}",
        "–" if point.energy_j_per_token is None else f"{point.energy_j_per_token:.3g}",
    ]


def _throughput(point: Point) -> str:
    """Return tokens per second with what its interval leaves open, on both sides where they differ."""
    shown = _figure(point.output_tokens_per_s)
    if point.output_tokens_per_s_interval is None:
        return shown
    low, high = point.output_tokens_per_s_interval
    down, up = max(0.0, point.output_tokens_per_s - low), max(0.0, high - point.output_tokens_per_s)
    if max(down, up) > _LOPSIDED * min(down, up):
        return f"{shown} −{_figure(down, digits=2)} +{_figure(up, digits=2)}"
    return f"{shown} ± {_figure(max(down, up), digits=2)}"


def _figure(value: float, *, digits: int = 3) -> str:
    """Return a figure with so many digits, or all those before the point."""
    return f"{value:.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def _median(spread: Spread | None) -> str:
    return "–" if spread is None or spread.p50 is None else _figure(1000 * spread.p50, digits=2)


def _sentence(point: Point) -> str:
    """Return a point as one line."""
    requests = "" if point.requests is None else f", {_count(point.requests, 'request')}"
    power = "" if point.power_w is None else f", {point.power_w:.0f} W"
    energy = "" if point.energy_j_per_token is None else f", {point.energy_j_per_token:.3g} J/token"
    unfinished = f", {point.unfinished} unfinished" if point.unfinished else ""
    runs = f", {point.runs} runs together" if point.runs > 1 else ""
    return (
        f"{_shape(point)}, {load(point)}: {_throughput(point)} tokens/s, TTFT {_median(point.ttft_s)} ms, "
        f"TPOT {_median(point.tpot_s)} ms{requests}, {point.failed} failed{unfinished}{power}{energy}{runs}"
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
