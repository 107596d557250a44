"""What the notebooks say of costs and the decision follows from the record, by figures worked out by hand."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Of

import pytest

from kit.engagement.record import Place
from kit.record import Basis
from kit.report.findings import PARTS
from kit.report.screen import steps
from kit.strategy.verdict import StrategyKind


def plan(npv=100.0, *, kind=StrategyKind.HYBRID, **values):
    """A plan."""
    usual = {"label": kind.value, "cash": (), "regret_p95": 0.0, "regret_mean": 0.0}
    return Of(kind=kind, npv=npv, **{**usual, **values})


def year(**parts):
    """The cash of a year."""
    return Of(**{**dict.fromkeys(PARTS, 0.0), **parts})


def verdict(*strategies, **values):
    """A verdict with what the sentences read."""
    usual = {"currency": "EUR", "horizon_years": 2, "placements": (), "drivers": (), "roadmap": (), "triggers": ()}
    return Of(strategies=strategies or (plan(),), **{**usual, **values})


def driver(name="prices", *, low=0.8, high=1.3, at=None, worth=0.0, additive=False):
    """An uncertain input."""
    return Of(
        name=name, low=low, high=high, switches_at=at, worth_knowing=worth, additive=additive, basis=Basis.ASSUMED
    )


def price(cents_in, cents_out):
    """An API's price."""
    return Of(usd_per_mtok_input=Of(value=cents_in), usd_per_mtok_output=Of(value=cents_out))


def test_list_prices_say_how_much_dearer_output_is():
    """2 for 1 and 20 for 4: two to five times, and ten times between the models."""
    assert steps.list_prices(Of(api=(price(1, 2), price(4, 20)))) == (
        "A token written costs 2 to 5 times one that is read. Between the cheapest and the dearest lie 10 times."
    )
    assert steps.list_prices(Of(api=())) == "No API is on offer."


def test_rent_or_buy_counts_months_around_the_clock():
    """14,610 dollars at 2 an hour are 7,305 hours, ten months of 730.5; the lowest rent counts."""
    prices = Of(
        purchases=(Of(accelerator="A", usd_per_accelerator=Of(value=14610.0)),),
        rentals=(
            Of(accelerator="A", usd_per_gpu_hour=Of(value=4.0)),
            Of(accelerator="A", usd_per_gpu_hour=Of(value=2.0)),
        ),
    )
    assert "a purchase price is as much as 10 months of A." in steps.rent_or_buy(prices)
    assert steps.rent_or_buy(Of(purchases=prices.purchases, rentals=())).startswith("Nothing is both")


def test_placed_counts_tokens_and_cost_on_gpus():
    """3 of 4 million tokens and 1 of 2 thousand euros."""
    own = Of(places=(Place.OWN,), million_tokens_per_day=3.0, cost_per_month=1000.0)
    cloud = Of(places=(Place.API,), million_tokens_per_day=1.0, cost_per_month=1000.0)
    assert (
        steps.placed(verdict(placements=(own, cloud))) == "What runs on GPUs is 75% of all tokens and 50% of the cost."
    )
    assert "%" not in steps.placed(verdict(placements=(own,)))


def test_fullest_is_by_the_share_of_what_the_machines_can_carry():
    """Monday 1:00 has less load than 0:00, and less room; the cloud takes one token in four."""
    week = Of(own=(3.0, 2.0, 1.0), rented=(0.0, 0.0, 0.0), api=(2.0, 0.0, 0.0), capacity=(10.0, 4.0, 4.0))
    assert steps.fullest(verdict(week=week)) == (
        "Nearest to full they come on Monday 1:00, at 50%; the cloud takes 25% of all tokens."
    )
    alone = Of(own=(0.0, 0.0), rented=(0.0, 0.0), api=(2.0, 5.0), capacity=(0.0, 0.0))
    assert steps.fullest(verdict(week=alone)) == "In the fullest hour, Monday 1:00, the cloud serves 5 million tokens."


CLOUD, OWN = StrategyKind.CLOUD, StrategyKind.OWN


