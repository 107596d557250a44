"""Public quality scores whose licence lets them travel, one row each in ``tables/quality.csv``.

Scores of different benchmarks are never averaged or compared: a quality floor names its benchmark. Where two sources
disagree about the same model, the lower score is carried and the note says so. Names join: open models are called as
in :mod:`kit.facts.models`, API models by their genai-prices id.
"""

from __future__ import annotations

import datetime as dt
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
