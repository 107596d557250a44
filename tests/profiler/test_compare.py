"""Two profiles side by side."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.profiler.compare import Difference, compare, judge
from kit.profiler.profile import Engine, Goodput, HardwareProfile, Point, ProfiledModel, Spread
from kit.record import Basis


def profile(*points: Point, version: str = "1.0") -> HardwareProfile:
    return HardwareProfile(
        name="p",
        basis=Basis.MEASURED,
        source="test",
        date=dt.date(2026, 11, 22),
        accelerator="L40S",
        accelerators=1,
        engine=Engine(name="vllm", version=version),
        model=ProfiledModel(name="m", architecture="m", dtype="bf16"),
        points=points,
    )


def point(level: int, rate: float, interval: tuple[float, float] | None = None, **other) -> Point:
    return Point(
        prompt_tokens=512,
        output_tokens=128,
        concurrency=level,
        output_tokens_per_s=rate,
        output_tokens_per_s_interval=interval,
        **other,
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((9.0, 11.0), (12.0, 14.0), Difference.REAL),
        ((12.0, 14.0), (9.0, 11.0), Difference.REAL),
        ((9.0, 11.0), (10.9, 14.0), Difference.NOISE),
        (None, (10.9, 14.0), Difference.UNKNOWN),
    ],
)
def test_a_difference_is_real_when_the_intervals_do_not_touch(before, after, expected):
    """Intervals apart are a difference, overlapping ones are noise, and without an interval nothing is claimed."""
    assert judge(before, after) is expected


def test_only_common_points_are_compared_and_the_others_named():
    """Points at 1 in flight are compared; 2 and 4 in flight are each in one profile only."""
    found = compare(
        profile(point(1, 10.0, (9.0, 11.0)), point(2, 18.0)),
        profile(point(1, 15.0, (14.0, 16.0)), point(4, 30.0)),
    )
    assert [(c.figure, c.ratio, c.difference) for c in found.changes] == [("output tokens/s", 1.5, Difference.REAL)]
    assert found.only_before == ("512 x 128, 2 in flight",)
    assert found.only_after == ("512 x 128, 4 in flight",)


def test_medians_are_compared_where_both_have_them():
    """A TTFT median in one profile alone is not compared."""
    slow = Spread(p50=0.2, p50_interval=(0.18, 0.22))
    fast = Spread(p50=0.1, p50_interval=(0.09, 0.11))
    both = compare(profile(point(1, 10.0, ttft_s=slow)), profile(point(1, 10.0, ttft_s=fast)))
    assert [(c.figure, c.before, c.after, c.difference) for c in both.changes][1:] == [
        ("TTFT p50, s", 0.2, 0.1, Difference.REAL)
    ]
    assert len(compare(profile(point(1, 10.0, ttft_s=slow)), profile(point(1, 10.0))).changes) == 1


def test_conditions_that_differ_are_listed():
    """Another version of the engine is a condition; what is the same is not listed."""
    found = compare(profile(point(1, 10.0)), profile(point(1, 10.0), version="2.0"))
    assert found.conditions == (("engine", "vllm 1.0", "vllm 2.0"),)


@pytest.mark.parametrize(
    ("interval", "difference"),
    [((30.0, 33.0), Difference.REAL), ((19.0, 25.0), Difference.NOISE), ((30.0, None), Difference.UNKNOWN)],
)
def test_goodput_of_the_same_objective_is_compared(interval, difference):
    """20 requests/s between 20 and 21 against another search: apart, overlapping, or with an open end."""

    def found(low: float, high: float | None, objective: str = "ttft_p95<0.5s") -> HardwareProfile:
        goodput = Goodput(
            objective=objective, prompt_tokens=8, output_tokens=4, requests_per_s=low, interval=(low, high)
        )
        return profile(point(1, 100.0)).model_copy(update={"goodput": (goodput,)})

    before = found(20.0, 21.0)
    (change,) = (one for one in compare(before, found(*interval)).changes if one.figure == "goodput, requests/s")
    assert (change.before, change.after, change.difference) == (20.0, interval[0], difference)
    other = compare(before, found(20.0, 21.0, objective="ttft_p95<1s"))
    assert not any(one.figure == "goodput, requests/s" for one in other.changes)
