"""The row of the comparison about latency: how long each side is expected to take to its first token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kit.engagement.record import Place
from kit.figures import decimal, seconds
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.capacity import Service
from kit.strategy.dossier import Aspect, Finding, Side
from kit.strategy.gates import service_of
from kit.strategy.sides import CLIENT, GATES, PLANS, cite, found, lawful_apis, lawful_pools, some, worst
from kit.strategy.verdict import Strike
from kit.strategy.ways import api_ttft_p95_s, first_token, network_s
from kit.wording import fixed, say


@dataclass(frozen=True)
class Wait:
    """The least time to first token that a side is expected to keep for a workload.

    Attributes:
        seconds: 95th percentile, network included.
        basis, source: how it is known.
    """

    seconds: float
    basis: Basis | None
    source: str


def cloud_wait(case: Case, w: int) -> Wait | None:
    """Return the least wait at an API that a workload's data may go to; ``None`` if no such API is measured."""
    choice, workload = case.choice, case.choice.workloads[w]
    waits = []
    for a in lawful_apis(case, w):
        api = choice.apis[a]
        seen, known = api_ttft_p95_s(api, workload, choice.engagement, choice.terms), first_token(api)
        if seen is None or known is None:
            continue
        ratio = choice.terms.p95_over_mean_ttft
        bases = [known.p50.basis, *([ratio.basis] if known.p95 is None else [])]
        source = say("{api}: {source}", api=api.label, source=cite(known.p50))
        waits.append(Wait(seen, worst(bases), source))
    return min(waits, key=lambda wait: wait.seconds, default=None)


def local_wait(case: Case, w: int) -> Wait | None:
    """Return the wait at the plan's machines, else the least at a pool that the data may go to; ``None`` if unknown."""
    choice, workload = case.choice, case.choice.workloads[w]
    placement = case.verdict.placements[w]
    if placement.ttft_p95_s is not None and placement.places[0] is not Place.API:
        pools = [pool for pool in choice.pools if pool.label == placement.goes_to[0]]
        served = service_of(workload, pools[0], choice.terms)
        return Wait(placement.ttft_p95_s, _speed_basis(case, pools[0].profile.basis, served), PLANS)
    waits = []
    for p in lawful_pools(case, w):
        pool = choice.pools[p]
        served = service_of(workload, pool, choice.terms)
        if served.ttft_p95_s is not None:
            network = network_s(pool, workload, choice.engagement, choice.terms).value
            basis = _speed_basis(case, pool.profile.basis, served)
            source = say("service curve of {profile}", profile=pool.profile.name)
            waits.append(Wait(served.ttft_p95_s + network, basis, source))
    return min(waits, key=lambda wait: wait.seconds, default=None)


def _speed_basis(case: Case, basis: Basis, served: Service) -> Basis | None:
    tail = case.choice.terms.p95_over_mean_ttft.basis
    return worst([basis, Basis.PREDICTED if served.predicted else None, tail if served.assumed_tail else None])


def latency(case: Case) -> Aspect:
    """Return the expected time to first token of each side against the limits, and how many limits each side keeps.

    Better is the side that keeps more limits; of equals the one that is faster for every workload with a limit.
    """
    choice = case.choice
    limited = [w for w, workload in enumerate(choice.workloads) if workload.latency is not None]
    name = fixed("Latency")
    if not limited:
        nothing = found(say("No workload has a limit on latency: nobody waits."), [CLIENT])
        return Aspect(key="latency", name=name, cloud=nothing, local=nothing, better=None)
    kept = {
        "cloud": [w for w in limited if _keeps(choice.api_strikes[w], lawful_apis(case, w))],
        "local": [w for w in limited if _keeps(choice.pool_strikes[w], lawful_pools(case, w))],
    }
    waits = {
        "cloud": {w: cloud_wait(case, w) for w in limited},
        "local": {w: local_wait(case, w) for w in limited},
    }
    better: Side | None = None
    if len(kept["cloud"]) != len(kept["local"]):
        better = "cloud" if len(kept["cloud"]) > len(kept["local"]) else "local"
    else:
        pairs = [(waits["cloud"][w], waits["local"][w]) for w in limited]
        if all(there and here and there.seconds < here.seconds for there, here in pairs):
            better = "cloud"
        elif all(there and here and here.seconds < there.seconds for there, here in pairs):
            better = "local"
    return Aspect(
        key="latency",
        name=name,
        cloud=_waiting(case, waits["cloud"], kept["cloud"], lambda w: lawful_apis(case, w)),
        local=_waiting(case, waits["local"], kept["local"], lambda w: lawful_pools(case, w)),
        better=better,
    )


def _keeps(strikes: Sequence[Sequence[Strike]], options: Sequence[int]) -> bool:
    return any(not any(strike.gate == "latency" for strike in strikes[i]) for i in options)


def _waiting(
    case: Case, waits: dict[int, Wait | None], kept: Sequence[int], allowed: Callable[[int], list[int]]
) -> Finding:
    items, known = [], []
    for w, wait in waits.items():
        workload = case.choice.workloads[w]
        limit = workload.latency.ttft_p95_s if workload.latency else None
        values = {"workload": workload.name, "seen": seconds(wait.seconds if wait else None)}
        if limit is None:
            items.append(say("{workload} {seen}, without a limit on it", **values))
        else:
            items.append(say("{workload} {seen} (limit {limit})", limit=seconds(limit.value), **values))
        known += [wait] if wait else []
    text = say(
        "Expected time to first token, network included, 95th percentile: {items}. Limits on latency kept: {kept} of "
        "{all}.",
        items=some(items),
        kept=decimal(len(kept)),
        all=decimal(len(waits)),
    )
    if not known and not any(allowed(w) for w in waits):
        text = say("Nothing that is on offer here may have the data of a workload with a limit on latency.")
    elif not known:
        text = say(
            "Nobody has published or measured the time to first token of what the data may go to here. Limits on "
            "latency kept: {kept} of {all}.",
            kept=decimal(len(kept)),
            all=decimal(len(waits)),
        )
    return found(text, [wait.source for wait in known] or [GATES], [wait.basis for wait in known])
