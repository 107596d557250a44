"""The words of the verdict."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.engagement.record import Place
from kit.figures import count, listed, money, percent
from kit.strategy.headline import Left, New, Switched, money_sentence, sentence
from kit.strategy.reasons import OnMachines, because_cloud, because_gpu, certainty_sentence, no_machine
from kit.strategy.verdict import Placement, Pool, Strategy, StrategyKind

TERMS = {"years": 2.0, "rate": 0.15, "currency": "USD"}


def row(kind: StrategyKind, npv: float) -> Strategy:
    """Return a plan that costs so much."""
    return Strategy.model_construct(kind=kind, npv=npv, exceptions=(), p_cheapest=1.0, regret_p95=0.0)


def placed(number: int, place: Place) -> list[Placement]:
    """Return so many workloads, all at one place."""
    return [Placement.model_construct(workload=f"W{i}", places=(place,)) for i in range(number)]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_064_400, "€1.06 million"),
        (999_700, "€1.00 million"),
        (412_345, "€412,000"),
        (98_765, "€98,800"),
        (1_994, "€1,990"),
        (950.4, "€950"),
        (0, "€0"),
        (0.00421, "€0.0042"),
        (-61_549, "−€61,500"),
    ],
)
def test_money_to_three_digits(amount, text):
    """Amounts are rounded to three digits, with the currency's sign before them."""
    assert money(amount, "EUR") == text


def test_a_currency_without_a_sign_keeps_its_code():
    """CHF stands before the amount as a word."""
    assert money(1000, "CHF") == "CHF 1,000"


def test_lists_and_small_numbers_are_words():
    """One, two or more names are joined as a person would."""
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [count(4), count(40)] == ["four", "40"]


def test_a_share_is_never_rounded_to_a_certainty():
    """0.986 is 99%, 0.997 is 99.7% and only 1 is 100%."""
    assert [percent(0.986), percent(0.997), percent(1), percent(0.002), percent(0)] == [
        "99%",
        "99.7%",
        "100%",
        "0.2%",
        "0%",
    ]


def test_the_headline_says_everything_where_all_of_many_go_one_way():
    """Three workloads are named, four are everything; a split is told in full."""
    pools = [Pool.model_construct(place=Place.OWN, accelerator="H200 SXM", accelerators=4)]
    assert sentence(placed(3, Place.API), []) == "Stay in the cloud with W0, W1 and W2."
    assert sentence(placed(4, Place.API), []) == "Stay in the cloud with everything."
    everything = "Run everything on four own H200 SXM; nothing goes to the cloud."
    assert sentence(placed(4, Place.OWN), pools) == everything
    assert sentence(placed(2, Place.OWN), pools).startswith("Run W0 and W1 on four own H200 SXM; nothing")
    assert "send W0" in sentence([*placed(1, Place.API), *placed(4, Place.OWN)], pools)


def grown(accelerator: str, each: int, *replicas: int) -> Pool:
    """Return a pool of so many replicas in each phase, each of so many accelerators."""
    most = max(replicas)
    return Pool.model_construct(
        place=Place.OWN,
        accelerator=accelerator,
        accelerators=each * most,
        replicas=most,
        replicas_by_phase=replicas,
    )


STARTS = [dt.date(year, 11, 21) for year in (2026, 2027, 2028, 2029)]


@pytest.mark.parametrize(
    ("pools", "machines"),
    [
        ([grown("H200 SXM", 1, 3, 3, 4, 4)], "three own H200 SXM, four from 2028"),
        ([grown("H200 SXM", 2, 1, 1, 1, 2)], "two own H200 SXM, four from 2029"),
        ([grown("H200 SXM", 2, 0, 2, 2, 2)], "four own H200 SXM from 2027"),
        ([grown("H200 SXM", 2, 2, 2, 1, 1)], "four own H200 SXM"),
        ([grown("L40S", 1, 1, 1, 2, 2), grown("L40S", 2, 1, 1, 1, 2)], "three own L40S, six from 2029"),
        ([grown("A", 1, 3, 3, 4, 4), grown("B", 1, 1, 1, 1, 1)], "three own A (four from 2028) and one own B"),
    ],
)
def test_the_headline_tells_the_machines_of_the_first_day_and_those_that_follow(pools, machines):
    """A fourth machine of the third year is not one that is bought now."""
    told = sentence(placed(4, Place.OWN), pools, starts=STARTS)
    assert told == f"Run everything on {machines}; nothing goes to the cloud."


