"""How sure the verdict is: the plans are priced again in many futures, and input by input.

A plan keeps its replicas; in each future the hours are dispatched anew. Work that may go nowhere else makes the plan
grow by whole replicas if it has to. Within a pool the hour goes first to work that has no other place, then to the work
that would cost most at its API per second of a replica: for one pool that is the optimum (a fractional knapsack).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from kit.engagement.record import HOURS_OF_DAY, Place
from kit.pricing.ownership import annuity_factor, present_value
from kit.record import Basis
from kit.strategy.choice import Choice, Solved
from kit.strategy.costs import replica_cost, staff_per_month
from kit.strategy.plan import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Floats
from kit.strategy.verdict import Certainty, Driver

SPREAD = {
    Basis.MEASURED: 0.05,
    Basis.QUOTED: 0.10,
    Basis.PUBLISHED: 0.25,
    Basis.PREDICTED: 0.35,
    Basis.ASSUMED: 0.50,
}
"""How far a figure may be from the truth, by its basis: from 1 ÷ (1 + spread) to 1 + spread. Judgement."""

DRIVERS = ("volume", "throughput", "API prices", "GPU rents", "GPU purchase prices", "energy and space", "staff")
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


def price_plan(choice: Choice, solved: Solved, factors: Floats) -> Floats:
    """Return the NPV of a plan in each future, engagement's currency, (S,).

    Args:
        choice: the options and terms.
        solved: the plan; each workload stays with the pool that serves most of it.
        factors: (S, D), columns as in :data:`DRIVERS`.
    """
    volume, speed, api, rent, purchase, energy, staff = factors.T
    problem, terms = solved.problem, choice.terms
    months, rate = terms.months, terms.discount_rate.value
    annuity = annuity_factor(rate, months)
    monthly = np.zeros(len(factors))
    npv = np.zeros(len(factors))
    left = problem.requests[None] * volume[:, None, None]
    home = main_pool(solved)
    places = set()
    for p, pool in enumerate(choice.pools):
        members = [w for w in range(len(home)) if home[w] == p]
        if not members and not solved.plan.replicas[p]:
            continue
        replicas, left = _dispatch(solved, p, members, left, speed)
        cost = replica_cost(pool, terms)
        residual = present_value(cost.residual, rate_per_year=rate, months=months)
        npv += replicas * purchase * (cost.capex - residual)
        monthly += replicas * (cost.energy_and_space * energy + cost.maintenance * purchase + cost.rent * rent)
        places.add(pool.place)
    price = np.nan_to_num(problem.api_price)
    monthly += WEEKS_PER_MONTH * np.einsum("swh,w->s", left, price) * api
    if left.sum() > 0:
        places.add(Place.API)
    monthly += sum(staff_per_month(terms)[place] for place in places) * staff
    total: Floats = npv + monthly * annuity
    return total


def main_pool(solved: Solved) -> list[int]:
    """Return for each workload the pool that serves most of it, −1 for none."""
    served = solved.plan.flow_pool.sum(axis=2)
    if served.shape[1] == 0:
        return [-1] * len(served)
    return [int(row.argmax()) if row.max() > 0 else -1 for row in served]


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


def _dispatch(solved: Solved, p: int, members: Sequence[int], left: Floats, speed: Floats) -> tuple[Floats, Floats]:
    """Return the replicas of pool ``p`` in each future, (S,), and the requests that it leaves over, (S, W, H)."""
    problem = solved.problem
    seconds = problem.seconds[:, p]
    bound = [w for w in members if np.isnan(problem.api_price[w])]
    per_replica = SECONDS_PER_HOUR * problem.headroom
    # Work that cannot leave needs its busiest hour, and with what can wait its busiest day.
    at_once = sum((left[:, w] * seconds[w] for w in bound if not problem.deferrable[w]), np.zeros_like(left[:, 0]))
    in_all = sum((left[:, w] * seconds[w] for w in bound), np.zeros_like(left[:, 0]))
    by_day = in_all.reshape(len(in_all), -1, HOURS_OF_DAY).mean(axis=2)
    need = np.maximum(at_once.max(axis=1), by_day.max(axis=1)) / (per_replica * speed)
    have = float(solved.plan.replicas[p])
    replicas = np.maximum(have, np.ceil(need - 1e-6) + (problem.spare if bound else 0))
    room = np.repeat(((replicas - problem.spare) * per_replica * speed)[:, None], problem.requests.shape[1], axis=1)
    left = left.copy()
    rest = [w for w in members if w not in bound]
    rest.sort(key=lambda w: -problem.api_price[w] / seconds[w])
    # What can wait takes the room that the others leave, whatever its price.
    for w in sorted([*bound, *rest], key=lambda w: bool(problem.deferrable[w])):
        if problem.deferrable[w]:
            days = room.reshape(len(room), -1, HOURS_OF_DAY)
            wanted = left[:, w].reshape(days.shape) * seconds[w]
            share = np.minimum(1, wanted.sum(axis=2) / np.maximum(days.sum(axis=2), 1e-9))
            taken = (days * share[..., None]).sum(axis=2)
            over = 1 - np.minimum(1, taken / np.maximum(wanted.sum(axis=2), 1e-9))
            left[:, w] = (left[:, w].reshape(days.shape) * over[..., None]).reshape(left[:, w].shape)
            room = (days * (1 - share[..., None])).reshape(room.shape)
        else:
            served = np.minimum(left[:, w], room / seconds[w])
            left[:, w] -= served
            room = room - served * seconds[w]
        if w in bound:
            left[:, w] = 0
    return replicas, left
