"""FOCUS: the FinOps Foundation's common form of cloud bills, 1.0 to 1.4, as CSV or Parquet.

Such exports can be large, so that everything is done in DuckDB. Names of resources, accounts and tags are not read,
but for the one tag ``model`` that gateways write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.demand.formats import _bucketed as common
from kit.demand.usage import COLUMNS, Bad, Grain, Imported
from kit.errors import InputError, one_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "focus"
TITLE = "FOCUS cost export (CSV, Parquet)"
GRAIN = Grain.MONEY

_NEEDED = ("BilledCost", "ChargePeriodStart", "ChargePeriodEnd")
_READ = (
    *_NEEDED,
    "EffectiveCost",
    "BillingCurrency",
    "BillingAccountId",
    "BillingAccountType",
    "SubAccountId",
    "ResourceId",
    "ServiceName",
    "ServiceCategory",
    "ServiceSubcategory",
    "ChargeCategory",
    "ChargeDescription",
    "SkuId",
    "SkuMeter",
    "x_SkuMeterName",
    "ConsumedQuantity",
    "ConsumedUnit",
    "Tags",
)
_COSTS = {"billed": "BilledCost", "effective": "EffectiveCost"}
_AI = (
    r"openai|bedrock|anthropic|claude|gemini|vertex|generative|cognitive|ai foundry|ai services|machine learning|"
    r"sagemaker|mistral|cohere|language model|\bllm\b|\bgpt"
)
_RAW, _DONE = "_focus_raw", "_focus_done"
_BAD = (
    ("no period of charge", True),
    ("a period that does not end after it starts", True),
    ("no billed cost", True),
    ("a charge of another service than AI", True),
    ("another currency without a rate (option usd_per_…): its money is left out", False),
    ("negative amount (a credit or a correction), kept", False),
    ("negative quantity of tokens: left out, the money kept", False),
    ("tokens of a kind that the SKU does not say: left out, the money kept", False),
)


def detect(head: bytes, name: str) -> bool:
    """Tell whether a file is a FOCUS export.

    Args:
        head: first bytes of the file, decompressed. Parquet names its columns at its end.
        name: of the file; Parquet is taken where it has ``focus`` in it.
    """
    if head.startswith(b"PAR1"):
        return "focus" in name.lower() or b"ChargePeriodStart" in head
    return common.is_csv(head, "billedcost", "chargeperiodstart")


def read(connection: DuckDBPyConnection, path: Path, table: str, *, options: Mapping[str, str]) -> Imported:
    """Append the charges of AI services to a table of usage.

    Args:
        connection: of DuckDB.
        path: the file.
        table: an existing table of usage.
        options: ``cost``: ``billed`` (what the invoice says; the default) or ``effective`` (prepaid money spread over
            its use); ``services``: names of services to take, with commas, instead of all that look like AI;
            ``usd_per_eur`` and the like, for charges in another currency.

    Raises:
        InputError: the file cannot be read, lacks a column that FOCUS prescribes, or an option is unknown.
    """
    import duckdb

    cost = _COSTS.get(options.get("cost", "billed"))
    if cost is None:
        raise InputError(f"cost: must be {one_of(_COSTS)}")
    try:
        rejected = _load(connection, path)
        _digest(connection, cost, options)
        imported = _store(connection, path, table, rejected)
    except duckdb.Error as error:
        # DuckDB quotes the row in its message, and rows hold names.
        raise InputError(f"{path.name}: cannot be read as CSV or Parquet ({type(error).__name__})") from None
    finally:
        for name in (_RAW, _DONE, "_focus_scan", "_focus_error"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
    return imported


def _load(connection: DuckDBPyConnection, path: Path) -> list[int]:
    """Load the columns of interest as text; return the lines that could not be read."""
    name = str(path).replace("'", "''")
    parquet = path.name.lower().endswith((".parquet", ".pq")) or _is_parquet(path)
    source = (
        f"read_parquet('{name}')"
        if parquet
        else f"read_csv('{name}', all_varchar=true, header=true, sample_size=-1, store_rejects=true, "
        "rejects_scan='_focus_scan', rejects_table='_focus_error', rejects_limit=0)"
    )
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    kinds = {str(column).lower(): (str(column), str(kind)) for column, kind, *_ in described}
    missing = [column for column in _NEEDED if column.lower() not in kinds]
    if missing:
        raise InputError(f"{path.name}: no column {missing[0]}: not a FOCUS export")
    chosen = ", ".join(_as_text(column, kinds.get(column.lower())) for column in _READ)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_RAW} AS SELECT {chosen} FROM {source}")
    if parquet:
        return []
    lines = connection.execute("SELECT DISTINCT line FROM _focus_error ORDER BY line").fetchall()
    return [int(line) for (line,) in lines]


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError:
        raise InputError(f"{path.name}: cannot be read") from None


def _as_text(column: str, found: tuple[str, str] | None) -> str:
    if found is None:
        return f"NULL::VARCHAR AS {column}"
    quoted = '"' + found[0].replace('"', '""') + '"'
    if column == "Tags":
        whole = f"to_json({quoted})::VARCHAR" if found[1] != "VARCHAR" else quoted
        # Of all tags only the model is ever kept.
        return f"CASE WHEN json_valid({whole}) THEN json_extract_string({whole}, '$.model') END AS Tags"
    text = f"{quoted}::TIMESTAMPTZ AT TIME ZONE 'UTC'" if "TIME ZONE" in found[1] else quoted
    return f"nullif(trim(({text})::VARCHAR), '') AS {column}"


def _digest(connection: DuckDBPyConnection, cost: str, options: Mapping[str, str]) -> None:
    services = [name.strip().lower() for name in options.get("services", "").split(",") if name.strip()]
    currencies = connection.execute(f"SELECT DISTINCT upper(BillingCurrency) FROM {_RAW}").fetchall()
    codes = [str(code) for (code,) in currencies if code and str(code).isalpha()]
    rates = {code: float(common.rate_of(code.lower(), options) or 0) for code in codes} | {"USD": 1.0}
    rate = " ".join(f"WHEN '{code}' THEN {value!r}" for code, value in rates.items() if value)
    looks = "concat_ws(' ', ServiceName, ServiceCategory, ServiceSubcategory)"
    wanted = "list_contains($services, lower(ServiceName))" if services else f"regexp_matches(lower({looks}), $pattern)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_DONE} AS
        WITH numbered AS (SELECT *, row_number() OVER () + 1 AS line FROM {_RAW}),
        parsed AS (
            SELECT *,
                {_moment("ChargePeriodStart")} AS beginning,
                {_moment("ChargePeriodEnd")} AS ending,
                TRY_CAST({cost} AS DOUBLE) AS amount,
                CASE upper(coalesce(BillingCurrency, 'USD')) {rate} END AS rate,
                {wanted} AS wanted,
                coalesce(Tags, SkuMeter, x_SkuMeterName, SkuId) AS named,
                lower(concat_ws(' ', SkuMeter, x_SkuMeterName, SkuId, ChargeDescription)) AS sku,
                regexp_extract(lower(coalesce(ConsumedUnit, '')), '^([0-9.]*)\\s*([km]?)\\s*tokens?$',
                    ['number', 'prefix']) AS unit,
                regexp_matches(lower(coalesce(ConsumedUnit, '')), '^[0-9.]*\\s*[km]?\\s*tokens?$') AS in_tokens,
                TRY_CAST(ConsumedQuantity AS DOUBLE) AS quantity,
                coalesce(lower(BillingAccountType), '') = 'api key' AS of_a_gateway
            FROM numbered
        ),
        counted AS (
            SELECT *,
                CASE WHEN in_tokens AND quantity >= 0 THEN
                    TRY_CAST(round(quantity * coalesce(TRY_CAST(nullif(unit.number, '') AS DOUBLE), 1)
                        * CASE unit.prefix WHEN 'k' THEN 1000 WHEN 'm' THEN 1000000 ELSE 1 END) AS BIGINT)
                END AS tokens,
                CASE
                    WHEN regexp_matches(sku, '\\b(output|outp|opt|completion|generated)') THEN 'output'
                    WHEN regexp_matches(sku, 'cache?d?\\b.{{0,12}}\\b(write|creation)|cache-?write') THEN 'cache write'
                    WHEN regexp_matches(sku, '\\bcach|\\bcchd') THEN 'cached input'
                    WHEN regexp_matches(sku, '\\b(input|inp|prompt)') THEN 'input'
                END AS kind
            FROM parsed
        )
        SELECT *,
            CASE
                WHEN beginning IS NULL OR ending IS NULL THEN '{_BAD[0][0]}'
                WHEN ending <= beginning THEN '{_BAD[1][0]}'
                WHEN amount IS NULL OR NOT isfinite(amount) THEN '{_BAD[2][0]}'
                WHEN NOT coalesce(wanted, false) THEN '{_BAD[3][0]}'
            END AS out_because
        FROM counted
        """,
        {"services": services} if services else {"pattern": _AI},
    )


