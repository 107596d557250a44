"""What the client asks of each workload, and what it pays for it today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kit.engagement.record import ApiOffer, Today
from kit.errors import PriceError
from kit.pricing.pricebook import PriceBook
from kit.strategy.board import Case
from kit.strategy.choice import Choice, growth_of
from kit.strategy.dossier import Bill, Requirement
from kit.strategy.gates import gate_api
from kit.strategy.options import Api
from kit.strategy.problem import WEEKS_PER_MONTH
from kit.strategy.strike import LAW, Strike
from kit.strategy.terms import usd_in_currency


def requirements(case: Case) -> tuple[Requirement, ...]:
    """Return what the client asks of each workload, in the engagement's order; the figures are those of the plan."""
    growth = growth_of(case.choice.engagement, case.choice.demand)
    return tuple(_requirement(case.choice, w, float(growth[w])) for w in range(len(case.choice.workloads)))


def _requirement(choice: Choice, w: int, growth: float) -> Requirement:
    engagement, workload, item = choice.engagement, choice.workloads[w], choice.demand.workloads[w]
    slo, floor, context = workload.latency, workload.quality, workload.context_tokens
    limits = (None, None, None) if slo is None else (slo.ttft_p95_s, slo.tpot_p95_s, slo.e2e_p95_s)
    ttft, tpot, e2e = (None if limit is None else limit.value for limit in limits)
    return Requirement(
        workload=workload.name,
        description=workload.description,
        requests_per_day=item.requests_per_day.value,
        prompt_tokens=item.prompt_tokens.value,
        output_tokens=item.output_tokens.value,
        cached_share=_cached_share(choice, w),
        million_tokens_per_day=item.tokens_per_day / 1e6,
        peak_to_mean=float(np.max(item.requests_per_hour) / np.mean(item.requests_per_hour)),
        growth_per_year=growth,
        deferrable=item.deferrable,
        data_class=workload.data_class,
        may_go_to=next((rule.may_go_to for rule in engagement.rules if rule.data_class is workload.data_class), ()),
        regulations=choice.engagement.regulations_of(workload),
        regions=workload.regions,
        users=choice.engagement.users_of(workload),
        ttft_p95_s=ttft,
        tpot_p95_s=tpot,
        e2e_p95_s=e2e,
        benchmark="" if floor is None else floor.benchmark,
        at_least=None if floor is None else floor.at_least.value,
        context_tokens=None if context is None else context.value,
        availability=None if workload.availability is None else workload.availability.value,
        modalities=workload.modalities,
        customisation=workload.customisation,
        needed_by=workload.needed_by,
    )


def _cached_share(choice: Choice, w: int) -> float | None:
    """Return the share of the prompt that a cache holds; ``None`` where neither the client nor its logs speak of it."""
    item = choice.demand.workloads[w]
    if choice.workloads[w].cached_share is None and not item.cached_tokens.value:
        return None
    return item.cached_tokens.value / item.prompt_tokens.value


def bills(case: Case) -> tuple[Bill, ...]:
    """Return what is paid today for each workload that something serves, and what the best use of an API would cost."""
    return tuple(
        _bill(case, w, workload.today) for w, workload in enumerate(case.choice.workloads) if workload.today is not None
    )


def _bill(case: Case, w: int, today: Today) -> Bill:
    choice, best = case.choice, case.choice.best_api[w]
    label, struck = _now(choice, w, today)
    per_month = float(choice.problem.requests[0, w].sum()) * WEEKS_PER_MONTH
    listed = _listed_usd(choice, w, today, case.prices)
    return Bill(
        workload=choice.workloads[w].name,
        label=label,
        cached=today.cached,
        batch=today.batch,
        cost_per_month=None if listed is None else listed * usd_in_currency(choice.engagement) * per_month,
        stated_per_month=None if today.cost_per_month is None else today.cost_per_month.value,
        better="" if best < 0 else choice.apis[best].label,
        better_per_month=None if best < 0 else float(choice.problem.api_price[0, w, best]) * per_month,
        breaks=tuple(strike.reason for strike in struck if strike.gate in LAW),
        misses=tuple(strike.reason for strike in struck if strike.gate not in LAW),
    )


def _now(choice: Choice, w: int, today: Today) -> tuple[str, tuple[Strike, ...]]:
    """Return the API of today by its label, and what the gates say of it: as offered, else by its public terms."""
    for a, api in enumerate(choice.apis):
        if not api.as_today and (api.offer.provider, api.offer.model) == (today.provider, today.model):
            return api.label, choice.api_strikes[w][a]
    api = Api(ApiOffer(provider=today.provider, model=today.model), {}, None, as_today=True)
    plain = replace(api, as_today=False)
    return plain.label, gate_api(choice.workloads[w], api, choice.engagement, choice.terms)


def _listed_usd(choice: Choice, w: int, today: Today, prices: PriceBook) -> float | None:
    """Return what a request costs by the price list the way it is sent today, US dollars; ``None`` if none has it."""
    listed = next((one for one in prices.api if (one.provider, one.model) == (today.provider, today.model)), None)
    if listed is None:
        return None
    item = choice.demand.workloads[w]
    try:
        return listed.usd(
            prompt_tokens=item.prompt_tokens.value,
            output_tokens=item.output_tokens.value,
            cached_tokens=item.cached_tokens.value if today.cached else 0.0,
            batch=today.batch and any(rates.batch for rates in listed.other_rates),
        )
    except PriceError:
        return None
