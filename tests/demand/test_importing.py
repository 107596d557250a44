"""Files read together: what is bad, what is there twice, and what stops the import."""

from __future__ import annotations

import datetime as dt
import gzip
import stat
from pathlib import Path

import pytest

from kit.demand.importing import import_usage, lines_of_report
from kit.errors import InputError

HEADER = "time,request_id,model,prompt_tokens,output_tokens,cached_tokens,note\n"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(f"{line}\n" for line in lines))
    return path


def good(number: int, *, day: int = 2, tokens: int = 10) -> str:
    moment = dt.datetime(2026, 3, day) + dt.timedelta(minutes=number)
    return f"{moment.isoformat()}Z,r{day}-{number},gpt-4o,{tokens},1,0,"


def found(usage) -> dict[str, tuple[int, tuple[str, ...], bool]]:
    return {bad.reason: (bad.rows, bad.first, bad.dropped) for bad in usage.bad}


def test_each_kind_of_bad_row_is_named_with_count_and_line(tmp_path):
    """Bad rows are left out by reason with the line of the first three, though a good row spans two lines."""
    lines = [
        good(1),
        '2026-03-02T00:02:00Z,r2,gpt-4o,10,1,0,"canary-text\nin two lines"',
        "yesterday,r3,gpt-4o,10,1,0,",
        "2026-03-02T00:04:00Z,r4,gpt-4o,-5,1,0,",
        "2026-03-02T00:05:00Z,r5,gpt-4o,10000001,1,0,",
        "2026-03-02T00:06:00Z,r6,gpt-4o,many,1,0,",
        "2026-03-02T00:07:00Z,r7,gpt-4o,,,0,",
        "1926-03-02T00:08:00Z,r8,gpt-4o,10,1,0,",
        "2026-03-02T00:09:00Z,r9,gpt-4o,10",
        "2026-03-02T00:10:00Z,r10,gpt-4o,10,1,0,,,more",
        "2026-03-02T00:11:00Z,r11,gpt-4o,10,1,20,",
        ",r12,gpt-4o,10,1,0,",
        good(13),
    ]
    path = write(tmp_path / "bad.csv", *lines)
    with import_usage([path], most_bad_share=1) as usage:
        assert found(usage) == {
            "no time that can be read": (2, ("bad.csv:5", "bad.csv:14"), True),
            "negative tokens": (1, ("bad.csv:6",), True),
            "more than 10,000,000 tokens in a request": (1, ("bad.csv:7",), True),
            "a token count that is no number": (1, ("bad.csv:8",), True),
            "no token count": (1, ("bad.csv:9",), True),
            "a time before 2000 or after 2100": (1, ("bad.csv:10",), True),
            "too few columns": (1, ("bad.csv:11",), True),
            "too many columns": (1, ("bad.csv:12",), True),
            "more cached tokens than prompt tokens; all of the prompt is taken as cached": (1, ("bad.csv:13",), False),
        }
        assert usage.files[0].rows == 13
        assert usage.rows == 4
        assert usage.connection.execute("SELECT max(cached_tokens), count(line) FROM usage").fetchone() == (10, 0)
        told = "\n".join(lines_of_report(usage))
        assert "left out: 2 rows: no time that can be read (first at bad.csv:5, bad.csv:14)" in told
        assert "canary" not in told


def test_too_many_bad_rows_stop_with_the_reason(tmp_path):
    """Above the allowed share of bad rows the import stops and says why; at the share it goes on."""
    path = write(tmp_path / "bad.csv", *[good(n) for n in range(9)], "canary-time,r,gpt-4o,10,1,0,canary")
    with import_usage([path], most_bad_share=0.1) as usage:
        assert usage.rows == 9
    with pytest.raises(InputError) as error:
        import_usage([path], most_bad_share=0.09)
    assert str(error.value) == (
        "bad.csv: 1 of 10 rows (10 %) are bad, more than the 9 % allowed: no time that can be read: 1 "
        "(first at bad.csv:11)"
    )


