"""Words of the documents: what plans and places are called, and amounts for tables and axes."""

from __future__ import annotations

from kit.engagement.record import Commitment, Customisation, DataClass, Modality, Place
from kit.figures import MISSING as MISSING
from kit.figures import day as day
from kit.figures import decimal as decimal
from kit.figures import exact as exact
from kit.figures import factor, points
from kit.figures import joined as joined
from kit.figures import listed as listed
from kit.figures import money as money
from kit.figures import months as months
from kit.figures import number as number
from kit.figures import percent as percent
from kit.figures import seconds as seconds
from kit.figures import symbol as symbol
from kit.figures import tokens as tokens
from kit.figures import unit_price as unit_price
from kit.record import Basis
from kit.strategy.strike import GATES as GATES
from kit.strategy.verdict import Certainty, Driver, Strategy, StrategyKind, Verdict
from kit.wording import fixed, retell, say

PLAN_NAMES = {
    StrategyKind.HYBRID: fixed("Hybrid"),
    StrategyKind.CLOUD: fixed("All cloud"),
    StrategyKind.RENTED: fixed("All rented"),
    StrategyKind.OWN: fixed("All own"),
    StrategyKind.BETTER: fixed("Today's API used better"),
    StrategyKind.TODAY: fixed("As today"),
}
"""English; :func:`kit.wording.retell` tells them in the language of the document."""
PLACE_NAMES = {Place.OWN: fixed("own GPUs"), Place.RENTED: fixed("rented GPUs"), Place.API: fixed("cloud")}
BASES = {
    Basis.MEASURED: fixed("measured"),
    Basis.QUOTED: fixed("quoted"),
    Basis.PUBLISHED: fixed("published"),
    Basis.PREDICTED: fixed("predicted"),
    Basis.ASSUMED: fixed("assumed"),
}
CERTAINTIES = {
    Certainty.ROBUST: fixed("robust"),
    Certainty.LEANING: fixed("leaning"),
    Certainty.TOO_CLOSE: fixed("too close to call"),
}
DATA_CLASSES = {
    DataClass.PUBLIC: fixed("public data"),
    DataClass.INTERNAL: fixed("internal data"),
    DataClass.PERSONAL: fixed("personal data"),
    DataClass.HEALTH: fixed("health data"),
}
MODALITIES = {
    Modality.TEXT: fixed("text"),
    Modality.IMAGE: fixed("images"),
    Modality.AUDIO: fixed("audio"),
    Modality.VIDEO: fixed("video"),
}
CUSTOMISATIONS = {
    Customisation.NONE: fixed("no change of the model"),
    Customisation.FINE_TUNING: fixed("fine-tuning"),
    Customisation.ADAPTERS: fixed("adapters"),
    Customisation.TOKENIZER: fixed("a tokenizer of its own"),
}
COMMITMENTS = {
    Commitment.ON_DEMAND: fixed("on demand"),
    Commitment.RESERVED: fixed("reserved"),
    Commitment.SPOT: fixed("spot"),
}
LIKELIHOODS = {"low": fixed("low"), "medium": fixed("medium"), "high": fixed("high")}
OUTCOMES = {
    "holds": fixed("holds"),
    "holds in part": fixed("holds in part"),
    "does not hold": fixed("does not hold"),
    "not known": fixed("not known"),
}
ONLY = {
    Place.OWN: fixed("the rules leave only own machines"),
    Place.RENTED: fixed("the rules leave only rented machines"),
    Place.API: fixed("the rules leave only the cloud"),
}
"""What is said where only one kind of place passes the gates."""
OWNERS = {"client": fixed("client"), "consultant": fixed("consultant"), "supplier": fixed("supplier")}


def alone(verdict: Verdict) -> bool:
    """Tell whether the recommended plan is the only one of the record, so that there is nothing to compare."""
    return len(verdict.strategies) == 1


def places_left(verdict: Verdict) -> frozenset[Place]:
    """Return the kinds of place that the gates leave some workload; none in a record without its options."""
    return frozenset(o.place for one in verdict.placements for o in one.options if not o.strikes)


def only_place(verdict: Verdict) -> Place | None:
    """Return the one kind of place that the gates leave; ``None`` if they leave several."""
    left = places_left(verdict)
    return next(iter(left)) if len(left) == 1 else None


def curve_name(verdict: Verdict, kind: StrategyKind) -> str:
    """Return what a kind of plan is called; a recommended hybrid that has all work at one kind of place is none."""
    places = {place for one in verdict.placements for place in one.places}
    if kind is StrategyKind.HYBRID and verdict.strategies[0].kind is kind and len(places) == 1:
        return say("The recommended plan")
    return retell(PLAN_NAMES[kind])


def called(verdict: Verdict, plan: Strategy) -> str:
    """Return what a plan is called in titles and tables."""
    return curve_name(verdict, plan.kind) if plan.kind is StrategyKind.HYBRID else retell(plan.label)


def amount(value: float) -> str:
    """Return an amount in whole units of the currency for a table whose head names it: ``7,462``."""
    return decimal(value)


def amount_unit(largest: float, currency: str) -> tuple[float, str]:
    """Return what to divide amounts by for an axis, and the unit that is left: ``(1000, "thousand €")``."""
    if largest >= 2e6:
        return 1e6, say("million {currency}", currency=symbol(currency))
    return (1e3, say("thousand {currency}", currency=symbol(currency))) if largest >= 5e3 else (1.0, symbol(currency))


def per_thousand(cost: float) -> str:
    """Return the cost of a request as that of a thousand: ``0.66``, ``12``."""
    return number(1000 * cost) if cost < 0.1 else decimal(1000 * cost)


def change(driver: Driver, value: float) -> str:
    """Return what an input is multiplied by, or what is added to a yearly change: ``2.6 ×``, ``+5 points``."""
    return points(value) if driver.additive else factor(value)
