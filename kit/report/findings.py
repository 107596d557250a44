"""What each picture of a verdict shows, in one sentence; every figure in it is one of the record's."""

from __future__ import annotations

from collections.abc import Sequence

from kit.engagement.record import Place
from kit.record import Basis
from kit.report.lettering import shorten
from kit.report.words import CERTAINTIES, called, curve_name, money, months, number, percent
from kit.strategy.reasons import count, how_far, turns_at
from kit.strategy.verdict import Driver, MeasuredPoint, Strategy, Verdict
from kit.wording import fixed, retell, say

FULL = 0.98
"""Share of its capacity from which an hour counts as full."""

_CLOSE = 0.005
"""Plans that cost within half a per cent of each other count as equal."""


def brief(name: str) -> str:
    """Return a name from the record for a title, cut where it would fill the title by itself."""
    return shorten(retell(name), 260, 10.5, bold=True)


def week_finding(verdict: Verdict) -> str:
    """Return who carries the typical week."""
    week, pools = verdict.week, verdict.pools
    if not any(week.own) and not any(week.rented):
        return say("The cloud carries the whole week")
    both = any(week.own) and any(week.rented)
    machines = say("Own and rented GPUs") if both else say("Own GPUs") if any(week.own) else say("Rented GPUs")
    cloud = any(week.api)
    if len(pools) != 1 or week.use is None:
        if cloud:
            return say("{machines} carry the base; the cloud takes the rest", machines=machines)
        return say("{machines} carry the base; nothing goes to the cloud", machines=machines)
    return _one_pool(verdict, machines, use=week.use, cloud=cloud)


def _one_pool(verdict: Verdict, machines: str, *, use: float, cloud: bool) -> str:
    """Return how the only pool is used in the first year, and whether the cloud takes anything."""
    values = {"machines": machines, "share": percent(use)}
    if any(_full_hours(verdict)):
        if cloud:
            return say(
                "{machines} are full at the peak and {share} used in the first year; the cloud takes the rest", **values
            )
        return say(
            "{machines} are full at the peak and {share} used in the first year; nothing goes to the cloud", **values
        )
    if cloud:
        return say("{machines} are {share} used in the first year and never full; the cloud takes the rest", **values)
    return say("{machines} are {share} used in the first year and never full; nothing goes to the cloud", **values)


def _full_hours(verdict: Verdict) -> list[bool]:
    """Return for each hour of the week whether the machines are full."""
    week = verdict.week
    local = (own + rented for own, rented in zip(week.own, week.rented, strict=True))
    return [load >= FULL * most > 0 for load, most in zip(local, week.capacity, strict=True)]


def hours_finding(verdict: Verdict) -> str:
    """Return in how many hours the GPUs are full and the cloud works, in words."""
    week = verdict.week
    if not any(week.own) and not any(week.rented):
        return say("The cloud carries every hour of the week")
    if not any(week.api):
        return say(
            "The GPUs carry every hour of the week and are full in {hours}",
            hours=_share_of_hours(_full_hours(verdict)),
        )
    return say(
        "The GPUs are full in {hours} of the week; the cloud works in {cloud}",
        hours=_share_of_hours(_full_hours(verdict)),
        cloud=_share_of_hours([load > 0 for load in week.api]),
    )


def _share_of_hours(hours: Sequence[bool]) -> str:
    """Return a share of the hours in words, to stand after "in"."""
    bounds = (
        (0.0, fixed("no hour")),
        (0.2, fixed("a few hours")),
        (0.4, fixed("less than half of the hours")),
        (0.6, fixed("about half of the hours")),
        (0.999, fixed("most hours")),
        (1.0, fixed("every hour")),
    )
    share = sum(hours) / len(hours)
    return next(words for most, words in bounds if share <= most)


def volume_finding(verdict: Verdict) -> str:
    """Return which plan is cheapest along the volume, and which is the next best."""
    curve = verdict.break_even
    best = verdict.strategies[0].kind
    name = curve_name(verdict, best)
    ours = curve.cost_per_month.get(best)
    if ours is None:
        return say("What the plans cost as the volume grows")
    others = [costs for kind, costs in curve.cost_per_month.items() if kind is not best]
    beaten = [
        volume
        for i, volume in enumerate(curve.million_tokens_per_day)
        if any(costs[i] < ours[i] * (1 - _CLOSE) for costs in others)
    ]
    if not others:
        return say("What the plan costs as the volume grows")
    if not any(verdict.week.own) and not any(verdict.week.rented) and curve.leaves_cloud_at is not None:
        volume = number(curve.leaves_cloud_at)
        return say(
            "The cloud alone is cheapest up to {volume} million tokens a day in today's volumes, growth on top",
            volume=volume,
        )
    if not beaten:
        return _never_beaten(verdict, name)
    if beaten[0] < curve.today:
        return say(
            "{plan} is cheapest today, another plan below {volume} million tokens a day",
            plan=name,
            volume=number(max(v for v in beaten if v < curve.today)),
        )
    return say(
        "{plan} is cheapest today, another plan from {volume} million tokens a day",
        plan=name,
        volume=number(beaten[0]),
    )


