"""Records in, verdict out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from kit import __version__
from kit.demand.record import Demand
from kit.engagement.record import Engagement, Place
from kit.pricing.ownership import annuity_factor
from kit.pricing.pricebook import PriceBook
from kit.profiler.profile import HardwareProfile, Regime
from kit.record import Basis
from kit.strategy import reasons, uncertainty
from kit.strategy.ageing import price_warnings
from kit.strategy.breakeven import break_even
from kit.strategy.choice import LABELS, Choice, Solved, choose, solve_kind, why_not
from kit.strategy.costs import cash_by_year, levelised, replica_cost, staff_per_month
from kit.strategy.gates import expected_service, service_of
from kit.strategy.hosts import duties
from kit.strategy.inputs import inputs
from kit.strategy.options import apis, pools
from kit.strategy.plan import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Floats
from kit.strategy.sharing import share_costs
from kit.strategy.terms import resolve
from kit.strategy.verdict import (
    MeasuredPoint,
    Option,
    Placement,
    Pool,
    SourceFile,
    Strategy,
    StrategyKind,
    Verdict,
    Week,
    YearCash,
)
from kit.strategy.ways import api_ttft_p95_s, network_s

VALID_DAYS = 90
LIMITS = (
    "Demand, prices and speeds stay as they are today over the horizon; the sample of futures varies them.",
    "Rented accelerators are paid around the clock: neither switched off at night nor at spot prices.",
    "Load inside the hour is covered by a flat headroom, not yet simulated.",
    "Where a profile holds no latency, work with a latency limit is not placed on it.",
    "Public quality scores are not the client's work: test the chosen model on your own cases before you sign.",
    "The gates on data, regions and regulations are a first reading of public terms and rules, each of the day that "
    "stands with it. This is not legal advice.",
)


def decide(
    engagement: Engagement,
    demand: Demand,
    profiles: Sequence[HardwareProfile],
    prices: PriceBook,
    *,
    sources: Sequence[SourceFile] = (),
    measured_here: str | None = None,
    notes: Sequence[str] = (),
    on_step: Callable[[], None] | None = None,
) -> Verdict:
    """Return the verdict.

    Args:
        engagement: what the client said.
        demand: what has to be served.
        profiles: what is known of hardware.
        prices: the price book of the day.
        sources: the files that these were read from or saved to.
        measured_here: name of the profile that was measured on this machine for this verdict.
        notes: further warnings, first of all.
        on_step: called after each part of the work, for a progress bar.

    Raises:
        InputError: a name in the engagement is not known.
        PlanError: no plan exists; says for which workload and what comes nearest.
    """
    choice = prepare(engagement, demand, profiles, prices)
    terms = choice.terms
    solved = [solve_kind(choice, kind) for kind in StrategyKind]
    compared = uncertainty.distinct(solved)
    drivers = uncertainty.drivers(choice, compared)
    futures = uncertainty.sample(choice, solved)
    strategies = [_strategy(choice, plan, futures, i, solved) for i, plan in enumerate(solved)]
    best = strategies[0]
    others = [strategies[solved.index(plan)] for plan in compared[1:]]
    other = min(others, key=lambda strategy: strategy.npv, default=None)
    certain = uncertainty.certainty(futures, best.npv)
    pool_rows = _pools(choice, solved[0])
    placements = _placements(choice, solved[0])
    horizon, rate = terms.horizon_years.value, terms.discount_rate.value
    entered = inputs(choice, prices)
    return Verdict(
        kit_version=__version__,
        client=engagement.client,
        title=engagement.title,
        date=engagement.date,
        valid_until=engagement.date + dt.timedelta(days=VALID_DAYS),
        currency=engagement.currency,
        horizon_years=horizon,
        discount_rate=rate,
        sentence=reasons.sentence(placements, pool_rows),
        money_sentence=reasons.money_sentence(best, other, years=horizon, rate=rate, currency=engagement.currency),
        certainty=certain,
        certainty_rule=uncertainty.certainty_rule(),
        certainty_sentence=reasons.certainty_sentence(
            best, drivers, samples=uncertainty.SAMPLES, currency=engagement.currency
        ),
        saving_npv=other.npv - best.npv if other else 0.0,
        saving_against=other.kind if other else StrategyKind.HYBRID,
        samples=uncertainty.SAMPLES,
        placements=placements,
        pools=pool_rows,
        strategies=tuple(strategies),
        drivers=drivers,
        break_even=break_even(choice, solved, on_step=on_step),
        week=_week(choice, solved[0]),
        service_curves=_service_curves(choice, profiles, measured_here),
        measured_here=measured_here,
        warnings=(
            *notes,
            *_warnings(choice, solved[0], profiles, measured_here),
            *price_warnings(entered, engagement.date),
            *_disputed(choice, solved[0], prices),
        ),
        limits=LIMITS,
        duties=duties(engagement, [row.workload for row in placements if Place.OWN in row.places]),
        inputs=entered,
        sources=tuple(sources),
    )


def prepare(engagement: Engagement, demand: Demand, profiles: Sequence[HardwareProfile], prices: PriceBook) -> Choice:
    """Return every workload against every option, so that a mistake shows before anything slow is begun.

    Raises:
        InputError: a name in the engagement is not known.
        PlanError: a workload is left without an option.
    """
    terms = resolve(engagement)
    return choose(
        engagement, demand, terms, apis(engagement, prices, profiles), pools(engagement, profiles, prices, terms)
    )


def _strategy(
    choice: Choice, solved: Solved, futures: uncertainty.Futures, i: int, all_solved: Sequence[Solved]
) -> Strategy:
    terms = choice.terms
    annuity = annuity_factor(terms.discount_rate.value, terms.months)
    replicas = {choice.pools[p]: int(n) for p, n in enumerate(solved.plan.replicas) if n}
    cash = cash_by_year(replicas, staff_month=_staff(choice, solved), api_month=_api_month(solved), terms=terms)
    npv = futures.npv[i]
    return Strategy(
        kind=solved.kind,
        label=reasons.strategy_label(solved.kind, LABELS[solved.kind], solved.exceptions),
        exceptions=solved.exceptions,
        cost_per_month=solved.plan.cost,
        npv=solved.plan.cost * annuity,
        capex=cash[0].capex,
        payback_months=_payback(choice, cash, all_solved),
        gap=solved.plan.gap,
        cash=cash,
        npv_p10=float(np.percentile(npv, 10)),
        npv_p50=float(np.percentile(npv, 50)),
        npv_p90=float(np.percentile(npv, 90)),
        p_cheapest=float(futures.p_cheapest[i]),
        regret_p95=float(np.percentile(futures.regret[i], 95)),
    )


def _staff(choice: Choice, solved: Solved) -> float:
    per_place = staff_per_month(choice.terms)
    places = {pool.place for p, pool in enumerate(choice.pools) if solved.plan.replicas[p]}
    if _api_month(solved) > 0:
        places.add(Place.API)
    return sum(per_place[place] for place in places)


def _api_month(solved: Solved) -> float:
    return float(WEEKS_PER_MONTH * solved.plan.flow_api.sum(axis=1) @ np.nan_to_num(solved.problem.api_price))


def _run(cash: Sequence[YearCash]) -> float:
    """Return the cost per month apart from purchase and residual, of the first full year."""
    year = cash[1]
    return (year.energy_and_space + year.maintenance + year.staff + year.rent + year.api) / 12


def _payback(choice: Choice, cash: tuple[YearCash, ...], all_solved: Sequence[Solved]) -> float | None:
    """Return capex above the cloud plan's ÷ run cost below the cloud plan's, in months, nothing discounted."""
    cloud = next(plan for plan in all_solved if plan.kind is StrategyKind.CLOUD)
    replicas = {choice.pools[p]: int(n) for p, n in enumerate(cloud.plan.replicas) if n}
    base = cash_by_year(replicas, staff_month=_staff(choice, cloud), api_month=_api_month(cloud), terms=choice.terms)
    bought, saved = cash[0].capex - base[0].capex, _run(base) - _run(cash)
    return bought / saved if bought > 0 and saved > 0 else None


def _load(solved: Solved, seconds: Floats) -> Floats:
    """Return replica-seconds used per hour, (W, P, H)."""
    load: Floats = solved.plan.flow_pool * np.nan_to_num(seconds)[:, :, None]
    return load


def _pools(choice: Choice, solved: Solved) -> tuple[Pool, ...]:
    load = _load(solved, solved.problem.seconds).sum(axis=0)
    rows = []
    for p, pool in enumerate(choice.pools):
        replicas = int(solved.plan.replicas[p])
        if not replicas:
            continue
        planned = (replicas - solved.problem.spare) * SECONDS_PER_HOUR * solved.problem.headroom
        rows.append(
            Pool(
                label=pool.label,
                place=pool.place,
                model=pool.model.name,
                profile=pool.profile.name,
                accelerator=pool.profile.accelerator,
                accelerators=replicas * pool.profile.accelerators,
                replicas=replicas,
                spare=solved.problem.spare,
                concurrency=pool.level,
                utilisation=float(load[p].mean() / planned),
                peak_utilisation=float(load[p].max() / planned),
                capex=replicas * replica_cost(pool, choice.terms).capex,
                cost_per_month=replicas * levelised(replica_cost(pool, choice.terms), choice.terms),
            )
        )
    return tuple(rows)


def _placements(choice: Choice, solved: Solved) -> tuple[Placement, ...]:
    cost = share_costs(solved.problem, solved.plan.cost)
    return tuple(_placement(choice, solved, w, float(cost[w])) for w in range(len(choice.workloads)))


def _placement(choice: Choice, solved: Solved, w: int, cost: float) -> Placement:
    workload, demand = choice.workloads[w], choice.demand.workloads[w]
    total = solved.problem.requests[w].sum()
    shares = [
        (float(solved.plan.flow_pool[w, p].sum() / total), pool.label, pool.place, p)
        for p, pool in enumerate(choice.pools)
    ]
    best_api = choice.best_api[w]
    if best_api >= 0:
        label = choice.apis[best_api].label
        shares.append((float(solved.plan.flow_api[w].sum() / total), label, Place.API, -1))
    used = sorted((share for share in shares if share[0] > 1e-6), key=lambda share: -share[0])
    main = used[0]
    cloud_month = _cloud_month(solved, w)
    return Placement(
        workload=workload.name,
        goes_to=tuple(share[1] for share in used),
        places=tuple(share[2] for share in used),
        shares=tuple(share[0] for share in used),
        because=_because(choice, solved, w, place=main[2], cost=cost, cloud_month=cloud_month),
        million_tokens_per_day=demand.tokens_per_day / 1e6,
        cost_per_month=cost,
        cost_if_cloud_per_month=cloud_month,
        ttft_p95_s=_ttft(choice, solved, w, main[3]),
        options=_options(choice, w),
    )


def _cloud_month(solved: Solved, w: int) -> float | None:
    price = solved.problem.api_price[w]
    return None if np.isnan(price) else float(WEEKS_PER_MONTH * solved.problem.requests[w].sum() * price)


def _ttft(choice: Choice, solved: Solved, w: int, p: int) -> float | None:
    """Return the expected p95 TTFT at the main place, with the longest prompts that share it."""
    if p < 0:
        return api_ttft_p95_s(choice.apis[choice.best_api[w]], choice.workloads[w], choice.engagement, choice.terms)
    pool = choice.pools[p]
    sharing = np.flatnonzero(solved.plan.flow_pool[:, p].sum(axis=1) > 0)
    longest = max((choice.workloads[v] for v in sharing), key=lambda other: other.prompt_tokens.value)
    ttft = expected_service(choice.workloads[w], pool, choice.terms, longest).ttft_p95_s
    network = network_s(pool, choice.workloads[w], choice.engagement, choice.terms).value
    return None if ttft is None else ttft + network


def _because(
    choice: Choice, solved: Solved, w: int, *, place: Place, cost: float, cloud_month: float | None
) -> tuple[str, ...]:
    currency = choice.engagement.currency
    if place is not Place.API:
        return reasons.because_gpu(
            cost_month=cost,
            cloud_month=cloud_month,
            cloud_label=choice.apis[choice.best_api[w]].label if choice.best_api[w] >= 0 else None,
            struck=why_not(choice, w, Place.API),
            currency=currency,
        )
    permitted = [p for p in range(len(choice.pools)) if not choice.pool_strikes[w][p]]
    smallest = min(permitted, key=lambda p: solved.problem.replica_cost[p], default=None)
    struck = None
    if smallest is None and choice.pools:
        struck = min((strikes for strikes in choice.pool_strikes[w]), key=len)[0].reason
    return reasons.because_cloud(
        api_month=cloud_month or 0.0,
        pool_month=None
        if smallest is None
        else float(solved.problem.replica_cost[smallest] * (1 + solved.problem.spare)),
        pool_label=None if smallest is None else choice.pools[smallest].label,
        struck=struck,
        currency=currency,
    )


def _options(choice: Choice, w: int) -> tuple[Option, ...]:
    workload, problem = choice.workloads[w], choice.problem
    found = [
        Option(
            label=api.label,
            place=Place.API,
            model=api.offer.model,
            profile=None,
            basis=api.price_per_request[workload.name].basis,
            cost_per_request=api.price_per_request[workload.name].value,
            strikes=choice.api_strikes[w][a],
        )
        for a, api in enumerate(choice.apis)
    ]
    for p, pool in enumerate(choice.pools):
        expected = service_of(workload, pool, choice.terms)
        hours = SECONDS_PER_HOUR * problem.headroom * WEEKS_PER_MONTH * problem.requests.shape[1]
        found.append(
            Option(
                label=pool.label,
                place=pool.place,
                model=pool.model.name,
                profile=pool.profile.name,
                basis=Basis.PREDICTED if expected.predicted else pool.profile.basis,
                cost_per_request=float(problem.replica_cost[p] * expected.seconds / hours),
                strikes=choice.pool_strikes[w][p],
            )
        )
    return tuple(found)


def _week(choice: Choice, solved: Solved) -> Week:
    tokens = np.array([(w.prompt_tokens.value + w.output_tokens.value) / 1e6 for w in choice.demand.workloads])
    by_place = {}
    for place in (Place.OWN, Place.RENTED):
        of_place = np.array([pool.place is place for pool in choice.pools], dtype=bool)
        by_place[place] = np.einsum("wph,w->h", solved.plan.flow_pool[:, of_place], tokens)
    load = _load(solved, solved.problem.seconds).sum(axis=(0, 1))
    planned = float(
        np.maximum(solved.plan.replicas - solved.problem.spare, 0).sum() * SECONDS_PER_HOUR * solved.problem.headroom
    )
    local = by_place[Place.OWN] + by_place[Place.RENTED]
    # What the pools could carry depends on the mix of the hour; an idle hour takes the mix of the week.
    mix = local.sum() / load.sum() if load.sum() > 0 else 0.0
    capacity = planned * np.divide(local, load, out=np.full_like(load, mix), where=load > 0)
    return Week(
        own=tuple(by_place[Place.OWN].tolist()),
        rented=tuple(by_place[Place.RENTED].tolist()),
        api=tuple((solved.plan.flow_api.T @ tokens).tolist()),
        capacity=tuple(capacity.tolist()),
    )


def _service_curves(
    choice: Choice, profiles: Sequence[HardwareProfile], measured_here: str | None
) -> tuple[MeasuredPoint, ...]:
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


def _disputed(choice: Choice, solved: Solved, prices: PriceBook) -> Iterator[str]:
    """Yield the prices that the plan pays and on which a second list disagrees."""
    for dispute in prices.disputes:
        for w, best in enumerate(choice.best_api):
            if best < 0 or solved.plan.flow_api[w].sum() == 0:
                continue
            pays = choice.apis[best].offer.listed_as == (dispute.provider, dispute.model)
            if pays and dispute.concerns(choice.demand.workloads[w].prompt_tokens.value):
                yield f"The price lists disagree on a price that the plan pays: {dispute.sentence}."
                break


def _warnings(
    choice: Choice, solved: Solved, profiles: Sequence[HardwareProfile], measured_here: str | None
) -> tuple[str, ...]:
    found = []
    used = [pool for p, pool in enumerate(choice.pools) if solved.plan.replicas[p]]
    published = sorted({pool.profile.name for pool in used if pool.profile.basis is not Basis.MEASURED})
    if published:
        found.append(
            f"The capacity of {reasons.listed(published)} is published, not measured on the client's machines: "
            "measure before you buy."
        )
    for pool in used:
        found += [f"{pool.profile.name}: {finding.what} ({finding.evidence})" for finding in pool.profile.findings]
    by_name = {profile.name: profile for profile in profiles}
    if measured_here:
        here = by_name[measured_here]
        found += [f"{measured_here}: {finding.what} ({finding.evidence})" for finding in here.findings]
        if here.model.random_weights:
            found.append(
                f"{measured_here} was measured with random weights: its speed and memory hold, answers do not."
            )
    unpowered = [pool.label for pool in used if pool.place is Place.OWN and pool.power_w is None]
    if unpowered:
        found.append(f"The power of {reasons.listed(unpowered)} is not known and not in the cost.")
    return tuple(dict.fromkeys(found))
