"""What a plan costs when volumes, speeds and prices are other than it was made for.

A plan keeps its replicas; in each future the hours are dispatched anew. A workload stays with the pools that serve it
in the plan, one after the other: what one cannot take goes to the next, and from the last to the API. Within a pool the
hour goes first to work that has no other place, then to the work that is dearest at its API per second of a replica.
Work that may go nowhere else makes its last pool grow by whole replicas.

How much of the first k workloads a pool can serve is a maximum flow, and its minimum cut has a closed form, so that no
schedule is ever made. With c(h) the replicas that are on, D(h) the load of the first k at hour h and E that of their
work that may wait within its day, in replica-hours,

    served = min( Σ_h c,  E + Σ_h min(c, D) )

and with work N that has to fit on c′(h) = c(h) − spare beside the other work O

    served = min( Σ_h c,  E_O + Σ_h min(c, c′ + D_O),  E_O + E_N + Σ_h min(c, D_O + min(c′, D_N)) ).

The k-th workload gets what the first k get beyond the first k − 1. For one pool this greedy dispatch is optimal, since
what it can serve is a polymatroid (J. Edmonds, Submodular functions, matroids, and certain polyhedra, 1970). Where
several pools share a workload it is a heuristic, and costs no less than the best dispatch: the cheapest of up to four
orders is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, Place
from kit.strategy.choice import Choice, Solved, growth_of
from kit.strategy.costs import Phase, lasts, phases_of, start_parts, worth
from kit.strategy.problem import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Flags, Floats, Integers, Plan, Problem, blocks

CELLS = 20_000
"""Futures × hours that are dispatched together: what stays in the processor's cache."""

TRIALS = (0.7, 0.85, 1.0, 1.15, 1.4)
"""Volumes at which orders of dispatch are tried."""

LITTLE = 1e-6
"""Share of a workload, or of a replica, that counts as nothing: the solver's tolerance."""

LEAST = 0.05
"""A yearly change takes no more than nearly all: ``1 + change`` stays at least this."""


