"""From the raw text of an export's columns to checked rows of usage: times, tokens, and what is wrong with each.

Everything is taken in one pass. A row that cannot be taken carries the number of its fault in ``line`` (negative) until
it has been counted and left out; only then, and only for the first few, is the place in the file looked up. So a good
file of ten million rows pays nothing for the checks' messages.
"""

from __future__ import annotations

import tempfile
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.tabular import Mangled, Table, lines_of, mangled, no_quotes, quoted, split_again
from kit.demand.usage import Bad, Grain, Imported
from kit.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_TOKENS = 10_000_000
"""More tokens than this in one request are absurd: no model's context comes near."""
FIRST, LAST = "2000-01-01", "2100-01-01"
SHOWN = 3
"""How many places are named for each kind of bad row."""

_DROPPED = {
    1: "no time that can be read",
    2: f"a time before {FIRST[:4]} or after {LAST[:4]}",
    3: "a token count that is no number",
    4: "no token count",
    5: "negative tokens",
    6: f"more than {MOST_TOKENS:,} tokens in a request",
}
_MENDED = {
    2: "more cached tokens than prompt tokens; all of the prompt is taken as cached",
    4: "local times that the clock shows twice when summer time ends; the hour is taken once",
    8: "local times that the clock leaves out when summer time starts; moved by the hour that is left out",
    16: "a negative cost or duration; taken as not known",
}
_NAIVE = 1
_MENDED_FROM = 1000
_SKIPPED_FROM = 100
_TOKENS = ("prompt_tokens", "cached_tokens", "output_tokens")
_TEXTS = ("model", "label_group", "label_path")
_NUMBERS = ("cost_usd", "duration_s", "ttft_s")


def moment(text: str, *, zone: str | None = None) -> str:
    """Return the expression of SQL for a time in UTC, NULL where it cannot be read.

    Understood are ISO 8601 with or without an offset, and seconds, milliseconds, microseconds or nanoseconds since
    1970, told apart by their size.

    Args:
        text: expression of the raw text.
        zone: in which times without an offset are; None for UTC.
    """
    number = f"TRY_CAST({text} AS DOUBLE)"
    naive = f"TRY_CAST({text} AS TIMESTAMP)"
    if zone:
        naive = f"timezone('UTC', timezone({quoted(zone)}, {naive}))"
    return (
        f"CASE WHEN suffix({text}, 'Z') THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN {number} IS NOT NULL THEN CASE "
        f"WHEN abs({number}) < 1e11 THEN make_timestamp(CAST(round({number} * 1e6) AS BIGINT)) "
        f"WHEN abs({number}) < 1e14 THEN make_timestamp(CAST(round({number} * 1e3) AS BIGINT)) "
        f"WHEN abs({number}) < 1e17 THEN make_timestamp(CAST({number} AS BIGINT)) "
        f"WHEN abs({number}) < 1e19 THEN make_timestamp(CAST(CAST({number} AS HUGEINT) // 1000 AS BIGINT)) END "
        f"WHEN {_has_offset(text)} THEN timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) "
        f"ELSE {naive} END"
    )


def seconds_between(start: str, end: str) -> str:
    """Return the expression of SQL for the seconds between two raw times; NULL where one cannot be read."""
    return f"(epoch_us({moment(end)}) - epoch_us({moment(start)})) / 1e6"


def short_hash(text: str) -> str:
    """Return the expression of SQL for the first 8 hexadecimal digits of the SHA-256 of a text; NULL for none."""
    return f"CASE WHEN {text} <> '' THEN left(sha256({text}), 8) END"


_LIKE_A_KEY = "(?i)^(sk|pk|rk|ak|key|ghp|glpat|xox[abp]|hf|gsk|bearer)[-_ ][a-z0-9_-]{8,}$|^AKIA[A-Z0-9]{12,}$|^AIza"
"""How keys begin that are used with models; no published model is called so."""


