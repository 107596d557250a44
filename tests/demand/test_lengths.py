"""Lengths: quantiles, correlation, stretching."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats
from scipy.special import ndtri

from kit.demand.lengths import lengths_at, lengths_of, mean_of, scaled
from kit.demand.record import PROBABILITIES, Lengths, Quantiles
from kit.record import Basis, Figure
from tests.demand.usage_table import AZURE_2023, azure_2023, of_rows

DAY = dt.date(2026, 11, 22)


def quantiles(tokens, **given) -> Quantiles:
    return Quantiles(tokens=tuple(tokens), basis=Basis.MEASURED, source="by hand", date=DAY, **given)


def lognormal(median: float, sigma: float) -> Quantiles:
    return quantiles([median * np.exp(sigma * ndtri(min(p, 1 - 1 / 20_000))) for p in PROBABILITIES], requests=10_000)


def figure(value: float) -> Figure:
    return Figure(value=value, basis=Basis.QUOTED, source="client", date=DAY)


def test_the_azure_2023_code_trace_agrees_with_numpy_and_scipy():
    """All quantiles are numpy's, the correlation is scipy's; 95 % of prompts 7,303 and of outputs 90, as published."""
    found = lengths_of(azure_2023(), "usage", "code", date=DAY, source="trace")
    trace = pd.read_csv(AZURE_2023)
    assert found.prompt.requests == 8819
    np.testing.assert_allclose(found.prompt.tokens, np.quantile(trace.ContextTokens, PROBABILITIES))
    np.testing.assert_allclose(found.output.tokens, np.quantile(trace.GeneratedTokens, PROBABILITIES))
    assert round(found.prompt.at(0.95)) == 7303
    assert found.output.at(0.95) == 90
    oracle = stats.spearmanr(trace.ContextTokens, trace.GeneratedTokens).statistic
    assert found.correlation.value == pytest.approx(oracle, abs=1e-9)
    assert found.basis is Basis.MEASURED


def test_ties_get_their_mean_rank():
    """Lengths with many ties, correlated: again scipy's figure."""
    random = np.random.default_rng(3)
    prompt = random.integers(1, 6, 500)
    output = prompt + random.integers(0, 4, 500)
    start = dt.datetime(2026, 3, 2)
    rows = [
        {"at": start + dt.timedelta(seconds=i), "prompt_tokens": int(p), "output_tokens": int(o)}
        for i, (p, o) in enumerate(zip(prompt, output, strict=True))
    ]
    found = lengths_of(of_rows(rows), "usage", "chat", date=DAY, source="by hand")
    assert found.correlation.value == pytest.approx(stats.spearmanr(prompt, output).statistic, abs=1e-9)


def test_a_constant_length_goes_with_nothing():
    """Where one length never changes a correlation does not exist: 0, and the figure says why."""
    start = dt.datetime(2026, 3, 2)
    rows = [{"at": start + dt.timedelta(seconds=i), "prompt_tokens": 100, "output_tokens": i + 1} for i in range(40)]
    found = lengths_of(of_rows(rows), "usage", "chat", date=DAY, source="by hand")
    assert found.correlation.value == 0
    assert "never changes" in found.correlation.source
    assert set(found.prompt.tokens) == {100}
    # Of 1 to 40 the half is 1 + 0.5·39 = 20.5.
    assert found.output.at(0.5) == 20.5


def test_too_few_requests_and_buckets_give_no_lengths():
    """29 requests are too few, and a bucket's sums say nothing about single ones."""
    at = dt.datetime(2026, 3, 2)
    row = {"at": at, "prompt_tokens": 100, "output_tokens": 10}
    assert lengths_of(of_rows([row] * 29), "usage", "chat", date=DAY, source="by hand") is None
    bucket = {**row, "bucket_s": 3600, "requests": 50}
    assert lengths_of(of_rows([bucket] * 60), "usage", "chat", date=DAY, source="by hand") is None


def test_a_lognormal_comes_back_unharmed():
    """Between the kept probabilities a lognormal is a lognormal: its mean is median · exp(σ²/2)."""
    found = lognormal(1000, 1)
    assert lengths_at(found, ndtri(np.array([0.33, 0.93]))) == pytest.approx(
        1000 * np.exp(ndtri(np.array([0.33, 0.93]))), rel=0.001
    )
    # The tail beyond the longest of 10,000 is cut; e^0.5 = 1.6487.
    assert mean_of(found) == pytest.approx(1648.7, rel=0.01)


def test_stretching_keeps_the_spread_and_is_assumed():
    """Twice the mean gives twice every quantile, with the basis assumed and the factor in the source."""
    prior = Lengths(prompt=lognormal(1000, 1), output=lognormal(50, 0.5), correlation=figure(0.2))
    means = mean_of(prior.prompt), mean_of(prior.output)
    found = scaled(prior, prompt_tokens=figure(2 * means[0]), output_tokens=figure(means[1] / 2))
    np.testing.assert_allclose(found.prompt.tokens, 2 * np.array(prior.prompt.tokens))
    np.testing.assert_allclose(found.output.tokens, np.array(prior.output.tokens) / 2)
    assert {found.prompt.basis, found.output.basis, found.correlation.basis} == {Basis.ASSUMED}
    assert "stretched by 2 " in found.prompt.source


def test_falling_quantiles_and_unknown_probabilities_are_refused():
    """Quantiles that fall are no distribution, and what was not kept cannot be asked for."""
    with pytest.raises(ValidationError, match="must not fall"):
        quantiles([*range(25, 0, -1), 0])
    with pytest.raises(KeyError, match=r"0\.42 is not kept"):
        lognormal(10, 1).at(0.42)
