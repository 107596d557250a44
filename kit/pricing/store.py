"""Where refreshed price lists lie: a folder with one file a feed, the one before it, and where each came from.

$KIT_DATA/prices, else $XDG_DATA_HOME/hybrid-ai-decision-kit/prices, else ~/.local/share/hybrid-ai-decision-kit/prices
    genai-prices.json   litellm.json   openrouter.json   rentals.csv   each with its predecessor, *.previous
    feeds.json                                                         source, day and SHA-256 of each
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from kit.errors import InputError
from kit.record import Part, sha256_of, write_atomically

FeedKind = Literal["genai-prices", "litellm", "openrouter", "gpuhunt"]
FILES: dict[FeedKind, str] = {
    "genai-prices": "genai-prices.json",
    "litellm": "litellm.json",
    "openrouter": "openrouter.json",
    "gpuhunt": "rentals.csv",
}
_ORIGINS = "feeds.json"


class Origin(Part):
    """Where a stored list came from.

    Attributes:
        source: URL or file.
        date: the day on which it was taken.
        sha256: of the stored file.
    """

    source: str
    date: dt.date
    sha256: str


_Origins = TypeAdapter(dict[FeedKind, Origin])


def store_folder() -> Path:
    """Return the folder of refreshed price lists, which need not exist."""
    if stated := os.environ.get("KIT_DATA"):
        return Path(stated) / "prices"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "hybrid-ai-decision-kit" / "prices"


def stored(kind: FeedKind, folder: Path | None = None) -> tuple[Path, Origin] | None:
    """Return the stored list of a kind with its origin; ``None`` where there was no refresh.

    A file that was changed by hand since is still taken, and its origin says so.

    Args:
        kind: which feed.
        folder: the store; :func:`store_folder` by default.

    Raises:
        InputError: the store cannot be read, or does not say where the list came from.
    """
    place = folder or store_folder()
    path = place / FILES[kind]
    if not path.is_file():
        return None
    origin = _origins(place).get(kind)
    if origin is None:
        raise InputError(f"{path}: {_ORIGINS} does not say where it came from; refresh it, or delete it")
    try:
        changed = sha256_of(path.read_bytes()) != origin.sha256
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    source = f"{origin.source}, changed by hand since" if changed else origin.source
    return path, origin.model_copy(update={"source": source})


def install(kind: FeedKind, content: bytes, *, source: str, date: dt.date, folder: Path | None = None) -> Path:
    """Put a list into the store, whole or not at all; the list before it stays beside it as ``*.previous``.

    Args:
        kind: which feed.
        content: the list, already found sound.
        source: URL or file from which it came.
        date: the day on which it was taken.
        folder: the store; :func:`store_folder` by default.

    Raises:
        InputError: the store cannot be written.
    """
    place = folder or store_folder()
    path = place / FILES[kind]
    try:
        origins = _origins(place)
        if path.is_file():
            write_atomically(path.with_name(path.name + ".previous"), path.read_bytes())
        write_atomically(path, content)
        origins[kind] = Origin(source=source, date=date, sha256=sha256_of(content))
        write_atomically(place / _ORIGINS, _Origins.dump_json(origins, indent=1) + b"\n")
    except OSError as error:
        raise InputError(f"{place}: the refreshed list cannot be written ({error})") from None
    return path


def _origins(place: Path) -> dict[FeedKind, Origin]:
    path = place / _ORIGINS
    if not path.is_file():
        return {}
    try:
        return _Origins.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read ({str(error).splitlines()[0]}); refresh the prices again") from None
