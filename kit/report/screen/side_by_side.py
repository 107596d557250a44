"""Tables of several records side by side: a row for each thing that is said, a column for each record; as HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

from kit.errors import InputError
from kit.figures import money
from kit.pricing.rental import rentals
from kit.profiler.compare import load
from kit.profiler.profile import HardwareProfile, Point, Regime, Spread
from kit.report.words import MISSING, PLACE_NAMES, change, day, exact, joined, number, percent, seconds
from kit.strategy.verdict import StrategyKind, Verdict

Row = tuple[str, list[str]]

_STYLE = "text-align:left;vertical-align:top;padding:4px 10px;max-width:24em;border-top:1px solid #d5dade;"


def table(heads: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table as HTML: a head for each record, and rows with their names; lines in a cell stay apart."""

    def cell(tag: str, text: str) -> str:
        return f'<{tag} style="{_STYLE}">{html.escape(text).replace(chr(10), "<br>")}</{tag}>'

    top = "".join(cell("th", head) for head in ("", *heads))
    body = "".join(f"<tr>{cell('th', name)}{''.join(cell('td', it) for it in cells)}</tr>" for name, cells in rows)
    return f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def paragraphs(sentences: Sequence[str]) -> str:
    """Return sentences as HTML."""
    return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)


def curve(profile: HardwareProfile) -> list[Point]:
    """Return the points of a profile that make its curve: of the lengths taken at most loads, by requests in flight."""
    by_lengths: dict[tuple[float, float], list[Point]] = {}
    for point in profile.service_curve:
        if point.concurrency is not None and point.regime is Regime.CLOSED_LOOP:
            by_lengths.setdefault((point.prompt_tokens, point.output_tokens), []).append(point)
    found = max(by_lengths.values(), key=len, default=[])
    return sorted(found, key=lambda point: point.concurrency or 0)


def best(profile: HardwareProfile) -> Point:
    """Return the point at which a profile's machine does most."""
    return max(profile.service_curve, key=lambda point: point.output_tokens_per_s)


def lengths(point: Point) -> str:
    """Return the tokens of a point's requests: ``512 × 128``."""
    return f"{number(point.prompt_tokens)} × {number(point.output_tokens)}"


def conditions(profiles: Sequence[HardwareProfile]) -> tuple[list[Row], list[Row]]:
    """Return under which conditions profiles were taken: what differs among them, and what is the same in all."""
    told: dict[str, Callable[[HardwareProfile], str]] = {
        "known by": lambda it: it.basis.value,
        "machine": lambda it: f"{it.accelerators} × {it.accelerator}",
        "model": lambda it: it.model.name,
        "number format": lambda it: it.model.dtype,
        "engine": lambda it: it.engine.name,
        "engine's version": lambda it: it.engine.version or "not stated",
        "weights": lambda it: {True: "random", False: "real", None: "not stated"}[it.model.random_weights],
        "tokens in × out": lambda it: lengths(best(it)),
        "date": lambda it: it.date.isoformat(),
        "source": lambda it: it.source,
    }
    rows = [(name, [tell(profile) for profile in profiles]) for name, tell in told.items()]
    return [row for row in rows if len(set(row[1])) > 1], [row for row in rows if len(set(row[1])) == 1]


def figures(profiles: Sequence[HardwareProfile]) -> list[Row]:
    """Return what profiles say, row by row; a dash where the source does not say it."""
    told: dict[str, Callable[[HardwareProfile], str]] = {
        "output tokens/s, at most": lambda it: f"{number(best(it).output_tokens_per_s)}\n{load(best(it))}",
        "first token": lambda it: _ends(it, lambda point: point.ttft_s),
        "each further token": lambda it: _ends(it, lambda point: point.tpot_s),
        "memory": _memory,
        "power": lambda it: MISSING if (watts := best(it).power_w or it.power_w) is None else f"{number(watts)} W",
        "energy per output token": lambda it: _joules(best(it)),
        "rented, per million output tokens": _rented,
        "findings": lambda it: "\n".join(f"{one.what} ({one.evidence})" for one in it.findings) or MISSING,
    }
    return [(name, [tell(profile) for profile in profiles]) for name, tell in told.items()]


def verdict_rows(verdicts: Sequence[Verdict]) -> list[Row]:
    """Return what verdicts say, row by row; a row for each workload that any of them has."""
    told: dict[str, Callable[[Verdict], str]] = {
        "verdict": lambda it: it.sentence,
        "how sure": lambda it: it.certainty.value,
        "cost per month": lambda it: money(it.strategies[0].cost_per_month, it.currency),
        "cost over the horizon (NPV)": lambda it: f"{money(it.strategies[0].npv, it.currency)}\n{_years(it)}",
        "against today": _against_today,
        "machines": _machines,
        "what would change it": _switches,
        "warnings": lambda it: "\n".join(it.warnings) or "none",
        "date": lambda it: f"{day(it.date)}\nholds until {day(it.valid_until)}",
        "currency": lambda it: it.currency,
    }
    workloads = dict.fromkeys(one.workload for it in verdicts for one in it.placements)
    rows = [(name, [tell(it) for it in verdicts]) for name, tell in told.items()]
    placed = [(f"goes where: {name}", [_placed(it, name) for it in verdicts]) for name in workloads]
    return [*rows[:5], *placed, *rows[5:]]


