"""What the providers of cloud APIs promise about data, one row a promise in ``tables/providers.csv``.

Not legal advice: each row says what a page said on a day. What no source says is *unknown*, and a gate treats unknown
as no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from kit.errors import InputError
from kit.facts.table import TABLES, look_up, read_table
from kit.record import Part

TABLE = TABLES / "providers.csv"

TermName = Literal["no_training", "zero_retention", "baa", "region_eu", "region_us"]
Answer = Literal["yes", "no", "conditional", "unknown"]


class Term(Part):
    """One promise.

    Attributes:
        value: ``conditional`` means on approval or by contract; ``unknown`` means that no source was found.
        detail: what exactly, in a sentence.
        source: who says so.
        date: the day of the page, or the day it was read where it bears no date.
    """

    value: Answer
    detail: str
    source: str
    date: dt.date


class Provider(Part):
    """One provider of a cloud API.

    Attributes:
        id: as genai-prices calls it: ``openai``, ``anthropic``, ``google``, ``azure``, ``aws``, ``mistral``, ``groq``,
            ``together``.
        name: the service that the promises are about.
        terms: by name, all of them for every provider. ``no_training``: prompts and answers are not used to train
            models; ``zero_retention``: they are not stored; ``baa``: a business associate agreement (HIPAA) is signed;
            ``region_eu``, ``region_us``: processed inside the European Union, the United States.
    """

    id: str
    name: str
    terms: Mapping[str, Term]


class _Row(Part):
    id: str
    name: str
    term: TermName
    value: Answer
    detail: str
    source: str
    date: dt.date


@cache
def providers(path: Path = TABLE) -> Mapping[str, Provider]:
    """Return all providers by id.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken, a promise is there twice, or a provider lacks one.
    """
    rows = read_table(path, _Row)
    names = {row.id: row.name for row in rows}
    terms: dict[str, dict[str, Term]] = {key: {} for key in names}
    for row in rows:
        if row.term in terms[row.id]:
            raise InputError(f"{path.name}: {row.id}: {row.term} is there twice")
        terms[row.id][row.term] = Term(value=row.value, detail=row.detail, source=row.source, date=row.date)
    for key, found in terms.items():
        missing = [term for term in get_args(TermName) if term not in found]
        if missing:
            raise InputError(f"{path.name}: {key}: no row for {', '.join(missing)}")
    return MappingProxyType({key: Provider(id=key, name=names[key], terms=found) for key, found in terms.items()})


def provider(key: str) -> Provider:
    """Return one provider.

    Args:
        key: its id.

    Raises:
        InputError: there is no such provider; names the nearest.
    """
    return look_up(providers(), key, "provider")
