"""What every record has in common: it is frozen, it is a file, and each of its figures says where it comes from."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kit.errors import InputError


class Basis(StrEnum):
    """How a figure is known, best first."""

    MEASURED = "measured"
    QUOTED = "quoted"
    PUBLISHED = "published"
    PREDICTED = "predicted"
    ASSUMED = "assumed"


def worst(bases: Iterable[Basis]) -> Basis:
    """Return the worst of some bases.

    Raises:
        ValueError: there is none.
    """
    return max(bases, key=list(Basis).index)


class Part(BaseModel):
    """A frozen piece of a record. Unknown keys are an error; infinities and NaN are not figures."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(Part):
    """A number that enters a decision.

    Attributes:
        value: the number, in the unit that the name of the field states.
        basis: how it is known.
        source: who says so: a URL, a document, a file and key.
        date: the day for which it holds.
    """

    value: float
    basis: Basis
    source: str = Field(min_length=1)
    date: dt.date


class Record(Part):
    """One of the five records: a file that a person can read, with a version and a published JSON Schema."""

    kind: ClassVar[str]
    schema_version: int = Field(default=1, ge=1, le=1)

    def to_json(self) -> str:
        """Return the record as indented JSON; equal records give equal bytes."""
        return self.model_dump_json(indent=1) + "\n"

    def write(self, path: Path) -> Path:
        """Write the record as JSON, whole or not at all.

        Args:
            path: the file; its folder is made if need be.
        """
        return write_atomically(path, self.to_json().encode())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record from a JSON file.

        Raises:
            InputError: the file is missing, is not JSON or is not such a record; says which key is wrong and why.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as a {cls.kind} ({error})") from None
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            raise InputError(f"{path}: not a {cls.kind}: {where or 'the file'}: {first['msg']}") from None

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the record's JSON Schema (draft 2020-12)."""
        body = cls.model_json_schema(mode="validation")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body}


def write_atomically(path: Path, content: bytes) -> Path:
    """Write ``content`` to a temporary neighbour and rename it, so that no half-written file is ever seen.

    Raises:
        InputError: it cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
