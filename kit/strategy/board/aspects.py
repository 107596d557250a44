"""Cloud AI against local AI for this client, row by row: setup, customisation and maintenance here, the rest beside."""

from __future__ import annotations

from kit.engagement.record import Customisation, Place
from kit.figures import decimal, full_time, joined, money, number, percent
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.aspects_fit import capability, privacy
from kit.strategy.board.aspects_latency import latency
from kit.strategy.board.aspects_money import cost, scalability
from kit.strategy.board.sides import (
    CLIENT,
    GATES,
    PLANS,
    found,
    lawful_apis,
    lead_weeks,
    local_place,
    local_pools,
    offered,
    open_pools,
    people,
    served_at,
    some,
    stated,
    stated_for,
)
from kit.strategy.dossier import Aspect, Finding, Side
from kit.wording import fixed, say

_CHANGES = {
    Customisation.FINE_TUNING: fixed("fine-tuning"),
    Customisation.ADAPTERS: fixed("adapters"),
    Customisation.TOKENIZER: fixed("a tokenizer of its own"),
}


def aspects(case: Case) -> tuple[Aspect, ...]:
    """Return the rows of the comparison, always all eight and in this order."""
    return (
        setup(case),
        privacy(case),
        capability(case),
        cost(case),
        latency(case),
        scalability(case),
        customisation(case),
        maintenance(case),
    )


def setup(case: Case) -> Aspect:
    """Return how long each side takes until it serves, and how many people; better is the one that serves first."""
    local = local_place(case)
    weeks = {place: lead_weeks(case, place) for place in Place}
    better: Side | None = None
    if local is not None and served_at(case, Place.API) and weeks[local].value != weeks[Place.API].value:
        better = "cloud" if weeks[Place.API].value < weeks[local].value else "local"
    return Aspect(
        key="setup",
        name=fixed("Setup"),
        cloud=_setup_cloud(case),
        local=_setup_local(case),
        better=better,
    )


def _setup_cloud(case: Case) -> Finding:
    if not served_at(case, Place.API):
        return found(say("No workload may use a cloud API that is on offer, so there is none to set up."), [GATES])
    weeks, fte = lead_weeks(case, Place.API), people(case, Place.API)
    text = say(
        "A cloud API serves {weeks} weeks after the decision and takes {fte} to run.",
        weeks=number(weeks.value),
        fte=full_time(fte.value),
    )
    today = [workload.name for workload in case.choice.workloads if workload.today is not None]
    if today:
        text = say("{setup} At an API today already: {names}.", setup=text, names=some(today))
    return found(text, stated_for(Place.API), [weeks.basis, fte.basis])


def _setup_local(case: Case) -> Finding:
    texts: list[str] = []
    bases: list[Basis] = []
    sources: list[str] = []
    for place in _usable(case):
        weeks, fte = lead_weeks(case, place), people(case, place)
        bases += [weeks.basis, fte.basis]
        sources += stated_for(place)
        values = {"weeks": number(weeks.value), "fte": full_time(fte.value)}
        if place is Place.OWN:
            texts.append(say("Own machines serve {weeks} weeks after the order and take {fte}.", **values))
        else:
            texts.append(
                say(
                    "Rented machines serve {weeks} weeks after the order and take {fte}.",
                    **values,
                )
            )
    if not texts:
        return found(say("No workload may use a machine that is on offer, so there is none to set up."), [GATES])
    return found(joined(texts, " "), sources, bases)


def _usable(case: Case) -> list[Place]:
    """Return the kinds of machine that any workload may use."""
    return [place for place in (Place.OWN, Place.RENTED) if served_at(case, place)]


def customisation(case: Case) -> Aspect:
    """Return what the workloads ask to be changed in a model, and who allows it.

    Better is local where a workload asks for something that none of the APIs its data may go to is known to give.
    """
    choice = case.choice
    asking = [w for w, workload in enumerate(choice.workloads) if workload.customisation is not Customisation.NONE]
    refused = [w for w in asking if not _given(case, w)]
    can_change = bool([w for w in refused if open_pools(case, w)])
    return Aspect(
        key="customisation",
        name=fixed("Customisation"),
        cloud=_customised_cloud(case, asking, refused),
        local=_customised_local(case),
        better="local" if can_change else None,
    )


def _given(case: Case, w: int) -> list[int]:
    """Return the APIs on offer that a workload's data may go to and that are known to be changed as it asks."""
    strikes = case.choice.api_strikes[w]
    return [a for a in lawful_apis(case, w) if not any(strike.gate == "customisation" for strike in strikes[a])]


