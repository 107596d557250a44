"""The evidence at the end of the document: options and strikes, speeds, inputs by basis, limits and sources."""

from __future__ import annotations

from collections.abc import Sequence

from kit.pricing.age import OLD_DAYS
from kit.record import Basis
from kit.report.findings import speed_finding
from kit.report.parts import Block, Cell, Chip, Column, Picture, Section, Table, Text, sentence_case
from kit.report.words import MISSING, PLACE_NAMES, exact, number, per_thousand, percent, seconds, symbol
from kit.strategy.ageing import stale
from kit.strategy.verdict import Duty, Input, MeasuredPoint, Option, Placement, Verdict

BASES = {
    Basis.ASSUMED: "Nobody vouches for these: replace them first.",
    Basis.PREDICTED: "Computed from other figures by the rule that the source names.",
    Basis.PUBLISHED: "Somebody printed these, about a machine, a contract or a test that is not the client's.",
    Basis.QUOTED: "The client or a supplier stated these.",
    Basis.MEASURED: "Measured by the kit.",
}
"""What each basis means, the least certain first."""


def options(verdict: Verdict) -> Section:
    """Return what may serve each workload, and what is out by which rule."""
    blocks: list[Block] = [
        Text(
            text="An option that one rule strikes is out, whatever it costs. Cost is the API's price, or "
            f"the time of the replica that it takes at full planned load; {MISSING}: its capacity for such requests is "
            "not known."
        )
    ]
    for placement in verdict.placements:
        blocks += [table for table in (_permitted(placement, verdict.currency), _struck(placement)) if table.rows]
    return Section(key="options", title="Options for each workload", blocks=tuple(blocks))


def duties(verdict: Verdict) -> Section:
    """Return what the regulations have the client do itself, one list a rule."""
    by_rule: dict[str, list[Duty]] = {}
    for duty in verdict.duties:
        by_rule.setdefault(duty.rule, []).append(duty)
    blocks: list[Block] = []
    for rule, found in by_rule.items():
        first = found[0]
        blocks.append(Text(text=f"{rule} ({first.binds}), for {', '.join(first.workloads)}:"))
        blocks += [Text(text=duty.text, item=True) for duty in found]
        blocks.append(Text(text=f"{first.reference}. Text of {first.date.isoformat()}: {first.source}. {first.note}"))
    if blocks:
        blocks.insert(
            0,
            Text(
                text="No choice of place takes these off the client: they are no gates. This is not legal advice, but "
                "a reading of each rule as of the date that stands with it."
            ),
        )
    return Section(key="duties", title="What the regulations leave to the client", blocks=tuple(blocks))


def _name(option: Option, options: Sequence[Option]) -> str:
    """Return an option's label, with its profile where another option of that label rests on another one."""
    profiles = {other.profile for other in options if other.label == option.label}
    return f"{option.label} [{option.profile}]" if len(profiles) > 1 and option.profile else option.label


def _permitted(placement: Placement, currency: str) -> Table:
    """Return the options that no rule strikes, the cheapest first; the same machine at several loads is one row."""
    found: dict[str, list[Option]] = {}
    for option in placement.options:
        if not option.strikes:
            found.setdefault(_name(option, placement.options), []).append(option)
    shares = dict(zip(placement.goes_to, placement.shares, strict=True))
    costs = {
        name: sorted(o.cost_per_request for o in same if o.cost_per_request is not None) for name, same in found.items()
    }
    return Table(
        caption=f"{placement.workload}: what may serve it",
        columns=(
            Column(head="Option", share=3.4),
            Column(head="Place", share=1),
            Column(head="Known by", share=0.9),
            Column(head=f"{symbol(currency)} per thousand requests", align="right", share=1.3),
            Column(head="Takes", align="right", share=0.7),
        ),
        rows=tuple(
            (
                name,
                (Chip(text=PLACE_NAMES[found[name][0].place], kind=found[name][0].place),),
                (Chip(text=found[name][0].basis, kind=found[name][0].basis),),
                " – ".join(dict.fromkeys(per_thousand(cost) for cost in (costs[name][:1] + costs[name][-1:])))
                or MISSING,
                percent(shares[found[name][0].label]) if found[name][0].label in shares else "",
            )
            for name in sorted(found, key=lambda name: (not costs[name], costs[name]))
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


def speeds(verdict: Verdict) -> Section:
    """Return the service curves of the machines that the plan rests on."""
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


def inputs(verdict: Verdict) -> Section:
    """Return every input, the least certain basis first."""
    blocks: list[Block] = []
    for basis, meaning in BASES.items():
        rows: list[tuple[Cell, ...]] = [
            (sentence_case(item.label), exact(item.value), item.unit, item.source, _day(item, verdict))
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


def _day(item: Input, verdict: Verdict) -> str:
    """Return the day of an input, marked where it is a price that is too old to be relied on."""
    mark = f" (over {OLD_DAYS} days old)" if stale(item, verdict.date, days=OLD_DAYS) else ""
    return item.date.isoformat() + mark


def limits(verdict: Verdict) -> Section:
    """Return warnings and limits."""
    blocks: list[Block] = []
    if verdict.warnings:
        blocks.append(Text(text="Before you rely on it:"))
        blocks += [Text(text=text, item=True) for text in verdict.warnings]
    if verdict.limits:
        blocks.append(Text(text="What the method leaves out:"))
        blocks += [Text(text=text, item=True) for text in verdict.limits]
    return Section(key="limits", title="Warnings and limits", blocks=tuple(blocks))


def sources(verdict: Verdict) -> Section:
    """Return the records with their hashes."""
    table = Table(
        caption="The records that this verdict rests on, with the hash of their bytes",
        columns=(Column(head="Record", share=1), Column(head="Hash", share=2)),
        rows=tuple((source.name, source.sha256) for source in verdict.sources),
        small=True,
    )
    return Section(key="sources", title="Sources", blocks=(table,) if table.rows else ())
