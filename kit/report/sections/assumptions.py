"""Section 11: every figure that entered, by how it is known, the least certain first."""

from __future__ import annotations

from kit.pricing.age import OLD_DAYS
from kit.record import Basis
from kit.report.parts import Block, Cell, Column, Section, Table, Text, sentence_case, tabled
from kit.report.words import BASES, exact, number
from kit.strategy.ageing import stale
from kit.strategy.verdict import Input, Verdict
from kit.wording import fixed, retell, say

MEANINGS = {
    Basis.ASSUMED: fixed("Nobody vouches for these figures: replace them first."),
    Basis.PREDICTED: fixed("These figures are computed from others by the rule that the source names."),
    Basis.PUBLISHED: fixed(
        "Somebody printed these figures, of a machine, a contract or a test that is not the client's."
    ),
    Basis.QUOTED: fixed("The client or a supplier stated these figures."),
    Basis.MEASURED: fixed("These figures were measured by the kit."),
}
"""What each basis means, the least certain first."""


def assumptions(verdict: Verdict) -> Section:
    """Return every input, the least certain basis first."""
    blocks: list[Block] = [
        Text(
            text=say(
                "{number} figures entered the decision. They are listed by how they are known, the least certain "
                "first, each with its source and the day for which it holds.",
                number=number(len(verdict.inputs)),
            )
        )
    ]
    for basis, meaning in MEANINGS.items():
        rows: list[tuple[Cell, ...]] = [
            (sentence_case(item.label), exact(item.value), retell(item.unit), retell(item.source), _day(item, verdict))
            for item in verdict.inputs
            if item.basis is basis
        ]
        table = Table(
            caption=sentence_case(BASES[basis]),
            columns=(
                Column(head=say("Figure"), share=2.1),
                Column(head=say("Value"), align="right", share=0.8),
                Column(head=say("Unit"), share=1.2),
                Column(head=say("Source"), share=4),
                Column(head=say("Date"), share=0.85),
            ),
            rows=tuple(rows),
            small=True,
            key="inputs",
        )
        blocks += tabled(retell(meaning), table)
    return Section(key="inputs", title=say("Every assumption"), blocks=tuple(blocks), page=True)


def _day(item: Input, verdict: Verdict) -> str:
    """Return the day of an input, marked where it is a price that is too old to be relied on."""
    date = item.date.isoformat()
    if stale(item, verdict.date, days=OLD_DAYS):
        return say("{date} (over {days} days old)", date=date, days=number(OLD_DAYS))
    return date
