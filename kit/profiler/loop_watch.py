"""The client watches itself: how late its event loop runs, and how well it kept the schedule of sends.

A client that is late stamps late, and would report its own lag as the server's latency.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter_ns

_EVERY_S = 0.01

MOST_LAG_S = 0.005
"""Lag of the event loop (p99) past which a run says more about the client than about the server."""

LATE_S = 0.005
"""A request that is begun later than this after it was due is late."""

MOST_LATE = 0.01
"""Share of late or dropped requests past which the schedule was not kept."""


@dataclass(frozen=True)
class ClientHealth:
    """How the client itself did in a run.

    Attributes:
        loop_lag_p99_s: 99th percentile of the event loop's lag in seconds, ``None`` where the run was too short.
        scheduled: requests that were due.
        late: those begun more than :data:`LATE_S` after they were due.
        dropped: those never sent.
    """

    loop_lag_p99_s: float | None
    scheduled: int = 0
    late: int = 0
    dropped: int = 0

    @property
    def limited(self) -> str | None:
        """Why the client was the limit (with the figures and what is allowed), or ``None`` where it was not."""
        reasons: list[str] = []
        if self.loop_lag_p99_s is not None and self.loop_lag_p99_s > MOST_LAG_S:
            lag, most = 1e3 * self.loop_lag_p99_s, 1e3 * MOST_LAG_S
            reasons.append(f"the event loop lagged by {lag:.1f} ms (p99), more than {most:.0f} ms")
        if self.late + self.dropped > MOST_LATE * self.scheduled:
            reasons.append(
                f"of {self.scheduled} requests {self.late} were begun more than {1e3 * LATE_S:.0f} ms late "
                f"and {self.dropped} dropped, more than {MOST_LATE:.0%}"
            )
        return "; ".join(reasons) or None


class LoopWatch:
    """Wakes every 10 ms and notes how late that was; uvloop's timers count whole milliseconds, which is inside."""

    def __init__(self) -> None:
        self.lags_ns: list[int] = []
        self._loop = asyncio.get_running_loop()
        self._due_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._due_ns = perf_counter_ns() + round(_EVERY_S * 1e9)
        self._timer = self._loop.call_later(_EVERY_S, self._wake)

    def stop(self) -> None:
        """End; a lag that lasts is noted as far as it has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            if (late := perf_counter_ns() - self._due_ns) > 0:
                self.lags_ns.append(late)

    def _wake(self) -> None:
        # A stall swallows wake-ups, and each of them would have been late: they count too.
        late = perf_counter_ns() - self._due_ns
        period = round(_EVERY_S * 1e9)
        self.lags_ns.extend(range(max(1, late), 0, -period))
        self.start()


def lag_p99_s(lags_ns: list[int] | tuple[int, ...]) -> float | None:
    """Return the 99th percentile (nearest rank) of lags in seconds, or ``None`` below 100 samples.

    Args:
        lags_ns: how late each wake-up was, in nanoseconds.
    """
    if len(lags_ns) < 100:
        return None
    ordered = sorted(lags_ns)
    return ordered[-(len(ordered) // 100) - 1] / 1e9
