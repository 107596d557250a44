"""What the notebooks say of machines and demand follows from the records, by figures worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace as Of

import pytest

from kit.facts.gpus import accelerators
from kit.profiler.profile import Regime
from kit.record import Basis
from kit.report.screen import walk


def workload(name="Chat", *, hours=(1.0,) * 168, prompt=900, output=100, basis=Basis.ASSUMED):
    """A workload's demand."""
    mean = sum(hours) / 7
    figures = {"requests_per_day": mean, "prompt_tokens": prompt, "output_tokens": output}
    values = {field: Of(value=value) for field, value in figures.items()}
    return Of(workload=name, requests_per_hour=hours, shape=Of(value=1, basis=basis), **values)


def test_machine_without_a_gpu_says_so():
    """And one with GPUs says how much memory they have in all, unless it is not known."""
    assert walk.machine(Of(gpus=())).startswith("There is no GPU in it.")
    assert walk.machine(Of(gpus=(Of(memory_gib=80.0), Of(memory_gib=80.0)))).startswith(
        "2 GPUs with 160 GiB of memory in all:"
    )
    assert walk.machine(Of(gpus=(Of(memory_gib=None),))).startswith("One GPU:")


@pytest.mark.parametrize(
    ("free", "said"),
    [(40.0, "With 50% free, memory is not what limits this plan."), (7.0, "Less than a tenth is free:")],
)
def test_room_is_that_of_the_fullest_pool(free, said):
    """The least free share counts; the requests in flight are those of its pool."""
    memory = (Of(pool="a", free=free, total=80.0), Of(pool="b", free=47.0, total=48.0))
    pools = (Of(label="a", concurrency=32), Of(label="b", concurrency=8))
    text = walk.room(Of(memory=memory, pools=pools))
    assert text.startswith("The KV cache is that of the 32 requests in flight on which the plan counts. ")
    assert said in text
    assert walk.room(Of(memory=(), pools=())) == "The plan has no machines, so no model has to fit anywhere."


def test_known_counts_what_was_measured():
    """One of three, and whether it is this machine."""
    profiles = [Of(basis=basis) for basis in (Basis.MEASURED, Basis.PUBLISHED, Basis.PUBLISHED)]
    assert walk.known(profiles, None).startswith("1 of 3 profiles was measured by the kit, none of them on this")
    assert "this machine is among them" in walk.known(profiles, profiles[0])


def curve(*points, prompt=512, output=128):
    """Points of a service curve."""
    return [
        Of(
            prompt_tokens=prompt,
            output_tokens=output,
            concurrency=load,
            output_tokens_per_s=speed,
            regime=Regime.CLOSED_LOOP,
        )
        for load, speed in points
    ]


def test_a_curve_is_flat_where_twice_the_load_brings_less_than_a_quarter_more():
    """100 to 124 at twice the load is flat, 100 to 126 is not; one point says nothing."""
    flat, rising = curve((4, 100), (8, 124)), curve((4, 100), (8, 126), prompt=64)
    assert walk.flattening(Of(service_curve=[*rising, *flat])) == (
        "With 512 in / 128 out tokens the curve is flat at its end: more load only waits longer. "
        "With 64 in / 128 out tokens it still rises, so the machine can do more than is known."
    )
    assert walk.flattening(Of(service_curve=curve((4, 100)))).startswith("Only one load is known")
    many = [point for prompt in (1, 2, 3) for point in curve((4, 100), (8, 100), prompt=prompt)]
    assert walk.flattening(Of(service_curve=many)).startswith("With 3 lengths of request the curve is flat")


def test_one_machine_is_this_one_else_the_plans_else_the_longest():
    """In this order."""
    short, long, planned = (Of(name=name, service_curve=[0] * size) for name, size in (("a", 1), ("b", 9), ("c", 2)))
    verdict = Of(pools=(Of(profile="c"),))
    assert walk.one_machine(verdict, [short, long, planned], short) is short
    assert walk.one_machine(verdict, [short, long, planned], None) is planned
    assert walk.one_machine(Of(pools=()), [short, long, planned], None) is long


def point(profile, accelerator, speed, ttft, concurrency=8):
    """A measured point."""
    return Of(
        profile=profile,
        accelerator=accelerator,
        model="M",
        output_tokens_per_s=speed,
        ttft_p50_s=ttft,
        concurrency=concurrency,
    )


def limited(*points, strikes=()):
    """A verdict with two limits, the strictest of which is Chat's, of 1 s; profile ``late`` may not serve it."""
    options = [Of(profile=name, strikes=strikes) for name in ("one", "four")] + [Of(profile="late", strikes=("x",))]
    return Of(
        requirements=(Of(workload="Search", ttft_p95_s=3.0), Of(workload="Chat", ttft_p95_s=1.0)),
        placements=(Of(workload="Chat", options=options),),
        service_curves=points,
    )


