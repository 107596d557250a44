"""The rehearsal of a pool's busiest hour: its members' own requests, through one of its replicas, as planned.

Requests go to a replica at random, so each replica has the same share of each member's requests, and one is simulated
for all: with the spare ones down, for that is the load that the plan allows. Members come each in its own bursts and
lengths (:mod:`kit.strategy.headroom`); a busy minute of one says nothing about the others. The curve is that of their
mix, ``r(n) ∝ 1 / Σ share · s(n)``, and the mean work of each ``r(level) · s(level)``, so that the simulated load is
the planned one. The hour is repeated until enough requests went through it.

The threshold of requests in a replica beyond which the next go to a cloud API is then tried at some values: what it
sends away, what the rest wait, and which is the highest that keeps each member's limits, the router's overflow policy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kit.demand.record import WorkloadDemand
from kit.engagement.record import Latency
from kit.profiler.profile import Spread
from kit.record import Figure
from kit.strategy.headroom import (
    HOUR_S,
    QUANTILE,
    SEED,
    Traffic,
    Work,
    arrivals,
    curve_of,
    seconds_at,
    tpots,
    traffic_of,
    work_of,
    works,
)
from kit.strategy.options import Pool
from kit.strategy.queueing import Floats, Simulated, simulate
from kit.strategy.waiting import Latencies, latencies
from kit.wording import fixed

REQUESTS = 20_000
"""At least so many are counted: 200 lie beyond the 99th percentile."""

MOST_HOURS = 20_000
"""No more hours are repeated: with less than one request an hour nobody waits for another."""

WARM_UP_S = 600.0
"""Not counted, for the replica is empty at first; long beside any stay that a limit allows."""

THRESHOLDS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Requests in a replica, in units of its places, beyond which more are sent away."""


class Member(NamedTuple):
    """A workload in a pool's busiest hour.

    Attributes:
        workload: its bursts, lengths and means.
        requests_per_hour: in that hour, at all replicas of the pool together.
        latency: its limits; ``None``: nobody waits.
        network_s: the network's part of each time to first and to last token.
    """

    workload: WorkloadDemand
    requests_per_hour: float
    latency: Latency | None
    network_s: float = 0.0


@dataclass(frozen=True)
class Wait:
    """What the users of a member, or of all, wait; seconds.

    Attributes:
        workload: whose; empty for all together.
        latencies: times to first and to last token of those served, of a member with the network's part, of all
            together without; the TTFT has no figures where the profile has none.
        tpot_p95_s: time per output token after the first; ``None`` where it is not known.
        sent_away: share of its requests, 0 to 1.
        kept: whether its limits hold; ``None`` if it has none.
    """

    workload: str
    latencies: Latencies
    tpot_p95_s: float | None
    sent_away: float
    kept: bool | None


@dataclass(frozen=True)
class Trial:
    """What a threshold does.

    Attributes:
        threshold: most requests in a replica; who comes when there are as many is sent away.
        in_all: all members together.
        members: in the order given.
    """

    threshold: int
    in_all: Wait
    members: tuple[Wait, ...]


@dataclass(frozen=True)
class Rehearsal:
    """The busiest hour of a pool.

    Attributes:
        load: share of the replicas' capacity that the hour takes; 1 or more cannot be served without overflow.
        in_all: all members together, nobody sent away; ``None`` if nothing could be simulated.
        members: one by one, in the order given.
        trials: what each threshold does, lowest first.
        thresholds: for each member with limits the highest threshold of those tried that keeps them, ``None`` if none
            does.
        requests: counted.
        hours: how often the hour was repeated.
        why: why there is nothing; empty if there is.
    """

    load: float = 0.0
    in_all: Wait | None = None
    members: tuple[Wait, ...] = ()
    trials: tuple[Trial, ...] = ()
    thresholds: Mapping[str, int | None] = field(default_factory=dict)
    requests: int = 0
    hours: int = 0
    why: str = ""


@dataclass(frozen=True)
class _Stream:
    """All requests of one replica, in the order of arrival."""

    at_s: Floats
    work_s: Floats
    first_s: Floats
    output: Floats
    whose: NDArray[np.int64]
    rate: Floats
    first_known: bool


