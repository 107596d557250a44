"""Takes keys and passwords out of what is written: those of this environment, and what looks like one anywhere."""

from __future__ import annotations

import html
import os
import re
from typing import Any
from urllib.parse import quote

from kit.profiler.keys import redacted

REMOVED = "(key removed)"

_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|_PASS$|_AUTH$", re.IGNORECASE)
"""Environment variables of such names hold secrets."""

_SHORTEST = 8
"""Characters from which a value counts as a secret; anything shorter is a switch, such as ``false``."""

_LOOKS = re.compile(
    r"\bsk-[\w-]{16,}"  # OpenAI, Anthropic and those who follow them
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # Amazon
    r"|\bhf_[A-Za-z0-9]{16,}"  # Hugging Face
    r"|\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
    r"|\bAIza[\w-]{30,}"  # Google
    r"|\bxox[a-z]-[\w-]{10,}"  # Slack
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+(?=[\w.~+/-]*[\d=])[\w.~+/-]{12,}=*", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(\w://)[^\s/@:\"'<>]*:[^\s/@\"'<>]+@")


def without_secrets(text: str) -> str:
    """Return a text without the secrets of this environment, without keys that were read, and without what looks so.

    Args:
        text: of a cell, an output, an error.
    """
    for value in _values():
        text = text.replace(value, REMOVED)
    text = _LOOKS.sub(REMOVED, redacted(text))
    text = _BEARER.sub(rf"\1 {REMOVED}", text)
    return _IN_ADDRESS.sub(rf"\1{REMOVED}@", text)


def without_secrets_in(tree: Any) -> Any:
    """Return plain values (mappings, lists, texts) with :func:`without_secrets` done to every text, keys included."""
    if isinstance(tree, str):
        return without_secrets(tree)
    if isinstance(tree, dict):
        return {without_secrets_in(name): without_secrets_in(value) for name, value in tree.items()}
    return [without_secrets_in(value) for value in tree] if isinstance(tree, list | tuple) else tree


def _values() -> list[str]:
    """Return the secrets of this environment in the forms in which a notebook holds them, the longest first."""
    values = {value.strip() for name, value in os.environ.items() if _NAMES.search(name)}
    secrets = {value for value in values if len(value) >= _SHORTEST}
    forms = {
        form for value in secrets for form in (value, html.escape(value), quote(value, safe=""), repr(value)[1:-1])
    }
    return sorted(forms, key=len, reverse=True)
