"""Specification of the hardware profiles that the kit carries, against physics and their own sources."""

from itertools import pairwise
from pathlib import Path

import pytest

from kit.facts.gpus import accelerator
from kit.facts.models import models
from kit.profiler.profile import HardwareProfile, Point, Regime
from kit.record import Basis

FOLDER = Path(__file__).parents[2] / "hardware_profiles"
FILES = sorted(FOLDER.glob("*.json"))
PROFILES = {path.stem: HardwareProfile.read(path) for path in FILES}
PUBLISHED = {name: profile for name, profile in PROFILES.items() if profile.basis is Basis.PUBLISHED}
BYTES = {"fp16": 2, "bf16": 2, "fp8": 1}
PARAMETERS_B = {row.architecture: row.parameters_b for row in models().values()}
POINTS = [(name, point) for name, profile in PUBLISHED.items() for point in profile.points]


def test_there_are_profiles_of_the_usual_machines() -> None:
    """H100, A100, L40S and RTX 4090 are there, with models of 7 to 8 and of 70 billion parameters."""
    assert {"H100 SXM", "A100 80GB SXM", "L40S", "RTX 4090"} <= {row.accelerator for row in PUBLISHED.values()}
    assert {"llama-3-8b", "llama-3-70b", "mistral-7b"} <= {row.model.architecture for row in PUBLISHED.values()}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_called_as_its_file(name: str) -> None:
    """A profile's name is its file's; a measured one shows the machine it was measured on."""
    assert PROFILES[name].name == name
    assert PROFILES[name].basis is Basis.PUBLISHED or PROFILES[name].inventory is not None


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_profile_says_who_when_and_under_which_licence(name: str) -> None:
    """Source, day and licence are there, or a note that no licence is stated."""
    profile = PUBLISHED[name]
    assert profile.source
    assert profile.licence or any("licence" in note for note in profile.notes)
    assert profile.accelerator == accelerator(profile.accelerator).name
    assert profile.model.architecture in PARAMETERS_B


def capacity(name: str) -> tuple[float, float, float]:
    """Return the most bytes per second and FLOP per second of a replica, and the bytes of its weights."""
    profile = PUBLISHED[name]
    card, width = accelerator(profile.accelerator), BYTES[profile.model.dtype]
    assert card.bf16_tflops is not None
    flops = card.bf16_tflops.value * 1e12 * (2 if width == 1 else 1) * profile.accelerators
    weights = PARAMETERS_B[profile.model.architecture] * 1e9 * width
    return card.bandwidth_gb_s.value * 1e9 * profile.accelerators, flops, weights


@pytest.mark.parametrize(("name", "point"), POINTS)
def test_no_step_is_faster_than_reading_the_weights(name: str, point: Point) -> None:
    """Each decoding step reads all weights: TPOT >= weights / bandwidth, tokens/s <= concurrency / that."""
    bandwidth, _, weights = capacity(name)
    step_s = weights / bandwidth
    if point.tpot_s and point.tpot_s.mean:
        assert point.tpot_s.mean >= step_s
    if point.concurrency:
        assert point.output_tokens_per_s <= point.concurrency / step_s


@pytest.mark.parametrize(("name", "point"), POINTS)
def test_no_throughput_is_above_the_arithmetic(name: str, point: Point) -> None:
    """Each token of prompt and output costs at least 2 FLOP per parameter of the layers, taken as 90 % of all."""
    _, flops, _ = capacity(name)
    parameters = PARAMETERS_B[PUBLISHED[name].model.architecture] * 1e9 * 0.9
    tokens_per_s = point.output_tokens_per_s * (1 + point.prompt_tokens / point.output_tokens)
    assert tokens_per_s * 2 * parameters <= flops


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_fit_into_memory(name: str) -> None:
    """The weights of a replica leave room in the memory of its accelerators."""
    profile = PUBLISHED[name]
    _, _, weights = capacity(name)
    assert weights < 0.95 * accelerator(profile.accelerator).memory_gb.value * 1e9 * profile.accelerators


@pytest.mark.parametrize(("name", "point"), [item for item in POINTS if item[1].derived])
def test_a_derived_throughput_follows_from_the_latencies(name: str, point: Point) -> None:
    """Where tokens/s is derived it equals concurrency x output / (TTFT + (output - 1) x TPOT)."""
    assert point.derived == ("output_tokens_per_s",)
    assert point.concurrency
    assert point.ttft_s
    assert point.tpot_s
    assert point.ttft_s.mean
    assert point.tpot_s.mean
    seconds = point.ttft_s.mean + (point.output_tokens - 1) * point.tpot_s.mean
    expected = point.concurrency * point.output_tokens / seconds
    assert point.output_tokens_per_s == pytest.approx(expected, rel=3e-4), "but for the digits that were printed"
    assert any("derived" in note for note in PUBLISHED[name].notes)


@pytest.mark.parametrize(("name", "point"), POINTS)
def test_saturated_load_has_no_latency(name: str, point: Point) -> None:
    """A point either states how many were in flight, or was saturated and says nothing of waiting."""
    if point.regime is Regime.SATURATED:
        assert point.ttft_s is None
        assert point.tpot_s is None
    else:
        assert point.concurrency is not None


def test_more_in_flight_never_means_fewer_tokens() -> None:
    """At equal lengths throughput rises with concurrency, but for 2 % of noise."""
    for name, profile in PUBLISHED.items():
        curves: dict[tuple[float, float], list[Point]] = {}
        for point in profile.points:
            if point.concurrency:
                curves.setdefault((point.prompt_tokens, point.output_tokens), []).append(point)
        for curve in curves.values():
            ordered = sorted(curve, key=lambda point: point.concurrency or 0)
            for less, more in pairwise(ordered):
                assert more.output_tokens_per_s >= 0.98 * less.output_tokens_per_s, name
