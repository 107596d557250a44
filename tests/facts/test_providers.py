"""Specification of what hosts promise."""

import datetime as dt
from pathlib import Path
from typing import get_args

import pytest

from kit.errors import InputError
from kit.facts.providers import Provider, Term, TermName, provider, providers, renter, renters

HEAD = "id,name,service,model,term,value,days,level,detail,source,date\n"


def everybody() -> list[Provider]:
    return [*providers().values(), *renters().values()]


def every_term() -> list[tuple[str, str, Term]]:
    own = [(host.id, name, term) for host in everybody() for name, term in host.terms.items()]
    single = [
        (host.id, name, term)
        for host in everybody()
        for terms in host.by_model.values()
        for name, term in terms.items()
    ]
    return own + single


def test_every_host_answers_every_question_with_source_and_day() -> None:
    """Each promise is there for each host, dated; unknown is said, not left out."""
    for found in everybody():
        assert set(found.terms) == set(get_args(TermName))
    for host, name, term in every_term():
        assert term.source
        assert term.date <= dt.date.today()
        assert term.source != "none" or term.value == "unknown", f"{host}: {name}: a promise without a source"


def test_the_table_covers_what_people_ask_about() -> None:
    """A dozen APIs, and renters from the large clouds to those that rent out GPUs alone."""
    apis = {"openai", "azure", "anthropic", "aws", "google", "google-vertex", "mistral", "groq", "together"}
    assert apis | {"fireworks", "deepseek", "cohere"} <= set(providers())
    assert {"aws", "azure", "gcp", "lambda", "runpod", "coreweave"} <= set(renters())


def test_promises_as_their_pages_say() -> None:
    """Anthropic's own API has no region in the EU; OpenAI keeps no data only after approval."""
    assert provider("anthropic").terms["region_eu"].value == "no"
    assert provider("openai").terms["zero_retention"].value == "conditional"
    assert provider("mistral").terms["baa"].value == "unknown"
    assert provider("deepseek").terms["no_training"].value == "no"


def test_the_gemini_developer_api_is_not_vertex_ai() -> None:
    """The price list's google has no region and no agreement on health data; Vertex AI has both, and its own id."""
    developer, vertex = provider("google"), provider("google-vertex")
    assert (developer.term("region_eu").value, vertex.term("region_eu").value) == ("no", "yes")
    assert (developer.term("baa").value, vertex.term("baa").value) == ("unknown", "yes")
    assert "Developer API" in developer.name


def test_claude_under_google_has_the_terms_of_vertex_ai() -> None:
    """The price list keeps Claude under google, though the Gemini Developer API does not serve it."""
    developer, vertex = provider("google"), provider("google-vertex")
    for name in get_args(TermName):
        for model in ("claude-opus-4-8", "claude-fable-5"):
            assert developer.term(name, model).value == vertex.term(name, model).value


def test_renting_a_machine_is_not_calling_an_api() -> None:
    """AWS and Azure have terms for both, and they differ."""
    assert (provider("aws").service, renter("aws").service) == ("api", "gpu")
    assert provider("aws").term("zero_retention").value == "yes"
    assert renter("aws").term("zero_retention").value == "unknown"


def test_days_are_those_of_retention_and_levels_those_of_fedramp() -> None:
    """OpenAI keeps 30 days; only retention has a number, only FedRAMP a level."""
    assert provider("openai").term("retention_days").days == 30
    assert provider("openai").term("fedramp").level == "moderate"
    for _, name, term in every_term():
        assert term.days is None or name == "retention_days"
        assert term.level is None or name == "fedramp"


def test_a_models_own_terms_go_before_the_hosts() -> None:
    """Fable keeps 30 days whatever was agreed; a global profile of Bedrock stays in no region."""
    claude = provider("anthropic")
    assert claude.term("zero_retention").value == "conditional"
    assert claude.term("zero_retention", "claude-fable-5").value == "no"
    assert claude.term("zero_retention", "claude-opus-4-8").value == "conditional"
    assert claude.term("region_us", "claude-haiku-4-5").value == "no"
    bedrock = provider("aws")
    assert bedrock.term("region_eu", "global.anthropic.claude-sonnet-5-v1:0").value == "no"
    assert bedrock.term("region_eu", "regional.anthropic.claude-sonnet-5-v1:0").value == "yes"


def test_of_two_patterns_the_longer_counts() -> None:
    """OpenAI's models on Bedrock keep flagged traffic, its open weights do not."""
    bedrock = provider("aws")
    assert bedrock.term("zero_retention", "regional.openai.gpt-6-sol").value == "conditional"
    assert bedrock.term("zero_retention", "openai.gpt-oss-120b-1:0").value == "yes"


def test_every_pattern_fits_a_model_of_the_price_list() -> None:
    """A row for a model that nobody can call would be a slip; Vertex AI's prices stand under google."""
    from fnmatch import fnmatchcase

    from genai_prices.data_snapshot import get_snapshot

    listed = {found.id: [model.id for model in found.models] for found in get_snapshot().providers}
    for host in providers().values():
        for pattern in host.by_model:
            models = listed["google" if host.id == "google-vertex" else host.id]
            assert any(fnmatchcase(model, pattern) for model in models), f"{host.id}: {pattern}"


def test_ids_are_those_of_the_price_lists() -> None:
    """An API's id is the one by which genai-prices knows it, Vertex AI's excepted."""
    from genai_prices.data_snapshot import get_snapshot

    assert set(providers()) - {"google-vertex"} <= {found.id for found in get_snapshot().providers}


def test_a_host_with_a_missing_or_double_promise_is_refused(tmp_path: Path) -> None:
    """A table that leaves a question open, or answers it twice, is an input error."""
    row = "x,X,api,,baa,yes,,,signed,page,2026-01-01\n"
    path = tmp_path / "providers.csv"
    path.write_text(HEAD + row)
    with pytest.raises(InputError, match="x: no row for no_training, retention_days, zero_retention"):
        providers(path)
    path = tmp_path / "twice.csv"
    path.write_text(HEAD + row + row)
    with pytest.raises(InputError, match="x: baa is there twice"):
        providers(path)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ("baa,yes,30,,signed,page", "only retention_days has a number"),
        ("baa,yes,,high,signed,page", "only fedramp has one"),
        ("baa,yes,,,signed,none", "what no source says is unknown"),
    ],
)
def test_a_row_that_says_what_it_cannot_know_is_refused(tmp_path: Path, cells: str, complaint: str) -> None:
    """A number, a level or an answer in the wrong place names the line."""
    path = tmp_path / "providers.csv"
    path.write_text(f"{HEAD}x,X,api,,{cells},2026-01-01\n")
    with pytest.raises(InputError, match=f"line 2.*{complaint}"):
        providers(path)


def test_an_unknown_host_gets_the_nearest() -> None:
    """A mistyped host is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "openai"'):
        provider("openia")
    with pytest.raises(InputError, match=r'unknown renter "runpd" \(did you mean "runpod"\?\)'):
        renter("runpd")
