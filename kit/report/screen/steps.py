"""What a notebook says of costs and the decision beneath its pictures: how sure, what would change it, what is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kit.engagement.record import Place
from kit.pricing.pricebook import PriceBook
from kit.record import Basis
from kit.report.findings import PARTS, nearest, total
from kit.report.screen.walk import hour_name
from kit.report.words import BASES, alone, called, change, curve_name, day, listed, money, number, percent
from kit.strategy.reasons import how_far
from kit.strategy.verdict import Crossing, Verdict

HOURS_PER_MONTH = 730.5

_NEAR = 0.05
"""Plans that cost so little more, as a share, are near."""

_NAMED = 3
"""Parts of the cost that are named."""


def list_prices(prices: PriceBook) -> str:
    """Return how much dearer output is than input, and how far apart the models are."""
    if not prices.api:
        return "No API is on offer."
    out = [item.usd_per_mtok_output.value for item in prices.api]
    ratios = [
        item.usd_per_mtok_output.value / item.usd_per_mtok_input.value
        for item in prices.api
        if item.usd_per_mtok_input.value > 0
    ]
    apart = f" Between the cheapest and the dearest lie {number(max(out) / min(out))} times." if min(out) > 0 else ""
    if not ratios:
        return apart.strip()
    low, high = number(min(ratios)), number(max(ratios))
    return f"A token written costs {low if low == high else f'{low} to {high}'} times one that is read.{apart}"


def rent_or_buy(prices: PriceBook) -> str:
    """Return after how many months of rent around the clock an accelerator's price is paid."""
    months = {}
    for item in prices.purchases:
        rents = [one.usd_per_gpu_hour.value for one in prices.rentals if one.accelerator == item.accelerator]
        if rents and min(rents) > 0:
            months[item.accelerator] = item.usd_per_accelerator.value / min(rents) / HOURS_PER_MONTH
    if not months:
        return "Nothing is both for sale and for rent, so the two cannot be compared here."
    found = [f"{number(round(value))} months of {name}" for name, value in sorted(months.items(), key=lambda p: p[1])]
    return (
        f"At the lowest rent on demand, around the clock, a purchase price is as much as {listed(found)}. Server, "
        "power and people come on top of a purchase."
    )


def placed(verdict: Verdict) -> str:
    """Return the share of tokens and of cost that stays on machines."""
    whole = sum(one.million_tokens_per_day for one in verdict.placements)
    cost = sum(one.cost_per_month for one in verdict.placements)
    own = [one for one in verdict.placements if one.places[0] is not Place.API]
    if not own or len(own) == len(verdict.placements) or whole <= 0 or cost <= 0:
        return "The reasons are in the table: a rule where a rule decides, else the money."
    volume = percent(sum(one.million_tokens_per_day for one in own) / whole)
    paid = percent(sum(one.cost_per_month for one in own) / cost)
    return f"What runs on GPUs is {volume} of all tokens and {paid} of the cost."


def fullest(verdict: Verdict) -> str:
    """Return when the plan's machines come nearest to full, and how much the cloud takes."""
    week = verdict.week
    local = [own + rented for own, rented in zip(week.own, week.rented, strict=True)]
    whole = sum(local) + sum(week.api)
    if not any(local) or not any(week.capacity):
        hour = hour_name(_most(week.api))
        return f"In the fullest hour, {hour}, the cloud serves {number(max(week.api))} million tokens."
    used = [load / most if most else 0.0 for load, most in zip(local, week.capacity, strict=True)]
    cloud = (
        f"the cloud takes {percent(sum(week.api) / whole)} of all tokens" if any(week.api) else "the cloud takes none"
    )
    return f"Nearest to full they come on {hour_name(_most(used))}, at {percent(max(used))}; {cloud}."


