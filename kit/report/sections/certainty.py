"""Section 7: how sure the verdict is, what could turn it, what to measure next, and the risk register."""

from __future__ import annotations

from kit.report.findings import chance_finding, cheapest_first, matters, tornado_finding
from kit.report.parts import (
    Block,
    Chip,
    Column,
    Picture,
    Section,
    Table,
    Text,
    basis_chip,
    headed,
    sentence_case,
    tabled,
)
from kit.report.words import (
    CERTAINTIES,
    LIKELIHOODS,
    MISSING,
    ONLY,
    OWNERS,
    alone,
    called,
    change,
    money,
    number,
    only_place,
    percent,
)
from kit.strategy.reasons import how_far
from kit.strategy.verdict import Verdict
from kit.wording import retell, say

MOST_WORTH = 6
"""Inputs that are worth measuring and are listed."""

SHARE_WORTH_MEASURING = 0.001
"""Share of the plan's cost (NPV) below which knowing a figure is not worth the effort of asking."""

_LIKELY = {"low": "yes", "medium": "even", "high": "no"}


def certainty(verdict: Verdict) -> Section:
    """Return the rule and its outcome, the futures, the inputs, and the risks."""
    blocks: tuple[Block, ...] = (
        *(_only_plan(verdict) if alone(verdict) else _chances(verdict)),
        *headed(
            say("What could turn the verdict"),
            Picture(
                name="tornado", alt=say("Tornado chart of the inputs. {finding}.", finding=tornado_finding(verdict))
            ),
            *tabled(
                say(
                    "Factors multiply the figure that was taken, points are added to a yearly change; the saving is "
                    "the net present value against the best other plan. {missing} means that no other plan is cheaper "
                    "between a tenth and ten times the figure.",
                    missing=MISSING,
                ),
                _drivers(verdict),
            ),
            *(() if any(matters(driver) for driver in verdict.drivers) else (Text(text=_nothing(verdict)),)),
        ),
        *headed(say("What to measure next"), *_worth(verdict)),
        *headed(say("Risk register"), *_risks(verdict)),
    )
    return Section(key="certainty", title=say("How sure"), blocks=blocks)


def _chances(verdict: Verdict) -> tuple[Block, ...]:
    """Return how sure the verdict is among several plans."""
    sure = retell(CERTAINTIES[verdict.certainty])
    return (
        Text(
            text=say(
                "The verdict is {certainty}. {why} The rule: {rule}.",
                certainty=sure,
                why=retell(verdict.certainty_sentence),
                rule=retell(verdict.certainty_rule),
            )
        ),
        Picture(
            name="probability_cheapest",
            alt=say(
                "Bars of the share of the simulated futures in which each plan is the cheapest. {finding}.",
                finding=chance_finding(verdict),
            ),
        ),
        *tabled(
            say(
                "In each of {samples} simulated futures volumes, prices, speeds and costs differ from what was taken. "
                "Regret is what a plan costs above the cheapest one in the same future.",
                samples=number(verdict.samples),
            ),
            _futures(verdict),
        ),
    )


def _only_plan(verdict: Verdict) -> tuple[Block, ...]:
    """Return what the futures say of a plan that has no rival: nothing of the choice, only of its cost."""
    plan, currency, place = verdict.strategies[0], verdict.currency, only_place(verdict)
    figures = {
        "samples": number(verdict.samples),
        "mean": money(plan.npv_mean, currency),
        "low": money(plan.npv_p10, currency),
        "high": money(plan.npv_p90, currency),
    }
    text = (
        say(
            "It is the only plan within the rules, so there is no choice to be unsure of; what is not sure is its "
            "cost. In {samples} simulated futures, in which volumes, prices, speeds and costs differ from what was "
            "taken, it is {mean} on average, {low} in a good one (p10) and {high} in a bad one (p90).",
            **figures,
        )
        if place is None
        else say(
            "{rule}, so there is no choice of place to be unsure of; the plan is the cheapest of those that pass "
            "there. What is not sure is its cost. In {samples} simulated futures, in which volumes, prices, speeds and "
            "costs differ from what was taken, it is {mean} on average, {low} in a good one (p10) and {high} in a bad "
            "one (p90).",
            rule=sentence_case(ONLY[place]),
            **figures,
        )
    )
    return (Text(text=text),)


def _nothing(verdict: Verdict) -> str:
    if alone(verdict) and only_place(verdict) is not None:
        return say(
            "No figure turns the place; only another rule would. There the plan is the cheapest of those that pass."
        )
    if alone(verdict):
        return say("No figure can: there is no other plan within the rules. Only another rule would make one.")
    return say("No input changes anything that matters.")


def _futures(verdict: Verdict) -> Table:
    currency = verdict.currency
    return Table(
        caption=say("The plans in the simulated futures"),
        columns=(
            Column(head=say("Plan"), share=2),
            Column(head=say("Cheapest in"), align="right", share=0.8),
            Column(head=say("Regret, mean"), align="right", share=0.9),
            Column(head=say("Regret in a bad future (p95)"), align="right", share=1.2),
            Column(head=say("Cost, mean"), align="right", share=0.9),
            Column(head=say("Cost, p50"), align="right", share=0.9),
        ),
        rows=tuple(
            (
                called(verdict, plan),
                percent(plan.p_cheapest),
                *(money(value, currency) for value in (plan.regret_mean, plan.regret_p95, plan.npv_mean, plan.npv_p50)),
            )
            for plan in cheapest_first(verdict.strategies)
        ),
        small=True,
    )


