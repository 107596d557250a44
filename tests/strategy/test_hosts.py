"""Regulations gate hosts: every strike names the rule, the term, the evidence and what would lift it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from kit.engagement.record import ApiOffer, Contract, Engagement, Place, Region, Regulation
from kit.facts.data_classes import data_class
from kit.facts.providers import TermName, providers
from kit.facts.regulations import regulation, regulations
from kit.strategy import hosts
from kit.strategy.gates import gate_api, gate_pool
from kit.strategy.hosts import host_of, host_strikes
from kit.strategy.options import Api, apis, pools
from kit.strategy.terms import resolve


def bound(engagement: Engagement, *rules: str, regions: tuple[Region, ...] = (), name: str = "Research agent"):
    """Return a workload under these rules alone, and its engagement."""
    workload = next(item for item in engagement.workloads if item.name == name)
    workload = workload.model_copy(
        update={"regulations": tuple(Regulation(rule) for rule in rules), "regions": regions, "quality": None}
    )
    return workload, engagement.model_copy(update={"regulations": ()})


def strikes(option, workload, engagement):
    law = data_class(workload.data_class.value)
    return host_strikes(workload, law, host_of(option), engagement)


def api(provider: str, model: str = "some-model", **offer) -> Api:
    return Api(ApiOffer(provider=provider, model=model, **offer), {}, None)


@pytest.fixture(scope="module")
def rented(insurer):
    terms = resolve(insurer.engagement)
    return next(
        pool
        for pool in pools(insurer.engagement, insurer.profiles, insurer.prices, terms)
        if pool.place is Place.RENTED and "70B" in pool.model.name
    )


def at(pool, provider: str, **offer):
    changed = {"provider": provider, "contract": Contract(), "regions": ()} | offer
    return replace(pool, offer=pool.offer.model_copy(update=changed))


def test_the_engagement_knows_the_tables_rules_and_a_contract_can_hold_every_term_but_a_region():
    """Names in the engagement and in the kit's tables are the same, and each need has words."""
    assert {rule.value for rule in Regulation} == set(regulations())
    assert set(Contract.model_fields) <= set(get_args(TermName))
    needs = {name for rule in regulations().values() for name in (*rule.api_needs, *rule.rented_needs)}
    assert needs <= set(hosts._PROMISES)
    assert {hosts._SIGNED_AS.get(name, name) for name in needs} <= set(Contract.model_fields)


def test_a_rule_of_the_engagement_binds_every_workload_and_a_workload_adds_its_own(insurer):
    """DORA and the EU AI Act bind all; the chat has the GDPR besides; none counts twice."""
    engagement = insurer.engagement
    by_name = {item.name: [rule.value for rule in engagement.regulations_of(item)] for item in engagement.workloads}
    assert by_name["Research agent"] == ["DORA", "EU AI Act"]
    assert by_name["Customer chat"] == ["DORA", "EU AI Act", "GDPR"]
    twice = engagement.workloads[0].model_copy(update={"regulations": (Regulation.DORA,)})
    assert engagement.regulations_of(twice) == (Regulation.DORA, Regulation.EU_AI_ACT)


def test_a_strike_names_rule_term_evidence_and_way_out(insurer):
    """Nothing is known of a certificate of the Gemini Developer API: DORA strikes it, and a contract lifts that."""
    terms = resolve(insurer.engagement)
    known = {option.label: option for option in apis(insurer.engagement, insurer.demand, insurer.prices)}
    google = known["gemini-2.5-flash (google)"]
    agent = next(item for item in insurer.engagement.workloads if item.name == "Research agent")
    (strike,) = gate_api(agent, google, insurer.engagement, terms)
    assert strike.gate == "regulation"
    assert strike.reason == (
        "DORA asks for a host that is certified under ISO 27001; "
        "whether google does is not known: no source was found (2026-11-22)"
    )
    assert strike.lift == (
        "The management body accepts the provider after its own review of the security standards; "
        "or a contract with google by which it is certified under ISO 27001"
    )
    signed = replace(google, offer=google.offer.model_copy(update={"contract": Contract(iso27001=True)}))
    assert gate_api(agent, signed, insurer.engagement, terms) == ()


