"""The sections after the decision page: plans, machines, cash, certainty, options, speeds, inputs, limits, sources."""

from __future__ import annotations

from collections.abc import Sequence

from kit.record import Basis
from kit.report.findings import (
    cash_finding,
    cheapest_first,
    distance,
    hours_finding,
    plans_finding,
    speed_finding,
    tornado_finding,
)
from kit.report.money_charts import CASH_PARTS
from kit.report.parts import Block, Cell, Chip, Column, Picture, Section, Table, Text, sentence_case
from kit.report.words import (
    MISSING,
    PLACE_NAMES,
    amount,
    exact,
    factor,
    money,
    months,
    number,
    percent,
    seconds,
    symbol,
)
from kit.strategy.verdict import MeasuredPoint, Option, Placement, Verdict

BASES = {
    Basis.ASSUMED: "Nobody vouches for these: replace them first.",
    Basis.PREDICTED: "Computed from other figures by the rule that the source names.",
    Basis.PUBLISHED: "Somebody printed these, about a machine, a contract or a test that is not the client's.",
    Basis.QUOTED: "The client or a supplier stated these.",
    Basis.MEASURED: "Measured by the kit.",
}
"""What each basis means, the least certain first."""


def sections(verdict: Verdict) -> tuple[Section, ...]:
    """Return the sections in the order in which a reader asks for them."""
    found = (
        _plans(verdict),
        _machines(verdict),
        _cash(verdict),
        _certainty(verdict),
        _options(verdict),
        _speeds(verdict),
        _inputs(verdict),
        _limits(verdict),
        _sources(verdict),
    )
    return tuple(section for section in found if section.blocks)


