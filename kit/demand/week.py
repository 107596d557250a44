"""From an engagement to the hours of a typical week."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from kit.demand.record import Demand, WorkloadDemand
from kit.engagement.record import (
    HOURS_OF_DAY,
    HOURS_OF_WEEK,
    DailyShape,
    Engagement,
    HourlyFile,
    NamedShape,
    Workload,
)
from kit.errors import InputError, did_you_mean
from kit.record import Basis, Figure

_OFFICE = (1, 1, 1, 1, 1, 2, 5, 20, 60, 90, 100, 95, 70, 85, 100, 95, 80, 50, 20, 10, 6, 4, 2, 1)
_EVENING = (15, 10, 6, 5, 5, 6, 10, 20, 30, 35, 40, 45, 50, 50, 50, 55, 60, 75, 95, 100, 95, 80, 50, 30)
_NIGHT = (100, 100, 100, 100, 100, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 100, 100, 100)
_NAMED: dict[NamedShape, DailyShape] = {
    NamedShape.FLAT: DailyShape(weekday=(1,) * 24, weekend=(1,) * 24),
    NamedShape.OFFICE: DailyShape(weekday=_OFFICE, weekend=tuple(0.08 * load for load in _OFFICE)),
    NamedShape.EVENING: DailyShape(weekday=_EVENING, weekend=tuple(1.2 * load for load in _EVENING)),
    NamedShape.NIGHT: DailyShape(weekday=_NIGHT, weekend=_NIGHT),
}


def typical_week(engagement: Engagement, *, folder: Path) -> Demand:
    """Return the demand of a typical week.

    Args:
        engagement: the client's workloads.
        folder: where the engagement lies; hourly files are relative to it.

    Raises:
        InputError: an hourly file is missing, has not 168 rows, or holds something that is not a load.
    """
    workloads = tuple(_workload(workload, engagement, folder) for workload in engagement.workloads)
    return Demand(date=engagement.date, workloads=workloads)


def hours_from_daily(shape: DailyShape) -> list[float]:
    """Return 168 hours, Monday 00:00 first: five weekdays and two days of the weekend."""
    return [*(shape.weekday * 5), *(shape.weekend * 2)]


def named_load(shape: NamedShape) -> list[float]:
    """Return the kit's load of a named shape: 168 values, Monday 00:00 local time first; only proportions matter."""
    return hours_from_daily(_NAMED[shape])


def scale_to_daily(load: Sequence[float], requests_per_day: float) -> tuple[float, ...]:
    """Scale a week's relative load so that its days carry ``requests_per_day`` on average.

    ``requests[h] = load[h] · 7 · requests_per_day / Σ load``
    """
    total = sum(load)
    return tuple(value * 7 * requests_per_day / total for value in load)


def _workload(workload: Workload, engagement: Engagement, folder: Path) -> WorkloadDemand:
    # Here, since numpy comes with them and a verdict can be drawn without.
    from kit.demand.lengths import scaled
    from kit.demand.priors import nearest_prior

    load, basis, source = _load(workload, folder)
    requests = scale_to_daily(load, workload.requests_per_day.value)
    prompt, output = workload.prompt_tokens, workload.output_tokens
    prior = nearest_prior(prompt.value, output.value)
    share = workload.cached_share or Figure(
        value=0,
        basis=Basis.ASSUMED,
        source="no cached share given: nothing is taken to be cached",
        date=engagement.date,
    )
    return WorkloadDemand(
        workload=workload.name,
        requests_per_hour=requests,
        requests_per_day=workload.requests_per_day,
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=share.model_copy(update={"value": share.value * prompt.value}),
        deferrable=workload.deferrable,
        shape=Figure(
            value=max(requests) / (sum(requests) / HOURS_OF_WEEK), basis=basis, source=source, date=engagement.date
        ),
        # Only means were stated: the spread around them is that of the nearest public trace.
        lengths=scaled(prior.lengths, prompt_tokens=prompt, output_tokens=output),
        model_today=workload.today.model if workload.today else None,
    )


def _load(workload: Workload, folder: Path) -> tuple[list[float], Basis, str]:
    shape = workload.shape
    if isinstance(shape, NamedShape):
        return named_load(shape), Basis.ASSUMED, f"the kit's shape {shape.value!r}"
    if isinstance(shape, DailyShape):
        load, source = hours_from_daily(shape), workload.requests_per_day.source
    else:
        load, source = _read_hours(shape, folder), shape.file
    if min(load) < 0 or sum(load) <= 0:
        raise InputError(f"workload {workload.name!r}: the hours of its shape must be 0 or more, and not all 0")
    return load, Basis.QUOTED, source


def _read_hours(shape: HourlyFile, folder: Path) -> list[float]:
    path = folder / shape.file
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as an hourly file ({error})") from None
    columns = list(rows[0]) if rows else []
    if shape.column not in columns:
        raise InputError(f"{path}: no column {shape.column!r}{did_you_mean(shape.column, columns)}; it has {columns}")
    if len(rows) != HOURS_OF_WEEK:
        raise InputError(f"{path}: {len(rows)} rows; a week has {HOURS_OF_WEEK} hours, {HOURS_OF_DAY} on each day")
    try:
        return [float(row[shape.column]) for row in rows]
    except (TypeError, ValueError):
        bad = next(i for i, row in enumerate(rows) if not _is_number(row[shape.column]))
        raise InputError(f"{path}: row {bad + 1}: {rows[bad][shape.column]!r} is not a number") from None


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True
