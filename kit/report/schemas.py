"""The five records by the name that the command line gives them."""

from __future__ import annotations

from kit.record import Record


def record_type(name: str) -> type[Record]:
    """Return the record's class for ``engagement``, ``profile``, ``prices``, ``demand`` or ``verdict``."""
    from kit.demand.record import Demand
    from kit.engagement.record import Engagement
    from kit.pricing.pricebook import PriceBook
    from kit.profiler.profile import HardwareProfile
    from kit.strategy.verdict import Verdict

    kinds: dict[str, type[Record]] = {
        "engagement": Engagement,
        "profile": HardwareProfile,
        "prices": PriceBook,
        "demand": Demand,
        "verdict": Verdict,
    }
    return kinds[name]
