"""Specification of the desk: changes, undo, presets, and what is kept of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit.data import folder
from kit.demand.record import Demand
from kit.errors import InputError
from kit.record import Basis
from kit.report.audit import open_audit
from kit.report.screen.desk import AS_SAID, PRESETS, Desk
from kit.strategy.decide import STEPS
from kit.strategy.exploring import Look
from kit.strategy.scenario import Base, Scenario, applied
from kit.strategy.verdict import Verdict


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk("startup", out=tmp_path)


def seen(look: Look) -> tuple[str, str, tuple[float, ...]]:
    return look.sentence, look.money_sentence, tuple(plan.npv for plan in look.plans)


def test_undo_takes_back_one_control_at_a_time(desk: Desk) -> None:
    """Three moves of the volume are one step; a price is another; undoing everything ends where it began."""
    assert not desk.can_undo
    for volume in (1.1, 1.2, 1.3):
        desk.turn(volume=volume)
    desk.turn(api_prices=0.5)
    desk.undo()
    assert desk.scenario == Scenario(volume=1.3)
    desk.undo()
    assert desk.scenario == Scenario()
    assert not desk.can_undo
    desk.undo()
    assert desk.scenario == Scenario()


def test_a_move_back_to_where_it_was_is_no_step(desk: Desk) -> None:
    desk.turn(volume=1.0)
    assert not desk.can_undo


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_a_plan_and_can_be_undone(name: str, desk: Desk) -> None:
    desk.turn(staff=1.5)
    desk.take(name)
    for attribute, value in PRESETS[name].items():
        assert getattr(desk.scenario, attribute) == value
    assert desk.look().sentence
    desk.undo()
    assert desk.scenario == Scenario(staff=1.5)


def test_a_preset_keeps_edited_workloads_but_for_the_clients_own(desk: Desk) -> None:
    fewer = desk.base.engagement.workloads[:2]
    desk.turn(workloads=fewer, like={})
    desk.take("Twice the volume")
    assert desk.scenario.workloads == fewer
    desk.take(AS_SAID)
    assert desk.scenario == Scenario()


def test_what_is_saved_is_what_is_seen(desk: Desk) -> None:
    """Opened again, with nothing turned, the saved engagement has the same records and the same plan.

    The start-up has demand from logs, so its weeks go along; prices were changed, so the price book does.
    """
    desk.turn(volume=1.7)
    desk.turn(api_prices=1.4, gpu_prices=0.8)
    desk.turn(left_out=frozenset({"quality"}))
    desk.turn(growth=0.4)
    path = desk.save("dearer")
    assert sorted(file.name for file in path.parent.iterdir()) == ["demand.parquet", "engagement.yaml", "prices.json"]
    again = Desk(path, out=desk.out)
    changed = applied(desk.scenario, desk.base)
    for one, two in zip(again.base.engagement.workloads, changed.engagement.workloads, strict=True):
        assert one.requests_per_day.value == pytest.approx(two.requests_per_day.value)
        assert one.quality is None
    assert again.base.engagement.workloads[0].growth_per_year.basis is Basis.ASSUMED
    sentence, money, costs = seen(desk.settle())
    assert seen(again.settle())[:2] == (sentence, money)
    assert seen(again.settle())[2] == pytest.approx(costs, rel=1e-6)


def test_a_hidden_half_is_never_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing fails in the middle, it is said, and nothing of it is left."""

    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("kit.report.screen.desk.changed_text", fail)
    with pytest.raises(InputError, match=r"half: cannot be written \(disk full\)"):
        desk.save("half")
    assert list((desk.out / "what-if").iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "-x", "x" * 81, "ä"])
def test_a_name_that_is_no_folder_is_refused(name: str, desk: Desk) -> None:
    with pytest.raises(InputError, match="no name for a folder"):
        desk.save(name)


def test_what_is_there_is_not_overwritten(desk: Desk) -> None:
    first = desk.save("mine")
    before = first.read_bytes()
    desk.turn(volume=3.0)
    with pytest.raises(InputError, match="mine is there already; startup-what-if is free"):
        desk.save("mine")
    assert first.read_bytes() == before
    desk.save("startup-what-if")
    assert desk.free_name() == "startup-what-if-2"


@pytest.mark.parametrize("name", ["client", "what-if", "profiles"])
def test_an_audit_is_not_overwritten_either(name: str, desk: Desk) -> None:
    """The report of a what-if would lie where the client's own lies."""
    (desk.out / "client").mkdir()
    (desk.out / "client" / "verdict.json").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=f"{name} is there already"):
        desk.report(name)
    assert (desk.out / "client" / "verdict.json").read_text(encoding="utf-8") == "mine"


