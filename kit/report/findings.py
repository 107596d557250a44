"""What each picture shows, in one sentence computed from the record; every figure in it is one of the record's."""

from __future__ import annotations

from collections.abc import Sequence

from kit.demand.record import Demand
from kit.profiler.profile import HardwareProfile
from kit.report.words import PLAN_NAMES, money, months, number, percent
from kit.strategy.reasons import count, how_far, turns_at
from kit.strategy.verdict import Driver, MeasuredPoint, Strategy, StrategyKind, Verdict

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FULL = 0.98
"""Share of its capacity from which an hour counts as full."""

_CLOSE = 0.005
"""Plans that cost within half a per cent of each other count as equal."""


def week_finding(verdict: Verdict) -> str:
    """Return who carries the typical week."""
    week, pools = verdict.week, verdict.pools
    whose = " and ".join(name for name, load in (("own", week.own), ("rented", week.rented)) if any(load))
    if not whose:
        return "The cloud carries the whole week"
    machines = f"{whose.capitalize()} GPUs"
    if len(pools) == 1:
        use = f"{percent(pools[0].utilisation)} used over the week"
        local = (own + rented for own, rented in zip(week.own, week.rented, strict=True))
        full = any(load >= FULL * most > 0 for load, most in zip(local, week.capacity, strict=True))
        machines += f" are full at the peak and {use}" if full else f" are {use} and never full"
    else:
        machines += " carry the base"
    if not any(week.api):
        return f"{machines}; nothing goes to the cloud"
    return f"{machines}; the cloud takes the rest"


def hours_finding(verdict: Verdict) -> str:
    """Return in how many hours the GPUs are full and the cloud works, in words."""
    week = verdict.week
    local = [own + rented for own, rented in zip(week.own, week.rented, strict=True)]
    full = [load >= FULL * most > 0 for load, most in zip(local, week.capacity, strict=True)]
    if not any(local):
        return "The cloud carries every hour of the week"
    head = f"The GPUs are full in {_share_of_hours(full)} of the week"
    return f"{head}; the cloud works in {_share_of_hours([load > 0 for load in week.api])}"


def _share_of_hours(hours: Sequence[bool]) -> str:
    share = sum(hours) / len(hours)
    bounds = (
        (0, "no hour"),
        (0.2, "a few hours"),
        (0.4, "less than half of the hours"),
        (0.6, "about half of the hours"),
    )
    for most, words in (*bounds, (0.999, "most hours")):
        if share <= most:
            return words
    return "every hour"


def volume_finding(verdict: Verdict) -> str:
    """Return which plan is cheapest along the volume, and how often the second choice changes."""
    curve = verdict.break_even
    best = verdict.strategies[0].kind
    ours = curve.cost_per_month[best]
    others = [costs for kind, costs in curve.cost_per_month.items() if kind is not best]
    beaten = [
        volume
        for i, volume in enumerate(curve.million_tokens_per_day)
        if any(costs[i] < ours[i] * (1 - _CLOSE) for costs in others)
    ]
    name = PLAN_NAMES[best]
    if beaten:
        side = "below" if beaten[0] < curve.today else "from"
        edge = max(v for v in beaten if v < curve.today) if side == "below" else beaten[0]
        head = f"{name} is cheapest today, another plan {side} {number(edge)} million tokens a day"
    else:
        head = f"{name} is never beaten on cost"
    changes = len(curve.crossings)
    if changes == 0:
        return head
    times = {1: "once", 2: "twice"}.get(changes, f"{count(changes)} times")
    return f"{head}; the cheapest of the other plans changes {times}"


def plans_finding(verdict: Verdict) -> str:
    """Return how the plans compare, chance included."""
    best, *rest = verdict.strategies
    within = [plan for plan in rest if not plan.breaks]
    others = [plan for plan in within if abs(plan.npv - best.npv) > _CLOSE * abs(best.npv)]
    head = f"{best.label} costs {money(best.npv, verdict.currency)}"
    if not others:
        return f"{head}; within the rules no other plan differs from it"
    other = min(others, key=lambda plan: plan.npv)
    if all(best.npv_p90 < plan.npv_p10 for plan in others):
        return f"{head}; even a bad future of it is cheaper than a good one of any other plan"
    share = percent(best.p_cheapest)
    next_one = f"the next plan {money(other.npv, verdict.currency)}"
    return f"{head}, {next_one}; the ranges overlap, yet it is cheapest in {share} of futures"


