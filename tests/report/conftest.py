"""One verdict of the example, decided once for all tests of the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.report.audit import Audit, save_records
from kit.strategy.verdict import Verdict
from tests.report.reading import write_as


@pytest.fixture(scope="session")
def audit(insurer: Audit, insurer_verdict: Verdict) -> Audit:
    """The example's audit, with its records and its verdict in its folder."""
    save_records(insurer)
    insurer_verdict.write(insurer.folder / "verdict.json")
    return insurer


@pytest.fixture(scope="session")
def verdict(audit: Audit) -> Verdict:
    """The example's verdict, read back from its file."""
    return Verdict.read(audit.folder / "verdict.json")


@pytest.fixture(scope="session")
def html(verdict: Verdict, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example's HTML."""
    return write_as(verdict, tmp_path_factory.mktemp("html") / "verdict.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pdf(verdict: Verdict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's PDF."""
    return write_as(verdict, tmp_path_factory.mktemp("pdf") / "verdict.pdf")