def rehearse(
    pool: Pool,
    *,
    replicas: int,
    spare: int,
    members: Sequence[Member],
    thresholds: Sequence[int] | None = None,
    seed: int = SEED,
) -> Rehearsal:
    """Return what the users of a pool wait in its busiest hour; equal arguments give equal results.

    Args:
        pool: one replica's profile, and how many places it has (``level``).
        replicas: of the pool, the spare ones among them.
        spare: replicas that are taken to be down.
        members: who is served, and how much of it in that hour.
        thresholds: most requests in a replica, to be tried; half to three times its places by default.
        seed: of the random numbers.

    Raises:
        ValueError: no replica is left beside the spare ones, a negative load, or a threshold below 1.
    """
    if replicas - spare < 1 or spare < 0:
        raise ValueError(f"of {replicas} replicas with {spare} spare none is left to serve")
    if any(member.requests_per_hour < 0 for member in members):
        raise ValueError("a member's requests per hour must be 0 or more")
    busy = [member for member in members if member.requests_per_hour > 0]
    if pool.level is None:
        return Rehearsal(why=fixed("the profile holds saturated load only, so there is no curve to simulate with"))
    if not busy:
        return Rehearsal(why=fixed("the pool has nothing to serve"))
    per_s = [member.requests_per_hour / (replicas - spare) / HOUR_S for member in busy]
    hours = min(MOST_HOURS, max(1, math.ceil(REQUESTS / (sum(per_s) * HOUR_S))))
    stream = _stream(pool, pool.level, busy, per_s, replicas=replicas - spare, hours=hours, seed=seed)
    names = [member.workload.workload for member in busy]
    in_all, each = _waits(stream, busy, None)
    tried = sorted(set(thresholds or [max(1, round(part * pool.level)) for part in THRESHOLDS]))
    trials = tuple(Trial(threshold, *_waits(stream, busy, threshold)) for threshold in tried)
    return Rehearsal(
        load=float(np.sum(_seconds(pool, pool.level, busy) * per_s)),
        in_all=in_all,
        members=each,
        trials=trials,
        thresholds={name: _highest(trials, i) for i, name in enumerate(names) if each[i].kept is not None},
        requests=in_all.latencies.requests,
        hours=hours,
    )


def _seconds(pool: Pool, level: int, members: Sequence[Member]) -> Floats:
    return np.array([seconds_at(pool.profile, level, *_lengths(member)) for member in members])


def _lengths(member: Member) -> tuple[float, float]:
    return member.workload.prompt_tokens.value, member.workload.output_tokens.value


def _stream(
    pool: Pool, level: int, members: Sequence[Member], per_s: Sequence[float], *, replicas: int, hours: int, seed: int
) -> _Stream:
    """Draw the requests of all members over some hours, and merge them."""
    mix = [(*_lengths(member), rate / sum(per_s)) for member, rate in zip(members, per_s, strict=True)]
    curve = curve_of(pool.profile, level, mix)
    full = float(curve[-1])
    parts, known = [], True
    for i, (member, rate) in enumerate(zip(members, per_s, strict=True)):
        mean = full * seconds_at(pool.profile, level, *_lengths(member))
        work = work_of(pool.profile, level, *_lengths(member), mean_s=mean, rate=full)
        known = known and work.known
        traffic = traffic_of(member.workload, replicas=replicas)
        # Another seed for each, or the members' busy minutes would fall together.
        parts.append(_own(traffic, work, rate, WARM_UP_S + hours * HOUR_S, seed=seed + i))
    at, work_s, first, output = (np.concatenate(column) for column in zip(*parts, strict=True))
    whose = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.argsort(at, kind="stable")
    return _Stream(at[order], work_s[order], first[order], output[order], whose[order], curve, known)


def _own(traffic: Traffic, work: Work, per_s: float, until_s: float, *, seed: int) -> tuple[Floats, ...]:
    number = max(1, round(per_s * until_s))
    at = arrivals(traffic, number, per_s, minutes=math.ceil(until_s / 60), seed=seed)
    return (at, *works(traffic, work, number, seed=seed))


def _waits(stream: _Stream, members: Sequence[Member], threshold: int | None) -> tuple[Wait, tuple[Wait, ...]]:
    """Return what all together wait and what each member does, with a threshold or without."""
    found = simulate(
        stream.at_s,
        stream.work_s,
        stream.rate,
        most_in_service=len(stream.rate),
        first_work_s=stream.first_s,
        overflow_threshold=threshold,
    )
    late = found.arrival_s >= WARM_UP_S
    everyone = _wait(found, late, stream)
    return everyone, tuple(_wait(found, late & (stream.whose == i), stream, one) for i, one in enumerate(members))


def _wait(found: Simulated, which: NDArray[np.bool_], stream: _Stream, member: Member | None = None) -> Wait:
    # The network's part is before the first token: a request that was sent that much earlier.
    sent = found.arrival_s[which] - (member.network_s if member else 0.0)
    own = Simulated(sent, found.start_s[which], found.first_s[which], found.end_s[which], found.overflowed[which])
    per_token = tpots(own, stream.output[which])
    tpot = float(np.quantile(per_token, QUANTILE)) if stream.first_known and len(per_token) else None
    seen = latencies(own)
    if not stream.first_known:
        seen = replace(seen, ttft_s=Spread())
    return Wait(
        workload=member.workload.workload if member else "",
        latencies=seen,
        tpot_p95_s=tpot,
        sent_away=own.overflow,
        kept=_kept(member.latency, seen, tpot) if member and member.latency else None,
    )


def _kept(limits: Latency, seen: Latencies, tpot: float | None) -> bool:
    """Return whether every limit holds; what is not known does not hold."""
    pairs = ((limits.ttft_p95_s, seen.ttft_s.p95), (limits.tpot_p95_s, tpot), (limits.e2e_p95_s, seen.e2e_s.p95))
    return all(_within(limit, value) for limit, value in pairs)


def _within(limit: Figure | None, value: float | None) -> bool:
    return limit is None or (value is not None and value <= limit.value)


def _highest(trials: Sequence[Trial], member: int) -> int | None:
    return max((trial.threshold for trial in trials if trial.members[member].kept), default=None)
