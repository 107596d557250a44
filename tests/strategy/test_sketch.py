"""The small model of cost: by hand, and against the verdict from which it is taken."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.strategy.board import Case
from kit.strategy.board.sketch import machines, mean_use, sketch
from kit.strategy.dossier import Sketch
from tests.strategy.cases import CHAT, case_of, engagement
from tests.strategy.insured import insurer_case

DAYS = 365.25 / 12


@pytest.fixture
def case(insurer, insurer_verdict) -> Case:
    return insurer_case(insurer, insurer_verdict)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Case:
    """A thousand requests a day of 500 + 100 tokens, an API and an own machine on offer."""
    return case_of(engagement(CHAT), tmp_path_factory.mktemp("small"))


def cloud(one: Sketch, volume: float, factor: float = 1.0) -> float:
    return one.cloud_fixed + factor * one.cloud_per_mtok * volume * one.days_per_month


def whole(one: Sketch, volume: float) -> int:
    return max(one.there, math.ceil((one.bound_mtok_per_day + volume) / (one.use * one.machine_mtok_per_day)))


def without(case: Case, **arrays) -> Case:
    """Return the case with other arrays; nothing is decided anew."""
    return replace(case, choice=replace(case.choice, problem=replace(case.choice.problem, **arrays)))


def test_a_small_case_by_hand(small):
    """500 tokens at 0.25 and 100 at 2.00 a million are 325 ÷ 600 a million; 0.6 million a day; a tenth of a person.

    Nothing grows, so the cloud at today's volume is the verdict's own figure and the people of the place.
    """
    one = sketch(small)
    assert one.workloads == ("Chat",)
    assert one.cloud_per_mtok == pytest.approx(325 / 600)
    assert one.million_tokens_per_day == pytest.approx(0.6)
    assert one.cloud_fixed == pytest.approx(0.1 * 150_000 / 12)
    assert one.local_fixed == pytest.approx(0.5 * 150_000 / 12)
    there = small.verdict.placements[0].cost_if_cloud_per_month
    assert cloud(one, 0.6) == pytest.approx(there + 1250.0)
    assert cloud(one, 0.6, factor=0.5) == pytest.approx(there / 2 + 1250.0)


def test_the_machine_of_the_small_case_carries_what_its_option_says(small):
    """Full around the clock, a request costs the option's price: machine ÷ requests = price, so both give one speed."""
    one = sketch(small)
    # One label may stand for several profiles; it is the cheapest of them.
    price = min(row.cost_per_request for row in small.verdict.placements[0].options if row.label == one.machine)
    per_mtok = one.machine_per_month / (one.machine_mtok_per_day * DAYS)
    assert per_mtok == pytest.approx(price / 600 * 1e6)
    assert whole(one, 0.6) == 1


def test_at_todays_volume_the_cloud_is_the_bill_of_its_options(case):
    """Requests of a day at the cheapest permitted option of each workload, and the people of the cloud.

    The figures per month of the placements are levelised over years in which the chat grows by 30 %, so they are
    above this; those of work that does not grow are the same.
    """
    one = sketch(case)
    assert one.workloads == ("Customer chat", "Nightly extraction")
    rows = {row.workload: row for row in case.verdict.placements}
    bill = 0.0
    for name in one.workloads:
        item = next(item for item in case.choice.demand.workloads if item.workload == name)
        price = min(o.cost_per_request for o in rows[name].options if o.place == "api" and not o.strikes)
        bill += item.requests_per_day.value * price * DAYS
    assert cloud(one, one.million_tokens_per_day) == pytest.approx(bill + one.cloud_fixed)
    levelised = sum(rows[name].cost_if_cloud_per_month for name in one.workloads)
    assert bill < levelised < 1.3**2 * bill


