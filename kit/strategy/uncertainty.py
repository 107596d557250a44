"""How sure the verdict is: the plans are priced again in many futures, and input by input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.stats import qmc

from kit.engagement.record import Place
from kit.errors import PlanError
from kit.figures import percent
from kit.record import Basis, worst
from kit.strategy.choice import Choice, Solved
from kit.strategy.costs import lasts, phases_of, replica_cost
from kit.strategy.dispatch import Factors, as_taken, price_plan
from kit.strategy.options import Pool
from kit.strategy.problem import Floats
from kit.strategy.rivals import SAME, alike, rivals
from kit.strategy.verdict import Certainty, Driver
from kit.wording import say

SPREAD = {
    Basis.MEASURED: 0.05,
    Basis.QUOTED: 0.10,
    Basis.PUBLISHED: 0.25,
    Basis.PREDICTED: 0.35,
    Basis.ASSUMED: 0.50,
}
"""How far a figure may be from the truth, by its basis: from 1 ÷ (1 + spread) to 1 + spread. Judgement."""

CHANGE_SPREAD = {
    Basis.MEASURED: 0.05,
    Basis.QUOTED: 0.10,
    Basis.PUBLISHED: 0.10,
    Basis.PREDICTED: 0.15,
    Basis.ASSUMED: 0.20,
}
"""How far a yearly change may be from the truth, by its basis: added to it or taken off. Judgement."""

SAMPLES = 2**14
SEED = 20261122
ROBUST_SHARE, LEANING_SHARE, REGRET_SHARE = 0.80, 0.55, 0.10

STEPS = 121
"""Points of the search for a switching value."""
WIDEST = 10.0
"""Switching values are sought between a tenth and ten times what was taken."""
WIDEST_CHANGE = 0.5
"""... and of yearly changes up to so much more or less."""


class Moves(StrEnum):
    """What an uncertain input moves."""

    VOLUME = "volume"
    SPEED = "speed"
    GROWTH = "growth"
    API_PRICE = "api_price"
    API_PRICE_CHANGE = "api_price_change"
    RENT = "rent"
    RENT_CHANGE = "rent_change"
    PURCHASE = "purchase"
    RESALE = "resale"
    ENERGY_AND_SPACE = "energy_and_space"
    STAFF = "staff"


ADDITIVE = frozenset({Moves.GROWTH, Moves.API_PRICE_CHANGE, Moves.RENT_CHANGE})
"""Yearly changes: what is drawn is added to them; on everything else it is a factor."""


@dataclass(frozen=True)
class Spec:
    """An uncertain input: one column of a matrix of futures.

    Attributes:
        name: in the documents.
        moves: what it moves.
        key: where the figure behind it is set, as in the verdict's inputs; the first, if there are several.
        basis: the worst basis of the figures behind it.
        low, high: between which it is drawn: factors, or for yearly changes what is added.
        which: the workload's name or the profile's; empty for what moves all of them.
    """

    name: str
    moves: Moves
    key: str
    basis: Basis
    low: float
    high: float
    which: str = ""

    @property
    def additive(self) -> bool:
        """Whether it is a yearly change, to which something is added, and no factor."""
        return self.moves in ADDITIVE

    @property
    def taken(self) -> float:
        """Where all is as taken: 1, or 0 for a yearly change."""
        return 0.0 if self.additive else 1.0

    def at(self, unit: Floats) -> Floats:
        """Return values for numbers between 0 and 1: log-uniform, or uniform for a yearly change."""
        if self.additive:
            return self.low + unit * (self.high - self.low)
        values: Floats = np.exp(np.log(self.low) + unit * (np.log(self.high) - np.log(self.low)))
        return values

    def grid(self) -> Floats:
        """Return the values among which a switching value is sought."""
        if self.additive:
            return np.linspace(-WIDEST_CHANGE, WIDEST_CHANGE, STEPS)
        return np.exp(np.linspace(-np.log(WIDEST), np.log(WIDEST), STEPS))


@dataclass(frozen=True)
class Futures:
    """What the plans cost in the sampled futures.

    Attributes:
        specs: the inputs that vary, D of them.
        factors: one row per future, one column per input, (S, D).
        npv: cost of each plan, engagement's currency, (plans, S).
        grown: replicas beyond the plan's that work without another place needs, (plans, S).
        candidates: the plans that may be recommended; the others break rules, and are priced only.
        alike: for each plan the first that has all work at the same kinds of place, (plans,); empty if none is
            another's variant.
    """

    specs: tuple[Spec, ...]
    factors: Floats
    npv: Floats
    grown: Floats
    candidates: tuple[int, ...]
    alike: tuple[int, ...] = ()

    @property
    def cheapest(self) -> Floats:
        """What the cheapest candidate costs in each future, (S,)."""
        least: Floats = self.npv[list(self.candidates)].min(axis=0)
        return least

    @property
    def regret(self) -> Floats:
        """What each plan costs above the cheapest candidate in the same future, (plans, S).

        That of a plan that is no candidate may be negative.
        """
        regret: Floats = self.npv - self.cheapest
        return regret

    @property
    def regret_mean(self) -> Floats:
        """Mean of the regret, (plans,)."""
        mean: Floats = self.regret.mean(axis=1)
        return mean

    @property
    def regret_p95(self) -> Floats:
        """The 95th percentile of the regret, (plans,)."""
        return np.asarray(np.percentile(self.regret, 95, axis=1), dtype=np.float64)

    @property
    def expected(self) -> Floats:
        """Mean cost of each plan, (plans,)."""
        mean: Floats = self.npv.mean(axis=1)
        return mean

    @property
    def percentiles(self) -> Floats:
        """The 10th, 50th and 90th percentile of each plan's cost, (plans, 3)."""
        return np.asarray(np.percentile(self.npv, [10, 50, 90], axis=1).T, dtype=np.float64)

    @property
    def p_cheapest(self) -> Floats:
        """Share of the futures in which no candidate is cheaper, (plans,); 0 for a plan that is none.

        Plans that have all work at the same kinds of place are variants of one way and do not split its share: the one
        of them that is cheapest in the mean has the futures of all.
        """
        least = self.cheapest
        wins = self.npv <= least + SAME * np.abs(least)
        share: Floats = wins.mean(axis=1)
        for way in set(self.alike):
            members = [i for i in self.candidates if self.alike[i] == way]
            if members:
                best = min(members, key=lambda i: float(self.npv[i].mean()))
                together = float(wins[members].any(axis=0).mean())
                equal = [i for i in members if np.allclose(self.npv[i], self.npv[best], rtol=SAME)]
                share[equal] = together
        share[[i for i in range(len(share)) if i not in self.candidates]] = 0.0
        return share

    @property
    def p_grown(self) -> Floats:
        """Share of the futures in which a plan needs more replicas than it has, (plans,)."""
        share: Floats = (self.grown > 0).mean(axis=1)
        return share

    def p_within(self, budget: float) -> Floats:
        """Return the share of the futures in which each plan costs no more than a budget (NPV), (plans,)."""
        share: Floats = (self.npv <= budget).mean(axis=1)
        return share


