"""Numbers, money, dates and lists as texts write them, in the language of the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from kit.wording import ENGLISH, fixed, form, opening_name, retell, spoken

MISSING = "–"
AND, OR = fixed("and"), fixed("or")
"""The words before the last of a list."""
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@lru_cache
def _locale(code: str) -> Any:
    from babel import Locale

    return Locale.parse(code)


@form
def decimal(value: float, digits: int = 0) -> str:
    """Return a number with so many decimals and its thousands apart: ``1,173.5``, in German ``1.173,5``."""
    from babel.numbers import format_decimal

    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    shown = f"{value:.{digits}f}"
    # A rounded nought has no sign.
    number = float(shown) or 0.0
    return str(format_decimal(number, pattern, locale=_locale(spoken()))).replace("-", "−")


def _digits(value: float, significant: int) -> str:
    """Return a number to so many significant digits, without an exponent and without noughts at the end."""
    # Decimal, not float: 8478.22 as a float is 8478.219999999999 to twelve decimals.
    text = f"{Decimal(f'{value:.{significant}g}'):f}"
    decimals = text.partition(".")[2].rstrip("0")
    return decimal(value, len(decimals))


@form
def significant(value: float, digits: int) -> str:
    """Return a number to so many significant digits, without an exponent or noughts at the end: ``0.54``, ``2.1``."""
    return _digits(value, digits)


@form
def money(amount: float, currency: str) -> str:
    """Return an amount to three digits: ``€1.06 million``, ``€412,000``, ``€950``, ``€0.0042``."""
    size = abs(amount)
    sign = "−" if amount < 0 else ""
    if size >= 999_500:
        number, unit = decimal(size / 1e6, 2), retell(fixed("million"))
    elif size >= 1000:
        step = 10 ** (len(str(int(size))) - 3)
        number, unit = decimal(round(size / step) * step), ""
    elif size >= 1 or size == 0:
        number, unit = decimal(size), ""
    else:
        number, unit = _digits(size, 2), ""
    if spoken() == ENGLISH:
        return f"{sign}{_SYMBOLS.get(currency, f'{currency} ')}{number}{f' {unit}' if unit else ''}"
    return f"{sign}{number}{f' {unit}' if unit else ''}\N{NO-BREAK SPACE}{symbol(currency)}"


def symbol(currency: str) -> str:
    """Return the sign of a currency, or its code: ``€``, ``CHF``."""
    return _SYMBOLS.get(currency, currency)


@form
def unit_price(amount: float, currency: str) -> str:
    """Return a price to the cent, or as :func:`money` has it below one: ``€1.25``, ``€0.42``."""
    if amount < 1:
        return money(amount, currency)
    number = decimal(amount, 2)
    if spoken() == ENGLISH:
        return f"{_SYMBOLS.get(currency, f'{currency} ')}{number}"
    return f"{number}\N{NO-BREAK SPACE}{symbol(currency)}"


@form
def percent(share: float) -> str:
    """Return a share as a percentage: ``77%``; with a decimal where it would read 0% or 100% and is neither."""
    digits = 0
    for digits in (*range(4), 0):
        shown = float(f"{100 * share:.{digits}f}")
        if (shown > 0) == (share > 0) and (shown < 100) == (share < 1):
            break
    return f"{decimal(100 * share, digits)}{'' if spoken() == ENGLISH else chr(0xA0)}%"


@form
def signed_percent(share: float) -> str:
    """Return a difference as a percentage with its sign and a decimal: ``+12.5%``, ``-3.0%``."""
    space = "" if spoken() == ENGLISH else "\N{NO-BREAK SPACE}"
    return f"{'-' if share < 0 else '+'}{decimal(abs(100 * share), 1)}{space}%"


@form
def count(number: int) -> str:
    """Return a small whole number as a word, where the language's grammar lets one."""
    if spoken() == ENGLISH and 0 <= number < len(_NUMBERS):
        return _NUMBERS[number]
    return decimal(number)


@form
def listed(words: Sequence[str], last: str = AND) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``.

    Args:
        words: at least one.
        last: the word before the last one: ``and`` or ``or``.
    """
    told = [retell(word) for word in words]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} {retell(last)} {told[-1]}"


@form
def joined(words: Sequence[str], between: str = "; ") -> str:
    """Return texts one after the other."""
    return between.join(retell(word) for word in words)


@form
def sentence_case(text: str) -> str:
    """Return a text with its first letter large, and no full stop; a name at its start stays as it is written."""
    told, name = retell(text), opening_name(text)
    if name and told.startswith(name):
        return told.rstrip(".")
    return (told[:1].upper() + told[1:]).rstrip(".")


@form
def number(value: float) -> str:
    """Return a number to a reader's precision: ``1,173``, ``97.5``, ``2.6``, ``0.39``, ``0.0042``."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return decimal(value)
    return decimal(value, 1) if size >= 10 else _digits(value, 2)


@form
def exact(value: float) -> str:
    """Return an input as it was given, to six digits: ``2,511``, ``0.0448``."""
    return _digits(value, 6) if abs(value) < 1e6 else decimal(value)


@form
def plain(value: float) -> str:
    """Return a number to six digits, as a formula writes it: ``16000``, ``0.5``."""
    return exact(value).replace(",", "") if spoken() == ENGLISH else exact(value)


@form
def tokens(millions: float) -> str:
    """Return millions of tokens: ``145``, ``9.1``, ``0.42``."""
    if millions >= 9.95:
        return decimal(millions)
    return decimal(millions, 1) if millions >= 0.95 else _digits(millions, 2)


@form
def seconds(value: float | None) -> str:
    """Return a duration: ``101 s``, ``2.1 s``, ``0.76 s``, ``18 ms``; a dash if not known."""
    if value is None:
        return MISSING
    if value >= 10:
        return f"{decimal(value)} s"
    if value >= 1:
        return f"{decimal(value, 1)} s"
    return f"{decimal(value, 2)} s" if value >= 0.1 else f"{_digits(value * 1000, 2)} ms"


@form
def months(value: float | None) -> str:
    """Return a number of months, or a dash."""
    if value is None:
        return MISSING
    return retell(fixed("1 month")) if round(value) == 1 else f"{decimal(value)} {retell(fixed('months'))}"


@form
def full_time(value: float) -> str:
    """Return a number of people: ``0.5 full-time equivalents``."""
    unit = fixed("full-time equivalent") if value == 1 else fixed("full-time equivalents")
    return f"{number(value)} {retell(unit)}"


@form
def factor(value: float) -> str:
    """Return a factor: ``2.6 ×``."""
    return f"{_digits(value, 2)}{' ' if spoken() == ENGLISH else chr(0xA0)}×"


@form
def points(value: float) -> str:
    """Return what is added to a yearly change, in percentage points: ``+5 points``."""
    return f"{'−' if value < 0 else '+'}{_digits(abs(100 * value), 2)} {retell(fixed('points'))}"


@form
def short_day(date: dt.date | str) -> str:
    """Return a date in short: ``2026-11-22``, in German ``22.11.2026``."""
    from babel.dates import format_date

    when = dt.date.fromisoformat(date) if isinstance(date, str) else date
    return when.isoformat() if spoken() == ENGLISH else str(format_date(when, "medium", locale=_locale(spoken())))


@form
def day(date: dt.date | str) -> str:
    """Return a date in full: ``22 November 2026``."""
    from babel.dates import format_date

    when = dt.date.fromisoformat(date) if isinstance(date, str) else date
    return str(format_date(when, "d MMMM y" if spoken() == ENGLISH else "long", locale=_locale(spoken())))
