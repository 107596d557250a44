"""Specification of what the rules ask of a host, of a place and of the client."""

import datetime as dt
from typing import get_args

import pytest

from kit.errors import InputError
from kit.facts.providers import TermName, provider, providers, renter
from kit.facts.regulations import Unmet, regulation, regulations, unmet


def terms(*gaps: Unmet) -> list[str]:
    return [gap.term for gap in gaps]


def test_the_eight_rules_are_there() -> None:
    """GDPR, HIPAA, PCI-DSS, ITAR, CJIS, FedRAMP, DORA and the EU AI Act."""
    assert set(regulations()) == {"GDPR", "HIPAA", "PCI-DSS", "ITAR", "CJIS", "FedRAMP", "DORA", "EU AI Act"}


def test_every_rule_says_what_it_demands_where_it_stands_and_what_the_client_has_to_do() -> None:
    """Words for a board, a reference with source and day, duties, and a way out."""
    for rule in regulations().values():
        assert rule.demands.endswith(".")
        assert rule.reference
        assert rule.source.startswith("https://")
        assert rule.date <= dt.date.today()
        assert rule.lift
        assert rule.own_needs
        assert all(duty.endswith(".") for duty in rule.duties)
        assert rule.duties
        assert "own" in rule.may_go_to
        assert set(rule.api_needs) | set(rule.rented_needs) <= set(get_args(TermName))


def test_what_is_not_read_at_its_source_says_so() -> None:
    """No rule passes for checked whose text was read elsewhere: its note says how far it was."""
    for rule in regulations().values():
        assert "not yet checked" in rule.note or "secondary sources" in rule.note


def test_unknown_counts_as_no() -> None:
    """Nothing is known of Groq's training: personal data may not go there; of a stranger nothing at all is known."""
    gap = next(gap for gap in unmet(regulation("GDPR"), provider("groq")) if gap.term == "no_training")
    assert gap.answer == "unknown"
    stranger = unmet(regulation("GDPR"), None)
    assert terms(*stranger) == ["dpa", "no_training", "region_eu"]
    assert all((gap.answer, gap.source, gap.date) == ("unknown", "none", None) for gap in stranger)


def test_conditional_counts_as_no_until_the_client_has_the_contract() -> None:
    """OpenAI signs a business associate agreement case by case; whoever has signed it has the eligibility too."""
    hipaa, openai = regulation("HIPAA"), provider("openai")
    gaps = unmet(hipaa, openai)
    assert terms(*gaps) == ["baa", "hipaa"]
    term, answer, detail, source, date = gaps[0]
    known = openai.terms["baa"]
    assert (term, answer, detail, source, date) == ("baa", "conditional", known.detail, known.source, known.date)
    assert unmet(hipaa, openai, have=frozenset({"baa"})) == ()


def test_personal_data_stay_where_the_law_reaches_them() -> None:
    """Azure and Vertex AI process in the EU, Anthropic and the Gemini Developer API do not; a contract may say so."""
    gdpr = regulation("GDPR")
    assert unmet(gdpr, provider("azure")) == ()
    assert unmet(gdpr, provider("google-vertex")) == ()
    assert terms(*unmet(gdpr, provider("anthropic"))) == ["region_eu"]
    assert terms(*unmet(gdpr, provider("google"))) == ["region_eu"]
    assert unmet(gdpr, provider("openai"), region="EU") == ()
    assert unmet(gdpr, provider("openai"), have=frozenset({"region_eu"})) == ()
    wrong = unmet(gdpr, provider("azure"), region="US")
    assert terms(*wrong) == ["region"]
    assert "US" in wrong[0].detail


def test_a_model_has_terms_of_its_own() -> None:
    """A global inference profile of Bedrock leaves the region that a regional one keeps."""
    gdpr, bedrock = regulation("GDPR"), provider("aws")
    assert unmet(gdpr, bedrock, "regional.anthropic.claude-sonnet-5-v1:0") == ()
    assert terms(*unmet(gdpr, bedrock, "global.anthropic.claude-sonnet-5-v1:0")) == ["region_eu"]


def test_no_commercial_api_passes_export_control() -> None:
    """ITAR and CJIS strike every API until the client has the government cloud's contract."""
    for name in ("ITAR", "CJIS"):
        for host in providers().values():
            assert unmet(regulation(name), host), f"{name}: {host.id}"
    assert unmet(regulation("ITAR"), provider("aws"), region="US", have=frozenset({"itar"})) == ()


def test_the_level_of_fedramp_counts() -> None:
    """OpenAI is authorised at Moderate: enough for that, not for High."""
    rule, openai = regulation("FedRAMP"), provider("openai")
    assert unmet(rule, openai) == ()
    assert unmet(rule, openai, level="moderate") == ()
    assert terms(*unmet(rule, openai, level="high")) == ["fedramp"]
    assert unmet(rule, provider("azure"), level="high") == ()


def test_a_renter_is_asked_for_less_than_an_api() -> None:
    """Who rents out a machine sees no prompt: no promise on training, but the agreement all the same."""
    gdpr = regulation("GDPR")
    assert unmet(gdpr, renter("runpod"), place="rented") == ()
    assert terms(*unmet(gdpr, renter("lambda"), place="rented")) == ["dpa", "region_eu"]


def test_a_place_that_the_rule_forbids_is_the_only_reason() -> None:
    """A rule that keeps the work in the house names the place, not the host."""
    strict = regulation("ITAR").model_copy(update={"may_go_to": ("own",)})
    assert terms(*unmet(strict, provider("aws"))) == ["place"]


def test_the_eu_ai_act_gates_no_host() -> None:
    """Its duties are the client's and the model maker's: they are shown, not gated."""
    act = regulation("EU AI Act")
    assert unmet(act, None) == ()
    assert any("Art. 50" in duty for duty in act.duties)
    assert any("2 December 2027" in duty for duty in act.duties)
    assert any("exit plan" in duty for duty in regulation("DORA").duties)


def test_an_unknown_rule_gets_the_nearest() -> None:
    """A mistyped rule is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "HIPAA"'):
        regulation("HIPPA")
