"""Open models: architecture, size, context, licence and modalities, one row each in ``tables/models.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from kit.facts.table import TABLES, keyed, look_up, read_table
from kit.record import Part

TABLE = TABLES / "models.csv"


class Model(Part):
    """One open model.

    Attributes:
        name: public name, e.g. ``Llama-3.3-70B-Instruct``.
        architecture: key of the architecture; speed and memory hang on it, so models that differ only in their
            weights share one.
        parameters_b: parameters in 10⁹, all of them, also where only some are active; counted from the architecture.
        active_b: those that work on one token of text, the input embedding among them; all but the image encoder where
            the model is dense.
        context_tokens: longest context of the published configuration, prompt and output together.
        licence: of the weights.
        commercial_use: whether the licence allows it (``None``: not known, or it hangs on who uses it); conditions are
            in ``note``.
        modalities: what it takes and gives, e.g. ``("text",)``.
        source: where size, context and licence were read.
        date: the day it was read, or written down where ``note`` says that it is given from memory.
        no_count: why neither a printed count nor the size in the name can check ``parameters_b``; few models need it.
        note: conditions and remarks.
    """

    name: str
    architecture: str
    parameters_b: float
    active_b: float
    context_tokens: int
    licence: str
    commercial_use: bool | None
    modalities: tuple[str, ...]
    source: str
    date: dt.date
    no_count: str | None
    note: str


class _Row(Part):
    name: str
    architecture: str = Field(pattern=r"^[a-z0-9.\-]+$")
    parameters_b: float = Field(gt=0)
    active_b: float = Field(gt=0)
    context_tokens: int = Field(gt=0)
    licence: str
    commercial_use: Literal["yes", "no", "unknown"]
    modalities: str
    source: str
    date: dt.date
    no_count: str | None = None
    note: str


_ALLOWED = {"yes": True, "no": False, "unknown": None}


def _model(row: _Row) -> Model:
    fields = row.model_dump(exclude={"commercial_use", "modalities"})
    return Model(**fields, commercial_use=_ALLOWED[row.commercial_use], modalities=tuple(row.modalities.split()))


@cache
def models(path: Path = TABLE) -> Mapping[str, Model]:
    """Return all models by name.

    Args:
        path: the table; the kit's own unless told.

    Raises:
        InputError: a row of the table is broken.
    """
    return MappingProxyType(keyed(((row.name, _model(row)) for row in read_table(path, _Row)), path))


def model(name: str) -> Model:
    """Return one model.

    Raises:
        InputError: no model has that name; names the nearest.
    """
    return look_up(models(), name, "model")
