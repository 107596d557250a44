"""What a board is told beside the plan itself, worked out from a decided case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.pricing.pricebook import PriceBook
from kit.profiler.profile import HardwareProfile
from kit.strategy.choice import Choice, Solved
from kit.strategy.verdict import Verdict


@dataclass(frozen=True)
class Case:
    """Everything that was decided, for whoever puts it into words.

    Attributes:
        choice: every workload against every option.
        solved: the plans that were compared, the recommended one first.
        verdict: what was decided, without the parts of :mod:`kit.strategy.dossier`.
        profiles: what is known of hardware.
        prices: the price book of the day.
    """

    choice: Choice
    solved: tuple[Solved, ...]
    verdict: Verdict
    profiles: Sequence[HardwareProfile]
    prices: PriceBook

    @property
    def best(self) -> Solved:
        """The recommended plan."""
        return self.solved[0]


def dossier(case: Case) -> dict[str, Any]:
    """Return the fields of the verdict that put it before a board, by name."""
    from kit.strategy.board.aspects import aspects
    from kit.strategy.board.checks import checks
    from kit.strategy.board.claims import claims
    from kit.strategy.board.filling import memory
    from kit.strategy.board.leaving import exits
    from kit.strategy.board.purchasing import purchases
    from kit.strategy.board.questions import answers
    from kit.strategy.board.risks import risks
    from kit.strategy.board.scope import bills, requirements
    from kit.strategy.board.sketch import sketch
    from kit.strategy.totals import bill_total, week_parts

    today, week = bills(case), case.verdict.week
    return {
        "requirements": requirements(case),
        "bills": today,
        "bill_total": bill_total(today),
        "week": week.model_copy(update={"parts": week_parts(week)}),
        "memory": memory(case),
        "aspects": aspects(case),
        "checks": checks(case),
        "claims": claims(case),
        "answers": answers(case),
        "risks": risks(case),
        "purchases": purchases(case),
        "exits": exits(case),
        "sketch": sketch(case),
    }
