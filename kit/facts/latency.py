"""Published time to first token of cloud APIs and the way to a rented GPU, in ``tables/latency.csv``.

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

from pydantic import Field

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
    seconds: float = Field(gt=0)
    source: str
    date: dt.date
    note: str


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


@cache
def network_round_trip(way: str = "rented, same region") -> Figure:
    """Return the seconds that the network adds between a client and a GPU that is not in the house.

    Args:
        way: which way; so far only to a rented GPU in the client's own region.

    Raises:
        InputError: no such way; names the nearest.
    """
    ways = keyed(((row.key, row) for row in read_table(NETWORK, _Way)), NETWORK)
    row = look_up(ways, way, "way through the network")
    return Figure(value=row.seconds, basis=Basis.PUBLISHED, source=f"{row.source}: {row.note}", date=row.date)
