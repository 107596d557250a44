"""What several tests share: the example's records, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.report.audit import Audit, open_audit


@pytest.fixture(scope="session", autouse=True)
def no_refreshed_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prices that somebody refreshed on this machine are not the tests' business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIT_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def insurer(tmp_path_factory) -> Audit:
    """The example insurer's records, with the profiles that travel with the kit."""
    return open_audit("insurer", out=tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="session")
def insurer_verdict(insurer):
    """The example insurer's verdict."""
    return insurer.verdict


@pytest.fixture
def engagement_file(tmp_path) -> Path:
    """A small valid engagement that a test may spoil."""
    path = tmp_path / "engagement.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


SMALL = """\
client: Small Client
date: 2026-11-22
workloads:
  - name: Chat
    requests_per_day: 1000
    prompt_tokens: 500
    output_tokens: 100
    data_class: internal
    quality: {benchmark: GPQA Diamond, at_least: 30}
models: [Llama-3.1-8B-Instruct]
api_offers:
  - {provider: openai, model: gpt-5-mini}
gpu_offers:
  - {accelerator: H100 SXM, tenure: own}
"""