@pytest.mark.parametrize(
    ("switched", "says"),
    [
        (
            Switched(5, 6, True, True),
            ", but move five of six workloads to cheaper models and switch the prompt cache on.",
        ),
        (Switched(1, 6, True, False), ", but move one workload to a cheaper model and switch the prompt cache on."),
        (Switched(5, 6, False, True), ", but move five of six workloads to cheaper models."),
        (Switched(1, 6, False, False), ", but move one workload to a cheaper model."),
        (Switched(0, 6, True, True), " with everything, but switch the prompt cache on."),
        (Switched(0, 6, False, True), " with everything, but send what can wait by the batch interface."),
        (Switched(0, 6, False, False), " with everything."),
    ],
)
def test_the_headline_of_the_cloud_says_what_is_done_otherwise(switched, says):
    """What is switched on or moved is the decision; where nothing is, everything just stays."""
    assert sentence(placed(6, Place.API), [], switched=switched) == f"Stay in the cloud{says}"


def test_the_money_is_set_against_the_other_way_and_against_today():
    """A variant that is 0.1 % dearer is not worth a word; rented machines and going on as today are."""
    best, rented = row(StrategyKind.HYBRID, 169_156), row(StrategyKind.RENTED, 350_920)
    better, today = row(StrategyKind.BETTER, 169_366), row(StrategyKind.TODAY, 277_546)
    start = "Costs $169,000 over 2 years (net present value at 15%)"
    assert money_sentence(best, rented, better, today, **TERMS) == (
        f"{start}, $182,000 less than rented GPUs for everything. Going on as today would cost $108,000 more."
    )
    assert money_sentence(best, better, better, **TERMS) == (
        f"{start}, $210 less than today's API used better, the next best plan."
    )
    assert money_sentence(best, rented, better, today, **TERMS, in_cloud=True) == (
        f"{start}, $108,000 less than going on as today, and $182,000 less than rented GPUs for everything."
    )
    assert money_sentence(best, None, better, today, **TERMS, in_cloud=True) == (
        f"{start}, $108,000 less than going on as today."
    )
    leaves = f"{start}; the rules leave no other place than own machines"
    assert money_sentence(best, None, None, **TERMS, left=Left(Place.OWN, several=False)) == f"{leaves}."
    assert money_sentence(best, None, None, **TERMS, left=Left(Place.OWN, several=True)) == (
        f"{leaves}, and these are the cheapest that pass."
    )
    assert money_sentence(best, None, None, **TERMS, left=Left(None, several=False)) == (
        f"{start}; the rules leave each workload one kind of place."
    )
    assert money_sentence(best, None, better, **TERMS) == (
        f"{start}; no plan within the rules puts any workload elsewhere."
    )
    cheap = row(StrategyKind.TODAY, 100_156)
    assert money_sentence(best, rented, None, cheap, **TERMS).endswith(" Going on as today would cost $69,000 less.")


