"""What lies beside an engagement: the client's demand from its logs, and a price book that was carried along."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kit.data import folder
from kit.demand.record import Demand
from kit.demand.synthetic import synthetic
from kit.errors import InputError
from kit.pricing.dispute import Dispute
from kit.record import Basis
from kit.report.audit import decide_audit, open_audit, save_records

DAY = dt.date(2026, 11, 22)


@pytest.fixture
def engagement(tmp_path: Path) -> Path:
    """The example insurer in a folder of its own."""
    return Path(shutil.copytree(folder("examples") / "insurer", tmp_path / "insurer"))


def logs(name: str, requests: float) -> Demand:
    """What stands for logs: a measured workload of that name, as long as a chat's."""
    item = synthetic("chat", requests_per_day=requests, workload=name, date=DAY)
    measured = {
        field: getattr(item, field).model_copy(update={"basis": Basis.MEASURED, "source": "log of the gateway"})
        for field in ("requests_per_day", "prompt_tokens", "output_tokens")
    }
    return Demand(date=DAY, workloads=(item.model_copy(update=measured),), timezone="Europe/Vienna")


def test_logs_take_the_place_of_what_was_said(engagement: Path, tmp_path: Path) -> None:
    """The volume of the logs is decided upon, stands among the inputs with its source, and the difference is said."""
    said = open_audit(engagement, out=tmp_path / "out")
    name = said.engagement.workloads[0].name
    before = said.engagement.workloads[0].requests_per_day.value
    logs(name, 3 * before).write(engagement / "demand.parquet")
    audit = open_audit(engagement, out=tmp_path / "out")
    assert audit.demand.workloads[0].requests_per_day.value == 3 * before
    assert sum(audit.demand.workloads[0].requests_per_hour) == pytest.approx(7 * 3 * before)
    assert audit.demand.workloads[1:] == said.demand.workloads[1:]
    assert any(f"its logs say {3 * before:,.0f}: the logs count" in note for note in audit.notes)
    verdict = decide_audit(audit)
    known = next(item for item in verdict.inputs if item.key == f"workloads.{name}.requests_per_day")
    assert (known.value, known.basis, known.source) == (3 * before, Basis.MEASURED, "log of the gateway")
    assert any("the logs count" in warning for warning in verdict.warnings)


def test_logs_of_other_workloads_are_a_mistake(engagement: Path, tmp_path: Path) -> None:
    """A record of which no workload is in the engagement is refused with both lists of names."""
    logs("Nobody", 10).write(engagement / "demand.parquet")
    with pytest.raises(InputError, match="its workloads are Nobody, those of the engagement"):
        open_audit(engagement, out=tmp_path / "out")


def test_a_carried_price_book_counts(engagement: Path, tmp_path: Path) -> None:
    """A price that was changed by hand in the book beside the engagement is the price that is decided upon."""
    audit = open_audit(engagement, out=tmp_path / "out")
    save_records(audit)
    text = (audit.folder / "prices.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    raw["api"][0]["usd_per_mtok_output"]["value"] *= 1.5
    (engagement / "prices.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(InputError, match='leave the list "requests" out'):
        open_audit(engagement, out=tmp_path / "out")
    del raw["requests"]
    (engagement / "prices.json").write_text(json.dumps(raw), encoding="utf-8")
    carried = open_audit(engagement, out=tmp_path / "out").prices
    row = (carried.api[0].provider, carried.api[0].model)
    ours, theirs = (
        next(one for one in book.requests if (one.provider, one.model) == row) for book in (audit.prices, carried)
    )
    expected = 0.5 * audit.prices.api[0].usd_per_mtok_output.value * round(ours.output_tokens) / 1e6
    assert theirs.usd_per_request.value - ours.usd_per_request.value == pytest.approx(expected, rel=1e-6)
    raw["api"][0]["usd_per_mtok_output"]["value"] = -1
    (engagement / "prices.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(InputError, match=r"prices\.json"):
        open_audit(engagement, out=tmp_path / "out")


def test_a_disputed_price_that_the_plan_pays_is_said(insurer) -> None:
    """Where a second list disagrees on a price, the verdict says so if the plan pays it, and is silent otherwise."""
    verdict = decide_audit(insurer)
    assert not any("price lists disagree" in warning for warning in verdict.warnings)
    prices = insurer.prices
    every = tuple(
        Dispute(
            provider=item.provider,
            model=item.model,
            price="usd_per_mtok_output",
            ours=item.usd_per_mtok_output.value,
            theirs=2 * item.usd_per_mtok_output.value,
            listed_as=item.model,
            source="another list",
            date=DAY,
        )
        for item in prices.api
    )
    disputed = decide_audit(replace(insurer, prices=prices.model_copy(update={"disputes": every})))
    said = [warning for warning in disputed.warnings if "price lists disagree" in warning]
    assert 0 < len(said) < len(every)
