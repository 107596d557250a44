"""What makes a profile suspect."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.data import folder
from kit.profiler.check import check_profile
from kit.profiler.profile import Engine, HardwareProfile, Spread

HERE = folder("hardware_profiles") / "cpu-2-core-qwen3-0.6b.json"


@pytest.fixture
def measured() -> HardwareProfile:
    return HardwareProfile.read(HERE)


@pytest.mark.parametrize("path", sorted(folder("hardware_profiles").glob("*.json")), ids=lambda path: path.stem)
def test_the_profiles_that_travel_with_the_kit_are_sound(path: Path):
    """Every profile in hardware_profiles/ passes its own check."""
    assert check_profile(HardwareProfile.read(path), path=path) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inventory": None}, "does not say on which machine"),
        ({"name": "other"}, "they must agree"),
        ({"notes": ("weights in /home/anna/models",)}, "a path of the machine: /home/anna"),
        ({"notes": ("GPU-8f6e2a10-1b2c-4d5e-8f90-0123456789ab",)}, "a UUID"),
        ({"engine": Engine(name="vllm", command=("--host", "192.168.4.17"))}, "a private address: 192.168.4.17"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(measured, change, words):
    """A missing machine, a wrong name, and what gives the machine away are found."""
    problems = check_profile(measured.model_copy(update=change), path=HERE)
    assert [problem for problem in problems if words in problem]


def test_a_figure_outside_its_interval_and_falling_percentiles_are_found(measured):
    """A throughput of ten times its interval and a p95 below the median are named with their point."""
    first = measured.points[0]
    odd = first.model_copy(
        update={
            "output_tokens_per_s_interval": (1.0, 2.0),
            "output_tokens_per_s": 20.0,
            "e2e_s": Spread(p50=2.0, p95=1.0),
        }
    )
    problems = " ".join(check_profile(measured.model_copy(update={"points": (odd, *measured.points[1:])})))
    assert "outside its own interval" in problems
    assert "percentiles fall" in problems


def test_littles_law_is_checked(measured):
    """Twice the throughput at the same latency would be twice the requests in flight."""
    doubled = [
        point.model_copy(
            update={"output_tokens_per_s": 2 * point.output_tokens_per_s, "output_tokens_per_s_interval": None}
        )
        for point in measured.points
    ]
    problems = check_profile(measured.model_copy(update={"points": tuple(doubled)}))
    assert len([problem for problem in problems if "Little's law" in problem]) == len(doubled)


def test_a_point_twice_is_found(measured):
    """The same shape and load may stand in a profile once."""
    problems = check_profile(measured.model_copy(update={"points": (*measured.points, measured.points[0])}))
    assert [problem for problem in problems if "more than once" in problem]
