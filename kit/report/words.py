"""Numbers as the documents write them: the only place where a figure of the record becomes text."""

from __future__ import annotations

import datetime as dt

from kit.engagement.record import Place
from kit.strategy.reasons import money as money
from kit.strategy.reasons import percent as percent
from kit.strategy.verdict import Driver, StrategyKind

MISSING = "–"

PLAN_NAMES = {
    StrategyKind.HYBRID: "Hybrid",
    StrategyKind.CLOUD: "All cloud",
    StrategyKind.RENTED: "All rented",
    StrategyKind.OWN: "All own",
    StrategyKind.BETTER: "Today's API used better",
    StrategyKind.TODAY: "As today",
}
PLACE_NAMES = {Place.OWN: "own GPUs", Place.RENTED: "rented GPUs", Place.API: "cloud"}


def amount(value: float) -> str:
    """Return an amount in whole units of the currency for a table whose head names it: ``7,462``."""
    return f"{value:,.0f}".replace("-", "−") if round(value) else "0"


def amount_unit(largest: float, currency: str) -> tuple[float, str]:
    """Return what to divide amounts by for an axis, and the unit that is left: ``(1000, "thousand €")``."""
    if largest >= 2e6:
        return 1e6, f"million {symbol(currency)}"
    return (1e3, f"thousand {symbol(currency)}") if largest >= 5e3 else (1.0, symbol(currency))


def symbol(currency: str) -> str:
    """Return the sign of a currency, or its code: ``€``, ``CHF``."""
    return money(0, currency).removesuffix("0").strip()


def number(value: float) -> str:
    """Return a number to a reader's precision: ``1,173``, ``97.5``, ``2.6``, ``0.39``, ``0.0042``."""
    size = abs(value)
    if size >= 100 or value == int(value):
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2g}"
    return text.replace("-", "−")


def exact(value: float) -> str:
    """Return an input as it was given, to six digits: ``2,511``, ``0.0448``."""
    return f"{value:,.6g}".replace("-", "−") if abs(value) < 1e6 else f"{value:,.0f}"


def per_thousand(cost: float) -> str:
    """Return the cost of a request as that of a thousand: ``0.66``, ``12``."""
    text = f"{1000 * cost:.2g}"
    return text if "e" not in text else f"{1000 * cost:,.0f}" if cost > 0.01 else f"{1000 * cost:.6f}"


def factor(value: float) -> str:
    """Return a factor: ``2.6 ×``."""
    return f"{value:.2g} ×"


def change(driver: Driver, value: float) -> str:
    """Return what an input is multiplied by, or what is added to a yearly change: ``2.6 ×``, ``+5 points``."""
    if not driver.additive:
        return factor(value)
    return f"{'−' if value < 0 else '+'}{abs(100 * value):.2g} points"


def tokens(millions: float) -> str:
    """Return millions of tokens: ``145``, ``9.1``, ``0.42``."""
    if millions >= 9.95:
        return f"{millions:,.0f}"
    return f"{millions:.1f}" if millions >= 0.95 else f"{millions:.2g}"


def seconds(value: float | None) -> str:
    """Return a duration: ``101 s``, ``2.1 s``, ``0.76 s``, ``18 ms``; a dash if not known."""
    if value is None:
        return MISSING
    if value >= 10:
        return f"{value:,.0f} s"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.2g} ms"


def months(value: float | None) -> str:
    """Return a number of months, or a dash."""
    if value is None:
        return MISSING
    return "1 month" if round(value) == 1 else f"{value:,.0f} months"


def day(date: dt.date) -> str:
    """Return a date in full: ``22 November 2026``."""
    return f"{date.day} {date:%B} {date.year}"


__all__ = ["MISSING", "PLACE_NAMES", "PLAN_NAMES", "money"]
