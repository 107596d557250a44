"""From usage to the record."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kit.demand.draw import draw
from kit.demand.importing import import_usage
from kit.demand.priors import length_prior, week_priors
from kit.demand.record import Demand
from kit.demand.rules import Rule
from kit.demand.typical import demand_of, reconciled, typical_week_of
from kit.errors import InputError
from kit.record import Basis, Figure
from tests.demand.usage_table import AZURE_2023, azure_2023, of_rows

MONDAY = dt.datetime(2026, 3, 2)


def at(day: float, **more):
    return {"at": MONDAY + dt.timedelta(days=day), "prompt_tokens": 1000, "output_tokens": 100, **more}


def hourly(days: int, **more):
    row = {"bucket_s": 3600, "requests": 10, "prompt_tokens": 20_000, "output_tokens": 1000, **more}
    return [at(hour / 24, **row) for hour in range(24 * days)]


def test_the_azure_2023_code_trace():
    """8,819 requests, mean prompt 2,048 (95 %: 7,303), mean output 28 (95 %: 90), bursts as published; all measured."""
    item = typical_week_of(azure_2023(), "usage", "code", timezone="Europe/Vienna", source="trace")
    assert item.lengths.prompt.requests == 8819
    assert (round(item.prompt_tokens.value), round(item.output_tokens.value)) == (2048, 28)
    assert (round(item.lengths.prompt.at(0.95)), round(item.lengths.output.at(0.95))) == (7303, 90)
    assert round(item.peak_to_mean_minute.value, 2) == 4.18
    assert round(item.gaps_cv.value, 1) == 13.2
    assert item.prompt_tokens.basis is item.lengths.basis is item.gaps_cv.basis is Basis.MEASURED
    # An hour is no week: the volume is drawn out and says so.
    assert item.requests_per_day.basis is item.shape.basis is Basis.ASSUMED
    assert "166 of 168 hours" in item.requests_per_day.source
    assert "0.954 hours" in item.notes[0]
    assert item.growth_per_year is None


def test_the_azure_2023_code_trace_through_its_importer():
    """The file as it was published, told and read by the importer, gives the same figures."""
    with import_usage([AZURE_2023], rules=[Rule("code", ())]) as usage:
        item = typical_week_of(usage.connection, usage.table, "code", source="trace")
    assert item.lengths.prompt.requests == 8819
    assert (round(item.prompt_tokens.value), round(item.lengths.prompt.at(0.95))) == (2048, 7303)
    assert (round(item.peak_to_mean_minute.value, 2), round(item.gaps_cv.value, 1)) == (4.18, 13.2)


def test_the_azure_2024_code_week_keeps_its_shape():
    """As hourly sums of one week: coefficient of variation 0.84, weekday hours 0.29 to 2.77 times the mean."""
    load = week_priors()["azure-2024-code"].load
    rows = [at(hour / 24, bucket_s=3600, requests=1e5 * one) for hour, one in enumerate(load)]
    item = typical_week_of(of_rows(rows), "usage", "chat")
    hours = np.array(item.requests_per_hour)
    assert round(float(hours.std() / hours.mean()), 2) == 0.84
    by_hour = hours[: 5 * 24].reshape(5, 24).mean(axis=0) / hours.mean()
    assert (round(float(by_hour.min()), 2), round(float(by_hour.max()), 2)) == (0.29, 2.77)
    assert (item.shape.value, item.shape.basis) == (pytest.approx(max(load), rel=1e-4), Basis.MEASURED)


def test_buckets_give_means_and_a_prior_stretched_to_them():
    """Hourly sums of two weeks: volume and means are measured; the spread is a public trace's, assumed and said."""
    item = typical_week_of(of_rows(hourly(14, cached_tokens=5000)), "usage", "chat")
    assert (item.requests_per_day.value, item.requests_per_day.basis) == (pytest.approx(240), Basis.MEASURED)
    assert (item.prompt_tokens.value, item.output_tokens.value) == (2000, 100)
    assert (item.cached_tokens.value, item.cached_tokens.basis) == (500, Basis.MEASURED)
    assert item.shape.value == pytest.approx(1)
    assert item.lengths.basis is Basis.ASSUMED
    prior = length_prior("conversation")
    # 2,000 and 100 are nearest to conversations of 1,706 and 119.
    assert item.lengths.prompt.at(0.95) == pytest.approx(prior.lengths.prompt.at(0.95) * 2000 / prior.prompt_tokens)
    assert "stretched" in item.lengths.prompt.source
    assert "lengths are means only" in item.notes[0]
    assert item.burstiness is item.gaps_cv is item.peak_to_mean_minute is None


