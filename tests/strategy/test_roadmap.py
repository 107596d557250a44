"""The steps name what fits: what is new is not moved, and what an API has and nobody uses is a step."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.strategy.roadmap import steps, triggers
from kit.strategy.verdict import BreakEven
from tests.strategy.cases import CHAT, MINI, case_of, engagement, hospital_case, small_case

LAST = dt.date(2027, 2, 20)
NEVER = BreakEven(million_tokens_per_day=(), today=0.6, cost_per_month={}, crossings=())


@pytest.fixture(scope="module")
def uncached(tmp_path_factory):
    """A chat at the API that is best for it, of whose prompt half is repeated and nobody caches it."""
    today = {"provider": "openai", "model": "gpt-5-mini", "cached": False}
    said = engagement(CHAT | {"cached_share": 0.5, "today": today}, api_offers=[MINI])
    return case_of(said, tmp_path_factory.mktemp("uncached"))


def test_switching_on_the_cache_is_a_step_with_its_saving(uncached):
    """Half of 500 prompt tokens at USD 0.025 instead of 0.25 a million, 1000 times a day: 20.5 dollars a year."""
    step = uncached.verdict.roadmap[0]
    assert step.title == "Use gpt-5-mini (openai) better for Chat"
    assert step.text == "Switch on the prompt cache. Nothing is moved."
    assert step.saving_per_year == pytest.approx(250 * (0.25 - 0.025) / 1e6 * 1000 * 365.25)


def test_an_api_that_is_used_well_is_no_step(tmp_path):
    """With the cache on already, the roadmap has nothing to do before the horizon ends."""
    today = {"provider": "openai", "model": "gpt-5-mini", "cached": True}
    case = case_of(engagement(CHAT | {"cached_share": 0.5, "today": today}, api_offers=[MINI]), tmp_path)
    assert [step.title for step in case.verdict.roadmap] == ["Decide anew"]


def test_new_work_is_not_moved_and_no_cloud_stays_open_where_none_is():
    """The hospital's letters are new and may go to no API: machines are bought for them, and nobody is moved."""
    first = hospital_case().verdict.roadmap[0]
    assert first.title == "Buy 2 × H100 SXM for Letters"
    assert first.text.endswith("Measure them before anybody relies on them (kit profile).")
    assert not any("cloud" in step.text for step in hospital_case().verdict.roadmap)


WIDER = "Volumes 2.5 times as large as planned for every year (2 million tokens a day today, and growth on top)"


def test_the_volume_that_leaves_the_cloud_is_a_trigger():
    """At 1.5 million tokens a day against 0.6 today the factor is 2.5; a plan with machines has left already."""
    case = small_case()
    even = NEVER.model_copy(update={"leaves_cloud_at": 1.5})
    found = [one for one in triggers(case.choice, case.best, (), LAST, even) if one.kind == "volume"]
    assert [(one.factor, one.what) for one in found] == [(pytest.approx(2.5), WIDER)]
    local = hospital_case()
    for here, curve in ((case, NEVER), (local, even)):
        assert not [one for one in triggers(here.choice, here.best, (), LAST, curve) if one.kind == "volume"]


def test_machines_pay_from_the_volume_that_leaves_the_cloud():
    """The step that buys machines says from which volume they pay."""
    local, even = hospital_case(), NEVER.model_copy(update={"leaves_cloud_at": 0.4})
    assert steps(local.choice, local.best, even, saving=None)[0].pays_from_million_tokens_per_day == 0.4
