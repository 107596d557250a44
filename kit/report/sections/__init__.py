"""The sections of the documents, each from the record to its text, tables and pictures."""

from __future__ import annotations

from dataclasses import replace

from kit.report import charts
from kit.report.parts import Section, only
from kit.report.sections import (
    assumptions,
    certainty,
    comparison,
    gates,
    hybrid,
    method,
    money,
    plans,
    roadmap,
    scope,
    today,
)
from kit.strategy.verdict import Verdict
from kit.wording import ENGLISH, speaking, spoken

FIRST = 2
"""Number of the first section; the decision page is number 1."""


def sections(verdict: Verdict) -> tuple[Section, ...]:
    """Return the sections after the decision page, numbered; blocks without content are left out."""
    found = _before_the_last(verdict)
    english = found
    if spoken() != ENGLISH:
        with speaking(ENGLISH):
            english = _before_the_last(verdict)
    drawable = frozenset(charts.drawable(verdict))
    kept = (only(section, drawable) for section in (*found, method.method(verdict, english)))
    return tuple(
        replace(section, number=number)
        for number, section in enumerate((section for section in kept if section.blocks), start=FIRST)
    )


def _before_the_last(verdict: Verdict) -> tuple[Section, ...]:
    return (
        scope.scope(verdict),
        today.today(verdict),
        gates.gates(verdict),
        plans.plans(verdict),
        money.money_section(verdict),
        certainty.certainty(verdict),
        hybrid.hybrid(verdict),
        comparison.comparison(verdict),
        roadmap.roadmap(verdict),
        assumptions.assumptions(verdict),
    )
