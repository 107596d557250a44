"""How sure the verdict is: the plans are priced again in many futures, and input by input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from kit.engagement.record import Place
from kit.record import Basis
from kit.strategy.choice import Choice, Solved
from kit.strategy.dispatch import DRIVERS, price_plan
from kit.strategy.plan import Floats
from kit.strategy.verdict import Certainty, Driver

SPREAD = {
    Basis.MEASURED: 0.05,
    Basis.QUOTED: 0.10,
    Basis.PUBLISHED: 0.25,
    Basis.PREDICTED: 0.35,
    Basis.ASSUMED: 0.50,
}
"""How far a figure may be from the truth, by its basis: from 1 ÷ (1 + spread) to 1 + spread. Judgement."""

SAMPLES = 512
SAME = 1e-3
"""Plans whose costs differ by less than this share count as equally cheap."""
ROBUST_SHARE, LEANING_SHARE, REGRET_SHARE = 0.80, 0.55, 0.10


@dataclass(frozen=True)
class Futures:
    """What the plans cost in the sampled futures.

    Attributes:
        factors: one row per future, one column per driver, (S, D).
        npv: cost of each plan, engagement's currency, (plans, S).
    """

    factors: Floats
    npv: Floats

    @property
    def regret(self) -> Floats:
        """What each plan costs above the cheapest in the same future, (plans, S)."""
        regret: Floats = self.npv - self.npv.min(axis=0)
        return regret

    @property
    def p_cheapest(self) -> Floats:
        """Share of the futures in which no other plan is cheaper, (plans,)."""
        cheapest: Floats = (self.npv <= self.npv.min(axis=0) * (1 + SAME)).mean(axis=1)
        return cheapest


def bases(choice: Choice, plans: Sequence[Solved]) -> dict[str, Basis]:
    """Return the worst basis behind each driver, over what the plans use.

    That volumes, API prices and rents stay over the horizon as they are today is assumed, however well today's are
    known.
    """
    terms = choice.terms
    used = [pool for p, pool in enumerate(choice.pools) if any(plan.plan.replicas[p] for plan in plans)]
    order = list(Basis)

    def worst(found: Sequence[Basis]) -> Basis:
        return max(found, key=order.index, default=Basis.QUOTED)

    bought = [pool.price.basis for pool in used if pool.place is Place.OWN]
    power = [pool.power_w.basis for pool in used if pool.power_w]
    staff = [terms.staff_cost_per_year, terms.staff_fte_own, terms.staff_fte_rented, terms.staff_fte_api]
    energy = [terms.electricity_price_per_kwh.basis, terms.pue.basis, terms.colocation_per_kw_month.basis, *power]
    return {
        "volume": Basis.ASSUMED,
        "throughput": worst([pool.profile.basis for pool in used]),
        "API prices": Basis.ASSUMED,
        "GPU rents": Basis.ASSUMED,
        "GPU purchase prices": worst([*bought, terms.server_overhead_share.basis] if bought else []),
        "energy and space": worst(energy),
        "staff": worst([figure.basis for figure in staff]),
    }


def sample(choice: Choice, plans: Sequence[Solved], *, count: int = SAMPLES, seed: int = 20261122) -> Futures:
    """Price the plans in ``count`` futures drawn from a scrambled Sobol sequence, log-uniform within each spread.

    Args:
        choice: the options and terms.
        plans: the plans to compare.
        count: futures, a power of two.
        seed: of the scrambling; the same seed gives the same futures.
    """
    known = bases(choice, plans)
    widths = np.log1p([SPREAD[known[name]] for name in DRIVERS])
    unit = qmc.Sobol(d=len(DRIVERS), seed=seed).random(count)
    factors = np.exp((2 * unit - 1) * widths)
    return Futures(factors=factors, npv=np.array([price_plan(choice, plan, factors) for plan in plans]))


def drivers(choice: Choice, plans: Sequence[Solved]) -> tuple[Driver, ...]:
    """Vary one input at a time and return what the first plan saves against the best other, most influential first."""
    known = bases(choice, plans)
    grid = np.exp(np.linspace(np.log(0.1), np.log(10), 121))
    found = []
    for column, name in enumerate(DRIVERS):
        high = 1 + SPREAD[known[name]]
        points = np.concatenate([[1 / high, high], grid])
        factors = np.ones((len(points), len(DRIVERS)))
        factors[:, column] = points
        saving = _saving(np.array([price_plan(choice, plan, factors) for plan in plans]))
        found.append(
            Driver(
                name=name,
                basis=known[name],
                low=1 / high,
                high=high,
                saving_low=float(saving[0]),
                saving_high=float(saving[1]),
                switches_at=_switch(grid, saving[2:]),
            )
        )
    return tuple(sorted(found, key=lambda driver: -abs(driver.saving_high - driver.saving_low)))


def certainty(futures: Futures, base_npv: float) -> Certainty:
    """Return how sure it is that the first plan is the right one, by :func:`certainty_rule`."""
    share, regret = float(futures.p_cheapest[0]), float(np.percentile(futures.regret[0], 95))
    if share >= ROBUST_SHARE and regret <= REGRET_SHARE * base_npv:
        return Certainty.ROBUST
    return Certainty.LEANING if share >= LEANING_SHARE else Certainty.TOO_CLOSE


def certainty_rule() -> str:
    """Return the rule in words."""
    return (
        f"robust: cheapest in at least {ROBUST_SHARE:.0%} of the futures and a 95th percentile of regret of at most "
        f"{REGRET_SHARE:.0%} of its cost; leaning: cheapest in at least {LEANING_SHARE:.0%}; else too close to call"
    )


def distinct(plans: Sequence[Solved]) -> list[Solved]:
    """Return the first plan and those of the others that are not the same plan under another name."""
    first = plans[0]
    others = [plan for plan in plans[1:] if abs(plan.plan.cost - first.plan.cost) > SAME * first.plan.cost]
    return [first, *others]


def _saving(npv: Floats) -> Floats:
    saving: Floats = npv[1:].min(axis=0) - npv[0] if len(npv) > 1 else np.zeros(npv.shape[1])
    return saving


def _switch(grid: Floats, saving: Floats) -> float | None:
    """Return the factor nearest to 1 at which the saving changes its sign, interpolated."""
    negative = saving < 0
    changes = np.flatnonzero(negative[1:] != negative[:-1])
    if not len(changes):
        return None
    at = []
    for i in changes:
        weight = saving[i] / (saving[i] - saving[i + 1])
        at.append(float(np.exp(np.log(grid[i]) + weight * (np.log(grid[i + 1]) - np.log(grid[i])))))
    return min(at, key=lambda factor: abs(np.log(factor)))