def _public_model(text: str) -> str:
    """Return a model's name without the customer's part of a fine-tuned one, or the folders of a path.

    A key that somebody put where the model belongs is known by its prefix and gives way to its short hash.
    """
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN starts_with({text}, 'ft:') THEN 'ft:' || split_part({text}, ':', 2) "
        f"WHEN regexp_matches({text}, '{_LIKE_A_KEY}') THEN 'key ' || {short_hash(text)} "
        f"WHEN {text}[1] IN ('/', '.', '~') THEN parse_filename({text}) ELSE nullif({text}, '') END"
    )


def _has_offset(text: str) -> str:
    # 2026-11-22T10:00:00+01:00, ...+0100, ...+01; the length keeps the hyphens of a bare date out.
    return (
        f"length({text}) > 16 AND ({text}[-6] IN ('+', '-') OR {text}[-5] IN ('+', '-') OR {text}[-3] IN ('+', '-') "
        f"OR suffix({text}, 'UTC') OR suffix({text}, 'GMT'))"
    )


def fill(
    connection: DuckDBPyConnection,
    source: Table,
    target: str,
    raw: Mapping[str, str],
    *,
    format_name: str,
    options: Mapping[str, str],
    skip: Mapping[str, str] | None = None,
    always_utc: bool = False,
    hashed_keys: bool = False,
    notes: Sequence[str] = (),
) -> Imported:
    """Add an export's requests to a table of usage, and say what could not be taken.

    Args:
        connection: of DuckDB, with its time zone set to UTC.
        source: the export's columns as text.
        target: name of the table of usage.
        raw: for each column of usage, the expression of SQL for its raw text; ``request_id`` and ``key`` for what is
            hashed. ``duration_s`` and ``ttft_s`` are numbers, ``label_tags`` a list.
        format_name: of the export.
        options: ``timezone`` is where times without an offset were written; a format that promises UTC does not ask.
        skip: rows that are no requests to a model, by reason, with the condition of SQL; told in a note, not as bad.
        always_utc: whether the format promises that times without an offset are UTC.
        hashed_keys: whether ``key`` is a SHA-256 already.
        notes: what else a reader should know.

    Raises:
        InputError: the time zone is unknown, the file cannot be read to its end, or holds no row.
    """
    said = _zone(options)
    zone = None if always_utc else said
    before = _next_row(connection, target)
    reasons = tuple(skip or ())
    sql = _insert(source, target, raw, tuple((skip or {}).values()), zone, hashed=hashed_keys)
    with no_quotes(source.name):
        taken = int(connection.execute(sql).fetchall()[0][0])
    found = mangled(connection, source, taken=taken)
    if found is None:
        connection.execute(f"DELETE FROM {target} WHERE rowid >= {before}").fetchall()
        taken, found = _taken_again(connection, source, sql)
    base, broken = _first_row(connection, target, before), found
    _remember(connection, target, base, source, broken)
    if taken + broken.rows == 0:
        raise InputError(f"{source.name}: there is no row in it")
    bad, told = _counted(connection, source, target, base=base, broken=broken, skipped=reasons, zone_given=bool(zone))
    connection.execute(
        f"DELETE FROM {target} WHERE rowid >= {base} AND line BETWEEN {1 - _MENDED_FROM} AND -1"
    ).fetchall()
    naive = _naive_rows(connection, target, base)
    if zone and naive:
        told.append(f"{naive:,} times without an offset are taken as {zone}")
    elif naive and not always_utc:
        told.append(
            f"{naive:,} times without an offset are taken as UTC; --option timezone=Europe/Berlin says otherwise"
        )
        bad += _jumps(connection, source, target, base, broken)
    return Imported(
        format=format_name,
        grain=Grain.REQUEST,
        table=target,
        rows=taken + broken.rows,
        bad=tuple(bad),
        notes=(*notes, *told),
    )


