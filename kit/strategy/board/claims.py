"""Common claims about cloud and local AI, each set against what was measured, published or computed for this client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kit.facts.latency import network_round_trip
from kit.figures import day, decimal, joined, seconds, tokens
from kit.record import Figure
from kit.strategy.board import Case
from kit.strategy.board.claims_memory import Outcome, fits_24_gb, needs_a100, quantisation_cuts
from kit.strategy.board.sides import GATES, found, lawful_apis, some
from kit.strategy.dossier import Claim
from kit.strategy.thumb import pays_alone, threshold
from kit.strategy.verdict import MeasuredPoint
from kit.strategy.ways import api_way_s
from kit.wording import fixed, say

NETWORK_LOW_S, NETWORK_HIGH_S = 0.1, 0.5
"""Between which the claim has the network's share, seconds."""

LOCAL_S = 0.1
"""Within which the claim has a local model answer, seconds."""


def claims(case: Case) -> tuple[Claim, ...]:
    """Return the claims, always all six and in this order."""
    return (
        rule_of_thumb(case),
        network(case),
        local_speed(case),
        fits_24_gb(case),
        needs_a100(case),
        quantisation_cuts(case),
    )


def rule_of_thumb(case: Case) -> Claim:
    """Return where self-hosting begins to pay here against 10 to 20 million tokens a day.

    It holds between the two, holds in part where it pays from less, and does not hold where it pays from more or never.
    """
    rule = case.verdict.rule_of_thumb
    outcome: Outcome
    if not rule.machine:
        outcome = "not known"
        text = say("No workload may go both to a machine and to a cloud API, so there is nothing to compare.")
        evidence = found(text, [GATES])
    else:
        if rule.here is None:
            outcome = "does not hold"
            text = say(
                "Here {machine} never pays: even when full it costs more by the token than the cheapest APIs that "
                "pass. Today's volume is {today} million tokens a day.",
                machine=rule.machine,
                today=tokens(sum(item.tokens_per_day for item in case.choice.demand.workloads) / 1e6),
            )
        else:
            low, high = rule.low, rule.high
            outcome = "does not hold" if rule.here > high else "holds" if rule.here >= low else "holds in part"
            text = pays_alone(
                case.choice,
                rule.here,
                machine=rule.machine,
                place=next(pool.place for pool in case.choice.pools if pool.label == rule.machine),
                per_month=rule.machine_per_month,
            )
            if (leaves := case.verdict.break_even.leaves_cloud_at) is not None:
                text = joined([text, threshold(case.choice, leaves)], " ")
        evidence = found(text, [fixed("rule of thumb of this verdict")], [rule.basis])
    return Claim(
        key="rule_of_thumb",
        claim=fixed("Self-hosting pays past 10 to 20 million tokens a day"),
        outcome=outcome,
        finding=evidence,
    )


def network(case: Case) -> Claim:
    """Return what the way to the APIs adds here against 100 to 500 ms.

    One way for each API on offer that a workload's data may go to: the time to connect as measured from the client's
    site, else the longest published time between the users' region and that of the contract, else the usual one
    within a region. The claim holds where all lie within it, in part where some do.
    """
    ways = list(_ways(case))
    outcome: Outcome
    if not ways:
        outcome = "not known"
        usual = network_round_trip()
        text = say(
            "No workload's data may go to a cloud API that is on offer, so there is no way to one. Published for a way "
            "within a region: {way}.",
            way=seconds(usual.value),
        )
        evidence = found(text, [_published(usual)], [usual.basis])
    else:
        inside = [NETWORK_LOW_S <= way.value <= NETWORK_HIGH_S for way in ways]
        outcome = "holds" if all(inside) else "holds in part" if any(inside) else "does not hold"
        least, most = min(ways, key=lambda way: way.value), max(ways, key=lambda way: way.value)
        bases = [way.basis for way in ways]
        sources = [_published(most), _published(least)]
        if least.value == most.value:
            text = say(
                "The way to the APIs that the data may go to takes {way}, counted as within a region where no "
                "other is agreed.",
                way=seconds(most.value),
            )
        else:
            text = say(
                "The way to the APIs that the data may go to takes {least} to {most}, counted as within a region "
                "where no other is agreed.",
                least=seconds(least.value),
                most=seconds(most.value),
            )
        evidence = found(text, sources, bases)
    return Claim(
        key="network",
        claim=fixed("The network adds 100 to 500 ms to the cloud"),
        outcome=outcome,
        finding=evidence,
    )


