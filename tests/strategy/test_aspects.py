"""The rows of cloud against local: this client's figures, the side that is better by rule, and plain words for gaps."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from kit.engagement.record import DataClass, Latency
from kit.record import Basis, Figure
from kit.strategy.board.aspects import aspects, customisation, maintenance, setup
from kit.strategy.board.aspects_fit import capability, privacy
from kit.strategy.board.aspects_latency import latency, local_wait
from kit.strategy.board.aspects_money import cloud_per_mtok, cost, peak_to_mean, scalability
from kit.strategy.board.procured import pool_parts
from kit.strategy.dossier import Aspect
from kit.strategy.strike import Strike
from kit.wording import remembering, retell, speaking
from tests.strategy.cases import decided, hospital_case, seen, small_case, startup_case, told
from tests.strategy.insured import insurer_case

CASES = [small_case, hospital_case, startup_case]
KEYS = ["setup", "privacy", "capability", "cost", "latency", "scalability", "customisation", "maintenance"]


def figure(value: float) -> Figure:
    return Figure(value=value, basis=Basis.QUOTED, source="the client", date=dt.date(2026, 11, 22))


def terms(case, **changes):
    return replace(case, choice=replace(case.choice, terms=case.choice.terms.model_copy(update=changes)))


@pytest.mark.parametrize("case", CASES)
def test_eight_rows_for_every_client_with_two_sentences_at_most(case):
    """No API, nothing local, another currency: all rows are there, and a cell is read in a breath."""
    rows = aspects(case())
    assert [row.key for row in rows] == KEYS
    for row in rows:
        for cell in (row.cloud, row.local):
            assert cell.text.endswith(".")
            assert cell.source
            assert cell.text.count(". ") <= 1, cell.text
            assert "None" not in cell.text
            assert "nan" not in cell.text


def test_every_text_can_be_told_again():
    """Each cell is remembered with its making, so that a document can tell it in another language."""
    with remembering() as said:
        rows = aspects(small_case())
    with speaking("en", said):
        assert all(retell(row.cloud.text) == row.cloud.text for row in rows)
    # What has no values is its own template, and is found in the catalogue.
    constant = {"No workload has a limit on latency: nobody waits."}
    assert {cell.text for row in rows for cell in (row.cloud, row.local)} - said.keys() == constant


def test_setup_is_better_where_it_serves_first():
    """An API takes 2 weeks and own machines 24; were they there in one, local would be first; as fast, neither is."""
    assert setup(small_case()).better == "cloud"
    assert "24 weeks" in setup(small_case()).local.text
    assert setup(terms(small_case(), lead_weeks_own=figure(1))).better == "local"
    assert setup(terms(small_case(), lead_weeks_own=figure(2))).better is None
    assert setup(startup_case()).better is None


def test_privacy_counts_the_apis_that_the_gates_leave():
    """Internal data may go to the one API on offer; health data are bound to own machines."""
    row = privacy(small_case())
    assert row.better is None
    assert "of 1 on offer: 1 or more. The contract has to hold: no training on the data." in row.cloud.text
    bound = privacy(hospital_case())
    assert bound.better == "local"
    assert bound.local.text.endswith("Bound to own machines by its class of data: Letters.")
    assert bound.cloud.basis is None


def test_privacy_tells_sensitive_work_one_by_one():
    """Chat with personal data is named with the number that is left to it."""
    case = told(small_case(), data_class=DataClass.PERSONAL)
    assert "of 1 on offer: Chat (personal data) 1." in privacy(case).cloud.text


def test_capability_goes_by_floors_reached_then_by_score():
    """A floor of 80: the APIs' best is 83.4, the open model's 30.4. One of 30 both reach; the higher score leads."""
    row = capability(startup_case())
    assert (row.better, row.cloud.basis) == ("cloud", Basis.PUBLISHED)
    assert "claude-sonnet-4-5 scores 83.4 on GPQA Diamond. Floors reached: 1 of 1." in row.cloud.text
    assert "Llama-3.1-8B-Instruct scores 30.4 on GPQA Diamond. Floors reached: 0 of 1, not for Chat." in row.local.text
    assert capability(small_case()).better == "cloud"
    assert capability(hospital_case()).better is None


def test_a_million_tokens_at_the_api_by_hand():
    """500 prompt tokens at USD 0.25 and 100 answer tokens at USD 2 a million: 325 ÷ 600 = 0.5417 a million."""
    found = cloud_per_mtok(small_case())
    assert found is not None
    assert found == (pytest.approx(0.541667, rel=1e-5), Basis.PUBLISHED)
    assert cloud_per_mtok(hospital_case()) is None


def test_cost_by_hand_and_which_side_is_better():
    """0.1 of 150,000 a year is 1,250 a month; 1000 requests a day × 30.4375 × 0.000325 is 9.89: 0.8% by the token."""
    row = cost(small_case())
    assert row.better == "cloud"
    assert row.cloud.text.startswith("The cloud plan costs $1,260 a month, 1% of its cash paid by the token.")
    cheaper = [
        plan.model_copy(update={"cost_per_month": 1000.0}) if plan.kind == "own" else plan
        for plan in small_case().verdict.strategies
    ]
    assert cost(decided(small_case(), strategies=tuple(cheaper))).better == "local"
    alone = cost(hospital_case())
    assert (alone.better, alone.cloud.basis) == (None, None)
    assert "CHF" in alone.local.text


def test_latency_without_limits_says_so_and_with_a_limit_compares():
    """Nobody waits: no figure, no basis. With a limit the machine's is told, and that of the API is not known."""
    row = latency(small_case())
    assert (row.better, row.cloud.basis, row.local.basis) == (None, None, None)
    limited = latency(told(small_case(), latency=Latency(ttft_p95_s=figure(2.0))))
    assert "Nobody has published" in limited.cloud.text
    assert "(limit 2.0 s)" in limited.local.text
    assert limited.local.basis is Basis.ASSUMED


