"""Replicas in reserve: how many must stand by so that enough of them are up for a stated share of the time.

Replicas fail independently of each other, each up for a share ``a`` of the time; ``m`` or more of ``m + k`` are up

    P(k) = Σ_{i=m}^{m+k} C(m+k, i) · aⁱ · (1 − a)^{m+k−i}

What replicas share is not in it: a power feed, a network, one faulty release of the engine. Two replicas in one server
fail together, so the availability that may be taken from this is that of replicas apart. K. S. Trivedi, Probability
and Statistics with Reliability, Queuing, and Computer Science Applications (2nd ed. 2002), on k-out-of-n systems.
"""

from __future__ import annotations

from scipy.stats import binom

ROUNDING = 1e-12
"""By how much a probability may miss the target: 0.99 is met by one replica of 0.99, whatever floats say."""

MOST_SPARES = 1000
"""A replica so seldom up that it takes more is no replica."""


def achieved(needed: int, spare: int, *, replica_availability: float) -> float:
    """Return the share of the time for which at least ``needed`` of ``needed + spare`` replicas are up, 0 to 1.

    Args:
        needed: replicas that the load takes, 0 or more.
        spare: replicas beside them, 0 or more.
        replica_availability: share of the time for which one replica is up, above 0 and at most 1.

    Raises:
        ValueError: an argument that makes no sense.
    """
    if needed < 0 or spare < 0:
        raise ValueError(f"there are no {needed} replicas with {spare} spare")
    if not 0 < replica_availability <= 1:
        raise ValueError(f"a replica is up for a share of the time above 0 and at most 1, not {replica_availability:g}")
    return float(binom.sf(needed - 1, needed + spare, replica_availability))


def spares(needed: int, *, target: float, replica_availability: float) -> int:
    """Return the fewest spare replicas with which at least ``needed`` are up for the target's share of the time.

    Args:
        needed: replicas that the load takes, 0 or more.
        target: share of the time, above 0 and below 1: no number of replicas is up always.
        replica_availability: share of the time for which one replica is up, above 0 and at most 1.

    Raises:
        ValueError: an argument that makes no sense, or more than 1,000 spares would be needed.
    """
    if not 0 < target < 1:
        raise ValueError(f"an availability target is above 0 and below 1, not {target:g}")
    for spare in range(MOST_SPARES + 1):
        if achieved(needed, spare, replica_availability=replica_availability) >= target - ROUNDING:
            return spare
    raise ValueError(
        f"more than {MOST_SPARES:,} spares would be needed for {target:g} of the time with replicas that are up for "
        f"{replica_availability:g} of it"
    )
