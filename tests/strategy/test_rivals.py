"""Another way is told from another name: by where the work goes, and by what it costs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from kit.engagement.record import Place
from kit.strategy.rivals import alike, differs, places_of, rivals


def plan(cost: float, *, api: list[float], own: list[float]):
    """Return a plan of one hour and one phase: what an API and an own pool serve of each workload."""
    flow_api, flow_pool = (np.array(flow)[None, :, None, None] for flow in (api, own))
    problem = SimpleNamespace(requests=(flow_api + flow_pool)[:, :, 0], pool_place=(Place.OWN,))
    return SimpleNamespace(problem=problem, plan=SimpleNamespace(cost=cost, flow_api=flow_api, flow_pool=flow_pool))


CLOUD, BETTER = plan(100.0, api=[10.0, 5.0], own=[0.0, 0.0]), plan(90.0, api=[10.0, 5.0], own=[0.0, 0.0])
HYBRID = plan(80.0, api=[0.0, 5.0], own=[10.0, 0.0])


def test_places_leave_out_what_is_less_than_a_hundredth():
    """A third of the peaks at the API counts, half a percent does not."""
    assert places_of(plan(1.0, api=[3.0, 0.05], own=[7.0, 9.95])) == ({Place.API, Place.OWN}, {Place.OWN})


def test_the_same_places_at_another_cost_are_a_variant_and_no_other_way():
    """An API used better is no rival of the cloud plan; own machines for one workload are."""
    assert not differs(BETTER, CLOUD)
    assert differs(HYBRID, CLOUD)
    assert rivals([CLOUD, BETTER, HYBRID]) == [2]
    assert rivals([HYBRID, CLOUD, BETTER], candidates=(0, 2)) == [2]


def test_other_places_at_the_same_cost_are_no_rival():
    """What costs within a thousandth the same is a tie, and nothing is saved against it."""
    assert not differs(plan(80.04, api=[10.0, 5.0], own=[0.0, 0.0]), HYBRID)


def test_variants_go_by_the_first_of_them():
    """The third plan is the first one's variant."""
    assert alike([CLOUD, HYBRID, BETTER]) == (0, 1, 0)
