"""The plan of a scenario, at once: near the best, without proof; and the same settled, when there is time.

At once, only the recommended plan is looked for anew, beginning with the last one, for a fraction of a second
(:func:`kit.strategy.plan.glance`). The others keep the machines that they had when they were last settled, and are
priced with them at what is asked now, with more of them where they do not suffice. What the gates and the simulation of
busy hours say is kept while it does not change: a volume moves them little, and is put right when the scenario is
settled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kit.demand.record import Demand
from kit.errors import PlanError
from kit.profiler.profile import HardwareProfile
from kit.strategy import headline, reasons
from kit.strategy.changes import left, new_work, switched
from kit.strategy.choice import LABELS, Choice, Sieve, Solved, kinds, restrict, sift, solve_kind, weigh
from kit.strategy.dispatch import as_taken, price_plan
from kit.strategy.options import Api, Pool, apis, pools
from kit.strategy.placing import Going, goings_of, pools_of
from kit.strategy.plan import glance
from kit.strategy.plans import assess
from kit.strategy.problem import Floats, Plan
from kit.strategy.rivals import rivals
from kit.strategy.scenario import Base, Scenario, applied
from kit.strategy.solver import Bases
from kit.strategy.terms import Terms, resolve
from kit.strategy.uncertainty import SAMPLES
from kit.strategy.verdict import Certainty, StrategyKind
from kit.strategy.verdict import Pool as Machines

FIRST = 0.0
"""Seconds for a plan that has none to begin with: as long as a first one takes."""

MOST = 3.0
"""Volumes are shown up to this many times the base's, or a little above what is asked."""

STEPS = 25
"""Volumes at which each plan is priced."""

MOST_RULES = 20
"""Sets of rules whose gates are kept."""

_MONEY = ("money", "limits", "risk", "document", "client", "title", "usd_per_unit")
"""Parts of an engagement that neither gates nor capacities depend on; only the horizon of the money does."""


@dataclass(frozen=True)
class Costed:
    """A plan with what it costs.

    Attributes:
        kind: which.
        label: its name.
        npv: net present value, engagement's currency.
        cost_per_month: levelised.
        exceptions: workloads that cannot follow it, each with the reason.
        by_volume: cost per month at each of the look's volumes.
    """

    kind: StrategyKind
    label: str
    npv: float
    cost_per_month: float
    exceptions: tuple[str, ...]
    by_volume: tuple[float, ...]


@dataclass(frozen=True)
class Look:
    """What is seen of a scenario.

    Attributes:
        sentence, money_sentence: as a verdict has them.
        currency: of all money.
        goings: where each workload goes.
        machines: what the plan has.
        plans: the recommended one first, then by cost.
        volumes: million tokens per day, all workloads together, rising, at which the plans are priced.
        volume: of the scenario.
        certainty, certainty_sentence: how sure it is; ``None`` and empty until it is settled.
    """

    sentence: str
    money_sentence: str
    currency: str
    goings: tuple[Going, ...]
    machines: tuple[Machines, ...]
    plans: tuple[Costed, ...]
    volumes: tuple[float, ...]
    volume: float
    certainty: Certainty | None = None
    certainty_sentence: str = ""


@dataclass(frozen=True)
class _Line:
    """A plan with what its machines cost: net present value at what is asked, cost per month at each volume."""

    solved: Solved
    cost_as_it_is: float
    by_volume: tuple[float, ...]


@dataclass(frozen=True)
class _Odds:
    """The share of futures in which a plan is the cheapest, and the 95th percentile of its regret."""

    p_cheapest: float
    regret_p95: float


