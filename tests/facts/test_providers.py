"""Specification of what providers promise."""

import datetime as dt
from pathlib import Path
from typing import get_args

import pytest

from kit.errors import InputError
from kit.facts.providers import TermName, provider, providers


def test_every_provider_answers_every_question_with_source_and_day() -> None:
    """Each promise is there for each provider, dated; unknown is said, not left out."""
    for found in providers().values():
        assert set(found.terms) == set(get_args(TermName))
        for term in found.terms.values():
            assert term.source
            assert term.date <= dt.date.today()
            assert term.source != "none" or term.value == "unknown", "a promise without a source"


def test_promises_as_their_pages_say() -> None:
    """Anthropic's own API has no region in the EU; OpenAI keeps no data only after approval."""
    assert provider("anthropic").terms["region_eu"].value == "no"
    assert provider("openai").terms["zero_retention"].value == "conditional"
    assert provider("mistral").terms["baa"].value == "unknown"


def test_ids_are_those_of_the_price_list() -> None:
    """A provider's id is the one by which genai-prices knows it."""
    from genai_prices.data_snapshot import get_snapshot

    assert set(providers()) <= {found.id for found in get_snapshot().providers}


def test_a_provider_with_a_missing_or_double_promise_is_refused(tmp_path: Path) -> None:
    """A table that leaves a question open, or answers it twice, is an input error."""
    head = "id,name,term,value,detail,source,date\n"
    row = "x,X,baa,yes,signed,page,2026-01-01\n"
    path = tmp_path / "providers.csv"
    path.write_text(head + row)
    with pytest.raises(InputError, match="x: no row for no_training, zero_retention, region_eu, region_us"):
        providers(path)
    path = tmp_path / "twice.csv"
    path.write_text(head + row + row)
    with pytest.raises(InputError, match="x: baa is there twice"):
        providers(path)


def test_an_unknown_provider_gets_the_nearest() -> None:
    """A mistyped provider is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "openai"'):
        provider("openia")
