"""A gate's verdict on an option: which gate struck it out, why, and who could lift that."""

from __future__ import annotations

from kit.record import Part
from kit.wording import fixed

GATES = {
    "data": fixed("data"),
    "region": fixed("region"),
    "regulation": fixed("regulation"),
    "licence": fixed("licence"),
    "quality": fixed("quality"),
    "context": fixed("context"),
    "modality": fixed("modality"),
    "customisation": fixed("customisation"),
    "skills": fixed("skills"),
    "time": fixed("time"),
    "availability": fixed("availability"),
    "spot": fixed("spot"),
    "latency": fixed("latency"),
}
"""The gates as a document names them, in the order in which a reader meets them."""
LAW = frozenset({"data", "region", "regulation"})
"""The gates that say whether a workload's data may be at a host at all: rules of somebody else's.

What is done today may break them, and no plan may.
"""


class Strike(Part):
    """Why an option is out for a workload.

    Attributes:
        gate: which gate struck it: a key of `GATES`.
        reason: the rule and the evidence, in one sentence.
        lift: who would have to change what to lift it.
    """

    gate: str
    reason: str
    lift: str
