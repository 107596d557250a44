"""All charts in one place: pure functions from a record to an Altair chart, each titled with what it shows."""

from kit.report.demand_charts import demand_durations, demand_lengths, demand_week
from kit.report.drawing import show, svg
from kit.report.load_charts import cost_against_volume, load_duration, typical_week
from kit.report.money_charts import cash_by_year, plans_npv, tornado
from kit.report.speed_charts import service_curve, throughput, time_to_first_token

__all__ = [
    "cash_by_year",
    "cost_against_volume",
    "demand_durations",
    "demand_lengths",
    "demand_week",
    "load_duration",
    "plans_npv",
    "service_curve",
    "show",
    "svg",
    "throughput",
    "time_to_first_token",
    "tornado",
    "typical_week",
]