def _customised_cloud(case: Case, asking: list[int], refused: list[int]) -> Finding:
    choice = case.choice
    tuned = [a for a in offered(case) if choice.apis[a].offer.fine_tuning]
    if not offered(case):
        known = say("No cloud API is on offer.")
    else:
        known = say(
            "Known to be tuned on the client's data: {tuned} of {all} APIs on offer.",
            all=decimal(len(offered(case))),
            tuned=decimal(len(tuned)),
        )
    if not asking:
        return found(say("{known} No workload asks for a changed model.", known=known), [CLIENT])
    names = some(
        [
            say("{workload} ({change})", workload=one.name, change=_CHANGES[one.customisation])
            for one in (choice.workloads[w] for w in asking)
        ]
    )
    if refused:
        text = say(
            "{known} Asked for: {names}; no API gives it to {refused}.",
            known=known,
            names=names,
            refused=some([choice.workloads[w].name for w in refused]),
        )
    else:
        text = say("{known} Asked for: {names}; an API gives it to each.", known=known, names=names)
    return found(text, [CLIENT, GATES])


def _customised_local(case: Case) -> Finding:
    models = {pool.model.name: pool.model for pool in case.choice.pools}
    free = [
        say("{model} ({licence})", model=one.name, licence=one.licence) for one in models.values() if one.commercial_use
    ]
    if not models:
        return found(say("No open model is on offer on any machine."), [CLIENT])
    if not free:
        return found(say("No licence of the open models on offer is known to allow commercial use."), [GATES])
    text = say(
        "Open weights can be tuned, adapted and given another tokenizer. On offer with a licence for commercial use: "
        "{models}.",
        models=some(free),
    )
    return found(text, list(dict.fromkeys(one.source for one in models.values() if one.commercial_use)))


def maintenance(case: Case) -> Aspect:
    """Return who has to look after each side, and what that costs a year; better is the one that takes fewer people."""
    local = local_place(case)
    better: Side | None = None
    if local is not None and served_at(case, Place.API):
        here, there = people(case, local).value, people(case, Place.API).value
        better = None if here == there else "cloud" if there < here else "local"
    return Aspect(
        key="maintenance",
        name=fixed("Maintenance"),
        cloud=_maintained_cloud(case),
        local=_maintained_local(case),
        better=better,
    )


def _maintained_cloud(case: Case) -> Finding:
    if not served_at(case, Place.API):
        return found(say("No workload may use a cloud API that is on offer, so there is none to look after."), [GATES])
    fte, salary = people(case, Place.API), case.choice.terms.staff_cost_per_year
    text = say(
        "A cloud API takes {fte}, {cost} a year, for keys, budgets and changes of model.",
        fte=full_time(fte.value),
        cost=money(fte.value * salary.value, case.choice.engagement.currency),
    )
    return found(text, [stated("staff_fte_api"), stated("staff_cost_per_year")], [fte.basis, salary.basis])


def _maintained_local(case: Case) -> Finding:
    usable, salary, currency = _usable(case), case.choice.terms.staff_cost_per_year, case.choice.engagement.currency
    if not usable:
        return found(say("No workload may use a machine that is on offer, so there is none to look after."), [GATES])
    fte = {place: people(case, place) for place in usable}
    values = {place: (full_time(one.value), money(one.value * salary.value, currency)) for place, one in fte.items()}
    if len(usable) > 1:
        text = say(
            "Own machines take {own}, {own_cost} a year, rented ones {rented}, {rented_cost} a year.",
            own=values[Place.OWN][0],
            own_cost=values[Place.OWN][1],
            rented=values[Place.RENTED][0],
            rented_cost=values[Place.RENTED][1],
        )
    elif usable == [Place.OWN]:
        text = say(
            "Own machines take {fte}, {cost} a year.",
            fte=values[Place.OWN][0],
            cost=values[Place.OWN][1],
        )
    else:
        text = say(
            "Rented machines take {fte}, {cost} a year.",
            fte=values[Place.RENTED][0],
            cost=values[Place.RENTED][1],
        )
    sources = [*(stated_for(place)[1] for place in usable), stated("staff_cost_per_year")]
    bases = [*(one.basis for one in fte.values()), salary.basis]
    if pools := local_pools(case):
        share = case.choice.terms.maintenance_share_per_year
        text = say(
            "{people} Replicas that may fail or be updated while what cannot go elsewhere is served: {spare} of {all}; "
            "support of own machines costs {share} of their price a year.",
            people=text,
            spare=decimal(sum(pool.spare for pool in pools)),
            all=decimal(sum(pool.replicas for pool in pools)),
            share=percent(share.value),
        )
        sources, bases = [*sources, PLANS, stated("maintenance_share_per_year")], [*bases, share.basis]
    return found(text, sources, bases)
