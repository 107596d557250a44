"""Which hardware profiles and which verdicts are meant by files, folders and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from kit.data import folder as data_folder
from kit.errors import InputError, did_you_mean, one_of
from kit.profiler.profile import HardwareProfile

PROFILES, VERDICTS = ("*.json", "hardware_profiles/*.json"), ("verdict.json", "*/verdict.json")
"""What is read of a folder."""


def profile_files(root: Path) -> dict[str, Path]:
    """Return the profiles that are there by name: the kit's own, those of each audit, and what was measured besides."""
    own = {path.stem: path for path in sorted(data_folder("hardware_profiles").glob("*.json"))}
    audits = {f"{path.parents[1].name}/{path.stem}": path for path in sorted(root.glob("*/hardware_profiles/*.json"))}
    measured = {f"profiles/{path.stem}": path for path in sorted((root / "profiles").glob("*.json"))}
    return own | audits | measured


def of_one_model(place: Path) -> dict[str, HardwareProfile]:
    """Return the profiles in a folder of the model that most of them have."""
    found = {path.stem: HardwareProfile.read(path) for path in sorted(place.glob("*.json"))}
    ((model, _),) = Counter(profile.model.architecture for profile in found.values()).most_common(1)
    return {name: profile for name, profile in found.items() if profile.model.architecture == model}


def named(given: Sequence[str], known: Mapping[str, Path], what: str, patterns: Sequence[str]) -> dict[str, Path]:
    """Return the files that are given as files, folders or names, by a name each.

    Raises:
        InputError: there is none of that name; names the nearest.
    """
    found: dict[str, Path] = {}
    for one in given:
        if not isinstance(one, str):
            raise InputError(f"{one!r}: a {what} is given as text: a file, a folder or a name")
        files = _files(one, known, patterns)
        if not files:
            there = f"; there is {one_of(known)}" if known else "; none is there"
            raise InputError(f"{one}: no such {what}{did_you_mean(one, known)}; give a file, a folder or a name{there}")
        for name, path in files.items():
            found[name if found.get(name, path) == path else str(path)] = path
    return found


def _files(given: str, known: Mapping[str, Path], patterns: Sequence[str]) -> dict[str, Path]:
    """Return the files that are meant, by name: one, or those in a folder; a verdict is called after its audit."""
    if given in known:
        return {given: known[given]}
    path = Path(given)
    found = [path] if path.is_file() else [it for pattern in patterns for it in sorted(path.glob(pattern))]
    return {it.resolve().parent.name if it.name == "verdict.json" else it.stem: it for it in found}
