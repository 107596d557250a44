"""What the documents show, as text: a verdict with every figure formatted once, for whatever draws it.

A document is the decision page and then sections; a section is a title, paragraphs, pictures and tables. HTML, PDF and
DOCX differ in how they draw these parts and in nothing else. All text is told in the language of the moment: call
:func:`view` inside ``with speaking(code, verdict.messages)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from kit.report import decision
from kit.report.parts import BasisLine as BasisLine
from kit.report.parts import KeyFigure as KeyFigure
from kit.report.parts import Picture, Section, Table
from kit.report.sections import sections
from kit.report.words import day
from kit.strategy.verdict import Verdict
from kit.wording import retell, spoken


@dataclass(frozen=True)
class View:
    """The documents' content, ready to be drawn.

    Attributes:
        client, title: whom the verdict is for, and its question.
        date, valid_until: in full; ``iso_date`` as ISO 8601 has it.
        kit_version: of the kit that decided.
        language: of all text here, as BCP 47 has it.
        headline, money_sentence: the verdict.
        key_figures: four figures for page one.
        workloads: the table of page one.
        pictures: the pictures of page one.
        bases: what page one ends with: until when the verdict holds, what would turn it, how its figures are known.
        decision: the decision page as section 1; its blocks are ``workloads`` and ``pictures``.
        sections: the sections after it, numbered from 2.
    """

    client: str
    title: str
    date: str
    valid_until: str
    iso_date: str
    kit_version: str
    language: str
    headline: str
    money_sentence: str
    key_figures: tuple[KeyFigure, ...]
    workloads: Table
    pictures: tuple[Picture, ...]
    bases: tuple[BasisLine, ...]
    decision: Section
    sections: tuple[Section, ...]


def view(verdict: Verdict) -> View:
    """Return everything that the documents show, as text in the language of the moment.

    Args:
        verdict: the decision; every figure in the result is one of its values, rounded, a count of its parts, or
            stands in its strings.
    """
    return View(
        client=verdict.client,
        title=retell(verdict.title),
        date=day(verdict.date),
        valid_until=day(verdict.valid_until),
        iso_date=verdict.date.isoformat(),
        kit_version=verdict.kit_version,
        language=spoken(),
        headline=retell(verdict.sentence),
        money_sentence=retell(verdict.money_sentence),
        key_figures=decision.key_figures(verdict),
        workloads=decision.workloads(verdict),
        pictures=decision.pictures(verdict),
        bases=decision.lines(verdict),
        decision=decision.decision(verdict),
        sections=sections(verdict),
    )
