"""The question put to the optimiser: from options, money and the client's limits to the arrays of the programme."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kit.engagement.record import Commitment, Engagement, Place, Workload
from kit.facts import carbon
from kit.record import Figure
from kit.strategy.availability import spares
from kit.strategy.costs import Phase, lasts, staff_per_month, start_parts, trend, worth
from kit.strategy.options import Api, Pool
from kit.strategy.problem import SECONDS_PER_HOUR, Caps, Flags, Floats, Integers, Problem
from kit.strategy.terms import Terms

WEEKS_PER_YEAR = 365.25 / 7
HOURS_PER_YEAR = 365.25 * 24


def pose(
    engagement: Engagement,
    terms: Terms,
    apis: Sequence[Api],
    pools: Sequence[Pool],
    phases: tuple[Phase, ...],
    *,
    requests: Floats,
    deferrable: Flags,
    seconds: Floats,
    api_price: Floats,
) -> Problem:
    """Return the arrays of the programme.

    Args:
        engagement: limits and care.
        terms: money and operations.
        apis: the options, A.
        pools: the options, P.
        phases: of the horizon, Y.
        requests: per hour, (Y, W, H).
        deferrable: may be served at any hour of its day, (W,).
        seconds: replica-seconds per request, (W, P); NaN where struck.
        api_price: price per request, (Y, W, A); NaN where struck.
    """
    months, limits = worth(phases, terms), engagement.limits
    parts = [start_parts(pool, terms, phases) for pool in pools]
    by_hour = np.array([pool.commitment in (Commitment.ON_DEMAND, Commitment.SPOT) for pool in pools], dtype=bool)
    start = np.array([sum(part.values()) for part in parts]).reshape(len(pools), len(phases))
    bound: Flags = np.asarray(np.isnan(api_price).all(axis=(0, 2)), dtype=np.bool_)
    stated = engagement.operations.spare_replicas
    purchase = trend(terms.purchase_price_change_per_year.value, phases)
    discounted = np.array([part["capex"] for part in parts]).reshape(start.shape)
    at_start = discounted[:, :1] * purchase[None] if len(pools) else start
    return Problem(
        requests=requests,
        months=months,
        deferrable=deferrable,
        needs_spare=np.ones_like(bound) if stated is not None else bound,
        seconds=seconds,
        api_price=api_price,
        start_cost=np.where(by_hour[:, None], np.nan, start),
        lasts=np.array([lasts(pool, phases) for pool in pools], dtype=np.int64),
        hour_cost=np.where(by_hour[:, None], start / requests.shape[2], np.nan),
        at_most=np.array([pool.at_most for pool in pools], dtype=float),
        spare=_spares(engagement, terms, requests, seconds, bound),
        pool_place=tuple(pool.place for pool in pools),
        staff_cost=staff_per_month(terms),
        move_cost=np.array([_move_cost(workload, terms) for workload in engagement.workloads]),
        caps=Caps(
            cost=_limit(limits.cost_per_month, months.sum()),
            capex=_limit(limits.capex),
            spend_share=_limit(limits.spend_share_per_provider),
            co2=_limit(limits.co2_tonnes_per_year),
        ),
        capex=at_start,
        pool_provider=tuple(pool.offer.provider for pool in pools),
        api_provider=tuple(api.offer.provider for api in apis),
        pool_co2=np.array([pool_co2(pool, terms) for pool in pools]),
        api_co2=np.array([[api_co2(api, workload) for api in apis] for workload in engagement.workloads]).reshape(
            len(engagement.workloads), len(apis)
        ),
        carbon_price=limits.carbon_price_per_tonne.value if limits.carbon_price_per_tonne else 0.0,
    )


def _limit(figure: Figure | None, factor: float = 1.0) -> float:
    return np.inf if figure is None else figure.value * factor


def pool_co2(pool: Pool, terms: Terms) -> float:
    """Return the tonnes of CO₂ a year of a replica that is always on: power × PUE × hours × grams of the grid."""
    if pool.power_w is None:
        return 0.0
    if pool.place is Place.OWN or not pool.offer.regions:
        grams = terms.grid_g_co2_per_kwh.value
    else:
        grams = min(carbon.grid(region.value).value for region in pool.offer.regions)
    return pool.power_w.value / 1000 * terms.pue.value * HOURS_PER_YEAR * grams / 1e6


def api_co2(api: Api, workload: Workload) -> float:
    """Return the tonnes of CO₂ of a request at an API: output tokens × grams of a token."""
    region = api.offer.regions[0].value if api.offer.regions else carbon.WORLD
    return workload.output_tokens.value * carbon.api_g_per_output_token(api.offer.provider, region).value / 1e6


def _spares(engagement: Engagement, terms: Terms, requests: Floats, seconds: Floats, bound: Flags) -> Integers:
    """Return the spare replicas of each pool: as the client says, else by the availability that its workloads need."""
    usual = round(terms.spare_replicas.value)
    found = np.full(seconds.shape[1], usual, dtype=np.int64)
    if engagement.operations.spare_replicas is not None:
        return found
    for p in range(seconds.shape[1]):
        for w, workload in enumerate(engagement.workloads):
            if workload.availability is None or not bound[w] or np.isnan(seconds[w, p]):
                continue
            needed = max(1, math.ceil(requests[:, w].max() * seconds[w, p] / SECONDS_PER_HOUR))
            target = min(workload.availability.value, 1 - 1e-9)
            number = spares(needed, target=target, replica_availability=terms.replica_availability.value)
            found[p] = max(found[p], number)
    return found


def _move_cost(workload: Workload, terms: Terms) -> float:
    """Return what it costs to move a workload from an API to machines that one runs; new work is built either way."""
    if workload.today is None:
        return 0.0
    return terms.migration_weeks_own.value / WEEKS_PER_YEAR * terms.staff_cost_per_year.value
