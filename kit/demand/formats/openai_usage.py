"""OpenAI's usage: pages of ``/v1/organization/usage/completions`` (and embeddings), and the dashboard's CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.demand.formats import _bucketed as common
from kit.demand.usage import Grain, Imported

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "openai_usage"
TITLE = "OpenAI usage API or dashboard (JSON pages, CSV)"
GRAIN = Grain.BUCKET

_OBJECT = "organization.usage."
_TEXT = frozenset({"completions", "embeddings", "moderations"})
_KINDS = _TEXT | {
    "images",
    "audio_speeches",
    "audio_transcriptions",
    "vector_stores",
    "code_interpreter_sessions",
    "file_searches",
    "web_searches",
}
_CSV_MEASURES = frozenset({"num_model_requests"})


def detect(head: bytes, name: str) -> bool:  # noqa: ARG001 - all formats are asked in one way
    """Tell whether a file is OpenAI's usage.

    Args:
        head: first bytes of the file, decompressed.
        name: of the file.
    """
    if common.is_json(head):
        return b"organization.usage." in head or (b'"num_model_requests"' in head and b'"start_time"' in head)
    return common.is_csv(head, "num_model_requests", "input_tokens", "output_tokens")


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:  # noqa: ARG001
    """Append the buckets of a file to a table of usage.

    ``input_tokens`` already include the cached ones, so they are the prompt as they are.

    Args:
        connection: of DuckDB.
        path: the file.
        table: an existing table of usage.
        options: none is used.

    Raises:
        InputError: the file cannot be read, is too large, or is neither JSON nor CSV.
    """
    rows = common.Rows(NAME, path.name)
    more = False
    with_model: set[bool] = set()
    if common.starts_as_json(path):
        pages = common.pages_of(path)
        more = pages.more
        for bucket, result in rows.results(pages, "start_time", "end_time"):
            _take(rows, result.line, result, bucket, with_model)
    else:
        _, lines = common.csv_rows(path)
        for line, row in rows.lines(
            lines, used=lambda row: bool(row.get("num_model_requests") or row.get("input_tokens"))
        ):
            _take(rows, line, row, row, with_model)
    rows.write(connection, table)
    notes = [common.MEANS_ONLY, *rows.span_notes()]
    if more:
        notes.append("the last page says that there are more: later buckets are missing")
    if len(with_model) > 1:
        notes.append("some results are grouped by model and others are not: the same use may be counted twice")
    if with_model == {False}:
        notes.append("the export is not grouped by model: it does not say which model was used")
    if rows.column("batch") and all(batch is None for batch in rows.column("batch")):
        notes.append("the export is not grouped by batch: what went through the batch interface is not known")
    return rows.imported(GRAIN, table, notes)


def _take(
    rows: common.Rows, line: int, result: Mapping[str, Any], bucket: Mapping[str, Any], with_model: set[bool]
) -> None:
    try:
        kind = _kind(result)
        at, seconds = rows.span(bucket.get("start_time"), bucket.get("end_time"))
        measured = {key for key in result if key.startswith(("input_", "output_"))}
        prompt = common.count_of(result.get("input_tokens"), "prompt tokens")
        output = common.count_of(result.get("output_tokens"), "output tokens")
        requests = common.count_of(result.get("num_model_requests"), "requests")
        cached = common.count_of(result.get("input_cached_tokens"), "cached tokens")
    except common.RowError as error:
        rows.problem(str(error), line)
        return
    model = common.public_model(result.get("model"))
    with_model.add(model is not None)
    grouped_by = common.dimensions(result, _CSV_MEASURES | measured)
    rows.add(
        line,
        [at, seconds, kind, grouped_by],
        at=at,
        bucket_s=seconds,
        requests=requests,
        prompt_tokens=prompt,
        cached_tokens=cached,
        output_tokens=output if output is not None or kind == "completions" else 0,
        batch=common.is_batch(result.get("batch")),
        model=model,
        label_key=common.short_hash(result.get("api_key_id") or result.get("project_id")),
        label_group=common.short_hash(result.get("project_id")),
        label_path=kind,
        label_tags=list(common.tier_tags(result.get("service_tier"))),
    )


def _kind(result: Mapping[str, Any]) -> str:
    """Return what was asked for; only kinds that OpenAI has are ever named."""
    named = str(result.get("object") or "")
    if not named and "output_tokens" in result:
        return "completions"
    kind = named.removeprefix(_OBJECT).removesuffix(".result")
    if not named.startswith(_OBJECT) or kind not in _KINDS:
        raise common.RowError("a result of another kind than usage")
    if kind not in _TEXT:
        raise common.RowError(f"usage of {kind.replace('_', ' ')}, which is not counted in tokens of text")
    return kind
