"""Growth: trend, interval, scenarios."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from scipy import stats

from kit.demand.forecast import WEEKS_OF_YEAR, Forecast, NoForecast, forecast, grown, scenarios
from kit.demand.record import ObservedWeek
from kit.demand.synthetic import synthetic
from kit.errors import InputError
from kit.record import Basis

MONDAY = dt.date(2026, 1, 5)


def weeks(requests) -> list[ObservedWeek]:
    return [ObservedWeek(monday=MONDAY + dt.timedelta(weeks=i), requests=value) for i, value in enumerate(requests)]


def test_seven_weeks_give_no_forecast_but_a_reason():
    """Seven weeks are one too few; eight are enough; a week without requests does not count."""
    found = forecast(weeks([100] * 7))
    assert isinstance(found, NoForecast)
    assert "7 whole weeks with requests; a forecast needs 8" in found.reason
    assert isinstance(forecast(weeks([100] * 7 + [0])), NoForecast)
    assert isinstance(forecast(weeks([100] * 8)), Forecast)


def test_constant_growth_is_found_exactly():
    """Weeks of 1000 · 1.01^i grow by 1.01^52.18 - 1 = 68.1 % a year, and the interval is that line."""
    found = forecast(weeks(1000 * 1.01**i for i in range(10)), ahead=2)
    assert found.growth_per_year.value == pytest.approx(1.01**WEEKS_OF_YEAR - 1)
    assert found.growth_per_year.basis is Basis.PREDICTED
    assert found.ahead[1].requests == pytest.approx(1000 * 1.01**11)
    assert found.ahead[1].low == pytest.approx(found.ahead[1].high, rel=1e-6)
    assert found.ahead[1].monday == MONDAY + dt.timedelta(weeks=11)
    assert "10 weeks" in found.notes[1]


def test_trend_and_intervals_agree_with_scipy():
    """Slope and its standard error are scipy's; the prediction interval follows from them by the textbook."""
    random = np.random.default_rng(11)
    t = np.arange(20)
    y = np.log(5000) + 0.02 * t + random.normal(0, 0.1, 20)
    found = forecast(weeks(np.exp(y)), ahead=5, confidence=0.95)
    line = stats.linregress(t, y)
    assert found.growth_per_year.value == pytest.approx(math.expm1(WEEKS_OF_YEAR * line.slope))
    q = stats.t.ppf(0.975, 18)
    assert found.growth_low == pytest.approx(math.expm1(WEEKS_OF_YEAR * (line.slope - q * line.stderr)))
    assert found.growth_high == pytest.approx(math.expm1(WEEKS_OF_YEAR * (line.slope + q * line.stderr)))
    s = math.sqrt(np.sum((y - line.intercept - line.slope * t) ** 2) / 18)
    # Twenty weeks 0 to 19: mean 9.5, sum of squares 20·(20² - 1)/12 = 665; the fifth week ahead is week 24.
    half = q * s * math.sqrt(1 + 1 / 20 + (24 - 9.5) ** 2 / 665)
    assert found.ahead[4].requests == pytest.approx(math.exp(line.intercept + line.slope * 24))
    assert found.ahead[4].high == pytest.approx(math.exp(line.intercept + line.slope * 24 + half))
    assert found.ahead[4].low == pytest.approx(math.exp(line.intercept + line.slope * 24 - half))


def test_the_interval_holds_its_share_of_weeks():
    """Of 400 futures drawn from the model, 90 % lie in the interval of the eighth week, give or take 4 σ = 6 %."""
    random = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        y = np.log(2000) + 0.005 * np.arange(20) + random.normal(0, 0.2, 20)
        week = forecast(weeks(np.exp(y[:12])), ahead=8).ahead[7]
        inside += week.low <= np.exp(y[19]) <= week.high
    assert inside / 400 == pytest.approx(0.9, abs=0.06)


def test_gaps_between_weeks_are_allowed_and_named_weeks_are_said():
    """A missing week moves the time axis, and an unusual one is in the notes."""
    some = [week for i, week in enumerate(weeks(1000 * 1.02**i for i in range(12))) if i != 4]
    some[6] = some[6].model_copy(update={"unusual": True})
    found = forecast(some)
    assert found.growth_per_year.value == pytest.approx(1.02**WEEKS_OF_YEAR - 1)
    assert some[6].monday.isoformat() in found.notes[-1]


def test_no_further_than_was_seen():
    """Eight weeks do not tell of the ninth after them, nor is a confidence of 90 a share."""
    with pytest.raises(InputError, match="at most as many as were seen"):
        forecast(weeks([100] * 8), ahead=9)
    with pytest.raises(InputError, match=r"e\.g\. 0\.9"):
        forecast(weeks([100] * 8), confidence=90)


def test_a_scenario_grows_the_volume_only():
    """50 % a year for two years is 2.25 times the requests, assumed; lengths stay, today's cost goes."""
    item = synthetic("chat", requests_per_day=1000, date=MONDAY)
    later = grown(item, growth_per_year=0.5, years=2)
    assert later.requests_per_day.value == pytest.approx(2250)
    assert sum(later.requests_per_hour) / 7 == pytest.approx(2250)
    assert later.requests_per_day.basis is Basis.ASSUMED
    assert later.lengths == item.lengths
    # The excess over Poisson is proportional to the rate.
    excess = item.minute_dispersion.value - 1
    assert later.minute_dispersion.value == pytest.approx(1 + 2.25 * excess)
    with pytest.raises(InputError, match="leaves nothing"):
        grown(item, growth_per_year=-1, years=1)


def test_scenarios_stand_side_by_side():
    """Two years on: as it is, 2.25 and 4 times as much, and 1.21 times with the 10 % a year that were seen."""
    item = synthetic("chat", requests_per_day=1000, growth_per_year=0.1, date=MONDAY)
    found = {name: later.requests_per_day.value for name, later in scenarios(item, years=2).items()}
    assert list(found.values()) == pytest.approx([1000, 2250, 4000, 1210])
    assert list(found)[-1] == "as seen"
