"""Gates on whoever else would work on the data: what a class of data and a regulation ask of a host, and what it says.

A host's public terms count as they stand in the kit's table, those of the model before those of the host; the client's
contract counts before both, whether it says yes or no. What is unknown or conditional is no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kit.engagement.record import Contract, Engagement, Place, Region, Workload
from kit.facts.data_classes import DataClass
from kit.facts.providers import Provider, Term, TermName, providers, renters
from kit.facts.regulations import Regulation, Unmet, regulation, unmet
from kit.figures import joined, listed, sentence_case, short_day
from kit.strategy.options import Api, Pool
from kit.strategy.strike import Strike
from kit.strategy.verdict import Duty
from kit.wording import fixed, say

_PROMISES = {
    "no_training": fixed("does not train on the client's data"),
    "zero_retention": fixed("keeps no data"),
    "dpa": fixed("signs a data processing agreement"),
    "baa": fixed("signs a business associate agreement"),
    "hipaa": fixed("is eligible for health information"),
    "soc2": fixed("is audited under SOC 2"),
    "iso27001": fixed("is certified under ISO 27001"),
    "pci_dss": fixed("is attested for payment card data"),
    "fedramp": fixed("is authorised under FedRAMP"),
    "itar": fixed("lets nobody but US persons see the data"),
    "cjis": fixed("is fit for US criminal justice information"),
}
_SIGNED_AS = {"hipaa": "baa"}
"""Terms that come with another one in a contract."""
_REGION_TERMS: dict[Region, TermName] = {
    Region.EU: "region_eu",
    Region.US: "region_us",
    Region.UK: "region_uk",
    Region.CH: "region_ch",
}


@dataclass(frozen=True)
class Host:
    """Whoever would work on the data.

    Attributes:
        id: the provider's id.
        place: an API or a rented machine.
        known: its public terms; ``None`` if the kit has none.
        model: the model's id at an API; ``None`` for a rented machine.
        contract: what the client has signed.
        agreed: where the contract has the work done; empty means what the public terms say.
    """

    id: str
    place: Literal[Place.API, Place.RENTED]
    known: Provider | None
    model: str | None
    contract: Contract
    agreed: tuple[Region, ...]

    def term(self, name: TermName) -> Term | None:
        """Return a public promise, or ``None`` if the kit has none of this host."""
        return None if self.known is None else self.known.term(name, self.model)


def host_of(option: Api | Pool) -> Host:
    """Return the host of an API or of a rented pool; one and the same company may promise different things as each."""
    if isinstance(option, Api):
        api = option.offer
        known = providers().get(api.provider)
        return Host(api.provider, Place.API, known, api.model, api.contract, api.regions)
    gpu = option.offer
    key = gpu.provider or ""
    return Host(key, Place.RENTED, renters().get(key), None, gpu.contract, gpu.regions)


def host_strikes(workload: Workload, law: DataClass, host: Host, engagement: Engagement) -> list[Strike]:
    """Return why a host may not have a workload: by its class of data, its regions and its regulations.

    Args:
        workload: the workload.
        law: its class of data.
        host: the API or the renter.
        engagement: for the regulations that bind every workload, and its date.
    """
    needs = law.api_needs if host.place is Place.API else law.rented_needs
    rules = [regulation(name.value) for name in engagement.regulations_of(workload)]
    return [
        *(strike for name in needs if (strike := _term(workload, host, name))),
        *_region(workload, law, host),
        *(_strike(rule, gap, host) for rule, gap in _fewest_gaps(rules, workload, host, engagement.date)),
    ]


def duties(engagement: Engagement, own: Sequence[str]) -> tuple[Duty, ...]:
    """Return what the regulations have the client do itself, whichever host it takes, in the rules' order.

    Args:
        engagement: the rules and the workloads that they bind.
        own: names of the workloads that the plan puts on the client's own machines.
    """
    bound: dict[str, list[str]] = {}
    for workload in engagement.workloads:
        for named in engagement.regulations_of(workload):
            bound.setdefault(named.value, []).append(workload.name)
    found = []
    for name, workloads in bound.items():
        rule = regulation(name)
        texts = list(rule.duties)
        if set(workloads) & set(own):
            texts.append(say("On the client's own machines: {needs}", needs=rule.own_needs))
        found += [
            Duty(
                rule=rule.name,
                binds=rule.label,
                workloads=tuple(workloads),
                text=text,
                reference=rule.reference,
                source=rule.source,
                date=rule.date,
                note=rule.note,
            )
            for text in texts
        ]
    return tuple(found)


def _term(workload: Workload, host: Host, name: TermName) -> Strike | None:
    public = host.term(name)
    if name in host.contract.have:
        return None
    if name in host.contract.refused:
        known = say("the contract with {host} says no", host=host.id)
    elif public is None:
        known = say("whether {host} does is not known", host=host.id)
    elif public.value == "yes":
        return None
    else:
        known = _evidence(host.id, public.value, public.detail, public.source, public.date)
    return Strike(
        gate="data",
        reason=say(
            "{data} data needs a host that {promise}; {known}",
            data=workload.data_class.value,
            promise=_PROMISES[name],
            known=known,
        ),
        lift=say("a contract with {host} by which it {promise}", host=host.id, promise=_PROMISES[name]),
    )


def _region(workload: Workload, law: DataClass, host: Host) -> list[Strike]:
    """Strike unless the contract, or else the host's public terms, keep the work in a region it may be in."""
    if not workload.regions and not law.needs_region:
        return []
    if not workload.regions:
        reason = say(
            "{data} data may leave the house only for an agreed region; none is agreed", data=workload.data_class.value
        )
        lift = fixed("the client, by naming the regions")
        return [Strike(gate="region", reason=reason, lift=lift)]
    if host.agreed:
        known = say("the contract with {host} says {regions}", host=host.id, regions=joined(host.agreed, ", "))
        stays = bool(set(host.agreed) & set(workload.regions))
    else:
        asked = [host.term(_REGION_TERMS[region]) for region in workload.regions if region in _REGION_TERMS]
        found = [term for term in asked if term is not None]
        stays = any(term.value == "yes" for term in found)
        first = next(iter(found), None)
        known = say("where {host} processes is not known", host=host.id)
        if first is not None:
            known = _evidence(host.id, first.value, first.detail, first.source, first.date)
    if stays:
        return []
    return [
        Strike(
            gate="region",
            reason=say(
                "must be processed in {regions}; {known}",
                regions=listed(workload.regions, "or"),
                known=known,
            ),
            lift=say("a contract with {host} that names the region", host=host.id),
        )
    ]


