"""What to ask a supplier for before signing: of everything that the plan leans on, what nobody has promised yet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kit.engagement.record import Commitment, Place
from kit.facts.data_classes import data_class
from kit.facts.providers import TermName
from kit.facts.regulations import regulation
from kit.figures import day, decimal, listed, money, months, number, percent, unit_price
from kit.record import Basis, Figure
from kit.strategy.board import Case
from kit.strategy.hosts import Host, host_of
from kit.strategy.options import Api, Pool, by_batch, listed_price
from kit.wording import fixed, say

PROMISED = (Basis.QUOTED, Basis.MEASURED)
"""Bases of what somebody stands by; the others are what was printed, reckoned or guessed."""

TERMS: dict[TermName, str] = {
    "no_training": fixed("no training on the client's data"),
    "zero_retention": fixed("no retention of the client's data"),
    "dpa": fixed("a data processing agreement"),
    "baa": fixed("a business associate agreement"),
    "hipaa": fixed("eligibility for health information (HIPAA)"),
    "soc2": fixed("the SOC 2 report"),
    "iso27001": fixed("the ISO 27001 certificate"),
    "pci_dss": fixed("the attestation for payment card data (PCI DSS)"),
    "fedramp": fixed("the FedRAMP authorisation"),
    "itar": fixed("access by US persons only (ITAR)"),
    "cjis": fixed("the agreement for US criminal justice information (CJIS)"),
}
_IMPLIED = {"hipaa": "baa"}
"""Whoever has signed the agreement on the right has the promise on the left too."""


def ask_seller(case: Case, pool: Pool, workloads: Sequence[int]) -> tuple[str, ...]:
    """Return what to ask whoever sells own machines.

    Args:
        case: the case.
        pool: the machines.
        workloads: numbers of those that they serve.
    """
    return (
        *_quote(case, pool),
        *_server(case),
        *_delivery(case, pool, workloads),
        *_test(pool),
        *_power(pool),
        *_upkeep(case),
    )


def ask_renter(case: Case, pool: Pool, workloads: Sequence[int]) -> tuple[str, ...]:
    """Return what to ask whoever rents machines out.

    Args:
        case: the case.
        pool: the machines.
        workloads: numbers of those that they serve.
    """
    return (
        *_quote(case, pool),
        *_delivery(case, pool, workloads),
        *_test(pool),
        *_uptime(pool),
        *_bound(case, pool),
        *_data_terms(case, host_of(pool), workloads),
    )


def ask_provider(case: Case, api: Api, workloads: Sequence[int]) -> tuple[str, ...]:
    """Return what to ask the provider of an API.

    Args:
        case: the case.
        api: the API.
        workloads: numbers of those that it serves.
    """
    return (
        *_data_terms(case, host_of(api), workloads),
        *_list_price(case, api, workloads),
        *_disputes(case, api, workloads),
        *_first_token(case, api, workloads),
        say("How long {model} stays on offer, and the notice before it is withdrawn.", model=api.offer.model),
    )


def _quote(case: Case, pool: Pool) -> Iterator[str]:
    price, own = pool.price, pool.place is Place.OWN
    if price.basis in PROMISED:
        return
    currency = case.choice.engagement.currency
    amount = money(price.value, currency) if own else unit_price(price.value, currency)
    date = day(price.date)
    values = {"accelerator": pool.profile.accelerator, "price": amount, "basis": price.basis.value, "date": date}
    yield (
        say("A binding quote: {price} for one {accelerator} is {basis}, of {date}.", **values)
        if own
        else say("A binding quote: {price} for an hour of one {accelerator} is {basis}, of {date}.", **values)
    )


def _server(case: Case) -> Iterator[str]:
    overhead = case.choice.terms.server_overhead_share
    if overhead.value and overhead.basis not in PROMISED:
        yield say(
            "The price of the server around the accelerators: the plan takes {share} of theirs, which is {basis}.",
            share=percent(overhead.value),
            basis=overhead.basis.value,
        )


def lead(case: Case, pool: Pool) -> Figure:
    """Return the weeks until a pool can serve: as its offer says, else as usual for its place."""
    terms = case.choice.terms
    return pool.offer.ready_weeks or (terms.lead_weeks_own if pool.place is Place.OWN else terms.lead_weeks_rented)


def in_weeks(value: float) -> str:
    """Return a number of whole weeks, rounded up."""
    whole = math.ceil(value)
    return fixed("1 week") if whole == 1 else say("{number} weeks", number=decimal(whole))


def _delivery(case: Case, pool: Pool, workloads: Sequence[int]) -> Iterator[str]:
    weeks = lead(case, pool)
    dated = [w for w in (case.choice.workloads[w] for w in workloads) if w.needed_by is not None]
    if dated:
        first = min(dated, key=lambda workload: workload.needed_by or case.choice.engagement.date)
        yield say(
            "A day of delivery with a penalty: {workload} is needed by {date}, and the plan counts on {weeks}.",
            workload=first.name,
            date=day(first.needed_by or case.choice.engagement.date),
            weeks=in_weeks(weeks.value),
        )
    elif weeks.basis not in PROMISED:
        yield say(
            "A day of delivery: the plan counts on {weeks} until the machines serve, which is {basis}.",
            weeks=in_weeks(weeks.value),
            basis=weeks.basis.value,
        )


def _test(pool: Pool) -> Iterator[str]:
    if pool.profile.basis is not Basis.MEASURED:
        yield say(
            "A test on such a machine before signing (kit profile): the speed of {model} is {basis}, not measured.",
            model=pool.model.name,
            basis=pool.profile.basis.value,
        )


def _power(pool: Pool) -> Iterator[str]:
    if pool.power_w is None:
        yield fixed("The electrical power under load: it is not known, and not in the cost.")
    elif pool.power_w.basis not in PROMISED:
        yield say(
            "The electrical power under load: {watts} W for a replica with its server is {basis}.",
            watts=number(pool.power_w.value),
            basis=pool.power_w.basis.value,
        )


def _upkeep(case: Case) -> Iterator[str]:
    upkeep, resale = case.choice.terms.maintenance_share_per_year, case.choice.terms.residual_share
    if upkeep.value and upkeep.basis not in PROMISED:
        yield say(
            "A maintenance contract for {time}: the plan takes {share} of the purchase price a year, which is {basis}.",
            time=months(12 * case.verdict.horizon_years),
            share=percent(upkeep.value),
            basis=upkeep.basis.value,
        )
    if resale.value and resale.basis not in PROMISED:
        yield say(
            "A price at which the machines are taken back: the plan counts on {share} of the purchase price after "
            "{time}, which is {basis}.",
            share=percent(resale.value),
            time=months(12 * case.verdict.horizon_years),
            basis=resale.basis.value,
        )


def _uptime(pool: Pool) -> Iterator[str]:
    if pool.offer.uptime is None:
        yield say(
            "A promise of uptime in the contract: none is known of {provider}.", provider=pool.offer.provider or ""
        )


def _bound(case: Case, pool: Pool) -> Iterator[str]:
    if pool.commitment is Commitment.SPOT:
        yield fixed("The notice before a machine is taken back: spot machines may be.")
    elif pool.commitment is Commitment.RESERVED:
        time = months(12 * (pool.term_years or 1.0))
        yield say("What ends the term of {time} early, and what renews it at its end.", time=time)
    elif case.choice.terms.rent_change_per_year.basis not in PROMISED:
        yield say(
            "For how long the rent holds: on demand it may change at any time, and the plan's {change} a year is "
            "{basis}.",
            change=percent(case.choice.terms.rent_change_per_year.value),
            basis=case.choice.terms.rent_change_per_year.basis.value,
        )


def _data_terms(case: Case, host: Host, workloads: Sequence[int]) -> Iterator[str]:
    """Yield the terms that the rules of the workloads ask for and that rest on public pages, not on the contract."""
    asked: dict[TermName, list[str]] = {}
    regions: dict[str, list[str]] = {}
    for w in workloads:
        for name in _needs(case, host, w):
            asked.setdefault(name, []).append(case.choice.workloads[w].name)
        for region in case.choice.workloads[w].regions if not host.agreed else ():
            regions.setdefault(region.value, []).append(case.choice.workloads[w].name)
    for name, names in asked.items():
        term, who = host.term(name), listed(names)
        if {name, _IMPLIED.get(name)} & host.contract.have:
            continue
        if term is None:
            yield say(
                "In the contract, for {workloads}: {term}. Nothing is known of it.", term=TERMS[name], workloads=who
            )
        else:
            yield say(
                "In the contract, for {workloads}: {term}. So far it rests on {source}, {date}.",
                term=TERMS[name],
                workloads=who,
                source=term.source,
                date=day(term.date),
            )
    if regions:
        every = list(dict.fromkeys(name for names in regions.values() for name in names))
        yield say(
            "In the contract, for {workloads}: the region ({regions}). So far it rests on public terms.",
            regions=listed(list(regions), last=fixed("or")),
            workloads=listed(every),
        )


def _needs(case: Case, host: Host, w: int) -> list[TermName]:
    """Return the promises that a workload's data and rules ask of a host, each once."""
    workload, api = case.choice.workloads[w], host.place is Place.API
    law = data_class(workload.data_class.value)
    rules = [regulation(name.value) for name in case.choice.engagement.regulations_of(workload)]
    named: list[TermName] = [*(law.api_needs if api else law.rented_needs)]
    named += [name for rule in rules for name in (rule.api_needs if api else rule.rented_needs)]
    return [name for name in dict.fromkeys(named) if name in TERMS]