def curve(*volumes, leaves=None):
    """Costs against volume, with crossings at some volumes; today's is 100."""
    crossings = [Of(million_tokens_per_day=volume, below=CLOUD, above=OWN) for volume in volumes]
    lines = {CLOUD: (1.0, 2.0), OWN: (2.0, 2.0)}
    return Of(
        today=100.0,
        leaves_cloud_at=leaves,
        crossings=crossings,
        cost_per_month=lines,
        million_tokens_per_day=(10.0, 400.0),
    )


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (
            curve(150, 160, 300, leaves=50.0),
            "Machines pay from 50 million tokens a day; today's 100 lie above that. Among the other plans the cheapest "
            "changes at 150 million tokens a day, from All cloud to All own; it changes 2 times more up to "
            "300 million.",
        ),
        (
            curve(leaves=200.0),
            "Machines pay from 200 million tokens a day; today's 100 lie below that. Among the other plans no lines "
            "cross up to 400 million tokens a day.",
        ),
    ],
)
def test_crossings_say_where_and_on_which_side_today_lies(drawn, said):
    """The first change with its names, the others counted; or none."""
    assert steps.crossings(verdict(break_even=drawn)) == said


def test_dearest_parts_are_shares_of_what_is_spent():
    """120 of 200 for the cloud, 60 for staff and 20 of rent; resale is no expense."""
    cash = (year(api=60.0, staff=30.0), year(api=60.0, staff=30.0, rent=20.0, residual=-50.0))
    assert steps.dearest_parts(verdict(plan(cash=cash))) == (
        "Of what it spends over 2 years, before any resale: cloud 60%, staff 30% and rent 10%. "
        "Savings are worth looking for in this order."
    )


def test_yearly_cash_is_what_the_budget_has_to_hold():
    """The start, and the least and the most of the years after it."""
    cash = (year(capex=500.0), year(api=90.0), year(api=90.0, residual=-40.0))
    assert steps.yearly_cash(verdict(plan(cash=cash))) == (
        "The budget has to hold €500 at the start; the years after that between €50 and €90, resale counted."
    )
    assert steps.yearly_cash(verdict(plan(cash=(year(), year(api=90.0))))).startswith("Nothing falls due at the start")


def test_others_count_the_plans_that_are_near():
    """104 is within five per cent of 100, 130 is thirty more."""
    others = (plan(104.0, kind=CLOUD), plan(130.0, kind=OWN, label="All own"))
    assert steps.others(verdict(plan(), *others)) == (
        "1 of 2 other plans cost within 5% of it; the dearest, All own, 30% more."
    )


def test_regret_is_what_a_mistake_costs():
    """At most, in 95% of the futures; nothing where there is no other plan."""
    best = plan(regret_p95=2000.0, regret_mean=300.0)
    assert steps.regret(verdict(best, plan(kind=CLOUD))) == (
        "In 95% of the futures it costs at most €2,000 more than the plan that would have been the best there; "
        "€300 on average."
    )
    assert steps.regret(verdict(best)).startswith("There is no other plan")


def test_turning_says_how_many_inputs_can_and_where_the_nearest_ends():
    """One that turns at 1.2, inside its range up to 1.3, is nearer than one at 3; one never does."""
    inside = (driver("rents", at=3.0), driver(at=1.2), driver("speed"))
    assert steps.turning(verdict(drivers=inside)) == (
        "Of 3 inputs varied 2 can turn it at all. What is likely of the nearest, prices, ends at 1.3 ×, beyond that "
        "(assumed)."
    )
    below = (driver(at=0.5),)
    assert "ends at 0.8 ×, short of that" in steps.turning(verdict(drivers=below))
    assert steps.turning(verdict()).startswith("No input has to be watched")


def test_worth_knowing_counts_by_basis_and_names_the_dearest():
    """Best basis first."""
    inputs = [Of(basis=basis) for basis in (Basis.ASSUMED, Basis.MEASURED, Basis.ASSUMED)]
    known = verdict(inputs=inputs, drivers=(driver("rents", worth=40.0), driver("staff", worth=700.0)))
    assert steps.worth_knowing(known) == (
        "The figures that entered: 1 measured and 2 assumed. Most worth knowing exactly is staff: €700 at most."
    )


def test_what_comes_next():
    """Steps that begin on the first's day, and marks that end the verdict before its day."""
    roadmap = [Of(order=i, from_date=dt.date(2026, month, 1)) for i, month in ((1, 3), (2, 3), (3, 9))]
    triggers = (Of(factor=2.0), Of(factor=None))
    known = verdict(roadmap=roadmap, triggers=triggers, valid_until=dt.date(2026, 6, 30))
    assert steps.at_once(known) == "2 of 3 steps can begin at once, on 1 March 2026."
    assert steps.next_look(known) == "Decide anew by 30 June 2026, or as soon as a figure above passes its mark."