def test_the_kind_chooses_the_prior():
    """Who knows what the work is says so, and its trace is taken; an unknown kind is refused."""
    connection = of_rows(hourly(7))
    item = typical_week_of(connection, "usage", "chat", kind="reasoning")
    assert "deepseek-r1" in item.lengths.prompt.source
    with pytest.raises(InputError, match="unknown kind of work"):
        typical_week_of(connection, "usage", "chat", kind="cooking")


def test_cost_models_and_batch():
    """Four weeks of 1 USD a day are 30.44 a month; the model with most tokens comes first; all by batch can wait."""
    rows = [
        row
        for day in range(28)
        for row in (
            at(day, bucket_s=86400, requests=3, cost_usd=0.25, model="small", batch=True),
            at(day, bucket_s=86400, requests=1, cost_usd=0.75, model="large", batch=True, prompt_tokens=90_000),
        )
    ]
    item = typical_week_of(of_rows(rows), "usage", "chat")
    assert item.cost_today.value == pytest.approx(365.25 / 12)
    assert item.model_today == "large"
    assert [(one.model, one.share) for one in item.models] == [("large", 0.25), ("small", 0.75)]
    assert item.deferrable
    assert not typical_week_of(of_rows(rows), "usage", "chat", deferrable=False).deferrable
    billed = Figure(value=40, basis=Basis.QUOTED, source="bill of March", date=dt.date(2026, 3, 31))
    checked = reconciled(item, billed_usd_per_month=billed)
    assert checked.bill_difference.value == pytest.approx(40 - 365.25 / 12)
    assert checked.bill_difference.source == "bill of March, less 30.44 USD a month by the usage"
    assert checked.cost_today == item.cost_today
    # Where the export has no cost, the tokens at today's prices take its place.
    priced = Figure(value=35, basis=Basis.PUBLISHED, source="tokens at list prices", date=dt.date(2026, 3, 31))
    bare = item.model_copy(update={"cost_today": None})
    again = reconciled(bare, billed_usd_per_month=billed, explained_usd_per_month=priced)
    assert (again.cost_today, again.bill_difference.value) == (priced, 5)


def test_what_the_export_does_not_say_is_assumed():
    """Without outputs, cache and cost: output as in conversations, nothing cached, no cost; each assumed or absent."""
    rows = hourly(7, output_tokens=None)
    item = typical_week_of(of_rows(rows), "usage", "chat")
    assert item.output_tokens.basis is Basis.ASSUMED
    assert item.output_tokens.value == pytest.approx(length_prior("conversation").output_tokens)
    assert (item.cached_tokens.value, item.cached_tokens.basis) == (0, Basis.ASSUMED)
    assert item.cost_today is item.model_today is None


def test_requests_that_nobody_counted_are_guessed_from_tokens():
    """Where some rows count requests the others take their tokens per request; where none does, a trace's."""
    some = hourly(7)
    # 2,100 tokens a request where it is counted; these 168 rows of 21,000 tokens are ten each.
    item = typical_week_of(of_rows([*some, *hourly(7, requests=None)]), "usage", "chat")
    assert item.requests_per_day.value == pytest.approx(480)
    assert item.requests_per_day.basis is Basis.ASSUMED
    assert item.notes[0] == "168 rows count no requests and take the 2,100 tokens per request of the others"
    prior = length_prior("conversation")
    item = typical_week_of(of_rows(hourly(7, requests=None)), "usage", "chat")
    assert item.requests_per_day.value == pytest.approx(24 * 21_000 / (prior.prompt_tokens + prior.output_tokens))


def test_growth_needs_eight_weeks():
    """Seven weeks give none, ten with 2 % more each give 1.02^52.18 - 1."""
    weeks = [row for week in range(10) for row in _week(week, 100 * 1.02**week)]
    found = typical_week_of(of_rows(weeks), "usage", "chat")
    assert found.growth_per_year.value == pytest.approx(1.02 ** (365.25 / 7) - 1)
    assert len(found.weeks) == 10
    # Five weeks after the middle: 1.02^5 = 1.104.
    assert "by its trend the end has 1.10 times as much" in found.notes[-1]
    assert found.weeks_observed == pytest.approx(10)
    assert typical_week_of(of_rows(weeks[: 7 * 168]), "usage", "chat").growth_per_year is None


def _week(week: int, requests: float):
    row = {"bucket_s": 3600, "requests": requests / 168, "prompt_tokens": 1000, "output_tokens": 100}
    return [at(7 * week + hour / 24, **row) for hour in range(168)]


