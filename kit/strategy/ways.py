"""How far the users are from where the work is done, in time."""

from __future__ import annotations

from dataclasses import dataclass

from kit.engagement.record import Engagement, Place, Region, Workload
from kit.facts.latency import Range, cloud_ttft, network_between, network_ranges, network_round_trip
from kit.record import Figure
from kit.strategy.options import Api, Pool
from kit.strategy.terms import Terms

_AREAS = {Region.EU: "EU", Region.UK: "EU", Region.CH: "EU", Region.US: "US"}
"""The table's ways within the EU are between data centres in Europe, the UK and Switzerland among them."""


def network_s(pool: Pool, workload: Workload, engagement: Engagement, terms: Terms) -> Figure:
    """Return the network's share of the latency: the house's own network, or the way to the rented machine.

    Where the client says where the users are and where the machine stands, the longest published time of that way is
    taken if it is longer than that within a region.
    """
    if pool.place is Place.OWN:
        return terms.lan_round_trip_s
    usual = network_round_trip()
    way = _way(workload, engagement, pool.offer.regions)
    return way if way is not None and way.value > usual.value else usual


def api_way_s(api: Api, workload: Workload, engagement: Engagement) -> Figure | None:
    """Return the way to an API in another region than the users', which published times do not hold; else ``None``."""
    regions = _regions(workload, api.offer.regions)
    users = engagement.users_of(workload)
    return None if users in regions else _way(workload, engagement, api.offer.regions)


@dataclass(frozen=True)
class FirstToken:
    """How long an API takes to its first token, the way there included.

    Attributes:
        p50: median, or the mean where there is no median.
        p95: 95th percentile; ``None`` if not known.
        here: measured from the client's own site, so that nothing has to be added for the way.
    """

    p50: Figure
    p95: Figure | None
    here: bool


def first_token(api: Api) -> FirstToken | None:
    """Return an API's time to first token: as measured from the client's site, else as published, else ``None``.

    Of a measurement the point with the fewest requests in flight counts: a provider's API is not loaded by one client.
    """
    if api.measured is not None:
        point = min(api.measured.service_curve, key=lambda one: one.concurrency or 1)
        spread = point.ttft_s
        middle = None if spread is None else spread.p50 if spread.p50 is not None else spread.mean
        if spread is not None and middle is not None:
            seen = Figure(value=middle, basis=api.measured.basis, source=api.measured.source, date=api.measured.date)
            tail = None if spread.p95 is None else seen.model_copy(update={"value": spread.p95})
            return FirstToken(seen, tail, here=True)
    known = cloud_ttft(api.offer.provider, api.offer.model)
    return None if known is None else FirstToken(known.ttft_p50_s, known.ttft_p95_s, here=False)


def api_ttft_p95_s(api: Api, workload: Workload, engagement: Engagement, terms: Terms) -> float | None:
    """Return the 95th percentile of an API's time to first token, network included; ``None`` if not known.

    What is published holds the way of whoever measured; a way between regions is added at its longest. What was
    measured from the client's own site holds its way.
    """
    known = first_token(api)
    if known is None:
        return None
    way = None if known.here else api_way_s(api, workload, engagement)
    further = way.value if way else 0.0
    if known.p95 is not None:
        return known.p95.value + further
    return known.p50.value * terms.p95_over_mean_ttft.value + further


def _regions(workload: Workload, agreed: tuple[Region, ...]) -> tuple[Region, ...]:
    """Return where the work would be done: of the agreed regions those that the workload allows, if there is one."""
    return tuple(region for region in agreed if region in workload.regions) or agreed


def _way(workload: Workload, engagement: Engagement, agreed: tuple[Region, ...]) -> Figure | None:
    """Return the longest time of the way to the nearest of the regions; ``None`` where either end is not stated."""
    users = engagement.users_of(workload)
    regions = _regions(workload, agreed)
    if users is None or not regions:
        return None
    return min((_longest(users, region) for region in regions), key=lambda figure: figure.value)


def _longest(users: Region, there: Region) -> Figure:
    here, place = _AREAS.get(users), _AREAS.get(there)
    found = network_between(here, place) if here and place else None
    if found is None:
        # Nobody knows where "elsewhere" is: the longest way that anybody published from the users' region.
        ways = {key: way for key, way in network_ranges().items() if here is None or here in key.split()}
        found = max(ways.values(), key=lambda way: way.high.value)
    return _named(found, f"from users in {users} to {there}")


def _named(found: Range, way: str) -> Figure:
    source = f"{found.high.source}: {way}, longest published; {found.conditions}"
    return found.high.model_copy(update={"source": source})
