"""Model folders with random weights, against what transformers itself makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.facts.architectures import architecture
from kit.facts.config_json import from_config
from kit.facts.parameters import parameters
from kit.profiler.prompts import prompt, word
from kit.profiler.weights import ModelFolder, architecture_config, architectures, write_random_model


@pytest.fixture(scope="module")
def tiny(weights_dir: Path) -> ModelFolder:
    """The tiny architecture."""
    return write_random_model("tiny", weights_dir=weights_dir)


def test_words() -> None:
    """Words are bijective base 26: a is 0, z 25, aa 26, zz 701, aaa 702."""
    assert [word(index) for index in (0, 25, 26, 701, 702)] == ["a", "z", "aa", "zz", "aaa"]


def test_prompts() -> None:
    """A prompt has the number of words asked for, equal seeds give equal prompts, and others differ."""
    one = prompt(64, vocab_size=2048, seed=1)
    assert len(one.split()) == 64
    assert one == prompt(64, vocab_size=2048, seed=1) != prompt(64, vocab_size=2048, seed=2)


def test_transformers_finds_every_tensor(tiny: ModelFolder) -> None:
    """The folder loads without a missing, unexpected or mismatched tensor, in bfloat16, and its values are finite."""
    import torch
    from transformers import AutoModelForCausalLM

    model, report = AutoModelForCausalLM.from_pretrained(tiny.path, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
    assert sum(weight.numel() for weight in model.parameters()) * 2 == pytest.approx(tiny.weights_bytes, rel=0.02)


def test_a_word_is_a_token(tiny: ModelFolder) -> None:
    """With the generated tokenizer a prompt has exactly the tokens asked for, alone and through the chat template."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.path)
    text = prompt(100, vocab_size=tiny.vocab_size, seed=3)
    assert len(tokenizer(text)["input_ids"]) == 100
    chat = tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=True, return_dict=True)
    assert len(chat["input_ids"]) == 100


def test_deterministic(tiny: ModelFolder, tmp_path: Path) -> None:
    """The same architecture and seed give the same bytes."""
    again = write_random_model("tiny", weights_dir=tmp_path)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        assert (again.path / name).read_bytes() == (tiny.path / name).read_bytes()


def test_written_once(tiny: ModelFolder, weights_dir: Path) -> None:
    """A folder that is there is used, not written again."""
    before = (tiny.path / "model.safetensors").stat().st_mtime_ns
    assert write_random_model("tiny", weights_dir=weights_dir) == tiny
    assert (tiny.path / "model.safetensors").stat().st_mtime_ns == before


def test_killed_run_leaves_nothing_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is interrupted while it writes leaves no folder under the final name, and the next one succeeds."""

    def interrupted(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_random_model("tiny", weights_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert write_random_model("tiny", weights_dir=tmp_path).weights_bytes > 0


def test_unknown_architecture(tmp_path: Path) -> None:
    """An unknown architecture is reported with the nearest one and all that there are."""
    with pytest.raises(InputError, match=r'no architecture "qwen3-0\.6" \(did you mean "qwen3-0\.6b"\?\); there is'):
        write_random_model("qwen3-0.6", weights_dir=tmp_path)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A place where no folder can be made is reported by its name and the system's reason."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: the random model cannot be written"):
        write_random_model("tiny", weights_dir=tmp_path / "file")


def test_qwen3_has_its_published_size() -> None:
    """Qwen3-0.6B has 596,049,920 parameters, 440,466,432 of them in the layers plus 155,582,464 embeddings and a norm.

    Per layer 2 × 1024 × 2048 (query, output) + 2 × 1024 × 1024 (key, value) + 3 × 1024 × 3072 + 2,304 norm weights.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config, _ = architecture_config("qwen3-0.6b")
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    model.tie_weights()
    per_layer = 2 * 1024 * 2048 + 2 * 1024 * 1024 + 3 * 1024 * 3072 + 2 * 1024 + 2 * 128
    assert sum(weight.numel() for weight in model.parameters()) == 28 * per_layer + 151936 * 1024 + 1024 == 596_049_920


def test_kv_cache_per_token() -> None:
    """Qwen3-0.6B keeps 2 × 28 layers × 8 heads × 128 × 2 bytes = 112 KiB per token."""
    config, digest = architecture_config("qwen3-0.6b")
    assert ModelFolder(Path(), "qwen3-0.6b", config, digest, 0).kv_bytes_per_token == 112 * 1024


@pytest.mark.parametrize("name", architectures())
def test_no_end_of_sequence(name: str) -> None:
    """No architecture names an end-of-sequence token, so that answers have exactly the length asked for."""
    config, _ = architecture_config(name)
    assert "eos_token_id" not in json.dumps(config)


@pytest.mark.parametrize("name", [name for name in architectures() if name != "tiny"])
def test_the_configs_are_the_catalogues_architectures(name: str) -> None:
    """Each config.json that comes with the kit has exactly the parameters of its row in the table of architectures."""
    config, _ = architecture_config(name)
    assert parameters(from_config(config)).total == parameters(architecture(name)).total