def drivers_of(choice: Choice, plans: Sequence[Solved]) -> tuple[Spec, ...]:
    """Return the uncertain inputs that matter to any of the plans.

    The spread of a level is that of what is known of today; what the years bring has yearly changes of its own.

    Args:
        choice: the options and terms.
        plans: those to compare.
    """
    return tuple(spec for make in (_demand, _speed, _api, _rents, _owned, _staff) for spec in make(choice, plans))


def factors_of(choice: Choice, specs: Sequence[Spec], values: Floats) -> Factors:
    """Return futures from a matrix of values, (S, D), a column for each input."""
    factors = as_taken(choice, len(values))
    volume, speed = factors.volume.copy(), factors.speed.copy()
    names = [workload.name for workload in choice.workloads]
    others: dict[str, Floats] = {}
    for spec, column in zip(specs, values.T, strict=True):
        if spec.moves is Moves.VOLUME:
            volume[:, names.index(spec.which)] = column
        elif spec.moves is Moves.SPEED:
            speed[:, [pool.profile.name == spec.which for pool in choice.pools]] = column[:, None]
        else:
            others[spec.moves.value] = column
    return replace(factors, volume=volume, speed=speed, **others)


def sample(
    choice: Choice,
    plans: Sequence[Solved],
    *,
    candidates: Sequence[int] | None = None,
    count: int = SAMPLES,
    seed: int = SEED,
    on_step: Callable[[], None] | None = None,
) -> Futures:
    """Price the plans in futures drawn from a scrambled Sobol sequence.

    Every input is drawn on its own, factors log-uniform and yearly changes uniform between their low and high. A. B.
    Owen, Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14 (1998), 466 to 489.

    Args:
        choice: the options and terms.
        plans: the plans to compare.
        candidates: those of them that may be recommended; all by default.
        count: futures, a power of two.
        seed: of the scrambling; the same seed gives the same futures.
        on_step: called after each plan.
    """
    specs = drivers_of(choice, plans)
    unit = qmc.Sobol(d=max(len(specs), 1), rng=np.random.default_rng(seed)).random(count)
    values = np.array([spec.at(unit[:, i]) for i, spec in enumerate(specs)]).reshape(len(specs), count).T
    factors = factors_of(choice, specs, values)
    npv, grown = np.empty((len(plans), count)), np.empty((len(plans), count))
    for i, plan in enumerate(plans):
        priced = price_plan(choice, plan, factors)
        npv[i], grown[i] = priced.npv, priced.grown
        if on_step is not None:
            on_step()
    every = range(len(plans)) if candidates is None else candidates
    return Futures(specs=specs, factors=values, npv=npv, grown=grown, candidates=tuple(every), alike=alike(plans))


