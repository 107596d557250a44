"""Futures, drivers and the rule of certainty."""

from __future__ import annotations

import numpy as np
import pytest

from kit.pricing.ownership import annuity_factor
from kit.strategy import uncertainty
from kit.strategy.choice import choose, solve_kind
from kit.strategy.dispatch import DRIVERS, price_plan
from kit.strategy.options import apis, pools
from kit.strategy.terms import resolve
from kit.strategy.uncertainty import Futures, certainty, drivers, sample
from kit.strategy.verdict import Certainty, StrategyKind


@pytest.fixture(scope="module")
def solved(insurer):
    said, terms = insurer.engagement, resolve(insurer.engagement)
    options = pools(said, insurer.profiles, insurer.prices, terms)
    choice = choose(said, insurer.demand, terms, apis(said, insurer.prices), options)
    return choice, [solve_kind(choice, kind) for kind in StrategyKind]


def test_today_costs_what_the_programme_says(solved):
    """With all factors at 1 the greedy dispatch costs what the mixed-integer programme found, for every plan."""
    choice, plans = solved
    annuity = annuity_factor(choice.terms.discount_rate.value, choice.terms.months)
    for plan in plans:
        priced = price_plan(choice, plan, np.ones((1, len(DRIVERS))))[0]
        assert priced == pytest.approx(plan.plan.cost * annuity, rel=1e-3), plan.kind


def test_each_driver_moves_only_what_it_drives(solved):
    """Free people save exactly their NPV; a tenfold rent costs nothing where nothing is rented."""
    choice, plans = solved
    hybrid = plans[0]
    ones = np.ones((3, len(DRIVERS)))
    ones[1, DRIVERS.index("staff")] = 0
    ones[2, DRIVERS.index("GPU rents")] = 10
    today, no_staff, dear_rent = price_plan(choice, hybrid, ones)
    annuity = annuity_factor(choice.terms.discount_rate.value, choice.terms.months)
    people = sum(
        fte.value * choice.terms.staff_cost_per_year.value / 12
        for fte in (choice.terms.staff_fte_own, choice.terms.staff_fte_api)
    )
    assert today - no_staff == pytest.approx(people * annuity, rel=1e-9)
    assert dear_rent == pytest.approx(today)


def test_more_volume_and_dearer_prices_never_cost_less(solved):
    """Cost rises with volume and every price, and falls with throughput."""
    choice, plans = solved
    steps = np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    for column, name in enumerate(DRIVERS):
        factors = np.ones((len(steps), len(DRIVERS)))
        factors[:, column] = steps
        for plan in plans:
            change = np.diff(price_plan(choice, plan, factors))
            if name == "throughput":
                assert (change <= 1e-6).all()
            else:
                assert (change >= -1e-6).all()


def test_futures_are_the_same_for_the_same_seed_and_lie_within_the_spread(solved):
    """Sampling is reproducible, and no factor leaves its spread."""
    choice, plans = solved
    one, two = sample(choice, plans, count=64), sample(choice, plans, count=64)
    assert (one.npv == two.npv).all()
    known = uncertainty.bases(choice, plans)
    high = np.array([1 + uncertainty.SPREAD[known[name]] for name in DRIVERS])
    assert (one.factors <= high * (1 + 1e-12)).all()
    assert (one.factors >= 1 / high * (1 - 1e-12)).all()


def futures(npv: list[list[float]]) -> Futures:
    return Futures(factors=np.ones((len(npv[0]), len(DRIVERS))), npv=np.array(npv))


def test_probability_and_regret_by_hand():
    """Cheapest in three of four futures, and 10 dearer in the fourth: P = 0.75 and regrets of 0, 0, 0 and 10."""
    found = futures([[100, 100, 100, 110], [120, 130, 140, 100]])
    assert found.p_cheapest.tolist() == [0.75, 0.25]
    assert found.regret.tolist() == [[0, 0, 0, 10], [20, 30, 40, 0]]


@pytest.mark.parametrize(
    ("wins", "loss", "expected"),
    [
        (90, 1.0, Certainty.ROBUST),
        (90, 50.0, Certainty.LEANING),
        (70, 1.0, Certainty.LEANING),
        (50, 1.0, Certainty.TOO_CLOSE),
    ],
)
def test_certainty_by_rule(wins, loss, expected):
    """Robust needs 80 % and little regret, leaning 55 %; of 90 wins and 10 losses the p95 of regret is a loss."""
    first = [100.0] * wins + [100.0 + loss] * (100 - wins)
    other = [200.0] * wins + [100.0] * (100 - wins)
    assert certainty(futures([first, other]), 100.0) is expected


def test_a_switching_value_is_where_the_saving_is_nothing(solved):
    """At the factor that a driver names, the plan and the best other cost the same."""
    choice, plans = solved
    compared = uncertainty.distinct(plans)
    for driver in drivers(choice, compared):
        if driver.switches_at is None:
            continue
        factors = np.ones((2, len(DRIVERS)))
        factors[:, DRIVERS.index(driver.name)] = (driver.switches_at * 0.97, driver.switches_at * 1.03)
        costs = np.array([price_plan(choice, plan, factors) for plan in compared])
        saving = costs[1:].min(axis=0) - costs[0]
        assert saving[0] * saving[1] <= 0
