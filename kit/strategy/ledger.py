"""The list of derivations while it grows: every figure is checked against its formula when it is entered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from kit.strategy.answers import Derivation, Term
from kit.strategy.formula import evaluate
from kit.strategy.verdict import Input

EXACT = 1e-6
"""Relative difference up to which a formula gives its figure."""

SAME = 1e-9
"""Relative difference up to which a figure is that of an input."""


class Ledger:
    """Derivations by key, and the inputs on which they stand.

    Attributes:
        rows: the derivations, by key, in the order in which they were entered.
    """

    def __init__(self, inputs: Iterable[Input]) -> None:
        """Begin an empty list over these inputs."""
        self.rows: dict[str, Derivation] = {}
        self._inputs = {item.key: item for item in inputs}

    def given(self, symbol: str, key: str, value: float, *, label: str = "", unit: str = "") -> Term:
        """Return a term that is an input.

        Where the input of that key is not there or has another value, as when two offers share a key, the term is a
        plain constant: it never points to what it is not.

        Args:
            symbol: its name in the formula.
            key: of the input.
            value: with which the calculation was done.
            label: for want of an input that has one.
            unit: likewise.
        """
        known = self._inputs.get(key)
        if known is None or not math.isclose(known.value, value, rel_tol=SAME, abs_tol=0.0):
            return Term(symbol=symbol, label=label or key, value=value, unit=unit)
        return Term(symbol=symbol, label=known.label, value=value, unit=known.unit, of=key)

    def stated(self, symbol: str, name: str, value: float) -> Term:
        """Return a term that is one of the terms of the calculation, under the key of its section."""
        keys = (f"{section}.{name}" for section in ("money", "operations", "risk"))
        key = next((key for key in keys if key in self._inputs), f"money.{name}")
        return self.given(symbol, key, value, label=name.replace("_", " "))

    def derived(self, symbol: str, key: str) -> Term:
        """Return a term that is a figure of this list.

        Raises:
            KeyError: there is none under that key.
        """
        row = self.rows[key]
        return Term(symbol=symbol, label=row.label, value=row.value, unit=row.unit, of=key)

    def add(
        self,
        key: str,
        label: str,
        unit: str,
        formula: str,
        terms: Sequence[Term],
        *,
        value: float | None = None,
        note: str = "",
    ) -> str:
        """Enter a figure and return its key; one that is there already stays as it is.

        Args:
            key: its name.
            label: what it is.
            unit: its unit.
            formula: of the symbols of its terms.
            terms: the figures in it.
            value: as the verdict has it; what the formula gives unless stated. Where the two differ, the figure is
                entered as it is, with a note in the place of the formula: none is better than a wrong one.
            note: what the formula cannot say.
        """
        if key in self.rows:
            return key
        found = evaluate(formula, {term.symbol: term.value for term in terms})
        exact = value is None or math.isclose(found, value, rel_tol=EXACT, abs_tol=1e-9)
        if value is not None and not exact:
            note = f"It cannot be retraced in a line: {formula} would give {found:.6g}. {note}".strip()
            formula, terms = "x", (Term(symbol="x", label="as the plan has it", value=value, unit=unit),)
        self.rows[key] = Derivation(
            key=key,
            label=label,
            value=found if value is None else value,
            unit=unit,
            formula=formula,
            terms=tuple(terms),
            note=note,
        )
        return key
