"""The words around the content of a page: what stands at its head and foot, on its contents and its controls."""

from __future__ import annotations

from kit.report.lettering import shorten
from kit.report.view import View
from kit.strategy.dossier import Letterhead
from kit.wording import say

_CLIENT, _SIZE = 250, 8.5
"""Points that a client's name takes in a head or a foot at the most, and the size of the type there."""


def furniture(shown: View, letterhead: Letterhead) -> dict[str, str]:
    """Return the words by name, in the language of the moment.

    Args:
        shown: the verdict as text.
        letterhead: whose paper it is on.
    """
    client = shorten(shown.client, _CLIENT, _SIZE)
    return {
        "mark": say("Hybrid AI verdict"),
        "document_title": say("Hybrid AI verdict: {client}", client=shown.client),
        "about": say("{client} · {day}", client=client, day=shown.date),
        "foot": say("{client} · hybrid AI verdict · valid until {day}", client=client, day=shown.valid_until),
        "kit": say("kit {version}", version=shown.kit_version),
        # A picture without a word for those who do not see it is no part of an accessible document.
        "logo": letterhead.consultant.strip() or say("Logo"),
        "contents": say("Contents"),
        "decision": say("Decision"),
        "notebooks": say("How it was worked out"),
        "skip": say("Skip to the decision"),
        "theme": say("Dark page"),
    }