class Explorer:
    """Looks at scenarios of one base, one after the other.

    Args:
        base: the records that scenarios change.
        profiles: what is known of hardware.
    """

    def __init__(self, base: Base, profiles: Sequence[HardwareProfile]) -> None:
        self.base = base
        self._profiles = tuple(profiles)
        self._sieves: dict[tuple[str, str], Sieve] = {}
        self._plans: dict[StrategyKind, Plan] = {}
        self._options: tuple[str, ...] = ()
        self._bases: Bases = {}

    def look(self, scenario: Scenario) -> Look:
        """Return the plan of a scenario at once.

        Raises:
            PlanError: there is none; says for which workload, or which limits clash.
        """
        records, choice = self._choice(scenario, exact=False)
        same = self._options == _options(choice)
        known = {kind: plan for kind, plan in self._plans.items() if same and _fits(plan, choice, kind)}
        lines = []
        for kind in kinds(choice):
            try:
                lines.append(self._line_at_once(choice, kind, known.get(kind)))
            except PlanError:
                if kind is StrategyKind.HYBRID:
                    raise
        self._remember(choice, [line.solved for line in lines])
        return self._seen(records, choice, lines)

    def settle(self, scenario: Scenario, *, on_step: Callable[[], None] | None = None) -> Look:
        """Return the plan of a scenario with every plan made anew as a verdict makes it, and how sure it is.

        Args:
            scenario: what is looked at.
            on_step: called after each part of the work; what it raises ends the work.

        Raises:
            PlanError: as :meth:`look`.
        """
        step = on_step or (lambda: None)
        records, choice = self._choice(scenario, exact=True)
        step()
        found = []
        for kind in kinds(choice):
            try:
                found.append(solve_kind(choice, kind))
            except PlanError:
                if kind is StrategyKind.HYBRID:
                    raise
            step()
        self._remember(choice, found)
        judged = assess(choice, found, on_step=step)
        futures = judged.futures
        look = self._seen(records, choice, [self._line(choice, one) for one in judged.solved])
        ruled = [i for i, one in enumerate(judged.solved) if one.kind is not StrategyKind.TODAY]
        best = _Odds(p_cheapest=float(futures.p_cheapest[0]), regret_p95=float(futures.regret_p95[0]))
        return replace(
            look,
            certainty=judged.certainty,
            certainty_sentence=reasons.certainty_sentence(
                best,
                judged.drivers,
                samples=SAMPLES,
                currency=look.currency,
                left=left(choice, judged.solved[0]) if len(ruled) == 1 else None,
                other_way=bool(rivals(judged.solved, candidates=ruled)),
            ),
        )

    def _choice(self, scenario: Scenario, *, exact: bool) -> tuple[Base, Choice]:
        records = applied(scenario, self.base)
        terms = resolve(records.engagement)
        offered = apis(records.engagement, records.demand, records.prices, self._profiles)
        had = pools(records.engagement, self._profiles, records.prices, terms)
        sieve = self._sieve(records, terms, offered, had, exact=exact)
        return records, weigh(sieve, records.engagement, records.demand, terms, apis=offered, pools=had)

    def _sieve(self, records: Base, terms: Terms, offered: Sequence[Api], had: Sequence[Pool], *, exact: bool) -> Sieve:
        """Return what the gates leave: of these rules if they were seen before, and of this volume if it has to be."""
        rules, volume = _rules(records), _volume(records)
        known = self._sieves.get((rules, volume))
        if known is None and not exact:
            known = next((sieve for (other, _), sieve in [*self._sieves.items()] if other == rules), None)
        if known is None:
            known = sift(records.engagement, records.demand, terms, offered, had)
            kept = [(key, sieve) for key, sieve in [*self._sieves.items()] if key[0] != rules]
            # A new mapping, since another thread may be looking through the old one.
            self._sieves = {**dict(kept[-MOST_RULES:]), (rules, volume): known}
        return known

    def _line_at_once(self, choice: Choice, kind: StrategyKind, known: Plan | None) -> _Line:
        """Return the plan of a kind: the recommended one anew, another with the machines that it had if it had any."""
        if known is None:
            return self._line(choice, solve_kind(choice, kind, seconds=FIRST))
        problem, exceptions = restrict(choice, kind)
        if kind is StrategyKind.HYBRID:
            plan = glance(problem, start=known, bases=self._bases)
            return self._line(choice, Solved(kind=kind, problem=problem, plan=plan, exceptions=exceptions))
        line = self._line(choice, Solved(kind=kind, problem=problem, plan=known, exceptions=exceptions))
        return replace(line, solved=replace(line.solved, plan=replace(known, cost=line.cost_as_it_is)))

    def _line(self, choice: Choice, solved: Solved) -> _Line:
        factors = np.array([1.0, *(self._volumes(choice) / _million_tokens(choice.demand))])
        futures = as_taken(choice, len(factors))
        npv = price_plan(choice, solved, replace(futures, volume=futures.volume * factors[:, None])).npv
        return _Line(solved=solved, cost_as_it_is=float(npv[0]), by_volume=tuple((npv[1:] / choice.months).tolist()))

    def _volumes(self, choice: Choice) -> Floats:
        """Return the volumes at which plans are priced, in million tokens per day."""
        most = max(MOST * _million_tokens(self.base.demand), 1.2 * _million_tokens(choice.demand))
        return np.linspace(0, most, STEPS)[1:]

    def _remember(self, choice: Choice, found: Sequence[Solved]) -> None:
        self._options, self._plans = _options(choice), {one.kind: one.plan for one in found}

    def _seen(self, records: Base, choice: Choice, lines: Sequence[_Line]) -> Look:
        lines = [lines[0], *sorted(lines[1:], key=lambda one: one.solved.plan.cost)]
        found = [line.solved for line in lines]
        plans = tuple(_costed(choice, line) for line in lines)
        best, currency = found[0], choice.engagement.currency
        ruled = [i for i, one in enumerate(found) if one.kind is not StrategyKind.TODAY]
        today = next((one for one in found if one.kind is StrategyKind.TODAY), None)
        by_kind = {plan.kind: plan for plan in plans}
        other = min((plans[i] for i in rivals(found, candidates=ruled)), key=lambda plan: plan.npv, default=None)
        in_cloud = not best.plan.used.any()
        saves = today is not None and today.plan.cost >= (1 + headline.WORTH_TELLING) * best.plan.cost
        goings, machines = goings_of(choice, best), pools_of(choice, best)
        return Look(
            sentence=headline.sentence(
                goings,
                machines,
                starts=choice.starts,
                switched=switched(choice, best, records.prices) if in_cloud and saves else None,
            ),
            money_sentence=headline.money_sentence(
                plans[0],
                other,
                by_kind.get(StrategyKind.BETTER),
                by_kind.get(StrategyKind.TODAY),
                left=left(choice, best) if len(ruled) == 1 else None,
                new=None if today is None else new_work(choice, today),
                in_cloud=in_cloud,
                years=choice.terms.horizon_years.value,
                rate=choice.terms.discount_rate.value,
                currency=currency,
            ),
            currency=currency,
            goings=goings,
            machines=machines,
            plans=plans,
            volumes=tuple(self._volumes(choice).tolist()),
            volume=_million_tokens(choice.demand),
        )


