"""Prices as the installed library has them, whatever was refreshed on the machine of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.pricing.tokens import forget_prices


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of refreshed price lists, which is in use during the test."""
    monkeypatch.setenv("KIT_DATA", str(tmp_path / "data"))
    forget_prices()
    yield tmp_path / "data" / "prices"
    forget_prices()