def nearest(drivers: Sequence[Driver]) -> Driver | None:
    """Return the driver that turns the verdict soonest, beside its likely range, or ``None`` if none does."""
    return min((driver for driver in drivers if driver.switches_at is not None), key=how_far, default=None)


def tornado_finding(verdict: Verdict) -> str:
    """Return which input could overturn the verdict."""
    first = nearest(verdict.drivers)
    if first is None:
        return "No single input overturns the verdict between a tenth and ten times its value"
    if how_far(first) <= 1:
        return f"Within its range, one input alone can overturn the verdict: {turns_at(first)}"
    return f"Within its range no single input overturns the verdict; nearest comes {turns_at(first)}"


_PARTS = {
    "energy_and_space": "energy and space",
    "maintenance": "maintenance",
    "staff": "staff",
    "rent": "rent",
    "api": "the cloud bill",
}


def cash_finding(verdict: Verdict) -> str:
    """Return where the money of the recommended plan goes."""
    plan = verdict.strategies[0]
    year = plan.cash[1]
    part = max(_PARTS, key=lambda name: float(getattr(year, name)))
    largest = f"{_PARTS[part]} is the largest cost of a year, {money(getattr(year, part), verdict.currency)}"
    if plan.capex <= 0:
        return largest[0].upper() + largest[1:]
    bought = f"{money(plan.capex, verdict.currency)} of hardware"
    back = f" pays back in {months(plan.payback_months)}" if plan.payback_months else " at the start"
    return f"{bought[0].upper()}{bought[1:]}{back}; {largest}"


def speed_finding(points: Sequence[MeasuredPoint], measured_here: str | None) -> str:
    """Return what is known of speed, and how."""
    here = [point for point in points if point.profile == measured_here]
    if not here:
        return "Nothing was measured on this client's machines: every speed here is published by somebody else"
    best = max(here, key=lambda point: point.output_tokens_per_s)
    return (
        f"Measured here: {number(best.output_tokens_per_s)} output tokens/s at most, {best.model} on {best.accelerator}"
    )


def cheapest_first(plans: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """Return the plans by NPV, the recommended one first."""
    return (plans[0], *sorted(plans[1:], key=lambda plan: plan.npv))


def plan_of(verdict: Verdict, kind: StrategyKind) -> Strategy:
    """Return a plan by its kind."""
    return next(plan for plan in verdict.strategies if plan.kind is kind)


def demand_finding(demand: Demand) -> str:
    """Return which workload asks for most, and which has the sharpest peak."""
    largest = max(demand.workloads, key=lambda item: item.tokens_per_day)
    sharpest = max(demand.workloads, key=lambda item: item.shape.value)
    return (
        f"{largest.workload} asks for most, {number(largest.tokens_per_day / 1e6)} million tokens a day; "
        f"{sharpest.workload} has the sharpest peak, {number(sharpest.shape.value)} times its mean"
    )


def duration_finding(demand: Demand) -> str:
    """Return which workload is flattest and which has the sharpest peak, by the share of hours above its mean."""
    flattest = min(demand.workloads, key=lambda item: item.shape.value)
    sharpest = max(demand.workloads, key=lambda item: item.shape.value)
    mean = sum(sharpest.requests_per_hour) / len(sharpest.requests_per_hour)
    busy = sum(value > mean for value in sharpest.requests_per_hour) / len(sharpest.requests_per_hour)
    words = f"{sharpest.workload} is above its mean in {percent(busy)} of the hours"
    return words if flattest is sharpest else f"{words}; {flattest.workload} is the flattest"


def lengths_finding(demand: Demand) -> str:
    """Return whose prompts are longest at the 95th percentile, and how that is known."""
    known = [item for item in demand.workloads if item.lengths is not None]
    longest = max(known, key=lambda item: item.lengths.prompt.at(0.95) if item.lengths else 0)
    assert longest.lengths is not None
    tail, mean = longest.lengths.prompt.at(0.95), longest.prompt_tokens.value
    return (
        f"{longest.workload} has the longest prompts: 1 in 20 above {number(tail)} tokens, "
        f"{number(tail / mean)} times the mean ({longest.lengths.basis})"
    )


def curve_finding(profile: HardwareProfile) -> str:
    """Return the most that a profile's machine does, and with what."""
    best = max(profile.service_curve, key=lambda point: point.output_tokens_per_s)
    at = f" with {best.concurrency} requests in flight" if best.concurrency else ""
    machine = f"{profile.accelerators} × {profile.accelerator}" if profile.accelerators > 1 else profile.accelerator
    return f"{machine}: at most {number(best.output_tokens_per_s)} output tokens/s of {profile.model.name}{at}"
