"""How the main figures of a verdict follow from its inputs, each as a formula that can be evaluated.

A figure is retraced through figures of its own down to inputs, and to constants where the plan itself is the reason:
how many replicas there are and what they serve is what the programme found, and no formula says why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kit.engagement.record import Place
from kit.pricing.pricebook import PriceBook
from kit.strategy.answers import Derivation
from kit.strategy.cash import ANYTHING
from kit.strategy.choice import Choice, Solved
from kit.strategy.derive_machines import peak, pool, replica_seconds
from kit.strategy.derive_volumes import bills, cloud, volumes
from kit.strategy.derive_years import MONTHS, Case, constant, flows_of, horizon, months_between, summed
from kit.strategy.inputs import inputs
from kit.strategy.ledger import Ledger
from kit.strategy.verdict import Placement, Pool, Strategy, StrategyKind, YearCash


def derive(
    choice: Choice,
    solved: Solved,
    *,
    prices: PriceBook,
    placements: Sequence[Placement],
    pools: Sequence[Pool],
    strategies: Sequence[Strategy],
    against: StrategyKind | None = None,
) -> tuple[Derivation, ...]:
    """Return how the main figures follow from the inputs; nothing is solved for it.

    The keys are those of the verdict where it has the figure: ``placements.WORKLOAD.NAME``, ``pools.POOL.NAME`` (see
    :func:`pool_keys`), ``strategies.KIND.NAME`` and ``saving_npv``; beside them stand ``horizon``, ``workloads``,
    ``apis``, ``people`` and ``moves``. A figure comes after those from which it follows. Years are counted from 1.

    Args:
        choice: every workload against every option.
        solved: the recommended plan.
        prices: the price book.
        placements: rows of the verdict for that plan.
        pools: likewise.
        strategies: rows of the verdict, the recommended plan first.
        against: the plan against which the saving is counted; ``None`` where there is no other way.
    """
    case = Case(choice, solved, prices, Ledger(inputs(choice, prices)))
    horizon(case)
    for w, placement in enumerate(placements):
        volumes(case, w)
        cloud(case, w, placement)
    parts: list[tuple[str, str]] = []
    keys = pool_keys(pools)
    for p, key, row in zip(np.flatnonzero(solved.plan.used), keys, pools, strict=True):
        for member in np.flatnonzero(flows_of(solved)[0][:, :, p].sum(axis=0) > 0):
            replica_seconds(case, int(member), int(p), key)
        parts.append(("pool", pool(case, int(p), key, row)))
    for w, placement in enumerate(placements):
        peak(case, w, placement, keys)
    parts += [("people", key) for key in _people(case)]
    parts += [("bill", key) for key in bills(case)]
    parts += [("moves", key) for key in _moves(case)]
    _strategies(case, strategies, parts, keys, against)
    for placement in placements:
        _part_of_plan(case, placement, strategies[0], alone=len(placements) == 1)
    return tuple(case.ledger.rows.values())


def pool_keys(pools: Sequence[Pool]) -> list[str]:
    """Return the key under which each pool's figures stand: its label, and where that is not enough its profile."""
    labels = [pool.label for pool in pools]
    return [
        f"pools.{pool.label}"
        if labels.count(pool.label) == 1
        else f"pools.{pool.label}, {pool.profile}, {pool.concurrency or 'all it takes'} in flight"
        for pool in pools
    ]


