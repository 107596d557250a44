"""What if: the records of an audit with volumes, prices, people and rules changed, as an engagement again.

A scenario is a change of records, not of the calculation: what comes out is an engagement, a demand and a price book as
any other, so what is seen of it on screen is what a verdict on it will say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from kit.demand.record import Demand, WorkloadDemand
from kit.engagement.record import Customisation, DataClass, Engagement, GpuOffer, Modality, Money, Today, Workload
from kit.pricing.pricebook import PriceBook
from kit.record import Basis, Figure, Part
from kit.strategy.terms import resolve

SOURCE = "what-if, set while exploring"
_PEOPLE = ("staff_fte_own", "staff_fte_rented", "staff_fte_api", "staff_fte_per_further_server")
_P = TypeVar("_P", bound=Part)


@dataclass(frozen=True)
class Base:
    """What is changed: the records as the audit has them.

    Attributes:
        engagement: as the client said it, with the volumes and lengths of the logs where there are any.
        demand: of its workloads, in its order.
        prices: the price book.
    """

    engagement: Engagement
    demand: Demand
    prices: PriceBook


@dataclass(frozen=True)
class Rule:
    """A rule that can be left out to see what it costs.

    Attributes:
        label: as a switch is named.
        without: the workload without it.
    """

    label: str
    without: Callable[[Workload], Workload]


def _update(**changes: Any) -> Callable[[Workload], Workload]:
    return lambda workload: workload.model_copy(update=changes)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "data": Rule("Data classes", _update(data_class=DataClass.PUBLIC)),
        "region": Rule("Regions", _update(regions=())),
        "regulation": Rule("Regulations", _update(regulations=())),
        "quality": Rule("Quality floors", _update(quality=None)),
        "latency": Rule("Latency limits", _update(latency=None)),
        "context": Rule("Context lengths", _update(context_tokens=None)),
        "availability": Rule("Availability", _update(availability=None)),
        "time": Rule("Dates", _update(needed_by=None)),
        "modality": Rule("Images, audio, video", _update(modalities=(Modality.TEXT,))),
        "customisation": Rule("Customisation", _update(customisation=Customisation.NONE)),
    }
)
"""The client's rules by gate. Licences, and what an offer promises, are not the client's to leave out."""


@dataclass(frozen=True)
class Scenario:
    """What is other than in the base; factors are 1, and all else is ``None`` or empty, where nothing is.

    Attributes:
        volume: on the requests of all workloads.
        growth: relative change of all requests per year, in place of each workload's own.
        api_prices: on all prices of APIs, what is paid today among them.
        gpu_prices: on purchase prices and rents, quoted ones among them.
        staff: on the people that running takes.
        utilisation: share of a machine's capacity that is planned for, in place of what the simulation of busy hours
            permits.
        regret: 95th percentile of regret that is accepted, as a share of the plan's cost.
        left_out: rules that do not hold, keys of :data:`RULES`.
        workloads: as edited, in place of the base's; ``None`` if none was.
        like: by name of a workload that is new or was renamed, the one of the base whose week it takes.
    """

    volume: float = 1.0
    growth: float | None = None
    api_prices: float = 1.0
    gpu_prices: float = 1.0
    staff: float = 1.0
    utilisation: float | None = None
    regret: float | None = None
    left_out: frozenset[str] = frozenset()
    workloads: tuple[Workload, ...] | None = None
    like: Mapping[str, str] = field(default_factory=dict)


def applied(scenario: Scenario, base: Base, *, day: dt.date | None = None) -> Base:
    """Return the records with a scenario's changes; every figure that it changes is *assumed*.

    Args:
        scenario: the changes.
        base: the records.
        day: the day of the figures that are changed; the engagement's by default.

    Raises:
        KeyError: a rule that there is not, or a new workload that is like none.
    """
    said = base.engagement
    turn = _Turn(day or said.date)
    edited = said.workloads if scenario.workloads is None else scenario.workloads
    items = {item.workload: item for item in base.demand.workloads}
    before = {workload.name: workload for workload in said.workloads}
    workloads, demands = [], []
    for workload in edited:
        name = scenario.like.get(workload.name, workload.name)
        changed = turn.workload(workload, before[name], scenario)
        workloads.append(changed)
        demands.append(turn.demand(items[name], before[name], changed))
    rules = {} if "regulation" not in scenario.left_out else {"regulations": ()}
    if "data" in scenario.left_out:
        rules["rules"] = ()
    engagement = said.model_copy(
        update={
            "workloads": tuple(workloads),
            "money": turn.people(said, scenario.staff),
            "operations": turn.stated(said.operations, "headroom", scenario.utilisation),
            "risk": turn.stated(said.risk, "regret_share", scenario.regret),
            "gpu_offers": tuple(turn.quote(offer, scenario.gpu_prices) for offer in said.gpu_offers),
            **rules,
        }
    )
    return replace(
        base,
        engagement=engagement,
        demand=base.demand.model_copy(update={"workloads": tuple(demands)}),
        prices=turn.book(base.prices, scenario),
    )


def rules_in(engagement: Engagement) -> tuple[str, ...]:
    """Return the rules that some workload of an engagement has, keys of :data:`RULES`, in their order."""
    having = {
        name
        for name, rule in RULES.items()
        if any(rule.without(workload) != workload for workload in engagement.workloads)
    }
    if engagement.regulations:
        having.add("regulation")
    return tuple(name for name in RULES if name in having)


@dataclass(frozen=True)
class _Turn:
    """Changes figures: what is changed is assumed, as of a day."""

    day: dt.date

    def times(self, figure: Figure, factor: float) -> Figure:
        if factor == 1:
            return figure
        source = f"{figure.source}; × {factor:g} ({SOURCE})"
        return figure.model_copy(
            update={"value": figure.value * factor, "basis": Basis.ASSUMED, "source": source, "date": self.day}
        )

    def figure(self, value: float) -> Figure:
        return Figure(value=value, basis=Basis.ASSUMED, source=SOURCE, date=self.day)

    def workload(self, workload: Workload, before: Workload, scenario: Scenario) -> Workload:
        changes: dict[str, object] = {"requests_per_day": self.times(workload.requests_per_day, scenario.volume)}
        if scenario.growth is not None:
            changes["growth_per_year"] = self.figure(scenario.growth)
        today = workload.today
        if today is not None and today.cost_per_month is not None:
            edited = workload.requests_per_day.value / before.requests_per_day.value
            changes["today"] = self.bill(today, scenario.volume * scenario.api_prices * edited)
        changed = workload.model_copy(update=changes)
        for name in sorted(scenario.left_out):
            changed = RULES[name].without(changed)
        return changed

    def bill(self, today: Today, factor: float) -> Today:
        assert today.cost_per_month is not None
        return today.model_copy(update={"cost_per_month": self.times(today.cost_per_month, factor)})

    def demand(self, item: WorkloadDemand, before: Workload, after: Workload) -> WorkloadDemand:
        """Return a week with the volume and the lengths of a workload as it is after a change.

        The shape of the week, the spread of the lengths and the share that a cache holds stay.
        """
        volume = after.requests_per_day.value / before.requests_per_day.value
        prompt = after.prompt_tokens.value / before.prompt_tokens.value
        output = after.output_tokens.value / before.output_tokens.value
        lengths = item.lengths
        if lengths is not None and (prompt, output) != (1, 1):
            from kit.demand.lengths import scaled

            lengths = scaled(lengths, prompt_tokens=after.prompt_tokens, output_tokens=after.output_tokens)
        return item.model_copy(
            update={
                "workload": after.name,
                "requests_per_hour": tuple(volume * requests for requests in item.requests_per_hour),
                "requests_per_day": after.requests_per_day,
                "prompt_tokens": after.prompt_tokens,
                "output_tokens": after.output_tokens,
                "cached_tokens": self.times(item.cached_tokens, prompt),
                "lengths": lengths,
                "deferrable": after.deferrable,
            }
        )

    def people(self, engagement: Engagement, factor: float) -> Money:
        if factor == 1:
            return engagement.money
        terms = resolve(engagement)
        return engagement.money.model_copy(update={name: self.times(getattr(terms, name), factor) for name in _PEOPLE})

    def stated(self, part: _P, name: str, value: float | None) -> _P:
        return part if value is None else part.model_copy(update={name: self.figure(value)})

    def quote(self, offer: GpuOffer, factor: float) -> GpuOffer:
        names = ("price_per_accelerator", "price_per_accelerator_hour")
        return offer.model_copy(
            update={name: self.times(price, factor) for name in names if (price := getattr(offer, name)) is not None}
        )

    def book(self, prices: PriceBook, scenario: Scenario) -> PriceBook:
        changed = {
            **dict.fromkeys(("api", "requests"), scenario.api_prices),
            **dict.fromkeys(("rentals", "purchases"), scenario.gpu_prices),
        }
        return prices.model_copy(
            update={
                name: tuple(self.part(row, factor) for row in getattr(prices, name))
                for name, factor in changed.items()
                if factor != 1
            }
        )

    def part(self, part: _P, factor: float) -> _P:
        """Return a row of the price book with all of its prices times a factor."""
        return part.model_copy(
            update={name: self._any(getattr(part, name), factor) for name in type(part).model_fields}
        )

    def _any(self, value: Any, factor: float) -> Any:
        if isinstance(value, Figure):
            return self.times(value, factor)
        if isinstance(value, Part):
            return self.part(value, factor)
        return tuple(self._any(item, factor) for item in value) if isinstance(value, tuple) else value
