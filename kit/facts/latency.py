"""Published time to first token of cloud APIs, and the network's round trips: ``tables/latency.csv``, ``network.csv``.

Published figures for one model differ by up to ten times, so these are ranges for a first plan, to be replaced by a
measurement from the client's own desk. Carried as typical are the figures of third parties who probe continuously;
claims without method or data are not carried at all, so the lowest figures in circulation are missing on purpose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Self

from pydantic import Field, model_validator

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Basis, Figure, Part

TABLE = TABLES / "latency.csv"
NETWORK = TABLES / "network.csv"


class CloudLatency(Part):
    """How long a cloud API takes to its first token, network included.

    Attributes:
        provider: genai-prices id of the provider.
        model: genai-prices id of the model.
        ttft_p50_s: typical time to first token, in seconds.
        ttft_p95_s: the time that 19 of 20 requests keep, in seconds; ``None`` where nobody published it.
        ttft_low_s: the lowest figure that an independent source published; ``None`` where there is one source only.
        ttft_high_s: the highest such figure.
        conditions: how it was measured, and where sources disagree.
    """

    provider: str
    model: str
    ttft_p50_s: Figure
    ttft_p95_s: Figure | None
    ttft_low_s: Figure | None
    ttft_high_s: Figure | None
    conditions: str


class Range(Part):
    """Between which published figures a time lies.

    Attributes:
        low: the lowest figure, in seconds.
        high: the highest one; the 95th percentile where one is published and is the highest.
        typical: the figure that a plan takes; ``None`` where only the ends are published.
        one_source: whether a single source stands behind it, so that the true spread is wider.
        conditions: how it was measured, and where sources disagree.
    """

    low: Figure
    high: Figure
    typical: Figure | None
    one_source: bool
    conditions: str


class _Row(Part):
    provider: str
    model: str
    ttft_p50_s: float = Field(gt=0)
    source: str
    date: dt.date
    ttft_p95_s: float | None = Field(default=None, gt=0)
    ttft_low_s: float | None = Field(default=None, gt=0)
    low_source: str | None = None
    low_date: dt.date | None = None
    ttft_high_s: float | None = Field(default=None, gt=0)
    high_source: str | None = None
    high_date: dt.date | None = None
    conditions: str


class _Way(Part):
    key: str
    seconds: float | None = Field(default=None, gt=0)
    low: float = Field(gt=0)
    low_source: str
    low_date: dt.date
    high: float = Field(gt=0)
    high_source: str
    high_date: dt.date
    source: str | None = None
    date: dt.date | None = None
    note: str

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.seconds is None) != (self.source is None) or (self.seconds is None) != (self.date is None):
            raise ValueError("seconds: a typical figure has a source and a date")
        if not self.low <= (self.seconds or self.low) <= self.high:
            raise ValueError("low, high: the typical figure lies between them")
        return self


def _figure(value: float | None, source: str | None, date: dt.date | None) -> Figure | None:
    if value is None:
        return None
    return Figure.model_validate({"value": value, "basis": Basis.PUBLISHED, "source": source, "date": date})


def _latency(row: _Row) -> CloudLatency:
    return CloudLatency(
        provider=row.provider,
        model=row.model,
        ttft_p50_s=Figure(value=row.ttft_p50_s, basis=Basis.PUBLISHED, source=row.source, date=row.date),
        ttft_p95_s=_figure(row.ttft_p95_s, row.source, row.date),
        ttft_low_s=_figure(row.ttft_low_s, row.low_source, row.low_date),
        ttft_high_s=_figure(row.ttft_high_s, row.high_source, row.high_date),
        conditions=row.conditions,
    )


@cache
def cloud_latencies(path: Path = TABLE) -> Mapping[str, CloudLatency]:
    """Return all published latencies by ``provider/model``.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    rows = read_table(path, _Row)
    return MappingProxyType(keyed(((f"{row.provider}/{row.model}", _latency(row)) for row in rows), path))


def cloud_ttft(provider: str, model: str) -> CloudLatency | None:
    """Return the published time to first token, or ``None`` where no third party measured it.

    Args:
        provider: genai-prices id of the provider.
        model: genai-prices id of the model.
    """
    return cloud_latencies().get(f"{provider}/{model}")


def ttft(provider: str, model: str) -> Range | None:
    """Return between which published figures an API's time to first token lies, network included.

    Args:
        provider: genai-prices id of the provider.
        model: genai-prices id of the model.

    Returns:
        The range, or ``None`` where no third party measured it.
    """
    known = cloud_ttft(provider, model)
    if known is None:
        return None
    figures = [figure for figure in (known.ttft_low_s, known.ttft_p50_s, known.ttft_p95_s, known.ttft_high_s) if figure]
    return Range(
        low=min(figures, key=lambda figure: figure.value),
        high=max(figures, key=lambda figure: figure.value),
        typical=known.ttft_p50_s,
        one_source=len({figure.source for figure in figures}) == 1,
        conditions=known.conditions,
    )


@cache
def network_ranges(path: Path = NETWORK) -> Mapping[str, Range]:
    """Return the network's round trips by way, e.g. ``EU to US``.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.key, _range(row)) for row in read_table(path, _Way)), path))


def _range(row: _Way) -> Range:
    sources = {row.low_source, row.high_source, row.source or row.low_source}
    return Range(
        low=Figure(value=row.low, basis=Basis.PUBLISHED, source=row.low_source, date=row.low_date),
        high=Figure(value=row.high, basis=Basis.PUBLISHED, source=row.high_source, date=row.high_date),
        typical=_figure(row.seconds, row.source, row.date),
        one_source=len(sources) == 1,
        conditions=row.note,
    )


def network_range(way: str = "rented, same region") -> Range:
    """Return between which published figures a way through the network lies.

    Args:
        way: which way.

    Raises:
        InputError: no such way; names the nearest.
    """
    return look_up(network_ranges(), way, "way through the network")


def network_between(here: str, there: str) -> Range | None:
    """Return the round trip between two regions, in either direction, or ``None`` where no figure was found.

    Args:
        here: ``EU``, ``US``, ``UK``, ``Asia`` or ``Africa``.
        there: another of them, or the same for a way within it.
    """
    if here == there:
        return network_ranges().get(f"within {here}")
    return network_ranges().get(f"{here} to {there}") or network_ranges().get(f"{there} to {here}")


@cache
def network_round_trip(way: str = "rented, same region") -> Figure:
    """Return the seconds that a plan adds for the way between a client and a GPU that is not in the house.

    Args:
        way: which way; by default to a rented GPU in the client's own region.

    Returns:
        The typical figure, or the highest one where only the ends are published.

    Raises:
        InputError: no such way; names the nearest.
    """
    found = network_range(way)
    figure = found.typical or found.high
    return figure.model_copy(update={"source": f"{figure.source}: {found.conditions}"})
