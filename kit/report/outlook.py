"""The sections that look beyond the plan: other kinds of plan, what rules cost, the busiest hour, the roadmap."""

from __future__ import annotations

from kit.report.parts import Block, Column, Section, Table, Text
from kit.report.words import MISSING, day, money, number, percent, seconds, tokens
from kit.strategy.verdict import Verdict


def alternatives(verdict: Verdict) -> Section:
    """Return the best plans that differ in kind, what each rule costs, and what a budget carries."""
    currency = verdict.currency
    kinds = Table(
        caption="The best plans that differ in the places they use",
        columns=(
            Column(head="Uses", share=1.6),
            Column(head="Has", share=3),
            Column(head="Cost, NPV", align="right"),
            Column(head="Above the cheapest", align="right"),
        ),
        rows=tuple(
            (
                one.label,
                "; ".join(one.pools) or MISSING,
                money(one.npv, currency),
                money(one.extra, currency) if one.extra > 0.5 else MISSING,
            )
            for one in verdict.alternatives
        ),
        small=True,
    )
    blocks: list[Block] = [kinds]
    if verdict.shadow_prices:
        blocks.append(
            Table(
                caption="What each rule and limit costs a year: the plan without it",
                columns=(
                    Column(head="Workload", share=1),
                    Column(head="Gate or limit", share=0.8),
                    Column(head="Would go to", share=1.6),
                    Column(head="Who could lift it", share=2.4),
                    Column(head="Saves a year", align="right", share=0.8),
                ),
                rows=tuple(
                    (
                        price.workload or "All",
                        price.rule,
                        price.goes_to or MISSING,
                        price.lift,
                        money(price.saving_per_year, currency),
                    )
                    for price in verdict.shadow_prices
                ),
                small=True,
            )
        )
    else:
        blocks.append(Text(text="No single rule or limit costs anything that matters: lifting one changes no plan."))
    carried = verdict.affordable
    ends = "what is on offer ends it, not the money" if carried.within_offers else "all workloads scaled alike"
    blocks.append(
        Text(
            text=f"{money(carried.budget_per_month, currency)} a month, {carried.meaning}, would carry "
            f"{number(carried.factor)} times today's volume, {tokens(carried.million_tokens_per_day)} million tokens a "
            f"day ({ends})."
        )
    )
    return Section(key="alternatives", title="Other plans, and what the rules cost", blocks=tuple(blocks))


def busiest(verdict: Verdict) -> Section:
    """Return what the users of each pool wait in its busiest hour."""
    rows = tuple(
        (
            row.pool,
            wait.workload,
            percent(row.load),
            *(seconds(value) for value in (wait.ttft_p50_s, wait.ttft_p95_s, wait.ttft_p99_s, wait.e2e_p95_s)),
            MISSING if wait.kept is None else "yes" if wait.kept else "no",
            MISSING if row.threshold is None else number(row.threshold),
        )
        for row in verdict.rehearsed
        for wait in row.waits
    )
    blocks: list[Block] = []
    if rows:
        blocks.append(
            Table(
                caption="The busiest hour of each pool, simulated",
                columns=(
                    Column(head="Pool", share=2),
                    Column(head="Workload", share=1.2),
                    Column(head="Load", align="right"),
                    Column(head="TTFT p50", align="right"),
                    Column(head="p95", align="right"),
                    Column(head="p99", align="right"),
                    Column(head="E2E p95", align="right"),
                    Column(head="Limit kept", align="right"),
                    Column(head="Overflow from", align="right"),
                ),
                rows=rows,
                small=True,
            )
        )
        blocks.append(
            Text(
                text="Overflow from: the most requests in one replica, in service or waiting, at which every limit is "
                f"still kept if those beyond are sent to the cloud. {MISSING}: no limit, or none that hangs on it."
            )
        )
    blocks += [Text(text=f"{row.pool}: {row.why}.", item=True) for row in verdict.rehearsed if row.why]
    return Section(key="busiest", title="The busiest hour", blocks=tuple(blocks))


def rule_of_thumb(verdict: Verdict) -> Section:
    """Return the rule of thumb for this client and over the grid."""
    rule, currency = verdict.rule_of_thumb, verdict.currency
    people = sorted({row.staff_fte for row in rule.rows})
    cells = {(row.api_per_mtok, row.tokens_per_s, row.staff_fte): row for row in rule.rows}
    table = Table(
        caption=f"Million tokens a day from which a machine of one's own costs no more ({rule.machine}), by people",
        columns=(
            Column(head="API, a million tokens", align="right"),
            Column(head="A replica carries, tokens/s", align="right"),
            *(Column(head=f"{number(fte)} full-time", align="right") for fte in people),
        ),
        rows=tuple(
            (
                money(price, currency),
                number(speed),
                *(_volume(cells[price, speed, fte].million_tokens_per_day) for fte in people),
            )
            for price, speed in dict.fromkeys((row.api_per_mtok, row.tokens_per_s) for row in rule.rows)
        ),
        small=True,
    )
    blocks: tuple[Block, ...] = (Text(text=rule.sentence), *((table,) if rule.rows else ()))
    return Section(key="thumb", title="The rule of thumb", blocks=blocks)


def _volume(millions: float | None) -> str:
    return "never" if millions is None else tokens(millions)


def roadmap(verdict: Verdict) -> Section:
    """Return the steps, and what calls for a new decision."""
    currency = verdict.currency
    steps = Table(
        caption="What to do when",
        columns=(
            Column(head="", align="right"),
            Column(head="Step", share=2),
            Column(head="How", share=3),
            Column(head="From", share=0.9),
            Column(head="Until", share=0.9),
            Column(head="Pays from, M tokens/day", align="right", share=0.8),
            Column(head="Saves a year", align="right", share=0.8),
        ),
        rows=tuple(
            (
                number(step.order),
                step.title,
                step.text,
                day(step.from_date),
                MISSING if step.until_date is None else day(step.until_date),
                MISSING
                if step.pays_from_million_tokens_per_day is None
                else tokens(step.pays_from_million_tokens_per_day),
                MISSING if step.saving_per_year is None else money(step.saving_per_year, currency),
            )
            for step in verdict.roadmap
        ),
        small=True,
    )
    triggers = Table(
        caption="What calls for a new decision",
        columns=(Column(head="When", share=3), Column(head="Because", share=2)),
        rows=tuple((trigger.what, trigger.why) for trigger in verdict.triggers),
        small=True,
    )
    return Section(key="roadmap", title="Roadmap and triggers", blocks=(steps, triggers))
