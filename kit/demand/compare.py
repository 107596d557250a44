"""Two demands side by side: what grew, what got longer, what moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kit.demand.record import Demand, WorkloadDemand
from kit.record import Figure

_Measure = Callable[[WorkloadDemand], float | None]


@dataclass(frozen=True)
class Change:
    """One measure in two demands.

    Attributes:
        workload: whose; None for all together.
        measure: what, in words.
        unit: of both values; empty for a ratio.
        before: in the first demand; None if it is not there.
        after: in the second one.
    """

    workload: str | None
    measure: str
    unit: str
    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """After to before; None if one is missing or there was nothing before."""
        return self.after / self.before if self.after is not None and self.before else None


def compare(before: Demand, after: Demand) -> tuple[Change, ...]:
    """Return the measures of two demands, all together first, then workload by workload by its name.

    A workload that only one of them has keeps its rows, with None on the other side. Measures that neither demand
    knows are left out. The share of tokens is the mix: a workload's prompt and output tokens to those of all.

    Args:
        before: the first demand.
        after: the second one.
    """
    rows = [
        Change(None, measure, unit, value(before), value(after))
        for measure, unit, value in (
            ("requests", "requests/day", lambda one: sum(item.requests_per_day.value for item in one.workloads)),
            ("tokens", "tokens/day", lambda one: sum(item.tokens_per_day for item in one.workloads)),
            ("busiest hour", "requests/hour", _busiest),
            ("cost today", "USD/month", lambda one: _sum(item.cost_today for item in one.workloads)),
        )
    ]
    old, new = ({item.workload: item for item in one.workloads} for one in (before, after))
    shares = _mix(before), _mix(after)
    for name in dict.fromkeys([*old, *new]):
        sides = old.get(name), new.get(name)
        for measure, unit, value in _MEASURES:
            rows.append(Change(name, measure, unit, *(value(item) if item else None for item in sides)))
        rows.append(Change(name, "share of tokens", "", *(share.get(name) for share in shares)))
        rows.extend(_models(name, sides))
    return tuple(row for row in rows if row.before is not None or row.after is not None)


def _busiest(demand: Demand) -> float:
    return max(float(sum(hours)) for hours in zip(*(item.requests_per_hour for item in demand.workloads), strict=True))


def _sum(figures: Iterable[Figure | None]) -> float | None:
    known = [figure.value for figure in figures if figure is not None]
    return sum(known) if known else None


def _mix(demand: Demand) -> dict[str, float]:
    total = sum(item.tokens_per_day for item in demand.workloads)
    return {item.workload: item.tokens_per_day / total for item in demand.workloads} if total > 0 else {}


def _models(name: str, sides: Sequence[WorkloadDemand | None]) -> list[Change]:
    shares = [{one.model: one.share for one in item.models} if item else {} for item in sides]
    return [
        Change(name, f"share of requests: {model}", "", shares[0].get(model), shares[1].get(model))
        for model in dict.fromkeys([*shares[0], *shares[1]])
    ]


def _value(field: str) -> _Measure:
    def value(item: WorkloadDemand) -> float | None:
        figure = getattr(item, field)
        return figure.value if isinstance(figure, Figure) else None

    return value


def _quantile(field: str, probability: float) -> _Measure:
    def value(item: WorkloadDemand) -> float | None:
        return getattr(item.lengths, field).at(probability) if item.lengths else None

    return value


def _cached_share(item: WorkloadDemand) -> float | None:
    return item.cached_tokens.value / item.prompt_tokens.value if item.prompt_tokens.value > 0 else None


_MEASURES: tuple[tuple[str, str, _Measure], ...] = (
    ("requests", "requests/day", _value("requests_per_day")),
    ("tokens", "tokens/day", lambda item: item.tokens_per_day),
    ("busiest hour", "requests/hour", lambda item: max(item.requests_per_hour)),
    ("peak to mean hour", "", _value("shape")),
    ("peak to mean minute", "", _value("peak_to_mean_minute")),
    ("variation of gaps within the hour", "", _value("burstiness")),
    ("variation of the rate by minute", "", _value("minute_rate_cv")),
    ("mean prompt", "tokens", _value("prompt_tokens")),
    ("median prompt", "tokens", _quantile("prompt", 0.5)),
    ("95 % of prompts", "tokens", _quantile("prompt", 0.95)),
    ("mean output", "tokens", _value("output_tokens")),
    ("median output", "tokens", _quantile("output", 0.5)),
    ("95 % of outputs", "tokens", _quantile("output", 0.95)),
    ("cached share of the prompt", "", _cached_share),
    ("cost today", "USD/month", _value("cost_today")),
)
