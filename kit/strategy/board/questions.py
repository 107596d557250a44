"""The usual questions of a board, answered for this client."""

from __future__ import annotations

from kit.engagement.record import Place
from kit.facts.architectures import architecture, architectures
from kit.facts.engine_memory import usable_memory_gib
from kit.facts.gpus import accelerators
from kit.figures import decimal, listed, money, number, percent, significant, tokens, unit_price
from kit.hardware.memory import Fit, fit
from kit.hardware.quantisation import SCHEMES
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.aspects_money import spent
from kit.strategy.board.claims_memory import PREDICTOR, shape_of
from kit.strategy.board.sides import (
    GATES,
    PLANS,
    found,
    local_place,
    local_pools,
    open_apis,
    open_pools,
    plan_basis,
    served_at,
    solved_of,
    some,
    stated,
    strategy_of,
)
from kit.strategy.dossier import Answer, Finding
from kit.strategy.headline import SAME
from kit.strategy.posing import WEEKS_PER_YEAR
from kit.strategy.terms import usd_in_currency
from kit.strategy.verdict import Pool, Strategy
from kit.wording import fixed, say

BREAK_EVEN = fixed("break-even of this verdict")


def answers(case: Case) -> tuple[Answer, ...]:
    """Return the answers, always all four and in this order."""
    return (
        Answer(
            key="cloud_first",
            question=fixed("Can we start in the cloud and move later?"),
            finding=_cloud_first(case),
        ),
        Answer(
            key="gpu_memory",
            question=fixed("How much GPU memory do we need?"),
            finding=_gpu_memory(case),
        ),
        Answer(
            key="all_costs",
            question=fixed("Is local cheaper once power, cooling, staff and opportunity cost count?"),
            finding=_all_costs(case),
        ),
        Answer(
            key="middle_ground",
            question=fixed("Is a managed GPU cloud such as Lambda or RunPod the middle ground?"),
            finding=_middle_ground(case),
        ),
    )


def _cloud_first(case: Case) -> Finding:
    """Answer from the gates, the break-even and the cost of a move; waiting costs what the machines would save."""
    choice, currency = case.choice, case.verdict.currency
    both = [workload.name for w, workload in enumerate(choice.workloads) if open_apis(case, w) and open_pools(case, w)]
    if not served_at(case, Place.API):
        return found(
            say("No: no workload may use a cloud API that is on offer, so there is no cloud to start in."), [GATES]
        )
    if not both:
        text = say("There is nothing to move: no workload may use both a cloud API and a machine that are on offer.")
        return found(text, [GATES])
    terms = choice.terms
    weeks, salary = terms.migration_weeks_own, terms.staff_cost_per_year
    values = {
        "names": some(both),
        "weeks": number(weeks.value),
        "cost": money(weeks.value / WEEKS_PER_YEAR * salary.value, currency),
    }
    pays = case.verdict.break_even.leaves_cloud_at
    if pays is not None:
        start = say(
            "Yes, with {names}: moving one takes {weeks} engineer-weeks, {cost}; machines pay at volumes {factor} "
            "times as large as planned for every year ({volume} million tokens a day today instead of {today}, and "
            "growth on top).",
            factor=significant(pays / case.verdict.break_even.today, 2),
            volume=tokens(pays),
            today=tokens(case.verdict.break_even.today),
            **values,
        )
    else:
        start = say(
            "Yes, with {names}: moving one takes {weeks} engineer-weeks, {cost}; from a tenth to three times today's "
            "{today} million tokens a day machines do not become the cheaper way.",
            today=tokens(case.verdict.break_even.today),
            **values,
        )
    cloud, best = strategy_of(case, Place.API), case.verdict.strategies[0]
    saved = 12 * (cloud.cost_per_month - best.cost_per_month) if cloud else 0.0
    if cloud and case.verdict.pools and saved > SAME * 12 * cloud.cost_per_month:
        text = say("{start} A year of waiting costs {saved}.", start=start, saved=money(saved, currency))
    else:
        text = say("{start} Waiting costs nothing.", start=start)
    bases = [weeks.basis, salary.basis]
    bases += [basis] if (basis := plan_basis(case, case.best)) else []
    sources = [BREAK_EVEN, PLANS, stated("migration_weeks_own"), stated("staff_cost_per_year")]
    return found(text, sources, bases)


