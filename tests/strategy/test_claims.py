"""Common claims: the outcome follows from the figures by rule, either way."""

from __future__ import annotations

import pytest

from kit.engagement.record import Place, Region
from kit.facts.architectures import architecture
from kit.hardware.memory import fit
from kit.record import Basis
from kit.strategy.board.claims import claims, local_speed, network, rule_of_thumb
from kit.strategy.board.claims_memory import A100, LARGE, fits_24_gb, needs_a100, quantisation_cuts, shape_of
from kit.strategy.verdict import MeasuredPoint
from tests.strategy.cases import (
    CHAT,
    case_of,
    decided,
    engagement,
    hospital_case,
    seen,
    small_case,
    startup_case,
    told,
)


@pytest.mark.parametrize("case", [small_case, hospital_case, startup_case])
def test_six_claims_for_every_client(case):
    """Whatever the client has, each claim has an outcome and its evidence, in two sentences at most."""
    found = claims(case())
    assert len({one.key for one in found}) == len(found) == 6
    assert all(one.finding.text.count(". ") <= 1 and one.finding.source for one in found)


@pytest.mark.parametrize(
    ("here", "outcome"),
    [(9.9, "holds in part"), (10.0, "holds"), (20.0, "holds"), (20.1, "does not hold"), (None, "does not hold")],
)
def test_the_rule_of_thumb_is_set_against_what_it_is_here(here, outcome):
    """Between 10 and 20 million it holds, below in part, above or never it does not."""
    rule = small_case().verdict.rule_of_thumb.model_copy(update={"here": here})
    assert rule_of_thumb(decided(small_case(), rule_of_thumb=rule)).outcome == outcome
    assert rule_of_thumb(hospital_case()).outcome == "not known"


def test_the_way_to_the_api_is_the_published_one_of_its_regions():
    """45 ms within a region are below 100; 212 ms from users in the US to an API that stays in the EU are within."""
    assert network(small_case()).outcome == "does not hold"
    assert "45 ms" in network(small_case()).finding.text
    far = network(told(small_case(), users=Region.US))
    assert (far.outcome, far.finding.basis) == ("holds", Basis.PUBLISHED)
    assert "0.21 s" in far.finding.text
    assert network(startup_case()).outcome == "does not hold"
    assert network(told(startup_case(), users=Region.US)).outcome == "holds in part"
    assert network(hospital_case()).outcome == "not known"


def point(name: str, ttft: float | None, flight: int) -> MeasuredPoint:
    return (
        small_case()
        .verdict.service_curves[0]
        .model_copy(update={"profile": name, "ttft_p50_s": ttft, "concurrency": flight, "basis": Basis.MEASURED})
    )


@pytest.mark.parametrize(
    ("points", "outcome"),
    [
        ([("a", 0.09, 1)], "holds"),
        ([("a", 0.11, 1)], "does not hold"),
        ([("a", 0.09, 1), ("b", 0.2, 1)], "holds in part"),
        ([("a", 0.09, 8)], "holds"),  # with more in flight it is no faster alone
        ([("a", 0.2, 8)], "not known"),  # alone it may be faster
        ([("a", 0.2, 8), ("b", 0.3, 1)], "not known"),
        ([("a", 0.2, 1), ("a", 0.05, 8)], "does not hold"),  # one request alone is what counts
        ([("a", None, 1)], "not known"),
    ],
)
def test_a_local_answer_is_judged_alone(points, outcome):
    """The median with one request in flight decides; more in flight can only say yes."""
    curves = tuple(point(*one) for one in points)
    assert local_speed(decided(small_case(), service_curves=curves)).outcome == outcome


def at(case, tokens: float, flight: int):
    """Return a case with an own machine that holds so many requests of such lengths."""
    pools = tuple(one.model_copy(update={"concurrency": flight}) for one in hospital_case().verdict.pools)
    item = case.choice.demand.workloads[0]
    longer = item.prompt_tokens.model_copy(update={"value": tokens - item.output_tokens.value})
    return decided(seen(case, prompt_tokens=longer), pools=pools)


def test_a_7b_model_on_24_gb_by_hand():
    """7.248 × 10⁹ × 2 bytes are 13.5 GiB; 128 KiB of cache a token: 64 requests of 4096 tokens are 32 GiB more."""
    alone = at(small_case(), 4096, 1)
    assert shape_of(alone).context_tokens == 4096
    assert fits_24_gb(alone).outcome == "holds"
    assert "13.5 GiB for its weights" in fits_24_gb(alone).finding.text
    assert fits_24_gb(at(small_case(), 4096, 64)).outcome == "holds in part"
    assert fits_24_gb(alone).finding.basis is Basis.PREDICTED
    assert "rtx-4090-mistral-7b-vllm" in fits_24_gb(alone).finding.source


def test_a_70b_model_on_a100_by_hand():
    """70.55 × 10⁹ × 2 bytes are 131 GiB: more than one A100; 512 requests of 8192 at 320 KiB are 1280 GiB more."""
    few = needs_a100(at(small_case(), 4096, 8))
    assert few.outcome == "holds"
    assert "131 GiB of weights" in few.finding.text
    assert "4 × A100" in few.finding.text
    assert needs_a100(at(small_case(), 8192, 512)).outcome == "holds in part"
    assert fit(architecture(LARGE), A100, dtype="float16").verdict == "does not fit"


def test_quantisation_saves_less_of_all_memory_where_the_cache_is_large():
    """8.03 × 10⁹ in 16 bits are 15 GiB. Alone, FP8 saves a quarter of all or more; beside a large cache it does not."""
    alone = quantisation_cuts(at(small_case(), 600, 1))
    assert alone.outcome == "holds"
    assert "Weights of Llama-3.1-8B-Instruct: 15.0 GiB in 16 bits" in alone.finding.text
    assert quantisation_cuts(at(small_case(), 4096, 128)).outcome == "holds in part"


def test_without_local_work_the_longest_request_that_a_machine_may_take_counts(tmp_path):
    """A request of 40,000 tokens that no machine may take says nothing about memory; the chat's 600 tokens do."""
    long = CHAT | {"name": "Long", "prompt_tokens": 40_000, "quality": {"benchmark": "GPQA Diamond", "at_least": 80}}
    case = case_of(engagement(CHAT, long), tmp_path)
    assert all(row.places[0] is Place.API for row in case.verdict.placements)
    assert shape_of(case).context_tokens == 600
