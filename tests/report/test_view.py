"""The view formats each figure once, from the field that it is said to show."""

from __future__ import annotations

import subprocess
import sys

from kit.record import Basis
from kit.report.parts import Table
from kit.report.view import view
from kit.report.words import amount, months, number, per_thousand, percent, seconds, tokens
from kit.strategy.reasons import how_far, money


def test_key_figures_come_from_their_fields(verdict):
    """How sure, cost, payback and the nearest switch are those of the recommended plan."""
    best = verdict.strategies[0]
    sure, cost, back, turn = view(verdict).key_figures
    assert sure.value == verdict.certainty
    assert percent(best.p_cheapest) in sure.note
    assert cost.value == money(best.npv, "EUR")
    assert money(best.npv_p10, "EUR") in cost.note
    assert money(best.npv_p90, "EUR") in cost.note
    assert back.value == months(best.payback_months)
    assert money(best.capex, "EUR") in back.note
    first = min(verdict.drivers, key=how_far)
    assert turn.value == f"{first.switches_at:.2g} ×"
    assert first.name in turn.note


def test_page_one_has_a_row_for_each_workload_and_a_total(verdict):
    """The rows are the placements in their order; the total is the record's own."""
    table = view(verdict).workloads
    assert [row[0] for row in table.rows] == [placement.workload for placement in verdict.placements]
    assert [row[-1] for row in table.rows] == [amount(placement.cost_per_month) for placement in verdict.placements]
    assert table.total is not None
    assert table.total[-1] == amount(verdict.strategies[0].cost_per_month)


def test_every_input_is_listed_once_the_least_certain_first(verdict):
    """No figure that entered is left out."""
    blocks = next(section for section in view(verdict).sections if section.key == "inputs").blocks
    tables = [block for block in blocks if isinstance(block, Table)]
    assert sum(len(table.rows) for table in tables) == len(verdict.inputs)
    assert tables[0].caption.startswith("Assumed")


def test_every_strike_is_shown(verdict):
    """Each option that is out stands with its gate."""
    text = view(verdict).model_dump_json()
    for placement in verdict.placements:
        for option in placement.options:
            assert option.label in text
            assert all(strike.lift[1:].rstrip(".")[:40] in text for strike in option.strikes)


def test_words():
    """Numbers as a reader wants them, worked by hand."""
    assert (percent(0.766), percent(0.0009), percent(0.9996), percent(0), percent(1)) == (
        "77%",
        "0.1%",
        "99.96%",
        "0%",
        "100%",
    )
    assert (number(1172.85), number(97.5), number(2.568), number(0.389), number(3)) == (
        "1,173",
        "97.5",
        "2.6",
        "0.39",
        "3",
    )
    assert (tokens(145.2), tokens(9.12), tokens(0.42)) == ("145", "9.1", "0.42")
    assert (seconds(100.6), seconds(2.07), seconds(0.759), seconds(0.0181), seconds(None)) == (
        "101 s",
        "2.1 s",
        "0.76 s",
        "18 ms",
        "–",
    )
    assert (months(12.8), months(None), months(1.2)) == ("13 months", "–", "1 month")
    assert (per_thousand(0.000662), per_thousand(0.12), per_thousand(0.0000142)) == ("0.66", "120", "0.014")
    assert (amount(7461.99), amount(-37304.3), amount(-0.2)) == ("7,462", "−37,304", "0")


def test_the_view_is_light():
    """Formatting a verdict needs no chart, table or document library."""
    code = (
        "import sys, kit.report.view; heavy = 'altair pandas numpy jinja2 typst vl_convert papermill'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_measured_machine_is_not_taken_for_the_one_in_the_plan(verdict):
    """Where the plan buys on published speed the line of bases says so, and sets the measured machine apart."""
    assert all(pool.profile != "cpu-2-core-qwen3-0.6b" for pool in verdict.pools)
    lines = {line.basis: line.text for line in view(verdict).bases}
    assert "the speed of the machines in the plan" in lines[Basis.PUBLISHED]
    assert lines[Basis.MEASURED] == "speeds of machines that the plan does not use"
