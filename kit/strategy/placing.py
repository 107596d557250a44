"""Where the recommended plan puts each workload, and what it has: rows of the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.profiler.profile import HardwareProfile, Regime
from kit.record import Basis
from kit.strategy import options as offers
from kit.strategy import reasons
from kit.strategy.choice import Choice, Solved, why_not
from kit.strategy.costs import levelised
from kit.strategy.gates import expected_service, only_own, service_of
from kit.strategy.plan import solve
from kit.strategy.problem import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Caps, Floats, only
from kit.strategy.returns import cost_per_mtok
from kit.strategy.sharing import QUICK, share_costs
from kit.strategy.strike import GATES
from kit.strategy.verdict import MeasuredPoint, Option, Placement, Pool, Week
from kit.strategy.ways import api_ttft_p95_s, network_s
from kit.wording import say


def load_of(solved: Solved) -> Floats:
    """Return the replica-seconds that are used per hour, headroom included, (Y, W, P, H)."""
    load: Floats = solved.plan.flow_pool * np.nan_to_num(solved.problem.seconds)[None, :, :, None]
    return load


def pool_npv(solved: Solved) -> Floats:
    """Return what the replicas of each pool cost, net present value, without people, (P,)."""
    plan, problem = solved.plan, solved.problem
    begun = np.where(plan.starts > 0, plan.starts * np.nan_to_num(problem.start_cost, posinf=0.0), 0.0).sum(axis=1)
    hours = plan.running.sum(axis=2).T
    cost: Floats = begun + (hours * np.nan_to_num(problem.hour_cost)).sum(axis=1)
    return cost


def pools_of(choice: Choice, solved: Solved) -> tuple[Pool, ...]:
    """Return what the plan has of each pool."""
    load, plan = load_of(solved).sum(axis=1), solved.plan
    npv, rows = pool_npv(solved), []
    tokens = np.array([w.tokens_per_request for w in choice.demand.workloads])
    for p in np.flatnonzero(plan.used):
        pool, room = choice.pools[p], plan.running[:, p] * SECONDS_PER_HOUR
        replicas = plan.replicas[:, p]
        used = room.sum() > 0
        bound = (plan.flow_pool[:, :, p] * solved.problem.needs_spare[None, :, None]).any()
        month = float(npv[p]) / choice.months
        served = float((plan.flow_pool[0, :, p].sum(axis=1) @ tokens) * WEEKS_PER_MONTH)
        fill = float(load[0, p].sum() / room[0].sum()) if room[0].sum() else 0.0
        per_mtok = cost_per_mtok(
            month, tokens_per_month=served, capacity_tokens_per_month=served / fill if fill else 0.0
        )
        rows.append(
            Pool(
                label=pool.label,
                place=pool.place,
                model=pool.model.name,
                profile=pool.profile.name,
                accelerator=pool.profile.accelerator,
                accelerators=int(replicas.max()) * pool.profile.accelerators,
                replicas=int(replicas.max()),
                replicas_by_phase=tuple(int(n) for n in replicas),
                spare=int(solved.problem.spare[p]) if bound else 0,
                concurrency=pool.level,
                utilisation=float(load[:, p].sum() / room.sum()) if used else 0.0,
                peak_utilisation=float((load[:, p] / np.where(room > 0, room, np.inf)).max()),
                capex=float((plan.starts[p] * solved.problem.capex[p]).sum())
                if solved.problem.capex is not None
                else 0,
                cost_per_month=month,
                cost_per_mtok=per_mtok.at_load,
                cost_per_mtok_full=per_mtok.at_capacity,
            )
        )
    return tuple(rows)


@dataclass(frozen=True)
class Going:
    """Where one workload goes in a plan.

    Attributes:
        workload: its name.
        goes_to: labels of the options that serve it, most first.
        places: own, rented, api, in the same order.
        shares: share of its requests over the horizon at each.
        option: index of the first: of a pool, or −1 − the index of an API.
    """

    workload: str
    goes_to: tuple[str, ...]
    places: tuple[Place, ...]
    shares: tuple[float, ...]
    option: int


def goings_of(choice: Choice, solved: Solved) -> tuple[Going, ...]:
    """Return where each workload goes."""
    return tuple(_going(choice, solved, w) for w in range(len(choice.workloads)))


def _going(choice: Choice, solved: Solved, w: int) -> Going:
    plan, total = solved.plan, solved.problem.requests[:, w].sum()
    served = np.concatenate([plan.flow_pool[:, w].sum(axis=(0, 2)), plan.flow_api[:, w].sum(axis=(0, 2))]) / total
    used = sorted(np.flatnonzero(served > 1e-6).tolist(), key=lambda i: -served[i])
    first_api = len(choice.pools)
    every: tuple[offers.Pool | offers.Api, ...] = (*choice.pools, *choice.apis)
    options = [every[i] for i in used]
    return Going(
        workload=choice.workloads[w].name,
        goes_to=tuple(option.label for option in options),
        places=tuple(Place.API if isinstance(option, offers.Api) else option.place for option in options),
        shares=tuple(float(served[i]) for i in used),
        option=used[0] if used[0] < first_api else first_api - 1 - used[0],
    )


def placements_of(choice: Choice, solved: Solved) -> tuple[Placement, ...]:
    """Return where each workload goes, with what it pays and why."""
    cost = share_costs(solved.problem, solved.plan) / choice.months
    return tuple(
        _placement(choice, solved, w, going, float(cost[w])) for w, going in enumerate(goings_of(choice, solved))
    )


def _placement(choice: Choice, solved: Solved, w: int, going: Going, cost: float) -> Placement:
    cloud_month = cloud_per_month(choice, solved.problem.requests, w)
    return Placement(
        workload=going.workload,
        goes_to=going.goes_to,
        places=going.places,
        shares=going.shares,
        overflow=_overflow(choice, solved, w, going.option),
        because=_because(choice, solved, w, place=going.places[0], cost=cost, cloud_month=cloud_month),
        million_tokens_per_day=choice.demand.workloads[w].tokens_per_day / 1e6,
        cost_per_month=cost,
        cost_if_cloud_per_month=cloud_month,
        ttft_p95_s=_ttft(choice, solved, w, going.option),
        options=_options(choice, w),
    )


def cloud_per_month(choice: Choice, requests: Floats, w: int) -> float | None:
    """Return what a workload would cost a month at its cheapest permitted API, levelised; ``None`` if there is none."""
    price, months = choice.problem.api_price[:, w], choice.problem.months
    if np.isnan(price).all():
        return None
    bill = np.nanmin(price, axis=1) * requests[:, w].sum(axis=1) * WEEKS_PER_MONTH
    return float(bill @ months / months.sum())


def _overflow(choice: Choice, solved: Solved, w: int, option: int) -> str | None:
    """Return where a workload goes when its pool is full or a replica has failed; ``None`` if it stays."""
    if option < 0 or np.isnan(solved.problem.api_price[:, w]).all():
        return None
    best = int(np.nanargmin(solved.problem.api_price[0, w]))
    return choice.apis[best].label


def _ttft(choice: Choice, solved: Solved, w: int, option: int) -> float | None:
    """Return the expected p95 TTFT at the main place as planned, with the longest prompts that share it."""
    workload, engagement, terms = choice.workloads[w], choice.engagement, choice.terms
    if option < 0:
        return api_ttft_p95_s(choice.apis[-1 - option], workload, engagement, terms)
    pool = choice.pools[option]
    sharing = np.flatnonzero(solved.plan.flow_pool[:, :, option].sum(axis=(0, 2)) > 0)
    longest = max((choice.workloads[v] for v in sharing), key=lambda other: other.prompt_tokens.value)
    ttft = expected_service(workload, pool, terms, longest).ttft_p95_s
    return None if ttft is None else ttft + network_s(pool, workload, engagement, terms).value


def _because(
    choice: Choice, solved: Solved, w: int, *, place: Place, cost: float, cloud_month: float | None
) -> tuple[str, ...]:
    currency, best = choice.engagement.currency, choice.best_api[w]
    if place is Place.OWN and (rule := only_own(choice.engagement, choice.workloads[w])) is not None:
        return (rule,)
    if place is not Place.API:
        return reasons.because_gpu(
            cost_month=cost,
            cloud_month=cloud_month,
            cloud_label=choice.apis[best].label if best >= 0 else None,
            struck=why_not(choice, w, Place.API),
            rented=_no_rented(choice, w) if place is Place.OWN else None,
            without=_without(choice, solved, w) if cloud_month is not None and cost > cloud_month else None,
            plan_month=solved.plan.cost / choice.months,
            currency=currency,
        )
    return reasons.because_cloud(
        api_month=cloud_month or 0.0,
        on_machines=_on_machines(choice, solved, w),
        struck=_no_machine(choice, w),
        currency=currency,
    )


def _without(choice: Choice, solved: Solved, w: int) -> float | None:
    """Return what the plan would cost more a month with a workload at APIs; ``None`` where there is no such plan."""
    seconds = choice.problem.seconds.copy()
    seconds[w] = np.nan
    try:
        other = solve(replace(choice.problem, seconds=seconds), start=solved.plan, seconds=QUICK)
    except PlanError:
        return None
    return (other.cost - solved.plan.cost) / choice.months


def _no_rented(choice: Choice, w: int) -> str | None:
    """Return why no rented machine may serve a workload; ``None`` where one may or none is on offer."""
    struck = [
        strikes
        for pool, strikes in zip(choice.pools, choice.pool_strikes[w], strict=True)
        if pool.place is Place.RENTED
    ]
    return why_not(choice, w, Place.RENTED) if struck and all(struck) else None


def _no_machine(choice: Choice, w: int) -> str | None:
    """Return why no machine may serve a workload; ``None`` where one may or none is on offer."""
    rows = choice.pool_strikes[w]
    if not rows or not all(rows):
        return None
    every = set.intersection(*({strike.gate for strike in strikes} for strikes in rows))
    nearest = min(rows, key=len)
    first = next((strike for strike in nearest if strike.gate in every), nearest[0])
    return reasons.no_machine(first.reason, [name for gate, name in GATES.items() if gate in every])


def _on_machines(choice: Choice, solved: Solved, w: int) -> reasons.OnMachines | None:
    """Return what a workload that goes to an API would cost on machines; ``None`` where none may or none suffices."""
    problem = choice.problem
    api_price = problem.api_price.copy()
    api_price[:, w] = np.nan
    local = replace(problem, api_price=api_price)
    if np.isnan(problem.seconds[w]).all():
        return None
    try:
        alone = solve(replace(only(local, [w]), caps=Caps()), seconds=QUICK)
    except PlanError:
        return None
    try:
        extra = (solve(local, start=solved.plan, seconds=QUICK).cost - solved.plan.cost) / choice.months
    except PlanError:
        extra = None
    machines = [
        say("{number} × {pool}", number=int(alone.replicas[:, p].max()), pool=choice.pools[p].label)
        for p in np.flatnonzero(alone.used)
    ]
    return reasons.OnMachines(machines=reasons.listed(machines), alone=alone.cost / choice.months, extra=extra)


def _options(choice: Choice, w: int) -> tuple[Option, ...]:
    workload = choice.workloads[w]
    found = [
        Option(
            label=api.label,
            place=Place.API,
            model=api.offer.model,
            profile=None,
            basis=price.basis,
            cost_per_request=price.value,
            strikes=choice.api_strikes[w][a],
        )
        for a, api in enumerate(choice.apis)
        if not api.as_today and (price := api.price_per_request.get(workload.name)) is not None
    ]
    for p, pool in enumerate(choice.pools):
        expected = service_of(workload, pool, choice.terms)
        per_second = levelised(pool, choice.terms, choice.phases) / (WEEKS_PER_MONTH * 168 * SECONDS_PER_HOUR)
        found.append(
            Option(
                label=pool.label,
                place=pool.place,
                model=pool.model.name,
                profile=pool.profile.name,
                basis=Basis.PREDICTED if expected.predicted else pool.profile.basis,
                cost_per_request=float(per_second * choice.seconds[w, p]),
                strikes=choice.pool_strikes[w][p],
            )
        )
    return tuple(found)


def week_of(choice: Choice, solved: Solved) -> Week:
    """Return the typical week of the first phase by hour, in millions of tokens."""
    plan = solved.plan
    tokens = np.array([w.tokens_per_request / 1e6 for w in choice.demand.workloads])
    by_place = {}
    for place in (Place.OWN, Place.RENTED):
        of_place = np.array([pool.place is place for pool in choice.pools], dtype=bool)
        by_place[place] = np.einsum("wph,w->h", plan.flow_pool[0][:, of_place], tokens)
    load = load_of(solved)[0].sum(axis=(0, 1))
    planned = plan.running[0].sum(axis=0) * SECONDS_PER_HOUR
    local = by_place[Place.OWN] + by_place[Place.RENTED]
    # What the pools could carry depends on the mix of the hour; an idle hour takes the mix of the week.
    mix = local.sum() / load.sum() if load.sum() > 0 else 0.0
    capacity = planned * np.divide(local, load, out=np.full_like(load, mix), where=load > 0)
    return Week(
        own=tuple(by_place[Place.OWN].tolist()),
        rented=tuple(by_place[Place.RENTED].tolist()),
        api=tuple(np.einsum("wah,w->h", plan.flow_api[0], tokens).tolist()),
        capacity=tuple(capacity.tolist()),
        use=float(local.sum() / capacity.sum()) if capacity.sum() > 0 else None,
    )


def service_curves(
    choice: Choice, profiles: Sequence[HardwareProfile], measured_here: str | None
) -> tuple[MeasuredPoint, ...]:
    """Return the measured points of the profiles that were considered."""
    used = {pool.profile.name for pool in choice.pools} | {measured_here}
    return tuple(
        MeasuredPoint(
            profile=profile.name,
            accelerator=f"{profile.accelerators} × {profile.accelerator}",
            model=f"{profile.model.name} ({profile.model.dtype})",
            basis=profile.basis,
            source=point.source or profile.source,
            date=profile.date,
            prompt_tokens=point.prompt_tokens,
            output_tokens=point.output_tokens,
            concurrency=None if point.regime is Regime.SATURATED else point.concurrency,
            output_tokens_per_s=point.output_tokens_per_s,
            ttft_p50_s=(point.ttft_s.p50 or point.ttft_s.mean) if point.ttft_s else None,
            tpot_p50_s=(point.tpot_s.p50 or point.tpot_s.mean) if point.tpot_s else None,
            peak_memory_gib=profile.memory.peak_gib,
        )
        for profile in profiles
        if profile.name in used
        for point in profile.service_curve
    )
