"""`kit demand`: from exports or a few words to the record, and what is printed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from kit.demand.record import Demand
from kit.errors import InputError
from kit.record import Basis
from kit.report import charts
from kit.report.demand import compare_demands, describe_demand, import_demand, show_demand
from kit.report.drawing import svg

CANARIES = ("ada@lovelace.example", "sk-live-4711", "Where is my invoice")


def export(path: Path, days: int = 14) -> Path:
    """Two weeks of a plain table: 3 requests at 10:00 of each day, one by another model, and private columns."""
    lines = ["at,prompt_tokens,output_tokens,model,user,api_key,prompt"]
    for day in range(days):
        date = dt.date(2026, 3, 2) + dt.timedelta(days=day)
        for number, (prompt, model) in enumerate(((100, "gpt-4o"), (300, "gpt-4o"), (2000, "o3"))):
            who = ",".join(CANARIES)
            lines.append(f"{date}T10:0{number}:00Z,{prompt},50,{model},{who}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_an_export_becomes_workloads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By rule 2 of 3 requests a day are the chat's, mean prompt 200; the third is shown as not assigned."""
    out = tmp_path / "demand.parquet"
    file = export(tmp_path / "usage.csv")
    demand = import_demand([str(file)], out=out, rules=["Chat=model:gpt-4o*"])
    (chat,) = demand.workloads
    assert chat.requests_per_day.value == pytest.approx(2.0)
    assert (chat.prompt_tokens.value, chat.output_tokens.value) == (200.0, 50.0)
    assert chat.prompt_tokens.basis is Basis.MEASURED
    assert chat.requests_per_hour[10] == pytest.approx(2.0)
    assert sum(chat.requests_per_hour) == pytest.approx(14.0)
    assert Demand.read(out) == demand
    said = "".join(capsys.readouterr())
    assert "not assigned: o3" in said
    assert not any(canary in said + out.read_bytes().decode("latin-1") for canary in CANARIES)


def test_a_key_in_the_column_of_the_model_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that somebody put where the model belongs gives way to a hash, in the record and in what is printed."""
    file = tmp_path / "usage.csv"
    lines = [f"2026-03-02T10:0{i}:00Z,10,5,sk-live-q7w9e1r3t5y7u9i1" for i in range(3)]
    file.write_text("\n".join(["at,prompt_tokens,output_tokens,model", *lines]) + "\n", encoding="utf-8")
    demand = import_demand([str(file)], out=tmp_path / "demand.parquet")
    said = "".join(capsys.readouterr()) + (tmp_path / "demand.parquet").read_bytes().decode("latin-1") + repr(demand)
    assert "q7w9e1r3" not in said
    assert demand.workloads[0].model_today is not None
    assert demand.workloads[0].model_today.startswith("key ")


def test_a_forecast_takes_eight_weeks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten equal weeks have no trend, with an interval around it; of two weeks it is said that they are too few."""
    import_demand([str(export(tmp_path / "long.csv", days=70))], out=tmp_path / "long.parquet")
    said = " ".join(capsys.readouterr().out.split())
    assert "All: trend of 10 weeks +0% a year (90% interval" in said
    import_demand([str(export(tmp_path / "short.csv"))], out=tmp_path / "short.parquet")
    assert "no forecast: 2 whole weeks with requests; a forecast needs 8" in " ".join(capsys.readouterr().out.split())


def pages(*buckets: dict[str, object]) -> str:
    """One page of OpenAI's usage or costs API."""
    return json.dumps({"object": "page", "data": list(buckets), "has_more": False, "next_page": None})


