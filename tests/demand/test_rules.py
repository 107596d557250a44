"""Rules that assign rows to workloads."""

from __future__ import annotations

import hashlib

import pytest

from kit.demand.importing import import_usage
from kit.demand.rules import Rule, parse_rule
from kit.errors import InputError

ROWS = """\
time,id,model,prompt_tokens,output_tokens,team,key,tags,path
2026-03-02T09:00:00Z,1,gpt-4o,100,1,sales,sk-one,mail;prod,/v1/chat
2026-03-02T09:00:00Z,2,GPT-4o-mini,200,1,sales,sk-two,,/v1/chat
2026-03-02T09:00:00Z,3,claude,400,1,legal,sk-two,prod,/v1/embeddings
2026-03-02T09:00:00Z,4,claude,800,1,,,,
"""


@pytest.fixture
def taken(tmp_path):
    """Return what rules take: the prompt tokens of each workload, which name the rows as powers of two."""
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)

    def by(*rules: str) -> dict[str | None, int]:
        with import_usage([path], rules=[parse_rule(one) for one in rules]) as usage:
            sql = f"SELECT workload, sum(prompt_tokens) // 100 FROM {usage.table} GROUP BY workload"
            return {name: int(number) for name, number in usage.connection.execute(sql).fetchall()}

    return by


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("A=model:gpt-4o", 1),
        ("A=model:gpt-4o*", 3),
        ("A=group:LEGAL", 4),
        ("A=tag:prod", 5),
        ("A=tag:pro*", 5),
        ("A=path:/v1/*", 7),
        ("A=group:sales,tag:mail", 1),
        ("A=key:sk-two", 6),
        (f"A=key:{hashlib.sha256(b'sk-two').hexdigest()[:8]}", 6),
        ("A=*", 15),
    ],
)
def test_rule_takes_its_rows(taken, rule, rows):
    """A rule takes rows by key, tag, model, group or path; the rest is not assigned."""
    found = taken(rule)
    assert found["A"] == rows
    assert found.get(None, 0) == 15 - rows


def test_first_rule_that_fits_counts(taken):
    """Rules are tried in their order."""
    assert taken("Prod=tag:prod", "Rest=*") == {"Prod": 5, "Rest": 10}


def test_key_is_told_by_the_key_behind_a_hash(tmp_path):
    """Where the export holds a key's SHA-256, a rule may still give the key."""
    path = tmp_path / "rows.csv"
    path.write_text(ROWS.replace("sk-one", hashlib.sha256(b"sk-one").hexdigest()))
    with import_usage([path], rules=[parse_rule("A=key:sk-one")]) as usage:
        assert usage.connection.execute("SELECT prompt_tokens FROM usage WHERE workload = 'A'").fetchall() == [(100,)]


def test_key_is_not_kept():
    """A rule holds a key's hash, not the key."""
    assert "sk-secret" not in repr(parse_rule("A=key:sk-secret"))
    assert parse_rule("A=*") == Rule("A", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Chat", "NAME=RULE"),
        ("=model:x", "NAME=RULE"),
        ("Chat=modle:x", 'did you mean "model"'),
        ("Chat=model:", "no pattern"),
        ("Chat=gpt-4o", "group, key, model, path or tag"),
    ],
)
def test_rule_that_is_none_is_refused(text, said):
    """A rule that cannot be understood is named with what is allowed."""
    with pytest.raises(InputError, match=said):
        parse_rule(text)


def test_message_about_a_rule_quotes_no_key():
    """A key that was written without ``key:`` is not repeated in the message."""
    with pytest.raises(InputError) as error:
        parse_rule("Chat=sk-canary-key")
    assert "canary" not in str(error.value)
