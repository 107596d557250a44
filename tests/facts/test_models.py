"""Specification of the model table."""

import re

import pytest

from kit.errors import InputError
from kit.facts.architectures import architecture
from kit.facts.models import model, models
from kit.facts.parameters import parameters


def test_models_that_differ_in_weights_only_share_an_architecture() -> None:
    """Llama 3.1 and 3.3 with 70B run equally fast: one architecture."""
    assert model("Llama-3.1-70B-Instruct").architecture == model("Llama-3.3-70B-Instruct").architecture == "llama-3-70b"


def test_llama_parameters_follow_from_its_architecture() -> None:
    """Llama-3 8B: by hand from hidden 4096, 32 layers, 32/8 heads of 128, MLP 14336, vocabulary 128256, untied."""
    attention = 4096 * (4096 + 2 * 1024) + 4096 * 4096
    layer = attention + 3 * 4096 * 14336 + 2 * 4096
    total = 32 * layer + 2 * 128256 * 4096 + 4096
    assert model("Llama-3.1-8B-Instruct").parameters_b == pytest.approx(total / 1e9, rel=1e-3)


# fmt: off
FAMILIES = (
    ("Llama-3.1", 3), ("Llama-3.2", 2), ("Llama-3.3", 1), ("Llama-4", 2), ("Mistral-", 10), ("Mixtral-", 2),
    ("Ministral-", 4), ("Codestral", 1), ("Devstral", 1), ("Qwen2.5", 7), ("Qwen3-", 10), ("Qwen3.5", 4),
    ("Qwen3.6", 2), ("gemma-2", 3), ("gemma-3", 4), ("gemma-4", 2), ("Phi-3", 2), ("DeepSeek-V2", 2),
    ("DeepSeek-V3", 4), ("DeepSeek-R1", 2), ("gpt-oss", 2), ("GLM-4.5", 2), ("GLM-5", 3), ("Kimi-K2", 3),
    ("MiniMax-M", 4),
)
PRINTED_ACTIVE = (
    ("Mixtral-8x7B-Instruct-v0.1", 12.9), ("Mixtral-8x22B-Instruct-v0.1", 39.1), ("Qwen3-30B-A3B-Instruct-2507", 3.3),
    ("DeepSeek-V2-Chat", 21), ("DeepSeek-V3", 37), ("Kimi-K2-Instruct", 32), ("Mistral-Small-4-119B-2603", 6.5),
    ("Llama-4-Scout-17B-16E-Instruct", 17), ("Llama-4-Maverick-17B-128E-Instruct", 17),
)
# fmt: on


@pytest.mark.parametrize(("family", "least"), FAMILIES)
def test_the_usual_families_are_there(family: str, least: int) -> None:
    """Of each usual family there are some models; 60 in all at least."""
    assert sum(name.startswith(family) for name in models()) >= least
    assert len(models()) >= 60


@pytest.mark.parametrize("name", sorted(models()))
def test_parameters_match_the_printed_count_or_the_name(name: str) -> None:
    """Counted by formula, a model has the parameters that its publisher prints, or that its name shows, within 2 %."""
    row = model(name)
    found = architecture(name)
    counted = parameters(found)
    assert counted.total / 1e9 == pytest.approx(row.parameters_b, rel=0.001)
    assert counted.active / 1e9 == pytest.approx(row.active_b, rel=0.001)
    size = re.search(r"(?<![\dx.A])(\d+(?:\.\d+)?)[Bb]\b", name)
    expected = found.printed_b or (float(size[1]) if size else None)
    assert (expected is None) == (row.no_count is not None), "a count to check against, or the reason why there is none"
    if expected:
        assert counted.total / 1e9 == pytest.approx(expected, rel=0.02)


def test_few_models_have_no_count() -> None:
    """The reason stands in the row, and three rows at most need one."""
    assert sum(row.no_count is not None for row in models().values()) <= 3


@pytest.mark.parametrize(("name", "printed"), PRINTED_ACTIVE)
def test_active_parameters_are_those_printed(name: str, printed: float) -> None:
    """Mixtures of experts: what works on one token, as publishers print it, to 3 % (some round to whole 1e9)."""
    assert model(name).active_b == pytest.approx(printed, rel=0.03)


@pytest.mark.parametrize(("name", "printed"), [("gpt-oss-20b", 3.6), ("gpt-oss-120b", 5.1)])
def test_openai_prints_active_parameters_without_the_input_embedding(name: str, printed: float) -> None:
    """Its README prints 3.6e9 and 5.1e9, to 2 %; the row counts 201088 × 2880 of the input embedding on top."""
    assert model(name).active_b - 201088 * 2880 / 1e9 == pytest.approx(printed, rel=0.02)


@pytest.mark.parametrize("name", [name for name in models() if re.search(r"-A\d+B", name)])
def test_active_parameters_match_the_name(name: str) -> None:
    """``A3B`` in a name: 3e9 parameters active; embeddings, which some leave out of it, come on top."""
    found = re.search(r"-A(\d+)B", name)
    assert found
    row = architecture(name)
    embeddings = row.vocab * row.hidden * (1 if row.tied else 2) / 1e9
    assert float(found[1]) - 0.5 <= model(name).active_b
    assert model(name).active_b - embeddings <= float(found[1]) + 0.5


def test_a_dense_model_works_with_all_its_parameters() -> None:
    """Without experts, all parameters but the image encoder's work on each token."""
    for row in models().values():
        found = architecture(row.architecture)
        if not any(layer.experts for layer in found.feed_forwards):
            assert row.active_b == pytest.approx(row.parameters_b - found.vision_parameters / 1e9, rel=0.001)


def test_a_name_leads_to_the_architecture_of_its_row() -> None:
    """The name of a model and the same name among the public names of an architecture say the same."""
    for row in models().values():
        assert architecture(row.name).name == row.architecture


def test_every_licence_says_whether_commercial_use_is_allowed() -> None:
    """A row names its licence; conditions on commercial use are in its note."""
    for row in models().values():
        assert row.licence
        assert row.modalities
        assert "Llama" not in row.licence or "700 million" in row.note
        assert row.licence in {"Apache-2.0", "MIT"} or row.commercial_use is None or len(row.note.split(". ")) > 1


def test_every_licence_says_whether_it_was_read() -> None:
    """Read at its source, with address and day, or given from memory: one of the two; most were read."""
    read = [row for row in models().values() if "was read at its source on 2026-11-22" in row.note]
    remembered = [row for row in models().values() if "licence is given from memory" in row.note]
    assert len(read) + len(remembered) == len(models())
    assert not {row.name for row in read} & {row.name for row in remembered}
    assert len(read) >= 0.75 * len(models())
    assert all("; licence: " in row.source for row in models().values())


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("Llama-3.3-70B-Instruct", True),
        ("Qwen2.5-7B-Instruct", True),
        ("Qwen2.5-3B-Instruct", False),
        ("Mistral-Large-Instruct-2411", False),
        ("Codestral-22B-v0.1", False),
        ("MiniMax-M2.7", False),
        ("Llama-4-Scout-17B-16E-Instruct", None),
        ("MiniMax-M3", None),
    ],
)
def test_what_the_licences_allow(name: str, allowed: bool | None) -> None:
    """Free, for research only, or hanging on who uses it: Llama 4 on the place, MiniMax M3 on revenue."""
    assert model(name).commercial_use is allowed


def test_an_unknown_model_gets_the_nearest() -> None:
    """A mistyped model is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "Llama-3.3-70B-Instruct"'):
        model("Llama-3.3-70B-Instrct")