def test_most_within_the_strictest_limit():
    """Too late or struck out does not count; where another does more for each GPU, that is said."""
    verdict = limited(
        point("one", "1 × A", 300, 0.5),
        point("one", "1 × A", 900, 1.1),
        point("four", "4 × A", 800, 0.9, 16),
        point("late", "1 × B", 5000, 0.1),
    )
    assert walk.within_limit(verdict) == (
        "Chat has the strictest limit, 1.0 s. Of the machines that may serve it, 4 × A with M does most within it: "
        "800 output tokens/s with 16 requests in flight, by the median. Per GPU 1 × A does more, 300."
    )
    assert "Per GPU" not in walk.within_limit(limited(point("one", "1 × A", 300, 0.5)))


def test_where_no_machine_keeps_the_limit_that_is_said():
    """None that may, none that is fast enough, no limit."""
    assert walk.within_limit(limited(point("one", "1 × A", 9, 2.0))).endswith("is known to keep it.")
    assert walk.within_limit(limited(strikes=("x",))).endswith("no machine may serve it.")
    assert walk.within_limit(Of(requirements=())).startswith("No workload has a limit")


def test_expected_wait_is_of_the_workload_nearest_to_its_limit():
    """0.9 of 1 s is nearer than 2 of 4 s."""
    verdict = Of(
        requirements=(Of(workload="a", ttft_p95_s=1.0), Of(workload="b", ttft_p95_s=4.0)),
        placements=(Of(workload="a", ttft_p95_s=0.9), Of(workload="b", ttft_p95_s=2.0)),
    )
    assert walk.expected_wait(verdict) == (
        "Nearest to its limit comes a: 0.90 s expected in the busiest hour (95th percentile, network included), "
        "1.0 s allowed."
    )


def test_fullest_hour_is_of_all_workloads_together():
    """Two flat workloads, one of which asks for three times as much on Tuesday at ten; 1,000 tokens a request."""
    hours = [1000.0] * 168
    hours[34] = 3016.0  # Tuesday 10:00
    hours[0] = 0.0
    demand = Of(workloads=[workload("a", hours=tuple(hours))])
    # The mean is (166 × 1000 + 3016) ÷ 168 = 1006.05 requests, of 1,000 tokens each: 1.0 million.
    assert walk.fullest_hour(demand) == (
        "All together, the fullest hour is Tuesday 10:00, 3 times the mean of 1.0 million tokens an hour; the "
        "emptiest, Monday 0:00, has 0 times."
    )


def test_sized_for_the_fullest_and_for_the_mean_hour():
    """Half of the hours three, the other half one: the mean is two, so a third idles and 3 of 4 are carried."""
    demand = Of(workloads=[workload(hours=(1.0, 3.0) * 84)])
    assert walk.sized_for(demand) == (
        "Machines for the fullest hour of all together would idle 33% of the time; machines for the mean hour would "
        "carry 75% of the tokens, and the rest would wait or go elsewhere."
    )


def test_read_and_written_tokens():
    """Two workloads of as many requests: 900 + 600 read, 100 + 400 written."""
    demand = Of(workloads=[workload("a"), workload("b", prompt=600, output=400)])
    assert walk.read_and_written(demand).startswith("Of all tokens 75% are read and 25% written, 80% of these by b.")


def test_shapes_by_basis():
    """Counted, the best first."""
    demand = Of(workloads=[workload(), workload(), workload(basis=Basis.QUOTED)])
    assert walk.shapes(demand).startswith("Shapes of a week: 1 quoted and 2 assumed. The client's own logs")
    assert walk.shapes(Of(workloads=[workload(basis=Basis.MEASURED)])) == "Shapes of a week: 1 measured."


def test_the_largest_model_is_told_with_the_gpus_that_it_takes():
    """70 billion parameters of two bytes fill two GPUs of 80 GB alone, of one byte one."""
    assert accelerators()["H100 SXM"]
    options = [Of(model=name, profile="x") for name in ("Llama-3.1-8B-Instruct", "Llama-3.3-70B-Instruct", "no model")]
    engagement = Of(gpu_offers=(Of(accelerator="H100 SXM"), Of(accelerator="CPU")))
    text = walk.largest_model(Of(placements=[Of(options=options)]), engagement)
    assert text == "Llama-3.3-70B-Instruct, the largest, takes at least 4 GPUs as published and at least 2 GPUs in FP8."
    assert walk.largest_model(Of(placements=[]), engagement).startswith("No model on offer")