def _list_price(case: Case, api: Api, workloads: Sequence[int]) -> Iterator[str]:
    prices = [api.price_per_request[case.choice.workloads[w].name] for w in workloads]
    change = case.choice.terms.api_price_change_per_year
    if api.offer.listed_as[0] != api.offer.provider:
        yield say(
            "{provider}'s own price list: the plan takes the prices of {other}.",
            provider=api.offer.provider,
            other=api.offer.listed_as[0],
        )
    elif any(price.basis not in PROMISED for price in prices) and change.basis not in PROMISED:
        oldest = min(price.date for price in prices)
        yield say(
            "For how long the price holds: it is the list price of {date}, and that it changes by {change} a year is "
            "{basis}.",
            date=day(oldest),
            change=percent(change.value),
            basis=change.basis.value,
        )


def _disputes(case: Case, api: Api, workloads: Sequence[int]) -> Iterator[str]:
    choice, listed_at = case.choice, listed_price(api.offer, case.prices)
    paid = [
        (item.prompt_tokens.value, by_batch(listed_at, choice.workloads[w], item))
        for w in workloads
        for item in (choice.demand.workloads[w],)
    ]
    for dispute in case.prices.disputes:
        here = (dispute.provider, dispute.model) == api.offer.listed_as
        if here and any(dispute.concerns(prompt, batch=batch) for prompt, batch in paid):
            yield say("Which of two prices holds: {dispute}.", dispute=dispute.sentence)


def _first_token(case: Case, api: Api, workloads: Sequence[int]) -> Iterator[str]:
    waiting = [case.choice.workloads[w].name for w in workloads if case.choice.workloads[w].latency is not None]
    if waiting and api.measured is None:
        yield say(
            "A trial from the client's own site: how soon {model} answers is published, not measured, and a limit on "
            "it binds {workloads}.",
            model=api.offer.model,
            workloads=listed(waiting),
        )
