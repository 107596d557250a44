"""The decision page: the key figures, the table of workloads, what would turn it, and how each figure is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kit.engagement.record import Place
from kit.record import Basis
from kit.report.findings import nearest, volume_finding, week_finding
from kit.report.parts import BasisLine, Column, KeyFigure, Picture, Section, Table, chips, sentence_case
from kit.report.words import (
    BASES,
    CERTAINTIES,
    ONLY,
    alone,
    amount,
    change,
    day,
    joined,
    listed,
    money,
    months,
    number,
    only_place,
    percent,
    places_left,
    symbol,
    tokens,
)
from kit.strategy.reasons import how_far
from kit.strategy.verdict import Input, Verdict
from kit.wording import fixed, retell, say

SWITCHES = 3
"""Inputs that page one names with the value at which another plan would be cheaper."""

NAMED = 3
"""How many single inputs a line on page one names before it says "and others"."""


def decision(verdict: Verdict) -> Section:
    """Return the decision page's table and pictures as section 1, for whoever lists or draws it with the others."""
    return Section(
        key="decision", title=say("Decision"), blocks=(workloads(verdict), *pictures(verdict)), page=True, number=1
    )


def key_figures(verdict: Verdict) -> tuple[KeyFigure, ...]:
    """Return how sure the verdict is, its cost, its payback, and what would turn it."""
    best, currency = verdict.strategies[0], verdict.currency
    values = {"share": percent(best.p_cheapest), "number": number(verdict.samples)}
    sure = (
        _only(verdict)
        if alone(verdict)
        else say(
            "cheapest in {share} of {number} futures; 95% of the time at most {regret} above the best plan",
            regret=money(best.regret_p95, currency),
            **values,
        )
        if best.regret_p95 > 1
        else say("cheapest in {share} of {number} futures", **values)
    )
    cost = KeyFigure(
        label=say("Cost over {years} years", years=number(verdict.horizon_years))
        if verdict.horizon_years != 1
        else say("Cost over a year"),
        value=money(best.npv, currency),
        note=say(
            "net present value; p10–p90: {low} to {high}",
            low=money(best.npv_p10, currency),
            high=money(best.npv_p90, currency),
        ),
    )
    return (
        KeyFigure(label=say("How sure"), value=retell(CERTAINTIES[verdict.certainty]), note=sure),
        cost,
        _back(verdict),
        _hangs_on(verdict),
    )


def _only(verdict: Verdict) -> str:
    """Return why there is no other plan."""
    place = only_place(verdict)
    return say("the only plan within the rules") if place is None else retell(ONLY[place])


def _back(verdict: Verdict) -> KeyFigure:
    best, bought = verdict.strategies[0], money(verdict.strategies[0].capex, verdict.currency)
    if best.payback_months is not None:
        return KeyFigure(
            label=say("Payback"),
            value=months(best.payback_months),
            note=say("on what it spends first, against the cloud")
            if best.extra_at_start is None
            else say(
                "on the {extra} it spends more at first than the cloud plan",
                extra=money(best.extra_at_start, verdict.currency),
            ),
        )
    if best.capex > 0 and best.capex_later > 0:
        return KeyFigure(
            label=say("Purchase"),
            value=bought,
            note=say(
                "at the start; {later} more is bought later; it does not pay itself back; the rules ask for it",
                later=money(best.capex_later, verdict.currency),
            ),
        )
    if best.capex > 0:
        return KeyFigure(
            label=say("Purchase"), value=bought, note=say("it does not pay itself back; the rules ask for it")
        )
    return KeyFigure(label=say("Purchase"), value=say("none"), note=say("nothing is bought"))


def _hangs_on(verdict: Verdict) -> KeyFigure:
    first = nearest(verdict.drivers)
    if alone(verdict):
        return KeyFigure(
            label=say("Hangs on"),
            value=say("the rules"),
            note=say("no figure turns it: there is no other plan")
            if only_place(verdict) in (None, Place.API)
            else say("no figure turns the place; the machine is the cheapest of those that pass"),
        )
    if first is None or first.switches_at is None:
        return KeyFigure(
            label=say("Hangs on"),
            value=say("no one input"),
            note=say("none turns it between a tenth and ten times its value"),
        )
    return KeyFigure(
        label=say("Would turn at"),
        value=change(first, first.switches_at),
        note=say(
            "{input} ({basis}): so far from what was taken, another plan would be cheaper",
            input=retell(first.name),
            basis=retell(BASES[first.basis]),
        ),
    )


def workloads(verdict: Verdict) -> Table:
    """Return where each workload goes, and why."""
    total = (say("All"), "", tokens(verdict.break_even.today), "", amount(verdict.strategies[0].cost_per_month))
    return Table(
        caption=say("Where each workload goes, and why"),
        columns=(
            Column(head=say("Workload"), share=1.15),
            Column(head=say("Goes to"), share=1.2),
            Column(head=say("M tokens/day"), align="right"),
            Column(head=say("Because"), share=3),
            Column(head=say("{currency} / month", currency=symbol(verdict.currency)), align="right"),
        ),
        rows=tuple(
            (
                retell(placement.workload),
                chips(placement),
                tokens(placement.million_tokens_per_day),
                sentence_case(joined(list(placement.because))),
                amount(placement.cost_per_month),
            )
            for placement in verdict.placements
        ),
        total=total if len(verdict.placements) > 1 else None,
        key="workloads",
    )