def drivers(
    choice: Choice, plans: Sequence[Solved], *, first: int = 0, candidates: Sequence[int] | None = None
) -> tuple[Driver, ...]:
    """Vary one input at a time and return what a plan saves against the best other way, most influential first.

    Where there is no other way (:func:`kit.strategy.rivals.differs`), nothing is saved and nothing switches.

    Nothing here says what knowing an input is worth: that takes the futures (:mod:`kit.strategy.information`).

    Args:
        choice: the options and terms.
        plans: the plans to compare.
        first: the plan that saves.
        candidates: the plans that may be recommended; all by default.
    """
    compared = [plans[first], *(plans[i] for i in rivals(plans, first=first, candidates=candidates))]
    specs = drivers_of(choice, plans)
    points = [np.concatenate([[spec.low, spec.high], spec.grid()]) for spec in specs]
    values = np.tile([spec.taken for spec in specs], (sum(map(len, points)), 1))
    starts = np.cumsum([0, *map(len, points)])
    for column, (begin, one) in enumerate(zip(starts, points, strict=False)):
        values[begin : begin + len(one), column] = one
    factors = factors_of(choice, specs, values)
    saving = _saving(np.array([price_plan(choice, plan, factors).npv for plan in compared]))
    found = []
    for spec, begin, one in zip(specs, starts, points, strict=False):
        mine = saving[begin : begin + len(one)]
        found.append(
            Driver(
                name=spec.name,
                additive=spec.additive,
                basis=spec.basis,
                low=spec.low,
                high=spec.high,
                saving_low=float(mine[0]),
                saving_high=float(mine[1]),
                switches_at=_switch(spec, mine[2:]),
            )
        )
    return tuple(sorted(found, key=lambda driver: -abs(driver.saving_high - driver.saving_low)))


def recommend(
    expected: Floats,
    regret_p95: Floats,
    base_npv: Floats,
    accepted_share: float,
    *,
    candidates: Sequence[int] | None = None,
) -> int:
    """Return the plan to recommend: the least expected cost among those whose regret the client accepts.

    That is a 95th percentile of regret of at most ``accepted_share × base_npv``; if no plan keeps to it, the one with
    the least. Of plans that are equal the first is taken.

    Args:
        expected: mean cost, (plans,).
        regret_p95: 95th percentile of regret, (plans,).
        base_npv: cost where all is as taken, (plans,).
        accepted_share: of that cost.
        candidates: the plans that may be recommended; all by default.

    Raises:
        PlanError: no candidate.
    """
    every = list(range(len(expected)) if candidates is None else candidates)
    if not every:
        raise PlanError("no plan keeps to the rules, so none can be recommended")
    accepted = [i for i in every if regret_p95[i] <= accepted_share * abs(base_npv[i])]
    if accepted:
        return min(accepted, key=lambda i: float(expected[i]))
    return min(every, key=lambda i: float(regret_p95[i]))


