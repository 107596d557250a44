"""HiGHS, as the programme needs it: arrays in, a solution out, and a basis from which the next one may begin.

HiGHS is called by its own interface, since scipy's can neither begin where the last solution ended nor be given a
solution to better: with both, what is looked at on screen is there in a fraction of the time.

Q. Huangfu and J. A. J. Hall, Parallelizing the dual revised simplex method, Mathematical Programming Computation 10
(2018), 119 to 142.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from kit.strategy.problem import Flags, Floats, Integers

Bases = dict[tuple[int, int], Any]
"""Where relaxations have ended, by their shape."""

LEAST_SECONDS = 0.05
"""Time that the solver has even when there is none left."""


@dataclass(frozen=True)
class Model:
    """Minimise ``costs · x`` with ``row_lower ≤ matrix · x ≤ row_upper`` and ``lower ≤ x ≤ upper``.

    Attributes:
        costs: (N,).
        matrix: (M, N).
        row_lower, row_upper: (M,).
        lower, upper: (N,).
    """

    costs: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes:
        x: the variables, (N,); ``None`` where there is no solution.
        objective: of the solution.
        bound: no solution is below it.
        reduced: reduced costs, (N,); only of a relaxation.
        duals: what one more of each row costs, (M,); only of a relaxation.
        message: the solver's.
    """

    x: Floats | None
    objective: float
    bound: float
    reduced: Floats | None
    duals: Floats | None
    message: str


def solve_whole(
    model: Model, whole: Flags, *, gap: float, seconds: float, start: tuple[Integers, Floats] | None = None
) -> Solution:
    """Return the solution in which some variables are whole numbers.

    Args:
        model: the arrays.
        whole: which variables are, (N,).
        gap: relative gap at which the solver may stop.
        seconds: time at which it must stop.
        start: a solution to better: numbers of variables that are whole, and their values; the solver finds the rest.
    """
    with _solver(model) as highs:
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("time_limit", max(seconds, LEAST_SECONDS))
        integral = np.flatnonzero(whole)
        if len(integral):
            kinds = np.full(len(integral), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
            highs.changeColsIntegrality(len(integral), integral.astype(np.int32), kinds)
        if start is not None:
            highs.setSolution(len(start[0]), start[0].astype(np.int32), start[1])
        highs.run()
        message, info = highs.modelStatusToString(highs.getModelStatus()), highs.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Solution(None, np.inf, np.inf, None, None, message)
        x = np.array(highs.getSolution().col_value)
        # Of what is returned: 1.16.0 may return the start with the objective of a better solution.
        value = float(model.costs @ x)
        return Solution(x, value, float(info.mip_dual_bound) if len(integral) else value, None, None, message)


def solve_relaxed(model: Model, *, bases: Bases | None = None) -> Solution:
    """Return the solution in which no variable has to be whole, with its prices.

    Args:
        model: the arrays.
        bases: where relaxations of the same shape have ended, whatever their figures; this one's is put there.
    """
    with _solver(model) as highs:
        if bases is not None and (known := bases.get(model.matrix.shape)) is not None:
            highs.setBasis(known)
        highs.run()
        status, message = highs.getModelStatus(), highs.modelStatusToString(highs.getModelStatus())
        if status != highspy.HighsModelStatus.kOptimal:
            return Solution(None, np.inf, np.inf, None, None, message)
        if bases is not None:
            bases[model.matrix.shape] = highs.getBasis()
        found, value = highs.getSolution(), float(highs.getInfo().objective_function_value)
        return Solution(
            x=np.array(found.col_value),
            objective=value,
            bound=value,
            reduced=np.array(found.col_dual),
            duals=np.array(found.row_dual),
            message=message,
        )


@contextmanager
def _solver(model: Model) -> Iterator[Any]:
    """Return a solver that holds a model, for the length of a ``with`` block."""
    lp, matrix = highspy.HighsLp(), model.matrix
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.costs, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    with _QUIET.kept():
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        # On programmes as small as these further threads take more than they give, and the answer may depend on them.
        highs.setOptionValue("threads", 1)
        # It finds solutions far from the best, and the other heuristics are as quick here.
        highs.setOptionValue("mip_heuristic_run_feasibility_jump", False)
        highs.passModel(lp)
        yield highs


class _Quiet:
    """Keeps HiGHS from printing to the terminal: some of its messages ignore the option that silences it.

    Several threads may solve at once, and the terminal is given back when the last has ended.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._terminal = threading.Lock(), 0, -1

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Be quiet for the length of a ``with`` block."""
        with self._lock:
            if not self._inside:
                sys.stdout.flush()
                self._terminal = os.dup(1)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.close(nowhere)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    os.dup2(self._terminal, 1)
                    os.close(self._terminal)


_QUIET = _Quiet()
