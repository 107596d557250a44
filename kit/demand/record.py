"""The fourth record: what has to be served, hour by hour of a typical week."""

from __future__ import annotations

import datetime as dt
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, ValidationError, model_validator

from kit.demand.bill import Reconciliation
from kit.engagement.record import HOURS_OF_WEEK
from kit.errors import InputError
from kit.record import Basis, Figure, Part, Record, write_atomically

PROBABILITIES = (
    *(0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80),
    *(0.85, 0.90, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0),
)
"""The probabilities at which lengths are kept; at 1 stands the longest that was seen."""


class Quantiles(Part):
    """A distribution of lengths.

    Attributes:
        tokens: the length at each of :data:`PROBABILITIES`.
        requests: among how many; None if the source does not say.
        basis: how it is known.
        source: who says so.
        date: the day for which it holds.
    """

    tokens: tuple[float, ...] = Field(min_length=len(PROBABILITIES), max_length=len(PROBABILITIES))
    requests: int | None = None
    basis: Basis
    source: str = Field(min_length=1)
    date: dt.date

    @model_validator(mode="after")
    def _rising(self) -> Quantiles:
        if self.tokens[0] < 0 or any(low > high for low, high in pairwise(self.tokens)):
            raise ValueError("quantiles must be 0 or more and must not fall")
        return self

    def at(self, probability: float) -> float:
        """Return the length at one of :data:`PROBABILITIES`.

        Raises:
            KeyError: another probability.
        """
        try:
            return self.tokens[PROBABILITIES.index(probability)]
        except ValueError:
            raise KeyError(f"{probability:g} is not kept; there are {PROBABILITIES}") from None


class Lengths(Part):
    """Lengths of a workload's requests.

    Attributes:
        prompt: tokens of the prompts, cached ones among them.
        output: tokens of the answers.
        correlation: Spearman's rank correlation between the two, -1 to 1.
    """

    prompt: Quantiles
    output: Quantiles
    correlation: Figure

    @property
    def basis(self) -> Basis:
        """How the distributions are known: the prompt's basis."""
        return self.prompt.basis


class ObservedWeek(Part):
    """The requests of one whole week that was seen.

    Attributes:
        monday: its first day, local time.
        requests: how many; scaled up where up to 2 % of the week's usual load fell outside what was seen.
        of_usual: relative to the median of the weeks around it; None with fewer than four weeks.
        unusual: far from the weeks around it, as a holiday or an outage is; it is named, not left out.
    """

    monday: dt.date
    requests: float = Field(ge=0)
    of_usual: float | None = None
    unusual: bool = False


class ModelShare(Part):
    """A model that serves the workload today.

    Attributes:
        model: its name as the export has it.
        share: of the workload's requests, 0 to 1.
    """

    model: str
    share: float = Field(ge=0, le=1)


class WorkloadDemand(Part):
    """One workload's typical week.

    What comes after ``shape`` is there only where logs, a bill or an assumption gave it.

    Attributes:
        workload: its name in the engagement.
        requests_per_hour: 168 values, Monday 00:00 first.
        requests_per_day: the mean over the week; its basis is the basis of the volume.
        prompt_tokens: mean prompt length.
        output_tokens: mean output length.
        cached_tokens: mean part of the prompt that a prompt cache holds.
        deferrable: the requests of a day may be served at any hour of that day.
        shape: how the shape of the week is known; its value is the ratio of the peak hour to the mean hour.
        lengths: distributions of prompt and output lengths, and how they go together.
        burstiness: coefficient of variation of the gaps between requests within an hour, each gap relative to the mean
            gap of its hour; 1 is Poisson.
        gaps_cv: coefficient of variation of all gaps as they are, changes of the rate from hour to hour among them.
        minute_dispersion: index of dispersion: variance to mean of the requests by minute within an hour; 1 is Poisson.
        minute_rate_cv: coefficient of variation of the rate from minute to minute within an hour; 0 is Poisson. Unlike
            ``minute_dispersion`` it does not grow with the volume.
        peak_to_mean_minute: the busiest minute that was seen to the mean minute.
        growth_per_year: relative change of the volume in a year, 0.5 for half as much again.
        weeks_observed: how long was observed, in weeks.
        weeks: the whole weeks that were seen, oldest first.
        model_today: the model that serves most of its tokens.
        models: all models that serve it, the largest first.
        cost_today: what it costs now, US dollars per average month of 30.4375 days, as the usage says.
        bill_difference: what the bill has beyond ``cost_today``, US dollars per average month; negative if it has less.
        notes: what a reader should know.
    """

    workload: str
    requests_per_hour: tuple[float, ...] = Field(min_length=HOURS_OF_WEEK, max_length=HOURS_OF_WEEK)
    requests_per_day: Figure
    prompt_tokens: Figure
    output_tokens: Figure
    cached_tokens: Figure
    deferrable: bool
    shape: Figure
    lengths: Lengths | None = None
    burstiness: Figure | None = None
    gaps_cv: Figure | None = None
    minute_dispersion: Figure | None = None
    minute_rate_cv: Figure | None = None
    peak_to_mean_minute: Figure | None = None
    growth_per_year: Figure | None = None
    weeks_observed: float | None = Field(default=None, ge=0)
    weeks: tuple[ObservedWeek, ...] = ()
    model_today: str | None = None
    models: tuple[ModelShare, ...] = ()
    cost_today: Figure | None = None
    bill_difference: Figure | None = None
    notes: tuple[str, ...] = ()

    @property
    def tokens_per_request(self) -> float:
        """Prompt and output tokens of the mean request."""
        return self.prompt_tokens.value + self.output_tokens.value

    @property
    def tokens_per_day(self) -> float:
        """Prompt and output tokens of the average day."""
        return self.requests_per_day.value * self.tokens_per_request


class Demand(Record):
    """What the client asks for, all workloads.

    Attributes:
        date: the day for which it holds.
        workloads: one by one.
        timezone: IANA name of the zone whose hours the typical week has; None if nobody said.
        bill: the bill of all workloads beside their tokens at today's prices, where there is one.
        notes: what a reader should know.
    """

    kind: ClassVar[str] = "demand"
    date: dt.date
    workloads: tuple[WorkloadDemand, ...]
    timezone: str | None = None
    bill: Reconciliation | None = None
    notes: tuple[str, ...] = ()

    def write(self, path: Path) -> Path:
        """Write the record as Parquet: one row per workload and hour, all else in the file's metadata."""
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = [
            {"workload": item.workload, "hour_of_week": hour, "requests": requests}
            for item in self.workloads
            for hour, requests in enumerate(item.requests_per_hour)
        ]
        head = self.model_dump(mode="json", exclude={"workloads": {"__all__": {"requests_per_hour"}}})
        table = pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
        table = table.replace_schema_metadata({"demand": json.dumps(head)})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        return write_atomically(path, buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record written by :meth:`write`.

        Raises:
            InputError: the file is missing or is not a demand record.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            head = json.loads((table.schema.metadata or {})[b"demand"])
            frame = table.to_pandas()
            for item in head["workloads"]:
                rows = frame[frame["workload"] == item["workload"]].sort_values("hour_of_week")
                item["requests_per_hour"] = rows["requests"].tolist()
            return cls.model_validate_json(json.dumps(head))
        except (OSError, pa.ArrowInvalid, KeyError, ValidationError) as error:
            raise InputError(f"{path}: not a demand record ({str(error).splitlines()[0]})") from None
