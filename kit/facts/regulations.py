"""What eight rules ask of a host, of a place and of the client, one row a rule in ``tables/regulations.csv``.

Not legal advice: the kit's cautious reading of each rule, with its reference, for a first plan. Whatever a host would
have to promise is a *need*, and can be a gate; whatever the client has to do itself is a *duty*, and belongs in the
document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator

from kit.facts.data_classes import PlaceName
from kit.facts.providers import LEVELS, Answer, Level, Provider, Term, TermName
from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.figures import joined
from kit.record import Part
from kit.wording import fixed, say

TABLE = TABLES / "regulations.csv"

RegionName = Literal["EU", "UK", "CH", "US"]

_REGION_TERMS: Mapping[RegionName, TermName] = MappingProxyType(
    {"EU": "region_eu", "UK": "region_uk", "CH": "region_ch", "US": "region_us"}
)
_IMPLIED: Mapping[str, str] = MappingProxyType({"hipaa": "baa"})
"""Whoever has signed the agreement on the right has the promise on the left too."""
_RANK: Mapping[Answer, int] = MappingProxyType({"yes": 0, "conditional": 1, "no": 2, "unknown": 3})


class Regulation(Part):
    """One rule.

    Attributes:
        name: ``GDPR``, ``HIPAA``, ``PCI-DSS``, ``ITAR``, ``CJIS``, ``FedRAMP``, ``DORA`` or ``EU AI Act``.
        label: in words for a reader, with whom it binds.
        demands: what it demands, in words that a board understands.
        may_go_to: where the work may be done, if all needs are met.
        api_needs: what an API must promise, by names of terms in :mod:`kit.facts.providers`.
        rented_needs: what a renter must promise.
        regions: where an API or a renter may process; empty means anywhere.
        own_needs: what the client's own machines need.
        duties: what the client has to do itself, whichever host it takes; a document shows them, no gate does.
        reference: the articles.
        source: where the rule can be read.
        date: the day of that text.
        note: which reading of the rule this is, and what was not checked.
        lift: who would have to do what to lift a restriction.
    """

    name: str
    label: str
    demands: str
    may_go_to: tuple[PlaceName, ...]
    api_needs: tuple[TermName, ...]
    rented_needs: tuple[TermName, ...]
    regions: tuple[RegionName, ...]
    own_needs: str
    duties: tuple[str, ...]
    reference: str
    source: str
    date: dt.date
    note: str
    lift: str


class Unmet(NamedTuple):
    """A need that a host does not meet.

    Attributes:
        term: which, by its name in :mod:`kit.facts.providers`; ``region`` where a place is wrong, ``place`` where the
            rule allows no such place at all.
        answer: what the host's public terms say.
        detail: what exactly, in a sentence.
        source: who says so.
        date: the day for which it holds; ``None`` where nothing is known.
    """

    term: str
    answer: Answer
    detail: str
    source: str
    date: dt.date | None


_Words = BeforeValidator(lambda cell: tuple(cell.split()) if isinstance(cell, str) else cell)
_Sentences = BeforeValidator(lambda cell: tuple(cell.split(" | ")) if isinstance(cell, str) else cell)


class _Row(Part):
    name: str
    label: str
    demands: str
    may_go_to: Annotated[tuple[PlaceName, ...], _Words]
    api_needs: Annotated[tuple[TermName, ...], _Words] = ()
    rented_needs: Annotated[tuple[TermName, ...], _Words] = ()
    regions: Annotated[tuple[RegionName, ...], _Words] = ()
    own_needs: str
    duties: Annotated[tuple[str, ...], _Sentences]
    reference: str
    source: str
    date: dt.date
    note: str
    lift: str


@cache
def regulations(path: Path = TABLE) -> Mapping[str, Regulation]:
    """Return all rules by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    rows = read_table(path, _Row)
    return MappingProxyType(keyed(((row.name, Regulation(**row.model_dump())) for row in rows), path))


def regulation(name: str) -> Regulation:
    """Return one rule.

    Raises:
        InputError: there is none of that name; names the nearest.
    """
    return look_up(regulations(), name, "regulation")


def unmet(
    rule: Regulation,
    provider: Provider | None,
    model: str | None = None,
    region: str | None = None,
    *,
    have: frozenset[str] = frozenset(),
    place: Literal["rented", "api"] = "api",
    level: Level | None = None,
) -> tuple[Unmet, ...]:
    """Return what a rule needs and a host does not promise; empty if it may do the work.

    Unknown counts as no, and so does conditional, unless the client has the contract.

    Args:
        rule: the rule.
        provider: the host; ``None`` if nothing is known about it.
        model: the model's id at this host.
        region: where the contract has the work done, e.g. ``EU``; without, the host's public terms decide.
        have: the terms that the client has by contract or has switched on, e.g. ``baa``.
        place: whether the host is an API or rents out the machine.
        level: the least level of FedRAMP; any will do without.
    """
    if place not in rule.may_go_to:
        api, rented = fixed("the rule allows no cloud API"), fixed("the rule allows no rented machine")
        return (Unmet("place", "no", api if place == "api" else rented, rule.source, rule.date),)
    needs = rule.api_needs if place == "api" else rule.rented_needs
    lacking = [
        _as_unmet(name, found)
        for name in needs
        if not _kept(found := _promise(provider, name, model), name, have, level)
    ]
    return (*lacking, *_wrong_region(rule, provider, model, region, have))


def _promise(provider: Provider | None, name: TermName, model: str | None) -> Term | None:
    return None if provider is None else provider.term(name, model)


def _kept(term: Term | None, name: str, have: frozenset[str], level: Level | None) -> bool:
    if name in have or _IMPLIED.get(name) in have:
        return True
    if term is None or term.value != "yes":
        return False
    if name != "fedramp" or level is None:
        return True
    return term.level is not None and LEVELS.index(term.level) >= LEVELS.index(level)


def _as_unmet(name: str, term: Term | None) -> Unmet:
    if term is None:
        return Unmet(name, "unknown", fixed("nothing is known about this host"), "none", None)
    return Unmet(name, term.value, term.detail, term.source, term.date)


def _wrong_region(
    rule: Regulation, provider: Provider | None, model: str | None, region: str | None, have: frozenset[str]
) -> tuple[Unmet, ...]:
    if not rule.regions or region in rule.regions or have & {_REGION_TERMS[name] for name in rule.regions}:
        return ()
    if region is not None:
        allowed = joined(rule.regions, ", ")
        detail = say("agreed is {region}; the rule wants one of {allowed}", region=region, allowed=allowed)
        return (Unmet("region", "no", detail, rule.source, rule.date),)
    answers = [(_REGION_TERMS[name], _promise(provider, _REGION_TERMS[name], model)) for name in rule.regions]
    if any(term is not None and term.value == "yes" for _, term in answers):
        return ()
    best = min(answers, key=lambda answer: _RANK["unknown" if answer[1] is None else answer[1].value])
    return (_as_unmet(*best),)
