"""The chart of memory: what fills an accelerator of each pool."""

from __future__ import annotations

from typing import Any

from kit.report.drawing import COLOUR, WIDTH, Drawing, channel, end, frame, key, layer, needs, with_basis, words
from kit.report.findings import memory_finding
from kit.report.lettering import width_of
from kit.report.palette import BLACK, painted
from kit.report.words import number
from kit.strategy.verdict import Verdict
from kit.wording import fixed, retell, say

_PARTS = (
    ("weights", fixed("weights"), "own", "on_own"),
    ("kv_cache", fixed("KV cache"), "rented", "on_rented"),
    ("other", fixed("other"), "staff", ""),
    ("free", fixed("free"), "rule", "ink"),
)
_LEFT, _RIGHT, _ROW = 6, 14, 34


@needs(lambda verdict: bool(verdict.memory), fixed("what fills the memory of a pool"))
def memory_bar(verdict: Verdict) -> Drawing:
    """Return what fills one accelerator of each pool: weights, KV cache, other, free; a bar for each pool.

    Raises:
        ValueError: no pool's memory is known.
    """
    colours, uses = painted(), verdict.memory
    most = max(use.total for use in uses)
    width = WIDTH - _LEFT - _RIGHT
    bars: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    inside: dict[str, list[dict[str, Any]]] = {}
    for i, use in enumerate(uses):
        base, row = 0.0, len(uses) - 1 - i
        heads.append({"x": 0, "y": row + 0.76, "text": with_basis(use.pool, use.basis, width)})
        for name, _, role, type_role in _PARTS:
            size = max(float(getattr(use, name)), 0.0)
            bars.append({"x": base, "x2": base + size, "y": row + 0.08, "y2": row + 0.52, "colour": role})
            label = number(size)
            if size > 0 and width_of(label, 8.5) + 6 <= size / most * width:
                inside.setdefault(type_role, []).append({"x": base + size / 2, "y": row + 0.3, "text": label})
            base += size
    for bar in bars:
        bar["colour"] = getattr(colours, bar["colour"])
    x = channel(
        "x",
        scale={"domain": [0, most], "nice": False},
        axis={"title": say("GiB of one accelerator"), "tickCount": 8, "format": ",~r"},
    )
    y = channel("y", scale={"domain": [0, len(uses)]}, axis=None)
    labels = [words(rows, x=x, y=y, colour=_type(type_role), align="center") for type_role, rows in inside.items()]
    return frame(
        [
            layer(bars, "rect", x=x, y=y, x2=end("x2"), y2=end("y2"), color=COLOUR),
            words(heads, x=x, y=y),
            *labels,
            *key([(retell(label), getattr(colours, role)) for _, label, role, _ in _PARTS]),
        ],
        title=memory_finding(verdict),
        subtitle=say("Memory of one accelerator when the pool serves its planned load, in GiB"),
        height=_ROW * len(uses),
        left=_LEFT,
        right=_RIGHT,
        keyed=True,
    )


def _type(role: str) -> str:
    """Return the colour of type in a part of a bar; black where the fill is of a middle grey on any page."""
    return str(getattr(painted(), role)) if role else BLACK
