"""Who stands in when a provider fails: for each workload in the cloud the next API that its gates leave."""

from __future__ import annotations

from collections.abc import Mapping

from kit.engagement.record import Place
from kit.report.parts import Block, Column, Table, Text, headed, tabled
from kit.report.words import MISSING, per_thousand, symbol, tokens
from kit.strategy.verdict import Option, Placement, Verdict
from kit.wording import Message, making, retell, say


def stand_ins(verdict: Verdict) -> Table:
    """Return each workload that an API serves, with the API that would take over: of another provider if one may."""
    rows = tuple(
        (
            retell(one.workload),
            retell(serving.label),
            _cost(serving),
            say("no other API passes the gates") if instead is None else retell(instead.label),
            MISSING if instead is None else _cost(instead),
        )
        for one in verdict.placements
        for serving, instead in _pairs(one, verdict.messages)
    )
    currency = symbol(verdict.currency)
    return Table(
        caption=say("What the cloud carries, and who takes over when a provider fails"),
        columns=(
            Column(head=say("Workload"), share=1.3),
            Column(head=say("Served by"), share=1.6),
            Column(head=say("{currency} per thousand requests", currency=currency), align="right", share=1),
            Column(head=say("The next API that passes"), share=1.6),
            Column(head=say("{currency} per thousand requests", currency=currency), align="right", share=1),
        ),
        rows=rows,
        small=True,
        key="stand-ins",
    )


def _pairs(one: Placement, messages: Mapping[str, Message]) -> list[tuple[Option, Option | None]]:
    """Return the APIs that serve a workload, each with its stand-in."""
    serving = [
        option
        for label, place in zip(one.goes_to, one.places, strict=True)
        for option in one.options
        if place is Place.API and option.label == label
    ]
    return [(option, _instead(option, one, messages)) for option in serving]


def _instead(serving: Option, one: Placement, messages: Mapping[str, Message]) -> Option | None:
    """Return the cheapest other API without a strike; one of the same provider only where there is no other."""
    others = [
        option
        for option in one.options
        if option.place is Place.API and not option.strikes and option.label not in one.goes_to
    ]
    at = _provider(serving, messages)
    return min(
        others,
        key=lambda option: (
            _provider(option, messages) == at,
            option.cost_per_request is None,
            option.cost_per_request or 0.0,
        ),
        default=None,
    )


def _provider(option: Option, messages: Mapping[str, Message]) -> str:
    """Return who offers an API, as its label says."""
    made = making(option.label, messages)
    return str(made.values.get("provider", "")) if made else option.label.removeprefix(option.model)


def _cost(option: Option) -> str:
    return MISSING if option.cost_per_request is None else per_thousand(option.cost_per_request)


def without_machines(verdict: Verdict) -> tuple[Block, ...]:
    """Return how a plan without machines works: which APIs serve, who takes over, from when machines would pay."""
    return (
        Text(
            text=say(
                "The plan has no machines: the cloud serves every hour, and nothing can overflow. What can fail is a "
                "provider."
            )
        ),
        *tabled("", stand_ins(verdict)),
        *headed(say("When machines would pay"), Text(text=_when_machines_pay(verdict))),
    )


def _when_machines_pay(verdict: Verdict) -> str:
    """Return from which volume on machines would pay beside the cloud."""
    if not any(o.place is not Place.API and not o.strikes for one in verdict.placements for o in one.options):
        return say("Never, as things are: no workload may use a machine that is on offer.")
    curve = verdict.break_even
    if curve.leaves_cloud_at is None:
        return say(
            "With all workloads scaled alike, machines begin to pay at no volume that was examined, up to {most} "
            "million tokens a day; today's is {today} million.",
            today=tokens(curve.today),
            most=tokens(max(curve.million_tokens_per_day, default=curve.today)),
        )
    return say(
        "With all workloads scaled alike, machines begin to pay beside the cloud from {volume} million tokens a day "
        "on, in today's volumes with the growth on top; today's volume is {today} million.",
        volume=tokens(curve.leaves_cloud_at),
        today=tokens(curve.today),
    )
