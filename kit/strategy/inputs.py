"""Every figure that entered the decision, in one list, with its basis, source and date."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from kit.engagement.record import Engagement, Place
from kit.facts.defaults import default
from kit.facts.latency import network_round_trip
from kit.facts.quality import benchmarks, score
from kit.pricing.pricebook import PriceBook
from kit.record import Basis, Figure
from kit.strategy.choice import Choice
from kit.strategy.options import listed_price, priced_by
from kit.strategy.terms import Terms, default_key
from kit.strategy.verdict import Input
from kit.strategy.ways import api_way_s, first_token, network_s

_UNITS = {
    "requests_per_day": "requests per day",
    "prompt_tokens": "tokens",
    "output_tokens": "tokens",
    "context_tokens": "tokens",
    "cached_share": "share of the prompt",
    "ttft_p95_s": "s",
    "tpot_p95_s": "s",
    "e2e_p95_s": "s",
    "at_least": "points",
    "score": "points",
}


def inputs(choice: Choice, prices: PriceBook) -> tuple[Input, ...]:
    """Return every figure that entered the decision, in the order: the client, the kit's defaults, prices, speeds."""
    found = [
        *_client(choice.engagement),
        *_defaults(choice.engagement, choice.terms),
        *_prices(choice, prices),
        *_gates(choice),
        *_speeds(choice),
    ]
    return tuple({item.key: item for item in found}.values())


def _make(key: str, label: str, figure: Figure, unit: str) -> Input:
    return Input(
        key=key,
        label=label,
        value=figure.value,
        unit=unit,
        basis=figure.basis,
        source=figure.source,
        date=figure.date,
    )


def _client(engagement: Engagement) -> Iterator[Input]:
    if engagement.usd_per_unit:
        unit = f"USD per {engagement.currency}"
        yield _make("usd_per_unit", "exchange rate", engagement.usd_per_unit, unit)
    for workload in engagement.workloads:
        for key, figure in _figures(workload):
            name = key.rsplit(".", 1)[-1]
            label = f"{workload.name}: {name.replace('_', ' ')}"
            yield _make(f"workloads.{workload.name}.{key}", label, figure, _UNITS.get(name, ""))
    for item in engagement.scores:
        label = f"{item.model}: {item.benchmark}, the client's own"
        yield _make(f"scores.{item.model}.{item.benchmark}", label, item.score, "points")


def _figures(part: BaseModel, prefix: str = "") -> Iterator[tuple[str, Figure]]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Figure):
            yield prefix + name, value
        elif isinstance(value, BaseModel):
            yield from _figures(value, f"{prefix}{name}.")


def _defaults(engagement: Engagement, terms: Terms) -> Iterator[Input]:
    for name in Terms.model_fields:
        known = default(default_key(name))
        unit = known.unit.replace("USD", engagement.currency)
        section = "money" if name in type(engagement.money).model_fields else "operations"
        yield _make(f"{section}.{name}", known.label, getattr(terms, name), unit)


def _prices(choice: Choice, prices: PriceBook) -> Iterator[Input]:
    for api in choice.apis:
        offer, item = api.offer, listed_price(api.offer, prices)
        listed = {
            "input": item.usd_per_mtok_input,
            "cached input": item.usd_per_mtok_cached,
            "output": item.usd_per_mtok_output,
        }
        for part, figure in listed.items():
            if figure is not None:
                key = f"prices.{offer.provider}.{offer.model}.{part}"
                yield _make(key, f"{api.label}: {part}", priced_by(offer, figure), "USD per million tokens")
    per_unit = {Place.OWN: "per accelerator", Place.RENTED: "per accelerator and hour"}
    for pool in choice.pools:
        gpu = pool.offer
        whose = f" ({pool.renter})" if pool.renter else ""
        key = f"prices.{gpu.accelerator}.{pool.place}{whose}"
        unit = f"{choice.engagement.currency} {per_unit[pool.place]}"
        yield _make(key, f"{gpu.accelerator}, {pool.place}{whose}", pool.price, unit)


def _gates(choice: Choice) -> Iterator[Input]:
    asked = {workload.quality.benchmark for workload in choice.workloads if workload.quality}
    models = [api.offer.model for api in choice.apis] + [pool.model.name for pool in choice.pools]
    for name in dict.fromkeys(models):
        for benchmark in sorted(asked & benchmarks()):
            if (known := score(name, benchmark)) is not None:
                figure = Figure(value=known.value, basis=Basis.PUBLISHED, source=known.source, date=known.date)
                yield _make(f"quality.{name}.{benchmark}", f"{name}: {benchmark}", figure, "points")
    if any(workload.latency for workload in choice.workloads):
        yield from _latencies(choice)


def _latencies(choice: Choice) -> Iterator[Input]:
    waiting = [workload for workload in choice.workloads if workload.latency]
    for api in choice.apis:
        known = first_token(api)
        if known is None:
            continue
        key, label = f"latency.{api.label}", f"{api.label}: median TTFT, network included"
        yield _make(key, label, known.p50, "s")
        for workload in () if known.here else waiting:
            if (way := api_way_s(api, workload, choice.engagement)) is not None:
                name = f"{workload.name} to {api.label}"
                yield _make(f"latency.way.{name}", f"the way from the users of {name}", way, "s")
    for pool in choice.pools:
        for workload in waiting if pool.place is Place.RENTED else ():
            way = network_s(pool, workload, choice.engagement, choice.terms)
            if way == network_round_trip():
                yield _make("latency.rented", "round trip to a rented machine", way, "s")
            else:
                name = f"{workload.name} to {pool.renter}"
                yield _make(f"latency.way.{name}", f"round trip from the users of {name}", way, "s")


def _speeds(choice: Choice) -> Iterator[Input]:
    for pool in choice.pools:
        profile = pool.profile
        best = max(profile.service_curve, key=lambda point: point.output_tokens_per_s)
        speed = Figure(
            value=best.output_tokens_per_s,
            basis=profile.basis,
            source=best.source or profile.source,
            date=profile.date,
        )
        shape = f"{best.prompt_tokens:g} + {best.output_tokens:g} tokens"
        count = f"{profile.accelerators} × {profile.accelerator}"
        label = f"{profile.model.name} ({profile.model.dtype}) on {count}, {profile.engine.name}: most, at {shape}"
        yield _make(f"profiles.{profile.name}", label, speed, "output tokens/s")
        if pool.power_w is not None and pool.place is Place.OWN:
            key = f"power.{profile.name}"
            yield _make(key, f"power of {count} with their server", pool.power_w, "W")
