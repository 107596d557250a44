"""Gates on readiness: what an option takes, whether it can be changed, who runs it, from when, and how surely.

What is not known does not pass, and every strike says who could lift it. A workload that asks for nothing of the kind
passes them all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from kit.engagement.record import Commitment, Customisation, Engagement, Modality, Place, Workload
from kit.record import Figure
from kit.strategy.options import Api, Pool
from kit.strategy.terms import Terms
from kit.strategy.verdict import Strike

_PLACES = {Place.OWN: "own machines", Place.RENTED: "rented machines", Place.API: "cloud APIs"}


def api_readiness(workload: Workload, api: Api, engagement: Engagement, terms: Terms) -> list[Strike]:
    """Return why an API is not ready for a workload; empty if it is.

    Args:
        workload: what it asks for.
        api: the API.
        engagement: the client's skills, and the date from which lead times run.
        terms: the lead time of an API.
    """
    offer, today = api.offer, workload.today
    # What serves it already needs no time to be made ready.
    running = today is not None and (today.provider, today.model) == (offer.provider, offer.model)
    known = "the client's statement" if offer.modalities else "nothing else is known of it"
    stated = f"another model, or {offer.provider}'s word that this one takes it (api_offers: modalities)"
    found = [
        _modality(workload, {Modality.TEXT, *offer.modalities}, api.label, known, stated),
        _customisation(workload, api),
        _skills(Place.API, engagement),
        None if running else _time(workload, api.label, terms.lead_weeks_api, engagement),
        _availability(workload, api.label, offer.provider, offer.uptime),
    ]
    return [strike for strike in found if strike]


def pool_readiness(workload: Workload, pool: Pool, engagement: Engagement, terms: Terms) -> list[Strike]:
    """Return why a pool is not ready for a workload; empty if it is.

    Open weights can be tuned, adapted and given another tokenizer, so customisation strikes no pool; and how many
    replicas an own machine needs for an availability is the plan's affair.

    Args:
        workload: what it asks for.
        pool: replicas on own or rented accelerators.
        engagement: the client's skills, and the date from which lead times run.
        terms: the lead times of the places.
    """
    model, offer = pool.model, pool.offer
    lead = terms.lead_weeks_own if pool.place is Place.OWN else terms.lead_weeks_rented
    found = [
        _modality(workload, model.modalities, model.name, f"{model.source}, {model.date.isoformat()}", "another model"),
        _skills(pool.place, engagement),
        _time(workload, pool.label, offer.ready_weeks or lead, engagement),
    ]
    if pool.place is Place.RENTED:
        found += [_availability(workload, pool.label, offer.provider or "", offer.uptime), _spot(workload, pool)]
    return [strike for strike in found if strike]


def _modality(workload: Workload, takes: Iterable[str], label: str, source: str, lift: str) -> Strike | None:
    known = set(takes)
    missing = [one.value for one in workload.modalities if one.value not in known]
    if not missing:
        return None
    return Strike(
        gate="modality",
        reason=f"needs {' and '.join(missing)}; {label} takes {', '.join(sorted(known))} ({source})",
        lift=lift,
    )


def _customisation(workload: Workload, api: Api) -> Strike | None:
    needed, offer = workload.customisation, api.offer
    if needed is Customisation.NONE:
        return None
    if needed is Customisation.TOKENIZER:
        return Strike(
            gate="customisation",
            reason=f"needs a tokenizer of its own; no cloud API takes one, {api.label} neither",
            lift="open weights on own or rented machines, or a looser demand (workloads: customisation)",
        )
    if offer.fine_tuning:
        return None
    known = "is not known to tune it" if offer.fine_tuning is None else "does not tune it, as the client states"
    return Strike(
        gate="customisation",
        reason=f"needs {needed.value}; {offer.provider} {known} ({offer.model})",
        lift=f"{offer.provider}, by tuning the model (api_offers: fine_tuning: true), or open weights",
    )


def _skills(place: Place, engagement: Engagement) -> Strike | None:
    if engagement.skills is None or place in engagement.skills:
        return None
    have = ", ".join(_PLACES[one] for one in engagement.skills)
    managed = "" if place is Place.API else ", or by the managed way: a cloud API"
    return Strike(
        gate="skills",
        reason=f"nobody at the client runs {_PLACES[place]}; its people run {have} (skills)",
        lift=f"the client, by hiring or training{managed}",
    )


def _time(workload: Workload, label: str, weeks: Figure, engagement: Engagement) -> Strike | None:
    if workload.needed_by is None:
        return None
    ready = engagement.date + dt.timedelta(days=math.ceil(7 * weeks.value))
    if ready <= workload.needed_by:
        return None
    return Strike(
        gate="time",
        reason=f"needed by {workload.needed_by.isoformat()}; {label} serves from {ready.isoformat()}, "
        f"{weeks.value:g} weeks after {engagement.date.isoformat()} ({weeks.basis.value}: {weeks.source})",
        lift="the supplier, by being ready sooner, or the client, by a later date (workloads: needed_by)",
    )


def _availability(workload: Workload, label: str, host: str, promised: Figure | None) -> Strike | None:
    target = workload.availability
    if target is None or (promised is not None and promised.value >= target.value):
        return None
    known = (
        f"no promise of {host}'s is known"
        if promised is None
        else f"{host} promises {_percent(promised)} ({promised.source}, {promised.date.isoformat()})"
    )
    return Strike(
        gate="availability",
        reason=f"has to be up {_percent(target)} of the time; for {label} {known}",
        lift=f"a contract with {host} that promises it (uptime)",
    )


def _spot(workload: Workload, pool: Pool) -> Strike | None:
    if pool.commitment is not Commitment.SPOT or (workload.latency is None and workload.deferrable):
        return None
    why = "has a latency limit" if workload.latency is not None else "cannot wait (deferrable: false)"
    return Strike(
        gate="spot",
        reason=f"{workload.name} {why}; {pool.offer.provider} may take back the spot machines of {pool.label}",
        lift="an on-demand or reserved machine (gpu_offers: commitment), or a workload that may wait",
    )


def _percent(share: Figure) -> str:
    return f"{100 * share.value:.6g} %"
