"""The row of the comparison about latency: how long each side is expected to take to its first token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.engagement.record import Place, Workload
from kit.figures import decimal, seconds
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.procured import pool_parts
from kit.strategy.board.sides import (
    CLIENT,
    GATES,
    PLANS,
    cite,
    found,
    offered,
    open_apis,
    open_pools,
    some,
    worst_known,
)
from kit.strategy.capacity import Service
from kit.strategy.dossier import Aspect, Finding, Side
from kit.strategy.gates import expected_service, service_of
from kit.strategy.strike import Strike
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
    """Return the least wait at an API that may serve a workload; ``None`` if no such API is measured."""
    choice, workload = case.choice, case.choice.workloads[w]
    waits = []
    for a in fit_apis(case, w):
        api = choice.apis[a]
        seen, known = api_ttft_p95_s(api, workload, choice.engagement, choice.terms), first_token(api)
        if seen is None or known is None:
            continue
        ratio = choice.terms.p95_over_mean_ttft
        bases = [known.p50.basis, *([ratio.basis] if known.p95 is None else [])]
        source = say("{api}: {source}", api=api.label, source=cite(known.p50))
        waits.append(Wait(seen, worst_known(bases), source))
    return min(waits, key=lambda wait: wait.seconds, default=None)


def local_wait(case: Case, w: int) -> Wait | None:
    """Return the wait at the plan's machines, else the least at a pool that may serve a workload; ``None`` if unknown.

    That of the plan's is of the simulated busiest hour; the others are by the gate's rule, with the longest prompts
    that may share the pool in the queue.
    """
    choice, workload = case.choice, case.choice.workloads[w]
    placement = case.verdict.placements[w]
    if placement.ttft_p95_s is not None and placement.places[0] is not Place.API:
        # The same machine is among the options at several loads; the plan has taken one of them.
        taken = next(part for part in pool_parts(case) if part.label == placement.goes_to[0] and w in part.workloads)
        pool = choice.pools[taken.number]
        served = service_of(workload, pool, choice.terms)
        basis = worst_known([_speed_basis(case, pool.profile.basis, served), Basis.PREDICTED])
        return Wait(placement.ttft_p95_s, basis, PLANS)
    waits = []
    for p in fit_pools(case, w):
        pool = choice.pools[p]
        served = expected_service(workload, pool, choice.terms, _longest(case, w, p))
        if served.ttft_p95_s is not None:
            network = network_s(pool, workload, choice.engagement, choice.terms).value
            basis = _speed_basis(case, pool.profile.basis, served)
            source = say("service curve of {profile}", profile=pool.profile.name)
            waits.append(Wait(served.ttft_p95_s + network, basis, source))
    return min(waits, key=lambda wait: wait.seconds, default=None)


def _longest(case: Case, w: int, p: int) -> Workload:
    """Return the workload with the longest prompts among one and those that may share a pool with it."""
    workloads = case.choice.workloads
    sharing = [workloads[v] for v, rows in enumerate(case.choice.pool_strikes) if _but_latency(rows[p])]
    return max([workloads[w], *sharing], key=lambda other: other.prompt_tokens.value)


def _but_latency(strikes: Sequence[Strike]) -> bool:
    return all(strike.gate == "latency" for strike in strikes)


def fit_apis(case: Case, w: int) -> list[int]:
    """Return the APIs that may serve a workload, or might if their latency allowed it, the former if there are any."""
    strikes = case.choice.api_strikes[w]
    return open_apis(case, w) or [a for a in offered(case) if _but_latency(strikes[a])]


def fit_pools(case: Case, w: int) -> list[int]:
    """Return the pools that may serve a workload, or might if their latency allowed it, the former if there are any."""
    return open_pools(case, w) or [p for p, strikes in enumerate(case.choice.pool_strikes[w]) if _but_latency(strikes)]


def _speed_basis(case: Case, basis: Basis, served: Service) -> Basis | None:
    tail = case.choice.terms.p95_over_mean_ttft.basis
    return worst_known([basis, Basis.PREDICTED if served.predicted else None, tail if served.assumed_tail else None])


def latency(case: Case) -> Aspect:
    """Return the expected time to first token of each side against the limits, and how many limits each side keeps.

    Only what may serve a workload counts; where all of it is struck on latency alone, its limit is not kept. Better is
    the side that keeps more limits; of equals the one that is faster for every workload with a limit.
    """
    choice = case.choice
    limited = [w for w, workload in enumerate(choice.workloads) if workload.latency is not None]
    name = fixed("Latency")
    if not limited:
        nothing = found(say("No workload has a limit on latency: nobody waits."), [CLIENT])
        return Aspect(key="latency", name=name, cloud=nothing, local=nothing, better=None)
    kept = {
        "cloud": [w for w in limited if open_apis(case, w)],
        "local": [w for w in limited if open_pools(case, w)],
    }
    waits = {
        "cloud": {w: cloud_wait(case, w) for w in limited if fit_apis(case, w)},
        "local": {w: local_wait(case, w) for w in limited if fit_pools(case, w)},
    }
    better: Side | None = None
    if len(kept["cloud"]) != len(kept["local"]):
        better = "cloud" if len(kept["cloud"]) > len(kept["local"]) else "local"
    else:
        pairs = [(waits["cloud"].get(w), waits["local"].get(w)) for w in limited]
        if all(there and here and there.seconds < here.seconds for there, here in pairs):
            better = "cloud"
        elif all(there and here and here.seconds < there.seconds for there, here in pairs):
            better = "local"
    return Aspect(
        key="latency",
        name=name,
        cloud=_waiting(case, waits["cloud"], kept["cloud"], limited),
        local=_waiting(case, waits["local"], kept["local"], limited),
        better=better,
    )


def _waiting(case: Case, waits: dict[int, Wait | None], kept: Sequence[int], limited: Sequence[int]) -> Finding:
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
    if not waits:
        text = say("Nothing that is on offer here may serve a workload with a limit on latency.")
    elif not known:
        text = say(
            "Nobody has published or measured the time to first token of what may serve here. Limits on latency "
            "kept: {kept} of {all}.",
            kept=decimal(len(kept)),
            all=decimal(len(waits)),
        )
    out = [case.choice.workloads[w].name for w in limited if w not in waits]
    if waits and out:
        text = say(
            "{text} Not counted, as other gates strike all that is on offer here: {names}.", text=text, names=some(out)
        )
    return found(text, [wait.source for wait in known] or [GATES], [wait.basis for wait in known])