def test_the_machines_are_whole_and_as_many_as_the_busiest_hour_needs(case):
    """By hand from the demand: the chat at once, the nightly work over its day; the machine line is whole replicas."""
    one = sketch(case)
    p = next(i for i, pool in enumerate(case.choice.pools) if pool.label == one.machine and case.best.plan.used[i])
    names = [workload.name for workload in case.choice.workloads]
    chat, nightly = (names.index(name) for name in one.workloads)
    seconds = case.choice.problem.seconds[:, p]
    at_once = max(case.choice.demand.workloads[chat].requests_per_hour) * seconds[chat] / 3600
    days = np.add(
        np.reshape(case.choice.demand.workloads[chat].requests_per_hour, (7, 24)).sum(axis=1) * seconds[chat],
        np.reshape(case.choice.demand.workloads[nightly].requests_per_hour, (7, 24)).sum(axis=1) * seconds[nightly],
    )
    number = math.ceil(max(at_once, days.max() / 86_400))
    assert machines(case.choice, np.array([chat, nightly]), p) == number
    assert whole(one, one.million_tokens_per_day) == case.verdict.pools[0].replicas
    pool = case.verdict.pools[0]
    assert one.machine_per_month == pytest.approx(pool.cost_per_month / pool.replicas)


def test_work_without_another_place_has_its_machines_anyway(case):
    """The insurer's claims need one machine and a spare; the chat and the nightly work find them there.

    Their load, in tokens of the mix, is their replica-seconds of a day times what a machine carries in one.
    """
    one = sketch(case)
    assert one.bound == ("Claims summaries",)
    assert one.there == 2 == case.verdict.pools[0].replicas
    assert one.local_fixed == 0
    p = next(i for i, pool in enumerate(case.choice.pools) if pool.label == one.machine and case.best.plan.used[i])
    busy = case.choice.demand.workloads[0].requests_per_day.value * case.choice.problem.seconds[0, p]
    assert one.bound_mtok_per_day == pytest.approx(busy / 86_400 * one.machine_mtok_per_day)


def test_people_that_other_work_needs_are_no_cost_of_a_choice(case):
    """Code and research stay in the cloud whatever is chosen here, and so do the people for it."""
    assert sketch(case).cloud_fixed == 0


@given(st.floats(1e-6, 1e6), st.integers(1, 5000), st.floats(1e-3, 1e6))
def test_the_mean_use_gives_the_number_of_machines_again(volume, number, full):
    """Whatever the figures, the formula of the sketch finds the machines of today at today's volume."""
    use = mean_use(volume, number, full)
    assert use == pytest.approx(volume / (number * full))
    assert math.ceil(volume / (use * full)) == number


def test_without_a_machine_or_an_api_there_is_no_sketch(small):
    """Where one of the two sides is out for every workload, there is nothing to compare."""
    problem = small.choice.problem
    assert sketch(without(small, seconds=np.full_like(problem.seconds, np.nan))) is None
    assert sketch(without(small, api_price=np.full_like(problem.api_price, np.nan))) is None


def test_the_machine_is_the_plans_own_where_it_has_one(case):
    """Of the pools that may serve both, the one that carries their tokens in the plan."""
    assert sketch(case).machine == case.verdict.pools[0].label


def test_where_the_plan_has_no_machine_the_cheapest_request_decides(small):
    """The small case stays in the cloud; of the pools that take its work, none serves a request for less."""
    assert not small.best.plan.used.any()
    options = [row for row in small.verdict.placements[0].options if row.place != "api" and not row.strikes]
    cheapest = min(options, key=lambda row: row.cost_per_request)
    one = sketch(small)
    assert one.machine == cheapest.label
    assert one.machine_per_month / (one.machine_mtok_per_day * DAYS) * 600 / 1e6 == pytest.approx(
        cheapest.cost_per_request
    )


def test_spare_machines_count(case):
    """Two spare replicas beside those of the busiest hour, where the work needs them."""
    problem = case.choice.problem
    p, mine = int(np.flatnonzero(case.best.plan.used)[0]), np.array([1, 3])
    before = machines(case.choice, mine, p)
    spared = replace(
        case.choice,
        problem=replace(problem, spare=np.full_like(problem.spare, 2), needs_spare=np.ones_like(problem.needs_spare)),
    )
    assert machines(spared, mine, p) == before + 2
