"""Specification of published latencies."""

import datetime as dt
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.facts.latency import (
    cloud_latencies,
    cloud_ttft,
    network_between,
    network_range,
    network_ranges,
    network_round_trip,
    ttft,
)


def test_continuous_probes_are_carried_and_the_spread_is_shown() -> None:
    """Sonnet 4.6: 1.293 s by continuous probing, between 0.74 s and 2.12 s elsewhere; never the claimed 0.2 s."""
    found = cloud_ttft("anthropic", "claude-sonnet-4-6")
    assert found is not None
    assert found.ttft_low_s is not None
    assert found.ttft_high_s is not None
    assert (found.ttft_low_s.value, found.ttft_p50_s.value, found.ttft_high_s.value) == (0.740, 1.293, 2.120)
    assert found.ttft_p95_s is None


def test_a_spread_encloses_its_typical_value() -> None:
    """The lowest figure is at most the typical one, the highest at least; each has source and day."""
    for row in cloud_latencies().values():
        assert row.conditions
        if row.ttft_low_s:
            assert row.ttft_low_s.value <= row.ttft_p50_s.value
        if row.ttft_high_s:
            assert row.ttft_high_s.value >= row.ttft_p50_s.value


def test_models_are_exact_ids_of_the_price_list() -> None:
    """A latency joins the price of the same model."""
    from kit.pricing.tokens import price_request

    for row in cloud_latencies().values():
        when = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        price = price_request(row.provider, row.model, prompt_tokens=1, output_tokens=1, when=when)
        assert price.model_id == row.model


def test_what_nobody_measured_is_none() -> None:
    """GPT-5 has only a claim without method: there is no figure."""
    assert cloud_ttft("openai", "gpt-5") is None


def test_the_way_to_a_rented_gpu_is_tens_of_milliseconds() -> None:
    """44.8 ms for a whole HTTP request in the same region, with its source."""
    figure = network_round_trip()
    assert figure.value == 0.0448
    assert "azping" in figure.source


def test_a_time_to_first_token_is_a_range() -> None:
    """Sonnet 4.6 lies between 0.74 s and 2.12 s by three sources; what one source says alone is marked."""
    found = ttft("anthropic", "claude-sonnet-4-6")
    assert found is not None
    assert found.typical is not None
    assert (found.low.value, found.typical.value, found.high.value) == (0.740, 1.293, 2.120)
    assert not found.one_source
    alone = ttft("openai", "gpt-5.5")
    assert alone is not None
    assert alone.one_source
    assert alone.low == alone.high
    assert ttft("openai", "gpt-5") is None


def test_a_published_95th_percentile_ends_the_range() -> None:
    """150 requests to Together in 2023: the fastest 0.46 s, 19 of 20 within 0.77 s."""
    found = ttft("together", "meta-llama/Llama-2-70b-chat-hf")
    assert found is not None
    assert (found.low.value, found.high.value) == (0.46, 0.77)


def test_every_range_encloses_its_typical_value_and_says_where_it_comes_from() -> None:
    """Low is at most typical, typical at most high; each end has source and day."""
    ranges = [*network_ranges().values()]
    ranges += [found for row in cloud_latencies().values() if (found := ttft(row.provider, row.model))]
    for found in ranges:
        middle = found.typical.value if found.typical else found.low.value
        assert found.low.value <= middle <= found.high.value
        for figure in (found.low, found.high):
            assert figure.source
            assert figure.date <= dt.date.today()
        assert found.conditions


def test_the_way_between_two_regions_is_the_same_in_both_directions() -> None:
    """Across the Atlantic 67 to 212 ms; within the EU 3 to 28; an unmeasured pair is none."""
    across = network_between("EU", "US")
    assert across is not None
    assert across == network_between("US", "EU")
    assert (across.low.value, across.high.value) == (0.0666, 0.21187)
    within = network_between("EU", "EU")
    assert within is not None
    assert within.high.value == 0.028
    assert network_between("UK", "Africa") is None


def test_an_ocean_is_wider_than_a_continent() -> None:
    """The shortest way across is longer than the longest way within the EU."""
    assert network_range("EU to US").low.value > network_range("within EU").high.value


def test_a_plan_takes_the_typical_figure_or_else_the_highest() -> None:
    """Where only the ends are published, a plan is cautious."""
    assert network_round_trip("EU to US").value == network_range("EU to US").high.value
    with pytest.raises(InputError, match=r'did you mean "EU to US"'):
        network_round_trip("EU to USA")


def test_a_typical_figure_outside_its_range_is_refused(tmp_path: Path) -> None:
    """A row that contradicts itself names its line."""
    head = "key,seconds,source,date,low,low_source,low_date,high,high_source,high_date,note\n"
    path = tmp_path / "network.csv"
    path.write_text(f"{head}a,0.3,x,2026-01-01,0.1,x,2026-01-01,0.2,x,2026-01-01,n\n")
    with pytest.raises(InputError, match=r"line 2.*lies between"):
        network_ranges(path)
