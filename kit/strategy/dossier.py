"""Parts of the verdict that put it before a board: what was asked, today's bill, cloud against local, risks, buying."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from kit.engagement.record import Commitment, Customisation, DataClass, Modality, Place, Region, Regulation
from kit.record import Basis, Part


class Requirement(Part):
    """What the client asks of one workload, in its own words and figures.

    Attributes:
        workload: its name.
        description: the client's own words; empty if it said nothing.
        requests_per_day, prompt_tokens, output_tokens, cached_share: the demand; means.
        million_tokens_per_day: prompt and output.
        peak_to_mean: busiest hour of the typical week over its mean hour.
        growth_per_year: relative change of the requests; 0 without any.
        deferrable: may be served at any hour of the day.
        data_class: how sensitive the data is.
        may_go_to: the places that the client's own rule for this class of data allows; empty where it set none, and
            the kit's table of such classes holds.
        regulations: that bind it, those of the whole engagement included.
        regions: where the data may be processed; empty means anywhere.
        users: where its users are; ``None`` if nobody said.
        ttft_p95_s, tpot_p95_s, e2e_p95_s: limits of latency; ``None`` for none.
        benchmark, at_least: the quality floor; empty and ``None`` for none.
        context_tokens: the longest request; ``None`` if it was not said.
        availability: share of the time; ``None`` without a target.
        modalities: what it sends or wants back.
        customisation: how far a model has to be changed.
        needed_by: the day from which it has to be served; ``None`` for none.
    """

    workload: str
    description: str
    requests_per_day: float
    prompt_tokens: float
    output_tokens: float
    cached_share: float | None
    million_tokens_per_day: float
    peak_to_mean: float
    growth_per_year: float
    deferrable: bool
    data_class: DataClass
    regulations: tuple[Regulation, ...]
    regions: tuple[Region, ...]
    users: Region | None
    ttft_p95_s: float | None
    tpot_p95_s: float | None
    e2e_p95_s: float | None
    benchmark: str
    at_least: float | None
    context_tokens: float | None
    availability: float | None
    modalities: tuple[Modality, ...]
    customisation: Customisation
    needed_by: dt.date | None
    may_go_to: tuple[Place, ...] = ()


class Bill(Part):
    """What one workload costs today, and what it would cost at the same kind of place used better.

    Attributes:
        workload: its name.
        label: the API that serves it today, as the options name it.
        cached, batch: how it is used.
        cost_per_month: at the price list's prices and this demand, engagement's currency; ``None`` where no price is
            known.
        stated_per_month: the bill as the client states it; ``None`` if it did not.
        better: the API that would do it for least within the rules; empty if none may.
        better_per_month: what that costs, cache and batch used; ``None`` if none may.
        breaks: rules that what is done today breaks.
        misses: other gates that today's API does not pass, such as a limit of latency; then what is better may cost
            more.
    """

    workload: str
    label: str
    cached: bool
    batch: bool
    cost_per_month: float | None
    stated_per_month: float | None
    better: str
    better_per_month: float | None
    breaks: tuple[str, ...]
    misses: tuple[str, ...] = ()


class BillTotal(Part):
    """All bills of today together, engagement's currency; ``None`` where one of them is not known.

    Attributes:
        cost_per_month: at list prices.
        stated_per_month: as the client states them.
        better_per_month: with cache, batch and the cheapest permitted API.
    """

    cost_per_month: float | None
    stated_per_month: float | None
    better_per_month: float | None


class MemoryUse(Part):
    """What fills one accelerator's memory when a pool's replica serves, in GiB.

    Attributes:
        pool: the pool's label.
        accelerator: the kind.
        total: memory of one accelerator.
        weights: the model's share of it.
        kv_cache: keys and values of the requests in flight, or of the pool that the engine reserves.
        other: activations, graphs, the runtime.
        free: what is left.
        basis, source, date: how it is known.
        note: what the figures cannot say; empty if nothing.
    """

    pool: str
    accelerator: str
    total: float
    weights: float
    kv_cache: float
    other: float
    free: float
    basis: Basis
    source: str
    date: dt.date
    note: str = ""


class Finding(Part):
    """A statement with what it rests on.

    Attributes:
        text: one or two sentences with their figures.
        basis: the worst basis of the figures in it; ``None`` if it rests on what the client said or the rules alone.
        source: where the figures come from: part of this record, table, profile, document.
    """

    text: str
    basis: Basis | None
    source: str


Side = Literal["cloud", "local"]


class Aspect(Part):
    """A row of the comparison of cloud AI with local AI, for this client.

    Attributes:
        key: setup, privacy, capability, cost, latency, scalability, customisation or maintenance.
        name: its name in the documents.
        cloud, local: what it comes to here.
        better: which side is better here; ``None`` where neither is.
    """

    key: str
    name: str
    cloud: Finding
    local: Finding
    better: Side | None


class Check(Part):
    """A line of the check lists "choose cloud when" and "choose local when".

    Attributes:
        choose: which side a yes speaks for.
        key: its name.
        condition: the condition.
        holds: whether it holds for this client; ``None`` where nobody knows.
        workloads: those for which it holds, where it holds for some.
        finding: the evidence.
    """

    choose: Side
    key: str
    condition: str
    holds: bool | None
    workloads: tuple[str, ...]
    finding: Finding


class Claim(Part):
    """A common claim, set against what was measured or computed here.

    Attributes:
        key: its name.
        claim: the claim.
        outcome: whether it holds for this client.
        finding: the evidence.
    """

    key: str
    claim: str
    outcome: Literal["holds", "holds in part", "does not hold", "not known"]
    finding: Finding


class Answer(Part):
    """A usual question of a board, answered for this client."""

    key: str
    question: str
    finding: Finding


class Risk(Part):
    """A line of the risk register.

    Attributes:
        key: its name.
        risk: what may happen.
        likelihood: low, medium or high, by the rule in ``why``.
        why: what the likelihood rests on.
        cost: what it would cost over the horizon, NPV, engagement's currency; ``None`` where that is not known.
        response: what to do about it.
        owner: who does it: client, consultant, supplier.
        trigger: what to watch.
    """

    key: str
    risk: str
    likelihood: Literal["low", "medium", "high"]
    why: str
    cost: float | None
    response: str
    owner: str
    trigger: str


class Purchase(Part):
    """A line of what has to be ordered or signed.

    Attributes:
        what: accelerators with their servers, rented machines, a contract with an API.
        place: own, rented or API.
        quantity, unit: how many of what.
        price: of one unit, engagement's currency; ``None`` where nobody quotes one.
        price_unit: what the price is for, e.g. ``accelerator`` or ``accelerator and hour``.
        total: purchase, or cost per month of what is rented or called, engagement's currency.
        total_unit: ``once`` or ``a month``.
        basis, source: how the price is known.
        order_by: the day by which it has to be ordered; ``None`` if nothing presses.
        commitment: how long the client is bound; ``None`` for a purchase or an API.
        ask: what to ask the supplier for before signing.
    """

    what: str
    place: Place
    quantity: float
    unit: str
    price: float | None
    price_unit: str
    total: float
    total_unit: str
    basis: Basis
    source: str
    order_by: dt.date | None
    commitment: Commitment | None
    ask: tuple[str, ...]


class Exit(Part):
    """How the client gets out of one part of the plan.

    Attributes:
        what: the part.
        how: what is done.
        cost: what it costs at the end of the first year, NPV, engagement's currency, negative if it brings money in;
            ``None`` where that is not known.
        notice: how long it takes.
    """

    what: str
    how: str
    cost: float | None
    notice: str


class Sketch(Part):
    """A model of cost that is small enough for a reader to play with: one cloud price against whole machines.

    Cost per month of the cloud at ``v`` million tokens a day and ``p`` times its price:
    ``cloud_fixed + p × cloud_per_mtok × v × days_per_month``. Of own or rented machines at use ``u`` (share of the
    planned capacity that is filled on average): ``local_fixed + (n − there) × machine_per_month`` with ``n = max(there,
    ceil((bound_mtok_per_day + v) / (u × machine_mtok_per_day)))``. Machines that work without another place needs
    anyway cost nothing more.

    Attributes:
        machine: the replica behind it, by label.
        place: own or rented.
        workloads: whose mix of requests it was computed for.
        cloud_per_mtok: price of a million tokens, prompt and output in the mix, at the cheapest permitted API of each.
        cloud_fixed: people for the cloud, a month; 0 where other work of the plan needs them anyway.
        machine_per_month: levelised cost of a replica.
        machine_mtok_per_day: million tokens a day that a replica carries if its planned capacity is full.
        local_fixed: people for the machines, a month; 0 where they are there anyway.
        bound: workloads that the plan has on this machine and that no API may serve.
        bound_mtok_per_day: their load, as million tokens a day of the mix.
        there: machines that they need by themselves, spare ones included.
        million_tokens_per_day: today's volume of the workloads that have the choice.
        use: mean use of the planned capacity at that volume, with whole machines.
        days_per_month: mean days of a month.
    """

    machine: str
    place: Place
    workloads: tuple[str, ...]
    cloud_per_mtok: float
    cloud_fixed: float
    machine_per_month: float
    machine_mtok_per_day: float
    local_fixed: float
    bound: tuple[str, ...] = ()
    bound_mtok_per_day: float = 0.0
    there: int = 0
    million_tokens_per_day: float
    use: float
    days_per_month: float


class Letterhead(Part):
    """Whose paper the documents are printed on.

    Attributes:
        consultant: name of the firm; empty for none.
        address: its lines.
        logo: an SVG or PNG as a data address (``data:image/svg+xml;base64,...``); empty for none.
        colour: of headings, rules and own machines, ``#rrggbb``; empty for the kit's.
        accent: of the cloud, ``#rrggbb``; empty for the kit's.
        language: of the documents, as BCP 47 has it.
        paper: a4 or letter.
    """

    consultant: str = ""
    address: tuple[str, ...] = ()
    logo: str = Field(default="", pattern=r"^(data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+)?$")
    colour: str = Field(default="", pattern=r"^(#[0-9a-f]{6})?$")
    accent: str = Field(default="", pattern=r"^(#[0-9a-f]{6})?$")
    language: str = "en"
    paper: Literal["a4", "letter"] = "a4"
