"""Specification of the quality scores."""

import pytest

from kit.errors import InputError
from kit.facts.models import models
from kit.facts.quality import benchmarks, score, scores


def test_every_score_bears_a_licence_that_lets_it_travel() -> None:
    """Only CC BY 4.0, Apache-2.0 and MIT rows are carried, each with whom to credit."""
    for row in scores():
        licence, _, credit = row.licence.partition(": ")
        assert licence in {"CC BY 4.0", "Apache-2.0", "MIT"}
        assert "/" in credit


def test_of_two_conflicting_scores_the_lower_is_carried() -> None:
    """GPT-4o of 2024-08-06 was published with 53.1 and with 70.1 on GPQA: 53.1 counts, and the note says so."""
    row = score("gpt-4o", "GPQA Diamond")
    assert row is not None
    assert row.value == 53.1
    assert "70.1" in row.note
    assert score("gpt-5", "Aider polyglot").value == 81.3  # type: ignore[union-attr]


def test_names_join_the_model_table_or_the_price_list() -> None:
    """A score belongs to an open model of the kit or to an exact id of the price list."""
    from genai_prices.data_snapshot import get_snapshot

    priced = {listed.id for provider in get_snapshot().providers for listed in provider.models}
    assert {row.model for row in scores()} <= set(models()) | priced


def test_no_score_is_none_and_no_benchmark_is_an_error() -> None:
    """Where nobody published a score there is none; a benchmark that is not known is a mistake."""
    assert score("Mistral-7B-Instruct-v0.3", "GPQA Diamond") is None
    with pytest.raises(InputError, match=r'unknown benchmark "MMLU-pro" \(did you mean "MMLU-Pro"\?\)'):
        score("gpt-4o", "MMLU-pro")
    assert benchmarks() == {"GPQA Diamond", "MMLU-Pro", "IFEval", "Aider polyglot"}
