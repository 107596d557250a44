"""Priors: what the public traces say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kit.demand.priors import burst_priors, length_prior, length_priors, nearest_prior, week_priors
from kit.demand.record import PROBABILITIES
from kit.errors import InputError
from kit.record import Basis
from tests.demand.usage_table import AZURE_2023


def test_the_row_of_code_is_the_trace_itself():
    """The table's quantiles of code are numpy's from the trace, to a tenth of a token, and so are the implied means."""
    trace = pd.read_csv(AZURE_2023)
    prior = length_prior("code")
    np.testing.assert_allclose(prior.lengths.prompt.tokens, np.quantile(trace.ContextTokens, PROBABILITIES), atol=0.051)
    np.testing.assert_allclose(
        prior.lengths.output.tokens, np.quantile(trace.GeneratedTokens, PROBABILITIES), atol=0.051
    )
    # Published: mean prompt 2,048, mean output 28.
    assert prior.prompt_tokens == pytest.approx(2048, rel=0.002)
    assert prior.output_tokens == pytest.approx(27.9, rel=0.02)


def test_conversations_meet_what_was_published_of_azure_2024():
    """Median 928 and 41, 90 % of prompts 3,830, 95 % of outputs 455; the implied means are within an eighth."""
    prior = length_prior("conversation")
    assert (prior.lengths.prompt.at(0.5), prior.lengths.output.at(0.5)) == (928, 41)
    assert (prior.lengths.prompt.at(0.9), prior.lengths.output.at(0.95)) == (3830, 455)
    assert prior.prompt_tokens == pytest.approx(1632, rel=0.05)
    assert prior.output_tokens == pytest.approx(106, rel=0.125)


def test_the_azure_2024_code_week_has_its_published_shape():
    """Hourly coefficient of variation 0.84; weekday hours of the day from 0.29 to 2.77 times the week's mean."""
    load = np.array(week_priors()["azure-2024-code"].load)
    assert load.mean() == pytest.approx(1, abs=1e-4)
    assert round(float(load.std()), 2) == 0.84
    by_hour = load[: 5 * 24].reshape(5, 24).mean(axis=0)
    assert (round(float(by_hour.min()), 2), round(float(by_hour.max()), 2)) == (0.29, 2.77)


def test_every_prior_is_assumed_and_names_source_and_licence():
    """No figure of a prior is the client's, and each says where it is from and under which licence."""
    for prior in length_priors().values():
        assert prior.lengths.prompt.basis is prior.lengths.output.basis is Basis.ASSUMED
        assert any(licence in prior.lengths.prompt.source for licence in ("CC-BY-4.0", "Apache-2.0"))
    assert "CC-BY-4.0" in week_priors()["azure-2024-code"].source
    assert all(figure.basis is Basis.ASSUMED for figure in burst_priors().values())


def test_the_bursty_word_is_the_trace():
    """Counts of the 57 whole minutes, by hand: square root of (variance - mean) / (mean² - variance / 57)."""
    moments = pd.to_datetime(pd.read_csv(AZURE_2023).TIMESTAMP)
    minute = (moments - moments.min()) // pd.Timedelta("1min")
    counts = np.bincount(minute)[:-1]
    assert len(counts) == 57
    variance, mean = counts.var(ddof=1), counts.mean()
    by_hand = ((variance - mean) / (mean**2 - variance / 57)) ** 0.5
    assert burst_priors()["bursty"].value == pytest.approx(by_hand, abs=0.001)
    assert burst_priors()["smooth"].value == 0


@pytest.mark.parametrize(
    ("prompt", "output", "kind"),
    [(2000, 30, "code"), (1200, 1500, "reasoning"), (15_000, 150, "long documents"), (0, 0, "small model")],
)
def test_the_nearest_prior_is_near(prompt, output, kind):
    """A prior's own means find it; no tokens at all find the shortest."""
    assert nearest_prior(prompt, output).kind == kind


def test_an_unknown_kind_names_the_nearest():
    """A slip of the pen is answered with the word that was meant."""
    with pytest.raises(InputError, match='did you mean "reasoning"'):
        length_prior("reasonning")
