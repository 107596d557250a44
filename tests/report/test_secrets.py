"""Keys and passwords do not stand in what is written; everything else stays as it is."""

from __future__ import annotations

import pytest

from kit.report.secrets import REMOVED, without_secrets, without_secrets_in

LETTERS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.mark.parametrize(
    "secret",
    [
        f"sk-{LETTERS}",
        f"sk-ant-api03-{LETTERS}-x_Y",
        "AKIA" + "ABCD" * 4,
        f"hf_{LETTERS}",
        f"ghp_{LETTERS}",
        f"github_pat_{LETTERS}",
        f"AIza{LETTERS}",
        "xoxb-1234-5678-abcd",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_key_is_removed(secret):
    """Of the usual providers, wherever it stands."""
    assert without_secrets(f'before "{secret}" after') == f'before "{REMOVED}" after'


def test_what_goes_with_a_key_stays():
    """The scheme of an authorisation, and the host of an address."""
    assert without_secrets("Authorization: Bearer abc.def-ghi_123") == f"Authorization: Bearer {REMOVED}"
    assert without_secrets("postgres://me:pass@host:5432/db") == f"postgres://{REMOVED}@host:5432/db"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "client_secret", "DB_PASSWORD", "AWS_CREDENTIALS"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain-0123456789", "plain-0123456789"),
        ("a<b&c-0123456789", "a&lt;b&amp;c-0123456789"),
        ("a/b c-0123456789", "a%2Fb%20c-0123456789"),
        ("a\\b-0123456789", "a\\\\b-0123456789"),
    ],
)
def test_what_the_environment_holds_under_such_names_is_removed(monkeypatch, name, value, shown):
    """As it is, in HTML, in an address, and as Python prints it."""
    monkeypatch.setenv(name, value)
    assert without_secrets(f"({value}) ({shown})") == f"({REMOVED}) ({REMOVED})"


def test_what_is_no_secret_stays(monkeypatch):
    """Short switches, other variables, and words that only begin like a key."""
    monkeypatch.setenv("TOKENIZERS_TOKEN", "false")
    monkeypatch.setenv("SOMEWHERE", "a-long-value-of-no-interest")
    text = "false; a-long-value-of-no-interest; risk-free-of-charge-and-more; task-0123456789abcdefghij; 12:30 @ https://x/y"
    assert without_secrets(text) == text


def test_a_tree_is_cleaned_everywhere(monkeypatch):
    """Keys of mappings, lists, and nothing that is no text."""
    monkeypatch.setenv("A_KEY", "0123456789")
    tree = {"0123456789": ["x 0123456789", 3, None, {"a": True}]}
    assert without_secrets_in(tree) == {REMOVED: [f"x {REMOVED}", 3, None, {"a": True}]}
