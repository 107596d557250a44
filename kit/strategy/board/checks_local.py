"""The check list "choose local when", each line answered from this client's own case."""

from __future__ import annotations

from kit.engagement.record import Customisation, Place
from kit.figures import decimal, percent, seconds
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.aspects_latency import cloud_wait, local_wait
from kit.strategy.board.sides import (
    CLIENT,
    GATES,
    PLANS,
    checked,
    lawful_apis,
    local_pools,
    may_go_to,
    offered,
    open_apis,
    open_pools,
    some,
)
from kit.strategy.dossier import Check
from kit.wording import fixed, say

STEADY = 0.5
"""Mean use of the planned capacity from which throughput counts as high and steady. Judgement."""

FAST_S = 0.1
"""A limit on the time to first token that counts as one that only a machine nearby may keep, seconds."""


def data_stays(case: Case) -> Check:
    """Return whether there is a workload whose data may go to no API: by its class, or by the terms of all on offer."""
    choice, offers = case.choice, len(offered(case))
    held = [
        workload.name
        for w, workload in enumerate(choice.workloads)
        if Place.API not in may_go_to(case, workload) or (offers and not lawful_apis(case, w))
    ]
    if held:
        text = say(
            "The gates on data, region and regulation leave no cloud API to {number} of {all} workloads: {names}.",
            number=decimal(len(held)),
            all=decimal(len(choice.workloads)),
            names=some(held),
        )
    elif offers:
        text = say("The gates on data, region and regulation leave every workload an API on offer.")
    else:
        text = say("No class of data here is bound to the house, but no cloud API is on offer either.")
    condition = fixed("Data may not leave the house")
    return checked("local", "data_stays", condition, bool(held), text=text, source=GATES, names=held)


def steady(case: Case) -> Check:
    """Return whether machines would be used to half or more of what is planned, in the mean over the horizon.

    Of the recommended plan's machines, else of those of the plan that puts all it may on machines; ``None`` where
    there are none.
    """
    pools = local_pools(case)
    condition = fixed("Throughput is high and steady")
    if not pools:
        text = say("No workload may use a machine that is on offer, so there is no use of one to judge.")
        return checked("local", "steady", condition, None, text=text, source=GATES)
    total = sum(pool.cost_per_month for pool in pools)
    # By money where there is any: an idle dear machine weighs more than a busy cheap one.
    mean = (
        sum(pool.utilisation * pool.cost_per_month for pool in pools) / total
        if total
        else sum(pool.utilisation for pool in pools) / len(pools)
    )
    known = {pool.profile.name: pool.profile.basis for pool in case.choice.pools}
    return checked(
        "local",
        "steady",
        condition,
        mean >= STEADY,
        text=say(
            "The machines would be used to {use} of the capacity that is planned, in the mean over the horizon; "
            "{limit} counts as steady.",
            use=percent(mean),
            limit=percent(STEADY),
        ),
        source=PLANS,
        bases=[known[pool.profile] for pool in pools],
    )


def fast(case: Case) -> Check:
    """Return whether a workload asks for a first token within 100 ms at the 95th percentile."""
    choice = case.choice
    limits = {
        w: workload.latency.ttft_p95_s.value
        for w, workload in enumerate(choice.workloads)
        if workload.latency is not None and workload.latency.ttft_p95_s is not None
    }
    held = [w for w, limit in limits.items() if limit <= FAST_S]
    bases: list[Basis | None] = []
    if held:
        here, there = local_wait(case, held[0]), cloud_wait(case, held[0])
        bases = [wait.basis for wait in (here, there) if wait]
        text = say(
            "{workload} asks for a first token within {limit}; expected are {here} on machines and {there} at an API.",
            workload=choice.workloads[held[0]].name,
            limit=seconds(limits[held[0]]),
            here=seconds(here.seconds if here else None),
            there=seconds(there.seconds if there else None),
        )
    elif limits:
        text = say(
            "The tightest limit on the time to first token is {limit}, above {fast}.",
            limit=seconds(min(limits.values())),
            fast=seconds(FAST_S),
        )
    else:
        text = say("No workload has a limit on the time to first token.")
    names = [choice.workloads[w].name for w in held]
    condition = fixed("The first token has to come within 100 ms")
    return checked("local", "fast", condition, bool(held), text=text, source=CLIENT, names=names, bases=bases)


def deep_customisation(case: Case) -> Check:
    """Return whether a workload asks for a changed model that no API its data may go to is known to give."""
    choice = case.choice
    asking = [w for w, workload in enumerate(choice.workloads) if workload.customisation is not Customisation.NONE]
    held = [
        choice.workloads[w].name
        for w in asking
        if all(any(s.gate == "customisation" for s in choice.api_strikes[w][a]) for a in lawful_apis(case, w))
    ]
    if held:
        text = say(
            "A changed model that no API their data may go to is known to give is asked for by: {names}.",
            names=some(held),
        )
    elif asking:
        text = say("An API on offer is known to change its model as every workload that asks for it needs.")
    else:
        text = say("No workload asks for a changed model.")
    condition = fixed("Models have to be changed deeply")
    return checked("local", "customisation", condition, bool(held), text=text, source=GATES, names=held)


def lock_in(case: Case) -> Check:
    """Return whether a workload may use the APIs of one provider only, so that it would hang on that provider."""
    choice = case.choice
    providers = {w: {choice.apis[a].offer.provider for a in open_apis(case, w)} for w in range(len(choice.workloads))}
    held = [w for w, names in providers.items() if len(names) == 1]
    fallback = [w for w in held if open_pools(case, w)]
    names = [choice.workloads[w].name for w in held]
    if held:
        text = say(
            "One provider alone passes the gates for: {names}. An open model on a machine would serve {local} of these "
            "{all}.",
            names=some(names),
            local=decimal(len(fallback)),
            all=decimal(len(held)),
        )
    elif any(providers.values()):
        text = say("Two providers or more pass the gates for every workload that may use an API.")
    else:
        text = say("No workload may use a cloud API that is on offer, so none hangs on a provider of one.")
    condition = fixed("In the cloud a workload would hang on one provider")
    return checked("local", "lock_in", condition, bool(held), text=text, source=GATES, names=names)


def air_gap(case: Case) -> Check:
    """Return whether rules and skills leave a workload nothing but own machines."""
    skills = case.choice.engagement.skills
    held = [
        workload.name
        for workload in case.choice.workloads
        if [place for place in may_go_to(case, workload) if skills is None or place in skills] == [Place.OWN]
    ]
    if held:
        text = say("Rules and skills leave nothing but own machines to: {names}.", names=some(held))
    else:
        text = say("Rules and skills leave every workload another place than own machines.")
    condition = fixed("Only own machines are possible, as behind an air gap or at the edge")
    return checked("local", "air_gap", condition, bool(held), text=text, source=GATES, names=held)
