"""LiteLLM's database, read from a real PostgreSQL that the test starts for itself."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.demand.formats.litellm import shown
from kit.demand.importing import import_usage, lines_of_report
from kit.errors import InputError
from tests.demand.test_formats_requests import DATA, LITELLM, LITELLM_COLUMNS

pytest.importorskip("adbc_driver_postgresql", reason="the extra 'postgres' is not installed")

PASSWORD = "canary-password"
TABLE = """
CREATE TABLE "LiteLLM_SpendLogs" (
    request_id TEXT PRIMARY KEY, call_type TEXT NOT NULL, api_key TEXT NOT NULL DEFAULT '',
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0, total_tokens INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL, "completionStartTime" TIMESTAMP(3),
    model TEXT NOT NULL DEFAULT '', model_id TEXT DEFAULT '', model_group TEXT DEFAULT '',
    custom_llm_provider TEXT DEFAULT '', api_base TEXT DEFAULT '', "user" TEXT DEFAULT '',
    metadata JSONB DEFAULT '{}', cache_hit TEXT DEFAULT '', cache_key TEXT DEFAULT '',
    request_tags JSONB DEFAULT '[]', team_id TEXT, end_user TEXT, requester_ip_address TEXT,
    messages JSONB DEFAULT '{}', response JSONB DEFAULT '{}', status TEXT);
"""


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs: Debian keeps them out of the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a cluster in a temporary folder, as another user where root runs the tests; return host and port."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    user: dict[str, int] = {}
    folder = Path(tempfile.mkdtemp(prefix="kit-postgres-"))
    if os.geteuid() == 0:
        other = pwd.getpwnam("postgres")  # PostgreSQL refuses to run as root
        user = {"user": other.pw_uid, "group": other.pw_gid}
        os.chown(folder, other.pw_uid, other.pw_gid)
    secret, data = folder / "password", folder / "data"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    make = [programs / "initdb", "-D", data, "-U", "kit", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
    subprocess.run([*make, "--no-sync"], check=True, capture_output=True, cwd=folder, **user)
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "-w"]
    log = ["-l", folder / "log"]
    subprocess.run([*control, *log, "-o", options, "start"], check=True, capture_output=True, cwd=folder, **user)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder, **user)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def url(server) -> str:
    """Fill LiteLLM's table with the rows of the CSV file; return the database's URL."""
    import adbc_driver_postgresql.dbapi as postgres
    import duckdb

    address = f"postgresql://kit:{PASSWORD}@{server}/postgres"
    rows = duckdb.connect().execute(f"SELECT * FROM read_csv('{DATA / 'litellm.csv'}', header=true, all_varchar=true)")
    names = [column[0] for column in rows.description]
    with postgres.connect(address) as database, database.cursor() as cursor:
        cursor.execute(TABLE)
        for row in rows.fetchall():
            values = ", ".join("NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in row)
            columns = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f'INSERT INTO "LiteLLM_SpendLogs" ({columns}) VALUES ({values})')
        database.commit()
    return address


def test_database_gives_what_the_file_gives(url):
    """Rows read from PostgreSQL equal those of the CSV export, hashes of keys too."""
    picked = ", ".join(f'"{column}"' for column in f"{LITELLM_COLUMNS} label_key".split())
    with import_usage([url]) as usage, import_usage([DATA / "litellm.csv"]) as file:
        found, expected = (
            one.connection.execute(f'SELECT {picked} FROM {one.table} ORDER BY "at"').fetchall()
            for one in (usage, file)
        )
        assert [row[:-1] for row in found] == LITELLM
        assert found == expected
        assert usage.files[0].notes == file.files[0].notes


def test_request_in_database_and_file_counts_once(url):
    """A request that stands in the database and in an export is counted once."""
    with import_usage([url, DATA / "litellm.csv"]) as usage:
        assert (usage.rows, usage.duplicates) == (3, 3)
        assert usage.duplicates_first[0] == "litellm.csv:2"


def test_bounds_are_kept(url):
    """``since`` and ``until`` bound what is read; the end is left out."""
    options = {"since": "2026-03-02 09:30", "until": "2026-03-02 10:15"}
    with import_usage([url], options=options) as usage:
        assert usage.connection.execute("SELECT prompt_tokens FROM usage").fetchall() == [(300,)]


def test_nothing_private_leaves_the_database(url):
    """Neither the password nor what people wrote is in the rows, the report or the name."""
    with import_usage([url]) as usage:
        told = "\n".join(lines_of_report(usage)) + repr(usage)
        told += str(usage.connection.execute("SELECT * FROM kit_rows").fetchall())
    assert "canary" not in told
    assert shown(url) == "postgresql://127.0.0.1/postgres"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("canary-password", "canary-wrong"), "password is wrong"),
        (("/postgres", "/nosuch"), "no such database"),
        (("/postgres", "/template1"), 'no table "LiteLLM_SpendLogs"'),
        (("@127.0.0.1:", "@127.0.0.1:1/postgres?application_name="), "nothing answers there|does not answer"),
    ],
)
def test_database_that_cannot_be_read_is_named_without_its_password(url, change, said):
    """A wrong password, a missing database or table and a dead server are named; the password is not repeated."""
    with pytest.raises(InputError, match=said) as error:
        import_usage([url.replace(*change)])
    assert "canary" not in str(error.value)
    assert "canary" not in "".join(traceback.format_exception(error.value))
