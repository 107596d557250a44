"""What the comparison of cloud AI with local AI rests on: what each side may serve, with which plan, and how known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.engagement.record import Place, Workload
from kit.facts.data_classes import data_class
from kit.facts.defaults import default
from kit.figures import day, decimal, joined
from kit.record import Basis, Figure, worst
from kit.strategy.board import Case
from kit.strategy.choice import Solved
from kit.strategy.dossier import Check, Finding, Side
from kit.strategy.gates import service_of
from kit.strategy.placing import pools_of
from kit.strategy.strike import LAW, Strike
from kit.strategy.terms import default_key
from kit.strategy.verdict import Pool, Strategy, StrategyKind
from kit.wording import fixed, say

SHOWN = 3
"""Names that a sentence lists before it counts the others."""

PLANS = fixed("plans of this verdict")
GATES = fixed("gates of this verdict")
CLIENT = fixed("the client's requirements")
DEMAND = fixed("the demand record of this verdict")

_KINDS = {Place.API: StrategyKind.CLOUD, Place.RENTED: StrategyKind.RENTED, Place.OWN: StrategyKind.OWN}


def worst_known(bases: Iterable[Basis | None]) -> Basis | None:
    """Return the worst basis of the figures in a text; ``None`` if there is none."""
    known = [basis for basis in bases if basis is not None]
    return worst(known) if known else None


def found(text: str, sources: Sequence[str], bases: Iterable[Basis | None] = ()) -> Finding:
    """Return a finding with the worst basis of its figures and each of its sources once."""
    return Finding(text=text, basis=worst_known(bases), source=joined(list(dict.fromkeys(sources))))


def cite(figure: Figure) -> str:
    """Return where a figure comes from: who says so, and for which day."""
    return say("{source}, {date}", source=figure.source, date=day(figure.date))


def stated(term: str) -> str:
    """Return which line of the assumptions a term of money or operations is."""
    return say("assumption: {label}", label=default(default_key(term)).label)


def some(names: Sequence[str]) -> str:
    """Return names as a list; of many the first three and how many others there are."""
    if len(names) <= SHOWN + 1:
        return joined(list(names), ", ")
    return say(
        "{names} and {number} others", names=joined(list(names[:SHOWN]), ", "), number=decimal(len(names) - SHOWN)
    )


def offered(case: Case) -> list[int]:
    """Return the APIs that are on offer, by index; what serves today as it does today is none of them."""
    return [a for a, api in enumerate(case.choice.apis) if not api.as_today]


def lawful(strikes: Iterable[Strike]) -> bool:
    """Return whether the gates on data, region and regulation leave an option."""
    return not any(strike.gate in LAW for strike in strikes)


def lawful_apis(case: Case, w: int) -> list[int]:
    """Return the APIs on offer that a workload's data may go to, by index, whatever else strikes them."""
    return [a for a in offered(case) if lawful(case.choice.api_strikes[w][a])]


def open_apis(case: Case, w: int) -> list[int]:
    """Return the APIs on offer that a workload may use, by index."""
    return [a for a in offered(case) if not case.choice.api_strikes[w][a]]


def lawful_pools(case: Case, w: int) -> list[int]:
    """Return the pools that a workload's data may go to, by index, whatever else strikes them."""
    return [p for p, strikes in enumerate(case.choice.pool_strikes[w]) if lawful(strikes)]


def open_pools(case: Case, w: int, place: Place | None = None) -> list[int]:
    """Return the pools that a workload may use, by index: all, or those of one place."""
    pools = case.choice.pools
    return [
        p for p, strikes in enumerate(case.choice.pool_strikes[w]) if not strikes and place in (None, pools[p].place)
    ]


def served_at(case: Case, place: Place) -> list[str]:
    """Return the names of the workloads that pass every gate of some option at a place."""
    return [
        workload.name
        for w, workload in enumerate(case.choice.workloads)
        if (open_apis(case, w) if place is Place.API else open_pools(case, w, place))
    ]


def may_go_to(case: Case, workload: Workload) -> tuple[Place, ...]:
    """Return the places where a workload's class of data may be, by the client's own rule or else the kit's table."""
    rule = next((rule for rule in case.choice.engagement.rules if rule.data_class == workload.data_class), None)
    if rule is not None:
        return rule.may_go_to
    return tuple(Place(name) for name in data_class(workload.data_class.value).may_go_to)


