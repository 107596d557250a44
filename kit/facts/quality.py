"""Public quality scores whose licence lets them travel, one row each in ``tables/quality.csv``.

Scores of different benchmarks are never averaged or compared: a quality floor names its benchmark. Where two sources
disagree about the same model, the lower score is carried and the note says so. A score from the client's own evaluation
goes before a public one. Names join: open models are called as
in :mod:`kit.facts.models`, API models by their genai-prices id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from kit.errors import InputError, did_you_mean, one_of
from kit.facts.table import TABLES, keyed, read_table
from kit.record import Part

TABLE = TABLES / "quality.csv"


class Score(Part):
    """How a model did on one benchmark.

    Attributes:
        model: open model's name or API model's genai-prices id.
        benchmark: ``GPQA Diamond``, ``MMLU-Pro``, ``IFEval`` or ``Aider polyglot``.
        version: of the benchmark, as far as it is known: how many questions, and what counts as right.
        value: the score.
        unit: of the score; percent of questions answered rightly for all four.
        self_reported: True where the maker of the model reports it; ``None`` where that is not known.
        source: where it was published.
        date: the day of the entry.
        licence: under which the score was published, with whom to credit.
        note: setting (effort, version) and disagreements.
    """

    model: str
    benchmark: str
    version: str
    value: float
    unit: str
    self_reported: bool | None
    source: str
    date: dt.date
    licence: str
    note: str = ""


class _Row(Part):
    model: str
    benchmark: Literal["GPQA Diamond", "MMLU-Pro", "IFEval", "Aider polyglot"]
    version: str
    value: float = Field(ge=0, le=100)
    unit: Literal["percent"]
    self_reported: Literal["yes", "no", "unknown"]
    source: str
    date: dt.date
    licence: str
    note: str = ""


_REPORTED = {"yes": True, "no": False, "unknown": None}


@cache
def scores(path: Path = TABLE) -> tuple[Score, ...]:
    """Return all scores in the order of the table.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, or a model has two scores on one benchmark.
    """
    rows = read_table(path, _Row)
    keyed(((f"{row.model}, {row.benchmark}", row) for row in rows), path)
    return tuple(
        Score(**row.model_dump(exclude={"self_reported"}), self_reported=_REPORTED[row.self_reported]) for row in rows
    )


def benchmarks() -> frozenset[str]:
    """Return the names of the benchmarks for which there are scores."""
    return frozenset(score.benchmark for score in scores())


def score(model: str, benchmark: str) -> Score | None:
    """Return the score of a model on a benchmark, or ``None`` where nobody published one that may be carried.

    Raises:
        InputError: there is no such benchmark; names the nearest.
    """
    if benchmark not in benchmarks():
        near = did_you_mean(benchmark, benchmarks())
        raise InputError(f'unknown benchmark "{benchmark}"{near}; there is {one_of(benchmarks())}')
    return next((found for found in scores() if (found.model, found.benchmark) == (model, benchmark)), None)


def score_value(model: str, benchmark: str, own: Mapping[tuple[str, str], float] | None = None) -> float | None:
    """Return how a model does on a benchmark: the client's own score if there is one, else the public one.

    Args:
        model: open model's name or API model's genai-prices id.
        benchmark: one of the table's, or one of the client's own.
        own: the client's own scores by model and benchmark.

    Returns:
        The score, or ``None`` where nobody has one that may be carried.

    Raises:
        InputError: neither the table nor the client knows such a benchmark; names the nearest.
    """
    theirs = own or {}
    if (model, benchmark) in theirs:
        return theirs[model, benchmark]
    if benchmark not in benchmarks() and benchmark in {name for _, name in theirs}:
        return None
    public = score(model, benchmark)
    return None if public is None else public.value
