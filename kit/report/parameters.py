"""Parameters of a notebook: their names and types are checked, which papermill itself does not do.

A notebook's first cell after the tagged one says what it takes: ``check(globals(), engagement=str)``. The same line is
read before a kernel starts (:func:`asked`), so that it is written once.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kit.errors import InputError, did_you_mean, one_of

Types = type | tuple[type, ...]

_INJECTED = "# Parameters"
"""How papermill begins the cell in which it sets parameters."""

_CALLED: dict[type, str] = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    type(None): "None",
    list: "a list",
    dict: "a mapping",
}


def check(namespace: Mapping[str, object], **types: Types) -> None:
    """Check the parameters of a notebook.

    In a notebook only what the cells with parameters set is checked, so that all cells may be run again in a kernel in
    which later cells have defined names; of a plain mapping everything is checked.

    Args:
        namespace: ``globals()`` of the notebook, or parameters by name.
        types: for each parameter what it may be: ``str``, ``float`` (any finite number), ``int`` (a whole one),
            ``bool``, ``list``, ``dict``, ``type(None)``, or a tuple of these. ``True`` is no number.

    Raises:
        InputError: a parameter is of another name or of another type, or is not set; says which, and what is allowed.
    """
    given = _given(namespace, types)
    for name in given:
        if name not in types:
            raise InputError(f"there is no parameter {name}{did_you_mean(name, types)}; parameters: {_names(types)}")
    for name, allowed in types.items():
        if name not in namespace:
            raise InputError(f"the parameter {name} is not set; parameters: {_names(types)}")
        _check_type(name, namespace[name], allowed)


def check_given(notebook: Path, parameters: Mapping[str, object]) -> None:
    """Check parameters against what a notebook takes, before a kernel starts.

    Args:
        notebook: the file.
        parameters: those to set, by name; the others keep the notebook's own values.

    Raises:
        InputError: the notebook cannot be read, or a parameter is of another name or of another type; one line that
            begins with the notebook's name.
    """
    takes = asked(notebook)
    for name, value in parameters.items():
        if name not in takes:
            near = did_you_mean(name, takes) if takes else ""
            allowed = f"parameters: {_names(takes)}" if takes else "it takes none"
            raise InputError(f"{notebook.name}: there is no parameter {name}{near}; {allowed}")
        try:
            _check_type(name, value, takes[name])
        except InputError as error:
            raise InputError(f"{notebook.name}: {error}") from None


def asked(notebook: Path) -> dict[str, Types]:
    """Return the parameters that a notebook takes: those that it checks, else those of its tagged cell, of any type.

    Raises:
        InputError: it is not there or is no notebook.
    """
    try:
        book: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in code]
        tagged = ["parameters" in cell["metadata"].get("tags", []) for cell in code]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{notebook}: cannot be read as a notebook ({error})") from None
    for source in sources:
        for node in ast.walk(_parsed(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "check":
                return {word.arg: _types(word.value) for word in node.keywords if word.arg}
    return {name: object for source, is_it in zip(sources, tagged, strict=True) if is_it for name in _assigned(source)}


def _given(namespace: Mapping[str, object], names: Collection[str]) -> list[str]:
    """Return the names that were set as parameters.

    Jupyter keeps every cell that was run in ``In``. Of these count papermill's own cell and the tagged one, which sets
    at least one parameter; each in its last version, for a mistake may have been mended.
    """
    cells = namespace.get("In")
    if not isinstance(cells, list):
        return [name for name in namespace if not name.startswith("_")]
    injected: list[str] = []
    tagged: list[str] = []
    for source in map(str, cells):
        if source.lstrip().startswith(_INJECTED):
            injected = _assigned(source)
        elif (found := _assigned(source)) and set(found) & set(names):
            tagged = found
    return [*tagged, *injected]


def _assigned(source: str) -> list[str]:
    """Return the public names that the statements of a cell set directly."""
    targets: list[ast.expr] = []
    for statement in _parsed(source).body:
        if isinstance(statement, ast.Assign):
            targets += statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets.append(statement.target)
    return [target.id for target in targets if isinstance(target, ast.Name) and not target.id.startswith("_")]


def _parsed(source: str) -> ast.Module:
    """Return a cell's syntax; of one that is not plain Python (a magic, a slip) an empty one."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _types(node: ast.expr) -> Types:
    """Return the types that a notebook names; any type for what is not known here."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    known = {kind.__name__: kind for kind in _CALLED} | {"type(None)": type(None)}
    return tuple(known.get(ast.unparse(part), object) for part in parts)


def _check_type(name: str, value: object, allowed: Types) -> None:
    """Check one value.

    Raises:
        InputError: it is of another type, or a number that is not finite.
    """
    kinds = allowed if isinstance(allowed, tuple) else (allowed,)
    if any(_is(value, kind) for kind in kinds):
        return
    what = " or ".join(_CALLED.get(kind, kind.__name__) for kind in kinds)
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    raise InputError(f"the parameter {name} is {what}, not {shown}")


def _is(value: object, kind: type) -> bool:
    """Tell whether a value is of a kind; a whole number is a number, ``True`` is none, and neither is infinity."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _names(types: Mapping[str, object]) -> str:
    return one_of(types)
