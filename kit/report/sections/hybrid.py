"""Section 8: the hybrid at work: its machines, who carries which hours, what happens when one fails, overflow."""

from __future__ import annotations

from kit.engagement.record import Place
from kit.figures import decimal
from kit.report.findings import hours_finding
from kit.report.parts import (
    Block,
    Chip,
    Column,
    Picture,
    Section,
    Table,
    Text,
    headed,
    place_chip,
    sentence_case,
    tabled,
)
from kit.report.sections.standins import stand_ins, without_machines
from kit.report.words import MISSING, PLACE_NAMES, joined, listed, money, number, percent, seconds, tokens
from kit.strategy.answers import Overflow, Rehearsed
from kit.strategy.verdict import Placement, Pool, Verdict, WeekPart
from kit.wording import fixed, retell, say

DAYS = {"weekday": fixed("Monday to Friday"), "weekend": fixed("Saturday and Sunday"), "week": fixed("The whole week")}


def hybrid(verdict: Verdict) -> Section:
    """Return how the recommended plan works from hour to hour."""
    blocks: tuple[Block, ...] = (
        (
            *_machines(verdict),
            *headed(say("Who carries which hours"), *_week(verdict)),
            *headed(say("When a replica fails"), *_redundancy(verdict)),
            *headed(say("When a provider fails"), *tabled("", stand_ins(verdict))),
            *headed(say("When the machines are full"), *_overflow(verdict)),
        )
        if verdict.pools
        else without_machines(verdict)
    )
    return Section(key="hybrid", title=_title(verdict), blocks=blocks)


def _title(verdict: Verdict) -> str:
    places = {place for one in verdict.placements for place in one.places}
    mixed = Place.API in places and len(places) > 1
    return say("The hybrid at work") if mixed else say("The plan at work")


