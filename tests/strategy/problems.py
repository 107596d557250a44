"""Problems to plan for, and what a plan must keep and cost, worked out from its arrays alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kit.engagement.record import Place
from kit.strategy.problem import Plan, Problem

WEEKS_PER_MONTH = 365.25 / 7 / 12
BLOCKS = np.array([hour % 24 // 6 + (4 if hour >= 120 else 0) for hour in range(168)])


def problem(requests, *, seconds, api_price, start_cost=None, **other) -> Problem:
    """Return a problem of one phase, worth one month, unless more is said.

    Args:
        requests: (W, H), or (Y, W, H).
        seconds: (W, P).
        api_price: (W,) for one API, or (Y, W, A).
        start_cost: (P,) for one phase, or (P, Y).
        other: fields of the problem.
    """
    requests = np.asarray(requests, dtype=float)
    requests = requests[None] if requests.ndim == 2 else requests.reshape(-1, *np.atleast_2d(requests).shape[-2:])
    phases, workloads, _ = requests.shape
    seconds = np.asarray(seconds, dtype=float).reshape(workloads, -1)
    pools = seconds.shape[1]
    price = np.asarray(api_price, dtype=float)
    if price.ndim < 3:
        price = np.repeat(price.reshape(1, workloads, 1), phases, axis=0)
    start = np.full((pools, phases), np.nan) if start_cost is None else np.asarray(start_cost, dtype=float)
    fields = {
        "months": np.ones(phases),
        "deferrable": np.zeros(workloads, dtype=bool),
        "needs_spare": np.isnan(price).all(axis=(0, 2)),
        "start_cost": np.repeat(start.reshape(pools, -1), phases // max(start.reshape(pools, -1).shape[1], 1), axis=1)
        if pools
        else np.empty((0, phases)),
        "lasts": np.full(pools, phases),
        "hour_cost": np.full((pools, phases), np.nan),
        "at_most": np.full(pools, 20.0),
        "spare": np.zeros(pools, dtype=np.int64),
        "pool_place": (Place.OWN,) * pools,
        "staff_cost": {},
        "move_cost": np.zeros(workloads),
    } | other
    return Problem(requests=requests, seconds=seconds, api_price=price, **fields)


def week(seed: int, *, mean: float = 3000.0) -> np.ndarray:
    """Return 168 hours, each drawn by itself."""
    return np.random.default_rng(seed).gamma(1.5, mean / 1.5, 168)


def random_problem(
    seed: int, *, workloads=3, pools=3, phases=1, by_hour=False, deferrable=False, distinct=6, people=True
) -> Problem:
    """Return a problem with a few distinct hours, work without an API, pools struck, spares and people."""
    random = np.random.default_rng(seed)
    base = random.gamma(2.0, random.uniform(300, 3000, (workloads, 1)), (workloads, distinct))
    requests = np.tile(base, 168 // distinct)
    if deferrable:
        requests = requests * np.repeat(random.uniform(0.3, 1.0, 7), 24)
    growth = random.uniform(0.8, 1.6)
    seconds = random.uniform(0.5, 4.0, (workloads, pools))
    seconds[random.random((workloads, pools)) < 0.25] = np.nan
    price = random.uniform(2e-4, 4e-3, (1, workloads, 2)) * random.uniform(0.8, 1.1, (phases, 1, 1))
    price[:, random.random(workloads) < 0.3] = np.nan
    seconds[np.isnan(price).all(axis=(0, 2)) & np.isnan(seconds).all(axis=1), 0] = 1.0
    months = random.uniform(8, 12) * 0.9 ** np.arange(phases)
    places = tuple(Place.OWN if p % 2 == 0 else Place.RENTED for p in range(pools))
    monthly = random.uniform(800, 3000, pools)
    start = np.array(
        [
            [m * (months[y:].sum() if place is Place.OWN else months[y]) for y in range(phases)]
            for m, place in zip(monthly, places, strict=True)
        ]
    ).reshape(pools, phases)
    hour = np.full((pools, phases), np.nan)
    if by_hour and pools > 1:
        hour[1] = 1.2 * monthly[1] * months / 168
        start[1] = np.nan
    bound = np.isnan(price).all(axis=(0, 2))
    return problem(
        requests[None] * growth ** np.arange(phases)[:, None, None],
        seconds=seconds,
        api_price=price,
        start_cost=start,
        months=months,
        deferrable=random.random(workloads) < 0.5 if deferrable else np.zeros(workloads, dtype=bool),
        needs_spare=bound & (random.random(workloads) < 0.7),
        lasts=np.array([phases if place is Place.OWN else 1 for place in places]),
        hour_cost=hour,
        spare=random.integers(0, 3, pools),
        pool_place=places,
        staff_cost={Place.OWN: 700.0, Place.RENTED: 400.0, Place.API: 150.0} if people else {},
        move_cost=np.where(random.random(workloads) < 0.5, 0.0, 2000.0) if people else np.zeros(workloads),
        at_most=np.full(pools, 40.0),
    )


def scaled(given: Problem, factor: float) -> Problem:
    """Return the problem with all its prices times a factor."""
    return replace(
        given,
        api_price=given.api_price * factor,
        start_cost=given.start_cost * factor,
        hour_cost=given.hour_cost * factor,
        staff_cost={place: cost * factor for place, cost in given.staff_cost.items()},
        move_cost=given.move_cost * factor,
    )


def bill(given: Problem, plan: Plan) -> float:
    """Return what a plan costs, added up from its arrays."""
    total = float((plan.starts * np.where(plan.starts > 0, given.start_cost, 0)).sum())
    total += float(np.einsum("yph,py->", plan.running, np.nan_to_num(given.hour_cost)))
    months = given.months * WEEKS_PER_MONTH
    total += float(np.einsum("ywah,ywa,y->", plan.flow_api, np.nan_to_num(given.api_price), months))
    for y, worth in enumerate(given.months):
        for place in (Place.OWN, Place.RENTED):
            mine = [p for p, at in enumerate(given.pool_place) if at is place]
            total += given.staff_cost.get(place, 0.0) * worth * bool(plan.running[y, mine].any())
        total += given.staff_cost.get(Place.API, 0.0) * worth * bool(plan.flow_api[y].sum() > 1e-6)
    return total + float(given.move_cost[plan.flow_pool.sum(axis=(0, 2, 3)) > 1e-6].sum())


def check(given: Problem, plan: Plan, *, tolerance: float = 1e-5) -> None:
    """Assert that a plan can be carried out, and costs what it says."""
    phases, workloads, pools, _, _ = given.shape
    served = plan.flow_pool.sum(axis=2) + plan.flow_api.sum(axis=2)
    size = given.requests.max() + 1
    for w in range(workloads):
        seen, wanted = served[:, w], given.requests[:, w]
        if given.deferrable[w]:
            seen, wanted = (x.reshape(phases, 7, 24).sum(axis=2) for x in (seen, wanted))
        np.testing.assert_allclose(seen, wanted, rtol=tolerance, atol=tolerance * size)
    assert (plan.flow_pool >= 0).all()
    assert (plan.flow_api >= 0).all()
    assert np.isfinite(plan.flow_pool).all()
    assert plan.flow_pool.transpose(1, 2, 0, 3)[np.isnan(given.seconds)].sum() == 0, "nothing goes to a struck pool"
    assert plan.flow_api[np.isnan(given.api_price)].sum() == 0, "nothing goes to a struck API"
    assert plan.starts.dtype.kind == plan.running.dtype.kind == "i", "replicas are whole"
    assert (plan.starts >= 0).all()
    assert (plan.starts[~np.isfinite(given.start_cost)] == 0).all()
    by_hour = ~np.isnan(given.hour_cost).any(axis=1)
    for p in range(pools):
        for y in range(phases):
            on = plan.running[y, p]
            if by_hour[p]:
                assert all(len(set(on[block == BLOCKS])) == 1 for block in range(8)), "switched in blocks"
            else:
                since = max(0, y - int(given.lasts[p]) + 1)
                assert (on == plan.starts[p, since : y + 1].sum()).all(), "on while they last"
    assert (plan.running <= given.at_most[None, :, None]).all()
    seconds = np.nan_to_num(given.seconds)
    load = np.einsum("ywph,wp->yph", plan.flow_pool, seconds) / 3600
    assert (load <= plan.running * (1 + tolerance) + tolerance).all(), "no pool carries more than it can"
    bound = np.einsum("ywph,wp->yph", plan.flow_pool[:, given.needs_spare], seconds[given.needs_spare]) / 3600
    left = np.clip(plan.running - given.spare[None, :, None], 0, None)
    assert (bound <= left * (1 + tolerance) + tolerance).all(), "bound work fits on what the failures leave"
    assert plan.gap >= 0
    np.testing.assert_allclose(plan.cost, bill(given, plan), rtol=1e-5, atol=1e-3)