def test_a_name_is_proposed_that_will_do(tmp_path: Path) -> None:
    """Whatever the client's folder is called."""
    folder_of_client = tmp_path / "Müller & Söhne"
    shutil.copytree(folder("examples") / "insurer", folder_of_client)
    desk = Desk(folder_of_client, out=tmp_path / "out")
    assert desk.free_name() == "M-ller-S-hne-what-if"
    assert desk.save(desk.free_name()).is_file()


def test_each_edit_of_the_table_is_a_step_of_its_own(desk: Desk) -> None:
    workloads = desk.base.engagement.workloads
    desk.turn(workloads=workloads[:3], like={})
    desk.turn(workloads=workloads[:2], like={})
    desk.undo()
    assert desk.scenario.workloads == workloads[:3]


def test_edited_workloads_come_back_as_they_were(desk: Desk) -> None:
    """Longer prompts, a new one, a renamed one and one that is gone: demand and plan are those that were seen."""
    first, second, *others = desk.base.engagement.workloads
    longer = first.model_copy(
        update={"prompt_tokens": first.prompt_tokens.model_copy(update={"value": 3000.0, "basis": Basis.ASSUMED})}
    )
    renamed, new = (second.model_copy(update={"name": name}) for name in ("Renamed", "New"))
    like = {"Renamed": second.name, "New": second.name}
    desk.turn(workloads=(longer, renamed, *others[1:], new), like=like)
    again = Desk(desk.save("edited"), out=desk.out)
    changed = applied(desk.scenario, desk.base)
    for one, two in zip(again.base.demand.workloads, changed.demand.workloads, strict=True):
        assert one.workload == two.workload
        assert one.requests_per_hour == pytest.approx(two.requests_per_hour)
        assert one.prompt_tokens.value == pytest.approx(two.prompt_tokens.value)
        assert one.cached_tokens.value == pytest.approx(two.cached_tokens.value)
    assert seen(again.settle())[:2] == seen(desk.settle())[:2]


def test_without_the_workloads_that_have_logs_there_are_no_logs(desk: Desk) -> None:
    logged = {item.workload for item in Demand.read(folder("examples") / "startup" / "demand.parquet").workloads}
    others = tuple(one for one in desk.base.engagement.workloads if one.name not in logged)
    assert others
    desk.turn(workloads=others, like={})
    path = desk.save("others")
    assert not (path.parent / "demand.parquet").exists()
    assert len(open_audit(path, out=desk.out).demand.workloads) == len(others)


def test_files_that_the_engagement_names_go_along(tmp_path: Path) -> None:
    desk = Desk("insurer", out=tmp_path)
    path = desk.save("copy")
    assert (path.parent / "code_week.csv").read_bytes() == (folder("examples") / "insurer/code_week.csv").read_bytes()
    assert not (path.parent / "prices.json").exists()
    assert open_audit(path, out=tmp_path).demand == desk.base.demand


def test_a_machine_measured_here_counts_for_the_saved_one_too(tmp_path: Path) -> None:
    own = tmp_path / "insurer" / "hardware_profiles"
    own.mkdir(parents=True)
    some = next(iter(sorted(folder("hardware_profiles").glob("*.json"))))
    shutil.copyfile(some, own / "this-machine.json")
    desk = Desk("insurer", out=tmp_path)
    again = open_audit(desk.save("copy"), out=tmp_path)
    assert again.measured == desk.audit.measured
    assert again.measured is not None


def test_the_report_is_a_verdict_on_the_scenario(desk: Desk) -> None:
    """Documents and verdict.json lie where any audit's lie, and say what was seen."""
    desk.turn(volume=0.5)
    steps: list[int] = []
    files = desk.report("half", on_step=lambda: steps.append(1))
    assert [file.name for file in files] == ["verdict.html", "verdict.pdf", "verdict.docx"]
    assert {file.parent for file in files} == {desk.out / "half"}
    verdict = Verdict.read(desk.out / "half" / "verdict.json")
    look = desk.look()
    assert verdict.sentence == look.sentence
    assert verdict.strategies[0].npv == pytest.approx(look.plans[0].npv, rel=0.02)
    assert len(steps) == STEPS
    assert verdict.placements[0].million_tokens_per_day == pytest.approx(
        Base(desk.base.engagement, desk.base.demand, desk.base.prices).demand.workloads[0].tokens_per_day / 2e6
    )
