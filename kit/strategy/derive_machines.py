"""How the capacity of a replica, its cost, and those of the pools follow from the inputs."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Sequence

import numpy as np

from kit.engagement.record import HOURS_OF_DAY, Commitment, Place
from kit.strategy.answers import Term
from kit.strategy.capacity import fit_line, nearest_point, points_at
from kit.strategy.costs import ACCELERATORS_PER_SERVER, lasts, replica_cost
from kit.strategy.derive_volumes import output_of, peak_requests, prompt_of
from kit.strategy.derive_years import (
    HOURS,
    MONTHS,
    WEEKS,
    Case,
    changed,
    constant,
    flows_of,
    mean_over_years,
    months_between,
    on,
    summed,
)
from kit.strategy.gates import service_of
from kit.strategy.options import Pool as Offered
from kit.strategy.placing import load_of
from kit.strategy.problem import SECONDS_PER_HOUR
from kit.strategy.verdict import Placement, Pool


def _seconds_key(case: Case, w: int, pool_key: str) -> str:
    return f"placements.{case.choice.workloads[w].name}.replica_seconds.{pool_key.removeprefix('pools.')}"


def replica_seconds(case: Case, w: int, p: int, pool_key: str) -> None:
    """Enter the replica-seconds of a request in a pool, as planned."""
    choice, ledger = case.choice, case.ledger
    workload, pool, room = choice.workloads[w], choice.pools[p], choice.headrooms[w][p]
    key = _seconds_key(case, w, pool_key)
    share = room.share if room is not None and room.share > 0 else choice.terms.headroom.value
    planned = Term(symbol="full", label="how full a replica is planned for it at the most", value=share, unit="share")
    if share == choice.terms.headroom.value and (room is None or not room.requests):
        planned = ledger.stated("full", "headroom", share)
    terms, formula = [ledger.derived("s", _service(case, w, pool, key)), planned], "s / full"
    if pool.commitment is Commitment.SPOT:
        terms.append(ledger.stated("there", "spot_availability", choice.terms.spot_availability.value))
        formula = "s / full / there"
    ledger.add(
        key,
        f"{workload.name}: replica-seconds to plan for a request on {pool.label}",
        "s",
        formula,
        terms,
        value=float(choice.seconds[w, p]),
        note=f"How full: {room.why}" if room is not None and not planned.of else "",
    )


def _service(case: Case, w: int, pool: Offered, key: str) -> str:
    """Enter what a request costs a replica that is kept busy, from the measured points, and return its key."""
    profile, workload, ledger = pool.profile, case.choice.workloads[w], case.ledger
    value = service_of(workload, pool, case.choice.terms).seconds
    what = (f"{key}.busy", f"{workload.name}: seconds of a replica for a request, {profile.basis}", "s")
    prompt, output = workload.prompt_tokens.value, workload.output_tokens.value
    points = points_at(profile, pool.level)
    nearest, exact = nearest_point(points, prompt, output)
    speed = ledger.given(
        "v",
        f"profiles.{profile.name}",
        nearest.output_tokens_per_s,
        label=f"output tokens per second of a replica at {nearest.prompt_tokens:g} + {nearest.output_tokens:g} tokens "
        f"({profile.basis} {profile.date}: {nearest.source or profile.source})",
        unit="output tokens/s",
    )
    answer = constant("o", "output tokens of a request as measured", nearest.output_tokens, "tokens")
    if exact:
        return ledger.add(*what, "o / v", [answer, speed], value=value)
    sizes = [prompt_of(case, w), output_of(case, w)]
    if len({(point.prompt_tokens, point.output_tokens) for point in points}) > 1:
        a, b, misfit = fit_line(points)
        terms = [
            *sizes,
            constant("a", f"seconds of a replica for a prompt token, fitted to {profile.name}", a, "s"),
            constant("b", f"seconds of a replica for an output token, fitted to {profile.name}", b, "s"),
        ]
        note = f"A line through {len(points)} measured points; the worst misses it by {misfit:.0%}."
        return ledger.add(*what, "a * prompt + b * output", terms, value=value, note=note)
    terms = [*sizes, answer, speed, constant("p", "prompt tokens as measured", nearest.prompt_tokens, "tokens")]
    note = "Only one shape was measured: an upper bound for any other."
    return ledger.add(*what, "o / v * max(prompt / p, output / o)", terms, value=value, note=note)


def peak(case: Case, w: int, placement: Placement, keys: Sequence[str]) -> None:
    """Enter the busiest hour of a workload and the replicas that this asks of the pool that serves most of it.

    Args:
        case: the case.
        w: number of the workload.
        placement: its row.
        keys: of the pools of the plan, in their order.
    """
    served, ledger = flows_of(case.solved)[0][:, w].sum(axis=0), case.ledger
    if not served.any():
        return
    p, used, name = int(served.argmax()), np.flatnonzero(case.solved.plan.used).tolist(), placement.workload
    load = ledger.add(
        f"placements.{name}.peak_replica_seconds_per_hour",
        f"{name}: replica-seconds in its busiest hour, all of it on {case.choice.pools[p].label}",
        "s per hour",
        "q * s",
        [
            ledger.derived("q", peak_requests(case, w)),
            ledger.derived("s", _seconds_key(case, w, keys[used.index(p)])),
        ],
    )
    ledger.add(
        f"placements.{name}.replicas_at_peak",
        f"{name}: replicas that this would ask if it were alone",
        "replicas",
        "ceil(load / 3600)",
        [ledger.derived("load", load)],
        note="The plan decides for all workloads together: they share replicas, and some may overflow to an API.",
    )


# Pools.


def pool(case: Case, p: int, key: str, row: Pool) -> str:
    """Enter the figures of a pool; return the key of its cost per month."""
    _replica(case, p, key)
    cost = _pool_by_hour(case, p, key, row) if case.solved.problem.by_hour[p] else _pool_begun(case, p, key, row)
    _use(case, p, key, row)
    _per_million(case, p, key, row)
    return cost


def _replica(case: Case, p: int, key: str) -> None:
    """Enter what a replica costs at today's prices, part by part."""
    pool, terms, ledger = case.choice.pools[p], case.choice.terms, case.ledger
    cost = replica_cost(pool, terms)
    count = constant("k", "accelerators of a replica", pool.profile.accelerators, "accelerators")
    price = ledger.given("price", pool.price_key, pool.price.value, label=f"{pool.offer.accelerator}: price")
    if pool.place is Place.RENTED:
        label = "rent of a replica that is on around the clock"
        ledger.add(f"{key}.rent", label, case.monthly, f"k * price * {HOURS}", [count, price], value=cost.rent)
        return
    overhead = ledger.stated("overhead", "server_overhead_share", terms.server_overhead_share.value)
    bought = ledger.add(
        f"{key}.purchase",
        "purchase of a replica with its share of the server",
        case.currency,
        "k * price * (1 + overhead)",
        [count, price, overhead],
        value=cost.capex,
    )
    watts = ledger.given(
        "watts",
        f"power.{pool.profile.name}",
        pool.power_w.value if pool.power_w else 0.0,
        label="power of a replica; not known, and not in the cost" if pool.power_w is None else "power of a replica",
        unit="W",
    )
    energy = ledger.add(
        f"{key}.energy",
        "electricity of a replica with cooling, around the clock",
        case.monthly,
        f"watts / 1000 * pue * kwh * {HOURS}",
        [
            watts,
            ledger.stated("pue", "pue", terms.pue.value),
            ledger.stated("kwh", "electricity_price_per_kwh", terms.electricity_price_per_kwh.value),
        ],
        value=cost.energy,
    )
    rent = ledger.stated("kw", "colocation_per_kw_month", terms.colocation_per_kw_month.value)
    space = ledger.add(
        f"{key}.space", "space of a replica", case.monthly, "watts / 1000 * kw", [watts, rent], value=cost.space
    )
    share = ledger.stated("share", "maintenance_share_per_year", terms.maintenance_share_per_year.value)
    maintenance = ledger.add(
        f"{key}.maintenance",
        "maintenance of a replica",
        case.monthly,
        "buy * share / 12",
        [ledger.derived("buy", bought), share],
        value=cost.maintenance,
    )
    parts = [("energy", energy), ("space", space), ("maintenance", maintenance)]
    if cost.staff:
        staff = ledger.add(
            f"{key}.staff",
            "people for a further server, a replica's part of it",
            case.monthly,
            f"k / {ACCELERATORS_PER_SERVER} * fte * salary / 12",
            [
                count,
                ledger.stated("fte", "staff_fte_per_further_server", terms.staff_fte_per_further_server.value),
                ledger.stated("salary", "staff_cost_per_year", terms.staff_cost_per_year.value),
            ],
            value=cost.staff,
        )
        parts.append(("people", staff))
    run = [ledger.derived(symbol, part) for symbol, part in parts]
    ledger.add(f"{key}.run", "a replica apart from its purchase", case.monthly, summed(run), run, value=cost.run)


