"""Exports with a row per request, in the real formats, against totals counted by hand."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from kit.demand.importing import FORMATS, detect, import_usage, lines_of_report
from kit.demand.usage import COLUMNS, Grain
from kit.errors import InputError

DATA = Path(__file__).parent / "data"
CANARY = "canary"


def rows_of(path, columns, **more):
    with import_usage([path], **more) as usage:
        picked = ", ".join(f'"{column}"' for column in columns.split())
        return usage.connection.execute(f'SELECT {picked} FROM {usage.table} ORDER BY "at", prompt_tokens').fetchall()


def at(hour, minute=0, second=0):
    return dt.datetime(2026, 3, 2, hour, minute, second)


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("litellm.csv", "litellm"),
        ("langfuse.jsonl", "langfuse"),
        ("langfuse_web.csv", "langfuse"),
        ("otlp.jsonl", "opentelemetry"),
        ("spans.jsonl", "opentelemetry"),
        ("azure2023_code.csv.gz", "azure_trace"),
        ("mooncake.jsonl", "mooncake"),
        ("plain.csv", "plain"),
    ],
)
def test_format_is_told_by_content(name, format_name, tmp_path):
    """A file's format is told by what is in it, whatever its name, and by one format only but for the plain table."""
    path = tmp_path / "export.bin"
    path.write_bytes((DATA / name).read_bytes())
    assert format_name == detect(path).NAME


def test_every_format_says_what_it_is():
    """Each format has a name, a title and a grain."""
    assert len({one.NAME for one in FORMATS}) == len(FORMATS)
    assert all(one.TITLE and one.GRAIN in Grain for one in FORMATS)


def test_azure_trace_has_its_published_figures():
    """The Azure code trace of 2023: 8,819 requests, prompts of 2,048 (p95 7,303), outputs of 28 (p95 90) tokens."""
    with import_usage([DATA / "azure2023_code.csv.gz"]) as usage:
        found = usage.connection.execute(
            "SELECT count(*), avg(prompt_tokens), quantile_cont(prompt_tokens, 0.95), avg(output_tokens), "
            f'quantile_cont(output_tokens, 0.95), min("at") FROM {usage.table}'
        ).fetchone()
    assert [round(value) for value in found[:5]] == [8819, 2048, 7303, 28, 90]
    assert found[5] == dt.datetime(2023, 11, 16, 18, 17, 3, 979960)


def test_azure_trace_is_in_utc_wherever_the_client_is():
    """The client's zone is for its own exports: the trace's times without an offset stay those of UTC."""
    with import_usage([DATA / "azure2023_code.csv.gz"], options={"timezone": "Europe/Vienna"}) as usage:
        found = usage.connection.execute(f'SELECT min("at") FROM {usage.table}').fetchone()
    assert found == (dt.datetime(2023, 11, 16, 18, 17, 3, 979960),)


def test_mooncake_counts_from_its_start():
    """Mooncake's milliseconds are counted from the start that is given, or a Monday."""
    assert rows_of(DATA / "mooncake.jsonl", "at prompt_tokens output_tokens") == [
        (dt.datetime(2024, 1, 1), 6758, 500),
        (dt.datetime(2024, 1, 1), 7322, 490),
        (dt.datetime(2024, 1, 1, 0, 0, 3), 1000, 10),
        (dt.datetime(2024, 1, 1, 1), 2000, 20),
    ]
    later = rows_of(DATA / "mooncake.jsonl", "at", options={"start": "2026-03-02T10:00:00+01:00"})
    assert later[-1] == (at(10),)


LITELLM = [
    (at(9), 1000, 256, 200, 0.0125, 4.5, 0.5, "gpt-4o", "team-a", "acompletion", ["support", "prod"]),
    (at(9, 30), 300, None, 50, 0.002, 1.0, None, "gpt-4o-mini", "team-b", "acompletion", []),
    (at(10, 15), 400, None, 0, 0.0001, 0.2, None, "text-embedding-3-small", "team-b", "aembedding", []),
]
LITELLM_COLUMNS = (
    "at prompt_tokens cached_tokens output_tokens cost_usd duration_s ttft_s model label_group label_path label_tags"
)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_litellm_spend_logs(kind, tmp_path):
    """LiteLLM's spend logs give the same rows as CSV, JSON lines and Parquet; failed and cached calls are told."""
    path = DATA / "litellm.csv"
    if kind != "csv":
        path = tmp_path / f"litellm.{kind}"
        convert(DATA / "litellm.csv", path)
    assert rows_of(path, LITELLM_COLUMNS) == LITELLM
    with import_usage([path]) as usage:
        assert usage.files[0].rows == 5
        assert usage.files[0].notes == (
            "1 rows left out: answers from LiteLLM's own cache",
            "1 rows left out: failed requests",
        )


def convert(source: Path, target: Path) -> None:
    """Write the spend logs as the other kinds of file in which they are exported."""
    import duckdb

    connection = duckdb.connect()
    table = f"read_csv('{source}', header=true, all_varchar=true)"
    typed = (
        'REPLACE (spend::DOUBLE AS spend, prompt_tokens::INTEGER AS prompt_tokens, "startTime"::TIMESTAMP AS '
        '"startTime", "endTime"::TIMESTAMP AS "endTime", "completionStartTime"::TIMESTAMP AS "completionStartTime", '
        "request_tags::JSON::VARCHAR[] AS request_tags)"
    )
    if target.suffix == ".jsonl":
        typed = "REPLACE (prompt_tokens::INTEGER AS prompt_tokens, metadata::JSON AS metadata, "
        typed += "request_tags::JSON AS request_tags)"
    connection.execute(
        f"COPY (SELECT * {typed} FROM {table}) TO '{target}'" + (" (FORMAT json)" if target.suffix == ".jsonl" else "")
    )


