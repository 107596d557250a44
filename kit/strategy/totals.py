"""Sums that a reader looks for: today's bills together, what a plan pays for over its years, parts of the week."""

from __future__ import annotations

from collections.abc import Sequence

from kit.engagement.record import Place
from kit.strategy.dossier import Bill, BillTotal
from kit.strategy.verdict import Week, WeekPart, YearCash

HOURS = 24
WEEKDAYS = 5
BLOCK = 6
"""Hours of a part of the day; machines that are paid by the hour are switched in blocks of as many."""

_NO_PART = frozenset({"year", "total"})


def bill_total(bills: Sequence[Bill]) -> BillTotal | None:
    """Return the bills of today together; ``None`` where there is none."""
    return (
        BillTotal(
            cost_per_month=_sum([bill.cost_per_month for bill in bills]),
            stated_per_month=_sum([bill.stated_per_month for bill in bills]),
            better_per_month=_sum([bill.better_per_month for bill in bills]),
        )
        if bills
        else None
    )


def _sum(values: Sequence[float | None]) -> float | None:
    """Return a sum, or ``None`` if a summand is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def cash_parts(cash: Sequence[YearCash]) -> dict[str, float]:
    """Return what is paid over all years for each purpose, engagement's currency, not discounted."""
    names = [name for name in YearCash.model_fields if name not in _NO_PART]
    return {name: sum(float(getattr(year, name)) for year in cash) for name in names}


def week_parts(week: Week) -> tuple[WeekPart, ...]:
    """Return a week by parts of its working days and of its weekend, and the whole of it last.

    Args:
        week: 168 hours, Monday 00:00 first.
    """
    hours = range(len(week.own))
    parts = [
        _part(week, [h for h in hours if (h // HOURS < WEEKDAYS) is weekday and first <= h % HOURS < first + BLOCK])
        for weekday in (True, False)
        for first in range(0, HOURS, BLOCK)
    ]
    return (*parts, _part(week, list(hours)).model_copy(update={"days": "week", "from_hour": 0, "until_hour": HOURS}))


def _part(week: Week, hours: Sequence[int]) -> WeekPart:
    by_place = {Place.OWN: week.own, Place.RENTED: week.rented, Place.API: week.api}
    sums = {place: sum(flow[hour] for hour in hours) for place, flow in by_place.items()}
    whole = sum(sums.values())
    return WeekPart(
        days="weekday" if hours[0] // HOURS < WEEKDAYS else "weekend",
        from_hour=hours[0] % HOURS,
        until_hour=hours[-1] % HOURS + 1,
        mtok_per_hour=whole / len(hours),
        capacity_per_hour=sum(week.capacity[hour] for hour in hours) / len(hours),
        shares={place: part / whole if whole > 0 else 0.0 for place, part in sums.items()},
    )
