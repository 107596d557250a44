"""Gates on readiness: an option passes, or is struck with the evidence and a way out."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from kit.engagement.record import ApiOffer, Engagement, GpuOffer, Place, Workload
from kit.record import Basis, Figure
from kit.strategy.gates import gate_api, gate_pool
from kit.strategy.options import Api, Pool, apis, pools
from kit.strategy.readiness import api_readiness, pool_readiness
from kit.strategy.strike import Strike
from kit.strategy.terms import Terms, resolve

DAY = dt.date(2026, 11, 22)
"""Date of the example's engagement."""


def figure(value: float, source: str = "the contract") -> Figure:
    return Figure(value=value, basis=Basis.QUOTED, source=source, date=DAY)


@dataclasses.dataclass(frozen=True)
class Case:
    """The example's client, two of its workloads and three of its options.

    Attributes:
        chat: text, with a latency limit; served by gpt-4.1-mini at present.
        nightly: text that may wait.
    """

    engagement: Engagement
    terms: Terms
    chat: Workload
    nightly: Workload
    api: Api
    own: Pool
    rented: Pool

    def at_api(self, work: Workload, api: Api) -> list[Strike]:
        return api_readiness(work, api, self.engagement, self.terms)

    def at_pool(self, work: Workload, pool: Pool) -> list[Strike]:
        return pool_readiness(work, pool, self.engagement, self.terms)


@pytest.fixture(scope="module")
def case(insurer) -> Case:
    said = insurer.engagement
    terms = resolve(said)
    works = {one.name: one for one in said.workloads}
    everything = pools(said, insurer.profiles, insurer.prices, terms)
    return Case(
        engagement=said,
        terms=terms,
        chat=works["Customer chat"],
        nightly=works["Nightly extraction"],
        api=next(one for one in apis(said, insurer.demand, insurer.prices) if one.label == "gpt-5-mini (openai)"),
        own=next(one for one in everything if one.place is Place.OWN and "70B" in one.model.name),
        rented=next(one for one in everything if one.offer.provider == "hyperstack"),
    )


def changed(part, **changes):
    """Return a copy of a record's part with other values, checked like the file."""
    return type(part).model_validate(part.model_dump() | changes)


def offering(option, **changes):
    """Return an option whose offer says something else."""
    offer: ApiOffer | GpuOffer = changed(option.offer, **changes)
    had = {"commitment": offer.commitment} if isinstance(offer, GpuOffer) and offer.commitment else {}
    return dataclasses.replace(option, offer=offer, **had)


def gates(strikes) -> list[str]:
    return [strike.gate for strike in strikes]


def test_a_workload_that_asks_for_nothing_passes(case):
    """Plain text, no date, no target, no skills stated: no option is struck."""
    for work in (case.chat, case.nightly):
        assert case.at_api(work, case.api) == []
        assert case.at_pool(work, case.own) == []
        assert case.at_pool(work, case.rented) == []


def test_a_modality_that_is_not_known_does_not_pass(case):
    """Images are struck at an API that only says text and at a model of text; both say what they take."""
    seeing = changed(case.chat, modalities=("text", "image"))
    (at_api,) = case.at_api(seeing, case.api)
    assert at_api.gate == "modality"
    assert at_api.reason == "needs image; gpt-5-mini (openai) takes text (nothing else is known of it)"
    assert "openai's word" in at_api.lift
    (at_pool,) = case.at_pool(seeing, case.own)
    assert case.own.model.source in at_pool.reason
    assert at_pool.lift == "another model"


def test_a_stated_modality_passes_and_text_is_always_known(case):
    """An API said to take images takes text as well; a model whose row has images takes them."""
    seeing = changed(case.chat, modalities=("text", "image"))
    assert case.at_api(seeing, offering(case.api, modalities=("image",))) == []
    model = case.own.model.model_copy(update={"modalities": ("text", "image")})
    assert case.at_pool(seeing, dataclasses.replace(case.own, model=model)) == []


@pytest.mark.parametrize("way", ["fine-tuning", "adapters"])
def test_tuning_needs_a_provider_that_tunes(case, way):
    """Unknown is struck as no; a provider that tunes passes, and so do open weights."""
    tuned = changed(case.chat, customisation=way)
    (unknown,) = case.at_api(tuned, case.api)
    assert unknown.gate == "customisation"
    assert unknown.reason == f"needs {way}; openai is not known to tune it (gpt-5-mini)"
    assert "fine_tuning: true" in unknown.lift
    (denied,) = case.at_api(tuned, offering(case.api, fine_tuning=False))
    assert "does not tune it, as the client states" in denied.reason
    assert case.at_api(tuned, offering(case.api, fine_tuning=True)) == []
    assert case.at_pool(tuned, case.own) == []


def test_no_api_takes_another_tokenizer(case):
    """Not even one that tunes; open weights do."""
    other = changed(case.chat, customisation="tokenizer")
    (strike,) = case.at_api(other, offering(case.api, fine_tuning=True))
    assert strike.gate == "customisation"
    assert "open weights" in strike.lift
    assert case.at_pool(other, case.own) == []