def _taken_again(connection: DuckDBPyConnection, source: Table, sql: str) -> tuple[int, Mangled]:
    """Read a CSV file with very many lines that cannot be split; return the rows taken, and the others."""
    base = Path(str(connection.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]))
    with tempfile.TemporaryDirectory(dir=base if base.is_dir() else None) as folder:
        again, broken = split_again(source, Path(folder))
        with no_quotes(source.name):
            taken = int(connection.execute(sql.replace(source.sql, again.sql)).fetchall()[0][0])
        left = mangled(connection, again, taken=taken)
    if left is None or left.rows:
        raise InputError(f"{source.name}: it cannot be split into rows and columns")
    return taken, broken


def _zone(options: Mapping[str, str]) -> str | None:
    said = options.get("timezone")
    if said is None:
        return None
    try:
        return zoneinfo.ZoneInfo(said).key
    except (KeyError, ValueError, OSError):
        near = did_you_mean(said, zoneinfo.available_timezones())
        raise InputError(f'timezone "{said}" is not known{near}; write e.g. Europe/Berlin or UTC') from None


def _next_row(connection: DuckDBPyConnection, target: str) -> int:
    row = connection.execute(f"SELECT coalesce(max(rowid), -1) + 1 FROM {target}").fetchall()[0]
    return int(row[0])


def _first_row(connection: DuckDBPyConnection, target: str, before: int) -> int:
    """Return the number of the first row just added: numbers of rows that were left out are not used again."""
    row = connection.execute(f"SELECT min(rowid) FROM {target} WHERE rowid >= {before}").fetchall()[0]
    return before if row[0] is None else int(row[0])


