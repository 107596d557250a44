"""What hosts promise about data, one row a promise in ``tables/providers.csv``: cloud APIs and renters of GPUs.

Not legal advice: each row says what a page said on a day. What no source says is *unknown*, and a gate treats unknown
as no. Terms hang on the host, and on some hosts on the model too; a model's own row goes before the host's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from kit.errors import InputError
from kit.facts.table import TABLES, look_up, read_table
from kit.record import Part

TABLE = TABLES / "providers.csv"

TermName = Literal[
    "no_training",
    "retention_days",
    "zero_retention",
    "dpa",
    "baa",
    "region_eu",
    "region_us",
    "region_uk",
    "region_ch",
    "soc2",
    "iso27001",
    "hipaa",
    "pci_dss",
    "fedramp",
    "itar",
    "cjis",
]
Answer = Literal["yes", "no", "conditional", "unknown"]
Level = Literal["low", "moderate", "high"]
Service = Literal["api", "gpu"]

LEVELS: tuple[Level, ...] = get_args(Level)
"""The levels of FedRAMP, the least first."""


class Term(Part):
    """One promise.

    Attributes:
        value: ``conditional`` means on approval, by contract or by a setting; ``unknown`` means that no source was
            found.
        detail: what exactly, in a sentence.
        source: who says so.
        date: the day of the page, or the day it was read where it bears no date.
        days: for ``retention_days``: how many; ``None`` where no number is published.
        level: for ``fedramp``: the level of the authorisation; ``None`` where there is none or it is not known.
    """

    value: Answer
    detail: str
    source: str
    date: dt.date
    days: float | None = None
    level: Level | None = None


class Provider(Part):
    """One host.

    Attributes:
        id: an API's as genai-prices calls it, a renter's as the kit's list of rentals does. ``google`` is the Gemini
            Developer API, whose prices that list holds; ``google-vertex``, with terms of its own, has no prices there.
        name: the service that the promises are about.
        service: a cloud ``api``, or a ``gpu`` for rent.
        terms: by name, all of them for every host. ``no_training``: prompts and answers are not used to train models;
            ``retention_days``: for how long they are kept unless agreed otherwise (``yes``: at most so many days,
            ``conditional``: it hangs on the feature or the model, ``no``: there is no limit); ``zero_retention``: they
            are not stored; ``dpa``: a data processing agreement (GDPR); ``baa``: a business associate agreement
            (HIPAA) is signed; ``region_eu``, ``region_us``, ``region_uk``, ``region_ch``: processed inside the European
            Union, the United States, the United Kingdom, Switzerland; ``soc2``, ``iso27001``: audited or certified;
            ``hipaa``: eligible for health data; ``pci_dss``: attested for card data; ``fedramp``: authorised for US
            agencies; ``itar``: kept from all but US persons; ``cjis``: fit for US criminal justice information.
        by_model: terms of single models by pattern of the model's id (``*`` stands for anything), then by name.
    """

    id: str
    name: str
    service: Service
    terms: Mapping[str, Term]
    by_model: Mapping[str, Mapping[str, Term]] = MappingProxyType({})

    def term(self, name: TermName, model: str | None = None) -> Term:
        """Return a promise for a model: of the patterns that fit its id the longest counts, else the host's own.

        Args:
            name: which promise.
            model: the model's id at this host; the host's own terms without.
        """
        fits = [
            pattern
            for pattern, terms in self.by_model.items()
            if model is not None and name in terms and fnmatchcase(model, pattern)
        ]
        return self.by_model[max(fits, key=len)][name] if fits else self.terms[name]


class _Row(Part):
    id: str
    name: str
    service: Service
    model: str | None = None
    term: TermName
    value: Answer
    days: float | None = Field(default=None, ge=0)
    level: Level | None = None
    detail: str
    source: str
    date: dt.date

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.days is not None and self.term != "retention_days":
            raise ValueError("days: only retention_days has a number")
        if self.level is not None and self.term != "fedramp":
            raise ValueError("level: only fedramp has one")
        if self.source == "none" and self.value != "unknown":
            raise ValueError("source: what no source says is unknown")
        return self

    def promise(self) -> Term:
        return Term.model_validate(self.model_dump(include=set(Term.model_fields)))


@cache
def providers(path: Path = TABLE) -> Mapping[str, Provider]:
    """Return all cloud APIs by id.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, a promise is there twice, or a provider lacks one.
    """
    return _hosts(path, "api")


@cache
def renters(path: Path = TABLE) -> Mapping[str, Provider]:
    """Return all who rent out GPUs by id.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, a promise is there twice, or a renter lacks one.
    """
    return _hosts(path, "gpu")


def _hosts(path: Path, service: Service) -> Mapping[str, Provider]:
    rows = [row for row in read_table(path, _Row) if row.service == service]
    names = {row.id: row.name for row in rows}
    terms: dict[str, dict[str, Term]] = {key: {} for key in names}
    by_model: dict[str, dict[str, dict[str, Term]]] = {key: {} for key in names}
    for row in rows:
        where = terms[row.id] if row.model is None else by_model[row.id].setdefault(row.model, {})
        if row.term in where:
            raise InputError(f"{path.name}: {row.id}: {row.term} is there twice")
        where[row.term] = row.promise()
    for key, found in terms.items():
        missing = [term for term in get_args(TermName) if term not in found]
        if missing:
            raise InputError(f"{path.name}: {key}: no row for {', '.join(missing)}")
    return MappingProxyType(
        {
            key: Provider(id=key, name=names[key], service=service, terms=found, by_model=by_model[key])
            for key, found in terms.items()
        }
    )


def provider(key: str) -> Provider:
    """Return one cloud API.

    Args:
        key: its id.

    Raises:
        InputError: there is no such provider; names the nearest.
    """
    return look_up(providers(), key, "provider")


def renter(key: str) -> Provider:
    """Return one who rents out GPUs.

    Args:
        key: its id.

    Raises:
        InputError: there is no such renter; names the nearest.
    """
    return look_up(renters(), key, "renter")