def test_the_cloud_scales_better_where_load_is_uneven_or_grows():
    """A level week is no reason; growth of a half, or one hour of ten times the others, is."""
    assert scalability(small_case()).better is None
    assert scalability(seen(small_case(), growth_per_year=figure(0.5))).better == "cloud"
    hours = np.ones(168)
    hours[3] = 10.0
    problem = replace(small_case().choice.problem, requests=hours.reshape(1, 1, 168))
    uneven = replace(small_case(), choice=replace(small_case().choice, problem=problem))
    assert peak_to_mean(uneven) == pytest.approx(10 / (177 / 168))
    assert scalability(uneven).better == "cloud"
    assert "rate limits of the APIs are not known" in scalability(small_case()).cloud.text


def test_customisation_is_local_where_no_api_gives_it():
    """Adapters without any API; nothing asked is no reason for either."""
    assert customisation(hospital_case()).better == "local"
    assert customisation(small_case()).better is None
    assert "Known to be tuned on the client's data: 1 of 2 APIs on offer." in customisation(startup_case()).cloud.text


def test_maintenance_goes_by_people():
    """0.1 people at 150,000 are 15,000 a year, 0.5 are 75,000; in francs at 1.1 dollars 0.5 are 68,182."""
    row: Aspect = maintenance(small_case())
    assert row.better == "cloud"
    assert "$15,000 a year" in row.cloud.text
    assert "$75,000 a year" in row.local.text
    assert "CHF 68,200 a year" in maintenance(hospital_case()).local.text
    assert maintenance(terms(small_case(), staff_fte_own=figure(0.05))).better == "local"


def test_latency_counts_only_what_may_serve():
    """Struck on quality as well, the machine is not counted; struck on latency alone, its limit is not kept."""
    limited = told(small_case(), latency=Latency(ttft_p95_s=figure(2.0)))
    assert "Limits on latency kept: 1 of 1." in latency(limited).local.text
    slow = Strike(gate="latency", reason="slow", lift="faster")
    poor = Strike(gate="quality", reason="poor", lift="better")

    def struck(*strikes: Strike):
        rows = ((strikes,) * len(limited.choice.pools),)
        return latency(replace(limited, choice=replace(limited.choice, pool_strikes=rows)))

    assert "Limits on latency kept: 0 of 1." in struck(slow).local.text
    assert (
        struck(slow, poor).local.text == "Nothing that is on offer here may serve a workload with a limit on latency."
    )
    assert struck(slow, poor).better == "cloud"


@pytest.mark.parametrize("taken", [True, False])
def test_the_wait_rests_on_the_load_that_the_plan_has_taken(insurer, insurer_verdict, taken):
    """The same machine is an option at two loads: only the profile of the one that serves counts."""
    case = insurer_case(insurer, insurer_verdict)
    (part,) = pool_parts(case)
    alike = [p for p, pool in enumerate(case.choice.pools) if pool.label == part.label]
    assert len(alike) == 2
    ratio = case.choice.terms.p95_over_mean_ttft.model_copy(update={"basis": Basis.MEASURED})
    case = terms(case, p95_over_mean_ttft=ratio)
    before = local_wait(case, part.workloads[0])
    pools = list(case.choice.pools)
    for p in alike:
        if (p == part.number) == taken:
            profile = pools[p].profile.model_copy(update={"basis": Basis.ASSUMED})
            pools[p] = replace(pools[p], profile=profile)
    after = local_wait(replace(case, choice=replace(case.choice, pools=tuple(pools))), part.workloads[0])
    assert before is not None
    assert after is not None
    assert before.basis is Basis.PREDICTED
    assert after.basis is (Basis.ASSUMED if taken else Basis.PREDICTED)
