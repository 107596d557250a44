"""How old a price is, and from when on that has to be said."""

from __future__ import annotations

import datetime as dt

from kit.record import Figure

STALE_DAYS = 30
"""Older prices are shown with a warning."""
OLD_DAYS = 90
"""Older prices are marked in a verdict too."""


def age_days(price: Figure | dt.date, today: dt.date) -> int:
    """Return how many days ago a price was checked; negative for a date in the future.

    Args:
        price: a price, or the day on which it was checked.
        today: the day that counts as today.
    """
    return (today - (price.date if isinstance(price, Figure) else price)).days


def staleness(days: int) -> str:
    """Return ``""`` up to 30 days, ``stale`` up to 90 and ``old`` beyond."""
    return "" if days <= STALE_DAYS else "stale" if days <= OLD_DAYS else "old"
