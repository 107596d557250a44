"""Rows of the comparison about what each side may and can do: data privacy, model capability, latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kit.engagement.record import DataClass, Place
from kit.facts.data_classes import data_class
from kit.facts.quality import score_value
from kit.figures import decimal, joined, listed, number
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.sides import (
    CLIENT,
    GATES,
    found,
    lawful,
    lawful_apis,
    lawful_pools,
    may_go_to,
    offered,
    some,
)
from kit.strategy.dossier import Aspect, Finding, Side
from kit.strategy.strike import Strike
from kit.wording import fixed, say

SENSITIVE = frozenset({DataClass.PERSONAL, DataClass.HEALTH})
"""Classes of data for which each workload's gates are told one by one."""

_CLASSES = {DataClass.PERSONAL: fixed("personal"), DataClass.HEALTH: fixed("health")}
_NEEDS = {
    "no_training": fixed("no training on the data"),
    "zero_retention": fixed("nothing kept"),
    "baa": fixed("a business associate agreement"),
}


def privacy(case: Case) -> Aspect:
    """Return which workloads' data may leave the house, to how many APIs, and under which contract.

    Better is local where the gates on data, region or regulation strike any API on offer for any workload.
    """
    choice = case.choice
    struck = any(not lawful(choice.api_strikes[w][a]) for w in range(len(choice.workloads)) for a in offered(case))
    bound = [workload.name for workload in choice.workloads if Place.API not in may_go_to(case, workload)]
    return Aspect(
        key="privacy",
        name=fixed("Data privacy"),
        cloud=_leaves(case),
        local=_stays(case),
        better="local" if struck or bound else None,
    )


def _leaves(case: Case) -> Finding:
    choice, offers = case.choice, len(offered(case))
    if not offers:
        return found(say("No cloud API is on offer, so no data would leave the house for one."), [CLIENT])
    left = {w: len(lawful_apis(case, w)) for w in range(len(choice.workloads))}
    sensitive = sorted((w for w in left if choice.workloads[w].data_class in SENSITIVE), key=lambda w: left[w])
    if sensitive:
        items = [
            say(
                "{workload} ({data} data) {left}",
                left=decimal(left[w]),
                workload=choice.workloads[w].name,
                data=_CLASSES[choice.workloads[w].data_class],
            )
            for w in sensitive
        ]
        text = say(
            "APIs that the gates on data, region and regulation leave, of {all} on offer: {items}.",
            all=decimal(offers),
            items=some(items),
        )
    else:
        text = say(
            "No workload holds personal or health data; APIs that the gates on data, region and regulation leave to "
            "each, of {all} on offer: {least} or more.",
            all=decimal(offers),
            least=decimal(min(left.values())),
        )
    needs = {
        name
        for w, workload in enumerate(choice.workloads)
        if left[w]
        for name in data_class(workload.data_class.value).api_needs
    }
    if needs:
        text = say(
            "{gates} The contract has to hold: {terms}.",
            gates=text,
            terms=listed([told for name, told in _NEEDS.items() if name in needs]),
        )
    return found(text, [GATES, fixed("table data_classes")])


def _stays(case: Case) -> Finding:
    choice = case.choice
    own = [w for w, one in enumerate(choice.workloads) if may_go_to(case, one) == (Place.OWN,)]
    rented = [
        w
        for w in range(len(choice.workloads))
        if any(choice.pools[p].place is Place.RENTED for p in lawful_pools(case, w))
    ]
    everything = decimal(len(choice.workloads))
    if any(pool.place is Place.RENTED for pool in choice.pools):
        where = say(
            "On own machines no data leave the house; workloads whose data may go to a rented machine on offer: "
            "{rented} of {all}.",
            rented=decimal(len(rented)),
            all=everything,
        )
    else:
        where = say("On own machines no data leave the house.")
    if not own:
        text = say("{where} No workload is bound to own machines by its class of data.", where=where)
    else:
        text = say(
            "{where} Bound to own machines by its class of data: {names}.",
            where=where,
            names=some([choice.workloads[w].name for w in own]),
        )
    return found(text, [GATES, fixed("table data_classes")])


@dataclass(frozen=True)
class _Models:
    """What a side has to offer.

    Attributes:
        names: its models, those that the gates on data leave for some workload.
        meets: workloads whose floor one of them reaches within these gates.
    """

    names: tuple[str, ...]
    meets: tuple[int, ...]


