"""Two profiles side by side: what differs in conditions, and whether a difference is larger than the noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kit.profiler.profile import Goodput, HardwareProfile, Point, Regime, Spread

Interval = tuple[float, float]


class Difference(StrEnum):
    """What can be said of two figures."""

    REAL = "larger than the noise"
    NOISE = "within the noise"
    UNKNOWN = "noise not known"


@dataclass(frozen=True)
class Change:
    """One figure in two profiles.

    Attributes:
        point: shape and load, in words.
        figure: which figure, with its unit.
        before, after: its values.
        difference: whether it changed by more than the noise.
    """

    point: str
    figure: str
    before: float
    after: float
    difference: Difference

    @property
    def ratio(self) -> float:
        """After ÷ before."""
        return self.after / self.before


@dataclass(frozen=True)
class Comparison:
    """What two profiles have in common and what not.

    Attributes:
        conditions: what differs besides the figures, each as name, before, after.
        changes: the figures at the points that both have.
        only_before, only_after: points that one of them lacks.
    """

    conditions: tuple[tuple[str, str, str], ...]
    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def compare(before: HardwareProfile, after: HardwareProfile) -> Comparison:
    """Compare two profiles point by point.

    Two figures differ by more than the noise if their 95 % intervals do not overlap: a careful test, since intervals
    may overlap a little where a test at 5 % would already tell them apart.
    """
    left, right = ({_key(point): point for point in profile.points} for profile in (before, after))
    common = [key for key in left if key in right]
    return Comparison(
        conditions=tuple(_conditions(before, after)),
        changes=(
            *(change for key in common for change in _changes(left[key], right[key])),
            *_goodputs(before, after),
        ),
        only_before=tuple(name(point) for key, point in left.items() if key not in right),
        only_after=tuple(name(point) for key, point in right.items() if key not in left),
    )


def name(point: Point) -> str:
    """Return a point in words: ``512 x 128, 8 in flight``."""
    return f"{point.prompt_tokens:g} x {point.output_tokens:g}, {load(point)}"


def load(point: Point) -> str:
    """Return the load of a point in words: ``8 in flight``, ``as many as fit``, ``2 requests/s (poisson)``."""
    if point.regime is Regime.SATURATED or (point.concurrency is None and point.arrivals_per_s is None):
        return "as many as fit"
    if point.regime.open_loop:
        return f"{point.arrivals_per_s:.3g} requests/s ({point.regime.value})"
    return f"{point.concurrency} in flight"


def judge(before: Interval | None, after: Interval | None) -> Difference:
    """Return whether two figures differ by more than the noise, from their 95 % intervals."""
    if before is None or after is None:
        return Difference.UNKNOWN
    apart = before[1] < after[0] or after[1] < before[0]
    return Difference.REAL if apart else Difference.NOISE


def _key(point: Point) -> tuple[object, ...]:
    return round(point.prompt_tokens), round(point.output_tokens), load(point)


def _conditions(before: HardwareProfile, after: HardwareProfile) -> Iterator[tuple[str, str, str]]:
    pairs = {
        "basis": (before.basis.value, after.basis.value),
        "accelerator": tuple(f"{profile.accelerators} × {profile.accelerator}" for profile in (before, after)),
        "engine": tuple(f"{profile.engine.name} {profile.engine.version or ''}".strip() for profile in (before, after)),
        "command": tuple(" ".join(profile.engine.command) for profile in (before, after)),
        "model": (before.model.name, after.model.name),
        "number format": (before.model.dtype, after.model.dtype),
        "config": tuple(str(profile.model.config_sha256) for profile in (before, after)),
        "random weights": tuple(str(profile.model.random_weights) for profile in (before, after)),
        "date": (before.date.isoformat(), after.date.isoformat()),
        "processor": tuple(p.inventory.cpu.model if p.inventory else "not stated" for p in (before, after)),
        "system": tuple(p.inventory.system if p.inventory else "not stated" for p in (before, after)),
    }
    for label, (one, other) in pairs.items():
        if one != other:
            yield label, one, other


def _changes(before: Point, after: Point) -> Iterator[Change]:
    point = name(before)
    yield Change(
        point=point,
        figure="output tokens/s",
        before=before.output_tokens_per_s,
        after=after.output_tokens_per_s,
        difference=judge(before.output_tokens_per_s_interval, after.output_tokens_per_s_interval),
    )
    for field, label in (("ttft_s", "TTFT p50, s"), ("tpot_s", "TPOT p50, s")):
        one, other = getattr(before, field), getattr(after, field)
        if _has_median(one) and _has_median(other):
            yield Change(
                point=point,
                figure=label,
                before=one.p50,
                after=other.p50,
                difference=judge(one.p50_interval, other.p50_interval),
            )


def _goodputs(before: HardwareProfile, after: HardwareProfile) -> Iterator[Change]:
    """Yield the highest loads of objectives that both searched, at the same lengths."""

    def key(one: Goodput) -> tuple[str, int, int]:
        return one.objective, one.prompt_tokens, one.output_tokens

    others = {key(one): one for one in after.goodput}
    for one in before.goodput:
        other = others.get(key(one))
        if other is None or one.requests_per_s is None or other.requests_per_s is None:
            continue
        yield Change(
            point=f"{one.prompt_tokens} x {one.output_tokens}, {one.objective}",
            figure="goodput, requests/s",
            before=one.requests_per_s,
            after=other.requests_per_s,
            difference=judge(_closed(one.interval), _closed(other.interval)),
        )


def _closed(interval: tuple[float | None, float | None]) -> Interval | None:
    low, high = interval
    return None if low is None or high is None else (low, high)


def _has_median(spread: Spread | None) -> bool:
    return spread is not None and spread.p50 is not None
