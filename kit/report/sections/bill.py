"""Today's bill, in section 3: what is paid, what the API used better would cost, and what today's use breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.report.parts import Block, Column, Table, Text, sentence_case, tabled
from kit.report.words import MISSING, amount, symbol
from kit.strategy.dossier import Bill
from kit.strategy.verdict import Verdict
from kit.wording import retell, say


def bill(verdict: Verdict) -> Iterable[Block]:
    """Return the bill of each workload, with its total and the rules that today's use breaks."""
    if not verdict.bills:
        if not verdict.requirements:
            return ()  # a record of an older kit says nothing of bills
        return (Text(text=say("Nothing runs in production yet, so there is no bill to compare with.")),)
    currency, total = symbol(verdict.currency), verdict.bill_total
    stated = any(one.stated_per_month is not None for one in verdict.bills)
    table = Table(
        caption=say("What is paid today, and what the same would cost if the API were used better"),
        columns=(
            Column(head=say("Workload"), share=1.2),
            Column(head=say("Runs today at"), share=1.7),
            Column(head=say("Cache"), share=0.6),
            Column(head=say("Batch"), share=0.6),
            Column(head=say("{currency} / month at list prices", currency=currency), align="right", share=1),
            *(
                (Column(head=say("{currency} / month as stated", currency=currency), align="right", share=1),)
                if stated
                else ()
            ),
            Column(head=say("Cheapest API that may serve it"), share=1.7),
            Column(head=say("{currency} / month, used better", currency=currency), align="right", share=1),
        ),
        rows=tuple(
            (
                retell(one.workload),
                retell(one.label) or MISSING,
                _used(one.cached),
                _used(one.batch),
                _amount(one.cost_per_month),
                *((_amount(one.stated_per_month),) if stated else ()),
                retell(one.better) or say("none may"),
                _amount(one.better_per_month),
            )
            for one in verdict.bills
        ),
        total=None
        if total is None
        else (
            say("All"),
            "",
            "",
            "",
            _amount(total.cost_per_month),
            *((_amount(total.stated_per_month),) if stated else ()),
            "",
            _amount(total.better_per_month),
        ),
        small=True,
        key="bills",
    )
    return (
        *tabled(
            say(
                "Both are at list prices and at the demand of this document; used better means the cheapest API that "
                "the rules permit, with prompt cache and batch interface where they can be used."
            ),
            table,
        ),
        *(
            (
                Text(
                    text=say(
                        "{missing} means that nobody knows the figure, or that nothing may serve it.", missing=MISSING
                    )
                ),
            )
            if any(MISSING in row for row in table.rows)
            else ()
        ),
        *_broken(verdict.bills),
        *_missed(verdict.bills),
    )


def _amount(value: float | None) -> str:
    return MISSING if value is None else amount(value)


def _used(does: bool) -> str:
    return say("yes") if does else say("no")


def _broken(bills: Sequence[Bill]) -> list[Block]:
    broken = [
        Text(text=say("{workload}: {rule}", workload=retell(one.workload), rule=sentence_case(rule)), item=True)
        for one in bills
        for rule in one.breaks
    ]
    if not broken:
        return [Text(text=say("What is done today breaks no rule on data, regions or regulations."))]
    return [Text(text=say("What is done today breaks rules:")), *broken]


def _missed(bills: Sequence[Bill]) -> list[Block]:
    """Return what else today's API fails, which says why a permitted one may cost more."""
    missed = [
        Text(text=say("{workload}: {rule}", workload=retell(one.workload), rule=sentence_case(rule)), item=True)
        for one in bills
        for rule in one.misses
    ]
    if not missed:
        return []
    return [
        Text(
            text=say(
                "What runs today falls short of what is asked, or is not known to meet it; an API that does may cost "
                "more:"
            )
        ),
        *missed,
    ]
