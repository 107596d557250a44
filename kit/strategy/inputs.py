"""Every figure that entered the decision, in one list, with its basis, source and date."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from kit.engagement.record import ApiOffer, Engagement, GpuOffer, Place
from kit.facts.defaults import default
from kit.facts.latency import network_round_trip
from kit.facts.quality import benchmarks, score
from kit.pricing.api_price import ApiPrice, OtherRates
from kit.pricing.pricebook import PriceBook
from kit.record import Basis, Figure
from kit.strategy.choice import Choice
from kit.strategy.options import Api, priced_by, rates_paid
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
    "growth_per_year": "relative change per year",
    "availability": "share of time",
    "uptime": "share of time",
    "term_years": "years",
    "ready_weeks": "weeks",
    "cost_per_month": "USD per month",
    "capex": "USD",
    "spend_share_per_provider": "share of all cost",
    "co2_tonnes_per_year": "tonnes of CO2 equivalents per year",
    "carbon_price_per_tonne": "USD per tonne of CO2 equivalents",
}
"""Units of what the client states, by the last part of the key; ``USD`` stands for its currency."""


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
            yield _make(f"workloads.{workload.name}.{key}", label, figure, _unit(name, engagement))
    yield from _offers(engagement)
    for name, figure in _figures(engagement.limits):
        label = f"limit on the plan: {name.replace('_', ' ')}"
        yield _make(f"limits.{name}", label, figure, _unit(name, engagement))
    for item in engagement.scores:
        label = f"{item.model}: {item.benchmark}, the client's own"
        yield _make(f"scores.{item.model}.{item.benchmark}", label, item.score, "points")


def _offers(engagement: Engagement) -> Iterator[Input]:
    """Yield what the offers promise; what they cost is among the prices."""
    named: list[tuple[str, str, ApiOffer | GpuOffer]] = [
        *(
            (f"api_offers.{number}", f"{one.model} ({one.provider})", one)
            for number, one in enumerate(engagement.api_offers, start=1)
        ),
        *(
            (f"gpu_offers.{number}", ", ".join(filter(None, (one.accelerator, one.tenure, one.provider))), one)
            for number, one in enumerate(engagement.gpu_offers, start=1)
        ),
    ]
    for key, label, offer in named:
        for name, figure in _figures(offer):
            if not name.startswith("price_"):
                yield _make(f"{key}.{name}", f"{label}: {name.replace('_', ' ')}", figure, _unit(name, engagement))


def _unit(name: str, engagement: Engagement) -> str:
    return _UNITS.get(name, "").replace("USD", engagement.currency)


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
        section = next(
            (part for part in ("money", "risk") if name in type(getattr(engagement, part)).model_fields), "operations"
        )
        yield _make(f"{section}.{name}", known.label, getattr(terms, name), unit)


def _prices(choice: Choice, prices: PriceBook) -> Iterator[Input]:
    for api in choice.apis:
        yield from _api_prices(choice, api, prices)
    per_unit = {Place.OWN: "per accelerator", Place.RENTED: "per accelerator and hour"}
    for pool in choice.pools:
        gpu = pool.offer
        whose = f" ({pool.renter})" if pool.renter else ""
        key = f"prices.{gpu.accelerator}.{pool.place}{whose}"
        unit = f"{choice.engagement.currency} {per_unit[pool.place]}"
        yield _make(key, f"{gpu.accelerator}, {pool.place}{whose}", pool.price, unit)


def _api_prices(choice: Choice, api: Api, prices: PriceBook) -> Iterator[Input]:
    """Yield the list prices of an API: the usual ones, and those by batch or for long prompts that somebody pays."""
    item = next((one for one in prices.api if (one.provider, one.model) == api.offer.listed_as), None)
    if item is None:
        return  # today's arrangement, priced by its bill
    paid = [
        rates_paid(api, item, workload, demand)
        for workload, demand in zip(choice.workloads, choice.demand.workloads, strict=True)
        if workload.name in api.price_per_request
    ]
    name, unit = f"{api.offer.model} ({api.offer.provider})", "USD per million tokens"
    for rates in (item, *paid):
        for part, figure in parts_of(rates).items():
            yield _make(rate_key(api, part), f"{name}: {part}", priced_by(api.offer, figure), unit)
    if item.usd_per_request is not None:
        figure = priced_by(api.offer, item.usd_per_request)
        yield _make(rate_key(api, "request"), f"{name}: each request, beside its tokens", figure, "USD")


def rate_key(api: Api, part: str) -> str:
    """Return the key of a list price, e.g. ``prices.openai.gpt-5.cached input``."""
    return f"prices.{api.offer.provider}.{api.offer.model}.{part}"


def parts_of(rates: ApiPrice | OtherRates) -> dict[str, Figure]:
    """Return list prices by their name: ``input``, ``cached input``, ``output``; ``input, by batch`` and the like."""
    which = ""
    if isinstance(rates, OtherRates):
        which = ", by batch" if rates.batch else ""
        which += f", prompts above {rates.above_tokens} tokens" if rates.above_tokens else ""
    found = {
        f"input{which}": rates.usd_per_mtok_input,
        f"cached input{which}": rates.usd_per_mtok_cached,
        f"output{which}": rates.usd_per_mtok_output,
    }
    return {name: figure for name, figure in found.items() if figure is not None}


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
