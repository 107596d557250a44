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

from kit.data import folder as data_folder
from kit.demand import Demand
from kit.engagement.reading import read_engagement
from kit.engagement.record import Place
from kit.pricing.pricebook import PriceBook
from kit.report.audit import decide_audit, open_audit
from kit.report.demand import import_demand
from kit.report.schemas import record_type
from kit.strategy.verdict import Certainty, StrategyKind, Verdict

EXAMPLES = data_folder("examples")
IMPORTS = {
    "hospital": (["DRG coding=*"], "Europe/Berlin"),
    "startup": (["Contract questions=path:contracts", "Code suggestions=path:code"], "America/New_York"),
}
"""Rules and time zone with which SOURCES.md says that each example's log was imported."""

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


def decided(name: str, out: Path) -> Verdict:
    """Return the verdict of an example."""
    return decide_audit(open_audit(name, out=out))


@pytest.fixture(scope="session")
def hospital_verdict(tmp_path_factory) -> Verdict:
    """The verdict of the client that has to stay air-gapped."""
    return decided("hospital", tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="session")
def startup_verdict(tmp_path_factory) -> Verdict:
    """The verdict of the client that should stay in the cloud."""
    return decided("startup", tmp_path_factory.mktemp("startup"))


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


@pytest.mark.parametrize("name", ["insurer", "hospital", "startup"])
def test_every_example_is_a_valid_engagement_and_says_that_it_is_invented(name):
    """Each example's engagement reads without a mistake and says in its first lines that its figures are invented."""
    path = EXAMPLES / name / "engagement.yaml"
    assert len(read_engagement(path).workloads) >= 4
    head = path.read_text(encoding="utf-8").splitlines()[:4]
    assert all(line.startswith("#") for line in head[:2])
    assert "invented" in " ".join(head)


@pytest.mark.parametrize("name", ["hospital", "startup"])
def test_what_comes_from_a_public_trace_says_from_which_and_under_which_licence(name):
    """SOURCES.md names every file of data in its folder, the repository, its commit and its licence; all is small."""
    folder = EXAMPLES / name
    said = (folder / "SOURCES.md").read_text(encoding="utf-8")
    data = [path.name for path in folder.iterdir() if path.suffix in {".csv", ".gz", ".parquet"}]
    assert len(data) >= 2
    for file in data:
        assert f"`{file}`" in said
    assert "https://github.com/Azure/AzurePublicDataset" in said
    assert "b469a11" in said
    assert "CC BY 4.0" in said
    if name == "startup":
        assert "https://github.com/kvcache-ai/Mooncake" in said
        assert "3b5a594" in said
        assert "Apache-2.0" in said
    # A picture of the verdict may lie there too; it is no data.
    assert sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".png") < 400_000


@pytest.mark.parametrize("name", ["hospital", "startup"])
def test_the_carried_demand_is_what_the_importer_makes_of_the_carried_log(name, tmp_path):
    """demand.parquet is what `kit demand import` makes of the log beside it, as SOURCES.md says."""
    rules, timezone = IMPORTS[name]
    (log,) = (EXAMPLES / name).glob("*_log.csv.gz")
    made = import_demand([str(log)], out=tmp_path / "demand.parquet", rules=rules, timezone=timezone)
    carried = Demand.read(EXAMPLES / name / "demand.parquet")
    assert [item.workload for item in made.workloads] == [item.workload for item in carried.workloads]
    for again, known in zip(made.workloads, carried.workloads, strict=True):
        assert again.requests_per_hour == pytest.approx(known.requests_per_hour)
        assert again.prompt_tokens.value == pytest.approx(known.prompt_tokens.value)
        assert again.cached_tokens.value == pytest.approx(known.cached_tokens.value)
        assert again.minute_rate_cv is not None
        assert known.minute_rate_cv is not None
        assert again.minute_rate_cv.value == pytest.approx(known.minute_rate_cv.value)
    said = " ".join((EXAMPLES / name / "SOURCES.md").read_text(encoding="utf-8").split())
    assert f"--timezone {timezone}" in said
    for rule in rules:
        assert f"--workload '{rule}'" in said


def test_the_logs_keep_what_their_traces_were_measured_at():
    """Lengths, prefix hits and bursts of the logs are those of the traces: Azure 2023 code, and Mooncake's synthetic.

    Means of the traces' rows; 65.2 % of Mooncake's prompt tokens lie in blocks that came before; 1.057 is how unevenly
    Azure's minutes are loaded (kit/demand/tables/bursts.csv), which drawing the hour of each request does not change.
    """
    coding = Demand.read(EXAMPLES / "hospital" / "demand.parquet").workloads[0]
    assert coding.requests_per_day.value * 7 == pytest.approx(8819)
    assert coding.prompt_tokens.value == pytest.approx(2047.85, abs=0.01)
    assert coding.output_tokens.value == pytest.approx(27.88, abs=0.01)
    assert coding.minute_rate_cv is not None
    assert coding.minute_rate_cv.value == pytest.approx(1.057, rel=0.1)
    logs = {item.workload: item for item in Demand.read(EXAMPLES / "startup" / "demand.parquet").workloads}
    contracts = logs["Contract questions"]
    assert contracts.requests_per_day.value * 7 == pytest.approx(3993)
    assert contracts.prompt_tokens.value == pytest.approx(15325.48, abs=0.01)
    assert contracts.cached_tokens.value / contracts.prompt_tokens.value == pytest.approx(0.652, abs=0.002)


