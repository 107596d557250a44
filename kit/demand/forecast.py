"""Growth: from the weeks that were seen, with its interval, or as scenarios where there are too few."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from kit.demand.record import ObservedWeek, WorkloadDemand
from kit.errors import InputError
from kit.record import Basis, Figure, Part

LEAST_WEEKS = 8
"""With fewer whole weeks there is no forecast."""
WEEKS_OF_YEAR = 365.25 / 7
CONFIDENCE = 0.9
"""The share of future weeks that the interval should hold."""
SCENARIOS: Mapping[str, float] = {"none": 0.0, "half as much again each year": 0.5, "doubling each year": 1.0}
"""Growth per year to look at where nothing is known: round numbers, no forecast."""


class ForecastWeek(Part):
    """A week to come.

    Attributes:
        monday: its first day.
        requests: the median that is expected.
        low, high: the prediction interval.
    """

    monday: dt.date
    requests: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)


class Forecast(Part):
    """Growth of a workload by its own weeks.

    Attributes:
        growth_per_year: the trend, 0.5 for half as much again in a year.
        growth_low, growth_high: confidence interval of the trend.
        week_to_week: standard deviation of the logarithm of a week around the trend.
        confidence: of both intervals.
        weeks: how many weeks it rests on.
        ahead: the weeks to come.
        notes: what it does not know.
    """

    growth_per_year: Figure
    growth_low: float
    growth_high: float
    week_to_week: float
    confidence: float
    weeks: int
    ahead: tuple[ForecastWeek, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class NoForecast:
    """Why there is no forecast.

    Attributes:
        reason: in words.
    """

    reason: str


def forecast(
    weeks: Sequence[ObservedWeek], *, ahead: int | None = None, confidence: float = CONFIDENCE, source: str = "usage"
) -> Forecast | NoForecast:
    """Fit constant relative growth to whole weeks and continue it.

    Ordinary least squares of ``ln y = a + b·t`` over n weeks, t in weeks; with residual variance
    ``s² = Σ (ln y − a − b·t)² / (n − 2)`` and ``S = Σ (t − t̄)²`` the prediction interval of a single week is
    ``exp(a + b·t ± q · s · √(1 + 1/n + (t − t̄)² / S))`` and that of the trend ``b ± q · s / √S``, q being Student's
    quantile with n − 2 degrees of freedom; growth per year is ``exp(52.18 · b) − 1``. See any text on linear
    regression, e.g. Draper and Smith, Applied Regression Analysis, section 1.4.

    It takes weeks for independent and the trend for constant; unusual weeks stay in. A season of the year is not
    modelled, and with less than two years cannot be told from growth.

    Args:
        weeks: whole weeks, in any order; gaps between them are allowed.
        ahead: weeks to come; absent means as many as were seen but a year at most.
        confidence: of the intervals, between 0 and 1.
        source: of the weeks, for the figure.

    Returns:
        The forecast, or why there is none: fewer than eight weeks with requests.

    Raises:
        InputError: more weeks ahead than were seen, or a confidence that is not between 0 and 1.
    """
    from scipy.special import stdtrit

    if not 0 < confidence < 1:
        raise InputError(f"a confidence of {confidence:g} makes no sense; it should be between 0 and 1, e.g. 0.9")
    seen = sorted((week for week in weeks if week.requests > 0), key=lambda week: week.monday)
    empty = len(weeks) - len(seen)
    if len(seen) < LEAST_WEEKS:
        besides = f" and {empty} without a request" if empty else ""
        return NoForecast(
            f"{len(seen)} whole weeks with requests{besides}; a forecast needs {LEAST_WEEKS}: take scenarios"
        )
    horizon = min(len(seen), round(WEEKS_OF_YEAR)) if ahead is None else ahead
    if not 0 <= horizon <= len(seen):
        raise InputError(f"{horizon} weeks ahead from {len(seen)} weeks seen; at most as many as were seen")
    first, last = seen[0].monday, seen[-1].monday
    t = np.array([(week.monday - first).days / 7 for week in seen])
    y = np.log([week.requests for week in seen])
    n, middle = len(seen), float(np.mean(t))
    spread = float(np.sum((t - middle) ** 2))
    slope = float(np.sum((t - middle) * (y - np.mean(y)))) / spread
    level = float(np.mean(y)) - slope * middle
    s = math.sqrt(float(np.sum((y - level - slope * t) ** 2)) / (n - 2))
    q = float(stdtrit(n - 2, (1 + confidence) / 2))
    to_come = []
    for i in range(1, horizon + 1):
        monday = last + dt.timedelta(weeks=i)
        at = (monday - first).days / 7
        half = q * s * math.sqrt(1 + 1 / n + (at - middle) ** 2 / spread)
        centre = level + slope * at
        to_come.append(
            ForecastWeek(
                monday=monday, requests=math.exp(centre), low=math.exp(centre - half), high=math.exp(centre + half)
            )
        )
    low, high = (_yearly(slope + sign * q * s / math.sqrt(spread)) for sign in (-1, 1))
    span_weeks = float(t[-1]) + 1
    notes = ["constant relative growth; weeks are taken as independent; no season of the year is modelled"]
    if span_weeks < WEEKS_OF_YEAR:
        notes.append(
            f"growth per year is drawn out from {span_weeks:.0f} weeks; a season of the year would look the same"
        )
    if empty:
        notes.append(f"{empty} whole weeks without a request are left out: they have no logarithm")
    if odd := [week.monday.isoformat() for week in seen if week.unusual]:
        notes.append(f"unusual weeks are in it: {', '.join(odd)}")
    return Forecast(
        growth_per_year=Figure(
            value=_yearly(slope),
            basis=Basis.PREDICTED,
            source=f"log-linear trend of {n} weeks of {source}; {confidence:.0%} interval {low:+.0%} to {high:+.0%}",
            date=last + dt.timedelta(days=6),
        ),
        growth_low=low,
        growth_high=high,
        week_to_week=s,
        confidence=confidence,
        weeks=n,
        ahead=tuple(to_come),
        notes=tuple(notes),
    )


def _yearly(slope: float) -> float:
    # A trend of a few noisy weeks may be steep enough to overflow; e^50 is more than anyone will serve.
    return math.expm1(min(50.0, WEEKS_OF_YEAR * slope))


def scenarios(
    item: WorkloadDemand, *, years: float, growth_per_year: Mapping[str, float] = SCENARIOS
) -> dict[str, WorkloadDemand]:
    """Return a workload as it would be in each scenario of growth, by the scenario's name.

    Args:
        item: the workload now; if its own growth is known, the scenario ``as seen`` carries it on.
        years: from now.
        growth_per_year: of each scenario.

    Raises:
        InputError: growth of -1 or less.
    """
    named = dict(growth_per_year)
    if item.growth_per_year is not None:
        named["as seen"] = item.growth_per_year.value
    return {name: grown(item, growth_per_year=growth, years=years) for name, growth in named.items()}


def grown(item: WorkloadDemand, *, growth_per_year: float, years: float) -> WorkloadDemand:
    """Return a workload as it would be after some years: ``(1 + g) ^ years`` times the requests, all else the same.

    What it costs today and the weeks that were seen are left out: they are not of that time.

    Args:
        item: the workload now.
        growth_per_year: 0.5 for half as much again in a year, above -1.
        years: from now.

    Raises:
        InputError: growth of -1 or less.
    """
    if growth_per_year <= -1:
        raise InputError(
            f"growth of {growth_per_year:g} a year leaves nothing; it must be above -1, e.g. 0.5 for +50 %"
        )
    factor = (1 + growth_per_year) ** years
    volume = item.requests_per_day
    words = f"{volume.source}; scenario: {growth_per_year:+.0%} a year for {years:g} years"
    return item.model_copy(
        update={
            "requests_per_hour": tuple(factor * requests for requests in item.requests_per_hour),
            "requests_per_day": volume.model_copy(
                update={"value": factor * volume.value, "basis": Basis.ASSUMED, "source": words}
            ),
            "growth_per_year": Figure(
                value=growth_per_year, basis=Basis.ASSUMED, source="a scenario", date=volume.date
            ),
            # The index of dispersion is 1 + λ·v: its excess over Poisson grows with the rate.
            "minute_dispersion": item.minute_dispersion
            and item.minute_dispersion.model_copy(
                update={"value": 1 + factor * (item.minute_dispersion.value - 1), "basis": Basis.ASSUMED}
            ),
            "gaps_cv": None,
            "peak_to_mean_minute": None,
            "weeks_observed": None,
            "weeks": (),
            "cost_today": None,
            "bill_difference": None,
        }
    )
