"""The example insurer's decided case, made once for the tests of what a board is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kit.report.audit import Audit
from kit.strategy.board import Case
from kit.strategy.decide import prepare, solve_all
from kit.strategy.verdict import Verdict

_CASES: list[Case] = []


def insurer_case(insurer: Audit, verdict: Verdict) -> Case:
    """Return the case behind the insurer's verdict, its plans in the verdict's order."""
    if not _CASES:
        choice = prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)
        plans = {plan.kind: plan for plan in solve_all(choice)}
        solved = tuple(plans[row.kind] for row in verdict.strategies)
        _CASES.append(Case(choice, solved, verdict, insurer.profiles, insurer.prices))
    return _CASES[0]


def said(case: Case, name: str, **workload: Any) -> Case:
    """Return a case in which one workload says something else; nothing is decided anew."""
    engagement = case.choice.engagement
    workloads = tuple(w.model_copy(update=workload) if w.name == name else w for w in engagement.workloads)
    return replace(case, choice=replace(case.choice, engagement=engagement.model_copy(update={"workloads": workloads})))


def pooled(case: Case, **pool: Any) -> Case:
    """Return a case in which the pools of the plan are something else; nothing is decided anew."""
    pools = tuple(
        replace(one, **pool) if used else one for one, used in zip(case.choice.pools, case.best.plan.used, strict=True)
    )
    return replace(case, choice=replace(case.choice, pools=pools))


def profiled(case: Case, **profile: Any) -> Case:
    """Return a case in which the profiles behind the pools of the plan say something else."""
    used = next(one for one, there in zip(case.choice.pools, case.best.plan.used, strict=True) if there)
    return pooled(case, profile=used.profile.model_copy(update=profile))


def termed(case: Case, **terms: Any) -> Case:
    """Return a case with other terms; nothing is decided anew."""
    return replace(case, choice=replace(case.choice, terms=case.choice.terms.model_copy(update=terms)))
