"""The typical week."""

from __future__ import annotations

import pytest

from kit.demand import Demand, typical_week
from kit.demand.week import hours_from_daily, scale_to_daily
from kit.engagement import read_engagement
from kit.engagement.record import DailyShape
from kit.errors import InputError
from kit.record import Basis
from tests.conftest import SMALL


def test_scaling_keeps_the_shape_and_meets_the_daily_mean():
    """A load of 1 on weekdays and 2 at the weekend with 900 a day on average: 29.17 and 58.33 an hour."""
    hours = hours_from_daily(DailyShape(weekday=(1,) * 24, weekend=(2,) * 24))
    scaled = scale_to_daily(hours, 900)
    # 5·24·1 + 2·24·2 = 216 parts carry 7·900 = 6,300 requests.
    assert scaled[0] == pytest.approx(6300 / 216)
    assert scaled[-1] == pytest.approx(2 * 6300 / 216)
    assert sum(scaled) / 7 == pytest.approx(900)


def test_the_azure_code_week_keeps_its_published_shape(insurer):
    """The digitised trace has an hourly coefficient of variation of 0.84 (its README)."""
    item = next(item for item in insurer.demand.workloads if item.workload == "Code assistant")
    mean = sum(item.requests_per_hour) / 168
    deviation = (sum((hour - mean) ** 2 for hour in item.requests_per_hour) / 168) ** 0.5
    assert deviation / mean == pytest.approx(0.84, abs=0.01)
    assert item.shape.basis is Basis.QUOTED
    assert mean * 24 == pytest.approx(40_000)


def test_a_named_shape_is_assumed_and_a_missing_cached_share_too(engagement_file):
    """What the kit fills in is marked as assumed."""
    demand = typical_week(read_engagement(engagement_file), folder=engagement_file.parent)
    item = demand.workloads[0]
    assert (item.shape.basis, item.cached_tokens.basis) == (Basis.ASSUMED, Basis.ASSUMED)
    assert item.cached_tokens.value == 0
    assert item.tokens_per_day == pytest.approx(1000 * 600)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("hour,load\n0,1\n", "no column 'requests'"),
        ("requests\n1\n2\n", "2 rows; a week has 168"),
        ("requests\n" + "1\n" * 167 + "many\n", "row 168: 'many' is not a number"),
        ("requests\n" + "0\n" * 168, "not all 0"),
    ],
)
def test_a_broken_hourly_file_is_named(engagement_file, content, words):
    """A missing file, a missing column, a short week and a word among the numbers are named with their place."""
    text = SMALL.replace("    data_class", "    shape: {file: hours.csv}\n    data_class")
    engagement_file.write_text(text, encoding="utf-8")
    if content is not None:
        (engagement_file.parent / "hours.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        typical_week(read_engagement(engagement_file), folder=engagement_file.parent)
    assert words in str(caught.value)


def test_parquet_keeps_everything(insurer, tmp_path):
    """What is written as Parquet is read again as the same record."""
    path = insurer.demand.write(tmp_path / "demand.parquet")
    assert Demand.read(path) == insurer.demand


def test_what_is_no_demand_is_refused(tmp_path):
    """Another file under the name is an InputError, not a traceback."""
    path = tmp_path / "demand.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="not a demand record"):
        Demand.read(path)