def _moment(column: str) -> str:
    """Return SQL for a moment in UTC; without an offset a time is taken as UTC."""
    zoned = f"regexp_matches({column}, '(Z|[+-][0-9][0-9]:?[0-9]*)$') AND length({column}) > 10"
    return (
        f"CASE WHEN {zoned} THEN TRY_CAST({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
        f"ELSE TRY_CAST({column} AS TIMESTAMP) END"
    )


def _store(connection: DuckDBPyConnection, path: Path, table: str, rejected: list[int]) -> Imported:
    connection.execute(
        f"""
        INSERT INTO {table} BY NAME
        SELECT {", ".join(_CELLS.get(column, "NULL") + f' AS "{column}"' for column in COLUMNS)}
        FROM {_DONE} WHERE out_because IS NULL ORDER BY line
        """,
        {"file": path.name},
    )
    bad = [_bad(connection, path, *reason) for reason in _BAD]
    if rejected:
        first = tuple(f"{path.name}:{line}" for line in rejected[:3])
        bad.append(Bad("not a row of CSV", len(rejected), first))
    total = connection.execute(f"SELECT count(*) FROM {_RAW}").fetchone()
    rows = (int(total[0]) if total else 0) + len(rejected)
    return Imported(
        NAME, GRAIN, table, rows, tuple(item for item in bad if item is not None), tuple(_notes(connection))
    )


