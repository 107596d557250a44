"""The newsvendor rule: what the plan comes to with one workload and one kind of GPU.

    replica n + 1 is added while   api_price · E[min(K, (D − n·K)⁺)] ≥ cost per hour

with K the requests that one replica carries in an hour, D those that come, and the expectation taken over the hours of
the week: the API bill that the next replica saves is at least its cost.
"""

from __future__ import annotations

import numpy as np

from kit.strategy.problem import SECONDS_PER_HOUR, Floats


def newsvendor(requests: Floats, *, seconds: float, api_price: float, cost_per_hour: float, at_most: int) -> int:
    """Return the replicas that the newsvendor rule buys.

    Args:
        requests: requests in each hour of the week, (168,).
        seconds: replica-seconds per request as planned for, headroom included.
        api_price: price of one request at the API.
        cost_per_hour: cost of one replica for an hour, used or not.
        at_most: replicas that can be had.
    """
    carried = SECONDS_PER_HOUR / seconds
    replicas = 0
    while replicas < at_most:
        saved = api_price * float(np.clip(requests - replicas * carried, 0, carried).mean())
        if saved < cost_per_hour:
            break
        replicas += 1
    return replicas
