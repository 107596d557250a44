"""The risk register: what may go wrong in this case, each line with its cause in the record.

How likely a line is follows from a figure by one of three rules, which ``why`` states with the figure:

* an input that turns the verdict: within its likely range *high*, within twice that *medium*, within four times *low*;
* a probability, or a share of the futures: from a third *high*, from a tenth *medium*, else *low*;
* a share of the time without service: from 1 % *high*, from 0.1 % *medium*, else *low*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kit.figures import money, number, percent
from kit.strategy.board import Case
from kit.strategy.board.hazards import hazards
from kit.strategy.board.likelihood import NEAR, by_reach, by_share
from kit.strategy.board.scope import bills
from kit.strategy.board.supplies import supplies
from kit.strategy.dossier import Risk
from kit.strategy.reasons import how_far, turns_at
from kit.strategy.uncertainty import Moves, Spec, drivers_of
from kit.strategy.verdict import Driver
from kit.wording import fixed, say

MOST_DRIVERS = 3
"""Inputs that turn the verdict, at the most."""
_RANK = {"high": 0, "medium": 1, "low": 2}
_RESPONSES: dict[Moves, tuple[str, str]] = {
    Moves.VOLUME: (fixed("Measure the volume before ordering, and order by it."), "client"),
    Moves.GROWTH: (fixed("Buy for the first year only, and add machines when the volume has come."), "client"),
    Moves.SPEED: (fixed("Measure the machine with the client's own requests before it is paid for."), "supplier"),
    Moves.API_PRICE: (fixed("Keep the contract with the API open, and decide again at that price."), "client"),
    Moves.API_PRICE_CHANGE: (fixed("Keep the contract with the API open, and decide again every year."), "client"),
    Moves.RENT: (fixed("Have the rent quoted for the whole term."), "supplier"),
    Moves.RENT_CHANGE: (fixed("Have the rent quoted for the whole term."), "supplier"),
    Moves.PURCHASE: (
        fixed("Order at a binding quote only, and not above the price that turns the verdict."),
        "supplier",
    ),
    Moves.RESALE: (fixed("Agree on a price at which the machines are taken back."), "supplier"),
    Moves.ENERGY_AND_SPACE: (fixed("Have power and space quoted for the horizon."), "client"),
    Moves.STAFF: (fixed("Name the people and their hours before ordering."), "client"),
}
"""What to do about an input that turns the verdict, and who does it."""


def risks(case: Case) -> tuple[Risk, ...]:
    """Return the register: the likeliest first and, of those that are as likely, the dearest."""
    rules: tuple[Callable[[Case], Iterator[Risk]], ...] = (
        _turning,
        _budget,
        _regret,
        _rules_broken,
        supplies,
        hazards,
    )
    found = [risk for rule in rules for risk in rule(case)]
    return tuple(sorted(found, key=lambda risk: (_RANK[risk.likelihood], risk.cost is None, -(risk.cost or 0.0))))


def _turning(case: Case) -> Iterator[Risk]:
    """Yield the inputs that turn the verdict soonest, with what the plan would cost too much at the edge of each."""
    specs = {spec.name: spec for spec in drivers_of(case.choice, case.solved)}
    near = sorted((driver for driver in case.verdict.drivers if how_far(driver) <= NEAR), key=how_far)
    for driver in near[:MOST_DRIVERS]:
        spec = specs.get(driver.name)
        if spec is not None:
            yield _turn(driver, spec)


def _turn(driver: Driver, spec: Spec) -> Risk:
    reach = how_far(driver)
    response, owner = _RESPONSES[spec.moves]
    likelihood, rule = by_reach(reach)
    return Risk(
        key=f"turns.{spec.moves.value}{f'.{spec.which}' if spec.which else ''}",
        risk=say("Another plan becomes cheaper: {turn}.", turn=turns_at(driver)),
        likelihood=likelihood,
        why=say(
            "That is {reach} times as far as the likely range of a figure that is {basis} goes; {rule}.",
            reach=number(reach),
            basis=driver.basis.value,
            rule=rule,
        ),
        cost=_lost(driver),
        response=response,
        owner=owner,
        trigger=driver.name,
    )


def _lost(driver: Driver) -> float | None:
    """Return what the plan costs more than another one at the edge of an input's likely range, towards its turn, NPV.

    ``None`` where it does not turn within that range: then nothing is lost.
    """
    taken = 0.0 if driver.additive else 1.0
    at_edge = driver.saving_high if (driver.switches_at or taken) > taken else driver.saving_low
    return -at_edge if at_edge < 0 else None


def _budget(case: Case) -> Iterator[Risk]:
    best, budget = case.verdict.strategies[0], case.choice.problem.caps.cost
    if best.p_within_budget is None or best.p_within_budget >= 1:
        return
    over = 1 - best.p_within_budget
    likelihood, rule = by_share(over)
    yield Risk(
        key="budget",
        risk=fixed("The plan costs more than the budget."),
        likelihood=likelihood,
        why=say("It does in {share} of the futures; {rule}.", share=percent(over), rule=rule),
        cost=best.npv_p90 - budget if best.npv_p90 > budget else None,
        response=say(
            "Hold a reserve: in one future of ten the plan costs {amount} or more over the horizon.",
            amount=money(best.npv_p90, case.verdict.currency),
        ),
        owner="client",
        trigger=fixed("the yearly cost against the cash plan"),
    )


def _regret(case: Case) -> Iterator[Risk]:
    best = case.verdict.strategies[0]
    if best.p_cheapest >= 1:
        return
    likelihood, rule = by_share(1 - best.p_cheapest)
    in_the_tail = best.regret_p95 > 1
    yield Risk(
        key="regret",
        risk=fixed("Another plan would have been cheaper."),
        likelihood=likelihood,
        why=say("One is in {share} of the futures; {rule}.", share=percent(1 - best.p_cheapest), rule=rule),
        cost=best.regret_p95 if in_the_tail else best.regret_mean,
        response=fixed("Know first what is worth most to know, and decide again when it is known."),
        owner="consultant",
        trigger=fixed("one of the triggers of a new decision"),
    )


def _rules_broken(case: Case) -> Iterator[Risk]:
    for bill in bills(case):
        if bill.breaks:
            yield Risk(
                key=f"rules.{bill.workload}",
                risk=say(
                    "What is done today breaks a rule: {workload} at {api}. {rule}.",
                    workload=bill.workload,
                    api=bill.label,
                    rule=bill.breaks[0],
                ),
                likelihood="high",
                why=fixed("It is so today: high."),
                cost=None,
                response=fixed("Stop it, or have it covered by a contract, before anything else."),
                owner="client",
                trigger=fixed("now"),
            )