def capability(case: Case) -> Aspect:
    """Return the best score of each side on each benchmark that is asked for, and the floors that each side reaches.

    Better is the side that reaches more floors; of equals the one whose best score is higher on every benchmark.
    """
    choice = case.choice
    asking = [w for w, workload in enumerate(choice.workloads) if workload.quality is not None]
    name = fixed("Model capability")
    if not asking:
        nothing = found(say("No workload sets a floor of quality, so any model will do."), [CLIENT])
        return Aspect(key="capability", name=name, cloud=nothing, local=nothing, better=None)
    cloud = _models(asking, choice.api_strikes, lambda w: lawful_apis(case, w), lambda a: choice.apis[a].offer.model)
    local = _models(asking, choice.pool_strikes, lambda w: lawful_pools(case, w), lambda p: choice.pools[p].model.name)
    return Aspect(
        key="capability",
        name=name,
        cloud=_capable(case, asking, cloud),
        local=_capable(case, asking, local),
        better=_more_capable(case, asking, cloud, local),
    )


def _models(
    asking: Sequence[int],
    strikes: Sequence[Sequence[Sequence[Strike]]],
    allowed: Callable[[int], list[int]],
    name: Callable[[int], str],
) -> _Models:
    names = dict.fromkeys(name(i) for w in asking for i in allowed(w))
    meets = [w for w in asking if any(not any(s.gate == "quality" for s in strikes[w][i]) for i in allowed(w))]
    return _Models(tuple(names), tuple(meets))


def best_score(case: Case, names: Sequence[str], benchmark: str) -> tuple[str, float, Basis] | None:
    """Return the model with the best known score on a benchmark, with the score and its basis; ``None`` if unknown."""
    own = {(item.model, item.benchmark): item.score for item in case.choice.engagement.scores}
    values = {key: figure.value for key, figure in own.items()}
    scored = [(name, score_value(name, benchmark, values)) for name in names]
    known = [(name, value) for name, value in scored if value is not None]
    if not known:
        return None
    name, value = max(known, key=lambda pair: pair[1])
    mine = own.get((name, benchmark))
    return name, value, mine.basis if mine else Basis.PUBLISHED


def _benchmarks(case: Case, asking: Sequence[int]) -> list[str]:
    floors = [case.choice.workloads[w].quality for w in asking]
    return list(dict.fromkeys(floor.benchmark for floor in floors if floor is not None))


def _capable(case: Case, asking: Sequence[int], side: _Models) -> Finding:
    if not side.names:
        text = say("No model that is on offer here may have the data of a workload that sets a floor of quality.")
        return found(text, [GATES])
    items, bases = [], []
    for benchmark in _benchmarks(case, asking):
        best = best_score(case, side.names, benchmark)
        if best is None:
            items.append(say("no score on {benchmark} is known", benchmark=benchmark))
            continue
        bases.append(best[2])
        items.append(
            say("{model} scores {score} on {benchmark}", model=best[0], score=number(best[1]), benchmark=benchmark)
        )
    missed = [case.choice.workloads[w].name for w in asking if w not in side.meets]
    values = {"best": joined(items, ", "), "met": decimal(len(side.meets)), "all": decimal(len(asking))}
    if missed:
        text = say(
            "Best of those that the data may go to: {best}. Floors reached: {met} of {all}, not for {missed}.",
            missed=some(missed),
            **values,
        )
    else:
        text = say("Best of those that the data may go to: {best}. Floors reached: {met} of {all}.", **values)
    return found(text, [fixed("table quality and the client's own scores"), GATES], bases)


def _more_capable(case: Case, asking: Sequence[int], cloud: _Models, local: _Models) -> Side | None:
    if len(cloud.meets) != len(local.meets):
        return "cloud" if len(cloud.meets) > len(local.meets) else "local"
    pairs = [
        (best_score(case, cloud.names, benchmark), best_score(case, local.names, benchmark))
        for benchmark in _benchmarks(case, asking)
    ]
    ahead = {(here[1] > there[1]) - (here[1] < there[1]) if here and there else 0 for here, there in pairs}
    return "cloud" if ahead == {1} else "local" if ahead == {-1} else None
