"""What a notebook says of machines and demand beneath its pictures: a sentence or two, computed.

A picture's title is its finding; what stands here says what follows from it. Costs and decision are in ``steps``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from kit.demand.record import Demand, WorkloadDemand
from kit.engagement.record import Engagement
from kit.hardware.inventory import Inventory
from kit.hardware.memory import Fit
from kit.profiler.profile import HardwareProfile, Regime
from kit.record import Basis
from kit.report.charts.speed import longest
from kit.report.drawing import day_names
from kit.report.tables import fitting
from kit.report.words import BASES, listed, number, percent, seconds, tokens
from kit.strategy.verdict import MeasuredPoint, Verdict

_LITTLE_ROOM = 0.1
"""Share of an accelerator's memory below which hardly anything is free."""

_FLAT = 0.25
"""Growth of throughput over that of the load below which a curve counts as flat."""

_NAMED = 2
"""Lengths of request that are named; more are counted."""


def machine(inventory: Inventory) -> str:
    """Return what a measurement on this machine can tell."""
    if not inventory.gpus:
        return "There is no GPU in it. What is measured here shows how the kit measures, not what a GPU would do."
    sizes = [gpu.memory_gib for gpu in inventory.gpus]
    count = "One GPU" if len(sizes) == 1 else f"{number(len(sizes))} GPUs"
    known = [size for size in sizes if size is not None]
    memory = f" with {number(sum(known))} GiB of memory in all" if len(known) == len(sizes) else ""
    return f"{count}{memory}: what is measured here holds for machines of this kind."


def largest_model(verdict: Verdict, engagement: Engagement) -> str:
    """Return how many GPUs the model that needs most of them takes at the least, as published and in eight bits."""
    pairs = fitting(verdict, engagement)
    if not pairs:
        return "No model on offer is one whose make the kit knows."
    needed: dict[str, list[tuple[Fit, Fit]]] = {}
    for model, _, published, eight_bits in pairs:
        needed.setdefault(model, []).append((published, eight_bits))
    largest = max(
        needed, key=lambda model: max(published.weights_gib * published.gpus for published, _ in needed[model])
    )
    counts = [_fewest([pair[i] for pair in needed[largest]]) for i in (0, 1)]
    return f"{largest}, the largest, takes {counts[0]} as published and {counts[1]} in FP8."


def _fewest(answers: Sequence[Fit]) -> str:
    """Return the least number of GPUs that hold a model, over the kinds on offer."""
    gpus = [answer.gpus for answer in answers if answer.verdict == "fits"]
    if not gpus:
        return "more than is on offer here"
    return "one GPU" if min(gpus) == 1 else f"at least {number(min(gpus))} GPUs"


def room(verdict: Verdict) -> str:
    """Return what the memory of the fullest pool leaves room for."""
    if not verdict.memory:
        return "The plan has no machines, so no model has to fit anywhere."
    use = min(verdict.memory, key=lambda item: item.free / item.total)
    pool = next((pool for pool in verdict.pools if pool.label == use.pool), None)
    planned = (
        f"The KV cache is that of the {pool.concurrency} requests in flight on which the plan counts. "
        if pool and pool.concurrency
        else ""
    )
    if use.free < _LITTLE_ROOM * use.total:
        return f"{planned}Less than a tenth is free: longer requests or a larger model would need other machines."
    return f"{planned}With {percent(use.free / use.total)} free, memory is not what limits this plan."


def known(profiles: Sequence[HardwareProfile], measured: HardwareProfile | None) -> str:
    """Return how much of what is known of machines was measured."""
    count = sum(profile.basis is Basis.MEASURED for profile in profiles)
    here = "this machine is among them" if measured else "none of them on this machine"
    were = "was" if count == 1 else "were"
    return (
        f"{number(count)} of {number(len(profiles))} profiles {were} measured by the kit, {here}. What others "
        "published is good enough to choose what to measure, not to sign an order."
    )


def one_machine(
    verdict: Verdict, profiles: Sequence[HardwareProfile], measured: HardwareProfile | None
) -> HardwareProfile:
    """Return the profile to look at closely: this machine's own, else the plan's first, else the longest."""
    planned = {pool.profile: i for i, pool in reversed(list(enumerate(verdict.pools)))}
    return measured or min(profiles, key=lambda one: (planned.get(one.name, len(planned)), -len(one.service_curve)))


def flattening(profile: HardwareProfile) -> str:
    """Return for which lengths of request a profile still does more at its highest load, and for which not."""
    points = [p for p in profile.service_curve if p.concurrency and p.regime is Regime.CLOSED_LOOP]
    points.sort(key=lambda p: (p.prompt_tokens, p.output_tokens, p.concurrency or 0))
    flat: list[str] = []
    rising: list[str] = []
    for (prompt, output), group in groupby(points, key=lambda p: (p.prompt_tokens, p.output_tokens)):
        line = list(group)
        if len(line) < 2:
            continue
        before, last = line[-2:]
        more = last.output_tokens_per_s / before.output_tokens_per_s - 1
        load = (last.concurrency or 0) / (before.concurrency or 1) - 1
        (flat if more < _FLAT * load else rising).append(f"{number(prompt)} in / {number(output)} out")
    said = []
    if flat:
        said.append(f"{_lengths(flat)} the curve is flat at its end: more load only waits longer.")
    if rising:
        said.append(f"{_lengths(rising)} it still rises, so the machine can do more than is known.")
    return " ".join(said) or "Only one load is known, so nothing says where the curve flattens."


def _lengths(named: Sequence[str]) -> str:
    return f"With {listed(named)} tokens" if len(named) <= _NAMED else f"With {number(len(named))} lengths of request"


