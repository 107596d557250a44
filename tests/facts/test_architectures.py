"""Specification of architectures: the tables, the parameters that follow from them, and what config.json says."""

import json
import re
from typing import Any

import pytest

from kit.errors import InputError
from kit.facts.architectures import Attention, LatentAttention, Recurrent, architecture, architectures
from kit.facts.config_json import from_config
from kit.facts.models import models
from kit.facts.parameters import parameters

QWEN3_8B: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 4096,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 12288,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": False,
    "dtype": "bfloat16",
}
NO_COUNT = {"deepseek-v3.2", "minimax-m3"}
# fmt: off
FAMILIES = (
    "llama", "mistral", "mixtral", "ministral3", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next",
    "qwen3_5_text", "qwen3_5_moe_text", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "phimoe", "gpt_oss",
    "deepseek_v3", "deepseek_v32", "glm", "glm4", "glm4_moe", "olmo2", "minimax_m2", "llama4_text", "cohere",
    "starcoder2", "falcon", "gpt_neox", "granite", "smollm3", "seed_oss", "exaone4",
)
# fmt: on


def changed(**keys: Any) -> dict[str, Any]:
    """Qwen3-8B's configuration with other keys; ``None`` takes a key away."""
    return {key: value for key, value in {**QWEN3_8B, **keys}.items() if value is not None}


@pytest.mark.parametrize("name", sorted(set(architectures()) - NO_COUNT))
def test_parameters_match_the_printed_count_or_the_name(name: str) -> None:
    """Counted by formula, the parameters are within 2 % of what the publisher prints, or of the size in the name."""
    row = architecture(name)
    size = re.search(r"-(\d+(?:\.\d+)?)b\b", name)
    expected = row.printed_b or (float(size[1]) if size else None)
    assert expected, "neither a printed count nor a size in the name"
    assert (row.printed_b is None) == (row.printed_source is None)
    assert parameters(row).total / 1e9 == pytest.approx(expected, rel=0.02)


def test_the_rows_without_a_count_are_known() -> None:
    """Two rows have neither a printed count nor a size in their name; their notes say so."""
    assert all("No printed count" in architecture(name).note for name in NO_COUNT)
    assert len(architectures()) >= 85


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_equal_those_that_transformers_builds(family: str) -> None:
    """For the default configuration of a family, the formula counts what transformers allocates, within 0.3 %."""
    torch = pytest.importorskip("torch")
    mapping = pytest.importorskip("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    if family not in mapping:
        pytest.skip(f"this version of transformers has no {family}")
    from transformers import AutoModelForCausalLM

    config = mapping[family]()
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config)
    counted = sum(each.numel() for each in built.parameters())
    assert parameters(from_config(config.to_dict())).total == pytest.approx(counted, rel=0.003)


def test_a_mixture_activates_its_experts_only() -> None:
    """Qwen3-30B-A3B: 3.3e9 of 30.5e9 parameters are active, as its card prints."""
    counted = parameters(architecture("qwen3-30b-a3b"))
    assert counted.total / 1e9 == pytest.approx(30.5, rel=0.005)
    assert counted.active / 1e9 == pytest.approx(3.3, rel=0.02)


def test_a_gpu_of_several_holds_its_share() -> None:
    """Llama 3 8B over 16 GPUs: keys and values divide by 8 heads only, norms not at all; by hand."""
    queries_outputs = 2 * 4096 * 4096 // 16
    keys_values = 2 * 4096 * 128
    mlp = 3 * 4096 * 14336 // 16
    embeddings = 2 * 4096 * 128256 // 16
    expected = 32 * (queries_outputs + keys_values + mlp + 2 * 4096) + embeddings + 4096
    assert parameters(architecture("llama-3-8b"), gpus=16).total == expected


def test_every_model_has_its_architecture() -> None:
    """Each row of the model table refers to an architecture, and the two agree on parameters and context."""
    for row in models().values():
        found = architecture(row.name)
        assert found.name == row.architecture
        assert parameters(found).total / 1e9 == pytest.approx(row.parameters_b, rel=0.005)
        assert found.context_tokens == row.context_tokens


def test_public_names_are_understood() -> None:
    """A model is found by its key, its public name, with its publisher, in capitals or not."""
    for name in ("llama-3-70b", "Llama-3.3-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct", "LLAMA-3.1-70B"):
        assert architecture(name).name == "llama-3-70b"


def test_no_public_name_is_given_twice() -> None:
    """A public name leads to one architecture."""
    names = [alias.casefold() for row in architectures().values() for alias in row.published_as]
    assert len(names) == len(set(names))


def test_an_unknown_model_gets_the_nearest() -> None:
    """A mistyped model is an input error that names the nearest and says that a path will do."""
    with pytest.raises(InputError, match=r'did you mean "Qwen3-30B-A3B"\?\); the path of a config.json'):
        architecture("Qwen3-30B-A3")


def test_a_config_is_read_from_a_file_its_folder_or_its_content(tmp_path) -> None:
    """The same architecture comes from the file, from its folder and from its content; the folder gives the name."""
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(QWEN3_8B), encoding="utf-8")
    found = from_config(folder)
    assert found.name == "my-model"
    assert found == from_config(folder / "config.json")
    assert found.mixers == from_config(QWEN3_8B).mixers == architecture("qwen3-8b").mixers
    assert found.feed_forwards == architecture("qwen3-8b").feed_forwards