def _pool_begun(case: Case, p: int, key: str, row: Pool) -> str:
    """Enter the cost of a pool whose replicas stay once they are begun."""
    plan, problem, ledger = case.solved.plan, case.solved.problem, case.ledger
    begun = [int(z) for z in np.flatnonzero(plan.starts[p])]
    numbers, replicas, bought = [], [], []
    for z in begun:
        label, which = f"replicas that the plan begins in year {z + 1}, spare ones included", z + 1 if begun[1:] else ""
        numbers.append(constant(f"n{which}", label, plan.starts[p, z], "replicas"))
        one = _npv_of_replica(case, p, z, key)
        replicas.append(ledger.derived(f"c{which}", one))
        if case.choice.pools[p].place is Place.OWN:
            bought.append(ledger.derived(f"buy{which}", _purchase(case, z, key)))
        ledger.add(
            f"{one}.per_month",
            f"a replica begun in year {z + 1}, levelised over the horizon",
            case.monthly,
            "c / m",
            [ledger.derived("c", one), ledger.derived("m", MONTHS)],
            value=float(problem.start_cost[p, z] / case.choice.months),
        )
    if bought:
        label = "purchases of the pool, not discounted"
        paid = _products(numbers, bought)
        ledger.add(f"{key}.capex", label, case.currency, paid, [*numbers, *bought], value=row.capex)
        if begun[0] == 0:
            label, paid = "purchases of the pool at the start", _products(numbers[:1], bought[:1])
            ledger.add(f"{key}.capex_at_start", label, case.currency, paid, [numbers[0], bought[0]])
    total = _products(numbers, replicas)
    return ledger.add(
        f"{key}.cost_per_month",
        f"{row.label}: cost of the pool, levelised: net present value ÷ what one a month is worth",
        case.monthly,
        f"({total}) / m" if begun[1:] else f"{total} / m",
        [*numbers, *replicas, ledger.derived("m", MONTHS)],
        value=row.cost_per_month,
    )


