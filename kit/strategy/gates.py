"""Gates: what an option must be able to do before its price counts. What is not known does not pass."""

from __future__ import annotations

from collections.abc import Sequence

from kit.engagement.record import Engagement, Latency, Place, Workload
from kit.facts.data_classes import DataClass, data_class
from kit.facts.models import Model
from kit.facts.quality import benchmarks, score
from kit.figures import decimal, plain, sentence_case
from kit.record import Figure
from kit.strategy.capacity import Service, service
from kit.strategy.hosts import host_of, host_strikes
from kit.strategy.options import Api, Pool
from kit.strategy.readiness import api_readiness, pool_readiness
from kit.strategy.strike import Strike
from kit.strategy.terms import Terms
from kit.strategy.ways import api_ttft_p95_s, network_s
from kit.wording import fixed, say

_PLACES = {
    Place.OWN: fixed("an own machine"),
    Place.RENTED: fixed("a rented machine"),
    Place.API: fixed("a cloud API"),
}
FASTER = fixed("faster hardware, a smaller model or a looser limit")
"""What lifts a latency that is known and too long."""


def gate_api(workload: Workload, api: Api, engagement: Engagement, terms: Terms) -> tuple[Strike, ...]:
    """Return why a workload may not use an API; empty if it may."""
    law = data_class(workload.data_class.value)
    found: list[Strike | None] = [_place(workload, law, Place.API, engagement)]
    if found == [None]:
        found += host_strikes(workload, law, host_of(api), engagement)
    found += [
        _quality(workload, api.offer.model, engagement),
        _context(workload, api.context_tokens, api.offer.model),
        *api_readiness(workload, api, engagement, terms),
        _api_latency(workload, api, engagement, terms),
    ]
    return tuple(strike for strike in found if strike)


def gate_pool(workload: Workload, pool: Pool, engagement: Engagement, terms: Terms) -> tuple[Strike, ...]:
    """Return why a workload may not use a pool; empty if it may.

    Its latency is judged as though the longest prompts that may share the pool were always in the queue with its own.
    """
    return _with_latency(
        workload,
        pool,
        engagement,
        terms,
        found=_without_latency(workload, pool, engagement, terms),
        longest=_longest(engagement, [_without_latency(w, pool, engagement, terms) for w in engagement.workloads]),
    )


def gate_all(pool: Pool, engagement: Engagement, terms: Terms) -> tuple[tuple[Strike, ...], ...]:
    """Return :func:`gate_pool` of each workload of the engagement, in its order."""
    found = [_without_latency(workload, pool, engagement, terms) for workload in engagement.workloads]
    longest = _longest(engagement, found)
    return tuple(
        _with_latency(workload, pool, engagement, terms, found=others, longest=longest)
        for workload, others in zip(engagement.workloads, found, strict=True)
    )


def _longest(engagement: Engagement, found: Sequence[list[Strike | None]]) -> Workload | None:
    """Return the workload with the longest prompts among those that nothing but latency might keep out of a pool."""
    admitted = [workload for workload, others in zip(engagement.workloads, found, strict=True) if not any(others)]
    return max(admitted, key=lambda workload: workload.prompt_tokens.value, default=None)


def _with_latency(
    workload: Workload,
    pool: Pool,
    engagement: Engagement,
    terms: Terms,
    *,
    found: list[Strike | None],
    longest: Workload | None,
) -> tuple[Strike, ...]:
    queued = [workload] if longest is None else [workload, longest]
    slowest = max(queued, key=lambda one: one.prompt_tokens.value)
    found = [*found, _pool_latency(workload, pool, engagement, terms, slowest)]
    return tuple(strike for strike in found if strike)


def _without_latency(workload: Workload, pool: Pool, engagement: Engagement, terms: Terms) -> list[Strike | None]:
    law = data_class(workload.data_class.value)
    found: list[Strike | None] = [_place(workload, law, pool.place, engagement)]
    if found == [None] and pool.place is Place.RENTED:
        found += host_strikes(workload, law, host_of(pool), engagement)
    return [
        *found,
        _licence(pool.model),
        _quality(workload, pool.model.name, engagement),
        _context(workload, pool.model.context_tokens, pool.model.name),
        *pool_readiness(workload, pool, engagement, terms),
    ]


def service_of(workload: Workload, pool: Pool, terms: Terms) -> Service:
    """Return what a request of the workload costs a replica of the pool, and how long its user waits."""
    return service(
        pool.profile,
        pool.level,
        prompt_tokens=workload.prompt_tokens.value,
        output_tokens=workload.output_tokens.value,
        tail_ratio_ttft=terms.p95_over_mean_ttft.value,
        tail_ratio_tpot=terms.p95_over_mean_tpot.value,
    )


def expected_service(workload: Workload, pool: Pool, terms: Terms, longest: Workload) -> Service:
    """Return the service of a workload in a pool that is shared with longer prompts: the slower latency of the two."""
    own, shared = service_of(workload, pool, terms), service_of(longest, pool, terms)
    if own.ttft_p95_s is None or shared.ttft_p95_s is None:
        return own
    return own.model_copy(
        update={
            "ttft_p95_s": max(own.ttft_p95_s, shared.ttft_p95_s),
            "tpot_p95_s": None
            if own.tpot_p95_s is None or shared.tpot_p95_s is None
            else max(own.tpot_p95_s, shared.tpot_p95_s),
        }
    )


