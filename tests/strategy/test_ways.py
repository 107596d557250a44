"""The way between users and machines, where the client says where both are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kit.engagement.record import ApiOffer, Place, Region
from kit.profiler.profile import Engine, HardwareProfile, ProfiledModel, Regime, Spread, WayThere
from kit.record import Basis
from kit.strategy.options import Api, apis, pools
from kit.strategy.terms import resolve
from kit.strategy.ways import api_ttft_p95_s, first_token, network_s


@pytest.fixture(scope="module")
def terms(insurer):
    return resolve(insurer.engagement)


@pytest.fixture(scope="module")
def found(insurer, terms):
    return pools(insurer.engagement, insurer.profiles, insurer.prices, terms)


def users(insurer, region):
    return insurer.engagement.model_copy(update={"users": region})


@pytest.mark.parametrize(
    ("where", "agreed", "seconds"),
    [
        (None, (Region.US,), 0.0448),  # nobody said: the usual way to a rented machine
        (Region.EU, (), 0.0448),
        (Region.EU, (Region.EU,), 0.0448),  # 0.028 between data centres in Europe is shorter
        (Region.EU, (Region.US,), 0.21187),
        (Region.US, (Region.EU,), 0.21187),
        (Region.US, (Region.US,), 0.072),
        (Region.EU, (Region.US, Region.EU), 0.0448),  # the nearer of the two
        (Region.UK, (Region.CH,), 0.0448),
        (Region.EU, (Region.ELSEWHERE,), 0.40791),  # the longest way from the EU that anybody published
    ],
)
def test_the_way_to_a_rented_machine(insurer, found, where, agreed, seconds):
    """The longest published time of the way, and never less than that to a machine in the same region."""
    rented = next(pool for pool in found if pool.place is Place.RENTED)
    there = replace(rented, offer=rented.offer.model_copy(update={"regions": agreed}))
    agent = next(item for item in insurer.engagement.workloads if not item.regions)
    said = users(insurer, where)
    assert network_s(there, agent, said, resolve(said)).value == seconds


def test_the_workload_decides_which_of_the_agreed_regions_it_is(insurer, terms, found):
    """Work for the EU stays there though the machine could stand nearer to users in the US."""
    rented = next(pool for pool in found if pool.place is Place.RENTED)
    there = replace(rented, offer=rented.offer.model_copy(update={"regions": (Region.US, Region.EU)}))
    chat = next(item for item in insurer.engagement.workloads if item.name == "Customer chat")
    way = network_s(there, chat, users(insurer, Region.US), terms)
    assert way.value == 0.21187
    assert "from users in US to EU" in way.source


def test_users_of_a_workload_go_before_those_of_the_engagement(insurer):
    """A workload may have its own users."""
    chat = insurer.engagement.workloads[1].model_copy(update={"users": Region.US})
    assert insurer.engagement.users_of(chat) is Region.US
    assert insurer.engagement.users_of(insurer.engagement.workloads[1]) is Region.EU


def test_an_own_machine_is_in_the_house(insurer, terms, found):
    """The house's own network, wherever the users are."""
    own = next(pool for pool in found if pool.place is Place.OWN)
    agent = insurer.engagement.workloads[-1]
    assert network_s(own, agent, users(insurer, Region.US), terms) == terms.lan_round_trip_s


def test_an_api_in_another_region_is_further_than_published(insurer, terms):
    """0.769 s at the median × 1.7 = 1.3073 s, network included; 0.21187 s more for users in the EU of an API in the US.

    Where the regions are not agreed, or the users' is among them, what is published stands.
    """
    agent = next(item for item in insurer.engagement.workloads if not item.regions)
    said = users(insurer, Region.EU)

    def seen(*regions: Region) -> float | None:
        api = Api(ApiOffer(provider="openai", model="gpt-4.1-mini", regions=regions), {}, None)
        return api_ttft_p95_s(api, agent, said, terms)

    assert seen() == seen(Region.EU) == seen(Region.US, Region.EU) == pytest.approx(1.3073)
    assert seen(Region.US) == pytest.approx(1.51917)


def test_a_measurement_from_the_clients_site_replaces_what_is_published(insurer, terms):
    """0.4 s at the median with one in flight × 1.7 = 0.68 s, or its own p95 of 0.9 s; nothing is added for the way."""
    agent = next(item for item in insurer.engagement.workloads if not item.regions)
    far = users(insurer, Region.EU)
    spread = Spread(mean=0.5, p50=0.4)
    base = insurer.profiles[0].points[0]
    way = WayThere(
        requests=6, connect_s=spread, first_byte_s=spread, first_token_s=spread, ttft_s=spread, connect_share=0.2
    )

    def measured(ttft: Spread) -> HardwareProfile:
        points = (
            base.model_copy(update={"concurrency": 1, "regime": Regime.CLOSED_LOOP, "ttft_s": ttft}),
            base.model_copy(update={"concurrency": 8, "regime": Regime.CLOSED_LOOP, "ttft_s": Spread(p50=9.0)}),
        )
        changed = {
            "points": points,
            "way_there": way,
            "engine": Engine(name="openai"),
            "model": ProfiledModel(name="gpt-4.1-mini", architecture="not stated", dtype="not stated"),
            "basis": Basis.MEASURED,
            "source": "measured at the client's",
        }
        return insurer.profiles[0].model_copy(update=changed)

    def seen(ttft: Spread) -> Api:
        found = apis(insurer.engagement, insurer.demand, insurer.prices, [measured(ttft)])
        return next(api for api in found if (api.offer.provider, api.offer.model) == ("openai", "gpt-4.1-mini"))

    assert api_ttft_p95_s(seen(spread), agent, far, terms) == pytest.approx(0.68)
    assert api_ttft_p95_s(seen(Spread(p50=0.4, p95=0.9)), agent, far, terms) == pytest.approx(0.9)
    known = first_token(seen(spread))
    assert known is not None
    assert (known.p50.basis, known.p50.source) == (Basis.MEASURED, "measured at the client's")
    found = apis(insurer.engagement, insurer.demand, insurer.prices, [measured(spread)])
    others = [api for api in found if api.measured is None and not api.as_today]
    assert len(others) == len(insurer.engagement.api_offers) - 1


def test_a_price_of_another_provider_is_assumed(insurer):
    """Vertex AI by the Gemini Developer API's prices: the same figure, assumed, and its source says whose it is."""
    known = {api.label: api for api in apis(insurer.engagement, insurer.demand, insurer.prices)}
    theirs = known["gemini-2.5-flash (google)"].price_per_request["Customer chat"]
    taken = known["gemini-2.5-flash (google-vertex)"].price_per_request["Customer chat"]
    assert (taken.value, taken.basis) == (theirs.value, "assumed")
    assert taken.source == f"{theirs.source}: list price of google, taken for google-vertex (prices_of)"
