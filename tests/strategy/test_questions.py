"""The usual questions of a board: the answer turns with the figures."""

from __future__ import annotations

import pytest

from kit.record import Basis
from kit.strategy.board.questions import answers
from kit.strategy.dossier import Finding
from tests.strategy.cases import MINI, OWN, case_of, decided, engagement, hospital_case, small_case, startup_case

CASES = [small_case, hospital_case, startup_case]


def answer(case, key: str) -> Finding:
    return next(one.finding for one in answers(case) if one.key == key)


def costing(case, **npv: float):
    """Return a case whose plans cost otherwise: net present value by kind, and a month as 36 of them."""
    plans = [
        plan.model_copy(update={"npv": npv[plan.kind], "cost_per_month": npv[plan.kind] / 36})
        if plan.kind in npv
        else plan
        for plan in case.verdict.strategies
    ]
    return decided(case, strategies=tuple(plans))


@pytest.fixture(scope="module")
def renter(tmp_path_factory):
    """A client that may call, rent and own."""
    rented = {
        "accelerator": "H100 SXM",
        "tenure": "rented",
        "provider": "hyperstack",
        "price_per_accelerator_hour": 2.0,
        "contract": {"no_training": True},
    }
    return case_of(engagement(gpu_offers=[OWN, rented], api_offers=[MINI]), tmp_path_factory.mktemp("renter"))


@pytest.mark.parametrize("case", CASES)
def test_four_answers_for_every_client(case):
    """No API, nothing local, another currency: all questions are answered."""
    found = answers(case())
    assert [one.key for one in found] == ["cloud_first", "gpu_memory", "all_costs", "middle_ground"]
    assert all(one.question.endswith("?") and one.finding.text.endswith(".") for one in found)


def test_starting_in_the_cloud_by_hand():
    """6 engineer-weeks of 365.25/7 at 150,000 a year are 17,248; machines pay where the hybrid leaves the cloud."""
    text = answer(small_case(), "cloud_first").text
    assert text.startswith("Yes, with Chat: moving one takes 6 engineer-weeks, $17,200;")
    assert text.endswith("do not become the cheaper way. Waiting costs nothing.")
    even = small_case().verdict.break_even.model_copy(update={"leaves_cloud_at": 0.9})
    pays = answer(decided(small_case(), break_even=even), "cloud_first").text
    assert "machines pay at volumes 1.5 times as large as planned for every year (0.9 million tokens" in pays
    assert "a day today instead of 0.6, and growth on top)." in pays


def test_waiting_costs_what_the_plan_saves():
    """Cloud 3,600 and the plan with machines 2,400 a month: a year of waiting costs 14,400."""
    case = decided(small_case(), pools=hospital_case().verdict.pools)
    dear = costing(case, cloud=36 * 3600.0, hybrid=36 * 2400.0)
    assert answer(dear, "cloud_first").text.endswith("A year of waiting costs $14,400.")


def test_without_an_api_or_a_machine_there_is_nothing_to_move():
    """The hospital has no cloud to start in, the start-up nothing to move to; neither has a figure."""
    assert answer(hospital_case(), "cloud_first").text.startswith("No: no workload may use a cloud API")
    assert answer(startup_case(), "cloud_first").text.startswith("There is nothing to move")
    assert answer(startup_case(), "cloud_first").basis is None


def test_memory_of_the_plan_is_that_of_its_accelerators():
    """Two H100 SXM give 2 × 79.65 GiB; a plan without machines needs none."""
    found = answer(hospital_case(), "gpu_memory")
    assert found.text.startswith("The plan's 2 × H100 SXM have 159 GiB together.")
    assert found.basis in (Basis.PREDICTED, Basis.ASSUMED)
    assert answer(small_case(), "gpu_memory").text.startswith("The plan needs none; on machines it would be 1 ×")
    nothing = answer(startup_case(), "gpu_memory")
    assert (nothing.text[:5], nothing.basis) == ("None:", None)


def test_local_is_cheaper_or_not_with_everything_counted():
    """Cloud 100,000 against own 60,000 is a yes of 40,000; the other way round a no."""
    assert answer(costing(small_case(), cloud=1e5, own=6e4), "all_costs").text.startswith(
        "Yes: all counted, the local plan costs $40,000 less than the cloud plan"
    )
    assert answer(costing(small_case(), cloud=6e4, own=1e5), "all_costs").text.startswith(
        "No: all counted, the local plan costs $40,000 more than the cloud plan"
    )
    assert answer(hospital_case(), "all_costs").text.startswith("There is no cloud plan to compare with")


def test_the_shares_of_the_cash_add_up():
    """Purchase, power, people, rent, APIs and the rest are all of the cash, but for rounding."""
    text = answer(hospital_case(), "all_costs").text
    shares = [int(word.rstrip("%")) for word in text.split() if word.endswith("%")]
    assert len(shares) == 6
    assert sum(shares) == pytest.approx(100, abs=3)


@pytest.mark.parametrize(
    ("rented", "best", "begins"),
    [
        (8e4, 8e4, "Yes, by cost"),
        (8e4, 6e4, "No: it lies between, but costs $20,000 more than the recommended plan: rented $80,000"),
        (5e4, 5e4, "It is the cheapest"),
        (2e5, 6e4, "No, it is the dearest"),
    ],
)
def test_rented_is_the_middle_only_between_the_two(renter, rented, best, begins):
    """Between cloud at 60,000 and own at 100,000 it is the middle, and a yes only where nothing else is better."""
    found = answer(costing(renter, cloud=6e4, own=1e5, rented=rented, hybrid=best), "middle_ground")
    assert found.text.startswith(begins)
    assert "Workloads that may use a rented machine: 1 of 1." in found.text


def test_the_lowest_rent_is_told_in_the_clients_currency():
    """The same rent in dollars and, at 1.1 dollars a franc, in francs."""
    lowest = min(one.usd_per_gpu_hour.value for one in small_case().prices.rentals if one.accelerator == "H100 SXM")
    assert f"${lowest:.2f} an hour for one H100 SXM" in answer(small_case(), "middle_ground").text
    assert f"CHF {lowest / 1.1:.2f} an hour for one H100 SXM" in answer(hospital_case(), "middle_ground").text
