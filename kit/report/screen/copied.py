"""The user's own copy of a notebook, in the folder of an audit, with the engagement filled in.

A copy that nobody has edited is renewed with the kit; one that was edited is used as it is.
"""

from __future__ import annotations

import ast
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.data import folder as data_folder
from kit.errors import InputError
from kit.record import sha256_of, write_atomically

_SET = re.compile(r"^engagement\s*=.*$", re.MULTILINE)
"""The line of the tagged cell that sets the parameter."""


@dataclass(frozen=True)
class Copy:
    """A notebook that may be served.

    Attributes:
        path: the file.
        edited: whether it has edits of the user's, and therefore was left as it is.
    """

    path: Path
    edited: bool


def own_copy(notebook: Path, engagement: Path, folder: Path, *, title: str) -> Copy:
    """Put a notebook into an audit's folder, for one engagement.

    Args:
        notebook: the kit's notebook; its cell tagged ``parameters`` sets ``engagement``.
        engagement: the engagement's file.
        folder: the audit's folder.
        title: of the page.

    Raises:
        InputError: there is a file of that name that is edited and belongs to another engagement, or is no notebook.
    """
    path = folder / notebook.name
    book = _read(notebook)
    _parameters(book)["source"] = _SET.sub(
        lambda _: f"engagement = {json.dumps(_shown(engagement, folder), ensure_ascii=False)}",
        _source(_parameters(book)),
    )
    _parameters(book)["source"] = _parameters(book)["source"].splitlines(keepends=True)
    book["metadata"]["title"] = title
    book["metadata"]["kit"] = {"as_written": _fingerprint(book)}
    if path.exists():
        there = _read(path)
        if _fingerprint(there) == book["metadata"]["kit"]["as_written"]:
            return Copy(path, edited=False)
        if _fingerprint(there) != there["metadata"].get("kit", {}).get("as_written"):
            _check_engagement(there, path, engagement)
            return Copy(path, edited=True)
    text = json.dumps(book, indent=1, ensure_ascii=False) + "\n"
    return Copy(write_atomically(path, text.encode()), edited=False)


def _shown(engagement: Path, folder: Path) -> str:
    """Return the engagement as the copy names it: as seen from its folder where both lie here, else in full."""
    here, path = Path.cwd().resolve(), engagement.resolve()
    near = path.is_relative_to(here) and folder.resolve().is_relative_to(here)
    return Path(os.path.relpath(path, folder.resolve())).as_posix() if near else str(path)


def _check_engagement(book: dict[str, Any], path: Path, engagement: Path) -> None:
    """Check that an edited copy is about the engagement.

    Raises:
        InputError: it is about another one, or does not say about which.
    """
    try:
        found = _SET.search(_source(_parameters(book)))
        said = ast.literal_eval(found[0].split("=", 1)[1].strip()) if found else None
    except (StopIteration, ValueError, SyntaxError):
        said = None
    if isinstance(said, str):
        named = (base / said for base in (path.parent, data_folder("examples")))
        if engagement.resolve() in {it.resolve() for one in named for it in (one, one / "engagement.yaml")}:
            return
    about = f"is about {said}" if isinstance(said, str) else "does not set the parameter engagement"
    raise InputError(
        f"{path}: has edits of yours and {about}, not about {engagement}; rename it, or give another --out"
    )


def _read(path: Path) -> dict[str, Any]:
    """Return a notebook as plain values.

    Raises:
        InputError: it is no notebook.
    """
    try:
        book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _fingerprint(book)
        book["metadata"].get("kit", {}).get("as_written")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as a notebook ({type(error).__name__}: {error})") from None
    return book


def _parameters(book: dict[str, Any]) -> dict[str, Any]:
    """Return the cell tagged ``parameters``."""
    return next(cell for cell in book["cells"] if "parameters" in cell["metadata"].get("tags", []))


def _source(cell: dict[str, Any]) -> str:
    """Return a cell's text, which the format allows as lines too."""
    return "".join(cell["source"])


def _fingerprint(book: dict[str, Any]) -> str:
    """Return what tells an edited notebook from one as written: its cells, without what they showed when run."""
    return sha256_of(json.dumps([[cell["cell_type"], _source(cell)] for cell in book["cells"]]).encode())
