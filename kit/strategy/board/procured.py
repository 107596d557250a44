"""The parts of the recommended plan that somebody has to supply: its pools and the APIs that it calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.figures import listed
from kit.strategy.board import Case
from kit.strategy.cash import ANYTHING
from kit.strategy.problem import WEEKS_PER_MONTH


@dataclass(frozen=True)
class Part:
    """A pool or an API of the plan.

    Attributes:
        number: of the pool or of the API.
        label: its name.
        workloads: numbers of those that it serves.
        phase: the first in which it does, or is there.
    """

    number: int
    label: str
    workloads: tuple[int, ...]
    phase: int


def names(case: Case, workloads: Sequence[int]) -> str:
    """Return the names of workloads, given by number, as a list."""
    return listed([case.choice.workloads[w].name for w in workloads])


def pool_parts(case: Case) -> list[Part]:
    """Return the pools of the plan, in the verdict's order."""
    plan, found = case.best.plan, []
    for p, row in zip(np.flatnonzero(plan.used), case.verdict.pools, strict=True):
        served = plan.flow_pool[:, :, p].sum(axis=(0, 2)) > 0
        phase = int(np.flatnonzero(plan.running[:, p].any(axis=1))[0])
        found.append(Part(int(p), row.label, tuple(np.flatnonzero(served).tolist()), phase))
    return found


def api_parts(case: Case) -> list[Part]:
    """Return the APIs that the plan calls, the dearest first; what is less than a rounding of the solver is not one."""
    plan, problem = case.best.plan, case.best.problem
    flow, total = plan.flow_api.sum(axis=3), problem.requests.sum(axis=2)
    share = np.divide(flow, total[:, :, None], out=np.zeros_like(flow), where=total[:, :, None] > 0)
    found = []
    for a, api in enumerate(case.choice.apis):
        phases, members = np.nonzero(share[:, :, a] > ANYTHING)
        if len(phases):
            found.append(Part(a, api.label, tuple(sorted(set(members.tolist()))), int(phases.min())))
    return sorted(found, key=lambda part: -api_per_month(case, part)[0])


def api_per_month(case: Case, part: Part) -> tuple[float, float]:
    """Return what an API costs a month in the first phase that calls it, and the millions of tokens for it."""
    items = case.choice.demand.workloads
    tokens = np.array([item.tokens_per_request for item in items]) / 1e6
    calls = case.best.plan.flow_api[part.phase, :, part.number].sum(axis=1) * WEEKS_PER_MONTH
    price = np.nan_to_num(case.best.problem.api_price[part.phase, :, part.number])
    return float(calls @ price), float(calls @ tokens)