def test_lines_of_json_are_those_of_the_file(tmp_path):
    """Empty lines and lines that are no JSON do not shift the line that is named."""
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"time": "2026-03-02T00:00:00Z", "prompt_tokens": 1}\n\nno json, canary\n'
        '{"time": "2026-03-02T00:00:01Z", "prompt_tokens": -1}\n{"time": "2026-03-02T00:00:02Z", "prompt_tokens": 2}\n'
    )
    with import_usage([path], most_bad_share=1) as usage:
        assert found(usage) == {
            "no time that can be read": (1, ("rows.jsonl:3",), True),
            "negative tokens": (1, ("rows.jsonl:4",), True),
        }
        assert usage.rows == 2


def test_half_a_million_bad_rows_are_counted(tmp_path):
    """Very many bad rows of two kinds are counted exactly, in little memory."""
    path = tmp_path / "bad.csv"
    few = "2026-03-02T00:00:00Z,canary\n" * 300_000
    path.write_text(HEADER + few + "never,r,m,1,1,0,\n" * 200_000 + good(1) + "\n")
    with import_usage([path], most_bad_share=1) as usage:
        assert usage.rows == 1
        assert usage.files[0].rows == 500_001
        assert found(usage) == {
            "no time that can be read": (200_000, ("bad.csv:300002", "bad.csv:300003", "bad.csv:300004"), True),
            "too few columns": (300_000, ("bad.csv:2", "bad.csv:3", "bad.csv:4"), True),
        }
        assert "canary" not in str(usage.connection.execute("SELECT * FROM kit_rows").fetchall())


def test_same_request_in_two_exports_counts_once(tmp_path):
    """A request's id tells it in another export and within one; the first place counts."""
    one = write(tmp_path / "one.csv", good(1), good(2), good(2))
    two = write(tmp_path / "two.csv", good(2), good(3))
    with import_usage([one, two]) as usage:
        assert (usage.rows, usage.duplicates) == (3, 2)
        assert usage.duplicates_first == ("one.csv:4", "two.csv:2")
        assert [one.rows for one in usage.files] == [3, 2]


def test_without_ids_equal_rows_of_another_file_count_once(tmp_path):
    """Without ids a row that an earlier file has too counts once; equal rows of one file both count."""
    header = "time,prompt_tokens,output_tokens\n"
    row, other = "2026-03-02T00:00:01.5Z,10,1", "2026-03-02T00:00:02Z,20,2"
    one = write(tmp_path / "one.csv", row, row, other, header=header)
    two = write(tmp_path / "two.csv", other, row, row, row, header=header)
    with import_usage([one, two]) as usage:
        assert (usage.rows, usage.duplicates) == (4, 3)
        assert usage.duplicates_first == ("two.csv:2", "two.csv:3", "two.csv:4")
        assert "no request ids" in usage.files[0].notes[0]


def test_two_systems_over_the_same_time_are_told(tmp_path):
    """Two formats that cover the same time may tell of the same requests: that is said."""
    data = Path(__file__).parent / "data"
    with import_usage([data / "litellm.csv", data / "langfuse.jsonl"]) as usage:
        assert "cover the same time" in usage.notes[0]
    with import_usage([data / "litellm.csv", data / "mooncake.jsonl"]) as usage:
        assert usage.notes == ()


def test_mixed_time_zones_are_named(tmp_path):
    """Times without an offset among times with one are counted, named, and taken as the zone that is given."""
    rows = [good(1), "2026-07-01 12:00:00,r2,m,1,1,0,", "2026-07-01T12:00:00+05:30,r3,m,1,1,0,"]
    path = write(tmp_path / "mixed.csv", *rows)
    sql = "SELECT \"at\" FROM usage WHERE request_hash = hash('r2')"
    with import_usage([path]) as usage:
        reason = "times without an offset among times with one; taken as UTC"
        assert found(usage) == {reason: (1, ("mixed.csv:3",), False)}
        assert usage.connection.execute(sql).fetchone() == (dt.datetime(2026, 7, 1, 12),)
    with import_usage([path], options={"timezone": "Europe/Berlin"}) as usage:
        assert usage.connection.execute(sql).fetchone() == (dt.datetime(2026, 7, 1, 10),)
        assert "1 times without an offset are taken as Europe/Berlin" in usage.files[0].notes
    with pytest.raises(InputError, match=r'"Europe/Berlim" is not known .*"Europe/Berlin"'):
        import_usage([path], options={"timezone": "Europe/Berlim"})


