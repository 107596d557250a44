"""Every figure that entered the decision, in one list, with its basis, source and date."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from kit.engagement.record import ApiOffer, Engagement, GpuOffer, Place
from kit.facts.defaults import default
from kit.facts.latency import network_round_trip
from kit.facts.quality import benchmarks, score
from kit.figures import plain
from kit.pricing.api_price import ApiPrice, OtherRates
from kit.pricing.pricebook import PriceBook
from kit.record import Basis, Figure
from kit.strategy.choice import Choice
from kit.strategy.options import Api, priced_by, rates_paid
from kit.strategy.terms import Terms, default_key
from kit.strategy.verdict import Input
from kit.strategy.ways import api_way_s, first_token, network_s
from kit.wording import fixed, say

_LABELS = {
    "requests_per_day": fixed("requests per day"),
    "prompt_tokens": fixed("prompt tokens"),
    "output_tokens": fixed("output tokens"),
    "cached_share": fixed("cached share"),
    "ttft_p95_s": fixed("ttft p95 s"),
    "tpot_p95_s": fixed("tpot p95 s"),
    "e2e_p95_s": fixed("e2e p95 s"),
    "at_least": fixed("at least"),
    "context_tokens": fixed("context tokens"),
    "cost_per_month": fixed("cost per month"),
    "growth_per_year": fixed("growth per year"),
    "availability": fixed("availability"),
    "uptime": fixed("uptime"),
    "term_years": fixed("term years"),
    "ready_weeks": fixed("ready weeks"),
    "spend_share_per_provider": fixed("spend share per provider"),
    "capex": fixed("capex"),
    "co2_tonnes_per_year": fixed("co2 tonnes per year"),
    "carbon_price_per_tonne": fixed("carbon price per tonne"),
}
"""What the client states, by the last part of the key."""

_UNITS = {
    "requests_per_day": fixed("requests per day"),
    "prompt_tokens": fixed("tokens"),
    "output_tokens": fixed("tokens"),
    "context_tokens": fixed("tokens"),
    "cached_share": fixed("share of the prompt"),
    "ttft_p95_s": fixed("s"),
    "tpot_p95_s": fixed("s"),
    "e2e_p95_s": fixed("s"),
    "at_least": fixed("points"),
    "score": fixed("points"),
    "growth_per_year": fixed("relative change per year"),
    "availability": fixed("share of time"),
    "uptime": fixed("share of time"),
    "term_years": fixed("years"),
    "ready_weeks": fixed("weeks"),
    "cost_per_month": fixed("{currency} per month"),
    "capex": fixed("{currency}"),
    "spend_share_per_provider": fixed("share of all cost"),
    "co2_tonnes_per_year": fixed("tonnes of CO2 equivalents per year"),
    "carbon_price_per_tonne": fixed("{currency} per tonne of CO2 equivalents"),
}
"""Units of what the client states, likewise."""


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
        unit = say("USD per {currency}", currency=engagement.currency)
        yield _make("usd_per_unit", say("exchange rate"), engagement.usd_per_unit, unit)
    for workload in engagement.workloads:
        for key, figure in _figures(workload):
            name = key.rsplit(".", 1)[-1]
            label = say("{name}: {figure}", name=workload.name, figure=_LABELS[name])
            yield _make(f"workloads.{workload.name}.{key}", label, figure, _unit(name, engagement))
    yield from _offers(engagement)
    for name, figure in _figures(engagement.limits):
        label = say("limit on the plan: {figure}", figure=_LABELS[name])
        yield _make(f"limits.{name}", label, figure, _unit(name, engagement))
    for item in engagement.scores:
        label = say("{model}: {benchmark}, the client's own", model=item.model, benchmark=item.benchmark)
        yield _make(f"scores.{item.model}.{item.benchmark}", label, item.score, fixed("points"))


def _offers(engagement: Engagement) -> Iterator[Input]:
    """Yield what the offers promise; what they cost is among the prices."""
    named: list[tuple[str, str, ApiOffer | GpuOffer]] = [
        *((f"api_offers.{number}", _api(one), one) for number, one in enumerate(engagement.api_offers, start=1)),
        *((f"gpu_offers.{number}", _gpu(one), one) for number, one in enumerate(engagement.gpu_offers, start=1)),
    ]
    for key, label, offer in named:
        for name, figure in _figures(offer):
            if not name.startswith("price_"):
                text = say("{name}: {figure}", name=label, figure=_LABELS[name])
                yield _make(f"{key}.{name}", text, figure, _unit(name, engagement))


def _gpu(offer: GpuOffer) -> str:
    if offer.tenure is Place.OWN:
        return say("{accelerator}, own", accelerator=offer.accelerator)
    return say("{accelerator}, rented ({renter})", accelerator=offer.accelerator, renter=str(offer.provider))


def _unit(name: str, engagement: Engagement) -> str:
    return in_currency(_UNITS.get(name, ""), engagement.currency)


def in_currency(unit: str, currency: str) -> str:
    """Return a unit of a table or of this module with the currency in it, where it names one."""
    template = unit.replace("USD", "{currency}")
    return say(template, currency=currency) if "{currency}" in template else unit


def _api(offer: ApiOffer) -> str:
    return say("{model} ({provider})", model=offer.model, provider=offer.provider)


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
        unit = in_currency(known.unit, engagement.currency)
        section = next(
            (part for part in ("money", "risk") if name in type(getattr(engagement, part)).model_fields), "operations"
        )
        yield _make(f"{section}.{name}", known.label, getattr(terms, name), unit)


def _prices(choice: Choice, prices: PriceBook) -> Iterator[Input]:
    for api in choice.apis:
        yield from _api_prices(choice, api, prices)
    currency = choice.engagement.currency
    for pool in choice.pools:
        gpu = pool.offer
        key = pool.price_key
        if pool.place is Place.OWN:
            label = say("{accelerator}, own", accelerator=gpu.accelerator)
            yield _make(key, label, pool.price, say("{currency} per accelerator", currency=currency))
            continue
        label = say("{accelerator}, rented ({renter})", accelerator=gpu.accelerator, renter=pool.renter)
        yield _make(key, label, pool.price, say("{currency} per accelerator and hour", currency=currency))


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
    name, unit = _api(api.offer), say("{currency} per million tokens", currency="USD")
    for rates in (item, *paid):
        for part, figure in parts_of(rates).items():
            label = say("{name}: {figure}", name=name, figure=part)
            yield _make(rate_key(api, part), label, priced_by(api.offer, figure), unit)
    if item.usd_per_request is not None:
        figure = priced_by(api.offer, item.usd_per_request)
        label = say("{name}: each request, beside its tokens", name=name)
        yield _make(rate_key(api, "request"), label, figure, "USD")


def rate_key(api: Api, part: str) -> str:
    """Return the key of a list price, e.g. ``prices.openai.gpt-5.cached input``."""
    return f"prices.{api.offer.provider}.{api.offer.model}.{part}"


def parts_of(rates: ApiPrice | OtherRates) -> dict[str, Figure]:
    """Return list prices by their name: ``input``, ``cached input``, ``output``; ``input, by batch`` and the like."""
    batch = isinstance(rates, OtherRates) and rates.batch
    above = rates.above_tokens if isinstance(rates, OtherRates) else None
    found = {
        _priced(part, batch=batch, above=above): figure
        for part, figure in (
            (fixed("input"), rates.usd_per_mtok_input),
            (fixed("cached input"), rates.usd_per_mtok_cached),
            (fixed("output"), rates.usd_per_mtok_output),
        )
    }
    return {name: figure for name, figure in found.items() if figure is not None}


def _priced(part: str, *, batch: bool, above: int | None) -> str:
    if batch and above:
        return say("{part}, by batch, prompts above {tokens} tokens", part=part, tokens=plain(above))
    if above:
        return say("{part}, prompts above {tokens} tokens", part=part, tokens=plain(above))
    return say("{part}, by batch", part=part) if batch else part


def _gates(choice: Choice) -> Iterator[Input]:
    asked = {workload.quality.benchmark for workload in choice.workloads if workload.quality}
    models = [api.offer.model for api in choice.apis] + [pool.model.name for pool in choice.pools]
    for name in dict.fromkeys(models):
        for benchmark in sorted(asked & benchmarks()):
            if (known := score(name, benchmark)) is not None:
                figure = Figure(value=known.value, basis=Basis.PUBLISHED, source=known.source, date=known.date)
                yield _make(
                    f"quality.{name}.{benchmark}",
                    say("{name}: {figure}", name=name, figure=benchmark),
                    figure,
                    fixed("points"),
                )
    if any(workload.latency for workload in choice.workloads):
        yield from _latencies(choice)


def _latencies(choice: Choice) -> Iterator[Input]:
    waiting = [workload for workload in choice.workloads if workload.latency]
    for api in choice.apis:
        known = first_token(api)
        if known is None:
            continue
        label = say("{api}: median TTFT, network included", api=api.label)
        yield _make(f"latency.{api.label}", label, known.p50, "s")
        for workload in () if known.here else waiting:
            if (way := api_way_s(api, workload, choice.engagement)) is not None:
                label = say("the way from the users of {workload} to {api}", workload=workload.name, api=api.label)
                yield _make(f"latency.way.{workload.name} to {api.label}", label, way, "s")
    for pool in choice.pools:
        for workload in waiting if pool.place is Place.RENTED else ():
            way = network_s(pool, workload, choice.engagement, choice.terms)
            if way == network_round_trip():
                yield _make("latency.rented", say("round trip to a rented machine"), way, "s")
            else:
                label = say(
                    "round trip from the users of {workload} to {renter}", workload=workload.name, renter=pool.renter
                )
                yield _make(f"latency.way.{workload.name} to {pool.renter}", label, way, "s")


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
        machine = say("{number} × {accelerator}", number=profile.accelerators, accelerator=profile.accelerator)
        label = say(
            "{model} ({dtype}) on {machine}, {engine}: most, at {prompt} + {output} tokens",
            model=profile.model.name,
            dtype=profile.model.dtype,
            machine=machine,
            engine=profile.engine.name,
            prompt=plain(best.prompt_tokens),
            output=plain(best.output_tokens),
        )
        yield _make(f"profiles.{profile.name}", label, speed, say("output tokens/s"))
        if pool.power_w is not None and pool.place is Place.OWN:
            key = f"power.{profile.name}"
            yield _make(key, say("power of {machine} with their server", machine=machine), pool.power_w, "W")
