"""Risks of what the plan buys: prices that are old or disputed, a supplier of most of it, models that go away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kit.figures import decimal, listed, percent
from kit.pricing.age import OLD_DAYS, age_days
from kit.strategy.ageing import stale
from kit.strategy.board import Case
from kit.strategy.board.procured import api_parts, pool_parts
from kit.strategy.dossier import Risk
from kit.strategy.options import by_batch, listed_price
from kit.strategy.problem import WEEKS_PER_MONTH
from kit.strategy.terms import usd_in_currency
from kit.strategy.uncertainty import SPREAD
from kit.strategy.verdict import Input
from kit.wording import fixed, say

MOST, HALF = 0.8, 0.5
"""Shares of the plan's cost from which one supplier is a high and a medium risk. Judgement."""
RISE = 0.2
"""How much higher bills are by which a supplier's hold is priced. Judgement."""
VERY_OLD_DAYS = 365
"""Age from which a price is more likely to have changed than not. Judgement."""


def supplies(case: Case) -> Iterator[Risk]:
    """Yield the risks of what the plan buys whose cause is in this case."""
    yield from _old_prices(case)
    yield from _disputes(case)
    yield from _one_supplier(case)
    yield from _withdrawn(case)


def _paid(case: Case) -> list[tuple[Input, float]]:
    """Return the list prices that the plan pays, each with what it pays by it, NPV."""
    by_key = {item.key: item for item in case.verdict.inputs}
    found = []
    for part, row in zip(pool_parts(case), case.verdict.pools, strict=True):
        pool = case.choice.pools[part.number]
        item = by_key.get(pool.price_key)
        paid = row.capex if row.capex else row.cost_per_month * case.choice.months
        if item is not None:
            found.append((item, paid))
    for part in api_parts(case):
        api = case.choice.apis[part.number]
        item = by_key.get(f"prices.{api.offer.provider}.{api.offer.model}.input")
        if item is not None:
            found.append((item, _api_npv(case, part.number)))
    return found


def _api_npv(case: Case, a: int) -> float:
    """Return what the plan pays an API over the horizon, NPV."""
    problem, calls = case.best.problem, case.best.plan.flow_api[:, :, a].sum(axis=2)
    bill = (calls * np.nan_to_num(problem.api_price[:, :, a])).sum(axis=1) * WEEKS_PER_MONTH
    return float(bill @ problem.months)


def _old_prices(case: Case) -> Iterator[Risk]:
    today = case.verdict.date
    for item, paid in _paid(case):
        if not stale(item, today, days=OLD_DAYS):
            continue
        age, spread = age_days(item.date, today), SPREAD[item.basis]
        yield Risk(
            key=f"old price.{item.key}",
            risk=say("A price has risen since it was printed: {price}.", price=item.label),
            likelihood="high" if age > VERY_OLD_DAYS else "medium" if age > 2 * OLD_DAYS else "low",
            why=say(
                "It is {age} days old; above {high} days is high, above {medium} medium, above {low} low. The cost is "
                "that of a price higher by {spread}, the spread of a {basis} one.",
                age=decimal(age),
                high=decimal(VERY_OLD_DAYS),
                medium=decimal(2 * OLD_DAYS),
                low=decimal(OLD_DAYS),
                spread=percent(spread),
                basis=item.basis.value,
            ),
            cost=paid * spread,
            response=fixed("Ask for a new price before signing, and decide again if it is higher."),
            owner="consultant",
            trigger=fixed("the supplier's quote"),
        )


def _disputes(case: Case) -> Iterator[Risk]:
    """Yield the prices that the plan pays and that a second list has higher, with what that list would make of it."""
    found: dict[str, float] = {}
    for part in api_parts(case):
        for w in part.workloads:
            for name, extra in _extra(case, part.number, w):
                found[name] = found.get(name, 0.0) + extra
    if found:
        yield Risk(
            key="disputed prices",
            risk=say("A second price list is right, and it is dearer: {prices}.", prices=listed(list(found))),
            likelihood="medium",
            why=fixed("Two lists disagree and nothing says which is right: medium."),
            cost=sum(found.values()),
            response=fixed("Ask the provider which price holds."),
            owner="consultant",
            trigger=fixed("the provider's first bill"),
        )


