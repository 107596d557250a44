"""Arithmetic that a person can read and the kit can check: formulas of named figures."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from kit.errors import InputError

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "ceil": math.ceil, "round": round}
_NAME = re.compile(r"\b[A-Za-z_]\w*")


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """Return what a formula comes to. It is read, not run: nothing but arithmetic passes.

    Args:
        formula: of numbers, names, ``+ - * / **``, parentheses, ``min``, ``max``, ``ceil`` and ``round``.
        values: of the names.

    Raises:
        InputError: it is no such formula, a name has no value, or it has no result.
    """
    try:
        found = _value(ast.parse(formula, mode="eval").body, values)
    except (SyntaxError, ArithmeticError, RecursionError, TypeError) as error:
        raise InputError(f"{formula!r} cannot be evaluated ({error})") from None
    if not math.isfinite(found):
        raise InputError(f"{formula!r} has no finite result")
    return found


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id=name) if name in values:
            return float(values[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            # Python makes a negative number to a broken power complex; that is no figure, and float() says so.
            return float(_OPERATORS[type(op)](_value(left, values), _value(right, values)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return float(_FUNCTIONS[name](*(_value(argument, values) for argument in arguments)))
    raise InputError(f"{ast.unparse(node)!r} is no part of a formula, or a name without a value")


def names(formula: str) -> list[str]:
    """Return the names in a formula, each once, in order; those of functions left out."""
    return [name for name in dict.fromkeys(_NAME.findall(formula)) if name not in _FUNCTIONS]


def filled(formula: str, values: Mapping[str, str]) -> str:
    """Return a formula with texts in the place of its names.

    Args:
        formula: as for :func:`evaluate`.
        values: the text for each name; a name without one stays.
    """
    return _NAME.sub(lambda found: values.get(found[0], found[0]), formula)
