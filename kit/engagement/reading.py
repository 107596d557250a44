"""Reading engagement.yaml so that a mistake can be mended by whoever made it: file, line, what is allowed."""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kit.engagement.record import Engagement
from kit.errors import InputError, did_you_mean, one_of

MAX_BYTES = 10 * 2**20


def read_engagement(path: Path) -> Engagement:
    """Read and check an engagement.

    Args:
        path: a YAML file.

    Returns:
        The engagement; numbers without a basis are *quoted* by this file on the engagement's date.

    Raises:
        InputError: names the file, the line, what is wrong, what is allowed and the nearest match, for the first
            mistakes (five at most).
    """
    tree = _load(path)
    date = tree.get("date")
    source = f"{path.name} (the client's statement)"
    context: dict[str, Any] = {"source": source}
    if isinstance(date, dt.date):
        context["date"] = date
    try:
        return Engagement.model_validate(_plain(tree), context=context)
    except ValidationError as error:
        faults = [_fault(tree, item) for item in error.errors()]
        # A number that is neither itself nor a figure is reported once, not once for each form it could have had.
        lines = list(dict.fromkeys(f"{path}:{line}: {text}" for line, text in faults))
        more = [f"... and {len(lines) - 5} more"] if len(lines) > 5 else []
        raise InputError("\n".join([*lines[:5], *more])) from None


def _load(path: Path) -> Mapping[str, Any]:
    if path.is_dir():
        path = path / "engagement.yaml"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; this is not an engagement")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise InputError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, Mapping):
        raise InputError(f"{path}:1: an engagement is a mapping (key: value), not {type(tree).__name__}")
    return tree


def _plain(node: Any) -> Any:
    """Return ruamel's tree as plain Python, so that messages show 3 and 'three' and not their wrappers."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(value) for value in node]
    plain = next((kind for kind in (bool, int, float, str) if isinstance(node, kind)), None)
    return plain(node) if plain else node


def _fault(tree: Any, item: Any) -> tuple[int, str]:
    """Return the line (from 1) and the message for one of pydantic's errors."""
    line, where, node = 1, [], tree
    for step in item["loc"]:
        place = getattr(node, "lc", None)
        if isinstance(node, Mapping) and step in node:
            line = place.key(step)[0] + 1 if place else line
        elif isinstance(node, Sequence) and not isinstance(node, str) and isinstance(step, int) and step < len(node):
            line = place.item(step)[0] + 1 if place else line
        elif item["type"] not in ("missing", "extra_forbidden"):
            continue  # a step into the forms of a union, which the file knows nothing of
        else:
            where.append(str(step))
            break
        where.append(str(step))
        node = node[step]
    key = ".".join(where) or "the file"
    return line, f"{key}: {_reason(item, where)}"


def _reason(item: Any, where: list[str]) -> str:
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        allowed = _allowed_keys(where[:-1])
        return f"unknown key{did_you_mean(where[-1], allowed)}; allowed here: {', '.join(allowed)}"
    if kind == "missing":
        return "missing; it has no default"
    if kind == "enum":
        allowed = [word.strip(" '") for word in item["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return f"{given!r} is not known{did_you_mean(str(given), allowed)}; allowed: {one_of(allowed)}"
    if kind == "value_error":
        return str(item["ctx"]["error"])
    return f"{item['msg'][0].lower()}{item['msg'][1:]} (given: {str(given)[:80]!r})"


def _allowed_keys(where: list[str]) -> list[str]:
    """Return the keys that the engagement allows at a place, e.g. ``['workloads', '0']``."""
    models: list[type[BaseModel]] = [Engagement]
    for step in where:
        if step.isdigit():
            continue
        models = [
            found
            for model in models
            if step in model.model_fields
            for found in _models_in(model.model_fields[step].annotation)
        ] or models
    return sorted({name for model in models for name in model.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return []
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        return [model for inner in typing.get_args(annotation) for model in _models_in(inner)]
    return []