def bucket(day: int, result: dict[str, object]) -> dict[str, object]:
    """A bucket of one day of March 2026."""
    start = int(dt.datetime(2026, 3, day, tzinfo=dt.UTC).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": [result]}


def test_a_bill_is_set_beside_the_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A week of 10⁶ + 10⁵ tokens of gpt-4o a day is 7 × (2.50 + 1.00) = 24.50 USD; billed were 35, 10.50 more.

    The charges carry no demand: 100 requests a day stay 100.
    """
    used = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1_000_000,
        "output_tokens": 100_000,
        "input_cached_tokens": 0,
        "num_model_requests": 100,
        "model": "gpt-4o",
    }
    charged = {
        "object": "organization.costs.result",
        "amount": {"value": 5.0, "currency": "usd"},
        "line_item": "gpt-4o, input",
    }
    for name, result in (("usage", used), ("costs", charged)):
        text = pages(*(bucket(day, result) for day in range(2, 9)))
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    files = [str(tmp_path / "usage.json"), str(tmp_path / "costs.json")]
    demand = import_demand(files, out=tmp_path / "demand.parquet")
    bill = demand.bill
    assert bill is not None
    assert (bill.billed_usd, bill.priced_usd, bill.difference_usd) == pytest.approx((35.0, 24.5, 10.5))
    assert Demand.read(tmp_path / "demand.parquet") == demand
    (item,) = demand.workloads
    assert item.requests_per_day.value == pytest.approx(100.0)
    assert (item.prompt_tokens.value, item.output_tokens.value) == (10_000.0, 1_000.0)
    assert "35.00 USD" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(InputError, match="charges only"):
        import_demand(files[1:], out=tmp_path / "other.parquet")


def test_words_become_workloads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A phrase names its workload before the colon; what comes of it is assumed, and two of one name are refused."""
    out = tmp_path / "demand.parquet"
    day = dt.date(2026, 11, 22)
    demand = describe_demand(
        ["Desk: chat, 5000 requests a day, office hours", "code, 700 requests a day"], out=out, date=day
    )
    assert [item.workload for item in demand.workloads] == ["Desk", "code"]
    assert [item.requests_per_day.value for item in demand.workloads] == [5000, 700]
    assert {item.prompt_tokens.basis for item in demand.workloads} == {Basis.ASSUMED}
    show_demand(out)
    assert "Desk" in capsys.readouterr().out
    with pytest.raises(InputError, match="two workloads are called 'code'"):
        describe_demand(["code, 5 requests a day", "code, 6 requests a day"], out=out, date=day)
    assert Demand.read(out) == demand


def test_two_demands_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the requests are a ratio of 2."""
    day = dt.date(2026, 11, 22)
    for name, requests in (("before", 1000), ("after", 2000)):
        describe_demand([f"chat, {requests} requests a day"], out=tmp_path / f"{name}.parquet", date=day)
    capsys.readouterr()
    compare_demands(tmp_path / "before.parquet", tmp_path / "after.parquet")
    line = next(line for line in capsys.readouterr().out.splitlines() if "requests/day" in line)
    assert line.split()[-3:] == ["1,000", "2,000", "2"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"out": Path("demand.json")}, "call it demand.parquet"),
        ({"rules": ["gpt-4o"]}, "a rule is NAME=RULE"),
        ({"options": ["timezone"]}, "name=value is wanted"),
        ({"options": ["tmie=x"]}, 'did you mean "time"'),
        ({"timezone": "Europe/Vienn"}, "Europe/Vienna"),
    ],
)
def test_a_wrong_option_is_named(settings: dict[str, object], words: str, tmp_path: Path) -> None:
    """What is not understood is an error with what is wanted, and nothing is written."""
    file = export(tmp_path / "usage.csv", days=1)
    given = {"out": tmp_path / "demand.parquet"} | settings
    with pytest.raises(InputError) as caught:
        import_demand([str(file)], **given)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["usage.csv"]


def test_rules_that_take_nothing_name_the_models(tmp_path: Path) -> None:
    """Where no rule takes a row the models are named, nothing else of the rows, and nothing is written."""
    file, out = export(tmp_path / "usage.csv"), tmp_path / "demand.parquet"
    with pytest.raises(InputError) as caught:
        import_demand([str(file)], out=out, rules=["Chat=model:gpt-5*"])
    said = str(caught.value)
    assert "no --workload takes any of the 42 rows; their models are o3, gpt-4o;" in said
    assert not any(canary in said for canary in CANARIES)
    assert not out.exists()


def test_a_file_without_usable_rows_is_named(tmp_path: Path) -> None:
    """Where a format finds no row, that is said, not that rules are missing."""
    file = export(tmp_path / "usage.csv")
    with pytest.raises(InputError, match=r"usage\.csv: no row of usage"):
        import_demand([str(file)], out=tmp_path / "demand.parquet", format="openai_usage")


def test_a_record_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    """A file where a folder is wanted ends in a message that names the record."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    out = tmp_path / "taken" / "demand.parquet"
    with pytest.raises(InputError, match=r"demand\.parquet: cannot be written"):
        describe_demand(["Chat: chat, 5000 requests a day"], out=out)
    with pytest.raises(InputError, match=r"demand\.parquet: cannot be written"):
        import_demand([str(export(tmp_path / "usage.csv"))], out=out)


def test_a_described_record_is_called_parquet_too(tmp_path: Path) -> None:
    """Another ending is refused as it is when logs are imported, and nothing is written."""
    with pytest.raises(InputError, match=r"call it .*demand\.parquet"):
        describe_demand(["Chat: chat, 5000 requests a day"], out=tmp_path / "demand.csv")
    assert not list(tmp_path.iterdir())


def test_a_phrase_that_says_nothing_is_quoted_as_written(tmp_path: Path) -> None:
    """The words after the name are quoted without the blank before them."""
    with pytest.raises(InputError, match=r'^"chat" says no volume'):
        describe_demand(["Chat: chat"], out=tmp_path / "demand.parquet")


def test_the_pictures_of_demand_say_what_they_show(tmp_path: Path) -> None:
    """Load-duration curves and lengths are drawn, titled with their finding; without lengths there is no picture."""
    day = dt.date(2026, 11, 22)
    demand = describe_demand(
        ["Desk: chat, 5000 requests a day, office hours", "code, 700 requests a day, night"],
        out=tmp_path / "d.parquet",
        date=day,
    )
    drawn = svg(charts.demand_durations(demand))
    assert "Desk is above its mean in 30% of the hours" in drawn
    assert "code has the longest prompts" in svg(charts.demand_lengths(demand))
    bare = demand.model_copy(
        update={"workloads": tuple(item.model_copy(update={"lengths": None}) for item in demand.workloads)}
    )
    with pytest.raises(ValueError, match="no workload of this demand has a distribution"):
        charts.demand_lengths(bare)