def _products(numbers: Sequence[Term], each: Sequence[Term]) -> str:
    """Return the sum of the products of two lists of terms, as a formula writes it."""
    return " + ".join(f"{n.symbol} * {one.symbol}" for n, one in zip(numbers, each, strict=True)) or "0"


def _purchase(case: Case, z: int, key: str) -> str:
    """Enter the purchase price of a replica in a later year, and return its key."""
    change = case.choice.terms.purchase_price_change_per_year.value
    if not z or not change:
        return f"{key}.purchase"
    terms = [
        case.ledger.derived("buy", f"{key}.purchase"),
        case.ledger.stated("change", "purchase_price_change_per_year", change),
    ]
    label, factor = f"purchase of a replica in year {z + 1}", f"(1 + change) ** {on(case, z)}"
    return case.ledger.add(f"{key}.purchase.year {z + 1}", label, case.currency, f"buy * {factor}", terms)


def _npv_of_replica(case: Case, p: int, z: int, key: str) -> str:
    """Enter the net present value of a replica begun in a year, and return its key."""
    choice, ledger, pool, terms = case.choice, case.ledger, case.choice.pools[p], case.choice.terms
    what = (
        f"{key}.npv_per_replica" + (f".year {z + 1}" if z else ""),
        f"a replica begun in year {z + 1}: net present value of all that it costs",
        case.currency,
    )
    value = float(case.solved.problem.start_cost[p, z])
    months = ledger.derived("m", months_between(case, z, z + lasts(pool, choice.phases)))
    if pool.place is Place.RENTED:
        change = terms.rent_change_per_year.value
        rented = [ledger.derived("rent", f"{key}.rent"), months]
        if not z or not change:
            return ledger.add(*what, "rent * m", rented, value=value)
        rented.append(ledger.stated("change", "rent_change_per_year", change))
        return ledger.add(*what, f"rent * (1 + change) ** {on(case, z)} * m", rented, value=value)
    first = choice.phases[z].first_month
    rate = ledger.stated("r", "discount_rate", terms.discount_rate.value)
    bought = ledger.derived("buy", _purchase(case, z, key))
    left = "keep" if not z else f"(1 - (1 - keep) * (1 - {first} / n))"
    resale = ledger.add(
        f"{key}.resale" + (f".year {z + 1}" if z else ""),
        f"resale of a replica begun in year {z + 1} at the end of the horizon, in today's money",
        case.currency,
        f"buy * {left} * (1 + r) ** (-n / 12)",
        [
            bought,
            ledger.stated("keep", "residual_share", terms.residual_share.value),
            rate,
            ledger.derived("n", "horizon.months"),
        ],
    )
    of_purchase = [bought, ledger.derived("resale", resale)]
    if not z:
        run = ledger.derived("run", f"{key}.run")
        return ledger.add(*what, "buy - resale + run * m", [*of_purchase, run, months], value=value)
    change = terms.purchase_price_change_per_year.value
    upkeep = [
        ledger.derived("run", f"{key}.run"),
        ledger.derived("mend", f"{key}.maintenance"),
        ledger.derived("buy0", f"{key}.purchase"),
        months,
        rate,
    ]
    # Maintenance is a share of what was paid; all else of the run cost is today's.
    kept = "run + mend * (buy / buy0 - 1)" if bought.value != upkeep[2].value else "run"
    used = upkeep if kept != "run" else [upkeep[0], months, rate]
    formula = f"buy * (1 + r) ** (-{first} / 12) - resale + ({kept}) * m"
    return ledger.add(*what, formula, [*of_purchase, *used], value=value)


