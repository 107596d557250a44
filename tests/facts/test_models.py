"""Specification of the model table."""

import re

import pytest

from kit.errors import InputError
from kit.facts.models import model, models


def test_models_that_differ_in_weights_only_share_an_architecture() -> None:
    """Llama 3.1 and 3.3 with 70B run equally fast: one architecture."""
    assert model("Llama-3.1-70B-Instruct").architecture == model("Llama-3.3-70B-Instruct").architecture == "llama-3-70b"


def test_llama_parameters_follow_from_its_architecture() -> None:
    """Llama-3 8B: by hand from hidden 4096, 32 layers, 32/8 heads of 128, MLP 14336, vocabulary 128256, untied."""
    attention = 4096 * (4096 + 2 * 1024) + 4096 * 4096
    layer = attention + 3 * 4096 * 14336 + 2 * 4096
    total = 32 * layer + 2 * 128256 * 4096 + 4096
    assert model("Llama-3.1-8B-Instruct").parameters_b == pytest.approx(total / 1e9, rel=1e-3)


@pytest.mark.parametrize("name", [name for name in models() if re.search(r"\d[Bb]\b", name)])
def test_parameters_match_the_name(name: str) -> None:
    """The size in a model's name is its parameters, to the digits that the name shows."""
    found = re.search(r"(\d+(?:\.\d+)?)[Bb]\b", name)
    assert found
    assert model(name).parameters_b == pytest.approx(float(found[1]), rel=0.05)


def test_every_licence_says_whether_commercial_use_is_allowed() -> None:
    """A row names its licence; conditions on commercial use are in its note."""
    for row in models().values():
        assert row.licence
        assert row.modalities
        assert "Llama" not in row.licence or "700 million" in row.note


def test_an_unknown_model_gets_the_nearest() -> None:
    """A mistyped model is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "Llama-3.3-70B-Instruct"'):
        model("Llama-3.3-70B-Instrct")
