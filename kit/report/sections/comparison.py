"""Section 9: cloud AI against local AI for this client: aspects, check lists, claims, questions, rule of thumb."""

from __future__ import annotations

from collections.abc import Sequence

from kit.report.parts import (
    Block,
    Cell,
    Chip,
    Column,
    Live,
    Section,
    Table,
    Text,
    basis_chip,
    headed,
    sentence_case,
    tabled,
)
from kit.report.words import OUTCOMES, listed, number, tokens, unit_price
from kit.strategy.dossier import Answer, Aspect, Check, Claim, Finding, Side
from kit.strategy.verdict import Verdict
from kit.wording import fixed, retell, say

SIDES: dict[Side, tuple[str, str]] = {"cloud": (fixed("cloud"), "api"), "local": (fixed("local"), "own")}
"""What a side is called, and the kind of its chip."""

_OUTCOME = {"holds": "yes", "holds in part": "even", "does not hold": "no", "not known": "unknown"}


def comparison(verdict: Verdict) -> Section:
    """Return what speaks for the cloud and what for own machines, here."""
    blocks: tuple[Block, ...] = (
        *tabled(
            say(
                "Local AI is on own or rented machines. Client, rules: a statement rests on what the client said and "
                "on the rules alone."
            ),
            _aspects(verdict.aspects),
        ),
        *headed(say("Check lists"), *_checks(verdict.checks)),
        *tabled("", _claims(verdict.claims)),
        *tabled("", _answers(verdict.answers)),
        *headed(say("The rule of thumb"), *_rule_of_thumb(verdict)),
        *_live(verdict),
    )
    return Section(key="comparison", title=say("Cloud AI against local AI for this client"), blocks=blocks)


def _known(*findings: Finding) -> Cell:
    """Return how statements are known: each basis once, or that they rest on the client's word and the rules."""
    bases = dict.fromkeys(finding.basis for finding in findings if finding.basis is not None)
    return tuple(basis_chip(basis) for basis in bases) or say("client, rules")


def _aspects(aspects: Sequence[Aspect]) -> Table:
    return Table(
        caption=say("Cloud AI against local AI, as they are for this client"),
        columns=(
            Column(head=say("Aspect"), share=1),
            Column(head=say("Cloud"), share=3),
            Column(head=say("Local"), share=3),
            Column(head=say("Known by"), share=0.9),
            Column(head=say("Better here"), share=0.8),
        ),
        rows=tuple(
            (
                sentence_case(aspect.name),
                retell(aspect.cloud.text),
                retell(aspect.local.text),
                _known(aspect.cloud, aspect.local),
                (_side(aspect.better),),
            )
            for aspect in aspects
        ),
        small=True,
        key="aspects",
    )


def _side(side: Side | None) -> Chip:
    if side is None:
        return Chip(text=say("neither"), kind="even")
    name, kind = SIDES[side]
    return Chip(text=retell(name), kind=kind)


def _checks(checks: Sequence[Check]) -> tuple[Block, ...]:
    cloud = tuple(check for check in checks if check.choose == "cloud")
    local = tuple(check for check in checks if check.choose == "local")
    return (
        *tabled("", _list(cloud, caption=say("Choose the cloud when ..."))),
        *tabled("", _list(local, caption=say("Choose local when ..."))),
    )


def _list(checks: Sequence[Check], *, caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column(head=say("Condition"), share=1.9),
            Column(head=say("Here"), share=0.85),
            Column(head=say("For"), share=1.2),
            Column(head=say("Evidence"), share=2.6),
            Column(head=say("Known by"), share=0.9),
        ),
        rows=tuple(
            (
                sentence_case(check.condition),
                (_holds(holds=check.holds),),
                listed([retell(name) for name in check.workloads]) if check.workloads else "",
                retell(check.finding.text),
                _known(check.finding),
            )
            for check in checks
        ),
        small=True,
    )


def _holds(*, holds: bool | None) -> Chip:
    if holds is None:
        return Chip(text=say("not known"), kind="unknown")
    return Chip(text=say("yes"), kind="yes") if holds else Chip(text=say("no"), kind="no")


def _claims(claims: Sequence[Claim]) -> Table:
    return Table(
        caption=say("Common claims, checked for this client"),
        columns=(
            Column(head=say("Claim"), share=1.8),
            Column(head=say("Here it"), share=0.95),
            Column(head=say("Evidence"), share=3),
            Column(head=say("Known by"), share=0.9),
        ),
        rows=tuple(
            (
                sentence_case(claim.claim),
                (Chip(text=retell(OUTCOMES[claim.outcome]), kind=_OUTCOME[claim.outcome]),),
                retell(claim.finding.text),
                _known(claim.finding),
            )
            for claim in claims
        ),
        small=True,
        key="claims",
    )


def _answers(answers: Sequence[Answer]) -> Table:
    return Table(
        caption=say("Usual questions, answered for this client"),
        columns=(
            Column(head=say("Question"), share=1.2),
            Column(head=say("Answer"), share=3.6),
            Column(head=say("Known by"), share=0.9),
        ),
        rows=tuple(
            (
                retell(one.question),
                say("{answer} (Source: {source})", answer=retell(one.finding.text), source=retell(one.finding.source))
                if one.finding.source
                else retell(one.finding.text),
                _known(one.finding),
            )
            for one in answers
        ),
        small=True,
        key="answers",
    )


def _rule_of_thumb(verdict: Verdict) -> tuple[Block, ...]:
    """Return the rule in a sentence, and its grid where a machine is permitted."""
    rule, currency = verdict.rule_of_thumb, verdict.currency
    people = sorted({row.staff_fte for row in rule.rows})
    cells = {(row.api_per_mtok, row.tokens_per_s, row.staff_fte): row for row in rule.rows}
    table = Table(
        caption=say(
            "Million tokens a day from which a machine costs no more than the API ({machine})",
            machine=retell(rule.machine),
        ),
        columns=(
            Column(head=say("API, a million tokens"), align="right", share=1),
            Column(head=say("A replica carries, tokens/s"), align="right", share=1),
            *(Column(head=say("{fte} full-time", fte=number(fte)), align="right", share=1) for fte in people),
        ),
        rows=tuple(
            (
                unit_price(price, currency),
                number(speed),
                *(_volume(cells[price, speed, fte].million_tokens_per_day) for fte in people),
            )
            for price, speed in dict.fromkeys((row.api_per_mtok, row.tokens_per_s) for row in rule.rows)
        ),
        small=True,
        key="thumb",
    )
    return (
        Text(text=retell(rule.sentence)),
        *tabled(say("Never: the machine costs more even when it is full."), table),
    )


def _volume(millions: float | None) -> str:
    return say("never") if millions is None else tokens(millions)


def _live(verdict: Verdict) -> tuple[Block, ...]:
    sketch = verdict.sketch
    if sketch is None:
        return ()
    return (
        Live(
            live="cost_sliders",
            alt=say(
                "Sliders for the volume, the price of the cloud and the use of the machines, with the cost a month of "
                "cloud and machines at today's values."
            ),
            title=say("Try it"),
            text=say(
                "A sketch of the cost for {workloads}: one price of the cloud against whole machines "
                "({machine}). It is simpler than the plan: one kind of machine, one mix of requests, one year.",
                workloads=listed([retell(name) for name in sketch.workloads]),
                machine=retell(sketch.machine),
            ),
        ),
    )
