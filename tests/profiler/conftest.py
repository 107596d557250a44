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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test of this folder the machine to itself, and let it begin again, twice at the most.

    They play clients and servers in real seconds, and the machine may stand still for some of them because of others.
    What is wrong fails three times.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))
            item.add_marker(pytest.mark.clock)