def _insert(
    source: Table, target: str, raw: Mapping[str, str], skip: Sequence[str], zone: str | None, *, hashed: bool
) -> str:
    """Return the one statement that reads, checks and stores: the raw text, what it says, what is wrong with it."""
    texts = {name: raw.get(name, "NULL") for name in ("at", *_TOKENS, *_NUMBERS, *_TEXTS, "batch", "request_id", "key")}
    first = [f"({text})::VARCHAR AS {name}_text" for name, text in texts.items()]
    first.append(f"({raw.get('label_tags', 'NULL')})::VARCHAR[] AS label_tags")
    skipped = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(skip))
    first.append(f"CASE {skipped} END AS skipped" if skip else "NULL::INTEGER AS skipped")
    second = ["at_text", "cached_tokens_text", "label_tags", "skipped", f'{moment("at_text", zone=zone)} AS "at"']
    second += [f"TRY_CAST({name}_text AS BIGINT) AS {name}" for name in _TOKENS]
    second += [f"coalesce({name}_text <> '', false) AS {name}_said" for name in _TOKENS]
    second += [f"TRY_CAST({name}_text AS DOUBLE) AS {name}" for name in _NUMBERS]
    second += [f"nullif({name}_text, '') AS {name}" for name in _TEXTS if name != "model"]
    second.append(f"{_public_model('model_text')} AS model")
    second.append(f"{'left(key_text, 8)' if hashed else short_hash('key_text')} AS label_key")
    second.append("TRY_CAST(batch_text AS BOOLEAN) AS batch")
    second.append("CASE WHEN request_id_text <> '' THEN hash(request_id_text) END AS request_hash")
    unread = " OR ".join(f"({name} IS NULL AND {name}_said)" for name in _TOKENS)
    outside = f"\"at\" < TIMESTAMP '{FIRST}' OR \"at\" >= TIMESTAMP '{LAST}'"
    low = " OR ".join(f"{name} < 0" for name in _TOKENS)
    high = " OR ".join(f"{name} > {MOST_TOKENS}" for name in _TOKENS)
    has_offset = f"suffix(at_text, 'Z') OR {_has_offset('at_text')} OR TRY_CAST(at_text AS DOUBLE) IS NOT NULL"
    flags = [f"CASE WHEN {has_offset} THEN 0 ELSE {_naive_flags(zone)} END"]
    flags.append("CASE WHEN cached_tokens > prompt_tokens THEN 2 ELSE 0 END")
    flags.append(f"CASE WHEN {' OR '.join(f'{name} < 0' for name in _NUMBERS)} THEN 16 ELSE 0 END")
    total = " + ".join(flags)
    # One short test settles the good rows, that is nearly all; only what fails it goes through the list of faults.
    fine = [f"\"at\" >= TIMESTAMP '{FIRST}' AND \"at\" < TIMESTAMP '{LAST}' AND suffix(at_text, 'Z')"]
    fine.append(f"prompt_tokens BETWEEN 0 AND {MOST_TOKENS} AND output_tokens BETWEEN 0 AND {MOST_TOKENS}")
    if skip:
        fine.append("skipped IS NULL")
    if "cached_tokens" in raw:
        fine.append("(cached_tokens BETWEEN 0 AND prompt_tokens OR cached_tokens_text IS NULL)")
    fine += [f"({name} >= 0 OR {name} IS NULL)" for name in _NUMBERS if name in raw]
    line = (
        f"CASE WHEN {' AND '.join(fine)} THEN NULL WHEN skipped IS NOT NULL THEN -{_SKIPPED_FROM} - skipped "
        f'WHEN "at" IS NULL THEN -1 WHEN {outside} THEN -2 WHEN {unread} THEN -3 '
        f"WHEN prompt_tokens IS NULL AND output_tokens IS NULL THEN -4 WHEN {low} THEN -5 WHEN {high} THEN -6 "
        f"WHEN {total} > 0 THEN -{_MENDED_FROM} - ({total}) END"
    )
    positive = ", ".join(f"CASE WHEN {name} >= 0 THEN {name} END AS {name}" for name in _NUMBERS)
    return (
        f'INSERT INTO {target} BY NAME SELECT "at", 0 AS bucket_s, 1 AS requests, prompt_tokens, '
        "CASE WHEN cached_tokens > prompt_tokens THEN prompt_tokens ELSE cached_tokens END AS cached_tokens, "
        f"output_tokens, {positive}, batch, "
        f"{', '.join(_TEXTS)}, label_key, label_tags, request_hash, {quoted(source.name)} AS file, {line} AS line "
        f"FROM (SELECT {', '.join(second)} FROM (SELECT {', '.join(first)} FROM {source.sql}))"
    )


def _naive_flags(zone: str | None) -> str:
    if zone is None:
        return str(_NAIVE)
    local, name = "TRY_CAST(at_text AS TIMESTAMP)", quoted(zone)
    back = f"timezone({name}, timezone('UTC', \"at\"))"
    later = f"timezone({name}, timezone('UTC', \"at\" + INTERVAL 1 HOUR))"
    earlier = f"timezone({name}, timezone('UTC', \"at\" - INTERVAL 1 HOUR))"
    return (
        f"{_NAIVE} + CASE WHEN {back} <> {local} THEN 8 WHEN {later} = {local} OR {earlier} = {local} THEN 4 ELSE 0 END"
    )


