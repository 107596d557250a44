"""How long prompts and answers are: quantiles at fixed probabilities, and how the two go together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kit.demand.record import PROBABILITIES, Lengths, Quantiles
from kit.record import Basis, Figure

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_REQUESTS = 30
"""With fewer single requests, their lengths say too little, and a prior is taken."""
_SCORE_OF_THE_LONGEST = 4.0
"""Where the longest lies on the scale of normal scores if it is not known among how many: one in 31,574."""
_STEPS = 20_000


def lengths_at(quantiles: Quantiles, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lengths at normal scores ``z``, where a share Φ(z) is shorter.

    Between two kept probabilities ``ln(length + 1)`` is linear in ``z``, so that a lognormal comes back unharmed and
    the sparse upper tail is not fattened as by straight lines. Below 1 % the length stays at that of 1 %; the longest
    stands at ``Φ⁻¹(1 − 0.5 / n)`` for n requests, or at z = 4 where n is not known, but always above the 99.9 %.

    Args:
        quantiles: the distribution.
        scores: normal scores, any shape.
    """
    from scipy.special import ndtri

    known = ndtri(np.array(PROBABILITIES[:-1]))
    longest = float(ndtri(1 - 0.5 / quantiles.requests)) if quantiles.requests else _SCORE_OF_THE_LONGEST
    at = np.append(known, max(longest, float(known[-1]) + 0.1))
    return np.asarray(np.expm1(np.interp(scores, at, np.log1p(np.array(quantiles.tokens)))), dtype=np.float64)


def mean_of(quantiles: Quantiles) -> float:
    """Return the mean that the quantiles imply: the mean of :func:`lengths_at` over evenly spaced probabilities."""
    from scipy.special import ndtri

    middle = (np.arange(_STEPS) + 0.5) / _STEPS
    return float(np.mean(lengths_at(quantiles, ndtri(middle))))


def scaled(lengths: Lengths, *, prompt_tokens: Figure, output_tokens: Figure) -> Lengths:
    """Return lengths stretched to given means, as an assumption: the spread relative to the mean is the prior's.

    Args:
        lengths: a prior from a public trace.
        prompt_tokens: the mean prompt that is known.
        output_tokens: the mean output that is known.
    """
    return Lengths(
        prompt=_stretched(lengths.prompt, prompt_tokens),
        output=_stretched(lengths.output, output_tokens),
        correlation=lengths.correlation.model_copy(update={"basis": Basis.ASSUMED}),
    )


def _stretched(quantiles: Quantiles, mean: Figure) -> Quantiles:
    factor = mean.value / mean_of(quantiles)
    return quantiles.model_copy(
        update={
            "tokens": tuple(factor * tokens for tokens in quantiles.tokens),
            "basis": Basis.ASSUMED,
            "source": f"{quantiles.source}, stretched by {factor:.3g} to the mean of {mean.value:,.0f} tokens",
            "date": mean.date,
        }
    )


def lengths_of(
    connection: DuckDBPyConnection, table: str, workload: str, *, date: dt.date, source: str
) -> Lengths | None:
    """Return the lengths of a workload's single requests, all exact; None with fewer than 30 of them.

    Quantiles stand at ``p · (n - 1)`` of the sorted lengths with straight lines between (as ``quantile_cont``), but
    come from the counts of the distinct lengths: one pass instead of holding every row. The correlation is Pearson's
    of the mid-ranks.

    Args:
        connection: of DuckDB.
        table: of usage, with the column ``workload``.
        workload: which rows.
        date: the day for which the figures hold.
        source: of the rows, for the figures.
    """
    rows = f"""
        SELECT prompt_tokens AS p, output_tokens AS o, count(*) AS n FROM {table}
        WHERE workload = $workload AND coalesce(bucket_s, 0) = 0
          AND prompt_tokens IS NOT NULL AND output_tokens IS NOT NULL
        GROUP BY ALL"""
    # One row per pair of lengths: ranks, quantiles and the correlation all follow from it.
    connection.execute(f"CREATE OR REPLACE TEMP TABLE pairs_of_lengths AS {rows}", {"workload": workload})
    try:
        marginals = {
            field: connection.execute(
                f"SELECT {field}, sum(n)::BIGINT FROM pairs_of_lengths GROUP BY 1 ORDER BY 1"
            ).fetchnumpy()
            for field in ("p", "o")
        }
        counts = {field: np.asarray(list(columns.values())[1], dtype=np.int64) for field, columns in marginals.items()}
        number = int(counts["p"].sum())
        if number < LEAST_REQUESTS:
            return None
        (rank,) = connection.execute(
            """
            WITH ranked AS (
                SELECT n, rank_p, rank_o FROM pairs_of_lengths
                JOIN (SELECT p, sum(sum(n)) OVER (ORDER BY p) - sum(n) / 2 AS rank_p FROM pairs_of_lengths GROUP BY p)
                USING (p)
                JOIN (SELECT o, sum(sum(n)) OVER (ORDER BY o) - sum(n) / 2 AS rank_o FROM pairs_of_lengths GROUP BY o)
                USING (o)),
            centred AS (SELECT n, rank_p - $half AS x, rank_o - $half AS y FROM ranked)
            SELECT sum(n * x * y) / sqrt(sum(n * x * x) * sum(n * y * y)) FROM centred
            """,
            {"half": number / 2},
        ).fetchone() or (None,)
    finally:
        connection.execute("DROP TABLE pairs_of_lengths")

    def quantiles(field: str) -> Quantiles:
        values = np.asarray(marginals[field][field], dtype=np.float64)
        return Quantiles(
            tokens=_quantiles(values, counts[field]), requests=number, basis=Basis.MEASURED, source=source, date=date
        )

    # A constant length has no rank to speak of: the division by zero above is NULL or NaN.
    known = rank is not None and np.isfinite(rank)
    correlation = Figure(
        value=float(min(1.0, max(-1.0, rank))) if known else 0.0,
        basis=Basis.MEASURED,
        source=source if known else f"{source}: one of the lengths never changes, so nothing goes with it",
        date=date,
    )
    return Lengths(prompt=quantiles("p"), output=quantiles("o"), correlation=correlation)


def _quantiles(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[float, ...]:
    reached = np.cumsum(counts)
    place = np.array(PROBABILITIES) * (reached[-1] - 1)
    below = values[np.searchsorted(reached, np.floor(place), side="right")]
    above = values[np.searchsorted(reached, np.ceil(place), side="right")]
    return tuple(float(value) for value in below + (place - np.floor(place)) * (above - below))