def test_a_contract_that_says_no_strikes_whatever_the_public_terms_say(insurer):
    """OpenAI's public terms have a data processing agreement; the client's contract says that it has none."""
    chat, engagement = bound(insurer.engagement, "GDPR", regions=(Region.EU,), name="Customer chat")
    assert strikes(api("openai", regions=(Region.EU,)), chat, engagement) == []
    refused = api("openai", regions=(Region.EU,), contract=Contract(dpa=False))
    (strike,) = strikes(refused, chat, engagement)
    assert "GDPR asks for a host that signs a data processing agreement" in strike.reason
    assert "openai does not: the contract says no" in strike.reason


def test_conditional_is_no_until_the_contract_says_so(insurer):
    """Azure's attestation for card data is conditional; ITAR needs a contract and the right region."""
    agent, engagement = bound(insurer.engagement, "PCI-DSS")
    (strike,) = strikes(api("azure"), agent, engagement)
    assert "PCI-DSS asks for a host that is attested for payment card data; azure does so on conditions only: " in (
        strike.reason
    )
    assert strikes(api("azure", contract=Contract(pci_dss=True)), agent, engagement) == []
    agent, engagement = bound(insurer.engagement, "ITAR")
    assert len(strikes(api("aws"), agent, engagement)) == 1
    assert strikes(api("aws", contract=Contract(itar=True)), agent, engagement) == []
    abroad = api("aws", contract=Contract(itar=True), regions=(Region.EU,))
    assert ["ITAR keeps the work in US" in strike.reason for strike in strikes(abroad, agent, engagement)] == [True]


def test_a_signed_business_associate_agreement_is_eligibility(insurer):
    """HIPAA at OpenAI lacks the agreement and the eligibility; the signed agreement gives both."""
    agent, engagement = bound(insurer.engagement, "HIPAA")
    found = strikes(api("openai"), agent, engagement)
    assert len(found) == 2
    assert all("by which it signs a business associate agreement" in strike.lift for strike in found)
    assert strikes(api("openai", contract=Contract(baa=True)), agent, engagement) == []


def test_a_rented_machine_stands_under_the_renters_terms(insurer, rented):
    """AWS shows a certificate for its API and none that the kit knows of for its machines."""
    agent, engagement = bound(insurer.engagement, "DORA")
    assert strikes(api("aws"), agent, engagement) == []
    (strike,) = strikes(at(rented, "aws"), agent, engagement)
    assert "whether aws does is not known" in strike.reason
    assert strikes(at(rented, "azure"), agent, engagement) == []


def test_a_renter_that_is_not_in_the_table_is_unknown(insurer, rented):
    """Of Hyperstack nothing is known: no agreement, no region, until the client has both."""
    chat, engagement = bound(insurer.engagement, "GDPR", regions=(Region.EU,), name="Customer chat")
    found = strikes(at(rented, "hyperstack"), chat, engagement)
    assert [strike.gate for strike in found] == ["region", "regulation", "regulation"]
    assert "processes is not known" in found[0].reason
    assert "nothing is known about this host" in found[1].reason
    signed = at(rented, "hyperstack", contract=Contract(dpa=True), regions=(Region.EU,))
    assert strikes(signed, chat, engagement) == []
    patient = chat.model_copy(update={"latency": None})
    assert gate_pool(patient, signed, engagement, resolve(engagement)) == ()


def test_terms_of_a_single_model_go_before_the_hosts(insurer):
    """On Bedrock a regional profile stays in the EU; a global one does not, by class of data and by rule."""
    chat, engagement = bound(insurer.engagement, "GDPR", regions=(Region.EU,), name="Customer chat")
    assert strikes(api("aws", "regional.anthropic.claude-sonnet-5-v1:0"), chat, engagement) == []
    found = strikes(api("aws", "global.anthropic.claude-sonnet-5-v1:0"), chat, engagement)
    assert [strike.gate for strike in found] == ["region", "regulation"]


