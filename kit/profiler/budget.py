"""The time budget of a sweep, and whom to tell how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kit.profiler.profile import Finding, Point


@dataclass(frozen=True)
class Progress:
    """How far a profile has come.

    Attributes:
        stage: ``weights``, ``engine``, ``points`` or ``done``.
        message: what is being done, for a person.
        fraction: share of the time budget that is used up, 0 to 1.
        points_done: points behind us, left-out ones included.
        points: points in all.
        point: the point that was just measured, if it was; after a repeat it comes again with better figures.
        findings: what spoilt or qualifies what was just measured.
    """

    stage: str
    message: str
    fraction: float
    points_done: int
    points: int
    point: Point | None = None
    findings: tuple[Finding, ...] = ()


class Clock:
    """The time budget.

    Args:
        seconds: the budget.
        kept_s: kept back from it for stopping the engine and writing the record.
        points: points in all.
        on_progress: called with each step.
    """

    def __init__(
        self, seconds: float, *, kept_s: float, points: int, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self._seconds = seconds
        self._kept_s = kept_s
        self._started = time.monotonic()
        self._points = points
        self._on_progress = on_progress

    def left_s(self) -> float:
        """Return the seconds left for measuring."""
        return self._seconds - self._kept_s - (time.monotonic() - self._started)

    def tell(
        self,
        stage: str,
        message: str,
        *,
        done: int = 0,
        point: Point | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        """Report progress."""
        if self._on_progress is not None:
            fraction = min(1.0, (time.monotonic() - self._started) / self._seconds) if stage != "done" else 1.0
            self._on_progress(Progress(stage, message, fraction, done, self._points, point, findings))