def _machines(verdict: Verdict) -> tuple[Block, ...]:
    currency = verdict.currency
    phases = any(len(set(pool.replicas_by_phase)) > 1 for pool in verdict.pools)
    table = Table(
        caption=say("Pools of replicas under the recommended plan"),
        columns=(
            Column(head=say("Pool"), share=2.2),
            Column(head=say("Place"), share=1.15),
            Column(head=say("GPUs"), align="right", share=1),
            Column(head=say("Replicas"), align="right", share=0.8),
            *((Column(head=say("by year"), align="right", share=0.9),) if phases else ()),
            Column(head=say("of them spare"), align="right", share=0.7),
            Column(head=say("Requests in flight"), align="right", share=0.8),
            Column(head=say("Use, mean of the horizon"), align="right", share=0.8),
            Column(head=say("Use, busiest hour of the horizon"), align="right", share=0.8),
            Column(head=say("Purchase"), align="right", share=0.9),
            Column(head=say("A month"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                retell(pool.label),
                (place_chip(pool.place),),
                say("{number} × {accelerator}", number=number(pool.accelerators), accelerator=pool.accelerator),
                number(pool.replicas),
                *((joined([number(n) for n in pool.replicas_by_phase], ", "),) if phases else ()),
                number(pool.spare),
                MISSING if pool.concurrency is None else number(pool.concurrency),
                percent(pool.utilisation),
                percent(pool.peak_utilisation),
                money(pool.capex, currency) if pool.capex else MISSING,
                money(pool.cost_per_month, currency),
            )
            for pool in verdict.pools
        ),
        small=True,
        key="machines",
    )
    unknown = any(pool.concurrency is None for pool in verdict.pools)
    intro = say(
        "A replica is one copy of the model that answers by itself. Use is of the capacity that is planned for, with "
        "headroom for bursts inside the hour."
    )
    note = say("{missing}: the source states only the most that the machine does, not at which load.", missing=MISSING)
    return (*tabled(intro, table), *((Text(text=note),) if unknown else ()))


def _week(verdict: Verdict) -> tuple[Block, ...]:
    parts = verdict.week.parts
    places = [place for place in Place if any(part.shares.get(place) for part in parts)]
    table = Table(
        caption=say("The tokens of the typical week, prompt and output, by who serves them; means of an hour"),
        columns=(
            Column(head=say("Days"), share=1.4),
            Column(head=say("Hours"), share=1),
            Column(head=say("M tokens an hour"), align="right", share=0.9),
            *(Column(head=_to(place), align="right", share=0.9) for place in places),
            Column(head=say("GPUs can carry, M tokens an hour"), align="right", share=1.1),
        ),
        rows=tuple(_part(part, places) for part in parts[:-1]),
        total=_part(parts[-1], places) if parts else None,
        small=True,
        key="week",
    )
    return (
        *tabled("", table),
        Picture(
            name="load_duration",
            alt=say("Load-duration curve of the week. {finding}.", finding=hours_finding(verdict)),
        ),
    )


def _to(place: Place) -> str:
    return say("to {place}", place=retell(PLACE_NAMES[place]))


def _part(part: WeekPart, places: list[Place]) -> tuple[str, ...]:
    return (
        retell(DAYS[part.days]),
        say("{first}–{last} h", first=decimal(part.from_hour), last=decimal(part.until_hour)),
        tokens(part.mtok_per_hour),
        *(percent(part.shares.get(place, 0.0)) for place in places),
        tokens(part.capacity_per_hour) if part.capacity_per_hour else MISSING,
    )


def _redundancy(verdict: Verdict) -> tuple[Block, ...]:
    on_machines = [one for one in verdict.placements if Place.OWN in one.places or Place.RENTED in one.places]
    return (
        *(Text(text=_spare(pool, overflows=_may_overflow(pool.label, verdict)), item=True) for pool in verdict.pools),
        *_ways_out(on_machines),
    )


def _may_overflow(pool: str, verdict: Verdict) -> bool:
    """Tell whether some workload of a pool may go to an API when the pool is full."""
    return any(pool in one.goes_to and one.overflow is not None for one in verdict.placements)


def _spare(pool: Pool, *, overflows: bool) -> str:
    values = {"pool": retell(pool.label), "replicas": number(pool.replicas), "spare": number(pool.spare)}
    if pool.spare == 0:
        return say("{pool}: no replica is spare; if one fails, the others carry what they can.", **values)
    if not overflows:
        return (
            say(
                "{pool}: one of {replicas} replicas is spare. One may fail or be updated, and everything is still "
                "served within its limits.",
                **values,
            )
            if pool.spare == 1
            else say(
                "{pool}: {spare} of {replicas} replicas are spare. As many may fail or be updated, and everything is "
                "still served within its limits.",
                **values,
            )
        )
    if pool.spare == 1:
        return say(
            "{pool}: one of {replicas} replicas is spare. One may fail or be updated, and work that cannot go "
            "elsewhere is still served within its limits; until then the spare one serves what may overflow.",
            **values,
        )
    return say(
        "{pool}: {spare} of {replicas} replicas are spare. As many may fail or be updated, and work that cannot go "
        "elsewhere is still served within its limits; until then the spare ones serve what may overflow.",
        **values,
    )


def _ways_out(placements: list[Placement]) -> list[Block]:
    """Return where the work of the machines goes when they fail or are full; workloads with one way out together."""
    ways: dict[str | None, list[str]] = {}
    for one in placements:
        ways.setdefault(one.overflow, []).append(retell(one.workload))
    found: list[Block] = []
    for way, names in ways.items():
        values = {"workloads": listed(names), "way": retell(way or "")}
        if way is None and len(names) == 1:
            text = say(
                "{workloads} stays on the machines: it waits, or is served by the replicas that are left.", **values
            )
        elif way is None:
            text = say(
                "{workloads} stay on the machines: they wait, or are served by the replicas that are left.", **values
            )
        elif len(names) == 1:
            text = say("{workloads} goes to {way} when the machines fail or are full.", **values)
        else:
            text = say("{workloads} go to {way} when the machines fail or are full.", **values)
        found.append(Text(text=text, item=True))
    return found


def _overflow(verdict: Verdict) -> tuple[Block, ...]:
    rows = tuple(
        (
            retell(rehearsed.pool) if i == 0 else "",
            retell(wait.workload),
            percent(rehearsed.load),
            *(seconds(value) for value in (wait.ttft_p50_s, wait.ttft_p95_s, wait.ttft_p99_s, wait.e2e_p95_s)),
            _kept(kept=wait.kept),
        )
        for rehearsed in verdict.rehearsed
        for i, wait in enumerate(rehearsed.waits)
    )
    table = Table(
        caption=say("The busiest hour of each pool, simulated"),
        columns=(
            Column(head=say("Pool"), share=2),
            Column(head=say("Workload"), share=1.2),
            Column(head=say("Load"), align="right", share=0.6),
            Column(head=say("First token, p50"), align="right", share=0.8),
            Column(head=say("p95"), align="right", share=0.7),
            Column(head=say("p99"), align="right", share=0.7),
            Column(head=say("Whole answer, p95"), align="right", share=0.8),
            Column(head=say("Limit kept"), share=0.8),
        ),
        rows=rows,
        small=True,
        key="busiest",
    )
    return (
        *tabled(
            say(
                "The busiest hour of each pool was simulated request by request; what users wait has the network in it."
            ),
            table,
        ),
        *_thresholds(verdict),
        *(
            Text(text=say("{pool}: {why}.", pool=retell(one.pool), why=sentence_case(one.why)), item=True)
            for one in verdict.rehearsed
            if one.why
        ),
    )


def _kept(*, kept: bool | None) -> str | tuple[Chip, ...]:
    if kept is None:
        return say("no limit")
    return (Chip(text=say("yes"), kind="yes") if kept else Chip(text=say("no"), kind="no"),)


def _telling(rehearsed: Rehearsed) -> list[Overflow]:
    """Return the thresholds down to the first one that sends nothing away, and the recommended one."""
    found: list[Overflow] = []
    for over in rehearsed.overflows:
        if over.threshold == rehearsed.threshold or not any(other.share == 0 for other in found):
            found.append(over)
    return found


def _thresholds(verdict: Verdict) -> tuple[Block, ...]:
    known = [one for one in verdict.rehearsed if one.threshold is not None and _may_overflow(one.pool, verdict)]
    rows = tuple(
        (
            retell(one.pool) if i == 0 else "",
            number(over.threshold),
            percent(over.share),
            (Chip(text=say("recommended"), kind="yes"),) if over.threshold == one.threshold else "",
        )
        for one in known
        for i, over in enumerate(_telling(one))
    )
    table = Table(
        caption=say("Thresholds of overflow, rehearsed in the busiest hour"),
        columns=(
            Column(head=say("Pool"), share=2.4),
            Column(head=say("Most requests at a replica, in service or waiting"), align="right", share=1.3),
            Column(head=say("Requests that are sent away"), align="right", share=1),
            Column(head="", share=0.8),
        ),
        rows=rows,
        small=True,
    )
    return tabled(
        say(
            "Send a request to the cloud when its replica already holds this many; the recommended threshold is the "
            "highest at which every limit is kept."
        ),
        table,
    )
