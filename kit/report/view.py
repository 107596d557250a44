"""What the documents show, as text: a verdict with every figure formatted once, for whatever draws it.

A document is the decision page and then sections; a section is a title, paragraphs, pictures and tables. HTML and
PDF differ in how they draw these parts and in nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kit.record import Basis, Part
from kit.report.findings import nearest, volume_finding, week_finding
from kit.report.parts import Column, Picture, Section, Table, chips, sentence_case
from kit.report.sections import sections
from kit.report.words import (
    amount,
    change,
    day,
    money,
    months,
    number,
    percent,
    symbol,
    tokens,
)
from kit.strategy.verdict import Input, Verdict


class KeyFigure(Part):
    """A figure that is worth its size on page one."""

    label: str
    value: str
    note: str


class BasisLine(Part):
    """What is known in one way: the basis, and what it is said of."""

    basis: str
    text: str


class View(Part):
    """The documents' content, ready to be drawn."""

    client: str
    title: str
    date: str
    valid_until: str
    iso_date: str
    kit_version: str
    headline: str
    money_sentence: str
    key_figures: tuple[KeyFigure, ...]
    workloads: Table
    pictures: tuple[Picture, ...]
    bases: tuple[BasisLine, ...]
    sections: tuple[Section, ...]


def view(verdict: Verdict) -> View:
    """Return everything that the documents show, as text.

    Args:
        verdict: the decision; every figure in the result is one of its values, rounded, or stands in its strings.
    """
    return View(
        client=verdict.client,
        title=verdict.title,
        date=day(verdict.date),
        valid_until=day(verdict.valid_until),
        iso_date=verdict.date.isoformat(),
        kit_version=verdict.kit_version,
        headline=verdict.sentence,
        money_sentence=verdict.money_sentence,
        key_figures=_key_figures(verdict),
        workloads=_workloads(verdict),
        pictures=(
            Picture(name="typical_week", alt=_week_alt(verdict)),
            Picture(name="cost_against_volume", alt=_volume_alt(verdict)),
        ),
        bases=_bases(verdict.inputs, verdict.measured_here, planned={pool.profile for pool in verdict.pools}),
        sections=sections(verdict),
    )


def _key_figures(verdict: Verdict) -> tuple[KeyFigure, ...]:
    best, currency = verdict.strategies[0], verdict.currency
    years = f"{number(verdict.horizon_years)} years"
    sure = f"cheapest in {percent(best.p_cheapest)} of {number(verdict.samples)} futures"
    if best.regret_p95 > 1:
        sure += f"; 95% of the time at most {money(best.regret_p95, currency)} above the best plan"
    if best.payback_months is not None:
        back = KeyFigure(
            label="Payback",
            value=months(best.payback_months),
            note=f"on {money(best.capex, currency)} of hardware, against the cloud",
        )
    elif best.capex > 0:
        back = KeyFigure(
            label="Purchase",
            value=money(best.capex, currency),
            note="it does not pay itself back; the rules ask for it",
        )
    else:
        back = KeyFigure(label="Purchase", value="none", note="nothing is bought")
    return (
        KeyFigure(label="How sure", value=verdict.certainty, note=sure),
        KeyFigure(
            label=f"Cost over {years}",
            value=money(best.npv, currency).replace(" million", " m"),
            note=f"net present value; p10–p90: {money(best.npv_p10, currency)} to {money(best.npv_p90, currency)}",
        ),
        back,
        _hangs_on(verdict),
    )


def _hangs_on(verdict: Verdict) -> KeyFigure:
    first = nearest(verdict.drivers)
    if first is None or first.switches_at is None:
        return KeyFigure(
            label="Hangs on", value="no one input", note="none turns it between a tenth and ten times its value"
        )
    return KeyFigure(
        label="Would turn at",
        value=change(first, first.switches_at),
        note=f"{first.name} ({first.basis}): so far from what was taken, another plan would be cheaper",
    )


def _workloads(verdict: Verdict) -> Table:
    currency = symbol(verdict.currency)
    return Table(
        caption="Where each workload goes, and why",
        columns=(
            Column(head="Workload", share=1.15),
            Column(head="Goes to", share=1.2),
            Column(head="M tokens/day", align="right"),
            Column(head="Because", share=3),
            Column(head=f"{currency} / month", align="right"),
        ),
        rows=tuple(
            (
                placement.workload,
                chips(placement),
                tokens(placement.million_tokens_per_day),
                sentence_case("; ".join(placement.because)),
                amount(placement.cost_per_month),
            )
            for placement in verdict.placements
        ),
        total=("All", "", tokens(verdict.break_even.today), "", amount(verdict.strategies[0].cost_per_month)),
    )


_SUBJECTS = (
    ("prices.", "prices of APIs and GPUs"),
    ("profiles.", "speeds of machines that the plan does not use"),
    ("latency.", "latency of the cloud"),
    ("quality.", "quality scores"),
    ("scores.", "quality scores of the client's own"),
    ("power.", "electrical power"),
    ("workloads.", "demand and limits"),
    ("money.", "the terms of money"),
    ("operations.", "running costs"),
    ("", ""),
)
"""What inputs are about, by the start of their key; an assumed term or cost is named, and so is what has no subject."""

NAMED = 3
"""How many single inputs a line on page one names before it says "and others"."""


def _bases(inputs: Sequence[Input], measured_here: str | None, *, planned: Collection[str]) -> tuple[BasisLine, ...]:
    """Return what is measured, quoted, published, predicted and assumed, in a line each.

    Args:
        inputs: every figure that entered.
        measured_here: the profile that was measured on this machine.
        planned: the profiles of the machines in the plan; nobody should take the speed of another for theirs.
    """
    lines = []
    for basis in Basis:
        subjects: dict[str, None] = {}
        singles: dict[str, None] = {}
        for item in inputs:
            if item.basis is basis:
                about = next(text for start, text in _SUBJECTS if item.key.startswith(start))
                if item.key.removeprefix("profiles.") in planned:
                    about = "the speed of the machines in the plan"
                about = "" if basis is Basis.ASSUMED and item.key.startswith(("money.", "operations.")) else about
                (subjects if about else singles)[about or item.label] = None
        named = [*subjects, *list(singles)[:NAMED], *(["others"] if len(singles) > NAMED else [])]
        if basis is Basis.MEASURED and not named:
            named = [f"this machine ({measured_here})" if measured_here else "nothing yet"]
        if named:
            text = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
            lines.append(BasisLine(basis=basis, text=text))
    return tuple(lines)


def _week_alt(verdict: Verdict) -> str:
    return f"Area chart of tokens by hour of the typical week, own GPUs below, cloud above. {week_finding(verdict)}."


def _volume_alt(verdict: Verdict) -> str:
    return f"Line chart of cost per month against volume for four plans. {volume_finding(verdict)}."
