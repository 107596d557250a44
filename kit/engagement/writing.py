"""Writing an engagement that was changed: into the client's own file, so that all else in it stays, comments too."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSequence
from copy import deepcopy
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from kit.engagement.record import Engagement

_FIGURE = frozenset({"value", "basis", "source", "date"})


def changed_text(text: str, before: Engagement, after: Engagement) -> str:
    """Return the text of an engagement's file with what is other in a changed engagement, and nothing else.

    Args:
        text: of the file.
        before: the engagement as it was.
        after: as it shall be; its workloads are matched by name, its other rows by their place.

    Returns:
        YAML that reads as ``after`` where the file read as ``before``.
    """
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096  # a folded line of a flow mapping is hard to read
    yaml.representer.ignore_aliases = lambda *_: True
    tree = yaml.load(text)
    _change(tree, before.model_dump(), after.model_dump())
    written = StringIO()
    yaml.dump(tree, written)
    return written.getvalue()


def _change(tree: MutableMapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for key, value in after.items():
        was = before.get(key)
        if value == was:
            continue
        if key == "workloads":
            _workloads(tree, was or (), value)
        elif _empty(value):
            tree.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(was, Mapping) and _FIGURE - value.keys():
            # A copy, for where the file uses anchors the same node stands in other places too.
            tree[key] = deepcopy(tree[key]) if isinstance(tree.get(key), MutableMapping) else CommentedMap()
            _change(tree[key], was, value)
        elif _rows(tree.get(key), was, value):
            tree[key] = deepcopy(tree[key])
            for node, old, new in zip(tree[key], was or (), value, strict=True):
                _change(node, old, new)
        else:
            tree[key] = _plain(value)


def _workloads(tree: MutableMapping[str, Any], before: Any, after: Any) -> None:
    nodes: MutableSequence[Any] = tree["workloads"]
    was, names = {row["name"]: row for row in before}, {row["name"] for row in after}
    for i in reversed(range(len(nodes))):
        if nodes[i]["name"] not in names:
            del nodes[i]
    for i, node in enumerate(nodes):
        nodes[i] = deepcopy(node)
    known = {node["name"]: node for node in nodes}
    for row in after:
        if row["name"] in known:
            _change(known[row["name"]], was[row["name"]], row)
        else:
            nodes.append(_plain({key: value for key, value in row.items() if not _empty(value)}))
    order = [row["name"] for row in after]
    if order != [node["name"] for node in nodes]:
        placed = {node["name"]: node for node in nodes}
        for i, name in enumerate(order):
            nodes[i] = placed[name]


def _rows(nodes: Any, before: Any, after: Any) -> bool:
    """Tell whether a list has the same rows with other values."""
    of_rows = all(isinstance(row, Mapping) for row in after) if isinstance(after, tuple) else False
    return of_rows and isinstance(nodes, MutableSequence) and len(nodes) == len(before or ()) == len(after)


def _empty(value: Any) -> bool:
    return value is None or value in ((), [], {}, "")


def _plain(value: Any) -> Any:
    """Return a value as YAML has it: figures on one line, names of enumerations as text."""
    if isinstance(value, Mapping):
        node = CommentedMap({str(key): _plain(item) for key, item in value.items() if not _empty(item)})
        if not _FIGURE - node.keys():
            node.fa.set_flow_style()
        return node
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