def _people(case: Case) -> list[str]:
    """Enter what people cost at each kind of place that the plan uses, and return the keys."""
    choice, ledger = case.choice, case.ledger
    fte = {
        Place.OWN: choice.terms.staff_fte_own,
        Place.RENTED: choice.terms.staff_fte_rented,
        Place.API: choice.terms.staff_fte_api,
    }
    keys = []
    for place, figure in fte.items():
        years = [y for y in range(case.years) if _in_use(case, place, y)]
        if not years or not choice.problem.staff_cost[place]:
            continue
        terms = [
            ledger.stated("fte", f"staff_fte_{place}", figure.value),
            ledger.stated("salary", "staff_cost_per_year", choice.terms.staff_cost_per_year.value),
        ]
        formula, label = (
            "fte * salary / 12",
            f"people for {'cloud APIs' if place is Place.API else f'{place} machines'}",
        )
        link = choice.terms.network_cost_per_month.value
        if place is Place.RENTED and link:
            terms.append(ledger.stated("link", "network_cost_per_month", link))
            formula, label = f"{formula} + link", f"{label}, and the site's link"
        key = f"people.{place}"
        ledger.add(key, label, case.monthly, formula, terms, value=float(choice.problem.staff_cost[place]))
        if len(years) < case.years:
            weights = [ledger.derived(f"m{y + 1}", months_between(case, y, y + 1)) for y in years]
            terms = [ledger.derived("people", key), *weights, ledger.derived("m", MONTHS)]
            key, label = f"{key}.mean", f"{label}, mean of the horizon: in {_listed_years(years)} only"
            ledger.add(key, label, case.monthly, f"people * ({summed(weights)}) / m", terms)
        keys.append(key)
    return keys


def _listed_years(years: Sequence[int]) -> str:
    return f"year{'s' if len(years) > 1 else ''} {', '.join(str(y + 1) for y in years)}"


def _in_use(case: Case, place: Place, y: int) -> bool:
    plan, problem = case.solved.plan, case.solved.problem
    if place is not Place.API:
        on = plan.running[y].any(axis=1)
        return any(pool.place is place and on[p] for p, pool in enumerate(case.choice.pools))
    sent, total = plan.flow_api[y].sum(axis=(1, 2)), problem.requests[y].sum(axis=1)
    return bool((sent > ANYTHING * total).any())


def _moves(case: Case) -> list[str]:
    """Enter what the moves cost, spread over the horizon, and return the keys."""
    choice, ledger, problem = case.choice, case.ledger, case.solved.problem
    sent, total = flows_of(case.solved)[0].sum(axis=2), problem.requests.sum(axis=2)
    moved = (sent > ANYTHING * total).any(axis=0) & (problem.move_cost > 0)
    if not moved.any():
        return []
    listed = ", ".join(choice.workloads[w].name for w in np.flatnonzero(moved))
    one = ledger.add(
        "moves.each",
        "moving one workload from an API to machines that the client runs",
        case.currency,
        "weeks / (365.25 / 7) * salary",
        [
            ledger.stated("weeks", "migration_weeks_own", choice.terms.migration_weeks_own.value),
            ledger.stated("salary", "staff_cost_per_year", choice.terms.staff_cost_per_year.value),
        ],
        value=float(problem.move_cost[moved].max()),
    )
    number = constant("n", f"workloads that the plan moves: {listed}", moved.sum(), "workloads")
    terms = [number, ledger.derived("each", one), ledger.derived("m", MONTHS)]
    label = "moves, once at the start, spread over the horizon"
    return [ledger.add("moves.cost_per_month", label, case.monthly, "n * each / m", terms)]


def _strategies(
    case: Case,
    strategies: Sequence[Strategy],
    parts: Sequence[tuple[str, str]],
    pools: Sequence[str],
    against: StrategyKind | None,
) -> None:
    """Enter cost, net present value and saving of the plans, the recommended one in full."""
    ledger, first = case.ledger, strategies[0]
    counts: dict[str, int] = {}
    terms = []
    for symbol, key in parts:
        counts[symbol] = counts.get(symbol, 0) + 1
        alone = sum(other == symbol for other, _ in parts) == 1
        terms.append(ledger.derived(symbol if alone else f"{symbol}{counts[symbol]}", key))
    month = ledger.add(
        f"strategies.{first.kind}.cost_per_month",
        f"{first.label}: cost per month, levelised",
        case.monthly,
        summed(terms),
        terms,
        value=first.cost_per_month,
    )
    best = ledger.add(
        f"strategies.{first.kind}.npv",
        f"{first.label}: net present value of all cash out over the horizon",
        case.currency,
        "cost * m",
        [ledger.derived("cost", month), ledger.derived("m", MONTHS)],
        value=first.npv,
    )
    paid = [key for pool in pools if (key := f"{pool}.capex_at_start") in ledger.rows]
    bought = [ledger.derived(f"buy{i}" if paid[1:] else "buy", key) for i, key in enumerate(paid, start=1)]
    if bought:
        label = f"{first.label}: purchases at the start"
        key = f"strategies.{first.kind}.capex"
        ledger.add(key, label, case.currency, summed(bought), bought, value=first.capex)
    for row in strategies[1:]:
        terms = [
            constant("npv", f"{row.label}: net present value of its own plan", row.npv, case.currency),
            ledger.derived("m", MONTHS),
        ]
        key, label = f"strategies.{row.kind}.cost_per_month", f"{row.label}: cost per month, levelised"
        note = "Only the recommended plan is retraced part by part."
        ledger.add(key, label, case.monthly, "npv / m", terms, value=row.cost_per_month, note=note)
    _payback(case, strategies)
    _saving(case, strategies, best, against)


