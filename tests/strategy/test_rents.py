"""A rent is that of the region where the client may have the machine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kit.engagement.record import Commitment, Engagement, GpuOffer, Place, Region
from kit.errors import InputError
from kit.pricing.rental import Rental, rentals
from kit.record import Basis, Figure
from kit.report.audit import open_audit
from kit.strategy.choice import choose
from kit.strategy.inputs import inputs
from kit.strategy.options import apis, pools
from kit.strategy.rents import quotes_of, regions_of, rents_usd
from kit.strategy.terms import resolve
from tests.conftest import SMALL


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("eu-central-1", {Region.EU}),
        ("eu-north-1", {Region.EU}),
        ("eu-west-2", {Region.UK}),  # London
        ("eu-central-2", {Region.CH}),  # Zurich
        ("europe-west4", {Region.EU}),
        ("europe-west2", {Region.UK}),
        ("europe-west6", {Region.CH}),
        ("us-east-1", {Region.US}),
        ("us-east5", {Region.US}),
        ("us-central1/me-west1", {Region.US, Region.ELSEWHERE}),
        ("eu-north1/eu-west1/us-central1", {Region.EU, Region.US}),
        ("ap-northeast-1", {Region.ELSEWHERE}),
        ("asia-southeast1", {Region.ELSEWHERE}),
        ("northeurope", {Region.EU}),
        ("westeurope", {Region.EU}),
        ("germanywestcentral", {Region.EU}),
        ("swedencentral", {Region.EU}),
        ("uksouth", {Region.UK}),
        ("switzerlandnorth", {Region.CH}),
        ("norwayeast", {Region.ELSEWHERE}),
        ("eastus2", {Region.US}),
        ("southcentralus", {Region.US}),
        ("australiaeast", {Region.ELSEWHERE}),
        ("DE", {Region.EU}),
        ("FR/US", {Region.EU, Region.US}),
        ("EU-RO-1", {Region.EU}),
        ("CH/CA", {Region.CH, Region.ELSEWHERE}),
        (None, set()),
    ],
)
def test_a_renters_region_lies_in(name, found):
    """London and Zurich are not in the EU, whatever a cloud calls them."""
    assert regions_of(name) == found


def offer(provider: str, *regions: Region, card: str = "H100 SXM", **other) -> GpuOffer:
    return GpuOffer(accelerator=card, tenure=Place.RENTED, provider=provider, regions=regions, **other)


def rent_usd(offered: GpuOffer, engagement: Engagement, listed: Sequence[Rental]) -> Figure:
    """The price on demand."""
    found = rents_usd(offered, engagement, listed, within_years=3)
    return next(rent.usd_per_hour for rent in found if rent.commitment is Commitment.ON_DEMAND)


def test_a_longer_commitment_and_a_machine_that_may_be_taken_back_are_cheaper(insurer):
    """Where a renter lists them, reserved and spot prices are options beside the one on demand, each with its term."""
    listed = rentals("H100 SXM")
    several = [
        found
        for name in {item.provider for item in listed}
        if len(found := rents_usd(offer(name), insurer.engagement, listed, within_years=3)) > 1
    ]
    assert several, "somebody lists more than a price on demand"
    for found in several:
        by_kind = {rent.commitment: rent for rent in found}
        on_demand = by_kind[Commitment.ON_DEMAND].usd_per_hour.value
        for kind, rent in by_kind.items():
            assert rent.usd_per_hour.value <= on_demand
            assert (rent.term_years is not None) is (kind is Commitment.RESERVED)
            assert rent.term_years is None or rent.term_years <= 3


def test_an_offer_that_names_its_commitment_has_that_one_only(insurer):
    """Asked for on demand alone, nothing else is offered; asked for what nobody lists, it says so."""
    listed = rentals("H100 SXM")
    only = rents_usd(offer("aws", commitment="on-demand"), insurer.engagement, listed, within_years=3)
    assert [rent.commitment for rent in only] == [Commitment.ON_DEMAND]
    bare = [item.model_copy(update={"usd_per_gpu_hour_spot": None}) for item in listed]
    with pytest.raises(InputError, match="no public price of H100 SXM spot at aws"):
        rents_usd(offer("aws", commitment="spot"), insurer.engagement, bare, within_years=3)


def test_a_client_in_the_eu_does_not_get_the_us_price(insurer):
    """AWS, eight H100: USD 58.8928 in eu-north-1 and 55.04 in us-east-1; by GPU 7.3616 and 6.88."""
    listed = rentals("H100 SXM")
    europe = rent_usd(offer("aws", Region.EU), insurer.engagement, listed)
    assert europe.value == pytest.approx(7.3616)
    assert europe.source.endswith("; price of eu-north-1")
    assert rent_usd(offer("aws"), insurer.engagement, listed) == europe, "the workloads that ask want the EU"
    states = rent_usd(offer("aws", Region.US), insurer.engagement, listed)
    assert states.value == pytest.approx(6.88)
    assert states.source.endswith("; price of us-east-1")


def test_without_any_wish_the_cheapest_region_counts(insurer):
    """Where no workload and no offer names a region, the cheapest price of all is taken."""
    workloads = tuple(item.model_copy(update={"regions": ()}) for item in insurer.engagement.workloads)
    free = insurer.engagement.model_copy(update={"workloads": workloads})
    assert rent_usd(offer("aws"), free, rentals("H100 SXM")).value == pytest.approx(6.88)


def test_a_list_without_regions_holds_anywhere_and_says_so(insurer):
    """Hyperstack has one price for all: USD 2.40."""
    found = rent_usd(offer("hyperstack", Region.EU), insurer.engagement, rentals("H100 SXM"))
    assert (found.value, found.basis) == (2.4, Basis.PUBLISHED)
    assert found.source.endswith("; the list names no region")


def test_where_no_allowed_region_has_a_price_the_dearest_is_assumed(insurer):
    """Nobody lists AWS's H100 in Zurich: the dearest, London's USD 71.552 ÷ 8 = 8.944, is assumed."""
    found = rent_usd(offer("aws", Region.CH), insurer.engagement, rentals("H100 SXM"))
    assert found.value == pytest.approx(8.944)
    assert found.basis is Basis.ASSUMED
    assert found.source.endswith("; price of eu-west-2, none of CH is known")


def test_no_price_at_all_is_said(insurer):
    """A renter that does not list the card needs a stated price."""
    with pytest.raises(InputError, match="state price_per_accelerator_hour"):
        rent_usd(offer("nobody"), insurer.engagement, rentals("H100 SXM"))


def test_one_renter_in_two_regions_is_two_options(insurer):
    """The same machine in the EU and in the US: two pools with their own names and prices, both kept."""
    two = (offer("aws", Region.EU), offer("aws", Region.US))
    engagement = insurer.engagement.model_copy(update={"gpu_offers": (*insurer.engagement.gpu_offers, *two)})
    terms = resolve(engagement)
    found = pools(engagement, insurer.profiles, insurer.prices, terms)
    choice = choose(engagement, insurer.demand, terms, apis(engagement, insurer.demand, insurer.prices), found)
    prices = {pool.renter: pool.price.value * 1.15 for pool in choice.pools if pool.offer.provider == "aws"}
    assert prices["aws, EU"] == pytest.approx(7.3616)
    assert prices["aws, US"] == pytest.approx(6.88)
    keys = {item.key for item in inputs(choice, insurer.prices)}
    assert {"prices.H100 SXM.rented (aws, EU)", "prices.H100 SXM.rented (aws, US)"} <= keys


def quoted(value: float, basis: str = "quoted") -> dict[str, object]:
    return {"value": value, "basis": basis, "source": "offer 123", "date": "2026-11-01"}


def test_a_quote_is_in_dollars(insurer):
    """€2.00 an hour at 1.15 dollars a euro is USD 2.30; an assumed price is no quote, nor is one given twice two."""
    told = offer("hyperstack", Region.EU, price_per_accelerator_hour=quoted(2.0))
    guessed = offer("runpod", price_per_accelerator_hour=quoted(2.0, "assumed"))
    unknown = offer("hyperstack", card="CPU", price_per_accelerator_hour=quoted(1.0))
    engagement = insurer.engagement.model_copy(update={"gpu_offers": (told, told, guessed, unknown)})
    (quote,) = quotes_of(engagement)
    assert quote.usd_per_gpu_hour.value == pytest.approx(2.3)
    assert quote.usd_per_gpu_hour.basis is Basis.QUOTED
    assert (quote.provider, quote.accelerator, quote.region) == ("hyperstack", "H100 SXM", "EU")


def test_the_price_book_has_the_quote_instead_of_the_list(tmp_path):
    """What the client was quoted by a renter stands in the book in place of that renter's list price."""
    rent = "  - {accelerator: H100 SXM, tenure: rented, provider: hyperstack, price_per_accelerator_hour: 1.9}\n"
    path = tmp_path / "engagement.yaml"
    path.write_text(SMALL + rent, encoding="utf-8")
    book = open_audit(path, out=tmp_path / "out").prices
    (row,) = [item for item in book.rentals if item.provider == "hyperstack"]
    assert (row.usd_per_gpu_hour.value, row.usd_per_gpu_hour.basis, row.pricing_model) == (1.9, Basis.QUOTED, "quoted")
    assert any(item.provider == "aws" for item in book.rentals)
