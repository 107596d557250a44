"""All charts in one place: pure functions from a record to a chart, each titled with what it shows.

A chart of a verdict is ``name(verdict)``, drawn by ``svg(chart)``. It is drawn in the language and in the colours of
the moment: ``with speaking("de", verdict.messages), painting(of(verdict.letterhead)): svg(tornado(verdict))``.
"""

from kit.report.charts.chance import probability_cheapest, tornado
from kit.report.charts.demand import demand_durations, demand_lengths, demand_week
from kit.report.charts.latency import latency_under_load
from kit.report.charts.load import load_duration, typical_week
from kit.report.charts.memory import memory_bar
from kit.report.charts.money import cash_by_year, cost_parts, plans_npv
from kit.report.charts.place import placement_map
from kit.report.charts.speed import service_curve, throughput, time_to_first_token
from kit.report.charts.volume import cost_against_volume
from kit.report.drawing import NEEDS, show, svg
from kit.strategy.verdict import Verdict


def drawable(verdict: Verdict) -> tuple[str, ...]:
    """Return the names of the charts for which a verdict has the data, sorted; any other raises :class:`ValueError`.

    ``typical_week`` and ``load_duration`` need some load in the week; ``cost_against_volume`` a plan's cost at two
    volumes; ``plans_npv`` a plan, ``cost_parts`` one with cash, ``cash_by_year`` the recommended plan's cash of a year;
    ``probability_cheapest`` two plans and sampled futures; ``tornado`` an input that changes the saving;
    ``throughput`` and ``time_to_first_token`` a service curve of two points, ``latency_under_load`` one of a machine in
    the plan or of this one; ``memory_bar`` a pool's memory; ``placement_map`` the workloads'
    class of data.
    """
    return tuple(sorted(name for name, (test, _) in NEEDS.items() if test(verdict)))


__all__ = [
    "cash_by_year",
    "cost_against_volume",
    "cost_parts",
    "demand_durations",
    "demand_lengths",
    "demand_week",
    "drawable",
    "latency_under_load",
    "load_duration",
    "memory_bar",
    "placement_map",
    "plans_npv",
    "probability_cheapest",
    "service_curve",
    "show",
    "svg",
    "throughput",
    "time_to_first_token",
    "tornado",
    "typical_week",
]
