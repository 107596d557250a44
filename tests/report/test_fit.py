"""Specification of what the terminal shows when it is asked whether a model fits."""

import json

import pytest

from kit.errors import InputError
from kit.facts.gpus import accelerators
from kit.report.fit import show_fit

USUAL = {
    "gpu": None,
    "gpus": None,
    "dtype": None,
    "quantisation": None,
    "kv_dtype": "auto",
    "context": None,
    "concurrency": 1,
    "as_json": False,
}


def show(capsys, model: str, **options: object) -> str:
    """Return what is printed."""
    show_fit(model, **{**USUAL, **options})
    return capsys.readouterr().out


def test_one_gpu_shows_the_parts_of_memory(capsys) -> None:
    """For a named GPU each part of the memory has its line, and the verdict is in the title."""
    shown = show(capsys, "Mistral-7B-Instruct-v0.3", gpu="RTX 4090")
    assert "RTX 4090: fits" in shown
    for part in ("weights", "KV cache", "activations", "runtime", "CUDA graphs", "needed", "available (92% of 23.99"):
        assert part in shown


def test_without_a_gpu_the_catalogue_is_shown(capsys, monkeypatch) -> None:
    """Without a GPU there is a line for each accelerator, whole in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = show(capsys, "Llama-3.3-70B-Instruct", concurrency=16)
    assert "…" not in shown
    for name in accelerators():
        assert name in shown


def test_json_holds_the_record(capsys) -> None:
    """As JSON a named GPU gives one record, the catalogue a list of them."""
    one = json.loads(show(capsys, "llama-3-8b", gpu="L4", as_json=True))
    assert (one["accelerator"], one["verdict"], one["context_tokens"]) == ("L4", "fits", 8192)
    many = json.loads(show(capsys, "llama-3-8b", as_json=True))
    assert {row["accelerator"] for row in many} == set(accelerators())


def test_the_path_of_a_config_is_understood(capsys, tmp_path) -> None:
    """A model that is not in the catalogue is read from its config.json."""
    keys = {
        "model_type": "llama",
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 14336,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
    }
    (tmp_path / "config.json").write_text(json.dumps(keys), encoding="utf-8")
    assert "8.03 × 10⁹ parameters" in show(capsys, str(tmp_path), gpu="L40S")


def test_mistakes_are_one_line(capsys) -> None:
    """A mistyped model, GPU or path is an input error of one line with the nearest match."""
    for model, options, said in (
        ("Llama-3.3-70B-Instrct", {}, 'did you mean "Llama-3.3-70B-Instruct"'),
        ("llama-3-8b", {"gpu": "H20 SXM"}, 'did you mean "H200 SXM"'),
        ("nowhere/config.json", {}, "cannot be read as a config.json"),
    ):
        with pytest.raises(InputError) as error:
            show(capsys, model, **options)
        assert said in str(error.value)
        assert "\n" not in str(error.value)
