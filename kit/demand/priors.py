"""What public traces say about lengths, weeks and bursts, for a client whose logs do not: always an assumption."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from kit.demand.lengths import mean_of
from kit.demand.record import PROBABILITIES, Lengths, Quantiles
from kit.engagement.record import HOURS_OF_WEEK
from kit.errors import InputError
from kit.facts.table import keyed, look_up, read_table
from kit.record import Basis, Figure, Part

TABLES = Path(__file__).parent / "tables"


class _Origin(Part):
    source: str = Field(min_length=1)
    commit: str | None = None
    licence: str | None = None
    date: dt.date

    @property
    def said_by(self) -> str:
        commit = f" (commit {self.commit})" if self.commit else ""
        licence = f", {self.licence}" if self.licence else ""
        return f"{self.source}{commit}{licence}"


class _LengthsRow(_Origin):
    kind: str
    field: Literal["prompt", "output"]
    tokens: str
    requests: int | None = None
    correlation: float = Field(ge=-1, le=1)
    words: str
    how: str


class _HourRow(_Origin):
    week: str
    hour_utc: int = Field(ge=0, lt=HOURS_OF_WEEK)
    load: float = Field(ge=0)
    method: str


class _BurstRow(_Origin):
    burstiness: str
    minute_rate_cv: float = Field(ge=0)
    how: str


class LengthPrior(Part):
    """The lengths of one kind of work in a public trace.

    Attributes:
        kind: its name, e.g. ``code``.
        words: what the work is, in a few words.
        lengths: the distributions as published; nothing here is the client's.
        prompt_tokens, output_tokens: the means that the distributions imply.
        how: how the distributions came about.
    """

    kind: str
    words: str
    lengths: Lengths
    prompt_tokens: float
    output_tokens: float
    how: str


class WeekPrior(Part):
    """The load of one public week.

    Attributes:
        load: 168 values relative to the mean hour, Monday 00:00 UTC first.
        source: who says so.
        date: the last day of the week.
    """

    load: tuple[float, ...] = Field(min_length=HOURS_OF_WEEK, max_length=HOURS_OF_WEEK)
    source: str
    date: dt.date


@cache
def length_priors() -> Mapping[str, LengthPrior]:
    """Return the kinds of work whose lengths a public trace gives, by name.

    Raises:
        InputError: the kit's table is broken.
    """
    path = TABLES / "lengths.csv"
    rows = read_table(path, _LengthsRow)
    prompts = keyed(((row.kind, row) for row in rows if row.field == "prompt"), path)
    outputs = keyed(((row.kind, row) for row in rows if row.field == "output"), path)
    if prompts.keys() != outputs.keys():
        raise InputError(f"{path.name}: each kind needs a row for prompts and one for outputs")
    return {kind: _length_prior(prompts[kind], outputs[kind]) for kind in prompts}


@cache
def week_priors() -> Mapping[str, WeekPrior]:
    """Return public weeks by name; their hours are UTC, of users whose time zones are not known.

    Raises:
        InputError: the kit's table is broken.
    """
    path = TABLES / "weeks.csv"
    rows = read_table(path, _HourRow)
    found = {}
    for week in dict.fromkeys(row.week for row in rows):
        hours = sorted((row for row in rows if row.week == week), key=lambda row: row.hour_utc)
        if [row.hour_utc for row in hours] != list(range(HOURS_OF_WEEK)):
            raise InputError(f"{path.name}: {week!r} needs each of the hours 0 to 167 once")
        found[week] = WeekPrior(
            load=tuple(row.load for row in hours),
            source=f"{hours[0].said_by}, {hours[0].method}",
            date=hours[0].date,
        )
    return found


@cache
def burst_priors() -> Mapping[str, Figure]:
    """Return how much the rate of a minute varies, by word: smooth, usual, bursty.

    The value is the coefficient of variation of the rate from minute to minute within an hour; 0 is Poisson.

    Raises:
        InputError: the kit's table is broken.
    """
    path = TABLES / "bursts.csv"
    return keyed(
        (
            (
                row.burstiness,
                Figure(
                    value=row.minute_rate_cv, basis=Basis.ASSUMED, source=f"{row.said_by}; {row.how}", date=row.date
                ),
            )
            for row in read_table(path, _BurstRow)
        ),
        path,
    )


def length_prior(kind: str) -> LengthPrior:
    """Return the lengths of one kind of work.

    Raises:
        InputError: no such kind; names the nearest.
    """
    return look_up(length_priors(), kind, "kind of work")


def nearest_prior(prompt_tokens: float, output_tokens: float) -> LengthPrior:
    """Return the prior whose means are nearest: least ``|ln(P / P₀)| + |ln(O / O₀)|``.

    Args:
        prompt_tokens: the mean prompt that is known; 1 is taken where less is given.
        output_tokens: the mean output that is known; likewise.
    """

    def distance(prior: LengthPrior) -> float:
        return abs(math.log(max(prompt_tokens, 1) / prior.prompt_tokens)) + abs(
            math.log(max(output_tokens, 1) / prior.output_tokens)
        )

    return min(length_priors().values(), key=distance)


def _length_prior(prompt: _LengthsRow, output: _LengthsRow) -> LengthPrior:
    lengths = Lengths(
        prompt=_quantiles(prompt),
        output=_quantiles(output),
        correlation=Figure(
            value=prompt.correlation,
            basis=Basis.ASSUMED,
            source=f"{prompt.said_by}; {prompt.how}",
            date=prompt.date,
        ),
    )
    return LengthPrior(
        kind=prompt.kind,
        words=prompt.words,
        lengths=lengths,
        prompt_tokens=mean_of(lengths.prompt),
        output_tokens=mean_of(lengths.output),
        how=prompt.how,
    )


def _quantiles(row: _LengthsRow) -> Quantiles:
    try:
        tokens = tuple(float(cell) for cell in row.tokens.split())
    except ValueError as error:
        raise InputError(f"lengths.csv: {row.kind}, {row.field}: {error}") from None
    if len(tokens) != len(PROBABILITIES):
        raise InputError(f"lengths.csv: {row.kind}, {row.field}: {len(tokens)} lengths; there must be 26")
    return Quantiles(
        tokens=tokens, requests=row.requests, basis=Basis.ASSUMED, source=f"{row.said_by}; {row.how}", date=row.date
    )