def lines(verdict: Verdict) -> str:
    """Return how far apart the machines' curves are, and whether they can be compared."""
    drawn = [group for group in longest(verdict.service_curves) if len(group) > 1]
    if not drawn:
        return "Of no machine more than one load is known."
    models = {group[0].model for group in drawn}
    of = "one model" if len(models) == 1 else f"{number(len(models))} models, so compare lines of the same one"
    best = [max(point.output_tokens_per_s for point in group) for group in drawn]
    return f"At their best they do {number(min(best))} to {number(max(best))} output tokens/s. They are of {of}."


def within_limit(verdict: Verdict) -> str:
    """Return which permitted machine does most within the strictest limit on the first token."""
    limits = [(one.ttft_p95_s, one.workload) for one in verdict.requirements if one.ttft_p95_s is not None]
    if not limits:
        return "No workload has a limit on the first token, so throughput alone decides between machines."
    limit, workload = min(limits)
    options = [option for one in verdict.placements if one.workload == workload for option in one.options]
    may = {option.profile for option in options if option.profile and not option.strikes}
    fast = [
        point
        for point in verdict.service_curves
        if point.profile in may and point.ttft_p50_s is not None and point.ttft_p50_s <= limit
    ]
    asked = f"{workload} has the strictest limit, {seconds(limit)}"
    if not may:
        return f"{asked}; no machine may serve it."
    if not fast:
        return f"{asked}; no machine that may serve it is known to keep it."
    best = max(fast, key=lambda point: point.output_tokens_per_s)
    lean = max(fast, key=_per_gpu)
    at = f" with {best.concurrency} requests in flight" if best.concurrency else ""
    each = "" if lean.profile == best.profile else f" Per GPU {lean.accelerator} does more, {number(_per_gpu(lean))}."
    return (
        f"{asked}. Of the machines that may serve it, {best.accelerator} with {best.model} does most within it: "
        f"{number(best.output_tokens_per_s)} output tokens/s{at}, by the median.{each}"
    )


def _per_gpu(point: MeasuredPoint) -> float:
    """Return output tokens per second for each accelerator; a record names a group as ``4 × H100 SXM``."""
    count, _, name = point.accelerator.partition(" × ")
    return point.output_tokens_per_s / int(count) if name and count.isdigit() else point.output_tokens_per_s


def expected_wait(verdict: Verdict) -> str:
    """Return how near the plan comes to a limit on the first token, at the workload that is nearest to it."""
    limits = {one.workload: one.ttft_p95_s for one in verdict.requirements if one.ttft_p95_s}
    near = [
        (one.ttft_p95_s / limits[one.workload], one)
        for one in verdict.placements
        if one.ttft_p95_s is not None and one.workload in limits
    ]
    if not near:
        return "No wait is predicted for a workload with a limit."
    _, one = max(near, key=lambda pair: pair[0])
    limit = limits[one.workload]
    return (
        f"Nearest to its limit comes {one.workload}: {seconds(one.ttft_p95_s)} expected in the busiest hour (95th "
        f"percentile, network included), {seconds(limit)} allowed."
    )


def fullest_hour(demand: Demand) -> str:
    """Return the fullest and the emptiest hour of all workloads together, and how far from the mean they are."""
    load = _load(demand)
    mean = sum(load) / len(load)
    full, empty = load.index(max(load)), load.index(min(load))
    return (
        f"All together, the fullest hour is {hour_name(full)}, {number(load[full] / mean)} times the mean of "
        f"{tokens(mean)} million tokens an hour; the emptiest, {hour_name(empty)}, has "
        f"{number(load[empty] / mean)} times."
    )


def sized_for(demand: Demand) -> str:
    """Return how much machines for the fullest hour idle, and what machines for the mean hour would carry."""
    load = _load(demand)
    mean = sum(load) / len(load)
    idle = 1 - mean / max(load)
    carried = sum(min(value, mean) for value in load) / sum(load)
    return (
        f"Machines for the fullest hour of all together would idle {percent(idle)} of the time; machines for the mean "
        f"hour would carry {percent(carried)} of the tokens, and the rest would wait or go elsewhere."
    )


def read_and_written(demand: Demand) -> str:
    """Return which share of the tokens is read and which written, and which workload writes most of them."""
    read = sum(one.requests_per_day.value * one.prompt_tokens.value for one in demand.workloads)
    written = {one.workload: one.requests_per_day.value * one.output_tokens.value for one in demand.workloads}
    most = max(written, key=written.__getitem__)
    whole = sum(written.values())
    return (
        f"Of all tokens {percent(read / (read + whole))} are read and {percent(whole / (read + whole))} written, "
        f"{percent(written[most] / whole)} of these by {most}. A token written costs more than one read, at an API and "
        "on a machine."
    )


def shapes(demand: Demand) -> str:
    """Return how the shapes of the weeks are known."""
    counts = Counter(one.shape.basis for one in demand.workloads)
    kinds = [f"{number(counts[basis])} {BASES[basis]}" for basis in Basis if counts[basis]]
    logs = "" if set(counts) == {Basis.MEASURED} else " The client's own logs would say it better (kit demand import)."
    return f"Shapes of a week: {listed(kinds)}.{logs}"


def _load(demand: Demand) -> list[float]:
    """Return the million tokens of each hour of the week, all workloads together."""
    return [sum(one.requests_per_hour[hour] * _per_request(one) for one in demand.workloads) for hour in range(168)]


def _per_request(one: WorkloadDemand) -> float:
    return (one.prompt_tokens.value + one.output_tokens.value) / 1e6


def hour_name(hour: int) -> str:
    """Return an hour of the week, counted from Monday 0:00."""
    return f"{day_names()[hour // 24]} {hour % 24}:00"