def _extra(case: Case, a: int, w: int) -> Iterator[tuple[str, float]]:
    """Yield what a workload would pay more at an API by the second list, NPV."""
    choice, item, api = case.choice, case.choice.demand.workloads[w], case.choice.apis[a]
    cached = item.cached_tokens.value
    tokens = {
        "usd_per_mtok_input": item.prompt_tokens.value - cached,
        "usd_per_mtok_cached": cached,
        "usd_per_mtok_output": item.output_tokens.value,
    }
    price = case.best.problem.api_price[:, w, a]
    in_batch = by_batch(listed_price(api.offer, case.prices), choice.workloads[w], item)
    calls = case.best.plan.flow_api[:, w, a].sum(axis=1) * WEEKS_PER_MONTH
    requests = float(calls * (price / price[0]) @ case.best.problem.months)
    for dispute in case.prices.disputes:
        here = (dispute.provider, dispute.model) == api.offer.listed_as
        if here and dispute.concerns(item.prompt_tokens.value, batch=in_batch) and dispute.theirs > dispute.ours:
            usd = (dispute.theirs - dispute.ours) * tokens[dispute.price] / 1e6
            yield (
                say("{api}: {price}", api=api.label, price=dispute.what),
                usd * usd_in_currency(choice.engagement) * requests,
            )


def _one_supplier(case: Case) -> Iterator[Risk]:
    """Yield the supplier that gets more than half of the plan's cost, rents and bills together."""
    paid: dict[str, float] = {}
    for part, row in zip(pool_parts(case), case.verdict.pools, strict=True):
        if (provider := case.choice.pools[part.number].offer.provider) is not None:
            paid[provider] = paid.get(provider, 0.0) + row.cost_per_month * case.choice.months
    for part in api_parts(case):
        provider = case.choice.apis[part.number].offer.provider
        paid[provider] = paid.get(provider, 0.0) + _api_npv(case, part.number)
    for provider, amount in paid.items():
        share = amount / case.best.plan.cost if case.best.plan.cost else 0.0
        if share > HALF:
            yield Risk(
                key=f"one supplier.{provider}",
                risk=say(
                    "The supplier {provider} raises its prices, changes its terms or fails: it gets {share} of all "
                    "cost.",
                    provider=provider,
                    share=_beside(share),
                ),
                likelihood="high" if share > MOST else "medium",
                why=say(
                    "Above {high} of the cost is high, above {low} medium. The cost is that of its bills {rise} higher "
                    "over the horizon.",
                    high=percent(MOST),
                    low=percent(HALF),
                    rise=percent(RISE),
                ),
                cost=RISE * amount,
                response=fixed("Keep a second supplier qualified, and the requests in a form that both understand."),
                owner="client",
                trigger=fixed("a notice of new prices or terms"),
            )


def _beside(share: float) -> str:
    """Return a share as a percentage, with a decimal where it would read as one of the limits and is not."""
    if percent(share) not in (percent(MOST), percent(HALF)):
        return percent(share)
    digits = next(n for n in (1, 2, 3, 4) if n == 4 or round(100 * share, n) not in (100 * MOST, 100 * HALF))
    return say("{share}%", share=decimal(100 * share, digits))


def _withdrawn(case: Case) -> Iterator[Risk]:
    """Yield the APIs' models: nothing in the record says until when they are on offer."""
    labels, extra = [], 0.0
    known = True
    for part in api_parts(case):
        labels.append(part.label)
        for w in part.workloads:
            more = _next_dearer(case, part.number, w)
            known, extra = known and more is not None, extra + (more or 0.0)
    if labels:
        years = case.verdict.horizon_years
        yield Risk(
            key="withdrawn models",
            risk=say("The provider withdraws a model that the plan calls: {models}.", models=listed(labels)),
            likelihood="medium" if years > 1 else "low",
            why=fixed("No last day of any of them is known; over a horizon of more than a year medium, else low."),
            cost=max(extra, 0.0) if known else None,
            response=fixed("Keep test cases, and prove the next model before it is needed."),
            owner="client",
            trigger=fixed("the provider's notice"),
        )


def _next_dearer(case: Case, a: int, w: int) -> float | None:
    """Return what the next permitted API of a workload costs more over the horizon, NPV; ``None`` without one."""
    price = case.choice.problem.api_price[:, w]
    others = np.delete(price, a, axis=1)
    if np.isnan(others).all():
        return None
    calls = case.best.plan.flow_api[:, w, a].sum(axis=1) * WEEKS_PER_MONTH
    return float((calls * (np.nanmin(others, axis=1) - price[:, a])) @ case.choice.problem.months)
