"""The check lists: each line says yes and says no, and what nobody knows is not known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import Customisation, Latency, Modality, Place
from kit.record import Basis, Figure
from kit.strategy.board import Case
from kit.strategy.board.checks import checks
from kit.strategy.board.checks_cloud import bursty, frontier, modalities, no_team, time_to_market
from kit.strategy.board.checks_local import air_gap, data_stays, deep_customisation, fast, lock_in, steady
from tests.strategy.cases import (
    CHAT,
    case_of,
    decided,
    engagement,
    hospital_case,
    options_of,
    seen,
    small_case,
    startup_case,
    told,
)


def figure(value: float, basis: Basis = Basis.MEASURED) -> Figure:
    return Figure(value=value, basis=basis, source="the test", date=dt.date(2026, 11, 22))


@pytest.fixture(scope="module")
def small() -> Case:
    return small_case()


@pytest.fixture(scope="module")
def hospital() -> Case:
    return hospital_case()


@pytest.fixture(scope="module")
def startup() -> Case:
    return startup_case()


def test_both_lists_are_whole_for_every_client(small, hospital, startup):
    """Five lines for the cloud and six for local, each with a condition and evidence, whatever the client has."""
    for case in (small, hospital, startup):
        found = checks(case)
        assert [one.choose for one in found] == ["cloud"] * 5 + ["local"] * 6
        assert len({one.key for one in found}) == 11
        assert all(one.condition and one.finding.text and one.finding.source for one in found)
        assert all(one.holds is True for one in found if one.workloads)


def test_frontier_is_what_no_open_model_on_offer_reaches(small, startup):
    """Llama-3.1-8B scores 30.4 on GPQA Diamond: a floor of 30 is reached, one of 80 is not, though others would."""
    assert frontier(small).holds is False
    found = frontier(startup)
    assert (found.holds, found.workloads, found.finding.basis) == (True, ("Chat",), Basis.PUBLISHED)
    assert "asks for 80 on GPQA Diamond, which DeepSeek-R1-0528 (81) would reach" in found.finding.text


def test_without_a_floor_any_model_will_do_and_without_a_score_nobody_knows(small):
    """No floor is a no; a benchmark on which the open model has no score is not known."""
    assert frontier(told(small, quality=None)).holds is False
    floor = small.choice.workloads[0].quality
    polyglot = floor.model_copy(update={"benchmark": "Aider polyglot"})
    assert frontier(told(small, quality=polyglot)).holds is None


@pytest.mark.parametrize(
    ("skills", "holds"), [(None, None), ((Place.API,), True), ((Place.RENTED,), False), ((Place.OWN, Place.API), False)]
)
def test_who_runs_machines_is_what_the_client_says(small, skills, holds):
    """Unsaid is not known; people who run own or rented machines are a team."""
    said = small.choice.engagement.model_copy(update={"skills": skills})
    assert no_team(replace(small, choice=replace(small.choice, engagement=said))).holds is holds


def test_bursts_over_the_hours_count_from_four_times_the_mean(small):
    """One hour of 5 among 167 of 1 has a mean of 172/168: 4.88 times it; one of 3 has 3/(170/168) = 2.96 times."""

    def with_peak(height: float) -> Case:
        hours = np.ones(168)
        hours[10] = height
        problem = replace(small.choice.problem, requests=hours.reshape(1, 1, 168))
        known = seen(small, minute_rate_cv=figure(0.0))
        return replace(known, choice=replace(known.choice, problem=problem))

    assert bursty(with_peak(5)).workloads == ("Chat",)
    assert "4.9 × the mean hour" in bursty(with_peak(5)).finding.text
    assert bursty(with_peak(3)).holds is False


def test_bursts_inside_the_hour_count_and_are_not_known_without_logs(small):
    """A level week without logs is not known; gaps twice as spread as Poisson's are bursts, Poisson is none."""
    assert bursty(small).holds is None
    assert bursty(seen(small, burstiness=figure(2.0))).holds is True
    assert bursty(seen(small, burstiness=figure(1.0))).holds is False
    assert bursty(seen(small, minute_rate_cv=figure(0.6))).holds is True
    assert bursty(seen(small, deferrable=True)).holds is False