def certainty(futures: Futures, base_npv: float, *, first: int = 0) -> Certainty:
    """Return how sure it is that a plan is the right one, by :func:`certainty_rule`."""
    share, regret = float(futures.p_cheapest[first]), float(futures.regret_p95[first])
    if share >= ROBUST_SHARE and regret <= REGRET_SHARE * base_npv:
        return Certainty.ROBUST
    return Certainty.LEANING if share >= LEANING_SHARE else Certainty.TOO_CLOSE


def certainty_rule() -> str:
    """Return the rule in words."""
    return say(
        "robust: cheapest in at least {robust} of the futures and a 95th percentile of regret of at most {regret} of "
        "its cost; leaning: cheapest in at least {leaning}; else too close to call",
        robust=percent(ROBUST_SHARE),
        regret=percent(REGRET_SHARE),
        leaning=percent(LEANING_SHARE),
    )


def _saving(npv: Floats) -> Floats:
    saving: Floats = npv[1:].min(axis=0) - npv[0] if len(npv) > 1 else np.zeros(npv.shape[1])
    return saving


def _switch(spec: Spec, saving: Floats) -> float | None:
    """Return the value nearest to what was taken at which the saving changes its sign, interpolated."""
    grid = spec.grid()
    scale = grid if spec.additive else np.log(grid)
    negative = saving < 0
    changes = np.flatnonzero(negative[1:] != negative[:-1])
    if not len(changes):
        return None
    at = [scale[i] + saving[i] / (saving[i] - saving[i + 1]) * (scale[i + 1] - scale[i]) for i in changes]
    nearest = float(min(at, key=abs))
    return nearest if spec.additive else float(np.exp(nearest))


def _level(
    name: str, moves: Moves, key: str, bases: Sequence[Basis], *, spread: float | None = None, which: str = ""
) -> Spec:
    basis = worst(bases)
    high = 1 + (SPREAD[basis] if spread is None else spread)
    return Spec(name=name, moves=moves, key=key, basis=basis, low=1 / high, high=high, which=which)


def _change(name: str, moves: Moves, key: str, bases: Sequence[Basis]) -> Spec:
    basis = worst(bases)
    return Spec(name=name, moves=moves, key=key, basis=basis, low=-CHANGE_SPREAD[basis], high=CHANGE_SPREAD[basis])


def _used(choice: Choice, plans: Sequence[Solved], place: Place) -> list[tuple[int, Pool]]:
    """Return the pools of a place that any plan uses, with their numbers."""
    return [
        (p, pool)
        for p, pool in enumerate(choice.pools)
        if pool.place is place and any(plan.plan.used[p] for plan in plans)
    ]


def _years(choice: Choice) -> int:
    """Return the phases in which plans are priced."""
    return len(choice.phases) if len(choice.phases) > 1 else len(phases_of(choice.terms, changing=True))


