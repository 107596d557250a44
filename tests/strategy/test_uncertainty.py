"""Futures, drivers, the rule of recommendation and the rule of certainty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.record import Basis
from kit.strategy import uncertainty
from kit.strategy.choice import kinds, solve_kind
from kit.strategy.dispatch import as_taken, price_plan
from kit.strategy.uncertainty import (
    Futures,
    Moves,
    certainty,
    drivers,
    drivers_of,
    factors_of,
    recommend,
    rivals,
    sample,
)
from kit.strategy.verdict import Certainty, StrategyKind
from tests.strategy.test_dispatch import choice_of

KINDS = (StrategyKind.HYBRID, StrategyKind.CLOUD, StrategyKind.RENTED, StrategyKind.TODAY)


@pytest.fixture(scope="module")
def solved(insurer):
    choice = choice_of(insurer)
    assert set(KINDS) <= set(kinds(choice))
    return choice, [solve_kind(choice, kind) for kind in KINDS]


def test_the_inputs_are_those_that_a_plan_uses(solved):
    """Each workload's volume, each profile in use; rents only where something is rented; bases of what was taken."""
    choice, plans = solved
    specs = {spec.name: spec for spec in drivers_of(choice, plans)}
    for workload, item in zip(choice.workloads, choice.demand.workloads, strict=True):
        spec = specs[f"volume of {workload.name}"]
        assert (spec.which, spec.basis) == (workload.name, item.requests_per_day.basis)
    used = {choice.pools[p].profile.name for plan in plans for p in np.flatnonzero(plan.plan.used)}
    assert {spec.which for spec in specs.values() if spec.moves is Moves.SPEED} == used
    assert specs["change of API prices per year"].basis is choice.terms.api_price_change_per_year.basis
    assert "GPU rents today" in specs
    without = {spec.moves for spec in drivers_of(choice, plans[:2])}
    assert all(choice.pools[p].place is Place.OWN for p in np.flatnonzero(plans[0].plan.used | plans[1].plan.used))
    assert not without & {Moves.RENT, Moves.RENT_CHANGE}
    assert len({spec.key for spec in specs.values()}) == len(specs)


def test_spreads_are_by_basis(solved):
    """Factors lie symmetrically about 1 on the scale of logarithms, yearly changes about 0."""
    choice, plans = solved
    for spec in drivers_of(choice, plans):
        if spec.additive:
            assert spec.low == -spec.high == -uncertainty.CHANGE_SPREAD[spec.basis]
        else:
            assert spec.low * spec.high == pytest.approx(1)
            assert spec.high <= 1 + uncertainty.SPREAD[spec.basis] + 1e-12
        assert spec.at(np.array([0.0, 0.5, 1.0])) == pytest.approx([spec.low, spec.taken, spec.high])
    # A dear and well-known card in a server of which little is known: 0.5 of the one part, 0.1 of the other.
    purchase = next(spec for spec in drivers_of(choice, plans) if spec.moves is Moves.PURCHASE)
    overhead = choice.terms.server_overhead_share
    assert purchase.basis is Basis.ASSUMED is overhead.basis
    card = max((pool.price.basis for pool in choice.pools if pool.place is Place.OWN), key=list(Basis).index)
    mixed = (uncertainty.SPREAD[card] + overhead.value * 0.5) / (1 + overhead.value)
    assert purchase.high == pytest.approx(1 + mixed)


def test_a_column_moves_what_its_input_says(solved):
    """Each column of a matrix of futures lands in its own factor, and all else stays as taken."""
    choice, plans = solved
    specs = drivers_of(choice, plans)
    for column, spec in enumerate(specs):
        values = np.array([[one.taken for one in specs]] * 2)
        values[1, column] = 0.25
        factors, taken = factors_of(choice, specs, values), as_taken(choice, 2)
        for name in Moves:
            field = "speed" if name is Moves.SPEED else name.value
            changed = getattr(factors, field) != getattr(taken, field)
            assert not changed[0].any()
            assert changed[1].any() == (name is spec.moves)
        if spec.moves is Moves.SPEED:
            assert (factors.speed[1] != 1).tolist() == [pool.profile.name == spec.which for pool in choice.pools]


def test_futures_are_the_same_for_the_same_seed_and_lie_within_the_spread(solved):
    """Sampling is reproducible, no value leaves its range, and another seed gives other futures."""
    choice, plans = solved
    one, two, other = (sample(choice, plans, count=64, seed=seed) for seed in (1, 1, 2))
    assert (one.npv == two.npv).all()
    assert (one.npv != other.npv).any()
    for spec, column in zip(one.specs, one.factors.T, strict=True):
        assert spec.low - 1e-12 <= column.min() < spec.taken < column.max() <= spec.high + 1e-12


def test_samples_of_any_size_price_a_future_alike(solved):
    """A future costs the same whatever is priced beside it: the work is done in pieces, which must not show."""
    choice, plans = solved
    futures = sample(choice, plans, count=1024)
    some = [0, 117, 118, 119, 512, 1023]
    for i, plan in enumerate(plans):
        again = price_plan(choice, plan, factors_of(choice, futures.specs, futures.factors[some])).npv
        assert futures.npv[i, some] == pytest.approx(again, rel=1e-12)


def test_steps_are_told(solved):
    """A progress bar hears of each plan."""
    choice, plans = solved
    told = []
    sample(choice, plans, count=16, on_step=lambda: told.append(1))
    assert len(told) == len(plans)