def test_hours_that_summer_time_doubles_and_skips_are_named(tmp_path):
    """In Berlin 02:30 is there twice on 2026-10-25 and not at all on 2026-03-29."""
    times = ["2026-03-29 01:30", "2026-03-29 02:30", "2026-03-29 03:30", "2026-10-25 01:59", "2026-10-25 02:30"]
    times.append("2026-10-25 03:00")
    path = write(tmp_path / "local.csv", *[f"{one}:00,r{n},m,1,1,0," for n, one in enumerate(times)])
    with import_usage([path], options={"timezone": "Europe/Berlin"}) as usage:
        assert sorted((bad.reason[:40], bad.rows, bad.first, bad.dropped) for bad in usage.bad) == [
            ("local times that the clock leaves out wh", 1, ("local.csv:3",), False),
            ("local times that the clock shows twice w", 1, ("local.csv:6",), False),
        ]
        found_times = [row[0] for row in usage.connection.execute('SELECT "at" FROM usage ORDER BY line').fetchall()]
    assert sorted(found_times)[0] == dt.datetime(2026, 3, 29, 0, 30)
    assert sorted(found_times)[-1] == dt.datetime(2026, 10, 25, 2)


def test_clock_that_goes_back_is_named(tmp_path):
    """Times without an offset that go back by an hour once look like local times when summer time ends."""
    start = dt.datetime(2026, 10, 25)
    minutes = [*range(0, 180, 10), *range(120, 400, 10)]  # 02:00 to 02:50 twice: 18 rows, then 28
    rows = [f"{start + dt.timedelta(minutes=one)},r{n},m,1,1,0," for n, one in enumerate(minutes)]
    with import_usage([write(tmp_path / "local.csv", *rows)]) as usage:
        (bad,) = usage.bad
        assert "the clock goes back" in bad.reason
        assert (bad.rows, bad.first, bad.dropped) == (1, ("local.csv:20",), False)
    aware = [row.replace(",r", "Z,r") for row in rows]
    with import_usage([write(tmp_path / "utc.csv", *aware)]) as usage:
        assert usage.bad == ()


def test_cut_off_gzip_stops(tmp_path):
    """A gzip file that was cut off stops the import, and so does a damaged one."""
    whole = gzip.compress((HEADER + "".join(good(n) + "\n" for n in range(50_000))).encode())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut.csv.gz: the gzip file is cut off; fetch it again"):
        import_usage([path])
    path.write_bytes(whole[:20])
    with pytest.raises(InputError, match=r"cut.csv.gz: the gzip file is cut off or damaged"):
        import_usage([path])


