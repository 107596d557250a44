"""The fourth record: what has to be served, hour by hour of a typical week."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, ValidationError

from kit.engagement.record import HOURS_OF_WEEK
from kit.errors import InputError
from kit.record import Figure, Part, Record, write_atomically


class WorkloadDemand(Part):
    """One workload's typical week.

    Attributes:
        workload: its name in the engagement.
        requests_per_hour: 168 values, Monday 00:00 first.
        requests_per_day: the mean over the week; its basis is the basis of the volume.
        prompt_tokens: mean prompt length.
        output_tokens: mean output length.
        cached_tokens: mean part of the prompt that a prompt cache holds.
        deferrable: the requests of a day may be served at any hour of that day.
        shape: how the shape of the week is known; its value is the ratio of the peak hour to the mean hour.
    """

    workload: str
    requests_per_hour: tuple[float, ...] = Field(min_length=HOURS_OF_WEEK, max_length=HOURS_OF_WEEK)
    requests_per_day: Figure
    prompt_tokens: Figure
    output_tokens: Figure
    cached_tokens: Figure
    deferrable: bool
    shape: Figure

    @property
    def tokens_per_day(self) -> float:
        """Prompt and output tokens of the average day."""
        return self.requests_per_day.value * (self.prompt_tokens.value + self.output_tokens.value)


class Demand(Record):
    """What the client asks for, all workloads."""

    kind: ClassVar[str] = "demand"
    date: dt.date
    workloads: tuple[WorkloadDemand, ...]

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
