"""Azure OpenAI's metrics: Azure Monitor's JSON, records of diagnostic settings, and CSV with a row per metric.

Azure Monitor counts requests and tokens apart, each split by dimensions of its own. They meet again by the minute and
the deployment.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.demand.formats import _bucketed as common
from kit.demand.usage import Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "azure_metrics"
TITLE = "Azure OpenAI metrics of Azure Monitor (JSON, CSV)"
GRAIN = Grain.BUCKET

_METRICS = {
    "azureopenairequests": "requests",
    "modelrequests": "requests",
    "processedprompttokens": "prompt_tokens",
    "inputtokens": "prompt_tokens",
    "generatedtokens": "output_tokens",
    "outputtokens": "output_tokens",
}
"""Metrics and what they count; where two count the same, the former is taken."""
_RANK = {name: rank for rank, name in enumerate(_METRICS)}
_NAMES = re.compile(rb"azureopenairequests|modelrequests|processedprompttokens|generatedtokens", re.IGNORECASE)
_MEASURED = frozenset({"total", "count", "average", "minimum", "maximum"})
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_CLOCK = re.compile(r"(?:(\d+)[.:])?(\d+):(\d\d):(\d\d)")
_TIMES = ("timestamp", "time", "timegenerated", "time_generated", "timegenerated_utc", "timestamp_utc")


@dataclass(frozen=True)
class _Point:
    """One value of one metric."""

    metric: str
    at: object
    total: object
    line: int
    seconds: float | None
    deployment: str | None = None
    model: str | None = None
    status: str | None = None
    resource: str | None = None
    split: tuple[tuple[str, str], ...] = ()


@dataclass
class _Cell:
    """What one deployment did in one bucket."""

    line: int
    counts: dict[str, int] = field(default_factory=dict)


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is metrics of Azure OpenAI.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    if not _NAMES.search(head):
        return False
    if common.is_json(head):
        return b'"timeseries"' in head or b'"metricName"' in head
    return any(common.is_csv(head, time) for time in _TIMES)


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:  # noqa: ARG001
    """Append the buckets of a file to a table of usage.

    Args:
        connection: of DuckDB.
        path: the file.
        table: an existing table of usage.
        options: none is used.

    Raises:
        InputError: the file cannot be read, is too large, is neither JSON nor CSV, has none of the metrics, or does
            not say how long its buckets are.
    """
    rows = common.Rows(NAME, path.name)
    found = list(_from_json(path, rows) if common.starts_as_json(path) else _from_csv(path, rows))
    points, unused = _one_name_each([point for point in found if point.metric in _METRICS])
    if not points:
        raise InputError(
            f"{path.name}: none of the metrics AzureOpenAIRequests, ProcessedPromptTokens, GeneratedTokens"
        )
    width = _width(points, path)
    models = _models(points)
    cells: dict[tuple[dt.datetime, float, str | None, str | None], _Cell] = {}
    counted: set[tuple[object, ...]] = set()
    for point in points:
        identity = (point.metric, str(point.at), point.resource, point.split)
        if identity in counted:
            rows.problem("the same value twice", point.line)
            continue
        counted.add(identity)
        _count(rows, point, cells, width)
    for (at, seconds, resource, deployment), cell in sorted(cells.items(), key=lambda item: item[1].line):
        rows.add(
            cell.line,
            [at, seconds, resource, deployment],
            at=at,
            bucket_s=seconds,
            model=common.public_model(models.get(deployment) or deployment),
            label_key=common.short_hash(deployment),
            label_group=common.short_hash(resource),
            **cell.counts,
        )
    rows.write(connection, table)
    return rows.imported(GRAIN, table, _notes(rows, points, models, len(found) - len(points) - unused, unused))


def _notes(
    rows: common.Rows, points: list[_Point], models: Mapping[str | None, str], others: int, unused: int
) -> list[str]:
    notes = [common.MEANS_ONLY, *rows.span_notes(), "Azure Monitor does not count cached tokens"]
    wanted = {_METRICS[point.metric] for point in points}
    for what, metric in (
        ("requests", "AzureOpenAIRequests"),
        ("prompt_tokens", "ProcessedPromptTokens"),
        ("output_tokens", "GeneratedTokens"),
    ):
        if what not in wanted:
            notes.append(f"no metric {metric}: {what.replace('_', ' ')} are not known")
    if "requests" in wanted and not any(p.status for p in points if _METRICS[p.metric] == "requests"):
        notes.append("requests are not split by StatusCode: those that failed are counted, too")
    if any(point.deployment for point in points) and not models:
        notes.append("split by deployment and not by ModelName: a deployment's name is taken as its model")
    for what in sorted(wanted):
        split = {point.deployment is not None for point in points if _METRICS[point.metric] == what}
        if len(split) > 1:
            notes.append(f"{what.replace('_', ' ')} both with and without a deployment: they may be counted twice")
    if unused:
        notes.append(f"{unused} values of metrics that count the same as others are not used")
    if others:
        notes.append(f"{others} values of other metrics are not used")
    return notes


def _one_name_each(points: list[_Point]) -> tuple[list[_Point], int]:
    """Keep one metric of those that count the same at one resource; return how many values were left out, too."""
    best: dict[tuple[str | None, str], str] = {}
    for point in points:
        key = (point.resource, _METRICS[point.metric])
        if key not in best or _RANK[point.metric] < _RANK[best[key]]:
            best[key] = point.metric
    kept = [point for point in points if best[point.resource, _METRICS[point.metric]] == point.metric]
    return kept, len(points) - len(kept)


def _models(points: list[_Point]) -> dict[str | None, str]:
    """Return the model of each deployment, where exactly one is named."""
    named: dict[str | None, set[str]] = {}
    for point in points:
        if point.model:
            named.setdefault(point.deployment, set()).add(point.model)
    return {deployment: next(iter(models)) for deployment, models in named.items() if len(models) == 1}


def _count(
    rows: common.Rows,
    point: _Point,
    cells: dict[tuple[dt.datetime, float, str | None, str | None], _Cell],
    width: float | None,
) -> None:
    what = _METRICS[point.metric]
    try:
        at = common.moment_of(point.at)
        seconds = point.seconds or width or 0.0
        rows.span(at.isoformat(), (at + dt.timedelta(seconds=seconds)).isoformat())
        total = common.count_of(point.total, what.replace("_", " "))
    except common.RowError as error:
        rows.problem(str(error), point.line)
        return
    if not total:
        # Azure Monitor gives a point for every minute, with nothing in it where nothing was asked.
        return
    if what == "requests" and point.status and not point.status.startswith("2"):
        rows.problem("requests that failed, by their status: not counted", point.line)
        return
    cell = cells.setdefault((at, seconds, point.resource, point.deployment), _Cell(point.line))
    cell.counts[what] = cell.counts.get(what, 0) + total


def _width(points: list[_Point], path: Path) -> float | None:
    """Return the length of the buckets where the export does not state it: the shortest time between two."""
    if all(point.seconds for point in points):
        return None
    times = set()
    for point in points:
        try:
            times.add(common.moment_of(point.at))
        except common.RowError:
            continue
    ordered = sorted(times)
    gaps = [(later - at).total_seconds() for at, later in pairwise(ordered)]
    if not gaps:
        raise InputError(f"{path.name}: it does not say how long its buckets are, and has fewer than two of them")
    return min(gaps)


def _seconds(text: object) -> float | None:
    """Return the length of a bucket: ``PT1M``, ``P1D`` or ``0:01:00``."""
    written = str(text or "").strip()
    match = _DURATION.fullmatch(written) or _CLOCK.fullmatch(written)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(days * 86400 + hours * 3600 + minutes * 60 + seconds) or None


def _from_json(path: Path, rows: common.Rows) -> Iterator[_Point]:
    for document in common.nodes_of(common.documents(path)):
        if isinstance(document.get("value"), list):
            yield from _from_response(document, rows)
        for inner in common.nodes_of(document.get("values")):
            yield from _from_response(inner, rows)
        for record in common.nodes_of(document.get("records")):
            yield _from_record(record, rows)
        if "metricName" in document:
            yield _from_record(document, rows)


def _from_response(response: common.Node, rows: common.Rows) -> Iterator[_Point]:
    seconds = _seconds(response.get("interval"))
    for metric in common.nodes_of(response.get("value")):
        name = metric.get("name")
        name = str(name.get("value") if isinstance(name, dict) else name or "").lower()
        # The id of a metric is the resource's path with the metric at its end.
        resource = str(response.get("resourceid") or "") or str(metric.get("id") or "").rpartition("/providers/")[0]
        for series in common.nodes_of(metric.get("timeseries")):
            split = _split(series)
            for value in common.nodes_of(series.get("data")):
                rows.seen += 1
                yield _Point(
                    name,
                    value.get("timeStamp"),
                    value.get("total"),
                    value.line,
                    seconds,
                    deployment=split.get("modeldeploymentname"),
                    model=split.get("modelname"),
                    status=split.get("statuscode"),
                    resource=resource or None,
                    split=tuple(sorted(split.items())),
                )


def _split(series: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions of a series, by their names in lower case."""
    found = {}
    for pair in common.nodes_of(series.get("metadatavalues")):
        name = pair.get("name")
        name = name.get("value") if isinstance(name, dict) else name
        if pair.get("value"):
            found[str(name).lower()] = str(pair["value"])
    return found


