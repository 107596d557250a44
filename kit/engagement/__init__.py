"""What the client said: one input file."""

from kit.engagement.reading import read_engagement
from kit.engagement.record import (
    ApiOffer,
    DataClass,
    Engagement,
    GpuOffer,
    NamedShape,
    Place,
    Region,
    Regulation,
    Workload,
)

__all__ = [
    "ApiOffer",
    "DataClass",
    "Engagement",
    "GpuOffer",
    "NamedShape",
    "Place",
    "Region",
    "Regulation",
    "Workload",
    "read_engagement",
]
