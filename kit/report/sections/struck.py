"""What the gates strike: each rule with its evidence once, for all the options and workloads that it strikes alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kit.engagement.record import Place
from kit.figures import count
from kit.report.parts import Chip, Column, Table, sentence_case
from kit.report.words import GATES, amount, joined
from kit.strategy.strike import Strike
from kit.strategy.verdict import Option, Placement, Verdict
from kit.wording import Message, fixed, making, retell, say, tell

MOST_NAMED = 6
"""Options that a row names one by one; of more the machines are counted by model, and verdict.json lists them."""

EVERY = {
    Place.OWN: fixed("every own machine"),
    Place.RENTED: fixed("every rented machine"),
    Place.API: fixed("every cloud API"),
}

OBSERVED = ("seen", "score")
"""Values in the reason of a strike that say how far an option is from what is asked; options apart by them alone stand
together."""


@dataclass(frozen=True)
class _Struck:
    """A strike with what it strikes and for whom."""

    placement: Placement
    strike: Strike
    option: Option


def gate_name(gate: str) -> str:
    """Return what a gate is called."""
    return retell(GATES.get(gate, gate))


def option_name(option: Option, options: Sequence[Option]) -> str:
    """Return an option's label, with its profile where another option of that label rests on another one."""
    profiles = {other.profile for other in options if other.label == option.label}
    if len(profiles) > 1 and option.profile:
        return say("{option} [{profile}]", option=retell(option.label), profile=option.profile)
    return retell(option.label)


def struck(verdict: Verdict) -> Table:
    """Return the strikes of all workloads: a row for each rule and set of workloads."""
    placements = verdict.placements
    rules: dict[tuple[str, ...], list[_Struck]] = {}
    for one in placements:
        for option in one.options:
            for strike in option.strikes:
                rule = (strike.gate, _rule(strike.reason, option, verdict.messages), strike.lift)
                rules.setdefault(rule, []).append(_Struck(one, strike, option))
    ordered = sorted(rules.items(), key=lambda item: _order(item[0][0]))
    return Table(
        caption=say("Rules that strike, with their evidence"),
        columns=(
            Column(head=say("Gate"), share=0.85),
            Column(head=say("Workloads"), share=1.1),
            Column(head=say("Rule and evidence"), share=2.7),
            Column(head=say("Would be lifted by"), share=2.6),
            Column(head=say("Strikes"), share=2.4),
        ),
        rows=tuple(row for _, found in ordered for row in _rows(found, verdict)),
        small=True,
        key="struck",
    )


def _order(gate: str) -> tuple[int, str]:
    names = list(GATES)
    return (names.index(gate) if gate in names else len(names), gate)


def _rule(reason: str, option: Option, messages: Mapping[str, Message]) -> str:
    """Return what strikes alike have in common: the reason without the option's name and what was seen of it."""
    made = making(reason, messages)
    if made is None or made.form != "say":
        return reason.replace(option.label, "…").replace(option.model, "…")
    names = _names(option, messages)
    values = {name: "…" if name in OBSERVED or value in names else value for name, value in made.values.items()}
    return made.model_copy(update={"values": values}).model_dump_json()


def _names(option: Option, messages: Mapping[str, Message]) -> list[Message | str | None]:
    """Return an option's names as the values of a message hold them."""
    made = (making(name, messages) for name in (option.label, option.model))
    return [option.label, option.model, *(one for one in made if one is not None)]


def _reason(alike: Sequence[_Struck], messages: Mapping[str, Message]) -> str:
    """Return the reason of strikes that are alike, with the least and the most that was seen of the options."""
    first = alike[0]
    made = [making(one.strike.reason, messages) for one in alike]
    several = len({one.option.label for one in alike}) > 1
    if made[0] is None or made[0].form != "say":
        return _without_name(first, several=several)
    values, names = dict(made[0].values), _names(first.option, messages)
    for name, value in made[0].values.items():
        if several and value in names:
            values[name] = Message(form="say", args=(fixed("each of these"),))
        seen = [one.values[name] for one in made if one is not None and name in OBSERVED and name in one.values]
        ordered = sorted((one for one in seen if isinstance(one, Message)), key=_figure)
        if ordered and ordered[0] != ordered[-1]:
            ends = {"low": ordered[0], "high": ordered[-1]}
            values[name] = Message(form="say", args=(fixed("{low} to {high}"),), values=ends)
    return tell(made[0].model_copy(update={"values": values}))


