"""The plans that are compared: rows of the verdict, and which of them is recommended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kit.strategy import reasons
from kit.strategy.cash import cash_by_year, depreciation_by_year, monthly_cash
from kit.strategy.choice import LABELS, Choice, Solved
from kit.strategy.information import evppi_by_driver
from kit.strategy.problem import WEEKS_PER_MONTH, Floats
from kit.strategy.returns import irr, payback_months
from kit.strategy.rivals import SAME
from kit.strategy.totals import cash_parts
from kit.strategy.uncertainty import Futures, certainty, drivers, recommend, sample
from kit.strategy.verdict import Certainty, Driver, Strategy, StrategyKind


@dataclass(frozen=True)
class Assessed:
    """The plans in the order in which they are shown, the recommended one first.

    Attributes:
        solved: the plans.
        futures: what they cost in the sampled futures.
        drivers: the uncertain inputs, the most influential first.
        certainty: how sure the first plan is.
    """

    solved: tuple[Solved, ...]
    futures: Futures
    drivers: tuple[Driver, ...]
    certainty: Certainty


def assess(choice: Choice, solved: Sequence[Solved], *, on_step: Callable[[], None] | None = None) -> Assessed:
    """Price the plans in many futures and choose: the least expected cost whose regret the client accepts.

    What the client does today is priced, but recommended only under another name: it may break rules.

    Args:
        choice: the options.
        solved: the plans.
        on_step: called after each plan.

    Raises:
        PlanError: no plan keeps to the rules.
    """
    candidates = [i for i, plan in enumerate(solved) if plan.kind is not StrategyKind.TODAY]
    futures = sample(choice, solved, candidates=candidates, on_step=on_step)
    cost = np.array([plan.plan.cost for plan in solved])
    accepted = choice.terms.regret_share.value
    first = recommend(futures.expected, futures.regret_p95, cost, accepted, candidates=candidates)
    # A plan that is the same under another name goes by the first name.
    first = min(i for i in candidates if np.allclose(futures.npv[i], futures.npv[first], rtol=SAME))
    order = [first, *(i for i in range(len(solved)) if i != first)]
    futures = replace(
        futures,
        npv=futures.npv[order],
        grown=futures.grown[order],
        candidates=tuple(order.index(i) for i in candidates),
        alike=tuple(order.index(futures.alike[i]) for i in order),
    )
    plans = tuple(solved[i] for i in order)
    known = {one.spec.name: one.evppi for one in evppi_by_driver(futures)}
    found = drivers(choice, plans, candidates=futures.candidates)
    return Assessed(
        solved=plans,
        futures=futures,
        drivers=tuple(driver.model_copy(update={"worth_knowing": known[driver.name]}) for driver in found),
        certainty=certainty(futures, plans[0].plan.cost),
    )


def strategies_of(choice: Choice, plans: Sequence[Solved], futures: Futures) -> tuple[Strategy, ...]:
    """Return a row for each plan.

    Args:
        choice: the options.
        plans: the recommended one first.
        futures: the costs of the same plans, in the same order.
    """
    base = next((plan for plan in plans if plan.kind is StrategyKind.CLOUD), None)
    base_cash = None if base is None else monthly_cash(choice, base)
    return tuple(_strategy(choice, plan, futures, i, base_cash) for i, plan in enumerate(plans))


def _strategy(choice: Choice, solved: Solved, futures: Futures, i: int, base_cash: Floats | None) -> Strategy:
    cash, npv, months = cash_by_year(choice, solved), futures.npv[i], monthly_cash(choice, solved)
    cap = choice.problem.caps.cost
    bought = purchases_by_phase(solved)
    return Strategy(
        kind=solved.kind,
        label=reasons.strategy_label(solved.kind, LABELS[solved.kind], solved.exceptions),
        exceptions=solved.exceptions,
        breaks=solved.breaks,
        cost_per_month=solved.plan.cost / choice.months,
        npv=solved.plan.cost,
        capex=float(bought[0]),
        capex_later=float(bought[1:].sum()),
        payback_months=None if base_cash is None else payback_months(months, base_cash),
        extra_at_start=None if base_cash is None else float(months[0] - base_cash[0]),
        irr=None if base_cash is None else irr(months, base_cash),
        co2_tonnes_per_year=co2(solved),
        gap=solved.plan.gap,
        cash=cash,
        tco=sum(year.total or 0.0 for year in cash),
        tco_parts=cash_parts(cash),
        depreciation=depreciation_by_year(choice, solved),
        npv_mean=float(npv.mean()),
        npv_p10=float(np.percentile(npv, 10)),
        npv_p50=float(np.percentile(npv, 50)),
        npv_p90=float(np.percentile(npv, 90)),
        p_cheapest=float(futures.p_cheapest[i]),
        p_within_budget=float((npv <= cap).mean()) if np.isfinite(cap) else None,
        regret_mean=float(futures.regret[i].mean()),
        regret_p95=float(np.percentile(futures.regret[i], 95)),
    )


def purchases_by_phase(solved: Solved) -> Floats:
    """Return what a plan buys at the start of each phase, engagement's currency, not discounted, (Y,)."""
    if solved.problem.capex is None:
        return np.zeros(solved.plan.starts.shape[1])
    bought: Floats = (solved.plan.starts * solved.problem.capex).sum(axis=0)
    return bought


def co2(solved: Solved) -> float:
    """Return the tonnes of CO₂ of a plan in its first year, machines that are on and requests at APIs."""
    plan, problem = solved.plan, solved.problem
    found = 0.0
    if problem.pool_co2 is not None:
        found += float(plan.running[0].mean(axis=1) @ problem.pool_co2)
    if problem.api_co2 is not None:
        found += float((plan.flow_api[0].sum(axis=2) * problem.api_co2).sum() * WEEKS_PER_MONTH * 12)
    return found
