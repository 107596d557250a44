"""Rules that assign rows of usage to workloads: by key, tag, model, group or path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kit.demand.tabular import quoted
from kit.errors import InputError, did_you_mean, one_of

_COLUMNS = {"key": "label_key", "tag": "label_tags", "model": "model", "group": "label_group", "path": "label_path"}
_SHORT = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class Rule:
    """One rule: a row that fulfils all conditions belongs to the workload.

    Attributes:
        workload: its name.
        conditions: pairs of what is looked at (``key``, ``tag``, ``model``, ``group`` or ``path``) and a pattern, in
            which ``*`` stands for anything and ``?`` for one letter; upper and lower case are one. Of a key there are
            only short hashes, ``|`` between them. None at all: every row.
    """

    workload: str
    conditions: tuple[tuple[str, str], ...]


def parse_rule(text: str) -> Rule:
    """Return the rule that ``NAME=RULE`` says.

    ``Chat=model:gpt-4o*`` takes the models whose names start so, ``Search=key:1f3ac4d2`` a key by its short hash or
    by itself, ``Mail=group:sales,path:acompletion`` what fulfils both, and ``Other=*`` everything.

    Args:
        text: of the rule. A key in it is hashed at once and quoted in no message.

    Raises:
        InputError: there is no name, or no condition that is understood.
    """
    name, equals, said = text.partition("=")
    name = name.strip()
    if not equals or not name or not said.strip():
        raise InputError("a rule is NAME=RULE, e.g. Chat=model:gpt-4o* or Search=key:1f3ac4d2,path:aembedding")
    if said.strip() == "*":
        return Rule(name, ())
    return Rule(name, tuple(_condition(name, one) for one in said.split(",")))


def _condition(name: str, said: str) -> tuple[str, str]:
    what, colon, pattern = said.partition(":")
    what, pattern = what.strip().casefold(), pattern.strip()
    if what not in _COLUMNS:
        hint = did_you_mean(what, _COLUMNS) if colon else ""
        raise InputError(f"the rule for {name!r}: a condition is WHAT:PATTERN with {one_of(_COLUMNS)}{hint}")
    if not pattern:
        raise InputError(f"the rule for {name!r}: there is no pattern after {what}:")
    if what == "key" and not _SHORT.fullmatch(pattern):
        # An export holds the key, or its hash as LiteLLM writes it; either way only a hash of that is in the table.
        hashed = hashlib.sha256(pattern.encode()).hexdigest()
        pattern = f"{hashed[:8]}|{hashlib.sha256(hashed.encode()).hexdigest()[:8]}"
    return what, pattern


def workload_of(rules: Sequence[Rule]) -> str:
    """Return the expression of SQL for a row's workload: the first rule that fits; NULL where none does.

    Args:
        rules: in the order in which they are tried.
    """
    cases = " ".join(f"WHEN {_fits(rule)} THEN {quoted(rule.workload)}" for rule in rules)
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def _fits(rule: Rule) -> str:
    return " AND ".join(_matches(what, pattern) for what, pattern in rule.conditions) or "true"


def _matches(what: str, pattern: str) -> str:
    column = _COLUMNS[what]
    if what == "key":
        return f"coalesce({column} IN ({', '.join(quoted(one) for one in pattern.split('|'))}), false)"
    glob = quoted(pattern.lower().replace("[", "[[]"))
    if what == "tag":
        return f"len(list_filter(coalesce({column}, []), lambda t: lower(t) GLOB {glob})) > 0"
    return f"coalesce(lower({column}) GLOB {glob}, false)"