def _never_beaten(verdict: Verdict, name: str) -> str:
    """Return that no plan is cheaper at any volume, and which is the next best at low ones."""
    first = next(iter(verdict.break_even.crossings), None)
    if first is None:
        return say("{plan} is never beaten on cost", plan=name)
    return say(
        "{plan} is never beaten on cost; next best is {next} up to {volume} million tokens a day",
        plan=name,
        next=curve_name(verdict, first.below),
        volume=number(first.million_tokens_per_day),
    )


def plans_finding(verdict: Verdict) -> str:
    """Return how the plans compare, chance included."""
    best, *rest = verdict.strategies
    within = [plan for plan in rest if not plan.breaks]
    others = [plan for plan in within if abs(plan.npv - best.npv) > _CLOSE * abs(best.npv)]
    same = [plan for plan in within if plan not in others]
    name, cost = called(verdict, best), money(best.npv, verdict.currency)
    if not others:
        return say("{plan} costs {cost}; within the rules no other plan differs from it", plan=name, cost=cost)
    other = min(others, key=lambda plan: plan.npv)
    if same:
        return _shared(verdict, same, others)
    if all(best.npv_p90 < plan.npv_p10 for plan in others):
        return say(
            "{plan} costs {cost}; even a bad future of it is cheaper than a good one of any other plan",
            plan=name,
            cost=cost,
        )
    return say(
        "{plan} costs {cost}, the next plan {other}; the ranges overlap, yet it is cheapest in {share} of futures",
        plan=name,
        cost=cost,
        other=money(other.npv, verdict.currency),
        share=percent(best.p_cheapest),
    )


def _shared(verdict: Verdict, same: Sequence[Strategy], others: Sequence[Strategy]) -> str:
    """Return how the plans compare where some cost the same as the recommended one."""
    best, currency = verdict.strategies[0], verdict.currency
    name, cost = called(verdict, best), money(best.npv, currency)
    likes = called(verdict, same[0]) if len(same) == 1 else say("{count} others", count=count(len(same)))
    if all(best.npv_p90 < plan.npv_p10 for plan in others):
        return say(
            "{plan} and {same} cost {cost}; even in a bad future it is cheaper than any of the rest in a good one",
            plan=name,
            same=likes,
            cost=cost,
        )
    return say(
        "{plan} and {same} cost {cost}, the next plan that differs {other}; the ranges overlap, yet it is cheapest in "
        "{share} of futures",
        plan=name,
        same=likes,
        cost=cost,
        other=money(min(plan.npv for plan in others), currency),
        share=percent(best.p_cheapest),
    )


def chance_finding(verdict: Verdict) -> str:
    """Return how sure the verdict is, and in how many futures the plan is the cheapest."""
    best = verdict.strategies[0]
    return say(
        "The verdict is {certainty}: {plan} is cheapest in {share} of {samples} futures",
        certainty=retell(CERTAINTIES[verdict.certainty]),
        plan=called(verdict, best),
        share=percent(best.p_cheapest),
        samples=number(verdict.samples),
    )


def nearest(drivers: Sequence[Driver]) -> Driver | None:
    """Return the driver that turns the verdict soonest, beside its likely range, or ``None`` if none does."""
    return min((driver for driver in drivers if driver.switches_at is not None), key=how_far, default=None)


def matters(driver: Driver) -> bool:
    """Tell whether an input changes what the plan saves, or turns the verdict anywhere."""
    return driver.switches_at is not None or abs(driver.saving_high - driver.saving_low) > 0.5


def tornado_finding(verdict: Verdict) -> str:
    """Return which input could overturn the verdict."""
    first = nearest(verdict.drivers)
    if first is None:
        return say("No single input overturns the verdict between a tenth and ten times its value")
    where = turns_at(first.model_copy(update={"name": brief(first.name)}))
    if how_far(first) <= 1:
        return say("Within its range, one input alone can overturn the verdict: {where}", where=where)
    return say("Within its range no single input overturns the verdict; nearest comes {where}", where=where)


PARTS = {
    "capex": fixed("purchase"),
    "maintenance": fixed("maintenance"),
    "energy_and_space": fixed("energy and space"),
    "staff": fixed("staff"),
    "move": fixed("moving"),
    "rent": fixed("rent"),
    "api": fixed("cloud"),
    "residual": fixed("resale value"),
}
"""What a year's cash is for, by field, from the bottom of the stack to its top."""