def futures(npv, candidates=None):
    rows = np.array(npv, dtype=float)
    every = tuple(range(len(rows))) if candidates is None else candidates
    return Futures(specs=(), factors=np.ones((rows.shape[1], 0)), npv=rows, grown=np.zeros_like(rows), candidates=every)


def test_probability_and_regret_by_hand():
    """Cheapest in three of four futures, and 10 dearer in the fourth: P = 0.75 and regrets of 0, 0, 0 and 10."""
    found = futures([[100, 100, 100, 110], [120, 130, 140, 100]])
    assert found.p_cheapest.tolist() == [0.75, 0.25]
    assert found.regret.tolist() == [[0, 0, 0, 10], [20, 30, 40, 0]]
    assert found.regret_mean.tolist() == [2.5, 22.5]
    assert found.expected.tolist() == [102.5, 122.5]
    assert found.p_within(115).tolist() == [1.0, 0.25]
    assert found.percentiles[:, 1].tolist() == [100, 125]


def test_a_plan_that_breaks_rules_is_priced_only():
    """The third plan is always cheapest, and neither counts nor makes the others regret anything."""
    found = futures([[100, 100], [120, 90], [10, 10]], candidates=(0, 1))
    assert found.p_cheapest.tolist() == [0.5, 0.5, 0.0]
    assert found.regret[:2].tolist() == [[0, 10], [20, 0]]
    assert found.regret[2].tolist() == [-90, -80]


def test_variants_of_one_way_do_not_split_its_win():
    """Two APIs-only plans win half each against machines that never do: the one that is cheaper in the mean has all."""
    costs = [[100, 100], [120, 90], [200, 200]]
    assert futures(costs, candidates=(0, 1, 2)).p_cheapest.tolist() == [0.5, 0.5, 0.0]
    together = replace(futures(costs, candidates=(0, 1, 2)), alike=(0, 0, 2))
    assert together.p_cheapest.tolist() == [1.0, 0.5, 0.0]
    assert replace(together, candidates=(1, 2)).p_cheapest.tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("expected", "regret", "accepted", "candidates", "best"),
    [
        ([100, 110, 120], [5, 5, 5], 0.1, None, 0),  # the least expected cost
        ([100, 110, 120], [50, 9, 5], 0.1, None, 1),  # the first would risk too much
        ([100, 110, 120], [50, 40, 30], 0.1, None, 2),  # all would: the least regret
        ([100, 110, 120], [5, 5, 5], 0.1, (1, 2), 1),  # the first breaks rules
        ([100, 100, 120], [5, 5, 5], 0.1, None, 0),  # of equals the first
    ],
)
def test_the_recommended_plan_by_rule(expected, regret, accepted, candidates, best):
    """Least expected cost among those whose regret is accepted, else least regret."""
    arrays = (np.array(expected, dtype=float), np.array(regret, dtype=float), np.array([100.0, 100.0, 100.0]))
    assert recommend(*arrays, accepted, candidates=candidates) == best


def test_without_a_candidate_nothing_is_recommended():
    """There is nothing to choose from."""
    with pytest.raises(PlanError, match="none can be recommended"):
        recommend(np.ones(2), np.ones(2), np.ones(2), 0.1, candidates=())


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
    assert certainty(futures([other, first]), 100.0, first=1) is expected


def test_rivals_are_other_plans(solved):
    """The same plan under another name is no rival, nor is one that may not be recommended."""
    _, plans = solved
    twice = [*plans, plans[0]]
    assert rivals(twice) == [1, 2, 3]
    assert rivals(twice, candidates=(0, 1, 2, 4)) == [1, 2]
    assert rivals(twice, first=1, candidates=(0, 1)) == [0]


def test_a_switching_value_is_where_the_saving_is_nothing(solved):
    """At the value that a driver names, the plan and the best other cost the same."""
    choice, plans = solved
    specs = {spec.name: (i, spec) for i, spec in enumerate(drivers_of(choice, plans))}
    taken = np.array([spec.taken for _, spec in specs.values()])
    found = drivers(choice, plans, candidates=(0, 1, 2))
    assert any(driver.switches_at is not None for driver in found)
    spans = [abs(driver.saving_high - driver.saving_low) for driver in found]
    assert spans == sorted(spans, reverse=True)
    for driver in found:
        column, spec = specs[driver.name]
        assert (driver.low, driver.high, driver.basis, driver.additive) == (
            spec.low,
            spec.high,
            spec.basis,
            spec.additive,
        )
        if driver.switches_at is None:
            continue
        values = np.tile(taken, (2, 1))
        at = driver.switches_at
        values[:, column] = (at - 0.01, at + 0.01) if spec.additive else (at * 0.97, at * 1.03)
        factors = factors_of(choice, drivers_of(choice, plans), values)
        costs = np.array([price_plan(choice, plan, factors).npv for plan in plans[:3]])
        saving = costs[1:].min(axis=0) - costs[0]
        assert saving[0] * saving[1] <= 0, driver.name


def test_a_driver_that_touches_one_plan_alone_changes_the_saving_by_what_it_costs(solved):
    """Dearer machines of one's own cost the hybrid more, and the saving falls by just the difference."""
    choice, plans = solved
    driver = next(one for one in drivers(choice, plans, candidates=(0, 1)) if one.name == "GPU purchase prices")
    for value, saving in ((driver.low, driver.saving_low), (driver.high, driver.saving_high)):
        changed = replace(as_taken(choice), purchase=np.array([value]))
        costs = [price_plan(choice, plan, changed).npv[0] for plan in plans[:2]]
        assert saving == pytest.approx(costs[1] - costs[0])