def local_place(case: Case) -> Place | None:
    """Return where local AI would run: on own machines if any may be used, else on rented ones, else nowhere."""
    return next((place for place in (Place.OWN, Place.RENTED) if served_at(case, place)), None)


def strategy_of(case: Case, place: Place | None) -> Strategy | None:
    """Return the plan that puts all it may at one place; ``None`` if nothing may go there or there is no such plan."""
    if place is None or not served_at(case, place):
        return None
    rows = case.verdict.strategies
    only = all(served_at(case, other) == [] for other in Place if other is not place)
    # Where work may go nowhere else the hybrid is that plan.
    kinds = (_KINDS[place], *([StrategyKind.HYBRID] if only else []))
    return next((row for kind in kinds for row in rows if row.kind is kind), None)


def solved_of(case: Case, strategy: Strategy | None) -> Solved | None:
    """Return the solution behind a plan."""
    return None if strategy is None else next((one for one in case.solved if one.kind is strategy.kind), None)


def local_pools(case: Case) -> tuple[Pool, ...]:
    """Return the machines of the recommended plan; those of the local plan where it has none."""
    if case.verdict.pools:
        return case.verdict.pools
    solved = solved_of(case, strategy_of(case, local_place(case)))
    return () if solved is None else pools_of(case.choice, solved)


def lead_weeks(case: Case, place: Place) -> Figure:
    """Return the weeks until a place serves: of its pools that may be used the first, else as usual for the place."""
    terms = case.choice.terms
    usual = {
        Place.OWN: terms.lead_weeks_own,
        Place.RENTED: terms.lead_weeks_rented,
        Place.API: terms.lead_weeks_api,
    }[place]
    usable = {p for w in range(len(case.choice.workloads)) for p in open_pools(case, w, place)}
    planned = {pool.label for pool in case.verdict.pools}
    # The plan's own machines go before what else might be had.
    taken = [p for p in usable if case.choice.pools[p].label in planned] or sorted(usable)
    weeks = [case.choice.pools[p].offer.ready_weeks or usual for p in taken]
    return min(weeks, key=lambda figure: figure.value, default=usual)


def people(case: Case, place: Place) -> Figure:
    """Return the full-time equivalents that a place takes."""
    terms = case.choice.terms
    return {Place.OWN: terms.staff_fte_own, Place.RENTED: terms.staff_fte_rented, Place.API: terms.staff_fte_api}[place]


def stated_for(place: Place) -> tuple[str, str]:
    """Return which lines of the assumptions the lead time and the people of a place are."""
    return stated(f"lead_weeks_{place.value}"), stated(f"staff_fte_{place.value}")


def plan_basis(case: Case, solved: Solved) -> Basis | None:
    """Return the worst basis of what a plan's cost rests on: prices, capacities, people."""
    choice, plan = case.choice, solved.plan
    bases: list[Basis] = [choice.terms.staff_cost_per_year.basis]
    for w, workload in enumerate(choice.workloads):
        for a, api in enumerate(choice.apis):
            if plan.flow_api[:, w, a].sum() > 0:
                bases += [api.price_per_request[workload.name].basis, people(case, Place.API).basis]
        for p, pool in enumerate(choice.pools):
            if plan.flow_pool[:, w, p].sum() > 0:
                bases += [pool.price.basis, pool.profile.basis, people(case, pool.place).basis]
                bases += [pool.power_w.basis] if pool.power_w and pool.place is Place.OWN else []
                if service_of(workload, pool, choice.terms).predicted:
                    bases.append(Basis.PREDICTED)
    return worst(bases)


def checked(
    choose: Side,
    key: str,
    condition: str,
    holds: bool | None,
    *,
    text: str,
    source: str,
    names: Sequence[str] | None = None,
    bases: Sequence[Basis | None] | None = None,
) -> Check:
    """Return a line of a check list."""
    return Check(
        choose=choose,
        key=key,
        condition=condition,
        holds=holds,
        workloads=tuple(names or ()),
        finding=found(text, [source], bases or ()),
    )
