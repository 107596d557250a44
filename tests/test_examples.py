"""The whole way, as a user goes it, with every road out of the machine blocked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import nbformat
import pytest

from kit.demand import Demand
from kit.pricing.pricebook import PriceBook
from kit.report.schemas import record_type

NO_NETWORK = """
import socket

_connect = socket.socket.connect


def _only_loopback(self, address):
    internet = self.family in (socket.AF_INET, socket.AF_INET6)
    if internet and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise OSError(f"the network is cut: {address}")
    return _connect(self, address)


socket.socket.connect = _only_loopback
"""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """What `kit verdict insurer --no-measure` leaves where nothing outside the machine can be reached."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    command = [sys.executable, "-m", "kit", "verdict", "insurer", "--no-measure", "--out", str(folder / "out")]
    path = os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return folder / "out" / "insurer", done


def test_the_blockade_works(tmp_path):
    """The test's own blockade refuses an address outside the machine: it could fail."""
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "the network is cut" in done.stderr


def test_everything_is_delivered_and_named(delivered):
    """The folder holds the documents, the records and five executed notebooks, and the terminal names them."""
    folder, done = delivered
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    printed = " ".join(done.stdout.split())
    assert verdict["sentence"] in printed
    for name in ("verdict.html", "verdict.pdf", "verdict.json"):
        assert (folder / name).stat().st_size > 1000
        assert name in done.stdout
    assert sorted(path.name for path in (folder / "notebooks").glob("*.ipynb")) == [
        "1_hardware.ipynb",
        "2_throughput.ipynb",
        "3_demand.ipynb",
        "4_costs.ipynb",
        "5_verdict.ipynb",
    ]
    assert not list(folder.rglob("*.tmp"))


def test_verdict_json_is_what_the_schema_says(delivered):
    """verdict.json validates against `kit schema verdict`."""
    folder, _ = delivered
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    jsonschema.validate(verdict, record_type("verdict").json_schema())


def test_the_other_records_can_be_read_again(delivered):
    """The demand and the price book beside the verdict are whole records."""
    folder, _ = delivered
    assert len(Demand.read(folder / "demand.parquet").workloads) == 5
    assert PriceBook.read(folder / "prices.json").requests


def test_notebooks_ran_and_show_pictures(delivered):
    """Every notebook ran to its end and shows at least one picture or table; none needs JavaScript."""
    folder, _ = delivered
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
        assert not [output for output in outputs if output.output_type == "error"], path.name
        kinds = {kind for output in outputs for kind in output.get("data", {})}
        assert kinds & {"image/svg+xml", "text/html"}, path.name
        assert "application/javascript" not in kinds
