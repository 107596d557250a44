"""The rule of thumb, worked by hand, against a walk along the staircase, and for the example client."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.engagement.record import Place
from kit.record import Basis
from kit.strategy.choice import Choice, choose, solve_kind
from kit.strategy.costs import levelised, staff_per_month
from kit.strategy.options import apis, pools
from kit.strategy.terms import resolve
from kit.strategy.thumb import break_even_price, break_even_tokens_per_day, rule_of_thumb
from kit.strategy.verdict import StrategyKind

DAYS = 365.25 / 12
ONE = 1e6 / 86_400
"""Tokens per second of a machine that carries a million tokens a day."""


@pytest.fixture(scope="module")
def choice(insurer) -> Choice:
    terms = resolve(insurer.engagement)
    return choose(
        insurer.engagement,
        insurer.demand,
        terms,
        apis(insurer.engagement, insurer.demand, insurer.prices, insurer.profiles),
        pools(insurer.engagement, insurer.profiles, insurer.prices, terms),
    )


def test_one_machine_without_people():
    """A machine at 3,043.75 a month against 5 a million tokens: 3,043.75 / (30.4375 × 5) = 20 million a day."""
    assert break_even_tokens_per_day(3_043.75, 1_000, 0, 5.0) == pytest.approx(20.0)


def test_people_and_a_spare_one_come_on_top():
    """The same with 6,087.50 of people is 60 million of its 86.4; with a spare machine too, 80 million."""
    assert break_even_tokens_per_day(3_043.75, 1_000, 6_087.5, 5.0) == pytest.approx(60.0)
    assert break_even_tokens_per_day(3_043.75, 1_000, 6_087.5, 5.0, spare=1) == pytest.approx(80.0)


def test_the_staircase_is_climbed_as_far_as_it_takes():
    """A million a day for 30.4375 a month, at 2 a million: a full machine gains 30.4375, people of 76.09 need three.

    Two machines: 136.97 against at most 121.75. Three: 167.41 / (30.4375 × 2) = 2.75 million a day.
    """
    assert break_even_tokens_per_day(30.4375, ONE, 76.09375, 2.0) == pytest.approx(2.75)


def test_never_where_a_full_machine_costs_more():
    """A million a day for 30.4375 a month loses at 0.99 a million; one that is just even pays nobody, and no spare."""
    assert break_even_tokens_per_day(30.4375, ONE, 0, 0.99) is None
    assert break_even_tokens_per_day(30.4375, ONE, 0, 0.0) is None
    assert break_even_tokens_per_day(32.0, ONE, 0, 32.0 / DAYS) == pytest.approx(1.0)
    assert break_even_tokens_per_day(32.0, ONE, 1.0, 32.0 / DAYS) is None
    assert break_even_tokens_per_day(32.0, ONE, 0.0, 32.0 / DAYS, spare=1) is None


def test_a_machine_that_costs_nothing_wins_from_the_first_token():
    """A machine that is there anyway and needs nobody wins at once; with people, from their cost on."""
    assert break_even_tokens_per_day(0, ONE, 0, 2.0) == 0
    assert break_even_tokens_per_day(0, ONE, 30.4375, 2.0) == pytest.approx(0.5)


def walk(machine: float, full: float, staff: float, price: float, spare: int) -> float | None:
    """Independent oracle: step by step, the least volume of each number of machines that pays."""
    for number in range(1, 20_000):
        volume = ((number + spare) * machine + staff) / (DAYS * price)
        if volume <= number * full * (1 + 1e-9):
            return max(volume, (number - 1) * full)
    return None


@settings(deadline=None)
@given(
    machine=st.floats(1, 1e5),
    full=st.floats(0.01, 1_000),
    staff=st.floats(0, 1e5),
    price=st.floats(0.01, 100),
    spare=st.integers(0, 3),
)
def test_the_staircase_equals_a_walk_along_it(machine, full, staff, price, spare):
    """Where a walk over up to 20,000 machines ends, the closed form ends too."""
    expected = walk(machine, full, staff, price, spare)
    found = break_even_tokens_per_day(machine, full * ONE, staff, price, spare)
    if expected is not None:
        assert found == pytest.approx(expected, rel=1e-6)
    elif found is not None:
        assert found > 19_999 * full


@settings(deadline=None)
@given(
    machine=st.floats(1, 1e4), full=st.floats(0.5, 100), staff=st.floats(0, 1e4), volume=st.floats(0.1, 50),
    spare=st.integers(0, 2),
)  # fmt: skip
def test_the_price_is_the_volume_the_other_way_round(machine, full, staff, volume, spare):
    """At the price of a volume machines pay from that volume on or earlier; a thousandth below it, later or never."""
    price = break_even_price(machine, full * ONE, staff, volume, spare)
    found = break_even_tokens_per_day(machine, full * ONE, staff, price * (1 + 1e-9), spare)
    assert found is not None
    assert found <= volume * (1 + 1e-6)
    below = break_even_tokens_per_day(machine, full * ONE, staff, price * 0.999, spare)
    assert below is None or below > volume


def test_the_price_of_a_volume_by_hand():
    """A million a day for 30.4375 and as much for people: 2 at a million, still 2 at 1.5 million, which need two."""
    assert break_even_price(30.4375, ONE, 30.4375, 1.0) == pytest.approx(2.0)
    assert break_even_price(30.4375, ONE, 30.4375, 1.5) == pytest.approx(2.0)
    assert break_even_price(30.4375, ONE, 30.4375, 1.2) == pytest.approx(2.0)
    assert break_even_price(30.4375, ONE, 30.4375, 2.0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: break_even_tokens_per_day(-1, 1, 1, 1),
        lambda: break_even_tokens_per_day(1, 0, 1, 1),
        lambda: break_even_tokens_per_day(1, 1, 1, float("nan")),
        lambda: break_even_price(1, 1, 1, 0),
        lambda: break_even_price(1, 1, -1, 1),
    ],
)
def test_the_impossible_is_refused(wrong):
    """Negative money, a machine that carries nothing, and no volume are mistakes of the caller."""
    with pytest.raises(ValueError, match="impossible"):
        wrong()


def test_the_example_by_hand(choice):
    """Chat and extraction may go both ways: their mix at the least price per full token, against the cheapest API."""
    rule = rule_of_thumb(choice)
    problem, terms = choice.problem, choice.terms
    both = [w for w in range(5) if not np.isnan(problem.seconds[w]).all() and choice.best_api[w] >= 0]
    assert [choice.workloads[w].name for w in both] == ["Customer chat", "Nightly extraction"]
    days = [problem.requests[0, w].sum() / 7 for w in both]
    lengths = [
        choice.demand.workloads[w].prompt_tokens.value + choice.demand.workloads[w].output_tokens.value for w in both
    ]
    tokens = sum(day * length for day, length in zip(days, lengths, strict=True))
    bill = sum(day * np.nanmin(problem.api_price[0, w]) for day, w in zip(days, both, strict=True))
    per_token = []
    for p, pool in enumerate(choice.pools):
        if not np.isnan(problem.seconds[both, p]).any():
            busy = sum(day * problem.seconds[w, p] for day, w in zip(days, both, strict=True))
            per_token.append((levelised(pool, terms, choice.phases) * busy / tokens, tokens / busy, pool))
    _, speed, pool = min(per_token, key=lambda one: one[0])
    machine = levelised(pool, terms, choice.phases)
    assert (rule.machine, rule.machine_per_month) == (pool.label, pytest.approx(machine))
    people, price = staff_per_month(terms)[pool.place], bill / tokens * 1e6
    assert rule.here == pytest.approx(walk(machine, speed * 0.0864, people, price, 0))
    assert rule.basis is Basis.ASSUMED


def test_the_grid_goes_around_the_market(choice):
    """The cheapest, the client's and the dearest price, half and twice the speed, and people from none to two."""
    rule = rule_of_thumb(choice)
    own = {row.staff_fte for row in rule.rows}
    assert {0.0, 1.0, 2.0} < own
    assert len(rule.rows) == 3 * 3 * 4
    for row in rule.rows:
        volume = row.million_tokens_per_day
        assert row.holds == (volume is not None and 10 <= volume <= 20)
    by_people = [
        row.million_tokens_per_day for row in rule.rows if row.api_per_mtok == max(r.api_per_mtok for r in rule.rows)
    ]
    assert all(volume is not None for volume in by_people)
    assert "for this work alone" in rule.sentence
    assert rule.sentence.count(". ") == 1
    assert rule.machine in rule.sentence


