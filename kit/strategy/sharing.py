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

from kit.strategy.plan import Floats, Problem, solve


def share_costs(problem: Problem, total: float) -> Floats:
    """Return each workload's part of the plan's cost per month, (W,).

    Args:
        problem: what the plan solves.
        total: the plan's cost per month.
    """
    everyone = range(len(problem.requests))
    if len(everyone) == 1:
        return np.array([total])
    without = np.array([solve(only(problem, [v for v in everyone if v != w])).cost for w in everyone])
    alone = np.array([solve(only(problem, [w])).cost for w in everyone])
    separable = np.clip(total - without, 0, alone)
    return split(total, separable=separable, alone=alone)


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


def only(problem: Problem, workloads: list[int]) -> Problem:
    """Return the problem with these workloads and no others."""
    return replace(
        problem,
        requests=problem.requests[workloads],
        deferrable=problem.deferrable[workloads],
        seconds=problem.seconds[workloads],
        api_price=problem.api_price[workloads],
    )