def test_langfuse_adds_up_kinds_of_tokens():
    """Langfuse's prompt is what was cached and what was not; observations that are no generation are left out."""
    found = rows_of(
        DATA / "langfuse.jsonl", "at prompt_tokens cached_tokens output_tokens cost_usd duration_s ttft_s model"
    )
    assert found == [
        (at(9), 1000, 300, 200, 0.01, 4.0, 1.5, "gpt-4o"),
        (at(11), 1050, 900, 40, 0.002, 2.0, None, "claude-sonnet-4"),
    ]


def test_langfuse_array_of_its_web_page(tmp_path):
    """A JSON array is read as the lines are, and so is the CSV file of the web page."""
    lines = [json.loads(line) for line in (DATA / "langfuse.jsonl").read_text().splitlines()]
    path = tmp_path / "langfuse.json"
    path.write_text(json.dumps(lines, indent=1))
    assert rows_of(path, "at prompt_tokens") == [(at(9), 1000), (at(11), 1050)]
    assert rows_of(DATA / "langfuse_web.csv", "at prompt_tokens output_tokens ttft_s") == [(at(12), 120, 30, 0.25)]


def test_opentelemetry_takes_calls_of_models_only():
    """Of spans only calls of models count: not the web server's, and not an agent's, which sums up its calls."""
    found = rows_of(
        DATA / "otlp.jsonl", "at prompt_tokens cached_tokens output_tokens duration_s ttft_s model label_group"
    )
    assert found == [
        (at(9), 1000, 250, 200, 4.0, 0.5, "gpt-4o-2024-08-06", "helpdesk"),
        (at(10), 400, None, None, 0.1, None, "text-embedding-3-small", None),
    ]
    assert rows_of(DATA / "spans.jsonl", "at prompt_tokens output_tokens model label_group") == [
        (at(9), 1000, 200, "gpt-4o", "helpdesk")
    ]


def test_plain_table_knows_times_of_all_kinds():
    """Offsets, seconds and milliseconds since 1970 stand in one file and mean the same."""
    found = rows_of(DATA / "plain.csv", "at prompt_tokens label_group label_tags")
    assert [row[0] for row in found] == [at(9), at(9, 10), at(9, 20), at(10), at(10, 1), at(10, 2)]
    assert sum(row[1] for row in found) == 2100
    assert found[0][2:] == ("sales", ["mail", "prod"])


def test_plain_table_with_a_column_map(tmp_path):
    """Other column names are given as options; a name that is not there is answered with the nearest."""
    path = tmp_path / "own.csv"
    path.write_text("when;in;out\n2026-03-02T09:00:00Z;7;3\n")
    options = {"time": "when", "prompt_tokens": "in", "output_tokens": "out"}
    assert rows_of(path, "at prompt_tokens output_tokens", format="plain", options=options) == [(at(9), 7, 3)]
    with pytest.raises(InputError, match=r'no column "whem" for time.*"when"'):
        import_usage([path], format="plain", options={**options, "time": "whem"})
    with pytest.raises(InputError, match="no column for time"):
        import_usage([path], format="plain")
    with pytest.raises(InputError, match="no known format"):
        import_usage([path])


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_packed_file_is_read(kind, tmp_path):
    """A packed file is read like an unpacked one, whatever its name."""
    import pyarrow as pa

    content = (DATA / "litellm.csv").read_bytes()
    path = tmp_path / "export.dat"
    path.write_bytes(gzip.compress(content) if kind == "gzip" else pa.compress(content, codec="zstd", asbytes=True))
    assert rows_of(path, LITELLM_COLUMNS) == LITELLM


@pytest.mark.parametrize("name", ["litellm.csv", "langfuse.jsonl", "langfuse_web.csv", "otlp.jsonl", "spans.jsonl"])
def test_nothing_private_leaves_the_importer(name, tmp_path):
    """Prompts, answers, users, keys and addresses are in no row, no note and no message."""
    text = (DATA / name).read_text()
    assert CANARY in text
    with import_usage([DATA / name]) as usage:
        for kept in ("kit_rows", usage.table):
            assert CANARY not in str(usage.connection.execute(f"SELECT * FROM {kept}").fetchall())
        assert set(COLUMNS) | {"workload"} == {column[0] for column in usage.connection.description}
        assert CANARY not in "\n".join(lines_of_report(usage)) + repr(usage)
    spoilt = tmp_path / name
    spoilt.write_text(text.replace("2026-03-02", "canary-time").replace("17724", "canary"))
    with pytest.raises(InputError) as error:
        import_usage([spoilt])
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None


def test_names_of_customers_in_models_are_left_out(tmp_path):
    """A fine-tuned model's name tells its base only, and a path its last part only."""
    path = tmp_path / "rows.csv"
    path.write_text(
        "time,model,prompt_tokens\n2026-03-02T09:00:00Z,ft:gpt-4o:canary:bot:1,1\n"
        "2026-03-02T09:00:01Z,/home/canary/llama-3,2\n2026-03-02T09:00:02Z,org/llama-3,3\n"
    )
    assert rows_of(path, "model") == [("ft:gpt-4o",), ("llama-3",), ("org/llama-3",)]