def _plans(verdict: Verdict) -> Section:
    currency = verdict.currency
    plans = cheapest_first(verdict.strategies)
    table = Table(
        caption=f"Four plans that keep to the rules, over {number(verdict.horizon_years)} years "
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
    blocks: list[Block] = [Picture(name="plans_npv", alt=f"Dot plot of four plans. {plans_finding(verdict)}."), table]
    blocks.append(
        Text(
            text="NPV is the net present value of all cash out. Regret is what a plan costs above the cheapest one in "
            f"the same future. Payback is against the cloud plan; {MISSING} means that nothing more is bought, or that "
            "it never pays back."
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
    return Section(key="plans", title="Four plans compared", blocks=tuple(blocks), page=True)


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
        text="Use is of the capacity that is planned for: without the spare replicas and with headroom for bursts "
        f"inside the hour. {MISSING} under requests in flight: the source states only the most that the machine does, not at "
        "which load."
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
    drivers = sorted(verdict.drivers, key=lambda driver: (driver.switches_at is None, distance(driver)))
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
        ),
        rows=tuple(
            (
                sentence_case(driver.name),
                (Chip(text=driver.basis, kind=driver.basis),),
                MISSING if driver.switches_at is None else factor(driver.switches_at),
                factor(driver.low),
                factor(driver.high),
                money(driver.saving_low, currency),
                money(driver.saving_high, currency),
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
            table,
            Text(
                text="Factors multiply the figure that was taken; the saving is the net present value against the best "
                f"other plan. {MISSING}: no other plan is cheaper between a tenth and ten times the figure."
            ),
        ),
    )


def _options(verdict: Verdict) -> Section:
    blocks: list[Block] = [
        Text(
            text="An option that one rule strikes is out, whatever it costs. A cost per request is the API's price, or "
            f"the time of the replica that it takes at full planned load; {MISSING}: its capacity for such requests is "
            "not known."
        )
    ]
    for placement in verdict.placements:
        blocks += [table for table in (_permitted(placement, verdict.currency), _struck(placement)) if table.rows]
    return Section(key="options", title="Options for each workload", blocks=tuple(blocks))


def _name(option: Option, options: Sequence[Option]) -> str:
    """Return an option's label, with its profile where another option is called the same."""
    same = [other for other in options if other.label == option.label]
    return f"{option.label} [{option.profile}]" if len(same) > 1 and option.profile else option.label


def _permitted(placement: Placement, currency: str) -> Table:
    options = sorted(
        (option for option in placement.options if not option.strikes),
        key=lambda option: (option.cost_per_request is None, option.cost_per_request),
    )
    shares = dict(zip(placement.goes_to, placement.shares, strict=True))
    return Table(
        caption=f"{placement.workload}: what may serve it",
        columns=(
            Column(head="Option", share=3.4),
            Column(head="Place", share=1),
            Column(head="Known by", share=0.9),
            Column(head=f"{symbol(currency)} a request", align="right", share=0.9),
            Column(head="Takes", align="right", share=0.9),
        ),
        rows=tuple(
            (
                _name(option, placement.options),
                (Chip(text=PLACE_NAMES[option.place], kind=option.place),),
                (Chip(text=option.basis, kind=option.basis),),
                MISSING if option.cost_per_request is None else f"{option.cost_per_request:.2g}",
                percent(shares[option.label]) if option.label in shares else "",
            )
            for option in options
        ),
        small=True,
    )


def _struck(placement: Placement) -> Table:
    """Return the strikes of a workload, options with the same strike together."""
    found: dict[tuple[str, str, str], list[tuple[str, Option]]] = {}
    for option in placement.options:
        for strike in option.strikes:
            general = strike.reason.replace(option.label, "these").replace(option.model, "these")
            found.setdefault((strike.gate, general, strike.lift), []).append((strike.reason, option))
    return Table(
        caption=f"{placement.workload}: what is out, by which rule, and what would lift it",
        columns=(
            Column(head="Gate", share=0.7),
            Column(head="Rule and evidence", share=2.2),
            Column(head="Would be lifted by", share=1.5),
            Column(head="Strikes", share=2),
        ),
        rows=tuple(
            (
                (Chip(text=gate, kind="out"),),
                sentence_case(struck[0][0] if len(struck) == 1 else general),
                sentence_case(lift),
                "; ".join(_names([option for _, option in struck], placement.options)),
            )
            for (gate, general, lift), struck in found.items()
        ),
        small=True,
    )


def _names(some: Sequence[Option], options: Sequence[Option]) -> tuple[str, ...]:
    """Return the labels of some options; of two with the same label the profile, unless all of that label are meant."""
    found: dict[str, None] = {}
    for option in some:
        whole = all(other in some for other in options if other.label == option.label)
        found[option.label if whole else _name(option, options)] = None
    return tuple(found)


def _speeds(verdict: Verdict) -> Section:
    used = {pool.profile for pool in verdict.pools} | {verdict.measured_here}
    by_profile: dict[str, list[MeasuredPoint]] = {}
    for point in verdict.service_curves:
        if point.profile in used:
            by_profile.setdefault(point.profile, []).append(point)
    ordered = sorted(by_profile.items(), key=lambda item: item[0] != verdict.measured_here)
    blocks: list[Block] = []
    if any(point.concurrency is not None for point in verdict.service_curves):
        finding = speed_finding(verdict.service_curves, verdict.measured_here)
        blocks += [
            Picture(name="throughput", alt=f"Line chart of throughput against requests in flight. {finding}."),
            Picture(
                name="time_to_first_token", alt="Line chart of the time to first token against requests in flight."
            ),
        ]
    blocks += [_curve(points, verdict.measured_here) for _, points in ordered]
    blocks.append(
        Text(
            text="Shown are the machine that was measured here, if any, and those that the plan rests on; "
            f"{MISSING} is what the source does not state. What each other machine does stands among the inputs."
        )
    )
    return Section(key="speeds", title="Speed: measured and published", blocks=tuple(blocks))


def _curve(points: Sequence[MeasuredPoint], measured_here: str | None) -> Table:
    first = points[0]
    how = "measured on this machine" if first.profile == measured_here else first.basis
    memory = f", peak memory {number(first.peak_memory_gib)} GiB" if first.peak_memory_gib is not None else ""
    return Table(
        caption=f"{first.model} on {first.accelerator}: {how}, {first.date.isoformat()}{memory}",
        columns=(
            Column(head="Prompt tokens", align="right", share=0.8),
            Column(head="Output tokens", align="right", share=0.8),
            Column(head="Requests in flight", align="right", share=0.9),
            Column(head="Output tokens/s", align="right", share=1.1),
            Column(head="First token", align="right", share=0.8),
            Column(head="Each further token", align="right", share=0.9),
            Column(head="Source", share=3.2),
        ),
        rows=tuple(
            (
                number(point.prompt_tokens),
                number(point.output_tokens),
                "as many as fit" if point.concurrency is None else number(point.concurrency),
                number(point.output_tokens_per_s),
                seconds(point.ttft_p50_s),
                seconds(point.tpot_p50_s),
                point.source,
            )
            for point in points
        ),
        small=True,
    )


def _inputs(verdict: Verdict) -> Section:
    blocks: list[Block] = []
    for basis, meaning in BASES.items():
        rows: list[tuple[Cell, ...]] = [
            (sentence_case(item.label), exact(item.value), item.unit, item.source, item.date.isoformat())
            for item in verdict.inputs
            if item.basis is basis
        ]
        if rows:
            blocks.append(
                Table(
                    caption=f"{sentence_case(basis)}. {meaning}",
                    columns=(
                        Column(head="Figure", share=2.1),
                        Column(head="Value", align="right", share=0.8),
                        Column(head="Unit", share=1.2),
                        Column(head="Source", share=3.2),
                        Column(head="Date", share=0.85),
                    ),
                    rows=tuple(rows),
                    small=True,
                )
            )
    return Section(
        key="inputs", title="Every figure that entered, the least certain first", blocks=tuple(blocks), page=True
    )


def _limits(verdict: Verdict) -> Section:
    blocks: list[Block] = []
    if verdict.warnings:
        blocks.append(Text(text="Before you rely on it:"))
        blocks += [Text(text=text, item=True) for text in verdict.warnings]
    if verdict.limits:
        blocks.append(Text(text="What the method leaves out:"))
        blocks += [Text(text=text, item=True) for text in verdict.limits]
    return Section(key="limits", title="Warnings and limits", blocks=tuple(blocks))


def _sources(verdict: Verdict) -> Section:
    table = Table(
        caption="The records that this verdict rests on, with the hash of their bytes",
        columns=(Column(head="Record", share=1), Column(head="Hash", share=2)),
        rows=tuple((source.name, source.sha256) for source in verdict.sources),
        small=True,
    )
    return Section(key="sources", title="Sources", blocks=(table,) if table.rows else ())
