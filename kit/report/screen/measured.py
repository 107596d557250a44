"""What was measured: the profiles in a folder, each in a sentence, as a row of a table, as a picture."""

from __future__ import annotations

import html
import shlex
from pathlib import Path
from typing import Any

from kit.errors import InputError
from kit.profiler.profile import HardwareProfile
from kit.report import cells, charts, tables
from kit.report.audit import out_root
from kit.report.words import number, seconds


def profiles(folder: Path) -> tuple[HardwareProfile, ...]:
    """Return the profiles of a folder, the newest file first; what is no profile is left out.

    Args:
        folder: it need not be there.
    """
    files = sorted(folder.glob("*.json"), key=lambda file: (-file.stat().st_mtime, file.name))
    return tuple(profile for file in files if (profile := _read(file)) is not None)


def table(folder: Path) -> Any:
    """Return the profiles of a folder for a notebook's cell: a table, or a sentence that there are none.

    Args:
        folder: it need not be there.
    """
    found = profiles(folder)
    return tables.plain(tables.profiles(found)) if found else cells.sentence(f"There is no profile in {folder} yet.")


def picture(folder: Path) -> Any:
    """Return the service curve of the newest profile of a folder for a notebook's cell, or a sentence.

    Args:
        folder: it need not be there.
    """
    found = profiles(folder)
    return cells.drawn(charts.service_curve(found[0])) if found else cells.sentence("There is no picture yet.")


def newest(folder: Path) -> Any:
    """Return what the newest profile of a folder says, for a notebook's cell.

    Args:
        folder: it need not be there.
    """
    found = profiles(folder)
    return cells.sentence(in_a_sentence(found[0]) if found else "There is nothing to say yet.")


def in_a_sentence(profile: HardwareProfile) -> str:
    """Return what a machine does with a model, in one sentence.

    Args:
        profile: what was measured.
    """
    least = min(profile.service_curve, key=lambda point: point.concurrency or 0)
    most = max(profile.service_curve, key=lambda point: point.output_tokens_per_s)
    machine = f"{profile.accelerators} × {profile.accelerator}" if profile.accelerators > 1 else profile.accelerator
    wait = least.ttft_s.p50 if least.ttft_s is not None else None
    first = f", the first of them after {seconds(wait)}" if wait is not None else ""
    said = (
        f"{machine} with {profile.model.name}: {number(least.output_tokens_per_s)} output tokens/s{_with(least)}{first}"
    )
    return f"{said}; at most {number(most.output_tokens_per_s)} tokens/s{_with(most)}." if most != least else f"{said}."


def outcome(profile: HardwareProfile, file: Path) -> str:
    """Return as HTML what came of a sweep: what the machine does, where that is written, and what to do with it.

    Args:
        profile: what was measured.
        file: where it lies.
    """
    said, place = html.escape(in_a_sentence(profile)), html.escape(str(file))
    out = shlex.quote(str(out_root()))
    copied = f"install -D -t {out}/ENGAGEMENT/hardware_profiles {shlex.quote(str(file))}"
    use = html.escape(f"{copied} && kit verdict ENGAGEMENT --no-measure --out {out}")
    return (
        f"<p><b>{said}</b></p><p>Written to <code>{place}</code>. A verdict takes it from its own folder: "
        f"<code>{use}</code></p>"
    )


def _with(point: Any) -> str:
    """Return the load of a point, as the end of a sentence."""
    if point.concurrency is None:
        return ""
    return " with 1 request at a time" if point.concurrency == 1 else f" with {point.concurrency} requests in flight"


def _read(file: Path) -> HardwareProfile | None:
    try:
        return HardwareProfile.read(file)
    except InputError:
        return None
