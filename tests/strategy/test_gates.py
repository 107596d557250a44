"""Gates: what is not known does not pass, and every strike says what would lift it."""

from __future__ import annotations

import pytest

from kit.engagement.record import Contract, Engagement, Place, Region, Rule
from kit.errors import InputError
from kit.strategy.choice import choose
from kit.strategy.gates import gate_api, gate_pool
from kit.strategy.options import apis, pools
from kit.strategy.terms import resolve


@pytest.fixture(scope="module")
def options(insurer):
    terms = resolve(insurer.engagement)
    return (
        terms,
        {api.label: api for api in apis(insurer.engagement, insurer.demand, insurer.prices)},
        pools(insurer.engagement, insurer.profiles, insurer.prices, terms),
    )


def workload(engagement: Engagement, name: str, **changes):
    found = next(item for item in engagement.workloads if item.name == name)
    return found.model_copy(update=changes)


def gates(strikes) -> list[str]:
    return [strike.gate for strike in strikes]


def test_health_data_go_to_no_api_and_to_no_rented_machine(insurer, options):
    """Claims summaries are struck at every API and every rented pool by the data gate."""
    terms, known_apis, known_pools = options
    claims = workload(insurer.engagement, "Claims summaries")
    for api in known_apis.values():
        assert gates(gate_api(claims, api, insurer.engagement, terms))[0] == "data"
    rented = [pool for pool in known_pools if pool.place is Place.RENTED]
    assert rented
    for pool in rented:
        assert gates(gate_pool(claims, pool, insurer.engagement, terms))[0] == "data"


def test_the_clients_own_rule_overrides_the_table(insurer, options):
    """A client that lets health data go to an API still needs the contract terms that such data ask for."""
    terms, known_apis, _ = options
    rule = Rule(data_class="health", may_go_to=(Place.OWN, Place.API))
    engagement = insurer.engagement.model_copy(update={"rules": (rule,)})
    claims = workload(engagement, "Claims summaries", quality=None, context_tokens=None)
    api = known_apis["gpt-5-mini (openai)"]
    strikes = gate_api(claims, api, engagement, terms)
    assert {"data"} == set(gates(strikes))
    assert any("business associate agreement" in strike.reason for strike in strikes)
    signed = Contract(no_training=True, zero_retention=True, baa=True)
    offer = api.offer.model_copy(update={"contract": signed})
    assert gate_api(claims, type(api)(offer, api.price_per_request, api.context_tokens), engagement, terms) == ()


def test_a_contract_that_says_no_overrides_public_terms(insurer, options):
    """Training on the data, stated in the contract, strikes an API whose public terms say otherwise."""
    terms, known_apis, _ = options
    api = known_apis["gpt-5-mini (openai)"]
    offer = api.offer.model_copy(update={"contract": Contract(no_training=False)})
    agent = workload(insurer.engagement, "Research agent")
    strikes = gate_api(agent, type(api)(offer, api.price_per_request, api.context_tokens), insurer.engagement, terms)
    assert gates(strikes) == ["data"]
    assert "says no" in strikes[0].reason


def test_a_region_is_needed_and_must_match(insurer, options):
    """Work for the EU is struck where the contract names another region, or where none is agreed for personal data."""
    terms, known_apis, _ = options
    api = known_apis["gpt-4.1-mini (openai)"]
    chat = workload(insurer.engagement, "Customer chat", latency=None)
    assert gate_api(chat, api, insurer.engagement, terms) == ()
    elsewhere = api.offer.model_copy(update={"regions": (Region.US,)})
    strikes = gate_api(chat, type(api)(elsewhere, api.price_per_request, api.context_tokens), insurer.engagement, terms)
    assert gates(strikes) == ["region", "regulation"]
    assert "the contract with openai says US" in strikes[0].reason
    assert strikes[1].reason.startswith("GDPR keeps the work in EU, UK, CH; openai does not: agreed is US")
    nowhere = workload(insurer.engagement, "Customer chat", latency=None, regions=())
    assert gates(gate_api(nowhere, api, insurer.engagement, terms)) == ["region"]


def test_an_unknown_score_does_not_pass(insurer, options):
    """A model that the client's own test has no score for is struck; with its score it passes."""
    terms, known_apis, _ = options
    agent = workload(insurer.engagement, "Research agent")
    agent = type(agent).model_validate(
        agent.model_dump() | {"quality": {"benchmark": "Our own cases", "at_least": figure(70)}}
    )
    other = {"model": "gpt-5", "benchmark": "Our own cases", "score": figure(71)}
    tested = Engagement.model_validate(insurer.engagement.model_dump() | {"scores": [other]})
    strikes = gate_api(agent, known_apis["gpt-5-mini (openai)"], tested, terms)
    assert gates(strikes) == ["quality"]
    assert "no score of gpt-5-mini is known" in strikes[0].reason
    assert gate_api(agent, known_apis["gpt-5 (openai)"], tested, terms) == ()


def test_a_misspelt_benchmark_is_a_mistake(insurer, options):
    """A benchmark that neither the table nor the client's scores know is named with the nearest match."""
    terms, known_apis, _ = options
    agent = workload(insurer.engagement, "Research agent")
    agent = type(agent).model_validate(
        agent.model_dump() | {"quality": {"benchmark": "GPQA Diamant", "at_least": figure(70)}}
    )
    with pytest.raises(InputError, match="GPQA Diamond"):
        gate_api(agent, known_apis["gpt-5 (openai)"], insurer.engagement, terms)


def figure(value: float) -> dict[str, object]:
    return {"value": value, "basis": "quoted", "source": "the client's test", "date": "2026-11-22"}


def test_latency_that_nobody_measured_does_not_pass(insurer, options):
    """A pool whose profile holds no latency is struck for work with a latency limit, and says how to lift it."""
    terms, _, known_pools = options
    chat = workload(insurer.engagement, "Customer chat")
    saturated = next(pool for pool in known_pools if pool.level is None and "70B" in pool.model.name)
    strikes = gate_pool(chat, saturated, insurer.engagement, terms)
    assert gates(strikes) == ["latency"]
    assert "is not known" in strikes[0].reason
    assert "measurement" in strikes[0].lift


def test_context_longer_than_the_model_takes_is_struck(insurer, options):
    """A request of 200,000 tokens does not fit a model of 131,072."""
    terms, _, known_pools = options
    claims = workload(insurer.engagement, "Claims summaries")
    longer = type(claims).model_validate(claims.model_dump() | {"context_tokens": figure(200_000)})
    own = next(pool for pool in known_pools if pool.place is Place.OWN and "70B" in pool.model.name)
    strikes = gate_pool(longer, own, insurer.engagement, terms)
    assert gates(strikes) == ["context"]
    assert "131,072" in strikes[0].reason


def test_every_strike_says_what_would_lift_it(insurer, options):
    """No strike of the example is without a reason and a way out."""
    terms, known_apis, known_pools = options
    choice = choose(insurer.engagement, insurer.demand, terms, list(known_apis.values()), known_pools)
    strikes = [s for rows in (*choice.api_strikes, *choice.pool_strikes) for row in rows for s in row]
    assert len(strikes) > 20
    assert all(strike.reason and strike.lift for strike in strikes)
