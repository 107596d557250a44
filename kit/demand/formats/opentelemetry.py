"""OpenTelemetry spans of generative AI, as JSON lines: the collector's own (OTLP), or one span per line.

Of a span's attributes only the named ones are taken: messages, prompts and answers are attributes too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.rows import fill, seconds_between
from kit.demand.tabular import Kind, Table, head_of, kind_of, names_in, packing, quoted, table_of
from kit.demand.usage import Grain, Imported
from kit.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "opentelemetry"
TITLE = "OpenTelemetry GenAI spans"
GRAIN = Grain.REQUEST
# The conventions renamed attributes on the way; the first that is there counts.
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cached": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "operation": ("gen_ai.operation.name",),
    "first": ("gen_ai.response.time_to_first_chunk",),
    "system": ("gen_ai.provider.name", "gen_ai.system"),
}
_VALUE = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue VARCHAR)"
_ATTRIBUTE = f'STRUCT("key" VARCHAR, "value" {_VALUE})'
_SPAN = (
    "STRUCT(traceId VARCHAR, spanId VARCHAR, startTimeUnixNano VARCHAR, endTimeUnixNano VARCHAR, "
    f"attributes {_ATTRIBUTE}[])"
)
_RESOURCES = f"STRUCT(resource STRUCT(attributes {_ATTRIBUTE}[]), scopeSpans STRUCT(spans {_SPAN}[])[])[]"


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - every format is asked the same way
    """Return whether it holds OTLP's ``resourceSpans``, or spans with attributes."""
    names = names_in(head)
    return "resourcespans" in names or ("attributes" in names and b"gen_ai." in head)


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Add the calls of models among the spans to a table of usage; other spans are left out and counted.

    Args:
        connection: of DuckDB.
        path: the file: JSON lines of OTLP, or of single spans with a start, an end and ``attributes``.
        table: name of the table of usage.
        options: none is needed; times are UTC.

    Raises:
        InputError: the file cannot be read to its end.
    """
    head = head_of(path)
    if kind_of(head) not in {Kind.JSON, Kind.JSON_LINES}:
        raise InputError(f"{path.name}: spans are read from JSON lines")
    source = _otlp(path) if "resourcespans" in names_in(head) else _single(connection, path)
    raw = {
        "at": '"start"',
        "prompt_tokens": '"prompt"',
        "cached_tokens": '"cached"',
        "output_tokens": '"output"',
        "duration_s": seconds_between('"start"', '"end"'),
        "ttft_s": '"first"',
        "model": '"model"',
        "label_group": '"service"',
        "label_path": '"operation"',
        "request_id": '"id"',
    }
    # An agent's span sums up the calls within it: only the calls themselves are requests.
    calls = "'chat', 'text_completion', 'generate_content', 'embeddings'"
    no_call = f"(operation IS NOT NULL AND operation NOT IN ({calls})) OR (operation IS NULL AND system IS NULL)"
    skip = {"spans that are no call of a model": no_call}
    return fill(connection, source, table, raw, format_name=NAME, options=options, skip=skip, always_utc=True)


def _otlp(path: Path) -> Table:
    """Return the spans of OTLP; several are on a line, so places are numbers of spans."""
    picked = ", ".join(f"{_otlp_value('attributes', names)} AS {what}" for what, names in _ATTRIBUTES.items())
    service = _otlp_value("resource.attributes", ("service.name",))
    sql = (
        f'(SELECT span.startTimeUnixNano AS "start", span.endTimeUnixNano AS "end", '
        f"span.traceId || span.spanId AS id, {picked.replace('(attributes', '(span.attributes')}, service FROM "
        f"(SELECT unnest(spans) AS span, service FROM (SELECT unnest(scopeSpans).spans AS spans, service FROM "
        f"(SELECT resourceSpan.scopeSpans AS scopeSpans, {service.replace('(resource', '(resourceSpan.resource')} "
        f"AS service FROM (SELECT unnest(resourceSpans) AS resourceSpan FROM read_json({quoted(str(path))}, "
        f"format='newline_delimited', columns={{'resourceSpans': {quoted(_RESOURCES)}}}, ignore_errors=true, "
        f"compression={quoted(packing(path))}))))))"
    )
    return Table(sql, Kind.DATABASE, f"{path.name}, span", None, frozenset())


def _otlp_value(attributes: str, names: tuple[str, ...]) -> str:
    found = (f"list_filter({attributes}, lambda a: a.key = {quoted(name)})[1].value" for name in names)
    values = (f"{one}.intValue, {one}.stringValue, {one}.doubleValue" for one in found)
    return f"coalesce({', '.join(values)})"


def _single(connection: DuckDBPyConnection, path: Path) -> Table:
    """Return spans that are a line each: the names are those of the SDKs' console exporters and of OTLP."""
    starts = ("start_time", "startTime", "startTimeUnixNano", "start_time_unix_nano")
    ends = ("end_time", "endTime", "endTimeUnixNano", "end_time_unix_nano")
    ids = ("span_id", "spanId", "id")
    source = table_of(connection, path, (*starts, *ends, *ids, "context", "attributes", "resource"))

    def first(names: tuple[str, ...]) -> str:
        return f"coalesce({', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)})"

    def attribute(column: str, names: tuple[str, ...]) -> str:
        paths = (f"TRY(json_extract_string({column}, {quoted(f'$.{chr(34)}{name}{chr(34)}')}))" for name in names)
        return f"coalesce({', '.join(paths)})"

    picked = ", ".join(f"{attribute('attributes', names)} AS {what}" for what, names in _ATTRIBUTES.items())
    span = "coalesce(TRY(json_extract_string(context, '$.span_id')), " + first(ids) + ")"
    service = "TRY(json_extract_string(resource, '$.attributes.\"service.name\"'))"
    sql = (
        f'(SELECT {first(starts)} AS "start", {first(ends)} AS "end", {span} AS id, {picked}, {service} AS service '
        f"FROM {source.sql})"
    )
    return Table(sql, source.kind, source.name, source.path, source.columns, source.skipped)