def _drivers(verdict: Verdict) -> Table:
    currency = verdict.currency
    drivers = sorted((driver for driver in verdict.drivers if matters(driver)), key=how_far)
    return Table(
        caption=say("What could turn the verdict, the nearest first"),
        columns=(
            Column(head=say("Input"), share=1.7),
            Column(head=say("Known by"), share=0.9),
            Column(head=say("Another plan is cheaper at"), align="right", share=1.1),
            Column(head=say("Varied from"), align="right", share=0.8),
            Column(head=say("to"), align="right", share=0.7),
            Column(head=say("Saving there"), align="right", share=1),
            Column(head=say("and there"), align="right", share=1),
        ),
        rows=tuple(
            (
                sentence_case(driver.name),
                (basis_chip(driver.basis),),
                MISSING if driver.switches_at is None else change(driver, driver.switches_at),
                change(driver, driver.low),
                change(driver, driver.high),
                money(driver.saving_low, currency),
                money(driver.saving_high, currency),
            )
            for driver in drivers
        ),
        small=True,
        key="drivers",
    )


def _worth(verdict: Verdict) -> tuple[Block, ...]:
    """Return what is worth knowing before deciding; EVPPI by input, EVPI for all together."""
    currency = verdict.currency
    floor = SHARE_WORTH_MEASURING * abs(verdict.strategies[0].npv)
    worth = sorted(
        (driver for driver in verdict.drivers if driver.worth_knowing > floor),
        key=lambda driver: -driver.worth_knowing,
    )[:MOST_WORTH]
    table = Table(
        caption=say("What it would be worth to know a figure exactly, before deciding"),
        columns=(
            Column(head=say("Input"), share=2.5),
            Column(head=say("Known by"), share=1),
            Column(head=say("Worth knowing, at most"), align="right", share=1.2),
        ),
        rows=tuple(
            (sentence_case(driver.name), (basis_chip(driver.basis),), money(driver.worth_knowing, currency))
            for driver in worth
        ),
        small=True,
    )
    everything = money(verdict.evpi, currency)
    if alone(verdict):
        return (Text(text=_still()),) if verdict.pools else ()
    first = _unsimulated(verdict)
    if not table.rows:
        little = (
            say("To know every simulated figure exactly would be worth {amount} at most (EVPI).", amount=everything)
            if first
            else say(
                "To know every figure exactly before deciding would be worth {amount} at most (EVPI): no measurement "
                "is worth much for the choice itself.",
                amount=everything,
            )
        )
        return (*first, Text(text=little), *((Text(text=_still()),) if verdict.pools else ()))
    return (
        *first,
        *tabled(
            say(
                "Of what is simulated, measure the first of these before you decide: each amount is what it would be "
                "worth at most to know that figure exactly (EVPPI)."
            )
            if first
            else say(
                "Measure the first of these before you decide: each amount is what it would be worth at most to know "
                "that figure exactly (EVPPI)."
            ),
            table,
        ),
        Text(text=say("To know all figures exactly would be worth {amount} at most (EVPI).", amount=everything)),
    )


def _unsimulated(verdict: Verdict) -> tuple[Text, ...]:
    """Return the bursts of which nobody knows and which would cost more than the plan saves; no future varies them."""
    found = [
        risk
        for risk in verdict.risks
        if risk.key.startswith("bursts.") and risk.cost is not None and 0 < verdict.saving_npv < risk.cost
    ]
    return tuple(
        Text(
            text=say(
                "How bursty the requests are inside the hour is not among the simulated inputs and has to be measured "
                "first: a replica more for bursts would cost {cost}, more than the {saving} that the plan saves.",
                cost=money(risk.cost or 0.0, verdict.currency),
                saving=money(verdict.saving_npv, verdict.currency),
            )
        )
        for risk in found
    )


def _still() -> str:
    return say("What the plan's machines carry should be measured before anybody relies on them.")


def _risks(verdict: Verdict) -> tuple[Block, ...]:
    currency = verdict.currency
    table = Table(
        caption=say("What may go wrong, and what to do about it"),
        columns=(
            Column(head=say("Risk"), share=1.7),
            Column(head=say("Likely"), share=0.75),
            Column(head=say("Because"), share=2.4),
            Column(head=say("Would cost"), align="right", share=0.7),
            Column(head=say("What to do, and who"), share=2.1),
            Column(head=say("Watch"), share=1.4),
        ),
        rows=tuple(
            (
                sentence_case(risk.risk),
                (Chip(text=retell(LIKELIHOODS[risk.likelihood]), kind=_LIKELY[risk.likelihood]),),
                sentence_case(risk.why),
                MISSING if risk.cost is None else money(risk.cost, currency),
                say(
                    "{response} ({owner})",
                    response=sentence_case(risk.response),
                    owner=retell(OWNERS.get(risk.owner, risk.owner)),
                ),
                sentence_case(risk.trigger),
            )
            for risk in verdict.risks
        ),
        small=True,
        key="risks",
    )
    return tabled(
        say("Costs are over the horizon, net present value; {missing}: not known.", missing=MISSING),
        table,
    )
