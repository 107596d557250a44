"""Specification of published latencies."""

from kit.facts.latency import cloud_latencies, cloud_ttft, network_round_trip


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
    import datetime as dt

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
