"""Specification of the door to HiGHS: whole numbers and relaxations, what they begin with, and silence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from kit.strategy.solver import _QUIET, Model, solve_relaxed, solve_whole


def knapsack() -> Model:
    """Return the question what is worth most and weighs 10 at most: worth 10, 13, 7, 8 at weights 5, 6, 4, 3.

    By hand: 13 + 8 weighs 9 and is worth 21; 13 + 7 weighs 10 and is worth 20, 10 + 8 weighs 8 and is worth 18.
    """
    weights = sparse.csr_array(np.array([[5.0, 6.0, 4.0, 3.0]]))
    worth = -np.array([10.0, 13.0, 7.0, 8.0])
    return Model(worth, weights, np.array([-np.inf]), np.array([10.0]), np.zeros(4), np.ones(4))


WHOLE = np.ones(4, dtype=bool)


def test_whole_numbers() -> None:
    found = solve_whole(knapsack(), WHOLE, gap=0.0, seconds=10.0)
    assert found.x == pytest.approx([0, 1, 0, 1])
    assert found.objective == found.bound == pytest.approx(-21)


@pytest.mark.parametrize("start", [[1, 0, 0, 1], [0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]])
def test_a_start_is_bettered_or_ignored_and_never_returned_for_better(start: list[float]) -> None:
    """One that is feasible, one that is the best, one that does not fit: the answer is the same, and of its own x."""
    model = knapsack()
    found = solve_whole(model, WHOLE, gap=0.0, seconds=10.0, start=(np.arange(4), np.array(start, dtype=float)))
    assert found.x == pytest.approx([0, 1, 0, 1])
    assert found.objective == pytest.approx(float(model.costs @ found.x))


def test_no_solution_is_none() -> None:
    model = knapsack()
    tight = Model(model.costs, model.matrix, np.array([20.0]), np.array([30.0]), model.lower, model.upper)
    assert solve_whole(tight, WHOLE, gap=0.0, seconds=10.0).x is None
    relaxed = solve_relaxed(tight)
    assert relaxed.x is None
    assert relaxed.objective == np.inf
    assert "nfeasible" in relaxed.message


def test_a_relaxation_has_its_prices() -> None:
    """By hand: 8 a 3, 13 a 6 and a fifth of 10 a 5 fill it; a further unit is worth 2, and 7 for 4 is 1 too dear."""
    found = solve_relaxed(knapsack())
    assert found.x == pytest.approx([0.2, 1, 0, 1])
    assert found.objective == found.bound == pytest.approx(-23)
    assert found.duals == pytest.approx([-2])
    assert found.reduced == pytest.approx([0, -1, 1, -2])


def random_model(seed: int) -> Model:
    """Return 30 rows and 40 columns with a solution: rows are at most a little above what a point has."""
    draw = np.random.default_rng(seed)
    matrix = sparse.random_array((30, 40), density=0.3, rng=draw, format="csr")
    point = draw.uniform(0, 1, 40)
    return Model(
        draw.normal(size=40), matrix, np.full(30, -np.inf), matrix @ point + 0.1, np.zeros(40), np.full(40, 2.0)
    )


def test_a_relaxation_that_begins_where_another_ended_is_the_same() -> None:
    """Whatever the figures of the one before; scipy's answer is the oracle."""
    bases: dict = {}
    for seed in range(12):
        model = random_model(seed)
        found = solve_relaxed(model, bases=bases)
        bounds = list(zip(model.lower, model.upper, strict=True))
        oracle = linprog(model.costs, A_ub=model.matrix, b_ub=model.row_upper, bounds=bounds)
        assert found.objective == pytest.approx(oracle.fun)
        assert (model.matrix @ found.x <= model.row_upper + 1e-6).all()
    assert set(bases) == {(30, 40)}


def test_nothing_is_printed() -> None:
    """HiGHS greets at its first use, whatever it is told."""
    code = (
        "from tests.strategy.test_solver import WHOLE, knapsack\n"
        "from kit.strategy.solver import solve_whole\n"
        "print(solve_whole(knapsack(), WHOLE, gap=0.0, seconds=5.0).objective)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "-21.0\n"


def test_the_terminal_is_given_back_when_the_last_of_several_threads_has_ended() -> None:
    before = os.fstat(1)
    inside, leave = threading.Event(), threading.Event()

    def long() -> None:
        with _QUIET.kept():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=long)
    with _QUIET.kept():
        thread.start()
        assert inside.wait(10)
    assert os.fstat(1).st_ino == Path(os.devnull).stat().st_ino
    leave.set()
    thread.join()
    assert (os.fstat(1).st_dev, os.fstat(1).st_ino) == (before.st_dev, before.st_ino)
