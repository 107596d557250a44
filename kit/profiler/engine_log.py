"""What an engine's log says: its last lines, and why it failed."""

from __future__ import annotations

import re
from pathlib import Path

_DOES_NOT_FIT = re.compile(
    r"out of memory|OutOfMemoryError|not enough (GPU )?memory|No available memory for the cache|can'?t allocate memory"
    r"|Cannot allocate memory|std::bad_alloc|larger than the available KV cache|is less than (the )?desired"
    r"|is less than requested memory|MemoryError",
    re.IGNORECASE,
)
_ERROR = re.compile(r"(?:(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)(?::|$)|(?:[\w.-]+: )?error: )")
"""The last line of a traceback, or what a command line says of its arguments."""

_AFTERMATH = re.compile(r"root cause|Engine core initialization failed|EngineDeadError")
"""Errors that only say that there was another one before."""

_HARMLESS = re.compile(r"(?:DEBUG|INFO|WARNING) ")
_PLACE = re.compile(r"^(?:\([^)]*\) )*")
_LEVEL = re.compile(r"^(?:ERROR|CRITICAL) [\d-]+ [\d:.,]+ \[[^]]*\] ?")
"""vLLM puts before each line: process, level, time, place."""

_NOISE = re.compile(r"nanobind: | - leaked | - \.\.\. skipped|See https://nanobind")
"""What a library says at every exit; it would fill the last lines."""


def last_lines(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of an engine's log, or say that it is empty."""
    said = [line for line in _read(log).splitlines() if not _NOISE.match(line)]
    return "\n".join(said[-lines:]) or "(its log is empty)"


def cause(log: Path, *, length: int = 300) -> str | None:
    """Return why an engine failed in one line, as far as its log says so.

    A line that says that memory did not suffice comes first; else it is the first line that names an error, since the
    later ones follow from it. Warnings and indented lines (the source in a traceback) are no reason.

    Args:
        log: the engine's log.
        length: most characters of the reason.
    """
    placed = (_PLACE.sub("", line) for line in _read(log).splitlines())
    said = [_LEVEL.sub("", line) for line in placed if not _HARMLESS.match(line)]
    said = [line for line in said if line and not line[0].isspace()]
    for line in said:
        if _DOES_NOT_FIT.search(line):
            return f"memory did not suffice: {without_paths(line)[:length]}"
    errors = [line for line in said if _ERROR.match(line)]
    first = next((line for line in errors if not _AFTERMATH.search(line)), errors[0] if errors else None)
    return None if first is None else without_paths(first)[:length]


def without_paths(text: str) -> str:
    """Return ``text`` with absolute paths cut down to their last part, which names no user, host or site."""
    return re.sub(r"(?<![\w.:/])(?:/[^\s/:'\"]+)+/([^\s/:'\"]+)", r".../\1", text)


def _read(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