def _saving(case: Case, strategies: Sequence[Strategy], best: str, against: StrategyKind | None) -> None:
    """Enter what the recommended plan saves against the best plan that is another way."""
    first = strategies[0]
    if against is None:
        return
    other = next(row for row in strategies if row.kind is against)
    label = f"{other.label}: net present value of its own plan"
    terms = [constant("other", label, other.npv, case.currency), case.ledger.derived("best", best)]
    case.ledger.add(
        "saving_npv",
        f"what {first.label} saves against {other.label}, net present value",
        case.currency,
        "other - best",
        terms,
    )


def _payback(case: Case, strategies: Sequence[Strategy]) -> None:
    """Enter the month in which the recommended plan has paid itself back against the cloud plan, from yearly cash."""
    first = strategies[0]
    base = next((row for row in strategies if row.kind is StrategyKind.CLOUD), None)
    if base is None or first.payback_months is None:
        return
    saved = [_out(theirs) - _out(ours) for theirs, ours in zip(base.cash, first.cash, strict=True)]
    year = next((k for k in range(1, len(saved)) if 12 * k >= first.payback_months), len(saved) - 1)
    months = min(12, case.choice.terms.months - 12 * (year - 1))
    # The resale value comes back on the last day, when it is too late to pay anything back within the horizon.
    lasting = saved[year] - (base.cash[year].residual - first.cash[year].residual)
    currency, label = case.currency, f"what it saves against {base.label} in the year after, resale left out"
    terms = [
        constant("short", f"what the plan has cost more than {base.label} until then", -sum(saved[:year]), currency),
        constant("saved", label, lasting, f"{currency} a year"),
    ]
    case.ledger.add(
        f"strategies.{first.kind}.payback_months",
        f"{first.label}: months until it has paid itself back against {base.label}, nothing discounted",
        "months",
        f"{12 * (year - 1)} + ceil(short / (saved / {months}))",
        terms,
        value=first.payback_months,
    )


def _out(row: YearCash) -> float:
    """Return all cash out of a year."""
    return float(sum(row.model_dump(exclude={"year"}).values()))


def _part_of_plan(case: Case, placement: Placement, first: Strategy, *, alone: bool) -> None:
    """Enter a workload's part of the plan's cost."""
    key, label = f"placements.{placement.workload}.cost_per_month", f"{placement.workload}: its part of the plan's cost"
    if alone:
        term = case.ledger.derived("cost", f"strategies.{first.kind}.cost_per_month")
        case.ledger.add(key, label, case.monthly, "cost", [term], value=placement.cost_per_month)
        return
    note = (
        "Workloads share replicas and people. Each pays what the plan would save without it, and of the rest a part in "
        "proportion to what it gains by sharing: its cost alone, less what the plan would save. So nobody pays more "
        "than alone, and the parts add up to the plan. The plans without it and for it alone are not kept here."
    )
    term = constant("x", "as the plan is split", placement.cost_per_month, case.monthly)
    case.ledger.add(key, label, case.monthly, "x", [term], note=note)