def _gpu_memory(case: Case) -> Finding:
    """Answer with the memory of the plan's machines, and what the predictor says one replica needs of it."""
    planned = [pool for pool in case.verdict.pools if pool.accelerator in accelerators()]
    pools = planned or [pool for pool in local_pools(case) if pool.accelerator in accelerators()]
    if not pools:
        return (
            found(say("None: the plan has no accelerators, and no machine on offer may be used."), [PLANS])
            if not (case.verdict.pools)
            else found(say("The plan's machines have no accelerator whose memory the kit's table knows."), [PLANS])
        )
    gib = sum(pool.accelerators * usable_memory_gib(pool.accelerator).value for pool in pools)
    cards: dict[str, int] = {}
    for pool in pools:
        cards[pool.accelerator] = cards.get(pool.accelerator, 0) + pool.accelerators
    held = listed([say("{number} × {card}", number=decimal(count), card=card) for card, count in cards.items()])
    if planned:
        text = say("The plan's {cards} have {gib} GiB together.", cards=held, gib=number(gib))
    else:
        text = say(
            "The plan needs none; on machines it would be {cards} with {gib} GiB together.", cards=held, gib=number(gib)
        )
    sources, bases = (
        [PLANS, fixed("table usable_memory")],
        [usable_memory_gib(pool.accelerator).basis for pool in pools],
    )
    need = _need(case, pools[0])
    if need is not None:
        text = say(
            "{plan} A replica of {model} needs {needed} GiB of its {available} for requests of {context} tokens, "
            "{requests} at a time.",
            plan=text,
            model=pools[0].model,
            needed=number(need.needed_gib * need.gpus),
            available=number(need.available_gib * need.gpus),
            context=decimal(need.context_tokens),
            requests=decimal(need.concurrency),
        )
        sources, bases = [*sources, PREDICTOR], [*bases, Basis.PREDICTED]
    return found(text, sources, bases)


def _need(case: Case, pool: Pool) -> Fit | None:
    """Return what a replica of a pool needs; ``None`` where the predictor does not know the model or its weights."""
    option = next(one for one in case.choice.pools if one.label == pool.label)
    served, shape = option.profile.model, shape_of(case)
    plain = {"fp16": "float16", "bf16": "bfloat16", "float16": "float16", "bfloat16": "bfloat16"}.get(served.dtype)
    if served.architecture not in architectures() or (plain is None and served.dtype not in SCHEMES):
        return None
    known = architecture(served.architecture)
    return fit(
        known,
        pool.accelerator,
        gpus=option.profile.accelerators,
        dtype=plain,
        quantisation="none" if plain else served.dtype,
        context_tokens=min(shape.context_tokens, known.context_tokens),
        concurrency=pool.concurrency or shape.concurrency,
    )


def _all_costs(case: Case) -> Finding:
    """Answer with the plan on machines against the cloud plan, by parts of its cash, with and without the interest."""
    place = local_place(case)
    local, cloud = strategy_of(case, place), strategy_of(case, Place.API)
    if local is None:
        return found(say("No workload may use a machine that is on offer, so there is no local plan."), [GATES])
    currency, total = case.verdict.currency, spent(local)
    parts = {
        "capex": sum(year.capex for year in local.cash),
        "power": sum(year.energy_and_space for year in local.cash),
        "staff": sum(year.staff for year in local.cash),
        "rent": sum(year.rent for year in local.cash),
        "api": sum(year.api for year in local.cash),
        "other": sum(year.maintenance + year.move for year in local.cash),
    }
    shares = say(
        "Of its cash {capex} is purchase, {power} power, cooling and space, {staff} people, {rent} rent, {api} APIs "
        "and {other} support and moving.",
        **{name: percent(part / total if total else 0.0) for name, part in parts.items()},
    )
    if cloud is None:
        text = say(
            "There is no cloud plan to compare with: the local plan costs {local} (net present value). {shares}",
            local=money(local.npv, currency),
            shares=shares,
        )
        return found(text, [PLANS], [_basis(case, local)])
    saved, plain = cloud.npv - local.npv, _undiscounted(cloud) - _undiscounted(local)
    values = {
        "saved": money(abs(saved), currency),
        "rate": percent(case.verdict.discount_rate),
        "shares": shares,
    }
    if saved > 0:
        text = say(
            "Yes: all counted, the local plan costs {saved} less than the cloud plan (net present value at {rate}), "
            "and {plain} without the cost of capital. {shares}",
            plain=_less(plain, currency),
            **values,
        )
    else:
        text = say(
            "No: all counted, the local plan costs {saved} more than the cloud plan (net present value at {rate}), "
            "and {plain} without the cost of capital. {shares}",
            plain=_less(plain, currency),
            **values,
        )
    return found(text, [PLANS, stated("discount_rate")], [_basis(case, local), _basis(case, cloud)])


