"""Section 3: today's bill, and what is measured of machines: this one, and those that the plan rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.report.findings import memory_finding, speed_finding
from kit.report.parts import (
    Block,
    Column,
    Picture,
    Section,
    Table,
    Text,
    basis_chip,
    headed,
    tabled,
)
from kit.report.sections.bill import bill
from kit.report.words import MISSING, day, exact, number, seconds
from kit.strategy.verdict import MeasuredPoint, Verdict
from kit.wording import retell, say


def today(verdict: Verdict) -> Section:
    """Return what is paid today and what machines do."""
    blocks = (
        *headed(say("Today's bill"), *bill(verdict)),
        *headed(say("How fast machines are"), *_speeds(verdict)),
        *headed(say("What fills the memory"), *_memory(verdict)),
    )
    return Section(key="today", title=say("Today: the bill and what was measured"), blocks=blocks)


def _speeds(verdict: Verdict) -> Iterable[Block]:
    used = {pool.profile for pool in verdict.pools}
    by_profile: dict[str, list[MeasuredPoint]] = {}
    for point in verdict.service_curves:
        if point.profile in used | {verdict.measured_here}:
            by_profile.setdefault(point.profile, []).append(point)
    ordered = sorted(by_profile.items(), key=lambda item: item[0] != verdict.measured_here)
    finding = speed_finding(verdict.service_curves, verdict.measured_here)
    return (
        Text(text=say("{finding}.", finding=finding)),
        *tabled("", _machines(verdict, by_profile)),
        Picture(
            name="throughput",
            alt=say("Line chart of throughput against requests in flight. {finding}.", finding=finding),
        ),
        *(
            block
            for profile, points in ordered
            for block in tabled(_run(points), _curve(points, here=profile == verdict.measured_here))
        ),
        Picture(
            name="time_to_first_token", alt=say("Line chart of the time to first token against requests in flight.")
        ),
        Picture(name="latency_under_load", alt=say("Line chart of what users wait against the load of a replica.")),
        *_notes(ordered),
    )


def _notes(ordered: Sequence[tuple[str, Sequence[MeasuredPoint]]]) -> Iterable[Block]:
    """Return what a reader of the curves must know; nothing where there is none."""
    if any(point.ttft_p50_s is None or point.tpot_p50_s is None for _, points in ordered for point in points):
        yield Text(text=say("{missing} is what the source does not state.", missing=MISSING))
    if ordered:
        yield Text(
            text=say(
                "Each length of request is shown at its lightest, middle and heaviest load; all loads, and those of "
                "every other machine on offer, are in verdict.json."
            )
        )


def _machines(verdict: Verdict, points: dict[str, list[MeasuredPoint]]) -> Table:
    return Table(
        caption=say("The machines of the plan, and how their speed is known"),
        columns=(
            Column(head=say("Pool"), share=2.2),
            Column(head=say("Measured as"), share=2),
            Column(head=say("Known by"), share=0.9),
            Column(head=say("Of"), share=1),
            Column(head=say("Source"), share=2.4),
        ),
        rows=tuple(
            (
                retell(pool.label),
                say("{model} on {machine}", model=first.model, machine=first.accelerator),
                (basis_chip(first.basis),),
                day(first.date),
                retell(first.source),
            )
            for pool in verdict.pools
            for first in points.get(pool.profile, [])[:1]
        ),
        small=True,
    )


def _run(points: Sequence[MeasuredPoint]) -> str:
    values = {
        "machine": points[0].accelerator,
        "model": points[0].model,
        "source": retell(points[0].source),
    }
    if len({point.source for point in points}) > 1:
        return say(
            "Each row is a load under which {machine} was run with {model} (source: {source} and its like; that of "
            "each row is in verdict.json).",
            **values,
        )
    return say("Each row is a load under which {machine} was run with {model} (source: {source}).", **values)


def _curve(points: Sequence[MeasuredPoint], *, here: bool) -> Table:
    first = points[0]
    values = {"model": first.model, "machine": first.accelerator, "date": day(first.date)}
    caption = (
        say("{model} on {machine}: measured on this machine, {date}", **values)
        if here
        else say("{model} on {machine}: {basis}, {date}", basis=retell(first.basis), **values)
    )
    memory = [number(point.peak_memory_gib) for point in points if point.peak_memory_gib is not None]
    if memory:
        caption = say("{caption}; peak memory {memory} GiB", caption=caption, memory=memory[0])
    return Table(
        caption=caption,
        columns=(
            Column(head=say("Prompt tokens"), align="right", share=0.8),
            Column(head=say("Output tokens"), align="right", share=0.8),
            Column(head=say("Requests in flight"), align="right", share=0.9),
            Column(head=say("Output tokens/s"), align="right", share=1.1),
            Column(head=say("First token"), align="right", share=0.8),
            Column(head=say("Each further token"), align="right", share=0.9),
        ),
        rows=tuple(
            (
                number(point.prompt_tokens),
                number(point.output_tokens),
                say("as many as fit") if point.concurrency is None else number(point.concurrency),
                number(point.output_tokens_per_s),
                seconds(point.ttft_p50_s),
                seconds(point.tpot_p50_s),
            )
            for point in _worth_a_row(points)
        ),
        small=True,
    )


def _worth_a_row(points: Sequence[MeasuredPoint]) -> list[MeasuredPoint]:
    """Return the points of each shape of request at its lightest, middle and heaviest load."""
    by_shape: dict[tuple[float, float], list[MeasuredPoint]] = {}
    for point in points:
        by_shape.setdefault((point.prompt_tokens, point.output_tokens), []).append(point)
    return [alike[i] for alike in by_shape.values() for i in dict.fromkeys((0, (len(alike) - 1) // 2, len(alike) - 1))]


def _memory(verdict: Verdict) -> Iterable[Block]:
    memory = verdict.memory
    table = Table(
        caption=say("Memory of one accelerator in each pool, GiB"),
        columns=(
            Column(head=say("Pool"), share=2.2),
            Column(head=say("Accelerator"), share=1),
            Column(head=say("Weights"), align="right", share=0.8),
            Column(head=say("KV cache"), align="right", share=0.8),
            Column(head=say("Other"), align="right", share=0.7),
            Column(head=say("Free"), align="right", share=0.7),
            Column(head=say("All"), align="right", share=0.7),
            Column(head=say("Known by"), share=0.9),
        ),
        rows=tuple(
            (
                retell(use.pool),
                use.accelerator,
                *(exact(round(value, 1)) for value in (use.weights, use.kv_cache, use.other, use.free, use.total)),
                (basis_chip(use.basis),),
            )
            for use in memory
        ),
        small=True,
    )
    notes = [
        say(
            "{pool}: {note} (Source: {source})", pool=retell(use.pool), note=retell(use.note), source=retell(use.source)
        )
        if use.note
        else say("{pool}. (Source: {source})", pool=retell(use.pool), source=retell(use.source))
        for use in memory
    ]
    found = tabled(
        say("What is free is room for longer requests or for more of them."),
        table,
    )
    if not found:
        return ()
    picture = Picture(
        name="memory_bar",
        alt=say(
            "Bars of what fills the memory of one accelerator in each pool. {finding}.",
            finding=memory_finding(verdict),
        ),
    )
    return (picture, *found, *(Text(text=note, item=True) for note in notes))
