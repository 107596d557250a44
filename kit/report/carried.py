"""What was carried to the audit beside its engagement: the client's demand from logs, and a price book."""

from __future__ import annotations

from pathlib import Path

from kit.demand.record import Demand, WorkloadDemand
from kit.demand.week import typical_week
from kit.engagement.record import Engagement, Workload
from kit.errors import InputError, one_of
from kit.figures import decimal, significant
from kit.record import Basis, Figure
from kit.wording import fixed, say

DEMAND, PRICES = "demand.parquet", "prices.json"
"""Names under which they are looked for in the engagement's folder."""

_FAR = 1.2
"""What the client said and what its logs say may differ by this factor before it is said."""


def with_demand(engagement: Engagement, folder: Path) -> tuple[Engagement, Demand, tuple[str, ...]]:
    """Return engagement and demand, the workloads that have logs by their logs, and what differs from what was said.

    A workload of the record takes the place of the engagement's volumes and lengths; what only the client can say
    (data class, limits, whether it may wait) stays the engagement's. Without a record nothing changes.

    Args:
        engagement: as the client said it.
        folder: where the engagement lies.

    Raises:
        InputError: the record cannot be read, or has no workload of the engagement.
    """
    said = typical_week(engagement, folder=folder)
    path = folder / DEMAND
    if not path.is_file():
        return engagement, said, ()
    record = Demand.read(path)
    logged = {item.workload: item for item in record.workloads}
    known = {workload.name for workload in engagement.workloads}
    if not known & set(logged):
        raise InputError(f"{path}: its workloads are {one_of(logged)}, those of the engagement {one_of(known)}")
    notes = [say("{file}: {note}", file=DEMAND, note=note) for note in record.notes]
    if strange := sorted(set(logged) - known):
        notes.append(
            say(
                "{file} has {workloads}, which the engagement does not name: left out",
                file=DEMAND,
                workloads=one_of(strange),
            )
        )
    workloads, items = [], []
    for workload, item in zip(engagement.workloads, said.workloads, strict=True):
        if (log := logged.get(workload.name)) is None:
            workloads.append(workload)
            items.append(item)
            continue
        notes += _differences(workload, log)
        notes += [say("{workload}: {note}", workload=workload.name, note=note) for note in log.notes]
        chosen = _joined(item, log)
        items.append(chosen)
        workloads.append(_with_logs(workload, chosen))
    joined = engagement.model_copy(update={"workloads": tuple(workloads)})
    demand = record.model_copy(update={"workloads": tuple(items), "date": said.date})
    return joined, demand, tuple(notes)


def _joined(said: WorkloadDemand, log: WorkloadDemand) -> WorkloadDemand:
    """Return the logs' week; what the export does not say of the cache, and whether work may wait, is the client's."""
    share = said.cached_tokens.value / said.prompt_tokens.value
    cached = log.cached_tokens
    if cached.basis is Basis.ASSUMED and said.cached_tokens.value > 0:
        cached = said.cached_tokens.model_copy(update={"value": share * log.prompt_tokens.value})
    return log.model_copy(update={"deferrable": said.deferrable, "cached_tokens": cached})


def _with_logs(workload: Workload, item: WorkloadDemand) -> Workload:
    figures: dict[str, Figure] = {
        "requests_per_day": item.requests_per_day,
        "prompt_tokens": item.prompt_tokens,
        "output_tokens": item.output_tokens,
    }
    if item.prompt_tokens.value > 0 and (workload.cached_share is not None or item.cached_tokens.value > 0):
        share = item.cached_tokens.value / item.prompt_tokens.value
        figures["cached_share"] = item.cached_tokens.model_copy(update={"value": share})
    return workload.model_copy(update=figures)


def _count(value: float) -> str:
    return decimal(value) if value >= 100 else significant(value, 3)


def _differences(workload: Workload, log: WorkloadDemand) -> list[str]:
    found = []
    for what, said, seen in (
        (fixed("requests a day"), workload.requests_per_day.value, log.requests_per_day.value),
        (fixed("tokens of a prompt"), workload.prompt_tokens.value, log.prompt_tokens.value),
        (fixed("tokens of an answer"), workload.output_tokens.value, log.output_tokens.value),
    ):
        if said > 0 and seen > 0 and max(said / seen, seen / said) > _FAR:
            found.append(
                say(
                    "{workload}: the client said {said} {what}, its logs say {seen}: the logs count",
                    workload=workload.name,
                    said=_count(said),
                    what=what,
                    seen=_count(seen),
                )
            )
    return found
