"""What money put into a plan brings back against another plan, and what its tokens come to: pure functions.

References:
    [1] R. A. Brealey, S. C. Myers, F. Allen, *Principles of Corporate Finance*, ch. 5: payback, internal rate of
        return, and why there can be several of them or none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyxirr

from kit.strategy.problem import Floats

NOTHING = 1e-9
"""Share of the largest payment below which a difference is one of rounding."""

GRID = np.geomspace(1e-4, 1e4, 4001) ** (1 / 12)
"""Growths per month at which the sign of the value is looked at: from a ten-thousandth a year to ten thousand."""


@dataclass(frozen=True)
class TokenCost:
    """What a million tokens cost on machines that are paid whether they are busy or not.

    Attributes:
        at_load: at the tokens that are served; ``None`` if there are none.
        at_capacity: at those that could be served; ``None`` if none could.
    """

    at_load: float | None
    at_capacity: float | None


def cost_per_mtok(cost_per_month: float, *, tokens_per_month: float, capacity_tokens_per_month: float) -> TokenCost:
    """Return what a million tokens cost: ``cost per month ÷ (tokens per month ÷ 10⁶)``.

    Args:
        cost_per_month: levelised, of the whole pool.
        tokens_per_month: served, prompt and output.
        capacity_tokens_per_month: that its replicas could serve as planned, spare ones left out, at the same mix.

    Raises:
        ValueError: a negative argument.
    """
    if not all(given >= 0 for given in (cost_per_month, tokens_per_month, capacity_tokens_per_month)):
        raise ValueError(
            f"{cost_per_month:g} a month for {tokens_per_month:g} of {capacity_tokens_per_month:g} tokens is impossible"
        )
    load, full = (
        cost_per_month * 1e6 / tokens if tokens else None for tokens in (tokens_per_month, capacity_tokens_per_month)
    )
    return TokenCost(load, full)


def payback_months(plan_cash: Sequence[float] | Floats, base_cash: Sequence[float] | Floats) -> int | None:
    """Return the first month from which all that a plan has saved by then is at least all that it has cost more.

    ``min m: Σ_{t ≤ n} (base_t − plan_t) ≥ 0 for all n ≥ m``, nothing discounted [1].

    Args:
        plan_cash: cash out after 0, 1, 2, ... months.
        base_cash: of the plan to compare with, as long.

    Returns:
        The month; ``None`` if the sum ends below zero, or if the plan does not begin by spending more than the base,
        so that there is nothing to pay back.

    Raises:
        ValueError: flows of different lengths.
    """
    saved = _saved(plan_cash, base_cash)
    if not _invests(saved):
        return None
    total = saved.cumsum()
    below = np.flatnonzero(total < -NOTHING * np.abs(saved).max())
    return None if below[-1] == len(saved) - 1 else int(below[-1]) + 1


def irr(plan_cash: Sequence[float] | Floats, base_cash: Sequence[float] | Floats) -> float | None:
    """Return the internal rate of return of what a plan costs more at first and saves later, effective per year.

    The rate *r* at which ``Σ (base_t − plan_t) (1 + r)^(−t/12) = 0`` [1].

    Args:
        plan_cash: cash out after 0, 1, 2, ... months.
        base_cash: of the plan to compare with, as long.

    Returns:
        The rate as a share; ``None`` where there is none, where there are several, and where the plan does not begin
        by spending more than the base: the rate would then be that of a loan, and the lower the better.

    Raises:
        ValueError: flows of different lengths.
    """
    saved = _saved(plan_cash, base_cash)
    signs = np.sign(saved[saved != 0])
    changes = int((signs[1:] != signs[:-1]).sum())
    if not _invests(saved) or not changes:
        return None
    if changes == 1:
        # By Descartes' rule of signs there is exactly one.
        return _per_year(pyxirr.irr(saved.tolist(), silent=True))
    between = _brackets(saved)
    if len(between) != 1:
        return None
    low, high = between[0]
    found = pyxirr.irr(saved.tolist(), guess=(low + high) / 2 - 1, silent=True)
    return _per_year(found) if found is not None and low <= 1 + found <= high else None


def _saved(plan_cash: Sequence[float] | Floats, base_cash: Sequence[float] | Floats) -> Floats:
    """Return what the plan saves in each month, differences of rounding taken away."""
    plan, base = np.asarray(plan_cash, dtype=float), np.asarray(base_cash, dtype=float)
    if plan.shape != base.shape or plan.ndim != 1:
        raise ValueError(f"cash of {plan.shape} and {base.shape} months cannot be compared")
    size = max(np.abs(plan).max(initial=0.0), np.abs(base).max(initial=0.0))
    return np.where(np.abs(base - plan) > NOTHING * size, base - plan, 0.0)


def _invests(saved: Floats) -> bool:
    some = np.flatnonzero(saved)
    return bool(some.size) and bool(saved[some[0]] < 0)


def _brackets(saved: Floats) -> list[tuple[float, float]]:
    """Return the neighbours of the grid between which the value changes its sign."""
    value = (saved * GRID[:, None] ** -np.arange(len(saved), dtype=float)).sum(axis=1)
    growth, sign = GRID[value != 0], np.sign(value[value != 0])
    return [(float(growth[i]), float(growth[i + 1])) for i in np.flatnonzero(sign[1:] != sign[:-1])]


def _per_year(monthly: float | None) -> float | None:
    if monthly is None or not math.isfinite(monthly):
        return None
    return float((1 + monthly) ** 12 - 1)
