"""Hours taken together: a bound from below, exact where every hour stands alone."""

from __future__ import annotations

import numpy as np
import pytest

from kit.strategy.hourclasses import all_hours, classes_of, first_classes, like_priced, split
from kit.strategy.plan import solve
from kit.strategy.programme import Programme
from tests.strategy.problems import BLOCKS, problem, random_problem, week

KINDS = [{}, {"phases": 2}, {"deferrable": True}, {"by_hour": True}]


def least(given, classes) -> float:
    return Programme(given, classes).solve(seconds=60.0).objective


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_the_programme_over_classes_is_a_bound_that_splitting_never_lowers(seed, kind):
    """No grouping of the hours costs more than the hours do, and a finer one never less than a coarser one."""
    given = random_problem(seed, workloads=2, pools=2, **kind)
    random = np.random.default_rng(seed)
    hours, days = given.shape[0] * 168, given.shape[0] * 7
    coarse = classes_of(given, np.zeros(hours, dtype=int), np.zeros(days, dtype=int))
    finer = split(given, coarse, random.integers(0, 3, hours), random.integers(0, 2, days))
    finest = split(given, finer, random.integers(0, 2, hours), random.integers(0, 2, days))
    true = solve(given, gap=0.0).cost
    bounds = [least(given, classes) for classes in (coarse, finer, finest)]
    assert bounds[0] <= bounds[1] * (1 + 1e-6)
    assert bounds[1] <= bounds[2] * (1 + 1e-6)
    assert bounds[2] <= true * (1 + 1e-6)
    assert least(given, first_classes(given)) <= true * (1 + 1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_all_hours_is_the_problem_itself(kind):
    """One class for every hour has the hour's requests, and costs what the plan costs."""
    given = random_problem(3, workloads=2, pools=2, **kind)
    classes = all_hours(given)
    assert len(classes.hours) == given.shape[0] * 168
    flat = given.requests.transpose(1, 0, 2).reshape(given.shape[1], -1)
    np.testing.assert_allclose(classes.requests[:, classes.of], flat)
    assert least(given, classes) == pytest.approx(solve(given, gap=0.0).cost, rel=1e-5)


def test_no_class_spans_two_phases_or_switching_blocks_and_requests_add_up():
    """Classes keep apart what is decided apart, and lose no request."""
    given = random_problem(1, phases=2, by_hour=True, deferrable=True)
    classes = first_classes(given)
    assert (classes.phase[classes.of] == np.repeat([0, 1], 168)).all()
    assert (classes.block[classes.of] == np.tile(BLOCKS, 2)).all()
    np.testing.assert_allclose(classes.requests @ classes.hours, given.requests.sum(axis=(0, 2)))
    np.testing.assert_allclose(classes.day_requests @ classes.days, given.requests.sum(axis=(0, 2)))


def test_the_busiest_hours_of_work_without_an_api_stand_alone():
    """Its peak decides the replicas, so no mean may hide it."""
    requests = week(3)
    given = problem([requests], seconds=[[1.0]], api_price=[np.nan], start_cost=[1.0])
    classes = first_classes(given)
    assert classes.hours[classes.of[requests.argmax()]] == 1


def test_hours_with_the_same_prices_share_a_class_and_others_only_for_little_money():
    """Two kinds of hour make two labels where nothing may be hidden, and one where what differs may be."""
    given = problem([week(1)], seconds=[[1.0]], api_price=[0.01], start_cost=[1.0])
    kind = np.arange(168) % 2
    values = np.stack([np.where(kind, 10.0, 1.0), np.full(168, -5.0)], axis=1)
    prices = np.where(kind[:, None], [1.0, 1.0], [0.0, 0.0])
    labels, days = like_priced(given, values, prices, 0.0)
    assert len(np.unique(labels)) == 2
    assert all(len(np.unique(labels[kind == k])) == 1 for k in (0, 1))
    assert len(np.unique(days)) == 1
    assert len(np.unique(like_priced(given, values, prices, 1e6)[0])) == 1


def test_classes_by_prices_are_exact_at_the_replicas_they_were_found_for():
    """Two classes, hours that overflow and hours that do not, hide nothing at one number of replicas."""
    requests = week(8)
    over = (requests > 3600).astype(int)
    given = problem([requests], seconds=[[1.0]], api_price=[0.01], start_cost=[1.0])
    classes = classes_of(given, over, np.zeros(7, dtype=int))
    exact, grouped = (Programme(given, c).solve(fixed=np.ones(1)).objective for c in (all_hours(given), classes))
    assert grouped == pytest.approx(exact)
