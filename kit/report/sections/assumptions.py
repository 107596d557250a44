"""Section 11: every figure that entered, by how it is known, the least certain first."""

from __future__ import annotations

from collections.abc import Sequence

from kit.figures import decimal, short_day, significant
from kit.pricing.age import OLD_DAYS
from kit.record import Basis
from kit.report.parts import Block, Cell, Column, Section, Table, Text, sentence_case, tabled
from kit.report.words import BASES, joined, number
from kit.strategy.ageing import stale
from kit.strategy.verdict import Input, Verdict
from kit.wording import ENGLISH, Message, fixed, making, retell, say, spoken, tell

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


SUBJECT_AND_FIGURE = fixed("{name}: {figure}")
"""The template of the labels of inputs that belong to a workload, an API or a model."""

LARGE = 100
"""Figures from which on decimals are left out."""


def assumptions(verdict: Verdict) -> Section:
    """Return every input, the least certain basis first."""
    blocks: list[Block] = [
        Text(
            text=say(
                "{number} figures entered the decision. They are listed by how they are known, the least certain "
                "first; those of one subject and one source stand together, to four digits.",
                number=number(len(verdict.inputs)),
            )
        ),
        *([Text(text=say("Sources are named in their own language."))] if spoken() != ENGLISH else []),
    ]
    for basis, meaning in MEANINGS.items():
        table = Table(
            caption=say("{basis}: {meaning}", basis=sentence_case(BASES[basis]), meaning=retell(meaning)),
            columns=(
                Column(head=say("Figure"), share=1.7),
                Column(head=say("Value"), share=2.7),
                Column(head=say("Source"), share=4.1),
                Column(head=say("Date"), share=0.75),
            ),
            rows=_rows([item for item in verdict.inputs if item.basis is basis], verdict),
            small=True,
            key="inputs",
        )
        blocks += tabled("", table)
    return Section(key="inputs", title=say("Every assumption"), blocks=tuple(blocks))


def _rows(items: Sequence[Input], verdict: Verdict) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each subject and source: the prices of an API or the demand of a workload stand together."""
    groups: dict[tuple[str, str, str], list[Input]] = {}
    for item in items:
        subject, _ = _parts(item, verdict)
        groups.setdefault((subject or item.key, item.source, _day(item, verdict)), []).append(item)
    rows: list[tuple[Cell, ...]] = []
    for (_, source, date), group in groups.items():
        subject, _ = _parts(group[0], verdict)
        named = len(group) > 1
        head = sentence_case(subject) if named else sentence_case(group[0].label)
        rows.append((head, _values(group, verdict) if named else _value(group[0]), retell(source), date))
    # Two profiles of the same machine draw the same power from the same source.
    return tuple(dict.fromkeys(rows))


def _parts(item: Input, verdict: Verdict) -> tuple[str, str]:
    """Return what an input is of and what it is, told: ``gpt-5 (openai)`` and ``cached input``; both empty if one."""
    made = making(item.label, verdict.messages)
    if made is None or made.form != "say" or made.args[:1] != (SUBJECT_AND_FIGURE,):
        return "", ""
    subject, figure = (made.values.get(name, "") for name in ("name", "figure"))
    return _told(subject), _told(figure)


def _told(value: Message | str | float | None) -> str:
    return tell(value) if isinstance(value, Message) else retell(str(value))


def _values(group: Sequence[Input], verdict: Verdict) -> str:
    """Return several figures of one subject; a unit that they share is said once."""
    units = {item.unit for item in group}
    if len(units) == 1:
        figures = [
            say("{figure} {value}", figure=_parts(item, verdict)[1], value=_figure(item.value)) for item in group
        ]
        return say("{figures} {unit}", figures=joined(figures, "; "), unit=retell(group[0].unit))
    return joined([_named(item, verdict) for item in group], "; ")


def _named(item: Input, verdict: Verdict) -> str:
    figure = _parts(item, verdict)[1]
    if retell(item.unit) == figure or item.unit in (item.label, "tokens"):
        return say("{figure} {value}", figure=figure, value=_figure(item.value))
    return say("{figure} {value} {unit}", figure=figure, value=_figure(item.value), unit=retell(item.unit))


def _value(item: Input) -> str:
    return say("{value} {unit}", value=_figure(item.value), unit=retell(item.unit))


def _figure(value: float) -> str:
    """Return a figure to four digits; all of them are in verdict.json."""
    return decimal(value) if abs(value) >= LARGE else significant(value, 4)


def _day(item: Input, verdict: Verdict) -> str:
    """Return the day of an input, marked where it is a price that is too old to be relied on."""
    date = short_day(item.date)
    if stale(item, verdict.date, days=OLD_DAYS):
        return say("{date} (over {days} days old)", date=date, days=number(OLD_DAYS))
    return date
