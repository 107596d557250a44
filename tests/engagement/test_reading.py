"""A mistake in engagement.yaml is named with file, line, what is allowed and the nearest match."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.engagement import read_engagement
from kit.errors import InputError
from kit.record import Basis
from tests.conftest import SMALL


def spoil(path, old: str, new: str):
    """Replace one piece of the small engagement."""
    assert SMALL.count(old) == 1
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    return path


def message(path) -> str:
    with pytest.raises(InputError) as caught:
        read_engagement(path)
    return str(caught.value)


def test_a_bare_number_is_quoted_by_the_file_on_its_date(engagement_file):
    """A bare number is the client's statement: basis quoted, the file as its source, the engagement's date."""
    requests = read_engagement(engagement_file).workloads[0].requests_per_day
    assert (requests.value, requests.basis, requests.date) == (1000, Basis.QUOTED, dt.date(2026, 11, 22))
    assert "engagement.yaml" in requests.source


def test_a_figure_keeps_its_own_basis(engagement_file):
    """A figure may state its own basis, source and date."""
    stated = "{value: 900, basis: measured, source: gateway log, date: 2026-10-01}"
    said = read_engagement(spoil(engagement_file, "requests_per_day: 1000", f"requests_per_day: {stated}"))
    requests = said.workloads[0].requests_per_day
    assert (requests.value, requests.basis, requests.source) == (900, Basis.MEASURED, "gateway log")
    assert requests.date == dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("requests_per_day", "request_per_day", 5, ["unknown key", 'did you mean "requests_per_day"?', "allowed here"]),
        ("data_class: internal", "data_class: internl", 8, ["'internl'", 'did you mean "internal"?', "health"]),
        (
            "prompt_tokens: 500",
            "prompt_tokens: 500 tokens",
            6,
            ["'500 tokens' is not a number", "its unit is in the name"],
        ),
        ("prompt_tokens: 500", "prompt_tokens: -5", 6, ["-5 is not allowed", "greater than 0"]),
        ("prompt_tokens: 500", "prompt_tokens: yes", 6, ["prompt_tokens"]),
        ("tenure: own", "tenure: owned", 14, ["'owned'", 'did you mean "own"?']),
        ("tenure: own", "tenure: rented", 14, ["a rented GPU needs the provider's name"]),
        ("date: 2026-11-22", "date: yesterday", 2, ["date"]),
        ("    prompt_tokens: 500\n", "", 4, ["prompt_tokens", "missing"]),
        ("client: Small Client", "client: Small Client\ncurrency: EUR", 1, ["usd_per_unit", "currency is EUR"]),
        ("client: Small Client", "client: Small Client\nregulations: [HIPPA]", 2, ["'HIPPA'", 'did you mean "HIPAA"?']),
        ("data_class: internal", "data_class: internal\n    regulations: [DORA, GPDR]", 9, ["'GPDR'", '"GDPR"?']),
        ("at_least: 30", "atleast: 30", 9, ["unknown key", 'did you mean "at_least"?']),
    ],
)
def test_a_mistake_is_named_with_its_place(engagement_file, old, new, line, words):
    """The message has the file, the line, what was given, what is allowed and the nearest match."""
    text = message(spoil(engagement_file, old, new))
    assert f"engagement.yaml:{line}:" in text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("client: [unclosed", "not valid YAML"),
        ("- a\n- list\n", "an engagement is a mapping"),
        ("client: A\nclient: B\n", "duplicate key"),
        ("", "an engagement is a mapping"),
    ],
)
def test_what_is_no_engagement_at_all_is_said(tmp_path, content, words):
    """Broken YAML, a list, a double key and an empty file are named as such."""
    path = tmp_path / "engagement.yaml"
    path.write_text(content, encoding="utf-8")
    assert words in message(path)


def test_a_missing_or_binary_file_is_said(tmp_path):
    """A file that is not there, or is not text, is named."""
    assert "no such file" in message(tmp_path / "nothing.yaml")
    path = tmp_path / "engagement.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read as text" in message(path)


def test_two_workloads_of_one_name_are_refused(engagement_file):
    """Names of workloads differ, or the verdict could not be read."""
    twice = SMALL.replace("models:", SMALL[SMALL.index("  - name") : SMALL.index("models:")] + "models:")
    engagement_file.write_text(twice, encoding="utf-8")
    assert "two workloads are called 'Chat'" in message(engagement_file)