def pictures(verdict: Verdict) -> tuple[Picture, ...]:
    """Return the week and the cost against volume."""
    return (
        Picture(
            name="typical_week",
            alt=say(
                "Area chart of tokens by hour of the typical week, own GPUs below, cloud above. {finding}.",
                finding=week_finding(verdict),
            ),
        ),
        Picture(
            name="cost_against_volume",
            alt=say(
                "Line chart of cost per month against volume, one line for each plan. {finding}.",
                finding=volume_finding(verdict),
            ),
        ),
    )


def lines(verdict: Verdict) -> tuple[BasisLine, ...]:
    """Return how long the verdict holds, what would turn it, and how its figures are known."""
    left = places_left(verdict) or frozenset(Place)
    return (
        BasisLine(basis=say("Valid until"), text=day(verdict.valid_until)),
        *_switches(verdict),
        BasisLine(basis=say("Costs a month"), text=say("means of the horizon, people included")),
        *_bases(
            [item for item in verdict.inputs if _places_of(item.key) & left],
            verdict.measured_here,
            planned={pool.profile for pool in verdict.pools},
            left=left,
        ),
    )


def _switches(verdict: Verdict) -> tuple[BasisLine, ...]:
    """Return the values at which another plan is cheaper, the nearest first."""
    turning = [
        say(
            "{input} {value} ({basis})",
            input=retell(driver.name),
            value=change(driver, driver.switches_at),
            basis=retell(BASES[driver.basis]),
        )
        for driver in sorted(verdict.drivers, key=how_far)
        if driver.switches_at is not None
    ][:SWITCHES]
    if not turning:
        return ()
    return (BasisLine(basis=say("Another plan is cheaper at"), text=joined(turning)),)


_SUBJECTS = (
    ("prices.", fixed("prices of APIs and GPUs")),
    ("profiles.", fixed("speeds of machines that the plan does not use")),
    ("latency.", fixed("latency of the cloud")),
    ("quality.", fixed("quality scores")),
    ("scores.", fixed("quality scores of the client's own")),
    ("power.", fixed("electrical power")),
    ("workloads.", fixed("demand and limits")),
    ("money.", fixed("the terms of money")),
    ("operations.", fixed("running costs")),
)
"""What inputs are about, by the start of their key."""


_OF_PLACE = (
    ("api_offers.", frozenset({Place.API})),
    ("gpu_offers.", frozenset({Place.RENTED})),
    ("money.staff_fte_api", frozenset({Place.API})),
    ("money.api_price_change", frozenset({Place.API})),
    ("money.network_cost", frozenset({Place.RENTED})),
    ("operations.lead_weeks_api", frozenset({Place.API})),
    ("money.staff_fte_rented", frozenset({Place.RENTED})),
    ("money.rent_change", frozenset({Place.RENTED})),
    ("operations.spot_availability", frozenset({Place.RENTED})),
    ("operations.lead_weeks_rented", frozenset({Place.RENTED})),
    ("latency.rented", frozenset({Place.RENTED})),
    ("latency.way.", frozenset({Place.RENTED})),
    ("latency.", frozenset({Place.API})),
    ("money.staff_fte_own", frozenset({Place.OWN})),
    ("money.staff_fte_per_further_server", frozenset({Place.OWN})),
    ("operations.lead_weeks_own", frozenset({Place.OWN})),
    ("profiles.", frozenset({Place.OWN, Place.RENTED})),
    ("power.", frozenset({Place.OWN})),
)
"""Kinds of place for which inputs matter that do not matter everywhere, by the start of their key."""


def _places_of(key: str) -> frozenset[Place]:
    """Return the kinds of place for which an input matters."""
    if key.startswith("prices."):
        own, rented = key.endswith(".own"), ".rented (" in key
        return frozenset({Place.OWN if own else Place.RENTED if rented else Place.API})
    return next((places for start, places in _OF_PLACE if key.startswith(start)), frozenset(Place))


def _about(item: Input, *, planned: Collection[str], left: Collection[Place]) -> str:
    """Return what an input is about; empty for one that is named itself: an assumed term or cost, or a lone one."""
    if item.basis is Basis.ASSUMED and item.key.startswith(("money.", "operations.")):
        return ""
    if item.key.removeprefix("profiles.") in planned:
        return fixed("the speed of the machines in the plan")
    if item.key.startswith("prices.") and Place.API not in left:
        return fixed("prices of machines")
    return next((text for start, text in _SUBJECTS if item.key.startswith(start)), "")


def _bases(
    inputs: Sequence[Input], measured_here: str | None, *, planned: Collection[str], left: Collection[Place]
) -> tuple[BasisLine, ...]:
    """Return what is measured, quoted, published, predicted and assumed, in a line each.

    Args:
        inputs: every figure that entered.
        measured_here: the profile that was measured on this machine.
        planned: the profiles of the machines in the plan; nobody should take the speed of another for theirs.
        left: the kinds of place that the gates leave.
    """
    found = []
    for basis in Basis:
        subjects: dict[str, None] = {}
        singles: dict[str, None] = {}
        for item in inputs:
            if item.basis is basis:
                about = _about(item, planned=planned, left=left)
                (subjects if about else singles)[about or item.label] = None
        named = [retell(name) for name in (*subjects, *list(singles)[:NAMED])]
        if len(singles) > NAMED:
            named.append(say("others"))
        if basis is Basis.MEASURED and not named:
            named = [
                say("this machine ({profile})", profile=measured_here) if measured_here else say("nothing yet"),
            ]
        if named:
            found.append(BasisLine(basis=retell(BASES[basis]), text=listed(named)))
    return tuple(found)
