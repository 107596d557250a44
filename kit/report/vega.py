"""The library that draws live charts inside a page: Vega with Vega-Lite, as one script that asks nothing of any place.

It comes out of ``vl_convert``, the program that draws all charts of the kit. To bundle it takes seconds, so each script
is kept in the user's cache: ``$XDG_CACHE_HOME/hybrid-ai-decision-kit``, else ``~/.cache/hybrid-ai-decision-kit``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from kit.errors import InputError
from kit.record import sha256_of, write_atomically

_SNIPPET = "window.kitEmbed = vegaEmbed;"
"""With this only vega-embed and what it needs is bundled: Vega-Lite, Vega and the interpreter of expressions, without
which a page would have to allow scripts to make scripts."""


def cache_file(snippet: str = _SNIPPET) -> Path:
    """Return where the script is kept that a snippet is bundled into; its name holds what it was made of."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    made_of = sha256_of(f"{version('vl-convert-python')} {snippet}".encode())[:12]
    return Path(root) / "hybrid-ai-decision-kit" / f"vega-{made_of}.js"


def kept(snippet: str, make: Callable[[], str]) -> str:
    """Return the script that a snippet is bundled into: from the cache, or made now and kept there.

    Args:
        snippet: what is bundled, and whatever else the script depends on.
        make: makes the script.
    """
    path = cache_file(snippet)
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    script = make()
    with suppress(InputError):
        write_atomically(path, script.encode())
    return script


def bundle_ahead() -> subprocess.Popen[bytes] | None:
    """Start to make the script in another process if it is not there yet; return that process, to be waited for."""
    if cache_file().is_file():
        return None
    return subprocess.Popen(
        [sys.executable, "-m", "kit.report.vega"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@lru_cache(maxsize=1)
def bundle() -> str:
    """Return the script of the page."""

    def make() -> str:
        import vl_convert

        return str(vl_convert.javascript_bundle(_SNIPPET))

    return kept(_SNIPPET, make)


if __name__ == "__main__":
    bundle()