def _most(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def crossings(verdict: Verdict) -> str:
    """Return where lines cross, and on which side of it today's volume lies."""
    curve = verdict.break_even
    said = []
    if curve.leaves_cloud_at is not None:
        where = "above" if curve.today >= curve.leaves_cloud_at else "below"
        said.append(
            f"Machines pay from {number(curve.leaves_cloud_at)} million tokens a day; today's {number(curve.today)} "
            f"lie {where} that."
        )
    if curve.crossings:
        first, *more = curve.crossings
        change = f"from {curve_name(verdict, first.below)} to {curve_name(verdict, first.above)}"
        again = f"; it changes {number(len(more))} times more up to {_volume(more[-1])} million" if more else ""
        said.append(
            f"Among the other plans the cheapest changes at {_volume(first)} million tokens a day, {change}{again}."
        )
    elif len(curve.cost_per_month) > 1 and curve.million_tokens_per_day:
        most = number(curve.million_tokens_per_day[-1])
        said.append(f"Among the other plans no lines cross up to {most} million tokens a day.")
    return " ".join(said) or "There is one plan only, so no lines cross."


def dearest_parts(verdict: Verdict) -> str:
    """Return the shares of the recommended plan's dearest parts."""
    plan = verdict.strategies[0]
    spent = {part: total(plan, part) for part in PARTS if total(plan, part) > 0}
    whole = sum(spent.values())
    if not whole:
        return "The plan spends nothing."
    dearest = sorted(spent, key=spent.__getitem__, reverse=True)[:_NAMED]
    shares = [f"{PARTS[part]} {percent(spent[part] / whole)}" for part in dearest]
    over = "a year" if verdict.horizon_years == 1 else f"{number(verdict.horizon_years)} years"
    order = " Savings are worth looking for in this order." if len(shares) > 1 else ""
    return f"Of what it spends over {over}, before any resale: {listed(shares)}.{order}"


def yearly_cash(verdict: Verdict) -> str:
    """Return what has to be found at the start, and what a year costs after that."""
    cash = verdict.strategies[0].cash
    totals = [sum(getattr(year, part) for part in PARTS) for year in cash]
    if len(totals) < 2:
        return "The record has no cash by year."
    first, later, currency = totals[0], totals[1:], verdict.currency
    low, high = money(min(later), currency), money(max(later), currency)
    years = f"every year after that {low}" if low == high else f"the years after that between {low} and {high}"
    start = (
        f"The budget has to hold {money(first, currency)} at the start"
        if first > 0
        else "Nothing falls due at the start"
    )
    return f"{start}; {years}, resale counted."


def others(verdict: Verdict) -> str:
    """Return how far the other plans are from the recommended one."""
    best, *rest = verdict.strategies
    if not rest or best.npv <= 0:
        return "There is no other plan to compare with."
    near = sum(abs(plan.npv / best.npv - 1) <= _NEAR for plan in rest)
    dearest = max(rest, key=lambda plan: plan.npv)
    more = percent(dearest.npv / best.npv - 1)
    return (
        f"{number(near)} of {number(len(rest))} other plans cost within {percent(_NEAR)} of it; the dearest, "
        f"{called(verdict, dearest)}, {more} more."
    )


def regret(verdict: Verdict) -> str:
    """Return what a mistake would cost."""
    best, currency = verdict.strategies[0], verdict.currency
    if alone(verdict):
        return "There is no other plan within the rules, so there is nothing to regret."
    if best.regret_p95 <= 1:
        return "In at least 95% of the futures no other plan would have been cheaper, so little can be regretted."
    return (
        f"In 95% of the futures it costs at most {money(best.regret_p95, currency)} more than the plan that would have "
        f"been the best there; {money(best.regret_mean, currency)} on average."
    )


def turning(verdict: Verdict) -> str:
    """Return which inputs could turn the verdict, and how far the nearest has to go."""
    first = nearest(verdict.drivers)
    if first is None or first.switches_at is None:
        return "No input has to be watched for its own sake; a change of the rules has."
    able = sum(one.switches_at is not None for one in verdict.drivers)
    above = first.switches_at > (0 if first.additive else 1)
    end = change(first, first.high if above else first.low)
    reach = "short of that" if how_far(first) > 1 else "beyond that"
    return (
        f"Of {number(len(verdict.drivers))} inputs varied {number(able)} can turn it at all. What is likely of the "
        f"nearest, {first.name}, ends at {end}, {reach} ({BASES[first.basis]})."
    )


def worth_knowing(verdict: Verdict) -> str:
    """Return how the figures are known, and which is most worth measuring."""
    counts = Counter(item.basis for item in verdict.inputs)
    kinds = [f"{number(counts[basis])} {BASES[basis]}" for basis in Basis if counts[basis]]
    said = f"The figures that entered: {listed(kinds)}."
    best = max(verdict.drivers, key=lambda one: one.worth_knowing, default=None)
    if best is None or best.worth_knowing <= 1:
        return f"{said} To know any of them exactly would not change the plan."
    worth = money(best.worth_knowing, verdict.currency)
    return f"{said} Most worth knowing exactly is {best.name}: {worth} at most."


def at_once(verdict: Verdict) -> str:
    """Return how many steps can begin at once, and when."""
    if not verdict.roadmap:
        return "Nothing has to be done."
    first = min(verdict.roadmap, key=lambda step: step.order)
    ready = sum(step.from_date <= first.from_date for step in verdict.roadmap)
    some = "All" if ready == len(verdict.roadmap) else f"{number(ready)} of {number(len(verdict.roadmap))}"
    return f"{some} steps can begin at once, on {day(first.from_date)}."


def next_look(verdict: Verdict) -> str:
    """Return until when the verdict holds, and whether a figure may end it earlier."""
    marked = any(trigger.factor is not None for trigger in verdict.triggers)
    earlier = ", or as soon as a figure above passes its mark" if marked else ""
    return f"Decide anew by {day(verdict.valid_until)}{earlier}."


def _volume(one: Crossing) -> str:
    return number(one.million_tokens_per_day)