def _less(saved: float, currency: str) -> str:
    if saved >= 0:
        return say("{money} less", money=money(saved, currency))
    return say("{money} more", money=money(-saved, currency))


def _undiscounted(plan: Strategy) -> float:
    """Return a plan's cash at a rate of 0, what machines are resold for set off."""
    return spent(plan) + sum(year.residual for year in plan.cash)


def _basis(case: Case, plan: Strategy) -> Basis | None:
    solved = solved_of(case, plan)
    return None if solved is None else plan_basis(case, solved)


def _middle_ground(case: Case) -> Finding:
    """Answer with the rented plan between the own and the cloud plan, the cheapest rent, and who passes the gates."""
    rented = strategy_of(case, Place.RENTED)
    price, price_basis, price_source = _cheapest_rent(case)
    if rented is None:
        text = say(
            "No workload may use a rented machine that is on offer, so it is no middle ground here. {price}",
            price=price,
        )
        return found(text, [GATES, *price_source], price_basis)
    currency = case.verdict.currency
    others = {place: strategy_of(case, place) for place in (Place.OWN, Place.API)}
    own, cloud = others[Place.OWN], others[Place.API]
    may = say(
        "{price} Workloads that may use a rented machine: {number} of {all}.",
        price=price,
        number=decimal(len(served_at(case, Place.RENTED))),
        all=decimal(len(case.choice.workloads)),
    )
    values = {"rented": money(rented.npv, currency), "may": may}
    known = [plan.npv for plan in (own, cloud) if plan]
    if own is None or cloud is None:
        text = say(
            "One of its neighbours is missing, so there is no middle: the rented plan costs {rented} (net present "
            "value). {may}",
            **values,
        )
    else:
        values |= {"own": money(own.npv, currency), "cloud": money(cloud.npv, currency)}
        more = rented.npv - case.verdict.strategies[0].npv
        if min(known) <= rented.npv <= max(known) and more > SAME * rented.npv:
            text = say(
                "No: it lies between, but costs {more} more than the recommended plan: rented {rented} (net present "
                "value), own {own}, cloud {cloud}. {may}",
                more=money(more, currency),
                **values,
            )
        elif min(known) <= rented.npv <= max(known):
            text = say("Yes, by cost: rented {rented} (net present value), own {own}, cloud {cloud}. {may}", **values)
        elif rented.npv < min(known):
            text = say(
                "It is the cheapest: rented {rented} (net present value), own {own}, cloud {cloud}. {may}", **values
            )
        else:
            text = say(
                "No, it is the dearest: rented {rented} (net present value), own {own}, cloud {cloud}. {may}", **values
            )
    bases = [_basis(case, plan) for plan in (rented, own, cloud) if plan]
    return found(text, [PLANS, GATES, *price_source], [*bases, *price_basis])


def _cheapest_rent(case: Case) -> tuple[str, list[Basis], list[str]]:
    """Return the lowest rent in the price book for an accelerator on offer, in words, with its basis and source."""
    wanted = {pool.profile.accelerator for pool in case.choice.pools}
    offers = [one for one in case.prices.rentals if one.accelerator in wanted]
    if not offers:
        return say("The price book holds no rent for the accelerators that are considered."), [], []
    best = min(offers, key=lambda one: one.usd_per_gpu_hour.value)
    rent = best.usd_per_gpu_hour.value * usd_in_currency(case.choice.engagement)
    text = say(
        "Lowest rent in the price book: {rent} an hour for one {card} at {provider}.",
        rent=unit_price(rent, case.verdict.currency),
        card=best.accelerator,
        provider=best.provider,
    )
    return text, [best.usd_per_gpu_hour.basis], [fixed("price book of this verdict")]
