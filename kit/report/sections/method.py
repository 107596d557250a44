"""Section 12: limits, the method, what regulations leave to the client, the glossary, and the records with hashes."""

from __future__ import annotations

from collections.abc import Sequence

from kit.report.glossary import glossary
from kit.report.parts import Block, Column, Section, Table, Text, headed, tabled
from kit.report.words import day, joined, listed, number
from kit.strategy.verdict import Duty, Verdict
from kit.wording import fixed, retell, say

STEPS = (
    fixed(
        "What the client asks for is read from one file, and what it does not say is filled in from logs, tables or "
        "assumptions, each marked as such."
    ),
    fixed(
        "Every workload is set against every machine and API on offer; gates strike what may not or cannot serve it."
    ),
    fixed(
        "For each machine that is left, the requests that it carries within the limits of latency follow from "
        "measured or published service curves, simulated with bursts inside the hour."
    ),
    fixed(
        "Costs are all cash over the horizon, discounted: purchases, rent, energy, space, upkeep, people, moves and "
        "API bills."
    ),
    fixed(
        "A mixed-integer programme finds the plan of least cost for the typical week of each year, and proves how far "
        "from the least it may be."
    ),
    fixed(
        "Each plan is priced again in many simulated futures; the verdict goes by expected cost and by the regret "
        "that the client accepts."
    ),
)
"""The method, in the order in which a verdict is made."""


def method(verdict: Verdict, english: Sequence[Section]) -> Section:
    """Return what a reader must know before relying on the document, and how to check it.

    Args:
        verdict: the decision.
        english: the sections before in English, for the glossary.
    """
    blocks: tuple[Block, ...] = (
        *headed(say("Before you rely on it"), *(Text(text=retell(text), item=True) for text in verdict.warnings)),
        *headed(say("What the method leaves out"), *(Text(text=retell(text), item=True) for text in verdict.limits)),
        *headed(say("How the verdict was reached"), *(Text(text=retell(text), item=True) for text in STEPS)),
        *headed(say("What the regulations leave to the client"), *_duties(verdict)),
        *headed(say("Glossary"), *tabled("", glossary(english))),
        *headed(say("Machine-readable annex"), *_annex(verdict)),
    )
    return Section(key="method", title=say("Limits, method and annex"), blocks=blocks)


def _duties(verdict: Verdict) -> tuple[Block, ...]:
    by_rule: dict[str, list[Duty]] = {}
    for duty in verdict.duties:
        by_rule.setdefault(duty.rule, []).append(duty)
    table = Table(
        caption=say("What each rule leaves to the client"),
        columns=(
            Column(head=say("Rule"), share=1),
            Column(head=say("What is left to do"), share=3.4),
            Column(head=say("Where it stands"), share=1.9),
        ),
        rows=tuple(_duty(rule, found) for rule, found in by_rule.items()),
        small=True,
        key="duties",
    )
    return tabled(
        say(
            "No choice of place takes these off the client: they are no gates. This is not legal advice, but a reading "
            "of each rule as of the date that stands with it."
        ),
        table,
    )


def _duty(rule: str, found: Sequence[Duty]) -> tuple[str, ...]:
    """Return a row: the rule with whom it binds, its duties, and where it stands."""
    first = found[0]
    return (
        say(
            "{rule} ({binds}), for {workloads}",
            rule=retell(rule),
            binds=retell(first.binds),
            workloads=listed([retell(name) for name in first.workloads]),
        ),
        joined([retell(duty.text) for duty in found], " "),
        say(
            "{reference}. Text of {date}: {source}. {note}",
            reference=retell(first.reference),
            date=day(first.date),
            source=retell(first.source),
            note=retell(first.note),
        ),
    )


def _annex(verdict: Verdict) -> tuple[Block, ...]:
    table = Table(
        caption=say("The records that this verdict rests on"),
        columns=(Column(head=say("Record"), share=1), Column(head=say("SHA-256"), share=2)),
        rows=tuple((retell(source.name), source.sha256) for source in verdict.sources),
        small=True,
        key="sources",
    )
    return (
        Text(
            text=say(
                "Every figure of this document stands in the record verdict.json beside it (schema version {schema}, "
                "made by the hybrid AI decision kit {version}): all options with their gates, all inputs with basis, "
                "source and date, and {number} figures with the formula by which they follow from the inputs. The "
                "command kit explain shows them.",
                schema=number(verdict.schema_version),
                version=verdict.kit_version,
                number=number(len(verdict.derivations)),
            )
        ),
        *tabled(
            say("Who has the same records, with the same hash of their bytes, gets the same verdict."),
            table,
        ),
    )
