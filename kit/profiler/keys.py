"""Keys of cloud APIs: read from the environment, sent to the server, shown nowhere.

A key that was read here is known for the rest of the process, and :func:`redacted` takes it out of any text: servers
like to repeat it in their errors.
"""

from __future__ import annotations

import os
import re
from itertools import takewhile
from urllib.parse import quote

from kit.errors import InputError

_REMOVED = "(key removed)"
_TELLING = 8
"""So many first characters of a key are taken to be the key, in case somebody cut it short."""

_known: set[str] = set()


class Secret(str):
    """A string that does not show itself in a ``repr``, and so in no traceback, log or record that prints one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


def read_key(variable: str) -> Secret:
    """Return the key in an environment variable, and remember it for :func:`redacted`.

    Args:
        variable: name of the variable, e.g. ``OPENAI_API_KEY``.

    Raises:
        InputError: the variable is not set, or what it holds cannot be a key; the message never shows the value.
    """
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", variable):  # perhaps the key itself, so it is not repeated
        raise InputError(
            "the key is given by the name of an environment variable in capitals, e.g. OPENAI_API_KEY; "
            "a key itself is never accepted"
        )
    value = os.environ.get(variable, "").strip()
    if not value:
        raise InputError(f"the environment variable {variable} is not set; it should hold the key of the API")
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise InputError(f"the environment variable {variable} holds blanks or other signs that no key has")
    remember(value)
    return Secret(value)


def remember(value: str) -> None:
    """Have :func:`redacted` take ``value`` out of texts from now on."""
    _known.update({value, quote(value, safe="")})


def redacted(text: str) -> str:
    """Return ``text`` without any key that was read, whole or cut short, and without masked ones (``sk-ab****yz``).

    Args:
        text: words of a server, of a log, of an error.
    """
    if not _known:
        return text
    for key in sorted(_known, key=len, reverse=True):
        text = _without_cut_end(_without_starts(text.replace(key, _REMOVED), key), key)
    return re.sub(r"[^\s\"'{}:,]*\*{3,}[^\s\"'{}:,]*", _REMOVED, text)


def _without_starts(text: str, key: str) -> str:
    """Take out what begins like a key, as far as it goes on like it."""
    start = key[:_TELLING]
    if len(key) <= _TELLING:
        return text
    while (at := text.find(start)) >= 0:
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text[at:], key, strict=False)))
        text = text[:at] + _REMOVED + text[at + alike :]
    return text


def _without_cut_end(text: str, key: str, *, shortest: int = 4) -> str:
    """Take out the start of a key on which a text that was cut ends."""
    for length in range(min(len(key), len(text)), shortest - 1, -1):
        if text.endswith(key[:length]):
            return text[:-length] + _REMOVED
    return text
