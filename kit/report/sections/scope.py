"""Section 2: what the client asks of each workload, in its own words and figures."""

from __future__ import annotations

from collections.abc import Sequence

from kit.engagement.record import Customisation, Modality
from kit.figures import OR, count, decimal
from kit.report.findings import places_finding
from kit.report.parts import Block, Cell, Column, Picture, Section, Table, Text, tabled
from kit.report.words import (
    CUSTOMISATIONS,
    DATA_CLASSES,
    MISSING,
    MODALITIES,
    PLACE_NAMES,
    day,
    joined,
    listed,
    number,
    percent,
    seconds,
    tokens,
)
from kit.strategy.dossier import Requirement
from kit.strategy.verdict import Verdict
from kit.wording import retell, say

BETWEEN = ", "


def scope(verdict: Verdict) -> Section:
    """Return what was asked, and where each workload may go."""
    asked = verdict.requirements
    values = {
        "client": verdict.client,
        "span": say("{years} years", years=number(verdict.horizon_years))
        if verdict.horizon_years != 1
        else say("a year"),
        "date": day(verdict.date),
        "rate": percent(verdict.discount_rate),
    }
    # A client's name may end in a full stop, so none of these ends in it.
    intro = (
        say(
            "For {client} one workload was examined, over {span} from {date}; amounts of later years are "
            "discounted at {rate} a year.",
            **values,
        )
        if len(verdict.placements) == 1
        else say(
            "For {client} {number} workloads were examined, over {span} from {date}; amounts of later years are "
            "discounted at {rate} a year.",
            number=count(len(verdict.placements)),
            **values,
        )
    )
    blocks: list[Block] = [
        Text(text=intro),
        *tabled("", _demand(asked)),
        *tabled("", _limits(asked)),
        Picture(
            name="placement_map",
            alt=say(
                "Map of the workloads: how much each asks for, how strict its rules are, and where it goes. {finding}.",
                finding=places_finding(verdict),
            ),
        ),
    ]
    return Section(key="scope", title=say("Scope and requirements"), blocks=tuple(blocks))


def _demand(asked: Sequence[Requirement]) -> Table:
    return Table(
        caption=say("The workloads in the client's own words, and their volume on a mean day"),
        columns=(
            Column(head=say("Workload"), share=1.1),
            Column(head=say("In the client's words"), share=2.8),
            Column(head=say("Requests a day"), align="right", share=0.8),
            Column(head=say("Prompt tokens"), align="right", share=0.7),
            Column(head=say("of them cached"), align="right", share=0.7),
            Column(head=say("Output tokens"), align="right", share=0.7),
            Column(head=say("M tokens/day"), align="right", share=0.7),
            Column(head=say("Peak hour over mean"), align="right", share=0.7),
            Column(head=say("Growth a year"), align="right", share=0.7),
        ),
        rows=tuple(
            (
                retell(one.workload),
                retell(one.description) or MISSING,
                decimal(one.requests_per_day),
                number(round(one.prompt_tokens)),
                MISSING if one.cached_share is None else percent(one.cached_share),
                number(round(one.output_tokens)),
                tokens(one.million_tokens_per_day),
                number(one.peak_to_mean),
                percent(one.growth_per_year) if one.growth_per_year else MISSING,
            )
            for one in asked
        ),
        small=True,
    )


def _limits(asked: Sequence[Requirement]) -> Table:
    ruled = any(one.may_go_to for one in asked)
    return Table(
        caption=say("What each workload demands of a place; a place that breaks one of these is out"),
        columns=(
            Column(head=say("Workload"), share=1.1),
            Column(head=say("Data"), share=0.9),
            *((Column(head=say("May go to"), share=0.9),) if ruled else ()),
            Column(head=say("Bound by"), share=0.9),
            Column(head=say("Processed in"), share=0.85),
            Column(head=say("Waiting, p95 at most"), share=1.4),
            Column(head=say("Quality at least"), share=1.1),
            Column(head=say("Longest request"), align="right", share=0.8),
            Column(head=say("Available"), align="right", share=0.7),
            Column(head=say("Also"), share=1.4),
        ),
        rows=tuple(_limit(one, ruled=ruled) for one in asked),
        small=True,
    )


def _limit(one: Requirement, *, ruled: bool) -> tuple[Cell, ...]:
    regions = joined([retell(region) for region in one.regions], BETWEEN) if one.regions else say("anywhere")
    quality = (
        MISSING
        if one.at_least is None
        else say("{score} in {benchmark}", score=number(one.at_least), benchmark=one.benchmark)
    )
    return (
        retell(one.workload),
        retell(DATA_CLASSES[one.data_class]),
        *((_places(one),) if ruled else ()),
        joined([rule.value for rule in one.regulations], BETWEEN) if one.regulations else MISSING,
        regions,
        _listed(_waiting(one)),
        quality,
        MISSING if one.context_tokens is None else decimal(one.context_tokens),
        MISSING if one.availability is None else percent(one.availability),
        _listed(_also(one)),
    )


def _places(one: Requirement) -> str:
    """Return where the client's own rule lets the data go, in words."""
    places = [retell(PLACE_NAMES[place]) for place in one.may_go_to]
    if not places:
        return MISSING
    if len(places) == 1:
        return say("{place} only", place=places[0])
    return listed(places, OR)


def _listed(words: Sequence[str]) -> str:
    return joined(words, BETWEEN) if words else MISSING


def _waiting(one: Requirement) -> list[str]:
    """Return the limits of latency; seconds at the 95th percentile."""
    found = []
    if one.ttft_p95_s is not None:
        found.append(say("first token {time}", time=seconds(one.ttft_p95_s)))
    if one.tpot_p95_s is not None:
        found.append(say("each further token {time}", time=seconds(one.tpot_p95_s)))
    if one.e2e_p95_s is not None:
        found.append(say("whole answer {time}", time=seconds(one.e2e_p95_s)))
    return found


def _also(one: Requirement) -> list[str]:
    """Return what else is asked that not every workload asks."""
    found = []
    if one.deferrable:
        found.append(say("may wait until night"))
    if one.users is not None:
        found.append(say("users in {region}", region=retell(one.users)))
    if set(one.modalities) - {Modality.TEXT}:
        found.append(joined([retell(MODALITIES[kind]) for kind in one.modalities], " + "))
    if one.customisation is not Customisation.NONE:
        found.append(retell(CUSTOMISATIONS[one.customisation]))
    if one.needed_by is not None:
        found.append(say("needed by {date}", date=day(one.needed_by)))
    return found
