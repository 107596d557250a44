"""Risks of running the plan: capacity that nobody measured, failures, people, delivery, growth."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kit.engagement.record import Place
from kit.figures import decimal, factor, money, percent
from kit.record import Basis
from kit.strategy.availability import achieved
from kit.strategy.board import Case
from kit.strategy.board.asking import in_weeks, lead
from kit.strategy.board.likelihood import Likelihood, by_downtime, lost_at_edge
from kit.strategy.board.procured import Part, names, pool_parts
from kit.strategy.costs import levelised
from kit.strategy.dossier import Risk
from kit.strategy.problem import WEEKS_PER_MONTH
from kit.strategy.uncertainty import Moves
from kit.strategy.verdict import Pool
from kit.wording import fixed, say

FULL, BUSY = 0.9, 0.7
"""Use of the planned capacity in the busiest hour from which unknown bursts are a high and a medium risk. Judgement."""
TIGHT, CLOSE = 0.25, 0.5
"""Time to spare, as a share of the lead time, below which a late delivery is a high and a medium risk. Judgement."""
AT_ONCE, SOON, LATER = 1.1, 1.5, 3.0
"""How often today's volume the offers carry, up to which growth beyond is a high, medium and low risk. Judgement."""


def hazards(case: Case) -> Iterator[Risk]:
    """Yield the risks of running the plan whose cause is in this case."""
    for part, row in zip(pool_parts(case), case.verdict.pools, strict=True):
        yield from _unmeasured(case, part)
        yield from _bursts(case, part, row)
        yield from _no_spare(case, part, row)
        yield from _nowhere_else(case, part, row)
        yield from _late(case, part)
    yield from _skills(case)
    yield from _no_more(case)


def _unmeasured(case: Case, part: Part) -> Iterator[Risk]:
    profile = case.choice.pools[part.number].profile
    if profile.basis is Basis.MEASURED:
        return
    yield Risk(
        key=f"unmeasured.{part.label}",
        risk=say("{pool} carries less than was taken.", pool=part.label),
        likelihood="medium" if profile.basis in (Basis.PUBLISHED, Basis.QUOTED) else "high",
        why=say(
            "Its capacity is {basis}, not measured on the client's machines; published or quoted is medium, predicted "
            "or assumed high.",
            basis=profile.basis.value,
        ),
        cost=lost_at_edge(case, Moves.SPEED, profile.name),
        response=fixed("Measure such a machine with the client's own requests before it is paid for."),
        owner="supplier",
        trigger=fixed("the first measurement"),
    )


def _bursts(case: Case, part: Part, row: Pool) -> Iterator[Risk]:
    choice = case.choice
    unknown = [
        w
        for w in part.workloads
        if choice.workloads[w].latency is not None
        and choice.headrooms[w][part.number] is not None
        and choice.demand.workloads[w].burstiness is None
        and choice.demand.workloads[w].minute_rate_cv is None
    ]
    if not unknown:
        return
    use, saved = row.peak_utilisation, case.verdict.saving_npv
    cost = levelised(choice.pools[part.number], choice.terms, choice.phases) * choice.months
    known = {"pool": part.label, "workloads": names(case, unknown)}
    likelihood: Likelihood = "high" if use >= FULL else "medium" if use >= BUSY else "low"
    yield Risk(
        key=f"bursts.{part.label}",
        risk=say(
            "Requests come in bursts, and {pool} needs a replica more for {workloads}. This is more than the plan "
            "saves ({saving}): import the logs before buying.",
            saving=money(saved, case.verdict.currency),
            **known,
        )
        if 0 < saved < cost
        else say("Requests come in bursts, and {pool} needs a replica more for {workloads}.", **known),
        likelihood=likelihood,
        why=say(
            "How bursty it is inside the hour is not known and taken as Poisson; {use} of the planned capacity is used "
            "in the busiest hour: from {full} on is high, from {busy} on medium.",
            use=percent(use),
            full=percent(FULL),
            busy=percent(BUSY),
        ),
        cost=cost,
        response=fixed("Import the logs before buying (kit demand import)."),
        owner="client",
        trigger=fixed("time to first token in the busiest hour"),
    )


def _bound(case: Case, part: Part) -> list[int]:
    """Return the workloads of a pool that may go to no API."""
    return [w for w in part.workloads if case.choice.best_api[w] < 0]


def _no_spare(case: Case, part: Part, row: Pool) -> Iterator[Risk]:
    if row.spare:
        return
    up = case.choice.terms.replica_availability
    down = 1 - achieved(row.replicas, 0, replica_availability=up.value)
    likelihood, rule = by_downtime(down)
    bound = _bound(case, part)
    yield Risk(
        key=f"no spare.{part.label}",
        risk=say("A replica of {pool} fails, and there is no spare one.", pool=part.label),
        likelihood=likelihood,
        why=say(
            "A replica is up for {up} of the time ({basis}), so that not all are for {down} of it; {rule}.",
            up=percent(up.value),
            basis=up.basis.value,
            down=percent(down),
            rule=rule,
        ),
        cost=None if bound else (1 - up.value) * _cloud_npv(case, part),
        response=say("Have a spare replica, or a plan for the hours without {workloads}.", workloads=names(case, bound))
        if bound
        else fixed("Keep the API ready to take over, and try it every quarter."),
        owner="client",
        trigger=fixed("the first failure of a replica"),
    )