_YEARLY = ("energy_and_space", "maintenance", "staff", "rent", "api")


def cash_finding(verdict: Verdict) -> str:
    """Return where the money of the recommended plan goes."""
    plan = verdict.strategies[0]
    year = plan.cash[1]
    part = max(_YEARLY, key=lambda name: float(getattr(year, name)))
    name = retell(fixed("the cloud bill") if part == "api" else PARTS[part])
    largest, currency = money(getattr(year, part), verdict.currency), verdict.currency
    if plan.capex <= 0:
        head = say("{part} is the largest cost of a year, {amount}", part=name, amount=largest)
        return head[0].upper() + head[1:]
    bought = money(plan.capex, currency)
    if plan.payback_months and plan.extra_at_start is not None:
        return say(
            "The {extra} spent first beyond the cloud plan is back after {months}; {part} is the largest cost of a "
            "year, {amount}",
            extra=money(plan.extra_at_start, currency),
            months=months(plan.payback_months),
            part=name,
            amount=largest,
        )
    if plan.capex_later > 0:
        return say(
            "{bought} of hardware at the start, {later} later; {part} is the largest cost of a year, {amount}",
            bought=bought,
            later=money(plan.capex_later, currency),
            part=name,
            amount=largest,
        )
    return say(
        "{bought} of hardware at the start; {part} is the largest cost of a year, {amount}",
        bought=bought,
        part=name,
        amount=largest,
    )


def total(plan: Strategy, part: str) -> float:
    """Return what a plan spends on one part over the horizon, not discounted."""
    return float(sum(getattr(year, part) for year in plan.cash))


def parts_finding(verdict: Verdict) -> str:
    """Return what most of the recommended plan's money is for, and whether that is so of every plan."""
    best = verdict.strategies[0]
    largest = [max(PARTS, key=lambda part: total(plan, part)) for plan in verdict.strategies]
    name = retell(PARTS[largest[0]])
    if len(largest) == 1:
        return say("{plan} spends most on {part}", plan=called(verdict, best), part=name)
    if len(set(largest)) == 1:
        return say("Largest part of the cost of every plan: {part}", part=name)
    other = next(i for i, part in enumerate(largest) if part != largest[0])
    return say(
        "{plan} spends most on {part}, {other} on {another}",
        plan=called(verdict, best),
        part=name,
        other=called(verdict, verdict.strategies[other]),
        another=retell(PARTS[largest[other]]),
    )


def speed_finding(points: Sequence[MeasuredPoint], measured_here: str | None) -> str:
    """Return what is known of speed, and how."""
    here = [point for point in points if point.profile == measured_here]
    if not here and any(point.basis is Basis.MEASURED for point in points):
        return say(
            "Nothing was measured on this client's machines: every speed here was measured or published elsewhere"
        )
    if not here:
        return say("Nothing was measured on this client's machines: every speed here is published by somebody else")
    best = max(here, key=lambda point: point.output_tokens_per_s)
    return say(
        "Measured here: {speed} output tokens/s at most, {model} on {machine}",
        speed=number(best.output_tokens_per_s),
        model=brief(best.model),
        machine=brief(best.accelerator),
    )


def places_finding(verdict: Verdict) -> str:
    """Return how the most sensitive data and the rest are placed, in numbers of workloads."""
    local = sum(placement.places[0] is not Place.API for placement in verdict.placements)
    every = len(verdict.placements)
    if local == 0:
        return say("Every workload goes to the cloud, whatever its data")
    if local == every:
        kinds = {placement.places[0] for placement in verdict.placements}
        if kinds == {Place.OWN}:
            return say("Every workload runs on own machines, whatever its volume")
        if kinds == {Place.RENTED}:
            return say("Every workload runs on rented machines, whatever its volume")
        return say("Every workload runs on own or rented machines, whatever its volume")
    return say(
        "{local} of {all} workloads run on GPUs; the others go to the cloud", local=number(local), all=number(every)
    )


def memory_finding(verdict: Verdict) -> str:
    """Return what fills the memory of the fullest pool."""
    use = min(verdict.memory, key=lambda item: item.free / item.total)
    parts = {
        fixed("weights"): use.weights,
        fixed("KV cache"): use.kv_cache,
        fixed("other"): use.other,
    }
    most = max(parts, key=parts.__getitem__)
    return say(
        "{machine}: {free} of {total} GiB stay free on each; the largest part is {part}, {size} GiB",
        machine=brief(use.accelerator),
        free=number(use.free),
        total=number(use.total),
        part=retell(most),
        size=number(parts[most]),
    )


def cheapest_first(plans: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """Return the plans by NPV, the recommended one first."""
    return (plans[0], *sorted(plans[1:], key=lambda plan: plan.npv))
