"""Section 10: what to do when, what to order and to sign, how to get out again, what calls for a new decision."""

from __future__ import annotations

from kit.report.parts import (
    Block,
    Column,
    Section,
    Table,
    basis_chip,
    headed,
    place_chip,
    sentence_case,
    tabled,
)
from kit.report.words import COMMITMENTS, MISSING, day, joined, money, number, tokens
from kit.strategy.dossier import Purchase
from kit.strategy.verdict import Verdict
from kit.wording import retell, say


def roadmap(verdict: Verdict) -> Section:
    """Return steps, purchases, exits and triggers."""
    blocks: tuple[Block, ...] = (
        *tabled("", _steps(verdict)),
        *headed(
            say("Procurement"),
            *tabled(
                say("{missing}: nobody quotes a price, or nothing presses.", missing=MISSING),
                _purchases(verdict),
            ),
            *tabled("", _asks(verdict)),
        ),
        *headed(
            say("The way out"),
            *tabled(
                say("Costs are at the end of the first year; a negative amount is money that comes back."),
                _exits(verdict),
            ),
        ),
        *headed(
            say("When to decide anew"),
            *tabled("", _triggers(verdict)),
        ),
    )
    return Section(key="roadmap", title=say("Roadmap, procurement and exit"), blocks=blocks)


def _steps(verdict: Verdict) -> Table:
    currency = verdict.currency
    return Table(
        caption=say("What to do when"),
        columns=(
            Column(head="", align="right"),
            Column(head=say("Step"), share=2),
            Column(head=say("How"), share=3),
            Column(head=say("From"), share=0.9),
            Column(head=say("Until"), share=0.9),
            Column(head=say("Pays from, M tokens/day"), align="right", share=0.8),
            Column(head=say("Saves a year"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                number(step.order),
                retell(step.title),
                retell(step.text),
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
        key="steps",
    )


def _purchases(verdict: Verdict) -> Table:
    currency = verdict.currency
    return Table(
        caption=say("What to order and to sign"),
        columns=(
            Column(head=say("What"), share=1.8),
            Column(head=say("Place"), share=1.05),
            Column(head=say("Quantity"), align="right", share=1.1),
            Column(head=say("Price"), align="right", share=1.6),
            Column(head=say("Known by"), share=0.9),
            Column(head=say("In all"), align="right", share=1),
            Column(head=say("Order by"), share=0.9),
            Column(head=say("Bound"), share=0.8),
        ),
        rows=tuple(
            (
                retell(one.what),
                (place_chip(one.place),),
                _quantity(one),
                _price(one, currency),
                (basis_chip(one.basis),),
                say("{amount} {when}", amount=money(one.total, currency), when=retell(one.total_unit)),
                MISSING if one.order_by is None else day(one.order_by),
                MISSING if one.commitment is None else retell(COMMITMENTS[one.commitment]),
            )
            for one in verdict.purchases
        ),
        small=True,
        key="purchases",
    )


def _asks(verdict: Verdict) -> Table:
    """Return what to ask each supplier for."""
    return Table(
        caption=say("What to ask for before you sign"),
        columns=(Column(head=say("What"), share=1), Column(head=say("Ask for"), share=4)),
        rows=tuple((retell(one.what), joined(list(one.ask), "\n")) for one in verdict.purchases if one.ask),
        small=True,
        key="asks",
    )


def _quantity(one: Purchase) -> str:
    values = {"number": number(one.quantity), "unit": retell(one.unit)}
    if one.unit == "accelerator" and one.quantity != 1:
        return say("{number} accelerators", **values)
    return say("{number} {unit}", **values)


def _price(one: Purchase, currency: str) -> str:
    if one.price is None:
        return MISSING
    return say("{price} per {unit}", price=money(one.price, currency), unit=retell(one.price_unit))


def _exits(verdict: Verdict) -> Table:
    currency = verdict.currency
    return Table(
        caption=say("How to get out again"),
        columns=(
            Column(head=say("Part of the plan"), share=1.6),
            Column(head=say("How"), share=3),
            Column(head=say("Time it takes"), share=1),
            Column(head=say("Costs, NPV"), align="right", share=0.9),
        ),
        rows=tuple(
            (
                retell(one.what),
                retell(one.how),
                retell(one.notice) or MISSING,
                MISSING if one.cost is None else money(one.cost, currency),
            )
            for one in verdict.exits
        ),
        small=True,
        key="exits",
    )


def _triggers(verdict: Verdict) -> Table:
    return Table(
        caption=say("What calls for a new decision"),
        columns=(Column(head=say("When"), share=3), Column(head=say("Because"), share=2)),
        rows=tuple((sentence_case(trigger.what), sentence_case(trigger.why)) for trigger in verdict.triggers),
        small=True,
        key="triggers",
    )
