"""Putting a newer price list in place of the old one: fetched, checked, compared, then renamed into place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from kit.errors import InputError
from kit.pricing.download import fetch, is_url, without_secrets
from kit.pricing.feeds import ADDRESSES, Changes, Feed, changes, doubts, known_prices, read_feed
from kit.pricing.rental import offers
from kit.pricing.store import FeedKind, install
from kit.pricing.tokens import forget_prices


@dataclass(frozen=True)
class Refresh:
    """A list that was put in place.

    Attributes:
        feed: the list.
        path: where it lies.
        source: where it came from.
        changes: what it changed.
        doubts: what spoke against it and was accepted.
    """

    feed: Feed
    path: Path
    source: str
    changes: Changes
    doubts: tuple[str, ...]


def refresh(
    source: str,
    *,
    today: dt.date,
    kind: FeedKind | None = None,
    folder: Path | None = None,
    accept: bool = False,
) -> Refresh:
    """Fetch a price list, check it, and put it in place of the one in use, which is kept as ``*.previous``.

    Args:
        source: an address, a file, or the name of a feed that has a fixed address.
        today: the day on which it is taken.
        kind: its format; found by the content unless given.
        folder: the store; :func:`kit.pricing.store.store_folder` by default.
        accept: take it although prices jump by a factor of 100 or half of them are lost.

    Raises:
        OfflineError: the address cannot be reached; nothing is changed.
        InputError: the list is broken or doubtful; nothing is changed.
    """
    named = next((feed for feed in ADDRESSES if feed == source), None)
    address = ADDRESSES[named] if named else source
    content = fetch(address)
    shown = without_secrets(address) if is_url(address) else Path(address).name
    name = PurePosixPath(urlsplit(address).path).name or shown if is_url(address) else address
    feed = read_feed(content, name, kind=kind or named, source=shown, today=today)
    before = known_prices(feed.kind, today, folder)
    found = changes(before, feed.prices)
    said = doubts(before, found)
    if said and not accept:
        more = [f"... and {len(said) - 5} more"] if len(said) > 5 else []
        listed = "\n".join(f"  {line}" for line in (*said[:5], *more))
        raise InputError(f"{shown}: not taken, the old list stays; --accept takes it all the same:\n{listed}")
    path = install(feed.kind, feed.content, source=shown, date=today, folder=folder)
    offers.cache_clear()
    forget_prices()
    return Refresh(feed=feed, path=path, source=shown, changes=found, doubts=said)
