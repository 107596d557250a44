"""The check list "choose cloud when", each line answered from this client's own case."""

from __future__ import annotations

import datetime as dt
import math

from kit.engagement.record import Modality, Place
from kit.facts.models import models
from kit.figures import day, decimal, factor, joined, listed, number
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.aspects_fit import best_score
from kit.strategy.board.aspects_money import PEAK_TO_MEAN, peak_to_mean
from kit.strategy.board.sides import (
    CLIENT,
    DEMAND,
    checked,
    lawful_apis,
    lawful_pools,
    lead_weeks,
    some,
    stated_for,
)
from kit.strategy.dossier import Check
from kit.wording import fixed, say

GAPS_CV = 2.0
"""Coefficient of variation of the gaps within an hour from which a load counts as bursty; 1 is Poisson. Judgement."""

MINUTE_CV = 0.5
"""Coefficient of variation of the rate from minute to minute from which a load counts as bursty. Judgement."""

_PLACES = {Place.OWN: fixed("own machines"), Place.RENTED: fixed("rented machines"), Place.API: fixed("cloud APIs")}


def frontier(case: Case) -> Check:
    """Return whether a workload asks for more than any open model on offer scores.

    ``None`` where no score of these models is known on the benchmark that is asked for.
    """
    choice = case.choice
    beyond, unknown, parts, bases = [], [], [], []
    for workload in choice.workloads:
        floor = workload.quality
        if floor is None:
            continue
        best = best_score(case, [pool.model.name for pool in choice.pools], floor.benchmark)
        other = best_score(case, [one.name for one in models().values() if one.commercial_use], floor.benchmark)
        if best is None and choice.pools:
            unknown.append(workload.name)
            continue
        if best is not None and best[1] >= floor.at_least.value:
            continue
        beyond.append(workload.name)
        bases.append(best[2] if best else None)
        values = {"workload": workload.name, "floor": number(floor.at_least.value), "benchmark": floor.benchmark}
        if other is not None and other[1] >= floor.at_least.value:
            parts.append(
                say(
                    "{workload} asks for {floor} on {benchmark}, which {model} ({score}) would reach",
                    model=other[0],
                    score=number(other[1]),
                    **values,
                )
            )
            bases.append(other[2])
        else:
            parts.append(say("{workload} asks for {floor} on {benchmark}", **values))
    if beyond:
        text = say("No open model on offer reaches: {parts}.", parts=some(parts))
    elif unknown:
        text = say("No score of the open models on offer is known for: {names}.", names=some(unknown))
    elif any(workload.quality for workload in choice.workloads):
        text = say("An open model on offer reaches every floor of quality that is set.")
    else:
        text = say("No workload sets a floor of quality, so any model will do.")
    return checked(
        "cloud",
        "frontier",
        fixed("Frontier reasoning is needed that no open model on offer reaches"),
        True if beyond else None if unknown else False,
        text=text,
        source=fixed("table quality and the client's own scores"),
        names=beyond,
        bases=bases or ([Basis.PUBLISHED] if any(w.quality for w in choice.workloads) else []),
    )


def no_team(case: Case) -> Check:
    """Return whether the client has people who run machines; ``None`` if it did not say."""
    skills = case.choice.engagement.skills
    if skills is None:
        text = say("The client did not say what its own people can run.")
        holds = None
    else:
        text = say("The client's own people run: {places}.", places=listed([_PLACES[place] for place in skills]))
        holds = not {Place.OWN, Place.RENTED} & set(skills)
    condition = fixed("There is no team that runs machines and models")
    return checked("cloud", "no_team", condition, holds, text=text, source=CLIENT)


