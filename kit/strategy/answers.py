"""Parts of the verdict that answer the questions after the first one: what else, what if, how sure, when, and why."""

from __future__ import annotations

import datetime as dt

from kit.engagement.record import Place
from kit.record import Basis, Part


class Alternative(Part):
    """A good plan of another kind: one in which some workload goes mainly to another place.

    Attributes:
        label: what is other than in the hybrid.
        places: where most of some workload goes.
        npv: net present value, engagement's currency.
        extra: above the cheapest plan's.
        pools: what it has, by label.
    """

    label: str
    places: tuple[Place, ...]
    npv: float
    extra: float
    pools: tuple[str, ...]


class ShadowPrice(Part):
    """What a rule or a limit costs: the plan without it.

    Attributes:
        rule: the gate or the limit.
        workload: to which it applies; empty for a limit on the whole.
        sentence: what would change, and what it would save.
        saving_per_year: levelised, engagement's currency.
        goes_to: where the workload would go; empty for a limit on the whole.
        lift: who could lift it.
    """

    rule: str
    workload: str
    sentence: str
    saving_per_year: float
    goes_to: str
    lift: str


class Affordable(Part):
    """The largest load that a budget carries, all workloads scaled alike.

    Attributes:
        budget_per_month: levelised, engagement's currency.
        meaning: which budget that is.
        factor: on today's volume.
        million_tokens_per_day: at that volume.
        within_offers: it is not the budget but what is on offer that ends it.
    """

    budget_per_month: float
    meaning: str
    factor: float
    million_tokens_per_day: float
    within_offers: bool


class Waits(Part):
    """What the users of a pool wait in its busiest hour, simulated; seconds, network included.

    Attributes:
        workload: its name.
        ttft_p50_s, ttft_p95_s, ttft_p99_s: time to first token.
        e2e_p50_s, e2e_p95_s, e2e_p99_s: time to last token.
        kept: whether the limits hold; ``None`` without limits.
    """

    workload: str
    ttft_p50_s: float | None
    ttft_p95_s: float | None
    ttft_p99_s: float | None
    e2e_p50_s: float | None
    e2e_p95_s: float | None
    e2e_p99_s: float | None
    kept: bool | None


class Overflow(Part):
    """What a threshold of requests in the system of one replica sends away, simulated.

    Attributes:
        threshold: most requests in service or waiting at a replica.
        share: of the requests that are sent away.
    """

    threshold: int
    share: float


class Rehearsed(Part):
    """The busiest hour of a pool, simulated.

    Attributes:
        pool: its label.
        load: share of its replicas' capacity that is used.
        requests: simulated.
        waits: of each workload.
        overflows: what thresholds send away.
        threshold: the highest one that keeps every limit; ``None`` if none does or none is needed.
        why: why there is no simulation; empty if there is one.
    """

    pool: str
    load: float
    requests: int
    waits: tuple[Waits, ...]
    overflows: tuple[Overflow, ...]
    threshold: int | None
    why: str


class Trigger(Part):
    """What calls for a new decision.

    Attributes:
        what: the event, with its figure.
        kind: volume, price, model, hardware, date or measurement.
        factor: of the input at which it comes; ``None`` where it is a date or an event.
        date: when it comes at the latest; ``None`` if it may never come.
        why: what would change.
    """

    what: str
    kind: str
    factor: float | None
    date: dt.date | None
    why: str


class Step(Part):
    """A step of the roadmap.

    Attributes:
        order: from 1.
        title: what is done.
        text: how, and with what.
        from_date: when it can begin.
        until_date: when it should be done; ``None`` if open.
        pays_from_million_tokens_per_day: volume from which it pays; ``None`` where volume does not decide.
        saving_per_year: against not taking it, engagement's currency; ``None`` where it saves nothing of its own.
    """

    order: int
    title: str
    text: str
    from_date: dt.date
    until_date: dt.date | None
    pays_from_million_tokens_per_day: float | None
    saving_per_year: float | None


class ThumbRow(Part):
    """One cell of the grid of the rule of thumb.

    Attributes:
        api_per_mtok: price of a million tokens at the API, engagement's currency.
        tokens_per_s: what a replica carries, prompt and output.
        staff_fte: people to run it.
        million_tokens_per_day: volume from which a machine of one's own costs no more; ``None`` if never.
        holds: whether that lies within the rule's 10 to 20 million.
    """

    api_per_mtok: float
    tokens_per_s: float
    staff_fte: float
    million_tokens_per_day: float | None
    holds: bool


class RuleOfThumb(Part):
    """The rule "self-hosting wins past 10 to 20 million tokens a day", computed.

    Attributes:
        low, high: of the rule, million tokens a day.
        here: for this client, million tokens a day; ``None`` if never, or if no open model is permitted.
        basis: worst of the figures behind it.
        machine: the replica that it was computed with.
        machine_per_month: its levelised cost, without people.
        rows: the grid.
        sentence: where it holds and where not.
    """

    low: float
    high: float
    here: float | None
    basis: Basis
    machine: str
    machine_per_month: float
    rows: tuple[ThumbRow, ...]
    sentence: str


class Term(Part):
    """A figure in a formula.

    Attributes:
        symbol: its name in the formula.
        label: what it is.
        value: its value.
        unit: its unit.
        of: key of the input or of the derivation from which it comes; empty for a plain constant.
    """

    symbol: str
    label: str
    value: float
    unit: str
    of: str = ""


class Derivation(Part):
    """How a figure of the verdict follows from others: ``value = formula(terms)``.

    Attributes:
        key: its name, e.g. ``placements.Customer chat.cost_if_cloud_per_month``.
        label: what it is.
        value: its value.
        unit: its unit.
        formula: arithmetic of the symbols: ``+ - * / **``, parentheses, ``min``, ``max``, ``ceil`` and ``round``, as
            :func:`kit.strategy.formula.evaluate` reads it.
        terms: the figures in it.
        note: what the formula cannot say.
    """

    key: str
    label: str
    value: float
    unit: str
    formula: str
    terms: tuple[Term, ...]
    note: str = ""
