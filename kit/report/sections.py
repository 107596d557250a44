"""The sections after the decision page: plans, machines, cash, certainty, options, speeds, inputs, limits, sources."""

from __future__ import annotations

from kit.report import evidence, outlook
from kit.report.findings import (
    cash_finding,
    cheapest_first,
    hours_finding,
    plans_finding,
    tornado_finding,
)
from kit.report.money_charts import CASH_PARTS, matters
from kit.report.parts import Block, Chip, Column, Picture, Section, Table, Text, sentence_case
from kit.report.words import (
    MISSING,
    PLACE_NAMES,
    amount,
    change,
    money,
    months,
    number,
    percent,
    symbol,
)
from kit.strategy.reasons import count, how_far
from kit.strategy.verdict import Verdict


def sections(verdict: Verdict) -> tuple[Section, ...]:
    """Return the sections in the order in which a reader asks for them."""
    found = (
        _plans(verdict),
        _machines(verdict),
        _cash(verdict),
        _certainty(verdict),
        outlook.alternatives(verdict),
        outlook.busiest(verdict),
        outlook.rule_of_thumb(verdict),
        outlook.roadmap(verdict),
        evidence.options(verdict),
        evidence.duties(verdict),
        evidence.speeds(verdict),
        evidence.inputs(verdict),
        evidence.limits(verdict),
        evidence.sources(verdict),
    )
    return tuple(section for section in found if section.blocks)


def _plans(verdict: Verdict) -> Section:
    currency = verdict.currency
    plans = cheapest_first(verdict.strategies)
    number_of = count(len(plans))
    table = Table(
        caption=f"{number_of.capitalize()} plans, over {number(verdict.horizon_years)} years "
        f"at a discount rate of {percent(verdict.discount_rate)}",
        columns=(
            Column(head="Plan", share=1.9),
            Column(head="Cost, NPV", align="right", share=0.8),
            Column(head="p10–p90", align="right", share=1.5),
            Column(head="Cheapest in", align="right", share=0.8),
            Column(head="Regret, p95", align="right", share=0.9),
            Column(head="Purchase", align="right", share=0.9),
            Column(head="Payback", align="right", share=0.8),
            Column(head="A month", align="right", share=0.8),
        ),
        rows=tuple(
            (
                plan.label,
                money(plan.npv, currency),
                f"{money(plan.npv_p10, currency)} – {money(plan.npv_p90, currency)}",
                percent(plan.p_cheapest),
                money(plan.regret_p95, currency),
                money(plan.capex, currency),
                months(plan.payback_months),
                money(plan.cost_per_month, currency),
            )
            for plan in plans
        ),
        small=True,
    )
    exceptions = tuple((plan.label, *_split(text)) for plan in plans for text in plan.exceptions)
    blocks: list[Block] = [
        Picture(name="plans_npv", alt=f"Dot plot of {number_of} plans. {plans_finding(verdict)}."),
        table,
    ]
    blocks.append(
        Text(
            text="Every plan keeps to the rules, but for what is done today. NPV is the net present value of all cash "
            "out. Regret is what a plan costs above the cheapest one in the same future. Payback is against the cloud "
            f"plan; {MISSING} means that nothing more is bought, or that it never pays back."
        )
    )
    if exceptions:
        blocks.append(
            Table(
                caption="Where a plan cannot be followed; the workload then goes where it may at least cost",
                columns=(
                    Column(head="Plan", share=1.2),
                    Column(head="Workload", share=1),
                    Column(head="Why", share=2.8),
                ),
                rows=exceptions,
                small=True,
            )
        )
    return Section(key="plans", title=f"{number_of.capitalize()} plans compared", blocks=tuple(blocks), page=True)


def _split(exception: str) -> tuple[str, str]:
    """Return the workload and the reason of an exception."""
    workload, _, reason = exception.partition(": ")
    return workload, sentence_case(reason)


