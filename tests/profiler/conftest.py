"""What the profiler's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.profiler.weights import write_random_model


@pytest.fixture(scope="session")
def weights_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folders of this test run, the tiny one written already."""
    folder = tmp_path_factory.mktemp("weights")
    write_random_model("tiny", weights_dir=folder)
    return folder
