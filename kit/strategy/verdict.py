"""The fifth record: where each workload goes, what it costs, how sure that is, what would change it.

The documents are drawings of this record and hold no figure that is not in it.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from kit.engagement.record import Place
from kit.messages import check_message
from kit.record import Basis, Part, Record
from kit.strategy.answers import (
    Affordable,
    Alternative,
    Derivation,
    Rehearsed,
    RuleOfThumb,
    ShadowPrice,
    Step,
    Trigger,
)
from kit.strategy.dossier import (
    Answer,
    Aspect,
    Bill,
    BillTotal,
    Check,
    Claim,
    Exit,
    Letterhead,
    MemoryUse,
    Purchase,
    Requirement,
    Risk,
    Sketch,
)
from kit.strategy.strike import Strike
from kit.wording import Message, making


class Option(Part):
    """Something that could serve a workload.

    Attributes:
        label: its name in the documents.
        place: own, rented or API.
        model: the model.
        profile: the hardware profile it rests on; ``None`` for an API.
        basis: basis of its speed (GPUs) or of its price (APIs).
        cost_per_request: engagement's currency; API price, or the replica time at full planned load; ``None`` where the
            capacity is not known.
        strikes: why it is out; empty if it is permitted.
    """

    label: str
    place: Place
    model: str
    profile: str | None
    basis: Basis
    cost_per_request: float | None
    strikes: tuple[Strike, ...]


class Placement(Part):
    """Where one workload goes.

    Attributes:
        workload: its name.
        goes_to: labels of the options that serve it, most first.
        places: own, rented, api, in the same order.
        shares: share of its requests at each.
        overflow: where it goes when its pool is full or a replica has failed; ``None`` if it stays or waits.
        because: the reasons, the decisive one first.
        million_tokens_per_day: prompt and output, mean of the week.
        cost_per_month: its part of the plan's levelised cost, engagement's currency.
        cost_if_cloud_per_month: the same at the cheapest permitted API; ``None`` if none is permitted.
        ttft_p95_s: expected time to first token at its main place, network included; on machines that of the simulated
            busiest hour (``rehearsed``), where there is none that at the planned concurrency; ``None`` if not known.
        options: everything that was considered, permitted or struck out.
    """

    workload: str
    goes_to: tuple[str, ...]
    places: tuple[Place, ...]
    shares: tuple[float, ...]
    overflow: str | None
    because: tuple[str, ...]
    million_tokens_per_day: float
    cost_per_month: float
    cost_if_cloud_per_month: float | None
    ttft_p95_s: float | None
    options: tuple[Option, ...]


class Pool(Part):
    """Replicas that the plan has.

    Attributes:
        label: its name in the documents.
        place: own or rented.
        accelerator: the kind of accelerator.
        accelerators: all of them together.
        replicas: whole number of replicas at the most, the spare ones included.
        replicas_by_phase: in each phase of the horizon, a year as a rule.
        spare: how many of them may fail while work that cannot go elsewhere is still served; until then they serve what
            may overflow.
        concurrency: requests in flight for which the capacity holds; ``None`` if the profile is of saturated load.
        utilisation: mean use of the planned capacity over the horizon.
        peak_utilisation: use of the planned capacity in the busiest hour.
        capex: purchases over the horizon, not discounted, engagement's currency.
        cost_per_month: run cost and levelised purchase, engagement's currency.
        cost_per_mtok: of a million tokens, prompt and output, at the load of the first phase; ``None`` without load.
        cost_per_mtok_full: the same if the planned capacity were used to the full.
    """

    label: str
    place: Place
    model: str
    profile: str
    accelerator: str
    accelerators: int
    replicas: int
    replicas_by_phase: tuple[int, ...]
    spare: int
    concurrency: int | None
    utilisation: float
    peak_utilisation: float
    capex: float
    cost_per_month: float
    cost_per_mtok: float | None
    cost_per_mtok_full: float | None


class StrategyKind(StrEnum):
    """The plans that are compared; every one of them keeps to the rules, but for what the client does today."""

    HYBRID = "hybrid"
    CLOUD = "cloud"
    RENTED = "rented"
    OWN = "own"
    BETTER = "better"
    TODAY = "today"


class YearCash(Part):
    """Cash out in one year of the horizon, engagement's currency, not discounted; year 0 is today.

    Attributes:
        move: what it costs to move workloads to machines that one runs.
        total: all of these; ``None`` in a record of an older kit.
    """

    year: int
    capex: float
    energy_and_space: float
    maintenance: float
    staff: float
    rent: float
    api: float
    residual: float
    move: float = 0.0
    total: float | None = None


class Strategy(Part):
    """One plan.

    Attributes:
        kind: which one.
        label: its name in the documents.
        exceptions: workloads that cannot follow it, each with the reason; they go where they may at least cost.
        breaks: rules that it breaks; only what the client does today may.
        cost_per_month: levelised: NPV ÷ annuity factor, engagement's currency.
        npv: net present value of all cash out over the horizon, engagement's currency.
        capex: purchases at the start, which have to be found before anything runs.
        capex_later: purchases in later years, not discounted; a limit on purchases (``limits: capex``) counts both.
        payback_months: months until what it spends first has come back against the cloud plan, resale included;
            ``None`` if never, or if it spends nothing more at first.
        extra_at_start: what it spends at the start above the cloud plan, hardware and moving, engagement's currency;
            ``None`` without a cloud plan, and in a record of an older kit.
        irr: yearly internal rate of return of what it spends first, against the cloud plan; ``None`` where there is
            none, or more than one.
        co2_tonnes_per_year: of the machines and the APIs, first phase.
        gap: relative gap that was proven.
        cash: by year.
        tco: total cost of ownership, the sum of the cash over the horizon, not discounted; ``None`` in a record of an
            older kit.
        tco_parts: the same by what it is paid for, in the names of :class:`YearCash`.
        depreciation: by year of the horizon, straight line; no cash.
        npv_mean: over the samples.
        npv_p10: tenth percentile of the NPV over the samples; likewise p50 and p90.
        p_cheapest: share of the samples in which no other plan is cheaper; 0 for a plan that breaks rules. Plans that
            have all work at the same kinds of place do not split it: the cheapest of them has it.
        p_within_budget: share of the samples in which it keeps to the budget; ``None`` without one.
        regret_mean: mean of what it costs above the cheapest plan in the same sample, NPV.
        regret_p95: 95th percentile of that.
    """

    kind: StrategyKind
    label: str
    exceptions: tuple[str, ...]
    breaks: tuple[str, ...]
    cost_per_month: float
    npv: float
    capex: float
    capex_later: float = 0.0
    payback_months: float | None
    extra_at_start: float | None = None
    irr: float | None
    co2_tonnes_per_year: float
    gap: float
    cash: tuple[YearCash, ...]
    tco: float | None = None
    tco_parts: dict[str, float] = Field(default_factory=dict)
    depreciation: tuple[float, ...]
    npv_mean: float
    npv_p10: float
    npv_p50: float
    npv_p90: float
    p_cheapest: float
    p_within_budget: float | None
    regret_mean: float
    regret_p95: float


class Certainty(StrEnum):
    """How sure the verdict is, by rule."""

    ROBUST = "robust"
    LEANING = "leaning"
    TOO_CLOSE = "too close to call"


class Driver(Part):
    """An uncertain input, and what it does to the verdict.

    Attributes:
        name: the input.
        additive: it is a yearly change, to which something is added; else a figure that is multiplied.
        basis: the worst basis of the figures behind it.
        low, high: the factors between which it was varied, or what was added.
        saving_low, saving_high: what the recommended plan saves at those against the best plan that has some workload
            at another kind of place (NPV); 0 where there is none.
        switches_at: the factor nearest to 1 at which such a plan becomes cheaper; ``None`` if none within a tenth and
            ten times. Of a yearly change what has to be added, up to 50 percentage points.
        worth_knowing: what it would be worth at most to know it exactly before deciding (EVPPI), NPV.
    """

    name: str
    additive: bool = False
    basis: Basis
    low: float
    high: float
    saving_low: float
    saving_high: float
    switches_at: float | None
    worth_knowing: float = 0.0


class Crossing(Part):
    """Where, along the volume, one plan overtakes another."""

    million_tokens_per_day: float
    below: StrategyKind
    above: StrategyKind


class BreakEven(Part):
    """Cost against volume: all workloads scaled by the same factor.

    Attributes:
        million_tokens_per_day: the volumes.
        today: the volume of the engagement.
        cost_per_month: for each plan its cost at these volumes, engagement's currency.
        crossings: every change of the cheapest plan other than the hybrid.
        leaves_cloud_at: volume from which the hybrid first costs 1% less than the cloud plan, which takes machines; the
            least volume looked at if it does so there already; ``None`` if never, or without a cloud plan.
    """

    million_tokens_per_day: tuple[float, ...]
    today: float
    cost_per_month: dict[StrategyKind, tuple[float, ...]]
    crossings: tuple[Crossing, ...]
    leaves_cloud_at: float | None = None


class WeekPart(Part):
    """Some hours of the typical week together.

    Attributes:
        days: Monday to Friday, Saturday and Sunday, or the whole week.
        from_hour, until_hour: of the day, 0 to 24.
        mtok_per_hour: million tokens an hour, all places together, mean.
        capacity_per_hour: what the machines could carry, mean, likewise.
        shares: of the tokens at each place; 0 where nothing goes.
    """

    days: Literal["weekday", "weekend", "week"]
    from_hour: int
    until_hour: int
    mtok_per_hour: float
    capacity_per_hour: float
    shares: dict[Place, float]


class Week(Part):
    """Tokens by hour of the typical week under the recommended plan, Monday 00:00 first, in millions.

    Attributes:
        own, rented, api: by hour and place.
        capacity: what the machines could carry, by hour.
        use: share of it that they carry over the whole week; ``None`` without machines, and in a record of an older
            kit.
        parts: the same by parts of the day, the whole week last; empty in a record of an older kit.
    """

    own: tuple[float, ...]
    rented: tuple[float, ...]
    api: tuple[float, ...]
    capacity: tuple[float, ...]
    use: float | None = None
    parts: tuple[WeekPart, ...] = ()


class MeasuredPoint(Part):
    """A measured point of a service curve, for the documents."""

    profile: str
    accelerator: str
    model: str
    basis: Basis
    source: str
    date: dt.date
    prompt_tokens: float
    output_tokens: float
    concurrency: int | None
    output_tokens_per_s: float
    ttft_p50_s: float | None
    tpot_p50_s: float | None
    peak_memory_gib: float | None


class Input(Part):
    """A figure that entered the decision.

    Attributes:
        key: where it is set, e.g. ``money.discount_rate``.
        label: its name in the documents.
        value: its value; ``None`` is missing, never 0.
        unit: its unit.
        basis, source, date: how it is known, who says so, and for which day.
    """

    key: str
    label: str
    value: float
    unit: str
    basis: Basis
    source: str
    date: dt.date


class Duty(Part):
    """What a regulation has the client do itself, whichever host it takes; no gate.

    Attributes:
        rule: the regulation.
        binds: whom or what it binds.
        workloads: those that the engagement puts under it.
        text: what has to be done.
        reference: the articles.
        source, date: where the rule can be read, and the day of that text.
        note: which reading of the rule this is, and what was not checked.
    """

    rule: str
    binds: str
    workloads: tuple[str, ...]
    text: str
    reference: str
    source: str
    date: dt.date
    note: str


class SourceFile(Part):
    """A record that the verdict rests on, with the SHA-256 of its bytes."""

    name: str
    sha256: str


class Verdict(Record):
    """The decision.

    Attributes:
        sentence: the verdict.
        money_sentence: what it saves, and against what.
        certainty: by ``certainty_rule``.
        placements: one for each workload, in the engagement's order.
        pools: what has to be bought or rented.
        strategies: the recommended plan first.
        saving_npv: against the best plan within the rules that has some workload at another kind of place
            (``saving_against``); 0 where there is none, and then ``saving_against`` is the plan itself.
        alternatives: the best plans that differ in the places they use, the cheapest first.
        shadow_prices: what each rule and limit costs, the dearest first.
        affordable: the largest load that a budget carries.
        rehearsed: the busiest hour of each pool, simulated.
        evpi: what it would be worth to know everything before deciding, NPV.
        rule_of_thumb: "self-hosting wins past 10 to 20 million tokens a day", computed.
        triggers: what calls for a new decision.
        roadmap: what to do when.
        derivations: how the main figures follow from the inputs.
        warnings: what a reader must know before relying on it.
        limits: what the method leaves out.
        duties: what the regulations that bind the client have it do itself.
        requirements: what the client asks of each workload, in the engagement's order.
        bills: what is paid today; empty where nothing runs yet.
        bill_total: the bills together; ``None`` where there is none.
        memory: what fills the accelerators of each pool.
        aspects: cloud AI against local AI for this client, eight rows.
        checks: the check lists "choose cloud when" and "choose local when".
        claims: common claims, set against what is known here.
        answers: the usual questions.
        risks: the risk register, the likeliest and dearest first.
        purchases: what has to be ordered or signed.
        exits: how the client gets out again.
        sketch: a model of cost for a reader to play with; ``None`` where no machine is permitted or no API.
        letterhead: whose paper the documents are printed on.
        inputs: every figure that entered, with basis, source and date.
        sources: the records it rests on.
        messages: how each text of this record was made, by text, so that it can be told in another language.
    """

    kind: ClassVar[str] = "verdict"
    kit_version: str
    client: str
    title: str
    date: dt.date
    valid_until: dt.date
    currency: str
    horizon_years: float
    discount_rate: float
    sentence: str
    money_sentence: str
    certainty: Certainty
    certainty_rule: str
    certainty_sentence: str
    saving_npv: float
    saving_against: StrategyKind
    samples: int
    placements: tuple[Placement, ...] = Field(min_length=1)
    pools: tuple[Pool, ...]
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    drivers: tuple[Driver, ...]
    alternatives: tuple[Alternative, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    affordable: Affordable
    rehearsed: tuple[Rehearsed, ...]
    evpi: float
    rule_of_thumb: RuleOfThumb
    triggers: tuple[Trigger, ...]
    roadmap: tuple[Step, ...]
    derivations: tuple[Derivation, ...]
    break_even: BreakEven
    week: Week
    service_curves: tuple[MeasuredPoint, ...]
    measured_here: str | None
    warnings: tuple[str, ...]
    limits: tuple[str, ...]
    duties: tuple[Duty, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    bills: tuple[Bill, ...] = ()
    bill_total: BillTotal | None = None
    memory: tuple[MemoryUse, ...] = ()
    aspects: tuple[Aspect, ...] = ()
    checks: tuple[Check, ...] = ()
    claims: tuple[Claim, ...] = ()
    answers: tuple[Answer, ...] = ()
    risks: tuple[Risk, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    exits: tuple[Exit, ...] = ()
    sketch: Sketch | None = None
    letterhead: Letterhead = Letterhead()
    inputs: tuple[Input, ...]
    sources: tuple[SourceFile, ...]
    messages: dict[str, Message] = Field(default_factory=dict)

    @field_validator("messages")
    @classmethod
    def _can_be_told(cls, messages: dict[str, Message]) -> dict[str, Message]:
        """Refuse messages that are none: they come from a file, and are filled like templates."""
        for message in messages.values():
            check_message(message)
        return messages

    @property
    def names(self) -> frozenset[str]:
        """Names of the client's and the market's, which no language translates even where a word reads the same."""
        found = {self.client, self.letterhead.consultant, *(row.benchmark for row in self.requirements)}
        for placement in self.placements:
            found.add(placement.workload)
            for option in placement.options:
                made = making(option.label, self.messages)
                provider = made.values.get("provider") if made else None
                found |= {option.model, option.profile or "", provider if isinstance(provider, str) else ""}
        found |= {name for pool in self.pools for name in (pool.model, pool.profile, pool.accelerator)}
        return frozenset(found - {""})