def differing_inputs(verdicts: Sequence[Verdict]) -> tuple[list[Row], int]:
    """Return the inputs that several verdicts have with other values, and how many inputs not all of them have."""
    values = [{item.key: item for item in it.inputs} for it in verdicts]
    keys = dict.fromkeys(key for one in values for key in one)
    rows = []
    for key in keys:
        found = [one.get(key) for one in values]
        told = {(item.value, item.unit) for item in found if item}
        if len(told) > 1:
            label = next(item.label for item in found if item)
            cells = [f"{exact(item.value)} {item.unit}\n{item.basis.value}" if item else MISSING for item in found]
            rows.append((f"{label}\n{key}", cells))
    return rows, sum(not all(key in one for one in values) for key in keys)


def warnings_of(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Return what one must know before one compares verdicts: other currencies, other days, other horizons."""
    found = []
    if len(currencies := sorted({it.currency for it in verdicts.values()})) > 1:
        found.append(f"The amounts are in {joined(currencies, ', ')}, and are not converted: do not compare them.")
    if len(dates := sorted({it.date for it in verdicts.values()})) > 1:
        found.append(
            f"The verdicts are of different days, {joined([day(it) for it in dates], ', ')}: prices may differ."
        )
    if len({it.horizon_years for it in verdicts.values()}) > 1:
        found.append("Their horizons differ: compare the cost per month, not the NPV.")
    return found


def _ends(profile: HardwareProfile, field: Callable[[Point], Spread | None]) -> str:
    """Return a time at the least and at the highest load of the curve that states it."""
    known = [(point, spread) for point in curve(profile) if (spread := field(point)) is not None]
    told = dict.fromkeys(f"{_time(spread)}, {load(point)}" for point, spread in (*known[:1], *known[-1:]))
    return "\n".join(told) or MISSING


def _time(spread: Spread) -> str:
    if spread.p50 is not None:
        return seconds(spread.p50)
    return MISSING if spread.mean is None else f"{seconds(spread.mean)} (mean)"


def _memory(profile: HardwareProfile) -> str:
    memory = profile.memory
    parts = {"weights": memory.weights_gib, "KV cache": memory.kv_cache_gib, "peak": memory.peak_gib}
    return "\n".join(f"{name} {number(gib)} GiB" for name, gib in parts.items() if gib is not None) or MISSING


def _joules(point: Point) -> str:
    return MISSING if point.energy_j_per_token is None else f"{number(point.energy_j_per_token)} J"


def _rented(profile: HardwareProfile) -> str:
    """Return what a million output tokens cost at the highest speed, at the lowest listed rent of the machine."""
    try:
        offers = rentals(profile.accelerator)
    except InputError:
        return MISSING
    if not offers:
        return MISSING
    rent = offers[0].usd_per_gpu_hour
    cost = profile.accelerators * rent.value / (3600 * best(profile).output_tokens_per_s) * 1e6
    return f"{money(cost, 'USD')}\n{offers[0].provider}, {rent.date.isoformat()}, never idle"


def _years(verdict: Verdict) -> str:
    return f"{number(verdict.horizon_years)} years at {percent(verdict.discount_rate)}"


def _against_today(verdict: Verdict) -> str:
    today = next((plan for plan in verdict.strategies if plan.kind is StrategyKind.TODAY), None)
    if today is None:
        return "what is done today is not stated"
    saved = today.cost_per_month - verdict.strategies[0].cost_per_month
    word = "saves" if saved >= 0 else "costs more:"
    share = f" ({percent(abs(saved) / today.cost_per_month)})" if today.cost_per_month else ""
    return f"{word} {money(abs(saved), verdict.currency)} a month{share}"


def _machines(verdict: Verdict) -> str:
    rows = [f"{pool.accelerators} × {pool.accelerator} ({pool.place.value}): {pool.model}" for pool in verdict.pools]
    return "\n".join(rows) or "none"


def _switches(verdict: Verdict) -> str:
    rows = [
        f"{driver.name}: {change(driver, driver.switches_at)}"
        for driver in verdict.drivers
        if driver.switches_at is not None
    ]
    return "\n".join(rows) or "no input that was varied"


def _placed(verdict: Verdict, workload: str) -> str:
    found = next((one for one in verdict.placements if one.workload == workload), None)
    if found is None:
        return MISSING
    split = len(found.goes_to) > 1
    rows = [
        f"{PLACE_NAMES[place]}: {label}" + (f" ({percent(share)})" if split else "")
        for place, label, share in zip(found.places, found.goes_to, found.shares, strict=True)
    ]
    return "\n".join(rows)
