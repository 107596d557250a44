"""How old the prices of a verdict are, and what is said of those that are too old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from kit.figures import decimal, short_day
from kit.pricing.age import OLD_DAYS, STALE_DAYS, age_days
from kit.record import Basis
from kit.strategy.verdict import Input
from kit.wording import fixed, say

_PRICES = ("prices.", "money.electricity_price_per_kwh")


def stale(item: Input, today: dt.date, *, days: int = STALE_DAYS) -> bool:
    """Tell whether an input is a public price older than so many days.

    A price that the client quoted or measured holds as long as the client says so, and other facts do not age so fast.

    Args:
        item: the input.
        today: the day of the verdict.
        days: how old it may be.
    """
    public = item.basis not in (Basis.QUOTED, Basis.MEASURED)
    return public and item.key.startswith(_PRICES) and age_days(item.date, today) > days


def price_warnings(inputs: Iterable[Input], today: dt.date) -> tuple[str, ...]:
    """Return what a reader must know of the age of the prices: one sentence for the old, one for the stale.

    Args:
        inputs: of the verdict.
        today: the day of the verdict.
    """
    items = list(inputs)
    old = [item for item in items if stale(item, today, days=OLD_DAYS)]
    ageing = [item for item in items if stale(item, today) and item not in old]
    found = []
    for group, days, what in (
        (old, OLD_DAYS, fixed("ask for new ones before you sign")),
        (ageing, STALE_DAYS, fixed("check them")),
    ):
        if group:
            oldest = min(group, key=lambda item: item.date)
            known: dict[str, str | int] = {
                "days": days,
                "what": what,
                "oldest": oldest.label,
                "date": short_day(oldest.date),
            }
            found.append(
                say("1 price is older than {days} days: {what}. The oldest is {oldest}, of {date}.", **known)
                if len(group) == 1
                else say(
                    "{number} prices are older than {days} days: {what}. The oldest is {oldest}, of {date}.",
                    number=decimal(len(group)),
                    **known,
                )
            )
    return tuple(found)
