"""Classes of data, where each may be worked on and what a provider must promise, in ``tables/data_classes.csv``.

These are the kit's cautious defaults in the light of the rule that each row names. They are not legal advice: the
client's own rules come first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Part

TABLE = TABLES / "data_classes.csv"

PlaceName = Literal["own", "rented", "api"]
Need = Literal["no_training", "zero_retention", "baa"]


class DataClass(Part):
    """One class of data.

    Attributes:
        name: ``public``, ``internal``, ``personal`` or ``health``.
        label: in words for a reader.
        may_go_to: where it may be worked on: the client's ``own`` machines, ``rented`` ones, a cloud ``api``.
        rented_needs: what a renter must promise, by names of terms in :mod:`kit.facts.providers`.
        api_needs: what an API must promise; for a class that may not go to one, what it would take once that is lifted.
        needs_region: whether a renter or an API must process it in a region on the client's list.
        rule: the rule in words that a board understands.
        reference: the rule's articles.
        source: where the rule can be read.
        date: the day of that text.
        lift: who would have to do what to lift the restriction.
    """

    name: str
    label: str
    may_go_to: tuple[PlaceName, ...]
    rented_needs: tuple[Need, ...]
    api_needs: tuple[Need, ...]
    needs_region: bool
    rule: str
    reference: str
    source: str
    date: dt.date
    lift: str


_Words = BeforeValidator(lambda cell: tuple(cell.split()) if isinstance(cell, str) else cell)


class _Row(Part):
    name: str
    label: str
    may_go_to: Annotated[tuple[PlaceName, ...], _Words]
    rented_needs: Annotated[tuple[Need, ...], _Words] = ()
    api_needs: Annotated[tuple[Need, ...], _Words] = ()
    needs_region: bool
    rule: str
    reference: str
    source: str
    date: dt.date
    lift: str


@cache
def data_classes(path: Path = TABLE) -> Mapping[str, DataClass]:
    """Return all classes of data by name, the least delicate first.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    rows = read_table(path, _Row)
    return MappingProxyType(keyed(((row.name, DataClass(**row.model_dump())) for row in rows), path))


def data_class(name: str) -> DataClass:
    """Return one class of data.

    Raises:
        InputError: there is none of that name; names the nearest.
    """
    return look_up(data_classes(), name, "data class")
