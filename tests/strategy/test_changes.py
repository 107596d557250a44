"""What a plan changes of what the client does today."""

from __future__ import annotations

import pytest

from kit.engagement.record import Place, Today
from kit.record import Basis, Figure
from kit.strategy.changes import left, new_work, switched
from kit.strategy.choice import solve_kind
from kit.strategy.decide import prepare
from kit.strategy.headline import Left, New, Switched
from kit.strategy.verdict import StrategyKind
from tests.strategy.cases import hospital_case, seen, small_case, told


def cached(tokens: float) -> Figure:
    """Return so many tokens of a prompt from the cache."""
    return Figure(value=tokens, basis=Basis.QUOTED, source="the test", date=small_case().verdict.date)


def test_what_is_new_goes_to_the_only_place_it_may(insurer):
    """Nothing serves claims today, and health data stay on own machines; the others are at APIs already."""
    choice = prepare(insurer.engagement, insurer.demand, insurer.profiles, insurer.prices)
    today = solve_kind(choice, StrategyKind.TODAY)
    assert new_work(choice, today) == New(names=("Claims summaries",), place=Place.OWN)
    known = told(small_case(), today=Today(provider="openai", model="gpt-5-mini"))
    assert new_work(known.choice, known.best) is None


@pytest.mark.parametrize(
    ("today", "tokens", "moved", "cache"),
    [
        (Today(provider="openai", model="gpt-5-mini"), 100.0, 0, True),
        (Today(provider="openai", model="gpt-5-mini", cached=True), 100.0, 0, False),
        (Today(provider="openai", model="gpt-5-mini"), 0.0, 0, False),
        (Today(provider="openai", model="gpt-4.1"), 100.0, 1, True),
        (Today(provider="azure", model="gpt-5-mini", cached=True), 0.0, 1, False),
    ],
)
def test_what_is_switched_is_what_today_lacks(today, tokens, moved, cache):
    """The plan has the chat at gpt-5-mini of openai; the cache counts where prompts repeat and nobody uses it."""
    case = told(seen(small_case(), cached_tokens=cached(tokens)), today=today)
    assert switched(case.choice, case.best, case.prices) == Switched(moved=moved, of=1, cache=cache, batch=False)


def test_new_work_is_not_switched():
    """What nobody does today cannot be done otherwise."""
    case = told(small_case(), today=None)
    assert switched(case.choice, case.best, case.prices).moved == 0


def test_the_hospital_has_one_place_and_one_machine():
    """Own machines only, and one kind of them on offer."""
    case = hospital_case()
    assert left(case.choice, case.best) == Left(place=Place.OWN, several=False)