def _cloud_npv(case: Case, part: Part) -> float:
    """Return what the work of a pool would cost at the cheapest permitted APIs, NPV."""
    problem, served = case.choice.problem, case.best.plan.flow_pool[:, :, part.number].sum(axis=2)
    open_here = [w for w in part.workloads if case.choice.best_api[w] >= 0]
    price = np.nanmin(problem.api_price[:, open_here], axis=2)
    return float((served[:, open_here] * price).sum(axis=1) * WEEKS_PER_MONTH @ problem.months)


def _nowhere_else(case: Case, part: Part, row: Pool) -> Iterator[Risk]:
    """Yield work that only own machines may do, with how long too few of its pool's replicas are up."""
    if row.place is not Place.OWN:
        return
    seconds, pools = case.choice.problem.seconds, case.choice.pools
    rented = [p for p, pool in enumerate(pools) if pool.place is Place.RENTED]
    alone = [w for w in _bound(case, part) if np.isnan(seconds[w, rented]).all()]
    if not alone:
        return
    up, needed = case.choice.terms.replica_availability, max(row.replicas - row.spare, 1)
    down = 1 - achieved(needed, row.replicas - needed, replica_availability=up.value)
    likelihood, rule = by_downtime(down)
    yield Risk(
        key=f"nowhere else.{part.label}",
        risk=say("{workloads} stands still: only own machines are permitted.", workloads=names(case, alone))
        if len(alone) == 1
        else say("{workloads} stand still: only own machines are permitted.", workloads=names(case, alone)),
        likelihood=likelihood,
        why=say(
            "Fewer than {needed} of {replicas} replicas are up for {down} of the time, each up for {up} of it "
            "({basis}); {rule}.",
            needed=decimal(needed),
            replicas=decimal(row.replicas),
            down=percent(down),
            up=percent(up.value),
            basis=up.basis.value,
            rule=rule,
        ),
        cost=None,
        response=fixed("Put the replicas into different servers, and write down how the work goes on by hand."),
        owner="client",
        trigger=fixed("a second replica down"),
    )


def _late(case: Case, part: Part) -> Iterator[Risk]:
    """Yield a delivery that leaves little time before the first day on which the work is needed."""
    start, weeks = case.choice.engagement.date, lead(case, case.choice.pools[part.number])
    days = [case.choice.workloads[w].needed_by for w in part.workloads]
    dated = [day for day in days if day is not None]
    if not dated or part.phase > 0 or not weeks.value:
        return
    to_spare = ((min(dated) - start).days - math.ceil(7 * weeks.value)) / (7 * weeks.value)
    if to_spare >= 1:
        return
    yield Risk(
        key=f"late.{part.label}",
        risk=say("{pool} is delivered too late.", pool=part.label),
        likelihood="high" if to_spare < TIGHT else "medium" if to_spare < CLOSE else "low",
        why=say(
            "The lead time is {weeks} ({basis}), and {share} of that is to spare: below {tight} is high, below {close} "
            "medium.",
            weeks=in_weeks(weeks.value),
            basis=weeks.basis.value,
            share=percent(to_spare),
            tight=percent(TIGHT),
            close=percent(CLOSE),
        ),
        cost=None,
        response=fixed("Order at once, and have a day of delivery with a penalty in the contract."),
        owner="supplier",
        trigger=fixed("a day of delivery that moves"),
    )


def _skills(case: Case) -> Iterator[Risk]:
    places = {case.choice.pools[part.number].place for part in pool_parts(case)}
    if not places or case.choice.engagement.skills is not None:
        return
    cost = lost_at_edge(case, Moves.STAFF)
    yield Risk(
        key="skills",
        risk=fixed("Nobody at the client can run the machines."),
        likelihood="medium",
        why=fixed("The client has not said whose work its people can run: medium until it has."),
        cost=cost,
        response=fixed("Name the people and train them before the machines come."),
        owner="client",
        trigger=fixed("the day of the order without a name"),
    )


def _no_more(case: Case) -> Iterator[Risk]:
    """Yield growth beyond what is on offer, where it is the offers that end first."""
    most = case.verdict.affordable
    if not most.within_offers or most.factor > LATER:
        return
    yield Risk(
        key="growth beyond the offers",
        risk=say(
            "The volume grows beyond what is on offer: {volume} million tokens a day.",
            volume=decimal(most.million_tokens_per_day),
        ),
        likelihood="high" if most.factor <= AT_ONCE else "medium" if most.factor <= SOON else "low",
        why=say(
            "The offers carry {factor} the planned volume: up to {high} is high, up to {medium} medium, up to {low} "
            "low.",
            factor=factor(most.factor),
            high=factor(AT_ONCE),
            medium=factor(SOON),
            low=factor(LATER),
        ),
        cost=None,
        response=fixed("Have more machines or another API offered before the volume is there."),
        owner="consultant",
        trigger=fixed("the volume against the roadmap"),
    )
