"""A process that draws charts, begun ahead: what draws them takes a second to start, in which others can think.

Each chart goes in as a line of JSON and comes back as one. Who draws asks :func:`drawn`; whether a process is there
changes how long it takes and nothing else. Two of them are no faster on two cores: each has to start.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

_Process = subprocess.Popen[str]
_ahead: list[_Process] = []
"""The processes that were begun, the innermost last."""

_one_at_a_time = Lock()


@contextmanager
def drawing_ahead() -> Iterator[None]:
    """Have a process draw what is drawn in here; it starts now, and is gone afterwards."""
    # The file by itself, since to import the package takes as long as a chart; -P keeps its neighbours' names away.
    process = subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    _ahead.append(process)
    try:
        yield
    finally:
        _ahead.remove(process)
        process.kill()
        process.communicate()


def drawn(spec: Mapping[str, Any], locale: dict[str, Any] | None = None) -> str:
    """Return a chart as SVG.

    Args:
        spec: in Vega-Lite.
        locale: how its numbers are written, as d3 has it; as in English by default.

    Raises:
        ValueError: the chart cannot be drawn.
    """
    answer = _asked(_ahead[-1], json.dumps([spec, locale])) if _ahead else None
    return _draw(spec, locale) if answer is None else answer


def _asked(process: _Process, line: str) -> str | None:
    """Return what a process draws; ``None`` where it cannot or has died, and then it is drawn here."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with _one_at_a_time:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer: str | None = json.loads(process.stdout.readline())
    except (OSError, ValueError):
        return None
    return answer


def _draw(spec: Mapping[str, Any], locale: dict[str, Any] | None) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.dumps(spec), format_locale=locale))


def _serve() -> None:
    _draw({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "point", "data": {"values": []}}, None)
    for line in sys.stdin:
        try:
            answer: str | None = _draw(*json.loads(line))
        except ValueError:
            answer = None
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
