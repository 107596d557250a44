"""Section 5: the plans compared, doing nothing and the better-used API among them; other plans; what rules cost."""

from __future__ import annotations

from collections.abc import Mapping

from kit.figures import count
from kit.report.findings import cheapest_first, plans_finding
from kit.report.parts import Block, Column, Picture, Section, Table, Text, headed, sentence_case, tabled
from kit.report.words import (
    GATES,
    MISSING,
    ONLY,
    alone,
    called,
    joined,
    money,
    number,
    only_place,
    percent,
    tokens,
)
from kit.strategy.answers import Affordable
from kit.strategy.verdict import Strategy, StrategyKind, Verdict
from kit.wording import fixed, retell, say

MEANS = {
    StrategyKind.HYBRID: fixed("each workload where it adds least to the cost of the whole"),
    StrategyKind.CLOUD: fixed("every workload at the cheapest API that the rules permit"),
    StrategyKind.RENTED: fixed("every workload on machines that are paid by the hour"),
    StrategyKind.OWN: fixed("every workload on machines that are bought"),
    StrategyKind.BETTER: fixed("stay with APIs, but with cache, batch and the cheapest permitted model"),
    StrategyKind.TODAY: fixed("do nothing: go on as now"),
}
LIMITS = {
    "cost": fixed("budget"),
    "capex": fixed("limit on purchases"),
    "spend_share": fixed("limit on one provider's share"),
    "co2": fixed("limit on CO₂"),
}
"""Limits on the whole plan, by the name that a shadow price gives them."""

WORTH_SAYING = 0.5
"""Amounts below this round to nought in any currency."""

WORTH_GROWING = 1.05
"""Factor on today's volume below which a budget carries hardly more than today."""


def plans(verdict: Verdict) -> Section:
    """Return the plans with what they cost, the exceptions, the alternatives, and the price of each rule."""
    npv = say(
        "NPV is the net present value of all cash out over the horizon, discounted at {rate} a year.",
        rate=percent(verdict.discount_rate),
    )
    compared: tuple[Block, ...] = (
        (
            Text(text=_only(verdict)),
            *tabled(npv, _table(verdict)),
        )
        if alone(verdict)
        else (
            Picture(name="plans_npv", alt=say("Dot plot of the plans. {finding}.", finding=plans_finding(verdict))),
            *tabled(
                say(
                    "{npv} Cheapest in: the share of {samples} simulated futures in which no other plan costs less.",
                    npv=npv,
                    samples=number(verdict.samples),
                ),
                _table(verdict),
            ),
        )
    )
    blocks: tuple[Block, ...] = (
        *compared,
        *_broken(verdict),
        *tabled(
            say("Where a workload cannot follow a plan, it goes where it may at least cost."),
            _exceptions(verdict),
        ),
        *headed(say("Other good plans"), *_alternatives(verdict)),
        *headed(say("What the rules cost"), *_rules(verdict)),
    )
    return Section(key="plans", title=say("Options compared"), blocks=blocks)


def _only(verdict: Verdict) -> str:
    """Return why there is nothing to compare."""
    place = only_place(verdict)
    if place is None:
        return say("There is no other plan within the rules.")
    return say(
        "{rule}, so that no plan at another place is left to compare; this one is the cheapest of those that pass "
        "there.",
        rule=sentence_case(ONLY[place]),
    )


