"""The busiest hour of each pool of a plan, simulated: rows of the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kit.profiler.profile import Spread
from kit.strategy.answers import Overflow, Rehearsed, Waits
from kit.strategy.choice import Choice, Solved
from kit.strategy.placing import load_of
from kit.strategy.rehearsal import Member, Rehearsal, Wait, rehearse
from kit.strategy.verdict import Placement
from kit.strategy.ways import network_s


def rehearsed(choice: Choice, solved: Solved) -> tuple[Rehearsed, ...]:
    """Return what the users of each pool wait in the busiest hour of the first phase in which it is on.

    The spare replicas serve too, as they do until one fails.
    """
    rows, plan, load = [], solved.plan, load_of(solved).sum(axis=1)
    for p in np.flatnonzero(plan.used):
        pool = choice.pools[p]
        y = int(np.flatnonzero(plan.running[:, p].any(axis=1))[0])
        fill = load[y, p] / np.maximum(plan.running[y, p], 1)
        hour = int(fill.argmax())
        members = [
            Member(
                workload=choice.demand.workloads[w],
                requests_per_hour=float(plan.flow_pool[y, w, p, hour]),
                latency=workload.latency,
                network_s=network_s(pool, workload, choice.engagement, choice.terms).value,
            )
            for w, workload in enumerate(choice.workloads)
            if plan.flow_pool[y, w, p, hour] > 0
        ]
        result = rehearse(pool, replicas=int(plan.running[y, p, hour]), spare=0, members=members)
        rows.append(_row(pool.label, result))
    return tuple(rows)


def as_rehearsed(placements: Sequence[Placement], rows: Sequence[Rehearsed]) -> tuple[Placement, ...]:
    """Return the placements with the times to first token of the simulated hours, so that each is told only once.

    Without a simulation of its main place a placement keeps what is expected at the planned concurrency.
    """
    seen = {(row.pool, wait.workload): wait.ttft_p95_s for row in rows for wait in row.waits}
    found = []
    for placement in placements:
        ttft = seen.get((placement.goes_to[0], placement.workload))
        found.append(placement if ttft is None else placement.model_copy(update={"ttft_p95_s": ttft}))
    return tuple(found)


def _row(label: str, found: Rehearsal) -> Rehearsed:
    limited = [threshold for threshold in found.thresholds.values() if threshold is not None]
    every = len(limited) == len(found.thresholds)
    return Rehearsed(
        pool=label,
        load=found.load,
        requests=found.requests,
        waits=tuple(_waits(wait) for wait in found.members),
        overflows=tuple(Overflow(threshold=one.threshold, share=one.in_all.sent_away) for one in found.trials),
        threshold=min(limited) if limited and every else None,
        why=found.why,
    )


def _waits(wait: Wait) -> Waits:
    ttft, e2e = wait.latencies.ttft_s, wait.latencies.e2e_s
    return Waits(workload=wait.workload, **_three("ttft", ttft), **_three("e2e", e2e), kept=wait.kept)


def _three(name: str, spread: Spread) -> dict[str, float | None]:
    return {f"{name}_{q}_s": getattr(spread, q) for q in ("p50", "p95", "p99")}