@pytest.mark.parametrize(
    ("place", "where"),
    [
        (Place.OWN, "on the cheapest machines allowed"),
        (Place.RENTED, "on the cheapest machines allowed"),
        (Place.API, "at the cheapest APIs allowed"),
        (None, "where the rules allow it at least cost"),
    ],
)
def test_going_on_as_today_says_what_is_new(place, where):
    """Nothing serves claims today, so that going on as today has to put them somewhere."""
    best, today = row(StrategyKind.HYBRID, 400_000), row(StrategyKind.TODAY, 500_000)
    told = money_sentence(best, None, None, today, **TERMS, new=New(("Claims",), place), in_cloud=place is Place.API)
    assert told.endswith(f" Going on as today, with Claims {where}, would cost $100,000 more.")
    cheap = row(StrategyKind.TODAY, 300_000)
    less = money_sentence(best, None, None, cheap, **TERMS, new=New(("Claims",), place))
    assert less.endswith(f"{where}, would cost $100,000 less.")


def test_a_plan_without_another_is_not_the_cheapest_of_many():
    """Nothing is won where there is nothing to win against."""
    best = row(StrategyKind.HYBRID, 1.0)
    for left, says in (
        (Left(Place.OWN, several=False), "The rules leave no other place than own machines, so no price"),
        (Left(Place.API, several=False), "The rules leave no other place than the cloud, so no price"),
        (Left(None, several=False), "The rules leave each workload one kind of place, so no price"),
    ):
        assert certainty_sentence(best, [], samples=8, currency="USD", left=left).startswith(says)
    several = certainty_sentence(best, [], samples=8, currency="USD", left=Left(Place.OWN, several=True))
    assert several.endswith("; which machines are the cheapest there may change.")
    variant = certainty_sentence(best, [], samples=8, currency="USD", other_way=False)
    assert variant.startswith("Cheapest in 100% of 8 futures. No plan within the rules puts any workload elsewhere")


@pytest.mark.parametrize(
    ("alone", "extra", "says"),
    [
        (11_000.0, 5_000.0, "its API bill is $5,930 a month; machines for its load alone would cost $11,000, people"),
        (3_130.0, 5_000.0, "against an API bill of $5,930, but the whole plan would cost $5,000 a month more"),
        (3_130.0, None, "the recommended plan as a whole keeps it in the cloud"),
    ],
)
def test_the_reason_for_the_cloud_does_not_refute_itself(alone, extra, says):
    """Where machines for it alone are cheaper than its bill, something else is the reason and is said."""
    machines = OnMachines(machines="4 × 70B", alone=alone, extra=extra)
    (found,) = because_cloud(api_month=5930.0, on_machines=machines, struck=None, currency="USD")
    assert says in found


def test_every_gate_that_strikes_all_machines_is_named():
    """One gate is told by its reason, several by their names and the reason of the nearest."""
    assert no_machine("needs a score", ["quality"]) == "no GPU option passes: needs a score"
    several = no_machine("needs a score", ["quality", "modality"])
    assert several == "no GPU option passes the gates on quality and modality: needs a score"


def test_own_machines_say_that_rented_ones_are_out():
    """The gate of the API comes first, that of rented machines second."""
    found = because_gpu(
        cost_month=1.0, cloud_month=None, cloud_label=None, struck="no API", rented="none rented", currency="EUR"
    )
    assert found == ("no API", "none rented")


@pytest.mark.parametrize(
    ("without", "begins", "ends"),
    [
        (70.0, "the machines are there anyway, so it adds less than the €357 a month", "people included"),
        (60.0, "the machines are there anyway, so it adds less than the €357 a month", "; the API would do as well"),
        (-1.0, "its share of all is €638 a month, people included, against €357", "for the limits of the whole"),
        (None, "its share of all is €638 a month, people included, against €357", "for the limits of the whole"),
    ],
)
def test_a_share_above_the_bill_is_no_reason_by_itself(without, begins, ends):
    """Of a plan of €13,000 a month 0.5 % is €65: below that the API would do as well."""
    (found,) = because_gpu(
        cost_month=638.0,
        cloud_month=357.0,
        cloud_label="gpt-5-mini",
        struck=None,
        without=without,
        plan_month=13_000.0,
        currency="EUR",
    )
    assert found.startswith(begins)
    assert found.endswith(ends)