@dataclass(frozen=True)
class Factors:
    """S futures: what is other than taken. Factors are 1, and yearly changes 0, where all is as taken.

    Attributes:
        volume: on the requests of each workload, (S, W).
        speed: on the requests that a replica of each pool can serve, (S, P).
        growth: added to the relative yearly change of all requests, (S,).
        api_price: on all API prices, (S,).
        api_price_change: added to their relative yearly change, (S,).
        rent: on all rents, (S,).
        rent_change: added to their relative yearly change, (S,).
        purchase: on the price of owned accelerators with their servers, and on their maintenance, (S,).
        resale: on the share of it that they are worth at the end of the horizon, (S,); that is never above 1.
        energy_and_space: on electricity and space, (S,).
        staff: on what people cost, for running as for moving, (S,).
    """

    volume: Floats
    speed: Floats
    growth: Floats
    api_price: Floats
    api_price_change: Floats
    rent: Floats
    rent_change: Floats
    purchase: Floats
    resale: Floats
    energy_and_space: Floats
    staff: Floats

    def __len__(self) -> int:
        return len(self.volume)

    def part(self, which: slice) -> Factors:
        """Return some of the futures."""
        return Factors(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


@dataclass(frozen=True)
class Priced:
    """A plan in S futures.

    Attributes:
        npv: net present value of all cash out, engagement's currency, (S,).
        grown: most replicas that are on beyond those of the plan, (S,); also beyond what is on offer.
    """

    npv: Floats
    grown: Floats


def as_taken(choice: Choice, count: int = 1) -> Factors:
    """Return futures in which all is as taken."""
    _, workloads, pools, _, _ = choice.problem.shape
    one, none = np.ones(count), np.zeros(count)
    return Factors(
        volume=np.ones((count, workloads)),
        speed=np.ones((count, pools)),
        growth=none,
        api_price=one,
        api_price_change=none,
        rent=one,
        rent_change=none,
        purchase=one,
        resale=one,
        energy_and_space=one,
        staff=one,
    )


def price_plan(choice: Choice, solved: Solved, factors: Factors) -> Priced:
    """Return what a plan costs in each future.

    Where all is as taken that is the cost of the plan itself. A plan of one phase is priced year by year, since volumes
    and prices may change in a future though they do not in the plan. Growth is not held to what is on offer: a future
    without enough machines is priced as though they could be had.

    Args:
        choice: the options and terms.
        solved: the plan.
        factors: the futures.
    """
    order = pool_order(solved.problem, solved.plan)
    setting = _setting(choice, solved, order)
    ways = [(setting, False)]
    shared = [w for chains in setting.chains for w, chain in enumerate(chains) if len(chain) > 1]
    if shared:
        # No greedy order is best for pools that share work: whichever is cheapest in a future counts there.
        settings = (setting, _setting(choice, solved, order[::-1]))
        lates = (False, True) if solved.problem.deferrable[shared].any() else (False,)
        ways = _worthwhile([(one, late) for one in settings for late in lates])
    npv, grown = _kept(setting, factors), np.zeros(len(factors))
    chunk = max(1, CELLS // max(grid.block.size for grid in setting.grids))
    for first in range(0, len(factors), chunk):
        here = slice(first, first + chunk)
        part = factors.part(here)
        found = [_Dispatch(one, part, late=late).run() for one, late in ways]
        least = np.argmin([cost for cost, _ in found], axis=0)
        npv[here] += np.choose(least, [cost for cost, _ in found])
        grown[here] = np.choose(least, [more for _, more in found])
    return Priced(npv=npv, grown=grown)


def _worthwhile(ways: list[tuple[_Setting, bool]]) -> list[tuple[_Setting, bool]]:
    """Return the ways of dispatching that are cheapest at any of some volumes, all else as taken."""
    taken = as_taken(ways[0][0].choice, len(TRIALS))
    trial = replace(taken, volume=taken.volume * np.array(TRIALS)[:, None])
    costs = np.array([_Dispatch(setting, trial, late=late).run()[0] for setting, late in ways])
    least = costs.min(axis=0)
    good = costs <= least + LITTLE * np.abs(least)
    keep: list[int] = []
    while not good[keep].any(axis=0).all():
        # The one that is good at most of the volumes at which none of the others is.
        keep.append(int((good & ~good[keep].any(axis=0)).sum(axis=1).argmax()))
    return [ways[i] for i in keep]


def pool_order(problem: Problem, plan: Plan) -> list[int]:
    """Return the pools that a plan uses: those that stay on first, and among them those that serve most."""
    served = np.einsum("ywph,wp->p", plan.flow_pool, np.nan_to_num(problem.seconds))
    return sorted(np.flatnonzero(plan.used).tolist(), key=lambda p: (bool(problem.by_hour[p]), -served[p], p))


@dataclass(frozen=True)
class _Grid:
    """The hours of a phase, those that are alike once: U days, or hours where nothing waits, of so many hours each.

    Attributes:
        count: how many of each a week has, (U,).
        requests: per hour, (W, U, span).
        running: replicas, (P, U, span).
        block: of switching, (U, span).
    """

    count: Floats
    requests: Floats
    running: Floats
    block: Integers


@dataclass(frozen=True)
class _Setting:
    """What is the same in all futures of a plan.

    Attributes:
        choice, problem, plan: as solved.
        phases: in which the plan is priced, at least one for each year.
        of: the plan's own phase of each, (Y,).
        months: what one a month throughout each is worth today, (Y,).
        growth: yearly change of the requests, (W,).
        chains: by own phase and workload, the pools that serve it, in turn.
        order: all pools in use, in turn.
        grids: by own phase.
        price: what a request costs at the API, by own phase and workload, 0 where there is none.
        open: whether a workload may use an API, (W,).
        parts: by pool in use, what a replica begun in each phase costs.
    """

    choice: Choice
    problem: Problem
    plan: Plan
    phases: tuple[Phase, ...]
    of: Integers
    months: Floats
    growth: Floats
    chains: list[list[list[int]]]
    order: list[int]
    grids: list[_Grid]
    price: Floats
    open: Flags
    parts: dict[int, dict[str, Floats]]


def _setting(choice: Choice, solved: Solved, order: list[int]) -> _Setting:
    problem, plan = solved.problem, solved.plan
    own = len(choice.phases)
    phases = choice.phases if own > 1 else phases_of(choice.terms, changing=True)
    chains = [_chains(problem, plan, y, order) for y in range(own)]
    return _Setting(
        choice=choice,
        problem=problem,
        plan=plan,
        phases=phases,
        of=np.arange(own) if own > 1 else np.zeros(len(phases), dtype=np.int64),
        months=worth(phases, choice.terms),
        growth=growth_of(choice.engagement, choice.demand),
        chains=chains,
        order=order,
        grids=[_grid(problem, plan, y, chains[y]) for y in range(own)],
        price=_paid(problem, plan),
        open=problem.api_open,
        parts={p: start_parts(choice.pools[p], choice.terms, phases) for p in order},
    )


def _chains(problem: Problem, plan: Plan, y: int, order: Sequence[int]) -> list[list[int]]:
    served, wanted = plan.flow_pool[y].sum(axis=2), problem.requests[y].sum(axis=1)
    return [[p for p in order if served[w, p] > LITTLE * wanted[w]] for w in range(len(wanted))]


def _paid(problem: Problem, plan: Plan) -> Floats:
    """Return the price of a request at the APIs that the plan calls, (Y, W); where it calls none, at the cheapest."""
    cheapest = np.min(np.where(np.isnan(problem.api_price), np.inf, problem.api_price), axis=2, initial=np.inf)
    calls = plan.flow_api.sum(axis=3)
    total = calls.sum(axis=2)
    mean = (calls * np.nan_to_num(problem.api_price)).sum(axis=2) / np.where(total > 0, total, 1.0)
    # Limits on the whole may make a plan call a dearer one too.
    paid: Floats = np.where(total > LITTLE * problem.requests.sum(axis=2), mean, cheapest)
    return np.where(np.isfinite(paid), paid, 0.0)


def _grid(problem: Problem, plan: Plan, y: int, chains: list[list[int]]) -> _Grid:
    members = [w for w, chain in enumerate(chains) if chain]
    span = HOURS_OF_DAY if problem.deferrable[members].any() else 1
    requests, running = problem.requests[y], plan.running[y].astype(np.float64)
    switched = (blocks() if problem.by_hour[plan.used].any() else np.zeros(HOURS_OF_WEEK))[None]
    every = np.concatenate([requests[members], running[plan.used], switched]).reshape(-1, HOURS_OF_WEEK // span, span)
    keys = every.transpose(1, 0, 2).reshape(HOURS_OF_WEEK // span, -1)
    first, count = _alike(keys)
    return _Grid(
        count=count,
        requests=requests.reshape(len(requests), -1, span)[:, first],
        # Without pools there is no length to infer.
        running=running.reshape(len(running), HOURS_OF_WEEK // span, span)[:, first],
        block=blocks().reshape(-1, span)[first],
    )


def _alike(rows: Floats) -> tuple[Integers, Floats]:
    """Return where each row stands first, and how often there is one like it."""
    # By their bytes: numpy's unique rows take twenty times as long, and this is done for each plan that is priced.
    seen: dict[bytes, list[int]] = {}
    for i, row in enumerate(np.ascontiguousarray(rows)):
        seen.setdefault(row.tobytes(), [i, 0])[1] += 1
    first, count = np.array([*seen.values()]).T
    return first, count.astype(np.float64)


def _kept(setting: _Setting, factors: Factors) -> Floats:
    """Return what does not depend on the dispatch, (S,): the plan's own replicas, people at them, moves."""
    choice, problem, plan = setting.choice, setting.problem, setting.plan
    cost = np.zeros(len(factors))
    for p in setting.order:
        if problem.by_hour[p]:
            on = plan.running[setting.of, p].mean(axis=1)
            for phase in np.flatnonzero(on):
                cost += on[phase] * _unit(setting, p, int(phase), factors)
            continue
        parts = setting.parts[p]
        if len(choice.phases) != len(setting.phases):
            # Begun in the one phase of the plan, and paid as there.
            parts = start_parts(choice.pools[p], choice.terms, choice.phases)
        for start in np.flatnonzero(plan.starts[p]):
            cost += plan.starts[p, start] * _unit(setting, p, int(start), factors, parts)
    for y, own in enumerate(setting.of):
        places = {problem.pool_place[p] for p in setting.order if plan.running[own, p].any()}
        for place in places:
            cost += _people(setting, place, factors) * setting.months[y]
    moved = [any(setting.chains[own][w] for own in range(len(setting.chains))) for w in range(len(problem.deferrable))]
    cost += problem.move_cost[moved].sum() * factors.staff
    return cost


def _people(setting: _Setting, place: Place, factors: Factors) -> Floats:
    """Return people and link per month, (S,); only people cost more or less."""
    cost = setting.problem.staff_cost.get(place, 0.0)
    link = min(setting.choice.terms.network_cost_per_month.value, cost) if place is Place.RENTED else 0.0
    return (cost - link) * factors.staff + link


def _changed(taken: float | Floats, change: Floats, years: float) -> Floats:
    """Return the factor after some years of another yearly change than was taken: ``((1 + g + δ) ÷ (1 + g))^years``."""
    factor: Floats = (np.maximum(1 + taken + change, LEAST) / np.maximum(1 + np.asarray(taken), LEAST)) ** years
    return factor


def _unit(setting: _Setting, p: int, z: int, factors: Factors, parts: dict[str, Floats] | None = None) -> Floats:
    """Return the cost of one replica of a pool begun in a phase, or had throughout it, (S,)."""
    part = {name: values[z] for name, values in (parts or setting.parts[p]).items()}
    terms, phase = setting.choice.terms, setting.phases[z]
    # Worth 1 − (1 − share) × age of its price at the end of the horizon, with age 1 if bought at its start.
    share, age = terms.residual_share.value, (terms.months - phase.first_month) / terms.months
    left = 1 - (1 - share) * age
    worth_left = (1 - (1 - np.minimum(share * factors.resale, 1.0)) * age) / left if left > 0 else 0.0
    rent = factors.rent * _changed(terms.rent_change_per_year.value, factors.rent_change, phase.years_on)
    cost: Floats = (
        factors.purchase * (part["capex"] + part["maintenance"] + part["residual"] * worth_left)
        + factors.energy_and_space * part["energy_and_space"]
        + factors.staff * part["staff"]
        + rent * part["rent"]
    )
    return cost


class _Dispatch:
    """Some futures of a plan, pool after pool; loads are in replicas, of work that waits in replica-hours a day.

    Args:
        setting: the plan.
        factors: the futures.
        late: work that may wait and has a further pool comes last in all before it.
    """

    def __init__(self, setting: _Setting, factors: Factors, *, late: bool = False) -> None:
        self.setting, self.factors, self.late = setting, factors, late
        self.problem = setting.problem
        self.cost = np.zeros(len(factors))
        self.grown = np.zeros(len(factors))
        self.calls = np.zeros((len(factors), len(setting.of)), dtype=bool)
        # Requests that a pool has handed on, by phase and workload.
        self.handed: dict[tuple[int, int], Floats] = {}

    def run(self) -> tuple[Floats, Floats]:
        """Return bills, growth and people at the API, (S,), and the most replicas beyond the plan's, (S,)."""
        setting = self.setting
        for y, own in enumerate(setting.of):
            for w, chain in enumerate(setting.chains[own]):
                if not chain:
                    self._bill(y, w, self.problem.requests[own, w].sum() * self._volume(y, w))
        for p in setting.order:
            extra = self._grow(p)
            for y in range(len(setting.of)):
                self._serve(p, y, extra[y])
        staff = _people(setting, Place.API, self.factors)
        self.cost += staff * (self.calls @ setting.months)
        return self.cost, self.grown

    def _volume(self, y: int, w: int) -> Floats:
        growth = _changed(self.setting.growth[w], self.factors.growth, self.setting.phases[y].years_on)
        volume: Floats = self.factors.volume[:, w] * growth
        return volume

    def _bill(self, y: int, w: int, requests: Floats) -> None:
        """Add what an API takes for requests a week, (S,)."""
        own = self.setting.of[y]
        self.calls[:, y] |= requests > LITTLE * self.problem.requests[own, w].sum()
        taken = self.setting.choice.terms.api_price_change_per_year.value
        change = _changed(taken, self.factors.api_price_change, self.setting.phases[y].years_on)
        price = self.setting.price[own, w] * self.factors.api_price * change
        self.cost += requests * price * WEEKS_PER_MONTH * self.setting.months[y]

    def _load(self, p: int, y: int, w: int) -> Floats:
        """Return the load of a workload on a pool: (S, U, span), or (S, U) where it waits."""
        per_request = self.problem.seconds[w, p] / SECONDS_PER_HOUR / self.factors.speed[:, p]
        if (y, w) in self.handed:
            given = self.handed[y, w]
            handed: Floats = given * per_request.reshape(-1, *[1] * (given.ndim - 1))
            return handed
        asked = self.setting.grids[self.setting.of[y]].requests[w]
        if self.problem.deferrable[w]:
            asked = asked.sum(axis=1)
        load: Floats = np.multiply.outer(self._volume(y, w) * per_request, asked)
        return load

    def _members(self, p: int, y: int) -> list[int]:
        """Return the workloads of a pool, first served first."""
        chains = self.setting.chains[self.setting.of[y]]
        return sorted((w for w, chain in enumerate(chains) if p in chain), key=lambda w: self._turn(p, y, w))

    def _turn(self, p: int, y: int, w: int) -> tuple[int, float]:
        own, seconds = self.setting.of[y], self.problem.seconds[w]
        if self._ends(p, y, w):
            return 0, float(not self.problem.needs_spare[w])
        if not self.setting.open[w]:
            # What the next pool is slowest at, beside this one, stays.
            chain = self.setting.chains[own][w]
            return 1, -float(seconds[chain[chain.index(p) + 1]] / seconds[p])
        last = self.late and self.problem.deferrable[w] and self.setting.chains[own][w][-1] != p
        return 3 if last else 2, -float(self.setting.price[own, w] / seconds[p])

    def _ends(self, p: int, y: int, w: int) -> bool:
        """Whether work can go nowhere from here, so that the pool has to grow with it."""
        return not self.setting.open[w] and self.setting.chains[self.setting.of[y]][w][-1] == p

    def _grow(self, p: int) -> list[Floats]:
        """Return the replicas beyond the plan's in each phase, by switching block or (S, 1), and add their cost."""
        setting = self.setting
        years = range(len(setting.of))
        need = [self._need(p, y) for y in years]
        extra = [np.zeros_like(found) for found in need]
        if not any(found.any() for found in need):
            return extra
        if self.problem.by_hour[p]:
            hours = np.bincount(blocks()) / HOURS_OF_WEEK
            for y in years:
                self.cost += need[y] @ hours * _unit(setting, p, y, self.factors)
            extra = need
        else:
            stay = lasts(setting.choice.pools[p], setting.phases)
            costs = sum(setting.parts[p].values())
            latest = int(np.flatnonzero(np.isfinite(costs)).max(initial=0))
            for y in years:
                more = np.maximum(need[y] - extra[y], 0)
                # A term that would outlast the horizon is begun earlier.
                z = min(y, latest)
                if more.any():
                    self.cost += more[:, 0] * _unit(setting, p, z, self.factors)
                for later in range(z, min(z + stay, len(years))):
                    extra[later] = extra[later] + more
        self.grown = np.maximum(self.grown, np.max([found.max(axis=1) for found in extra], axis=0))
        return extra

    def _need(self, p: int, y: int) -> Floats:
        """Return the replicas by which a pool has to grow in a phase, by switching block, (S, 8), or (S, 1)."""
        grid = self.setting.grids[self.setting.of[y]]
        groups = int(blocks().max()) + 1 if self.problem.by_hour[p] else 1
        need = np.zeros((len(self.factors), groups))
        stuck = [w for w in self._members(p, y) if self._ends(p, y, w)]
        if not stuck:
            return need
        running, spare = grid.running[p], float(self.problem.spare[p])
        at_once, waits = self._loads(p, y, stuck)
        careful = [w for w in stuck if self.problem.needs_spare[w]] if spare else []
        at_once_n, waits_n = (at_once, waits) if careful == stuck else self._loads(p, y, careful)
        short = at_once - running
        if careful:
            short = np.maximum(short, np.where(at_once_n > LITTLE, at_once_n - (running - spare), 0))
        for g in range(groups):
            here = grid.block == g if groups > 1 else np.ones_like(grid.block, dtype=bool)
            if here.any():
                need[:, g] = np.ceil(np.maximum(short[:, here].max(axis=1), 0) - LITTLE)
        if self.problem.deferrable[stuck].any():
            on = running + _spread(need, grid)
            missing = (at_once.sum(axis=2) + waits - on.sum(axis=2)).max(axis=1)
            if careful:
                room = np.minimum(on - (at_once - at_once_n), np.maximum(on - spare, 0)).sum(axis=2)
                missing = np.maximum(missing, (at_once_n.sum(axis=2) + waits_n - room).max(axis=1))
            need += np.ceil(np.maximum(missing / HOURS_OF_DAY, 0) - LITTLE)[:, None]
        return need

    def _loads(self, p: int, y: int, workloads: Sequence[int]) -> tuple[Floats, Floats]:
        """Return the loads of some workloads together: at once, (S, U, span), and of what waits, (S, U)."""
        grid = self.setting.grids[self.setting.of[y]]
        at_once, waits = (
            np.zeros((len(self.factors), *grid.block.shape)),
            np.zeros((len(self.factors), len(grid.count))),
        )
        for w in workloads:
            if self.problem.deferrable[w]:
                waits += self._load(p, y, w)
            else:
                at_once += self._load(p, y, w)
        return at_once, waits

    def _serve(self, p: int, y: int, extra: Floats) -> None:
        """Let a pool serve what it can in a phase; hand the rest on, or bill it."""
        members = self._members(p, y)
        grid, spare = self.setting.grids[self.setting.of[y]], float(self.problem.spare[p])
        on = grid.running[p][None] + (_spread(extra, grid) if extra.any() else 0.0)
        careful = {w for w in members if self.problem.needs_spare[w]} if spare else set()
        if len(careful) == len(members) and careful:
            on, careful = np.maximum(on - spare, 0), set()
        elif all(self._ends(p, y, w) and not self.problem.deferrable[w] for w in careful):
            # The pool has grown until they fit beside the spare replicas.
            careful = set()
        room = _Room(on, np.maximum(on - spare, 0) if careful else None, len(self.factors))
        for w in members:
            waits, here = bool(self.problem.deferrable[w]), self._load(p, y, w)
            if self._ends(p, y, w):
                room.fill(here, waits=waits, careful=w in careful)
                continue
            chain = self.setting.chains[self.setting.of[y]][w]
            before = room.flow() if p != chain[-1] and not waits else None
            wanted = here if waits else here.sum(axis=2)
            over = np.clip(wanted - room.take(here, waits=waits, careful=w in careful), 0, None)
            requests = self.factors.speed[:, p] * SECONDS_PER_HOUR / self.problem.seconds[w, p]
            if p == chain[-1]:
                self._bill(y, w, over @ grid.count * requests)
            elif before is None:
                self.handed[y, w] = over * requests[:, None]
            else:
                taken = room.flow() - before
                # Of what has to make room for work that waits, each hour gives up the same share.
                stays = np.divide(wanted - over, taken.sum(axis=2), out=np.zeros_like(over), where=wanted > over)
                left = here - taken * np.minimum(stays, 1)[..., None]
                self.handed[y, w] = np.clip(left, 0, None) * requests[:, None, None]


class _Room:
    """What a pool can serve, workload after workload.

    Args:
        on: replicas, (S or 1, U, span).
        left: those that are left when the spare ones have failed, the same shape; ``None`` if it makes no difference.
        count: S.
    """

    def __init__(self, on: Floats, left: Floats | None, count: int) -> None:
        self.on, self.left = on, left
        self.all = on.sum(axis=2)
        shape = (count, *on.shape[1:])
        self.other, self.other_waits = np.zeros(shape), np.zeros(shape[:2])
        self.careful = np.zeros(shape) if left is not None else None
        self.careful_waits = np.zeros(shape[:2]) if left is not None else None
        self.served = np.zeros(shape[:2])
        self.known: Floats | None = None

    def fill(self, load: Floats, *, waits: bool, careful: bool) -> None:
        """Let in work that is known to fit."""
        self._add(load, waits=waits, careful=careful)
        self.served = self.served + (load if waits else load.sum(axis=2))

    def take(self, load: Floats, *, waits: bool, careful: bool) -> Floats:
        """Let in work as far as it fits, and return how much of it does, (S, U)."""
        self._add(load, waits=waits, careful=careful)
        now = np.minimum(self.all, self.other_waits + self._waits() + self.flow().sum(axis=2))
        if self.left is not None and self.careful_waits is not None and self.careful_waits.any():
            beside = np.minimum(self.on, self.left + self.other).sum(axis=2)
            now = np.minimum(now, self.other_waits + beside)
        taken: Floats = now - self.served
        self.served = now
        return taken

    def flow(self) -> Floats:
        """Return what would be served of the work that does not wait if there were no other, (S, U, span)."""
        if self.known is None:
            if self.left is None or self.careful is None:
                self.known = np.minimum(self.on, self.other)
            else:
                self.known = np.minimum(self.on, self.other + np.minimum(self.left, self.careful))
        return self.known

    def _waits(self) -> Floats | float:
        return 0.0 if self.careful_waits is None else self.careful_waits

    def _add(self, load: Floats, *, waits: bool, careful: bool) -> None:
        if not waits:
            self.known = None
        if careful and self.careful is not None and self.careful_waits is not None:
            if waits:
                self.careful_waits += load
            else:
                self.careful += load
        elif waits:
            self.other_waits += load
        else:
            self.other += load


def _spread(extra: Floats, grid: _Grid) -> Floats:
    """Return replicas by hour from those by switching block, (S, U, span)."""
    if extra.shape[1] == 1:
        return np.repeat(np.repeat(extra[:, :, None], grid.block.shape[0], axis=1), grid.block.shape[1], axis=2)
    spread: Floats = extra[:, grid.block]
    return spread