def _place(workload: Workload, law: DataClass, place: Place, engagement: Engagement) -> Strike | None:
    rule = next((rule for rule in engagement.rules if rule.data_class == workload.data_class), None)
    allowed = rule.may_go_to if rule else tuple(Place(name) for name in law.may_go_to)
    if place in allowed:
        return None
    if rule:
        reason = say("The client's own rule for {data}: {place} is out", data=law.label, place=_PLACES[place])
        return Strike(gate="data", reason=reason, lift=fixed("the client, by changing its rule"))
    return Strike(
        gate="data",
        reason=say("{rule}: {place} is out", rule=sentence_case(law.rule), place=_PLACES[place]),
        lift=say("{lift} ({reference})", lift=sentence_case(law.lift), reference=law.reference),
    )


def only_own(engagement: Engagement, workload: Workload) -> str | None:
    """Return the rule that keeps a workload's data on own machines; ``None`` where they may go elsewhere too."""
    law = data_class(workload.data_class.value)
    if not all(_place(workload, law, place, engagement) for place in (Place.API, Place.RENTED)):
        return None
    if any(rule.data_class == workload.data_class for rule in engagement.rules):
        return say("the client's own rule for {data}: only own machines may serve it", data=law.label)
    return say("{rule}: only own machines may serve it", rule=sentence_case(law.rule))


def _licence(candidate: Model) -> Strike | None:
    if candidate.commercial_use:
        return None
    names = {"model": candidate.name, "licence": candidate.licence}
    if candidate.commercial_use is False:
        reason = say("the licence of {model} ({licence}) forbids commercial use", **names)
    else:
        reason = say("the licence of {model} ({licence}) is not known to allow commercial use", **names)
    return Strike(gate="licence", reason=reason, lift=fixed("the model's owner"))


def _quality(workload: Workload, name: str, engagement: Engagement) -> Strike | None:
    floor = workload.quality
    if floor is None:
        return None
    own = [item.score.value for item in engagement.scores if (item.model, item.benchmark) == (name, floor.benchmark)]
    # A benchmark of the client's own has no public scores; any other must be one of the table's, or it is a slip.
    theirs = floor.benchmark in {item.benchmark for item in engagement.scores}
    public = None if theirs and floor.benchmark not in benchmarks() else score(name, floor.benchmark)
    value = own[0] if own else public.value if public else None
    if value is not None and value >= floor.at_least.value:
        return None
    asked = {"benchmark": floor.benchmark, "at_least": plain(floor.at_least.value), "model": name}
    if value is None:
        reason = say("needs {benchmark} of at least {at_least}; no score of {model} is known", **asked)
    else:
        reason = say("needs {benchmark} of at least {at_least}; {model} scores {score}", score=plain(value), **asked)
    lift = fixed("a better model, or the client's own evaluation")
    return Strike(gate="quality", reason=reason, lift=lift)


def _context(workload: Workload, limit: int | None, name: str) -> Strike | None:
    if workload.context_tokens is None or (limit is not None and limit >= workload.context_tokens.value):
        return None
    asked = {"tokens": decimal(workload.context_tokens.value), "model": name}
    if limit is None:
        reason = say("needs {tokens} tokens of context; the limit of {model} is not known", **asked)
    else:
        reason = say("needs {tokens} tokens of context; {model} takes {limit}", limit=decimal(limit), **asked)
    return Strike(gate="context", reason=reason, lift=fixed("a model with a longer context"))


def _api_latency(workload: Workload, api: Api, engagement: Engagement, terms: Terms) -> Strike | None:
    slo = workload.latency
    if slo is None:
        return None
    if slo.tpot_p95_s is not None or slo.e2e_p95_s is not None:
        return Strike(
            gate="latency",
            reason=say("nothing is published on how fast {api} ends an answer", api=api.label),
            lift=fixed("a measurement of this API"),
        )
    seen = api_ttft_p95_s(api, workload, engagement, terms)
    return None if slo.ttft_p95_s is None else _too_slow("TTFT", seen, slo.ttft_p95_s, api.label)


def _pool_latency(
    workload: Workload, pool: Pool, engagement: Engagement, terms: Terms, longest: Workload
) -> Strike | None:
    slo = workload.latency
    if slo is None:
        return None
    expected = expected_service(workload, pool, terms, longest)
    network = network_s(pool, workload, engagement, terms).value
    limits = _against(slo, expected, workload.output_tokens.value, network)
    strikes = [_too_slow(name, seen, limit, pool.label) for name, seen, limit in limits if limit is not None]
    return next((strike for strike in strikes if strike), None)


def _against(
    slo: Latency, expected: Service, output_tokens: float, network: float
) -> tuple[tuple[str, float | None, Figure | None], ...]:
    ttft, e2e = expected.ttft_p95_s, expected.e2e_p95_s(output_tokens)
    return (
        ("TTFT", None if ttft is None else ttft + network, slo.ttft_p95_s),
        ("TPOT", expected.tpot_p95_s, slo.tpot_p95_s),
        (fixed("end-to-end time"), None if e2e is None else e2e + network, slo.e2e_p95_s),
    )


def _too_slow(name: str, seen: float | None, limit: Figure, label: str) -> Strike | None:
    if seen is not None and seen <= limit.value:
        return None
    asked = {"time": name, "limit": plain(limit.value), "option": label}
    if seen is None:
        reason = say("needs p95 {time} within {limit} s; that of {option} is not known", **asked)
        return Strike(gate="latency", reason=reason, lift=fixed("a measurement (kit profile)"))
    reason = say("needs p95 {time} within {limit} s; that of {option} is {seen} s", seen=decimal(seen, 2), **asked)
    return Strike(gate="latency", reason=reason, lift=FASTER)