def test_a_place_that_nobody_can_run_is_struck(case):
    """People who know cloud APIs only: own and rented machines are out; the way out is to hire, or the cloud."""
    few: Engagement = case.engagement.model_copy(update={"skills": (Place.API,)})
    assert api_readiness(case.chat, case.api, few, case.terms) == []
    for pool, words in ((case.own, "own machines"), (case.rented, "rented machines")):
        (strike,) = pool_readiness(case.chat, pool, few, case.terms)
        assert strike.gate == "skills"
        assert strike.reason == f"nobody at the client runs {words}; its people run cloud APIs (skills)"
        assert strike.lift == "the client, by hiring or training, or by the managed way: a cloud API"
    machines = case.engagement.model_copy(update={"skills": (Place.OWN, Place.RENTED)})
    (strike,) = api_readiness(case.chat, case.api, machines, case.terms)
    assert strike.lift == "the client, by hiring or training"


def test_what_comes_too_late_is_struck(case):
    """Worked by hand: 24 weeks after 2026-11-22 is 2027-05-09; needed a day before that is too late, on it is not."""
    weeks = case.terms.lead_weeks_own
    assert weeks.value == 24
    soon = changed(case.chat, needed_by=dt.date(2027, 5, 8))
    (strike,) = case.at_pool(soon, case.own)
    assert strike.gate == "time"
    assert "needed by 2027-05-08" in strike.reason
    assert "serves from 2027-05-09, 24 weeks after 2026-11-22 (assumed: " in strike.reason
    assert weeks.source in strike.reason
    assert strike.lift.endswith("or the client, by a later date")
    on_the_day = changed(case.chat, needed_by=dt.date(2027, 5, 9))
    assert case.at_pool(on_the_day, case.own) == []


def test_an_offers_own_lead_time_goes_before_the_kits(case):
    """A supplier that is ready at once serves at once; a fraction of a day is a day."""
    now = changed(case.chat, needed_by=DAY)
    assert case.at_pool(now, offering(case.own, ready_weeks=figure(0))) == []
    (strike,) = case.at_pool(now, offering(case.own, ready_weeks=figure(0.1, "the supplier")))
    assert "serves from 2026-11-23" in strike.reason
    assert "(quoted: the supplier)" in strike.reason


def test_what_serves_already_needs_no_lead_time(case):
    """An API takes its lead time, except for the workload that it serves today."""
    now = changed(case.chat, needed_by=DAY)
    (strike,) = case.at_api(now, case.api)
    assert strike.gate == "time"
    here = changed(now, today={"provider": "openai", "model": "gpt-5-mini"})
    assert case.at_api(here, case.api) == []


def test_a_promise_below_the_target_does_not_pass(case):
    """No promise is no; 99.5 % is less than 99.9 %; a promise of just as much passes; own machines are planned for."""
    sure = changed(case.chat, availability=figure(0.999, "the client"))
    (unknown,) = case.at_api(sure, case.api)
    assert unknown.gate == "availability"
    assert "has to be up 99.9 % of the time" in unknown.reason
    assert "no promise of openai's is known" in unknown.reason
    assert unknown.lift == "a contract with openai that promises it"
    (below,) = case.at_api(sure, offering(case.api, uptime=figure(0.995)))
    assert "openai promises 99.5 % (the contract, 2026-11-22)" in below.reason
    assert case.at_api(sure, offering(case.api, uptime=figure(0.999))) == []
    assert gates(case.at_pool(sure, case.rented)) == ["availability"]
    assert case.at_pool(sure, offering(case.rented, uptime=figure(0.9995))) == []
    assert case.at_pool(sure, case.own) == []


def test_a_spot_machine_is_for_work_that_may_wait(case):
    """Struck for a latency limit and for work that is not deferrable; on demand and reserved are not."""
    spot = offering(case.rented, commitment="spot")
    (limited,) = case.at_pool(case.chat, spot)
    assert limited.gate == "spot"
    assert "Customer chat has a latency limit; hyperstack may take back" in limited.reason
    assert limited.lift.startswith("an on-demand or reserved machine")
    (waiting,) = case.at_pool(changed(case.nightly, deferrable=False), spot)
    assert "cannot wait" in waiting.reason
    assert case.at_pool(case.nightly, spot) == []
    for commitment in ("on-demand", "reserved"):
        firm = offering(case.rented, commitment=commitment)
        assert case.at_pool(case.chat, firm) == []


def test_readiness_counts_in_the_gates(case):
    """The gates of an API and of a pool hold these too, beside the rest."""
    sure = changed(case.chat, availability=figure(0.999), modalities=("text", "audio"))
    assert {"availability", "modality"} <= set(gates(gate_api(sure, case.api, case.engagement, case.terms)))
    assert "modality" in gates(gate_pool(sure, case.own, case.engagement, case.terms))
