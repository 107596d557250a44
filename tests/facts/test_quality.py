"""Specification of the quality scores."""

import ast
import inspect

import pytest

from kit.errors import InputError
from kit.facts import quality
from kit.facts.models import models
from kit.facts.quality import benchmarks, score, score_value, scores

LIST = "JonathanChavezTamales/llm-leaderboard"


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


def test_the_table_is_wide_enough_to_plan_with() -> None:
    """At least 60 scores, of at least 20 open models and 20 cloud models."""
    open_models = {row.model for row in scores() if row.model in models()}
    cloud_models = {row.model for row in scores()} - open_models
    assert len(scores()) >= 60
    assert len(open_models) >= 20
    assert len(cloud_models) >= 20


def test_no_row_comes_from_a_table_without_a_licence() -> None:
    """LMArena and LiveBench's site publish no licence: none of their rows is carried."""
    for row in scores():
        told = f"{row.source} {row.licence} {row.note} {row.benchmark}".lower()
        assert "arena" not in told
        assert "livebench" not in told
        assert row.licence in {f"CC BY 4.0: {LIST}", "Apache-2.0: Aider-AI/aider", "MIT: openai/simple-evals"}


def test_every_score_says_of_what_when_and_by_whom() -> None:
    """Benchmark with version, source, date, and whether the model's maker reports it; Aider measures by itself."""
    for row in scores():
        assert row.version
        assert row.source
        assert row.self_reported is (row.benchmark != "Aider polyglot")


def test_one_benchmark_has_one_version() -> None:
    """Scores that are compared are of the same questions."""
    assert len({(row.benchmark, row.version) for row in scores()}) == len(benchmarks())


def test_nothing_averages_over_benchmarks() -> None:
    """Every public function that gives a score takes one benchmark, and the module neither sums nor averages."""
    for name, function in inspect.getmembers(quality, inspect.isfunction):
        if function.__module__ == quality.__name__ and name not in {"scores", "benchmarks"}:
            assert "benchmark" in inspect.signature(function).parameters, name
    calls = [node.func for node in ast.walk(ast.parse(inspect.getsource(quality))) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"sum", "mean", "fmean", "median", "average"}


def test_the_clients_own_score_overrides_the_public_one() -> None:
    """The client's own test of a model goes before whatever was published, and may be on a benchmark of its own."""
    own = {("gpt-4o", "GPQA Diamond"): 41.0, ("gpt-4o", "Our own cases"): 77.0}
    assert score_value("gpt-4o", "GPQA Diamond") == 53.1
    assert score_value("gpt-4o", "GPQA Diamond", own) == 41.0
    assert score_value("gpt-5", "GPQA Diamond", own) == 85.7
    assert score_value("gpt-4o", "Our own cases", own) == 77.0
    assert score_value("gpt-5", "Our own cases", own) is None
    with pytest.raises(InputError, match="unknown benchmark"):
        score_value("gpt-5", "Our own cases")
