"""What a sweep has measured so far, so that a run that was killed goes on where it stopped.

One line of JSON per point, written and flushed to the disk as soon as the point is done: a kill at any moment loses the
point being measured and no other. A line that was cut is not read. The journal lies beside the profile and is removed
when the profile is whole.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import ValidationError

from kit.profiler.profile import Finding, Goodput, Point
from kit.record import Part


class Conditions(Part):
    """Under which a point may be taken over from an earlier run: all of it must be the same.

    Attributes:
        config_sha256: the model's config.
        engine: what served, e.g. ``vllm 0.32.0``, and how it was started.
        accelerator: on what.
    """

    config_sha256: str
    engine: str
    accelerator: str


class Entry(Part):
    """One point that was tried.

    Attributes:
        conditions: under which.
        task: what was planned, in words.
        point: the measurement; ``None`` where it could not be reported.
        goodput: what a search found.
        findings: what spoilt or qualifies it.
    """

    conditions: Conditions
    task: str
    point: Point | None
    goodput: Goodput | None = None
    findings: tuple[Finding, ...] = ()


class Journal:
    """The journal of one profile."""

    def __init__(self, profile: Path) -> None:
        """Open the journal that lies beside ``profile``."""
        self.path = profile.with_name(f"{profile.name}.partial")

    def read(self, conditions: Conditions) -> tuple[Entry, ...]:
        """Return what was measured under the same conditions, in order; nothing if there is no journal.

        A repeated point has several entries, and the last one is the best.
        """
        if not self.path.is_file():
            return ()
        found = []
        for line in self.path.read_bytes().splitlines():
            try:
                entry = Entry.model_validate_json(line)
            except ValidationError:
                continue  # the line that was being written when the run was killed
            if entry.conditions == conditions:
                found.append(entry)
        return tuple(found)

    def add(self, entry: Entry) -> None:
        """Append one point and force it to the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry.model_dump(mode="json"), separators=(",", ":")).encode()
        with self.path.open("ab") as file:
            # After a cut line the new one must not be glued to it.
            file.write((b"\n" if file.tell() else b"") + line)
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Remove the journal; its profile is whole."""
        self.path.unlink(missing_ok=True)
