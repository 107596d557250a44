"""The words around the content of a page: what stands at its head and foot, on its contents and its controls."""

from __future__ import annotations

from kit.report.view import View
from kit.wording import say

_LONGEST = 60
"""Letters of a client's name at the foot of a page."""


def furniture(shown: View) -> dict[str, str]:
    """Return the words by name, in the language of the moment."""
    client = shown.client if len(shown.client) <= _LONGEST else f"{shown.client[: _LONGEST - 1]}…"
    return {
        "mark": say("Hybrid AI verdict"),
        "document_title": say("Hybrid AI verdict: {client}", client=shown.client),
        "about": say("{client} · {day}", client=client, day=shown.date),
        "foot": say("{client} · hybrid AI verdict · valid until {day}", client=client, day=shown.valid_until),
        "kit": say("kit {version}", version=shown.kit_version),
        "contents": say("Contents"),
        "decision": say("Decision"),
        "notebooks": say("How it was worked out"),
        "skip": say("Skip to the decision"),
        "theme": say("Dark page"),
    }