def test_the_developer_api_promises_no_region_and_vertex_does(insurer):
    """The same model: struck at the Gemini Developer API for work in the EU, permitted on Vertex AI."""
    chat, engagement = bound(insurer.engagement, "GDPR", regions=(Region.EU,), name="Customer chat")
    assert {"region", "regulation"} == {
        strike.gate for strike in strikes(api("google", "gemini-2.5-flash"), chat, engagement)
    }
    assert strikes(api("google-vertex", "gemini-2.5-flash"), chat, engagement) == []


@pytest.mark.parametrize("agreed", [(), (Region.EU, Region.US)])
def test_two_rules_must_be_kept_in_one_and_the_same_region(insurer, agreed):
    """The US for export control and Europe for personal data cannot both be had for the same work."""
    agent, engagement = bound(insurer.engagement, "ITAR", "GDPR")
    host = api("aws", contract=Contract(itar=True), regions=agreed)
    (strike,) = strikes(host, agent, engagement)
    assert "keeps the work in" in strike.reason


def test_a_rule_that_forbids_the_place_is_the_only_reason(insurer, monkeypatch, rented):
    """A rule that keeps the work in the house strikes APIs and rented machines with its own reference."""
    strict = regulation("ITAR").model_copy(update={"may_go_to": ("own",)})
    monkeypatch.setattr(hosts, "regulation", lambda _: strict)
    agent, engagement = bound(insurer.engagement, "ITAR")
    (strike,) = strikes(api("aws", contract=Contract(itar=True)), agent, engagement)
    assert strike.reason.startswith("ITAR: the rule allows no cloud API (22 CFR 120 to 130")
    (strike,) = strikes(at(rented, "aws"), agent, engagement)
    assert "no rented machine" in strike.reason
    assert "empowered official" in strike.lift


@pytest.mark.parametrize("rule", list(Regulation))
@pytest.mark.parametrize("regions", [(), (Region.EU,), (Region.US,)])
def test_a_further_rule_never_permits_more(insurer, rule, regions):
    """Whatever passes with a rule passes without it, at every API of the table and at one that is not in it."""
    free, engagement = bound(insurer.engagement, regions=regions)
    strict, _ = bound(insurer.engagement, rule.value, regions=regions)
    for provider in (*providers(), "nobody"):
        for contract in (Contract(), Contract(no_training=True, dpa=True, baa=True), Contract(no_training=False)):
            host = api(provider, contract=contract)
            found = strikes(host, strict, engagement)
            assert set(strikes(host, free, engagement)) <= set(found)
            assert all(strike.reason and strike.lift for strike in found)


def test_the_eu_ai_act_gates_nobody(insurer):
    """Its duties are the client's: no host is struck for it."""
    agent, engagement = bound(insurer.engagement, "EU AI Act")
    for name in ("openai", "deepseek", "nobody"):
        host = api(name, contract=Contract(no_training=True))
        assert strikes(host, agent, engagement) == []


def test_duties_stand_in_the_verdict_with_source_and_date(insurer_verdict):
    """DORA's exit plan, the AI Act's article 50 and the GDPR's processor, each for the workloads that it binds."""
    duties = insurer_verdict.duties
    assert list(dict.fromkeys(duty.rule for duty in duties)) == ["DORA", "EU AI Act", "GDPR"]
    by_rule = {duty.rule: duty for duty in duties}
    assert by_rule["GDPR"].workloads == ("Claims summaries", "Customer chat", "Nightly extraction")
    assert len(by_rule["DORA"].workloads) == 5
    assert any("exit plan" in duty.text and duty.rule == "DORA" for duty in duties)
    assert any("Art. 50" in duty.text for duty in duties)
    assert any(duty.text.startswith("On the client's own machines: ") for duty in duties)
    for duty in duties:
        assert duty.source.startswith("https://")
        assert duty.date == regulation(duty.rule).date
        assert duty.note == regulation(duty.rule).note


def test_without_regulations_there_are_no_duties(insurer):
    """A client that names no rule is told of none."""
    workloads = tuple(item.model_copy(update={"regulations": ()}) for item in insurer.engagement.workloads)
    free = insurer.engagement.model_copy(update={"regulations": (), "workloads": workloads})
    assert hosts.duties(free, ["Customer chat"]) == ()
