"""Records in, verdict out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kit import __version__
from kit.demand.record import Demand
from kit.engagement.record import Engagement, Place
from kit.errors import PlanError
from kit.hardware.health import Finding
from kit.pricing.pricebook import PriceBook
from kit.profiler.profile import HardwareProfile
from kit.record import Basis
from kit.strategy import headline, reasons, uncertainty
from kit.strategy.ageing import price_warnings
from kit.strategy.board import Case, dossier
from kit.strategy.breakeven import break_even
from kit.strategy.changes import left, new_work, switched
from kit.strategy.choice import Choice, Solved, choose, kinds, solve_kind
from kit.strategy.clash import explain_clash
from kit.strategy.derive import derive
from kit.strategy.dossier import Letterhead
from kit.strategy.hosts import duties
from kit.strategy.information import evpi
from kit.strategy.inputs import inputs
from kit.strategy.options import apis, pools
from kit.strategy.placing import placements_of, pools_of, service_curves, week_of
from kit.strategy.plans import assess, strategies_of
from kit.strategy.rehearsing import as_rehearsed, rehearsed
from kit.strategy.rivals import rivals
from kit.strategy.roadmap import steps, triggers
from kit.strategy.strike import LAW
from kit.strategy.terms import resolve
from kit.strategy.thumb import rule_of_thumb
from kit.strategy.verdict import SourceFile, Strategy, StrategyKind, Verdict
from kit.strategy.whatif import affordable, alternatives, shadow_prices
from kit.wording import Message, behind, fixed, remember, remembering, say

VALID_DAYS = 90
STEPS = 7
"""How often a decision says that a part of it is done."""
LIMITS = (
    fixed("Volumes and prices change by the year as stated; within a year they stay as they are."),
    fixed(
        "Machines that are paid by the hour are switched in blocks of six hours, without the minutes that starting "
        "takes."
    ),
    fixed(
        "Load inside the hour is simulated where a profile holds a service curve, with requests sent to replicas at "
        "random; elsewhere a flat share of the capacity is planned."
    ),
    fixed("Own machines are taken to draw their power under load around the clock."),
    fixed("Machines are counted as serving from the first day; the API bill until they do comes on top."),
    fixed("Where a profile holds no latency, work with a latency limit is not placed on it."),
    fixed("Public quality scores are not the client's work: test the chosen model on your own cases before you sign."),
    fixed(
        "The gates on data, regions and regulations are a first reading of public terms and rules, each of the day "
        "that stands with it. This is not legal advice."
    ),
)


def decide(
    engagement: Engagement,
    demand: Demand,
    profiles: Sequence[HardwareProfile],
    prices: PriceBook,
    *,
    sources: Sequence[SourceFile] = (),
    measured_here: str | None = None,
    notes: Sequence[str] = (),
    letterhead: Letterhead | None = None,
    on_step: Callable[[], None] | None = None,
) -> Verdict:
    """Return the verdict, with how each of its texts was made.

    Args:
        engagement: what the client said.
        demand: what has to be served.
        profiles: what is known of hardware.
        prices: the price book of the day.
        sources: the files that these were read from or saved to.
        measured_here: name of the profile that was measured on this machine for this verdict.
        notes: further warnings, first of all.
        letterhead: whose paper the documents are printed on.
        on_step: called after each part of the work, for a progress bar.

    Raises:
        InputError: a name in the engagement is not known.
        PlanError: no plan exists; says for which workload and what comes nearest, or which limits clash.
    """
    with remembering() as said:
        remember(notes)
        verdict = _decide(
            engagement,
            demand,
            profiles,
            prices,
            sources=sources,
            measured_here=measured_here,
            notes=notes,
            letterhead=letterhead or Letterhead(),
            step=on_step or (lambda: None),
        )
    return verdict.model_copy(update={"messages": made(verdict, said)})


def _decide(
    engagement: Engagement,
    demand: Demand,
    profiles: Sequence[HardwareProfile],
    prices: PriceBook,
    *,
    sources: Sequence[SourceFile],
    measured_here: str | None,
    notes: Sequence[str],
    letterhead: Letterhead,
    step: Callable[[], None],
) -> Verdict:
    choice = prepare(engagement, demand, profiles, prices)
    step()
    terms, currency = choice.terms, engagement.currency
    solved = solve_all(choice)
    step()
    plans = assess(choice, solved)
    step()
    best = plans.solved[0]
    strategies = strategies_of(choice, plans.solved, plans.futures)
    step()
    ruled = [i for i, plan in enumerate(plans.solved) if plan.kind is not StrategyKind.TODAY]
    other = min((strategies[i] for i in rivals(plans.solved, candidates=ruled)), key=lambda row: row.npv, default=None)
    only = left(choice, best) if len(ruled) == 1 else None
    curve = break_even(choice, plans.solved)
    step()
    hours = rehearsed(choice, best)
    pool_rows, placements = pools_of(choice, best), as_rehearsed(placements_of(choice, best), hours)
    step()
    entered = inputs(choice, prices)
    valid_until = engagement.date + dt.timedelta(days=VALID_DAYS)
    saving = other.npv - strategies[0].npv if other else 0.0
    today = next((plan for plan in plans.solved if plan.kind is StrategyKind.TODAY), None)
    in_cloud = not best.plan.used.any()
    saves = today is not None and today.plan.cost >= (1 + headline.WORTH_TELLING) * best.plan.cost
    horizon, rate = terms.horizon_years.value, terms.discount_rate.value
    verdict = Verdict(
        kit_version=__version__,
        client=engagement.client,
        title=engagement.title,
        date=engagement.date,
        valid_until=valid_until,
        currency=currency,
        horizon_years=horizon,
        discount_rate=rate,
        sentence=headline.sentence(
            placements,
            pool_rows,
            starts=choice.starts,
            switched=switched(choice, best, prices) if in_cloud and saves else None,
        ),
        money_sentence=headline.money_sentence(
            strategies[0],
            other,
            _of_kind(strategies, StrategyKind.BETTER),
            _of_kind(strategies, StrategyKind.TODAY),
            left=only,
            new=None if today is None else new_work(choice, today),
            in_cloud=in_cloud,
            years=horizon,
            rate=rate,
            currency=currency,
        ),
        certainty=plans.certainty,
        certainty_rule=uncertainty.certainty_rule(),
        certainty_sentence=reasons.certainty_sentence(
            strategies[0],
            plans.drivers,
            samples=uncertainty.SAMPLES,
            currency=currency,
            left=only,
            other_way=other is not None,
        ),
        saving_npv=saving,
        saving_against=other.kind if other else best.kind,
        samples=uncertainty.SAMPLES,
        placements=placements,
        pools=pool_rows,
        strategies=strategies,
        drivers=plans.drivers,
        alternatives=alternatives(choice, _hybrid(solved).plan),
        shadow_prices=shadow_prices(choice, _hybrid(solved)),
        affordable=affordable(choice, _hybrid(solved), solved),
        rehearsed=hours,
        evpi=evpi(plans.futures.npv[list(plans.futures.candidates)]),
        rule_of_thumb=rule_of_thumb(choice, best.plan, curve.leaves_cloud_at),
        triggers=triggers(choice, best, plans.drivers, valid_until, curve),
        roadmap=steps(choice, best, curve, saving=12 * saving / choice.months if other else None),
        derivations=derive(
            choice,
            best,
            prices=prices,
            placements=placements,
            pools=pool_rows,
            strategies=strategies,
            against=other.kind if other else None,
        ),
        break_even=curve,
        week=week_of(choice, best),
        service_curves=service_curves(choice, profiles, measured_here),
        measured_here=measured_here,
        warnings=(
            *notes,
            *_warnings(choice, best, profiles, measured_here),
            *price_warnings(entered, engagement.date),
            *_disputed(choice, best, prices),
        ),
        limits=LIMITS,
        duties=duties(engagement, [row.workload for row in placements if Place.OWN in row.places]),
        letterhead=letterhead,
        inputs=entered,
        sources=tuple(sources),
    )
    case = Case(choice=choice, solved=tuple(plans.solved), verdict=verdict, profiles=profiles, prices=prices)
    verdict = verdict.model_copy(update=dossier(case))
    step()
    return verdict


def made(verdict: Verdict, said: Mapping[str, Message]) -> dict[str, Message]:
    """Return how each text of a verdict was made, of all that was said while it was decided."""
    return behind(_texts(verdict.model_dump(mode="json", exclude={"messages"})), said)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _texts(value)


def prepare(engagement: Engagement, demand: Demand, profiles: Sequence[HardwareProfile], prices: PriceBook) -> Choice:
    """Return every workload against every option, so that a mistake shows before anything slow is begun.

    Raises:
        InputError: a name in the engagement is not known.
        PlanError: a workload is left without an option.
    """
    terms = resolve(engagement)
    return choose(
        engagement,
        demand,
        terms,
        apis(engagement, demand, prices, profiles),
        pools(engagement, profiles, prices, terms),
    )


def solve_all(choice: Choice) -> list[Solved]:
    """Return the plans that are compared, the hybrid first; kinds of plan that are not possible are left out.

    Raises:
        PlanError: there is no hybrid, so there is no plan at all; says which limits clash.
    """
    found: list[Solved] = []
    for kind in kinds(choice):
        try:
            found.append(solve_kind(choice, kind))
        except PlanError:
            if kind is StrategyKind.HYBRID:
                clash = explain_clash(choice.problem, currency=choice.engagement.currency, months=choice.months)
                raise PlanError(f"there is no plan: {clash}") from None
    return found


def _hybrid(solved: Sequence[Solved]) -> Solved:
    return next(plan for plan in solved if plan.kind is StrategyKind.HYBRID)


def _of_kind(strategies: Sequence[Strategy], kind: StrategyKind) -> Strategy | None:
    return next((row for row in strategies if row.kind is kind), None)


def _disputed(choice: Choice, solved: Solved, prices: PriceBook) -> Iterator[str]:
    """Yield the prices that the plan pays and on which a second list disagrees."""
    used = [
        (choice.apis[a].offer.listed_as, choice.demand.workloads[w].prompt_tokens.value)
        for w, a in np.argwhere(solved.plan.flow_api.sum(axis=(0, 3)) > 0)
    ]
    for dispute in prices.disputes:
        disputed = (dispute.provider, dispute.model)
        if any(listed == disputed and dispute.concerns(prompt) for listed, prompt in used):
            yield say("The price lists disagree on a price that the plan pays: {dispute}.", dispute=dispute.sentence)


def _warnings(
    choice: Choice, solved: Solved, profiles: Sequence[HardwareProfile], measured_here: str | None
) -> tuple[str, ...]:
    used = [choice.pools[p] for p in np.flatnonzero(solved.plan.used)]
    found = list(_unproven(choice, solved))
    for pool in used:
        found += [_finding(pool.profile.name, finding) for finding in pool.profile.findings]
    by_name = {profile.name: profile for profile in profiles}
    if measured_here:
        here = by_name[measured_here]
        found += [_finding(measured_here, finding) for finding in here.findings]
        if here.model.random_weights:
            found.append(
                say(
                    "{profile} was measured with random weights: its speed and memory hold, answers do not.",
                    profile=measured_here,
                )
            )
    unpowered = [pool.label for pool in used if pool.place is Place.OWN and pool.power_w is None]
    if unpowered:
        found.append(say("The power of {pools} is not known and not in the cost.", pools=reasons.listed(unpowered)))
    return tuple(dict.fromkeys(found))


def _finding(profile: str, finding: Finding) -> str:
    return say("{profile}: {finding} ({evidence})", profile=profile, finding=finding.what, evidence=finding.evidence)


def _unproven(choice: Choice, solved: Solved) -> Iterator[str]:
    """Yield what the plan's capacity hangs on and nobody has measured."""
    plan = solved.plan
    used = [choice.pools[p] for p in np.flatnonzero(plan.used)]
    published = sorted({pool.profile.name for pool in used if pool.profile.basis is not Basis.MEASURED})
    if published:
        yield say(
            "The capacity of {profiles} is published, not measured on the client's machines: measure before you buy.",
            profiles=reasons.listed(published),
        )
    served = [(w, p) for w, p in np.argwhere(plan.flow_pool.sum(axis=(0, 3)) > 0) if choice.headrooms[w][p] is not None]
    bursts = sorted(
        {
            choice.workloads[w].name
            for w, _ in served
            if choice.workloads[w].latency is not None
            and choice.demand.workloads[w].burstiness is None
            and choice.demand.workloads[w].minute_rate_cv is None
        }
    )
    if bursts:
        yield say(
            "How bursty {workloads} is inside the hour is not known and taken as Poisson: import its logs (kit demand "
            "import) before you buy, for bursts cost capacity.",
            workloads=reasons.listed(bursts),
        )
    flat = sorted({choice.pools[p].profile.name for w, p in served if choice.pools[p].level is None})
    if flat:
        yield say(
            "{profiles} holds saturated load only: {share} of its capacity is planned, not simulated.",
            profiles=reasons.listed(flat),
            share=reasons.percent(choice.terms.headroom.value),
        )
    if solved.plan.gap > 2e-3:
        yield say(
            "The search for the cheapest plan was cut short: a plan cheaper by up to {share} may exist.",
            share=reasons.percent(plan.gap),
        )
    yield from (say("What is done today breaks a rule. {rule}.", rule=text) for text in _broken(choice))


def _broken(choice: Choice) -> Iterator[str]:
    for w, workload in enumerate(choice.workloads):
        for a, api in enumerate(choice.apis):
            if api.as_today and workload.name in api.price_per_request:
                first = next((s for s in choice.api_strikes[w][a] if s.gate in LAW), None)
                if first is not None:
                    yield reasons.of_workload(workload.name, first.reason)
