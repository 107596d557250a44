"""What retracing a figure needs wherever it stands: the case, the worth of a month, and means over the years.

Years are counted from 1 here as everywhere in a verdict; the exponents in formulas are the years that have passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.pricing.pricebook import PriceBook
from kit.strategy.answers import Term
from kit.strategy.choice import Choice, Solved
from kit.strategy.ledger import Ledger
from kit.strategy.problem import Floats

DAYS = "30.4375"
"""Days of a month, as formulas write them."""
HOURS = "730.5"
WEEKS = "(365.25 / 84)"
MONTHS = "horizon.months_worth"
"""Key of what one a month over the horizon is worth today."""


@dataclass(frozen=True)
class Case:
    """What is retraced, and the list that grows."""

    choice: Choice
    solved: Solved
    prices: PriceBook
    ledger: Ledger

    @property
    def currency(self) -> str:
        """Unit of money."""
        return self.choice.engagement.currency

    @property
    def monthly(self) -> str:
        """Unit of money per month."""
        return f"{self.currency} per month"

    @property
    def years(self) -> int:
        """Number of phases: years, or one if nothing changes."""
        return len(self.choice.phases)


def constant(symbol: str, label: str, value: float, unit: str) -> Term:
    """Return a term that comes from nowhere else: what the plan decided, or what was measured."""
    return Term(symbol=symbol, label=label, value=float(value), unit=unit)


def number(value: float) -> str:
    """Return a number as a formula writes it, exactly."""
    return str(int(value)) if value == int(value) else repr(float(value))


def horizon(case: Case) -> None:
    """Enter the months and what one a month is worth today, over the horizon and in each year."""
    ledger, terms = case.ledger, case.choice.terms
    years = ledger.stated("years", "horizon_years", terms.horizon_years.value)
    months = ledger.add("horizon.months", "months of the horizon", "months", "round(12 * years)", [years])
    total = case.choice.months
    label = "what one a month over the horizon is worth today"
    if not terms.discount_rate.value:
        ledger.add(MONTHS, label, "months", "n", [ledger.derived("n", months)], value=total)
    else:
        rate = ledger.stated("r", "discount_rate", terms.discount_rate.value)
        formula = "(1 - (1 + r) ** (-n / 12)) / ((1 + r) ** (1 / 12) - 1)"
        ledger.add(MONTHS, label, "months", formula, [rate, ledger.derived("n", months)], value=total)
    if case.years > 1:
        for y in range(case.years):
            months_between(case, y, y + 1)


def months_between(case: Case, first: int, end: int) -> str:
    """Enter what one a month is worth today in some years, and return its key."""
    phases, ledger = case.choice.phases[first:end], case.ledger
    if first == 0 and end >= case.years:
        return MONTHS
    start, stop = phases[0].first_month, phases[-1].first_month + phases[-1].months
    which = f"year {first + 1}" if len(phases) == 1 else f"years {first + 1} to {first + len(phases)}"
    label, key = f"what one a month in {which} is worth today", f"{MONTHS}.{which}"
    value = float(case.choice.problem.months[first:end].sum())
    rate = case.choice.terms.discount_rate.value
    if not rate:
        return ledger.add(key, label, "months", f"{stop} - {start}", [], value=value)
    begin = f"(1 + r) ** (-{start} / 12)" if start else "1"
    formula = f"({begin} - (1 + r) ** (-{stop} / 12)) / ((1 + r) ** (1 / 12) - 1)"
    return ledger.add(key, label, "months", formula, [ledger.stated("r", "discount_rate", rate)], value=value)


def on(case: Case, y: int) -> str:
    """Return the years from the start to the beginning of a phase, as a formula writes them."""
    return number(case.choice.phases[y].years_on)


def mean_over_years(case: Case, factors: Sequence[str], terms: Sequence[Term]) -> tuple[str, list[Term]]:
    """Return the mean of a factor over the years, weighted by what a month in each is worth today.

    Args:
        case: the case.
        factors: formula of the factor in each year.
        terms: of those.
    """
    if case.years == 1:
        return factors[0], list(terms)
    weights = [case.ledger.derived(f"m{y + 1}", months_between(case, y, y + 1)) for y in range(case.years)]
    products = [
        w.symbol if factor == "1" else f"{factor} * {w.symbol}" for factor, w in zip(factors, weights, strict=True)
    ]
    return f"({' + '.join(products)}) / m", [*terms, *weights, case.ledger.derived("m", MONTHS)]


def changed(case: Case, first: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return ``first * (1 + name) ** years`` for each year.

    Args:
        case: the case.
        first: formula of what is changed, in each year; ``1`` for nothing but the change.
        names: symbols of relative changes per year.
    """
    found = []
    for y, symbol in enumerate(first):
        power = on(case, y)
        grown = [] if power == "0" else [f"(1 + {name})" + ("" if power == "1" else f" ** {power}") for name in names]
        found.append(" * ".join([*([] if symbol == "1" and grown else [symbol]), *grown]))
    return found


def flows_of(solved: Solved) -> tuple[Floats, Floats]:
    """Return requests of the typical week of each year at pools, (Y, W, P), and at APIs, (Y, W, A)."""
    return solved.plan.flow_pool.sum(axis=3), solved.plan.flow_api.sum(axis=3)


def summed(terms: Sequence[Term]) -> str:
    """Return the sum of terms, as a formula writes it."""
    return " + ".join(term.symbol for term in terms) or "0"
