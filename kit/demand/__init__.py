"""What the client asks for, hour by hour."""

from kit.demand.record import Demand, WorkloadDemand
from kit.demand.week import typical_week

__all__ = ["Demand", "WorkloadDemand", "typical_week"]
