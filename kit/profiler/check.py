"""Whether a profile can be relied on: what is inconsistent, implausible or gives the machine away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kit.profiler.compare import name
from kit.profiler.profile import HardwareProfile, Point, Regime, Spread
from kit.record import Basis

LITTLE = 0.25
"""How far requests in flight may be from throughput × time in the system: tokens at the edges of a window count."""

_GIVEAWAYS = {
    "a path of the machine": re.compile(r"(?<![\w:/.])/(?:home|root|Users|mnt|tmp|opt|srv|data)/[\w.-]+"),
    "a UUID": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE),
    "a private address": re.compile(r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}\b"),
}


def check_profile(profile: HardwareProfile, *, path: Path | None = None) -> tuple[str, ...]:
    """Return what is wrong with a profile, in words; empty if nothing is.

    Args:
        profile: the record.
        path: its file, whose name must be the profile's.
    """
    found: list[str] = []
    if path is not None and path.name != f"{profile.name}.json":
        found.append(f"the file is called {path.name}, the profile {profile.name!r}; they must agree")
    elsewhere, known = profile.way_there is not None, profile.model.architecture != "not stated"
    if profile.basis is Basis.MEASURED and not elsewhere and profile.inventory is None:
        found.append("it is said to be measured, but does not say on which machine (inventory)")
    if profile.basis is Basis.MEASURED and known and profile.model.config_sha256 is None:
        found.append("it is said to be measured, but the model's config has no hash")
    found += [f"the record holds {what}: {text}" for what, text in _giveaways(profile)]
    for point in profile.points:
        found += [f"{name(point)}: {problem}" for problem in _point(point)]
    found += _doubles(profile)
    return tuple(found)


def _point(point: Point) -> Iterator[str]:
    interval = point.output_tokens_per_s_interval
    if interval is not None and not interval[0] <= point.output_tokens_per_s <= interval[1]:
        yield f"its throughput lies outside its own interval {interval}"
    for field in ("ttft_s", "tpot_s", "itl_s", "e2e_s"):
        spread = getattr(point, field)
        if spread is not None:
            yield from (f"{field}: {problem}" for problem in _spread(spread))
    yield from _little(point)


def _spread(spread: Spread) -> Iterator[str]:
    known = [value for value in (spread.p50, spread.p95, spread.p99) if value is not None]
    if any(value < 0 for value in known):
        yield "a time is negative"
    if known != sorted(known):
        yield f"percentiles fall: {known}"


def _little(point: Point) -> Iterator[str]:
    """Little's law: requests in flight = requests per second × time in the system."""
    ttft, tpot = (spread.mean if spread else None for spread in (point.ttft_s, point.tpot_s))
    if point.regime is not Regime.CLOSED_LOOP or point.concurrency is None or ttft is None or tpot is None:
        return
    if "output_tokens_per_s" in point.derived:
        return
    in_system = ttft + max(point.output_tokens - 1, 0) * tpot
    in_flight = point.output_tokens_per_s / point.output_tokens * in_system
    if abs(in_flight / point.concurrency - 1) > LITTLE:
        yield f"throughput and latency speak of {in_flight:.1f} requests in flight (Little's law)"


def _doubles(profile: HardwareProfile) -> Iterator[str]:
    names = [name(point) for point in profile.points]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        yield f"{twice}: the point is there more than once"


def _giveaways(profile: HardwareProfile) -> Iterator[tuple[str, str]]:
    text = profile.to_json()
    for what, pattern in _GIVEAWAYS.items():
        if match := pattern.search(text):
            yield what, match.group(0)