def _table(verdict: Verdict) -> Table:
    currency = verdict.currency
    rows = cheapest_first(verdict.strategies)
    several = len(rows) > 1
    return Table(
        caption=say("{number} plans compared", number=sentence_case(count(len(rows))))
        if several
        else say("The plan within the rules")
        if only_place(verdict) is None
        else say("The recommended plan"),
        columns=(
            Column(head=say("Plan"), share=1.5),
            Column(head=say("What it means"), share=2.3),
            Column(head=say("Cost, NPV"), align="right", share=0.9),
            Column(head=say("p10–p90"), align="right", share=1.5),
            *((Column(head=say("Cheapest in"), align="right", share=0.8),) if several else ()),
            Column(head=say("A month"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                called(verdict, plan),
                sentence_case(MEANS[plan.kind]),
                money(plan.npv, currency),
                say("{low} – {high}", low=money(plan.npv_p10, currency), high=money(plan.npv_p90, currency)),
                *((percent(plan.p_cheapest),) if several else ()),
                money(plan.cost_per_month, currency),
            )
            for plan in rows
        ),
        small=True,
        key="plans",
    )


def _broken(verdict: Verdict) -> list[Block]:
    broken = [(plan, text) for plan in verdict.strategies for text in plan.breaks]
    if not broken:
        return []
    return [
        Text(text=say("Rules that a plan breaks, so that it cannot be recommended:")),
        *(
            Text(text=say("{plan}: {rule}", plan=called(verdict, plan), rule=sentence_case(text)), item=True)
            for plan, text in broken
        ),
    ]


def _exceptions(verdict: Verdict) -> Table:
    """Return the workloads that cannot follow a plan; plans with the same exception stand together."""
    plans_of: dict[str, list[Strategy]] = {}
    for plan in cheapest_first(verdict.strategies):
        for text in plan.exceptions:
            plans_of.setdefault(text, []).append(plan)
    return Table(
        caption=say("Where a plan cannot be followed"),
        columns=(Column(head=say("Plan"), share=1.2), Column(head=say("Workload and reason"), share=2.8)),
        rows=tuple(
            (joined([called(verdict, plan) for plan in of]), sentence_case(text)) for text, of in plans_of.items()
        ),
        small=True,
    )


def _alternatives(verdict: Verdict) -> tuple[Block, ...]:
    currency = verdict.currency
    table = Table(
        caption=say("The best plans of another kind"),
        columns=(
            Column(head=say("What is different"), share=2),
            Column(head=say("Machines"), share=3),
            Column(head=say("Cost, NPV"), align="right", share=1),
            Column(head=say("Above the cheapest"), align="right", share=1),
        ),
        rows=tuple(
            (
                sentence_case(one.label),
                joined([retell(pool) for pool in one.pools]) if one.pools else say("none"),
                money(one.npv, currency),
                money(one.extra, currency) if one.extra > WORTH_SAYING else MISSING,
            )
            for one in verdict.alternatives
        ),
        small=True,
    )
    if len(table.rows) < 2:
        return ()  # the hybrid itself
    return tabled(
        say(
            "In each of these some workload goes mainly to another kind of place; what it costs above the hybrid is "
            "the price of that wish."
        ),
        table,
    )


def _rules(verdict: Verdict) -> tuple[Block, ...]:
    currency, carried = verdict.currency, verdict.affordable
    table = Table(
        caption=say("What each rule and limit costs a year"),
        columns=(
            Column(head=say("Workload"), share=1),
            Column(head=say("Gate or limit"), share=0.9),
            Column(head=say("Would go to"), share=1.6),
            Column(head=say("Who could lift it"), share=2.4),
            Column(head=say("Saves a year"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                retell(price.workload) or say("All"),
                retell(GATES.get(price.rule, LIMITS.get(price.rule, price.rule))),
                retell(price.goes_to) or MISSING,
                sentence_case(price.lift),
                money(price.saving_per_year, currency),
            )
            for price in verdict.shadow_prices
        ),
        small=True,
    )
    found = tabled(
        say("Each row leaves out one rule or one limit and plans anew. It is no advice to break it."),
        table,
    ) or (Text(text=say("No single rule or limit costs anything that matters: lifting one changes no plan.")),)
    values = {
        "amount": money(carried.budget_per_month, currency),
        "meaning": retell(carried.meaning),
        "factor": number(carried.factor),
        "tokens": tokens(carried.million_tokens_per_day),
    }
    return (*found, Text(text=_load(carried, values, machines=bool(verdict.pools))))


def _load(carried: Affordable, values: Mapping[str, str], *, machines: bool) -> str:
    """Return what a budget would carry, in words."""
    if carried.factor < WORTH_GROWING and machines and not carried.within_offers:
        return say(
            "{amount} a month ({meaning}) carries the volumes planned, growth included; more would need a further "
            "machine.",
            **values,
        )
    if carried.factor < WORTH_GROWING:
        return (
            say(
                "{amount} a month ({meaning}) carries today's volume, {tokens} million tokens a day, and no more: what "
                "is on offer ends there, not the money.",
                **values,
            )
            if carried.within_offers
            else say(
                "{amount} a month ({meaning}) carries today's volume, {tokens} million tokens a day, and hardly more.",
                **values,
            )
        )
    if carried.within_offers:
        return say(
            "{amount} a month ({meaning}) would carry {factor} times today's volume, {tokens} million tokens a day; "
            "there what is on offer ends, not the money.",
            **values,
        )
    return say(
        "{amount} a month ({meaning}) would carry {factor} times today's volume, {tokens} million tokens a day, if "
        "all workloads grew alike.",
        **values,
    )
