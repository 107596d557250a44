"""vLLM's own metrics: scrapes of ``/metrics`` one after another, or Prometheus' answer to ``query_range``.

The engine counts from its start, so use is what its counters gained between two scrapes. Accepted are

* a file with several scrapes, each below a line ``# scrape 2026-11-22T10:00:00Z``, or with a timestamp on each sample;
* a folder of scrapes with the time in each file's name (``metrics-20261122T100000Z.txt``, or seconds since 1970);
* the JSON of ``/api/v1/query_range`` for counters as they are, not for their rate.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.formats import _bucketed as common
from kit.demand.usage import Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "vllm_metrics"
TITLE = "vLLM metrics (scrapes of /metrics, Prometheus query_range)"
GRAIN = Grain.BUCKET

_COUNTERS: Mapping[str, tuple[str, ...]] = {
    "requests": ("request_success_total", "request_success", "request_prompt_tokens_count"),
    "prompt_tokens": ("prompt_tokens_total", "request_prompt_tokens_sum"),
    "output_tokens": ("generation_tokens_total", "request_generation_tokens_sum"),
    "cached_tokens": ("prompt_tokens_cached_total", "prefix_cache_hits_total", "gpu_prefix_cache_hits_total"),
}
"""What is counted, and the names that vLLM's versions gave it, the best first."""
_HISTOGRAMS: Mapping[str, str] = {"prompt": "request_prompt_tokens", "output": "request_generation_tokens"}
_WANTED = frozenset(name for names in _COUNTERS.values() for name in names) | frozenset(
    f"{name}_{part}" for name in _HISTOGRAMS.values() for part in ("bucket", "sum", "count")
)
_PARTS = frozenset({"__name__", "le", "finished_reason", "source"})
"""Labels that tell series of one engine apart, and so not engines."""
_PREFIX = re.compile(r"^vllm[:_]")
_HEAD = re.compile(rb'(^|\n)(# (HELP|TYPE) )?vllm[:_]\w+|"__name__"\s*:\s*"vllm[:_]')
_SCRAPE = re.compile(r"#\s*scrape\s+(\S.*?)\s*$", re.IGNORECASE)
_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)?\s*(?:\{(.*)\})?\s+(\S+)(?:\s+(\S+))?\s*(?:#.*)?$")
_LABEL = re.compile(r'\s*"?([A-Za-z_][\w.]*)"?\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_NAME_TIME = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[:-]?(\d\d)(?:[:-]?(\d\d))?Z?|(?<!\d)(1\d{9})(?!\d)")
_INFINITY = float("inf")
_TOO_MANY = 1e15

_Labels = tuple[tuple[str, str], ...]


@dataclass
class _Series:
    """One counter of one engine.

    Attributes:
        name: without ``vllm:``.
        labels: all of them.
        samples: moment in seconds since 1970, value and line, in the order of the file.
    """

    name: str
    labels: _Labels
    samples: list[tuple[float, float, int]] = field(default_factory=list)

    @property
    def engine(self) -> _Labels:
        """The labels that tell engines apart."""
        return tuple(pair for pair in self.labels if pair[0] not in _PARTS)

    @property
    def model(self) -> str | None:
        """The name under which the engine serves its model."""
        return common.public_model(dict(self.labels).get("model_name"))


@dataclass(frozen=True)
class LengthHistogram:
    """How long the requests of one model were, by the engine's own histogram.

    Attributes:
        model: name under which it is served.
        kind: ``prompt`` or ``output``.
        upper: upper bounds of the bins in tokens, ascending; the last is infinite.
        requests: in each bin.
        tokens: of all requests; ``None`` where the export does not say.
    """

    model: str | None
    kind: str
    upper: tuple[float, ...]
    requests: tuple[float, ...]
    tokens: float | None

    def quantile(self, share: float) -> float:
        """Return a quantile in tokens, linear within its bin.

        Args:
            share: 0 to 1.

        Returns:
            The lower bound of the last bin, if the quantile lies in it: it has no upper one. 0 without requests.
        """
        total = sum(self.requests)
        below, lower = 0.0, 0.0
        for bound, inside in zip(self.upper, self.requests, strict=True):
            if inside and below + inside >= share * total:
                return lower if bound == _INFINITY else lower + (bound - lower) * (share * total - below) / inside
            below, lower = below + inside, lower if bound == _INFINITY else bound
        return lower


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is metrics of vLLM.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    return _HEAD.search(head) is not None


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:  # noqa: ARG001
    """Append what the counters gained between scrapes to a table of usage, a row per model and interval.

    Args:
        connection: of DuckDB.
        path: a file, or a folder of scrapes.
        table: an existing table of usage.
        options: none is used.

    Raises:
        InputError: the file cannot be read or is too large, a scrape has no time, or there are fewer than two of them.
    """
    rows = common.Rows(NAME, path.name)
    gains = _gains(path, rows)
    cells: dict[tuple[str | None, float, float], dict[str, float]] = {}
    lines: dict[tuple[str | None, float, float], int] = {}
    used: set[str] = set()
    for what, names in _COUNTERS.items():
        for engine, name in _best(gains.series, names).items():
            used.add(name)
            for series in gains.series:
                if series.name != name or series.engine != engine:
                    continue
                for before, after, gain, line in gains.of(series):
                    key = (series.model, before, after)
                    cell = cells.setdefault(key, {})
                    cell[what] = cell.get(what, 0.0) + gain
                    lines[key] = min(line, lines.get(key, line))
    for (model, before, after), cell in sorted(cells.items(), key=lambda item: (item[0][1], item[0][0] or "")):
        at, seconds = rows.span(before, after)
        rows.add(
            lines[model, before, after],
            [at, seconds, model],
            at=at,
            bucket_s=seconds,
            requests=cell.get("requests"),
            model=model,
            **{key: round(cell[key]) for key in ("prompt_tokens", "output_tokens", "cached_tokens") if key in cell},
        )
    rows.write(connection, table)
    return rows.imported(GRAIN, table, [*_notes(rows, gains, used), *_length_notes(gains)])


def lengths(path: Path) -> tuple[LengthHistogram, ...]:
    """Return the histograms of lengths of a file or folder of scrapes, over its whole time.

    Args:
        path: as :func:`read` takes it.

    Raises:
        InputError: as :func:`read`.
    """
    return _lengths(_gains(path, common.Rows(NAME, path.name)))


@dataclass
class _Gains:
    """Series, and what they gained.

    Attributes:
        series: all that are of use.
        resets: moments at which an engine began to count anew, by engine.
        late: series that begin after the first scrape.
    """

    series: list[_Series]
    resets: dict[_Labels, set[float]]
    late: int

    def of(self, series: _Series) -> Iterator[tuple[float, float, float, int]]:
        """Yield two moments, what the counter gained between them, and the line of the latter.

        After a restart of the engine the counter began at 0, so that its value is the gain. A restart shows in any
        counter of the engine: one alone may have overtaken its old value by the next scrape.
        """
        resets = self.resets.get(series.engine, set())
        for (before, old, _), (after, new, line) in pairwise(series.samples):
            yield before, after, new if after in resets else new - old, line


def _gains(path: Path, rows: common.Rows) -> _Gains:
    found = _read_series(path, rows)
    moments = {moment for series in found for moment, _, _ in series.samples}
    if len(moments) < 2:
        raise InputError(
            f"{path.name}: {len(moments)} scrape(s) of vLLM's counters; they count from the engine's start, so use is "
            "the difference of at least two"
        )
    resets: dict[_Labels, set[float]] = {}
    for series in found:
        series.samples = _in_order(series, rows)
        for (_, old, _), (after, new, _) in pairwise(series.samples):
            if new < old:
                resets.setdefault(series.engine, set()).add(after)
    first = min(moments)
    late = {series.engine for series in found if series.samples and series.samples[0][0] > first}
    return _Gains(found, resets, len(late))


def _in_order(series: _Series, rows: common.Rows) -> list[tuple[float, float, int]]:
    ordered: list[tuple[float, float, int]] = []
    for sample in sorted(series.samples, key=lambda item: (item[0], item[2])):
        if ordered and ordered[-1][0] == sample[0]:
            rows.problem("the same sample twice", sample[2])
        else:
            ordered.append(sample)
    return ordered


def _best(series: Sequence[_Series], names: Sequence[str]) -> dict[_Labels, str]:
    """Return the name that each engine's version has for what is counted."""
    found: dict[_Labels, str] = {}
    for name in reversed(names):
        found |= {one.engine: name for one in series if one.name == name}
    return found


def _notes(rows: common.Rows, gains: _Gains, used: set[str]) -> list[str]:
    notes = ["counters of the engine: sums between scrapes; prompt tokens include cached ones", *rows.span_notes()]
    restarts = sum(len(moments) for moments in gains.resets.values())
    if restarts:
        notes.append(
            f"{restarts} restart(s) of an engine: what it did between its last scrape before and its end is not known"
        )
    if gains.late:
        notes.append(f"{gains.late} engine(s) begin after the first scrape: what they counted before is left out")
    notes += [
        f"no counter of {what.replace('_', ' ')}" for what, names in _COUNTERS.items() if not used.intersection(names)
    ]
    return notes


def _length_notes(gains: _Gains) -> list[str]:
    found = _lengths(gains)
    if not found:
        return [common.MEANS_ONLY]
    return [
        f"lengths of {item.kind} by the engine's histogram: median {item.quantile(0.5):.0f}, "
        f"95 % below {item.quantile(0.95):.0f} tokens, {sum(item.requests):.0f} requests"
        + (f" ({item.model})" if len({other.model for other in found}) > 1 else "")
        for item in found
    ]


def _lengths(gains: _Gains) -> tuple[LengthHistogram, ...]:
    found = []
    for kind, name in _HISTOGRAMS.items():
        cumulated: dict[str | None, dict[float, float]] = {}
        tokens: dict[str | None, float] = {}
        for series in gains.series:
            gained = sum(gain for _, _, gain, _ in gains.of(series))
            if series.name == f"{name}_sum":
                tokens[series.model] = tokens.get(series.model, 0.0) + gained
            elif series.name == f"{name}_bucket":
                bins = cumulated.setdefault(series.model, {})
                bound = _bound(dict(series.labels).get("le", ""))
                bins[bound] = bins.get(bound, 0.0) + gained
        for model, bins in sorted(cumulated.items(), key=lambda item: item[0] or ""):
            upper = sorted(bins)
            counts = [bins[bound] for bound in upper]
            # Engines with other bounds make sums that fall; a bin has never fewer than no requests.
            inside = [max(0.0, above - below) for below, above in pairwise([0.0, *counts])]
            if sum(inside):
                found.append(LengthHistogram(model, kind, tuple(upper), tuple(inside), tokens.get(model)))
    return tuple(found)


def _bound(text: str) -> float:
    return _INFINITY if text in {"+Inf", "Inf", "inf"} else float(text)


def _read_series(path: Path, rows: common.Rows) -> list[_Series]:
    series: dict[tuple[str, _Labels], _Series] = {}
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        for file in files:
            _read_text(file, rows, series, _time_in_name(file.name), needs_time=True)
    elif common.starts_as_json(path):
        _read_json(path, rows, series)
    else:
        _read_text(path, rows, series, _time_in_name(path.name), needs_time=False)
    return list(series.values())


def _time_in_name(name: str) -> float | None:
    match = _NAME_TIME.search(name)
    if match is None:
        return None
    if match[7]:
        return float(match[7])
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None


def _read_text(
    path: Path,
    rows: common.Rows,
    series: dict[tuple[str, _Labels], _Series],
    moment: float | None,
    *,
    needs_time: bool,
) -> None:
    untimed = 0
    for line, text in enumerate(common.read_text(path).split("\n"), start=1):
        mark = _SCRAPE.match(text)
        if mark:
            try:
                moment = common.moment_of(mark[1]).replace(tzinfo=dt.UTC).timestamp()
            except common.RowError:
                raise InputError(
                    f"{path.name}: line {line}: a scrape without a time such as 2026-01-31T10:00:00Z"
                ) from None
            continue
        if not text.strip() or text.startswith("#"):
            continue
        match = _SAMPLE.match(text.rstrip())
        labels = dict(_LABEL.findall(match[2] or "")) if match else {}
        name = _PREFIX.sub("", (match[1] or labels.pop("__name__", "")) if match else "")
        if match is None or name not in _WANTED:
            if match is None and "vllm" in text:
                rows.seen += 1
                rows.problem("not a sample", line)
            continue
        rows.seen += 1
        stamp = _stamp(match[4]) if match[4] else moment
        if stamp is None:
            untimed += 1
            continue
        _add(series, (name, labels), stamp, match[3], rows=rows, line=line)
    if untimed:
        where = "its name" if needs_time else "a line '# scrape 2026-01-31T10:00:00Z' above each scrape"
        raise InputError(f"{path.name}: {untimed} sample(s) without a time: put it into {where}")


def _stamp(text: str) -> float | None:
    """Return the moment of a sample: milliseconds in Prometheus' text, seconds in OpenMetrics."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 1000 if value > 1e11 else value


def _read_json(path: Path, rows: common.Rows, series: dict[tuple[str, _Labels], _Series]) -> None:
    for document in common.nodes_of(common.documents(path)):
        data = document.get("data")
        for result in common.nodes_of(data.get("result") if isinstance(data, common.Node) else None):
            metric = result.get("metric")
            if not isinstance(metric, common.Node):
                continue
            labels = {str(key): str(value) for key, value in metric.items()}
            name = _PREFIX.sub("", labels.pop("__name__", ""))
            values = result.get("values", [result.get("value")])
            values = values if isinstance(values, list) else [values]
            if name not in _WANTED:
                reason = "another metric" if name else "no name of a metric: ask for the counters, not for their rate"
                rows.seen += len(values)
                rows.problem(reason, result.line)
                continue
            for pair in values:
                rows.seen += 1
                if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], (int, float)):
                    _add(series, (name, labels), float(pair[0]), str(pair[1]), rows=rows, line=result.line)
                else:
                    rows.problem("not a sample", result.line)


def _add(
    series: dict[tuple[str, _Labels], _Series],
    named: tuple[str, Mapping[str, str]],
    stamp: float,
    value: str,
    *,
    rows: common.Rows,
    line: int,
) -> None:
    name, labels = named
    try:
        number = float(value)
        if not 0 <= number < _TOO_MANY:
            raise ValueError
        common.moment_of(stamp)
        if name.endswith("_bucket"):
            _bound(labels.get("le", ""))
    except (ValueError, common.RowError):
        rows.problem("a counter that is negative, not a number, or of no time", line)
        return
    key = (name, tuple(sorted(labels.items())))
    series.setdefault(key, _Series(*key)).samples.append((stamp, number, line))
