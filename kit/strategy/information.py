"""What it would be worth to know more before deciding: of everything, and of one input.

All from the futures that are there already: no nested simulation. The cost of each plan is regressed on the one input;
what is left of it in the regression is what knowing that input tells. M. Strong, J. E. Oakley, A. Brennan, Estimating
Multiparameter Partial Expected Value of Perfect Information from a Probabilistic Sensitivity Analysis Sample, Medical
Decision Making 34 (2014), 311 to 326. For one input a cubic spline by least squares does what their generalised
additive model does; how many knots it has is chosen by the Bayesian information criterion (G. Schwarz, Annals of
Statistics 6 (1978), 461 to 464), so that an input that tells nothing gets a constant.

Noise in a regression would look like information. So the futures are split in two: what to choose in the one half is
read off the regression of the other, and costs what it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csr_array

from kit.strategy.problem import Flags, Floats
from kit.strategy.uncertainty import SEED, Futures, Spec

SPLINES = ((1, 1), (3, 1), (3, 2), (3, 4), (3, 8), (3, 16))
"""Degree and pieces of the splines that are tried, beside a constant."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class Information:
    """What knowing an input exactly would be worth.

    Attributes:
        spec: the input.
        evppi: expected value of partial perfect information, engagement's currency, NPV.
    """

    spec: Spec
    evppi: float


def evpi(npv: Floats) -> float:
    """Return what it would be worth to know the future: ``min E[cost] − E[min cost]``, never below 0.

    Args:
        npv: cost of each plan in each future, (plans, S).
    """
    return max(0.0, float(npv.mean(axis=1).min() - npv.min(axis=0).mean()))


def evppi(npv: Floats, x: Floats) -> float:
    """Return what it would be worth to know one input: ``min E[cost] − E[min E[cost | x]]``, from 0 to the EVPI.

    Never above the EVPI, since what is chosen by the one input costs no less in any future than the cheapest plan.

    Args:
        npv: cost of each plan in each future, (plans, S).
        x: the input in each future, (S,).
    """
    if len(npv) < 2 or np.ptp(x) == 0:
        return 0.0
    # Plans differ less than they vary together, so it is the difference that is fitted.
    costs = npv - npv[0]
    best = int(costs.mean(axis=1).argmin())
    models = _models(x)
    half = np.zeros(len(x), dtype=bool)
    half[np.random.default_rng(SEED).permutation(len(x))[::2]] = True
    told = np.where(half, _fitted(costs, models, ~half), _fitted(costs, models, half))
    chosen = np.take_along_axis(costs, told.argmin(axis=0)[None], axis=0)[0]
    return max(0.0, float((costs[best] - chosen).mean()))


def evppi_by_driver(futures: Futures) -> tuple[Information, ...]:
    """Return for each input what knowing it would be worth to the choice among the candidates, most first."""
    npv = futures.npv[list(futures.candidates)]
    found = [Information(spec, evppi(npv, futures.factors[:, i])) for i, spec in enumerate(futures.specs)]
    return tuple(sorted(found, key=lambda one: -one.evppi))


def _fitted(costs: Floats, models: list[csr_array], part: Flags) -> Floats:
    """Return each row's regression for all futures, (plans, S), fitted to some of them.

    The model is the one with the least Bayesian information criterion; B-splines are well conditioned, so that the
    normal equations will do.
    """
    count = int(part.sum())
    mean = costs[:, part].mean(axis=1, keepdims=True)
    beside = (costs[:, part] - mean).T
    total = (beside**2).sum(axis=0)
    # Rounding is no signal.
    known = total > count * (ROUNDING * np.abs(costs).max(initial=0.0)) ** 2
    least: Floats = count * np.log(np.where(known, total, 1.0) / count) + np.log(count)
    best: dict[int, tuple[csr_array, Floats]] = {}
    for model in models:
        mine = model[part]
        right = mine.T @ beside
        weights = np.linalg.lstsq((mine.T @ mine).toarray(), right, rcond=None)[0]
        left = np.maximum(total - (right * weights).sum(axis=0), ROUNDING * total)
        score = count * np.log(np.where(known, left, 1.0) / count) + model.shape[1] * np.log(count)
        for i in np.flatnonzero(known & (score < least)).tolist():
            least[i], best[i] = score[i], (model, weights[:, i])
    fitted = np.repeat(mean, costs.shape[1], axis=1)
    for i, (model, weight) in best.items():
        fitted[i] += model @ weight
    return fitted


def _models(x: Floats) -> list[csr_array]:
    """Return the columns of the models that are tried: splines with knots at quantiles of x, (S, columns)."""
    scaled = (x - x.min()) / np.ptp(x)
    models = []
    for degree, pieces in SPLINES:
        inner = np.unique(np.quantile(scaled, np.arange(1, pieces) / pieces))
        inner = inner[(inner > 0) & (inner < 1)]
        knots = np.concatenate([np.zeros(degree + 1), inner, np.ones(degree + 1)])
        if 4 * len(knots) < len(x):
            models.append(csr_array(BSpline.design_matrix(scaled, knots, degree)))
    return models