def test_the_air_gapped_hospital_runs_everything_on_own_machines(hospital_verdict):
    """Nothing goes to the cloud: every workload is on own machines, and every API is struck by the client's rule."""
    verdict = hospital_verdict
    assert {place for row in verdict.placements for place in row.places} == {Place.OWN}
    assert all(row.overflow is None for row in verdict.placements)
    assert {pool.place for pool in verdict.pools} == {Place.OWN}
    assert all(cash.api == 0 and cash.rent == 0 for plan in verdict.strategies for cash in plan.cash)
    assert sum(verdict.week.api) == sum(verdict.week.rented) == 0
    for row in verdict.placements:
        outside = [option for option in row.options if option.place is not Place.OWN]
        assert len(outside) >= 4
        assert all("data" in {strike.gate for strike in option.strikes} for option in outside)
    for plan in verdict.strategies:
        if plan.kind in (StrategyKind.CLOUD, StrategyKind.RENTED):
            assert len(plan.exceptions) == len(verdict.placements)
    assert not verdict.bills


def test_the_hospitals_machines_keep_its_limits_with_one_to_spare(hospital_verdict):
    """A machine may fail, every limit on the time to first token holds, and the plan is proven to be the cheapest."""
    verdict = hospital_verdict
    assert all(1 <= pool.spare < pool.replicas for pool in verdict.pools)
    limits = {w.name: w.latency for w in read_engagement(EXAMPLES / "hospital" / "engagement.yaml").workloads}
    for row in verdict.placements:
        if (limit := limits[row.workload]) is not None and limit.ttft_p95_s is not None:
            assert row.ttft_p95_s is not None
            assert row.ttft_p95_s <= limit.ttft_p95_s.value
    waits = [wait for pool in verdict.rehearsed for wait in pool.waits]
    assert waits
    assert all(wait.kept is not False for wait in waits)
    assert verdict.strategies[0].gap <= 2e-3


def test_the_hospital_is_told_what_its_rule_costs(hospital_verdict):
    """The verdict is robust, for the rules leave nothing else; lifting one for the guidelines would save money."""
    assert hospital_verdict.certainty is Certainty.ROBUST
    costs = {price.workload: price for price in hospital_verdict.shadow_prices if price.rule == "data"}
    assert costs["Guideline questions"].saving_per_year > 0
    assert costs["Guideline questions"].lift == "the client, by changing its rule"


def test_the_startup_stays_in_the_cloud_with_everything(startup_verdict):
    """Every workload goes to an API, nothing is bought or rented, and machines would have been permitted."""
    verdict = startup_verdict
    assert {place for row in verdict.placements for place in row.places} == {Place.API}
    assert verdict.pools == ()
    best = verdict.strategies[0]
    assert best.capex == 0
    assert all(cash.rent == 0 and cash.capex == 0 for cash in best.cash)
    assert best.gap <= 2e-3
    machines = [
        row.workload
        for row in verdict.placements
        if any(option.place is not Place.API and not option.strikes for option in row.options)
    ]
    assert {"Clause drafting", "Support chat", "Nightly checks"} <= set(machines)
    scans = next(row for row in verdict.placements if row.workload == "Scan reading")
    assert all(
        "modality" in {strike.gate for strike in option.strikes}
        for option in scans.options
        if option.place is not Place.API
    )


def test_the_startup_uses_its_cloud_better_and_knows_when_to_ask_again(startup_verdict):
    """Cache, batch and smaller models save against today; machines pay from a volume above today's, in the chart."""
    verdict = startup_verdict
    assert verdict.certainty is Certainty.ROBUST
    plans = {plan.kind: plan for plan in verdict.strategies}
    best = verdict.strategies[0]
    assert plans[StrategyKind.TODAY].npv > 1.2 * best.npv
    assert min(plans[StrategyKind.OWN].npv, plans[StrategyKind.RENTED].npv) > 1.2 * best.npv
    assert verdict.saving_against is StrategyKind.RENTED
    assert verdict.saving_npv > 0.2 * best.npv
    assert {bill.workload for bill in verdict.bills} == {row.workload for row in verdict.placements}
    curve = verdict.break_even
    cheaper = [
        volume
        for volume, mixed, cloud in zip(
            curve.million_tokens_per_day,
            curve.cost_per_month[StrategyKind.HYBRID],
            curve.cost_per_month[StrategyKind.CLOUD],
            strict=True,
        )
        if mixed < 0.99 * cloud
    ]
    assert cheaper
    assert min(cheaper) > 1.2 * curve.today