_CELLS = {
    "at": "beginning",
    "bucket_s": "epoch(ending) - epoch(beginning)",
    "prompt_tokens": "CASE WHEN kind IN ('input', 'cached input', 'cache write') THEN tokens END",
    "cached_tokens": "CASE kind WHEN 'cached input' THEN tokens WHEN 'input' THEN 0 * tokens "
    "WHEN 'cache write' THEN 0 * tokens END",
    "output_tokens": "CASE WHEN kind = 'output' THEN tokens END",
    "requests": "CASE WHEN lower(ConsumedUnit) IN ('requests', 'request') AND NOT of_a_gateway AND quantity >= 0 "
    "THEN quantity END",
    "cost_usd": "amount * rate",
    "batch": "CASE WHEN regexp_matches(sku, '\\bbatch') THEN true END",
    # As common.public_model: no suffix of a fine-tuned model, no path.
    "model": "CASE WHEN named LIKE 'ft:%' THEN concat_ws(':', 'ft', split_part(named, ':', 2)) "
    "WHEN regexp_matches(named, '^([/~]|[.]/)') THEN regexp_extract(named, '[^/]+/*$') ELSE named END",
    "label_key": "left(sha256(CASE WHEN of_a_gateway THEN BillingAccountId ELSE ResourceId END), 8)",
    "label_group": "left(sha256(SubAccountId), 8)",
    # A gateway writes its customers' own names for groups of models there.
    "label_path": "CASE WHEN of_a_gateway THEN 'gateway' ELSE ServiceName END",
    "label_tags": "CASE WHEN lower(ChargeCategory) IN ('usage', 'purchase', 'tax', 'credit', 'adjustment') "
    "THEN ['charge=' || lower(ChargeCategory)] ELSE [] END",
    "file": "$file",
    "line": "line",
}


def _bad(connection: DuckDBPyConnection, path: Path, reason: str, dropped: bool) -> Bad | None:
    taken = "out_because IS NULL AND "
    where = {
        _BAD[4][0]: taken + "rate IS NULL",
        _BAD[5][0]: taken + "amount < 0",
        _BAD[6][0]: taken + "in_tokens AND quantity < 0",
        _BAD[7][0]: taken + "tokens > 0 AND kind IS NULL",
    }.get(reason, f"out_because = '{reason}'")
    found = connection.execute(f"SELECT count(*), min(line, 3) FROM {_DONE} WHERE {where}").fetchone()
    if not found or not found[0]:
        return None
    return Bad(reason, int(found[0]), tuple(f"{path.name}:{line}" for line in found[1]), dropped)


def _notes(connection: DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        f"""
        SELECT max(epoch(ending) - epoch(beginning)), bool_or(of_a_gateway), count(tokens), count(*),
            sum(TRY_CAST(BilledCost AS DOUBLE) * rate), sum(TRY_CAST(EffectiveCost AS DOUBLE) * rate)
        FROM {_DONE} WHERE out_because IS NULL
        """
    ).fetchone()
    notes = ["charges: money, and tokens only where the export gives quantities"]
    if not found or not found[3]:
        return [*notes, "no charge of an AI service"]
    longest, gateway, with_tokens, charges, billed, effective = found
    if longest >= common.DAY_S:
        notes.append(common.DAILY)
    if gateway:
        notes.append("a gateway's export: it counts 1 for each day and key, so that requests are not known")
    if not with_tokens:
        notes.append("no quantities of tokens in it")
    if effective is not None and billed is not None and abs(billed - effective) > 0.005:
        notes.append(f"billed {billed:.2f} USD, effective {effective:.2f} USD: prepaid money makes the difference")
    charge = ", ".join(_READ)
    twice = connection.execute(
        f"SELECT coalesce(sum(times - 1), 0) FROM (SELECT count(*) AS times FROM {_DONE} "
        f"WHERE out_because IS NULL GROUP BY {charge})"
    ).fetchone()
    if twice and twice[0]:
        notes.append(f"{int(twice[0])} of {charges} charges are the same as others in all that was read; all are kept")
    return notes
