"""Who pays for what is shared: separable costs, remaining benefits.

Workloads share pools and people. Each pays what the plan would save without it (its separable cost); the rest is split
in proportion to what each gains by sharing (its cost alone, less its separable cost). Nobody pays more than it would
alone, and the parts add up to the plan.

    share_w = sep_w + (C(N) − Σ sep) · r_w / Σ r        sep_w = C(N) − C(N∖w),   r_w = max(0, C({w}) − sep_w)

Reference: P. D. Straffin and J. P. Heaney, Game theory and the Tennessee Valley Authority, International Journal of
Game Theory 10 (1981), 35 to 43.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kit.strategy.plan import solve
from kit.strategy.problem import Caps, Floats, Plan, Problem, only


def share_costs(problem: Problem, plan: Plan) -> Floats:
    """Return each workload's part of the plan's cost, net present value, (W,).

    Args:
        problem: what the plan solves.
        plan: the plan.
    """
    everyone = range(problem.shape[1])
    if len(everyone) == 1:
        return np.array([plan.cost])
    without = np.array([_cost(problem, [v for v in everyone if v != w]) for w in everyone])
    alone = np.array([_cost(problem, [w]) for w in everyone])
    separable = np.clip(plan.cost - without, 0, alone)
    return split(plan.cost, separable=separable, alone=alone)


def _cost(problem: Problem, workloads: list[int]) -> float:
    # Limits on the whole say nothing of a part.
    return solve(replace(only(problem, workloads), caps=Caps()), seconds=QUICK).cost


QUICK = 0.0
"""Seconds for each of the smaller plans: a first plan and its hours, without the proof."""


def split(total: float, *, separable: Floats, alone: Floats) -> Floats:
    """Return the parts of ``total`` by separable costs and remaining benefits.

    Args:
        total: cost of all together.
        separable: what all together save without each, (W,).
        alone: what each would cost alone, (W,).
    """
    benefit = np.clip(alone - separable, 0, None)
    weights = benefit / benefit.sum() if benefit.sum() > 0 else np.full(len(alone), 1 / len(alone))
    parts: Floats = separable + (total - separable.sum()) * weights
    return parts