def test_a_workload_that_began_late_counts_from_its_beginning():
    """Five weeks of export, two of the workload: 240 a day, not 96, and a note; one that ended is noted only."""
    rows = [*hourly(35, workload="old"), *(row for row in hourly(35) if row["at"] >= MONDAY + dt.timedelta(days=21))]
    item = typical_week_of(of_rows(rows), "usage", "chat")
    assert item.requests_per_day.value == pytest.approx(240)
    assert "begins on 2026-03-23" in item.notes[-1]
    rows = [*hourly(35, workload="new"), *hourly(14)]
    notes = typical_week_of(of_rows(rows), "usage", "chat").notes
    assert any("last request is of 2026-03-15" in note for note in notes)


def test_a_whole_demand_with_rows_of_nobody():
    """All workloads, the one with most rows first; what belongs to nobody, or is money alone, is said in a note."""
    money = hourly(1, workload="money", requests=None, prompt_tokens=None, output_tokens=None, cost_usd=1.0)
    rows = [*hourly(14), *hourly(7, workload="batch"), *hourly(1, workload=None), *money]
    demand = demand_of(of_rows(rows), "usage", timezone="Europe/Vienna")
    assert [item.workload for item in demand.workloads] == ["chat", "batch"]
    assert (demand.timezone, demand.date) == ("Europe/Vienna", dt.date(2026, 3, 15))
    assert demand.notes == (
        "24 of 552 rows belong to no workload and are left out",
        "workload 'money' is left out: its rows count neither requests nor tokens",
    )
    with pytest.raises(InputError, match="no row belongs to a workload"):
        demand_of(of_rows(hourly(1, workload=None)), "usage")


@pytest.mark.parametrize(
    ("workload", "options", "words"),
    [
        ("chatt", {}, r'no rows of workload \'chatt\' \(did you mean "chat"'),
        ("chat", {"timezone": "Europe/Wien"}, "unknown time zone 'Europe/Wien'"),
    ],
)
def test_a_wrong_word_is_named(workload, options, words):
    """A workload or zone that is not there is named with its nearest."""
    with pytest.raises(InputError, match=words):
        typical_week_of(of_rows(hourly(1)), "usage", workload, **options)


def test_money_alone_is_no_demand():
    """Charges without tokens or requests cannot make a week; a name that is no table is refused before it is used."""
    rows = hourly(1, requests=None, prompt_tokens=None, output_tokens=None, cost_usd=1.0)
    with pytest.raises(InputError, match="only money"):
        typical_week_of(of_rows(rows), "usage", "chat")
    with pytest.raises(InputError, match="is no name of a table"):
        typical_week_of(of_rows(rows), "usage; DROP TABLE usage", "chat")


def test_a_job_at_the_full_hour_is_not_blown_up_at_the_edges():
    """Fourteen days with two requests just after ten: 2 a day, though the last hour was seen for a minute only."""
    rows = [at(day + 10 / 24 + minute / 1440) for day in range(14) for minute in (0, 1)]
    item = typical_week_of(of_rows(rows), "usage", "chat")
    assert item.requests_per_day.value == pytest.approx(2)
    assert item.requests_per_hour[10] == pytest.approx(2)


def test_embeddings_answer_with_nothing():
    """Outputs of 0 tokens stay 0, and the prompts take the spread of a trace."""
    item = typical_week_of(of_rows(hourly(7, output_tokens=0)), "usage", "chat")
    assert set(item.lengths.output.tokens) == {0}
    assert item.lengths.prompt.at(0.99) > 2000
    drawn = draw(item, monday=MONDAY.date(), seed=1)
    assert set(drawn.output_tokens.tolist()) == {0}
    assert drawn.prompt_tokens.min() >= 1


def test_one_request_is_no_flood():
    """A single request lasts no time; it is taken as one in ten minutes, assumed, with a note."""
    item = typical_week_of(of_rows([at(0)]), "usage", "chat")
    assert (item.requests_per_day.value, item.requests_per_day.basis) == (pytest.approx(144), Basis.ASSUMED)
    assert "less than a week" in item.notes[0]


def test_the_record_survives_its_file(tmp_path):
    """Written as Parquet and read again, it is the same record with lengths, weeks and notes."""
    weeks = [row for week in range(10) for row in _week(week, 100 * 1.02**week)]
    demand = demand_of(of_rows([*weeks, *hourly(1, workload=None)]), "usage", timezone="Europe/Vienna")
    assert Demand.read(demand.write(tmp_path / "demand.parquet")) == demand