def test_the_text_part_of_a_model_with_images_is_nested() -> None:
    """``text_config`` holds the language model; the encoder's matrices are added: 27 × (4·1152² + 2·1152·4304)."""
    vision = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304}
    found = from_config({"model_type": "some_vl", "text_config": QWEN3_8B, "vision_config": vision})
    assert found.mixers == architecture("qwen3-8b").mixers
    assert found.vision_parameters == 27 * (4 * 1152**2 + 2 * 1152 * 4304)


def test_what_google_leaves_out_is_filled_in() -> None:
    """Gemma 3 4B's file names five sizes only; the rest are the defaults of transformers, as the table has them."""
    inner = {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 34,
        "sliding_window": 1024,
    }
    found = from_config({"model_type": "gemma3", "text_config": inner})
    assert found.mixers == architecture("gemma-3-4b").mixers
    assert found.tied


def test_a_missing_key_is_named() -> None:
    """Without a key that everything hangs on there is no guess, but its name."""
    with pytest.raises(InputError, match='the key "num_hidden_layers" is missing'):
        from_config(changed(num_hidden_layers=None))


def test_a_mistyped_key_gets_the_nearest() -> None:
    """Where a similar key is there that nobody knows, it is named."""
    with pytest.raises(InputError, match=r'"hidden_size" is missing \(did you mean "hiden_size"\?\)'):
        from_config(changed(hidden_size=None, hiden_size=4096))


@pytest.mark.parametrize("value", ["many", -1, 2.5, True])
def test_a_key_that_makes_no_sense_is_refused(value: object) -> None:
    """A count is a whole number, 0 or more."""
    with pytest.raises(InputError, match="a whole number, 0 or more, is wanted"):
        from_config(changed(num_attention_heads=value))


def test_heads_have_to_divide() -> None:
    """32 heads cannot share 7 keys and values."""
    with pytest.raises(InputError, match="32 heads cannot share 7"):
        from_config(changed(num_key_value_heads=7))


@pytest.mark.parametrize("kind", ["mamba", "deepseek_v4", "kimi_linear", "minimax_text_01"])
def test_what_is_not_covered_is_refused(kind: str) -> None:
    """An architecture whose cache is not understood is refused, not guessed."""
    with pytest.raises(InputError, match="is not covered: measure it"):
        from_config(changed(model_type=kind))


def test_an_unknown_kind_of_layer_gets_the_nearest() -> None:
    """A layer type that nobody knows is named with its nearest."""
    with pytest.raises(InputError, match=r'"ful_attention" is not known \(did you mean "full_attention"\?\)'):
        from_config(changed(layer_types=["ful_attention"] * 36))


def test_an_unknown_quantisation_gets_the_nearest() -> None:
    """A method of quantisation that nobody knows is named with its nearest."""
    with pytest.raises(InputError, match=r'the method "gptqq" is not known \(did you mean "gptq"\?\)'):
        from_config(changed(quantization_config={"quant_method": "gptqq"}))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "int4"),
        ({"quant_method": "gptq", "bits": 8}, "int8"),
        ({"quant_method": "awq", "bits": 4}, "int4"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"a": {"weights": {"num_bits": 8, "type": "float"}}},
            },
            "fp8",
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"a": {"weights": {"num_bits": 4, "type": "int"}}},
                "ignore": ["re:.*self_attn.*"],
            },
            "int4-experts",
        ),
    ],
)
def test_the_publishers_quantisation_is_read(said: dict[str, Any], expected: str) -> None:
    """``quantization_config`` says in what the weights come."""
    assert from_config(changed(quantization_config=said)).native == expected


def test_a_file_that_is_no_config_is_refused(tmp_path) -> None:
    """What is not JSON, or not an object, is an input error that names the file."""
    path = tmp_path / "config.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="holds keys and values, not a list"):
        from_config(path)
    with pytest.raises(InputError, match="cannot be read as a"):
        from_config(tmp_path / "none.json")


def test_windows_are_read() -> None:
    """Gemma 3: of 62 layers every sixth sees everything, the others 1024 tokens; Mistral v0.1: every layer slides."""
    kinds = {group.kind: group.layers for group in architecture("gemma-3-27b").mixers if isinstance(group, Attention)}
    assert kinds == {"full": 10, "sliding": 52}
    found = from_config(changed(model_type="mistral", sliding_window=4096))
    assert [(group.kind, group.layers) for group in found.mixers] == [("sliding", 36)]


def test_a_window_that_is_switched_off_is_none() -> None:
    """Qwen writes a window into its configuration and switches it off."""
    found = from_config(changed(model_type="qwen2", sliding_window=4096, use_sliding_window=False))
    assert [group.kind for group in found.mixers] == ["full"]


def test_hybrids_are_read() -> None:
    """Qwen3.5-27B: 16 layers attend, 48 keep a state; Nemotron-H-56B: 10 attend, 54 keep one, 54 are MLPs."""
    attend, keep = architecture("qwen3.5-27b").mixers
    assert (attend.layers, keep.layers) == (16, 48)
    assert isinstance(keep, Recurrent)
    nemotron = architecture("nemotron-h-56b")
    assert [group.layers for group in nemotron.mixers] == [10, 54]
    assert [layer.layers for layer in nemotron.feed_forwards] == [54]


def test_latent_attention_is_read() -> None:
    """DeepSeek-V3: 512 + 64 numbers per token, 3 dense layers and 58 of 256 experts."""
    (latent,) = architecture("deepseek-v3").mixers
    assert isinstance(latent, LatentAttention)
    assert (latent.kv_lora_rank, latent.rope_dim) == (512, 64)
    assert [(layer.layers, layer.experts) for layer in architecture("deepseek-v3").feed_forwards] == [(3, 0), (58, 256)]