def test_a_dearer_api_makes_the_rule_hold(choice):
    """With every API at the price at which the machine pays from 15 million on, it does, and the sentence says so."""
    rule = rule_of_thumb(choice)
    people = next(p for p in choice.pools if p.label == rule.machine)
    staff = staff_per_month(choice.terms)[people.place]
    speed = sorted({row.tokens_per_s for row in rule.rows})[1]
    client = sorted({row.api_per_mtok for row in rule.rows})[1]
    factor = break_even_price(rule.machine_per_month, speed, staff, 15.0) / client
    dear = replace(choice, problem=replace(choice.problem, api_price=choice.problem.api_price * factor))
    found = rule_of_thumb(dear)
    assert found.here == pytest.approx(15.0)
    assert any(row.holds for row in found.rows)
    assert "would pay from 15 million tokens a day" in found.sentence


def test_the_plans_own_machine_is_taken(choice):
    """Not the cheapest by the token, but that on which the plan serves the most; its own threshold stands beside."""
    best = solve_kind(choice, StrategyKind.HYBRID).plan
    lengths = np.array([item.tokens_per_request for item in choice.demand.workloads])
    most = int(np.einsum("ywph,w->p", best.flow_pool, lengths).argmax())
    rule = rule_of_thumb(choice, best, 211.2)
    assert rule.machine == choice.pools[most].label != rule_of_thumb(choice).machine
    assert "Machines bought for this work alone" in rule.sentence
    assert rule.sentence.endswith(
        "The plan's own threshold is 211 million: there all workloads share machines and people, and some machines "
        "stand there in any case."
    )
    assert rule.sentence.count(". ") == 2


