"""Rows of a sparse constraint matrix, collected block by block."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from kit.strategy.problem import Floats, Integers

_NO_LEAST = np.array([-np.inf])


class Rows:
    """Rows that are being collected: entries, and what each row is at least and at most."""

    def __init__(self) -> None:
        self.single: list[tuple[int, int, float]] = []
        self.row: list[Integers] = []
        self.column: list[Integers] = []
        self.value: list[Floats] = []
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []
        self.priced: list[tuple[int, Integers]] = []
        """Of a column of the prices, the rows whose duals are those of the classes."""
        self.height = 0

    def open(self, lower: Floats, upper: Floats) -> int:
        """Begin a block of rows with these bounds and return the number of its first row."""
        first = self.height
        self.lower.append(lower)
        self.upper.append(upper)
        self.height += len(lower)
        return first

    def at_most(self, limit: float, entries: Iterable[tuple[int, float]]) -> int:
        """Add one row of a few entries, columns with their values, and return its number."""
        row = self.open(_NO_LEAST, np.array([limit]))
        self.single += [(row, column, value) for column, value in entries]
        return row

    def add(self, row: Integers | int, column: Integers | int, value: Floats | float) -> None:
        """Add entries; single numbers are repeated."""
        # Not by numpy's broadcasting, which takes as long for few entries as the rest of the programme.
        several = next((given for given in (row, column, value) if isinstance(given, np.ndarray)), None)
        if several is None:
            self.single.append((int(row), int(column), float(value)))
            return
        self.row.append(row if isinstance(row, np.ndarray) else np.full(len(several), row))
        self.column.append(column if isinstance(column, np.ndarray) else np.full(len(several), column))
        self.value.append(value if isinstance(value, np.ndarray) else np.full(len(several), value))

    def bounds(self) -> tuple[Floats, Floats]:
        """Return what the rows are at least and at most."""
        return np.concatenate(self.lower), np.concatenate(self.upper)

    def matrix(self, width: int) -> sparse.csr_array:
        """Return the matrix."""
        row, column, value = (np.array(found) for found in zip(*self.single, strict=True)) if self.single else ((),) * 3
        entries = (
            np.concatenate([*self.value, value]),
            (
                np.concatenate([*self.row, row]).astype(np.int32),
                np.concatenate([*self.column, column]).astype(np.int32),
            ),
        )
        return sparse.csr_array(entries, shape=(self.height, width))
