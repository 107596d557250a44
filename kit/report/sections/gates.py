"""Section 4: which gate strikes what, where each workload goes and why, and what else may serve it."""

from __future__ import annotations

from collections.abc import Sequence

from kit.figures import count
from kit.report.parts import (
    Cell,
    Column,
    Section,
    Table,
    Text,
    basis_chip,
    chips,
    headed,
    place_chip,
    sentence_case,
    tabled,
)
from kit.report.sections.struck import gate_name, option_name, struck
from kit.report.words import GATES, MISSING, amount, joined, listed, per_thousand, percent, seconds, symbol
from kit.strategy.verdict import Option, Placement, Verdict
from kit.wording import retell, say

FEW = 8
"""Workloads that count as few."""

CHEAPEST = (4, 2)
"""Options that may serve a workload and are listed, beside those that do: with few workloads, and with more."""


def gates(verdict: Verdict) -> Section:
    """Return what was considered, what is out by which rule, and what is left."""
    placements = verdict.placements
    blocks = (
        Text(
            text=say(
                "Every workload was set against every machine and every API on offer. A gate is a rule that strikes "
                "what may not or cannot serve it, whatever it costs; the plan is made of what is left. The list of "
                "every option with its gates is in verdict.json."
            )
        ),
        *tabled(
            say(
                "A machine whose speed is known at several loads is an option for each; an option may fall to several "
                "gates."
            ),
            _matrix(placements),
        ),
        *headed(
            say("Where each workload goes"),
            *tabled("", _places(verdict)),
            Text(
                text=say(
                    "Costs are means of the horizon, with growth; section 3 is at today's volume. The API bill is "
                    "without the people who look after it."
                )
            ),
        ),
        *headed(
            say("What may serve each workload"),
            *tabled(_may_intro(placements), _may_serve(verdict)),
            *_unserved(placements),
        ),
        *headed(
            say("What is out, and what would let it in"),
            *tabled(
                say(
                    "Options and workloads that a rule strikes alike stand together. An option is out as long as one "
                    "rule strikes it."
                ),
                struck(verdict),
            ),
        ),
    )
    return Section(key="gates", title=say("Gates and placements"), blocks=blocks)


def _matrix(placements: Sequence[Placement]) -> Table:
    """Return how many options each gate strikes; an option that a gate strikes twice counts once."""
    struck = {strike.gate for one in placements for option in one.options for strike in option.strikes}
    used = [*(gate for gate in GATES if gate in struck), *sorted(struck - set(GATES))]
    return Table(
        caption=say("Options that each gate strikes"),
        columns=(
            Column(head=say("Workload"), share=1.4),
            Column(head=say("Options"), align="right", share=0.7),
            *(Column(head=sentence_case(gate_name(gate)), align="right", share=0.8) for gate in used),
            Column(head=say("May serve"), align="right", share=0.7),
        ),
        rows=tuple(
            (
                retell(one.workload),
                amount(len(one.options)),
                *(_many(sum(any(s.gate == gate for s in o.strikes) for o in one.options)) for gate in used),
                amount(sum(not option.strikes for option in one.options)),
            )
            for one in placements
            if one.options
        ),
        small=True,
        key="gates",
    )


def _many(number: int) -> str:
    return amount(number) if number else MISSING


def _places(verdict: Verdict) -> Table:
    currency = symbol(verdict.currency)
    return Table(
        caption=say("Where each workload goes, and why"),
        columns=(
            Column(head=say("Workload"), share=1.1),
            Column(head=say("Goes to"), share=1.1),
            Column(head=say("Served by"), share=2),
            Column(head=say("Because"), share=2.6),
            Column(head=say("First token, p95"), align="right", share=0.7),
            Column(head=say("{currency} / month here, people included", currency=currency), align="right", share=0.9),
            Column(head=say("API bill alone at the cheapest"), align="right", share=0.9),
        ),
        rows=tuple(
            (
                retell(one.workload),
                chips(one),
                joined([_taker(one, i) for i in range(len(one.goes_to))]),
                sentence_case(joined(list(one.because))),
                seconds(one.ttft_p95_s),
                amount(one.cost_per_month),
                say("none may") if one.cost_if_cloud_per_month is None else amount(one.cost_if_cloud_per_month),
            )
            for one in verdict.placements
        ),
        small=True,
    )


def _taker(one: Placement, i: int) -> str:
    label = retell(one.goes_to[i])
    return label if len(one.goes_to) == 1 else say("{option} ({share})", option=label, share=percent(one.shares[i]))


def _may_intro(placements: Sequence[Placement]) -> str:
    return say(
        "Of the options that no gate strikes the table lists the {number} cheapest of each workload and those that "
        "serve it. The cost is the price of the API, or of the time that the request takes of a replica at full "
        "planned load; {missing} means that the capacity for such requests is not known.",
        number=count(_listed(placements)),
        missing=MISSING,
    )


def _listed(placements: Sequence[Placement]) -> int:
    few, many = CHEAPEST
    return few if len(placements) <= FEW else many


def _may_serve(verdict: Verdict) -> Table:
    """Return the options that no gate strikes, by workload; the same machine at several loads is one row."""
    most = _listed(verdict.placements)
    return Table(
        caption=say("Options that pass every gate"),
        columns=(
            Column(head=say("Workload"), share=1.2),
            Column(head=say("Option"), share=3.2),
            Column(head=say("Place"), share=1.05),
            Column(head=say("Known by"), share=0.95),
            Column(
                head=say("{currency} per thousand requests", currency=symbol(verdict.currency)),
                align="right",
                share=1.2,
            ),
            Column(head=say("Takes"), align="right", share=0.7),
        ),
        rows=tuple(row for one in verdict.placements for row in _may_rows(one, most=most)),
        small=True,
    )


def _may_rows(one: Placement, *, most: int) -> list[tuple[Cell, ...]]:
    found: dict[str, list[Option]] = {}
    for option in one.options:
        if not option.strikes:
            found.setdefault(option_name(option, one.options), []).append(option)
    shares = dict(zip(one.goes_to, one.shares, strict=True))
    costs = {
        name: sorted(o.cost_per_request for o in same if o.cost_per_request is not None) for name, same in found.items()
    }
    ordered = sorted(found, key=lambda name: (not costs[name], costs[name]))
    shown = [name for i, name in enumerate(ordered) if i < most or found[name][0].label in shares]
    rows: list[tuple[Cell, ...]] = []
    for name in shown:
        option = found[name][0]
        ends = dict.fromkeys(per_thousand(cost) for cost in (*costs[name][:1], *costs[name][-1:]))
        rows.append(
            (
                "" if rows else retell(one.workload),
                name,
                (place_chip(option.place),),
                (basis_chip(option.basis),),
                joined(list(ends), " – ") if ends else MISSING,
                percent(shares[option.label]) if option.label in shares else "",
            )
        )
    return rows


def _unserved(placements: Sequence[Placement]) -> tuple[Text, ...]:
    none = [retell(one.workload) for one in placements if one.options and all(o.strikes for o in one.options)]
    return (Text(text=say("No option passes for {workloads}.", workloads=listed(none))),) if none else ()