def bursty(case: Case) -> Check:
    """Return whether a workload that cannot wait comes in bursts, over the hours or inside the hour.

    Over the hours from four times the mean, inside the hour from twice the spread of Poisson gaps or a rate that varies
    by half from minute to minute. ``None`` where the hours do not and nobody knows about the minutes.
    """
    choice = case.choice
    held, unknown, bases = [], [], []
    for w, item in enumerate(choice.demand.workloads):
        if item.deferrable:
            continue
        bases.append(item.shape.basis)
        inside = [
            figure.value >= limit
            for figure, limit in ((item.burstiness, GAPS_CV), (item.minute_rate_cv, MINUTE_CV))
            if figure is not None
        ]
        if peak_to_mean(case, w) >= PEAK_TO_MEAN or any(inside):
            held.append(item.workload)
        elif not inside:
            unknown.append(item.workload)
    values = {"ratio": factor(peak_to_mean(case)), "limit": factor(PEAK_TO_MEAN)}
    if held:
        text = say(
            "The busiest hour of all is {ratio} the mean hour. Bursty ({limit} or more, or inside the hour): {names}.",
            names=some(held),
            **values,
        )
    elif unknown:
        text = say(
            "The busiest hour of all is {ratio} the mean hour, and that of no workload reaches {limit}. How bursty "
            "they are inside the hour is not known for: {names}.",
            names=some(unknown),
            **values,
        )
    else:
        text = say(
            "The busiest hour of all is {ratio} the mean hour; no workload that cannot wait reaches {limit} or is "
            "bursty inside the hour.",
            **values,
        )
    holds = True if held else None if unknown else False
    condition = fixed("The load comes in bursts")
    return checked("cloud", "bursty", condition, holds, text=text, source=DEMAND, names=held, bases=bases)


def time_to_market(case: Case) -> Check:
    """Return whether a workload is needed before own machines serve and after an API does."""
    start, engagement = case.choice.engagement.date, case.choice.engagement
    weeks = {place: lead_weeks(case, place) for place in (Place.OWN, Place.API)}
    ready = {place: start + dt.timedelta(days=math.ceil(7 * one.value)) for place, one in weeks.items()}
    dated = [(workload, workload.needed_by) for workload in engagement.workloads if workload.needed_by is not None]
    early = [workload.name for workload, needed in dated if needed < ready[Place.OWN]]
    held = [
        workload.name
        for workload, needed in dated
        if needed < ready[Place.OWN] and (workload.today is not None or ready[Place.API] <= needed)
    ]
    values = {"own": day(ready[Place.OWN]), "api": day(ready[Place.API])}
    if not dated:
        text = say("No workload has a day by which it has to be served; own machines would serve from {own}.", **values)
    elif held:
        text = say(
            "Own machines serve from {own}, a cloud API from {api}. Needed before own machines serve: {names}.",
            names=some(held),
            **values,
        )
    elif early:
        text = say(
            "Needed before own machines ({own}) and a new cloud API ({api}) serve: {names}.",
            names=some(early),
            **values,
        )
    else:
        text = say("Own machines serve from {own}, in time for every workload with a date.", **values)
    return checked(
        "cloud",
        "time_to_market",
        fixed("It has to serve before own machines can"),
        bool(held),
        text=text,
        source=joined([stated_for(Place.OWN)[0], stated_for(Place.API)[0]]),
        names=held,
        bases=[one.basis for one in weeks.values()],
    )


def modalities(case: Case) -> Check:
    """Return whether a workload asks for several modalities and one API takes them all.

    ``None`` where it asks and of no API that its data may go to more than text is known.
    """
    choice = case.choice
    asking = [w for w, workload in enumerate(choice.workloads) if len(workload.modalities) > 1]
    held = [w for w in asking if any(_takes_all(case, w, a) for a in lawful_apis(case, w))]
    open_too = [
        w
        for w in asking
        if any(
            {one.value for one in choice.workloads[w].modalities} <= set(choice.pools[p].model.modalities)
            for p in lawful_pools(case, w)
        )
    ]
    names = [choice.workloads[w].name for w in held]
    if not asking:
        text = say("No workload sends or wants more than one modality.")
    elif held:
        text = say(
            "One API takes all modalities of: {names}. An open model on offer takes them for {local} of {all}.",
            names=some(names),
            local=decimal(len(open_too)),
            all=decimal(len(asking)),
        )
    else:
        text = say(
            "Several modalities are asked for by: {names}. No API that their data may go to is known to take them all.",
            names=some([choice.workloads[w].name for w in asking]),
        )
    holds = bool(held) if held or not asking else None
    condition = fixed("Several modalities are needed from one API")
    return checked("cloud", "modalities", condition, holds, text=text, source=CLIENT, names=names)


def _takes_all(case: Case, w: int, a: int) -> bool:
    takes = {Modality.TEXT, *case.choice.apis[a].offer.modalities}
    return set(case.choice.workloads[w].modalities) <= takes