def test_quotation_mark_that_is_never_closed_stops(tmp_path):
    """An open quotation mark swallows the rest of the file: it is named with its line, not counted as one bad row."""
    path = write(
        tmp_path / "open.csv", good(1), '2026-03-02T00:02:00Z,r2,m,1,1,0,"canary', *[good(n) for n in range(9)]
    )
    with pytest.raises(InputError, match=r"open.csv:3: a quotation mark") as error:
        import_usage([path])
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (HEADER.encode(), "no row in it"),
        (b"a,b\n1,2\n", "no known format"),
        (b"canary one\ncanary two\n", "no known format"),
        (b"PAR1canary", "Parquet file is cut off"),
        (bytes(range(256)) * 10, "no known format"),
    ],
)
def test_file_that_is_no_export_is_refused(content, said, tmp_path):
    """An empty file, a header alone, other columns and other files are refused with the reason, nothing quoted."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        import_usage([path])
    assert "canary" not in str(error.value)


def test_files_are_checked_before_reading(tmp_path):
    """A missing file, one that is given twice, an unknown format and no file at all are named."""
    path = write(tmp_path / "one.csv", good(1))
    with pytest.raises(InputError, match="no such file"):
        import_usage([path, tmp_path / "none.csv"])
    with pytest.raises(InputError, match=r"given twice"):
        import_usage([path, tmp_path / "." / "one.csv"])
    with pytest.raises(InputError, match=r'format "litelm" is not known .did you mean "litellm"'):
        import_usage([path], format="litelm")
    with pytest.raises(InputError, match="no file"):
        import_usage([])


def test_unassigned_rows_are_shown(tmp_path):
    """What no rule takes is summed up by model and by hashes of key and labels."""
    path = tmp_path / "rows.csv"
    path.write_text(
        "time,model,prompt_tokens,output_tokens,team\n2026-03-02T09:00:00Z,a,1,2,canary\n"
        "2026-03-02T09:00:01Z,a,10,20,canary\n2026-03-02T09:00:02Z,b,5,5,\n"
    )
    with import_usage([path]) as usage:
        first, second = usage.unassigned
        assert (first.model, first.requests, first.prompt_tokens, first.output_tokens) == ("a", 2, 11, 22)
        assert (second.model, second.requests) == ("b", 1)
        told = "\n".join(lines_of_report(usage))
    assert "not assigned: a, key –" in told
    assert "2 requests, 11 prompt and 22 output tokens" in told
    assert "canary" not in told


def test_very_many_unassigned_labels_are_summed_up(tmp_path):
    """After the first thousand sets of labels the rest is one line, so nothing is lost and the list stays short."""
    path = tmp_path / "rows.csv"
    rows = [f"2026-03-02T09:00:00Z,a,{10_000 - n},1,team {n}" for n in range(1500)]
    path.write_text("time,model,prompt_tokens,output_tokens,team\n" + "\n".join(rows) + "\n")
    with import_usage([path]) as usage:
        assert len(usage.unassigned) == 1001
        assert sum(one.requests for one in usage.unassigned) == 1500
        assert (usage.unassigned[0].prompt_tokens, usage.unassigned[-1].labels) == (10_000, "others")
        assert usage.unassigned[-1].prompt_tokens == sum(10_000 - n for n in range(1000, 1500))


def test_private_folder_is_removed(tmp_path):
    """The table lies in a folder that only its owner may read, and that goes when the import is closed or fails."""
    path, folder = write(tmp_path / "one.csv", good(1)), tmp_path / "temporary"
    folder.mkdir()
    with import_usage([path], temporary=folder):
        (private,) = folder.iterdir()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []
    path.write_text(HEADER)
    with pytest.raises(InputError):
        import_usage([path], temporary=folder)
    assert list(folder.iterdir()) == []


def test_progress_is_told(tmp_path):
    """Progress grows to 1 for each file."""
    files = [write(tmp_path / f"{day}.csv", *[good(n, day=day) for n in range(1000)]) for day in (2, 3)]
    told: list[tuple[str, float]] = []
    import_usage(files, on_progress=lambda name, share: told.append((name, share))).close()
    assert [name for name, share in told if share == 1.0] == ["2.csv", "3.csv"]
    assert all(0 <= share <= 1 for _, share in told)


def test_more_than_memory_is_no_error(tmp_path):
    """A file larger than the memory that DuckDB may use is read, duplicates are found in it too."""
    path = tmp_path / "large.csv"
    import duckdb

    duckdb.connect().execute(
        "COPY (SELECT '2026-03-02T00:00:00Z' AS time, md5((i % 1190000)::VARCHAR) AS request_id, 'm' AS model, 1 AS "
        f"prompt_tokens, 1 AS output_tokens, repeat('x', 200) AS note FROM range(1200000) r(i)) TO '{path}' (HEADER)"
    )
    with import_usage([path], memory_limit="100MB", threads=1) as usage:
        assert (usage.rows, usage.duplicates) == (1_190_000, 10_000)
