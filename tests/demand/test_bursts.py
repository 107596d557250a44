"""Bursts: gaps and counts by minute."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kit.demand.bursts import bursts_of
from tests.demand.usage_table import AZURE_2023, azure_2023, of_rows

DAY = dt.date(2026, 3, 2)
START = dt.datetime(2026, 3, 2, 9, 30)


def of_moments(seconds):
    rows = [{"at": START + dt.timedelta(seconds=float(s)), "prompt_tokens": 1, "output_tokens": 1} for s in seconds]
    return bursts_of(of_rows(rows), "usage", "chat", date=DAY, source="by hand")


def test_the_azure_2023_code_trace_has_its_published_bursts():
    """Peak to mean by minute 4.18, coefficient of variation of the gaps 13.2, both also by numpy from the file."""
    found = bursts_of(azure_2023(), "usage", "code", date=DAY, source="trace")
    assert round(found.peak_to_mean_minute.value, 2) == 4.18
    assert round(found.gaps_cv.value, 1) == 13.2
    moments = pd.to_datetime(pd.read_csv(AZURE_2023).TIMESTAMP).astype("datetime64[us]").to_numpy().astype("int64")
    gaps = np.diff(np.sort(moments))
    assert found.gaps_cv.value == pytest.approx(gaps.std() / gaps.mean(), rel=1e-6)
    counts = np.bincount((moments - moments.min()) // 60_000_000)[:-1]
    assert found.peak_to_mean_minute.value == pytest.approx(counts.max() / counts.mean())
    assert found.minute_dispersion.value == pytest.approx(counts.var(ddof=1) / counts.mean())
    # The trace lasts less than an hour, so that its gaps within the hour are all its gaps.
    assert found.burstiness.value == pytest.approx(found.gaps_cv.value)


def test_even_gaps_have_no_bursts():
    """A request every ten seconds for three hours: no gap differs, and six a minute have no variance."""
    found = of_moments(range(0, 3 * 3600 + 1, 10))
    assert found.gaps_cv.value == pytest.approx(0, abs=1e-6)
    assert found.burstiness.value == pytest.approx(0, abs=1e-6)
    assert found.minute_dispersion.value == pytest.approx(0)
    assert found.minute_rate_cv.value == 0
    assert found.peak_to_mean_minute.value == pytest.approx(1)


def test_the_hours_own_rate_is_taken_out():
    """An hour of even gaps of 10 s and one of 60 s: all gaps vary, those within the hour do not."""
    found = of_moments([*range(0, 3600, 10), *range(3600, 7201, 60)])
    assert found.burstiness.value == pytest.approx(0, abs=1e-6)
    # 360 gaps of 10 s and 60 of 60 s: mean 7200/420, mean square (360·100 + 60·3600)/420.
    mean, square = 7200 / 420, (360 * 100 + 60 * 3600) / 420
    assert found.gaps_cv.value == pytest.approx((square - mean**2) ** 0.5 / mean)


def test_poisson_is_one():
    """Independent requests, 100 an hour for 200 hours: burstiness and dispersion 1 within four standard errors."""
    random = np.random.default_rng(2)
    found = of_moments(np.sort(random.uniform(0, 200 * 3600, 20_000)))
    # Standard error of a coefficient of variation of n exponential gaps is 1/√n (0.007); the hour's own mean takes
    # about 1/n off, n being its 100 gaps.
    assert found.burstiness.value == pytest.approx(1, abs=0.03 + 0.01)
    # 200·59 degrees of freedom: √(2 / 11,800) = 0.013.
    assert found.minute_dispersion.value == pytest.approx(1, abs=0.052)
    assert found.gaps_cv.value == pytest.approx(1, abs=0.03)


def test_counts_by_hand():
    """Minutes with 0 and 20 requests in turn: mean 10, variance 100·60/59, rate variance as by the formula."""
    seconds = [60 * minute + i for minute in range(1, 120, 2) for i in range(20)]
    # A request at the very beginning starts the count, one at the end completes the last minute.
    found = of_moments([0, *seconds, 7200])
    counts = np.array([1, *([20, 0] * 59), 20])
    hours = counts.reshape(2, 60)
    mean, variance = hours.mean(axis=1), hours.var(axis=1, ddof=1)
    assert found.minute_dispersion.value == pytest.approx(variance.sum() / mean.sum())
    expected = ((variance - mean).sum() / (mean**2 - variance / 60).sum()) ** 0.5
    assert found.minute_rate_cv.value == pytest.approx(expected)
    assert found.peak_to_mean_minute.value == pytest.approx(20 / (counts.sum() / 120))


def test_too_few_requests_say_nothing():
    """Nineteen requests have no bursts to speak of, and twenty at one moment have no gaps."""
    assert of_moments(range(19)).gaps_cv is None
    assert of_moments([0] * 20).gaps_cv is None
    # Twenty in ten hours: gaps yes, but no hour with enough of them.
    sparse = of_moments(range(0, 36_000, 1800))
    assert sparse.gaps_cv.value == pytest.approx(0, abs=1e-6)
    assert sparse.burstiness is sparse.minute_dispersion is None
