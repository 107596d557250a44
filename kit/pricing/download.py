"""Fetch a price list, with limits: over HTTP(S) only, by the proxies of the environment, so much and no longer."""

from __future__ import annotations

import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, build_opener

from kit.errors import InputError, KitError

MAX_BYTES = 50 * 2**20
"""No price list is larger; the largest known has 3 MB."""
TIMEOUT_S = 20.0
"""Longest silence of a server."""
TOTAL_S = 120.0
"""Longest download."""
_PIECE = 2**16


class OfflineError(KitError):
    """The address cannot be reached: no network, no name, no answer."""


def is_url(source: str) -> bool:
    """Tell whether a source is an address and not a file."""
    return "://" in source


def without_secrets(url: str) -> str:
    """Return an address without user, password and query, so that it can be shown and stored."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetch(source: str) -> bytes:
    """Return the content of an address or of a file.

    Args:
        source: ``https://...``, ``http://...`` or a path.

    Raises:
        OfflineError: the address cannot be reached.
        InputError: the answer is an error, it is too large, or the file cannot be read.
    """
    return _download(source) if is_url(source) else read_limited(Path(source))


def read_limited(path: Path) -> bytes:
    """Return the content of a file that is not too large.

    Raises:
        InputError: it cannot be read, or is larger than :data:`MAX_BYTES`; a large file is not opened.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size / 2**20:.0f} MB; no price list is larger than {MAX_BYTES // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _download(url: str) -> bytes:
    shown = without_secrets(url)
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InputError(f"{shown}: only http and https addresses are fetched")
    deadline, found = time.monotonic() + TOTAL_S, bytearray()
    try:
        # An opener of its own: the library's common one keeps the proxies that it saw first.
        request = Request(url, headers={"User-Agent": "hybrid-ai-decision-kit"})
        with build_opener().open(request, timeout=TIMEOUT_S) as answer:
            while piece := answer.read(_PIECE):
                found += piece
                if len(found) > MAX_BYTES:
                    raise InputError(f"{shown}: larger than {MAX_BYTES // 2**20} MB; no price list is")
                if time.monotonic() > deadline:
                    raise OfflineError(f"{shown} did not end within {TOTAL_S:g} s")
    except HTTPError as error:
        raise InputError(f"{shown}: the server answers {error.code} {error.reason}") from None
    except (URLError, OSError, HTTPException) as error:
        raise OfflineError(f"{shown} cannot be reached ({getattr(error, 'reason', None) or error})") from None
    except ValueError as error:
        raise InputError(f"{shown}: not an address ({error})") from None
    return bytes(found)
