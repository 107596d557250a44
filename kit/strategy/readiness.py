"""Gates on readiness: what an option takes, whether it can be changed, who runs it, from when, and how surely.

What is not known does not pass, and every strike says who could lift it. A workload that asks for nothing of the kind
passes them all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from kit.engagement.record import Commitment, Customisation, Engagement, Modality, Place, Workload
from kit.figures import joined, listed, plain, short_day
from kit.record import Basis, Figure
from kit.strategy.options import Api, Pool
from kit.strategy.strike import Strike
from kit.strategy.terms import Terms
from kit.wording import fixed, say

_PLACES = {
    Place.OWN: fixed("own machines"),
    Place.RENTED: fixed("rented machines"),
    Place.API: fixed("cloud APIs"),
}
_MODALITIES = {
    "text": fixed("text"),
    "image": fixed("image"),
    "audio": fixed("audio"),
    "video": fixed("video"),
}
_BASES = {
    Basis.MEASURED: fixed("measured"),
    Basis.QUOTED: fixed("quoted"),
    Basis.PUBLISHED: fixed("published"),
    Basis.PREDICTED: fixed("predicted"),
    Basis.ASSUMED: fixed("assumed"),
}
_CUSTOMISATIONS = {
    Customisation.FINE_TUNING: fixed("fine-tuning"),
    Customisation.ADAPTERS: fixed("adapters"),
}


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
    known = fixed("the client's statement") if offer.modalities else fixed("nothing else is known of it")
    stated = say(
        "another model, or {provider}'s word that this one takes it (api_offers: modalities)", provider=offer.provider
    )
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
        _modality(
            workload,
            model.modalities,
            model.name,
            joined([model.source, short_day(model.date)], ", "),
            fixed("another model"),
        ),
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
        reason=say(
            "needs {missing}; {option} takes {known} ({source})",
            missing=listed([_MODALITIES.get(one, one) for one in missing]),
            option=label,
            known=joined([_MODALITIES.get(one, one) for one in sorted(known)], ", "),
            source=source,
        ),
        lift=lift,
    )


def _customisation(workload: Workload, api: Api) -> Strike | None:
    needed, offer = workload.customisation, api.offer
    if needed is Customisation.NONE:
        return None
    if needed is Customisation.TOKENIZER:
        return Strike(
            gate="customisation",
            reason=say("needs a tokenizer of its own; no cloud API takes one, {api} neither", api=api.label),
            lift=fixed("open weights on own or rented machines, or a looser demand"),
        )
    if offer.fine_tuning:
        return None
    names = {"needed": _CUSTOMISATIONS[needed], "provider": offer.provider, "model": offer.model}
    if offer.fine_tuning is None:
        reason = say("needs {needed}; {provider} is not known to tune it ({model})", **names)
    else:
        reason = say("needs {needed}; {provider} does not tune it, as the client states ({model})", **names)
    lift = say(
        "{provider}, by tuning the model (api_offers: fine_tuning: true), or open weights", provider=offer.provider
    )
    return Strike(gate="customisation", reason=reason, lift=lift)


def _skills(place: Place, engagement: Engagement) -> Strike | None:
    if engagement.skills is None or place in engagement.skills:
        return None
    lift = fixed("the client, by hiring or training, or by the managed way: a cloud API")
    return Strike(
        gate="skills",
        reason=say(
            "nobody at the client runs {machines}; its people run {known} (skills)",
            machines=_PLACES[place],
            known=joined([_PLACES[one] for one in engagement.skills], ", "),
        ),
        lift=fixed("the client, by hiring or training") if place is Place.API else lift,
    )


def _time(workload: Workload, label: str, weeks: Figure, engagement: Engagement) -> Strike | None:
    if workload.needed_by is None:
        return None
    ready = engagement.date + dt.timedelta(days=math.ceil(7 * weeks.value))
    if ready <= workload.needed_by:
        return None
    return Strike(
        gate="time",
        reason=say(
            "needed by {needed}; {option} serves from {ready}, {weeks} weeks after {start} ({basis}: {source})",
            needed=short_day(workload.needed_by),
            option=label,
            ready=short_day(ready),
            weeks=plain(weeks.value),
            start=short_day(engagement.date),
            basis=_BASES[weeks.basis],
            source=weeks.source,
        ),
        lift=fixed("the supplier, by being ready sooner, or the client, by a later date"),
    )


def _availability(workload: Workload, label: str, host: str, promised: Figure | None) -> Strike | None:
    target = workload.availability
    if target is None or (promised is not None and promised.value >= target.value):
        return None
    asked = {"target": _percent(target), "option": label, "host": host}
    if promised is None:
        reason = say("has to be up {target} of the time; for {option} no promise of {host}'s is known", **asked)
    else:
        reason = say(
            "has to be up {target} of the time; for {option} {host} promises {promised} ({source}, {date})",
            promised=_percent(promised),
            source=promised.source,
            date=short_day(promised.date),
            **asked,
        )
    lift = say("a contract with {host} that promises it", host=host)
    return Strike(gate="availability", reason=reason, lift=lift)


def _spot(workload: Workload, pool: Pool) -> Strike | None:
    if pool.commitment is not Commitment.SPOT or (workload.latency is None and workload.deferrable):
        return None
    names = {"workload": workload.name, "provider": pool.offer.provider or "", "pool": pool.label}
    if workload.latency is not None:
        reason = say("{workload} has a latency limit; {provider} may take back the spot machines of {pool}", **names)
    else:
        reason = say(
            "{workload} cannot wait (deferrable: false); {provider} may take back the spot machines of {pool}", **names
        )
    lift = fixed("an on-demand or reserved machine, or a workload that may wait")
    return Strike(gate="spot", reason=reason, lift=lift)


def _percent(share: Figure) -> str:
    return say("{number} %", number=plain(100 * share.value))
