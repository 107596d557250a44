"""Specification of the panel: what a hand does, and what follows."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import pytest

from kit.report.screen.desk import PRESETS, Desk
from kit.report.screen.explorer import Explorer
from kit.strategy.scenario import Scenario
from kit.strategy.verdict import Verdict
from tests.report.screen.browser import exploring


@pytest.fixture
def panel(tmp_path: Path) -> Explorer:
    return Explorer(Desk("startup", out=tmp_path), settles=False)


def words(widget) -> str:
    """Return what a widget of HTML says."""
    return html.unescape(re.sub(r"<[^>]+>", " ", widget.value))


def rule_at(panel: Explorer) -> float:
    """Return where the chart draws the line of the volume that is asked."""
    (line,) = [layer for layer in panel.chart.frame["layer"] if layer["mark"]["type"] == "rule"]
    return panel.chart.rows[line["data"]["name"]][0]["x"]


def test_it_begins_with_the_verdict_as_it_is(panel: Explorer) -> None:
    look = panel.desk.look()
    assert look.sentence in words(panel.verdict)
    assert look.money_sentence in words(panel.verdict)
    for going in look.goings:
        assert going.workload in words(panel.plan)
    assert "being worked out" in words(panel.certainty)
    assert panel.undo.disabled


def test_a_slider_moves_the_sentence_the_chart_and_the_table(panel: Explorer) -> None:
    before, at, table = words(panel.verdict), rule_at(panel), words(panel.plan)
    panel.knobs.by_name["volume"].value = 2.0
    assert panel.desk.scenario == Scenario(volume=2.0)
    assert words(panel.verdict) != before
    assert rule_at(panel) == pytest.approx(2 * at)
    assert words(panel.plan) != table


def test_undo_puts_the_sliders_back(panel: Explorer) -> None:
    before = words(panel.verdict)
    panel.knobs.by_name["api_prices"].value = 3.0
    panel.knobs.by_name["growth"].value = 0.5
    assert not panel.undo.disabled
    panel.undo.click()
    assert panel.knobs.by_name["growth"].value == ""
    assert panel.knobs.by_name["api_prices"].value == pytest.approx(3.0)
    panel.undo.click()
    assert panel.knobs.by_name["api_prices"].value == pytest.approx(1.0)
    assert words(panel.verdict) == before
    assert panel.undo.disabled


def test_a_switch_leaves_a_rule_out(panel: Explorer) -> None:
    assert "quality" in panel.desk.rules
    panel.knobs.by_name["quality"].value = False
    assert panel.desk.scenario.left_out == {"quality"}
    panel.knobs.by_name["quality"].value = True
    assert panel.desk.scenario.left_out == frozenset()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_shows_in_the_controls(name: str, panel: Explorer) -> None:
    panel.knobs.by_name["staff"].value = 3.0
    panel.preset.value = name
    assert panel.desk.scenario == Scenario(staff=3.0)
    panel.take.click()
    scenario = panel.desk.scenario
    assert panel.knobs.by_name["volume"].value == pytest.approx(scenario.volume)
    assert panel.knobs.by_name["staff"].value == pytest.approx(scenario.staff)
    assert panel.knobs.by_name["growth"].value == ("" if scenario.growth is None else scenario.growth)
    for rule in panel.desk.rules:
        assert panel.knobs.by_name[rule].value == (rule not in scenario.left_out)
    panel.undo.click()
    assert panel.knobs.by_name["staff"].value == 3.0


def test_the_table_edits_a_workload(panel: Explorer) -> None:
    """Numbers may have commas; a limit may be emptied; the sentence follows."""
    row, before = panel.grid.rows[0], panel.desk.base.engagement.workloads[0]
    row.numbers["requests_per_day"].value = "1,234,000"
    row.wait.value = True
    edited = panel.desk.scenario.workloads[0]
    assert edited.requests_per_day.value == 1_234_000
    assert edited.deferrable
    row.numbers["ttft"].value = "0.75"
    assert panel.desk.scenario.workloads[0].latency.ttft_p95_s.value == 0.75
    row.numbers["ttft"].value = ""
    assert panel.desk.scenario.workloads[0].latency is None
    panel.undo.click()
    assert row.numbers["ttft"].value == "0.75"
    while panel.desk.can_undo:
        panel.undo.click()
    assert row.numbers["requests_per_day"].value == f"{before.requests_per_day.value:,.10g}"


@pytest.mark.parametrize("given", ["", "0", "-5", "many", "nan", "inf", "1e999", "5 000", "0,5", "1,23"])
def test_what_is_no_number_is_refused_and_put_back(given: str, panel: Explorer) -> None:
    cell = panel.grid.rows[1].numbers["prompt_tokens"]
    before = cell.value
    cell.value = given
    assert cell.value == before
    assert panel.desk.scenario == Scenario()
    assert "is no number above 0: tokens of a prompt of" in words(panel.note)


def test_workloads_come_and_go(panel: Explorer) -> None:
    names = [workload.name for workload in panel.desk.base.engagement.workloads]
    panel.grid.rows[0].copy.click()
    panel.grid.rows[1].name.value = "A second <b>one</b>"
    assert [w.name for w in panel.desk.scenario.workloads] == [names[0], "A second <b>one</b>", *names[1:]]
    assert "A second <b>one</b>" in words(panel.plan)
    assert "<b>one</b>" not in panel.plan.value
    panel.grid.rows[2].name.value = names[0]
    assert f"There is a workload {names[0]!r} already." in words(panel.note)
    for _ in range(len(names)):
        panel.grid.rows[0].out.click()
    assert len(panel.desk.scenario.workloads) == 1
    panel.grid.rows[0].out.click()
    assert len(panel.desk.scenario.workloads) == 1
    assert "The last workload stays" in words(panel.note)


def test_no_plan_is_said_and_can_be_undone(panel: Explorer) -> None:
    before = words(panel.verdict)
    for row in panel.grid.rows:
        row.data.value = "health"
    assert "No plan." in words(panel.verdict)
    while panel.desk.can_undo:
        panel.undo.click()
    assert words(panel.verdict) == before


def test_saving_says_where_and_does_not_overwrite(panel: Explorer) -> None:
    panel.name.value = "mine"
    panel.save.click()
    assert str(panel.desk.out / "what-if" / "mine" / "engagement.yaml") in words(panel.files)
    panel.name.value = "mine"
    panel.save.click()
    assert "mine is there already" in words(panel.note)


def test_in_the_browser_the_verdict_follows(tmp_path: Path, watched) -> None:
    """As a page: move a slider by keyboard, leave a rule out, edit a cell, undo, and make the report.

    Nothing is asked of another machine and no error is in the console; the report's link holds the verdict's PDF.
    """
    with exploring("startup", folder=tmp_path) as running:
        opened = watched(running.address)
        page = opened.page
        opened.until("document.querySelector('.kit-verdict') && !document.querySelector('#loading')")
        opened.until("document.querySelector('.kit-chart svg')")
        # A slider that rounds what it is given would turn the scenario that nobody touched.
        opened.until("document.querySelector('.kit-sure').innerText.includes('futures')")
        assert page.get_by_role("button", name="Undo").is_disabled()
        first = page.inner_text(".kit-money")
        page.focus(".noUi-handle")
        page.keyboard.press("PageUp")
        opened.until(f"document.querySelector('.kit-money').innerText != {first!r}")
        opened.until("document.querySelector('.kit-sure').innerText.includes('futures')")
        # One step back is where it began, though the browser had the slider in its hands.
        page.get_by_role("button", name="Undo").click()
        opened.until(f"document.querySelector('.kit-money').innerText == {first!r}")
        page.get_by_label("Preset").select_option("API prices halve")
        page.get_by_role("button", name="Take", exact=True).click()
        opened.until(f"document.querySelector('.kit-money').innerText != {first!r}")
        opened.until("document.querySelector('.kit-sure').innerText.includes('futures')")
        moved = page.inner_text(".kit-money")
        page.get_by_label("Quality floors").uncheck()
        opened.until(f"document.querySelector('.kit-money').innerText != {moved!r}")
        page.get_by_role("button", name="Undo").click()
        opened.until("document.querySelector('.kit-sure').innerText.includes('futures')")
        assert page.inner_text(".kit-money") == moved
        page.get_by_role("button", name="Make the report").click()
        opened.until("document.querySelector('a[download=\"verdict.pdf\"]')")
        link = page.get_attribute("a[download='verdict.pdf']", "href")
        assert opened.outside == []
        assert opened.complaints == []
    made = tmp_path / "startup-what-if"
    assert base64.b64decode(link.split(",", 1)[1]) == (made / "verdict.pdf").read_bytes()
    verdict = Verdict.read(made / "verdict.json")
    assert verdict.money_sentence == moved


def test_in_jupyterlab_the_verdict_follows(tmp_path: Path, watched) -> None:
    """The notebook is run from the menu; a slider moves the sentence."""
    with exploring("insurer", "--lab", folder=tmp_path) as running:
        opened = watched(running.address)
        opened.run_all()
        opened.until("document.querySelector('.kit-money') && document.querySelector('.kit-chart svg')")
        assert opened.page.get_by_role("button", name="Undo").is_disabled()
        first = opened.page.inner_text(".kit-money")
        opened.page.focus(".noUi-handle")
        opened.page.keyboard.press("PageUp")
        opened.until(f"document.querySelector('.kit-money').innerText != {first!r}")
        assert opened.outside == []
        assert opened.complaints == []