def _published(way: Figure) -> str:
    """Return who published or measured a way, without how; how stands in the table."""
    return say("table network, {date}: {source}", date=day(way.date), source=way.source.partition(": ")[0])


def _ways(case: Case) -> Iterator[Figure]:
    """Yield what the way to each API takes for each workload whose data may go there."""
    for w, workload in enumerate(case.choice.workloads):
        for a in lawful_apis(case, w):
            api = case.choice.apis[a]
            seen = api.measured.way_there.connect_s if api.measured and api.measured.way_there else None
            middle = None if seen is None else seen.p50 if seen.p50 is not None else seen.mean
            if api.measured is not None and middle is not None:
                known = api.measured
                yield Figure(value=middle, basis=known.basis, source=known.source, date=known.date)
            else:
                yield api_way_s(api, workload, case.choice.engagement) or network_round_trip()


def local_speed(case: Case) -> Claim:
    """Return whether machines answer within 100 ms when nobody else is served.

    Of each profile the fastest median time to first token with one request in flight. A profile that was only measured
    with more in flight says yes if even then it is fast enough, else nothing. The claim holds where every profile says
    yes, in part where some do, and does not where all say no.
    """
    points = [point for point in case.verdict.service_curves if point.ttft_p50_s is not None]
    alone, loaded = _fastest(points, alone=True), _fastest(points, alone=False)
    fast = [one for one in alone if (one.ttft_p50_s or 0) <= LOCAL_S]
    fast += [one for one in loaded if (one.ttft_p50_s or 0) <= LOCAL_S]
    slow = [one for one in alone if one not in fast]
    silent = [one for one in loaded if one not in fast]
    outcome: Outcome
    if fast:
        outcome = "holds" if not slow and not silent else "holds in part"
    else:
        outcome = "does not hold" if slow and not silent else "not known"
    shown = sorted([*alone, *loaded], key=lambda one: one.ttft_p50_s or 0)
    told = some([_told(one) for one in shown]) if shown else ""
    if silent:
        text = say(
            "Median time to first token: {shown}. Measured with one request alone: {alone} of {all} profiles.",
            shown=told,
            alone=decimal(len(alone)),
            all=decimal(len(shown)),
        )
    elif shown:
        text = say("Median time to first token: {shown}.", shown=told)
    else:
        text = say("No profile of a machine that is considered here holds a time to first token.")
    return Claim(
        key="local_speed",
        claim=fixed("Local models answer in under 100 ms"),
        outcome=outcome,
        finding=found(
            text,
            [say("service curve of {profile}", profile=one.profile) for one in shown[:3]]
            or [fixed("service curves of this verdict")],
            [one.basis for one in shown],
        ),
    )


def _fastest(points: Sequence[MeasuredPoint], *, alone: bool) -> list[MeasuredPoint]:
    """Return for each profile its fastest point with one request in flight; of those without one, with the fewest."""
    names = dict.fromkeys(point.profile for point in points)
    found_points = []
    for name in names:
        mine = [point for point in points if point.profile == name and point.concurrency is not None]
        if not mine or (min(point.concurrency or 0 for point in mine) == 1) is not alone:
            continue
        fewest = min(point.concurrency or 0 for point in mine)
        here = [point for point in mine if point.concurrency == fewest]
        found_points.append(min(here, key=lambda point: point.ttft_p50_s or 0))
    return found_points


def _told(point: MeasuredPoint) -> str:
    values = {"seen": seconds(point.ttft_p50_s), "model": point.model, "machine": point.accelerator}
    if point.concurrency == 1:
        return say("{model} on {machine} {seen} alone", **values)
    return say("{model} on {machine} {seen} with {number} in flight", number=decimal(point.concurrency or 0), **values)
