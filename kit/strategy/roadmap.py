"""What to do when: the steps from today to the plan, and what calls for a new decision on the way."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kit.engagement.record import Place
from kit.figures import decimal, joined, plain, short_day, significant
from kit.record import Basis
from kit.strategy import reasons
from kit.strategy.answers import Step, Trigger
from kit.strategy.choice import Choice, Solved
from kit.strategy.options import Pool
from kit.strategy.problem import WEEKS_PER_MONTH
from kit.strategy.verdict import BreakEven, Driver
from kit.wording import fixed, say

PARALLEL_WEEKS = 4
"""Weeks in which the old way stays open beside the new one before it is given up. Judgement."""

TRIAL_WEEKS = 6
"""Weeks in which work that will move is proven in the cloud, at the least. Judgement."""

MATTERS = 0.01
"""Share of a bill from which using its API better is a step of its own. Judgement."""

NEAR = 4.0
"""An input that would have to go further than so many times its likely range is no trigger."""

MEASURE_FIRST = fixed("Measure them before anybody relies on them (kit profile).")
MEASURE_BEFORE_MOVING = fixed(
    "Measure them before anybody is moved (kit profile); until then what serves today stays open."
)


def steps(choice: Choice, solved: Solved, break_even: BreakEven, *, saving: float | None) -> tuple[Step, ...]:
    """Return the roadmap of a plan: prove, move, give up, grow, decide anew.

    Args:
        choice: the options.
        solved: the plan.
        break_even: for the volume from which machines pay.
        saving: of the plan a year against the best other way, engagement's currency.
    """
    start = choice.engagement.date
    rows = [
        *_prove(choice, solved, start),
        *_move(choice, solved, start, break_even, saving),
        *_give_up(choice, solved, start),
        *_grow(choice, solved, start),
    ]
    end = start + dt.timedelta(days=round(choice.terms.months * 365.25 / 12))
    rows.append(
        Step(
            order=0,
            title=say("Decide anew"),
            text=say(
                "The horizon ends: machines are sold or kept for what they are still good for, contracts are renewed "
                "or not. Measure again before."
            ),
            from_date=end - dt.timedelta(weeks=26),
            until_date=end,
            pays_from_million_tokens_per_day=None,
            saving_per_year=None,
        )
    )
    return tuple(step.model_copy(update={"order": i}) for i, step in enumerate(rows, start=1))


def _local(solved: Solved, phase: int = 0) -> list[int]:
    """Return the workloads of which most is served by pools, in a phase or in the first."""
    flow = solved.plan.flow_pool[phase].sum(axis=(1, 2))
    return [w for w in range(len(flow)) if flow[w] > solved.problem.requests[phase, w].sum() / 2]


def _names(choice: Choice, workloads: Sequence[int]) -> str:
    return reasons.listed([choice.workloads[w].name for w in workloads])


def _lead(choice: Choice, solved: Solved) -> float:
    """Return the weeks until the last pool that the plan begins with can serve."""
    first = np.flatnonzero(solved.plan.running[0].any(axis=1))
    return max((_weeks(choice, choice.pools[p]) for p in first), default=0.0)


def _weeks(choice: Choice, pool: Pool) -> float:
    """Return the weeks until a pool can serve: as its offer says, else as usual for its place."""
    usual = choice.terms.lead_weeks_own if pool.place is Place.OWN else choice.terms.lead_weeks_rented
    return (pool.offer.ready_weeks or usual).value


def _prove(choice: Choice, solved: Solved, start: dt.date) -> Iterator[Step]:
    local = _local(solved)
    could = [w for w in local if choice.best_api[w] >= 0]
    if could:
        labels = list(dict.fromkeys(choice.apis[choice.best_api[w]].label for w in could))
        yield Step(
            order=0,
            title=say("Prove {workloads} in the cloud", workloads=_names(choice, could)),
            text=say(
                "Run it at {apis} while the machines are on their way; log lengths and times of the requests, and "
                "test the open model on your own cases beside it.",
                apis=reasons.listed(labels),
            ),
            from_date=start,
            until_date=start + dt.timedelta(weeks=max(TRIAL_WEEKS, math.ceil(_lead(choice, solved)))),
            pays_from_million_tokens_per_day=None,
            saving_per_year=None,
        )
    cloud = [w for w in range(len(choice.workloads)) if w not in local]
    moving = [w for w in cloud if choice.workloads[w].today is None or _changes(choice, solved, w)]
    if moving:
        labels = list(dict.fromkeys(choice.apis[_api_of(solved, w)].label for w in moving))
        yield Step(
            order=0,
            title=say("Put {workloads} on {apis}", workloads=_names(choice, moving), apis=reasons.listed(labels)),
            text=say("With the prompt cache on, and by the batch interface what can wait."),
            from_date=start,
            until_date=start + dt.timedelta(weeks=math.ceil(choice.terms.lead_weeks_api.value)),
            pays_from_million_tokens_per_day=None,
            saving_per_year=_saved(choice, solved, moving),
        )
    yield from _use_better(choice, solved, [w for w in cloud if w not in moving], start)


def _use_better(choice: Choice, solved: Solved, staying: Sequence[int], start: dt.date) -> Iterator[Step]:
    """Yield the step that turns on what the API of today has and nobody uses, where that saves."""
    saved = {w: _saved(choice, solved, [w]) or 0.0 for w in staying}
    better = [w for w in staying if saved[w] > MATTERS * _bill(solved, w)]
    if better:
        labels = list(dict.fromkeys(choice.apis[_api_of(solved, w)].label for w in better))
        yield Step(
            order=0,
            title=say(
                "Use {apis} better for {workloads}", workloads=_names(choice, better), apis=reasons.listed(labels)
            ),
            text=_turned_on(choice, better),
            from_date=start,
            until_date=start + dt.timedelta(weeks=math.ceil(choice.terms.lead_weeks_api.value)),
            pays_from_million_tokens_per_day=None,
            saving_per_year=sum(saved[w] for w in better),
        )


def _turned_on(choice: Choice, workloads: Sequence[int]) -> str:
    """Return what has to be switched on: the cache where it is off, the batch interface for what can wait."""
    today = {w: now for w in workloads if (now := choice.workloads[w].today) is not None}
    cache = any(not now.cached and choice.demand.workloads[w].cached_tokens.value > 0 for w, now in today.items())
    batch = any(
        not now.batch and choice.workloads[w].deferrable and choice.workloads[w].latency is None
        for w, now in today.items()
    )
    if cache and batch:
        return say("Switch on the prompt cache, and send what can wait by the batch interface. Nothing is moved.")
    if cache:
        return say("Switch on the prompt cache. Nothing is moved.")
    if batch:
        return say("Send what can wait by the batch interface. Nothing is moved.")
    return say("At the list price for it, as it is used in this plan. Nothing is moved.")


def _bill(solved: Solved, w: int) -> float:
    """Return what a workload pays a year at the APIs of a plan, at the volume of the first phase."""
    calls = solved.plan.flow_api[0, w].sum(axis=1)
    return 12 * WEEKS_PER_MONTH * float(calls @ np.nan_to_num(solved.problem.api_price[0, w]))


def _saved(choice: Choice, solved: Solved, workloads: Sequence[int]) -> float | None:
    """Return what workloads at APIs pay less a year than today; ``None`` where some is new or its price unknown."""
    total = 0.0
    for w in workloads:
        name = choice.workloads[w].name
        now = [a for a, api in enumerate(choice.apis) if api.as_today and name in api.price_per_request]
        if not now:
            return None
        requests = float(solved.problem.requests[0, w].sum())
        total += 12 * WEEKS_PER_MONTH * requests * float(choice.api_price[0, w, now[0]]) - _bill(solved, w)
    return total


def _api_of(solved: Solved, w: int) -> int:
    return int(solved.plan.flow_api[:, w].sum(axis=(0, 2)).argmax())


def _changes(choice: Choice, solved: Solved, w: int) -> bool:
    today, api = choice.workloads[w].today, choice.apis[_api_of(solved, w)]
    return today is None or (today.provider, today.model) != (api.offer.provider, api.offer.model)


def _move(
    choice: Choice, solved: Solved, start: dt.date, break_even: BreakEven, saving: float | None
) -> Iterator[Step]:
    plan = solved.plan
    for p in np.flatnonzero(plan.running[0].any(axis=1)):
        pool = choice.pools[p]
        members = [w for w in _local(solved) if plan.flow_pool[0, w, p].sum() > 0]
        lead = _weeks(choice, pool)
        replicas = int(plan.replicas[0, p])
        ready = start + dt.timedelta(weeks=math.ceil(lead))
        yield Step(
            order=0,
            title=_ordered(choice, pool, replicas, members),
            text=joined([_served_after(pool, replicas, lead), _measured(choice, members)], " "),
            from_date=start,
            until_date=ready,
            pays_from_million_tokens_per_day=break_even.leaves_cloud_at,
            saving_per_year=saving,
        )
        saving = None  # of all pools together, said once


def _ordered(choice: Choice, pool: Pool, replicas: int, members: Sequence[int]) -> str:
    """Return what is bought or rented for whom: new work is begun there, what runs elsewhere today is moved."""
    machines = say(
        "{number} × {accelerator}",
        number=replicas * pool.profile.accelerators,
        accelerator=pool.profile.accelerator,
    )
    new = [w for w in members if choice.workloads[w].today is None]
    moved = [w for w in members if w not in new]
    values = {"machines": machines}
    values |= {"new": _names(choice, new)} if new else {}
    values |= {"moved": _names(choice, moved)} if moved else {}
    return _buy(values) if pool.place is Place.OWN else _rent(values)


def _buy(values: Mapping[str, str]) -> str:
    if "new" in values and "moved" in values:
        return say("Buy {machines} for {new}, and move {moved}", **values)
    if "new" in values:
        return say("Buy {machines} for {new}", **values)
    return say("Buy {machines} and move {moved}", **values) if "moved" in values else say("Buy {machines}", **values)


def _rent(values: Mapping[str, str]) -> str:
    if "new" in values and "moved" in values:
        return say("Rent {machines} for {new}, and move {moved}", **values)
    if "new" in values:
        return say("Rent {machines} for {new}", **values)
    return say("Rent {machines} and move {moved}", **values) if "moved" in values else say("Rent {machines}", **values)


def _measured(choice: Choice, members: Sequence[int]) -> str:
    """Return what to do before the machines serve: nobody is moved where all of the work is new."""
    moved = any(choice.workloads[w].today is not None for w in members)
    return MEASURE_BEFORE_MOVING if moved else MEASURE_FIRST


def _served_after(pool: Pool, replicas: int, weeks: float) -> str:
    if replicas == 1:
        return say(
            "1 replica of {model}; ordered now, they serve after {weeks} weeks.",
            model=pool.model.name,
            weeks=plain(weeks),
        )
    return say(
        "{replicas} replicas of {model}; ordered now, they serve after {weeks} weeks.",
        replicas=plain(replicas),
        model=pool.model.name,
        weeks=plain(weeks),
    )


def _give_up(choice: Choice, solved: Solved, start: dt.date) -> Iterator[Step]:
    leaving = [w for w in _local(solved) if choice.workloads[w].today is not None]
    if not leaving:
        return
    lead = dt.timedelta(weeks=math.ceil(_lead(choice, solved)))
    providers = list(dict.fromkeys(today.provider for w in leaving if (today := choice.workloads[w].today)))
    stays = [w for w in leaving if choice.best_api[w] >= 0]
    text = say(
        "After {weeks} weeks side by side, end the commitments to {providers} for them.",
        weeks=PARALLEL_WEEKS,
        providers=reasons.listed(providers),
    )
    if stays:
        kept = say(
            "Keep the contract as the way out when machines fail or are full: {workloads}.",
            workloads=_names(choice, stays),
        )
        text = joined([text, kept], " ")
    names = _names(choice, leaving)
    yield Step(
        order=0,
        title=say("Give up what {workload} has today", workload=names)
        if len(leaving) == 1
        else say("Give up what {workloads} have today", workloads=names),
        text=text,
        from_date=start + lead,
        until_date=start + lead + dt.timedelta(weeks=PARALLEL_WEEKS),
        pays_from_million_tokens_per_day=None,
        saving_per_year=None,
    )


def _grow(choice: Choice, solved: Solved, start: dt.date) -> Iterator[Step]:
    plan = solved.plan
    tokens = np.array([item.tokens_per_request for item in choice.demand.workloads]) / 7e6
    for y in range(1, len(choice.phases)):
        change = plan.replicas[y] - plan.replicas[y - 1]
        for p in np.flatnonzero(change):
            pool, when = choice.pools[p], start + dt.timedelta(days=round(choice.phases[y].first_month * 365.25 / 12))
            volume = float(solved.problem.requests[y].sum(axis=1) @ tokens)
            yield Step(
                order=0,
                title=_changed(int(change[p]), pool),
                text=say(
                    "When the volume reaches {volume} million tokens a day, as it would by then.",
                    volume=decimal(volume),
                ),
                from_date=when,
                until_date=None,
                pays_from_million_tokens_per_day=volume,
                saving_per_year=None,
            )


def _changed(replicas: int, pool: Pool) -> str:
    if replicas == 1:
        return say("Add 1 replica: {pool}", pool=pool.label)
    if replicas == -1:
        return say("Take away 1 replica: {pool}", pool=pool.label)
    number = plain(abs(replicas))
    if replicas > 0:
        return say("Add {number} replicas: {pool}", number=number, pool=pool.label)
    return say("Take away {number} replicas: {pool}", number=number, pool=pool.label)


def triggers(
    choice: Choice, solved: Solved, drivers: Sequence[Driver], valid_until: dt.date, break_even: BreakEven
) -> tuple[Trigger, ...]:
    """Return what calls for a new decision, the nearest first.

    Args:
        choice: the options.
        solved: the plan.
        drivers: with the factors at which another plan becomes cheaper.
        valid_until: the day until which the verdict holds.
        break_even: for the volume from which machines pay.
    """
    found = [
        *_turning(drivers),
        *_outgrown(solved, break_even),
        *_releases(choice, solved),
        *_dates(choice, solved, valid_until),
    ]
    unmeasured = [
        choice.pools[p].profile.name
        for p in np.flatnonzero(solved.plan.used)
        if choice.pools[p].profile.basis is not Basis.MEASURED
    ]
    if unmeasured:
        found.append(
            Trigger(
                what=say(
                    "the first measurement of {profiles} on your machines",
                    profiles=reasons.listed(sorted(set(unmeasured))),
                ),
                kind="measurement",
                factor=None,
                date=None,
                why=say("the capacity is published, not measured here"),
            )
        )
    return tuple(found)


def _turning(drivers: Sequence[Driver]) -> Iterator[Trigger]:
    for driver in sorted(drivers, key=reasons.how_far):
        if reasons.how_far(driver) <= NEAR:
            yield Trigger(
                what=reasons.turns_at(driver),
                kind="volume" if driver.name.startswith(("volume", "growth")) else "price",
                factor=driver.switches_at,
                date=None,
                why=say("another plan becomes cheaper"),
            )


def _outgrown(solved: Solved, break_even: BreakEven) -> Iterator[Trigger]:
    """Yield the volume from which a plan with machines is clearly cheaper than a plan that has none."""
    volume, today = break_even.leaves_cloud_at, break_even.today
    if volume is not None and volume > today and not solved.plan.used.any():
        yield Trigger(
            what=say(
                "Volumes {factor} times as large as planned for every year ({volume} million tokens a day today, and "
                "growth on top)",
                volume=decimal(volume),
                factor=significant(volume / today, 2),
            ),
            kind="volume",
            factor=volume / today,
            date=None,
            why=say("from there a plan with machines costs clearly less than the cloud alone"),
        )


def _releases(choice: Choice, solved: Solved) -> Iterator[Trigger]:
    """Yield for each workload on machines the price at which an API would win it back."""
    for w in _local(solved):
        workload = choice.workloads[w]
        price = choice.problem.api_price[0, w]
        if np.isnan(price).all():
            continue
        tokens = workload.prompt_tokens.value + workload.output_tokens.value
        per_million = float(np.nanmin(price)) / tokens * 1e6
        yield Trigger(
            what=say(
                "a permitted model for {workload} at clearly less than {price} per million tokens, prompt and output "
                "together",
                workload=workload.name,
                price=reasons.money(per_million, choice.engagement.currency),
            ),
            kind="model",
            factor=None,
            date=None,
            why=say("that is what the cheapest permitted API asks today"),
        )


def _dates(choice: Choice, solved: Solved, valid_until: dt.date) -> Iterator[Trigger]:
    yield Trigger(
        what=say("{date}: the verdict's last day", date=short_day(valid_until)),
        kind="date",
        factor=None,
        date=valid_until,
        why=say("prices and offers are older than a quarter by then"),
    )
    if any(choice.pools[p].place is Place.OWN for p in np.flatnonzero(solved.plan.used)):
        end = choice.engagement.date + dt.timedelta(days=round(choice.terms.months * 365.25 / 12))
        yield Trigger(
            what=say("{date}: the end of the machines' planned life", date=short_day(end)),
            kind="hardware",
            factor=None,
            date=end,
            why=say("maintenance and resale value are planned until then"),
        )
