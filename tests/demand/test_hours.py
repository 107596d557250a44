"""The hours of the typical week: exposure, local time, buckets, weeks that stick out."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.demand.hours import hours_of, zone_of
from kit.demand.week import named_load
from kit.engagement.record import NamedShape
from kit.errors import InputError
from tests.demand.usage_table import of_rows

MONDAY = dt.datetime(2026, 3, 2)
UTC = zoneinfo.ZoneInfo("UTC")


def hours(rows, *, start, end, zone=UTC, shape=NamedShape.OFFICE):
    return hours_of(of_rows(rows), "usage", "chat", zone=zone, start=start, end=end, shape=shape, per_request=1000.0)


def at(day: int, hour: float, **more):
    return {"at": MONDAY + dt.timedelta(days=day, hours=hour), **more}


def test_an_hour_counts_as_often_as_it_was_seen():
    """Ten days seen: Monday 09 twice with 4 and 8 requests is 6, Thursday 09 once with 5 is 5."""
    rows = [at(0, 9.5)] * 4 + [at(7, 9.1)] * 8 + [at(3, 9.9)] * 5
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=10))
    assert found.rates[9] == pytest.approx(6)
    assert found.rates[3 * 24 + 9] == pytest.approx(5)
    assert found.rates.sum() == pytest.approx(11)
    assert found.unobserved == 0
    assert found.span_days == pytest.approx(10)


def test_local_time_and_the_change_of_the_clock():
    """09:00 in Vienna is 08:00 UTC in winter and 07:00 in summer: both are the same hour of the week."""
    vienna = zone_of("Europe/Vienna")
    # 2026-03-29 is the change; Mondays 23 March and 30 March.
    rows = [at(21, 8.5)] * 3 + [at(28, 7.5)] * 5
    found = hours(rows, start=MONDAY + dt.timedelta(days=21), end=MONDAY + dt.timedelta(days=35), zone=vienna)
    assert found.rates[9] == pytest.approx(4)
    assert np.count_nonzero(found.rates) == 1
    # The hour from 02 to 03 of Sunday 29 March never came; that of 5 April was not seen whole.
    assert found.unobserved == 0


def test_zones_with_half_hours():
    """India is 5:30 ahead: 03:45 UTC is 09:15 there."""
    found = hours([at(0, 3.75)], start=MONDAY, end=MONDAY + dt.timedelta(days=7), zone=zone_of("Asia/Kolkata"))
    assert found.rates[9] == pytest.approx(1)


def test_hours_never_seen_take_their_likes():
    """Monday and Tuesday seen with 10 at 09: Wednesday to Friday get 10 too; the weekend follows the shape."""
    rows = [at(0, 9.5)] * 10 + [at(1, 9.5)] * 10
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=2))
    assert found.unobserved == 5 * 24
    assert [found.rates[day * 24 + 9] for day in range(5)] == pytest.approx([10] * 5)
    load = named_load(NamedShape.OFFICE)
    scale = 20 / sum(load[:48])
    assert found.rates[5 * 24 + 9] == pytest.approx(scale * load[5 * 24 + 9])


def test_less_than_a_day_is_not_put_into_a_shape():
    """Two hours of an evening with 30 requests are 15 in every hour, not the ebb of an office day."""
    rows = [at(0, 20.5)] * 10 + [at(0, 21.5)] * 20
    found = hours(rows, start=MONDAY + dt.timedelta(hours=20), end=MONDAY + dt.timedelta(hours=22))
    assert found.unobserved == 166
    assert found.rates[9] == pytest.approx(15)


def test_a_bucket_of_a_day_follows_the_shape():
    """A day's sum of 1,000 is spread by the office's hours: 100 of 900 parts at ten o'clock."""
    rows = [at(day, 0, bucket_s=86400, requests=1000) for day in range(7)]
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=7))
    load = named_load(NamedShape.OFFICE)
    assert found.rates[10] == pytest.approx(1000 * load[10] / sum(load[:24]))
    assert found.rates.sum() == pytest.approx(7000)


def test_a_bucket_of_an_hour_is_that_hour_and_tokens_stand_for_requests():
    """Without a count 1,000 tokens are one request here; a bucket of an hour is spread over its quarters."""
    rows = [at(2, 14, bucket_s=3600, requests=None, prompt_tokens=1500, output_tokens=500)]
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=7))
    assert found.rates[2 * 24 + 14] == pytest.approx(2)


def test_a_holiday_and_a_silent_day_are_named_not_dropped():
    """Ten weeks of 1,000; the fifth has half, of the eighth one day is dead: both are named, all are in the mean."""
    rows = []
    for week in range(10):
        for day in range(7):
            daily = 500 if week == 4 else 0 if (week, day) == (7, 2) else 1000
            rows += [at(7 * week + day, hour, bucket_s=3600, requests=daily / 24) for hour in range(24)]
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=70), shape=NamedShape.FLAT)
    assert [week.monday for week in found.weeks if week.unusual] == [dt.date(2026, 3, 30)]
    assert found.weeks[4].of_usual == pytest.approx(0.5)
    assert len(found.weeks) == 10
    assert found.silent == ("2026-04-22",)
    assert found.rates.sum() == pytest.approx((70_000 - 3500 - 1000) / 10)


def test_a_week_is_whole_when_its_load_was_seen():
    """Seen from Monday 06:00 to the Saturday after next, an office's first week is whole, its second one too little."""
    load = named_load(NamedShape.OFFICE)
    rows = [at(0, hour, bucket_s=3600, requests=load[hour % 168]) for hour in range(6, 13 * 24 - 24)]
    found = hours(rows, start=MONDAY + dt.timedelta(hours=6), end=MONDAY + dt.timedelta(days=12))
    assert [week.monday for week in found.weeks] == [dt.date(2026, 3, 2)]
    assert found.weeks[0].requests == pytest.approx(sum(load), rel=0.01)


def test_an_unknown_zone_names_the_nearest():
    """A slip in a zone's name is answered with the zone."""
    with pytest.raises(InputError, match='did you mean "Europe/Vienna"'):
        zone_of("Europe/Viena")


@settings(max_examples=25, deadline=None)
@given(
    moments=st.lists(st.integers(0, 3 * 7 * 24 * 3600 - 1), min_size=1, max_size=40),
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kathmandu", "America/Phoenix"]),
    bucket_s=st.sampled_from([0, 60, 900, 3600]),
)
def test_no_request_is_lost(moments, zone, bucket_s):
    """Over three whole weeks, in zones whose clock never changes, the week's hours times three are all requests."""
    rows = [at(0, second // 3600 if bucket_s else second / 3600, bucket_s=bucket_s, requests=2) for second in moments]
    found = hours(rows, start=MONDAY, end=MONDAY + dt.timedelta(days=21), zone=zone_of(zone))
    assert found.rates.sum() * 3 == pytest.approx(2 * len(moments))
