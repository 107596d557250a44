"""The words of the verdict."""

from __future__ import annotations

import pytest

from kit.engagement.record import Place
from kit.strategy.reasons import (
    OnMachines,
    because_cloud,
    because_gpu,
    certainty_sentence,
    count,
    listed,
    money,
    money_sentence,
    no_machine,
    percent,
    sentence,
)
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
    assert money_sentence(best, None, None, **TERMS, alone=True) == f"{start}; no other plan is within the rules."
    assert money_sentence(best, None, better, **TERMS) == (
        f"{start}; no plan within the rules puts any workload elsewhere."
    )
    cheap = row(StrategyKind.TODAY, 100_156)
    assert money_sentence(best, rented, None, cheap, **TERMS).endswith(" Going on as today would cost $69,000 less.")


def test_a_plan_without_another_is_not_the_cheapest_of_many():
    """Nothing is won where there is nothing to win against."""
    best = row(StrategyKind.HYBRID, 1.0)
    alone = certainty_sentence(best, [], samples=8, currency="USD", alone=True)
    assert alone.startswith("It is the only plan within the rules")
    variant = certainty_sentence(best, [], samples=8, currency="USD", other_way=False)
    assert variant.startswith("Cheapest in 100% of 8 futures. No plan within the rules puts any workload elsewhere")


@pytest.mark.parametrize(
    ("alone", "extra", "says"),
    [
        (11_000.0, 5_000.0, "its API bill is $5,930 a month; for its load alone 4 × 70B would cost $11,000 a month"),
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