def test_time_presses_where_the_api_is_ready_and_own_machines_are_not(small):
    """From 22 November 2026 an API takes 2 weeks (6 December), own machines 24 weeks (9 May 2027)."""
    for needed, holds in (("2026-12-05", False), ("2026-12-06", True), ("2027-05-08", True), ("2027-05-09", False)):
        assert time_to_market(told(small, needed_by=dt.date.fromisoformat(needed))).holds is holds
    assert time_to_market(small).holds is False
    assert "9 May 2027" in time_to_market(small).finding.text


def test_several_modalities_speak_for_an_api_that_is_known_to_take_them(small, startup):
    """An API that takes images is a yes, one of which only text is known is not known, text alone is a no."""
    assert modalities(startup).workloads == ("Chat",)
    assert modalities(told(small, modalities=(Modality.TEXT, Modality.IMAGE))).holds is None
    assert modalities(small).holds is False


def test_data_stay_where_the_gates_leave_no_api(small, hospital):
    """Health data go to no API, whether one is on offer or not; internal data may."""
    assert data_stays(hospital).workloads == ("Letters",)
    assert data_stays(small).holds is False


@pytest.mark.parametrize(("use", "holds"), [(0.49, False), (0.5, True)])
def test_half_used_machines_are_steady(hospital, use, holds):
    """The mean use of the plan's machines decides, from 50%."""
    pools = tuple(pool.model_copy(update={"utilisation": use}) for pool in hospital.verdict.pools)
    assert steady(decided(hospital, pools=pools)).holds is holds


def test_without_machines_their_use_is_not_known(startup):
    """No workload may use the machine on offer, so there is nothing to judge, and no basis for it."""
    assert (steady(startup).holds, steady(startup).finding.basis) == (None, None)


@pytest.mark.parametrize(("limit", "holds"), [(0.1, True), (0.11, False), (None, False)])
def test_a_hundred_milliseconds_have_to_be_asked_for(small, limit, holds):
    """A limit of 0.1 s is a yes, a looser one or none is a no."""
    latency = None if limit is None else Latency(ttft_p95_s=figure(limit))
    assert fast(told(small, latency=latency)).holds is holds


def test_customisation_is_deep_where_no_api_gives_it(small, hospital, startup, tmp_path):
    """Adapters without any API are a yes; fine-tuning by an API that tunes is a no; nothing asked is a no."""
    assert deep_customisation(hospital).workloads == ("Letters",)
    assert deep_customisation(small).holds is False
    assert deep_customisation(told(startup, customisation=Customisation.FINE_TUNING)).holds is False
    untold = case_of(engagement(CHAT | {"customisation": "fine-tuning"}), tmp_path)
    assert deep_customisation(untold).workloads == ("Chat",)


def test_one_provider_alone_is_a_lock_in_and_two_are_none(small, startup, hospital):
    """Openai alone passes for the small client; openai and anthropic for the start-up; none for the hospital."""
    assert lock_in(small).workloads == ("Chat",)
    assert lock_in(startup).holds is False
    assert lock_in(hospital).holds is False


def test_an_air_gap_is_what_rules_and_skills_leave(small, hospital):
    """Health data and people who run own machines leave nothing else; internal data do, unless skills say so."""
    assert air_gap(hospital).workloads == ("Letters",)
    assert air_gap(small).holds is False
    said = small.choice.engagement.model_copy(update={"skills": (Place.OWN,)})
    assert air_gap(replace(small, choice=replace(small.choice, engagement=said))).workloads == ("Chat",)


def test_forty_workloads_are_counted_not_listed(small, tmp_path):
    """Of forty that hang on one provider three are named and 37 counted; the record has them all."""
    many = [CHAT | {"name": f"Work {number}"} for number in range(40)]
    found = lock_in(replace(small, choice=options_of(engagement(*many), tmp_path)))
    assert len(found.workloads) == 40
    assert "Work 0, Work 1, Work 2 and 37 others" in found.finding.text