def _rules(records: Base) -> str:
    """Return what gates and capacities depend on, volumes and prices apart, as text."""
    said = records.engagement
    unpriced = {"price_per_accelerator", "price_per_accelerator_hour"}
    today = {"workloads": {"__all__": {"requests_per_day": True, "growth_per_year": True, "today": {"cost_per_month"}}}}
    left_out: Any = {**dict.fromkeys(_MONEY, True), **today, "gpu_offers": {"__all__": unpriced}}
    text = said.model_dump_json(exclude=left_out)
    horizon = said.money.horizon_years
    quoted = [
        (offer.price_per_accelerator is not None, offer.price_per_accelerator_hour is not None)
        for offer in said.gpu_offers
    ]
    return f"{text}{quoted}{horizon.value if horizon else ''}"


def _volume(records: Base) -> str:
    return " ".join(f"{item.requests_per_day.value:.6g}" for item in records.demand.workloads)


def _options(choice: Choice) -> tuple[str, ...]:
    """Return what a plan's arrays are about: the pools with their concurrency, the APIs and the workloads."""
    pools = (f"{pool.label} at {pool.level}" for pool in choice.pools)
    return (*pools, *(api.label for api in choice.apis), *(workload.name for workload in choice.workloads))


def _fits(plan: Plan, choice: Choice, kind: StrategyKind) -> bool:
    """Tell whether a plan of the same options is of as many phases, and serves nothing where its kind may not now."""
    problem, _ = restrict(choice, kind)
    phases, workloads, number, offers, hours = problem.shape
    if plan.flow_pool.shape != (phases, workloads, number, hours) or plan.flow_api.shape[2] != offers:
        return False
    served, called = plan.flow_pool.sum(axis=(0, 3)) > 0, plan.flow_api.sum(axis=(0, 3)) > 0
    return not ((served & np.isnan(problem.seconds)).any() or (called & np.isnan(problem.api_price[0])).any())


def _million_tokens(demand: Demand) -> float:
    """Return million tokens per day, all workloads together."""
    return sum(item.tokens_per_day for item in demand.workloads) / 1e6


def _costed(choice: Choice, line: _Line) -> Costed:
    solved = line.solved
    return Costed(
        kind=solved.kind,
        label=reasons.strategy_label(solved.kind, LABELS[solved.kind], solved.exceptions),
        npv=solved.plan.cost,
        cost_per_month=solved.plan.cost / choice.months,
        exceptions=solved.exceptions,
        by_volume=line.by_volume,
    )