def _demand(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    pairs = list(zip(choice.workloads, choice.demand.workloads, strict=True))
    for workload, item in pairs:
        key = f"workloads.{workload.name}.requests_per_day"
        basis = item.requests_per_day.basis
        name = say("volume of {workload}", workload=workload.name)
        yield _level(name, Moves.VOLUME, key, [basis], which=workload.name)
    known = [workload.growth_per_year or item.growth_per_year for workload, item in pairs]
    if plans and _years(choice) > 1:
        # Volumes that nobody said anything of are taken to stay, which is an assumption.
        bases = [Basis.ASSUMED if figure is None else figure.basis for figure in known]
        name = next((w.name for (w, _), figure in zip(pairs, known, strict=True) if figure), pairs[0][0].name)
        yield _change(say("growth of all volumes per year"), Moves.GROWTH, f"workloads.{name}.growth_per_year", bases)


def _speed(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    seen = set()
    for place in (Place.OWN, Place.RENTED):
        for _, pool in _used(choice, plans, place):
            profile = pool.profile
            if profile.name not in seen:
                seen.add(profile.name)
                name = say(
                    "throughput of {model} on {machine} ({profile})",
                    model=profile.model.name,
                    machine=pool.machine,
                    profile=profile.name,
                )
                key = f"profiles.{profile.name}"
                yield _level(name, Moves.SPEED, key, [profile.basis], which=profile.name)


def _api(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    bases, keys = [], []
    for solved in plans:
        calls = solved.plan.flow_api.sum(axis=(0, 3))
        price = solved.problem.api_price[0]
        for w, workload in enumerate(choice.workloads):
            if np.isnan(price[w]).all():
                continue
            # Work that a pool serves overflows to the cheapest.
            for a in np.flatnonzero(calls[w]).tolist() or [int(np.nanargmin(price[w]))]:
                api = choice.apis[a]
                bases.append(api.price_per_request[workload.name].basis)
                keys.append(f"prices.{api.offer.provider}.{api.offer.model}.input")
    if not bases:
        return
    yield _level(say("API prices today"), Moves.API_PRICE, keys[0], bases)
    if _years(choice) > 1:
        change = choice.terms.api_price_change_per_year
        key = "money.api_price_change_per_year"
        yield _change(say("change of API prices per year"), Moves.API_PRICE_CHANGE, key, [change.basis])


def _rents(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    used = _used(choice, plans, Place.RENTED)
    if not used:
        return
    pool = used[0][1]
    key = pool.price_key
    yield _level(say("GPU rents today"), Moves.RENT, key, [pool.price.basis for _, pool in used])
    # A price that is agreed for the whole horizon does not change.
    years = _years(choice)
    if years > 1 and any(lasts(pool, choice.phases) < years for _, pool in used):
        change = choice.terms.rent_change_per_year
        yield _change(
            say("change of GPU rents per year"), Moves.RENT_CHANGE, "money.rent_change_per_year", [change.basis]
        )


def _owned(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    terms = choice.terms
    used = [(pool, replica_cost(pool, terms)) for _, pool in _used(choice, plans, Place.OWN)]
    bought = [pool for pool, cost in used if cost.capex > 0]
    if bought:
        # The server around the accelerators is a share of the price, and as uncertain only in that part of it.
        server = terms.server_overhead_share
        card = worst([pool.price.basis for pool in bought])
        spread = (SPREAD[card] + server.value * SPREAD[server.basis]) / (1 + server.value)
        key = bought[0].price_key
        yield _level(say("GPU purchase prices"), Moves.PURCHASE, key, [card, server.basis], spread=spread)
        if terms.residual_share.value > 0:
            yield _level(say("resale value"), Moves.RESALE, "money.residual_share", [terms.residual_share.basis])
    if any(cost.energy + cost.space > 0 for _, cost in used):
        power = [pool.power_w.basis for pool, _ in used if pool.power_w]
        electricity = worst([terms.electricity_price_per_kwh.basis, terms.pue.basis, *power])
        space = worst([terms.colocation_per_kw_month.basis, *power])
        energy_sum, space_sum = (sum(getattr(cost, name) for _, cost in used) for name in ("energy", "space"))
        spread = (energy_sum * SPREAD[electricity] + space_sum * SPREAD[space]) / (energy_sum + space_sum)
        bases = [basis for basis, total in ((electricity, energy_sum), (space, space_sum)) if total > 0]
        key = "money.electricity_price_per_kwh" if energy_sum else "money.colocation_per_kw_month"
        yield _level(say("energy and space"), Moves.ENERGY_AND_SPACE, key, bases, spread=spread)


def _staff(choice: Choice, plans: Sequence[Solved]) -> Iterator[Spec]:
    terms = choice.terms
    figures = []
    if _used(choice, plans, Place.OWN):
        figures.append(("staff_fte_own", terms.staff_fte_own))
    if _used(choice, plans, Place.RENTED):
        figures.append(("staff_fte_rented", terms.staff_fte_rented))
    if any(plan.plan.flow_api.any() for plan in plans):
        figures.append(("staff_fte_api", terms.staff_fte_api))
    figures = [(name, figure) for name, figure in figures if figure.value > 0]
    if figures and terms.staff_cost_per_year.value > 0:
        bases = [terms.staff_cost_per_year.basis, *(figure.basis for _, figure in figures)]
        yield _level(say("staff"), Moves.STAFF, f"money.{figures[0][0]}", bases)