def _pool_by_hour(case: Case, p: int, key: str, row: Pool) -> str:
    """Enter the cost of a pool that is had by the hour and switched."""
    choice, ledger, running = case.choice, case.ledger, case.solved.plan.running[:, p].mean(axis=1)
    change = choice.terms.rent_change_per_year.value
    label = "replicas that are on in the mean of the week in year {}, as the plan has them"
    numbers = [constant(f"n{y}", label.format(y), n, "replicas") for y, n in enumerate(running, start=1)]
    moved = [ledger.stated("change", "rent_change_per_year", change)] if change and case.years > 1 else []
    factors = changed(case, [term.symbol for term in numbers], [term.symbol for term in moved])
    mean, terms = mean_over_years(case, factors, [*numbers, *moved])
    return ledger.add(
        f"{key}.cost_per_month",
        f"{row.label}: rent of the pool, mean of the horizon, a year weighted by what its months are worth today",
        case.monthly,
        f"rent * {mean}",
        [ledger.derived("rent", f"{key}.rent"), *terms],
        value=row.cost_per_month,
    )


def _use(case: Case, p: int, key: str, row: Pool) -> None:
    """Enter how full a pool is, over the horizon and in its busiest hour."""
    ledger, solved = case.ledger, case.solved
    load, running = load_of(solved)[:, :, p], solved.plan.running[:, p]
    weekly = solved.plan.flow_pool[:, :, p].sum(axis=(0, 2))
    members = [int(w) for w in np.flatnonzero(weekly > 0)]
    seconds = [ledger.derived(f"s{i}", _seconds_key(case, w, key)) for i, w in enumerate(members, start=1)]
    label = "replica-hours that are on in the typical weeks of all years"
    _fill(
        case,
        (f"{key}.utilisation", f"{row.label}: use of the planned capacity, mean of the horizon"),
        [(case.choice.workloads[w].name, float(weekly[w])) for w in members],
        seconds,
        constant("h", label, running.sum(), "replica-hours"),
        value=row.utilisation,
        when="in the typical weeks of all years",
    )
    fill = load.sum(axis=1) / np.where(running > 0, running * SECONDS_PER_HOUR, np.inf)
    y, hour = (int(i) for i in np.unravel_index(int(fill.argmax()), fill.shape))
    when = f"from {day_name[hour // HOURS_OF_DAY]} {hour % HOURS_OF_DAY:02d}:00 on, year {y + 1}"
    _fill(
        case,
        (f"{key}.peak_utilisation", f"{row.label}: use of the planned capacity in the busiest hour"),
        [(case.choice.workloads[w].name, float(solved.plan.flow_pool[y, w, p, hour])) for w in members],
        seconds,
        constant("h", f"replicas that are on {when}", running[y, hour], "replica-hours"),
        value=row.peak_utilisation,
        when=when,
    )


def _fill(
    case: Case,
    what: tuple[str, str],
    sent: Sequence[tuple[str, float]],
    seconds: Sequence[Term],
    hours: Term,
    *,
    value: float,
    when: str,
) -> None:
    flows = [
        constant(f"q{i}", f"{name}: requests that the plan sends there {when}", requests, "requests")
        for i, (name, requests) in enumerate(sent, start=1)
    ]
    formula = f"({_products(flows, seconds)}) / (3600 * h)"
    case.ledger.add(*what, "share", formula, [*flows, *seconds, hours], value=value)


def _per_million(case: Case, p: int, key: str, row: Pool) -> None:
    """Enter what a million tokens cost at the load of the first year."""
    if row.cost_per_mtok is None:
        return
    weekly, ledger = flows_of(case.solved)[0][0, :, p], case.ledger
    sent, sizes = [], []
    for i, w in enumerate(np.flatnonzero(weekly > 0), start=1):
        name = case.choice.workloads[w].name
        label = f"{name}: requests that the plan sends there in a typical week of year 1"
        sent.append(constant(f"q{i}", label, weekly[w], "requests"))
        size = f"workloads.{name}.tokens_per_request"
        label = f"{name}: tokens of a request, prompt and output"
        ledger.add(size, label, "tokens", "prompt + output", [prompt_of(case, int(w)), output_of(case, int(w))])
        sizes.append(ledger.derived(f"t{i}", size))
    ledger.add(
        f"{key}.cost_per_mtok",
        f"{row.label}: a million tokens, at the load of year 1",
        f"{case.currency} per million tokens",
        f"cost / ({WEEKS} * ({_products(sent, sizes)}) / 1000000)",
        [ledger.derived("cost", f"{key}.cost_per_month"), *sent, *sizes],
        value=row.cost_per_mtok,
    )