def _from_record(record: common.Node, rows: common.Rows) -> _Point:
    rows.seen += 1
    return _Point(
        str(record.get("metricName") or "").lower(),
        record.get("time"),
        record.get("total"),
        record.line,
        _seconds(record.get("timeGrain")),
        resource=str(record.get("resourceId") or "") or None,
    )


def _from_csv(path: Path, rows: common.Rows) -> Iterator[_Point]:
    columns, lines = common.csv_rows(path)
    time = next((column for column in _TIMES if column in columns), None)
    if time is None:
        raise InputError(f"{path.name}: no column of times")
    long = "metricname" in columns or "metric" in columns
    wide = [column for column in columns if column.replace("_", "") in _METRICS]
    for line, row in lines:
        rows.seen += 1
        if row is None:
            rows.problem("a row of another length than the header", line)
            continue
        measured = _MEASURED.union(wide)
        common_cells = {
            "split": tuple((column, cell) for column, cell in row.items() if column not in measured),
            "seconds": _seconds(row.get("timegrain")),
            "deployment": row.get("modeldeploymentname") or row.get("deployment") or None,
            "model": row.get("modelname") or None,
            "status": row.get("statuscode") or None,
            "resource": row.get("resourceid") or row.get("resource") or None,
        }
        if long:
            name = (row.get("metricname") or row.get("metric") or "").lower()
            yield _Point(name, row[time], row.get("total"), line, **common_cells)  # type: ignore[arg-type]
        else:
            for column in wide:
                yield _Point(column.replace("_", ""), row[time], row[column], line, **common_cells)  # type: ignore[arg-type]