def test_never_is_said_with_the_price_of_a_full_machine(choice):
    """Against APIs at a thousandth of their price no machine ever pays."""
    cheap = replace(choice, problem=replace(choice.problem, api_price=choice.problem.api_price / 1000))
    found = rule_of_thumb(cheap)
    assert found.here is None
    assert "Here the machine never pays" in found.sentence


def test_without_a_machine_or_an_api_the_reason_is_told(choice):
    """Nothing may go to a machine, or what may has no API: there is nothing to compute."""
    no_machine = replace(choice, problem=replace(choice.problem, seconds=np.full_like(choice.problem.seconds, np.nan)))
    no_api = replace(choice, problem=replace(choice.problem, api_price=np.full_like(choice.problem.api_price, np.nan)))
    for spoilt, why in ((no_machine, "may go to any machine"), (no_api, "nothing to compare it with")):
        found = rule_of_thumb(spoilt)
        assert (found.here, found.rows) == (None, ())
        assert why in found.sentence


def test_an_own_machine_needs_its_own_people(choice):
    """With rented pools struck the machine is an own one, and the people of the terms are those of own machines."""
    seconds = choice.problem.seconds.copy()
    seconds[:, [pool.place is Place.RENTED for pool in choice.pools]] = np.nan
    found = rule_of_thumb(replace(choice, problem=replace(choice.problem, seconds=seconds)))
    assert "on own" in found.machine
    assert {row.staff_fte for row in found.rows} == {0.0, choice.terms.staff_fte_own.value, 1.0, 2.0}
