"""What a plan changes of what the client does today, and what it does that is new."""

from __future__ import annotations

import numpy as np

from kit.engagement.record import Place
from kit.pricing.pricebook import PriceBook
from kit.strategy.choice import Choice, Solved
from kit.strategy.headline import Left, New, Switched
from kit.strategy.options import by_batch, listed_price
from kit.strategy.rivals import places_of


def new_work(choice: Choice, today: Solved) -> New | None:
    """Return the workloads that nothing serves today, with the one kind of place that going on as today gives them.

    Args:
        choice: the options.
        today: the plan of going on as today.

    Returns:
        ``None`` where no workload is new.
    """
    new = [w for w, workload in enumerate(choice.workloads) if workload.today is None]
    if not new:
        return None
    at = places_of(today)
    places = frozenset[Place]().union(*(at[w] for w in new))
    names = tuple(choice.workloads[w].name for w in new)
    return New(names=names, place=next(iter(places)) if len(places) == 1 else None)


def switched(choice: Choice, best: Solved, prices: PriceBook) -> Switched:
    """Return what a plan that has everything at APIs does otherwise than today: models, prompt cache, batch interface.

    Args:
        choice: the options.
        best: the plan.
        prices: the price book, for what an API offers.
    """
    moved, cache, batch = 0, False, False
    for w, workload in enumerate(choice.workloads):
        today, item = workload.today, choice.demand.workloads[w]
        if today is None:
            continue
        offer = choice.apis[int(best.plan.flow_api[:, w].sum(axis=(0, 2)).argmax())].offer
        listed = listed_price(offer, prices)
        moved += (today.provider, today.model) != (offer.provider, offer.model)
        cache |= not today.cached and item.cached_tokens.value > 0 and listed.usd_per_mtok_cached is not None
        batch |= not today.batch and by_batch(listed, workload, item)
    return Switched(moved=moved, of=len(choice.workloads), cache=cache, batch=batch)


def left(choice: Choice, best: Solved) -> Left:
    """Return the one kind of place that the rules leave for all workloads, and whether several machines pass there.

    Args:
        choice: the options.
        best: the only plan within the rules.
    """
    places = frozenset[Place]().union(*places_of(best))
    passing = {
        (pool.profile.accelerator, pool.profile.accelerators)
        for pool, seconds in zip(choice.pools, choice.problem.seconds.T, strict=True)
        if not np.isnan(seconds).any()
    }
    return Left(place=next(iter(places)) if len(places) == 1 else None, several=len(passing) > 1)
