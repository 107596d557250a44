"""Where the files that travel with the kit lie: beside the package in a clone, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from kit.errors import KitError

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder ``notebooks``, ``hardware_profiles`` or ``examples``.

    Raises:
        KitError: the installation is not complete.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise KitError(f"the kit's folder {name!r} is missing from the installation; install it again")