def _figure(made: Message) -> float:
    """Return the number that a text was made of."""
    number = made.args[0] if made.args else 0.0
    return float(number) if isinstance(number, int | float) else 0.0


def _without_name(one: _Struck, *, several: bool) -> str:
    reason = retell(one.strike.reason)
    if not several:
        return reason
    return reason.replace(one.option.label, say("each of these")).replace(one.option.model, say("each of these"))


def _rows(found: Sequence[_Struck], verdict: Verdict) -> list[tuple[str | tuple[Chip, ...], ...]]:
    """Return a row for each set of workloads for which a rule strikes the same options."""
    by_option: dict[tuple[str, str | None], list[_Struck]] = {}
    for one in found:
        by_option.setdefault((one.option.label, one.option.profile), []).append(one)
    by_workloads: dict[tuple[str, ...], list[_Struck]] = {}
    for struck_alike in by_option.values():
        workloads = tuple(dict.fromkeys(one.placement.workload for one in struck_alike))
        by_workloads.setdefault(workloads, []).extend(struck_alike)
    rows: list[tuple[str | tuple[Chip, ...], ...]] = []
    for workloads, alike in by_workloads.items():
        first = alike[0]
        here = [one.option for one in alike if one.placement is first.placement]
        rows.append(
            (
                (Chip(text=gate_name(first.strike.gate), kind="out"),),
                _workloads(workloads, verdict.placements),
                sentence_case(_reason(alike, verdict.messages)),
                sentence_case(first.strike.lift),
                _strikes(here, first.placement.options),
            )
        )
    return rows


def _workloads(names: Sequence[str], placements: Sequence[Placement]) -> str:
    if len(placements) > 1 and len(names) == len(placements):
        return say("all")
    return joined([retell(name) for name in names], ", ")


def _strikes(struck: Sequence[Option], options: Sequence[Option]) -> str:
    """Return which options are meant: a whole place or all machines of a model in a word.

    Args:
        struck: those that the rule strikes for a workload.
        options: everything that was considered for that workload.
    """
    by_place, by_model = (_shortened(struck, options, models_first=first) for first in (False, True))
    names = by_model if len(by_model) < len(by_place) else by_place
    if len(names) > MOST_NAMED:
        names = _by_count(struck)
    told = joined(names)
    if len(names) == 1:
        return told
    return say("{number} options: {names}", number=amount(len(struck)), names=told)


def _by_count(struck: Sequence[Option]) -> list[str]:
    """Return options that are too many to name each: APIs by name, machines by model and number of kinds."""
    machines: dict[str, dict[str, None]] = {}
    for option in struck:
        if option.profile:
            machines.setdefault(option.model, {})[option.label] = None
    apis = dict.fromkeys(retell(option.label) for option in struck if not option.profile)
    return [
        *apis,
        *(
            say("{model} on {count} machines", model=model, count=count(len(labels)))
            if len(labels) > 1
            else retell(next(iter(labels)))
            for model, labels in machines.items()
        ),
    ]


def _shortened(struck: Sequence[Option], options: Sequence[Option], *, models_first: bool) -> list[str]:
    """Return the names of options, with a word for all of a place and for all machines of a model."""
    left, names = list(struck), list[str]()
    for group in (_by_model, _by_place) if models_first else (_by_place, _by_model):
        for name, members in group(options):
            if len(members) > 1 and all(option in left for option in members):
                names.append(name)
                left = [option for option in left if option not in members]
    return [*names, *dict.fromkeys(_one(option, left, options) for option in left)]


def _by_place(options: Sequence[Option]) -> Iterator[tuple[str, list[Option]]]:
    for place in Place:
        yield retell(EVERY[place]), [option for option in options if option.place is place]


def _by_model(options: Sequence[Option]) -> Iterator[tuple[str, list[Option]]]:
    for model in dict.fromkeys(option.model for option in options if option.profile):
        machines = [option for option in options if option.model == model and option.profile]
        several = len({option.label for option in machines}) > 1
        yield say("{model} on every machine", model=model), machines if several else []


def _one(option: Option, struck: Sequence[Option], options: Sequence[Option]) -> str:
    """Return an option's name, with its profile or its loads where others of its label are not meant."""
    alike = [other for other in options if other.label == option.label]
    if all(other in struck for other in alike):
        return retell(option.label)
    same = [other for other in alike if other.profile == option.profile]
    name = option_name(option, options)
    meant = sum(other in struck for other in same)
    if meant == len(same):
        return name
    if meant == 1:
        return say("{option} at one of its loads", option=name)
    return say("{option} at {number} of its loads", option=name, number=count(meant))