def _machines(verdict: Verdict) -> Section:
    if not verdict.pools:
        return Section(key="machines", title="What has to be bought or rented", blocks=())
    currency = verdict.currency
    table = Table(
        caption="Pools of replicas under the recommended plan",
        columns=(
            Column(head="Pool", share=2.2),
            Column(head="Place", share=1.15),
            Column(head="GPUs", align="right"),
            Column(head="Replicas", align="right"),
            Column(head="of them spare", align="right", share=0.7),
            Column(head="Requests in flight", align="right", share=0.8),
            Column(head="Use, mean", align="right", share=0.6),
            Column(head="Use, peak", align="right", share=0.6),
            Column(head="Purchase", align="right", share=0.9),
            Column(head="A month", align="right", share=0.8),
        ),
        rows=tuple(
            (
                pool.label,
                (Chip(text=PLACE_NAMES[pool.place], kind=pool.place),),
                f"{pool.accelerators} × {pool.accelerator}",
                number(pool.replicas),
                number(pool.spare),
                MISSING if pool.concurrency is None else number(pool.concurrency),
                percent(pool.utilisation),
                percent(pool.peak_utilisation),
                money(pool.capex, currency),
                money(pool.cost_per_month, currency),
            )
            for pool in verdict.pools
        ),
        small=True,
    )
    note = Text(
        text="Use is of the capacity that is planned for, with headroom for bursts inside the hour; spare replicas "
        f"serve what may overflow until one fails. {MISSING} under requests in flight: the source states only the most "
        "that the machine does, not at which load."
    )
    picture = Picture(name="load_duration", alt=f"Load-duration curve of the week. {hours_finding(verdict)}.")
    return Section(key="machines", title="What has to be bought or rented", blocks=(table, note, picture))


def _cash(verdict: Verdict) -> Section:
    plan = verdict.strategies[0]
    parts = [(name, label) for name, label, _ in CASH_PARTS if any(getattr(year, name) for year in plan.cash)]
    table = Table(
        caption=f"{plan.label}: cash out by year, {symbol(verdict.currency)}, not discounted",
        columns=(
            Column(head="Year", share=0.8),
            *(Column(head=sentence_case(label), align="right", share=1) for _, label in parts),
        ),
        rows=tuple(
            (
                "start" if year.year == 0 else f"{year.year}",
                *(amount(value) if (value := getattr(year, name)) else MISSING for name, _ in parts),
            )
            for year in plan.cash
        ),
    )
    picture = Picture(name="cash_by_year", alt=f"Stacked bars of cash by year. {cash_finding(verdict)}.")
    note = Text(text=f"{MISSING} means that nothing falls due in that year; resale value comes back and is negative.")
    return Section(key="cash", title="Cash by year", blocks=(picture, table, note))


def _certainty(verdict: Verdict) -> Section:
    currency = verdict.currency
    drivers = sorted((driver for driver in verdict.drivers if matters(driver)), key=how_far)
    table = Table(
        caption="What could turn the verdict, the nearest first",
        columns=(
            Column(head="Input", share=1.6),
            Column(head="Known by", share=0.9),
            Column(head="Another plan is cheaper at", align="right", share=1.2),
            Column(head="Varied from", align="right", share=0.8),
            Column(head="to", align="right", share=0.6),
            Column(head="Saving there", align="right", share=1),
            Column(head="and there", align="right", share=1),
            Column(head="Worth knowing", align="right", share=0.9),
        ),
        rows=tuple(
            (
                sentence_case(driver.name),
                (Chip(text=driver.basis, kind=driver.basis),),
                MISSING if driver.switches_at is None else change(driver, driver.switches_at),
                change(driver, driver.low),
                change(driver, driver.high),
                money(driver.saving_low, currency),
                money(driver.saving_high, currency),
                money(driver.worth_knowing, currency),
            )
            for driver in drivers
        ),
    )
    return Section(
        key="certainty",
        title=f"How sure: {verdict.certainty}",
        blocks=(
            Text(text=verdict.certainty_sentence),
            Text(text=f"The rule: {verdict.certainty_rule}."),
            Picture(name="tornado", alt=f"Tornado chart of the inputs. {tornado_finding(verdict)}."),
            Text(
                text="Factors multiply the figure that was taken, points are added to a yearly change; the saving is "
                f"the net present value against the best other plan. {MISSING}: no other plan is cheaper between a "
                "tenth and ten times the figure. Worth knowing: what it would be worth at most to know the figure "
                "exactly before "
                f"deciding; to know them all: {money(verdict.evpi, currency)}. Inputs that change nothing are left out."
            ),
            table,
        ),
    )
