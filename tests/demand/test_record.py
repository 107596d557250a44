"""The record of demand: its file and its schema, old files too."""

from __future__ import annotations

import datetime as dt
import json

import jsonschema
import pyarrow.parquet as pq

from kit.demand.record import Demand
from kit.demand.synthetic import synthetic

DAY = dt.date(2026, 11, 22)
NEW = (
    *("lengths", "burstiness", "gaps_cv", "minute_dispersion", "minute_rate_cv", "peak_to_mean_minute"),
    *("growth_per_year", "weeks_observed", "weeks", "model_today", "models", "cost_today", "bill_difference", "notes"),
)


def demand() -> Demand:
    return Demand(
        date=DAY,
        workloads=(synthetic("chat", requests_per_day=1000, growth_per_year=0.3, date=DAY),),
        timezone="Europe/Vienna",
        notes=("a note",),
    )


def test_lengths_and_notes_survive_the_file(tmp_path):
    """What is written as Parquet is read again as the same record; the rows stay one per workload and hour."""
    path = demand().write(tmp_path / "demand.parquet")
    assert Demand.read(path) == demand()
    assert pq.read_table(path).column_names == ["workload", "hour_of_week", "requests"]
    assert pq.read_table(path).num_rows == 168


def test_a_file_from_before_the_lengths_is_read(tmp_path):
    """A file whose metadata know none of the later fields gives a record without them."""
    path = demand().write(tmp_path / "demand.parquet")
    table = pq.read_table(path)
    head = json.loads(table.schema.metadata[b"demand"])
    for field in ("timezone", "notes"):
        del head[field]
    for field in NEW:
        del head["workloads"][0][field]
    pq.write_table(table.replace_schema_metadata({"demand": json.dumps(head)}), path)
    item = Demand.read(path).workloads[0]
    assert item.lengths is item.burstiness is item.model_today is None
    assert item.requests_per_hour == demand().workloads[0].requests_per_hour


def test_the_record_obeys_its_schema():
    """The record as JSON is what its published schema says, by an independent validator."""
    jsonschema.validate(json.loads(demand().to_json()), Demand.json_schema())