def _counted(
    connection: DuckDBPyConnection,
    source: Table,
    target: str,
    *,
    base: int,
    broken: Mangled,
    skipped: Sequence[str],
    zone_given: bool,
) -> tuple[list[Bad], list[str]]:
    rows = connection.execute(
        f"SELECT line, count(*), min(rowid, {SHOWN}) FROM {target} WHERE rowid >= {base} GROUP BY line"
    ).fetchall()
    bad = [Bad(kind, len(records), places(source, records[:SHOWN])) for kind, records in sorted(broken.records.items())]
    told: list[str] = []
    flags: dict[int, tuple[int, list[int]]] = {}
    naive = aware = 0
    for code, number, first in rows:
        if code is not None and -_SKIPPED_FROM < code < 0:
            bad.append(Bad(_DROPPED[-code], number, places(source, _records(first, base, broken))))
        elif code is not None and -_MENDED_FROM < code < 0:
            told.append(f"{number:,} rows left out: {skipped[-code - _SKIPPED_FROM]}")
        else:
            mask = 0 if code is None else -code - _MENDED_FROM
            naive, aware = (naive + number, aware) if mask & _NAIVE else (naive, aware + number)
            for flag in (_NAIVE, *_MENDED):
                if mask & flag:
                    before, places_before = flags.get(flag, (0, []))
                    flags[flag] = (before + number, sorted([*places_before, *first])[:SHOWN])
    if naive and aware:
        number, first = flags[_NAIVE]
        zone = "the time zone given" if zone_given else "UTC"
        reason = f"times without an offset among times with one; taken as {zone}"
        bad.append(Bad(reason, number, places(source, _records(first, base, broken)), dropped=False))
    for flag, reason in _MENDED.items():
        if flag in flags:
            number, first = flags[flag]
            bad.append(Bad(reason, number, places(source, _records(first, base, broken)), dropped=False))
    return bad, sorted(told)


def _naive_rows(connection: DuckDBPyConnection, target: str, base: int) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM {target} WHERE rowid >= {base} AND line <= -{_MENDED_FROM} "
        f"AND ((-line - {_MENDED_FROM}) & {_NAIVE}) > 0"
    ).fetchall()[0]
    return int(row[0])


def _jumps(connection: DuckDBPyConnection, source: Table, target: str, base: int, broken: Mangled) -> list[Bad]:
    """Return where times that are otherwise in order go back by up to an hour: a clock that summer time ends on."""
    row = connection.execute(
        f"SELECT count(*) FILTER (step_s < 0), count(*) FILTER (step_s BETWEEN -3600 AND -2400), "
        f"min(row, {SHOWN}) FILTER (step_s BETWEEN -3600 AND -2400), count(*) FROM (SELECT rowid AS row, "
        f'(epoch_us("at") - lag(epoch_us("at")) OVER ()) / 1e6 AS step_s FROM {target} WHERE rowid >= {base})'
    ).fetchall()[0]
    if not row[1] or row[0] > row[1] + row[3] / 1000:
        return []
    reason = (
        "the clock goes back by up to an hour in times without an offset, as when summer time ends: if they are local "
        "times, give --option timezone="
    )
    return [Bad(reason, row[1], places(source, _records(row[2], base, broken)), dropped=False)]


def _records(rows: Sequence[int], base: int, broken: Mangled) -> list[int]:
    """Return the numbers of records for rows of the table: lines that could not be split come in between."""
    left_out = sorted({record for each in broken.records.values() for record in each})
    found = []
    for row in rows:
        record = row - base + 1
        for other in left_out:
            if other > record:
                break
            record += 1
        found.append(record)
    return found


def places(source: Table, records: Sequence[int]) -> tuple[str, ...]:
    """Return file and line of records, ``usage.csv:17``; a row's number where a file has no lines."""
    return tuple(f"{source.name}:{line}" for line in lines_of(source, records))


# What was read into a table, to find the places of rows again when files are compared with each other.
_READ: dict[tuple[int, str], list[tuple[int, Table, Mangled]]] = {}


def _remember(connection: DuckDBPyConnection, target: str, base: int, source: Table, broken: Mangled) -> None:
    _READ.setdefault((id(connection), target), []).append((base, source, broken))


def forget(connection: DuckDBPyConnection, target: str) -> None:
    """Forget which files were read into a table."""
    _READ.pop((id(connection), target), None)


def place_of(connection: DuckDBPyConnection, target: str, row: int) -> str | None:
    """Return file and line of a row of the table by its ``rowid``; None for a table that was filled otherwise."""
    for base, source, broken in reversed(_READ.get((id(connection), target), [])):
        if row >= base:
            return places(source, _records([row], base, broken))[0]
    return None
