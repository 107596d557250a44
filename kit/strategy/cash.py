"""What a plan pays and when, by what it is for: every month of the horizon, nothing discounted.

Month 0 is today. Whatever is paid by the month falls due at its end; purchases fall due at the start of their phase,
the resale value at the end of the horizon. The present values of :func:`kit.strategy.costs.start_parts` are taken
apart again into those payments, so that the net present value of the cash is the cost of the plan.
"""

from __future__ import annotations

import math

import numpy as np

from kit.engagement.record import Place
from kit.pricing.ownership import present_value
from kit.strategy.choice import Choice, Solved
from kit.strategy.costs import PARTS, lasts, start_parts, worth
from kit.strategy.problem import WEEKS_PER_MONTH, Flags, Floats
from kit.strategy.verdict import YearCash

ITEMS = (*PARTS, "api", "move")
"""What a plan pays for; residual is money back and negative."""

ANYTHING = 1e-6
"""Share of a workload's requests in a phase below which it is not at a place: the solver's tolerance."""


def cash_by_year(choice: Choice, solved: Solved) -> tuple[YearCash, ...]:
    """Return the cash out by year, engagement's currency, not discounted.

    Row 0 is today: the purchases and the moves that the plan begins with. Row k = 1 ... N is the k-th year: what falls
    due at the end of months 12(k−1)+1 to 12k, and the purchases at the start of a phase that begins within it, the
    year's first day included. The resale value is in row N; the last year may be shorter than twelve months.

    Args:
        choice: the options, their prices and the phases of the horizon.
        solved: a plan of one kind.
    """
    flows = dated_cash(choice, solved)
    years = {item: _by_year(flow, at_start=item == "capex") for item, flow in flows.items()}
    count = math.ceil(choice.terms.months / 12)
    rows = [{item: float(flow[k]) for item, flow in years.items()} for k in range(count + 1)]
    return tuple(YearCash(year=k, **row, total=sum(row.values())) for k, row in enumerate(rows))


def monthly_cash(choice: Choice, solved: Solved) -> Floats:
    """Return the cash out by month, (months + 1,), engagement's currency, not discounted; index 0 is today.

    Its net present value at the discount rate of the terms is the cost of the plan.
    """
    return np.sum(list(dated_cash(choice, solved).values()), axis=0)  # type: ignore[no-any-return]


def depreciation_by_year(choice: Choice, solved: Solved) -> tuple[float, ...]:
    """Return what is written off in each year, in the rows of :func:`cash_by_year`, (N + 1,); it is no cash.

    Straight line: each purchase less its resale value, spread evenly over the months from the purchase to the end of
    the horizon.
    """
    written = np.zeros(choice.terms.months + 1)
    for p, z, number in _starts(solved):
        first = choice.phases[z].first_month
        bought, resale = _bought(choice, p, z)
        written[first + 1 :] += number * (bought - resale) / (choice.terms.months - first)
    return tuple(_by_year(written, at_start=False).tolist())


def dated_cash(choice: Choice, solved: Solved) -> dict[str, Floats]:
    """Return the cash out by month for each of :data:`ITEMS`, (months + 1,) each, index 0 is today."""
    flows = {item: np.zeros(choice.terms.months + 1) for item in ITEMS}
    _add_starts(flows, choice, solved)
    _add_hours(flows, choice, solved)
    for y, phase in enumerate(choice.phases):
        here = slice(phase.first_month + 1, phase.first_month + phase.months + 1)
        flows["staff"][here] += sum(choice.problem.staff_cost[place] for place in _places(choice, solved, y))
        price = np.nan_to_num(solved.problem.api_price[y])
        flows["api"][here] += WEEKS_PER_MONTH * (solved.plan.flow_api[y].sum(axis=2) * price).sum()
    flows["move"][0] = solved.problem.move_cost[_moved(solved)].sum()
    return flows


def _add_starts(flows: dict[str, Floats], choice: Choice, solved: Solved) -> None:
    """Add what replicas cost that stay for a time once begun."""
    months = worth(choice.phases, choice.terms)
    for p, z, number in _starts(solved):
        pool, first = choice.pools[p], choice.phases[z].first_month
        parts = start_parts(pool, choice.terms, choice.phases)
        stay = slice(z, z + lasts(pool, choice.phases))
        last = choice.phases[stay][-1]
        bought, resale = _bought(choice, p, z)
        flows["capex"][first] += number * bought
        flows["residual"][-1] -= number * resale
        for item in ("maintenance", "energy_and_space", "staff", "rent"):
            paid = number * parts[item][z] / months[stay].sum()
            flows[item][first + 1 : last.first_month + last.months + 1] += paid


def _add_hours(flows: dict[str, Floats], choice: Choice, solved: Solved) -> None:
    """Add the rent of replicas that are had by the hour: of those that are on in the mean of the week."""
    months = worth(choice.phases, choice.terms)
    for p in np.flatnonzero(choice.problem.by_hour & solved.plan.used):
        always = start_parts(choice.pools[p], choice.terms, choice.phases)["rent"] / months
        for y, phase in enumerate(choice.phases):
            here = slice(phase.first_month + 1, phase.first_month + phase.months + 1)
            flows["rent"][here] += always[y] * solved.plan.running[y, p].mean()


def _starts(solved: Solved) -> list[tuple[int, int, int]]:
    """Return pool, phase and number of the replicas that are begun."""
    starts = solved.plan.starts
    return [(int(p), int(z), int(starts[p, z])) for p, z in np.argwhere(starts > 0)]


def _bought(choice: Choice, p: int, z: int) -> tuple[float, float]:
    """Return the price of one replica begun in a phase and what it is resold for, not discounted."""
    rate, terms = choice.terms.discount_rate.value, choice.terms
    parts = start_parts(choice.pools[p], terms, choice.phases)
    start = present_value(1.0, rate_per_year=rate, months=choice.phases[z].first_month)
    end = present_value(1.0, rate_per_year=rate, months=terms.months)
    return float(parts["capex"][z] / start), float(-parts["residual"][z] / end)


def _places(choice: Choice, solved: Solved, y: int) -> set[Place]:
    """Return the kinds of place that are used in a phase."""
    on = solved.plan.running[y].any(axis=1)
    places = {pool.place for p, pool in enumerate(choice.pools) if on[p]}
    share = _share(solved.plan.flow_api[y].sum(axis=(1, 2)), solved.problem.requests[y].sum(axis=1))
    return places | ({Place.API} if (share > ANYTHING).any() else set())


def _moved(solved: Solved) -> Flags:
    """Return whether anything of a workload goes to a pool in any phase, (W,)."""
    share = _share(solved.plan.flow_pool.sum(axis=(2, 3)), solved.problem.requests.sum(axis=2))
    moved: Flags = np.asarray((share > ANYTHING).any(axis=0), dtype=bool)
    return moved


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _by_year(flow: Floats, *, at_start: bool) -> Floats:
    """Return a flow's sums by row of the years, (N + 1,): by the end of its months, or by their start."""
    month = np.arange(len(flow))
    row = np.where(month > 0, month // 12 + 1, 0) if at_start else -(-month // 12)
    count = math.ceil((len(flow) - 1) / 12) + 1
    return np.bincount(row, weights=flow, minlength=count)[:count].astype(np.float64)