def _fewest_gaps(
    rules: Sequence[Regulation], workload: Workload, host: Host, today: dt.date
) -> list[tuple[Regulation, Unmet]]:
    """Return what the rules lack at a host in the one region that suits them all best: work is done in one place."""
    candidates = host.agreed or tuple(
        region
        for region, name in _REGION_TERMS.items()
        if (term := host.term(name)) is not None and term.value == "yes"
    )
    allowed = [region for region in candidates if not workload.regions or region in workload.regions]
    alone = _gaps(rules, None, host, today)
    if not host.agreed and (not allowed or alone):
        return alone
    return min((_gaps(rules, region, host, today) for region in allowed or candidates), key=len)


def _gaps(
    rules: Sequence[Regulation], region: Region | None, host: Host, today: dt.date
) -> list[tuple[Regulation, Unmet]]:
    return [(rule, gap) for rule in rules for gap in _gaps_of(rule, region, host, today)]


def _gaps_of(rule: Regulation, region: Region | None, host: Host, today: dt.date) -> list[Unmet]:
    place: Literal["api", "rented"] = "api" if host.place is Place.API else "rented"
    found = list(unmet(rule, host.known, host.model, region, have=host.contract.have, place=place))
    if any(gap.term == "place" for gap in found):
        return found
    needs = rule.api_needs if place == "api" else rule.rented_needs
    refused = [name for name in needs if name in host.contract.refused]
    said_no, by = fixed("the contract says no"), fixed("the client's statement")
    denied = [Unmet(name, "no", said_no, by, today) for name in refused]
    return [*denied, *(gap for gap in found if gap.term not in refused)]


def _strike(rule: Regulation, gap: Unmet, host: Host) -> Strike:
    known = _evidence(host.id, gap.answer, gap.detail, gap.source, gap.date)
    lift, found = sentence_case(rule.lift), {"rule": rule.name, "known": known}
    if gap.term == "place":
        reason = say(
            "{rule}: {detail} ({reference}; {source}, {date})",
            rule=rule.name,
            detail=gap.detail,
            reference=rule.reference,
            source=rule.source,
            date=short_day(rule.date),
        )
        return Strike(gate="regulation", reason=reason, lift=lift)
    if gap.term.startswith("region"):
        regions = joined(rule.regions, ", ")
        reason = say("{rule} keeps the work in {regions}; {known}", regions=regions, **found)
        lift = say("{lift}; or a contract with {host} that names the region", lift=lift, host=host.id)
        return Strike(gate="regulation", reason=reason, lift=lift)
    promise, term = _PROMISES[gap.term], _SIGNED_AS.get(gap.term, gap.term)
    reason = say("{rule} asks for a host that {promise}; {known}", promise=promise, **found)
    signed = _PROMISES[term]
    lift = say("{lift}; or a contract with {host} by which it {promise}", lift=lift, host=host.id, promise=signed)
    return Strike(gate="regulation", reason=reason, lift=lift)


def _evidence(host: str, answer: str, detail: str, source: str, date: dt.date | None) -> str:
    """Return a host's answer with what it rests on: ``aws says no: global processing only (https://…, 2026-11-22)``."""
    origin = [*([source] if source != "none" else []), *([short_day(date)] if date else [])]
    said = say("{detail} ({origin})", detail=detail, origin=joined(origin, ", ")) if origin else detail
    if answer == "yes":
        return say("{host} says yes: {detail}", host=host, detail=said)
    if answer == "no":
        return say("{host} does not: {detail}", host=host, detail=said)
    if answer == "conditional":
        return say("{host} does so on conditions only: {detail}", host=host, detail=said)
    return say("whether {host} does is not known: {detail}", host=host, detail=said)
